/* pipeline.c - see pipeline.h. */
#include "pipeline.h"

#include "broker/lib/clock.h"
#include "proto/codec.h"
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_MS 10000
#define SILENCE_MS_MAX 60000 /* no answer to anything for so long: the system cannot be reached */

typedef struct open_call {
    bool open, sent;
    uint64_t tag, request_id;
    char *service, *key;
    const char *method;
    uint8_t command_id[MST_ID_SIZE];
    uint8_t *argument;
    size_t argument_size, argument_room;
    const ProtobufCMessageDescriptor *expected;
    int64_t retry_us; /* when to send it again */
} open_call;

struct call_pipeline {
    cli *self;
    unsigned window, open;
    open_call *calls;
    mst_arena *scratch;
    pipeline_answered *answered;
    void *context;
    int64_t heard_us;
};

call_pipeline *
pipeline_new(cli *self, unsigned window, pipeline_answered *answered, void *context)
{
    call_pipeline *pipeline = mst_alloc(sizeof *pipeline);
    *pipeline = (struct call_pipeline){.self = self, .window = window, .answered = answered, .context = context};
    pipeline->calls = mst_alloc(window * sizeof *pipeline->calls);
    memset(pipeline->calls, 0, window * sizeof *pipeline->calls);
    pipeline->scratch = mst_arena_new(0);
    pipeline->heard_us = mst_clock_monotonic_us();
    return pipeline;
}

static void
send_call(call_pipeline *self, open_call *call)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__Call message = MUSTER__V1__CALL__INIT;
    message.service = call->service;
    message.key = call->key;
    message.method = (char *)call->method;
    message.command_id = (ProtobufCBinaryData){MST_ID_SIZE, call->command_id};
    message.timeout_ms = CALL_TIMEOUT_MS;
    request.request_id = mst_link_request_id(self->self->link);
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
    request.call = &message;
    mst_slice body = {call->argument, call->argument_size};
    call->request_id = request.request_id;
    call->sent = mst_link_send(self->self->link, &request, &body, 1) == MST_OK;
    call->retry_us = mst_clock_monotonic_us() + (call->sent ? (CALL_TIMEOUT_MS + 2000) * 1000 : 20000);
}

/* Takes one answer. Services that are just restarting are asked again a little later. */
static void
take_answer(call_pipeline *self, open_call *call, const mst_link_message *message)
{
    Muster__V1__AnswerStatus status = MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED;
    const char *text = "";
    const Muster__V1__BusReply *reply = message->reply;
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT) {
        status = reply->call_result->status;
        text = reply->call_result->text;
    } else if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT) {
        text = reply->fault->text;
        if (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED)
            status = MUSTER__V1__ANSWER_STATUS__ANSWER_DENIED;
        else if (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION)
            status = MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE;
    }
    if (status == MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT ||
        status == MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE) {
        call->sent = false;
        call->request_id = 0;
        call->retry_us = mst_clock_monotonic_us() + 100000;
        return;
    }
    self->heard_us = mst_clock_monotonic_us();
    const ProtobufCMessage *answer = NULL;
    if (message->bodies_count > 0)
        answer = mst_unpack(call->expected, message->bodies[0].data, message->bodies[0].size, MST_BODY_SIZE_MAX,
                            mst_arena_allocator(self->scratch));
    uint64_t tag = call->tag;
    free(call->service);
    free(call->key);
    call->open = false;
    self->open--;
    self->answered(self->context, tag, status, text, answer);
    mst_arena_reset(self->scratch);
}

static void
resend(call_pipeline *self, bool all)
{
    int64_t now = mst_clock_monotonic_us();
    for (unsigned i = 0; i < self->window; i++)
        if (self->calls[i].open && (all || now >= self->calls[i].retry_us))
            send_call(self, &self->calls[i]);
}

/* Waits for one message and takes it. */
static int
receive(call_pipeline *self)
{
    mst_link_message message;
    mst_status rc = mst_link_receive(self->self->link, &message, 100);
    if (rc == MST_OK && message.event == MST_LINK_MESSAGE) {
        for (unsigned i = 0; i < self->window; i++)
            if (self->calls[i].open && self->calls[i].request_id == message.reply->request_id) {
                take_answer(self, &self->calls[i], &message);
                break;
            }
        return CLI_DONE; // a late second answer finds no call: it is dropped
    }
    if (rc != MST_OK && rc != MST_TIMEOUT && rc != MST_AGAIN)
        return cli_unreachable(self->self, "the same command may be repeated safely", "lost the system (%s)",
                               mst_status_name(rc));
    if (mst_clock_monotonic_us() - self->heard_us > SILENCE_MS_MAX * INT64_C(1000))
        return cli_unreachable(self->self, "muster status shows what runs; the same command may be repeated safely",
                               "no answer for %d s", SILENCE_MS_MAX / 1000);
    resend(self, rc == MST_OK && message.event == MST_LINK_BACK);
    return CLI_DONE;
}

int
pipeline_call(call_pipeline *self, const char *service, const char *key, const ProtobufCMessage *argument,
              const uint8_t command_id[MST_ID_SIZE], const ProtobufCMessageDescriptor *expected, uint64_t tag)
{
    while (self->open == self->window) {
        int rc = receive(self);
        if (rc != CLI_DONE)
            return rc;
    }
    open_call *call = self->calls;
    while (call->open)
        call++;
    size_t size = protobuf_c_message_get_packed_size(argument);
    if (size > call->argument_room) {
        call->argument = mst_realloc(call->argument, size);
        call->argument_room = size;
    }
    protobuf_c_message_pack(argument, call->argument);
    call->argument_size = size;
    call->service = mst_strdup(service);
    call->key = mst_strdup(key);
    call->method = argument->descriptor->short_name;
    memcpy(call->command_id, command_id, MST_ID_SIZE);
    call->expected = expected;
    call->tag = tag;
    call->open = true;
    if (self->open++ == 0)
        self->heard_us = mst_clock_monotonic_us();
    send_call(self, call);
    return CLI_DONE;
}

int
pipeline_finish(call_pipeline *self)
{
    while (self->open > 0) {
        int rc = receive(self);
        if (rc != CLI_DONE)
            return rc;
    }
    return CLI_DONE;
}

void
pipeline_destroy(call_pipeline **self)
{
    if (*self == NULL)
        return;
    for (unsigned i = 0; i < (*self)->window; i++) {
        if ((*self)->calls[i].open) {
            free((*self)->calls[i].service);
            free((*self)->calls[i].key);
        }
        free((*self)->calls[i].argument);
    }
    free((*self)->calls);
    mst_arena_destroy(&(*self)->scratch);
    free(*self);
    *self = NULL;
}
