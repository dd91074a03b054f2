/* test_cli_print.c - what people read on the terminal and in spreadsheets. */
#include "clients/cli/print.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mst_arena *arena;

static int
open_arena(void **state)
{
    (void)state;
    arena = mst_arena_new(0);
    return 0;
}

static int
close_arena(void **state)
{
    (void)state;
    mst_arena_destroy(&arena);
    return 0;
}

static void
a_value_cannot_move_the_cursor_of_the_terminal(void **state)
{
    (void)state;
    assert_string_equal(print_clean(arena, "Anna M\xC3\xBCller"), "Anna M\xC3\xBCller");
    assert_string_equal(print_clean(arena, "a\x1b[2Jb"), "a\xEF\xBF\xBD[2Jb");
    assert_string_equal(print_clean(arena, "a\xC2\x9B"
                                           "2Jb\x7F"),
                        "a\xEF\xBF\xBD"
                        "2Jb\xEF\xBF\xBD");
    // A right-to-left override makes a file's name look like another.
    assert_string_equal(print_clean(arena, "x\xE2\x80\xAEgpj.csv"), "x\xEF\xBF\xBDgpj.csv");
    assert_string_equal(print_clean(arena, NULL), "");
}

static void
a_long_text_is_cut_by_columns_and_never_inside_a_character(void **state)
{
    (void)state;
    assert_string_equal(print_cut(arena, "short", 10), "short");
    assert_string_equal(print_cut(arena, "abcdefghij", 8), "abcde...");
    assert_string_equal(print_cut(arena, "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC", 5), "\xC3\xA4\xC3\xB6...");
}

static void
numbers_are_written_as_people_read_them(void **state)
{
    (void)state;
    assert_string_equal(print_count(arena, 0), "0");
    assert_string_equal(print_count(arena, 999), "999");
    assert_string_equal(print_count(arena, 1000), "1,000");
    assert_string_equal(print_count(arena, 1234567), "1,234,567");
    assert_string_equal(print_size(arena, 1023), "1023 B");
    assert_string_equal(print_size(arena, 1536), "1.5 KiB");
    assert_string_equal(print_duration(arena, 12), "12 ms");
    assert_string_equal(print_duration(arena, 3400), "3.4 s");
    assert_string_equal(print_duration(arena, 125000), "2 min 5 s");
    assert_string_equal(print_duration(arena, 11400000), "3 h 10 min");
    assert_string_equal(print_duration(arena, -5), "0 ms");
    assert_string_equal(print_rate(arena, 312345.6, "rows"), "312,000 rows/s");
    assert_string_equal(print_rate(arena, 0, "rows"), "");
    assert_string_equal(print_plural(arena, 1, "row", "rows"), "1 row");
    assert_string_equal(print_plural(arena, 2000, "row", "rows"), "2,000 rows");
}

static void
a_table_has_aligned_columns_whatever_the_script(void **state)
{
    static const char *const HEADINGS[] = {"<NAME", ">ROWS", NULL};
    (void)state;
    char *text = NULL;
    size_t size = 0;
    print_table *table = print_table_new(arena, HEADINGS);
    print_table_cell(table, "J\xC3\xBCrgen");
    print_table_cell(table, "5");
    print_table_cell(table, "");
    print_table_cellf(table, "%d", 1000);
    FILE *stream = open_memstream(&text, &size);
    print_table_print(table, stream);
    fclose(stream);
    assert_string_equal(text, "NAME    ROWS\nJ\xC3\xBCrgen     5\n-       1000\n");
    free(text);
}

int
main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_cannot_move_the_cursor_of_the_terminal),
        cmocka_unit_test(a_long_text_is_cut_by_columns_and_never_inside_a_character),
        cmocka_unit_test(numbers_are_written_as_people_read_them),
        cmocka_unit_test(a_table_has_aligned_columns_whatever_the_script),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
