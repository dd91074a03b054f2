/* test_doctor.c - what the spreadsheet doctor sees in one cell, and what it must not see. */
#include "services/parsing/ailments.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static csv_cell
cell(const char *text)
{
    return (csv_cell){(const uint8_t *)text, (uint32_t)strlen(text)};
}

static void
numbers_cut_by_a_spreadsheet_are_told_from_codes(void **state)
{
    (void)state;
    const char *const cut[] = {"1.2E+12", "1E+06", "9,99E+11", "1.20656e+09"};
    const char *const whole[] = {"", "1", "12E+12", "1.2E-12", "1.2E+1", "1.2E+12x", "E+12", "1.2E+", "A1E+12"};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++)
        assert_true(ailment_scientific(cell(cut[i])));
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        assert_false(ailment_scientific(cell(whole[i])));
}

static void
days_since_1900_are_dates_as_spreadsheets_count_them(void **state)
{
    (void)state;
    char date[EXAMPLE_SIZE];
    assert_true(ailment_serial(cell("43831"), date));
    assert_string_equal(date, "2020-01-01");
    assert_true(ailment_serial(cell("29358"), date));
    assert_string_equal(date, "1980-05-17");
    assert_true(ailment_serial(cell("36585"), date));
    assert_string_equal(date, "2000-02-29");
    assert_false(ailment_serial(cell("1980"), date));
    assert_false(ailment_serial(cell("98101"), date));
    assert_false(ailment_serial(cell("4383x"), date));
}

static void
a_year_of_two_digits_becomes_the_latest_that_is_not_in_the_future(void **state)
{
    (void)state;
    char date[EXAMPLE_SIZE];
    const char *const pairs[][2] = {{"5/17/80", "5/17/1980"},
                                    {"17.05.26", "17.05.2026"},
                                    {"5/17/27", "5/17/1927"},
                                    {"12-Mar-67", "12-Mar-1967"},
                                    {"12 Mar 05", "12 Mar 2005"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(ailment_short_year(cell(pairs[i][0]), 2026, date));
        assert_string_equal(date, pairs[i][1]);
    }
    const char *const none[] = {"5/17/1980", "1980-05-17", "1980/5/17", "05/80", "12", "", "206-555-01", "1980-5-17"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(ailment_short_year(cell(none[i]), 2026, date));
}

static void
a_birth_in_the_future_is_a_hundred_years_off(void **state)
{
    (void)state;
    char date[EXAMPLE_SIZE];
    assert_true(ailment_future_year(cell("5/17/2068"), 2026, date));
    assert_string_equal(date, "5/17/1968");
    assert_true(ailment_future_year(cell("2027-01-01"), 2026, date));
    assert_string_equal(date, "1927-01-01");
    assert_false(ailment_future_year(cell("2026-12-31"), 2026, date));
    assert_false(ailment_future_year(cell("9999-12-31"), 2026, date));
    assert_false(ailment_future_year(cell("20681231"), 2026, date));
}

static void
letters_are_mended_only_if_they_make_sense_then(void **state)
{
    (void)state;
    char mended[MOJIBAKE_SIZE];
    assert_true(ailment_mojibake(cell("Jos\xC3\x83\xC2\xA9"), mended));
    assert_string_equal(mended, "Jos\xC3\xA9");
    assert_true(ailment_mojibake(cell("O\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2Hara"), mended));
    assert_string_equal(mended, "O\xE2\x80\x99Hara");
    const char *const right[] = {"Jos\xC3\xA9", "\xC3\x83lvaro", "Anna", "", "\xE5\xB1\xB1\xE7\x94\xB0", "Jos\xC3"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_false(ailment_mojibake(cell(right[i]), mended));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_cut_by_a_spreadsheet_are_told_from_codes),
        cmocka_unit_test(days_since_1900_are_dates_as_spreadsheets_count_them),
        cmocka_unit_test(a_year_of_two_digits_becomes_the_latest_that_is_not_in_the_future),
        cmocka_unit_test(a_birth_in_the_future_is_a_hundred_years_off),
        cmocka_unit_test(letters_are_mended_only_if_they_make_sense_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
