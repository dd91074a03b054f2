/* tableschema_references.c - "foreignKeys": columns that name a record of another kind (B9, B10, B12-B14, B24). */
#include "services/runtime/tableschema_rules.h"

#include <string.h>

#define REFERENCES_MAX 200u

static const char *const LIKE =
    "{\"fields\": \"program\", \"reference\": {\"resource\": \"program\", \"fields\": \"name\"}}";

/* "reference": which kind, and which of its fields; whether the directory has them is seen when the template is added.
 */
static mst_status
read_target(schema_reader *self, const json_t *json, Muster__V1__Reference *reference)
{
    json_t *object;
    char *field = NULL;
    mst_status rc = schema_object(self, json, "reference", &object);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".reference");
    if (object == NULL)
        return schema_wrong(self, "is missing: {\"resource\": \"program\", \"fields\": \"name\"}");
    const json_t *resource = json_object_get(object, "resource"), *fields = json_object_get(object, "fields");
    // "" is the table itself: for a template, the kind that it feeds.
    if (!json_is_string(resource) || json_string_length(resource) > 0) {
        if ((rc = schema_id(self, object, "resource", "kind", "program", &reference->kind)) != MST_OK)
            return rc;
    }
    if (json_is_string(fields)) {
        if ((rc = schema_text(self, object, "fields", SCHEMA_NAME_SIZE_MAX, &field)) != MST_OK)
            return rc;
        reference->kind_fields = mst_arena_alloc(self->arena, sizeof *reference->kind_fields);
        reference->kind_fields[reference->n_kind_fields++] = field;
    } else if ((rc = schema_texts(self, object, "fields", SCHEMA_NAMES_MAX, &reference->kind_fields,
                                  &reference->n_kind_fields)) != MST_OK)
        return rc;
    if (reference->n_kind_fields != reference->n_fields)
        return schema_wrong(self, "%zu fields here for %zu there: each of \"fields\" needs one of the kind's",
                            reference->n_fields, reference->n_kind_fields);
    for (size_t i = 0; i < reference->n_kind_fields; i++)
        if (schema_lists(reference->kind_fields, i, reference->kind_fields[i]))
            return schema_wrong(self, "\"%.60s\" is listed twice", reference->kind_fields[i]);
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_reference(schema_reader *self, json_t *json, schema_fields fields, Muster__V1__Reference *reference)
{
    static const char *const allowed[] = {"target", NULL}, *const nothing[] = {NULL};
    json_t *muster;
    mst_status rc = schema_field_name_or_names(self, json, "fields", fields, &reference->fields, &reference->n_fields);
    if (rc != MST_OK)
        return rc;
    if (reference->n_fields == 0)
        return schema_wrong(self, "\"fields\" is missing: name the columns, %s", LIKE);
    if ((rc = read_target(self, json, reference)) != MST_OK ||
        (rc = schema_object(self, json, "muster", &muster)) != MST_OK || muster == NULL)
        return rc;
    size_t before = schema_enter(self, ".muster");
    if ((rc = schema_only(self, muster, self->template ? allowed : nothing)) != MST_OK ||
        (rc = schema_text(self, muster, "target", SCHEMA_NAME_SIZE_MAX, &reference->target)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

static bool
same_fields(const Muster__V1__Reference *one, const Muster__V1__Reference *two)
{
    if (one->n_fields != two->n_fields)
        return false;
    for (size_t i = 0; i < one->n_fields; i++)
        if (!schema_lists(two->fields, two->n_fields, one->fields[i]))
            return false;
    return true;
}

/* Alternatives of one target name records of one kind. */
static mst_status
check_against(schema_reader *self, Muster__V1__Reference *const *references, size_t at)
{
    const Muster__V1__Reference *one = references[at];
    for (size_t i = 0; i < at; i++) {
        if (same_fields(one, references[i]))
            return schema_wrong(self, "$.foreignKeys[%zu] is about the same fields", i);
        if (one->target[0] == '\0' || strcmp(one->target, references[i]->target) != 0 ||
            strcmp(one->kind, references[i]->kind) == 0)
            continue;
        schema_enter(self, ".muster.target");
        return schema_wrong(self, "\"%.60s\" gets records of kind \"%s\" by $.foreignKeys[%zu], of \"%s\" here",
                            one->target, references[i]->kind, i, one->kind);
    }
    return MST_OK;
}

mst_status
schema_read_references(schema_reader *self, const json_t *schema, schema_fields fields,
                       Muster__V1__Reference ***references, size_t *count)
{
    const json_t *list;
    mst_status rc = schema_list(self, schema, "foreignKeys", REFERENCES_MAX, LIKE, &list);
    if (rc != MST_OK || list == NULL)
        return rc;
    size_t before = schema_enter(self, ".foreignKeys"), size = json_array_size(list);
    *references = mst_arena_alloc(self->arena, (size + 1) * sizeof **references);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        json_t *json;
        Muster__V1__Reference *reference = mst_arena_alloc(self->arena, sizeof *reference);
        muster__v1__reference__init(reference);
        (*references)[i] = reference;
        if ((rc = schema_item(self, list, i, LIKE, &json)) != MST_OK ||
            (rc = read_reference(self, json, fields, reference)) != MST_OK ||
            (rc = check_against(self, *references, i)) != MST_OK)
            return rc;
        schema_leave(self, inner);
    }
    *count = size;
    schema_leave(self, before);
    return MST_OK;
}
