/* requests.c - see requests.h. */
#include "requests.h"

#include "proto/codec.h"
#include <string.h>

#define STREAM_PAGE_EVENTS 64u /* events asked for at a time; the broker cuts a page at 1 MiB */
#define TIMEOUT_MS 30000

/* One request, one reply of the expected kind. */
static const Muster__V1__BusReply *
ask(cli *self, mst_arena *arena, Muster__V1__BusRequest *request, Muster__V1__BusReply__WhatCase expected,
    mst_slice **bodies, size_t *bodies_count, int *exit_code)
{
    *exit_code = cli_connect(self);
    if (*exit_code != CLI_DONE)
        return NULL;
    const Muster__V1__BusReply *reply = NULL;
    mst_status rc = mst_link_ask(self->link, request, TIMEOUT_MS, arena, &reply, bodies, bodies_count);
    if (rc != MST_OK) {
        *exit_code = cli_unreachable(self, "muster status shows what runs", "no answer from the broker (%s)",
                                     mst_status_name(rc));
        return NULL;
    }
    if (reply->what_case == expected)
        return reply;
    const char *text = reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT ? reply->fault->text : "";
    *exit_code = cli_fail(self, NULL, "the broker refused%s%s", *text ? ": " : "", text);
    return NULL;
}

const Muster__V1__BrokerStatus *
request_status(cli *self, int *exit_code)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__GetStatus get = MUSTER__V1__GET_STATUS__INIT;
    mst_slice *bodies;
    size_t count;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS;
    request.get_status = &get;
    const Muster__V1__BusReply *reply =
        ask(self, self->arena, &request, MUSTER__V1__BUS_REPLY__WHAT_BROKER_STATUS, &bodies, &count, exit_code);
    return reply == NULL ? NULL : reply->broker_status;
}

const Muster__V1__ParkedInputs *
request_parked(cli *self, const char *group, int *exit_code)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__ListParked list = MUSTER__V1__LIST_PARKED__INIT;
    mst_slice *bodies;
    size_t count;
    list.group = (char *)group;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_LIST_PARKED;
    request.list_parked = &list;
    const Muster__V1__BusReply *reply =
        ask(self, self->arena, &request, MUSTER__V1__BUS_REPLY__WHAT_PARKED_INPUTS, &bodies, &count, exit_code);
    return reply == NULL ? NULL : reply->parked_inputs;
}

int
request_read(cli *self, mst_arena *arena, const char *stream, uint64_t from, uint32_t max_events, bool heads_only,
             request_page *page)
{
    int exit_code;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__Read read = MUSTER__V1__READ__INIT;
    mst_slice *bodies = NULL;
    read.stream = (char *)stream;
    read.from = from;
    read.max_events = max_events;
    read.heads_only = heads_only;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_READ;
    request.read = &read;
    const Muster__V1__BusReply *reply =
        ask(self, arena, &request, MUSTER__V1__BUS_REPLY__WHAT_PAGE, &bodies, &page->bodies_count, &exit_code);
    if (reply == NULL)
        return exit_code;
    page->page = reply->page;
    page->bodies = bodies;
    return CLI_DONE;
}

const ProtobufCMessage *
request_body(mst_arena *arena, const request_page *page, size_t i)
{
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(page->page->envelopes[i]->type);
    if (descriptor == NULL || i >= page->bodies_count)
        return NULL;
    return mst_unpack(descriptor, page->bodies[i].data, page->bodies[i].size, MST_BODY_SIZE_MAX,
                      mst_arena_allocator(arena));
}

void
request_stream_open(request_stream *stream, cli *self, const char *name, uint64_t from)
{
    *stream = (request_stream){.self = self, .stream = name, .next = from};
    stream->arena = mst_arena_new(0);
}

bool
request_stream_next(request_stream *stream, const Muster__V1__Envelope **head, const ProtobufCMessage **body,
                    int *exit_code)
{
    *exit_code = CLI_DONE;
    while (stream->page.page == NULL || stream->at == stream->page.page->n_envelopes) {
        if (stream->end)
            return false;
        mst_arena_reset(stream->arena);
        stream->at = 0;
        *exit_code = request_read(stream->self, stream->arena, stream->stream, stream->next, STREAM_PAGE_EVENTS, false,
                                  &stream->page);
        if (*exit_code != CLI_DONE)
            return false;
        stream->next = stream->page.page->next;
        stream->end = stream->page.page->end;
    }
    *head = stream->page.page->envelopes[stream->at];
    *body = request_body(stream->arena, &stream->page, stream->at);
    stream->at++;
    return true;
}

void
request_stream_close(request_stream *stream)
{
    mst_arena_destroy(&stream->arena);
}
