/* broker.c - the core's door: open, receive, tick. */
#include "broker.h"

#include "core.h"
#include <stdlib.h>
#include <string.h>

static mst_status
load_tail(mst_broker *broker)
{
    broker->tail = broker->durable_seq = broker->boot_tail = broker->store->tail(broker->store);
    broker->recent_first = broker->tail + 1;
    if (broker->tail == 0)
        return MST_OK;
    const Muster__V1__Envelope *head;
    mst_status rc = mst_core_event(broker, broker->tail, broker->scratch, &head, NULL);
    if (rc != MST_OK)
        return rc == MST_NOT_FOUND ? MST_CORRUPT : rc;
    if (head->hash.len != MST_HASH_SIZE)
        return MST_CORRUPT;
    memcpy(broker->last_hash, head->hash.data, MST_HASH_SIZE);
    memcpy(broker->durable_hash, head->hash.data, MST_HASH_SIZE);
    return MST_OK;
}

mst_status
mst_broker_open(mst_broker **out, const mst_broker_options *options)
{
    mst_broker *broker = mst_alloc(sizeof *broker);
    memset(broker, 0, sizeof *broker);
    broker->options = *options;
    if (broker->options.lease_ms == 0)
        broker->options.lease_ms = 10000;
    broker->store = options->store;
    broker->arena = mst_arena_new(0);
    broker->scratch = mst_arena_new(0);
    broker->hash = mst_hash_new();
    broker->facts = mst_table_new(broker->arena);
    broker->streams = mst_table_new(NULL);
    broker->producers = mst_table_new(NULL);
    broker->sessions_by_id = mst_table_new(NULL);
    broker->calls_by_id = mst_table_new(NULL);
    broker->outputs_end = &broker->outputs;
    broker->recent_capacity = RECENT_COUNT;
    broker->recent = mst_alloc(broker->recent_capacity * sizeof *broker->recent);
    broker->now_us = broker->ticked_us = broker->beacon_us = broker->cursor_us = options->now_us;
    broker->wall_ms = broker->started_wall_ms = options->wall_ms;

    mst_status rc = load_tail(broker);
    if (rc == MST_OK)
        rc = mst_facts_load(broker);
    bool more;
    if (rc == MST_OK)
        rc = mst_broker_turn_end(broker, &more); // the boot epoch is durable before anybody can connect
    if (rc != MST_OK)
        mst_broker_close(&broker);
    *out = broker;
    return rc;
}

void
mst_broker_close(mst_broker **out)
{
    mst_broker *broker = *out;
    *out = NULL;
    if (broker == NULL)
        return;
    while (broker->sessions != NULL)
        mst_session_end(broker, broker->sessions, true);
    for (mst_output *o = broker->outputs; o != NULL; o = o->next)
        for (size_t i = 0; i < o->bodies_count; i++)
            mst_body_unref(&o->bodies[i]);
    while (broker->groups != NULL) {
        mst_group *next = broker->groups->next;
        mst_group_destroy(&broker->groups);
        broker->groups = next;
    }
    mst_core_forget(broker);
    free(broker->recent);
    free(broker->fact_list);
    void *value;
    for (size_t at = 0; mst_table_next(broker->producers, &at, NULL, &value);)
        free(value);
    mst_table_destroy(&broker->facts);
    mst_table_destroy(&broker->streams);
    mst_table_destroy(&broker->producers);
    mst_table_destroy(&broker->sessions_by_id);
    mst_table_destroy(&broker->calls_by_id);
    mst_hash_destroy(&broker->hash);
    mst_arena_destroy(&broker->arena);
    mst_arena_destroy(&broker->scratch);
    free(broker);
}

/* A fenced process may have nothing to commit and would never learn that nobody calls it any more: its ping tells it,
 * so that it ends and whoever started it can start it anew. */
static void
pong(mst_broker *broker, const mst_session *session, uint64_t request_id)
{
    if (session->fenced) {
        mst_core_fault(broker, session->id, 0, MUSTER__V1__FAULT_CODE__FAULT_DENIED,
                       "a newer process of this name has started and taken this one's place");
        return;
    }
    Muster__V1__Pong *answer = mst_arena_alloc(broker->arena, sizeof *answer);
    muster__v1__pong__init(answer);
    answer->durable_seq = broker->durable_seq;
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_PONG, answer, NULL, 0);
}

static void
dispatch(mst_broker *broker, mst_session *from, const Muster__V1__BusRequest *request, mst_body *const *bodies,
         size_t bodies_count)
{
    uint64_t id = request->request_id;
    switch (request->what_case) {
    case MUSTER__V1__BUS_REQUEST__WHAT_COMMIT:
        mst_commit_receive(broker, from, id, request->commit, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW: mst_follow_begin(broker, from, id, request->follow); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_CREDIT: mst_follow_credit(broker, from, request->credit); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_UNFOLLOW: mst_follow_end(from, request->unfollow->subscription); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_JOIN: mst_group_join(broker, from, id, request->join); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_LEAVE: mst_group_leave(broker, from, request->leave->group); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_RELEASE: mst_group_release(broker, from, request->release); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_READ: mst_read_page(broker, from, id, request->read); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_FIND_COMMIT: mst_commit_find(broker, from, id, request->find_commit); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_CALL:
        mst_call_receive(broker, from, id, request->call, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REQUEST__WHAT_CALL_ANSWER:
        mst_call_answered(broker, from, request->call_answer, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REQUEST__WHAT_PING: pong(broker, from, id); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_REPORT: mst_session_report(broker, from, request->report); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS: mst_status_answer(broker, from, id); break;
    case MUSTER__V1__BUS_REQUEST__WHAT_LIST_PARKED:
        mst_group_list_parked(broker, from, id, request->list_parked);
        break;
    case MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED:
        mst_group_release_parked(broker, from, id, request->release_parked);
        break;
    default: mst_core_fault(broker, from->id, id, MUSTER__V1__FAULT_CODE__FAULT_MALFORMED, "a request without content");
    }
}

/* A session that only reads says so in Hello; it may not write, whoever it is. */
static bool
observer_may(Muster__V1__BusRequest__WhatCase what)
{
    return what != MUSTER__V1__BUS_REQUEST__WHAT_COMMIT && what != MUSTER__V1__BUS_REQUEST__WHAT_JOIN;
}

void
mst_broker_receive(mst_broker *broker, uint64_t session_id, const mst_principal *principal,
                   const Muster__V1__BusRequest *request, mst_body *const *bodies, size_t bodies_count)
{
    mst_session *from = mst_session_get(broker, session_id);
    if (!mst_rights_allow(principal->role, request->what_case) ||
        (from != NULL && from->observer && !observer_may(request->what_case))) {
        broker->refused_total++;
        mst_core_fault(broker, session_id, request->request_id, MUSTER__V1__FAULT_CODE__FAULT_DENIED,
                       "this key or session has no right to do that");
        return;
    }
    if (request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_HELLO) {
        mst_session_hello(broker, session_id, principal, request->request_id, request->hello);
        return;
    }
    if (from == NULL) {
        mst_core_fault(broker, session_id, request->request_id, MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION,
                       "say Hello first");
        return;
    }
    from->heard_us = broker->lease_now_us;
    dispatch(broker, from, request, bodies, bodies_count);
}

void
mst_broker_refuse(mst_broker *broker, uint64_t session_id, uint64_t request_id, Muster__V1__FaultCode code,
                  const char *text)
{
    broker->refused_total++;
    mst_core_fault(broker, session_id, request_id, code, text);
}

void
mst_broker_gone(mst_broker *broker, uint64_t session_id, bool orderly)
{
    mst_session *gone = mst_session_get(broker, session_id);
    if (gone != NULL)
        mst_session_end(broker, gone, orderly);
}

void
mst_broker_hold(mst_broker *broker, uint64_t session_id, bool hold)
{
    mst_session *slow = mst_session_get(broker, session_id);
    if (slow != NULL)
        slow->held = hold;
}

static void
beacon(mst_broker *broker)
{
    Muster__V1__Beacon message = MUSTER__V1__BEACON__INIT;
    message.incarnation = (ProtobufCBinaryData){16, broker->incarnation};
    message.durable_seq = broker->durable_seq;
    message.hash = (ProtobufCBinaryData){broker->durable_seq == 0 ? 0 : MST_HASH_SIZE, broker->durable_hash};
    broker->options.publish(broker->options.context, "watermark", &message.base, NULL);
}

void
mst_broker_tick(mst_broker *broker, int64_t now_us, int64_t wall_ms)
{
    int64_t elapsed = now_us > broker->now_us ? now_us - broker->now_us : 0;
    // A broker that was stopped or waited for its disk must not find all leases run out at once.
    broker->lease_now_us += elapsed < 2 * MST_BROKER_TICK_US ? elapsed : 2 * MST_BROKER_TICK_US;
    broker->now_us += elapsed;
    broker->wall_ms = wall_ms;
    if (broker->now_us - broker->ticked_us < MST_BROKER_TICK_US)
        return;
    broker->ticked_us = broker->now_us;
    mst_session_tick(broker);
    mst_call_tick(broker);
    mst_follow_watermarks(broker, true);
    if (broker->now_us - broker->cursor_us >= 1000000) {
        broker->cursor_us = broker->now_us;
        mst_groups_store_cursors(broker);
    }
    if (broker->now_us - broker->beacon_us >= 1000000) {
        broker->beacon_us = broker->now_us;
        beacon(broker);
    }
}

void
mst_broker_measure(mst_broker *broker, const mst_broker_meters *meters)
{
    broker->meters = *meters;
    broker->disk_full = meters->disk_reserve > 0 && meters->disk_free < meters->disk_reserve;
}

uint64_t
mst_broker_durable_seq(const mst_broker *broker)
{
    return broker->durable_seq;
}

const uint8_t *
mst_broker_last_hash(const mst_broker *broker)
{
    return broker->durable_hash;
}

const uint8_t *
mst_broker_incarnation(const mst_broker *broker)
{
    return broker->incarnation;
}

bool
mst_broker_has_session(const mst_broker *broker, uint64_t session_id)
{
    return mst_session_get(broker, session_id) != NULL;
}
