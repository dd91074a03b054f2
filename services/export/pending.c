/* pending.c - see pending.h. */
#include "services/export/pending.h"

#include "services/export/record.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct item {
    uint64_t order;  /* 8 bytes of the key behind what all keys share: decides nearly every comparison */
    uint32_t at;     /* of key, then value, in bytes */
    uint32_t number; /* as added */
    uint32_t value_size;
    uint16_t key_size;
} item;

struct pending {
    uint8_t *bytes;
    size_t size, room;
    item *items;
    size_t count, items_room;
    size_t shared; /* bytes that all keys begin with */
};

pending *
pending_new(void)
{
    pending *self = mst_alloc(sizeof *self);
    *self = (pending){0};
    return self;
}

void
pending_destroy(pending **self)
{
    if (*self == NULL)
        return;
    free((*self)->bytes);
    free((*self)->items);
    free(*self);
    *self = NULL;
}

void
pending_reset(pending *self)
{
    self->size = self->count = self->shared = 0;
}

size_t
pending_count(const pending *self)
{
    return self->count;
}

size_t
pending_size(const pending *self)
{
    return self->size;
}

static void
make_room(pending *self, size_t bytes)
{
    if (self->size + bytes > self->room) {
        self->room = self->room * 2 > self->size + bytes ? self->room * 2 : self->size + bytes + 65536;
        self->bytes = mst_realloc(self->bytes, self->room);
    }
    if (self->count == self->items_room) {
        self->items_room = self->items_room == 0 ? 1024 : self->items_room * 2;
        self->items = mst_realloc(self->items, self->items_room * sizeof *self->items);
    }
}

void
pending_add(pending *self, uint16_t kind, const directory_record *record, const Muster__V1__Rows *rows, uint32_t row)
{
    make_room(self, RECORD_KEY_SIZE_MAX + record_value_size_max(record, rows, row));
    assert(self->size <= UINT32_MAX);
    item *added = &self->items[self->count];
    uint8_t *key = self->bytes + self->size;
    size_t key_size = record_key(key, kind, record->id, record->id_size, record->version);
    size_t value_size = record_value(key + key_size, record, rows, row);
    *added = (item){.at = (uint32_t)self->size,
                    .number = (uint32_t)self->count,
                    .value_size = (uint32_t)value_size,
                    .key_size = (uint16_t)key_size};

    size_t shared = self->count == 0 ? key_size : self->shared;
    const uint8_t *first = self->bytes + self->items[0].at;
    if (shared > key_size)
        shared = key_size;
    while (memcmp(first, key, shared) != 0) // shrinks rarely: keys of a batch share their beginning
        shared--;
    self->shared = shared;
    self->size += key_size + value_size;
    self->count++;
}

static int
compare_items(const void *left_item, const void *right_item, void *context)
{
    const item *left = left_item, *right = right_item;
    if (left->order != right->order)
        return left->order < right->order ? -1 : 1;
    const uint8_t *bytes = context;
    int order =
        store_compare((mst_slice){bytes + left->at, left->key_size}, (mst_slice){bytes + right->at, right->key_size});
    return order != 0 ? order : left->number < right->number ? -1 : 1;
}

size_t
pending_sorted(pending *self, store_entry *entries)
{
    for (size_t i = 0; i < self->count; i++) {
        item *one = &self->items[i];
        uint8_t window[8] = {0};
        size_t rest = one->key_size - self->shared;
        memcpy(window, self->bytes + one->at + self->shared, rest < sizeof window ? rest : sizeof window);
        one->order = record_get_u64(window);
    }
    qsort_r(self->items, self->count, sizeof *self->items, compare_items, self->bytes);
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const item *one = &self->items[i];
        store_entry entry = {{self->bytes + one->at, one->key_size},
                             {self->bytes + one->at + one->key_size, one->value_size}};
        if (count > 0 && store_compare(entries[count - 1].key, entry.key) == 0)
            count--;
        entries[count++] = entry;
    }
    return count;
}
