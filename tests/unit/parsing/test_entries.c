/* test_entries.c - from the bytes of a file and a template to what is wrong in which row. */
#include "proto/rows.h"
#include "services/parsing/entries.h"
#include "services/runtime/tableschema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KIND(NAME) MUSTER__V1__WRONG_KIND__WRONG_##NAME
#define GROUPS_MAX 64u

/* One group, as text. */
typedef struct told {
    Muster__V1__WrongKind kind;
    char *field, *value, *message, *rule, *fields, *values, *suggestions;
    uint32_t count, first_row, column;
} told;

static mst_arena *arena;
static told groups[GROUPS_MAX];
static size_t groups_count;
static char cells[64][16][64]; /* of the first rows */
static uint32_t wrong_rows_bits;
static Muster__V1__ReadingFinished finished;

static char *
joined(char *const *texts, size_t count)
{
    char *all = "";
    for (size_t i = 0; i < count; i++)
        all = mst_arena_printf(arena, "%s%s%s", all, i == 0 ? "" : "|", texts[i]);
    return all;
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    (void)context;
    (void)recognised;
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    (void)context;
    for (uint32_t i = 0; i < chunk->rows->rows && chunk->rows->first_row + i <= 32; i++) {
        uint32_t row = chunk->rows->first_row + i - 1;
        for (uint32_t j = 0; j < chunk->rows->columns && j < 16; j++) {
            size_t size;
            const char *cell = mst_rows_cell(chunk->rows, i, j, &size);
            snprintf(cells[row][j], sizeof cells[row][j], "%.*s", (int)size, cell);
        }
        if (chunk->wrong.len > 0 && (chunk->wrong.data[i / 8] & (1u << (i % 8))) != 0)
            wrong_rows_bits |= 1u << row;
    }
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows)
{
    (void)context;
    (void)rows;
    for (size_t i = 0; i < found->n_values; i++) {
        const Muster__V1__WrongValue *value = found->values[i];
        told *group = NULL;
        for (size_t j = 0; j < groups_count && group == NULL; j++)
            if (groups[j].kind == value->kind && strcmp(groups[j].field, value->field) == 0 &&
                strcmp(groups[j].value, value->value) == 0 && strcmp(groups[j].rule, value->rule) == 0)
                group = &groups[j];
        if (group == NULL) {
            assert_true(groups_count < GROUPS_MAX);
            group = &groups[groups_count++];
            *group = (told){.kind = value->kind,
                            .field = mst_arena_strdup(arena, value->field),
                            .value = mst_arena_strdup(arena, value->value),
                            .message = mst_arena_strdup(arena, value->message),
                            .rule = mst_arena_strdup(arena, value->rule),
                            .fields = joined(value->fields, value->n_fields),
                            .values = joined(value->values, value->n_values),
                            .suggestions = "",
                            .first_row = value->rows[0],
                            .column = value->column};
            for (size_t j = 0; j < value->n_suggestions; j++)
                group->suggestions = mst_arena_printf(arena, "%s%s%s", group->suggestions, j == 0 ? "" : "|",
                                                      value->suggestions[j]->value);
        }
        group->count += (uint32_t)value->n_rows;
    }
}

static void
on_part(void *context)
{
    (void)context;
}

static int
begin(void **state)
{
    (void)state;
    arena = mst_arena_new(0);
    groups_count = 0;
    wrong_rows_bits = 0;
    memset(cells, 0, sizeof cells);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    mst_arena_destroy(&arena);
    return 0;
}

static Muster__V1__Template *
template_of(const char *json)
{
    Muster__V1__Template *template;
    char why[512];
    if (mst_tableschema_template(arena, json, strlen(json), &template, why) != MST_OK)
        fail_msg("%s", why);
    return template;
}

static void
read_with(Muster__V1__Template *template, corrections *corrected, const char *text, size_t size)
{
    entries_settings settings = {.batch_id = "B1",
                                 .generation = 1,
                                 .wanted = {.name = template->name,
                                            .fields = template->fields,
                                            .fields_count = template->n_fields,
                                            .id_column = ""},
                                 .missing_values = template->missing_values,
                                 .missing_values_count = template->n_missing_values,
                                 .template = template,
                                 .corrections = corrected};
    entries_sink sink = {NULL, on_recognised, on_chunk, on_wrong, NULL, on_part};
    entries *self = entries_new(&settings, &sink);
    const char *advice;
    static uint8_t hash[16];
    if (!entries_feed(self, text, size, true))
        fail_msg("%s", entries_failure(self, &advice));
    entries_finished(self, &finished, hash);
    entries_destroy(&self);
}

static void
when_read(const char *json, const char *text)
{
    read_with(template_of(json), NULL, text, strlen(text));
}

static const told *
group_of(Muster__V1__WrongKind kind, const char *field, const char *value)
{
    for (size_t i = 0; i < groups_count; i++)
        if (groups[i].kind == kind && strcmp(groups[i].field, field) == 0 &&
            (value == NULL || strcmp(groups[i].value, value) == 0))
            return &groups[i];
    fail_msg("no group of kind %d, field \"%s\", value \"%s\"", (int)kind, field, value == NULL ? "any" : value);
    return NULL;
}

static void
says(const told *group, const char *words)
{
    if (strstr(group->message, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, group->message);
}

#define CASELOAD                                                                                                       \
    "{\"name\":\"caseload\",\"fields\":[{\"name\":\"action\",\"title\":\"Action\"},"                                   \
    "{\"name\":\"program_id\",\"title\":\"Program ID\"},{\"name\":\"program_name\",\"title\":\"Program Name\"},"       \
    "{\"name\":\"first\",\"title\":\"Worker First\"},{\"name\":\"last\",\"title\":\"Worker Last\"},"                   \
    "{\"name\":\"begin\",\"title\":\"Start Date\",\"type\":\"date\",\"format\":\"any\"},"                              \
    "{\"name\":\"end\",\"title\":\"End Date\",\"type\":\"date\",\"format\":\"any\"}],\"muster\":{\"kind\":\"person\"," \
    "\"action\":{\"field\":\"action\",\"insert\":[\"Insert\",\"Add\"],\"update\":[\"Update\"]},\"rules\":["            \
    "{\"name\":\"program-once\",\"kind\":\"one_of\",\"groups\":[[\"program_id\"],[\"program_name\"]]},"                \
    "{\"name\":\"worker\",\"kind\":\"together\",\"fields\":[\"first\",\"last\"]},"                                     \
    "{\"name\":\"insert-start\",\"kind\":\"require\",\"fields\":[\"begin\"],"                                          \
    "\"when\":[{\"field\":\"action\",\"values\":[\"Insert\"]}]},"                                                      \
    "{\"name\":\"order\",\"kind\":\"order\",\"fields\":[\"begin\",\"end\"]}]}}"
#define HEADER "Action,Program ID,Program Name,Worker First,Worker Last,Start Date,End Date\n"

static void
either_column_but_not_both_B9_and_both_names_or_none_B11(void **state)
{
    (void)state;
    when_read(CASELOAD, HEADER "Insert,17,,,,2020-01-01,\n"
                               "Insert,17,Housing,,,2020-01-01,\n"
                               "Insert,17,Housing,,,2021-01-01,\n"
                               "Insert,18,Housing,Ann,,2020-01-01,\n"
                               "Update,,,Ann,Ash,,\n");
    assert_int_equal(groups_count, 3);
    assert_int_equal(wrong_rows_bits, 0x0E);
    const told *both = group_of(KIND(RULE), "program_id", "Program ID: 17; Program Name: Housing");
    assert_int_equal(both->count, 2);
    assert_string_equal(both->rule, "program-once");
    assert_string_equal(both->fields, "program_id|program_name");
    assert_string_equal(both->values, "17|Housing");
    assert_int_equal(both->column, 2);
    says(both, "Only one of Program ID and Program Name");
    const told *half = group_of(KIND(RULE), "first", NULL);
    assert_string_equal(half->values, "Ann|");
    says(half, "Worker Last too");
    assert_int_equal(finished.wrong_rows, 3);
}

static void
a_condition_belongs_to_the_group_and_words_of_the_action_are_kept_in_one_form_B15_B16(void **state)
{
    (void)state;
    when_read(CASELOAD, HEADER " ADD ,,,,,2020-01-01,\n"
                               "insert,,,,,,2020-05-05\n"
                               "Delete,,,,,,\n"
                               "update,,,,,2020-02-02,2020-02-01\n"
                               "UPDATE,,,,,2/29/2020,2020-02-29\n");
    assert_string_equal(cells[0][0], "Insert");
    assert_string_equal(cells[3][0], "Update");
    assert_string_equal(cells[4][5], "2020-02-29");
    assert_int_equal(groups_count, 3);
    const told *start = group_of(KIND(RULE), "begin", "Start Date: (empty); Action: insert");
    assert_string_equal(start->fields, "begin|action");
    says(start, "Where Action is \"Insert\", Start Date must be filled");
    const told *word = group_of(KIND(ENUM), "action", "Delete");
    says(word, "Insert, Update");
    assert_non_null(strstr(word->suggestions, "Insert"));
    assert_non_null(strstr(word->suggestions, "Update"));
    says(group_of(KIND(RULE), "begin", "Start Date: 2020-02-02; End Date: 2020-02-01"),
         "2020-02-02 is after 2020-02-01");
}

static void
a_rule_is_not_judged_on_a_value_that_is_wrong_itself(void **state)
{
    (void)state;
    when_read(CASELOAD, HEADER "Insert,,,,,1/2/62,2020-05-05\nInsert,,,,,soon,1999-01-01\n");
    assert_int_equal(groups_count, 2);
    const told *year = group_of(KIND(TYPE), "begin", "1/2/62");
    says(year, "1962-01-02");
    says(year, "2062-01-02");
    assert_string_equal(year->suggestions, "1962-01-02|2062-01-02");
    group_of(KIND(TYPE), "begin", "soon");
}

static void
all_that_is_wrong_in_a_row_is_said(void **state)
{
    (void)state;
    when_read(CASELOAD, HEADER "Insert,1,Housing,Ann,,,\n");
    assert_int_equal(groups_count, 3);
    assert_int_equal(finished.wrong_rows, 1);
}

#define IDS                                                                                                            \
    "{\"name\":\"ids\",\"fields\":[{\"name\":\"ssn\",\"title\":\"SSN\",\"constraints\":{\"pattern\":\"[0-9]{9}\","     \
    "\"unique\":true}},{\"name\":\"town\"},{\"name\":\"street\"}],\"primaryKey\":[\"town\",\"street\"],"               \
    "\"muster\":{\"kind\":\"person\"}}"

static void
a_value_that_an_earlier_row_has_is_named_with_that_row(void **state)
{
    (void)state;
    when_read(IDS, "SSN,Town,Street\n111-22-3333,A,1\n111 22 3334,A,2\n111223333,A,1\n,AA,\n,A,1\n,B,1\n");
    assert_string_equal(cells[0][0], "111223333");
    assert_int_equal(finished.wrong_rows, 3);
    says(group_of(KIND(UNIQUE), "ssn", "111223333"), "Row 1 (line 2)");
    const told *key = group_of(KIND(UNIQUE), "town", "town: A; street: 1");
    assert_int_equal(key->count, 2);
    assert_string_equal(key->fields, "town|street");
    group_of(KIND(REQUIRED), "street", "");
}

#define CARD                                                                                                           \
    "{\"name\":\"card\",\"fields\":[{\"name\":\"name\",\"constraints\":{\"required\":true}},"                          \
    "{\"name\":\"born\",\"type\":\"date\",\"format\":\"any\"},{\"name\":\"note\"}],\"muster\":{\"kind\":\"person\","   \
    "\"sample_row\":[\"Jane Example\",\"1980-05-17\",\"\"],"                                                           \
    "\"instructions\":\"One line a person.\\n\\nDelete these lines before you upload.\"}}"

static void
sample_row_and_instructions_are_rejected_by_number_B4(void **state)
{
    (void)state;
    when_read(CARD, "name,born,note\n"
                    "Jane Example,5/17/1980,\n"
                    "\"One line a person.\r\n\r\n  Delete these lines before you upload. \",,\n"
                    "Jane Example,1980-05-17,she is real\n"
                    "Jane Example,1980-05-18,\n"
                    "One line a person.,,\n"
                    "\"One line a person. Delete these lines before you upload. Thank you.\"\n"
                    "Jane Example,17 May 1980,\n");
    assert_int_equal(groups_count, 2);
    const told *sample = group_of(KIND(SAMPLE), "", "the sample row of the template");
    assert_int_equal(sample->count, 2);
    assert_int_equal(sample->first_row, 1);
    assert_int_equal(group_of(KIND(SAMPLE), "", "the instructions of the template")->count, 2);
    assert_int_equal(wrong_rows_bits, 0x63);
}

static void
an_extra_comma_is_a_row_of_too_many_cells_B27(void **state)
{
    (void)state;
    when_read(CARD, "name,born,note\nAsh, Ann,1980-05-17,new\n\"Ash, Bob\",1980-05-17,\n");
    assert_int_equal(groups_count, 1);
    const told *columns = group_of(KIND(COLUMNS), "", "4 cells instead of 3");
    assert_int_equal(columns->first_row, 1);
    says(columns, "quotes");
    assert_string_equal(cells[1][0], "Ash, Bob");
}

static void
all_of_ten_thousand_rows_are_grouped_and_their_counts_add_up_B37(void **state)
{
    (void)state;
    size_t room = 1u << 20, size = 0;
    char *text = mst_arena_alloc(arena, room);
    size += (size_t)snprintf(text, room, HEADER);
    for (int i = 1; i <= 10000; i++)
        size += (size_t)snprintf(text + size, room - size, "Insert,%s,%s,,,2020-01-%02d,%s\n", i % 2 == 0 ? "17" : "",
                                 i % 4 == 0   ? "Housing"
                                 : i % 8 == 2 ? "Food"
                                              : "",
                                 i % 28 + 1, i % 5 == 0 ? "2019-13-01" : "");
    read_with(template_of(CASELOAD), NULL, text, size);
    assert_int_equal(finished.rows, 10000);
    assert_int_equal(group_of(KIND(RULE), "program_id", "Program ID: 17; Program Name: Housing")->count, 2500);
    assert_int_equal(group_of(KIND(RULE), "program_id", "Program ID: 17; Program Name: Food")->count, 1250);
    assert_int_equal(group_of(KIND(TYPE), "end", "2019-13-01")->count, 2000);
    assert_int_equal(groups_count, 3);
    assert_int_equal(finished.wrong_rows, 3750 + 2000 - 750); // a fifth of the first have both faults
}

static void
a_correction_is_laid_over_its_rows_before_anything_is_checked_B39_B44(void **state)
{
    (void)state;
    Muster__V1__Template *template = template_of(CASELOAD);
    corrections *corrected = corrections_new(template->fields, template->n_fields);
    char *fields[] = {"program_id", "program_name"}, *from[] = {"17", "Housing"}, *to[] = {"", "Housing"};
    Muster__V1__Correction correction = MUSTER__V1__CORRECTION__INIT;
    correction.kind = KIND(RULE);
    correction.rule = "program-once";
    correction.fields = fields;
    correction.from = from;
    correction.to = to;
    correction.n_fields = correction.n_from = correction.n_to = 2;
    corrections_add(corrected, &correction);
    corrections_leave_out_row(corrected, 3);
    static const char text[] = HEADER "Insert,17,Housing,,,2020-01-01,\nInsert,17,Housing,,,2020-01-02,\n"
                                      "Insert,,,,,never,\nInsert,17,Food,,,2020-01-01,\n";
    read_with(template, corrected, text, sizeof text - 1);
    assert_string_equal(cells[0][1], "");
    assert_string_equal(cells[0][2], "Housing");
    assert_int_equal(finished.corrected, 2);
    assert_int_equal(finished.left_out, 1);
    assert_int_equal(finished.wrong_rows, 1);
    assert_int_equal(wrong_rows_bits, 0x0C);
    assert_int_equal(groups_count, 1);
    corrections_destroy(&corrected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(either_column_but_not_both_B9_and_both_names_or_none_B11, begin, end),
        cmocka_unit_test_setup_teardown(
            a_condition_belongs_to_the_group_and_words_of_the_action_are_kept_in_one_form_B15_B16, begin, end),
        cmocka_unit_test_setup_teardown(a_rule_is_not_judged_on_a_value_that_is_wrong_itself, begin, end),
        cmocka_unit_test_setup_teardown(all_that_is_wrong_in_a_row_is_said, begin, end),
        cmocka_unit_test_setup_teardown(a_value_that_an_earlier_row_has_is_named_with_that_row, begin, end),
        cmocka_unit_test_setup_teardown(sample_row_and_instructions_are_rejected_by_number_B4, begin, end),
        cmocka_unit_test_setup_teardown(an_extra_comma_is_a_row_of_too_many_cells_B27, begin, end),
        cmocka_unit_test_setup_teardown(all_of_ten_thousand_rows_are_grouped_and_their_counts_add_up_B37, begin, end),
        cmocka_unit_test_setup_teardown(a_correction_is_laid_over_its_rows_before_anything_is_checked_B39_B44, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
