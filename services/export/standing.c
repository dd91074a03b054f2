/* standing.c - see standing.h. */
#include "services/export/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 256u

typedef struct slot {
    uint8_t key[16];
    bool used;
    standing now;
} slot;

struct standings {
    slot *slots;
    size_t count, room; /* room: a power of two */
};

standings *
standings_new(void)
{
    standings *self = mst_alloc(sizeof *self);
    *self = (standings){0};
    return self;
}

void
standings_destroy(standings **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

/* Where the key stands or would stand. */
static slot *
place_of(const standings *self, const uint8_t key[16])
{
    uint64_t at;
    memcpy(&at, key, sizeof at);
    for (;; at++) {
        slot *one = &self->slots[at & (self->room - 1)];
        if (!one->used || memcmp(one->key, key, 16) == 0)
            return one;
    }
}

const standing *
standings_find(const standings *self, const uint8_t key[16])
{
    if (self->count == 0)
        return NULL;
    const slot *one = place_of(self, key);
    return one->used ? &one->now : NULL;
}

static void
grow(standings *self)
{
    standings wider = {.room = self->room == 0 ? SLOTS_MIN : self->room * 2};
    wider.slots = mst_alloc(wider.room * sizeof *wider.slots);
    memset(wider.slots, 0, wider.room * sizeof *wider.slots);
    for (size_t i = 0; i < self->room; i++)
        if (self->slots[i].used)
            *place_of(&wider, self->slots[i].key) = self->slots[i];
    free(self->slots);
    self->slots = wider.slots;
    self->room = wider.room;
}

void
standings_put(standings *self, const uint8_t key[16], const standing *now)
{
    if (self->count * 4 >= self->room * 3)
        grow(self);
    slot *one = place_of(self, key);
    self->count += !one->used;
    one->used = true;
    memcpy(one->key, key, 16);
    one->now = *now;
}

uint32_t
standing_date(mst_slice text)
{
    uint32_t date = 0;
    if (text.size != 10 || text.data[4] != '-' || text.data[7] != '-')
        return 0;
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7)
            continue;
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        date = date * 10 + (uint32_t)(text.data[i] - '0');
    }
    return date;
}

void
standing_date_text(uint32_t date, char text[STANDING_DATE_SIZE])
{
    text[0] = '\0';
    if (date != 0)
        snprintf(text, STANDING_DATE_SIZE, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100, date % 100);
}
