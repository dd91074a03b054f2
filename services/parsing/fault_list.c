/* fault_list.c - see fault_list.h. */
#include "fault_list.h"

#include "broker/lib/arena.h"
#include <stdlib.h>
#include <string.h>

struct fault_list {
    mst_arena *texts;
    fault *list;
    size_t count, room;
    uint32_t order;
    uint32_t after, last; /* rows behind `after` up to `last` are held */
    bool dropped;
};

fault_list *
fault_list_new(uint32_t after)
{
    fault_list *self = mst_alloc(sizeof *self);
    *self = (fault_list){.texts = mst_arena_new(0), .after = after, .last = UINT32_MAX};
    return self;
}

void
fault_list_destroy(fault_list **self)
{
    if (*self == NULL)
        return;
    mst_arena_destroy(&(*self)->texts);
    free((*self)->list);
    free(*self);
    *self = NULL;
}

static int
by_row(const void *a, const void *b)
{
    const fault *one = a, *other = b;
    if (one->row != other->row)
        return one->row < other->row ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

/* Texts that no fault needs any more go. */
static void
move_texts(fault_list *self)
{
    mst_arena *texts = mst_arena_new(0);
    for (size_t i = 0; i < self->count; i++) {
        fault_text *from = self->list[i].text;
        if (from->moved == NULL) {
            from->moved = mst_arena_copy(texts, from, sizeof *from);
            from->moved->field = mst_arena_strdup(texts, from->field);
            from->moved->value = mst_arena_strdup(texts, from->value);
            from->moved->message = mst_arena_strdup(texts, from->message);
        }
        self->list[i].text = from->moved;
    }
    mst_arena_destroy(&self->texts);
    self->texts = texts;
}

/* Drops the last rows, about half of the faults: what is added next is mostly behind them and costs nothing. */
static void
shrink(fault_list *self)
{
    qsort(self->list, self->count, sizeof *self->list, by_row);
    size_t kept = self->count / 2;
    while (kept > 0 && self->list[kept - 1].row == self->list[kept].row)
        kept--;
    if (kept == 0) // one row has most of them
        while (kept < self->count && self->list[kept].row == self->list[0].row)
            kept++;
    if (kept == self->count)
        return;
    self->last = self->list[kept - 1].row;
    self->count = kept;
    self->dropped = true;
    move_texts(self);
}

static fault_text *
keep_text(fault_list *self, const Muster__V1__WrongValue *value)
{
    fault_text *kept = mst_arena_alloc(self->texts, sizeof *kept);
    kept->field = mst_arena_strdup(self->texts, value->field);
    kept->value = mst_arena_strdup(self->texts, value->value);
    kept->message = mst_arena_strdup(self->texts, value->message);
    kept->kind = value->kind;
    return kept;
}

void
fault_list_add(fault_list *self, const Muster__V1__WrongValue *value)
{
    fault_text *text = NULL;
    for (size_t i = 0; i < value->n_rows; i++) {
        if (value->rows[i] <= self->after || value->rows[i] > self->last)
            continue;
        if (text == NULL)
            text = keep_text(self, value);
        if (self->count == self->room) {
            self->room = self->room == 0 ? 1024 : 2 * self->room;
            self->list = mst_realloc(self->list, self->room * sizeof *self->list);
        }
        self->list[self->count++] =
            (fault){value->rows[i], i < value->n_lines ? value->lines[i] : 0, self->order++, text};
        if (self->count > FAULTS_HELD_MAX) {
            shrink(self);
            text = NULL; // it moved, or went
        }
    }
    if (mst_arena_used(self->texts) > FAULTS_TEXTS_SIZE_MAX)
        shrink(self);
}

void
fault_list_close(fault_list *self)
{
    qsort(self->list, self->count, sizeof *self->list, by_row);
}

bool
fault_list_covers(const fault_list *self, uint32_t after)
{
    return after >= self->after && (!self->dropped || after < self->last);
}

const fault *
fault_list_behind(const fault_list *self, uint32_t after, size_t *count)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->list[middle].row <= after)
            low = middle + 1;
        else
            high = middle;
    }
    *count = self->count - low;
    return self->list + low;
}

bool
fault_list_dropped(const fault_list *self)
{
    return self->dropped;
}
