/* shell.c - see shell.h. */
#include "shell.h"

#include "broker.h"
#include "eventlog.h"
#include "lib/clock.h"
#include "lib/link.h"
#include "lib/log.h"
#include "net.h"
#include "proto/codec.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define TURN_MESSAGES_MAX 512u   /* read in one turn; more wait for the next */
#define TURN_SIZE_MAX (8u << 20) /* bytes read in one turn */
#define REQUEST_QUOTA (8u << 20) /* bytes that unpacking one request may take */
#define UNSENT_HOLD (16u << 20)  /* bytes a peer may lag before the core is told to wait for it */
#define UNSENT_RESUME (4u << 20) /* bytes: goes on below */
#define MEASURE_US 200000        /* between two looks at the disk */
#define IDLE_PEER_US 60000000    /* a peer without session is forgotten */
#define WAIT_MS (MST_BROKER_TICK_US / 1000)
#define EXIT_DISK 3

typedef struct shell {
    const mst_shell_options *options;
    char dir[PATH_SIZE]; /* of the broker's files */
    int lock_fd;
    mst_arena *life, *message_arena;
    mst_store *store;
    mst_broker *broker;
    mst_keys *keys;
    mst_net *net;
    int64_t measured_us;
    uint64_t written; /* bytes of bodies taken since the disk was looked at */
    bool any_gone, any_held;
} shell;

static volatile sig_atomic_t stopping;

static void
stop(int number)
{
    (void)number;
    stopping = 1;
}

/* What the core says ------------------------------------------------------------------------------------- */

static void
send_out(void *context, uint64_t session, const Muster__V1__BusReply *reply, mst_body *const *bodies,
         size_t bodies_count)
{
    shell *self = context;
    mst_peer *peer = mst_peers_get(mst_net_peers(self->net), session);
    if (peer == NULL || peer->gone)
        return;
    mst_sent sent = mst_net_send(self->net, peer, &reply->base, bodies, bodies_count);
    if (sent != MST_SENT) {
        peer->gone = true;
        self->any_gone = true;
        if (sent == MST_SENT_FULL)
            mst_log(MST_LOG_WARN, "a session does not take what it asked for and is ended", "session=u", session, NULL);
        return;
    }
    if (!peer->held && atomic_load_explicit(&peer->unsent, memory_order_relaxed) > UNSENT_HOLD) {
        peer->held = true; // the core is told after the turn
        self->any_held = true;
    }
}

static void
publish(void *context, const char *topic, const ProtobufCMessage *head, mst_body *body)
{
    shell *self = context;
    if (self->net != NULL)
        mst_net_publish(self->net, topic, head, body);
}

/* What comes in ------------------------------------------------------------------------------------------ */

static void
take_message(shell *self, mst_net_message *message, int64_t now_us)
{
    message->peer->heard_us = now_us;
    if (message->principal.role == MST_ROLE_NONE)
        return;
    mst_arena_reset(self->message_arena);
    const Muster__V1__BusRequest *request = NULL;
    if (message->fault == NULL) {
        request = (const Muster__V1__BusRequest *)mst_unpack(
            &muster__v1__bus_request__descriptor, message->control.data, message->control.size, MST_CONTROL_SIZE_MAX,
            mst_arena_allocator(self->message_arena));
        if (request == NULL)
            message->fault = "the first frame is no BusRequest of at most 64 KiB";
    }
    if (request == NULL)
        mst_broker_refuse(self->broker, message->peer->session, 0, MUSTER__V1__FAULT_CODE__FAULT_MALFORMED,
                          message->fault);
    else
        mst_broker_receive(self->broker, message->peer->session, &message->principal, request, message->bodies,
                           message->bodies_count);
    self->written += message->size;
}

static void
take_messages(shell *self, int64_t now_us)
{
    size_t size = 0;
    static mst_net_message message; // one thread; too large for the stack's taste
    for (unsigned i = 0; i < TURN_MESSAGES_MAX && size < TURN_SIZE_MAX; i++) {
        if (mst_net_receive(self->net, &message) != MST_OK)
            break;
        take_message(self, &message, now_us);
        size += message.size;
        for (size_t j = 0; j < message.bodies_count; j++)
            mst_body_unref(&message.bodies[j]);
    }
}

/* Peers that could not be sent to, that took what they had waiting, or that nobody knows any more. */
static void
tend_peers(shell *self, int64_t now_us, bool all)
{
    mst_peers *peers = mst_net_peers(self->net);
    if (!self->any_gone && !self->any_held && !all)
        return;
    self->any_gone = self->any_held = false;
    for (mst_peer *peer = mst_peers_first(peers), *next; peer != NULL; peer = next) {
        next = peer->next;
        if (peer->gone) { // most likely its process died: an attempt, or work that kills would come for ever
            mst_broker_gone(self->broker, peer->session, false);
            mst_peers_remove(peers, peer);
            continue;
        }
        if (peer->held) {
            peer->held = atomic_load_explicit(&peer->unsent, memory_order_relaxed) >= UNSENT_RESUME;
            mst_broker_hold(self->broker, peer->session, peer->held);
        }
        self->any_held |= peer->held;
        if (now_us - peer->heard_us > IDLE_PEER_US && !mst_broker_has_session(self->broker, peer->session))
            mst_peers_remove(peers, peer);
    }
}

/* A right that was taken away ends the session at once: it would go on to be sent events and work. */
static void
end_revoked(shell *self)
{
    mst_peers *peers = mst_net_peers(self->net);
    for (mst_peer *peer = mst_peers_first(peers), *next; peer != NULL; peer = next) {
        next = peer->next;
        if (mst_net_authorised(self->net, peer))
            continue;
        mst_log(MST_LOG_WARN, "a session was ended: its key was revoked", "principal", peer->principal.name, NULL);
        mst_broker_gone(self->broker, peer->session, true);
        mst_peers_remove(peers, peer);
    }
}

static void
measure(shell *self, int64_t now_us)
{
    struct statvfs info;
    mst_broker_meters meters = {.disk_reserve = self->options->reserve};
    self->measured_us = now_us;
    self->written = 0;
    if (statvfs(self->dir, &info) == 0)
        meters.disk_free = (uint64_t)info.f_bavail * info.f_frsize;
    meters.log_bytes = mst_eventlog_bytes(self->store);
    meters.rss_kib = mst_clock_rss_kib();
    meters.cpu_us = mst_clock_cpu_us();
    mst_eventlog_sync_us(self->store, &meters.sync_us_p50, &meters.sync_us_p99);
    mst_broker_measure(self->broker, &meters);
    if (self->keys != NULL && mst_keys_refresh(self->keys))
        end_revoked(self);
    tend_peers(self, now_us, true);
}

/* Starting and stopping ---------------------------------------------------------------------------------- */

static mst_status
make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? MST_OK : MST_IO;
}

/* The lock comes before everything: binding an ipc endpoint takes it away from a broker that runs, silently. */
static mst_status
lock_data(shell *self)
{
    char path[PATH_SIZE];
    const char *data = self->options->data_dir;
    if (snprintf(path, sizeof path, "%s/run", data) >= (int)sizeof path - 32)
        return MST_INVALID;
    mst_status rc = make_dir(data);
    if (rc == MST_OK)
        rc = make_dir(path);
    if (rc == MST_OK && chmod(path, 0700) != 0)
        rc = MST_IO;
    snprintf(self->dir, sizeof self->dir, "%s/broker", data);
    if (rc == MST_OK)
        rc = make_dir(self->dir);
    snprintf(path, sizeof path, "%s/broker/lock", data);
    if (rc == MST_OK && (self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
        rc = MST_IO;
    if (rc == MST_OK && flock(self->lock_fd, LOCK_EX | LOCK_NB) != 0)
        rc = MST_BUSY;
    if (rc == MST_BUSY)
        mst_log(MST_LOG_ERROR, "another broker runs on this data directory", "dir", data, NULL);
    else if (rc != MST_OK)
        mst_log(MST_LOG_ERROR, "the data directory cannot be used", "dir", data, "error", strerror(errno), NULL);
    return rc;
}

static mst_status
open_log(shell *self)
{
    char why[MST_EVENTLOG_WHY_SIZE];
    mst_eventlog_options options = {.dir = self->dir, .sync = self->options->sync, .reserve = self->options->reserve};
    mst_status rc = mst_eventlog_open(&self->store, &options, why);
    if (rc != MST_OK)
        mst_log(MST_LOG_ERROR, "the log was not opened", "why", why, NULL);
    return rc;
}

static mst_status
open_core(shell *self, const char *events_endpoint)
{
    mst_broker_options options = {
        .store = self->store,
        .now_us = mst_clock_monotonic_us(),
        .wall_ms = mst_clock_wall_ms(),
        .lease_ms = self->options->lease_ms,
        .events_endpoint = events_endpoint,
        .pid = (uint32_t)getpid(),
        .sync = self->options->sync,
        .out = send_out,
        .publish = publish,
        .context = self,
    };
    mst_random(options.new_incarnation, sizeof options.new_incarnation);
    mst_status rc = mst_broker_open(&self->broker, &options);
    if (rc != MST_OK)
        mst_log(MST_LOG_ERROR, "the log holds what no broker wrote, or cannot be written", "status",
                mst_status_name(rc), NULL);
    return rc;
}

static mst_status
start(shell *self)
{
    char why[512] = "";
    unsetenv("MUSTER_ENDPOINT"); // tells clients where to go, not the broker where to be
    const char *endpoint = mst_link_endpoint_of(self->life, self->options->data_dir);
    const char *events_endpoint = mst_link_events_endpoint_of(self->life, self->options->data_dir);
    mst_status rc = lock_data(self);
    if (rc == MST_OK && self->options->listen != NULL)
        rc = mst_keys_open(&self->keys, self->dir, why);
    if (rc == MST_OK)
        rc = open_log(self);
    if (rc == MST_OK)
        rc = open_core(self, events_endpoint);
    if (rc == MST_OK)
        rc = mst_net_open(&self->net, endpoint, events_endpoint, self->options->listen, self->keys, why);
    if (why[0] != '\0' && rc != MST_OK)
        mst_log(MST_LOG_ERROR, "the broker does not start", "why", why, NULL);
    if (rc == MST_OK)
        mst_log(MST_LOG_INFO, "ready", "endpoint", endpoint, "listen",
                self->options->listen != NULL ? self->options->listen : "", "events=u",
                mst_broker_durable_seq(self->broker), NULL);
    return rc;
}

static void
note(shell *self, bool at_once)
{
    mst_eventlog_note(self->store, mst_clock_monotonic_us(), mst_broker_incarnation(self->broker),
                      mst_broker_durable_seq(self->broker), mst_broker_last_hash(self->broker), at_once);
}

static mst_status
loop(shell *self)
{
    bool more = false;
    while (!stopping) {
        mst_net_wait(self->net, more ? 0 : self->any_held ? 1 : WAIT_MS);
        int64_t now_us = mst_clock_monotonic_us();
        mst_broker_tick(self->broker, now_us, mst_clock_wall_ms());
        if (now_us - self->measured_us >= MEASURE_US || self->written > self->options->reserve / 8 + TURN_SIZE_MAX)
            measure(self, now_us);
        take_messages(self, now_us);
        mst_status rc = mst_broker_turn_end(self->broker, &more);
        if (rc != MST_OK)
            return rc;
        note(self, false);
        tend_peers(self, now_us, false);
    }
    return MST_OK;
}

int
mst_shell_run(const mst_shell_options *options)
{
    shell self = {.options = options, .lock_fd = -1};
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // bodies are people's data, and keys are in memory
    self.life = mst_arena_new(0);
    self.message_arena = mst_arena_new(REQUEST_QUOTA);
    mst_status rc = start(&self);
    int exit_code = rc == MST_OK ? 0 : 1;
    if (rc == MST_OK) {
        rc = loop(&self);
        if (rc != MST_OK) {
            // Whether the last turn is on the disk is unknown: nothing may be answered or tried again in this life.
            mst_log(MST_LOG_ERROR, "the log refused a turn; stopping so that the next start finds out what is there",
                    "status", mst_status_name(rc), NULL);
            _exit(EXIT_DISK);
        }
        note(&self, true);
        mst_log(MST_LOG_INFO, "stopped", "events=u", mst_broker_durable_seq(self.broker), NULL);
    }
    mst_net_close(&self.net);
    mst_broker_close(&self.broker);
    mst_store_close(&self.store);
    mst_keys_close(&self.keys);
    mst_arena_destroy(&self.life);
    mst_arena_destroy(&self.message_arena);
    if (self.lock_fd >= 0)
        close(self.lock_fd);
    return exit_code;
}
