/* batchlog_memory.c - a batch log in memory: an array of events, and where each write ended, so that a simulated power
 * cut can take the newest writes back. */
#include "services/runtime/batchlog_ops.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint8_t *head; /* packed */
    size_t head_size;
    uint8_t *body; /* NULL: head only */
    size_t body_size;
    char *stream;
    uint64_t seq, version;
} entry;

typedef struct write {
    mst_position position;
    size_t entries_count; /* events in the log after this write */
    uint8_t *snapshot;    /* NULL unless this write is one */
    size_t snapshot_size;
    uint64_t snapshot_seq;
} write;

typedef struct memory {
    mst_batchlog base;
    entry *entries;
    size_t entries_count, entries_room;
    write *writes;
    size_t writes_count, writes_room;
} memory;

static void
entries_cut(memory *self, size_t count)
{
    while (self->entries_count > count) {
        entry *last = &self->entries[--self->entries_count];
        free(last->head);
        free(last->body);
        free(last->stream);
    }
}

static void
writes_cut(memory *self, size_t count)
{
    while (self->writes_count > count)
        free(self->writes[--self->writes_count].snapshot);
}

static void
memory_close(mst_batchlog *log)
{
    memory *self = (memory *)log;
    entries_cut(self, 0);
    writes_cut(self, 0);
    free(self->entries);
    free(self->writes);
    free(self);
}

static write *
write_add(memory *self)
{
    if (self->writes_count == self->writes_room) {
        self->writes_room = self->writes_room ? self->writes_room * 2 : 64;
        self->writes = mst_realloc(self->writes, self->writes_room * sizeof *self->writes);
    }
    write *added = &self->writes[self->writes_count++];
    *added = (write){.position = self->base.next, .entries_count = self->entries_count};
    return added;
}

static mst_status
memory_clear(mst_batchlog *log)
{
    memory *self = (memory *)log;
    entries_cut(self, 0);
    writes_cut(self, 0);
    write_add(self);
    return MST_OK;
}

static uint8_t *
bytes_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = mst_alloc(size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

static void
memory_add(mst_batchlog *log, const Muster__V1__Envelope *head, mst_slice body)
{
    memory *self = (memory *)log;
    if (self->entries_count == self->entries_room) {
        self->entries_room = self->entries_room ? self->entries_room * 2 : 64;
        self->entries = mst_realloc(self->entries, self->entries_room * sizeof *self->entries);
    }
    entry *added = &self->entries[self->entries_count++];
    *added = (entry){.head_size = muster__v1__envelope__get_packed_size(head),
                     .body = body.data ? bytes_copy(body.data, body.size) : NULL,
                     .body_size = body.size,
                     .stream = mst_strdup(head->stream),
                     .seq = head->seq,
                     .version = head->stream_version};
    added->head = mst_alloc(added->head_size);
    muster__v1__envelope__pack(head, added->head);
}

static mst_status
memory_flush(mst_batchlog *log)
{
    write_add((memory *)log);
    return MST_OK;
}

static uint64_t
memory_version(mst_batchlog *log, const char *stream)
{
    const memory *self = (memory *)log;
    for (size_t i = self->entries_count; i-- > 0;)
        if (strcmp(self->entries[i].stream, stream) == 0)
            return self->entries[i].version;
    return 0;
}

static mst_status
memory_replay(mst_batchlog *log, uint64_t after_seq, mst_batchlog_each *each, void *context)
{
    const memory *self = (memory *)log;
    size_t written = self->writes_count ? self->writes[self->writes_count - 1].entries_count : 0;
    for (size_t i = 0; i < written; i++) {
        const entry *at = &self->entries[i];
        if (at->seq <= after_seq)
            continue;
        Muster__V1__Envelope *head = muster__v1__envelope__unpack(NULL, at->head_size, at->head);
        assert(head != NULL);
        each(context, head, (mst_slice){at->body, at->body_size});
        muster__v1__envelope__free_unpacked(head, NULL);
    }
    return MST_OK;
}

static mst_status
memory_snapshot_put(mst_batchlog *log, uint64_t seq, mst_slice state)
{
    write *added = write_add((memory *)log);
    added->position = log->position;
    added->snapshot = bytes_copy(state.data, state.size);
    added->snapshot_size = state.size;
    added->snapshot_seq = seq;
    return MST_OK;
}

static mst_status
memory_snapshot_get(mst_batchlog *log, mst_arena *arena, uint64_t *seq, mst_slice *state)
{
    const memory *self = (memory *)log;
    for (size_t i = self->writes_count; i-- > 0;) {
        if (!self->writes[i].snapshot)
            continue;
        *seq = self->writes[i].snapshot_seq;
        *state = mst_arena_slice(arena, (mst_slice){self->writes[i].snapshot, self->writes[i].snapshot_size});
        return MST_OK;
    }
    return MST_NOT_FOUND;
}

uint32_t
mst_batchlog_memory_crash(mst_batchlog *log, uint32_t writes)
{
    memory *self = (memory *)log;
    size_t there = self->writes_count, keep = writes < there ? there - writes : 0;
    writes_cut(self, keep);
    entries_cut(self, keep ? self->writes[keep - 1].entries_count : 0);
    log->position = keep ? self->writes[keep - 1].position : (mst_position){.applied_seq = 0};
    log->next = log->position;
    log->pending = 0;
    return (uint32_t)there;
}

mst_batchlog *
mst_batchlog_open_memory(void)
{
    static const mst_batchlog_ops ops = {memory_close,   memory_clear,  memory_add,          memory_flush,
                                         memory_version, memory_replay, memory_snapshot_put, memory_snapshot_get};
    memory *self = mst_alloc(sizeof *self);
    *self = (memory){.base.ops = &ops};
    return &self->base;
}
