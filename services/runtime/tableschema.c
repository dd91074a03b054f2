/* tableschema.c - see tableschema.h: the template as a whole. Its parts are read by tableschema_*.c. */
#include "services/runtime/tableschema.h"

#include "services/runtime/tableschema_fields.h"
#include "services/runtime/tableschema_rules.h"
#include <stdio.h>
#include <string.h>

#define MERGE_COST_MAX 1000000
#define OPTIONS_MAX 100u
#define RELATED_MAX 20u
#define MISSING_MAX 100u

/* What the template is to be called and to feed, whatever the JSON says; "" as the JSON says. */
typedef struct wishes {
    const char *name, *kind;
} wishes;

static schema_fields
fields_of(const Muster__V1__Template *template)
{
    return (schema_fields){template->fields, template->n_fields};
}

/* Options ------------------------------------------------------------------------------------------------ */

static mst_status
read_option(schema_reader *self, json_t *json, Muster__V1__Option *option)
{
    static const char *const allowed[] = {"name", "title", "default", NULL};
    static const char *const names[] = {"membership-date", "update-campus", "repeat-assignments", NULL};
    mst_status rc;
    size_t at = 0;
    if ((rc = schema_only(self, json, allowed)) != MST_OK ||
        (rc = schema_text(self, json, "name", SCHEMA_ID_SIZE_MAX, &option->name)) != MST_OK ||
        (rc = schema_text(self, json, "title", SCHEMA_VALUE_SIZE_MAX, &option->title)) != MST_OK ||
        (rc = schema_flag(self, json, "default", &option->default_on)) != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".name");
    if ((rc = schema_word(self, "option", option->name, names, &at)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_options(schema_reader *self, const json_t *muster, Muster__V1__Template *template)
{
    static const char *const like = "{\"name\": \"update-campus\"}";
    const json_t *list;
    mst_status rc = schema_list(self, muster, "options", OPTIONS_MAX, like, &list);
    if (rc != MST_OK || list == NULL)
        return rc;
    size_t before = schema_enter(self, ".options"), size = json_array_size(list);
    template->options = mst_arena_alloc(self->arena, (size + 1) * sizeof *template->options);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        json_t *json;
        Muster__V1__Option *option = mst_arena_alloc(self->arena, sizeof *option);
        muster__v1__option__init(option);
        template->options[i] = option;
        if ((rc = schema_item(self, list, i, like, &json)) != MST_OK ||
            (rc = read_option(self, json, option)) != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp(template->options[j]->name, option->name) == 0)
                return schema_wrong(self, "\"%s\" is listed twice", option->name);
        schema_leave(self, inner);
    }
    template->n_options = size;
    schema_leave(self, before);
    return MST_OK;
}

/* Kinds -------------------------------------------------------------------------------------------------- */

static mst_status
read_subject(schema_reader *self, const json_t *muster, Muster__V1__Template *template)
{
    static const char *const allowed[] = {"kind", "target", NULL};
    json_t *json;
    mst_status rc = schema_object(self, muster, "subject", &json);
    if (rc != MST_OK || json == NULL)
        return rc;
    size_t before = schema_enter(self, ".subject");
    Muster__V1__Subject *subject = mst_arena_alloc(self->arena, sizeof *subject);
    muster__v1__subject__init(subject);
    if ((rc = schema_only(self, json, allowed)) != MST_OK ||
        (rc = schema_id(self, json, "kind", "kind", "participant", &subject->kind)) != MST_OK ||
        (rc = schema_text(self, json, "target", SCHEMA_NAME_SIZE_MAX, &subject->target)) != MST_OK)
        return rc;
    if (subject->target[0] == '\0')
        return schema_wrong(self, "\"target\" is missing: name the field of kind \"%s\" that gets the id of the %s",
                            template->kind, subject->kind);
    if (strcmp(subject->kind, template->kind) == 0)
        return schema_wrong(self, "\"%s\" is the kind of the template itself, against which rows are matched anyway",
                            subject->kind);
    template->subject = subject;
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_related(schema_reader *self, const json_t *muster, Muster__V1__Template *template)
{
    char **names = NULL;
    size_t count = 0;
    mst_status rc = schema_texts(self, muster, "related", RELATED_MAX, &names, &count);
    if (rc != MST_OK || count == 0)
        return rc;
    size_t before = schema_enter(self, ".related");
    template->related = mst_arena_alloc(self->arena, count * sizeof *template->related);
    for (size_t i = 0; i < count; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        if ((rc = schema_check_id(self, "kind", names[i])) != MST_OK)
            return rc;
        if (schema_lists(names, i, names[i]))
            return schema_wrong(self, "\"%s\" is listed twice", names[i]);
        if (strcmp(names[i], template->kind) == 0 ||
            (template->subject != NULL && strcmp(names[i], template->subject->kind) == 0))
            return schema_wrong(self, "\"%s\" is the template's %s already; a related kind is a further one", names[i],
                                strcmp(names[i], template->kind) == 0 ? "kind" : "subject");
        template->related[i] = mst_arena_alloc(self->arena, sizeof **template->related);
        muster__v1__related__init(template->related[i]);
        template->related[i]->kind = names[i];
        template->n_related = i + 1;
        schema_leave(self, inner);
    }
    schema_leave(self, before);
    return MST_OK;
}

static bool
has_field_of(const Muster__V1__Template *template, const char *kind)
{
    for (size_t i = 0; i < template->n_fields; i++)
        if (strcmp(template->fields[i]->of, kind) == 0)
            return true;
    return false;
}

/* Every field is of a kind that the template knows, and every kind has fields. */
static mst_status
check_kinds(schema_reader *self, const Muster__V1__Template *template)
{
    for (size_t i = 0; i < template->n_fields; i++) {
        const char *of = template->fields[i]->of;
        bool known = of[0] == '\0' || strcmp(of, template->kind) == 0 ||
                     (template->subject != NULL && strcmp(of, template->subject->kind) == 0);
        for (size_t j = 0; j < template->n_related && !known; j++)
            known = strcmp(template->related[j]->kind, of) == 0;
        if (known)
            continue;
        snprintf(self->path, sizeof self->path, "$.fields[%zu].muster.of", i);
        return schema_wrong(self,
                            "\"%s\" is none of the template's kinds: its own \"%s\", $.muster.subject.kind and "
                            "$.muster.related",
                            of, template->kind);
    }
    if (template->subject != NULL && !has_field_of(template, template->subject->kind)) {
        schema_enter(self, ".subject");
        return schema_wrong(self,
                            "no field is of \"%s\", so nobody could be found: say \"muster\": {\"of\": \"%s\"} in "
                            "the fields that tell who it is",
                            template->subject->kind, template->subject->kind);
    }
    for (size_t i = 0; i < template->n_related; i++)
        if (!has_field_of(template, template->related[i]->kind)) {
            schema_enter(self, ".related[%zu]", i);
            return schema_wrong(self, "no field is of \"%s\", so none would ever be written",
                                template->related[i]->kind);
        }
    return MST_OK;
}

/* Rows are looked for by fields of the kind they are matched against. */
static mst_status
check_duplicate_check(schema_reader *self, const Muster__V1__Template *template)
{
    const char *matched = template->subject == NULL ? template->kind : template->subject->kind;
    for (size_t i = 0; i < template->n_duplicate_check; i++) {
        const Muster__V1__Field *field = schema_field_find(fields_of(template), template->duplicate_check[i]);
        if (strcmp(field->of[0] == '\0' ? template->kind : field->of, matched) == 0)
            continue;
        schema_enter(self, ".duplicate_check[%zu]", i);
        return schema_wrong(self, "\"%.60s\" is of kind \"%s\", but rows are matched against \"%s\"", field->name,
                            field->of[0] == '\0' ? template->kind : field->of, matched);
    }
    return MST_OK;
}

/* The template ------------------------------------------------------------------------------------------- */

static mst_status
read_muster(schema_reader *self, const json_t *root, const char *kind, Muster__V1__Template *template)
{
    static const char *const allowed[] = {"kind",       "may_create", "duplicate_check", "options",
                                          "subject",    "related",    "action",          "rules",
                                          "merge_cost", "sample_row", "instructions",    NULL};
    json_t *muster;
    mst_status rc = schema_object(self, root, "muster", &muster);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".muster");
    if (muster == NULL && kind[0] == '\0')
        return schema_wrong(self, "is missing: say which kind of record the template feeds, "
                                  "\"muster\": {\"kind\": \"person\", \"may_create\": true}");
    if (kind[0] != '\0' && (rc = schema_check_id(self, "kind", kind)) != MST_OK)
        return rc;
    template->kind = mst_arena_strdup(self->arena, kind);
    template->matching = mst_arena_alloc(self->arena, sizeof *template->matching);
    muster__v1__matching_settings__init(template->matching);
    if (muster != NULL &&
        ((rc = schema_only(self, muster, allowed)) != MST_OK ||
         (kind[0] == '\0' && (rc = schema_id(self, muster, "kind", "kind", "person", &template->kind)) != MST_OK)))
        return rc;
    if ((rc = schema_flag(self, muster, "may_create", &template->may_create)) != MST_OK ||
        (rc = schema_field_names(self, muster, "duplicate_check", fields_of(template), &template->duplicate_check,
                                 &template->n_duplicate_check)) != MST_OK ||
        (rc = read_options(self, muster, template)) != MST_OK ||
        (rc = read_subject(self, muster, template)) != MST_OK ||
        (rc = read_related(self, muster, template)) != MST_OK ||
        (rc = schema_read_action(self, muster, template)) != MST_OK ||
        (rc = schema_read_rules(self, muster, template)) != MST_OK ||
        (rc = schema_count(self, muster, "merge_cost", MERGE_COST_MAX, &template->matching->merge_cost)) != MST_OK ||
        (rc = schema_texts(self, muster, "sample_row", SCHEMA_FIELDS_MAX, &template->sample_row,
                           &template->n_sample_row)) != MST_OK ||
        (rc = schema_text(self, muster, "instructions", SCHEMA_TEXT_SIZE_MAX, &template->instructions)) != MST_OK ||
        (rc = check_kinds(self, template)) != MST_OK || (rc = check_duplicate_check(self, template)) != MST_OK)
        return rc;
    if (template->n_sample_row != 0 && template->n_sample_row != template->n_fields)
        return schema_wrong(self, "sample_row has %zu values, the template has %zu fields", template->n_sample_row,
                            template->n_fields);
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_name(schema_reader *self, const json_t *root, const wishes *wish, Muster__V1__Template *template)
{
    if (wish->name[0] == '\0')
        return schema_id(self, root, "name", "template", "connect-card", &template->name);
    size_t before = schema_enter(self, ".name");
    mst_status rc = schema_check_id(self, "template", wish->name);
    template->name = mst_arena_strdup(self->arena, wish->name);
    schema_leave(self, before);
    return rc;
}

static mst_status
read_template(schema_reader *self, json_t *root, const wishes *wish, Muster__V1__Template *template)
{
    schema_fields fields = {0};
    mst_status rc;
    if (json_object_get(root, "resources") != NULL && json_object_get(root, "fields") == NULL)
        return schema_wrong(self, "this is a Data Package, which declares kinds: muster directory declare FILE");
    if ((rc = read_name(self, root, wish, template)) != MST_OK ||
        (rc = schema_text(self, root, "title", SCHEMA_VALUE_SIZE_MAX, &template->title)) != MST_OK ||
        (rc = schema_text(self, root, "description", SCHEMA_TEXT_SIZE_MAX, &template->description)) != MST_OK ||
        (rc = schema_read_fields(self, root, &fields)) != MST_OK ||
        (rc = schema_field_name_or_names(self, root, "primaryKey", fields, &template->primary_key,
                                         &template->n_primary_key)) != MST_OK ||
        (rc = schema_texts(self, root, "missingValues", MISSING_MAX, &template->missing_values,
                           &template->n_missing_values)) != MST_OK ||
        (rc = schema_read_references(self, root, fields, &template->references, &template->n_references)) != MST_OK)
        return rc;
    template->fields = fields.fields;
    template->n_fields = fields.count;
    if (json_object_get(root, "missingValues") == NULL) {
        template->missing_values = mst_arena_alloc(self->arena, sizeof *template->missing_values);
        template->missing_values[0] = "";
        template->n_missing_values = 1;
    }
    if ((rc = read_muster(self, root, wish->kind, template)) != MST_OK)
        return rc;
    for (size_t i = 0; i < template->n_references; i++)
        if (template->references[i]->kind[0] == '\0')
            template->references[i]->kind = template->kind;
    return MST_OK;
}

mst_status
mst_tableschema_plain(mst_arena *arena, const char *json, size_t size, const char *name, const char *kind,
                      Muster__V1__Template **compiled, char why[512])
{
    json_t *root = schema_load(json, size, why);
    if (root == NULL)
        return MST_INVALID;
    schema_reader self = {.arena = arena, .why = why, .template = true, .path = "$"};
    const wishes wish = {name, kind};
    Muster__V1__Template *template = mst_arena_alloc(arena, sizeof *template);
    muster__v1__template__init(template);
    mst_status rc = read_template(&self, root, &wish, template);
    json_decref(root);
    if (rc == MST_OK)
        *compiled = template;
    return rc;
}

mst_status
mst_tableschema_template(mst_arena *arena, const char *json, size_t size, Muster__V1__Template **compiled,
                         char why[512])
{
    return mst_tableschema_plain(arena, json, size, "", "", compiled, why);
}
