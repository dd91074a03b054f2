/* table.c - see table.h. Open addressing with linear probing; removal closes the gap, so there are no tombstones. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

typedef struct slot {
    uint8_t *key; /* NULL: free */
    uint32_t size;
    uint32_t hash;
    void *value;
} slot;

struct mst_table {
    mst_arena *arena; /* NULL: heap */
    slot *slots;
    size_t slots_count; /* power of two */
    size_t count;
};

static uint32_t
hash_of(const uint8_t *key, size_t size)
{
    uint64_t h = 0x9E3779B97F4A7C15ull ^ size;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, key, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDull;
        h ^= h >> 32;
        key += 8;
        size -= 8;
    }
    uint64_t rest = 0;
    memcpy(&rest, key, size);
    h = (h ^ rest) * 0xC4CEB9FE1A85EC53ull;
    h ^= h >> 29;
    return (uint32_t)(h ^ (h >> 32));
}

mst_table *
mst_table_new(mst_arena *arena)
{
    mst_table *table = mst_alloc(sizeof *table);
    *table = (mst_table){.arena = arena, .slots_count = 16};
    table->slots = mst_alloc(table->slots_count * sizeof *table->slots);
    memset(table->slots, 0, table->slots_count * sizeof *table->slots);
    return table;
}

void
mst_table_destroy(mst_table **table)
{
    if (*table == NULL)
        return;
    mst_table_clear(*table);
    free((*table)->slots);
    free(*table);
    *table = NULL;
}

static slot *
find(const mst_table *table, const void *key, size_t size, uint32_t hash)
{
    size_t mask = table->slots_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        slot *s = &table->slots[i];
        if (s->key == NULL || (s->hash == hash && s->size == size && memcmp(s->key, key, size) == 0))
            return s;
    }
}

static void
grow(mst_table *table)
{
    slot *old = table->slots;
    size_t old_count = table->slots_count;
    table->slots_count *= 2;
    table->slots = mst_alloc(table->slots_count * sizeof *table->slots);
    memset(table->slots, 0, table->slots_count * sizeof *table->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].key != NULL)
            *find(table, old[i].key, old[i].size, old[i].hash) = old[i];
    free(old);
}

void *
mst_table_get(const mst_table *table, const void *key, size_t size)
{
    slot *s = find(table, key, size, hash_of(key, size));
    return s->key == NULL ? NULL : s->value;
}

void **
mst_table_at(mst_table *table, const void *key, size_t size)
{
    if (table->count * 4 >= table->slots_count * 3)
        grow(table);
    uint32_t hash = hash_of(key, size);
    slot *s = find(table, key, size, hash);
    if (s->key == NULL) {
        s->key = table->arena != NULL ? mst_arena_alloc(table->arena, size + 1) : mst_alloc(size + 1);
        memcpy(s->key, key, size);
        s->key[size] = 0;
        s->size = (uint32_t)size;
        s->hash = hash;
        s->value = NULL;
        table->count++;
    }
    return &s->value;
}

void *
mst_table_remove(mst_table *table, const void *key, size_t size)
{
    slot *s = find(table, key, size, hash_of(key, size));
    if (s->key == NULL)
        return NULL;
    void *value = s->value;
    if (table->arena == NULL)
        free(s->key);
    s->key = NULL;
    table->count--;
    // What was pushed behind the freed slot by a collision moves up, or it could not be found any more.
    size_t mask = table->slots_count - 1;
    size_t hole = (size_t)(s - table->slots);
    for (size_t i = (hole + 1) & mask; table->slots[i].key != NULL; i = (i + 1) & mask) {
        size_t home = table->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            table->slots[i].key = NULL;
            hole = i;
        }
    }
    return value;
}

size_t
mst_table_count(const mst_table *table)
{
    return table->count;
}

void
mst_table_clear(mst_table *table)
{
    if (table->arena == NULL)
        for (size_t i = 0; i < table->slots_count; i++)
            free(table->slots[i].key);
    if (table->count > 0)
        memset(table->slots, 0, table->slots_count * sizeof *table->slots);
    table->count = 0;
}

bool
mst_table_next(const mst_table *table, size_t *cursor, mst_slice *key, void **value)
{
    for (; *cursor < table->slots_count; (*cursor)++) {
        slot *s = &table->slots[*cursor];
        if (s->key == NULL)
            continue;
        (*cursor)++;
        if (key != NULL)
            *key = (mst_slice){s->key, s->size};
        *value = s->value;
        return true;
    }
    return false;
}
