/* The entries of a caseload file held against the directory, before anything is accepted. */
#include "tests/unit/export/office.h"
#include "tests/unit/export/people.h"

#define REFERENCE MUSTER__V1__WRONG_KIND__WRONG_REFERENCE
#define PERIOD MUSTER__V1__WRONG_KIND__WRONG_PERIOD
#define RULE MUSTER__V1__WRONG_KIND__WRONG_RULE

static void
B34_a_file_that_the_directory_agrees_with_has_nothing_wrong(void **state)
{
    (void)state;
    stage *it = agency("", 1);
    const row rows[] = {
        ROW(WHOM, [PROGRAM] = "SAINT MARY'S HOUSING", [STAFF] = " dana sample", [RELATIONSHIP] = "primary caseworker",
            [STATUS] = "ACTIVE", [START] = "2026-01-05", INSERT, [PROGRAM_START] = "2026-01-05"),
        ROW([WHO] = "10418", [FIRST] = "Ben", [LAST] = "Okafor", [STAFF_ID] = "S2", [START] = "2026-01-05", INSERT),
        ROW([WHO] = "20999", [FIRST] = "Zoe", [LAST] = "Quist", [PROGRAM_ID] = "p2", [STAFF_FIRST] = "Dana",
            [STAFF_LAST] = "Sample", [START] = "2026-01-05", INSERT)};
    assert_int_equal(check(it, "B2", rows, 3)->wrong_rows, 0);
    assert_null(group(it, "B2", 0));
    stage_close(&it);
}

static void
B12_B13_B14_a_value_that_is_not_in_its_list_is_wrong_and_the_list_is_suggested(void **state)
{
    (void)state;
    stage *it = agency("", 2);
    const row rows[] = {
        ROW(WHOM, [STAFF_ID] = "S1", [RELATIONSHIP] = "Primary Casworker", [START] = "2026-01-05", INSERT),
        ROW(WHOM, [STAFF_ID] = "S2", [STATUS] = "Activ", [START] = "2026-01-05", INSERT),
        ROW(WHOM, [STAFF_ID] = "S3", [REASON] = "Moved awya", [START] = "2026-01-05", INSERT),
        ROW(WHOM, [STAFF_ID] = "S3", [STATUS] = "Activ", [START] = "2026-01-05", INSERT)};
    assert_int_equal(check(it, "B2", rows, 4)->wrong_rows, 4);
    assert_group(
        it, "B2", 0, REFERENCE, "relationship", "Primary Casworker",
        "Caseworker Relationship \"Primary Casworker\" is not in the list \"Caseworker relationships\". Choose "
        "a value of the list.");
    const Muster__V1__WrongValue *status = group(it, "B2", 1);
    assert_string_equal(status->field, "caseload_status");
    assert_int_equal(status->n_rows, 2);
    assert_int_equal(status->rows[0], 2);
    assert_int_equal(status->rows[1], 4);
    assert_int_equal(status->lines[1], 5);
    assert_int_equal(status->column, STATUS + 1);
    assert_int_equal(status->n_fields, 0);
    assert_int_equal(status->n_suggestions, 1);
    assert_string_equal(status->suggestions[0]->value, "Active");
    assert_string_equal(group(it, "B2", 0)->suggestions[0]->value, "Primary Caseworker");
    assert_string_equal(group(it, "B2", 2)->suggestions[0]->value, "Moved away");
    assert_null(group(it, "B2", 3));
    stage_close(&it);
}

static void
B24_unknown_programs_and_caseworkers_are_wrong_and_offer_what_may_be_meant(void **state)
{
    (void)state;
    stage *it = agency("", 3);
    const row rows[] = {ROW(WHOM, [PROGRAM] = "St Marys Hsg", [STAFF] = "Dana Sampel", [START] = "2026-01-05", INSERT),
                        ROW(WHOM, [STAFF_FIRST] = "Sample", [STAFF_LAST] = "Dana", [START] = "2026-01-05", INSERT),
                        ROW(WHOM, [PROGRAM_ID] = "P9", [STAFF_ID] = "S1", [START] = "2026-01-05", INSERT)};
    assert_int_equal(check(it, "B2", rows, 3)->wrong_rows, 3);
    assert_group(it, "B2", 0, REFERENCE, "program_name", "St Marys Hsg",
                 "The directory has no \"Program\" with Program Name \"St Marys Hsg\". Choose one that it has, or add "
                 "it there first.");
    assert_string_equal(group(it, "B2", 0)->suggestions[0]->value, "Saint Mary's Housing");
    assert_string_equal(group(it, "B2", 1)->field, "staff_name");
    assert_string_equal(group(it, "B2", 1)->suggestions[0]->value, "Dana Sample");
    const Muster__V1__WrongValue *swapped = group(it, "B2", 2);
    assert_string_equal(swapped->value, "Caseworker First Name: Sample; Caseworker Last Name: Dana");
    assert_int_equal(swapped->n_fields, 2);
    assert_string_equal(swapped->fields[1], "staff_last_name");
    assert_string_equal(swapped->values[1], "Dana");
    assert_int_equal(swapped->suggestions[0]->n_values, 2);
    assert_string_equal(swapped->suggestions[0]->values[0], "Dana");
    assert_string_equal(swapped->suggestions[0]->values[1], "Sample");
    assert_string_equal(group(it, "B2", 3)->field, "program_id");
    stage_close(&it);
}

static void
B24_an_unknown_participant_is_an_error_that_names_people_who_may_be_meant(void **state)
{
    (void)state;
    stage *it = agency("", 4);
    const row rows[] = {
        ROW([WHO] = "99999", [FIRST] = "ana", [LAST] = "lopez", [BORN] = "1980-05-17", [STAFF_ID] = "S1",
            [START] = "2026-01-05", INSERT),
        ROW([WHO] = "1O418", [FIRST] = "B", [LAST] = "O", [STAFF_ID] = "S1", [START] = "2026-01-05", INSERT)};
    assert_int_equal(check(it, "B2", rows, 2)->wrong_rows, 2);
    assert_group(
        it, "B2", 0, REFERENCE, "participant_id", "99999",
        "The directory has no \"Participant\" with Participant ID \"99999\", and this upload makes none. Choose "
        "who is meant, or add the record first.");
    const Muster__V1__Suggestion *ana = group(it, "B2", 0)->suggestions[0];
    assert_string_equal(ana->value, "10417");
    assert_string_equal(ana->note, "Ana L\xC3\xB3pez, born 1980-05-17");
    const Muster__V1__WrongValue *typo = group(it, "B2", 1);
    assert_true(typo->n_suggestions > 0);
    assert_string_equal(typo->suggestions[0]->value, "10418");
    assert_string_equal(typo->suggestions[0]->note, "Ben Okafor, born 1991-01-02");
    stage_close(&it);
}

static void
B24_a_name_that_two_caseworkers_have_is_told_apart_by_their_ids(void **state)
{
    (void)state;
    stage *it = agency("", 5);
    const row rows[] = {ROW(WHOM, [STAFF] = "Lee Chan", [START] = "2026-01-05", INSERT)};
    assert_int_equal(check(it, "B2", rows, 1)->wrong_rows, 1);
    assert_group(it, "B2", 0, REFERENCE, "staff_name", "Caseworker Name: Lee Chan; Caseworker Staff ID: (empty)",
                 "2 records of \"Staff\" have Caseworker Name \"Lee Chan\". Choose which one is meant: its Caseworker "
                 "Staff ID takes the place.");
    const Muster__V1__WrongValue *found = group(it, "B2", 0);
    assert_int_equal(found->n_suggestions, 2);
    assert_string_equal(found->fields[1], "staff_id");
    assert_string_equal(found->suggestions[0]->values[0], "");
    assert_string_equal(found->suggestions[0]->values[1], "S2");
    assert_string_equal(found->suggestions[1]->values[1], "S3");
    stage_close(&it);
}

static void
B17_an_insert_where_the_same_is_open_is_an_error_unless_it_is_asked_for(void **state)
{
    (void)state;
    stage *it = agency("", 6);
    assignment(it, "A1", 1, "10417", "P1", "S1", "2026-01-05", "");
    const row rows[] = {ROW(WHOM, [PROGRAM] = "Saint Mary's Housing", [STAFF_ID] = "S1", [START] = "2026-03-01",
                            INSERT, [PROGRAM_START] = "2026-03-01"),
                        ROW(WHOM, [STAFF_ID] = "S1", [START] = "2026-03-01", INSERT)};
    assert_int_equal(check(it, "B2", rows, 2)->wrong_rows, 1);
    assert_group(
        it, "B2", 0, PERIOD, "participant_id",
        "Participant ID: 10417; Program Name: Saint Mary's Housing; Caseworker Staff ID: S1; Update or Insert: "
        "Insert",
        "This Caseload assignment is open since 2026-01-05 already: there is nothing to insert. Say Update to "
        "end it, or leave the row out.");
    assert_true(stage_input(it, request(it, "B3", rows, 2, 1000, true)));
    assert_null(group(it, "B3", 0));
    stage_close(&it);
}

static void
B18_B19_an_update_needs_an_open_assignment_and_a_closed_one_says_when_it_was_closed(void **state)
{
    (void)state;
    stage *it = agency("", 7);
    assignment(it, "A1", 1, "10417", "P1", "S1", "2025-01-05", "2025-06-30");
    assignment(it, "A2", 1, "10418", "P1", "S1", "2026-01-05", "");
    assignment(it, "A3", 1, "20999", "P1", "S1", "2026-01-05", "");
    assignment(it, "A4", 1, "20999", "P1", "S1", "2026-02-05", "");
    const row rows[] = {ROW(WHOM, [PROGRAM_ID] = "P1", [STAFF_ID] = "S1", [END] = "2026-03-01", UPDATE),
                        ROW(WHOM, [PROGRAM_ID] = "P2", [STAFF_ID] = "S1", [END] = "2026-03-01", UPDATE),
                        ROW([WHO] = "10418", [PROGRAM_ID] = "P1", [STAFF_ID] = "S1", [END] = "2026-01-04", UPDATE),
                        ROW([WHO] = "20999", [PROGRAM_ID] = "P1", [STAFF_ID] = "S1", [END] = "2026-03-01", UPDATE),
                        ROW([WHO] = "10418", [PROGRAM_ID] = "P1", [STAFF_ID] = "S1", [END] = "2026-03-01", UPDATE)};
    assert_int_equal(check(it, "B2", rows, 5)->wrong_rows, 4);
    assert_string_equal(
        group(it, "B2", 0)->message,
        "This Caseload assignment was closed on 2025-06-30 and cannot be changed any more. Say Insert to "
        "begin a new one, or leave the row out.");
    assert_string_equal(
        group(it, "B2", 1)->message,
        "No such Caseload assignment is open: there is nothing to end. Check who and what the row names, "
        "say Insert to begin one, or leave the row out.");
    assert_group(it, "B2", 2, PERIOD, "participant_id",
                 "Participant ID: 10418; Program ID: P1; Caseworker Staff ID: S1; Update or Insert: Update; End Date: "
                 "2026-01-04",
                 "This Caseload assignment began on 2026-01-05, so it cannot end on 2026-01-04. Correct the date.");
    assert_string_equal(
        group(it, "B2", 3)->message,
        "2 of this Caseload assignment are open: it is not clear which one ends. Give the Start Date of "
        "the one that is meant, or leave the row out.");
    assert_null(group(it, "B2", 4));
    stage_close(&it);
}

/* One closed and one open assignment of 10417, two open ones of 20999. */
static stage *
with_assignments(unsigned seed)
{
    stage *it = agency("", seed);
    assignment(it, "A1", 1, "10417", "P1", "S1", "2020-01-01", "2021-06-30");
    assignment(it, "A2", 1, "10417", "P1", "S1", "2025-01-10", "");
    assignment(it, "A3", 1, "20999", "P1", "S1", "2026-01-05", "");
    assignment(it, "A4", 1, "20999", "P1", "S1", "2026-02-05", "");
    return it;
}

#define OF(who) [WHO] = who, [PROGRAM_ID] = "P1", [STAFF_ID] = "S1"

static void
B19_an_update_that_names_a_closed_assignment_by_its_start_is_an_error_though_another_is_open(void **state)
{
    (void)state;
    stage *it = with_assignments(21);
    const row rows[] = {ROW(OF("10417"), [START] = "2020-01-01", [END] = "2026-03-01", UPDATE),
                        ROW(OF("10417"), [START] = "2025-01-10", [END] = "2026-03-01", UPDATE),
                        ROW(OF("10417"), [START] = "2025-01-10", [END] = "2026-04-01", UPDATE)};
    assert_int_equal(check(it, "B2", rows, 3)->wrong_rows, 2);
    assert_group(it, "B2", 0, PERIOD, "participant_id",
                 "Participant ID: 10417; Program ID: P1; Caseworker Staff ID: S1; Update or Insert: Update; Start "
                 "Date: 2020-01-01",
                 "This Caseload assignment, begun on 2020-01-01, was closed on 2021-06-30 and cannot be changed any "
                 "more. Give the Start Date of the one that is open, or leave the row out.");
    assert_string_equal(group(it, "B2", 1)->message,
                        "This Caseload assignment, begun on 2025-01-10, was closed on 2026-03-01 (by row 2 of this "
                        "file) and cannot be changed any more. Say Insert to begin a new one, or leave the row out.");
    assert_null(group(it, "B2", 2));
    stage_close(&it);
}

static void
B18_of_two_open_assignments_an_update_ends_the_one_whose_start_it_gives(void **state)
{
    (void)state;
    stage *it = with_assignments(22);
    const row rows[] = {ROW(OF("20999"), [START] = "2026-02-05", [END] = "2026-02-04", UPDATE),
                        ROW(OF("20999"), [START] = "2026-02-05", [END] = "2026-03-01", UPDATE),
                        ROW(OF("20999"), [END] = "2026-03-01", UPDATE)};
    assert_int_equal(check(it, "B2", rows, 3)->wrong_rows, 1);
    assert_string_equal(group(it, "B2", 0)->message,
                        "This Caseload assignment began on 2026-02-05, so it cannot end on 2026-02-04. Correct the "
                        "date.");
    assert_null(group(it, "B2", 1));
    stage_close(&it);
}

static void
B17_an_insert_of_what_began_that_day_and_is_closed_is_an_error(void **state)
{
    (void)state;
    stage *it = agency("", 23);
    assignment(it, "A1", 1, "10417", "P1", "S1", "2020-01-01", "2021-06-30");
    const row rows[] = {ROW(OF("10417"), [START] = "2020-01-01", [END] = "2021-06-30", INSERT),
                        ROW(OF("10417"), [START] = "2022-01-01", INSERT)};
    assert_int_equal(check(it, "B2", rows, 2)->wrong_rows, 1);
    assert_string_equal(group(it, "B2", 0)->fields[4], "start_date");
    assert_string_equal(group(it, "B2", 0)->message,
                        "This Caseload assignment, begun on 2020-01-01, was closed on 2021-06-30 and cannot be changed "
                        "any more. Give another Start Date, or leave the row out.");
    stage_close(&it);
}

static void
C4_rows_without_the_column_are_held_against_the_directory_too(void **state)
{
    (void)state;
    stage *it = with_assignments(24);
    office_template = "without-action";
    const row rows[] = {ROW(OF("10417"), [START] = "2020-01-01", [END] = "2021-06-30"), // says what is so
                        ROW(OF("10417"), [START] = "2020-01-01", [END] = "2022-06-30"),
                        ROW(OF("10417"), [END] = "2026-03-01"),
                        ROW(OF("10418"), [END] = "2026-03-01"),
                        ROW(OF("10418"), [START] = "2026-02-01"),
                        ROW(OF("20999"), [END] = "2026-03-01")};
    uint32_t wrong = check(it, "B2", rows, 6)->wrong_rows;
    office_template = "caseload";
    assert_int_equal(wrong, 3);
    assert_string_equal(group(it, "B2", 0)->message,
                        "This Caseload assignment, begun on 2020-01-01, was closed on 2021-06-30 and cannot be changed "
                        "any more. Give the Start Date of the one that is open, or leave the row out.");
    assert_string_equal(group(it, "B2", 1)->message,
                        "No such Caseload assignment is open, and without Start Date none can begin. Give it, check "
                        "who and what the row names, or leave the row out.");
    assert_int_equal(group(it, "B2", 2)->rows[0], 6);
    assert_null(group(it, "B2", 3));
    stage_close(&it);
}

static void
B19_a_closed_enrollment_is_not_changed_either(void **state)
{
    (void)state;
    stage *it = agency("", 25);
    know(it, "enrollment", 1, "E1", "participant", "10417", "program", "P1", "start_date", "2024-01-01", "end_date",
         "2024-12-31", NULL);
    const row rows[] = {
        ROW(OF("10417"), [START] = "2026-01-05", INSERT, [PROGRAM_START] = "2024-01-01", [PROGRAM_END] = "2025-06-30"),
        ROW(OF("10417"), [START] = "2026-01-05", INSERT, [PROGRAM_START] = "2025-01-01", [PROGRAM_END] = "2025-06-30")};
    assert_int_equal(check(it, "B2", rows, 2)->wrong_rows, 1);
    assert_group(it, "B2", 0, PERIOD, "participant_id",
                 "Participant ID: 10417; Program ID: P1; Program Start Date: 2024-01-01",
                 "This Program enrollment, begun on 2024-01-01, was closed on 2024-12-31 and cannot be changed any "
                 "more. Leave the row out.");
    stage_close(&it);
}

static void
B18_rows_of_one_file_count_in_their_order(void **state)
{
    (void)state;
    stage *it = agency("", 8);
    const row rows[] = {ROW(WHOM, [STAFF_ID] = "S1", [END] = "2026-02-01", UPDATE),
                        ROW(WHOM, [STAFF_ID] = "S1", [START] = "2026-01-05", INSERT),
                        ROW(WHOM, [STAFF] = "Dana Sample", [START] = "2026-01-06", INSERT),
                        ROW(WHOM, [STAFF_ID] = "s1", [END] = "2026-02-01", UPDATE),
                        ROW(WHOM, [STAFF] = "dana sample", [END] = "2026-02-02", UPDATE),
                        ROW(WHOM, [STAFF_ID] = "S1", [START] = "2026-03-01", INSERT)};
    assert_int_equal(check(it, "B2", rows, 6)->wrong_rows, 3);
    assert_int_equal(group(it, "B2", 0)->rows[0], 1);
    assert_string_equal(group(it, "B2", 1)->message,
                        "This Caseload assignment is open since 2026-01-05 (by row 2 of this file) already: there is "
                        "nothing to insert. Say Update to end it, or leave the row out.");
    assert_string_equal(
        group(it, "B2", 2)->message,
        "This Caseload assignment was closed on 2026-02-01 (by row 4 of this file) and cannot be changed "
        "any more. Say Insert to begin a new one, or leave the row out.");
    assert_null(group(it, "B2", 3));
    stage_close(&it);
}

static void
B23_a_program_end_needs_a_start_here_or_in_the_directory(void **state)
{
    (void)state;
    stage *it = agency("", 9);
    know(it, "enrollment", 1, "E1", "participant", "10417", "program", "P1", "start_date", "2026-01-01", "end_date", "",
         NULL);
#define END_OF(who, program_)                                                                                          \
    [WHO] = who, [PROGRAM] = program_, [STAFF_ID] = "S1", [START] = "2026-01-05", INSERT, [PROGRAM_END] = "2026-05-01"
    const row rows[] = {
        ROW(END_OF("10417", "Saint Mary's Housing")),
        ROW(END_OF("10418", "Youth Work")),
        ROW(END_OF("20999", "Youth Work"), [PROGRAM_START] = "2026-02-01"),
        ROW([WHO] = "20999", [PROGRAM] = "Saint Mary's Housing", [STAFF_ID] = "S1", [START] = "2026-01-05",
            INSERT, [PROGRAM_START] = "2026-02-01"),
        ROW([WHO] = "20999", [PROGRAM_ID] = "P1", [STAFF_ID] = "S2", [START] = "2026-01-05",
            INSERT, [PROGRAM_END] = "2026-06-01"),
        ROW([WHO] = "20999", [PROGRAM_ID] = "P1", [STAFF_ID] = "S3", [START] = "2026-01-05",
            INSERT, [PROGRAM_END] = "2026-06-01")};
    assert_int_equal(check(it, "B2", rows, 6)->wrong_rows, 2);
    assert_group(it, "B2", 0, RULE, "participant_id",
                 "Participant ID: 10418; Program Name: Youth Work; Program Start Date: (empty); Program End Date: "
                 "2026-05-01",
                 "Program End Date is given, but no Program Start Date: neither here nor in the directory.");
    assert_string_equal(group(it, "B2", 0)->rule, "program-start-known");
    assert_int_equal(group(it, "B2", 1)->rows[0], 6); // row 5 ended what row 4 began
    stage_close(&it);
}

static void
B23_a_program_that_is_not_known_is_asked_for_once_and_its_start_when_it_is_known(void **state)
{
    (void)state;
    stage *it = agency("", 26);
    const row rows[] = {ROW(END_OF("10417", "Yuoth Work")), ROW(END_OF("10418", "Youth Work"), [STATUS] = "Activ")};
    assert_int_equal(check(it, "B2", rows, 2)->wrong_rows, 2);
    assert_int_equal(group(it, "B2", 0)->kind, REFERENCE);
    assert_string_equal(group(it, "B2", 0)->value, "Yuoth Work");
    /* Another wrong value of the row hides nothing. */
    assert_string_equal(group(it, "B2", 1)->value, "Activ");
    assert_string_equal(group(it, "B2", 2)->rule, "program-start-known");
    assert_int_equal(group(it, "B2", 2)->rows[0], 2);
    assert_null(group(it, "B2", 3));
    stage_close(&it);
}

static void
B37_rows_wrong_when_read_are_held_against_the_lists_all_the_same_and_those_left_out_are_not(void **state)
{
    (void)state;
    stage *it = agency("", 10);
    row rows[] = {ROW(WHOM, [STAFF_ID] = "S9", [STATUS] = "Activ", [END] = "2026-01-05", UPDATE),
                  ROW(WHOM, [STAFF_ID] = "S9", [STATUS] = "Activ", [END] = "2026-01-05", UPDATE),
                  ROW(WHOM, [STAFF_ID] = "S1", [END] = "2026-01-05", UPDATE)};
    rows[0].wrong = true;
    rows[1].left_out = true;
    rows[2].wrong = true;
    assert_int_equal(check(it, "B2", rows, 3)->wrong_rows, 0);
    assert_string_equal(group(it, "B2", 0)->field, "staff_id");
    assert_int_equal(group(it, "B2", 0)->n_rows, 1);
    assert_string_equal(group(it, "B2", 1)->field, "caseload_status");
    assert_int_equal(group(it, "B2", 1)->n_rows, 1);
    assert_null(group(it, "B2", 2)); // no period is asked about
    stage_close(&it);
}

static void
a_list_that_is_not_declared_is_said(void **state)
{
    (void)state;
    stage *it = stage_open(&export_core, "", 11);
    declare(it);
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__Reference reference = MUSTER__V1__REFERENCE__INIT, *references[] = {&reference};
    Muster__V1__Field field = world_field("campus", MUSTER__V1__ROLE__ROLE_NONE,
                                          MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE),
                      *fields[] = {&field};
    char *names[] = {TEXT("campus")}, *by[] = {TEXT("name")};
    template.name = TEXT("card");
    template.version = 1;
    template.kind = TEXT("participant");
    template.fields = fields;
    template.n_fields = 1;
    reference.fields = names;
    reference.kind = TEXT("campus");
    reference.kind_fields = by;
    reference.n_fields = reference.n_kind_fields = 1;
    template.references = references;
    template.n_references = 1;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    added.template_ = &template;
    stage_say(it, "ingestion/template/card", "", &added);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    created.batch_id = TEXT("B2");
    created.kind = TEXT("participant");
    created.template_name = TEXT("card");
    created.template_version = 1;
    stage_say(it, "ingestion/B2", "B2", &created);
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = TEXT("B2");
    recognised.fields = names;
    recognised.n_fields = 1;
    stage_say(it, "parsing/B2", "B2", &recognised);
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, 1);
    mst_rows_builder_add(&builder, "North", 5);
    Muster__V1__Rows columns;
    mst_rows_builder_view(&builder, 1, &columns);
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    read.batch_id = TEXT("B2");
    read.generation = 1;
    read.rows = &columns;
    stage_say(it, "parsing/B2/g1", "B2", &read);
    Muster__V1__CheckRequested asked = MUSTER__V1__CHECK_REQUESTED__INIT;
    asked.batch_id = TEXT("B2");
    asked.generation = 1;
    asked.entries_stream = TEXT("parsing/B2/g1");
    asked.chunks = asked.rows = 1;
    assert_true(stage_input(it, stage_say(it, "parsing/B2", "B2", &asked)));
    assert_group(
        it, "B2", 0, REFERENCE, "campus", "North",
        "The directory has no \"campus\", so campus \"North\" cannot be looked up. Declare it (muster directory "
        "declare) and create the batch again.");
    mst_rows_builder_release(&builder);
    stage_close(&it);
}

/* Rows of which every one is wrong in its own way, so that the answer has many parts. */
static row *
many_wrong_rows(stage *it, uint32_t count)
{
    row *rows = mst_arena_alloc(it->arena, count * sizeof *rows);
    for (uint32_t i = 0; i < count; i++) {
        rows[i].cells[WHO] = mst_arena_printf(it->arena, "%u", 10000 + i % 700);
        rows[i].cells[STAFF] = mst_arena_printf(it->arena, "Dana Sample %0*u", (int)(i % 300), i);
        rows[i].cells[PROGRAM] = i % 2 == 0 ? "Youth Work" : "Youth Wrok";
        rows[i].cells[START] = "2026-01-05";
        rows[i].cells[ACTION] = "Insert";
    }
    return rows;
}

/* Everything the check said, as bytes. */
static mst_slice
said(stage *it, size_t *events)
{
    uint8_t *all = mst_arena_alloc(it->arena, 64u << 20);
    size_t size = 0;
    *events = 0;
    for (size_t i = 0; i < it->count; i++)
        if (strncmp(it->events[i].head.stream, "export/B2", 9) == 0) {
            memcpy(all + size, it->events[i].event.body.data, it->events[i].event.body.size);
            size += it->events[i].event.body.size;
            ++*events;
        }
    return (mst_slice){all, size};
}

static void
a_check_that_dies_and_comes_back_says_the_same_though_the_directory_went_on(void **state)
{
    (void)state;
    char dir[64];
    size_t events, again;
    stage *it = agency("", 12);
    const row *rows = many_wrong_rows(it, 5000);
    uint64_t seq = request(it, "B2", rows, 5000, 1000, false);
    assert_true(stage_input(it, seq));
    mst_slice calm = said(it, &events);
    assert_true(events > 4);
    for (int die = 1; die < 4; die++) {
        stage *other = agency(people_dir(dir), 13 + (unsigned)die);
        request(other, "B2", rows, 5000, 1000, false);
        /* while it was away: what was asked about is known now */
        know(other, "program", 1, "P7", "name", "Youth Wrok", NULL);
        know(other, "staff", 2, "S1", "name", "Somebody Else", "given_name", "Some", "family_name", "Body", NULL);
        other->die_after = die;
        assert_true(stage_input(other, seq));
        assert_int_equal(other->restarts, 1);
        mst_slice stormy = said(other, &again);
        assert_int_equal(again, events);
        assert_int_equal(stormy.size, calm.size);
        assert_memory_equal(stormy.data, calm.data, calm.size);
        stage_close(&other);
        people_remove(dir);
    }
    stage_close(&it);
}

static void
every_wrong_row_is_counted_once_in_a_group_of_each_part(void **state)
{
    (void)state;
    stage *it = agency("", 20);
    const row *rows = many_wrong_rows(it, 5000);
    assert_int_equal(check(it, "B2", rows, 5000)->wrong_rows, 5000);
    size_t wrong_programs = 0, wrong_staff = 0;
    const Muster__V1__WrongValue *one;
    for (size_t i = 0; (one = group(it, "B2", i)) != NULL; i++) {
        assert_true(one->n_rows == one->n_lines && one->n_suggestions <= 5);
        wrong_programs += strcmp(one->field, "program_name") == 0 ? one->n_rows : 0;
        wrong_staff += strcmp(one->field, "staff_name") == 0 ? one->n_rows : 0;
    }
    assert_int_equal(wrong_programs, 2500);
    assert_int_equal(wrong_staff, 5000);
    stage_close(&it);
}

static void
a_file_without_rows_and_a_batch_that_was_cancelled_end_at_once(void **state)
{
    (void)state;
    stage *it = agency("", 21);
    assert_int_equal(check(it, "B2", NULL, 0)->wrong_rows, 0);
    const row rows[] = {ROW(WHOM, [STAFF_ID] = "S9", INSERT)};
    uint64_t seq = request(it, "B3", rows, 1, 10, false);
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = TEXT("B3");
    stage_say(it, "ingestion/B3", "B3", &cancelled);
    assert_true(stage_input(it, seq));
    assert_int_equal(stage_count(it, "CheckFinished"), 1);
    stage_close(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B34_a_file_that_the_directory_agrees_with_has_nothing_wrong),
        cmocka_unit_test(B12_B13_B14_a_value_that_is_not_in_its_list_is_wrong_and_the_list_is_suggested),
        cmocka_unit_test(B24_unknown_programs_and_caseworkers_are_wrong_and_offer_what_may_be_meant),
        cmocka_unit_test(B24_an_unknown_participant_is_an_error_that_names_people_who_may_be_meant),
        cmocka_unit_test(B24_a_name_that_two_caseworkers_have_is_told_apart_by_their_ids),
        cmocka_unit_test(B17_an_insert_where_the_same_is_open_is_an_error_unless_it_is_asked_for),
        cmocka_unit_test(B18_B19_an_update_needs_an_open_assignment_and_a_closed_one_says_when_it_was_closed),
        cmocka_unit_test(B18_rows_of_one_file_count_in_their_order),
        cmocka_unit_test(B19_an_update_that_names_a_closed_assignment_by_its_start_is_an_error_though_another_is_open),
        cmocka_unit_test(B18_of_two_open_assignments_an_update_ends_the_one_whose_start_it_gives),
        cmocka_unit_test(B17_an_insert_of_what_began_that_day_and_is_closed_is_an_error),
        cmocka_unit_test(C4_rows_without_the_column_are_held_against_the_directory_too),
        cmocka_unit_test(B19_a_closed_enrollment_is_not_changed_either),
        cmocka_unit_test(B23_a_program_that_is_not_known_is_asked_for_once_and_its_start_when_it_is_known),
        cmocka_unit_test(B23_a_program_end_needs_a_start_here_or_in_the_directory),
        cmocka_unit_test(B37_rows_wrong_when_read_are_held_against_the_lists_all_the_same_and_those_left_out_are_not),
        cmocka_unit_test(a_list_that_is_not_declared_is_said),
        cmocka_unit_test(a_check_that_dies_and_comes_back_says_the_same_though_the_directory_went_on),
        cmocka_unit_test(every_wrong_row_is_counted_once_in_a_group_of_each_part),
        cmocka_unit_test(a_file_without_rows_and_a_batch_that_was_cancelled_end_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
