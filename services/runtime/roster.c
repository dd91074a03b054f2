/* roster.c - see roster.h. */
#include "services/runtime/roster.h"

#include "broker/lib/arena.h"
#include <stdlib.h>
#include <string.h>

size_t
mst_batch_number(const char *batch_id)
{
    if (batch_id[0] != 'B' || batch_id[1] < '1' || batch_id[1] > '9')
        return 0;
    char *end;
    unsigned long long number = strtoull(batch_id + 1, &end, 10);
    return *end != '\0' || number > MST_BATCHES_MAX ? 0 : (size_t)number;
}

void *
mst_roster_find(const mst_roster *self, const char *batch_id)
{
    size_t number = mst_batch_number(batch_id);
    return number == 0 || number >= self->room ? NULL : self->items[number];
}

void **
mst_roster_place(mst_roster *self, const char *batch_id)
{
    size_t number = mst_batch_number(batch_id);
    if (number == 0)
        return NULL;
    if (number >= self->room) {
        size_t room = number * 2 + 16;
        self->items = mst_realloc(self->items, room * sizeof *self->items);
        memset(self->items + self->room, 0, (room - self->room) * sizeof *self->items);
        self->room = room;
    }
    return &self->items[number];
}

void *
mst_roster_next(const mst_roster *self, const char *after_id)
{
    size_t number = after_id == NULL ? 0 : mst_batch_number(after_id);
    for (number++; number < self->room; number++)
        if (self->items[number] != NULL)
            return self->items[number];
    return NULL;
}

void
mst_roster_reset(mst_roster *self, void (*each)(void *item))
{
    for (size_t i = 0; i < self->room; i++)
        if (self->items[i] != NULL)
            each(self->items[i]);
    free(self->items);
    *self = (mst_roster){0};
}
