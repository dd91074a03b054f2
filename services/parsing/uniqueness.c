/* uniqueness.c - see uniqueness.h. A table with open addressing, at most three quarters full. */
#include "uniqueness.h"

#include "broker/lib/arena.h"
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    uint64_t hash;
    unique_row first; /* row 0: empty */
} slot;

struct uniqueness {
    slot *slots;
    size_t slots_count, count; /* a power of two */
};

uniqueness *
uniqueness_new(void)
{
    uniqueness *self = mst_alloc(sizeof *self);
    self->count = 0;
    self->slots_count = 1024;
    self->slots = mst_alloc(self->slots_count * sizeof *self->slots);
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    return self;
}

void
uniqueness_destroy(uniqueness **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

static uint64_t
mix(uint64_t hash)
{
    hash = (hash ^ hash >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    hash = (hash ^ hash >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ hash >> 32;
}

uint64_t
uniqueness_hash(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *at = data;
    hash ^= mix(size + UINT64_C(0x9E3779B97F4A7C15)); // "a", "bc" is not "ab", "c"
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = mix(hash ^ word) + UINT64_C(0x9E3779B97F4A7C15);
    }
    uint64_t rest = 0;
    memcpy(&rest, at, size);
    return mix(hash ^ rest) + UINT64_C(0x9E3779B97F4A7C15);
}

/* The slot of this hash, or the empty one where it belongs. */
static slot *
slot_of(const uniqueness *self, uint64_t hash)
{
    size_t at = hash & (self->slots_count - 1);
    while (self->slots[at].first.row != 0 && self->slots[at].hash != hash)
        at = (at + 1) & (self->slots_count - 1);
    return &self->slots[at];
}

static void
grow(uniqueness *self)
{
    slot *old = self->slots;
    size_t old_count = self->slots_count;
    self->slots_count *= 2;
    self->slots = mst_alloc(self->slots_count * sizeof *self->slots);
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].first.row != 0)
            *slot_of(self, old[i].hash) = old[i];
    free(old);
}

unique_row
uniqueness_first(uniqueness *self, uint64_t hash, unique_row row)
{
    slot *found = slot_of(self, hash);
    if (found->first.row != 0)
        return found->first;
    found->hash = hash;
    found->first = row;
    if (++self->count > self->slots_count / 4 * 3)
        grow(self);
    return (unique_row){0, 0};
}
