/* test_corrections.c - what people put right is laid over exactly the rows it is about, whatever came in what order. */
#include "proto/rows.h"
#include "services/parsing/corrections.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Muster__V1__Field FIELDS_OF[3];
static Muster__V1__Field *FIELDS[3];
static char *const NAMES[] = {"a", "b", "c"};

static int
given_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        muster__v1__field__init(&FIELDS_OF[i]);
        FIELDS_OF[i].name = NAMES[i];
        FIELDS[i] = &FIELDS_OF[i];
    }
    return 0;
}

static Muster__V1__Correction
correction_of(char **fields, char **from, char **to, size_t count)
{
    Muster__V1__Correction made = MUSTER__V1__CORRECTION__INIT;
    made.kind = MUSTER__V1__WRONG_KIND__WRONG_ENUM;
    made.fields = fields;
    made.from = from;
    made.to = to;
    made.n_fields = made.n_from = made.n_to = count;
    return made;
}

static csv_cell
cell(const char *text)
{
    return (csv_cell){(const uint8_t *)text, (uint32_t)strlen(text)};
}

static bool
is(csv_cell found, const char *text)
{
    return found.size == strlen(text) && memcmp(found.data, text, found.size) == 0;
}

static void
B39_one_correction_changes_every_row_with_the_value_and_no_other(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    assert_true(corrections_empty(self));
    char *fields[] = {"b"}, *from[] = {"Hosing"}, *to[] = {"Housing"};
    Muster__V1__Correction made = correction_of(fields, from, to, 1);
    corrections_add(self, &made);
    assert_false(corrections_empty(self));
    csv_cell wrong[] = {cell("Hosing"), cell("Hosing"), cell("")}, right[] = {cell("Hosing"), cell("x"), cell("")};
    assert_true(corrections_apply(self, 7, wrong));
    assert_true(is(wrong[0], "Hosing") && is(wrong[1], "Housing"));
    assert_false(corrections_apply(self, 8, right));
    to[0] = "Health"; // thought better of it
    corrections_add(self, &made);
    csv_cell again[] = {cell(""), cell("Hosing"), cell("")};
    corrections_apply(self, 7, again);
    assert_true(is(again[1], "Health"));
    made.leave_out = true;
    corrections_add(self, &made);
    csv_cell left[] = {cell(""), cell("Hosing"), cell("")};
    assert_false(corrections_apply(self, 7, left));
    corrections_destroy(&self);
}

static void
a_value_longer_than_what_is_shown_of_it_is_found_again(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    char shown[1001], typed[1500];
    memset(shown, 'x', 1000);
    shown[1000] = '\0';
    memset(typed, 'x', sizeof typed);
    char *fields[] = {"a"}, *from[] = {shown}, *to[] = {"short"};
    Muster__V1__Correction made = correction_of(fields, from, to, 1);
    corrections_add(self, &made);
    csv_cell cells[] = {{(const uint8_t *)typed, sizeof typed}, cell(""), cell("")};
    assert_true(corrections_apply(self, 1, cells));
    assert_true(is(cells[0], "short"));
    corrections_destroy(&self);
}

static void
a_correction_for_rows_leaves_other_rows_with_the_value_alone(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    char *fields[] = {"a", "b"}, *from[] = {"x", ""}, *to[] = {"x", "y"};
    Muster__V1__Correction made = correction_of(fields, from, to, 2);
    uint32_t rows[] = {3, 5, 9};
    corrections_add_for_rows(self, &made, 1, rows, 3);
    for (uint32_t row = 1; row < 12; row++) {
        csv_cell cells[] = {cell("x"), cell(""), cell("")};
        bool named = row == 3 || row == 5 || row == 9;
        assert_int_equal(corrections_apply(self, row, cells), named);
        assert_true(is(cells[1], named ? "y" : ""));
    }
    corrections_destroy(&self);
}

static mst_status
add_row(corrections *self, uint32_t generation, uint32_t number, const char *a, const char *c)
{
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, 2);
    mst_rows_builder_add(&builder, a, strlen(a));
    mst_rows_builder_add(&builder, c, strlen(c));
    Muster__V1__Rows view;
    mst_rows_builder_view(&builder, 0, &view);
    Muster__V1__RowsCorrected came = MUSTER__V1__ROWS_CORRECTED__INIT;
    char *fields[] = {"a", "c"};
    came.batch_id = "B1";
    came.generation = generation;
    came.fields = fields;
    came.n_fields = 2;
    came.rows = &view;
    came.numbers = &number;
    came.n_numbers = 1;
    mst_status rc = corrections_add_rows(self, &came);
    mst_rows_builder_release(&builder);
    return rc;
}

static void
a_row_that_came_back_replaces_its_columns_and_later_corrections_follow(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    assert_int_equal(add_row(self, 2, 4, "new", "z"), MST_OK);
    assert_int_equal(add_row(self, 2, 4, "newer", ""), MST_OK);
    char *fields[] = {"a"}, *from[] = {"old"}, *to[] = {"early"}, *later[] = {"late"};
    uint32_t row = 4;
    Muster__V1__Correction early = correction_of(fields, from, to, 1);
    corrections_add_for_rows(self, &early, 1, &row, 1); // made before the row came back: it has another value now
    csv_cell cells[] = {cell("old"), cell("b"), cell("c")};
    assert_true(corrections_apply(self, 4, cells));
    assert_true(is(cells[0], "newer") && is(cells[1], "b") && is(cells[2], ""));
    Muster__V1__Correction late = correction_of(fields, from, later, 1);
    corrections_add_for_rows(self, &late, 3, &row, 1);
    csv_cell once_more[] = {cell("old"), cell("b"), cell("c")};
    corrections_apply(self, 4, once_more);
    assert_true(is(once_more[0], "late"));
    corrections_destroy(&self);
}

static void
rows_left_out_are_known_by_number(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    uint32_t left[] = {1, 8, 9, 70000};
    for (size_t i = 0; i < 4; i++)
        corrections_leave_out_row(self, left[i]);
    uint32_t found = 0;
    for (uint32_t row = 1; row < 200000; row++)
        found += corrections_is_left_out(self, row);
    assert_int_equal(found, 4);
    assert_true(corrections_is_left_out(self, 70000) && corrections_is_left_out(self, 1));
    corrections_destroy(&self);
}

static void
rules_come_last_and_their_rows_are_counted(void **state)
{
    (void)state;
    corrections *self = corrections_new(FIELDS, 3);
    char *fields[] = {"c"}, *from[] = {"x"}, *to[] = {"y"}, *mine[] = {"z"};
    Muster__V1__CorrectionRule rule = MUSTER__V1__CORRECTION_RULE__INIT;
    rule.id = "R1";
    rule.fields = fields;
    rule.from = from;
    rule.to = to;
    rule.n_fields = rule.n_from = rule.n_to = 1;
    Muster__V1__Correction made = correction_of(fields, to, mine, 1);
    corrections_add(self, &made); // of "y": the rule makes one later, which stays
    corrections_add_rule(self, &rule);
    rule.id = "R2";
    rule.off = true;
    corrections_add_rule(self, &rule);
    for (uint32_t row = 1; row <= 5; row++) {
        csv_cell cells[] = {cell(""), cell(""), cell(row % 2 == 0 ? "x" : "y")};
        assert_true(corrections_apply(self, row, cells));
        assert_true(is(cells[2], row % 2 == 0 ? "y" : "z"));
    }
    mst_arena *arena = mst_arena_new(0);
    size_t count;
    Muster__V1__RuleUse **uses = corrections_uses(self, arena, &count);
    assert_int_equal(count, 1);
    assert_string_equal(uses[0]->id, "R1");
    assert_int_equal(uses[0]->rows, 2);
    mst_arena_destroy(&arena);
    corrections_destroy(&self);
}

/* The oracle: a list, gone through from the first to the last. */
typedef struct entry {
    size_t fields[2], count;
    char from[2], to[2];
    uint32_t rows; /* a bit a row; 0: by value */
} entry;

static void
a_thousand_random_sets_of_corrections_do_what_a_list_would(void **state)
{
    (void)state;
    srand(11);
    for (unsigned round = 0; round < 1000; round++) {
        corrections *self = corrections_new(FIELDS, 3);
        entry list[24];
        size_t count = 0, wanted = (size_t)rand() % 24;
        while (count < wanted) {
            entry one = {.count = 1 + (size_t)rand() % 2, .rows = rand() % 3 == 0 ? (uint32_t)rand() & 0xFE : 0};
            char text[4][2] = {{0}};
            char *fields[2], *from[2], *to[2];
            for (size_t i = 0; i < one.count; i++) {
                one.fields[i] = i == 0 ? (size_t)rand() % 3 : (one.fields[0] + 1) % 3;
                text[i][0] = one.from[i] = (char)('p' + rand() % 4);
                text[2 + i][0] = one.to[i] = (char)('p' + rand() % 4);
                fields[i] = NAMES[one.fields[i]];
                from[i] = text[i];
                to[i] = text[2 + i];
            }
            Muster__V1__Correction made = correction_of(fields, from, to, one.count);
            if (one.rows != 0) {
                uint32_t rows[8], n = 0;
                for (uint32_t row = 1; row < 8; row++)
                    if ((one.rows >> row & 1) != 0)
                        rows[n++] = row;
                corrections_add_for_rows(self, &made, 1, rows, n);
            } else {
                corrections_add(self, &made);
                for (size_t j = 0; j < count; j++) // the same group again: the earlier one is gone
                    if (list[j].rows == 0 && list[j].count == one.count && list[j].fields[0] == one.fields[0] &&
                        memcmp(list[j].from, one.from, one.count) == 0 &&
                        (one.count == 1 || list[j].fields[1] == one.fields[1]))
                        list[j].count = 0;
            }
            list[count++] = one;
        }
        for (uint32_t row = 1; row < 8; row++) {
            char values[3] = {(char)('p' + rand() % 4), (char)('p' + rand() % 4), (char)('p' + rand() % 4)};
            csv_cell cells[3];
            for (size_t i = 0; i < 3; i++)
                cells[i] = (csv_cell){mst_alloc(1), 1};
            const uint8_t *given[3] = {cells[0].data, cells[1].data, cells[2].data};
            for (size_t i = 0; i < 3; i++)
                *(uint8_t *)given[i] = (uint8_t)values[i];
            corrections_apply(self, row, cells);
            for (size_t i = 0; i < count; i++) {
                bool fits = list[i].count > 0;
                for (size_t j = 0; fits && list[i].rows == 0 && j < list[i].count; j++)
                    fits = values[list[i].fields[j]] == list[i].from[j];
                if (fits && (list[i].rows == 0 || (list[i].rows >> row & 1) != 0))
                    for (size_t j = 0; j < list[i].count; j++)
                        values[list[i].fields[j]] = list[i].to[j];
            }
            for (size_t i = 0; i < 3; i++) {
                if (cells[i].data[0] != (uint8_t)values[i])
                    fail_msg("round %u row %u field %zu: %c, not %c", round, row, i, cells[i].data[0], values[i]);
                free((void *)given[i]);
            }
        }
        corrections_destroy(&self);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B39_one_correction_changes_every_row_with_the_value_and_no_other),
        cmocka_unit_test(a_value_longer_than_what_is_shown_of_it_is_found_again),
        cmocka_unit_test(a_correction_for_rows_leaves_other_rows_with_the_value_alone),
        cmocka_unit_test(a_row_that_came_back_replaces_its_columns_and_later_corrections_follow),
        cmocka_unit_test(rows_left_out_are_known_by_number),
        cmocka_unit_test(rules_come_last_and_their_rows_are_counted),
        cmocka_unit_test(a_thousand_random_sets_of_corrections_do_what_a_list_would),
    };
    return cmocka_run_group_tests(tests, given_fields, NULL);
}
