/* job.c - the order in which a batch is exported, and how it goes on after a crash. See job.h. */
#include "services/export/job.h"

#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/export/queue.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_OPEN_MAX 4u /* chunks asked for and parts on their way to disk, together */
#define FAR_PAGES_OPEN_MAX 8u

/* Tags of pages: the phase, so that one asked for by a phase that has ended is known. */
#define TAG(phase) ((uint64_t)(phase))

static void job_go_on(job *self, mst_work *work);

static void
job_destroy(void *data)
{
    job *self = data;
    fates_release(&self->fates);
    mst_arena_destroy(&self->arena);
    mst_arena_destroy(&self->dry_arena);
    for (size_t i = 0; i < self->kinds_count; i++)
        outgoing_release(&self->out[i]);
    free(self->chunk_rows);
    free(self);
}

/* Endings ---------------------------------------------------------------------------------------------- */

static void
fail(job *self, mst_work *work, const char *reason, const char *advice)
{
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.batch_id = (char *)(uintptr_t)self->batch->id;
    failed.stage = (char *)(uintptr_t) "export";
    failed.reason = (char *)(uintptr_t)reason;
    failed.advice = (char *)(uintptr_t)advice;
    mst_work_event(work, self->own_stream, self->batch->id, NULL, 0, &failed.base);
    mst_work_finish(work);
}

static void
fail_as_defect(job *self, mst_work *work, const char *reason)
{
    fail(self, work, reason, "This is a defect of muster, not of the file. Rows exported before stay; report the log.");
}

/* The identity every export must keep: no row is unaccounted for. */
static bool
add_completed_event(job *self, mst_work *work, char why[256])
{
    const uint64_t *counts = self->counts;
    uint64_t sum = counts[MUSTER__V1__OUTCOME__OUTCOME_CREATED] + counts[MUSTER__V1__OUTCOME__OUTCOME_UPDATED] +
                   counts[MUSTER__V1__OUTCOME__OUTCOME_UNCHANGED] + counts[MUSTER__V1__OUTCOME__OUTCOME_SKIPPED] +
                   counts[MUSTER__V1__OUTCOME__OUTCOME_REJECTED];
    if (sum != self->batch->rows) {
        snprintf(why, 256, "%u rows were received and %llu accounted for", self->batch->rows, (unsigned long long)sum);
        return false;
    }
    Muster__V1__BatchCompleted completed = MUSTER__V1__BATCH_COMPLETED__INIT;
    completed.batch_id = (char *)(uintptr_t)self->batch->id;
    completed.generation = self->generation;
    completed.received = self->batch->rows;
    completed.created = (uint32_t)counts[MUSTER__V1__OUTCOME__OUTCOME_CREATED];
    completed.updated = (uint32_t)counts[MUSTER__V1__OUTCOME__OUTCOME_UPDATED];
    completed.unchanged = (uint32_t)counts[MUSTER__V1__OUTCOME__OUTCOME_UNCHANGED];
    completed.skipped = (uint32_t)counts[MUSTER__V1__OUTCOME__OUTCOME_SKIPPED];
    completed.rejected = (uint32_t)counts[MUSTER__V1__OUTCOME__OUTCOME_REJECTED];
    completed.dry_run = self->batch->dry_run;
    completed.purpose = self->batch->import ? MUSTER__V1__PURPOSE__PURPOSE_IMPORT : MUSTER__V1__PURPOSE__PURPOSE_BATCH;
    completed.records_events = (uint32_t)self->records_events;
    mst_work_event(work, self->own_stream, self->batch->id, NULL, self->batch->rows, &completed.base);
    return true;
}

/* The first part: from here on the batch can no longer be cancelled. */
static void
add_started_event(job *self, mst_work *work)
{
    Muster__V1__ExportStarted started = MUSTER__V1__EXPORT_STARTED__INIT;
    started.batch_id = (char *)(uintptr_t)self->batch->id;
    started.generation = self->generation;
    started.position = directory_kind_of(self->state->directory, self->kind->name).seq;
    mst_work_event(work, self->own_stream, self->batch->id, NULL, 0, &started.base);
    mst_work_guard(work, mst_arena_printf(mst_work_scratch(work), "ingestion/%s", self->batch->id));
}

/* Catching up: inputs of one queue come one at a time, but what an earlier one wrote may still be on its way here.
 * ------ */

/* Whether all that `earlier` wrote is known to be in the directory. */
static bool
has_arrived(const job *self, const batch *earlier)
{
    if (earlier->dry_run || (!earlier->started && !earlier->completed && !earlier->failed))
        return true; // it wrote nothing
    if (earlier->left_queue_seq > earlier->queued_seq &&
        directory_applied(self->state->directory) > earlier->left_queue_seq)
        return true; // changes come in order, and one behind it is here
    return earlier->completed && job_records_applied(self->state, earlier) >= earlier->records_events;
}

static void
catch_up(job *self, mst_work *work)
{
    const batches *all = self->state->batches;
    const batch *one = self->earlier == NULL ? batches_next(all, NULL) : self->earlier;
    for (; one != NULL; one = batches_next(all, one)) {
        bool is_earlier = one != self->batch && one->kind != NULL && one->queued_seq > 0 &&
                          one->queued_seq < self->queued_seq && queue_shared(self->state->catalog, one, self->batch);
        if (is_earlier && !has_arrived(self, one)) {
            self->earlier = one;
            mst_work_read(work, TAG(JOB_CATCHING_UP),
                          mst_arena_printf(mst_work_scratch(work), "export/%s/records", one->id),
                          one->records_version + 1, 0);
            return;
        }
    }
    self->phase = JOB_COUNTING;
    job_go_on(self, work);
}

static void
catch_up_page(job *self, mst_work *work, const mst_step *step)
{
    uint64_t last = step->events_count == 0 ? 0 : step->events[step->events_count - 1].head->seq;
    if (last > directory_applied(self->state->directory)) {
        catch_up(self, work); // not here yet: ask again, it is on its way
    } else if (!step->end && step->events_count > 0) {
        mst_work_read(work, TAG(JOB_CATCHING_UP),
                      mst_arena_printf(mst_work_scratch(work), "export/%s/records", self->earlier->id), step->next, 0);
    } else {
        self->earlier = batches_next(self->state->batches, self->earlier);
        if (self->earlier != NULL) {
            catch_up(self, work);
        } else {
            self->phase = JOB_COUNTING;
            job_go_on(self, work);
        }
    }
}

/* Beginning -------------------------------------------------------------------------------------------- */

/* Others wrote records of the kind matched since the decisions were made: matching looks at them again first. */
static bool
needs_recheck(const job *self)
{
    return !self->batch->import && !self->batch->dry_run &&
           directory_kind_of(self->state->directory, self->matched_kind).seq > self->position;
}

static void
request_recheck(job *self, mst_work *work)
{
    Muster__V1__RecheckRequested requested = MUSTER__V1__RECHECK_REQUESTED__INIT;
    requested.batch_id = (char *)(uintptr_t)self->batch->id;
    requested.generation = self->generation;
    requested.since = self->position;
    requested.position = directory_kind_of(self->state->directory, self->matched_kind).seq;
    requested.recheck = self->batch->rechecks + 1;
    mst_work_event(work, self->own_stream, self->batch->id, NULL, 0, &requested.base);
    mst_work_finish(work);
}

static void
set_chunk_rows(job *self, uint32_t chunk, uint32_t first_row, uint32_t rows)
{
    assert(chunk < self->batch->chunks && chunk == self->chunks_known);
    self->chunk_rows[chunk] = first_row;
    self->chunk_rows[chunk + 1] = first_row + rows;
    self->chunks_known = chunk + 1;
}

static void
begin(job *self, mst_work *work)
{
    if (self->next_part == 0 && needs_recheck(self)) {
        request_recheck(self, work);
        return;
    }
    const char *advice = NULL, *refused = job_find_rules(self, mst_work_arena(work), &advice);
    if (refused != NULL) {
        if (advice == NULL)
            fail_as_defect(self, work, refused);
        else
            fail(self, work, refused, advice);
        return;
    }
    self->chunk_rows = mst_alloc(((size_t)self->batch->chunks + 1) * sizeof *self->chunk_rows);
    self->chunk_rows[0] = 1;
    if (self->batch->chunks == 0) { // a file with a header only
        char why[256];
        add_started_event(self, work);
        bool complete = add_completed_event(self, work, why);
        assert(complete);
        mst_work_finish(work);
    } else if (self->next_part == 0) {
        self->phase = JOB_SETTLING;
        job_go_on(self, work);
    } else {
        mst_work_read(work, TAG(JOB_COUNTING), self->results_stream, 1, 0);
    }
}

/* A dry run changes no directory: which ids it gave stands in its own events only. */
static void
count_made(job *self, const Muster__V1__EntriesExported *exported)
{
    uint32_t start = 0;
    for (size_t row = 0; row < exported->outcomes.len && row < exported->n_id_ends; row++) {
        uint32_t end = exported->id_ends[row];
        if (exported->outcomes.data[row] == MUSTER__V1__OUTCOME__OUTCOME_CREATED && start < end &&
            end <= exported->ids.len)
            changes_keep(&self->changed[0], (const char *)exported->ids.data + start, end - start, 1, true, NULL);
        start = end;
    }
}

/* After a crash: what the parts that were accepted did, from their own events. */
static void
count_page(job *self, mst_work *work, const mst_step *step)
{
    for (size_t i = 0; i < step->events_count && self->chunk < self->next_part; i++) {
        const Muster__V1__EntriesExported *exported = (const void *)step->events[i].message;
        for (size_t row = 0; row < exported->outcomes.len; row++)
            if (exported->outcomes.data[row] < OUTCOMES_COUNT)
                self->counts[exported->outcomes.data[row]]++;
        if (!self->assigned && self->batch->dry_run && self->changed != NULL)
            count_made(self, exported);
        set_chunk_rows(self, self->chunk++, exported->first_row, exported->rows);
    }
    if (self->chunk == self->next_part) {
        if (self->assigned && self->batch->dry_run) { // nothing in the directory shows what these chunks would do
            self->rehearsed = self->next_part;
            self->chunk = 0;
        }
        self->phase = JOB_SETTLING;
        job_go_on(self, work);
    } else if (step->events_count > 0) {
        mst_work_read(work, TAG(JOB_COUNTING), self->results_stream, step->next, 0);
    } else {
        mst_work_fail(work, "parts that were accepted are not in the log");
    }
}

/* A stretch ---------------------------------------------------------------------------------------------- */

/* Waits until all that was written before has reached the directory, then begins the next stretch. */
static void
settle(job *self, mst_work *work)
{
    if (mst_work_parts_open(work) > 0)
        return; // a step comes when they are durable
    if (job_records_applied(self->state, self->batch) < self->records_events) {
        mst_work_read(work, TAG(JOB_SETTLING), self->results_stream, self->chunk, 1); // only to be asked again soon
        return;
    }
    if (self->arena == NULL)
        self->arena = mst_arena_new(0);
    mst_arena_reset(self->arena);
    fates_reset(&self->fates, self->chunk_rows[self->chunk]);
    if (self->assigned)
        assign_begin(self);
    else if (self->changed != NULL && !self->batch->dry_run)
        changes_begin(&self->changed[0], self->arena, 0, NULL, 0);
    directory_kind kind = directory_kind_of(self->state->directory, self->matched_kind);
    uint64_t average = kind.versions == 0 ? 0 : kind.versions_size / kind.versions;
    self->fates.updates_max = (uint32_t)(STRETCH_SIZE_MAX / (STRETCH_RECORD_SIZE + average));
    self->chunk_end = self->chunk_asked = self->chunk;
    self->chunks_known = self->chunk;
    self->phase = self->all_new ? JOB_ROWS : JOB_DECISIONS;
    if (self->all_new)
        self->chunk_end = self->batch->chunks;
    job_go_on(self, work);
}

static void
ask_decisions(job *self, mst_work *work)
{
    const char *stream = self->batch->import ? self->batch->entries_stream : self->decisions_stream;
    mst_work_read(work, TAG(JOB_DECISIONS), stream, (uint64_t)self->chunk_end + 1, 0);
}

static bool
add_decisions(job *self, const mst_event *event, char why[256])
{
    const fates_rules rules = {self->batch, self->may_create, self->id_field};
    uint32_t before = self->fates.count;
    mst_status status;
    if (self->batch->import) {
        const Muster__V1__EntriesRead *entries = (const void *)event->message;
        if (entries->rows == NULL) {
            snprintf(why, 256, "the entries of chunk %u are missing", self->chunk_end);
            return false;
        }
        status = fates_add_import(&self->fates, &rules, entries->rows, why);
    } else {
        status = fates_add_matched(&self->fates, &rules, (const void *)event->message, why);
    }
    if (status != MST_OK)
        return false;
    set_chunk_rows(self, self->chunk_end++, self->fates.first_row + before, self->fates.count - before);
    return true;
}

/* Whether the stretch goes no further. */
static bool
stretch_full(const job *self)
{
    return self->chunk_end == self->batch->chunks || fates_full(&self->fates) ||
           (self->assigned && self->fates.count >= ASSIGNED_ROWS_MAX);
}

static void
decisions_page(job *self, mst_work *work, const mst_step *step)
{
    char why[256];
    if (step->events_count == 0) {
        fail_as_defect(self, work, "Decisions about some rows are missing in the log.");
        return;
    }
    for (size_t i = 0; i < step->events_count && !stretch_full(self); i++)
        if (!add_decisions(self, &step->events[i], why)) {
            fail_as_defect(self, work, why);
            return;
        }
    if (!stretch_full(self)) {
        ask_decisions(self, work);
        return;
    }
    uint32_t *rows = fates_far(&self->fates, self->arena, &self->far_count);
    self->far = mst_arena_alloc(self->arena, (self->far_count + 1) * sizeof *self->far);
    for (size_t i = 0; i < self->far_count; i++)
        self->far[i].row = rows[i];
    self->far_asked = 0;
    self->phase = JOB_FAR;
    job_go_on(self, work);
}

/* The chunk a row in front of the stretch stands in. */
static uint32_t
chunk_of(const job *self, uint32_t row)
{
    uint32_t low = 0, high = self->chunk;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (self->chunk_rows[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int
compare_far(const void *left, const void *right)
{
    uint32_t a = ((const far_row *)left)->row, b = ((const far_row *)right)->row;
    return a < b ? -1 : a > b;
}

static bool
far_fate(void *context, uint32_t row, fate_kind *kind, mst_slice *id)
{
    const job *self = context;
    const far_row wanted = {.row = row};
    const far_row *found = bsearch(&wanted, self->far, self->far_count, sizeof wanted, compare_far);
    if (found == NULL || !found->known)
        return false;
    *kind = found->kind;
    *id = found->id;
    return true;
}

/* All decisions are here: which records do they touch, and what are these now? */
static void
fetch(job *self, mst_work *work)
{
    char why[256];
    if (fates_resolve(&self->fates, far_fate, self, why) != MST_OK) {
        fail_as_defect(self, work, why);
        return;
    }
    self->records = fates_targets(&self->fates, self->look_before_making, self->arena, &self->records_count);
    size_t count = self->records_count + 1;
    self->users = mst_arena_alloc(self->arena, count * sizeof *self->users);
    self->made = mst_arena_alloc(self->arena, count * sizeof *self->made);
    self->refused = mst_arena_alloc(self->arena, count * sizeof *self->refused);
    self->rewritten = mst_arena_alloc(self->arena, count * sizeof *self->rewritten);
    for (uint32_t i = 0; i < self->fates.count; i++) {
        const fate *one = &self->fates.rows[i];
        if (one->target == FATES_NO_TARGET)
            continue;
        self->users[one->target]++;
        self->made[one->target] |= one->kind == FATE_CREATE;
    }
    export_must(
        directory_fetch(self->state->directory, self->matched_kind, self->records, self->records_count, self->arena));
    self->phase = JOB_ROWS;
    job_go_on(self, work);
}

static void
ask_far(job *self, mst_work *work)
{
    uint32_t last = UINT32_MAX;
    while (self->far_asked < self->far_count && self->pages_open < FAR_PAGES_OPEN_MAX) {
        uint32_t chunk = chunk_of(self, self->far[self->far_asked].row);
        if (chunk != last) {
            mst_work_read(work, TAG(JOB_FAR), self->results_stream, (uint64_t)chunk + 1, 1);
            self->pages_open++;
        }
        last = chunk;
        while (self->far_asked < self->far_count && chunk_of(self, self->far[self->far_asked].row) == chunk)
            self->far_asked++;
    }
    if (self->pages_open == 0)
        fetch(self, work);
}

static void
far_page(job *self, mst_work *work, const mst_step *step)
{
    self->pages_open--;
    const Muster__V1__EntriesExported *exported =
        step->events_count == 0 ? NULL : (const void *)step->events[0].message;
    bool fits = exported != NULL && exported->outcomes.len == exported->rows && exported->n_id_ends == exported->rows;
    for (size_t i = 0; fits && i < self->far_count; i++) {
        far_row *one = &self->far[i];
        if (one->row < exported->first_row || one->row - exported->first_row >= exported->rows)
            continue;
        uint32_t at = one->row - exported->first_row;
        uint32_t start = at == 0 ? 0 : exported->id_ends[at - 1], end = exported->id_ends[at];
        if (start > end || end > exported->ids.len)
            continue;
        Muster__V1__Outcome outcome = exported->outcomes.data[at];
        one->known = true;
        one->kind = outcome == MUSTER__V1__OUTCOME__OUTCOME_SKIPPED    ? FATE_SKIP
                    : outcome == MUSTER__V1__OUTCOME__OUTCOME_REJECTED ? FATE_REJECT
                                                                       : FATE_UPDATE;
        one->id = mst_arena_slice(self->arena, (mst_slice){exported->ids.data + start, end - start});
    }
    ask_far(self, work);
}

static void
ask_rows(job *self, mst_work *work)
{
    while (self->chunk_asked < self->chunk_end && self->pages_open + mst_work_parts_open(work) < PARTS_OPEN_MAX) {
        mst_work_read(work, TAG(JOB_ROWS), self->batch->entries_stream, (uint64_t)self->chunk_asked + 1, 1);
        self->chunk_asked++;
        self->pages_open++;
    }
}

static void
rows_page(job *self, mst_work *work, const mst_step *step)
{
    char why[256];
    self->pages_open--;
    if (step->events_count == 0) {
        fail_as_defect(self, work, "Entries are missing in the log.");
        return;
    }
    if (self->all_new) {
        fates_reset(&self->fates, self->chunk_rows[self->chunk]);
        self->chunk_end = self->chunk;
        bool added = add_decisions(self, &step->events[0], why);
        self->chunk_end = self->batch->chunks;
        if (!added) {
            fail_as_defect(self, work, why);
            return;
        }
    }
    if (!chunk_write(self, work, (const void *)step->events[0].message, why)) {
        fail_as_defect(self, work, why);
        return;
    }
    bool silent = self->chunk < self->rehearsed;
    if (self->chunk == 0 && !silent)
        add_started_event(self, work);
    self->chunk++;
    if (self->chunk == self->batch->chunks) {
        if (add_completed_event(self, work, why))
            mst_work_finish(work);
        else
            fail_as_defect(self, work, why);
        return;
    }
    if (!silent)
        mst_work_part(work);
    if (self->chunk == self->chunk_end)
        self->phase = JOB_SETTLING;
    job_go_on(self, work);
}

/* Steps ------------------------------------------------------------------------------------------------- */

/* Does what the phase does first, or next, without waiting for anything. */
static void
job_go_on(job *self, mst_work *work)
{
    switch (self->phase) {
    case JOB_CATCHING_UP: catch_up(self, work); break;
    case JOB_COUNTING: begin(self, work); break;
    case JOB_SETTLING: settle(self, work); break;
    case JOB_DECISIONS: ask_decisions(self, work); break;
    case JOB_FAR: ask_far(self, work); break;
    case JOB_ROWS: ask_rows(self, work); break;
    }
}

static void
job_page(job *self, mst_work *work, const mst_step *step)
{
    if (step->tag != TAG(self->phase))
        return; // asked for by a phase that did not need it any more
    for (size_t i = 0; i < step->events_count; i++)
        if (step->events[i].message == NULL) {
            mst_work_fail(work, "an event of %s is not understood", step->events[i].head->stream);
            return;
        }
    switch (self->phase) {
    case JOB_CATCHING_UP: catch_up_page(self, work, step); break;
    case JOB_COUNTING: count_page(self, work, step); break;
    case JOB_SETTLING: settle(self, work); break;
    case JOB_DECISIONS: decisions_page(self, work, step); break;
    case JOB_FAR: far_page(self, work, step); break;
    case JOB_ROWS: rows_page(self, work, step); break;
    }
}

static void
job_open(export_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__ExportQueued *queued = (const void *)step->input.message;
    batch *one = batches_find(state->batches, step->input.head->batch_id);
    bool wanted = one != NULL && one->kind != NULL && one->generation == queued->generation && !one->completed &&
                  !one->failed && !one->cancelled;
    if (!wanted) {
        mst_work_finish(work);
        return;
    }
    job *self = mst_alloc(sizeof *self);
    mst_arena *arena = mst_work_arena(work);
    *self = (job){.step = job_step,
                  .state = state,
                  .batch = one,
                  .queued_seq = step->input.head->seq,
                  .position = queued->position,
                  .generation = queued->generation,
                  .template = mst_catalog_template(state->catalog, one->template_name, one->template_version),
                  .next_part = step->next_part,
                  .own_stream = mst_arena_printf(arena, "export/%s", one->id),
                  .records_stream = mst_arena_printf(arena, "export/%s/records", one->id),
                  .results_stream = mst_arena_printf(arena, "export/%s/g%u", one->id, queued->generation),
                  .decisions_stream = mst_arena_printf(arena, "matching/%s/g%u", one->id, queued->generation)};
    if (one->import)
        self->template = NULL;
    self->matched_kind = self->template == NULL ? one->kind : mst_catalog_matched_kind(self->template);
    mst_work_set_data(work, self, job_destroy);
    job_go_on(self, work);
}

void
job_step(export_state *state, mst_work *work, const mst_step *step)
{
    job *self = mst_work_data(work);
    if (step->kind == MST_STEP_INPUT)
        job_open(state, work, step);
    else if (self != NULL && step->kind == MST_STEP_PAGE)
        job_page(self, work, step);
    else if (self != NULL && step->kind == MST_STEP_ROOM && (self->phase == JOB_SETTLING || self->phase == JOB_ROWS))
        job_go_on(self, work);
}
