/* turn.c - how a turn becomes durable and is then let out. */
#include "core.h"

#include "proto/codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
mst_core_reply(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__BusReply__WhatCase what,
               void *content, mst_body *const *bodies, size_t bodies_count)
{
    mst_output *out = mst_arena_alloc(broker->arena, sizeof *out);
    out->session = session;
    muster__v1__bus_reply__init(&out->reply);
    out->reply.request_id = request_id;
    out->reply.what_case = what;
    out->reply.welcome = content; // every member of the union is a pointer to its message
    if (bodies_count > 0) {
        out->bodies = mst_arena_alloc(broker->arena, bodies_count * sizeof *out->bodies);
        out->bodies_count = bodies_count;
        for (size_t i = 0; i < bodies_count; i++)
            out->bodies[i] = mst_body_ref(bodies[i]);
    }
    *broker->outputs_end = out;
    broker->outputs_end = &out->next;
}

void
mst_core_fault(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__FaultCode code, const char *text)
{
    Muster__V1__Fault *fault = mst_arena_alloc(broker->arena, sizeof *fault);
    muster__v1__fault__init(fault);
    fault->code = code;
    fault->text = mst_arena_strdup(broker->arena, text);
    mst_core_reply(broker, session, request_id, MUSTER__V1__BUS_REPLY__WHAT_FAULT, fault, NULL, 0);
}

mst_entry *
mst_core_recent(const mst_broker *broker, uint64_t seq)
{
    if (seq < broker->recent_first || seq > broker->tail)
        return NULL;
    return broker->recent[seq & (broker->recent_capacity - 1)];
}

static void
recent_grow(mst_broker *broker)
{
    size_t capacity = broker->recent_capacity * 2;
    mst_entry **grown = mst_alloc(capacity * sizeof *grown);
    for (uint64_t seq = broker->recent_first; seq <= broker->tail; seq++)
        grown[seq & (capacity - 1)] = broker->recent[seq & (broker->recent_capacity - 1)];
    free(broker->recent);
    broker->recent = grown;
    broker->recent_capacity = capacity;
}

void
mst_core_append(mst_broker *broker, mst_entry *e)
{
    assert(e->head.seq == broker->tail + 1);
    if (broker->tail + 1 - broker->recent_first == broker->recent_capacity)
        recent_grow(broker);
    broker->tail++;
    broker->recent[broker->tail & (broker->recent_capacity - 1)] = e;
    broker->recent_size += e->body->size;
    broker->dirty = true;
}

static void
recent_drop(mst_broker *broker)
{
    mst_entry *e = mst_core_recent(broker, broker->recent_first);
    broker->recent_first++;
    broker->recent_size -= e->body->size;
    mst_body_unref(&e->body);
    free(e);
}

void
mst_core_forget(mst_broker *broker)
{
    while (broker->recent_first <= broker->tail)
        recent_drop(broker);
}

const Muster__V1__Envelope *
mst_core_unpack_head(mst_slice head, mst_arena *arena)
{
    return (const Muster__V1__Envelope *)mst_unpack(&muster__v1__envelope__descriptor, head.data, head.size,
                                                    MST_CONTROL_SIZE_MAX, mst_arena_allocator(arena));
}

mst_status
mst_core_event(mst_broker *broker, uint64_t seq, mst_arena *arena, const Muster__V1__Envelope **head, mst_body **body)
{
    mst_entry *e = mst_core_recent(broker, seq);
    if (e != NULL) {
        *head = &e->head;
        if (body != NULL)
            *body = mst_body_ref(e->body);
        return MST_OK;
    }
    mst_slice packed;
    mst_status rc = broker->store->head(broker->store, seq, arena, &packed);
    if (rc != MST_OK)
        return rc;
    *head = mst_core_unpack_head(packed, arena);
    if (*head == NULL || (*head)->seq != seq)
        return MST_CORRUPT;
    if (body == NULL)
        return MST_OK;
    rc = broker->store->body(broker->store, seq, body);
    if (rc == MST_OK && (*body)->size != (*head)->body_size) {
        mst_body_unref(body);
        rc = MST_CORRUPT;
    }
    return rc == MST_NOT_FOUND ? MST_CORRUPT : rc;
}

/* One append for everything this turn decided. */
static mst_status
write_turn(mst_broker *broker)
{
    size_t count = broker->tail - broker->durable_seq;
    mst_store_event *events = mst_arena_alloc(broker->arena, (count + 1) * sizeof *events);
    for (size_t i = 0; i < count; i++) {
        const mst_entry *e = mst_core_recent(broker, broker->durable_seq + 1 + i);
        events[i] = (mst_store_event){
            e->head.seq, e->packed, {e->body->data, e->body->size}, e->head.stream, e->head.stream_version};
    }
    mst_store_fact *facts = mst_arena_alloc(broker->arena, (broker->fact_count + 1) * sizeof *facts);
    for (size_t i = 0; i < broker->fact_count; i++)
        facts[i] = *broker->fact_list[i];
    mst_turn turn = {broker->durable_seq, events, count, facts, broker->fact_count};
    mst_status rc = broker->store->append(broker->store, &turn);
    broker->syncs_total++;
    return rc;
}

static void
publish_event(mst_broker *broker, const mst_entry *e)
{
    char topic[2 * MST_BROKER_NAME_MAX + 2];
    size_t type_size = strlen(e->head.type), batch_size = strlen(e->head.batch_id);
    assert(type_size <= MST_BROKER_NAME_MAX && batch_size <= MST_BROKER_NAME_MAX);
    memcpy(topic, e->head.type, type_size);
    topic[type_size] = '.';
    memcpy(topic + type_size + 1, e->head.batch_id, batch_size + 1);
    broker->options.publish(broker->options.context, topic, &e->head.base, e->body);
}

/* Only called when all of it is durable. */
static void
let_out(mst_broker *broker, uint64_t published_before)
{
    for (mst_output *out = broker->outputs; out != NULL; out = out->next)
        broker->options.out(broker->options.context, out->session, &out->reply, out->bodies, out->bodies_count);
    for (uint64_t seq = published_before + 1; seq <= broker->tail; seq++)
        publish_event(broker, mst_core_recent(broker, seq));
}

static void
end_turn_memory(mst_broker *broker)
{
    for (mst_output *out = broker->outputs; out != NULL; out = out->next)
        for (size_t i = 0; i < out->bodies_count; i++)
            mst_body_unref(&out->bodies[i]);
    broker->outputs = NULL;
    broker->outputs_end = &broker->outputs;
    while (broker->recent_first <= broker->tail &&
           (broker->tail + 1 - broker->recent_first > RECENT_COUNT || broker->recent_size > RECENT_SIZE_MAX))
        recent_drop(broker);
    if (mst_table_count(broker->streams) > STREAMS_MAX)
        mst_table_clear(broker->streams);
    broker->fact_count = 0;
    mst_table_clear(broker->facts);
    mst_arena_reset(broker->arena);
    mst_arena_reset(broker->scratch);
    broker->dirty = false;
}

mst_status
mst_broker_turn_end(mst_broker *broker, bool *more)
{
    *more = false;
    broker->turns++;
    mst_status rc = mst_follow_turn(broker, more);
    if (rc == MST_OK)
        rc = mst_groups_turn(broker, more);
    if (rc != MST_OK)
        return rc;
    mst_follow_watermarks(broker, false);
    if (broker->dirty) {
        rc = write_turn(broker);
        if (rc != MST_OK)
            return rc;
    }
    uint64_t published_before = broker->durable_seq;
    broker->durable_seq = broker->tail;
    memcpy(broker->durable_hash, broker->last_hash, sizeof broker->durable_hash);
    let_out(broker, published_before);
    end_turn_memory(broker);
    return MST_OK;
}
