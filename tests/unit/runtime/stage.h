/* stage.h - a small stage for the runtime's tests: the broker's core with its log in memory, instances of a test
 * service, and a person who sends commands, all in one thread. Messages wait in two queues until somebody pumps. */
#ifndef TESTS_RUNTIME_STAGE_H
#define TESTS_RUNTIME_STAGE_H

#include "broker/broker.h"
#include "broker/memstore.h"
#include "ingestion.pb-c.h"
#include "services/runtime/batchlog.h"
#include "services/runtime/instance.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTORS_MAX 8
#define TAKEN_MAX 64

typedef struct test_letter {
    struct test_letter *next;
    uint64_t session;
    uint8_t *head;
    size_t head_size;
    mst_slice bodies[MST_BROKER_EVENTS_MAX];
    size_t bodies_count;
} test_letter;

typedef struct test_actor {
    struct test_stage *stage;
    uint64_t session;       /* 0: not connected */
    char name[32];          /* producer */
    mst_instance *instance; /* NULL: a person */
    const mst_core *core;
    mst_batchlog *log;
    uint64_t epoch;
    /* a person's replies, newest last; in `memory` */
    Muster__V1__BusReply *taken[TAKEN_MAX];
    mst_slice taken_body[TAKEN_MAX];
    size_t taken_count;
} test_actor;

typedef struct test_stage {
    mst_store *store;
    mst_broker *broker;
    uint64_t sessions;
    int64_t now_ms;
    test_letter *to_broker, *to_actors;
    test_actor actors[ACTORS_MAX];
    size_t actors_count;
    mst_arena *memory;
    uint64_t request_id;
    uint32_t commits_sent; /* by instances */
} test_stage;

static inline mst_now
stage_now(const test_stage *stage)
{
    return (mst_now){stage->now_ms, 1700000000000 + stage->now_ms};
}

static inline test_letter *
letter_put(test_letter **queue, bool front)
{
    test_letter *made = calloc(1, sizeof *made);
    while (!front && *queue)
        queue = &(*queue)->next;
    made->next = *queue;
    *queue = made;
    return made;
}

static inline test_letter *
letter_take(test_letter **queue)
{
    test_letter *first = *queue;
    if (first)
        *queue = first->next;
    return first;
}

static inline void
letter_free(test_letter *letter)
{
    for (size_t i = 0; i < letter->bodies_count; i++)
        free((void *)letter->bodies[i].data);
    free(letter->head);
    free(letter);
}

static inline void
letter_fill(test_letter *letter, uint64_t session, const ProtobufCMessage *head)
{
    letter->session = session;
    letter->head_size = protobuf_c_message_get_packed_size(head);
    letter->head = malloc(letter->head_size + 1);
    protobuf_c_message_pack(head, letter->head);
}

static inline void
letter_body(test_letter *letter, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (size)
        memcpy(copy, data, size);
    letter->bodies[letter->bodies_count++] = (mst_slice){copy, size};
}

static inline void
stage_out(void *context, uint64_t session, const Muster__V1__BusReply *reply, mst_body *const *bodies, size_t count)
{
    test_letter *made = letter_put(&((test_stage *)context)->to_actors, false);
    letter_fill(made, session, &reply->base);
    for (size_t i = 0; i < count; i++)
        letter_body(made, bodies[i]->data, bodies[i]->size);
}

static inline void
stage_publish(void *context, const char *topic, const ProtobufCMessage *head, mst_body *body)
{
    (void)context;
    (void)topic;
    (void)head;
    (void)body;
}

static inline void
actor_say_at(test_actor *actor, bool front, const Muster__V1__BusRequest *request, const mst_slice *bodies,
             size_t count)
{
    test_letter *made = letter_put(&actor->stage->to_broker, front);
    letter_fill(made, actor->session, &request->base);
    for (size_t i = 0; i < count; i++)
        letter_body(made, bodies[i].data, bodies[i].size);
}

static inline mst_status
actor_send(void *self, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t count)
{
    test_actor *actor = self;
    actor->stage->commits_sent += request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_COMMIT;
    actor_say_at(actor, false, request, bodies, count);
    return MST_OK;
}

static inline void
actor_hello(test_actor *actor)
{
    Muster__V1__Hello hello = MUSTER__V1__HELLO__INIT;
    hello.producer = actor->name;
    hello.epoch = actor->epoch;
    hello.protocol = 1;
    hello.service = actor->instance ? (char *)actor->core->name : "";
    hello.operator_ = "anna";
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 1;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_HELLO;
    request.hello = &hello;
    actor->session = ++actor->stage->sessions;
    actor_say_at(actor, false, &request, NULL, 0);
}

static inline void
actor_take(test_actor *actor, test_letter *letter)
{
    test_stage *stage = actor->stage;
    Muster__V1__BusReply *reply =
        muster__v1__bus_reply__unpack(mst_arena_allocator(stage->memory), letter->head_size, letter->head);
    assert_non_null(reply);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WELCOME) {
        actor->epoch = reply->welcome->epoch;
        if (actor->instance)
            assert_int_equal(mst_instance_back(actor->instance, reply->welcome, stage_now(stage)), MST_OK);
        return;
    }
    if (actor->instance) {
        mst_instance_receive(actor->instance, reply, letter->bodies, letter->bodies_count, stage_now(stage));
        return;
    }
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_PONG)
        return;
    assert_true(actor->taken_count < TAKEN_MAX);
    actor->taken[actor->taken_count] = reply;
    if (letter->bodies_count)
        actor->taken_body[actor->taken_count] = mst_arena_slice(stage->memory, letter->bodies[0]);
    actor->taken_count++;
}

/* One round: everything said reaches the broker, a turn ends, everything answered reaches its actor. */
static inline bool
stage_round(test_stage *stage)
{
    const mst_principal local = {.role = MST_ROLE_LOCAL};
    bool happened = false, more = true;
    for (test_letter *letter; (letter = letter_take(&stage->to_broker)); happened = true) {
        mst_body *bodies[MST_BROKER_EVENTS_MAX];
        Muster__V1__BusRequest *request = muster__v1__bus_request__unpack(NULL, letter->head_size, letter->head);
        assert_non_null(request);
        for (size_t i = 0; i < letter->bodies_count; i++)
            bodies[i] = mst_body_copy(letter->bodies[i].data, letter->bodies[i].size);
        mst_broker_receive(stage->broker, letter->session, &local, request, bodies, letter->bodies_count);
        for (size_t i = 0; i < letter->bodies_count; i++)
            mst_body_unref(&bodies[i]);
        muster__v1__bus_request__free_unpacked(request, NULL);
        letter_free(letter);
    }
    while (more)
        assert_int_equal(mst_broker_turn_end(stage->broker, &more), MST_OK);
    for (test_letter *letter; (letter = letter_take(&stage->to_actors)); happened = true) {
        test_actor *receiver = NULL;
        for (size_t i = 0; i < stage->actors_count; i++)
            if (stage->actors[i].session == letter->session)
                receiver = &stage->actors[i];
        if (receiver)
            actor_take(receiver, letter);
        letter_free(letter);
    }
    for (size_t i = 0; i < stage->actors_count; i++)
        if (stage->actors[i].instance)
            mst_instance_settle(stage->actors[i].instance, stage_now(stage));
    return happened;
}

/* Until nobody has anything to say. */
static inline void
stage_pump(test_stage *stage)
{
    int rounds = 0;
    while (stage_round(stage))
        assert_true(++rounds < 10000);
}

/* Time passes; everybody notices. */
static inline void
stage_wait(test_stage *stage, int ms)
{
    for (int passed = 0; passed < ms; passed += 100) {
        stage->now_ms += 100;
        mst_broker_tick(stage->broker, stage->now_ms * 1000, stage_now(stage).wall_ms);
        for (size_t i = 0; i < stage->actors_count; i++) {
            if (stage->actors[i].instance)
                mst_instance_tick(stage->actors[i].instance, stage_now(stage));
            if (stage->actors[i].session) {
                Muster__V1__Ping ping = MUSTER__V1__PING__INIT;
                Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
                request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_PING;
                request.ping = &ping;
                actor_say_at(&stage->actors[i], false, &request, NULL, 0);
            }
        }
        stage_pump(stage);
    }
}

static inline void
stage_open(test_stage *stage)
{
    *stage = (struct test_stage){.now_ms = 1000, .memory = mst_arena_new(0)};
    stage->store = mst_memstore_new();
    mst_broker_options options = {.store = stage->store,
                                  .new_incarnation = {1, 2, 3},
                                  .now_us = stage->now_ms * 1000,
                                  .wall_ms = stage_now(stage).wall_ms,
                                  .out = stage_out,
                                  .publish = stage_publish,
                                  .context = stage};
    assert_int_equal(mst_broker_open(&stage->broker, &options), MST_OK);
}

static inline test_actor *
stage_person(test_stage *stage, const char *name)
{
    test_actor *actor = &stage->actors[stage->actors_count++];
    *actor = (struct test_actor){.stage = stage};
    snprintf(actor->name, sizeof actor->name, "%s", name);
    actor_hello(actor);
    stage_pump(stage);
    return actor;
}

/* Starts the process of an actor: on its batch log, with a new epoch. */
static inline void
actor_start(test_actor *actor)
{
    char why[256] = "";
    mst_instance_options options = {.core = actor->core,
                                    .env = {.data_dir = "", .blobs_dir = "", .instance = actor->name},
                                    .port = {.self = actor, .send = actor_send},
                                    .log = actor->log};
    assert_int_equal(mst_instance_new(&actor->instance, &options, stage_now(actor->stage), why), MST_OK);
    actor->epoch = 0;
    actor_hello(actor);
}

static inline test_actor *
stage_instance(test_stage *stage, const mst_core *core, const char *name)
{
    test_actor *actor = &stage->actors[stage->actors_count++];
    *actor = (struct test_actor){.stage = stage, .core = core, .log = mst_batchlog_open_memory()};
    snprintf(actor->name, sizeof actor->name, "%s", name);
    actor_start(actor);
    stage_pump(stage);
    return actor;
}

/* The connection ends; what was on its way to the actor is lost. */
static inline void
actor_disconnect(test_actor *actor)
{
    test_letter *kept = NULL;
    for (test_letter *letter; (letter = letter_take(&actor->stage->to_actors));)
        if (letter->session == actor->session) {
            letter_free(letter);
        } else {
            *letter_put(&kept, false) = *letter;
            free(letter);
        }
    actor->stage->to_actors = kept;
    mst_broker_gone(actor->stage->broker, actor->session, false);
    actor->session = 0;
    if (actor->instance)
        mst_instance_lost(actor->instance, stage_now(actor->stage));
}

/* kill -9 */
static inline void
actor_kill(test_actor *actor)
{
    mst_instance *instance = actor->instance;
    actor->instance = NULL;
    actor_disconnect(actor);
    mst_instance_destroy(&instance);
}

static inline void
stage_close(test_stage *stage)
{
    for (size_t i = 0; i < stage->actors_count; i++) {
        mst_instance_destroy(&stage->actors[i].instance);
        mst_batchlog_close(&stage->actors[i].log);
    }
    for (test_letter *letter; (letter = letter_take(&stage->to_broker));)
        letter_free(letter);
    for (test_letter *letter; (letter = letter_take(&stage->to_actors));)
        letter_free(letter);
    mst_broker_close(&stage->broker);
    mst_store_close(&stage->store);
    mst_arena_destroy(&stage->memory);
}

/* What a person does ---------------------------------------------------------------------------------- */

/* Sends a command (number > 0: its id is made of it) or query; the request id. */
static inline uint64_t
person_call(test_actor *person, const char *service, const char *key, const ProtobufCMessage *argument, uint32_t number)
{
    uint8_t command_id[MST_ID_SIZE] = {0};
    memcpy(command_id, &number, sizeof number);
    Muster__V1__Call call = MUSTER__V1__CALL__INIT;
    call.service = (char *)service;
    call.key = (char *)key;
    call.method = (char *)argument->descriptor->short_name;
    if (number)
        call.command_id = (ProtobufCBinaryData){sizeof command_id, command_id};
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 1000 + ++person->stage->request_id;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
    request.call = &call;
    mst_slice body = mst_arena_pack(person->stage->memory, argument);
    actor_say_at(person, false, &request, &body, 1);
    return request.request_id;
}

/* The reply to a request; NULL: none came. */
static inline const Muster__V1__BusReply *
person_reply(const test_actor *person, uint64_t request_id, mst_slice *body)
{
    for (size_t i = 0; i < person->taken_count; i++)
        if (person->taken[i]->request_id == request_id) {
            if (body)
                *body = person->taken_body[i];
            return person->taken[i];
        }
    return NULL;
}

static inline Muster__V1__AnswerStatus
person_answer(const test_actor *person, uint64_t request_id, Muster__V1__BatchView **view)
{
    mst_slice body = {NULL, 0};
    const Muster__V1__BusReply *reply = person_reply(person, request_id, &body);
    if (!reply)
        return MUSTER__V1__ANSWER_STATUS__ANSWER_UNKNOWN;
    assert_int_equal(reply->what_case, MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT);
    if (view)
        *view = body.data
                    ? muster__v1__batch_view__unpack(mst_arena_allocator(person->stage->memory), body.size, body.data)
                    : NULL;
    return reply->call_result->status;
}

/* Everything in the log, as "Type stream" lines. */
static inline char *
stage_log(test_stage *stage)
{
    char *text = mst_arena_alloc(stage->memory, 65536);
    uint64_t tail = stage->store->tail(stage->store);
    for (uint64_t seq = 1; seq <= tail; seq++) {
        mst_slice head;
        assert_int_equal(stage->store->head(stage->store, seq, stage->memory, &head), MST_OK);
        Muster__V1__Envelope *envelope =
            muster__v1__envelope__unpack(mst_arena_allocator(stage->memory), head.size, head.data);
        snprintf(text + strlen(text), 65536 - strlen(text), "%s %s\n", envelope->type, envelope->stream);
    }
    return text;
}

static inline uint32_t
stage_count(test_stage *stage, const char *line)
{
    uint32_t count = 0;
    for (const char *at = stage_log(stage); (at = strstr(at, line)); at += strlen(line))
        count++;
    return count;
}

#endif
