/* requests.h - questions to the broker itself. Every function says what went wrong and sets *exit_code when it gives
 * NULL. What it gives lives in self->arena or the arena named. */
#ifndef MUSTER_CLI_REQUESTS_H
#define MUSTER_CLI_REQUESTS_H

#include "cli.h"

const Muster__V1__BrokerStatus *request_status(cli *self, int *exit_code);
const Muster__V1__ParkedInputs *request_parked(cli *self, const char *group, int *exit_code);

/* A page of a stream, or of the whole log (stream ""). */
typedef struct request_page {
    const Muster__V1__Page *page;
    const mst_slice *bodies; /* one for each envelope; none when heads_only */
    size_t bodies_count;
} request_page;

/* CLI_DONE or the exit code. */
int request_read(cli *self, mst_arena *arena, const char *stream, uint64_t from, uint32_t max_events, bool heads_only,
                 request_page *page);

/* The body of envelope `i`, unpacked in `arena`; NULL when it is of a type not known here. */
const ProtobufCMessage *request_body(mst_arena *arena, const request_page *page, size_t i);

/* Walks a stream from its beginning, page by page, in flat memory. */
typedef struct request_stream {
    cli *self;
    const char *stream;
    mst_arena *arena; /* of the page at hand */
    request_page page;
    size_t at;
    uint64_t next;
    bool end;
} request_stream;

void request_stream_open(request_stream *stream, cli *self, const char *name, uint64_t from);
/* The next event; *body is NULL for types not known here. False: the end, or (*exit_code not CLI_DONE) a failure that
 * was said. What it gives is valid until the next call. */
bool request_stream_next(request_stream *stream, const Muster__V1__Envelope **head, const ProtobufCMessage **body,
                         int *exit_code);
void request_stream_close(request_stream *stream);

#endif
