/* memstore.c - see memstore.h.
 *
 * What is durable is the list of turns that were synced; everything else is an index over the applied turns and is
 * built again after a crash. Facts are a sorted array: simulations and tests have some thousands of them. */
#include "memstore.h"

#include "table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct record {
    uint8_t *head;
    size_t head_size;
    mst_body *body;
    char *stream;
} record;

typedef struct fact {
    mst_slice key, value;
} fact;

/* A copy of a turn, for crashes. */
typedef struct kept_turn {
    mst_turn turn;
    mst_arena *memory;
} kept_turn;

typedef struct versions {
    uint64_t *seqs;
    size_t count, capacity;
} versions;

typedef struct memstore {
    mst_store base;
    bool sync;
    mst_cut cut;
    uint64_t syncs;
    kept_turn *turns;
    size_t turns_count, turns_capacity, durable_count;
    record *records;
    size_t records_count, records_capacity;
    fact *facts;
    size_t facts_count, facts_capacity;
    mst_table *streams; /* name -> versions */
} memstore;

static int
slice_compare(mst_slice a, mst_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Index of the first fact not below `key`. */
static size_t
fact_at(const memstore *self, mst_slice key)
{
    size_t low = 0, high = self->facts_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (slice_compare(self->facts[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static mst_slice
slice_copy(mst_slice slice)
{
    uint8_t *copy = mst_alloc(slice.size + 1);
    if (slice.size > 0)
        memcpy(copy, slice.data, slice.size);
    return (mst_slice){copy, slice.size};
}

static void
put_fact(memstore *self, const mst_store_fact *put)
{
    size_t at = fact_at(self, put->key);
    bool there = at < self->facts_count && slice_compare(self->facts[at].key, put->key) == 0;
    if (there)
        free((void *)self->facts[at].value.data);
    if (put->erase) {
        if (!there)
            return;
        free((void *)self->facts[at].key.data);
        memmove(&self->facts[at], &self->facts[at + 1], (--self->facts_count - at) * sizeof *self->facts);
        return;
    }
    if (!there) {
        if (self->facts_count == self->facts_capacity) {
            self->facts_capacity = self->facts_capacity == 0 ? 256 : self->facts_capacity * 2;
            self->facts = mst_realloc(self->facts, self->facts_capacity * sizeof *self->facts);
        }
        memmove(&self->facts[at + 1], &self->facts[at], (self->facts_count++ - at) * sizeof *self->facts);
        self->facts[at].key = slice_copy(put->key);
    }
    self->facts[at].value = slice_copy(put->value);
}

static void
put_event(memstore *self, const mst_store_event *event)
{
    if (self->records_count == self->records_capacity) {
        self->records_capacity = self->records_capacity == 0 ? 256 : self->records_capacity * 2;
        self->records = mst_realloc(self->records, self->records_capacity * sizeof *self->records);
    }
    assert(event->seq == self->records_count + 1);
    record *r = &self->records[self->records_count++];
    *r = (record){(uint8_t *)slice_copy(event->head).data, event->head.size,
                  mst_body_copy(event->body.data, event->body.size), mst_strdup(event->stream)};
    void **slot = mst_table_at(self->streams, event->stream, strlen(event->stream));
    if (*slot == NULL) {
        *slot = mst_alloc(sizeof(versions));
        *(versions *)*slot = (versions){0};
    }
    versions *v = *slot;
    if (v->count == v->capacity) {
        v->capacity = v->capacity == 0 ? 8 : v->capacity * 2;
        v->seqs = mst_realloc(v->seqs, v->capacity * sizeof *v->seqs);
    }
    assert(event->version == v->count + 1);
    v->seqs[v->count++] = event->seq;
}

static void
apply(memstore *self, const mst_turn *turn)
{
    for (size_t i = 0; i < turn->events_count; i++)
        put_event(self, &turn->events[i]);
    for (size_t i = 0; i < turn->facts_count; i++)
        put_fact(self, &turn->facts[i]);
}

static void
forget(memstore *self)
{
    void *value;
    for (size_t i = 0; i < self->records_count; i++) {
        free(self->records[i].head);
        mst_body_unref(&self->records[i].body);
        free(self->records[i].stream);
    }
    for (size_t i = 0; i < self->facts_count; i++) {
        free((void *)self->facts[i].key.data);
        free((void *)self->facts[i].value.data);
    }
    for (size_t at = 0; mst_table_next(self->streams, &at, NULL, &value);) {
        free(((versions *)value)->seqs);
        free(value);
    }
    mst_table_clear(self->streams);
    self->records_count = self->facts_count = 0;
}

static void
keep(memstore *self, const mst_turn *turn)
{
    mst_arena *memory = mst_arena_new(0);
    mst_store_event *events = mst_arena_alloc(memory, (turn->events_count + 1) * sizeof *events);
    mst_store_fact *facts = mst_arena_alloc(memory, (turn->facts_count + 1) * sizeof *facts);
    for (size_t i = 0; i < turn->events_count; i++) {
        events[i] = turn->events[i];
        events[i].head = mst_arena_slice(memory, turn->events[i].head);
        events[i].body = mst_arena_slice(memory, turn->events[i].body);
        events[i].stream = mst_arena_strdup(memory, turn->events[i].stream);
    }
    for (size_t i = 0; i < turn->facts_count; i++)
        facts[i] = (mst_store_fact){mst_arena_slice(memory, turn->facts[i].key),
                                    mst_arena_slice(memory, turn->facts[i].value), turn->facts[i].erase};
    if (self->turns_count == self->turns_capacity) {
        self->turns_capacity = self->turns_capacity == 0 ? 64 : self->turns_capacity * 2;
        self->turns = mst_realloc(self->turns, self->turns_capacity * sizeof *self->turns);
    }
    self->turns[self->turns_count++] =
        (kept_turn){{turn->tail, events, turn->events_count, facts, turn->facts_count}, memory};
}

static mst_status
memstore_append(mst_store *store, const mst_turn *turn)
{
    memstore *self = (memstore *)store;
    if (turn->tail != self->records_count)
        return MST_STALE;
    mst_cut cut = self->cut;
    self->cut = MST_CUT_NONE;
    if (cut == MST_CUT_BEFORE)
        return MST_IO;
    keep(self, turn);
    apply(self, turn);
    if (self->sync || cut == MST_CUT_AFTER) {
        self->durable_count = self->turns_count;
        self->syncs++;
    }
    return cut == MST_CUT_AFTER ? MST_IO : MST_OK;
}

static uint64_t
memstore_tail(mst_store *store)
{
    return ((memstore *)store)->records_count;
}

static mst_status
memstore_head(mst_store *store, uint64_t seq, mst_arena *arena, mst_slice *head)
{
    memstore *self = (memstore *)store;
    if (seq < 1 || seq > self->records_count)
        return MST_NOT_FOUND;
    *head = mst_arena_slice(arena, (mst_slice){self->records[seq - 1].head, self->records[seq - 1].head_size});
    return MST_OK;
}

static mst_status
memstore_heads(mst_store *store, uint64_t from, uint64_t to, mst_head_visit visit, void *context)
{
    memstore *self = (memstore *)store;
    for (uint64_t seq = from < 1 ? 1 : from; seq <= to && seq <= self->records_count; seq++)
        if (!visit(context, seq, (mst_slice){self->records[seq - 1].head, self->records[seq - 1].head_size}))
            break;
    return MST_OK;
}

static mst_status
memstore_body(mst_store *store, uint64_t seq, mst_body **body)
{
    memstore *self = (memstore *)store;
    if (seq < 1 || seq > self->records_count)
        return MST_NOT_FOUND;
    *body = mst_body_ref(self->records[seq - 1].body);
    return MST_OK;
}

static mst_status
memstore_stream_last(mst_store *store, const char *stream, uint64_t *version)
{
    const versions *v = mst_table_get(((memstore *)store)->streams, stream, strlen(stream));
    *version = v == NULL ? 0 : v->count;
    return MST_OK;
}

static mst_status
memstore_stream(mst_store *store, const char *stream, uint64_t from, mst_version_visit visit, void *context)
{
    const versions *v = mst_table_get(((memstore *)store)->streams, stream, strlen(stream));
    for (uint64_t version = from < 1 ? 1 : from; v != NULL && version <= v->count; version++)
        if (!visit(context, version, v->seqs[version - 1]))
            break;
    return MST_OK;
}

static mst_status
memstore_fact(mst_store *store, mst_slice key, mst_arena *arena, mst_slice *value)
{
    memstore *self = (memstore *)store;
    size_t at = fact_at(self, key);
    if (at == self->facts_count || slice_compare(self->facts[at].key, key) != 0)
        return MST_NOT_FOUND;
    *value = mst_arena_slice(arena, self->facts[at].value);
    return MST_OK;
}

static mst_status
memstore_facts(mst_store *store, mst_slice prefix, mst_fact_visit visit, void *context)
{
    memstore *self = (memstore *)store;
    for (size_t at = fact_at(self, prefix); at < self->facts_count; at++) {
        fact *f = &self->facts[at];
        if (f->key.size < prefix.size || memcmp(f->key.data, prefix.data, prefix.size) != 0)
            break;
        if (!visit(context, f->key, f->value))
            break;
    }
    return MST_OK;
}

static void
memstore_close(mst_store *store)
{
    memstore *self = (memstore *)store;
    forget(self);
    for (size_t i = 0; i < self->turns_count; i++)
        mst_arena_destroy(&self->turns[i].memory);
    mst_table_destroy(&self->streams);
    free(self->turns);
    free(self->records);
    free(self->facts);
    free(self);
}

mst_store *
mst_memstore_new(void)
{
    memstore *self = mst_alloc(sizeof *self);
    *self = (memstore){
        .base = {memstore_append, memstore_tail, memstore_head, memstore_heads, memstore_body, memstore_stream_last,
                 memstore_stream, memstore_fact, memstore_facts, memstore_close},
        .sync = true,
        .streams = mst_table_new(NULL),
    };
    return &self->base;
}

void
mst_memstore_set_sync(mst_store *store, bool sync)
{
    ((memstore *)store)->sync = sync;
}

void
mst_memstore_cut(mst_store *store, mst_cut cut)
{
    ((memstore *)store)->cut = cut;
}

void
mst_memstore_crash(mst_store *store)
{
    memstore *self = (memstore *)store;
    self->cut = MST_CUT_NONE;
    if (self->durable_count == self->turns_count)
        return;
    while (self->turns_count > self->durable_count)
        mst_arena_destroy(&self->turns[--self->turns_count].memory);
    forget(self);
    for (size_t i = 0; i < self->turns_count; i++)
        apply(self, &self->turns[i].turn);
}

uint64_t
mst_memstore_syncs(const mst_store *store)
{
    return ((const memstore *)store)->syncs;
}
