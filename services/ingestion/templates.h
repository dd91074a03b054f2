/* templates.h - the templates as they were added, and what may be done with them.
 *
 * The compiled form is with the catalog (runtime); here stand the JSON sources, which only their owner keeps.
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_INGESTION_TEMPLATES_H
#define MUSTER_INGESTION_TEMPLATES_H

#include "ingestion.pb-c.h"
#include "services/runtime/catalog.h"

#define TEMPLATE_SIZE_MAX 65536u /* bytes of JSON in one template */
#define TEMPLATES_MAX 10000u     /* versions of templates in all */

typedef struct template_source {
    char *name;
    uint32_t version;
    char *source;
} template_source;

typedef struct templates {
    template_source *list; /* in the order they were added */
    size_t count, room;
    uint64_t applied_seq;
} templates;

void templates_apply(templates *self, const mst_event *event);
/* version 0: the newest. NULL: unknown. */
const template_source *templates_find(const templates *self, const char *name, uint32_t version);
void templates_release(templates *self);

/* Names of all templates, for messages: "a, b, c". */
const char *templates_names(const mst_catalog *catalog, mst_arena *arena);

#endif
