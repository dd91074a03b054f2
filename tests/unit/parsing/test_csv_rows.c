/* test_csv_rows.c - bytes to cells, and what is said of bytes that are none. */
#include "broker/lib/arena.h"
#include "services/parsing/csv_rows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rows as text: cells between [ and ], a line number before each row. */
typedef struct written {
    char text[262144];
    size_t used;
    uint32_t rows;
    bool plain;
} written;

static bool
write_row(void *context, const csv_row *row)
{
    written *self = context;
    self->used += (size_t)snprintf(self->text + self->used, sizeof self->text - self->used, "%llu",
                                   (unsigned long long)row->line);
    for (uint32_t i = 0; i < row->cells_count && self->used + row->cells[i].size + 8 < sizeof self->text; i++) {
        self->text[self->used++] = '[';
        if (row->cells[i].size > 0)
            memcpy(self->text + self->used, row->cells[i].data, row->cells[i].size);
        self->used += row->cells[i].size;
        self->text[self->used++] = ']';
    }
    self->text[self->used] = '\0';
    self->rows++;
    self->plain = row->plain;
    return true;
}

static written result;

/* Reads `data` in pieces of `piece` bytes. */
static csv_fault
read_all(const csv_dialect *dialect, const void *data, size_t size, size_t piece, bool libcsv)
{
    memset(&result, 0, sizeof result);
    csv_rows *rows = csv_rows_new(dialect, write_row, &result);
    if (libcsv)
        csv_rows_use_libcsv(rows);
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece)
        ok = csv_rows_feed(rows, (const char *)data + at, size - at < piece ? size - at : piece, false);
    if (ok)
        csv_rows_feed(rows, NULL, 0, true);
    uint64_t line;
    uint32_t column;
    csv_fault fault = csv_rows_fault(rows, &line, &column);
    if (fault != CSV_FAULT_NONE)
        snprintf(result.text, sizeof result.text, "line %llu column %u", (unsigned long long)line, column);
    csv_rows_destroy(&rows);
    return fault;
}

static const csv_dialect COMMA = {.delimiter = ',', .quote = '"'};

static void
reads(const char *data, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(data) + 1; piece++) {
        assert_int_equal(read_all(&COMMA, data, strlen(data), piece, false), CSV_FAULT_NONE);
        assert_string_equal(result.text, expected);
    }
}

static void
rows_are_the_same_however_the_bytes_are_cut(void **state)
{
    (void)state;
    reads("a,b\n1,2\n", "1[a][b]2[1][2]");
    reads("a,b\n1,2", "1[a][b]2[1][2]");
    reads("a,\"b,c\"\n\"x\"\"y\",\"\"\n", "1[a][b,c]2[x\"y][]");
    reads(",,\n,\n", "1[][][]2[][]");
}

static void
lines_may_end_in_lf_crlf_cr_or_all_of_them(void **state)
{
    (void)state;
    reads("a\r\nb\r\nc", "1[a]2[b]3[c]");
    reads("a\rb\rc\r", "1[a]2[b]3[c]");
    reads("a\nb\r\nc\rd", "1[a]2[b]3[c]4[d]");
    reads("a,\r\n,b\r\n", "1[a][]2[][b]");
}

static void
empty_lines_are_no_rows_but_are_counted(void **state)
{
    (void)state;
    reads("\n\na\n\n\r\n\rb", "3[a]7[b]");
    reads("", "");
    reads("\r\n\r\n", "");
}

static void
line_ends_within_quotes_belong_to_the_cell_and_are_counted(void **state)
{
    (void)state;
    reads("a\n\"x\ny\r\nz\",1\nb\n", "1[a]2[x\ny\r\nz][1]5[b]");
}

static void
quotes_within_a_cell_without_quotes_are_characters(void **state)
{
    (void)state;
    reads("5\" pipe,b\n6' 2\",c\n", "1[5\" pipe][b]2[6' 2\"][c]");
}

static void
what_stands_behind_a_closing_quote_is_read_as_libcsv_reads_it(void **state)
{
    (void)state;
    reads("\"a\" ,b\n", "1[a][b]");
    reads("\"a\"b\",c\nd\n", "1[a\"b][c]2[d]");
    reads("x\n\"a\"b\",\"q\"r\"\ny", "1[x]2[a\"b][q\"r]3[y]");
}

static void
blanks_behind_a_delimiter_are_skipped_only_when_the_dialect_says_so(void **state)
{
    (void)state;
    const csv_dialect spaced = {.delimiter = ',', .quote = '"', .skip_space = true};
    const char *data = "a, \"b, c\",  d\n";
    read_all(&spaced, data, strlen(data), 3, false);
    assert_string_equal(result.text, "1[a][b, c][d]");
    reads("a, b\n", "1[a][ b]");
}

static void
an_open_quote_is_named_by_line_and_column(void **state)
{
    (void)state;
    const char *data = "a,b\n1,2\n3,\"no end\n4,5\n";
    for (size_t piece = 1; piece < 30; piece++) {
        assert_int_equal(read_all(&COMMA, data, strlen(data), piece, false), CSV_FAULT_OPEN_QUOTE);
        assert_string_equal(result.text, "line 3 column 2");
    }
}

static void
an_open_quote_without_end_is_refused_at_the_limit_of_a_cell(void **state)
{
    (void)state;
    csv_rows *rows = csv_rows_new(&COMMA, write_row, &result);
    memset(&result, 0, sizeof result);
    char block[4096];
    memset(block, 'x', sizeof block);
    assert_true(csv_rows_feed(rows, "a,b\n1,\"", 7, false));
    size_t fed = 0;
    while (csv_rows_feed(rows, block, sizeof block, false)) {
        fed += sizeof block;
        assert_true(fed <= CSV_FIELD_SIZE_MAX);
    }
    uint64_t line;
    uint32_t column;
    assert_int_equal(csv_rows_fault(rows, &line, &column), CSV_FAULT_OPEN_QUOTE);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
    csv_rows_destroy(&rows);
}

static void
a_cell_and_a_row_have_a_limit(void **state)
{
    (void)state;
    size_t size = CSV_FIELD_SIZE_MAX + 10;
    char *data = malloc(8 * size);
    memset(data, 'x', size);
    memcpy(data, "a\nb,", 4);
    data[size - 1] = '\n';
    assert_int_equal(read_all(&COMMA, data, size, 65536, false), CSV_FAULT_FIELD);
    assert_string_equal(result.text, "line 2 column 2");
    memset(data, 'x', 8 * size);
    for (size_t at = 1000; at < 8 * size; at += 1000)
        data[at] = ',';
    assert_int_equal(read_all(&COMMA, data, 8 * size, 65536, false), CSV_FAULT_ROW);
    free(data);
}

static void
cells_beyond_the_limit_of_columns_are_counted_only(void **state)
{
    (void)state;
    char data[6001];
    memset(data, ',', 6000);
    data[5999] = '\n';
    memset(&result, 0, sizeof result);
    assert_int_equal(read_all(&COMMA, data, 6000, 100, false), CSV_FAULT_NONE);
    assert_int_equal(result.rows, 1);
}

static void
a_row_tells_whether_it_is_plain(void **state)
{
    (void)state;
    const char *data =
        "plain,plain\nJos\xC3\xA9,x\nplain,again and long enough to reach the next block of sixty-four bytes, at "
        "least, which has \xC3\xA9\nx,y\n";
    read_all(&COMMA, data, strlen(data), 1000, false);
    assert_true(result.plain);
    read_all(&COMMA, data, 12, 1000, false);
    assert_true(result.plain);
    read_all(&COMMA, data, 20, 1000, false);
    assert_false(result.plain);
    read_all(&COMMA, data, strlen(data) - 4, 1000, false);
    assert_false(result.plain);
    read_all(&COMMA, "a\0b,c\n", 6, 1000, false);
    assert_false(result.plain);
}

static void
print_escaped(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        print_error(data[i] == '\n' ? "\\n" : data[i] == '\r' ? "\\r" : "%c", data[i]);
}

/* The scan against libcsv, on random bytes of the characters that matter. */
static void
the_quick_way_reads_as_libcsv_does(void **state)
{
    (void)state;
    static const char letters[] = "ab,,\"\"\n\r\n";
    uint32_t random = 1;
    static written quick;
    for (int round = 0; round < 40000; round++) {
        char data[200];
        size_t size = (size_t)(round % 190) + 1;
        for (size_t i = 0; i < size; i++) {
            random = random * 1664525u + 1013904223u;
            data[i] = letters[(random >> 24) % (sizeof letters - 1)];
        }
        csv_fault fault = read_all(&COMMA, data, size, 1 + (size_t)round % 70, false);
        quick = result;
        csv_fault by_libcsv = read_all(&COMMA, data, size, size, true);
        if (fault != by_libcsv || strcmp(quick.text, result.text) != 0) {
            print_error("round %d\ndata   ", round);
            print_escaped(data, size);
            print_error("\nquick  %d ", (int)fault);
            print_escaped(quick.text, strlen(quick.text));
            print_error("\nlibcsv %d ", (int)by_libcsv);
            print_escaped(result.text, strlen(result.text));
            fail_msg("they differ");
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_same_however_the_bytes_are_cut),
        cmocka_unit_test(lines_may_end_in_lf_crlf_cr_or_all_of_them),
        cmocka_unit_test(empty_lines_are_no_rows_but_are_counted),
        cmocka_unit_test(line_ends_within_quotes_belong_to_the_cell_and_are_counted),
        cmocka_unit_test(quotes_within_a_cell_without_quotes_are_characters),
        cmocka_unit_test(what_stands_behind_a_closing_quote_is_read_as_libcsv_reads_it),
        cmocka_unit_test(blanks_behind_a_delimiter_are_skipped_only_when_the_dialect_says_so),
        cmocka_unit_test(an_open_quote_is_named_by_line_and_column),
        cmocka_unit_test(an_open_quote_without_end_is_refused_at_the_limit_of_a_cell),
        cmocka_unit_test(a_cell_and_a_row_have_a_limit),
        cmocka_unit_test(cells_beyond_the_limit_of_columns_are_counted_only),
        cmocka_unit_test(a_row_tells_whether_it_is_plain),
        cmocka_unit_test(the_quick_way_reads_as_libcsv_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
