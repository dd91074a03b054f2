/* test_template_file.c - blank files and documentation that are made from a template. */
#include "services/ingestion/reasons.h"
#include "services/ingestion/template_file.h"
#include "services/ingestion/texts.h"
#include "services/ingestion/words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static Muster__V1__Field *
field(const char *name, const char *title, Muster__V1__FieldType type)
{
    static const Muster__V1__Field empty = MUSTER__V1__FIELD__INIT;
    Muster__V1__Field *made = mst_arena_copy(arena, &empty, sizeof empty);
    made->name = (char *)name;
    made->title = (char *)title;
    made->type = type;
    return made;
}

/* Four columns; the caller changes what the test is about. */
static Muster__V1__Template *
template_of_four(void)
{
    static const Muster__V1__Template empty = MUSTER__V1__TEMPLATE__INIT;
    static char *samples[] = {"Jane, Q", "0042", "=1+1", "1980-05-17"};
    static char *checks[] = {"id"};
    Muster__V1__Template *made = mst_arena_copy(arena, &empty, sizeof empty);
    made->name = "card";
    made->title = "Card";
    made->n_fields = 4;
    made->fields = mst_arena_alloc(arena, 4 * sizeof *made->fields);
    made->fields[0] = field("name", "Name", MUSTER__V1__FIELD_TYPE__FIELD_STRING);
    made->fields[1] = field("id", "Id", MUSTER__V1__FIELD_TYPE__FIELD_STRING);
    made->fields[2] = field("note", "", MUSTER__V1__FIELD_TYPE__FIELD_STRING);
    made->fields[3] = field("born", "Born", MUSTER__V1__FIELD_TYPE__FIELD_DATE);
    made->sample_row = samples;
    made->n_sample_row = 4;
    made->duplicate_check = checks;
    made->n_duplicate_check = 1;
    made->instructions = "One line a person.\nDelete this.";
    return made;
}

static const char *
written(const Muster__V1__Template *template, void (*write)(const Muster__V1__Template *, FILE *, mst_arena *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    write(template, out, arena);
    fclose(out);
    const char *copy = mst_arena_strdup(arena, text);
    free(text);
    return copy;
}

static void
b2_b4_c1_s32_a_blank_csv_file_has_headers_a_sample_row_and_instructions_and_no_formula(void **state)
{
    (void)state;
    assert_string_equal(written(template_of_four(), template_file_csv), "\xEF\xBB\xBFName,#Id,note,Born\r\n"
                                                                        "\"Jane, Q\",0042,\"'=1+1\",1980-05-17\r\n"
                                                                        "\"One line a person.\nDelete this.\",,,\r\n");
}

static void
b3_a_template_without_sample_and_instructions_gives_a_header_alone(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of_four();
    template->n_sample_row = 0;
    template->instructions = "";
    assert_string_equal(written(template, template_file_csv), "\xEF\xBB\xBFName,#Id,note,Born\r\n");
}

static char *
bytes_of(const Muster__V1__Template *template, const sheet_list *lists, size_t *size)
{
    char path[] = "/tmp/test-template-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(template_file_xlsx(template, lists, path, "/tmp", arena), MST_OK);
    FILE *file = fdopen(fd, "r");
    char *bytes = mst_arena_alloc(arena, 1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    unlink(path);
    return bytes;
}

static void
b3_the_same_template_and_directory_give_the_same_workbook_and_another_list_another_one(void **state)
{
    (void)state;
    char *values[] = {"North, lower", "South"};
    sheet_list none[4] = {0}, lists[4] = {[0] = {.values = values, .count = 2}};
    size_t first, second, third;
    char *a = bytes_of(template_of_four(), none, &first), *b = bytes_of(template_of_four(), none, &second);
    assert_int_equal(first, second);
    assert_memory_equal(a, b, first);
    char *c = bytes_of(template_of_four(), lists, &third);
    assert_true(third != first || memcmp(a, c, first) != 0);
}

static void
people_are_not_listed_in_a_file_that_is_handed_around(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of_four();
    char *fields[] = {"id"}, *kind_fields[] = {"id"};
    Muster__V1__Subject subject = MUSTER__V1__SUBJECT__INIT;
    Muster__V1__Reference reference = MUSTER__V1__REFERENCE__INIT, *references[] = {&reference};
    reference.kind = "participant";
    reference.fields = fields;
    reference.kind_fields = kind_fields;
    reference.n_fields = reference.n_kind_fields = 1;
    template->references = references;
    template->n_references = 1;
    assert_true(sheet_columns_wants_list(template, template->fields[1]));
    assert_false(sheet_columns_wants_list(template, template->fields[0]));
    subject.kind = "participant";
    template->subject = &subject;
    assert_false(sheet_columns_wants_list(template, template->fields[1]));
}

static void
rules_are_told_in_words_their_own_where_they_have_some(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of_four();
    char *fields[] = {"name", "id"}, *values[] = {"Insert", "Add"};
    Muster__V1__Condition when = MUSTER__V1__CONDITION__INIT, *whens[] = {&when};
    Muster__V1__ColumnGroup one = MUSTER__V1__COLUMN_GROUP__INIT, two = one, *groups[] = {&one, &two};
    Muster__V1__Rule rule = MUSTER__V1__RULE__INIT;
    one.fields = fields;
    one.n_fields = 1;
    two.fields = fields + 1;
    two.n_fields = 1;
    rule.groups = groups;
    rule.n_groups = 2;
    rule.fields = fields;
    rule.n_fields = 2;
    rule.kind = MUSTER__V1__RULE_KIND__RULE_ONE_OF;
    assert_string_equal(words_rule(arena, template, &rule), "give at most one of these: Name, or Id.");
    rule.kind = MUSTER__V1__RULE_KIND__RULE_TOGETHER;
    assert_string_equal(words_rule(arena, template, &rule), "Name and Id go together.");
    when.field = "born";
    when.values = values;
    when.n_values = 2;
    rule.when = whens;
    rule.n_when = 1;
    rule.kind = MUSTER__V1__RULE_KIND__RULE_REQUIRE;
    assert_string_equal(words_rule(arena, template, &rule), "Where Born is Insert or Add: Name or Id is needed.");
    when.n_values = 0;
    when.blank = true;
    rule.kind = MUSTER__V1__RULE_KIND__RULE_FORBID;
    assert_string_equal(words_rule(arena, template, &rule), "Where Born is empty: Name and Id must be empty.");
    rule.n_when = 0;
    rule.kind = MUSTER__V1__RULE_KIND__RULE_ORDER;
    assert_string_equal(words_rule(arena, template, &rule), "Name may not be after Id.");
    rule.message = "Id is before Name.";
    assert_string_equal(words_rule(arena, template, &rule), "Name may not be after Id.");
    rule.kind = MUSTER__V1__RULE_KIND__RULE_REQUIRE;
    rule.message = "As we say.";
    assert_string_equal(words_rule(arena, template, &rule), "As we say.");
}

static void
what_is_allowed_is_told_in_words(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of_four();
    char *values[] = {"North", "South"};
    Muster__V1__Field *name = template->fields[0];
    name->enum_values = values;
    name->n_enum_values = 2;
    name->max_length = 80;
    name->unique = true;
    assert_string_equal(words_allowed(arena, template, name),
                        "one of: North, South; at most 80 characters; only once in a file");
    template->fields[3]->format = "%d/%m/%Y";
    assert_string_equal(words_type(arena, template->fields[3]), "date, as 31/12/2026");
}

static void
documentation_cannot_be_broken_by_what_stands_in_a_template(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of_four();
    template->fields[0]->description = "a | b\n<script>";
    const char *text = written(template, template_document);
    assert_non_null(strstr(text, "| Name | a \\| b \\<script\\> | text | no |"));
}

static void
a_text_that_no_workbook_can_hold_is_made_fit(void **state)
{
    (void)state;
    assert_string_equal(text_utf8(arena, "a\xFFz\xC3\xBC", 5), "a\xEF\xBF\xBDz\xC3\xBC");
    assert_string_equal(text_utf8(arena, "\xED\xA0\x80", 3), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_string_equal(text_utf8(arena, "\xEF\xBF\xBF|", 4), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|");
    assert_string_equal(text_cut("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", arena, 4), "\xC3\xBC...");
    assert_string_equal(text_cut("abcd", arena, 4), "abcd");
}

static void
a_row_is_told_its_own_reasons_and_left_out_only_where_nothing_else_is_known(void **state)
{
    (void)state;
    reasons faults = {0}, matched = {0};
    Muster__V1__RowFault one = MUSTER__V1__ROW_FAULT__INIT, *list[] = {&one};
    Muster__V1__RowFaultList page = MUSTER__V1__ROW_FAULT_LIST__INIT;
    one.row = 2;
    one.field = "name";
    one.message = "Too long.";
    page.faults = list;
    page.n_faults = 1;
    page.more = true;
    reasons_take_faults(&faults, &page);
    assert_false(faults.ended);
    assert_int_equal(faults.known_to, 2);
    uint8_t decisions[] = {1, 4, 4}, why[] = {1, 13, 11};
    Muster__V1__EntriesMatched chunk = MUSTER__V1__ENTRIES_MATCHED__INIT;
    chunk.first_row = 1;
    chunk.rows = 3;
    chunk.decisions = (ProtobufCBinaryData){3, decisions};
    chunk.reasons = (ProtobufCBinaryData){3, why};
    reasons_take_matched(&matched, &chunk);
    assert_int_equal(matched.known_to, 3);
    assert_int_equal(reasons_row(&matched), 2);
    assert_true(reasons_next(&matched, 2)->weak);
    assert_null(reasons_next(&matched, 2));
    assert_false(reasons_next(&matched, 3)->weak);
    assert_int_equal(reasons_row(&matched), UINT32_MAX);
    assert_string_equal(reasons_next(&faults, 2)->text, "Too long.");
    reasons_release(&faults);
    reasons_release(&matched);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b2_b4_c1_s32_a_blank_csv_file_has_headers_a_sample_row_and_instructions_and_no_formula),
        cmocka_unit_test(b3_a_template_without_sample_and_instructions_gives_a_header_alone),
        cmocka_unit_test(b3_the_same_template_and_directory_give_the_same_workbook_and_another_list_another_one),
        cmocka_unit_test(people_are_not_listed_in_a_file_that_is_handed_around),
        cmocka_unit_test(rules_are_told_in_words_their_own_where_they_have_some),
        cmocka_unit_test(what_is_allowed_is_told_in_words),
        cmocka_unit_test(documentation_cannot_be_broken_by_what_stands_in_a_template),
        cmocka_unit_test(a_text_that_no_workbook_can_hold_is_made_fit),
        cmocka_unit_test(a_row_is_told_its_own_reasons_and_left_out_only_where_nothing_else_is_known),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
