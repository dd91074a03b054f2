/* link_call.c - the upper layer of link.h: one question, one answer.
 *
 * A request that may have been lost is sent again as it was. Reads may be repeated freely, and commands carry their
 * command_id, by which the service that did them once gives the same answer again. */
#include "clock.h"
#include "link.h"
#include "proto/codec.h"
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000
#define UNAVAILABLE_MS_MAX 3000 /* ms to wait for a service that is just starting */
#define RETRY_MS 100            /* ms between two attempts */

static int64_t
now_ms(void)
{
    return mst_clock_monotonic_us() / 1000;
}

/* Copies what receive lent into the caller's arena. */
static const Muster__V1__BusReply *
reply_keep(mst_arena *arena, const mst_link_message *message, mst_slice **bodies, size_t *bodies_count)
{
    mst_slice packed = mst_arena_pack(arena, &message->reply->base);
    Muster__V1__BusReply *reply = muster__v1__bus_reply__unpack(mst_arena_allocator(arena), packed.size, packed.data);
    *bodies_count = message->bodies_count;
    *bodies = mst_arena_alloc(arena, message->bodies_count * sizeof **bodies);
    if (!reply || !*bodies)
        return NULL;
    for (size_t i = 0; i < message->bodies_count; i++)
        (*bodies)[i] = mst_arena_slice(arena, message->bodies[i]);
    return reply;
}

/* Sends until it is taken and waits for the reply; a session that came back is asked again. */
static mst_status
ask(mst_link *link, Muster__V1__BusRequest *request, const mst_slice *body, int64_t deadline_ms, mst_arena *arena,
    const Muster__V1__BusReply **reply, mst_slice **bodies, size_t *bodies_count)
{
    bool sent = false;
    request->request_id = mst_link_request_id(link);
    for (;;) {
        int64_t left_ms = deadline_ms - now_ms();
        if (left_ms <= 0)
            return MST_TIMEOUT;
        if (!sent) {
            mst_status rc = mst_link_send(link, request, body, body ? 1 : 0);
            if (rc != MST_OK && rc != MST_AGAIN)
                return rc;
            sent = rc == MST_OK;
        }
        mst_link_message message;
        mst_status rc = mst_link_receive(link, &message, (int)(sent || left_ms < RETRY_MS ? left_ms : RETRY_MS));
        if (rc == MST_TIMEOUT)
            continue;
        if (rc != MST_OK)
            return rc;
        if (message.event != MST_LINK_MESSAGE) {
            sent = false;
        } else if (message.reply->request_id == request->request_id) {
            *reply = reply_keep(arena, &message, bodies, bodies_count);
            return *reply ? MST_OK : MST_LIMIT;
        }
    }
}

mst_status
mst_link_ask(mst_link *link, Muster__V1__BusRequest *request, int timeout_ms, mst_arena *arena,
             const Muster__V1__BusReply **reply, mst_slice **bodies, size_t *bodies_count)
{
    int64_t deadline_ms = now_ms() + (timeout_ms > 0 ? timeout_ms : TIMEOUT_MS_DEFAULT);
    return ask(link, request, NULL, deadline_ms, arena, reply, bodies, bodies_count);
}

/* Turns the broker's reply into an answer. False: not one that ends a call. */
static bool
answer_take(mst_answer *answer, const Muster__V1__BusReply *reply, const mst_slice *bodies, size_t bodies_count,
            const ProtobufCMessageDescriptor *expected, mst_arena *arena)
{
    *answer = (mst_answer){.status = MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, .text = ""};
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT) {
        answer->status = reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED
                             ? MUSTER__V1__ANSWER_STATUS__ANSWER_DENIED
                             : MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED;
        answer->text = reply->fault->text;
        return true;
    }
    if (reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT)
        return false;
    answer->status = reply->call_result->status;
    answer->text = reply->call_result->text;
    bool done = answer->status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK ||
                answer->status == MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED;
    if (bodies_count && expected && (bodies[0].size || done)) { /* a message of defaults packs to nothing */
        answer->message =
            mst_unpack(expected, bodies[0].data, bodies[0].size, MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
        if (!answer->message) {
            answer->status = MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED;
            answer->text = "the answer is not of the expected kind";
        }
    }
    return true;
}

mst_status
mst_link_call(mst_link *link, const char *service, const char *key, const ProtobufCMessage *argument,
              const uint8_t *command_id, const ProtobufCMessageDescriptor *expected, int timeout_ms, mst_arena *arena,
              mst_answer *answer)
{
    int64_t start_ms = now_ms(), deadline_ms = start_ms + (timeout_ms > 0 ? timeout_ms : TIMEOUT_MS_DEFAULT);
    mst_slice body = mst_arena_pack(arena, argument);
    if (!body.data)
        return MST_LIMIT;
    Muster__V1__Call call = MUSTER__V1__CALL__INIT;
    call.service = (char *)service;
    call.key = (char *)(key ? key : "");
    call.method = (char *)argument->descriptor->short_name;
    if (command_id)
        call.command_id = (ProtobufCBinaryData){MST_ID_SIZE, (uint8_t *)command_id};
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
    request.call = &call;
    for (;;) {
        const Muster__V1__BusReply *reply = NULL;
        mst_slice *bodies = NULL;
        size_t bodies_count = 0;
        int64_t left_ms = deadline_ms - now_ms();
        if (left_ms <= 0)
            return MST_TIMEOUT;
        call.timeout_ms = (uint32_t)left_ms;
        mst_status rc = ask(link, &request, &body, deadline_ms, arena, &reply, &bodies, &bodies_count);
        if (rc != MST_OK)
            return rc;
        if (!answer_take(answer, reply, bodies, bodies_count, expected, arena))
            return MST_INVALID;
        if (answer->status != MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE ||
            now_ms() - start_ms + RETRY_MS > UNAVAILABLE_MS_MAX || now_ms() + RETRY_MS >= deadline_ms)
            return MST_OK;
        /* Nobody answers for this service yet; the ping goes on while we wait. */
        mst_link_message message;
        int64_t until_ms = now_ms() + RETRY_MS;
        while (now_ms() < until_ms)
            if (mst_link_receive(link, &message, (int)(until_ms - now_ms())) == MST_DENIED)
                return MST_DENIED;
    }
}
