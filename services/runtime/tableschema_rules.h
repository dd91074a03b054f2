/* tableschema_rules.h - what must hold among the columns of a row: references, action, rules.
 *
 * Private to tableschema*.c; see tableschema_reader.h. All of it is read when the fields are known. */
#ifndef MUSTER_TABLESCHEMA_RULES_H
#define MUSTER_TABLESCHEMA_RULES_H

#include "services/runtime/tableschema_reader.h"

/* "foreignKeys" of a Table Schema; of a kind they are checked and not kept. */
MST_NODISCARD mst_status schema_read_references(schema_reader *self, const json_t *schema, schema_fields fields,
                                                Muster__V1__Reference ***references, size_t *count);
/* "action": its field becomes required and allows the words alone. */
MST_NODISCARD mst_status schema_read_action(schema_reader *self, const json_t *muster, Muster__V1__Template *template);
/* "rules", after the action and the related kinds. */
MST_NODISCARD mst_status schema_read_rules(schema_reader *self, const json_t *muster, Muster__V1__Template *template);

#endif
