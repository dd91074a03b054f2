/* builtin.c - see builtin.h. */
#include "builtin.h"

#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool
ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* The same content always has the same id, so that two that add it at once add it once. */
static void
command_id_of(const builtin_file *file, uint8_t id[MST_ID_SIZE])
{
    const mst_slice parts[] = {
        {(const uint8_t *)"builtin", 7},
        {(const uint8_t *)file->name, strlen(file->name)},
        {(const uint8_t *)file->text, file->size},
    };
    mst_id_of(id, parts, 3);
}

static bool
has_kind(const Muster__V1__DirectoryView *directory, const char *name)
{
    for (size_t i = 0; name != NULL && i < directory->n_kinds; i++)
        if (strcmp(directory->kinds[i]->name, name) == 0)
            return true;
    return false;
}

/* Whether the directory has a kind that the package declares: ours, or an organisation's own, which stays as it is. */
static bool
is_there(const Muster__V1__DirectoryView *directory, const builtin_file *file)
{
    json_t *package = json_loadb(file->text, file->size, 0, NULL);
    json_t *kinds = json_object_get(package, "resources");
    bool found = false;
    for (size_t i = 0; i < json_array_size(kinds); i++)
        found = found || has_kind(directory, json_string_value(json_object_get(json_array_get(kinds, i), "name")));
    json_decref(package);
    return found;
}

static int
declare_directory(cli *self, const builtin_file *file)
{
    int rc;
    uint8_t id[MST_ID_SIZE];
    Muster__V1__DeclareDirectory declare = MUSTER__V1__DECLARE_DIRECTORY__INIT;
    declare.source = (char *)file->text;
    command_id_of(file, id);
    cli_call(self, "export", "", &declare.base, id, &muster__v1__directory_view__descriptor, &rc);
    return rc;
}

/* A template that does not fit the organisation's own directory is left out: that is no reason not to start. */
static int
add_template(cli *self, const builtin_file *file)
{
    uint8_t id[MST_ID_SIZE];
    mst_answer answer = {0};
    Muster__V1__AddTemplate add = MUSTER__V1__ADD_TEMPLATE__INIT;
    add.source = (char *)file->text;
    command_id_of(file, id);
    mst_status rc = mst_link_call(self->link, "ingestion", "", &add.base, id, &muster__v1__template_view__descriptor, 0,
                                  self->arena, &answer);
    if (rc != MST_OK)
        return cli_call_failed(self, "ingestion", rc, &answer);
    switch (answer.status) {
    case MUSTER__V1__ANSWER_STATUS__ANSWER_OK:
    case MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED: return CLI_DONE;
    case MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED:
        cli_note(self, "the built-in template %s does not fit this directory and is left out", file->name);
        return CLI_DONE;
    default: return cli_call_failed(self, "ingestion", rc, &answer);
    }
}

/* A template's file is named after it. */
static bool
has_template(const Muster__V1__TemplateList *list, const builtin_file *file)
{
    size_t length = strlen(file->name) - strlen(".json");
    for (size_t i = 0; i < list->n_templates; i++)
        if (strncmp(list->templates[i]->name, file->name, length) == 0 && list->templates[i]->name[length] == 0)
            return true;
    return false;
}

int
builtin_add(cli *self)
{
    int rc;
    Muster__V1__ShowDirectory show = MUSTER__V1__SHOW_DIRECTORY__INIT;
    const Muster__V1__DirectoryView *directory =
        cli_call(self, "export", "", &show.base, NULL, &muster__v1__directory_view__descriptor, &rc);
    for (const builtin_file *file = builtin_files; rc == CLI_DONE && file->name != NULL; file++)
        if (ends_with(file->name, ".package.json") && !is_there(directory, file))
            rc = declare_directory(self, file);
    if (rc != CLI_DONE)
        return rc;

    Muster__V1__ListTemplates list = MUSTER__V1__LIST_TEMPLATES__INIT;
    const Muster__V1__TemplateList *templates =
        cli_call(self, "ingestion", "", &list.base, NULL, &muster__v1__template_list__descriptor, &rc);
    for (const builtin_file *file = builtin_files; rc == CLI_DONE && file->name != NULL; file++)
        if (!ends_with(file->name, ".package.json") && !has_template(templates, file))
            rc = add_template(self, file);
    return rc;
}
