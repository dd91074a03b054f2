/* stage.h - one core on a stage: a log in memory and a runtime of two pages, for unit tests of cores.
 *
 * It stands in for services/runtime (it defines the mst_work_* functions itself): parts become durable and pages arrive
 * in an order drawn from a seed, what is streamed is applied late, and the core can be killed after any accepted part
 * and opened again. Everything is kept until stage_close. */
#ifndef MUSTER_TESTS_STAGE_H
#define MUSTER_TESTS_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "services/runtime/service.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAGE_EVENTS_MAX 20000
#define STAGE_QUEUE_MAX 512
#define STAGE_PAGE_SIZE_MAX (1u << 20)
#define STAGE_PARTS_MAX 8
#define STAGE_PART_EVENTS_MAX 64

typedef struct stage_event {
    Muster__V1__Envelope head;
    mst_event event;
} stage_event;

typedef struct stage_read {
    uint64_t tag, version;
    uint32_t max_events;
    char *stream;
    const ProtobufCMessageDescriptor *expected; /* an ask of another service */
} stage_read;

typedef struct stage {
    const mst_core *core;
    mst_core_env env;
    void *state;
    mst_arena *arena; /* the log */
    stage_event *events;
    size_t count;
    size_t applied, streamed; /* events the core has seen of those remembered, and of those streamed */
    unsigned seed;
    bool late;     /* streamed events arrive late */
    int die_after; /* accepted parts after which the core dies once; -1 never */
    int64_t now_ms;
    /* How the service asked answers: NULL message: not found. */
    const ProtobufCMessage *other_answers;
    Muster__V1__AnswerStatus other_status;
    /* The answer to the last call. */
    Muster__V1__AnswerStatus status;
    char text[1024];
    ProtobufCMessage *reply;
    unsigned restarts, steps;
} stage;

struct mst_work {
    stage *stage;
    mst_arena *arena, *scratch;
    void *data;
    void (*destroy)(void *data);
    stage_event parts[STAGE_PARTS_MAX][STAGE_PART_EVENTS_MAX]; /* sent, not durable: a ring by number */
    size_t parts_count[STAGE_PARTS_MAX];
    uint32_t part, durable; /* the current one's number; first not durable */
    size_t part_size;
    stage_read reads[STAGE_QUEUE_MAX];
    size_t reads_first, reads_end;
    char guard[128];
    bool over, finished, failed;
    const char *method;
    const char *operator;
    const ProtobufCMessage *argument;
};

static inline unsigned
stage_draw(stage *self, unsigned below)
{
    self->seed = self->seed * 1103515245u + 12345u;
    return (self->seed >> 16) % below;
}

static inline bool
stage_named(const char *const *types, const char *type)
{
    for (; types != NULL && *types != NULL; types++)
        if (strcmp(*types, type) == 0)
            return true;
    return false;
}

static inline uint64_t
stage_version(const stage *self, const char *stream, size_t events)
{
    uint64_t version = 0;
    for (size_t i = 0; i < events; i++)
        version += strcmp(self->events[i].head.stream, stream) == 0;
    return version;
}

/* Lets the core see events: all remembered ones, and streamed ones as far as `streamed`. */
static inline void
stage_apply(stage *self, size_t streamed)
{
    for (; self->streamed < streamed; self->streamed++)
        if (stage_named(self->core->streamed_types, self->events[self->streamed].head.type))
            self->core->apply(self->state, &self->events[self->streamed].event);
    for (; self->applied < self->count; self->applied++)
        if (stage_named(self->core->types, self->events[self->applied].head.type))
            self->core->apply(self->state, &self->events[self->applied].event);
}

static inline void
stage_put(stage *self, const stage_event *event)
{
    assert(self->count < STAGE_EVENTS_MAX);
    stage_event *put = &self->events[self->count];
    *put = *event;
    put->head.seq = self->count + 1;
    put->head.stream_version = stage_version(self, put->head.stream, self->count) + 1;
    put->head.recorded_at_ms = self->now_ms;
    put->event.head = &put->head;
    self->count++;
}

static inline stage_event
stage_event_of(mst_arena *arena, const char *stream, const char *batch_id, const char *key, uint32_t rows,
               const ProtobufCMessage *message)
{
    stage_event made = {.head = MUSTER__V1__ENVELOPE__INIT};
    made.head.type = mst_arena_strdup(arena, message->descriptor->short_name);
    made.head.stream = mst_arena_strdup(arena, stream);
    made.head.batch_id = mst_arena_strdup(arena, batch_id);
    made.head.key = mst_arena_strdup(arena, key == NULL || key[0] == 0 ? batch_id : key);
    made.head.rows = rows;
    made.event.body = mst_arena_pack(arena, message);
    assert(made.event.body.size <= MST_BODY_SIZE_MAX);
    made.event.message = mst_unpack(message->descriptor, made.event.body.data, made.event.body.size, MST_BODY_SIZE_MAX,
                                    mst_arena_allocator(arena));
    assert(made.event.message != NULL);
    return made;
}

/* Something another service says. Returns its seq. */
static inline uint64_t
stage_say(stage *self, const char *stream, const char *batch_id, const void *message)
{
    stage_event made = stage_event_of(self->arena, stream, batch_id, NULL, 0, message);
    stage_put(self, &made);
    stage_apply(self, self->late ? self->streamed : self->count);
    return self->count;
}

static inline void
stage_start(stage *self)
{
    mst_status status = self->core->open(&self->state, &self->env);
    assert(status == MST_OK);
    self->applied = 0;
    self->streamed = self->core->position == NULL ? 0 : self->core->position(self->state);
    stage_apply(self, self->late ? self->streamed : self->count);
}

/* `dir` "": in memory, so that what is not in the log is gone after a death. */
static inline stage *
stage_open(const mst_core *core, const char *dir, unsigned seed)
{
    stage *self = mst_alloc(sizeof *self);
    *self = (stage){.core = core,
                    .env = {.data_dir = dir, .blobs_dir = "", .instance = "stage/1"},
                    .arena = mst_arena_new(0),
                    .events = mst_alloc(STAGE_EVENTS_MAX * sizeof(stage_event)),
                    .seed = seed,
                    .die_after = -1,
                    .now_ms = 1700000000000};
    stage_start(self);
    return self;
}

static inline void
stage_close(stage **self)
{
    (*self)->core->close((*self)->state);
    mst_arena_destroy(&(*self)->arena);
    free((*self)->events);
    free(*self);
    *self = NULL;
}

/* Dies as by kill -9 and comes back. */
static inline void
stage_die(stage *self)
{
    self->core->close(self->state);
    self->restarts++;
    stage_start(self);
}

/* What the runtime offers ------------------------------------------------------------------------------ */

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
    assert(!work->over);
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
    return work->stage->now_ms;
}

void
mst_work_event(mst_work *work, const char *stream, const char *batch_id, const char *key, uint32_t rows,
               const ProtobufCMessage *message)
{
    assert(!work->over);
    size_t slot = work->part % STAGE_PARTS_MAX, at = work->parts_count[slot]++;
    assert(at < STAGE_PART_EVENTS_MAX);
    work->parts[slot][at] = stage_event_of(work->stage->arena, stream, batch_id, key, rows, message);
    work->part_size += work->parts[slot][at].event.body.size;
}

void
mst_work_guard(mst_work *work, const char *stream)
{
    snprintf(work->guard, sizeof work->guard, "%s", stream);
}

size_t
mst_work_part_size(const mst_work *work)
{
    return work->part_size;
}

void
mst_work_part(mst_work *work)
{
    assert(!work->over && work->part - work->durable < STAGE_PARTS_MAX - 1);
    work->part++;
    work->parts_count[work->part % STAGE_PARTS_MAX] = 0;
    work->part_size = 0;
}

uint32_t
mst_work_parts_open(const mst_work *work)
{
    assert(!work->over);
    return work->part - work->durable;
}

void
mst_work_finish(mst_work *work)
{
    mst_work_part(work);
    work->over = work->finished = true;
}

static inline void
stage_answer(mst_work *work, Muster__V1__AnswerStatus status, const ProtobufCMessage *reply)
{
    stage *self = work->stage;
    self->status = status;
    self->reply =
        reply == NULL ? NULL : (ProtobufCMessage *)stage_event_of(self->arena, "", "", "", 0, reply).event.message;
    work->over = true;
}

void
mst_work_answer(mst_work *work, const ProtobufCMessage *reply)
{
    assert(!work->over);
    mst_work_part(work);
    work->stage->text[0] = 0;
    stage_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_OK, reply);
}

void
mst_work_refuse(mst_work *work, Muster__V1__AnswerStatus status, const ProtobufCMessage *reply, const char *format, ...)
{
    assert(!work->over);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->stage->text, sizeof work->stage->text, format, arguments);
    va_end(arguments);
    stage_answer(work, status, reply);
}

void
mst_work_fail(mst_work *work, const char *format, ...)
{
    assert(!work->over);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->stage->text, sizeof work->stage->text, format, arguments);
    va_end(arguments);
    work->over = work->failed = true;
}

void
mst_work_read(mst_work *work, uint64_t tag, const char *stream, uint64_t version, uint32_t max_events)
{
    assert(!work->over && work->reads_end - work->reads_first < STAGE_QUEUE_MAX);
    work->reads[work->reads_end++ % STAGE_QUEUE_MAX] =
        (stage_read){tag, version, max_events, mst_arena_strdup(work->arena, stream), NULL};
}

void
mst_work_call(mst_work *work, uint64_t tag, const char *service, const char *key, const ProtobufCMessage *argument,
              const ProtobufCMessageDescriptor *expected)
{
    (void)service, (void)key, (void)argument;
    work->reads[work->reads_end++ % STAGE_QUEUE_MAX] = (stage_read){tag, 0, 0, NULL, expected};
}

/* The turn --------------------------------------------------------------------------------------------- */

static inline void
stage_step(mst_work *work, const mst_step *step)
{
    work->stage->steps++;
    work->stage->core->work(work->stage->state, work, step);
    mst_arena_reset(work->scratch);
}

static inline void
stage_page(mst_work *work)
{
    stage *self = work->stage;
    stage_read read = work->reads[work->reads_first++ % STAGE_QUEUE_MAX];
    if (read.stream == NULL) {
        mst_step step = {.kind = MST_STEP_ANSWER,
                         .tag = read.tag,
                         .status = self->other_status,
                         .text = "",
                         .message = self->other_answers};
        stage_step(work, &step);
        return;
    }
    mst_event page[64];
    size_t count = 0, size = 0, max = read.max_events == 0 || read.max_events > 64 ? 64 : read.max_events;
    uint64_t version = 0;
    bool more = false;
    for (size_t i = 0; i < self->count && !more; i++) {
        if (strcmp(self->events[i].head.stream, read.stream) != 0 || ++version < read.version)
            continue;
        if (count == max || (count > 0 && size + self->events[i].event.body.size > STAGE_PAGE_SIZE_MAX)) {
            more = true;
            break;
        }
        size += self->events[i].event.body.size;
        page[count++] = self->events[i].event;
    }
    mst_step step = {.kind = MST_STEP_PAGE,
                     .tag = read.tag,
                     .events = page,
                     .events_count = count,
                     .next = read.version + count,
                     .end = !more};
    stage_step(work, &step);
}

static inline void
stage_make_durable(mst_work *work)
{
    stage *self = work->stage;
    size_t slot = work->durable % STAGE_PARTS_MAX;
    for (size_t i = 0; i < work->parts_count[slot]; i++)
        stage_put(self, &work->parts[slot][i]);
    work->durable++;
    stage_apply(self, self->late && stage_draw(self, 3) > 0 ? self->streamed : self->count);
}

static inline mst_work *
stage_work_new(stage *self, uint32_t next_part)
{
    mst_work *work = mst_alloc(sizeof *work);
    memset(work, 0, sizeof *work);
    work->stage = self;
    work->arena = mst_arena_new(0);
    work->scratch = mst_arena_new(0);
    work->part = work->durable = next_part;
    return work;
}

static inline void
stage_work_free(mst_work *work)
{
    if (work->destroy != NULL)
        work->destroy(work->data);
    mst_arena_destroy(&work->arena);
    mst_arena_destroy(&work->scratch);
    free(work);
}

/* Runs until the work is over and all its parts are durable. False: it died on the way, as planned. */
static inline bool
stage_run(mst_work *work)
{
    stage *self = work->stage;
    while (!work->over || work->durable < work->part) {
        bool part = work->durable < work->part, page = !work->over && work->reads_first < work->reads_end;
        if (work->failed)
            break;
        assert(part || page); // else the core waits for nothing
        if (part && (!page || stage_draw(self, 2) == 0)) {
            stage_make_durable(work);
            if (self->die_after >= 0 && (int)work->durable >= self->die_after &&
                !(work->over && work->durable == work->part)) {
                self->die_after = -1;
                return false;
            }
            if (!work->over) {
                mst_step step = {.kind = MST_STEP_ROOM};
                stage_step(work, &step);
            }
        } else {
            if (stage_draw(self, 4) == 0)
                stage_apply(self, self->count);
            stage_page(work);
        }
    }
    return true;
}

/* Gives the input with this seq to the core until it is done. False: given up by the core (self->text says why). */
static inline bool
stage_input(stage *self, uint64_t seq)
{
    uint32_t next_part = 0;
    for (;;) {
        mst_event input = self->events[seq - 1].event;
        mst_step step = {.kind = MST_STEP_INPUT, .input = input, .next_part = next_part};
        mst_work *work = stage_work_new(self, next_part);
        stage_apply(self, self->late && next_part == 0 ? self->streamed : self->count);
        stage_step(work, &step);
        bool done = stage_run(work), ok = work->finished;
        next_part = work->durable;
        stage_work_free(work);
        if (done)
            return ok;
        stage_die(self);
    }
}

/* Every input the log holds behind `from`, as it comes up, in order. Returns the last seq looked at. */
static inline size_t
stage_inputs(stage *self, size_t from)
{
    size_t at = from;
    for (; at < self->count; at++)
        if (stage_named(self->core->inputs, self->events[at].head.type)) {
            bool done = stage_input(self, at + 1);
            assert(done);
        }
    return at;
}

/* Calls the core as `operator`; the answer is in status, text and reply. */
static inline void
stage_call(stage *self, const char *operator, const void * argument)
{
    const ProtobufCMessage *message = argument;
    stage_event made = stage_event_of(self->arena, "", "", "", 0, message);
    mst_step step = {.kind = MST_STEP_CALL,
                     .method = message->descriptor->short_name,
                     .key = "",
                     .operator= operator,
                     .argument = made.event.message };
    mst_work *work = stage_work_new(self, 0);
    stage_step(work, &step);
    bool done = stage_run(work);
    assert(done);
    stage_work_free(work);
    stage_apply(self, self->count);
}

/* The last event of a type, NULL none. */
static inline const void *
stage_last(const stage *self, const char *type)
{
    for (size_t i = self->count; i-- > 0;)
        if (strcmp(self->events[i].head.type, type) == 0)
            return self->events[i].event.message;
    return NULL;
}

static inline size_t
stage_count(const stage *self, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp(self->events[i].head.type, type) == 0;
    return count;
}

#endif
