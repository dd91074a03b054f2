/* net.c - see net.h. */
#include "net.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "peers.h"
#include "proto/codec.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SEND_HWM 20000        /* messages a peer may lag before its session is ended */
#define RECEIVE_HWM 1000      /* messages of a peer that wait to be read */
#define EVENTS_HWM 10000      /* events a light subscriber may lag before it misses some */
#define COPY_SIZE_MAX 4096u   /* bytes; smaller bodies are copied, larger ones shared with libzmq */
#define SELF_TEST_MS 3000     /* how long the refusal of an unknown key may take at start */
#define DENIED_LOG_US 1000000 /* between two log lines about refused keys */

struct mst_net {
    void *context, *router, *tcp_router, *events, *zap;
    mst_keys *keys;
    mst_peers *peers;
    uint64_t topics; /* that somebody listens to */
    uint64_t denied;
    int64_t denied_logged_us;
    zmq_msg_t control;
    bool control_open;
    bool tcp_turn; /* which router is read first */
};

/* A body that libzmq brought: it lives in the message it came in. */
typedef struct wire_body {
    mst_body base;
    zmq_msg_t message;
} wire_body;

static void
release_wire(mst_body *body)
{
    wire_body *wire = (wire_body *)body;
    zmq_msg_close(&wire->message);
    free(wire);
}

/* Opening ---------------------------------------------------------------------------------------------- */

static int
set_number(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int
set_limits(void *socket, int send_hwm)
{
    int64_t frame_max = MST_BODY_SIZE_MAX;
    return set_number(socket, ZMQ_LINGER, 200) | set_number(socket, ZMQ_SNDHWM, send_hwm) |
           set_number(socket, ZMQ_RCVHWM, RECEIVE_HWM) | set_number(socket, ZMQ_HEARTBEAT_IVL, 2000) |
           set_number(socket, ZMQ_HEARTBEAT_TIMEOUT, 6000) | set_number(socket, ZMQ_HEARTBEAT_TTL, 6000) |
           set_number(socket, ZMQ_HANDSHAKE_IVL, 5000) | set_number(socket, ZMQ_TCP_MAXRT, 10000) |
           set_number(socket, ZMQ_BACKLOG, 256) | zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
}

static void *
bound_socket(mst_net *net, int type, const char *endpoint, int send_hwm, char why[512])
{
    void *socket = zmq_socket(net->context, type);
    if (socket == NULL || set_limits(socket, send_hwm) != 0 ||
        (type == ZMQ_ROUTER && set_number(socket, ZMQ_ROUTER_MANDATORY, 1) != 0) || zmq_bind(socket, endpoint) != 0) {
        snprintf(why, 512, "cannot listen on %.300s: %s", endpoint, zmq_strerror(zmq_errno()));
        if (socket != NULL)
            zmq_close(socket);
        return NULL;
    }
    return socket;
}

static void *
curve_socket(mst_net *net, const char *endpoint, char why[512])
{
    void *socket = zmq_socket(net->context, ZMQ_ROUTER);
    if (socket == NULL || set_limits(socket, SEND_HWM) != 0 || set_number(socket, ZMQ_ROUTER_MANDATORY, 1) != 0 ||
        set_number(socket, ZMQ_CURVE_SERVER, 1) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, mst_keys_secret(net->keys), MST_KEY_TEXT_SIZE + 1) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "muster", 6) != 0 || zmq_bind(socket, endpoint) != 0) {
        snprintf(why, 512, "cannot listen on %.300s: %s", endpoint, zmq_strerror(zmq_errno()));
        if (socket != NULL)
            zmq_close(socket);
        return NULL;
    }
    return socket;
}

/* Who may connect ---------------------------------------------------------------------------------------- */

static void
log_denied(mst_net *net, const char *what)
{
    int64_t now_us = mst_clock_monotonic_us();
    net->denied++;
    if (now_us - net->denied_logged_us < DENIED_LOG_US)
        return;
    net->denied_logged_us = now_us;
    mst_log(MST_LOG_WARN, what, "denied_total=u", net->denied, NULL);
}

static size_t
read_frames(void *socket, char frames[][256], size_t *sizes, size_t count)
{
    size_t read = 0;
    int more = 1;
    while (more) {
        char spare[256];
        int size = zmq_recv(socket, read < count ? frames[read] : spare, 255, ZMQ_DONTWAIT);
        size_t more_size = sizeof more;
        if (size < 0)
            return 0;
        if (read < count)
            sizes[read] = size > 255 ? 255 : (size_t)size;
        read++;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
    }
    return read;
}

/* Answers one handshake: ZAP 1.0 (ZeroMQ RFC 27). */
static bool
answer_zap(mst_net *net)
{
    char frames[7][256];
    size_t sizes[7] = {0};
    size_t count = read_frames(net->zap, frames, sizes, 7);
    if (count == 0)
        return false;
    char key[MST_KEY_TEXT_SIZE + 1] = "";
    bool curve = count == 7 && sizes[5] == 5 && memcmp(frames[5], "CURVE", 5) == 0 && sizes[6] == 32;
    if (curve)
        zmq_z85_encode(key, (const uint8_t *)frames[6], 32);
    bool known = curve && mst_keys_find(net->keys, key) != NULL;
    if (!known)
        log_denied(net, "a connection with a key that is not authorised was refused");
    zmq_send(net->zap, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(net->zap, frames[1], sizes[1], ZMQ_SNDMORE);
    zmq_send(net->zap, known ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(net->zap, known ? "OK" : "not authorised", known ? 2 : 14, ZMQ_SNDMORE);
    zmq_send(net->zap, key, known ? MST_KEY_TEXT_SIZE : 0, ZMQ_SNDMORE);
    zmq_send(net->zap, "", 0, 0);
    return true;
}

/* A key that nobody authorised has to be turned away, or nothing on this port is what it seems: tried at each start. */
static bool
self_test(mst_net *net)
{
    char endpoint[256], public_key[MST_KEY_TEXT_SIZE + 1], secret_key[MST_KEY_TEXT_SIZE + 1];
    size_t size = sizeof endpoint;
    bool refused = false, passed = false;
    void *client = zmq_socket(net->context, ZMQ_DEALER);
    if (client == NULL || zmq_curve_keypair(public_key, secret_key) != 0 || set_number(client, ZMQ_LINGER, 0) != 0 ||
        zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, mst_keys_public(net->keys), MST_KEY_TEXT_SIZE + 1) != 0 ||
        zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, public_key, sizeof public_key) != 0 ||
        zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key) != 0 ||
        zmq_getsockopt(net->tcp_router, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        goto out;
    if (strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0) { // all addresses: ask the loopback one
        char port[8];
        snprintf(port, sizeof port, "%.7s", endpoint + 14);
        snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%s", port);
    }
    if (zmq_connect(client, endpoint) != 0 || zmq_send(client, "test", 4, 0) < 0)
        goto out;
    int64_t deadline_us = mst_clock_monotonic_us() + SELF_TEST_MS * 1000;
    while (!refused && mst_clock_monotonic_us() < deadline_us) {
        zmq_pollitem_t items[] = {{net->zap, 0, ZMQ_POLLIN, 0}, {net->tcp_router, 0, ZMQ_POLLIN, 0}};
        zmq_poll(items, 2, 50);
        if (items[1].revents != 0)
            goto out; // a message came through
        refused = items[0].revents != 0 && answer_zap(net) && net->denied > 0;
    }
    zmq_pollitem_t item = {net->tcp_router, 0, ZMQ_POLLIN, 0};
    passed = refused && zmq_poll(&item, 1, 100) == 0;
out:
    if (client != NULL)
        zmq_close(client);
    net->denied = 0;
    return passed;
}

static mst_status
open_tcp(mst_net *net, const char *listen, char why[512])
{
    net->zap = zmq_socket(net->context, ZMQ_REP);
    if (net->zap == NULL || set_number(net->zap, ZMQ_LINGER, 0) != 0 ||
        zmq_bind(net->zap, "inproc://zeromq.zap.01") != 0) {
        snprintf(why, 512, "the handler of keys cannot start: %s", zmq_strerror(zmq_errno()));
        return MST_IO;
    }
    net->tcp_router = curve_socket(net, listen, why);
    if (net->tcp_router == NULL)
        return MST_IO;
    if (!self_test(net)) {
        snprintf(why, 512, "a connection with an unknown key to %.300s was not refused: not going on", listen);
        return MST_DENIED;
    }
    return MST_OK;
}

mst_status
mst_net_open(mst_net **out, const char *endpoint, const char *events_endpoint, const char *listen, mst_keys *keys,
             char why[512])
{
    mst_net *net = mst_alloc(sizeof *net);
    memset(net, 0, sizeof *net);
    net->keys = keys;
    net->peers = mst_peers_new();
    net->context = zmq_ctx_new();
    mst_status rc = MST_OK;
    if (listen != NULL)
        rc = open_tcp(net, listen, why);
    if (rc == MST_OK && (net->events = bound_socket(net, ZMQ_XPUB, events_endpoint, EVENTS_HWM, why)) == NULL)
        rc = MST_IO;
    if (rc == MST_OK && (net->router = bound_socket(net, ZMQ_ROUTER, endpoint, SEND_HWM, why)) == NULL)
        rc = MST_IO;
    if (rc != MST_OK)
        mst_net_close(&net);
    *out = net;
    return rc;
}

void
mst_net_close(mst_net **out)
{
    mst_net *net = *out;
    *out = NULL;
    if (net == NULL)
        return;
    if (net->control_open)
        zmq_msg_close(&net->control);
    void *sockets[] = {net->router, net->tcp_router, net->events, net->zap};
    for (size_t i = 0; i < 4; i++)
        if (sockets[i] != NULL)
            zmq_close(sockets[i]);
    if (net->context != NULL)
        zmq_ctx_term(net->context);
    mst_peers_destroy(&net->peers);
    free(net);
}

/* Receiving -------------------------------------------------------------------------------------------- */

/* Subscriptions are counted only to know whether anybody listens at all. */
static void
read_subscriptions(mst_net *net)
{
    uint8_t frame[300];
    for (int size; (size = zmq_recv(net->events, frame, sizeof frame, ZMQ_DONTWAIT)) >= 0;) {
        if (size > 0 && frame[0] == 1)
            net->topics++;
        else if (size > 0 && frame[0] == 0 && net->topics > 0)
            net->topics--;
    }
}

void
mst_net_wait(mst_net *net, int timeout_ms)
{
    zmq_pollitem_t items[4] = {{net->router, 0, ZMQ_POLLIN, 0}, {net->events, 0, ZMQ_POLLIN, 0}};
    int count = 2;
    if (net->tcp_router != NULL) {
        items[count++] = (zmq_pollitem_t){net->tcp_router, 0, ZMQ_POLLIN, 0};
        items[count++] = (zmq_pollitem_t){net->zap, 0, ZMQ_POLLIN, 0};
    }
    zmq_poll(items, count, timeout_ms);
    if (items[1].revents != 0)
        read_subscriptions(net);
    while (net->zap != NULL && answer_zap(net))
        continue;
}

static void
identify(mst_net *net, mst_net_message *message, zmq_msg_t *frame)
{
    message->principal = (mst_principal){.role = MST_ROLE_LOCAL};
    if (message->peer->socket != net->tcp_router)
        return;
    message->principal.role = MST_ROLE_NONE;
    const char *key = zmq_msg_gets(frame, "User-Id");
    const mst_principal *known = key == NULL || strlen(key) != MST_KEY_TEXT_SIZE ? NULL : mst_keys_find(net->keys, key);
    if (known != NULL) {
        message->principal = *known;
        message->peer->principal = *known;
        memcpy(message->peer->key, key, strlen(key) + 1);
    } else {
        log_denied(net, "a message of a connection that is not authorised any more was dropped");
    }
}

bool
mst_net_authorised(const mst_net *net, const mst_peer *peer)
{
    if (peer->socket != net->tcp_router || peer->key[0] == '\0')
        return true;
    const mst_principal *known = mst_keys_find(net->keys, peer->key);
    return known != NULL && known->role == peer->principal.role && strcmp(known->name, peer->principal.name) == 0;
}

static bool
more_frames(zmq_msg_t *frame)
{
    return zmq_msg_more(frame) != 0;
}

static void
drain(void *socket)
{
    zmq_msg_t frame;
    bool more = true;
    while (more) {
        zmq_msg_init(&frame);
        more = zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && more_frames(&frame);
        zmq_msg_close(&frame);
    }
}

static bool
read_body(mst_net_message *message, void *socket)
{
    wire_body *wire = mst_alloc(sizeof *wire);
    zmq_msg_init(&wire->message);
    int rc = zmq_msg_recv(&wire->message, socket, ZMQ_DONTWAIT);
    assert(rc >= 0); // the frames of a message come together
    wire->base.data = zmq_msg_data(&wire->message);
    wire->base.size = zmq_msg_size(&wire->message);
    atomic_init(&wire->base.refs, 1);
    wire->base.release = release_wire;
    message->bodies[message->bodies_count++] = &wire->base;
    message->size += wire->base.size;
    return more_frames(&wire->message);
}

static mst_status
receive_from(mst_net *net, void *socket, mst_net_message *message)
{
    zmq_msg_t routing;
    zmq_msg_init(&routing);
    if (zmq_msg_recv(&routing, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&routing);
        return MST_AGAIN;
    }
    *message = (mst_net_message){.peer = NULL};
    message->peer = mst_peers_of(net->peers, socket, zmq_msg_data(&routing), zmq_msg_size(&routing));
    bool more = more_frames(&routing);
    zmq_msg_close(&routing);
    if (net->control_open)
        zmq_msg_close(&net->control);
    zmq_msg_init(&net->control);
    net->control_open = true;
    if (!more || zmq_msg_recv(&net->control, socket, ZMQ_DONTWAIT) < 0) {
        message->fault = "a message without content";
        return MST_OK;
    }
    identify(net, message, &net->control);
    message->control = (mst_slice){zmq_msg_data(&net->control), zmq_msg_size(&net->control)};
    message->size = message->control.size;
    more = more_frames(&net->control);
    while (more && message->bodies_count < MST_NET_BODIES_MAX)
        more = read_body(message, socket);
    if (more) {
        drain(socket);
        message->fault = "a message has at most 256 bodies";
    }
    return MST_OK;
}

mst_status
mst_net_receive(mst_net *net, mst_net_message *message)
{
    void *first = net->tcp_turn && net->tcp_router != NULL ? net->tcp_router : net->router;
    void *second = first == net->router ? net->tcp_router : net->router;
    net->tcp_turn = !net->tcp_turn;
    mst_status rc = receive_from(net, first, message);
    if (rc == MST_AGAIN && second != NULL)
        rc = receive_from(net, second, message);
    return rc;
}

/* Sending ---------------------------------------------------------------------------------------------- */

typedef struct shared_body {
    mst_body *body;
    mst_peer *peer; /* NULL: published */
} shared_body;

/* Called by libzmq, in its own thread, when a body has left. */
static void
let_go(void *data, void *hint)
{
    (void)data;
    shared_body *shared = hint;
    if (shared->peer != NULL) {
        atomic_fetch_sub_explicit(&shared->peer->unsent, shared->body->size, memory_order_relaxed);
        mst_peer_unref(shared->peer);
    }
    mst_body_unref(&shared->body);
    free(shared);
}

static void
init_body(zmq_msg_t *frame, mst_body *body, mst_peer *peer)
{
    if (body->size <= COPY_SIZE_MAX) {
        int rc = zmq_msg_init_size(frame, body->size);
        assert(rc == 0);
        memcpy(zmq_msg_data(frame), body->data, body->size);
        return;
    }
    shared_body *shared = mst_alloc(sizeof *shared);
    *shared = (shared_body){mst_body_ref(body), peer};
    if (peer != NULL) {
        atomic_fetch_add_explicit(&peer->unsent, body->size, memory_order_relaxed);
        atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
    }
    int rc = zmq_msg_init_data(frame, (void *)body->data, body->size, let_go, shared);
    assert(rc == 0);
}

static void
init_packed(zmq_msg_t *frame, const ProtobufCMessage *message)
{
    int rc = zmq_msg_init_size(frame, protobuf_c_message_get_packed_size(message));
    assert(rc == 0);
    protobuf_c_message_pack(message, zmq_msg_data(frame));
}

/* The first frame decides: after it was taken, libzmq takes the rest. */
static bool
send_frame(void *socket, zmq_msg_t *frame, bool more)
{
    if (zmq_msg_send(frame, socket, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0)
        return true;
    int error = zmq_errno();
    zmq_msg_close(frame);
    errno = error;
    return false;
}

mst_sent
mst_net_send(mst_net *net, mst_peer *peer, const ProtobufCMessage *control, mst_body *const *bodies,
             size_t bodies_count)
{
    (void)net;
    zmq_msg_t frame;
    if (zmq_send(peer->socket, peer->routing, peer->routing_size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return zmq_errno() == EAGAIN ? MST_SENT_FULL : MST_SENT_LOST;
    init_packed(&frame, control);
    bool sent = send_frame(peer->socket, &frame, bodies_count > 0);
    for (size_t i = 0; sent && i < bodies_count; i++) {
        init_body(&frame, bodies[i], peer);
        sent = send_frame(peer->socket, &frame, i + 1 < bodies_count);
    }
    return sent ? MST_SENT : MST_SENT_LOST;
}

void
mst_net_publish(mst_net *net, const char *topic, const ProtobufCMessage *head, mst_body *body)
{
    zmq_msg_t frame;
    if (net->topics == 0)
        return;
    if (zmq_send(net->events, topic, strlen(topic), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return;
    init_packed(&frame, head);
    if (!send_frame(net->events, &frame, body != NULL) || body == NULL)
        return;
    init_body(&frame, body, NULL);
    send_frame(net->events, &frame, false);
}

mst_peers *
mst_net_peers(mst_net *net)
{
    return net->peers;
}

uint64_t
mst_net_denied(const mst_net *net)
{
    return net->denied;
}
