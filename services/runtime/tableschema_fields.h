/* tableschema_fields.h - fields of a template or kind, and what holds of the values in them.
 *
 * Private to tableschema*.c; see tableschema_reader.h. */
#ifndef MUSTER_TABLESCHEMA_FIELDS_H
#define MUSTER_TABLESCHEMA_FIELDS_H

#include "services/runtime/tableschema_reader.h"

/* "fields": at least one; their names, titles and synonyms do not get in each other's way. */
MST_NODISCARD mst_status schema_read_fields(schema_reader *self, const json_t *schema, schema_fields *fields);
/* Type, format, what it is written like (trueValues, decimalChar ..) and constraints of one field. */
MST_NODISCARD mst_status schema_read_values(schema_reader *self, json_t *json, Muster__V1__Field *field);
/* Values of fields of this type can be put in order. */
bool schema_has_order(Muster__V1__FieldType type);
/* The type as Table Schema calls it. */
const char *schema_type_name(Muster__V1__FieldType type);

#endif
