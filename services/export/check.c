/* check.c - see check.h. Chunk after chunk is read and checked; what is wrong goes out in parts, at the end the count.
 *
 * The directory is asked as it was when the check was requested: as of the seq of CheckRequested itself. All changes up
 * to it are here when the input comes (that is what the runtime promises), all later ones are passed over, for the
 * directory keeps every version of every record. So a check finds the same whenever it runs. One that begins again,
 * after some of its parts became durable, goes through the rows from the first one and makes the same parts, of which
 * those that are there already are not sent again: what an earlier row opened or closed is known again, too.
 * What changes behind that seq is export's to look at when it writes (CheckFinished.position). A kind declared anew in
 * the middle of a check, then a crash, is the one thing that parts may not agree about. */
#include "services/export/check.h"

#include "export.pb-c.h"
#include "parsing.pb-c.h"
#include "services/export/check_rows.h"
#include <stdlib.h>
#include <string.h>

#define CHUNKS_OPEN_MAX 3u            /* chunks asked for, together with parts on their way to disk */
#define PART_GROUPS_SIZE (600u << 10) /* bytes of groups at which a part is closed */

typedef struct check {
    export_stepper step; /* first, see export_state.h */
    export_state *state;
    const char *batch_id, *own_stream, *check_stream, *entries_stream;
    uint32_t generation, chunks;
    uint64_t position;
    uint32_t chunk;       /* the next to be checked */
    uint32_t chunk_asked; /* first not asked for */
    uint32_t pages_open;
    uint32_t part, next_part; /* the current one, and the first that is not durable */
    check_plan plan;
    check_rows *rows;
    check_groups *groups;
    bool filled;    /* the current part has its event */
    mst_work *work; /* of this step */
} check;

static void
check_destroy(void *data)
{
    check *self = data;
    check_rows_destroy(&self->rows);
    check_groups_destroy(&self->groups);
    free(self);
}

static void
fail(check *self, mst_work *work, const char *reason, const char *advice)
{
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.batch_id = (char *)(uintptr_t)self->batch_id;
    failed.stage = (char *)(uintptr_t) "export";
    failed.reason = (char *)(uintptr_t)reason;
    failed.advice = (char *)(uintptr_t)advice;
    mst_work_event(work, self->own_stream, self->batch_id, NULL, 0, &failed.base);
    mst_work_finish(work);
}

/* Parts ------------------------------------------------------------------------------------------------ */

static void
close_part(check *self)
{
    if (self->part >= self->next_part)
        mst_work_part(self->work);
    self->part++;
    self->filled = false;
}

/* Each event is a part of its own, the last one with the end of the check. */
static void
emit(void *context, const Muster__V1__EntriesChecked *checked, uint32_t rows)
{
    check *self = context;
    if (self->filled)
        close_part(self);
    if (self->part >= self->next_part)
        mst_work_event(self->work, self->check_stream, self->batch_id, NULL, rows, &checked->base);
    self->filled = true;
}

static void
finish(check *self)
{
    check_groups_emit(self->groups, self->batch_id, self->generation, emit, self);
    Muster__V1__CheckFinished finished = MUSTER__V1__CHECK_FINISHED__INIT;
    finished.batch_id = (char *)(uintptr_t)self->batch_id;
    finished.generation = self->generation;
    finished.wrong_rows = self->rows == NULL ? 0 : check_rows_wrong(self->rows);
    finished.position = self->position;
    mst_work_event(self->work, self->own_stream, self->batch_id, NULL, finished.wrong_rows, &finished.base);
    mst_work_finish(self->work);
}

/* Chunks ----------------------------------------------------------------------------------------------- */

static void
ask_chunks(check *self, mst_work *work)
{
    while (self->chunk_asked < self->chunks && self->pages_open + mst_work_parts_open(work) < CHUNKS_OPEN_MAX) {
        mst_work_read(work, 0, self->entries_stream, (uint64_t)self->chunk_asked + 1, 1);
        self->chunk_asked++;
        self->pages_open++;
    }
}

static void
take_chunk(check *self, mst_work *work, const mst_step *step)
{
    self->pages_open--;
    self->work = work;
    if (step->events_count == 0 || step->events[0].message == NULL) {
        mst_work_fail(work, "entries of chunk %u are missing or not understood", self->chunk);
        return;
    }
    mst_status status = check_rows_chunk(self->rows, (const void *)step->events[0].message, self->groups);
    if (status == MST_INVALID) {
        fail(self, work, "The entries do not have the columns of the template.",
             "This is a defect of muster, not of the file: report the log.");
        return;
    }
    export_must(status);
    self->chunk++;
    if (self->chunk == self->chunks) {
        finish(self);
        return;
    }
    if (check_groups_size(self->groups) >= PART_GROUPS_SIZE) {
        check_groups_emit(self->groups, self->batch_id, self->generation, emit, self);
        check_groups_reset(self->groups);
        close_part(self);
    }
    ask_chunks(self, work);
}

static void
check_open(export_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__CheckRequested *asked = (const void *)step->input.message;
    const batch *one = batches_find(state->batches, step->input.head->batch_id);
    if (asked == NULL || one == NULL || one->kind == NULL || one->cancelled || one->failed || one->completed) {
        mst_work_finish(work);
        return;
    }
    check *self = mst_alloc(sizeof *self);
    mst_arena *arena = mst_work_arena(work);
    *self = (check){.step = check_step,
                    .state = state,
                    .work = work,
                    .batch_id = mst_arena_strdup(arena, one->id),
                    .own_stream = mst_arena_printf(arena, "export/%s", one->id),
                    .check_stream = mst_arena_printf(arena, "export/%s/check", one->id),
                    .entries_stream = mst_arena_strdup(arena, asked->entries_stream),
                    .generation = asked->generation,
                    .chunks = asked->chunks,
                    .position = step->input.head->seq,
                    .next_part = step->next_part};
    mst_work_set_data(work, self, check_destroy);
    const Muster__V1__Template *template =
        mst_catalog_template(state->catalog, one->template_name, one->template_version);
    if (template == NULL) {
        fail(self, work, "The template of this batch is not known.",
             "This is a defect of muster, not of the file: report the log.");
        return;
    }
    check_plan_make(&self->plan, arena, state->catalog, template, one->fields, one->file_columns, one->fields_count);
    self->groups = check_groups_new(&self->plan);
    const check_rows_settings settings = {&self->plan, state->directory, state->lookups, self->position,
                                          one->repeat_assignments};
    self->rows = check_rows_new(&settings);
    if (self->chunks == 0)
        finish(self);
    else
        ask_chunks(self, work);
}

void
check_step(export_state *state, mst_work *work, const mst_step *step)
{
    check *self = mst_work_data(work);
    if (step->kind == MST_STEP_INPUT)
        check_open(state, work, step);
    else if (self != NULL && step->kind == MST_STEP_PAGE)
        take_chunk(self, work, step);
    else if (self != NULL && step->kind == MST_STEP_ROOM)
        ask_chunks(self, work);
}
