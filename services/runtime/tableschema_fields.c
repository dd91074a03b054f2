/* tableschema_fields.c - see tableschema_fields.h. */
#include "services/runtime/tableschema_fields.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYNONYMS_MAX 200u

static mst_status
read_role(schema_reader *self, const json_t *muster, Muster__V1__Field *field)
{
    char *role = NULL;
    mst_status rc = schema_text(self, muster, "role", SCHEMA_NAME_SIZE_MAX, &role);
    if (rc != MST_OK || role == NULL)
        return rc;
    size_t before = schema_enter(self, ".role");
    const ProtobufCEnumDescriptor *roles = &muster__v1__role__descriptor;
    char lower[64][32];
    const char *words[65] = {NULL};
    for (unsigned i = 0; i < roles->n_values && i < 64; i++) {
        snprintf(lower[i], sizeof lower[i], "%s", roles->values[i].name + strlen("ROLE_"));
        for (char *p = lower[i]; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        words[i] = lower[i];
    }
    size_t at = 0;
    if ((rc = schema_word(self, "role", role, words, &at)) != MST_OK)
        return rc;
    field->role = (Muster__V1__Role)roles->values[at].value;
    schema_leave(self, before);
    return MST_OK;
}

/* "type" below "muster": what Table Schema has no type for. */
static mst_status
read_our_type(schema_reader *self, const json_t *muster, Muster__V1__Field *field)
{
    static const char *const words[] = {"email", "phone", NULL};
    char *type = NULL;
    size_t at = 0;
    mst_status rc = schema_text(self, muster, "type", SCHEMA_NAME_SIZE_MAX, &type);
    if (rc != MST_OK || type == NULL)
        return rc;
    size_t before = schema_enter(self, ".type");
    if ((rc = schema_word(self, "type", type, words, &at)) != MST_OK)
        return rc;
    if (field->type != MUSTER__V1__FIELD_TYPE__FIELD_STRING && field->type != MUSTER__V1__FIELD_TYPE__FIELD_EMAIL)
        return schema_wrong(self, "\"%s\" goes with \"type\": \"string\", but the field is of type %s", type,
                            schema_type_name(field->type));
    field->type = at == 0 ? MUSTER__V1__FIELD_TYPE__FIELD_EMAIL : MUSTER__V1__FIELD_TYPE__FIELD_PHONE;
    schema_leave(self, before);
    return MST_OK;
}

/* What a row of a template does to a record that is there. */
static mst_status
read_policy(schema_reader *self, const json_t *muster, Muster__V1__Field *field)
{
    static const char *const updates[] = {"overwrite", "fill_blanks", "never", NULL};
    static const char *const blanks[] = {"keep", "clear", NULL};
    char *update = NULL, *blank = NULL;
    size_t at = 0;
    mst_status rc = schema_text(self, muster, "update", SCHEMA_NAME_SIZE_MAX, &update);
    if (rc == MST_OK)
        rc = schema_text(self, muster, "blank", SCHEMA_NAME_SIZE_MAX, &blank);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".update");
    if (update != NULL && (rc = schema_word(self, "update policy", update, updates, &at)) != MST_OK)
        return rc;
    field->update = (Muster__V1__UpdatePolicy)at;
    schema_leave(self, before);
    schema_enter(self, ".blank");
    at = 0;
    if (blank != NULL && (rc = schema_word(self, "policy for blank cells", blank, blanks, &at)) != MST_OK)
        return rc;
    field->clear_blank = at == 1;
    if (field->clear_blank && field->update != MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE)
        return schema_wrong(self, "\"clear\" contradicts \"update\": \"%s\", which never takes a value away", update);
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_field_muster(schema_reader *self, json_t *json, Muster__V1__Field *field)
{
    static const char *const of_template[] = {"type", "synonyms", "target", "of", "update", "blank", NULL};
    static const char *const of_kind[] = {"type", "synonyms", "role", NULL};
    json_t *muster;
    mst_status rc = schema_object(self, json, "muster", &muster);
    if (rc != MST_OK || muster == NULL)
        return rc;
    size_t before = schema_enter(self, ".muster");
    if ((rc = schema_only(self, muster, self->template ? of_template : of_kind)) != MST_OK ||
        (rc = read_our_type(self, muster, field)) != MST_OK ||
        (rc = schema_texts(self, muster, "synonyms", SYNONYMS_MAX, &field->synonyms, &field->n_synonyms)) != MST_OK ||
        (rc = schema_text(self, muster, "target", SCHEMA_NAME_SIZE_MAX, &field->target)) != MST_OK ||
        (rc = schema_text(self, muster, "of", SCHEMA_ID_SIZE_MAX, &field->of)) != MST_OK ||
        (rc = read_policy(self, muster, field)) != MST_OK || (rc = read_role(self, muster, field)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_example(schema_reader *self, const json_t *json, Muster__V1__Field *field)
{
    const json_t *example = json_object_get(json, "example");
    if (example == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".example");
    if (json_is_object(example) || json_is_array(example)) {
        char *text = json_dumps(example, JSON_COMPACT);
        size_t size = text == NULL ? SCHEMA_VALUE_SIZE_MAX + 1 : strlen(text);
        if (size <= SCHEMA_VALUE_SIZE_MAX)
            field->example = mst_arena_strndup(self->arena, text, size);
        free(text);
        if (size > SCHEMA_VALUE_SIZE_MAX)
            return schema_wrong(self, "is longer than %u bytes", SCHEMA_VALUE_SIZE_MAX);
    } else {
        mst_status rc = schema_scalar(self, example, &field->example);
        if (rc != MST_OK)
            return rc;
    }
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
check_name(schema_reader *self, const Muster__V1__Field *field)
{
    size_t before = schema_enter(self, ".name");
    if (field->name[0] == '\0')
        return schema_wrong(self, "is missing: every field needs a name");
    for (const char *p = field->name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return schema_wrong(self, "holds a control character");
    if (!self->template && strcmp(field->name, "id") == 0)
        return schema_wrong(self, "\"id\" is the record's own id; give the field another name");
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_field(schema_reader *self, const json_t *list, size_t at, Muster__V1__Field **out)
{
    json_t *json;
    mst_status rc = schema_item(self, list, at, "{\"name\": .., \"type\": ..}", &json);
    if (rc != MST_OK)
        return rc;
    Muster__V1__Field *field = mst_arena_alloc(self->arena, sizeof *field);
    muster__v1__field__init(field);
    *out = field;
    if ((rc = schema_text(self, json, "name", SCHEMA_NAME_SIZE_MAX, &field->name)) != MST_OK ||
        (rc = check_name(self, field)) != MST_OK ||
        (rc = schema_text(self, json, "title", SCHEMA_VALUE_SIZE_MAX, &field->title)) != MST_OK ||
        (rc = schema_text(self, json, "description", SCHEMA_TEXT_SIZE_MAX, &field->description)) != MST_OK ||
        (rc = schema_read_values(self, json, field)) != MST_OK ||
        (rc = read_field_muster(self, json, field)) != MST_OK || (rc = read_example(self, json, field)) != MST_OK)
        return rc;
    if (field->clear_blank && field->required) {
        schema_enter(self, ".muster.blank");
        return schema_wrong(self, "\"clear\" never happens: the field is required, so no cell is blank");
    }
    return MST_OK;
}

/* Headers ---------------------------------------------------------------------------------------------- */

enum { BY_NAME, BY_TITLE, BY_SYNONYM };

/* A header that means a field. */
typedef struct header {
    char *folded; /* without case, blanks and punctuation, as headers are compared */
    const char *text;
    size_t field;
    int by;
} header;

static int
header_order(const void *a, const void *b)
{
    const header *one = a, *two = b;
    int order = strcmp(one->folded, two->folded);
    if (order == 0)
        order = (one->by > two->by) - (one->by < two->by);
    return order != 0 ? order : (one->field > two->field) - (one->field < two->field);
}

static void
add_header(schema_reader *self, header *headers, size_t *count, const char *text, size_t field, int by)
{
    char *folded = mst_arena_strdup(self->arena, text);
    size_t size = 0;
    for (const char *p = text; *p != '\0'; p++)
        if (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80)
            folded[size++] = (char)tolower((unsigned char)*p);
    folded[size] = '\0';
    if (size > 0)
        headers[(*count)++] = (header){folded, text, field, by};
}

/* A column whose header means two fields equally well would be a guess. Which reason is better is mapping's to know: a
 * name goes before a title, a title before a synonym; so only equal reasons clash, and a title that is another's name.
 */
static mst_status
check_headers(schema_reader *self, schema_fields fields)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < fields.count; i++)
        room += 2 + fields.fields[i]->n_synonyms;
    header *headers = mst_arena_alloc(self->arena, room * sizeof *headers);
    for (size_t i = 0; i < fields.count; i++) {
        const Muster__V1__Field *field = fields.fields[i];
        add_header(self, headers, &count, field->name, i, BY_NAME);
        add_header(self, headers, &count, field->title, i, BY_TITLE);
        for (size_t j = 0; j < field->n_synonyms; j++)
            add_header(self, headers, &count, field->synonyms[j], i, BY_SYNONYM);
    }
    qsort(headers, count, sizeof *headers, header_order);
    static const char *const what[] = {"name", "title", "muster.synonyms"};
    for (size_t i = 1; i < count; i++) {
        const header *one = &headers[i - 1], *two = &headers[i];
        if (strcmp(one->folded, two->folded) != 0 || one->field == two->field ||
            (one->by != two->by && two->by == BY_SYNONYM))
            continue;
        schema_enter(self, "[%zu].%s", two->field, what[two->by]);
        return schema_wrong(self,
                            "\"%.60s\" means field \"%.60s\" already (case, blanks and punctuation do not count): a "
                            "column of this name would be a guess",
                            two->text, fields.fields[one->field]->name);
    }
    return MST_OK;
}

mst_status
schema_read_fields(schema_reader *self, const json_t *schema, schema_fields *fields)
{
    const json_t *list;
    size_t before = schema_enter(self, ".fields");
    list = json_object_get(schema, "fields");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return schema_wrong(self,
                            "must be a list with at least one field: [{\"name\": \"email\", \"type\": \"string\"}]");
    size_t size = json_array_size(list);
    if (size > SCHEMA_FIELDS_MAX)
        return schema_wrong(self, "has %zu fields; at most %u are allowed", size, SCHEMA_FIELDS_MAX);
    fields->fields = mst_arena_alloc(self->arena, size * sizeof(Muster__V1__Field *));
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        mst_status rc = read_field(self, list, i, &fields->fields[i]);
        if (rc != MST_OK)
            return rc;
        if (schema_field_find(*fields, fields->fields[i]->name) != NULL)
            return schema_wrong(self, "the name \"%.60s\" is used by another field already", fields->fields[i]->name);
        fields->count = i + 1;
        schema_leave(self, inner);
    }
    mst_status rc = check_headers(self, *fields);
    schema_leave(self, before);
    return rc;
}
