/* templates.c - see templates.h. */
#include "templates.h"

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
