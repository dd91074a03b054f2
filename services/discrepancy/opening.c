/* opening.c - from matching's doubts to questions: what MatchingFinished and RecheckFinished lead to.
 *
 * The decisions are read in groups of chunks; each group with questions is one part of the answer, and each chunk with
 * questions one event. After a crash it goes on behind the last chunk of which questions are open. */
#include "services/discrepancy/desk.h"

#include "ingestion.pb-c.h"
#include <string.h>

#define GROUP_CHUNKS 4u               /* chunks of decisions read at once; their questions are below 4 MiB */
#define PARTS_OPEN_MAX 4u             /* on their way to disk */
#define RECHECK_SIZE_MAX (800u << 10) /* bytes of questions in one event of a re-check */

typedef struct opening {
    desk_work base;
    cases *state;
    const batch *batch;
    char *own_stream, *decisions_stream;
    uint32_t chunk; /* next to be read */
    uint32_t opened;
    bool reading;
} opening;

static void
add_event(opening *self, mst_work *work, uint32_t chunk, uint32_t recheck, Muster__V1__EntryQuestion **questions,
          size_t count)
{
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    opened.batch_id = self->batch->id;
    opened.generation = self->batch->generation;
    opened.chunk = chunk;
    opened.questions = questions;
    opened.n_questions = count;
    opened.recheck = recheck;
    mst_work_event(work, self->own_stream, self->batch->id, NULL, (uint32_t)count, &opened.base);
}

static void
add_failed(opening *self, mst_work *work, const char *reason)
{
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.batch_id = self->batch->id;
    failed.stage = (char *)(uintptr_t) "discrepancy";
    failed.reason = (char *)(uintptr_t)reason;
    failed.advice =
        (char *)(uintptr_t) "This is a defect of muster, not of the file; nothing was exported. Report the log.";
    mst_work_event(work, self->own_stream, self->batch->id, NULL, 0, &failed.base);
}

static void
go_on(opening *self, mst_work *work)
{
    if (self->opened == self->batch->expected) {
        mst_work_finish(work);
    } else if (self->chunk >= self->batch->chunks) {
        add_failed(self, work,
                   mst_arena_printf(mst_work_scratch(work), "%u discrepancies were announced and %u found.",
                                    self->batch->expected, self->opened));
        mst_work_finish(work);
    } else if (!self->reading && mst_work_parts_open(work) < PARTS_OPEN_MAX) {
        self->reading = true;
        mst_work_read(work, 0, self->decisions_stream, (uint64_t)self->chunk + 1,
                      GROUP_CHUNKS - self->chunk % GROUP_CHUNKS);
    }
}

static void
take_page(opening *self, mst_work *work, const mst_step *step)
{
    self->reading = false;
    if (step->events_count == 0) {
        add_failed(self, work, "Decisions of matching are missing in the log.");
        mst_work_finish(work);
        return;
    }
    for (size_t i = 0; i < step->events_count; i++) {
        const Muster__V1__EntriesMatched *matched = (const void *)step->events[i].message;
        if (matched != NULL && matched->n_questions > 0) {
            add_event(self, work, self->chunk, 0, matched->questions, matched->n_questions);
            self->opened += (uint32_t)matched->n_questions;
        }
        self->chunk++;
    }
    bool group_read = self->chunk % GROUP_CHUNKS == 0;
    if (group_read && mst_work_part_size(work) > 0 && self->opened != self->batch->expected)
        mst_work_part(work);
    go_on(self, work);
}

/* Questions of a re-check come in one input; they are asked in one part. */
static void
open_recheck(opening *self, mst_work *work, const Muster__V1__RecheckFinished *finished)
{
    size_t from = 0, size = 0;
    for (size_t i = 0; i < finished->n_questions; i++) {
        size_t one = protobuf_c_message_get_packed_size(&finished->questions[i]->base) + 8;
        if (i > from && size + one > RECHECK_SIZE_MAX) {
            add_event(self, work, CASE_NO_CHUNK, finished->recheck, finished->questions + from, i - from);
            from = i;
            size = 0;
        }
        size += one;
    }
    add_event(self, work, CASE_NO_CHUNK, finished->recheck, finished->questions + from, finished->n_questions - from);
    mst_work_finish(work);
}

static bool
is_at_work(const batch *one, uint32_t generation)
{
    return one != NULL && one->generation == generation && !one->dry_run && !one->cancelled && !one->failed &&
           !one->completed;
}

static void
open_input(cases *state, mst_work *work, const mst_step *step)
{
    const batch *one = cases_batch(state, step->input.head->batch_id);
    bool recheck = strcmp(step->input.head->type, "RecheckFinished") == 0;
    const Muster__V1__MatchingFinished *matched = recheck ? NULL : (const void *)step->input.message;
    const Muster__V1__RecheckFinished *rechecked = recheck ? (const void *)step->input.message : NULL;
    size_t questions = recheck ? rechecked->n_questions : matched->discrepancies;
    if (questions == 0 || !is_at_work(one, recheck ? rechecked->generation : matched->generation)) {
        mst_work_finish(work);
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    opening *self = mst_arena_alloc(arena, sizeof *self);
    *self = (opening){.base = {opening_step},
                      .state = state,
                      .batch = one,
                      .own_stream = mst_arena_printf(arena, "discrepancy/%s", one->id),
                      .decisions_stream = mst_arena_printf(arena, "matching/%s/g%u", one->id, one->generation)};
    if (recheck) {
        open_recheck(self, work, rechecked);
        return;
    }
    if (step->next_part > 0) { // the last event of a part is of the last chunk with questions in its group
        self->chunk = (one->chunk_next + GROUP_CHUNKS - 1) / GROUP_CHUNKS * GROUP_CHUNKS;
        self->opened = one->opened;
    }
    mst_work_set_data(work, self, desk_forget);
    go_on(self, work);
}

void
opening_step(cases *state, mst_work *work, const mst_step *step)
{
    opening *self = mst_work_data(work);
    if (step->kind == MST_STEP_INPUT)
        open_input(state, work, step);
    else if (step->kind == MST_STEP_PAGE)
        take_page(self, work, step);
    else if (step->kind == MST_STEP_ROOM && self != NULL)
        go_on(self, work);
}
