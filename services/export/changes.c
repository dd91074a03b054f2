/* changes.c - see changes.h. */
#include "services/export/changes.h"

#include <string.h>

#define BUCKETS_MIN 256u

static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    hash = (hash ^ size) * 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash ^ hash >> 29;
}

static uint64_t
hash_key(const changes *self, const mst_slice *cells)
{
    uint64_t hash = self->key_count;
    for (size_t i = 0; i < self->key_count; i++)
        hash = hash_bytes(hash, cells[self->key[i]].data, cells[self->key[i]].size);
    return hash;
}

static bool
same(mst_slice left, mst_slice right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

static bool
same_key(const changes *self, const mst_slice *left, const mst_slice *right)
{
    for (size_t i = 0; i < self->key_count; i++)
        if (!same(left[self->key[i]], right[self->key[i]]))
            return false;
    return true;
}

static void
enter(changes *self, change *one)
{
    change **id = &self->by_id[one->id_hash & (self->buckets - 1)];
    change **key = &self->by_key[one->key_hash & (self->buckets - 1)];
    one->next_same_id = *id;
    one->next_same_key = *key;
    *id = *key = one;
}

static void
grow(changes *self)
{
    size_t before = self->buckets;
    change **old = self->by_id;
    self->buckets = before * 2;
    self->by_id = mst_arena_alloc(self->arena, self->buckets * sizeof(change *));
    self->by_key = mst_arena_alloc(self->arena, self->buckets * sizeof(change *));
    for (size_t i = 0; i < before; i++)
        for (change *one = old[i], *next; one != NULL; one = next) {
            next = one->next_same_id;
            enter(self, one);
        }
}

void
changes_begin(changes *self, mst_arena *arena, size_t fields, const int *key, size_t key_count)
{
    *self = (changes){.arena = arena, .fields = fields, .key = key, .key_count = key_count, .buckets = BUCKETS_MIN};
    self->by_id = mst_arena_alloc(arena, self->buckets * sizeof(change *));
    self->by_key = mst_arena_alloc(arena, self->buckets * sizeof(change *));
}

const change *
changes_find(const changes *self, const char *id, size_t id_size)
{
    uint64_t hash = hash_bytes(0, id, id_size);
    const change *one = self->by_id[hash & (self->buckets - 1)];
    while (one != NULL && (one->id_hash != hash || one->id_size != id_size || memcmp(one->id, id, id_size) != 0))
        one = one->next_same_id;
    return one;
}

const change *
changes_with_key(const changes *self, const mst_slice *cells, const change *after)
{
    uint64_t hash = hash_key(self, cells);
    const change *one = after == NULL ? self->by_key[hash & (self->buckets - 1)] : after->next_same_key;
    while (one != NULL && (one->key_hash != hash || !same_key(self, one->cells, cells)))
        one = one->next_same_key;
    return one;
}

static const mst_slice *
copy_cells(mst_arena *arena, const mst_slice *cells, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += cells[i].size;
    mst_slice *copy = mst_arena_alloc(arena, (count + 1) * sizeof *copy);
    uint8_t *bytes = mst_arena_alloc(arena, size + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (mst_slice){bytes, cells[i].size};
        if (cells[i].size > 0)
            memcpy(bytes, cells[i].data, cells[i].size);
        bytes += cells[i].size;
    }
    return copy;
}

void
changes_keep(changes *self, const char *id, size_t id_size, uint32_t version, bool made, const mst_slice *cells)
{
    change *one = (change *)(uintptr_t)changes_find(self, id, id_size);
    const mst_slice *copy = copy_cells(self->arena, cells, self->fields);
    if (one != NULL) {
        one->version = version;
        one->cells = copy;
        return;
    }
    if (++self->count > self->buckets)
        grow(self);
    one = mst_arena_alloc(self->arena, sizeof *one);
    *one = (change){.id = mst_arena_strndup(self->arena, id, id_size),
                    .id_size = id_size,
                    .version = version,
                    .cells = copy,
                    .made = made,
                    .id_hash = hash_bytes(0, id, id_size),
                    .key_hash = hash_key(self, copy)};
    enter(self, one);
}
