/* work_start.c - see work_of.h. */
#include "work_of.h"

#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"

#define SPANS_PER_PART 50u /* events of one commit */

static void
fail_batch(mst_work *work, const batch *batch, const char *reason, const char *advice)
{
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.batch_id = batch->id;
    failed.stage = "matching";
    failed.reason = (char *)reason;
    failed.advice = (char *)advice;
    mst_work_event(work, mst_arena_printf(mst_work_scratch(work), "matching/%s", batch->id), batch->id, NULL, 0,
                   &failed.base);
}

static void
say_started(matching *matching, mst_work *work, const batch *batch, uint32_t spans)
{
    Muster__V1__MatchingStarted started = MUSTER__V1__MATCHING_STARTED__INIT;
    const directory *directory = matching_directory(matching, batch->kind);
    mst_slice parameters = weigher_pack(mst_work_scratch(work), directory == NULL ? NULL : directory_people(directory));
    started.batch_id = batch->id;
    started.generation = batch->generation;
    started.position = matching->records_seq;
    started.entries_stream = batch->entries_stream;
    started.chunks = batch->chunks;
    started.rows = batch->rows;
    started.spans = spans;
    started.parameters = (ProtobufCBinaryData){parameters.size, (uint8_t *)parameters.data};
    mst_work_event(work, mst_arena_printf(mst_work_scratch(work), "matching/%s", batch->id), batch->id, NULL,
                   batch->rows, &started.base);
}

static void
say_finished_empty(matching *matching, mst_work *work, const batch *batch)
{
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = batch->id;
    finished.generation = batch->generation;
    finished.position = matching->records_seq;
    mst_work_event(work, mst_arena_printf(mst_work_scratch(work), "matching/%s", batch->id), batch->id, NULL, 0,
                   &finished.base);
}

static void
ask_span(mst_work *work, const batch *batch, uint32_t span)
{
    Muster__V1__CandidatesRequested requested = MUSTER__V1__CANDIDATES_REQUESTED__INIT;
    mst_arena *scratch = mst_work_scratch(work);
    requested.batch_id = batch->id;
    requested.generation = batch->generation;
    requested.span = span;
    requested.first_chunk = span * RUN_CHUNKS;
    requested.chunks =
        batch->chunks - requested.first_chunk < RUN_CHUNKS ? batch->chunks - requested.first_chunk : RUN_CHUNKS;
    mst_work_event(work, mst_arena_printf(scratch, "matching/%s/work", batch->id), batch->id,
                   mst_arena_printf(scratch, "%s/%u", batch->id, span), 0, &requested.base);
}

void
work_start(matching *matching, mst_work *work, const mst_step *step)
{
    const Muster__V1__EntriesAccepted *accepted = (const Muster__V1__EntriesAccepted *)step->input.message;
    const batch *batch = matching_batch(matching, step->input.head->batch_id);
    layout layout;
    uint32_t duplicate_check;
    if (step->kind != MST_STEP_INPUT)
        return;
    if (batch == NULL || accepted->purpose != MUSTER__V1__PURPOSE__PURPOSE_BATCH ||
        accepted->generation != batch->generation) {
        mst_work_finish(work); // an import, a batch that is over, or entries read anew since
        return;
    }
    if (!matching_layout(matching, batch, &layout, &duplicate_check)) {
        fail_batch(work, batch, "the template of this batch or the kind of record it is about is not declared",
                   "declare the directory (muster directory declare) and create the batch again");
        mst_work_finish(work);
        return;
    }
    // Where a part is durable already, MatchingStarted is too, and only spans are left to ask for.
    uint32_t spans = (batch->chunks + RUN_CHUNKS - 1) / RUN_CHUNKS, part = step->next_part;
    uint32_t span = part * SPANS_PER_PART;
    if (part == 0)
        say_started(matching, work, batch, spans);
    if (spans == 0)
        say_finished_empty(matching, work, batch);
    while (span < spans) {
        ask_span(work, batch, span++);
        if (span % SPANS_PER_PART == 0 && span < spans)
            mst_work_part(work);
    }
    mst_work_finish(work);
}
