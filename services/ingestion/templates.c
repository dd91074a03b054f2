/* templates.c - see templates.h. */
#include "templates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
templates_apply(templates *self, const mst_event *event)
{
    if (strcmp(event->head->type, "TemplateAdded") != 0 || event->head->seq <= self->applied_seq)
        return;
    self->applied_seq = event->head->seq;
    const Muster__V1__TemplateAdded *added = (const Muster__V1__TemplateAdded *)event->message;
    if (self->count == self->room) {
        self->room = self->room == 0 ? 16 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    template_source *source = &self->list[self->count++];
    source->name = mst_strdup(added->template_->name);
    source->version = added->template_->version;
    source->source = mst_strdup(added->source);
}

const template_source *
templates_find(const templates *self, const char *name, uint32_t version)
{
    for (size_t i = self->count; i-- > 0;)
        if (strcmp(self->list[i].name, name) == 0 && (version == 0 || self->list[i].version == version))
            return &self->list[i];
    return NULL;
}

void
templates_release(templates *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->list[i].name);
        free(self->list[i].source);
    }
    free(self->list);
    memset(self, 0, sizeof *self);
}

const char *
templates_names(const mst_catalog *catalog, mst_arena *arena)
{
    const char *names = "";
    size_t count = mst_catalog_templates_count(catalog);
    for (size_t i = 0; i < count && i < 30; i++)
        names = mst_arena_printf(arena, "%s%s%s", names, i == 0 ? "" : ", ", mst_catalog_template_at(catalog, i)->name);
    return count > 30 ? mst_arena_printf(arena, "%s, ..", names) : names;
}

bool
templates_fit(const Muster__V1__Template *template, const Muster__V1__Kind *kind, char why[512])
{
    if (kind == NULL) {
        snprintf(why, 512,
                 "The template feeds records of kind \"%s\", which the directory does not have. Declare it first "
                 "(muster directory declare PACKAGE.json), or correct $.muster.kind.",
                 template->kind);
        return false;
    }
    for (size_t i = 0; i < template->n_fields; i++) {
        const Muster__V1__Field *field = template->fields[i];
        if (mst_catalog_target(kind, field) >= 0)
            continue;
        snprintf(why, 512,
                 "$.fields[%zu]: field \"%.100s\" feeds \"%.100s\", which kind \"%s\" does not have. Name one of the "
                 "kind's fields under \"muster\": {\"target\": ..}.",
                 i, field->name, field->target[0] == '\0' ? field->name : field->target, kind->name);
        return false;
    }
    for (size_t i = 0; i < template->n_fields; i++)
        for (size_t j = 0; j < i; j++)
            if (mst_catalog_target(kind, template->fields[i]) == mst_catalog_target(kind, template->fields[j])) {
                snprintf(why, 512,
                         "$.fields[%zu]: fields \"%.100s\" and \"%.100s\" both feed the same field of kind \"%s\".", i,
                         template->fields[j]->name, template->fields[i]->name, kind->name);
                return false;
            }
    return true;
}
