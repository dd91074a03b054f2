/* snapshot.c - see snapshot.h. */
#include "snapshot.h"

#include "services/runtime/roster.h"
#include "services/runtime/snapshot.h"
#include <stdlib.h>
#include <string.h>

/* Raise it with every change of the message or of what the fold makes of an event. */
#define SNAPSHOT_VERSION 2u

#define RESOLVED_STEP 128u /* bytes `resolved` grows by */

static void
batch_say(const batch *known, Muster__V1__IngestionBatch *said)
{
    muster__v1__ingestion_batch__init(said);
    said->view = (Muster__V1__BatchView *)&known->view;
    said->cancelled = known->cancelled;
    said->failed = known->failed;
    said->export_started = known->export_started;
    said->awaits_nobody = known->awaits_nobody;
    said->questions_expected = known->questions_expected;
    said->questions_opened = known->questions_opened;
    said->questions_resolved = known->questions_resolved;
    said->recheck = known->recheck;
    said->resolved = (ProtobufCBinaryData){known->resolved_rows / 8, known->resolved};
}

mst_slice
snapshot_save(const mst_catalog *catalog, const templates *sources, const batches *known, mst_arena *arena)
{
    Muster__V1__IngestionSnapshot said = MUSTER__V1__INGESTION_SNAPSHOT__INIT;
    Muster__V1__CatalogSnapshot catalog_said;
    mst_catalog_save(catalog, &catalog_said);
    said.version = SNAPSHOT_VERSION;
    said.catalog = &catalog_said;
    said.templates_seq = sources->applied_seq;
    said.batches_seq = known->applied_seq;
    said.n_sources = sources->count;
    said.sources = mst_arena_alloc(arena, sources->count * sizeof(void *));
    for (size_t i = 0; i < sources->count; i++) {
        said.sources[i] = mst_arena_alloc(arena, sizeof *said.sources[i]);
        muster__v1__template_source__init(said.sources[i]);
        said.sources[i]->name = sources->list[i].name;
        said.sources[i]->version = sources->list[i].version;
        said.sources[i]->source = sources->list[i].source;
    }
    said.n_batches = known->count;
    said.batches = mst_arena_alloc(arena, known->count * sizeof(void *));
    for (size_t i = 0; i < known->count; i++) {
        said.batches[i] = mst_arena_alloc(arena, sizeof *said.batches[i]);
        batch_say(known->list[i], said.batches[i]);
    }
    return mst_snapshot_seal(arena, &said.base);
}

/* Takes the view over: what malloc gave protobuf-c is freed as what the fold itself would have put there. */
static batch *
batch_hear(Muster__V1__IngestionBatch *said)
{
    batch *heard = mst_alloc(sizeof *heard);
    *heard = (batch){.view = *said->view,
                     .cancelled = said->cancelled,
                     .failed = said->failed,
                     .export_started = said->export_started,
                     .awaits_nobody = said->awaits_nobody,
                     .questions_expected = said->questions_expected,
                     .questions_opened = said->questions_opened,
                     .questions_resolved = said->questions_resolved,
                     .recheck = said->recheck,
                     .resolved = said->resolved.data,
                     .resolved_rows = (uint32_t)said->resolved.len * 8};
    free(said->view);
    said->view = NULL;
    said->resolved = (ProtobufCBinaryData){0, NULL};
    return heard;
}

static bool
is_sound(const Muster__V1__IngestionSnapshot *said)
{
    if (said->version != SNAPSHOT_VERSION)
        return false;
    for (size_t i = 0; i < said->n_batches; i++) {
        const Muster__V1__IngestionBatch *one = said->batches[i];
        if (one->view == NULL || one->view->base.n_unknown_fields > 0 || one->resolved.len % RESOLVED_STEP != 0 ||
            mst_batch_number(one->view->batch_id) != i + 1)
            return false;
    }
    return true;
}

mst_status
snapshot_load(mst_catalog *catalog, templates *sources, batches *known, mst_slice snapshot)
{
    Muster__V1__IngestionSnapshot *said =
        (Muster__V1__IngestionSnapshot *)mst_snapshot_open(&muster__v1__ingestion_snapshot__descriptor, snapshot, NULL);
    if (said == NULL || !is_sound(said)) {
        if (said != NULL)
            muster__v1__ingestion_snapshot__free_unpacked(said, NULL);
        return MST_INVALID;
    }
    mst_catalog_load(catalog, said->catalog);
    sources->applied_seq = said->templates_seq;
    sources->count = sources->room = said->n_sources;
    sources->list = mst_alloc((said->n_sources + 1) * sizeof *sources->list);
    for (size_t i = 0; i < said->n_sources; i++)
        sources->list[i] = (template_source){.name = mst_strdup(said->sources[i]->name),
                                             .version = said->sources[i]->version,
                                             .source = mst_strdup(said->sources[i]->source)};
    known->applied_seq = said->batches_seq;
    known->count = known->room = said->n_batches;
    known->list = mst_alloc((said->n_batches + 1) * sizeof *known->list);
    for (size_t i = 0; i < said->n_batches; i++)
        known->list[i] = batch_hear(said->batches[i]);
    muster__v1__ingestion_snapshot__free_unpacked(said, NULL);
    return MST_OK;
}
