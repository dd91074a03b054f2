/* supervise.c - see supervise.h. */
#include "supervise.h"

#include "broker/lib/clock.h"
#include "logfile.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define BROKER_TOLD_US 3000000 /* how often it is said that the broker is not ready yet */
#define LINE_SIZE_MAX 16384u   /* bytes of a child's line; longer ones are cut in pieces */

typedef struct child_process {
    const char *instance;
    char **argv;
    bool first;
    pid_t pid; /* 0 not running */
    int fd;    /* its output; -1 none */
    logfile log;
    int64_t started_us, started_wall_ms;
    int64_t start_at_us; /* when to start it (again) */
    int backoff_ms;
    unsigned restarts, failures; /* ever; in a row */
    char ended[64];              /* how it ended last, "" never */
    char line[LINE_SIZE_MAX];
    size_t line_size;
    char last_line[512];
} child_process;

typedef enum phase { PHASE_BROKER, PHASE_SERVICES, PHASE_READY, PHASE_STOPPING, PHASE_STOPPING_FIRST } phase;

struct process_supervisor {
    mst_arena *arena;
    supervisor_options options;
    child_process *children;
    size_t children_count;
    phase phase;
    pid_t settler;
    bool was_ready, failed, killing;
    int64_t stop_by_us;
    int64_t told_us; /* when it was last said that the broker is not ready */
    int signals;
    int ready_fd;
};

static void MST_PRINTF(2, 3) say(process_supervisor *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(self->options.report, format, args);
    va_end(args);
    fputc('\n', self->options.report);
    fflush(self->options.report);
}

process_supervisor *
supervisor_new(mst_arena *arena, const supervisor_options *options)
{
    process_supervisor *self = mst_arena_alloc(arena, sizeof *self);
    self->arena = arena;
    self->options = *options;
    self->ready_fd = options->ready_fd;
    self->children = mst_arena_alloc(arena, SUPERVISE_CHILDREN_MAX * sizeof *self->children);
    return self;
}

void
supervisor_add(process_supervisor *self, const char *instance, char **argv, bool first)
{
    if (self->children_count == SUPERVISE_CHILDREN_MAX)
        return;
    child_process *child = &self->children[self->children_count++];
    *child = (struct child_process){.instance = instance, .argv = argv, .first = first, .fd = -1, .log.fd = -1};
    char *name = mst_arena_strdup(self->arena, instance);
    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;)
        *slash = '-';
    logfile_open(&child->log, mst_arena_printf(self->arena, "%s/logs/%s.log", self->options.data_dir, name), 0);
}

/* What runs, for `muster status`: $DATA/run/processes.json, replaced in one step. */
static void
write_processes(const process_supervisor *self)
{
    json_t *list = json_array();
    for (size_t i = 0; i < self->children_count; i++) {
        const child_process *child = &self->children[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:i, s:s}", "instance", child->instance, "pid",
                                              (int)child->pid, "started_at_ms", (json_int_t)child->started_wall_ms,
                                              "restarts", (int)child->restarts, "ended", child->ended));
    }
    json_t *document =
        json_pack("{s:i, s:b, s:o}", "pid", (int)getpid(), "ready", self->phase == PHASE_READY, "processes", list);
    char path[4096], fresh[4096];
    snprintf(path, sizeof path, "%s/run/processes.json", self->options.data_dir);
    snprintf(fresh, sizeof fresh, "%s/run/processes.json.new", self->options.data_dir);
    if (json_dump_file(document, fresh, JSON_INDENT(1)) == 0)
        rename(fresh, path);
    json_decref(document);
}

/* Between fork and exec: nothing of the supervisor goes on but the pipe. */
static void
become_child(char **argv, int output, pid_t supervisor_pid)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor_pid)
        _exit(127); // it died before it could be told
    setpgid(0, 0);  // ctrl-C is for the supervisor, which stops all in order
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    execv(argv[0], argv);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static void
start_child(process_supervisor *self, child_process *child)
{
    int ends[2];
    pid_t supervisor_pid = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        child->start_at_us = mst_clock_monotonic_us() + SUPERVISE_BACKOFF_MS_MAX * 1000;
        say(self, "cannot start %s: %s", child->instance, strerror(errno));
        return;
    }
    pid_t pid = fork();
    if (pid == 0)
        become_child(child->argv, ends[1], supervisor_pid);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        child->start_at_us = mst_clock_monotonic_us() + SUPERVISE_BACKOFF_MS_MAX * 1000;
        say(self, "cannot start %s: %s", child->instance, strerror(errno));
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    child->fd = ends[0];
    child->pid = pid;
    child->started_us = mst_clock_monotonic_us();
    child->started_wall_ms = mst_clock_wall_ms();
    write_processes(self);
}

static void
take_line(process_supervisor *self, child_process *child, const char *line, size_t size)
{
    logfile_write(&child->log, line, size);
    if (size > 1)
        snprintf(child->last_line, sizeof child->last_line, "%.*s", (int)(size - 1), line);
    if (self->options.echo) {
        fprintf(self->options.report, "%-14s ", child->instance);
        fwrite(line, 1, size, self->options.report);
        fflush(self->options.report);
    }
}

/* Takes what the child has written; whole lines go to its log. */
static void
read_child(process_supervisor *self, child_process *child)
{
    while (child->fd >= 0) {
        ssize_t got = read(child->fd, child->line + child->line_size, LINE_SIZE_MAX - 1 - child->line_size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return;
        if (got == 0) {
            close(child->fd);
            child->fd = -1;
        }
        child->line_size += (size_t)got;
        char *from = child->line, *end = child->line + child->line_size, *stop;
        while (from < end && (stop = memchr(from, '\n', (size_t)(end - from))) != NULL) {
            take_line(self, child, from, (size_t)(stop + 1 - from));
            from = stop + 1;
        }
        child->line_size = (size_t)(end - from);
        memmove(child->line, from, child->line_size);
        if (child->line_size > 0 && (got == 0 || child->line_size == LINE_SIZE_MAX - 1)) {
            child->line[child->line_size] = '\n';
            take_line(self, child, child->line, child->line_size + 1);
            child->line_size = 0;
        }
    }
}

static void
stop(process_supervisor *self)
{
    if (self->phase >= PHASE_STOPPING)
        return;
    self->phase = PHASE_STOPPING;
    self->stop_by_us = mst_clock_monotonic_us() + SUPERVISE_STOP_MS * 1000;
    if (self->settler > 0)
        kill(self->settler, SIGKILL);
    for (size_t i = 0; i < self->children_count; i++)
        if (!self->children[i].first && self->children[i].pid > 0)
            kill(self->children[i].pid, SIGTERM);
    write_processes(self);
}

static void
child_ended(process_supervisor *self, child_process *child, int status)
{
    read_child(self, child);
    if (child->fd >= 0)
        close(child->fd);
    child->fd = -1;
    child->pid = 0;
    if (WIFSIGNALED(status))
        snprintf(child->ended, sizeof child->ended, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(child->ended, sizeof child->ended, "ended with code %d", WEXITSTATUS(status));
    if (self->phase >= PHASE_STOPPING) {
        write_processes(self);
        return;
    }
    int64_t now = mst_clock_monotonic_us();
    bool stable = now - child->started_us >= SUPERVISE_STABLE_MS * 1000;
    child->failures = stable ? 1 : child->failures + 1;
    int doubled = child->backoff_ms * 2 < SUPERVISE_BACKOFF_MS_MAX ? child->backoff_ms * 2 : SUPERVISE_BACKOFF_MS_MAX;
    child->backoff_ms = stable || child->backoff_ms == 0 ? SUPERVISE_BACKOFF_MS_MIN : doubled;
    child->start_at_us = now + child->backoff_ms * 1000;
    child->restarts++;
    if (!self->was_ready && child->failures >= SUPERVISE_STARTS_MAX) {
        say(self, "%s does not start (%s)%s%s", child->instance, child->ended, child->last_line[0] ? ": " : "",
            child->last_line);
        self->failed = true;
        stop(self);
        return;
    }
    say(self, "%s %s; starting it again in %.1f s", child->instance, child->ended, child->backoff_ms / 1000.0);
    write_processes(self);
}

static void
settler_ended(process_supervisor *self, int status)
{
    self->settler = 0;
    if (self->phase >= PHASE_STOPPING)
        return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        self->failed = true;
        stop(self);
        return;
    }
    self->phase = PHASE_READY;
    self->was_ready = true;
    write_processes(self);
    if (self->ready_fd >= 0 && write(self->ready_fd, "R", 1) == 1) {
        close(self->ready_fd);
        self->ready_fd = -1;
    }
}

static void
reap(process_supervisor *self)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == self->settler)
            settler_ended(self, status);
        for (size_t i = 0; i < self->children_count; i++)
            if (self->children[i].pid == pid)
                child_ended(self, &self->children[i], status);
    }
}

static void
take_signals(process_supervisor *self)
{
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(self);
        } else if (self->phase < PHASE_STOPPING) {
            say(self, "stopping ...");
            stop(self);
        } else if (info.ssi_signo == SIGINT) {
            self->killing = true; // somebody at a terminal who will not wait; a second `muster down` is patient
        }
    }
}

static void
start_settler(process_supervisor *self)
{
    pid_t supervisor_pid = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor_pid)
            _exit(1);
        setpgid(0, 0);
        int rc = self->options.settle(self->options.context);
        fflush(NULL);
        _exit(rc);
    }
    self->settler = pid;
}

/* How many children still run; `first` alone or the others alone. */
static size_t
running(const process_supervisor *self, bool first)
{
    size_t count = 0;
    for (size_t i = 0; i < self->children_count; i++)
        count += self->children[i].first == first && self->children[i].pid > 0;
    return count;
}

static void
signal_children(process_supervisor *self, bool first, int number)
{
    for (size_t i = 0; i < self->children_count; i++)
        if (self->children[i].first == first && self->children[i].pid > 0)
            kill(self->children[i].pid, number);
}

/* One look at the clock: starts what is due, goes from phase to phase. True when all is over. */
static bool
advance(process_supervisor *self)
{
    int64_t now = mst_clock_monotonic_us();
    if (self->phase == PHASE_BROKER && now - self->told_us > BROKER_TOLD_US) {
        if (self->told_us != 0)
            say(self, "waiting for the broker, which checks its log first");
        self->told_us = now;
    }
    if (self->phase == PHASE_BROKER && self->options.gate(self->options.context)) {
        self->phase = PHASE_SERVICES;
        for (size_t i = 0; i < self->children_count; i++)
            if (!self->children[i].first)
                start_child(self, &self->children[i]);
        start_settler(self);
    }
    if (self->phase < PHASE_STOPPING)
        for (size_t i = 0; i < self->children_count; i++) {
            child_process *child = &self->children[i];
            if (child->pid == 0 && now >= child->start_at_us && (child->first || self->phase > PHASE_BROKER))
                start_child(self, child);
        }
    if (self->phase == PHASE_STOPPING && running(self, false) == 0) {
        self->phase = PHASE_STOPPING_FIRST;
        self->stop_by_us = now + SUPERVISE_STOP_MS * 1000;
        signal_children(self, true, SIGTERM);
    }
    if (self->phase >= PHASE_STOPPING && (self->killing || now >= self->stop_by_us)) {
        signal_children(self, false, SIGKILL);
        signal_children(self, true, SIGKILL);
    }
    return self->phase == PHASE_STOPPING_FIRST && running(self, true) == 0;
}

static int
wait_ms(const process_supervisor *self)
{
    if (self->phase == PHASE_BROKER)
        return 20;
    if (self->phase >= PHASE_STOPPING)
        return 100;
    int64_t now = mst_clock_monotonic_us(), wait = 1000000;
    for (size_t i = 0; i < self->children_count; i++)
        if (self->children[i].pid == 0 && self->children[i].start_at_us - now < wait)
            wait = self->children[i].start_at_us - now;
    return wait <= 0 ? 0 : (int)(wait / 1000) + 1;
}

static void
turn(process_supervisor *self)
{
    struct pollfd fds[SUPERVISE_CHILDREN_MAX + 2];
    fds[0] = (struct pollfd){.fd = self->signals, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = self->ready_fd, .events = 0};
    for (size_t i = 0; i < self->children_count; i++)
        fds[i + 2] = (struct pollfd){.fd = self->children[i].fd, .events = POLLIN};
    if (poll(fds, self->children_count + 2, wait_ms(self)) <= 0)
        return;
    for (size_t i = 0; i < self->children_count; i++)
        if (fds[i + 2].revents != 0)
            read_child(self, &self->children[i]);
    if (fds[0].revents != 0)
        take_signals(self);
    // The `up --detach` that waits for us was interrupted: what was not ready yet is not wanted any more.
    if (self->ready_fd >= 0 && fds[1].revents != 0)
        stop(self);
}

int
supervisor_run(process_supervisor *self)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    self->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    while (!advance(self))
        turn(self);
    write_processes(self);
    for (size_t i = 0; i < self->children_count; i++)
        logfile_close(&self->children[i].log);
    close(self->signals);
    return self->failed ? 1 : 0;
}
