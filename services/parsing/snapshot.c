/* snapshot.c - the state as bytes and back; see state.h and proto/snapshots.proto. */
#include "services/runtime/snapshot.h"
#include "state.h"
#include <string.h>

/* Raise it with every change of the message or of what the fold makes of an event. */
#define SNAPSHOT_VERSION 1u

mst_slice
state_save(const parsing_state *self, mst_arena *arena)
{
    Muster__V1__ParsingSnapshot said = MUSTER__V1__PARSING_SNAPSHOT__INIT;
    Muster__V1__CatalogSnapshot catalog;
    mst_catalog_save(self->catalog, &catalog);
    said.version = SNAPSHOT_VERSION;
    said.catalog = &catalog;
    said.applied_seq = self->applied_seq;
    said.n_batches = self->batches_count;
    said.batches = mst_arena_alloc(arena, self->batches_count * sizeof(void *));
    for (size_t i = 0; i < self->batches_count; i++) {
        const parsed_batch *known = &self->batches[i];
        Muster__V1__ParsingBatch *one = said.batches[i] = mst_arena_alloc(arena, sizeof *one);
        muster__v1__parsing_batch__init(one);
        one->created = known->created;
        one->ended = known->ended;
        one->finished = known->finished;
        one->accepted = known->accepted;
        one->generation = known->generation;
        one->rows = known->rows;
        one->chunks = known->chunks;
        one->wrong_rows = known->wrong_rows;
    }
    return mst_snapshot_seal(arena, &said.base);
}

mst_status
state_load(parsing_state *self, mst_slice snapshot)
{
    Muster__V1__ParsingSnapshot *said =
        (Muster__V1__ParsingSnapshot *)mst_snapshot_open(&muster__v1__parsing_snapshot__descriptor, snapshot, NULL);
    if (said == NULL)
        return MST_INVALID;
    mst_status rc = said->version == SNAPSHOT_VERSION ? MST_OK : MST_INVALID;
    if (rc == MST_OK) {
        mst_catalog_load(self->catalog, said->catalog);
        self->applied_seq = said->applied_seq;
        self->batches_count = said->n_batches;
        self->batches = mst_alloc((said->n_batches + 1) * sizeof *self->batches);
        for (size_t i = 0; i < said->n_batches; i++) {
            Muster__V1__ParsingBatch *one = said->batches[i];
            self->batches[i] = (parsed_batch){.created = one->created,
                                              .ended = one->ended,
                                              .finished = one->finished,
                                              .accepted = one->accepted,
                                              .generation = one->generation,
                                              .rows = one->rows,
                                              .chunks = one->chunks,
                                              .wrong_rows = one->wrong_rows};
            one->created = NULL; // the state's now
        }
    }
    muster__v1__parsing_snapshot__free_unpacked(said, NULL);
    return rc;
}
