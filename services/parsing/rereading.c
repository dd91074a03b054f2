/* rereading.c - see rereading.h. */
#include "rereading.h"

#include "export.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one correction's group. */
typedef struct numbers {
    uint32_t *rows;
    size_t count, room;
} numbers;

struct rereading {
    const parsing_state *state;
    char batch_id[32], stream[64];
    uint32_t generation;
    uint64_t seq;
    unsigned streams; /* given so far */
    mst_arena *arena; /* of one event */
    corrections *corrections;
    numbers *numbers; /* of each correction that stands */
    size_t numbers_count;
    bool ready;
};

rereading *
rereading_new(const parsing_state *state, const char *batch_id, uint32_t generation, uint64_t seq,
              Muster__V1__Field *const *fields, size_t fields_count)
{
    rereading *self = mst_alloc(sizeof *self);
    *self = (rereading){.state = state, .generation = generation, .seq = seq, .arena = mst_arena_new(0)};
    snprintf(self->batch_id, sizeof self->batch_id, "%s", batch_id);
    self->corrections = corrections_new(fields, fields_count);
    const fixing *known = state_find(state, batch_id)->fixing;
    self->numbers_count = known == NULL || generation <= 1 ? 0 : known->count;
    self->numbers = mst_alloc((self->numbers_count + 1) * sizeof *self->numbers);
    memset(self->numbers, 0, (self->numbers_count + 1) * sizeof *self->numbers);
    return self;
}

void
rereading_destroy(rereading **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->numbers_count; i++)
        free((*self)->numbers[i].rows);
    free((*self)->numbers);
    corrections_destroy(&(*self)->corrections);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

const char *
rereading_stream(rereading *self)
{
    if (self->generation <= 1 || self->streams == 3)
        return NULL;
    switch (self->streams++) {
    case 0: snprintf(self->stream, sizeof self->stream, "parsing/%s", self->batch_id); break;
    case 1: snprintf(self->stream, sizeof self->stream, "export/%s/check", self->batch_id); break;
    default: snprintf(self->stream, sizeof self->stream, "parsing/%s/rows", self->batch_id); break;
    }
    return self->stream;
}

const char *
rereading_again(const rereading *self)
{
    return self->stream;
}

/* Values that are wrong only in some of the rows that have them are corrected in those. */
static bool
by_rows(Muster__V1__WrongKind kind)
{
    switch (kind) {
    case MUSTER__V1__WRONG_KIND__WRONG_REQUIRED:
    case MUSTER__V1__WRONG_KIND__WRONG_REFERENCE:
    case MUSTER__V1__WRONG_KIND__WRONG_RULE:
    case MUSTER__V1__WRONG_KIND__WRONG_UNIQUE:
    case MUSTER__V1__WRONG_KIND__WRONG_PERIOD: return true;
    default: return false;
    }
}

/* The directory's check sees values as they are kept, which may be written otherwise in the file: so by row as well;
 * rows that it did not look at, because something else is wrong with them, have the value, too. */
static bool
by_value(Muster__V1__WrongKind kind)
{
    return !by_rows(kind) || kind == MUSTER__V1__WRONG_KIND__WRONG_REFERENCE;
}

static void
numbers_add(numbers *self, const uint32_t *rows, size_t count)
{
    while (self->count + count > self->room) {
        self->room = self->room == 0 ? 16 : 2 * self->room;
        self->rows = mst_realloc(self->rows, self->room * sizeof *self->rows);
    }
    if (count > 0)
        memcpy(self->rows + self->count, rows, count * sizeof *rows);
    self->count += count;
}

static void
take_wrongs(rereading *self, uint32_t generation, Muster__V1__WrongValue *const *values, size_t count)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    for (size_t i = 0; generation < self->generation && batch->fixing != NULL && i < count; i++) {
        const Muster__V1__WrongValue *value = values[i];
        const standing *found = state_correction(batch, generation, groups_key_of_wrong(self->arena, value));
        bool left_out = found == NULL ? state_excluded(batch, generation) : found->made->correction->leave_out;
        for (size_t j = 0; left_out && j < value->n_rows; j++)
            corrections_leave_out_row(self->corrections, value->rows[j]);
        size_t place = found == NULL ? SIZE_MAX : (size_t)(found - batch->fixing->list);
        if (!left_out && place < self->numbers_count && by_rows(value->kind))
            numbers_add(&self->numbers[place], value->rows, value->n_rows);
        mst_arena_reset(self->arena);
    }
}

bool
rereading_take(rereading *self, const mst_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *type = events[i].head->type;
        const ProtobufCMessage *message = events[i].message;
        if (message == NULL || events[i].head->seq >= self->seq)
            continue;
        if (strcmp(type, "WrongValuesFound") == 0) {
            const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)message;
            take_wrongs(self, found->generation, found->values, found->n_values);
        } else if (strcmp(type, "EntriesChecked") == 0) {
            const Muster__V1__EntriesChecked *checked = (const Muster__V1__EntriesChecked *)message;
            take_wrongs(self, checked->generation, checked->values, checked->n_values);
        } else if (strcmp(type, "RowsCorrected") == 0 &&
                   corrections_add_rows(self->corrections, (const Muster__V1__RowsCorrected *)message) != MST_OK) {
            return false;
        }
    }
    return true;
}

static void
add_rule(void *context, const Muster__V1__CorrectionRule *rule)
{
    rereading *self = context;
    corrections_add_rule(self->corrections, rule);
}

corrections *
rereading_corrections(rereading *self)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    for (size_t i = 0; !self->ready && batch->fixing != NULL && i < self->numbers_count; i++) {
        const Muster__V1__CorrectionMade *made = batch->fixing->list[i].made;
        if (by_value(made->correction->kind))
            corrections_add(self->corrections, made->correction);
        if (by_rows(made->correction->kind))
            corrections_add_for_rows(self->corrections, made->correction, made->generation, self->numbers[i].rows,
                                     self->numbers[i].count);
    }
    if (!self->ready && batch->created->template_name[0] != '\0')
        rules_each(self->state->rules, batch->created->template_name, self->seq, add_rule, self);
    self->ready = true;
    return self->corrections;
}
