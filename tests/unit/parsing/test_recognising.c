/* test_recognising.c - how a file is written, found out by looking: delimiter, quote, header, encoding. */
#include "services/parsing/mapping.h"
#include "services/parsing/reader.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct seen {
    char delimiter, quote;
    bool header, guessed;
    uint32_t preamble_lines, rows;
    char line_end[8], encoding[16], first[200]; /* the cells of the first row, '|' between */
    char header_text[200];
} seen;

static seen result;

static bool
on_form(void *context, const reader *source, const file_form *form)
{
    (void)context;
    result.delimiter = form->csv.delimiter;
    result.quote = form->csv.quote;
    result.header = form->header;
    result.preamble_lines = form->preamble_lines;
    result.guessed = decoder_guessed(reader_decoder(source));
    snprintf(result.line_end, sizeof result.line_end, "%s", form->line_end);
    snprintf(result.encoding, sizeof result.encoding, "%s", decoder_encoding(reader_decoder(source)));
    const sample_row *header = &form->rows[form->header_row];
    for (uint32_t i = 0; form->header && i < header->count; i++) {
        size_t used = strlen(result.header_text);
        snprintf(result.header_text + used, sizeof result.header_text - used, "%s%.*s", i == 0 ? "" : "|",
                 (int)header->cells[i].size, (const char *)header->cells[i].data);
    }
    return true;
}

static bool
on_row(void *context, const csv_row *row)
{
    (void)context;
    for (uint32_t i = 0; result.rows == 0 && i < row->cells_count; i++) {
        size_t used = strlen(result.first);
        snprintf(result.first + used, sizeof result.first - used, "%s%.*s", i == 0 ? "" : "|", (int)row->cells[i].size,
                 (const char *)row->cells[i].data);
    }
    result.rows++;
    return true;
}

static void
look(const void *data, size_t size, header_hint hint)
{
    memset(&result, 0, sizeof result);
    reader_sink sink = {.hint = hint, .recognised = on_form, .row = on_row};
    reader *source = reader_new(&sink);
    const char *advice;
    if (!reader_feed(source, data, size, true))
        fail_msg("%s", reader_failure(source, &advice));
    reader_destroy(&source);
}

static void
look_at(const char *text)
{
    look(text, strlen(text), (header_hint){NULL, NULL});
}

static void
delimiters_are_found_by_how_alike_they_make_the_rows(void **state)
{
    (void)state;
    static const char delimiters[] = ",;\t|:^";
    for (const char *d = delimiters; *d != '\0'; d++) {
        char text[200];
        snprintf(text, sizeof text, "name%cstreet%cborn\nAnn%cMain St%c1980\nBob%cHigh St%c1990\n", *d, *d, *d, *d, *d,
                 *d);
        look_at(text);
        assert_int_equal(result.delimiter, *d);
        assert_string_equal(result.first, "Ann|Main St|1980");
    }
    look_at("name;note;at\nAnn;\"one, two\";10:30\nBob;three, four;11:30\n");
    assert_int_equal(result.delimiter, ';');
    look_at("name\nAnn\nBob\n");
    assert_int_equal(result.delimiter, ',');
    assert_int_equal(result.rows, 2);
}

static void
apostrophes_are_quotes_where_they_stand_around_cells(void **state)
{
    (void)state;
    look_at("a,b\n'x, y','z'\n'u','v, w'\n");
    assert_int_equal(result.quote, '\'');
    assert_string_equal(result.first, "x, y|z");
    look_at("a,b\nO'Neil,it's\n\"x, y\",don't\n");
    assert_int_equal(result.quote, '"');
}

static void
delimiters_of_an_odd_make_are_found_where_they_make_a_table(void **state)
{
    (void)state;
    static const char *const delimiters[] = {"||", "::", "\t\t", "\\t", "~", "#", "\x1f", "; "};
    for (size_t i = 0; i < sizeof delimiters / sizeof delimiters[0]; i++) {
        const char *d = delimiters[i];
        char text[200];
        snprintf(text, sizeof text, "name%sstreet%sborn\nAnn%sMain St%s1980\nBob%sHigh St%s1990\n", d, d, d, d, d, d);
        look_at(text);
        assert_string_equal(result.first, "Ann|Main St|1980");
    }
    look_at("name score \"full name\"\nann 12 \"Ann Ash\"\nbob 13 \"Bob B. Birch\"\n");
    assert_string_equal(result.first, "ann|12|Ann Ash");
    // Text that holds such signs is no table of them.
    look_at("name\nAnn Ash\nBob Birch\n");
    assert_string_equal(result.first, "Ann Ash");
    look_at("at\n10:30\n11:45\n");
    assert_string_equal(result.first, "10:30");
    look_at("page\nhttp://a.org/#x\nhttp://b.org/#y\n");
    assert_string_equal(result.first, "http://a.org/#x");
}

static void
escapes_are_found_where_quotes_are_not_doubled(void **state)
{
    (void)state;
    look_at("a,b\n\"he said \\\"no\\\", twice\",1\n\"x\",2\n");
    assert_string_equal(result.first, "he said \"no\", twice|1");
    look_at("a,b\n\"C:\\dir\\\",1\n\"say \"\"x\"\"\",2\n");
    assert_string_equal(result.first, "C:\\dir\\|1");
}

static void
rows_of_a_header_with_groups_become_one(void **state)
{
    (void)state;
    look_at("Expenses of May,,,\n,,,\nDay,Place,Travel,\n,,Air,Rail\n2014-04-04,Cardiff,1,2\n2014-04-05,London,3,4\n");
    assert_string_equal(result.header_text, "Day|Place|Travel Air|Travel Rail");
    assert_int_equal(result.preamble_lines, 2);
    assert_int_equal(result.rows, 2);
    look_at("Church:,St Mary,\nFirst,Last,Mail\nAnn,Ash,a@b.org\nBob,Birch,b@b.org\n");
    assert_string_equal(result.first, "Ann|Ash|a@b.org");
}

static void
line_ends_are_named(void **state)
{
    (void)state;
    look_at("a,b\r\n1,2\r\n");
    assert_string_equal(result.line_end, "CRLF");
    look_at("a,b\r1,2\r");
    assert_string_equal(result.line_end, "CR");
    look_at("a,b\n\"1\r\n2\",2\n");
    assert_string_equal(result.line_end, "LF");
    look_at("a,b\n1,2\r\n");
    assert_string_equal(result.line_end, "mixed");
}

static void
a_header_is_told_from_data_and_from_titles(void **state)
{
    (void)state;
    look_at("Ann,1980-01-01,a@b.org\nBob,1990-01-01,b@b.org\n");
    assert_false(result.header);
    assert_int_equal(result.rows, 2);
    look_at("Members of 2026,,\nname,born,mail\nAnn,1980,a@b.org\n");
    assert_true(result.header);
    assert_int_equal(result.preamble_lines, 1);
    assert_string_equal(result.first, "Ann|1980|a@b.org");
}

static void
the_header_that_is_wanted_is_found_among_other_lines(void **state)
{
    (void)state;
    Muster__V1__Field given = MUSTER__V1__FIELD__INIT, mail = MUSTER__V1__FIELD__INIT, *fields[] = {&given, &mail};
    given.name = "given_name";
    mail.name = "email";
    wanted_columns wanted = {.name = "t", .fields = fields, .fields_count = 2, .id_column = ""};
    mst_arena *arena = mst_arena_new(0);
    mapping_prepare(&wanted, arena);
    const char *text = "Report;made;by;hand\n\nDate: 2026-11-21\nGiven-Name ;E-MAIL\nAnn;a@b.org\n";
    look(text, strlen(text), (header_hint){mapping_fits, &wanted});
    assert_int_equal(result.preamble_lines, 3);
    assert_string_equal(result.first, "Ann|a@b.org");
    mst_arena_destroy(&arena);
}

static void
encodings_are_found_and_guesses_are_called_so(void **state)
{
    (void)state;
    look_at("a,b\nJos\xC3\xA9,1\n");
    assert_string_equal(result.encoding, "UTF-8");
    assert_false(result.guessed);
    look_at("\xEF\xBB\xBF"
            "a,b\nx,1\n");
    assert_string_equal(result.first, "x|1");
    look_at("a,b\nJos\xE9 Mu\xF1oz,\x80 5\n");
    assert_string_equal(result.encoding, "windows-1252");
    assert_true(result.guessed);
    assert_string_equal(result.first, "Jos\xC3\xA9 Mu\xC3\xB1oz|\xE2\x82\xAC 5");
    look_at("a,b\nJos\x8E Mu\x96oz,1\nRen\x8E M\x9Fller,2\n");
    assert_string_equal(result.encoding, "macintosh");
    assert_string_equal(result.first, "Jos\xC3\xA9 Mu\xC3\xB1oz|1");
    look_at("a,b\nJos\x82 Mu\xA4oz,1\nRen\x82 M\x81ller,2\n");
    assert_string_equal(result.encoding, "IBM850");
    look("\xFF\xFE"
         "a\0,\0b\0\n\0\xE9\0,\0001\0\n\0",
         18, (header_hint){NULL, NULL});
    assert_string_equal(result.encoding, "UTF-16LE");
    assert_string_equal(result.first, "\xC3\xA9|1");
    look("\0a\0,\0b\0\n\0x\0,\0001\0\n", 16, (header_hint){NULL, NULL});
    assert_string_equal(result.encoding, "UTF-16BE");
    assert_true(result.guessed);
}

static void
headers_mean_the_same_whatever_their_case_accents_and_punctuation(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    static const char *const same[] = {"E-Mail Address", "email_address", " EMAIL ADDRESS: ", "\xC3\x89mail address",
                                       "#email address"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(mapping_fold(arena, same[i], strlen(same[i])), "emailaddress");
    mst_arena_destroy(&arena);
}

static void
a_choice_wins_over_what_the_header_says(void **state)
{
    (void)state;
    Muster__V1__Field given = MUSTER__V1__FIELD__INIT, mail = MUSTER__V1__FIELD__INIT, *fields[] = {&given, &mail};
    given.name = "given_name";
    mail.name = "email";
    Muster__V1__ColumnChoice first = MUSTER__V1__COLUMN_CHOICE__INIT, second = first, *choices[] = {&first, &second};
    first.header = "#2";
    first.field = "email";
    second.header = "Nick";
    second.field = "given_name";
    wanted_columns wanted = {
        .name = "t", .fields = fields, .fields_count = 2, .id_column = "", .choices = choices, .choices_count = 2};
    mst_arena *arena = mst_arena_new(0);
    mapping_prepare(&wanted, arena);
    const csv_cell header[] = {
        {(const uint8_t *)"email", 5}, {(const uint8_t *)"email", 5}, {(const uint8_t *)"nick", 4}};
    sample_row row = {.cells = (csv_cell *)header, .count = 3, .line = 1};
    const file_form form = {.header = true, .columns = 3, .rows = &row, .rows_count = 1};
    mapping made;
    const char *why, *advice;
    if (!mapping_make(&wanted, &form, arena, &made, &why, &advice))
        fail_msg("%s", why);
    assert_int_equal(made.columns[1], 1);
    assert_int_equal(made.columns[0], 2);
    assert_string_equal(made.described[0]->how, "left out");
    wanted.choices_count = 0;
    assert_false(mapping_make(&wanted, &form, arena, &made, &why, &advice));
    assert_non_null(strstr(why, "Columns 1 \"email\" and 2 \"email\""));
    mst_arena_destroy(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delimiters_are_found_by_how_alike_they_make_the_rows),
        cmocka_unit_test(apostrophes_are_quotes_where_they_stand_around_cells),
        cmocka_unit_test(delimiters_of_an_odd_make_are_found_where_they_make_a_table),
        cmocka_unit_test(escapes_are_found_where_quotes_are_not_doubled),
        cmocka_unit_test(rows_of_a_header_with_groups_become_one),
        cmocka_unit_test(line_ends_are_named),
        cmocka_unit_test(a_header_is_told_from_data_and_from_titles),
        cmocka_unit_test(the_header_that_is_wanted_is_found_among_other_lines),
        cmocka_unit_test(encodings_are_found_and_guesses_are_called_so),
        cmocka_unit_test(headers_mean_the_same_whatever_their_case_accents_and_punctuation),
        cmocka_unit_test(a_choice_wins_over_what_the_header_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
