/* test_config.c - what a service process is told. */
#include "services/runtime/config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void
write_file(const char *text)
{
    snprintf(path, sizeof path, "/tmp/config-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Reads `argv` with standard error going nowhere. */
static mst_status
quietly_read(mst_config *config, int argc, char **argv)
{
    int saved = dup(STDERR_FILENO);
    assert_non_null(freopen("/dev/null", "w", stderr));
    mst_status rc = mst_config_read(config, "parsing", argc, argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    return rc;
}

static mst_status
read_file(mst_config *config, const char *text)
{
    write_file(text);
    char *argv[] = {"muster-parsing", "--config", path, NULL};
    mst_status rc = quietly_read(config, 3, argv);
    unlink(path);
    return rc;
}

static void
the_command_line_wins_over_the_file_and_the_file_over_the_default(void **state)
{
    (void)state;
    mst_config config;
    write_file("instance: 3\nlog: debug\ndata: /srv/muster\ninputs: 9\n");
    char *argv[] = {"muster-parsing", "--instance", "2", "--config", path, NULL};
    assert_int_equal(mst_config_read(&config, "parsing", 5, argv), MST_OK);
    unlink(path);
    assert_int_equal(config.instance, 2);
    assert_string_equal(config.data_dir, "/srv/muster");
    assert_int_equal(config.inputs_max, 9);
    assert_int_equal(mst_config_log_level(&config), MST_LOG_DEBUG);
    assert_null(config.endpoint);
    mst_config_release(&config);
}

static void
without_anything_said_the_environment_names_the_data(void **state)
{
    (void)state;
    mst_config config;
    char *argv[] = {"muster-parsing", NULL};
    setenv("MUSTER_DATA", "/tmp/somewhere", 1);
    assert_int_equal(mst_config_read(&config, "parsing", 1, argv), MST_OK);
    assert_string_equal(config.data_dir, "/tmp/somewhere");
    assert_int_equal(config.instance, 1);
    assert_int_equal(mst_config_log_level(&config), MST_LOG_INFO);
    mst_config_release(&config);
}

static void
a_file_that_is_wrong_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"instanze: 1\n", "instance: many\n", "- a\n- b\n",
                                        "log: [\n",      "inputs: 65\n",     "log: &x info\ndata: *x\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        mst_config config;
        assert_int_equal(read_file(&config, wrong[i]), MST_INVALID);
        mst_config_release(&config);
    }
    char *huge = malloc(70001);
    memset(huge, '#', 70000);
    huge[70000] = '\0';
    mst_config config;
    assert_int_equal(read_file(&config, huge), MST_INVALID);
    mst_config_release(&config);
    free(huge);
}

static void
the_samples_that_are_shipped_are_right(void **state)
{
    (void)state;
    static const char *const services[] = {"ingestion", "parsing", "matching", "discrepancy", "export"};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        mst_config config;
        char sample[64];
        snprintf(sample, sizeof sample, "deploy/config/%s.yaml", services[i]);
        char *argv[] = {"muster", "--config", sample, NULL};
        assert_int_equal(mst_config_read(&config, services[i], 3, argv), MST_OK);
        assert_int_equal(config.instance, 1);
        mst_config_release(&config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_line_wins_over_the_file_and_the_file_over_the_default),
        cmocka_unit_test(without_anything_said_the_environment_names_the_data),
        cmocka_unit_test(a_file_that_is_wrong_is_refused),
        cmocka_unit_test(the_samples_that_are_shipped_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
