/* work_load.c - see work_of.h: several pieces of work read one batch together. */
#include "work_of.h"

#include <stdio.h>
#include <string.h>

#define READS_MAX 8u /* pages under way for one piece of work */

void *
work_begin(mst_work *work, size_t size, const char *batch_id, uint32_t generation,
           void (*handle)(matching *matching, mst_work *work, const mst_step *step), void (*destroy)(void *data))
{
    work_base *base = mst_arena_alloc(mst_work_arena(work), size);
    base->handle = handle;
    base->generation = generation;
    snprintf(base->batch_id, sizeof base->batch_id, "%s", batch_id);
    mst_work_set_data(work, base, destroy);
    return base;
}

const batch *
work_batch(const matching *matching, const mst_work *work)
{
    const work_base *base = mst_work_data(work);
    const batch *batch = matching_batch(matching, base->batch_id);
    return batch == NULL || batch->generation != base->generation || !batch->started ? NULL : batch;
}

static load_status
go_on(loading *loading, mst_work *work, const batch *batch)
{
    entries *entries = loading->loaded->entries;
    uint32_t first, chunks;
    while (!entries_complete(entries) && loading->asked < READS_MAX &&
           entries_claim(entries, loading->claimer, &first, &chunks)) {
        mst_work_read(work, LOAD_TAG, batch->entries_stream, first + 1, chunks);
        loading->asked++;
        loading->waiting = false;
    }
    if (entries_complete(entries) && loading->asked == 0)
        return LOAD_DONE;
    if (loading->asked == 0) {
        // Others read what is left: an empty page behind the end is how this work hears again.
        mst_work_read(work, LOAD_TAG, batch->entries_stream, (uint64_t)batch->chunks + 1, 1);
        loading->asked++;
        loading->waiting = true;
    }
    return LOAD_GOING;
}

load_status
loading_start(loading *loading, matching *matching, mst_work *work, const batch *batch)
{
    loading->matching = matching;
    loading->claimer = ++matching->claimers;
    loading->loaded = matching_hold(matching, batch);
    if (loading->loaded == NULL)
        return LOAD_BROKEN;
    return go_on(loading, work, batch);
}

/* Reads on where a page ended before the run did. */
static void
read_rest(loading *loading, mst_work *work, const batch *batch, const mst_step *step)
{
    uint64_t run_end = ((step->next - 2) / CLAIM_CHUNKS + 1) * CLAIM_CHUNKS; // versions are chunks + 1
    if (step->next > run_end || step->next > batch->chunks)
        return;
    mst_work_read(work, LOAD_TAG, batch->entries_stream, step->next, (uint32_t)(run_end + 1 - step->next));
    loading->asked++;
}

load_status
loading_page(loading *loading, mst_work *work, const batch *batch, const mst_step *step)
{
    loading->asked--;
    for (size_t i = 0; i < step->events_count; i++) {
        const Muster__V1__EntriesRead *read = (const Muster__V1__EntriesRead *)step->events[i].message;
        if (read == NULL || strcmp(step->events[i].head->type, "EntriesRead") != 0 ||
            !entries_take(loading->loaded->entries, read))
            return LOAD_BROKEN;
    }
    if (!loading->waiting) {
        if (step->events_count == 0)
            return LOAD_BROKEN; // announced, but not there
        read_rest(loading, work, batch, step);
    }
    return go_on(loading, work, batch);
}

void
loading_end(loading *loading)
{
    if (loading->loaded == NULL)
        return;
    entries_unclaim(loading->loaded->entries, loading->claimer);
    matching_release(loading->matching, loading->loaded);
    loading->loaded = NULL;
}
