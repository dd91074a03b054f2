/* snapshot.c - cases as bytes and back; see cases.h and proto/snapshots.proto. */
#include "services/discrepancy/cases.h"

#include "services/runtime/snapshot.h"
#include <string.h>

/* Raise it with every change of the message or of what the fold makes of an event. */
#define SNAPSHOT_VERSION 2u

/* Saving ----------------------------------------------------------------------------------------------- */

static void
case_say(const a_case *known, Muster__V1__DiscrepancyCase *said, mst_arena *arena)
{
    muster__v1__discrepancy_case__init(said);
    said->row = known->row;
    said->version = known->version;
    said->open = known->open;
    said->opened_at = known->opened_at;
    said->chunk = known->chunk;
    said->decided = known->record_id != NULL;
    if (said->decided) {
        said->choice = known->choice;
        said->record_id = known->record_id;
        said->operator_ = known->operator;
        said->decided_at_ms = known->decided_at_ms;
    }
    for (const char *at = known->candidates; at != NULL && *at != 0; at += strlen(at) + 1)
        said->n_candidates++;
    said->candidates = mst_arena_alloc(arena, said->n_candidates * sizeof(char *));
    char *at = known->candidates;
    for (size_t i = 0; i < said->n_candidates; i++, at += strlen(at) + 1)
        said->candidates[i] = at;
}

static void
batch_say(const batch *known, Muster__V1__DiscrepancyBatch *said, mst_arena *arena)
{
    muster__v1__discrepancy_batch__init(said);
    said->batch_id = known->id;
    said->seq = known->seq;
    said->created = known->kind != NULL;
    if (said->created) {
        said->kind = known->kind;
        said->template_name = known->template_name;
        said->template_version = known->template_version;
        said->dry_run = known->dry_run;
    }
    said->fields = known->fields;
    said->n_fields = known->fields_count;
    said->generation = known->generation;
    said->accepted = known->entries_stream != NULL;
    if (said->accepted)
        said->entries_stream = known->entries_stream;
    said->chunks = known->chunks;
    said->expected = known->expected;
    said->opened = known->opened;
    said->chunk_next = known->chunk_next;
    said->recheck = known->recheck;
    said->recheck_expected = known->recheck_expected;
    said->recheck_opened = known->recheck_opened;
    said->open = known->open;
    said->verified = known->verified;
    said->exporting = known->exporting;
    said->completed = known->completed;
    said->cancelled = known->cancelled;
    said->failed = known->failed;
    said->n_cases = known->cases_count;
    said->cases = mst_arena_alloc(arena, known->cases_count * sizeof(void *));
    for (size_t i = 0; i < known->cases_count; i++) {
        said->cases[i] = mst_arena_alloc(arena, sizeof *said->cases[i]);
        case_say(&known->cases[i], said->cases[i], arena);
    }
}

mst_slice
cases_save(const cases *self, mst_arena *arena)
{
    Muster__V1__DiscrepancySnapshot said = MUSTER__V1__DISCREPANCY_SNAPSHOT__INIT;
    Muster__V1__CatalogSnapshot catalog;
    mst_catalog_save(self->catalog, &catalog);
    said.version = SNAPSHOT_VERSION;
    said.catalog = &catalog;
    size_t count = 0;
    for (const batch *one = NULL; (one = mst_roster_next(&self->batches, one == NULL ? NULL : one->id)) != NULL;)
        count++;
    said.batches = mst_arena_alloc(arena, count * sizeof(void *));
    for (const batch *one = NULL; (one = mst_roster_next(&self->batches, one == NULL ? NULL : one->id)) != NULL;) {
        Muster__V1__DiscrepancyBatch *batch_said = mst_arena_alloc(arena, sizeof *batch_said);
        batch_say(one, batch_said, arena);
        said.batches[said.n_batches++] = batch_said;
    }
    return mst_snapshot_seal(arena, &said.base);
}

/* Loading ---------------------------------------------------------------------------------------------- */

static void
case_hear(const Muster__V1__DiscrepancyCase *said, a_case *heard)
{
    *heard = (a_case){.row = said->row,
                      .version = said->version,
                      .open = said->open,
                      .opened_at = said->opened_at,
                      .chunk = said->chunk,
                      .choice = said->choice,
                      .record_id = said->decided ? mst_strdup(said->record_id) : NULL,
                      .operator= said->decided ? mst_strdup(said->operator_) : NULL,
                      .decided_at_ms = said->decided_at_ms};
    size_t size = 1;
    for (size_t i = 0; i < said->n_candidates; i++)
        size += strlen(said->candidates[i]) + 1;
    if (size == 1)
        return;
    char *end = heard->candidates = mst_alloc(size);
    for (size_t i = 0; i < said->n_candidates; i++)
        end = stpcpy(end, said->candidates[i]) + 1;
    *end = 0;
}

static batch *
batch_hear(const Muster__V1__DiscrepancyBatch *said)
{
    batch *heard = mst_alloc(sizeof *heard);
    *heard = (batch){.id = mst_strdup(said->batch_id),
                     .seq = said->seq,
                     .kind = said->created ? mst_strdup(said->kind) : NULL,
                     .template_name = said->created ? mst_strdup(said->template_name) : NULL,
                     .template_version = said->template_version,
                     .dry_run = said->dry_run,
                     .fields = mst_alloc((said->n_fields + 1) * sizeof(char *)),
                     .fields_count = said->n_fields,
                     .generation = said->generation,
                     .entries_stream = said->accepted ? mst_strdup(said->entries_stream) : NULL,
                     .chunks = said->chunks,
                     .expected = said->expected,
                     .opened = said->opened,
                     .chunk_next = said->chunk_next,
                     .recheck = said->recheck,
                     .recheck_expected = said->recheck_expected,
                     .recheck_opened = said->recheck_opened,
                     .cases = mst_alloc((said->n_cases + 1) * sizeof(a_case)),
                     .cases_count = said->n_cases,
                     .cases_room = said->n_cases + 1,
                     .open = said->open,
                     .verified = said->verified,
                     .exporting = said->exporting,
                     .completed = said->completed,
                     .cancelled = said->cancelled,
                     .failed = said->failed};
    for (size_t i = 0; i < said->n_fields; i++)
        heard->fields[i] = mst_strdup(said->fields[i]);
    for (size_t i = 0; i < said->n_cases; i++)
        case_hear(said->cases[i], &heard->cases[i]);
    return heard;
}

static bool
is_sound(const Muster__V1__DiscrepancySnapshot *said)
{
    size_t last = 0;
    if (said->version != SNAPSHOT_VERSION)
        return false;
    for (size_t i = 0; i < said->n_batches; i++) {
        const Muster__V1__DiscrepancyBatch *one = said->batches[i];
        size_t number = mst_batch_number(one->batch_id);
        if (number <= last)
            return false;
        last = number;
        for (size_t j = 1; j < one->n_cases; j++)
            if (one->cases[j]->row <= one->cases[j - 1]->row)
                return false;
    }
    return true;
}

mst_status
cases_load(cases *self, mst_slice snapshot)
{
    Muster__V1__DiscrepancySnapshot *said = (Muster__V1__DiscrepancySnapshot *)mst_snapshot_open(
        &muster__v1__discrepancy_snapshot__descriptor, snapshot, NULL);
    if (said == NULL)
        return MST_INVALID;
    bool sound = is_sound(said);
    if (sound)
        mst_catalog_load(self->catalog, said->catalog);
    for (size_t i = 0; sound && i < said->n_batches; i++)
        *mst_roster_place(&self->batches, said->batches[i]->batch_id) = batch_hear(said->batches[i]);
    muster__v1__discrepancy_snapshot__free_unpacked(said, NULL);
    return sound ? MST_OK : MST_INVALID;
}
