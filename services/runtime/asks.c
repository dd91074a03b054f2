/* asks.c - what a piece of work asks for: pages of the log, answers of other services, its own earlier commit, time. */
#include "proto/codec.h"
#include "services/runtime/work.h"
#include <assert.h>
#include <string.h>

static mst_ask *
ask_new(mst_work *work, mst_ask_kind kind, uint64_t tag)
{
    mst_ask *ask = mst_arena_alloc(work->arena, sizeof *ask);
    ask->kind = kind;
    ask->tag = tag;
    ask->since_ms = work->instance->now.ms;
    if (work->asks_last)
        work->asks_last->next = ask;
    else
        work->asks_first = ask;
    return work->asks_last = ask;
}

void
mst_work_read(mst_work *work, uint64_t tag, const char *stream, uint64_t version, uint32_t max_events)
{
    assert(work->state == WORK_RUNNING);
    mst_ask *ask = ask_new(work, ASK_READ, tag);
    ask->stream = mst_arena_strdup(work->arena, stream);
    ask->from = version;
    ask->max_events = max_events;
    rt_asks_send(work);
}

void
mst_work_call(mst_work *work, uint64_t tag, const char *service, const char *key, const ProtobufCMessage *argument,
              const ProtobufCMessageDescriptor *expected)
{
    assert(work->state == WORK_RUNNING);
    mst_ask *ask = ask_new(work, ASK_CALL, tag);
    ask->service = mst_arena_strdup(work->arena, service);
    ask->key = mst_arena_strdup(work->arena, key ? key : "");
    ask->method = mst_arena_strdup(work->arena, argument->descriptor->short_name);
    ask->argument = mst_arena_pack(work->arena, argument);
    ask->expected = expected;
    rt_asks_send(work);
}

void
mst_work_wait(mst_work *work, uint64_t tag, uint32_t ms)
{
    assert(work->state == WORK_RUNNING);
    mst_ask *ask = ask_new(work, ASK_TIME, tag);
    ask->retry_ms = ask->since_ms + ms;
}

void
mst_work_hold(mst_work *work, bool held)
{
    work->held = held;
}

void
rt_ask_find(mst_work *work)
{
    ask_new(work, ASK_FIND, 0);
    rt_asks_send(work);
}

static mst_status
ask_send(mst_work *work, mst_ask *ask)
{
    uint8_t commit_id[MST_ID_SIZE];
    const char *name = work->instance->core->name;
    mst_slice named[2] = {{(const uint8_t *)name, strlen(name)}, {work->command_id, MST_ID_SIZE}};
    Muster__V1__Read read = MUSTER__V1__READ__INIT;
    Muster__V1__Call call = MUSTER__V1__CALL__INIT;
    Muster__V1__FindCommit find = MUSTER__V1__FIND_COMMIT__INIT;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = ask->request_id = rt_request_id(work->instance);
    switch (ask->kind) {
    case ASK_READ:
        read.stream = ask->stream;
        read.from = ask->from;
        read.max_events = ask->max_events;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_READ;
        request.read = &read;
        break;
    case ASK_CALL:
        call.service = ask->service;
        call.key = ask->key;
        call.method = ask->method;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
        request.call = &call;
        break;
    case ASK_FIND:
        mst_id_of(commit_id, named, 2);
        find.commit_id = (ProtobufCBinaryData){MST_ID_SIZE, commit_id};
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_FIND_COMMIT;
        request.find_commit = &find;
        break;
    case ASK_TIME: return MST_OK;
    }
    return rt_send(work->instance, &request, &ask->argument, ask->kind == ASK_CALL ? 1 : 0);
}

void
rt_asks_send(mst_work *work)
{
    int64_t now_ms = work->instance->now.ms;
    if (work->state != WORK_RUNNING && work->state != WORK_RECALLING)
        return;
    for (mst_ask *ask = work->asks_first; ask; ask = ask->next) {
        bool old = ask->sent && now_ms - ask->sent_ms >= 2 * UNANSWERED_MS; /* the broker's own limit comes first */
        if (ask->kind == ASK_TIME || (ask->sent && !old) || now_ms < ask->retry_ms)
            continue;
        if (ask_send(work, ask) != MST_OK)
            return;
        ask->sent = true;
        ask->sent_ms = now_ms;
    }
}

void
rt_asks_unsend(mst_work *work)
{
    for (mst_ask *ask = work->asks_first; ask; ask = ask->next)
        ask->sent = false;
}

static void
ask_remove(mst_work *work, mst_ask *before, const mst_ask *ask)
{
    if (before)
        before->next = ask->next;
    else
        work->asks_first = ask->next;
    if (work->asks_last == ask)
        work->asks_last = before;
}

/* The first wait that is over, one a tick. */
void
rt_asks_due(mst_work *work)
{
    if (work->state != WORK_RUNNING || (work->instance->draining && !work->call && !work->held))
        return;
    mst_ask *before = NULL;
    for (mst_ask *ask = work->asks_first; ask; before = ask, ask = ask->next) {
        if (ask->kind != ASK_TIME || work->instance->now.ms < ask->retry_ms)
            continue;
        ask_remove(work, before, ask);
        mst_step step = {.kind = MST_STEP_TIME, .tag = ask->tag};
        rt_work_step(work, &step);
        return;
    }
}

/* Replies --------------------------------------------------------------------------------------------- */

/* The service is not there just now: asks again later, for a while. */
static bool
wait_for_service(mst_work *work, mst_ask *ask, const Muster__V1__BusReply *reply)
{
    if (ask->kind != ASK_CALL || reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT)
        return false;
    Muster__V1__AnswerStatus status = reply->call_result->status;
    int64_t waited_ms = work->instance->now.ms - ask->since_ms;
    if ((status != MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE &&
         status != MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT) ||
        waited_ms >= (work->call ? ASK_CALL_MS_MAX : ASK_INPUT_MS_MAX))
        return false;
    ask->pause_ms = ask->pause_ms == 0 ? ASK_MS_MIN : ask->pause_ms * 2 > ASK_MS_MAX ? ASK_MS_MAX : ask->pause_ms * 2;
    ask->retry_ms = work->instance->now.ms + ask->pause_ms;
    ask->sent = false;
    return true;
}

static bool
page_step(mst_work *work, const mst_ask *ask, const Muster__V1__Page *page, const mst_slice *bodies,
          size_t bodies_count)
{
    mst_instance *instance = work->instance;
    mst_event *events = mst_arena_alloc(instance->message, (page->n_envelopes + 1) * sizeof *events);
    if (!events || bodies_count < page->n_envelopes)
        return false;
    for (size_t i = 0; i < page->n_envelopes; i++) {
        events[i].head = page->envelopes[i];
        events[i].body = bodies[i];
        events[i].message = rt_follow_unpack(instance, page->envelopes[i]->type, bodies[i]);
        if (!events[i].message)
            return false;
    }
    mst_step step = {.kind = MST_STEP_PAGE,
                     .tag = ask->tag,
                     .events = events,
                     .events_count = page->n_envelopes,
                     .next = page->next,
                     .end = page->end};
    rt_work_step(work, &step);
    return true;
}

static bool
answer_step(mst_work *work, const mst_ask *ask, const Muster__V1__CallResult *result, const mst_slice *bodies,
            size_t bodies_count)
{
    mst_step step = {.kind = MST_STEP_ANSWER, .tag = ask->tag, .status = result->status, .text = result->text};
    if (bodies_count && bodies[0].size) {
        step.message = mst_unpack(ask->expected, bodies[0].data, bodies[0].size, MST_BODY_SIZE_MAX,
                                  mst_arena_allocator(work->instance->message));
        if (!step.message)
            return false;
    } else if (result->status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK) {
        /* A message whose fields all have their default packs to nothing. */
        step.message = mst_unpack(ask->expected, (const uint8_t *)"", 0, MST_BODY_SIZE_MAX,
                                  mst_arena_allocator(work->instance->message));
    }
    rt_work_step(work, &step);
    return true;
}

/* The log's own memory of a refused command. */
static void
found(mst_work *work, const Muster__V1__BusReply *reply)
{
    const Muster__V1__CommitResult *result =
        reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT ? reply->commit_result : NULL;
    if (result && (result->status == MUSTER__V1__COMMIT_STATUS__COMMIT_OK ||
                   result->status == MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED)) {
        if (result->last_seq > work->durable_seq)
            work->durable_seq = result->last_seq;
        rt_call_repeat(work, result->answer.data, result->answer.len);
        if (work->state != WORK_DONE)
            work->state = WORK_APPLYING;
        work->instance->progressed = true;
        return;
    }
    rt_call_answer(work, work->status, work->text, work->reply);
}

static void
ask_handle(mst_work *work, mst_ask *ask, const Muster__V1__BusReply *reply, const mst_slice *bodies,
           size_t bodies_count)
{
    bool ok = false;
    if (ask->kind == ASK_FIND) {
        found(work, reply);
        return;
    }
    if (ask->kind == ASK_READ && reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_PAGE)
        ok = page_step(work, ask, reply->page, bodies, bodies_count);
    else if (ask->kind == ASK_CALL && reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT)
        ok = answer_step(work, ask, reply->call_result, bodies, bodies_count);
    if (ok)
        return;
    const char *why = reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT ? reply->fault->text
                                                                            : "an answer that cannot be read here";
    if (work->call)
        rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, why, (mst_slice){NULL, 0});
    else
        rt_work_release(work, false, why);
}

/* True: the reply was one that some work asked for. */
bool
rt_ask_reply(mst_instance *instance, const Muster__V1__BusReply *reply, const mst_slice *bodies, size_t bodies_count)
{
    for (mst_work *work = instance->works; work; work = work->next) {
        if (work->state != WORK_RUNNING && work->state != WORK_RECALLING)
            continue;
        if (instance->draining && !work->call)
            continue; /* goes back as it is; a part begun now would only be work for nothing */
        mst_ask *before = NULL;
        for (mst_ask *ask = work->asks_first; ask; before = ask, ask = ask->next) {
            if (!ask->sent || ask->request_id != reply->request_id)
                continue;
            if (wait_for_service(work, ask, reply))
                return true;
            ask_remove(work, before, ask);
            ask_handle(work, ask, reply, bodies, bodies_count);
            return true;
        }
    }
    return false;
}
