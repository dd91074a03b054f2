/* up.c - muster up and muster down: the system as supervised processes on one machine. */
#include "broker/lib/clock.h"
#include "builtin.h"
#include "commands.h"
#include "document.h"
#include "instance.h"
#include "keys.h"
#include "print.h"
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSTANCES_MAX 16u         /* of one service, started by one `up` */
#define UP_LOG_SIZE_MAX (4 << 20) /* bytes of up.log; looked at when the system starts */

typedef struct up_options {
    const char *listen;
    bool detach, no_builtins, no_sync, verbose;
    uint64_t parsing, matching;
} up_options;

/* What the supervisor's call-backs need. */
typedef struct up_context {
    cli *self;
    const up_options *options;
    const char *endpoint;
    const char **instances; /* services that must be ready */
    size_t instances_count;
    FILE *report;
} up_context;

/* The broker binds only when its log is checked and open. */
static bool
broker_listens(void *context)
{
    const up_context *up = context;
    return instance_listens(up->endpoint);
}

static const Muster__V1__Report *
report_of(const Muster__V1__BrokerStatus *status, const char *instance)
{
    for (size_t i = 0; i < status->n_reports; i++)
        if (strcmp(status->reports[i]->instance, instance) == 0)
            return status->reports[i];
    return NULL;
}

/* Waits until every service says that it is ready, and tells every few seconds which one is not. */
static int
wait_ready(up_context *up)
{
    mst_arena *arena = mst_arena_new(0);
    int64_t told_us = mst_clock_monotonic_us();
    while (true) {
        Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
        Muster__V1__GetStatus get = MUSTER__V1__GET_STATUS__INIT;
        const Muster__V1__BusReply *reply;
        mst_slice *bodies;
        size_t bodies_count;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS;
        request.get_status = &get;
        mst_status rc = mst_link_ask(up->self->link, &request, 5000, arena, &reply, &bodies, &bodies_count);
        const char *missing = "the broker", *state = "not answering";
        if (rc == MST_OK && reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_BROKER_STATUS) {
            missing = NULL;
            for (size_t i = 0; i < up->instances_count && missing == NULL; i++) {
                const Muster__V1__Report *report = report_of(reply->broker_status, up->instances[i]);
                if (report != NULL && strcmp(report->state, "ready") == 0)
                    continue;
                missing = up->instances[i];
                state = report == NULL ? "starting" : mst_arena_strdup(arena, report->state);
            }
            if (missing == NULL)
                break;
        }
        if (mst_clock_monotonic_us() - told_us > 3000000) {
            fprintf(up->report, "waiting for %s (%s)\n", missing, state);
            fflush(up->report);
            told_us = mst_clock_monotonic_us();
        }
        mst_arena_reset(arena);
        usleep(20000);
    }
    mst_arena_destroy(&arena);
    return CLI_DONE;
}

/* Runs in a process of its own, so the supervisor stays free of sockets. */
static int
settle(void *context)
{
    up_context *up = context;
    up->self->json = false;
    int rc = cli_connect(up->self);
    if (rc == CLI_DONE)
        rc = wait_ready(up);
    if (rc == CLI_DONE && !up->options->no_builtins)
        rc = builtin_add(up->self);
    mst_link_close(&up->self->link);
    if (rc == CLI_DONE) {
        fprintf(up->report, "ready: %zu services on %s%s\n", up->instances_count, up->self->data_dir,
                up->options->detach ? "" : "; ctrl-C stops them");
        fflush(up->report);
    }
    return rc;
}

static char **
service_argv(cli *self, const char *service, unsigned number)
{
    char **argv = mst_arena_alloc(self->arena, 6 * sizeof *argv);
    argv[0] = (char *)cli_program_beside(self, mst_arena_printf(self->arena, "muster-%s", service));
    argv[1] = "--data";
    argv[2] = (char *)self->data_dir;
    argv[3] = "--instance";
    argv[4] = mst_arena_printf(self->arena, "%u", number);
    return argv;
}

static char **
broker_argv(cli *self, const up_options *options)
{
    char **argv = mst_arena_alloc(self->arena, 8 * sizeof *argv);
    size_t count = 0;
    argv[count++] = (char *)cli_program_beside(self, "muster-broker");
    argv[count++] = "--data";
    argv[count++] = (char *)self->data_dir;
    if (options->listen != NULL) {
        argv[count++] = "--listen";
        argv[count++] = strstr(options->listen, "://") != NULL
                            ? (char *)options->listen
                            : mst_arena_printf(self->arena, "tcp://%s", options->listen);
    }
    if (options->no_sync)
        argv[count++] = "--no-sync";
    return argv;
}

static void
add_service(up_context *up, process_supervisor *supervisor, const char *service, unsigned count)
{
    for (unsigned number = 1; number <= count; number++) {
        const char *instance = mst_arena_printf(up->self->arena, "%s/%u", service, number);
        up->instances[up->instances_count++] = instance;
        supervisor_add(supervisor, instance, service_argv(up->self, service, number), false);
    }
}

/* Holds the lock and supervises until told to stop. */
static int
run_system(cli *self, const up_options *options, FILE *report, int ready_fd)
{
    pid_t holder;
    int lock = instance_lock(self->data_dir, &holder);
    if (lock < 0)
        return cli_fail(self, "muster status shows it, muster down stops it",
                        "the system runs already on %s (process %d)", self->data_dir, (int)holder);
    up_context up = {.self = self, .options = options, .report = report};
    up.endpoint = mst_link_endpoint_of(self->arena, self->data_dir);
    up.instances = mst_arena_alloc(self->arena, SUPERVISE_CHILDREN_MAX * sizeof *up.instances);
    supervisor_options supervise = {
        .data_dir = self->data_dir,
        .report = report,
        .ready_fd = ready_fd,
        .echo = options->verbose && !options->detach,
        .gate = broker_listens,
        .settle = settle,
        .context = &up,
    };
    process_supervisor *supervisor = supervisor_new(self->arena, &supervise);
    supervisor_add(supervisor, "broker", broker_argv(self, options), true);
    add_service(&up, supervisor, "ingestion", 1);
    add_service(&up, supervisor, "parsing", (unsigned)options->parsing);
    add_service(&up, supervisor, "matching", (unsigned)options->matching);
    add_service(&up, supervisor, "discrepancy", 1);
    add_service(&up, supervisor, "export", 1);
    add_service(&up, supervisor, "notification", 1);
    int rc = supervisor_run(supervisor);
    close(lock);
    if (rc != 0)
        fprintf(report, "the system did not start; more in %s/logs/\n", self->data_dir);
    else
        fprintf(report, "stopped\n");
    fflush(report);
    return rc == 0 ? CLI_DONE : CLI_FAILED;
}

/* Prints what was added to the log since the last look. */
static void
copy_log(FILE *log, FILE *to)
{
    char line[1024];
    clearerr(log);
    while (fgets(line, sizeof line, log) != NULL)
        fputs(line, to);
    fflush(to);
}

/* Copies what the system in the background says while it starts; CLI_DONE once it is ready. */
static int
wait_background(cli *self, int fd, FILE *log, const char *log_path)
{
    char ready = 0;
    FILE *to = self->json ? stderr : stdout;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (poll(&poll_fd, 1, 200) <= 0)
        copy_log(log, to);
    bool good = read(fd, &ready, 1) == 1;
    copy_log(log, good ? to : stderr);
    if (!good)
        return cli_fail(self, mst_arena_printf(self->arena, "see %s and the files beside it", log_path),
                        "it did not become ready");
    if (self->json)
        document_print(json_pack("{s:b, s:s, s:i}", "ready", 1, "data_dir", self->data_dir, "pid",
                                 (int)instance_running(self->data_dir)));
    return CLI_DONE;
}

static int
run_detached(cli *self, const up_options *options)
{
    const char *log_path = mst_arena_printf(self->arena, "%s/logs/up.log", self->data_dir);
    struct stat before;
    if (stat(log_path, &before) == 0 && before.st_size > UP_LOG_SIZE_MAX)
        rename(log_path, mst_arena_printf(self->arena, "%s.1", log_path));
    FILE *log = fopen(log_path, "a+e");
    if (log == NULL)
        return cli_fail(self, "check the directory's owner and the free space", "cannot write %s: %s", log_path,
                        strerror(errno));
    // Read by a handle of its own: the writer's position is shared with the process in the background.
    FILE *said = fopen(log_path, "re");
    if (said == NULL || fseek(said, 0, SEEK_END) != 0)
        return cli_fail(self, NULL, "cannot read %s: %s", log_path, strerror(errno));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cli_fail(self, NULL, "no pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return cli_fail(self, NULL, "cannot start a process: %s", strerror(errno));
    if (pid > 0) {
        close(ends[1]);
        return wait_background(self, ends[0], said, log_path);
    }
    close(ends[0]);
    setsid();
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(fileno(log), STDOUT_FILENO);
    dup2(fileno(log), STDERR_FILENO);
    if (chdir("/") != 0)
        perror("chdir");
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    exit(run_system(self, options, stdout, ends[1]));
}

static int
run_up(cli *self, const void *given)
{
    const up_options *options = given;
    if (options->parsing > INSTANCES_MAX || options->matching > INSTANCES_MAX)
        return cli_misused(self, "more run by hand: muster-matching --data DIR --instance N",
                           "at most %u instances of a service", INSTANCES_MAX);
    signal(SIGPIPE, SIG_IGN);    // a terminal that closes must not take the system with it unordered
    unsetenv("MUSTER_ENDPOINT"); // this system's own, not one elsewhere
    int rc = instance_prepare(self);
    if (rc != CLI_DONE)
        return rc;
    pid_t holder = instance_running(self->data_dir);
    if (holder != 0)
        return cli_fail(self, "muster status shows it, muster down stops it",
                        "the system runs already on %s (process %d)", self->data_dir, (int)holder);
    if (options->listen != NULL && (rc = keys_server(self)) != CLI_DONE)
        return rc;
    if (options->detach)
        return run_detached(self, options);
    return run_system(self, options, stdout, -1);
}

static const cli_option UP_OPTIONS[] = {
    {"listen", 0, "ADDR:PORT", "also answer authorised clients and services on other hosts (CURVE)", CLI_TEXT,
     offsetof(up_options, listen)},
    {"detach", 'd', NULL, "return when the system is ready; it goes on in the background", CLI_FLAG,
     offsetof(up_options, detach)},
    {"parsing", 0, "N", "how many parsing processes (default 1)", CLI_NUMBER, offsetof(up_options, parsing)},
    {"matching", 0, "N", "how many matching processes (default 1)", CLI_NUMBER, offsetof(up_options, matching)},
    {"no-builtins", 0, NULL, "do not add the directory and templates that come with muster", CLI_FLAG,
     offsetof(up_options, no_builtins)},
    {"verbose", 'v', NULL, "print what the processes log", CLI_FLAG, offsetof(up_options, verbose)},
    {"no-sync", 0, NULL, NULL, CLI_FLAG,
     offsetof(up_options, no_sync)}, // for tests and benches: loses data in a power cut
    {0},
};

static const up_options UP_DEFAULTS = {.parsing = 1, .matching = 1};

const cli_command up_command = {
    .name = "up",
    .summary = "Start the system: broker and services as supervised processes",
    .text = "What dies is started again. Output of the processes goes to DIR/logs, a file each, at most 32 MiB per "
            "process. Ctrl-C (or muster down) stops all in order; a second ctrl-C kills. On its first start the "
            "built-in directory and templates are added.",
    .options = UP_OPTIONS,
    .options_size = sizeof(up_options),
    .defaults = &UP_DEFAULTS,
    .run = run_up,
};

#define DOWN_MS_MAX 130000 /* twice what the supervisor gives its children, and some */

static int
run_down(cli *self, const void *given)
{
    (void)given;
    pid_t pid = instance_running(self->data_dir);
    bool ran = pid != 0;
    int64_t began_us = mst_clock_monotonic_us();
    if (ran && kill(pid, SIGTERM) != 0)
        return cli_fail(self, "run this as the user who started the system", "cannot stop process %d: %s", (int)pid,
                        strerror(errno));
    while (instance_running(self->data_dir) != 0) {
        if (mst_clock_monotonic_us() - began_us > DOWN_MS_MAX * INT64_C(1000))
            return cli_fail(self, "see DIR/logs; the last resort is kill -9, nothing acknowledged is lost",
                            "process %d did not stop", (int)pid);
        usleep(20000);
    }
    int64_t took_ms = (mst_clock_monotonic_us() - began_us) / 1000;
    if (self->json)
        document_print(json_pack("{s:b, s:I}", "was_running", ran, "took_ms", (json_int_t)took_ms));
    else if (ran)
        printf("stopped in %s\n", print_duration(self->arena, took_ms));
    else
        printf("nothing runs on %s\n", self->data_dir);
    return CLI_DONE;
}

const cli_command down_command = {
    .name = "down",
    .summary = "Stop the system in order; returns when all has stopped",
    .text = "Nothing that was acknowledged is lost; batches go on where they were with the next muster up.",
    .run = run_down,
};
