/* store_memory.c - the map of store.h as one sorted array: for the simulator and tests. */
#include "services/export/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct memory_store {
    store base;
    store_entry *items; /* in order of key; each owns one block: key, then value */
    size_t count;
} memory_store;

struct store_cursor {
    const memory_store *store;
    size_t at;
};

int
store_compare(mst_slice left, mst_slice right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;
    int order = shorter == 0 ? 0 : memcmp(left.data, right.data, shorter);
    if (order != 0)
        return order;
    return left.size < right.size ? -1 : left.size > right.size;
}

static store_entry
entry_copy(const store_entry *entry)
{
    uint8_t *block = mst_alloc(entry->key.size + entry->value.size + 1);
    memcpy(block, entry->key.data, entry->key.size);
    if (entry->value.size > 0)
        memcpy(block + entry->key.size, entry->value.data, entry->value.size);
    return (store_entry){{block, entry->key.size}, {block + entry->key.size, entry->value.size}};
}

static void
entry_free(store_entry *entry)
{
    free((void *)(uintptr_t)entry->key.data);
}

/* Merges two sorted arrays; the new value wins where a key stands in both. */
static mst_status
memory_write(store *base, const store_entry *entries, size_t count)
{
    memory_store *self = (memory_store *)base;
    store_entry *merged = mst_alloc((self->count + count + 1) * sizeof *merged);
    size_t old = 0, fresh = 0, out = 0;
    while (old < self->count || fresh < count) {
        int order = old == self->count ? 1
                    : fresh == count   ? -1
                                       : store_compare(self->items[old].key, entries[fresh].key);
        if (order < 0) {
            merged[out++] = self->items[old++];
            continue;
        }
        if (order == 0)
            entry_free(&self->items[old++]);
        merged[out++] = entry_copy(&entries[fresh++]);
    }
    free(self->items);
    self->items = merged;
    self->count = out;
    return MST_OK;
}

static store_cursor *
memory_cursor_open(store *base, bool scan)
{
    (void)scan;
    store_cursor *cursor = mst_alloc(sizeof *cursor);
    *cursor = (store_cursor){(memory_store *)base, 0};
    return cursor;
}

static void
memory_cursor_close(store_cursor *cursor)
{
    free(cursor);
}

static void
memory_seek(store_cursor *cursor, mst_slice key)
{
    size_t low = 0, high = cursor->store->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store_compare(cursor->store->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    cursor->at = low;
}

static void
memory_next(store_cursor *cursor)
{
    assert(cursor->at < cursor->store->count);
    cursor->at++;
}

static bool
memory_valid(const store_cursor *cursor)
{
    return cursor->at < cursor->store->count;
}

static mst_slice
memory_key(const store_cursor *cursor)
{
    return cursor->store->items[cursor->at].key;
}

static mst_slice
memory_value(const store_cursor *cursor)
{
    return cursor->store->items[cursor->at].value;
}

static mst_status
memory_status(const store_cursor *cursor)
{
    (void)cursor;
    return MST_OK;
}

static void
memory_close(store *base)
{
    memory_store *self = (memory_store *)base;
    for (size_t i = 0; i < self->count; i++)
        entry_free(&self->items[i]);
    free(self->items);
    free(self);
}

store *
store_memory_open(void)
{
    static const store_ops ops = {.write = memory_write,
                                  .cursor_open = memory_cursor_open,
                                  .cursor_close = memory_cursor_close,
                                  .seek = memory_seek,
                                  .next = memory_next,
                                  .valid = memory_valid,
                                  .key = memory_key,
                                  .value = memory_value,
                                  .status = memory_status,
                                  .close = memory_close};
    memory_store *self = mst_alloc(sizeof *self);
    *self = (memory_store){.base = {&ops}};
    return &self->base;
}
