/* world.h - a broker without a process: what tests of the core say to it, and what it says back.
 *
 * Everything a turn let out is kept until the next turn; `last` finds the answer to a request. */
#ifndef MUSTER_TESTS_BROKER_WORLD_H
#define MUSTER_TESTS_BROKER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/broker.h"
#include "broker/lib/hash.h"
#include "broker/memstore.h"
#include "proto/codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX 4096

typedef Muster__V1__BusReply reply_t;

typedef struct said {
    uint64_t session;
    const reply_t *reply;
    mst_slice bodies[MST_BROKER_EVENTS_MAX];
    size_t bodies_count;
} said;

typedef struct world {
    mst_store *store;
    mst_broker *broker;
    mst_arena *arena; /* what was said in this turn */
    mst_arena *build; /* requests */
    said *out;
    size_t out_count;
    size_t published;
    uint64_t published_seq; /* last event published */
    uint64_t requests;
    int64_t now_us;
    mst_status turn_rc;
    uint64_t syncs_at_out; /* appends that were durable when the last message left */
} world;

static inline void
world_out(void *context, uint64_t session, const reply_t *reply, mst_body *const *bodies, size_t bodies_count)
{
    world *w = context;
    assert_true(w->out_count < OUT_MAX);
    said *s = &w->out[w->out_count++];
    mst_slice packed = mst_arena_pack(w->arena, &reply->base);
    assert_true(packed.size <= MST_CONTROL_SIZE_MAX);
    s->session = session;
    s->reply = muster__v1__bus_reply__unpack(mst_arena_allocator(w->arena), packed.size, packed.data);
    assert_non_null(s->reply);
    s->bodies_count = bodies_count;
    for (size_t i = 0; i < bodies_count; i++)
        s->bodies[i] = mst_arena_slice(w->arena, (mst_slice){bodies[i]->data, bodies[i]->size});
    w->syncs_at_out = mst_memstore_syncs(w->store);
}

static inline void
world_publish(void *context, const char *topic, const ProtobufCMessage *head, mst_body *body)
{
    world *w = context;
    (void)topic;
    w->published++;
    if (body != NULL)
        w->published_seq = ((const Muster__V1__Envelope *)head)->seq;
}

static inline mst_status
world_boot(world *w)
{
    mst_broker_options options = {.store = w->store,
                                  .new_incarnation = "incarnation-0001",
                                  .now_us = w->now_us,
                                  .wall_ms = 1700000000000,
                                  .lease_ms = 1000,
                                  .out = world_out,
                                  .publish = world_publish,
                                  .context = w};
    return mst_broker_open(&w->broker, &options);
}

static inline void
world_open(world *w)
{
    *w = (world){.store = mst_memstore_new(), .arena = mst_arena_new(0), .build = mst_arena_new(0), .now_us = 1000000};
    w->out = calloc(OUT_MAX, sizeof *w->out);
    assert_int_equal(world_boot(w), MST_OK);
}

static inline void
world_close(world *w)
{
    mst_broker_close(&w->broker);
    mst_store_close(&w->store);
    mst_arena_destroy(&w->arena);
    mst_arena_destroy(&w->build);
    free(w->out);
}

/* The broker's process dies; what was durable stays. */
static inline void
world_restart(world *w)
{
    mst_broker_close(&w->broker);
    mst_memstore_crash(w->store);
    w->out_count = 0;
    assert_int_equal(world_boot(w), MST_OK);
}

static inline void
turn_once(world *w, bool *more)
{
    w->turn_rc = mst_broker_turn_end(w->broker, more);
}

/* Ends the turn, and further ones while the broker has work of its own. */
static inline void
turn(world *w)
{
    bool more = true;
    w->out_count = 0;
    mst_arena_reset(w->arena);
    for (int i = 0; more && i < 100000; i++) {
        turn_once(w, &more);
        if (w->turn_rc != MST_OK)
            return;
    }
    mst_arena_reset(w->build);
}

static inline void
pass(world *w, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 50) {
        w->now_us += 50000;
        mst_broker_tick(w->broker, w->now_us, 1700000000000 + w->now_us / 1000);
    }
}

static const mst_principal LOCAL = {.role = MST_ROLE_LOCAL, .name = ""};

static inline uint64_t
ask_as(world *w, const mst_principal *principal, uint64_t session, Muster__V1__BusRequest__WhatCase what, void *content,
       const char *const *bodies, size_t bodies_count)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    mst_body *made[MST_BROKER_EVENTS_MAX + 1] = {NULL};
    request.request_id = ++w->requests;
    request.what_case = what;
    request.hello = content;
    for (size_t i = 0; i < bodies_count; i++)
        made[i] = mst_body_copy(bodies[i], strlen(bodies[i]));
    mst_broker_receive(w->broker, session, principal, &request, made, bodies_count);
    for (size_t i = 0; i < bodies_count; i++)
        mst_body_unref(&made[i]);
    return request.request_id;
}

static inline uint64_t
ask(world *w, uint64_t session, Muster__V1__BusRequest__WhatCase what, void *content)
{
    return ask_as(w, &LOCAL, session, what, content, NULL, 0);
}

/* The answer to a request of this turn; fails the test if there is none. */
static inline const reply_t *
answer(world *w, uint64_t request_id)
{
    for (size_t i = 0; i < w->out_count; i++)
        if (w->out[i].reply->request_id == request_id)
            return w->out[i].reply;
    fail_msg("request %llu was not answered", (unsigned long long)request_id);
    return NULL;
}

static inline bool
answered(const world *w, uint64_t request_id)
{
    for (size_t i = 0; i < w->out_count; i++)
        if (w->out[i].reply->request_id == request_id)
            return true;
    return false;
}

/* The n-th (from 0) message of a kind that this session got in this turn; NULL none. */
static inline const said *
got(const world *w, uint64_t session, Muster__V1__BusReply__WhatCase what, size_t n)
{
    for (size_t i = 0; i < w->out_count; i++)
        if (w->out[i].session == session && w->out[i].reply->what_case == what && n-- == 0)
            return &w->out[i];
    return NULL;
}

static inline const Muster__V1__Delivery *
delivery(const world *w, uint64_t session, size_t n)
{
    const said *s = got(w, session, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, n);
    return s == NULL ? NULL : s->reply->delivery;
}

/* Of a group's inputs only. */
static inline const Muster__V1__Delivery *
input_of(const world *w, uint64_t session, size_t n)
{
    for (size_t i = 0; i < w->out_count; i++) {
        const reply_t *reply = w->out[i].reply;
        if (w->out[i].session == session && reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_DELIVERY &&
            reply->delivery->subscription == 0 && n-- == 0)
            return reply->delivery;
    }
    return NULL;
}

static inline const Muster__V1__Welcome *
hello_epoch(world *w, uint64_t session, const char *producer, const char *service, uint64_t epoch)
{
    Muster__V1__Hello hello = MUSTER__V1__HELLO__INIT;
    hello.producer = (char *)producer;
    hello.service = (char *)service;
    hello.epoch = epoch;
    hello.protocol = 1;
    uint64_t id = ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_HELLO, &hello);
    turn(w);
    const reply_t *reply = answer(w, id);
    return reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WELCOME ? reply->welcome : NULL;
}

static inline uint64_t
hello(world *w, uint64_t session, const char *producer)
{
    const Muster__V1__Welcome *welcome = hello_epoch(w, session, producer, "", 0);
    assert_non_null(welcome);
    return welcome->epoch;
}

static inline void
ping(world *w, uint64_t session)
{
    Muster__V1__Ping message = MUSTER__V1__PING__INIT;
    ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_PING, &message);
}

/* A commit under construction; `id` names it. */
typedef struct commit_t {
    Muster__V1__Commit message;
    uint8_t id[16], fingerprint[16];
    Muster__V1__EventHead heads[MST_BROKER_EVENTS_MAX + 1], *head_list[MST_BROKER_EVENTS_MAX + 1];
    const char *bodies[MST_BROKER_EVENTS_MAX + 1];
    Muster__V1__Ack acks[4], *ack_list[4];
    Muster__V1__Expectation expectations[4], *expectation_list[4];
} commit_t;

static inline commit_t *
commit(world *w, const char *id, uint64_t epoch)
{
    commit_t *c = mst_arena_alloc(w->build, sizeof *c);
    muster__v1__commit__init(&c->message);
    mst_slice part = {(const uint8_t *)id, strlen(id)};
    mst_id_of(c->id, &part, 1);
    memcpy(c->fingerprint, c->id, 16);
    c->message.commit_id = (ProtobufCBinaryData){16, c->id};
    c->message.fingerprint = (ProtobufCBinaryData){16, c->fingerprint};
    c->message.producer_epoch = epoch;
    c->message.events = c->head_list;
    c->message.acks = c->ack_list;
    c->message.expectations = c->expectation_list;
    return c;
}

static inline commit_t *
with_event(commit_t *c, const char *type, const char *stream, const char *batch, const char *key, const char *body)
{
    size_t n = c->message.n_events++;
    muster__v1__event_head__init(&c->heads[n]);
    c->heads[n].type = (char *)type;
    c->heads[n].stream = (char *)stream;
    c->heads[n].batch_id = (char *)batch;
    c->heads[n].key = (char *)key;
    c->heads[n].rows = 1;
    c->head_list[n] = &c->heads[n];
    c->bodies[n] = body;
    return c;
}

static inline commit_t *
with_ack(commit_t *c, const char *group, uint64_t seq, uint64_t grant, uint32_t part, bool last)
{
    size_t n = c->message.n_acks++;
    muster__v1__ack__init(&c->acks[n]);
    c->acks[n].group = (char *)group;
    c->acks[n].seq = seq;
    c->acks[n].grant = grant;
    c->acks[n].part = part;
    c->acks[n].last = last;
    c->ack_list[n] = &c->acks[n];
    return c;
}

static inline commit_t *
expecting(commit_t *c, const char *stream, uint64_t version)
{
    size_t n = c->message.n_expectations++;
    muster__v1__expectation__init(&c->expectations[n]);
    c->expectations[n].stream = (char *)stream;
    c->expectations[n].version = version;
    c->expectation_list[n] = &c->expectations[n];
    return c;
}

static inline uint64_t
send_commit(world *w, uint64_t session, commit_t *c)
{
    return ask_as(w, &LOCAL, session, MUSTER__V1__BUS_REQUEST__WHAT_COMMIT, &c->message, c->bodies,
                  c->message.n_events);
}

static inline const Muster__V1__CommitResult *
committed(world *w, uint64_t session, commit_t *c)
{
    uint64_t id = send_commit(w, session, c);
    turn(w);
    const reply_t *reply = answer(w, id);
    assert_int_equal(reply->what_case, MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT);
    return reply->commit_result;
}

/* One event in a commit of its own; its seq. */
static inline uint64_t
append(world *w, uint64_t session, uint64_t epoch, const char *id, const char *type, const char *stream,
       const char *batch)
{
    const Muster__V1__CommitResult *result =
        committed(w, session, with_event(commit(w, id, epoch), type, stream, batch, "", "body"));
    assert_int_equal(result->status, MUSTER__V1__COMMIT_STATUS__COMMIT_OK);
    return result->last_seq;
}

static inline void
follow(world *w, uint64_t session, uint32_t subscription, const char *type, uint64_t from, uint32_t credit)
{
    Muster__V1__Follow message = MUSTER__V1__FOLLOW__INIT;
    char *types[] = {(char *)type};
    message.subscription = subscription;
    message.types = types;
    message.n_types = type != NULL;
    message.from_seq = from;
    message.credit = credit;
    ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW, &message);
}

static inline void
join(world *w, uint64_t session, const char *group, const char *type, uint32_t credit)
{
    Muster__V1__Join message = MUSTER__V1__JOIN__INIT;
    char *types[] = {(char *)type};
    message.group = (char *)group;
    message.types = types;
    message.n_types = 1;
    message.credit = credit;
    ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_JOIN, &message);
}

static inline void
release(world *w, uint64_t session, const char *group, uint64_t seq, uint64_t grant, const char *reason, bool orderly)
{
    Muster__V1__Release message = MUSTER__V1__RELEASE__INIT;
    message.group = (char *)group;
    message.seq = seq;
    message.grant = grant;
    message.reason = (char *)reason;
    message.orderly = orderly;
    ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_RELEASE, &message);
}

static inline void
add_credit(world *w, uint64_t session, uint32_t subscription, uint32_t deliveries)
{
    Muster__V1__Credit message = MUSTER__V1__CREDIT__INIT;
    message.subscription = subscription;
    message.deliveries = deliveries;
    ask(w, session, MUSTER__V1__BUS_REQUEST__WHAT_CREDIT, &message);
}

#endif
