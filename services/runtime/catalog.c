/* catalog.c - see catalog.h. Few and small: plain arrays, searched from the newest. */
#include "services/runtime/catalog.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct mst_catalog {
    mst_arena *arena;                 /* everything ever taken; versions are few */
    Muster__V1__Template **templates; /* all versions, in the order they came */
    size_t templates_count, templates_room;
    Muster__V1__Template **newest; /* of each name, in the order the names came */
    size_t newest_count, newest_room;
    Muster__V1__Kind **kinds; /* newest of each name */
    size_t kinds_count, kinds_room;
    uint64_t kinds_seq; /* of the last declaration taken */
};

mst_catalog *
mst_catalog_new(void)
{
    mst_catalog *catalog = mst_alloc(sizeof *catalog);
    *catalog = (mst_catalog){.arena = mst_arena_new(0)};
    return catalog;
}

void
mst_catalog_destroy(mst_catalog **catalog)
{
    if (!*catalog)
        return;
    free((*catalog)->templates);
    free((*catalog)->newest);
    free((*catalog)->kinds);
    mst_arena_destroy(&(*catalog)->arena);
    free(*catalog);
    *catalog = NULL;
}

/* A copy of `message` that lives as long as the catalog. */
static void *
keep(mst_catalog *catalog, const ProtobufCMessage *message)
{
    mst_slice packed = mst_arena_pack(catalog->arena, message);
    ProtobufCMessage *kept =
        protobuf_c_message_unpack(message->descriptor, mst_arena_allocator(catalog->arena), packed.size, packed.data);
    assert(kept != NULL);
    return kept;
}

static void *
grown(void *array, size_t count, size_t *room)
{
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 8;
    return mst_realloc(array, *room * sizeof(void *));
}

static void
template_add(mst_catalog *catalog, const Muster__V1__Template *given)
{
    if (!given || mst_catalog_template(catalog, given->name, given->version))
        return;
    Muster__V1__Template *kept = keep(catalog, &given->base);
    catalog->templates = grown(catalog->templates, catalog->templates_count, &catalog->templates_room);
    catalog->templates[catalog->templates_count++] = kept;
    for (size_t i = 0; i < catalog->newest_count; i++)
        if (strcmp(catalog->newest[i]->name, kept->name) == 0) {
            if (kept->version > catalog->newest[i]->version)
                catalog->newest[i] = kept;
            return;
        }
    catalog->newest = grown(catalog->newest, catalog->newest_count, &catalog->newest_room);
    catalog->newest[catalog->newest_count++] = kept;
}

static void
kind_add(mst_catalog *catalog, const Muster__V1__Kind *given)
{
    Muster__V1__Kind *kept = keep(catalog, &given->base);
    for (size_t i = 0; i < catalog->kinds_count; i++)
        if (strcmp(catalog->kinds[i]->name, kept->name) == 0) {
            catalog->kinds[i] = kept;
            return;
        }
    catalog->kinds = grown(catalog->kinds, catalog->kinds_count, &catalog->kinds_room);
    catalog->kinds[catalog->kinds_count++] = kept;
}

void
mst_catalog_apply(mst_catalog *catalog, const mst_event *event)
{
    if (!event->message)
        return;
    if (event->message->descriptor == &muster__v1__template_added__descriptor)
        template_add(catalog, ((const Muster__V1__TemplateAdded *)event->message)->template_);
    if (event->message->descriptor != &muster__v1__directory_declared__descriptor ||
        event->head->seq <= catalog->kinds_seq)
        return;
    const Muster__V1__DirectoryDeclared *declared = (const Muster__V1__DirectoryDeclared *)event->message;
    for (size_t i = 0; i < declared->n_kinds; i++)
        kind_add(catalog, declared->kinds[i]);
    catalog->kinds_seq = event->head->seq;
}

void
mst_catalog_save(const mst_catalog *catalog, Muster__V1__CatalogSnapshot *snapshot)
{
    muster__v1__catalog_snapshot__init(snapshot);
    snapshot->templates = catalog->templates;
    snapshot->n_templates = catalog->templates_count;
    snapshot->kinds = catalog->kinds;
    snapshot->n_kinds = catalog->kinds_count;
    snapshot->kinds_seq = catalog->kinds_seq;
}

void
mst_catalog_load(mst_catalog *catalog, const Muster__V1__CatalogSnapshot *snapshot)
{
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->n_templates; i++)
        template_add(catalog, snapshot->templates[i]);
    for (size_t i = 0; i < snapshot->n_kinds; i++)
        kind_add(catalog, snapshot->kinds[i]);
    catalog->kinds_seq = snapshot->kinds_seq;
}

const Muster__V1__Template *
mst_catalog_template(const mst_catalog *catalog, const char *name, uint32_t version)
{
    if (version == 0) {
        for (size_t i = 0; i < catalog->newest_count; i++)
            if (strcmp(catalog->newest[i]->name, name) == 0)
                return catalog->newest[i];
        return NULL;
    }
    for (size_t i = catalog->templates_count; i-- > 0;)
        if (catalog->templates[i]->version == version && strcmp(catalog->templates[i]->name, name) == 0)
            return catalog->templates[i];
    return NULL;
}

const Muster__V1__Kind *
mst_catalog_kind(const mst_catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->kinds_count; i++)
        if (strcmp(catalog->kinds[i]->name, name) == 0)
            return catalog->kinds[i];
    return NULL;
}

size_t
mst_catalog_kinds_count(const mst_catalog *catalog)
{
    return catalog->kinds_count;
}

const Muster__V1__Kind *
mst_catalog_kind_at(const mst_catalog *catalog, size_t at)
{
    assert(at < catalog->kinds_count);
    return catalog->kinds[at];
}

size_t
mst_catalog_templates_count(const mst_catalog *catalog)
{
    return catalog->newest_count;
}

const Muster__V1__Template *
mst_catalog_template_at(const mst_catalog *catalog, size_t at)
{
    assert(at < catalog->newest_count);
    return catalog->newest[at];
}

int
mst_catalog_target(const Muster__V1__Kind *kind, const Muster__V1__Field *field)
{
    const char *target = field->target[0] ? field->target : field->name;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (strcmp(kind->fields[i]->name, target) == 0)
            return (int)i;
    return -1;
}

const char *
mst_catalog_matched_kind(const Muster__V1__Template *template)
{
    return template->subject != NULL ? template->subject->kind : template->kind;
}

bool
mst_catalog_belongs(const Muster__V1__Template *template, const Muster__V1__Field *field, const char *kind)
{
    return strcmp(field->of[0] != '\0' ? field->of : template->kind, kind) == 0;
}

bool
mst_catalog_needs_check(const Muster__V1__Template *template)
{
    bool known = false;
    for (size_t i = 0; i < template->n_rules; i++)
        known = known || template->rules[i]->kind == MUSTER__V1__RULE_KIND__RULE_KNOWN;
    return known || template->n_references > 0 || template->subject != NULL || template->action != NULL;
}
