/* service.c - the program around a core: directories, link, signals, and the loop that drives the instance
 * (instance.h). */
#include "services/runtime/service.h"
#include "broker/lib/clock.h"
#include "broker/lib/link.h"
#include "broker/lib/log.h"
#include "services/runtime/config.h"
#include "services/runtime/instance.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_MS 100          /* ms between looks at the clock */
#define BURST_MAX 512        /* messages taken before the batch log is written */
#define CONNECT_MS 30000     /* ms a starting service waits for its broker */
#define CONNECT_STEP_MS 1000 /* ms between looks at whether it was told to stop meanwhile */
#define DRAIN_MS_MAX 5000    /* ms from SIGTERM to the end, whatever is under way */

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

static volatile sig_atomic_t stop_asked;

typedef struct shell {
    const mst_core *core;
    mst_config config;
    mst_arena *arena;
    char *dir, *blobs_dir, *log_dir, *name;
    char host[64];
    int lock_fd;
    mst_batchlog *log;
    mst_link *link;
    mst_instance *instance;
} shell;

static void
on_signal(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static mst_now
now(void)
{
    return (mst_now){mst_clock_monotonic_us() / 1000, mst_clock_wall_ms()};
}

/* Directories ----------------------------------------------------------------------------------------- */

/* Makes the directory and what is missing above it, for this user only. */
static mst_status
directory_make(const char *path)
{
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(part, 0700) && errno != EEXIST) {
            fprintf(stderr, "cannot make the directory %s: %s\n", part, strerror(errno));
            return MST_IO;
        }
        if (!slash)
            return MST_OK;
        *slash = '/';
    }
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    return where->level == 0 || strcmp(path + where->base, "lock") == 0 ? 0 : remove(path);
}

/* Empties this instance's directory: its stores are copies of a log that is not the broker's any more. */
static mst_status
stores_remove(const char *dir)
{
    return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) ? MST_IO : MST_OK;
}

static mst_status
lock_take(shell *self)
{
    char *path = mst_arena_printf(self->arena, "%s/lock", self->dir);
    self->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (self->lock_fd >= 0 && flock(self->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return MST_OK;
    fprintf(stderr, "%s runs already on %s\n", self->name, self->config.data_dir);
    return MST_BUSY;
}

/* Port ------------------------------------------------------------------------------------------------ */

static mst_status
port_send(void *context, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count)
{
    return mst_link_send(((shell *)context)->link, request, bodies, bodies_count);
}

static void
port_vitals(void *context, Muster__V1__Report *report)
{
    report->pid = (uint32_t)getpid();
    report->host = ((shell *)context)->host;
    report->rss_kib = mst_clock_rss_kib();
    report->cpu_us = mst_clock_cpu_us();
}

/* Opening --------------------------------------------------------------------------------------------- */

static mst_status
stores_open(shell *self, char why[256])
{
    mst_instance_options options = {.core = self->core,
                                    .env = {.data_dir = self->dir,
                                            .blobs_dir = self->blobs_dir,
                                            .system_dir = self->config.data_dir,
                                            .instance = self->name},
                                    .port = {self, port_send, port_vitals},
                                    .inputs_max = self->config.inputs_max,
                                    .snapshot_events = self->config.snapshot_events};
    mst_status rc = mst_batchlog_open(&self->log, self->log_dir, why);
    if (rc != MST_OK)
        return rc;
    options.log = self->log;
    return mst_instance_new(&self->instance, &options, now(), why);
}

static void
stores_close(shell *self)
{
    mst_instance_destroy(&self->instance);
    mst_batchlog_close(&self->log);
}

/* The projection is damaged or of another log: thrown away, it is followed again. */
static mst_status
stores_renew(shell *self, const char *reason, char why[256])
{
    mst_log(MST_LOG_WARN, "stores rebuilt", "reason", reason, NULL);
    stores_close(self);
    mst_status rc = stores_remove(self->dir);
    return rc == MST_OK ? stores_open(self, why) : rc;
}

static mst_status
link_open(shell *self, bool show_seen, char why[256])
{
    const mst_position *position = mst_batchlog_position(self->log);
    mst_link_options options = {.endpoint = self->config.endpoint,
                                .producer = self->name,
                                .service = self->core->name,
                                .key_file = self->config.key_file,
                                .server_key = self->config.server_key,
                                .connect_ms = CONNECT_STEP_MS,
                                .seen_incarnation = position->incarnation,
                                .seen_seq = show_seen ? position->seen_seq : 0,
                                .seen_hash = position->seen_hash};
    mst_status rc = MST_TIMEOUT;
    for (int waited_ms = 0; rc == MST_TIMEOUT && waited_ms < CONNECT_MS && !stop_asked; waited_ms += CONNECT_STEP_MS)
        rc = mst_link_open(&self->link, &options, why);
    return rc;
}

/* The broker's log is not the one this store is a copy of. If it is another one by name (a restored backup, a new
 * system), the store is thrown away; the same log gone backwards is for people to look at. */
static mst_status
link_open_anew(shell *self, char why[256])
{
    char other[256];
    mst_status rc = link_open(self, false, other);
    if (rc != MST_OK)
        return MST_STALE;
    const Muster__V1__Welcome *welcome = mst_link_welcome(self->link);
    const mst_position *position = mst_batchlog_position(self->log);
    if (welcome->incarnation.len == 16 && memcmp(welcome->incarnation.data, position->incarnation, 16) != 0)
        return MST_OK;
    mst_link_close(&self->link);
    mst_log(MST_LOG_ERROR, "the log has lost events", "why", why, NULL);
    return MST_STALE;
}

/* The session is open (again). */
static mst_status
session_begin(shell *self, char why[256])
{
    mst_status rc = mst_instance_back(self->instance, mst_link_welcome(self->link), now());
    if (rc != MST_STALE)
        return rc;
    rc = stores_renew(self, "the broker holds another log than the one they are a copy of", why);
    return rc == MST_OK ? mst_instance_back(self->instance, mst_link_welcome(self->link), now()) : rc;
}

/* Loop ------------------------------------------------------------------------------------------------ */

/* Takes what is there, at most a burst. */
static mst_status
take_burst(shell *self, char why[256])
{
    mst_status rc = MST_OK;
    for (int taken = 0; taken < BURST_MAX; taken++) {
        mst_link_message message;
        rc = mst_link_receive(self->link, &message, taken ? 0 : TICK_MS);
        if (rc != MST_OK)
            break;
        switch (message.event) {
        case MST_LINK_MESSAGE:
            mst_instance_receive(self->instance, message.reply, message.bodies, message.bodies_count, now());
            break;
        case MST_LINK_BACK:
            mst_log(MST_LOG_INFO, "connected", NULL);
            rc = session_begin(self, why);
            break;
        case MST_LINK_LOST:
            mst_log(MST_LOG_WARN, "connection lost", "why", mst_link_why(self->link), NULL);
            mst_instance_lost(self->instance, now());
            break;
        }
        if (rc != MST_OK)
            return rc;
    }
    if (rc == MST_DENIED || rc == MST_STALE || rc == MST_INVALID)
        snprintf(why, 256, "%s", mst_link_why(self->link));
    return rc == MST_TIMEOUT ? MST_OK : rc;
}

/* Until a signal or something that cannot be mended. */
static mst_status
run(shell *self, char why[256])
{
    mst_status rc = MST_OK;
    int64_t ticked_ms = 0, drain_ms = 0;
    while (rc == MST_OK) {
        rc = take_burst(self, why);
        mst_now at = now();
        if (at.ms - ticked_ms >= TICK_MS) {
            mst_instance_tick(self->instance, at);
            ticked_ms = at.ms;
        } else {
            mst_instance_settle(self->instance, at);
        }
        if (rc == MST_OK && mst_instance_fatal(self->instance)) {
            snprintf(why, 256, "%s", mst_instance_fatal(self->instance));
            rc = MST_DENIED;
        }
        if (!stop_asked)
            continue;
        if (!drain_ms) {
            mst_log(MST_LOG_INFO, "stopping", NULL);
            drain_ms = at.ms;
            mst_instance_drain(self->instance);
        }
        if (mst_instance_drained(self->instance) || at.ms - drain_ms > DRAIN_MS_MAX)
            break;
    }
    if (rc != MST_OK)
        return rc;
    mst_instance_leave(self->instance);
    return mst_instance_save(self->instance);
}

static mst_status
prepare(shell *self)
{
    mst_arena *arena = self->arena;
    mst_config *config = &self->config;
    self->name = mst_arena_printf(arena, "%s/%u", self->core->name, config->instance);
    self->dir = mst_arena_printf(arena, "%s/services/%s-%u", config->data_dir, self->core->name, config->instance);
    self->blobs_dir = mst_arena_printf(arena, "%s/blobs", config->data_dir);
    self->log_dir = mst_arena_printf(arena, "%s/batchlog", self->dir);
    if (!config->endpoint)
        config->endpoint = mst_link_endpoint_of(arena, config->data_dir);
    if (gethostname(self->host, sizeof self->host - 1))
        self->host[0] = '\0';
    mst_log_init(self->name, mst_config_log_level(config));
    return MST_OK;
}

static int
exit_code(mst_status rc)
{
    switch (rc) {
    case MST_OK: return EXIT_DONE;
    case MST_INVALID: return EXIT_USAGE;
    case MST_TIMEOUT: return EXIT_UNREACHABLE;
    default: return EXIT_FAILED;
    }
}

static void
signals_set(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: the loop wakes */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static mst_status
serve(shell *self, char why[256])
{
    mst_status rc = directory_make(self->dir);
    if (rc == MST_OK)
        rc = directory_make(self->blobs_dir);
    if (rc == MST_OK)
        rc = lock_take(self);
    if (rc != MST_OK)
        return rc;
    rc = stores_open(self, why);
    if (rc == MST_CORRUPT)
        rc = stores_renew(self, why, why);
    if (rc == MST_OK)
        rc = link_open(self, true, why);
    if (rc == MST_STALE)
        rc = link_open_anew(self, why);
    if (rc == MST_OK)
        rc = session_begin(self, why);
    if (rc == MST_OK) {
        mst_log(MST_LOG_INFO, "started", "incarnation_seq=u", mst_link_welcome(self->link)->durable_seq, "epoch=u",
                mst_link_welcome(self->link)->epoch, NULL);
        rc = run(self, why);
    }
    return rc;
}

int
mst_service_main(const mst_core *core, int argc, char **argv)
{
    shell self = {.core = core, .lock_fd = -1};
    char why[256] = "";
    const struct rlimit no_core = {0, 0};
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core); /* memory holds personal data */
    mst_status rc = mst_config_read(&self.config, core->name, argc, argv);
    self.arena = mst_arena_new(0);
    if (rc == MST_OK)
        rc = prepare(&self);
    if (rc == MST_OK && self.config.dump) {
        rc = mst_batchlog_dump(self.dir, why);
    } else if (rc == MST_OK) {
        signals_set();
        rc = serve(&self, why);
    }
    if (rc != MST_OK && why[0])
        mst_log(MST_LOG_ERROR, "ended", "why", why, "status", mst_status_name(rc), NULL);
    else if (rc == MST_OK && !self.config.dump)
        mst_log(MST_LOG_INFO, "ended", NULL);
    mst_link_close(&self.link); /* what was sent last gets out before the stores are closed */
    stores_close(&self);
    if (self.lock_fd >= 0)
        close(self.lock_fd);
    mst_arena_destroy(&self.arena);
    mst_config_release(&self.config);
    return exit_code(rc);
}
