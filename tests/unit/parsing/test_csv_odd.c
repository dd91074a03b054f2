/* test_csv_odd.c - rows that RFC 4180 does not have, and rows with a quote too many. */
#include "services/parsing/csv_rows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rows as text: line number, cells between [ and ], ! behind a row that was mended. */
static char result[65536];
static size_t used;

static bool
write_row(void *context, const csv_row *row)
{
    (void)context;
    used += (size_t)snprintf(result + used, sizeof result - used, "%llu", (unsigned long long)row->line);
    for (uint32_t i = 0; i < row->cells_count; i++)
        used += (size_t)snprintf(result + used, sizeof result - used, "[%.*s]", (int)row->cells[i].size,
                                 (const char *)row->cells[i].data);
    if (row->mended)
        used += (size_t)snprintf(result + used, sizeof result - used, "!");
    return true;
}

static csv_fault
read_all(const csv_dialect *dialect, const char *data, size_t size, size_t piece)
{
    used = 0;
    result[0] = '\0';
    csv_rows *rows = csv_rows_new(dialect, write_row, NULL);
    for (size_t at = 0; at < size; at += piece)
        if (!csv_rows_feed(rows, data + at, size - at < piece ? size - at : piece, false))
            break;
    csv_rows_feed(rows, NULL, 0, true);
    uint64_t line;
    uint32_t column;
    csv_fault fault = csv_rows_fault(rows, &line, &column);
    if (fault != CSV_FAULT_NONE)
        snprintf(result, sizeof result, "line %llu column %u", (unsigned long long)line, column);
    csv_rows_destroy(&rows);
    return fault;
}

/* However the bytes are cut. */
static void
reads(csv_dialect dialect, const char *data, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(data) + 1; piece++) {
        read_all(&dialect, data, strlen(data), piece);
        assert_string_equal(result, expected);
    }
}

static void
an_escape_takes_the_meaning_from_quotes_and_delimiters(void **state)
{
    (void)state;
    csv_dialect escaped = {.delimiter = ',', .quote = '"', .escape = '\\'};
    reads(escaped, "a,\"say \\\"hi\\\", twice\",c\nd\\,e,f\\n,\"C:\\\\dir\"\n",
          "1[a][say \"hi\", twice][c]2[d,e][f\\n][C:\\dir]");
    reads(escaped, "a,\"x\ny\"\r\nb,c\r\n\r\nd,e", "1[a][x\ny]3[b][c]5[d][e]");
}

static void
a_delimiter_may_have_several_characters(void **state)
{
    (void)state;
    csv_dialect bars = {.delimiter = '|', .rest = "|", .quote = '"'};
    reads(bars, "a||b|c||\"d||e\"\n||||\n", "1[a][b|c][d||e]2[][][]");
    csv_dialect written_out = {.delimiter = '\\', .rest = "t", .quote = '"'};
    reads(written_out, "a\\tb\\nc\\td\n", "1[a][b\\nc][d]");
}

static void
a_quote_too_many_swallows_no_other_row(void **state)
{
    (void)state;
    csv_dialect known = {.delimiter = ',', .quote = '"', .columns = 3};
    // In front of a cell, in front of an empty last one, and in front of a quote.
    reads(known, "a,b,c\n\"d,e,f\ng,\"h\",i\n", "1[a][b][c]2[\"d][e][f]!3[g][h][i]");
    reads(known, "a,b,c\nd,e,\"\n\"g\",h,i\n", "1[a][b][c]2[d][e][\"]!3[g][h][i]");
    reads(known, "a,\"b\"\",c\nd,e,f\n", "1[a][b\"][c]!2[d][e][f]");
    // What is right stays as it is, over lines too.
    reads(known, "a,\"b\nc\",d\n\"e,f\",g,h\n", "1[a][b\nc][d]3[e,f][g][h]");
    // A row that is only short is none of these.
    reads(known, "a,b\n\"d\",e,f\n", "1[a][b]2[d][e][f]");
}

static void
a_quote_too_many_is_mended_in_odd_dialects_too(void **state)
{
    (void)state;
    csv_dialect odd = {.delimiter = ';', .rest = ";", .quote = '\'', .columns = 2};
    reads(odd, "a;;b\n'c;;d\ne;;'f'\n", "1[a][b]2['c][d]!3[e][f]");
}

static void
without_known_columns_an_open_quote_is_a_fault(void **state)
{
    (void)state;
    csv_dialect comma = {.delimiter = ',', .quote = '"'};
    assert_int_equal(read_all(&comma, "a,b\nc,\"d\n", 9, 100), CSV_FAULT_OPEN_QUOTE);
    assert_string_equal(result, "line 2 column 2");
    csv_dialect escaped = {.delimiter = ',', .quote = '"', .escape = '\\'};
    assert_int_equal(read_all(&escaped, "a,b\nc,\"d\n", 9, 100), CSV_FAULT_OPEN_QUOTE);
    assert_string_equal(result, "line 2 column 2");
}

static void
a_file_of_nothing_but_open_quotes_costs_no_more_than_the_limit(void **state)
{
    (void)state;
    // Each line would be mended after the whole rest was looked through for its quote.
    size_t size = 6u << 20;
    char *data = malloc(size);
    for (size_t i = 0; i + 8 <= size; i += 8)
        memcpy(data + i, "aa,\"bbb\n", 8);
    csv_dialect known = {.delimiter = ',', .quote = '"', .columns = 2};
    csv_rows *rows = csv_rows_new(&known, (csv_row_handler *)write_row, NULL);
    used = 0;
    while (used < sizeof result - 4096 && csv_rows_feed(rows, data, 65536, false))
        used = 0;
    uint64_t line;
    uint32_t column;
    assert_int_equal(csv_rows_fault(rows, &line, &column), CSV_FAULT_OPEN_QUOTE);
    assert_true(line > 100);
    csv_rows_destroy(&rows);
    free(data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_escape_takes_the_meaning_from_quotes_and_delimiters),
        cmocka_unit_test(a_delimiter_may_have_several_characters),
        cmocka_unit_test(a_quote_too_many_swallows_no_other_row),
        cmocka_unit_test(a_quote_too_many_is_mended_in_odd_dialects_too),
        cmocka_unit_test(without_known_columns_an_open_quote_is_a_fault),
        cmocka_unit_test(a_file_of_nothing_but_open_quotes_costs_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
