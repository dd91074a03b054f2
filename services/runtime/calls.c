/* calls.c - commands and queries that others send to this service. */
#include "proto/codec.h"
#include "services/runtime/work.h"
#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000

static void
answer_send(mst_instance *instance, uint64_t call_id, Muster__V1__AnswerStatus status, const char *text,
            mst_slice reply)
{
    Muster__V1__CallAnswer answer = MUSTER__V1__CALL_ANSWER__INIT;
    answer.call_id = call_id;
    answer.status = status;
    answer.text = (char *)text;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL_ANSWER;
    request.call_answer = &answer;
    rt_post(instance, &request, reply);
}

void
rt_call_answer(mst_work *work, Muster__V1__AnswerStatus status, const char *text, mst_slice reply)
{
    for (uint32_t i = 0; i < work->call_ids_count; i++)
        answer_send(work->instance, work->call_ids[i], status, text ? text : "", reply);
    rt_work_end(work);
}

/* What is kept beside the commit ---------------------------------------------------------------------- */

/* What the command asked for, apart from its id: the same id with another wish is a mistake of the caller. */
void
rt_call_fingerprint(const mst_work *work, uint8_t fingerprint[MST_ID_SIZE])
{
    const mst_slice *argument = &work->input.body; /* calls keep their packed argument there */
    mst_slice named[2] = {{(const uint8_t *)work->method, strlen(work->method)}, *argument};
    mst_id_of(fingerprint, named, 2);
}

mst_slice
rt_call_record(mst_work *work, mst_arena *arena, mst_slice reply)
{
    if (reply.size > ANSWER_SIZE_MAX)
        reply.size = 0; /* a repeat then learns only that it was done */
    uint8_t *record = mst_arena_alloc(arena, MST_ID_SIZE + reply.size);
    rt_call_fingerprint(work, record);
    if (reply.size)
        memcpy(record + MST_ID_SIZE, reply.data, reply.size);
    return (mst_slice){record, MST_ID_SIZE + reply.size};
}

/* Sets the answer that was given before; it goes out when the events of that time are applied here. */
void
rt_call_repeat(mst_work *work, const uint8_t *record, size_t size)
{
    uint8_t fingerprint[MST_ID_SIZE];
    rt_call_fingerprint(work, fingerprint);
    if (size < MST_ID_SIZE || memcmp(record, fingerprint, MST_ID_SIZE) != 0) {
        rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED,
                       "this command_id was used for another command before; make a new one", (mst_slice){NULL, 0});
        return;
    }
    work->status = MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED;
    work->text = "";
    work->reply = mst_arena_slice(work->arena, (mst_slice){record + MST_ID_SIZE, size - MST_ID_SIZE});
}

/* Taking ---------------------------------------------------------------------------------------------- */

bool
rt_call_may_begin(const mst_work *work)
{
    if (!work->command)
        return true;
    for (const mst_work *before = work->instance->works; before != work; before = before->next)
        if (before->call && before->command && before->state != WORK_DONE && strcmp(before->key, work->key) == 0)
            return false;
    return true;
}

static void
status_answer(mst_instance *instance, uint64_t call_id)
{
    Muster__V1__Report report = MUSTER__V1__REPORT__INIT;
    rt_report_fill(instance, &report, instance->message);
    answer_send(instance, call_id, MUSTER__V1__ANSWER_STATUS__ANSWER_OK, "",
                mst_arena_pack(instance->message, &report.base));
}

/* The same command again while the first is at work: both callers get the one answer. */
static bool
command_joined(mst_instance *instance, const Muster__V1__CallRequest *request)
{
    for (mst_work *work = instance->works; work; work = work->next) {
        if (!work->call || !work->command || work->state == WORK_DONE ||
            memcmp(work->command_id, request->command_id.data, MST_ID_SIZE) != 0)
            continue;
        if (strcmp(work->method, request->method) != 0)
            return false;
        if (work->call_ids_count == CALL_IDS_MAX)
            work->call_ids_count--;
        work->call_ids[work->call_ids_count++] = request->call_id;
        return true;
    }
    return false;
}

/* NULL, or why this call cannot be taken. */
static const char *
call_keep(mst_work *work, const Muster__V1__CallRequest *request, mst_slice body)
{
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(request->method);
    work->call_ids[work->call_ids_count++] = request->call_id;
    work->method = mst_arena_strdup(work->given, request->method);
    work->key = mst_arena_strdup(work->given, request->key);
    work->operator= mst_arena_strdup(work->given, request->operator_);
    work->now_ms = work->instance->now.wall_ms;
    work->deadline_ms = work->instance->now.ms + (request->timeout_ms ? request->timeout_ms : TIMEOUT_MS_DEFAULT);
    if (request->command_id.len) {
        if (request->command_id.len != MST_ID_SIZE)
            return "a command_id has 16 bytes";
        memcpy(work->command_id, request->command_id.data, MST_ID_SIZE);
        work->command = true;
    }
    if (!descriptor)
        return "this service does not know that command or query";
    work->input.body = mst_arena_slice(work->given, body);
    if (!work->input.body.data)
        work->input.body = (mst_slice){(const uint8_t *)"", 0};
    work->argument = mst_unpack(descriptor, work->input.body.data, work->input.body.size, MST_BODY_SIZE_MAX,
                                mst_arena_allocator(work->given));
    return work->argument ? NULL : "the argument cannot be read: too large, malformed, or text that is not UTF-8";
}

void
rt_call_take(mst_instance *instance, const Muster__V1__CallRequest *request, const mst_slice *bodies,
             size_t bodies_count)
{
    mst_slice none = {NULL, 0};
    if (strcmp(request->method, "GetStatus") == 0) {
        status_answer(instance, request->call_id);
        return;
    }
    if (instance->draining || instance->calls_count >= CALLS_MAX) {
        answer_send(instance, request->call_id, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE,
                    instance->draining ? "the service is stopping; try again"
                                       : "the service has too much to do; try again",
                    none);
        return;
    }
    if (request->command_id.len == MST_ID_SIZE && command_joined(instance, request))
        return;
    mst_work *work = rt_work_new(instance, true);
    const char *why = call_keep(work, request, bodies_count ? bodies[0] : none);
    if (why)
        rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, why, none);
    instance->progressed = true;
}
