/* test_cli_supervise.c - children that are kept running, and that never outlive their supervisor. */
#include "clients/cli/supervise.h"

#include "broker/lib/clock.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int
open_folder(void **state)
{
    char path[128];
    (void)state;
    strcpy(folder, "/tmp/muster-cli-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/logs", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/run", folder);
    return mkdir(path, 0700);
}

static int
close_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static bool
at_once(void *context)
{
    (void)context;
    return true;
}

static int
good(void *context)
{
    (void)context;
    return 0;
}

/* Getting ready takes longer than the test. */
static int
never(void *context)
{
    (void)context;
    sleep(60);
    return 0;
}

/* A child appends its process id to FOLDER/<name>, prints a line, and does `then`. */
static char **
shell(mst_arena *arena, const char *name, const char *then)
{
    char **argv = mst_arena_alloc(arena, 4 * sizeof *argv);
    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = mst_arena_printf(arena, "echo $$ >> %s/%s; echo started; %s", folder, name, then);
    return argv;
}

/* Starts a supervisor of two children in a process of its own; *ready_fd becomes readable when it is ready. */
static pid_t
start(const char *broker_does, const char *service_does, int (*settle)(void *context), int *ready_fd)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        mst_arena *arena = mst_arena_new(0);
        FILE *report = fopen("/dev/null", "w");
        supervisor_options options = {
            .data_dir = folder,
            .report = report,
            .ready_fd = ends[1],
            .gate = at_once,
            .settle = settle,
        };
        close(ends[0]);
        process_supervisor *supervisor = supervisor_new(arena, &options);
        supervisor_add(supervisor, "broker", shell(arena, "broker", broker_does), true);
        supervisor_add(supervisor, "parsing/1", shell(arena, "parsing", service_does), false);
        _exit(supervisor_run(supervisor));
    }
    close(ends[1]);
    *ready_fd = ends[0];
    return pid;
}

static bool
is_ready(int fd)
{
    char byte = 0;
    bool ready = read(fd, &byte, 1) == 1 && byte == 'R';
    close(fd);
    return ready;
}

/* Process ids that a child has had so far. */
static size_t
pids_of(const char *name, pid_t pids[32])
{
    char path[128], line[32];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    while (file != NULL && count < 32 && fgets(line, sizeof line, file) != NULL)
        pids[count++] = atoi(line);
    if (file != NULL)
        fclose(file);
    return count;
}

static bool
wait_pids(const char *name, size_t wanted, pid_t pids[32])
{
    int64_t until_us = mst_clock_monotonic_us() + 10000000;
    while (mst_clock_monotonic_us() < until_us) {
        if (pids_of(name, pids) >= wanted)
            return true;
        usleep(5000);
    }
    return false;
}

static bool
wait_gone(pid_t pid)
{
    int64_t until_us = mst_clock_monotonic_us() + 10000000;
    while (kill(pid, 0) == 0 && mst_clock_monotonic_us() < until_us)
        usleep(5000);
    return kill(pid, 0) != 0;
}

static void
what_dies_is_started_again_and_its_output_is_kept(void **state)
{
    int ready_fd, status;
    pid_t pids[32];
    char path[128], line[64] = "";
    (void)state;
    pid_t pid = start("exec sleep 100", "exec sleep 100", good, &ready_fd);
    assert_true(is_ready(ready_fd));
    assert_true(wait_pids("parsing", 1, pids));
    kill(pids[0], SIGKILL);
    assert_true(wait_pids("parsing", 2, pids));
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(wait_gone(pids[1]));
    snprintf(path, sizeof path, "%s/logs/parsing-1.log", folder);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    assert_non_null(fgets(line, sizeof line, log));
    fclose(log);
    assert_string_equal(line, "started\n");
}

static void
children_die_with_a_supervisor_that_is_killed(void **state)
{
    int ready_fd, status;
    pid_t brokers[32], services[32];
    (void)state;
    pid_t pid = start("trap '' TERM; while :; do sleep 1; done", "exec sleep 100", good, &ready_fd);
    assert_true(is_ready(ready_fd));
    assert_true(wait_pids("broker", 1, brokers) && wait_pids("parsing", 1, services));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    assert_true(wait_gone(brokers[0]) && wait_gone(services[0]));
}

static void
services_stop_before_the_broker(void **state)
{
    static const char *const SERVICE =
        "trap 'sleep 0.2; echo service >> %s/order; exit 0' TERM; while :; do sleep 0.05; done";
    static const char *const BROKER = "trap 'echo broker >> %s/order; exit 0' TERM; while :; do sleep 0.05; done";
    int ready_fd, status;
    pid_t pids[32];
    char broker[256], service[256], path[128], text[64] = "";
    (void)state;
    snprintf(service, sizeof service, SERVICE, folder);
    snprintf(broker, sizeof broker, BROKER, folder);
    pid_t pid = start(broker, service, good, &ready_fd);
    assert_true(is_ready(ready_fd));
    assert_true(wait_pids("broker", 1, pids) && wait_pids("parsing", 1, pids));
    usleep(100000); // the shells set their traps after they wrote their ids
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    snprintf(path, sizeof path, "%s/order", folder);
    FILE *order = fopen(path, "r");
    assert_non_null(order);
    assert_true(fread(text, 1, sizeof text - 1, order) > 0);
    fclose(order);
    assert_string_equal(text, "service\nbroker\n");
}

static void
a_service_that_cannot_start_ends_it_all_instead_of_trying_for_ever(void **state)
{
    int ready_fd, status;
    pid_t pids[32];
    (void)state;
    pid_t pid = start("exit 7", "exec sleep 100", never, &ready_fd);
    assert_false(is_ready(ready_fd));
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_int_equal(pids_of("broker", pids), SUPERVISE_STARTS_MAX);
    assert_true(pids_of("parsing", pids) == 1 && wait_gone(pids[0]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_dies_is_started_again_and_its_output_is_kept, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(children_die_with_a_supervisor_that_is_killed, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(services_stop_before_the_broker, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_service_that_cannot_start_ends_it_all_instead_of_trying_for_ever, open_folder,
                                        close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
