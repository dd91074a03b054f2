/* test_xlsx_values.c - numbers, dates and escaped texts of a workbook as text. */
#include "services/parsing/xlsx_values.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *
number(const char *digits)
{
    static char out[XLSX_VALUE_SIZE + 1];
    out[xlsx_number_text(digits, strlen(digits), out)] = '\0';
    return out;
}

static const char *
date(const char *digits, bool from_1904, xlsx_style style)
{
    static char out[XLSX_VALUE_SIZE + 1];
    out[xlsx_date_text(digits, strlen(digits), from_1904, style, out)] = '\0';
    return out;
}

static void
numbers_are_written_as_a_person_would_type_them(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"12", "12"},
        {"-7", "-7"},
        {"3.25", "3.25"},
        {"0.10000000000000001", "0.1"},
        {"1.50", "1.5"},
        {"12.0", "12"},
        {"007", "7"},
        {".5", "0.5"},
        {"1E5", "100000"},
        {"-0", "0"},
        {"1E+14", "100000000000000"},
        {"1e15", "1E+15"},
        {"1.2E-5", "0.000012"},
        {"-1.5e-7", "-0.00000015"},
        {"1e-12", "1E-12"},
        {"78.459999999999994", "78.46"},
        {"123456789012345", "123456789012345"},
        {"1234567890123456789", "1.23456789012346E+18"},
        {"12 apples", "12 apples"},
        {"1e999", "1e999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(number(cases[i][0]), cases[i][1]);
}

static void
a_number_format_says_whether_a_number_is_a_date(void **state)
{
    (void)state;
    static const char *const dates[] = {"yyyy-mm-dd",
                                        "[$-409]d-mmm;@",
                                        "h:mm AM/PM",
                                        "mm:ss.0",
                                        "[Red]yyyy",
                                        "d\\.m\\.yy",
                                        "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
                                        "ss.000",
                                        "ge.m.d"};
    static const char *const numbers[] = {
        "General", "0",        "#,##0.00 \"days\"", "[Red]0.0;-0.0", "0.00E+00", "\\d0", "_(* #,##0_)", "# ?/?",
        "@",       "[$USD] 0", "0%;d/m/yy",         "\"yyyy\"0",     "[>100]0",  "",     "[",           "\""};
    static const char *const lengths[] = {"[h]:mm", "[hh]:mm:ss", "[mm]", "[ss].0", "[H]:MM"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        assert_int_equal(xlsx_style_of_code(dates[i]), XLSX_STYLE_DATE);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_int_equal(xlsx_style_of_code(numbers[i]), XLSX_STYLE_NUMBER);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        assert_int_equal(xlsx_style_of_code(lengths[i]), XLSX_STYLE_LENGTH_OF_TIME);
    assert_int_equal(xlsx_style_of_number(14), XLSX_STYLE_DATE);
    assert_int_equal(xlsx_style_of_number(46), XLSX_STYLE_LENGTH_OF_TIME);
    assert_int_equal(xlsx_style_of_number(9), XLSX_STYLE_NUMBER);
}

static void
dates_depend_on_the_number_alone_B7(void **state)
{
    (void)state;
    assert_string_equal(date("44197", false, XLSX_STYLE_DATE), "2021-01-01");
    assert_string_equal(date("44197.423726851855", false, XLSX_STYLE_DATE), "2021-01-01 10:10:10");
    assert_string_equal(date("0.5", false, XLSX_STYLE_DATE), "12:00:00");
    assert_string_equal(date("10.6320601851852", false, XLSX_STYLE_LENGTH_OF_TIME), "255:10:10");
    assert_string_equal(date("36585", false, XLSX_STYLE_DATE), "2000-02-29");
    assert_string_equal(date("2958465", false, XLSX_STYLE_DATE), "9999-12-31");
    assert_string_equal(date("44197.9999999", false, XLSX_STYLE_DATE), "2021-01-02");
}

/* Lotus took 1900 for a leap year, and all others do as it did. */
static void
the_day_that_1900_did_not_have_stays_visible(void **state)
{
    (void)state;
    assert_string_equal(date("1", false, XLSX_STYLE_DATE), "1900-01-01");
    assert_string_equal(date("59", false, XLSX_STYLE_DATE), "1900-02-28");
    assert_string_equal(date("60", false, XLSX_STYLE_DATE), "1900-02-29");
    assert_string_equal(date("61", false, XLSX_STYLE_DATE), "1900-03-01");
}

static void
old_macintosh_workbooks_count_from_1904(void **state)
{
    (void)state;
    assert_string_equal(date("1", true, XLSX_STYLE_DATE), "1904-01-02");
    assert_string_equal(date("42735", true, XLSX_STYLE_DATE), "2021-01-01");
    assert_string_equal(date("0.25", true, XLSX_STYLE_DATE), "06:00:00");
}

static void
what_is_no_date_stays_the_number(void **state)
{
    (void)state;
    assert_string_equal(date("-1", false, XLSX_STYLE_DATE), "-1");
    assert_string_equal(date("2958466", false, XLSX_STYLE_DATE), "2958466");
    assert_string_equal(date("1e300", true, XLSX_STYLE_LENGTH_OF_TIME), "1E+300");
    assert_string_equal(date("soon", false, XLSX_STYLE_DATE), "soon");
}

static void
iso_dates_are_written_the_same_way(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"2021-01-01", "2021-01-01"},
                                           {"2021-01-01T10:10:10", "2021-01-01 10:10:10"},
                                           {"2021-01-01T00:00:00.000Z", "2021-01-01"},
                                           {"10:10:10", "10:10:10"},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        strcpy(text, cases[i][0]);
        text[xlsx_iso_text(text, strlen(text))] = '\0';
        assert_string_equal(text, cases[i][1]);
    }
}

static void
escapes_become_what_they_stand_for(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a_x000D_\nb", "a\r\nb"}, {"_x005F_x000D_", "_x000D_"}, {"_xD83D__xDE00_", "\xF0\x9F\x98\x80"},
        {"_xD83D_", "_xD83D_"},    {"_x0000_", "_x0000_"},       {"a_x00", "a_x00"},
        {"_x00e9_", "\xC3\xA9"},   {"first_name", "first_name"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        strcpy(text, cases[i][0]);
        text[xlsx_unescape((uint8_t *)text, strlen(text))] = '\0';
        assert_string_equal(text, cases[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_a_person_would_type_them),
        cmocka_unit_test(a_number_format_says_whether_a_number_is_a_date),
        cmocka_unit_test(dates_depend_on_the_number_alone_B7),
        cmocka_unit_test(the_day_that_1900_did_not_have_stays_visible),
        cmocka_unit_test(old_macintosh_workbooks_count_from_1904),
        cmocka_unit_test(what_is_no_date_stays_the_number),
        cmocka_unit_test(iso_dates_are_written_the_same_way),
        cmocka_unit_test(escapes_become_what_they_stand_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
