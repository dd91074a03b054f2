/* test_fault_list.c - what is wrong row by row, also where more is wrong than is held. */
#include "services/parsing/fault_list.h"

#include "broker/lib/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One value in `count` rows: first, first + step .. */
static void
add(fault_list *list, const char *value, uint32_t first, uint32_t step, uint32_t count)
{
    Muster__V1__WrongValue wrong = MUSTER__V1__WRONG_VALUE__INIT;
    wrong.field = "zip";
    wrong.value = (char *)value;
    wrong.message = "The value does not have the form [0-9]{5}.";
    wrong.rows = mst_alloc(count * sizeof *wrong.rows);
    wrong.lines = mst_alloc(count * sizeof *wrong.lines);
    wrong.n_rows = wrong.n_lines = count;
    for (uint32_t i = 0; i < count; i++) {
        wrong.rows[i] = first + i * step;
        wrong.lines[i] = wrong.rows[i] + 1;
    }
    fault_list_add(list, &wrong);
    free(wrong.rows);
    free(wrong.lines);
}

static void
rows_come_in_order_with_all_that_is_wrong_with_each(void **state)
{
    (void)state;
    size_t count;
    fault_list *list = fault_list_new(0);
    add(list, "a", 2, 2, 3);
    add(list, "b", 1, 1, 4);
    fault_list_close(list);
    const fault *found = fault_list_behind(list, 1, &count);
    const char *const expected[] = {"a", "b", "b", "a", "b", "a"};
    const uint32_t rows[] = {2, 2, 3, 4, 4, 6};
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].row, rows[i]);
        assert_int_equal(found[i].line, rows[i] + 1);
        assert_string_equal(found[i].text->value, expected[i]);
    }
    fault_list_behind(list, 6, &count);
    assert_int_equal(count, 0);
    assert_true(fault_list_covers(list, 6) && !fault_list_dropped(list));
    fault_list_destroy(&list);
}

/* Reads on from stretch to stretch as a client does, through values that lie in the log one behind the other. */
static void
every_row_comes_once_where_more_is_wrong_than_is_held(void **state)
{
    (void)state;
    enum { ROWS = 500000, VALUES = 50 };
    uint32_t after = 0, seen = 0, stretches = 0;
    bool more = true;
    for (; more; stretches++) {
        size_t count;
        fault_list *list = fault_list_new(after);
        for (uint32_t i = 0; i < VALUES; i++) {
            char value[16];
            snprintf(value, sizeof value, "x%u", i);
            add(list, value, 1 + i, VALUES, ROWS / VALUES);
        }
        add(list, "last", ROWS, 1, 1); // a second fault of the last row
        fault_list_close(list);
        const fault *found = fault_list_behind(list, after, &count);
        assert_true(fault_list_covers(list, after) && count > 0 && count <= FAULTS_HELD_MAX);
        for (size_t i = 0; i < count; i++) {
            char value[16];
            snprintf(value, sizeof value, "x%u", (found[i].row - 1) % VALUES);
            if (found[i].row == seen)
                strcpy(value, "last");
            else
                assert_int_equal(found[i].row, ++seen);
            assert_string_equal(found[i].text->value, value);
        }
        after = seen;
        more = fault_list_dropped(list);
        assert_int_equal(fault_list_covers(list, after), !more);
        fault_list_destroy(&list);
    }
    assert_int_equal(seen, ROWS);
    assert_true(stretches <= 2 * ROWS / FAULTS_HELD_MAX + 2);
}

static void
texts_that_are_too_much_are_dropped_with_their_rows(void **state)
{
    (void)state;
    enum { SIZE = 64 * 1024, ROWS = 2 * FAULTS_TEXTS_SIZE_MAX / SIZE };
    size_t count;
    char *value = mst_alloc(SIZE + 1);
    memset(value, 'x', SIZE);
    value[SIZE] = '\0';
    fault_list *list = fault_list_new(0);
    for (uint32_t row = ROWS; row > 0; row--)
        add(list, value, row, 1, 1);
    fault_list_close(list);
    const fault *found = fault_list_behind(list, 0, &count);
    assert_true(count >= ROWS / 8 && count * SIZE <= FAULTS_TEXTS_SIZE_MAX + SIZE);
    assert_true(fault_list_dropped(list));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].row, i + 1);
        assert_string_equal(found[i].text->value, value);
    }
    fault_list_destroy(&list);
    free(value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_order_with_all_that_is_wrong_with_each),
        cmocka_unit_test(every_row_comes_once_where_more_is_wrong_than_is_held),
        cmocka_unit_test(texts_that_are_too_much_are_dropped_with_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
