/* faults.c - see answers.h. What is wrong with each row, in order of rows, and what was noticed of the file.
 *
 * A row that was left out is wrong for what it was left out for, in whatever generation that was. The log is gone
 * through twice: what people decided, then the faults. What is found is kept for the questions that follow. */
#include "answers.h"

#include "export.pb-c.h"
#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT 500u
#define ROWS_MAX 5000u
#define ANSWER_SIZE_AIM (800u * 1024u) /* bytes at which an answer is closed, at the end of a row */

/* A group whose rows were left out, or were corrected, in an earlier generation. */
typedef struct decided {
    uint32_t generation;
    bool left_out;
    char *key;
} decided;

typedef struct faults {
    turn turn;
    parsing_state *state;
    mst_arena *arena, *scratch;
    const char *batch_id;
    char *streams[2];
    unsigned pass; /* 0: decisions, 1: reading's faults, 2: the directory's */
    uint32_t after, max, generation;
    decided *decided;
    size_t decided_count, decided_room;
    uint32_t *excluded;
    size_t excluded_count;
    fault_list *list; /* owned */
    bool settled;     /* read and checked when this began */
} faults;

static void
faults_destroy(void *data)
{
    faults *self = data;
    free(self->decided);
    free(self->excluded);
    fault_list_destroy(&self->list);
    mst_arena_destroy(&self->scratch);
}

static void
take_decision(faults *self, const ProtobufCMessage *message)
{
    if (message->descriptor == &muster__v1__corrections_finished__descriptor) {
        const Muster__V1__CorrectionsFinished *finished = (const Muster__V1__CorrectionsFinished *)message;
        if (!finished->without_bad_rows || finished->generation == 0)
            return;
        self->excluded = mst_realloc(self->excluded, (self->excluded_count + 1) * sizeof *self->excluded);
        self->excluded[self->excluded_count++] = finished->generation - 1;
    } else if (message->descriptor == &muster__v1__correction_made__descriptor) {
        const Muster__V1__CorrectionMade *made = (const Muster__V1__CorrectionMade *)message;
        if (self->decided_count == self->decided_room) {
            self->decided_room = self->decided_room == 0 ? 64 : 2 * self->decided_room;
            self->decided = mst_realloc(self->decided, self->decided_room * sizeof *self->decided);
        }
        self->decided[self->decided_count++] = (decided){made->generation, made->correction->leave_out,
                                                         groups_key_of_correction(self->arena, made->correction)};
    }
}

static int
by_key(const void *a, const void *b)
{
    const decided *one = a, *other = b;
    if (one->generation != other->generation)
        return one->generation < other->generation ? -1 : 1;
    return strcmp(one->key, other->key);
}

/* Of several decisions about a group the last one counts. */
static void
close_decisions(faults *self)
{
    size_t kept = 0;
    if (self->decided_count == 0)
        return;
    // A stable order without a stable sort: later ones win because they are put in last.
    decided *sorted = mst_arena_copy(self->scratch, self->decided, self->decided_count * sizeof *sorted);
    qsort(sorted, self->decided_count, sizeof *sorted, by_key);
    for (size_t i = 0; i < self->decided_count; i++)
        if (i == 0 || by_key(&sorted[i - 1], &sorted[i]) != 0)
            sorted[kept++] = sorted[i];
    for (size_t i = 0; i < self->decided_count; i++) {
        decided *to = bsearch(&self->decided[i], sorted, kept, sizeof *sorted, by_key);
        to->left_out = self->decided[i].left_out;
    }
    memcpy(self->decided, sorted, kept * sizeof *sorted);
    self->decided_count = kept;
}

/* Whether rows of this group are wrong still, or were left out for it. */
static bool
counts(faults *self, uint32_t generation, const Muster__V1__WrongValue *value)
{
    if (generation >= self->generation)
        return generation == self->generation;
    mst_arena_reset(self->scratch);
    decided wanted = {.generation = generation, .key = groups_key_of_wrong(self->scratch, value)};
    const decided *found = self->decided_count == 0
                               ? NULL
                               : bsearch(&wanted, self->decided, self->decided_count, sizeof *self->decided, by_key);
    if (found != NULL)
        return found->left_out;
    for (size_t i = 0; i < self->excluded_count; i++)
        if (self->excluded[i] == generation)
            return true;
    return false;
}

static void
take_faults(faults *self, uint32_t generation, Muster__V1__WrongValue *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (counts(self, generation, values[i]))
            fault_list_add(self->list, values[i]);
}

static void
answer_faults(mst_work *work, const fault_list *list, uint32_t after, uint32_t rows_max)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__RowFaultList answer = MUSTER__V1__ROW_FAULT_LIST__INIT;
    size_t count, size = 0;
    uint32_t rows = 0;
    const fault *found = fault_list_behind(list, after, &count);
    answer.faults = mst_arena_alloc(arena, (count + 1) * sizeof *answer.faults);
    answer.more = fault_list_dropped(list);
    for (size_t i = 0; i < count; i++) {
        const fault *from = &found[i];
        if ((i == 0 || from->row != found[i - 1].row) && (rows++ == rows_max || size > ANSWER_SIZE_AIM)) {
            answer.more = true;
            break;
        }
        Muster__V1__RowFault *to = answer.faults[answer.n_faults++] = mst_arena_alloc(arena, sizeof *to);
        muster__v1__row_fault__init(to);
        to->row = from->row;
        to->line = from->line;
        to->field = from->text->field;
        to->value = from->text->value;
        to->message = from->text->message;
        to->kind = from->text->kind;
        size += muster__v1__row_fault__get_packed_size(to) + 8;
    }
    mst_work_answer(work, &answer.base);
}

/* Everything was gone through. It is kept for the next question if nothing is added to it any more. */
static void
conclude(faults *self, mst_work *work)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    fault_list_close(self->list);
    answer_faults(work, self->list, self->after, self->max);
    if (self->settled && batch->generation == self->generation) {
        state_keep_faults(self->state, self->batch_id, self->generation, self->list);
        self->list = NULL;
    }
}

static void
faults_step(mst_work *work, const mst_step *step)
{
    faults *self = mst_work_data(work);
    for (size_t i = 0; i < step->events_count; i++) {
        const ProtobufCMessage *message = step->events[i].message;
        if (message == NULL)
            continue;
        if (self->pass == 0) {
            take_decision(self, message);
        } else if (message->descriptor == &muster__v1__wrong_values_found__descriptor) {
            const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)message;
            take_faults(self, found->generation, found->values, found->n_values);
        } else if (message->descriptor == &muster__v1__entries_checked__descriptor) {
            const Muster__V1__EntriesChecked *found = (const Muster__V1__EntriesChecked *)message;
            take_faults(self, found->generation, found->values, found->n_values);
        }
    }
    if (!step->end) {
        mst_work_read(work, 0, self->streams[self->pass / 2], step->next, 0);
        return;
    }
    if (self->pass == 0)
        close_decisions(self);
    if (self->pass++ == 2)
        conclude(self, work);
    else
        mst_work_read(work, 0, self->streams[self->pass / 2], 1, 0);
}

static void
list_faults(parsing_state *state, mst_work *work, const Muster__V1__ListRowFaults *list)
{
    const parsed_batch *batch = answers_batch(state, work, list->batch_id);
    if (batch == NULL)
        return;
    uint32_t max = list->max == 0 ? ROWS_DEFAULT : list->max > ROWS_MAX ? ROWS_MAX : list->max;
    const fault_list *known = state_faults(state, list->batch_id, list->after_row);
    if (known != NULL) {
        answer_faults(work, known, list->after_row, max);
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    faults *self = mst_arena_alloc(arena, sizeof *self);
    memset(self, 0, sizeof *self);
    self->turn.step = faults_step;
    self->state = state;
    self->arena = arena;
    self->scratch = mst_arena_new(0);
    self->batch_id = mst_arena_strdup(arena, list->batch_id);
    self->streams[0] = mst_arena_printf(arena, "parsing/%s", list->batch_id);
    self->streams[1] = mst_arena_printf(arena, "export/%s/check", list->batch_id);
    self->after = list->after_row;
    self->max = max;
    self->generation = batch->generation == 0 ? 1 : batch->generation;
    self->settled = batch->waiting || batch->accepted;
    self->list = fault_list_new(list->after_row);
    mst_work_set_data(work, self, faults_destroy);
    mst_work_read(work, 0, self->streams[0], 1, 0);
}

/* ListRemarks --------------------------------------------------------------------------------------------- */

typedef struct remarks {
    turn turn;
    mst_arena *arena;
    char *stream;
    Muster__V1__RemarksFound found;
} remarks;

static void
remarks_step(mst_work *work, const mst_step *step)
{
    remarks *self = mst_work_data(work);
    for (size_t i = 0; i < step->events_count; i++) {
        const Muster__V1__RemarksFound *more = (const Muster__V1__RemarksFound *)step->events[i].message;
        if (more == NULL || more->base.descriptor != &muster__v1__remarks_found__descriptor ||
            more->generation != self->found.generation || more->n_remarks == 0)
            continue;
        mst_slice packed = mst_arena_pack(self->arena, &more->base);
        const Muster__V1__RemarksFound *kept =
            muster__v1__remarks_found__unpack(mst_arena_allocator(self->arena), packed.size, packed.data);
        Muster__V1__Remark **all =
            mst_arena_alloc(self->arena, (self->found.n_remarks + kept->n_remarks) * sizeof *all);
        if (self->found.n_remarks > 0)
            memcpy(all, self->found.remarks, self->found.n_remarks * sizeof *all);
        memcpy(all + self->found.n_remarks, kept->remarks, kept->n_remarks * sizeof *all);
        self->found.remarks = all;
        self->found.n_remarks += kept->n_remarks;
    }
    if (step->end)
        mst_work_answer(work, &self->found.base);
    else
        mst_work_read(work, 0, self->stream, step->next, 0);
}

static void
list_remarks(parsing_state *state, mst_work *work, const Muster__V1__ListRemarks *list)
{
    const parsed_batch *batch = answers_batch(state, work, list->batch_id);
    if (batch == NULL)
        return;
    mst_arena *arena = mst_work_arena(work);
    remarks *self = mst_arena_alloc(arena, sizeof *self);
    *self = (remarks){.turn = {remarks_step}, .arena = arena};
    self->stream = mst_arena_printf(arena, "parsing/%s", list->batch_id);
    muster__v1__remarks_found__init(&self->found);
    self->found.batch_id = mst_arena_strdup(arena, list->batch_id);
    self->found.generation = batch->generation == 0 ? 1 : batch->generation;
    mst_work_set_data(work, self, NULL);
    mst_work_read(work, 0, self->stream, 1, 0);
}

bool
faults_begin(parsing_state *state, mst_work *work, const mst_step *step)
{
    if (strcmp(step->method, "ListRowFaults") == 0)
        list_faults(state, work, (const Muster__V1__ListRowFaults *)step->argument);
    else if (strcmp(step->method, "ListRemarks") == 0)
        list_remarks(state, work, (const Muster__V1__ListRemarks *)step->argument);
    else
        return false;
    return true;
}
