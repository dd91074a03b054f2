/* pending.c - see pending.h. */
#include "services/export/pending.h"

#include "services/export/order.h"
#include "services/export/record.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct item {
    uint32_t at; /* of key, then value, in bytes */
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
    *added = (item){.at = (uint32_t)self->size, .value_size = (uint32_t)value_size, .key_size = (uint16_t)key_size};

    size_t shared = self->count == 0 ? key_size : self->shared;
    const uint8_t *first = self->bytes + self->items[0].at;
    self->shared = order_shared(first, key, shared < key_size ? shared : key_size);
    self->size += key_size + value_size;
    self->count++;
}

static mst_slice
key_of(const pending *self, uint32_t at)
{
    return (mst_slice){self->bytes + self->items[at].at, self->items[at].key_size};
}

/* Equal keys: in the order added. */
static int
compare_keys(const void *context, uint32_t left, uint32_t right)
{
    int order = store_compare(key_of(context, left), key_of(context, right));
    return order != 0 ? order : left < right ? -1 : left > right;
}

size_t
pending_sorted(pending *self, store_entry *entries)
{
    order_item *order = mst_alloc((self->count + 1) * sizeof *order);
    for (uint32_t i = 0; i < self->count; i++)
        order[i] = (order_item){order_of(self->bytes + self->items[i].at, self->items[i].key_size, self->shared), i};
    order_sort(order, self->count, compare_keys, self);
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        mst_slice key = key_of(self, order[i].index);
        store_entry entry = {key, {key.data + key.size, self->items[order[i].index].value_size}};
        if (count > 0 && store_compare(entries[count - 1].key, key) == 0)
            count--;
        entries[count++] = entry;
    }
    free(order);
    return count;
}
