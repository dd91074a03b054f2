/* link.c - see link.h. The lower layer: sockets and sessions.
 *
 * A life is: connecting -> (connected) hello said -> (Welcome) ready -> (silence, disconnect, "no session") connecting
 * .. A lost connection throws its socket away, and with it everything queued in it: what an old session sent can never
 * reach a later broker, and the caller decides what to send again. */
#include "link.h"
#include "clock.h"
#include "link_way.h"
#include "proto/codec.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#define PROTOCOL 1
#define CONNECT_MS_DEFAULT 5000  /* ms that open waits */
#define HELLO_MS_MAX 3000        /* ms for Welcome before the connection is tried anew */
#define PING_MS 1000             /* ms between pings */
#define SILENCE_MS_MAX 15000     /* ms a ping may stay unanswered before the connection counts as lost */
#define RETRY_MS_MIN 50          /* ms before the first new attempt; doubled up to the next line */
#define RETRY_MS_MAX 2000        /* ms */
#define RECEIVE_QUOTA (8u << 20) /* bytes an unpacked head may take */
#define CUT_MAX 3u /* connections without a Welcome, in a row, after which the key is taken to be refused */

typedef enum link_state { LINK_WAITING, LINK_CONNECTING, LINK_GREETING, LINK_READY, LINK_REFUSED } link_state;

struct mst_link {
    char *endpoint, *producer, *service, *operator;
    bool observer;
    mst_way_curve curve;

    void *context, *socket, *monitor;
    int epoll_fd;
    uint32_t sockets_count; /* names the next monitor */

    link_state state;
    mst_status refused; /* why state is LINK_REFUSED */
    char why[256];
    uint32_t cut_count; /* connections that ended without a Welcome, one after the other */
    int64_t since_us;   /* when this state began */
    int64_t retry_ms;   /* pause before the next attempt */
    int64_t ping_us;    /* when the last ping left */
    int64_t waiting_us; /* first ping nobody has answered; 0 none */
    uint64_t request_id;
    bool was_ready; /* the caller has heard of this session and hears of its end */

    mst_arena *life; /* holds the welcome */
    mst_arena *turn; /* holds the message lent to the caller */
    Muster__V1__Welcome *welcome;
    uint64_t epoch;
    uint8_t seen_incarnation[16], seen_hash[MST_HASH_SIZE];
    uint64_t seen_seq;

    zmq_msg_t frames[MST_LINK_BODIES_MAX + 1];
    size_t frames_count;
    mst_slice bodies[MST_LINK_BODIES_MAX];
};

/* The socket ------------------------------------------------------------------------------------------ */

static void
set_number(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof value);
    assert(rc == 0);
}

static void
set_text(void *socket, int option, const char *value)
{
    int rc = zmq_setsockopt(socket, option, value, strlen(value));
    assert(rc == 0);
}

static void
frames_release(mst_link *link)
{
    for (size_t i = 0; i < link->frames_count; i++)
        zmq_msg_close(&link->frames[i]);
    link->frames_count = 0;
}

static void
socket_close(mst_link *link)
{
    if (link->monitor)
        zmq_close(link->monitor);
    if (link->socket)
        zmq_close(link->socket); /* closed descriptors leave the epoll set by themselves */
    link->socket = link->monitor = NULL;
}

static void
epoll_watch(const mst_link *link, void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    int rc = zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
    assert(rc == 0);
    struct epoll_event event = {.events = EPOLLIN};
    rc = epoll_ctl(link->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    assert(rc == 0);
}

static void
state_enter(mst_link *link, link_state state)
{
    link->state = state;
    link->since_us = mst_clock_monotonic_us();
}

/* Opens a socket of its own routing id and begins to connect. */
static void
socket_open(mst_link *link)
{
    uint8_t routing_id[17];
    char name[64];
    mst_random(routing_id, sizeof routing_id);
    routing_id[0] = 'm'; /* an id must not begin with 0 */
    link->socket = zmq_socket(link->context, ZMQ_DEALER);
    assert(link->socket != NULL);
    int rc = zmq_setsockopt(link->socket, ZMQ_ROUTING_ID, routing_id, sizeof routing_id);
    assert(rc == 0);
    int64_t frame_size_max = MST_BODY_SIZE_MAX;
    rc = zmq_setsockopt(link->socket, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof frame_size_max);
    assert(rc == 0);
    set_number(link->socket, ZMQ_LINGER, 500); /* ms: the last answers and the Leave get out */
    set_number(link->socket, ZMQ_IMMEDIATE, 1);
    set_number(link->socket, ZMQ_HEARTBEAT_IVL, 2000);
    set_number(link->socket, ZMQ_HEARTBEAT_TIMEOUT, 6000);
    set_number(link->socket, ZMQ_HEARTBEAT_TTL, 6000);
    set_number(link->socket, ZMQ_HANDSHAKE_IVL, 5000);
    set_number(link->socket, ZMQ_RECONNECT_IVL, 50);
    set_number(link->socket, ZMQ_RECONNECT_IVL_MAX, 500);
    set_number(link->socket, ZMQ_SNDHWM, 1000);
    set_number(link->socket, ZMQ_RCVHWM, 4000); /* credit keeps it far below */
    if (link->curve.used) {
        set_text(link->socket, ZMQ_CURVE_SERVERKEY, link->curve.server_key);
        set_text(link->socket, ZMQ_CURVE_PUBLICKEY, link->curve.public_key);
        set_text(link->socket, ZMQ_CURVE_SECRETKEY, link->curve.secret_key);
    }

    snprintf(name, sizeof name, "inproc://monitor-%u", link->sockets_count++);
    rc = zmq_socket_monitor(link->socket, name,
                            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                ZMQ_EVENT_DISCONNECTED);
    assert(rc == 0);
    link->monitor = zmq_socket(link->context, ZMQ_PAIR);
    assert(link->monitor != NULL);
    set_number(link->monitor, ZMQ_LINGER, 0);
    rc = zmq_connect(link->monitor, name);
    assert(rc == 0);
    epoll_watch(link, link->socket);
    epoll_watch(link, link->monitor);
    state_enter(link, LINK_CONNECTING);
    if (zmq_connect(link->socket, link->endpoint)) {
        snprintf(link->why, sizeof link->why, "\"%s\" is not an endpoint: ipc:///path or tcp://host:port",
                 link->endpoint);
        link->refused = MST_INVALID;
        state_enter(link, LINK_REFUSED);
    }
}

/* Talking --------------------------------------------------------------------------------------------- */

static mst_status
frames_send(mst_link *link, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count)
{
    size_t size = muster__v1__bus_request__get_packed_size(request);
    if (size > MST_CONTROL_SIZE_MAX || bodies_count > MST_LINK_BODIES_MAX)
        return MST_LIMIT;
    for (size_t i = 0; i < bodies_count; i++)
        if (bodies[i].size > MST_BODY_SIZE_MAX)
            return MST_LIMIT;
    zmq_msg_t head;
    int rc = zmq_msg_init_size(&head, size);
    assert(rc == 0);
    muster__v1__bus_request__pack(request, zmq_msg_data(&head));
    if (zmq_msg_send(&head, link->socket, ZMQ_DONTWAIT | (bodies_count ? ZMQ_SNDMORE : 0)) < 0) {
        zmq_msg_close(&head);
        return MST_AGAIN;
    }
    for (size_t i = 0; i < bodies_count; i++) {
        int more = i + 1 < bodies_count ? ZMQ_SNDMORE : 0;
        /* A message is queued whole or not at all, and its first frame was taken. */
        rc = zmq_send(link->socket, bodies[i].data, bodies[i].size, ZMQ_DONTWAIT | more);
        if (rc < 0)
            return MST_AGAIN; /* the pipe died in the middle: the connection is lost and will say so */
    }
    return MST_OK;
}

static void
hello_send(mst_link *link)
{
    Muster__V1__Hello hello = MUSTER__V1__HELLO__INIT;
    hello.producer = link->producer;
    hello.epoch = link->epoch;
    hello.service = link->service;
    hello.operator_ = link->operator;
    hello.protocol = PROTOCOL;
    hello.observer = link->observer;
    if (link->seen_seq) {
        hello.seen_incarnation = (ProtobufCBinaryData){sizeof link->seen_incarnation, link->seen_incarnation};
        hello.seen_seq = link->seen_seq;
        hello.seen_hash = (ProtobufCBinaryData){sizeof link->seen_hash, link->seen_hash};
    }
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = mst_link_request_id(link);
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_HELLO;
    request.hello = &hello;
    if (frames_send(link, &request, NULL, 0) == MST_OK)
        state_enter(link, LINK_GREETING);
}

static void
ping_send(mst_link *link, int64_t now_us)
{
    Muster__V1__Ping ping = MUSTER__V1__PING__INIT;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = mst_link_request_id(link);
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_PING;
    request.ping = &ping;
    link->ping_us = now_us;
    if (!link->waiting_us)
        link->waiting_us = now_us;
    mst_status rc = frames_send(link, &request, NULL, 0);
    (void)rc; /* a ping that cannot leave is one that nobody answers */
}

/* Gives up the connection; the next one is tried after a pause. True: the caller is told. */
static bool
connection_lost(mst_link *link, const char *why)
{
    bool tell = link->was_ready;
    snprintf(link->why, sizeof link->why, "%s", why);
    socket_close(link);
    link->was_ready = false;
    state_enter(link, LINK_WAITING);
    return tell;
}

static void
refuse(mst_link *link, mst_status status, const char *why)
{
    snprintf(link->why, sizeof link->why, "%s", why);
    link->refused = status;
    state_enter(link, LINK_REFUSED);
}

static void
welcome_take(mst_link *link, const Muster__V1__Welcome *welcome)
{
    link->cut_count = 0;
    mst_arena_reset(link->life);
    mst_slice packed = mst_arena_pack(link->life, &welcome->base);
    link->welcome = muster__v1__welcome__unpack(mst_arena_allocator(link->life), packed.size, packed.data);
    assert(link->welcome != NULL);
    link->epoch = welcome->epoch;
    link->retry_ms = RETRY_MS_MIN;
    link->waiting_us = 0;
    link->ping_us = mst_clock_monotonic_us();
    link->was_ready = true;
    link->why[0] = '\0';
    state_enter(link, LINK_READY);
}

/* While greeting only Welcome and Fault mean anything. True: the session is open. */
static bool
greeting_take(mst_link *link, const Muster__V1__BusReply *reply)
{
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WELCOME) {
        welcome_take(link, reply->welcome);
        return true;
    }
    if (reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_FAULT)
        return false;
    const char *text = reply->fault->text;
    switch (reply->fault->code) {
    case MUSTER__V1__FAULT_CODE__FAULT_DENIED: refuse(link, MST_DENIED, text); break;
    case MUSTER__V1__FAULT_CODE__FAULT_BEHIND: refuse(link, MST_STALE, text); break;
    case MUSTER__V1__FAULT_CODE__FAULT_PROTOCOL:
    case MUSTER__V1__FAULT_CODE__FAULT_MALFORMED: refuse(link, MST_INVALID, text); break;
    default: connection_lost(link, text); break;
    }
    return false;
}

static void
seen_note(mst_link *link, const Muster__V1__Envelope *envelope)
{
    if (envelope->seq <= link->seen_seq || envelope->hash.len != MST_HASH_SIZE || envelope->incarnation.len != 16)
        return;
    link->seen_seq = envelope->seq;
    memcpy(link->seen_hash, envelope->hash.data, MST_HASH_SIZE);
    memcpy(link->seen_incarnation, envelope->incarnation.data, 16);
}

/* Two faults are about the session itself: the broker has forgotten it, or lets this process in no more. */
static mst_status
fault_take(mst_link *link, const Muster__V1__BusReply *reply, mst_link_message *message)
{
    if (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION) {
        message->event = MST_LINK_LOST;
        return connection_lost(link, "the broker has forgotten this session") ? MST_OK : MST_AGAIN;
    }
    if (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED && reply->request_id == 0) {
        refuse(link, MST_DENIED, reply->fault->text);
        return MST_DENIED;
    }
    return MST_OK;
}

/* Takes one message off the socket. MST_TIMEOUT: none there. MST_CORRUPT: not a message of the protocol; skipped. */
static mst_status
frames_receive(mst_link *link, Muster__V1__BusReply **reply)
{
    int more = 1;
    bool overflow = false;
    frames_release(link);
    mst_arena_reset(link->turn);
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, link->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&frame);
            return MST_TIMEOUT;
        }
        more = zmq_msg_more(&frame);
        if (link->frames_count == MST_LINK_BODIES_MAX + 1) {
            overflow = true;
            zmq_msg_close(&frame);
            continue;
        }
        zmq_msg_init(&link->frames[link->frames_count]);
        zmq_msg_move(&link->frames[link->frames_count++], &frame);
        zmq_msg_close(&frame);
    }
    zmq_msg_t *head = &link->frames[0];
    *reply = overflow ? NULL
                      : (Muster__V1__BusReply *)mst_unpack(&muster__v1__bus_reply__descriptor, zmq_msg_data(head),
                                                           zmq_msg_size(head), MST_CONTROL_SIZE_MAX,
                                                           mst_arena_allocator(link->turn));
    for (size_t i = 1; i < link->frames_count; i++)
        link->bodies[i - 1] = (mst_slice){zmq_msg_data(&link->frames[i]), zmq_msg_size(&link->frames[i])};
    return *reply ? MST_OK : MST_CORRUPT;
}

/* One event of the monitor: 2 bytes id, 4 bytes value, then a frame with the address. 0: none. */
static int
monitor_take(mst_link *link)
{
    uint16_t id = 0;
    int more = 1;
    for (int frame = 0; more; frame++) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, link->monitor, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&part);
            return 0;
        }
        if (frame == 0 && zmq_msg_size(&part) >= sizeof id)
            memcpy(&id, zmq_msg_data(&part), sizeof id);
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return id;
}

/* A broker that refuses a key says so and closes; now and then the close is all that arrives. */
static void
handshake_cut(mst_link *link)
{
    snprintf(link->why, sizeof link->why, "the broker did not accept the handshake: is the server key right?");
    if (link->curve.used && ++link->cut_count >= CUT_MAX)
        refuse(link, MST_DENIED,
               "not authorised: the broker ends every connection before a word is said. Either it does not know this "
               "client's key (\"muster key authorise\"), or the server key is not its own");
}

/* Acts on what the monitor says. True: the caller has to hear of a loss. */
static bool
monitor_handle(mst_link *link, int event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (link->state == LINK_CONNECTING)
            hello_send(link);
        return false;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        refuse(link, MST_DENIED,
               "not authorised: the broker does not know this client's key (\"muster key authorise\")");
        return false;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: handshake_cut(link); return false;
    default:
        if (link->state == LINK_CONNECTING || link->state == LINK_GREETING)
            handshake_cut(link);
        if (link->state == LINK_CONNECTING || link->state == LINK_REFUSED) /* the socket goes on trying */
            return false;
        return connection_lost(link, "the connection to the broker was lost");
    }
}

/* What time demands: new attempts, pings. True: the caller has to hear of a loss. */
static bool
time_handle(mst_link *link, int64_t now_us)
{
    int64_t in_state_ms = (now_us - link->since_us) / 1000;
    switch (link->state) {
    case LINK_WAITING:
        if (in_state_ms >= link->retry_ms) {
            link->retry_ms = link->retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : link->retry_ms * 2;
            socket_open(link);
        }
        return false;
    case LINK_GREETING: return in_state_ms >= HELLO_MS_MAX && connection_lost(link, "the broker does not answer");
    case LINK_READY:
        if (link->waiting_us && now_us - link->waiting_us > SILENCE_MS_MAX * 1000)
            return connection_lost(link, "the broker is silent");
        if (now_us - link->ping_us >= PING_MS * 1000)
            ping_send(link, now_us);
        return false;
    default: return false;
    }
}

/* ms until time_handle has something to do. */
static int64_t
time_next(const mst_link *link, int64_t now_us)
{
    int64_t due_us = now_us + 1000000;
    if (link->state == LINK_WAITING)
        due_us = link->since_us + link->retry_ms * 1000;
    else if (link->state == LINK_GREETING)
        due_us = link->since_us + HELLO_MS_MAX * 1000;
    else if (link->state == LINK_READY)
        due_us = link->ping_us + PING_MS * 1000;
    return due_us <= now_us ? 0 : (due_us - now_us) / 1000 + 1;
}

/* One look at socket, monitor and clock. MST_OK: `message` is set. MST_AGAIN: something happened, look again. */
static mst_status
look(mst_link *link, mst_link_message *message)
{
    Muster__V1__BusReply *reply = NULL;
    mst_status rc = link->socket ? frames_receive(link, &reply) : MST_TIMEOUT;
    if (rc == MST_CORRUPT)
        return MST_AGAIN;
    if (rc == MST_OK) {
        link->waiting_us = 0;
        *message = (mst_link_message){MST_LINK_MESSAGE, reply, link->bodies, link->frames_count - 1};
        if (link->state != LINK_READY) {
            message->event = MST_LINK_BACK;
            return greeting_take(link, reply) ? MST_OK : MST_AGAIN;
        }
        if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_DELIVERY && reply->delivery->envelope)
            seen_note(link, reply->delivery->envelope);
        return reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT ? fault_take(link, reply, message) : MST_OK;
    }
    *message = (mst_link_message){.event = MST_LINK_LOST};
    int event = link->monitor ? monitor_take(link) : 0;
    if (event)
        return monitor_handle(link, event) ? MST_OK : MST_AGAIN;
    if (link->state == LINK_REFUSED)
        return link->refused;
    return time_handle(link, mst_clock_monotonic_us()) ? MST_OK : MST_TIMEOUT;
}

mst_status
mst_link_receive(mst_link *link, mst_link_message *message, int timeout_ms)
{
    int64_t deadline_us = mst_clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        mst_status rc = look(link, message);
        if (rc == MST_AGAIN)
            continue;
        if (rc != MST_TIMEOUT)
            return rc;
        int64_t now_us = mst_clock_monotonic_us();
        int64_t left_ms = (deadline_us - now_us + 999) / 1000, next_ms = time_next(link, now_us);
        if (left_ms <= 0)
            return MST_TIMEOUT;
        zmq_pollitem_t items[2] = {{link->socket, 0, ZMQ_POLLIN, 0}, {link->monitor, 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, link->socket ? 2 : 0, left_ms < next_ms ? left_ms : next_ms) < 0)
            return MST_TIMEOUT; /* a signal: the caller looks at its flags */
    }
}

mst_status
mst_link_send(mst_link *link, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count)
{
    return link->state == LINK_READY ? frames_send(link, request, bodies, bodies_count) : MST_AGAIN;
}

/* Life ------------------------------------------------------------------------------------------------ */

mst_status
mst_link_open(mst_link **out, const mst_link_options *options, char why[256])
{
    mst_link *link = mst_alloc(sizeof *link);
    memset(link, 0, sizeof *link);
    *out = NULL;
    link->endpoint = mst_strdup(options->endpoint);
    link->producer = mst_way_producer(options->producer);
    link->service = mst_strdup(options->service ? options->service : "");
    link->operator= mst_way_operator(options->operator);
    link->observer = options->observer;
    link->retry_ms = RETRY_MS_MIN;
    link->life = mst_arena_new(0);
    link->turn = mst_arena_new(RECEIVE_QUOTA);
    link->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    assert(link->epoll_fd >= 0);
    if (options->seen_seq && options->seen_incarnation && options->seen_hash) {
        link->seen_seq = options->seen_seq;
        memcpy(link->seen_incarnation, options->seen_incarnation, sizeof link->seen_incarnation);
        memcpy(link->seen_hash, options->seen_hash, sizeof link->seen_hash);
    }

    mst_status rc = mst_way_keys(&link->curve, options, link->why);
    if (rc == MST_OK && !mst_way_is_ours(link->endpoint)) {
        snprintf(link->why, sizeof link->why, "%s belongs to another user", link->endpoint);
        rc = MST_DENIED;
    }
    if (rc == MST_OK) {
        int connect_ms = options->connect_ms ? options->connect_ms : CONNECT_MS_DEFAULT;
        int64_t deadline_us = mst_clock_monotonic_us() + (int64_t)connect_ms * 1000;
        link->context = zmq_ctx_new();
        assert(link->context != NULL);
        socket_open(link);
        rc = MST_TIMEOUT;
        while (rc == MST_TIMEOUT && link->state != LINK_READY) {
            mst_link_message message;
            int64_t left_ms = (deadline_us - mst_clock_monotonic_us()) / 1000;
            if (left_ms <= 0)
                break;
            rc = mst_link_receive(link, &message, left_ms > 100 ? 100 : (int)left_ms);
        }
        if (rc == MST_TIMEOUT && link->why[0] == '\0')
            snprintf(link->why, sizeof link->why, "no broker answers at %s (is it running? \"muster up\")",
                     link->endpoint);
    }
    if (why)
        snprintf(why, 256, "%s", link->why);
    if (rc == MST_OK)
        *out = link;
    else
        mst_link_close(&link);
    return rc;
}

void
mst_link_close(mst_link **out)
{
    mst_link *link = *out;
    if (!link)
        return;
    frames_release(link);
    socket_close(link);
    if (link->context)
        zmq_ctx_term(link->context);
    close(link->epoll_fd);
    mst_arena_destroy(&link->life);
    mst_arena_destroy(&link->turn);
    explicit_bzero(link->curve.secret_key, sizeof link->curve.secret_key);
    free(link->endpoint);
    free(link->producer);
    free(link->service);
    free(link->operator);
    free(link);
    *out = NULL;
}

const Muster__V1__Welcome *
mst_link_welcome(const mst_link *link)
{
    return link->welcome;
}

const char *
mst_link_producer(const mst_link *link)
{
    return link->producer;
}

const char *
mst_link_why(const mst_link *link)
{
    return link->why;
}

uint64_t
mst_link_request_id(mst_link *link)
{
    return ++link->request_id;
}

int
mst_link_fd(mst_link *link)
{
    return link->epoll_fd;
}
