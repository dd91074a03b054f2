/* tableschema_package.c - the kinds of a directory: a Data Package, each resource one kind. */
#include "services/runtime/tableschema.h"

#include "services/runtime/tableschema_fields.h"
#include "services/runtime/tableschema_rules.h"
#include <string.h>

#define KINDS_MAX 200u

static mst_status
read_period(schema_reader *self, const json_t *muster, schema_fields fields, Muster__V1__Kind *kind)
{
    static const char *const allowed[] = {"key", "begin", "end", NULL};
    const Muster__V1__Field *begin = NULL, *end = NULL;
    json_t *json;
    mst_status rc = schema_object(self, muster, "period", &json);
    if (rc != MST_OK || json == NULL)
        return rc;
    size_t before = schema_enter(self, ".period");
    Muster__V1__Period *period = mst_arena_alloc(self->arena, sizeof *period);
    muster__v1__period__init(period);
    if ((rc = schema_only(self, json, allowed)) != MST_OK ||
        (rc = schema_field_names(self, json, "key", fields, &period->key, &period->n_key)) != MST_OK ||
        (rc = schema_field_name(self, json, "begin", fields, &begin)) != MST_OK ||
        (rc = schema_field_name(self, json, "end", fields, &end)) != MST_OK)
        return rc;
    period->begin = begin->name;
    period->end = end->name;
    if (period->n_key == 0)
        return schema_wrong(self,
                            "\"key\" is missing: name the fields that say what the period is about, [\"participant\"]");
    if (begin == end || begin->type != end->type || !schema_has_order(begin->type))
        return schema_wrong(self, "\"begin\" and \"end\" must be two fields of one type with an order, such as date");
    if (schema_lists(period->key, period->n_key, period->begin) ||
        schema_lists(period->key, period->n_key, period->end))
        return schema_wrong(self,
                            "\"key\" may not name \"begin\" or \"end\": what it is about stays the same when it ends");
    kind->period = period;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_schema(schema_reader *self, const json_t *schema, Muster__V1__Kind *kind)
{
    static const char *const allowed[] = {"period", NULL};
    schema_fields fields = {0};
    Muster__V1__Reference **references = NULL;
    size_t references_count = 0;
    json_t *muster;
    mst_status rc = schema_read_fields(self, schema, &fields);
    if (rc != MST_OK)
        return rc;
    kind->fields = fields.fields;
    kind->n_fields = fields.count;
    if ((rc = schema_field_name_or_names(self, schema, "primaryKey", fields, &kind->primary_key,
                                         &kind->n_primary_key)) != MST_OK ||
        (rc = schema_read_references(self, schema, fields, &references, &references_count)) != MST_OK ||
        (rc = schema_object(self, schema, "muster", &muster)) != MST_OK || muster == NULL)
        return rc;
    size_t before = schema_enter(self, ".muster");
    if ((rc = schema_only(self, muster, allowed)) != MST_OK || (rc = read_period(self, muster, fields, kind)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_kind(schema_reader *self, const json_t *resource, Muster__V1__Kind *kind)
{
    mst_status rc;
    json_t *schema;
    if ((rc = schema_id(self, resource, "name", "kind", "person", &kind->name)) != MST_OK ||
        (rc = schema_text(self, resource, "title", SCHEMA_VALUE_SIZE_MAX, &kind->title)) != MST_OK ||
        (rc = schema_object(self, resource, "schema", &schema)) != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".schema");
    if (schema == NULL)
        return schema_wrong(self, "is missing: describe the fields, {\"fields\": [{\"name\": .., \"type\": ..}]}");
    if ((rc = read_schema(self, schema, kind)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_kinds(schema_reader *self, json_t *root, Muster__V1__Kind ***kinds, size_t *count)
{
    const json_t *list = json_object_get(root, "resources");
    if (list == NULL && json_object_get(root, "fields") != NULL)
        return schema_wrong(self, "this is a Table Schema, which describes a template: muster template add FILE");
    size_t before = schema_enter(self, ".resources");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > KINDS_MAX)
        return schema_wrong(
            self, "must be a list of 1 to %u kinds: [{\"name\": \"person\", \"schema\": {\"fields\": ..}}]", KINDS_MAX);
    size_t size = json_array_size(list);
    *kinds = mst_arena_alloc(self->arena, size * sizeof **kinds);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        json_t *resource;
        (*kinds)[i] = mst_arena_alloc(self->arena, sizeof ***kinds);
        muster__v1__kind__init((*kinds)[i]);
        mst_status rc = schema_item(self, list, i, "{\"name\": .., \"schema\": ..}", &resource);
        if (rc == MST_OK)
            rc = read_kind(self, resource, (*kinds)[i]);
        if (rc != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp((*kinds)[i]->name, (*kinds)[j]->name) == 0)
                return schema_wrong(self, "the kind \"%s\" is declared twice", (*kinds)[i]->name);
        schema_leave(self, inner);
    }
    *count = size;
    schema_leave(self, before);
    return MST_OK;
}

mst_status
mst_tableschema_kinds(mst_arena *arena, const char *json, size_t size, Muster__V1__Kind ***kinds, size_t *kinds_count,
                      char why[512])
{
    json_t *root = schema_load(json, size, why);
    if (root == NULL)
        return MST_INVALID;
    schema_reader self = {.arena = arena, .why = why, .template = false, .path = "$"};
    mst_status rc = read_kinds(&self, root, kinds, kinds_count);
    json_decref(root);
    return rc;
}
