/* calls.c - a command or query finds the instance that answers it, and its answer the way back.
 *
 * Nothing of a call is durable: what it makes true goes through a commit, and a caller that hears nothing asks again
 * with the same command id. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000u
#define TIMEOUT_MS_MAX 600000u

static void
result(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__AnswerStatus status, const char *text,
       const char *instance, mst_body *const *bodies, size_t bodies_count)
{
    Muster__V1__CallResult *message = mst_arena_alloc(broker->arena, sizeof *message);
    muster__v1__call_result__init(message);
    message->status = status;
    message->text = mst_arena_strdup(broker->arena, text);
    message->instance = mst_arena_strdup(broker->arena, instance);
    mst_core_reply(broker, session, request_id, MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT, message, bodies, bodies_count);
}

static bool
answers_to(const mst_session *session, const char *name)
{
    return session->service[0] != '\0' && (strcmp(session->service, name) == 0 || strcmp(session->producer, name) == 0);
}

/* Of many instances the one that has the key, or had it last; else the one with the fewest calls open. */
static mst_session *
route(const mst_broker *broker, const char *name, const char *key)
{
    const mst_group *group = mst_group_get(broker, name);
    uint64_t holder = group == NULL || key[0] == '\0' ? 0 : mst_group_holder(group, key);
    mst_session *best = NULL;
    for (mst_session *s = broker->sessions; s != NULL; s = s->next) {
        if (!answers_to(s, name))
            continue;
        if (s->id == holder)
            return s;
        if (best == NULL || s->calls_serving < best->calls_serving)
            best = s;
    }
    return best;
}

static const char *
call_fault(const Muster__V1__Call *call, size_t bodies_count)
{
    if (call->service[0] == '\0' || call->method[0] == '\0')
        return "a call needs a service and a method";
    if (strlen(call->service) > MST_BROKER_NAME_MAX || strlen(call->method) > MST_BROKER_NAME_MAX ||
        strlen(call->key) > MST_BROKER_NAME_MAX)
        return "service, method and key may have 255 bytes";
    if (call->command_id.len != 0 && call->command_id.len != 16)
        return "a command id has 16 bytes";
    return bodies_count > 1 ? "a call has one body at most" : NULL;
}

static void
deliver(mst_broker *broker, const mst_call *c, const mst_session *caller, const Muster__V1__Call *asked,
        uint32_t timeout_ms, mst_body *const *bodies, size_t bodies_count)
{
    Muster__V1__CallRequest *message = mst_arena_alloc(broker->arena, sizeof *message);
    muster__v1__call_request__init(message);
    message->call_id = c->id;
    message->method = mst_arena_strdup(broker->arena, asked->method);
    message->key = mst_arena_strdup(broker->arena, asked->key);
    if (asked->command_id.len > 0)
        message->command_id =
            (ProtobufCBinaryData){16, mst_arena_copy(broker->arena, asked->command_id.data, asked->command_id.len)};
    message->operator_ = mst_arena_strdup(broker->arena, caller->operator);
    message->caller = mst_arena_strdup(broker->arena, caller->producer);
    message->timeout_ms = timeout_ms;
    mst_core_reply(broker, c->target, 0, MUSTER__V1__BUS_REPLY__WHAT_CALL_REQUEST, message, bodies, bodies_count);
}

void
mst_call_receive(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Call *asked,
                 mst_body *const *bodies, size_t bodies_count)
{
    const char *fault = call_fault(asked, bodies_count);
    if (fault != NULL) {
        result(broker, session->id, request_id, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, fault, "", NULL, 0);
        return;
    }
    struct mst_session *target = route(broker, asked->service, asked->key);
    bool full = mst_table_count(broker->calls_by_id) >= MST_BROKER_CALLS_MAX ||
                session->calls_asked >= MST_BROKER_SESSION_CALLS_MAX;
    if (target == NULL || full) {
        result(broker, session->id, request_id, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE,
               full ? "too many calls are open: 4096, or 256 of one client"
                    : "no instance of this service is connected",
               "", NULL, 0);
        return;
    }
    uint32_t timeout_ms = asked->timeout_ms == 0 ? TIMEOUT_MS_DEFAULT : asked->timeout_ms;
    if (timeout_ms > TIMEOUT_MS_MAX)
        timeout_ms = TIMEOUT_MS_MAX;
    mst_call *c = mst_alloc(sizeof *c);
    *c = (mst_call){.prev = broker->calls_last,
                    .id = (uint64_t)broker->boot_epoch << 32 | ++broker->call_ids,
                    .caller = session->id,
                    .request_id = request_id,
                    .target = target->id,
                    .deadline_us = broker->now_us + (int64_t)timeout_ms * 1000};
    *(broker->calls_last != NULL ? &broker->calls_last->next : &broker->calls) = c;
    broker->calls_last = c;
    *mst_table_at(broker->calls_by_id, &c->id, sizeof c->id) = c;
    session->calls_asked++;
    target->calls_serving++;
    deliver(broker, c, session, asked, timeout_ms, bodies, bodies_count);
}

static void
call_end(mst_broker *broker, mst_call *c)
{
    mst_session *caller = mst_session_get(broker, c->caller), *target = mst_session_get(broker, c->target);
    if (caller != NULL)
        caller->calls_asked--;
    if (target != NULL)
        target->calls_serving--;
    *(c->prev != NULL ? &c->prev->next : &broker->calls) = c->next;
    *(c->next != NULL ? &c->next->prev : &broker->calls_last) = c->prev;
    mst_table_remove(broker->calls_by_id, &c->id, sizeof c->id);
    free(c);
}

void
mst_call_answered(mst_broker *broker, mst_session *session, const Muster__V1__CallAnswer *answer,
                  mst_body *const *bodies, size_t bodies_count)
{
    mst_call *c = mst_table_get(broker->calls_by_id, &answer->call_id, sizeof answer->call_id);
    if (c == NULL || c->target != session->id)
        return; // it came too late, or was never asked of this session
    result(broker, c->caller, c->request_id, answer->status, answer->text, session->producer, bodies,
           bodies_count > 1 ? 1 : bodies_count);
    call_end(broker, c);
}

void
mst_call_session_end(mst_broker *broker, const mst_session *session)
{
    for (mst_call *c = broker->calls, *next; c != NULL; c = next) {
        next = c->next;
        if (c->caller != session->id && c->target != session->id)
            continue;
        if (c->target == session->id && c->caller != session->id)
            result(broker, c->caller, c->request_id, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE,
                   "the instance went away before it answered; ask again with the same command id", session->producer,
                   NULL, 0);
        call_end(broker, c);
    }
}

void
mst_call_tick(mst_broker *broker)
{
    for (mst_call *c = broker->calls, *next; c != NULL; c = next) {
        next = c->next;
        if (c->deadline_us > broker->now_us)
            continue;
        result(broker, c->caller, c->request_id, MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT,
               "no answer in time; whether it was carried out is unknown: ask again with the same command id", "", NULL,
               0);
        call_end(broker, c);
    }
}
