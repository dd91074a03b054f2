/* test_csvcell.c - cells of CSV files that muster writes. */
#include "broker/lib/arena.h"
#include "broker/lib/csvcell.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mst_arena *arena;

static const char *
csv_of(const char *cell, bool guard)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    mst_csv_cell(stream, cell, strlen(cell), guard);
    fclose(stream);
    const char *copy = mst_arena_strdup(arena, text);
    free(text);
    return copy;
}

static void
s32_a_cell_that_a_spreadsheet_would_run_is_defused_and_numbers_stay_numbers(void **state)
{
    (void)state;
    assert_string_equal(csv_of("plain", true), "plain");
    assert_string_equal(csv_of("=1+1", true), "\"'=1+1\"");
    assert_string_equal(csv_of("+cmd|' /C calc'!A0", true), "\"'+cmd|' /C calc'!A0\"");
    assert_string_equal(csv_of("-2+3", true), "\"'-2+3\"");
    assert_string_equal(csv_of("@SUM(A1)", true), "\"'@SUM(A1)\"");
    assert_string_equal(csv_of("\tx", true), "\"'\tx\"");
    assert_string_equal(csv_of("-12.50", true), "-12.50");
    assert_string_equal(csv_of("+12065550111", true), "+12065550111");
    assert_string_equal(csv_of("=1+1", false), "=1+1");
}

static void
a_csv_cell_is_quoted_where_it_has_to_be(void **state)
{
    (void)state;
    assert_string_equal(csv_of("", true), "");
    assert_string_equal(csv_of("a,b", true), "\"a,b\"");
    assert_string_equal(csv_of("say \"hi\"", true), "\"say \"\"hi\"\"\"");
    assert_string_equal(csv_of("two\nlines", true), "\"two\nlines\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s32_a_cell_that_a_spreadsheet_would_run_is_defused_and_numbers_stay_numbers),
        cmocka_unit_test(a_csv_cell_is_quoted_where_it_has_to_be),
    };
    arena = mst_arena_new(0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mst_arena_destroy(&arena);
    return failed;
}
