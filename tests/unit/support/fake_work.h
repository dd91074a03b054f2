/* fake_work.h - the work of a service (mst_work_*) without bus, broker or runtime: what a core asks for is written
 * down, what it commits is durable at once, numbered and applied to the core.
 *
 * Include it in a test that links a core but nothing of the runtime's own work: both define the same functions.
 * One core at a time; the test drives it with fake_call, fake_input and the fake_give functions. */
#ifndef MUSTER_TESTS_FAKE_WORK_H
#define MUSTER_TESTS_FAKE_WORK_H

#include "proto/codec.h"
#include "services/runtime/service.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_EVENTS_MAX 4096u

typedef struct fake_event {
    Muster__V1__Envelope *head;
    mst_slice body;
    ProtobufCMessage *message;
    uint32_t part; /* of the input it answers */
} fake_event;

typedef struct fake_ask {
    bool read; /* else a call */
    uint64_t tag;
    char *name; /* stream, or service */
    uint64_t from;
    ProtobufCMessage *argument;
} fake_ask;

struct mst_work {
    const mst_core *core;
    void *state;
    mst_arena *kept; /* as long as the fake */
    mst_arena *arena, *scratch;
    fake_event *log; /* everything that was committed */
    size_t log_count, log_room;
    fake_event pending[FAKE_EVENTS_MAX];
    size_t pending_count, pending_size;
    fake_ask asks[64];
    size_t asks_count;
    bool waits; /* for STEP_TIME */
    void *data;
    void (*destroy)(void *data);
    int64_t now_ms;
    uint32_t part;       /* under way */
    uint32_t parts_open; /* sent, and held back as not durable by the test: see hold_parts */
    bool hold_parts;
    bool ended, failed;
    Muster__V1__AnswerStatus status; /* of the last call */
    char text[2048];
    ProtobufCMessage *reply;
    char guards[8][64];
    size_t guards_count;
};

typedef struct mst_work fake_work;

static inline ProtobufCMessage *
fake_copy(mst_arena *arena, const ProtobufCMessage *message)
{
    mst_slice packed = mst_arena_pack(arena, message);
    ProtobufCMessage *copy =
        protobuf_c_message_unpack(message->descriptor, mst_arena_allocator(arena), packed.size, packed.data);
    assert(copy != NULL);
    return copy;
}

static inline fake_work *
fake_new(const mst_core *core, const mst_core_env *env)
{
    fake_work *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->core = core;
    self->kept = mst_arena_new(0);
    self->arena = mst_arena_new(0);
    self->scratch = mst_arena_new(0);
    self->now_ms = 1795295000000; /* 2026-11-21 */
    mst_status rc = core->open(&self->state, env);
    assert(rc == MST_OK);
    (void)rc;
    return self;
}

static inline void
fake_end(fake_work *self)
{
    self->ended = true;
}

/* Takes the work's own memory back, after it ended or to begin the next. */
static inline void
fake_clear(fake_work *self)
{
    if (self->destroy != NULL)
        self->destroy(self->data);
    self->data = NULL;
    self->destroy = NULL;
    self->pending_count = self->pending_size = self->asks_count = self->guards_count = 0;
    self->part = self->parts_open = 0;
    self->ended = self->failed = false;
    self->text[0] = '\0';
    self->reply = NULL;
    mst_arena_reset(self->arena);
}

static inline void
fake_destroy(fake_work *self)
{
    fake_clear(self);
    self->core->close(self->state);
    mst_arena_destroy(&self->kept);
    mst_arena_destroy(&self->arena);
    mst_arena_destroy(&self->scratch);
    free(self->log);
    free(self);
}

/* Has the core been told of all that is durable. */
static inline void
fake_apply(fake_work *self, const fake_event *event)
{
    mst_event applied = {event->head, event->message, event->body};
    for (const char *const *type = self->core->types; type != NULL && *type != NULL; type++)
        if (strcmp(*type, event->head->type) == 0)
            self->core->apply(self->state, &applied);
    applied.message = NULL;
    applied.body = (mst_slice){NULL, 0};
    for (const char *const *type = self->core->head_types; type != NULL && *type != NULL; type++)
        if (strcmp(*type, event->head->type) == 0)
            self->core->apply(self->state, &applied);
}

static inline fake_event
fake_event_of(fake_work *self, const char *stream, const char *batch_id, uint32_t rows, const ProtobufCMessage *message)
{
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    head.type = (char *)message->descriptor->short_name;
    head.stream = (char *)stream;
    head.batch_id = (char *)batch_id;
    head.rows = rows;
    head.recorded_at_ms = self->now_ms;
    fake_event event = {.head = (Muster__V1__Envelope *)fake_copy(self->kept, &head.base),
                        .body = mst_arena_pack(self->kept, message),
                        .message = fake_copy(self->kept, message),
                        .part = self->part};
    return event;
}

static inline void
fake_append(fake_work *self, fake_event event)
{
    if (self->log_count == self->log_room) {
        self->log_room = self->log_room == 0 ? 64 : self->log_room * 2;
        self->log = mst_realloc(self->log, self->log_room * sizeof *self->log);
    }
    event.head->seq = self->log_count + 1;
    event.head->stream_version = 1;
    for (size_t i = 0; i < self->log_count; i++)
        event.head->stream_version += strcmp(self->log[i].head->stream, event.head->stream) == 0;
    self->log[self->log_count++] = event;
    fake_apply(self, &self->log[self->log_count - 1]);
}

/* An event of somebody else's. */
static inline void
fake_happened(fake_work *self, const char *stream, const char *batch_id, uint32_t rows, const ProtobufCMessage *message)
{
    fake_append(self, fake_event_of(self, stream, batch_id, rows, message));
}

static inline void
fake_commit(fake_work *self)
{
    for (size_t i = 0; i < self->pending_count; i++)
        fake_append(self, self->pending[i]);
    self->pending_count = self->pending_size = 0;
}

static inline void
fake_step(fake_work *self, const mst_step *step)
{
    self->core->work(self->state, self, step);
    mst_arena_reset(self->scratch);
}

/* Asks the core; what it answers stands in status, text and reply once it has ended. */
static inline void
fake_call(fake_work *self, const ProtobufCMessage *argument)
{
    fake_clear(self);
    mst_step step = {.kind = MST_STEP_CALL,
                     .method = argument->descriptor->short_name,
                     .key = "",
                     .operator= "tester",
                     .argument = argument};
    fake_step(self, &step);
}

/* Gives the core event `at` of the log as an input. */
static inline void
fake_input(fake_work *self, size_t at, uint32_t next_part)
{
    fake_clear(self);
    mst_step step = {.kind = MST_STEP_INPUT,
                     .input = {self->log[at].head, self->log[at].message, self->log[at].body},
                     .next_part = next_part};
    fake_step(self, &step);
}

/* Takes the oldest thing the core asked for. */
static inline fake_ask
fake_take_ask(fake_work *self)
{
    assert(self->asks_count > 0);
    fake_ask ask = self->asks[0];
    memmove(self->asks, self->asks + 1, --self->asks_count * sizeof ask);
    return ask;
}

static inline void
fake_give_answer(fake_work *self, uint64_t tag, Muster__V1__AnswerStatus status, const ProtobufCMessage *message)
{
    mst_step step = {.kind = MST_STEP_ANSWER, .tag = tag, .status = status, .text = "", .message = message};
    fake_step(self, &step);
}

/* Answers every page asked for from the log, `max` events at a time. */
static inline void
fake_give_pages(fake_work *self, size_t max)
{
    while (!self->ended && self->asks_count > 0 && self->asks[0].read) {
        fake_ask ask = fake_take_ask(self);
        mst_event events[64];
        size_t count = 0, seen = 0;
        for (size_t i = 0; i < self->log_count; i++) {
            const fake_event *event = &self->log[i];
            if (strcmp(event->head->stream, ask.name) != 0 || event->head->stream_version < ask.from)
                continue;
            if (count < max && count < 64)
                events[count++] = (mst_event){event->head, event->message, event->body};
            seen++;
        }
        mst_step step = {.kind = MST_STEP_PAGE,
                         .tag = ask.tag,
                         .events = events,
                         .events_count = count,
                         .next = ask.from + count,
                         .end = count == seen};
        fake_step(self, &step);
    }
}

/* The parts held back become durable. */
static inline void
fake_give_room(fake_work *self)
{
    self->parts_open = 0;
    mst_step step = {.kind = MST_STEP_ROOM};
    fake_step(self, &step);
}

/* The last event of a type; NULL: none. */
static inline const ProtobufCMessage *
fake_last(const fake_work *self, const char *type)
{
    for (size_t i = self->log_count; i-- > 0;)
        if (strcmp(self->log[i].head->type, type) == 0)
            return self->log[i].message;
    return NULL;
}

static inline size_t
fake_count(const fake_work *self, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < self->log_count; i++)
        count += strcmp(self->log[i].head->type, type) == 0;
    return count;
}

/* What the runtime would do --------------------------------------------------------------------------- */

mst_arena *
mst_work_arena(mst_work *work)
{
    return work->arena;
}

mst_arena *
mst_work_scratch(mst_work *work)
{
    return work->scratch;
}

void *
mst_work_data(const mst_work *work)
{
    return work->data;
}

void
mst_work_set_data(mst_work *work, void *data, void (*destroy)(void *data))
{
    work->data = data;
    work->destroy = destroy;
}

int64_t
mst_work_now_ms(const mst_work *work)
{
    return work->now_ms;
}

void
mst_work_event(mst_work *work, const char *stream, const char *batch_id, const char *key, uint32_t rows,
               const ProtobufCMessage *message)
{
    assert(!work->ended && work->pending_count < FAKE_EVENTS_MAX);
    fake_event event = fake_event_of(work, stream, batch_id, rows, message);
    assert(event.body.size <= MST_BODY_SIZE_MAX);
    assert(mst_unpack(message->descriptor, event.body.data, event.body.size, MST_BODY_SIZE_MAX,
                      mst_arena_allocator(work->scratch)) != NULL);
    if (key != NULL)
        event.head->key = mst_arena_strdup(work->kept, key);
    work->pending[work->pending_count++] = event;
    work->pending_size += event.body.size;
}

void
mst_work_guard(mst_work *work, const char *stream)
{
    assert(work->guards_count < 8);
    snprintf(work->guards[work->guards_count++], sizeof work->guards[0], "%s", stream);
}

size_t
mst_work_part_size(const mst_work *work)
{
    return work->pending_size;
}

void
mst_work_part(mst_work *work)
{
    assert(!work->ended && work->pending_size < (4u << 20) && work->pending_count < 200);
    fake_commit(work);
    work->part++;
    work->parts_open += work->hold_parts;
}

uint32_t
mst_work_parts_open(const mst_work *work)
{
    return work->parts_open;
}

void
mst_work_finish(mst_work *work)
{
    assert(!work->ended && work->pending_size < (4u << 20) && work->pending_count < 200);
    fake_commit(work);
    fake_end(work);
}

void
mst_work_answer(mst_work *work, const ProtobufCMessage *reply)
{
    assert(!work->ended);
    work->status = MUSTER__V1__ANSWER_STATUS__ANSWER_OK;
    work->reply = reply == NULL ? NULL : fake_copy(work->kept, reply);
    fake_commit(work);
    fake_end(work);
}

void
mst_work_refuse(mst_work *work, Muster__V1__AnswerStatus status, const ProtobufCMessage *reply, const char *format, ...)
{
    assert(!work->ended);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->text, sizeof work->text, format, arguments);
    va_end(arguments);
    work->status = status;
    work->reply = reply == NULL ? NULL : fake_copy(work->kept, reply);
    fake_end(work);
}

void
mst_work_fail(mst_work *work, const char *format, ...)
{
    assert(!work->ended);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->text, sizeof work->text, format, arguments);
    va_end(arguments);
    work->failed = true;
    fake_end(work);
}

void
mst_work_read(mst_work *work, uint64_t tag, const char *stream, uint64_t version, uint32_t max_events)
{
    (void)max_events;
    assert(work->asks_count < 64);
    work->asks[work->asks_count++] =
        (fake_ask){.read = true, .tag = tag, .name = mst_arena_strdup(work->kept, stream), .from = version};
}

void
mst_work_call(mst_work *work, uint64_t tag, const char *service, const char *key, const ProtobufCMessage *argument,
              const ProtobufCMessageDescriptor *expected)
{
    (void)key;
    (void)expected;
    assert(work->asks_count < 64);
    work->asks[work->asks_count++] = (fake_ask){
        .tag = tag, .name = mst_arena_strdup(work->kept, service), .argument = fake_copy(work->kept, argument)};
}

void
mst_work_wait(mst_work *work, uint64_t tag, uint32_t ms)
{
    (void)tag;
    (void)ms;
    work->waits = true;
}

#endif
