/* link.h - the way to the broker.
 *
 * A link is one session: a DEALER socket, a random routing id, Hello and Welcome, a ping every second from the
 * caller's own loop. Two layers. The lower (send, receive) moves BusRequest and BusReply with their bodies and
 * never blocks longer than asked. The upper (call, read, follow) is for tools that do one thing at a time.
 * After a lost connection the link says Hello again with the same epoch and reports MST_LINK_BACK, so that the
 * caller can resend what is open: with the same commit ids nothing happens twice.
 * Ownership: what receive gives is borrowed until the next receive. Thread: the one that opened it. */
#ifndef MUSTER_LINK_H
#define MUSTER_LINK_H

#include "arena.h"
#include "bus.pb-c.h"
#include "hash.h"
#include <stdbool.h>

#define MST_LINK_BODIES_MAX 256u /* bodies in one message */

typedef struct mst_link mst_link;

typedef struct mst_link_options {
    const char *endpoint;   /* "ipc:///.../bus.sock" or "tcp://host:port" */
    const char *producer;   /* "parsing/1", or "cli" (a random suffix is added) */
    const char *service;    /* name whose calls this process answers, NULL none */
    const char *operator;   /* the person, NULL the user of the operating system */
    const char *key_file;   /* CURVE secret key of this client, needed for tcp */
    const char *server_key; /* broker's public key: Z85, 40 characters, or a file that holds it; needed for tcp */
    bool observer;          /* a tool that reads and calls; nothing is written for it */
    int connect_ms;         /* how long open waits for the broker; 0: 5000 */
    /* The highest address this client holds from an earlier run; NULL, 0, NULL: none. A broker whose log is shorter or
     * different there refuses (MST_STALE) rather than serve a history that was lost. */
    const uint8_t *seen_incarnation; /* 16 bytes */
    uint64_t seen_seq;
    const uint8_t *seen_hash; /* 32 bytes */
} mst_link_options;

/* How to reach the broker of a data directory: the ipc endpoint below it (or MUSTER_ENDPOINT if set).
 * A path too long for a socket (107 bytes) is replaced by one in /tmp named by its hash. */
char *mst_link_endpoint_of(mst_arena *arena, const char *data_dir);
char *mst_link_events_endpoint_of(mst_arena *arena, const char *data_dir);

/* Connects and says Hello. MST_TIMEOUT: nobody answers there; MST_DENIED: not authorised or fenced;
 * MST_STALE: the broker is behind what this client has seen. `why` (may be NULL) gets a sentence for people. */
MST_NODISCARD mst_status mst_link_open(mst_link **link, const mst_link_options *options, char why[256]);
void mst_link_close(mst_link **link);

const Muster__V1__Welcome *mst_link_welcome(const mst_link *link);
const char *mst_link_producer(const mst_link *link);

/* The lower layer ------------------------------------------------------------------------------------ */

typedef enum mst_link_event { MST_LINK_MESSAGE, MST_LINK_BACK, MST_LINK_LOST } mst_link_event;

typedef struct mst_link_message {
    mst_link_event event;
    const Muster__V1__BusReply *reply; /* with MST_LINK_MESSAGE */
    const mst_slice *bodies;
    size_t bodies_count;
} mst_link_message;

/* A number no other request of this link has. */
uint64_t mst_link_request_id(mst_link *link);
/* MST_AGAIN: no connection or its queue is full now. */
MST_NODISCARD mst_status mst_link_send(mst_link *link, const Muster__V1__BusRequest *request, const mst_slice *bodies,
                                       size_t bodies_count);
/* Waits at most `timeout_ms` for one message (0: only what is there). MST_TIMEOUT: none. MST_DENIED, MST_STALE: as with
 * open, found when saying Hello again; this link is of no further use (mst_link_why). */
MST_NODISCARD mst_status mst_link_receive(mst_link *link, mst_link_message *message, int timeout_ms);
/* File descriptor to wait on beside others. Before sleeping on it and after it wakes, call receive with 0 until
 * MST_TIMEOUT; wake at least once a second for the ping. */
int mst_link_fd(mst_link *link);
/* A sentence about the last refusal or loss, "" none. */
const char *mst_link_why(const mst_link *link);

/* The upper layer: for tools ------------------------------------------------------------------------- */

typedef struct mst_answer {
    Muster__V1__AnswerStatus status;
    const char *text;                /* "" or a sentence for people */
    const ProtobufCMessage *message; /* unpacked as `expected`, NULL where there is none */
} mst_answer;

/* Sends a command or query and waits. The method is the message's name. Commands need `command_id` (16 bytes; the
 * same on every retry), queries pass NULL. Lost connections are retried until timeout_ms (0: 10000) is over.
 * The answer lives in `arena`. Anything but MST_OK: no answer came (MST_TIMEOUT, MST_CLOSED). */
MST_NODISCARD mst_status mst_link_call(mst_link *link, const char *service, const char *key,
                                       const ProtobufCMessage *argument, const uint8_t *command_id,
                                       const ProtobufCMessageDescriptor *expected, int timeout_ms, mst_arena *arena,
                                       mst_answer *answer);
/* Any other request that has exactly one reply (Read, GetStatus, ListParked ..): sends and waits.
 * The reply lives in `arena`, bodies too. */
MST_NODISCARD mst_status mst_link_ask(mst_link *link, Muster__V1__BusRequest *request, int timeout_ms, mst_arena *arena,
                                      const Muster__V1__BusReply **reply, mst_slice **bodies, size_t *bodies_count);

#endif
