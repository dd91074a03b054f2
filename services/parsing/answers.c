/* answers.c - see answers.h.
 *
 * Wrong values are not held in memory: who asks has the stream of the batch read and its groups put together, in the
 * order in which they were found. Up to GROUPS_MAX of them; people correct the first and ask again. */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 100000u /* distinct wrong values put together; more of them are counted with the last */
#define FIRST_ROWS 10u     /* rows named of each group */
#define LIST_DEFAULT 100u
#define LIST_MAX 1000u
#define LIST_SIZE_MAX (900u * 1024u) /* bytes in one answer */

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

typedef struct merged {
    Muster__V1__WrongValueGroup group;
    uint32_t rows[FIRST_ROWS], lines[FIRST_ROWS];
    struct merged *next; /* of the same slot */
} merged;

#define SLOTS 16384u

typedef struct listing {
    mst_arena *arena;
    uint32_t after, max, wrong_rows, generation;
    char *stream;
    merged *slots[SLOTS];
    merged **list;
    size_t count;
} listing;

static const parsed_batch *
named_batch(const parsing_state *state, mst_work *work, const char *batch_id)
{
    const parsed_batch *batch = state_find(state, batch_id);
    if (batch == NULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL, "There is no batch \"%.40s\".",
                        batch_id);
    return batch;
}

static void
list_wrong_values(const parsing_state *state, mst_work *work, const Muster__V1__ListWrongValues *list)
{
    const parsed_batch *batch = named_batch(state, work, list->batch_id);
    if (batch == NULL)
        return;
    mst_arena *arena = mst_work_arena(work);
    listing *self = mst_arena_alloc(arena, sizeof *self);
    self->arena = arena;
    self->after = list->after;
    self->max = list->max == 0 ? LIST_DEFAULT : list->max > LIST_MAX ? LIST_MAX : list->max;
    self->wrong_rows = batch->wrong_rows;
    self->generation = batch->generation == 0 ? 1 : batch->generation;
    self->stream = mst_arena_printf(arena, "parsing/%s", list->batch_id);
    self->list = mst_arena_alloc(arena, GROUPS_MAX * sizeof *self->list);
    mst_work_set_data(work, self, NULL);
    mst_work_read(work, 0, self->stream, 1, 0);
}

static uint32_t
hash_of(const Muster__V1__WrongValue *value)
{
    uint32_t hash = 2166136261u ^ (uint32_t)value->kind;
    for (const char *at = value->field; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    for (const char *at = value->value; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    return (hash ^ hash >> 15) % SLOTS;
}

static merged *
merged_for(listing *self, const Muster__V1__WrongValue *value)
{
    merged **slot = &self->slots[hash_of(value)];
    for (merged *at = *slot; at != NULL; at = at->next)
        if (at->group.kind == value->kind && at->group.column == value->column &&
            strcmp(at->group.value, value->value) == 0 && strcmp(at->group.field, value->field) == 0)
            return at;
    if (self->count == GROUPS_MAX)
        return NULL;
    merged *new = mst_arena_alloc(self->arena, sizeof *new);
    muster__v1__wrong_value_group__init(&new->group);
    new->group.field = mst_arena_strdup(self->arena, value->field);
    new->group.kind = value->kind;
    new->group.value = mst_arena_strdup(self->arena, value->value);
    new->group.message = mst_arena_strdup(self->arena, value->message);
    new->group.column = value->column;
    new->group.first_rows = new->rows;
    new->group.first_lines = new->lines;
    new->next = *slot;
    *slot = new;
    self->list[self->count++] = new;
    return new;
}

static void
merge(listing *self, const Muster__V1__WrongValuesFound *found)
{
    for (size_t i = 0; i < found->n_values; i++) {
        const Muster__V1__WrongValue *value = found->values[i];
        merged *to = merged_for(self, value);
        if (to == NULL) {
            to = self->list[GROUPS_MAX - 1];
            to->group.value = "(further values)";
        }
        to->group.count += (uint32_t)value->n_rows;
        for (size_t j = 0; j < value->n_rows && j < value->n_lines && to->group.n_first_rows < FIRST_ROWS; j++) {
            to->rows[to->group.n_first_rows++] = value->rows[j];
            to->lines[to->group.n_first_lines++] = value->lines[j];
        }
    }
}

static void
answer_list(listing *self, mst_work *work)
{
    Muster__V1__WrongValueList answer = MUSTER__V1__WRONG_VALUE_LIST__INIT;
    answer.groups = mst_arena_alloc(self->arena, (self->max + 1) * sizeof *answer.groups);
    answer.wrong_rows = self->wrong_rows;
    size_t size = 0, at = self->after;
    for (; at < self->count && answer.n_groups < self->max; at++) {
        size += muster__v1__wrong_value_group__get_packed_size(&self->list[at]->group) + 8;
        if (size > LIST_SIZE_MAX)
            break;
        answer.groups[answer.n_groups++] = &self->list[at]->group;
    }
    answer.more = at < self->count;
    mst_work_answer(work, &answer.base);
}

void
answers_page(mst_work *work, const mst_step *step)
{
    listing *self = mst_work_data(work);
    for (size_t i = 0; i < step->events_count; i++) {
        const mst_event *event = &step->events[i];
        if (strcmp(event->head->type, "WrongValuesFound") != 0 || event->message == NULL)
            continue;
        const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)event->message;
        if (found->generation == self->generation)
            merge(self, found);
    }
    if (step->end)
        answer_list(self, work);
    else
        mst_work_read(work, 0, self->stream, step->next, 0);
}

static void
exclude_bad_rows(const parsing_state *state, mst_work *work, const mst_step *step,
                 const Muster__V1__ExcludeBadRows *exclude)
{
    const parsed_batch *batch = named_batch(state, work, exclude->batch_id);
    if (batch == NULL)
        return;
    if (!batch->finished || batch->accepted || batch->ended) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s does not wait for corrections: %s.", exclude->batch_id,
                        batch->ended      ? "it was cancelled or has failed"
                        : batch->accepted ? "its entries are accepted already"
                                          : "its file is not read to the end yet");
        return;
    }
    if (batch->wrong_rows == batch->rows) {
        mst_work_refuse(work, REFUSED, NULL,
                        "All %u rows of batch %s have wrong values: without them nothing is left. Cancel the batch, "
                        "correct the file and upload it as a new one.",
                        batch->rows, exclude->batch_id);
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    const char *name = step->operator, * stream = mst_arena_printf(arena, "parsing/%s", exclude->batch_id);
    Muster__V1__BadRowsExcluded excluded = MUSTER__V1__BAD_ROWS_EXCLUDED__INIT;
    excluded.batch_id = exclude->batch_id;
    excluded.generation = batch->generation;
    excluded.rows = batch->wrong_rows;
    excluded.operator_ = (char *)(name == NULL ? "" : name);
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    accepted.batch_id = exclude->batch_id;
    accepted.generation = batch->generation;
    accepted.entries_stream = mst_arena_printf(arena, "%s/g%u", stream, batch->generation);
    accepted.chunks = batch->chunks;
    accepted.rows = batch->rows;
    accepted.accepted = batch->rows - batch->wrong_rows;
    accepted.purpose = batch->created->purpose;
    // Cancelling is decided by ingestion: of the two, one comes first.
    mst_work_guard(work, mst_arena_printf(arena, "ingestion/%s", exclude->batch_id));
    mst_work_event(work, stream, exclude->batch_id, NULL, excluded.rows, &excluded.base);
    mst_work_event(work, stream, exclude->batch_id, NULL, accepted.rows, &accepted.base);
    mst_work_answer(work, &excluded.base);
}

void
answers_begin(const parsing_state *state, mst_work *work, const mst_step *step)
{
    if (strcmp(step->method, "ListWrongValues") == 0)
        list_wrong_values(state, work, (const Muster__V1__ListWrongValues *)step->argument);
    else if (strcmp(step->method, "ExcludeBadRows") == 0)
        exclude_bad_rows(state, work, step, (const Muster__V1__ExcludeBadRows *)step->argument);
    else
        mst_work_refuse(work, REFUSED, NULL, "Parsing does not know \"%.64s\".", step->method);
}
