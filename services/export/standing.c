/* standing.c - see standing.h. */
#include "services/export/standing.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 256u

typedef struct slot {
    uint8_t key[16];
    standing now;
    span *spans; /* NULL: free */
    size_t spans_room;
} slot;

struct standings {
    mst_arena *arena;
    slot *slots;
    size_t count, room; /* room: a power of two */
};

standings *
standings_new(void)
{
    standings *self = mst_alloc(sizeof *self);
    *self = (standings){.arena = mst_arena_new(0)};
    return self;
}

void
standings_destroy(standings **self)
{
    if (*self == NULL)
        return;
    mst_arena_destroy(&(*self)->arena);
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
        if (one->spans == NULL || memcmp(one->key, key, 16) == 0)
            return one;
    }
}

const standing *
standings_find(const standings *self, const uint8_t key[16])
{
    if (self->count == 0)
        return NULL;
    const slot *one = place_of(self, key);
    return one->spans != NULL ? &one->now : NULL;
}

static void
grow(standings *self)
{
    standings wider = {.room = self->room == 0 ? SLOTS_MIN : self->room * 2};
    wider.slots = mst_alloc(wider.room * sizeof *wider.slots);
    memset(wider.slots, 0, wider.room * sizeof *wider.slots);
    for (size_t i = 0; i < self->room; i++)
        if (self->slots[i].spans != NULL)
            *place_of(&wider, self->slots[i].key) = self->slots[i];
    free(self->slots);
    self->slots = wider.slots;
    self->room = wider.room;
}

/* One more; where there are too many, in the place of the first closed one. */
static void
add(standings *self, slot *one, span now)
{
    size_t at = one->now.count;
    if (at == STANDING_SPANS_MAX) {
        for (at = 0; at + 1 < STANDING_SPANS_MAX && one->spans[at].end == 0;)
            at++;
    } else if (at == one->spans_room) {
        one->spans_room *= 2;
        span *wider = mst_arena_alloc(self->arena, one->spans_room * sizeof *wider);
        memcpy(wider, one->spans, at * sizeof *wider);
        one->now.spans = one->spans = wider;
    }
    one->spans[at] = now;
    one->now.count += at == one->now.count;
}

void
standings_put(standings *self, const uint8_t key[16], const standing *before, size_t at, span now)
{
    if (self->count * 4 >= self->room * 3)
        grow(self);
    slot *one = place_of(self, key);
    if (one->spans == NULL) {
        self->count++;
        memcpy(one->key, key, 16);
        one->spans_room = before->count + 1;
        one->spans = mst_arena_alloc(self->arena, one->spans_room * sizeof *one->spans);
        if (before->count > 0)
            memcpy(one->spans, before->spans, before->count * sizeof *one->spans);
        one->now = (standing){one->spans, before->count};
    }
    if (at == SPAN_MAKE)
        add(self, one, now);
    else
        one->spans[at] = now;
}
