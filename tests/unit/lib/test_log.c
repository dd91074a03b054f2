/* test_log.c - log lines are JSON whatever is put into them. */
#include "broker/lib/log.h"
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Runs what follows with standard error going to a file; gives its one line as JSON. */
static FILE *captured;
static int saved_fd;

static void
capture(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    saved_fd = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

static json_t *
captured_line(void)
{
    char text[8192];
    json_error_t error;
    dup2(saved_fd, STDERR_FILENO);
    close(saved_fd);
    rewind(captured);
    size_t size = fread(text, 1, sizeof text - 1, captured);
    text[size] = '\0';
    fclose(captured);
    assert_true(size == 0 || text[size - 1] == '\n');
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_true(size == 0 || line != NULL);
    return line;
}

static void
a_line_says_when_who_what_and_the_pairs_given(void **state)
{
    (void)state;
    mst_log_init("parsing/1", MST_LOG_INFO);
    capture();
    mst_log(MST_LOG_WARN, "batch read", "batch", "B7", "rows=u", (uint64_t)1000, "left=i", (int64_t)-3, "share=d", 0.5,
            "odd=d", NAN, NULL);
    json_t *line = captured_line();
    assert_string_equal(json_string_value(json_object_get(line, "process")), "parsing/1");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "batch read");
    assert_string_equal(json_string_value(json_object_get(line, "batch")), "B7");
    assert_int_equal(json_integer_value(json_object_get(line, "rows")), 1000);
    assert_int_equal(json_integer_value(json_object_get(line, "left")), -3);
    assert_true(json_real_value(json_object_get(line, "share")) == 0.5);
    assert_true(json_is_null(json_object_get(line, "odd")));
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), strlen("2026-11-21T21:00:00.000Z"));
    json_decref(line);
}

static void
quotes_control_characters_and_endless_texts_keep_it_one_json_line(void **state)
{
    (void)state;
    char endless[20000];
    memset(endless, '"', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    mst_log_init("parsing/1", MST_LOG_INFO);
    capture();
    mst_log(MST_LOG_ERROR, "odd \"one\"\n\t\\", "first", "kept", "endless", endless, "last", "gone", NULL);
    json_t *line = captured_line();
    assert_string_equal(json_string_value(json_object_get(line, "event")), "odd \"one\"\n\t\\");
    assert_string_equal(json_string_value(json_object_get(line, "first")), "kept");
    json_decref(line);
}

static void
lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    mst_log_init("parsing/1", MST_LOG_WARN);
    capture();
    mst_log(MST_LOG_INFO, "quiet", NULL);
    assert_null(captured_line());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_when_who_what_and_the_pairs_given),
        cmocka_unit_test(quotes_control_characters_and_endless_texts_keep_it_one_json_line),
        cmocka_unit_test(lines_below_the_level_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
