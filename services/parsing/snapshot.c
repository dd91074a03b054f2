/* snapshot.c - the state as bytes and back; see state.h and proto/snapshots.proto. */
#include "services/runtime/snapshot.h"
#include "state.h"
#include <stdlib.h>
#include <string.h>

/* Raise it with every change of the message or of what the fold makes of an event. */
#define SNAPSHOT_VERSION 2u

static void
fixing_say(const fixing *known, Muster__V1__ParsingBatch *said, mst_arena *arena)
{
    said->columns = known->columns;
    said->n_columns = known->columns_count;
    said->repairs = known->repairs;
    said->n_repairs = known->repairs_count;
    said->excluded = known->excluded;
    said->n_excluded = known->excluded_count;
    said->corrections = mst_arena_alloc(arena, (known->count + 1) * sizeof(void *));
    for (size_t i = 0; i < known->count; i++)
        said->corrections[said->n_corrections++] = known->list[i].made;
}

static void *
copy_of(const void *items, size_t size)
{
    void *copy = mst_alloc(size + 1);
    if (size > 0)
        memcpy(copy, items, size);
    return copy;
}

/* Takes over what the state owns in the same form. */
static void
fixing_hear(parsed_batch *known, Muster__V1__ParsingBatch *said)
{
    if (said->n_columns + said->n_repairs + said->n_excluded + said->n_corrections == 0)
        return;
    fixing *to = state_fixing(known);
    to->columns = copy_of(said->columns, said->n_columns * sizeof(char *));
    to->columns_count = said->n_columns;
    to->repairs = copy_of(said->repairs, said->n_repairs * sizeof(void *));
    to->repairs_count = said->n_repairs;
    to->excluded = copy_of(said->excluded, said->n_excluded * sizeof *said->excluded);
    to->excluded_count = said->n_excluded;
    for (size_t i = 0; i < said->n_corrections; i++)
        state_put_correction(known, said->corrections[i]);
    said->n_columns = said->n_repairs = said->n_corrections = 0;
}

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
        one->left_out = known->left_out;
        one->check_wrong = known->check_wrong;
        one->waiting = known->waiting;
        one->sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, (uint8_t *)known->sha256};
        one->size = known->size;
        if (known->fixing != NULL)
            fixing_say(known->fixing, one, arena);
    }
    said.rules = rules_save(self->rules, arena);
    said.n_rules = rules_count(self->rules);
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
                                              .wrong_rows = one->wrong_rows,
                                              .left_out = one->left_out,
                                              .check_wrong = one->check_wrong,
                                              .waiting = one->waiting,
                                              .size = one->size};
            if (one->sha256.len == MST_HASH_SIZE)
                memcpy(self->batches[i].sha256, one->sha256.data, MST_HASH_SIZE);
            fixing_hear(&self->batches[i], one);
            one->created = NULL; // the state's now
        }
        rules_load(self->rules, said->rules, said->n_rules);
    }
    muster__v1__parsing_snapshot__free_unpacked(said, NULL);
    return rc;
}
