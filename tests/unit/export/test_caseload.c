/* Caseload files from their decisions to the directory: assignments begin, end, and are never changed afterwards. */
#include "services/export/fates.h"
#include "tests/unit/export/agency.h"
#include "tests/unit/export/people.h"

#define COUNT(rows) (uint32_t)(sizeof(rows) / sizeof(rows)[0])
#define INSERT(participant, begin)                                                                                     \
    .who = participant, .action = "Insert", .program_id = "P-01", .staff_id = "S-1", .start = begin
#define UPDATE(participant, ended)                                                                                     \
    .who = participant, .action = "Update", .program_id = "P-01", .staff_id = "S-1", .end = ended
#define OPEN "c1 p1|P-01|S-1|Primary Caseworker|Active|2025-01-10|| v1"

static void
run(const agency *it, const char *batch_id, const agency_row *rows, uint32_t count)
{
    agency_run(it, &(agency_batch){.id = batch_id, .rows = rows, .count = count, .position = it->stage->count});
}

/* One assignment open (c1), one closed (c0), both of p1 with S-1 in P-01. */
static agency
with_open(unsigned seed)
{
    agency it = agency_open("", seed);
    agency_put(&it, "caseload", "c0|p1|P-01|S-1|Primary Caseworker|Closed|2020-01-01|2021-06-30|Moved away");
    agency_put(&it, "caseload", "c1|p1|P-01|S-1|Primary Caseworker|Active|2025-01-10");
    return it;
}

#define CLOSED "c0 p1|P-01|S-1|Primary Caseworker|Closed|2020-01-01|2021-06-30|Moved away v1"

static void
assert_done(const agency *it, const char *batch_id, const char *outcomes)
{
    const Muster__V1__BatchCompleted *done = stage_last(it->stage, "BatchCompleted");
    assert_non_null(done);
    assert_string_equal(done->batch_id, batch_id);
    assert_int_equal(done->received, done->created + done->updated + done->unchanged + done->skipped + done->rejected);
    assert_string_equal(agency_outcomes(it, batch_id), outcomes);
}

static void
assert_note(const agency *it, const char *batch_id, uint32_t row, const char *words)
{
    const char *note = agency_note(it, batch_id, row);
    if (strstr(note, words) == NULL)
        fail_msg("row %u: no \"%s\" in \"%s\"", row, words, note);
}

static void
B17_insert_begins_an_assignment_and_names_all_by_their_records(void **state)
{
    (void)state;
    agency it = agency_open("", 1);
    const agency_row rows[] = {{.who = "p1",
                                .action = "insert",
                                .program_name = "housing first",
                                .first = "DANA",
                                .last = "Sample",
                                .relationship = "primary caseworker",
                                .status = "ACTIVE",
                                .start = "2026-01-01",
                                .program_start = "2026-01-02"},
                               {.who = "p2", .action = "Insert", .staff_id = "S-2", .start = "2026-02-01"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "cc");
    /* Values of lists stand as the list has them; B20: no program is one, too. */
    assert_string_equal(agency_text(&it, "caseload"), "B2-1 p1|P-01|S-1|Primary Caseworker|Active|2026-01-01|| v1\n"
                                                      "B2-2 p2||S-2|||2026-02-01|| v1");
    assert_string_equal(agency_text(&it, "enrollment"), "B2-1-enrollment p1|P-01|2026-01-02| v1");
    stage_close(&it.stage);
}

static void
B17_insert_never_changes_one_that_is_there(void **state)
{
    (void)state;
    agency it = with_open(2);
    const agency_row rows[] = {{INSERT("p1", "2026-01-01"), .status = "Closed"},
                               {INSERT("p1", "2025-01-10")},
                               {INSERT("p2", "2026-01-01")},
                               {INSERT("p1", "2020-01-01"), .end = "2020-02-01"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rrcr");
    assert_note(&it, "B2", 1, "open already, since 2025-01-10");
    assert_note(&it, "B2", 1, "c1");
    assert_string_equal(agency_text(&it, "caseload"), "B2-3 p2|P-01|S-1|||2026-01-01|| v1\n" CLOSED "\n" OPEN);
    stage_close(&it.stage);
}

static void
an_insert_of_what_began_and_ended_that_day_already_is_said_to_be_there(void **state)
{
    (void)state;
    agency it = agency_open("", 3);
    agency_put(&it, "caseload", "c0|p1|P-01|S-1|||2020-01-01|2021-06-30|");
    const agency_row rows[] = {{INSERT("p1", "2020-01-01"), .end = "2021-06-30"}, {INSERT("p1", "2022-01-01")}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rc");
    assert_note(&it, "B2", 1, "ended on 2021-06-30");
    stage_close(&it.stage);
}

static void
with_option_repeat_assignments_insert_begins_another_though_one_is_open(void **state)
{
    (void)state;
    agency it = with_open(4);
    const agency_row rows[] = {{INSERT("p1", "2026-01-01")}};
    agency_run(&it, &(agency_batch){.id = "B2", .repeat = true, .rows = rows, .count = 1, .position = it.stage->count});
    assert_done(&it, "B2", "c");
    /* Now two are open: an update says which one. */
    const agency_row ends[] = {{UPDATE("p1", "2026-02-01")}, {UPDATE("p1", "2026-02-01"), .start = "2026-01-01"}};
    run(&it, "B3", ends, COUNT(ends));
    assert_done(&it, "B3", "ru");
    assert_note(&it, "B3", 1, "2 of this caseload assignment are open");
    assert_string_equal(agency_text(&it, "caseload"),
                        "B2-1 p1|P-01|S-1|||2026-01-01|2026-02-01| v2\n" CLOSED "\n" OPEN);
    stage_close(&it.stage);
}

static void
B18_update_ends_the_open_assignment(void **state)
{
    (void)state;
    agency it = with_open(5);
    const agency_row rows[] = {{UPDATE("p1", "2026-03-31"), .why = "moved away", .status = "Closed"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "u");
    assert_string_equal(agency_text(&it, "caseload"),
                        CLOSED "\nc1 p1|P-01|S-1|Primary Caseworker|Closed|2025-01-10|2026-03-31|Moved away v2");
    stage_close(&it.stage);
}

static void
B18_update_without_an_open_assignment_of_the_three_is_rejected(void **state)
{
    (void)state;
    agency it = with_open(6);
    const agency_row rows[] = {
        {UPDATE("p2", "2026-03-31")},
        {.who = "p1", .action = "Update", .program_id = "P-02", .staff_id = "S-1", .end = "2026-03-31"},
        {.who = "p1", .action = "Update", .program_id = "P-01", .staff_id = "S-2", .end = "2026-03-31"},
        {.who = "p1", .action = "Update", .staff_id = "S-1", .end = "2026-03-31"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rrrr");
    for (uint32_t row = 1; row <= 4; row++)
        assert_note(&it, "B2", row, "no such caseload assignment is open");
    assert_string_equal(agency_text(&it, "caseload"), CLOSED "\n" OPEN);
    stage_close(&it.stage);
}

static void
B19_a_closed_assignment_is_changed_by_no_row(void **state)
{
    (void)state;
    agency it = with_open(7);
    const agency_row rows[] = {{UPDATE("p1", "2026-03-31"), .start = "2020-01-01"},
                               {UPDATE("p1", "2026-03-31")},
                               {UPDATE("p1", "2026-04-30")}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rur");
    assert_note(&it, "B2", 1, "(c0) ended on 2021-06-30, and what has ended is not changed");
    assert_note(&it, "B2", 3, "(c1) ended on 2026-03-31, and what has ended is not changed");
    stage_close(&it.stage);
}

static void
B15_an_assignment_cannot_end_before_it_began_in_the_directory(void **state)
{
    (void)state;
    agency it = with_open(8);
    const agency_row rows[] = {{UPDATE("p1", "2024-12-31")}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "r");
    assert_note(&it, "B2", 1, "would end on 2024-12-31, before it began on 2025-01-10");
    assert_string_equal(agency_text(&it, "caseload"), CLOSED "\n" OPEN);
    stage_close(&it.stage);
}

static void
a_row_sees_what_the_rows_before_it_did(void **state)
{
    (void)state;
    for (uint32_t chunk_rows = 1; chunk_rows <= 5; chunk_rows++) {
        agency it = agency_open("", 9);
        const agency_row rows[] = {{INSERT("p1", "2026-01-01"), .program_start = "2026-01-01"},
                                   {UPDATE("p1", "2026-01-31")},
                                   {INSERT("p1", "2026-02-01"), .program_end = "2026-06-30"},
                                   {INSERT("p1", "2026-03-01")},
                                   {UPDATE("p1", "2026-03-01")}};
        agency_run(&it,
                   &(agency_batch){
                       .id = "B2", .rows = rows, .count = 5, .chunk_rows = chunk_rows, .position = it.stage->count});
        assert_done(&it, "B2", "cucru");
        assert_string_equal(agency_text(&it, "caseload"), "B2-1 p1|P-01|S-1|||2026-01-01|2026-01-31| v2\n"
                                                          "B2-3 p1|P-01|S-1|||2026-02-01|2026-03-01| v2");
        assert_string_equal(agency_text(&it, "enrollment"), "B2-1-enrollment p1|P-01|2026-01-01|2026-06-30 v2");
        stage_close(&it.stage);
    }
}

static void
B23_an_enrollment_ends_only_where_its_start_is_known(void **state)
{
    (void)state;
    agency it = agency_open("", 10);
    agency_put(&it, "enrollment", "e1|p2|P-01|2024-01-01|");
    const agency_row rows[] = {
        {INSERT("p1", "2026-01-01"), .program_end = "2026-06-30"},
        {INSERT("p2", "2026-01-01"), .program_end = "2026-06-30"},
        {INSERT("p3", "2026-01-01"), .program_start = "2026-01-01", .program_end = "2026-06-30"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rcc");
    assert_note(&it, "B2", 1, "no start date");
    assert_string_equal(agency_text(&it, "enrollment"), "B2-3-enrollment p3|P-01|2026-01-01|2026-06-30 v1\n"
                                                        "e1 p2|P-01|2024-01-01|2026-06-30 v2");
    assert_null(strstr(agency_text(&it, "caseload"), "B2-1 ")); // all of the row or nothing
    stage_close(&it.stage);
}

static void
an_enrollment_that_ended_is_not_changed_either(void **state)
{
    (void)state;
    agency it = agency_open("", 11);
    agency_put(&it, "enrollment", "e1|p1|P-01|2024-01-01|2024-12-31");
    const agency_row rows[] = {{INSERT("p1", "2026-01-01"), .program_start = "2024-01-01", .program_end = "2025-12-31"},
                               {INSERT("p1", "2026-01-01"), .program_start = "2024-01-01", .program_end = "2024-12-31"},
                               {.who = "p1",
                                .action = "Insert",
                                .program_id = "P-01",
                                .staff_id = "S-2",
                                .start = "2026-01-01",
                                .program_start = "2026-01-01"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rcc");
    assert_note(&it, "B2", 1, "ended on 2024-12-31");
    assert_string_equal(agency_text(&it, "enrollment"), "B2-3-enrollment p1|P-01|2026-01-01| v1\n"
                                                        "e1 p1|P-01|2024-01-01|2024-12-31 v1");
    stage_close(&it.stage);
}

static void
C4_without_the_column_an_open_assignment_is_updated_and_a_missing_one_inserted(void **state)
{
    (void)state;
    agency it = with_open(12);
    const agency_row rows[] = {
        {.who = "p1", .program_id = "P-01", .staff_id = "S-1", .end = "2026-03-31"},
        {.who = "p2", .program_id = "P-01", .staff_id = "S-1", .start = "2026-01-01"},
        {.who = "p3", .program_id = "P-01", .staff_id = "S-1", .end = "2026-03-31"},
        {.who = "p1", .program_id = "P-01", .staff_id = "S-1", .start = "2020-01-01", .end = "2020-02-02"}};
    const agency_batch plan = {
        .id = "B2", .without_action = true, .rows = rows, .count = 4, .position = it.stage->count};
    agency_run(&it, &plan);
    assert_done(&it, "B2", "ucrr");
    assert_note(&it, "B2", 4, "ended on 2021-06-30");
    assert_string_equal(agency_text(&it, "caseload"),
                        "B2-2 p2|P-01|S-1|||2026-01-01|| v1\n" CLOSED
                        "\nc1 p1|P-01|S-1|Primary Caseworker|Active|2025-01-10|2026-03-31| v2");
    stage_close(&it.stage);
}

static void
B24_what_went_since_the_check_rejects_the_row_and_no_other(void **state)
{
    (void)state;
    agency it = agency_open("", 13);
    const agency_row rows[] = {
        {INSERT("p9", "2026-01-01")},
        {.who = "p1", .action = "Insert", .program_name = "Gone Program", .staff_id = "S-1", .start = "2026-01-01"},
        {INSERT("p1", "2026-01-01")},
        {.who = "-"}};
    run(&it, "B2", rows, COUNT(rows));
    assert_done(&it, "B2", "rrcr");
    assert_note(&it, "B2", 1, "The participant this row is about (p9) is not in the directory any more");
    assert_note(&it, "B2", 2, "\"Gone Program\" is not in the directory any more");
    assert_string_equal(agency_note(&it, "B2", 4), ""); // left out: its reasons are those of the reading
    stage_close(&it.stage);
}

static void
a_person_decides_who_is_meant_and_may_skip_the_row(void **state)
{
    (void)state;
    agency it = agency_open("", 14);
    const agency_row rows[] = {{INSERT("?", "2026-01-01")}, {INSERT("?", "2026-01-01")}};
    size_t from = it.stage->count;
    agency_say_batch(&it, &(agency_batch){.id = "B2", .rows = rows, .count = 2, .position = from});
    from = stage_inputs(it.stage, from);
    for (uint32_t row = 1; row <= 2; row++) {
        Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
        resolved.batch_id = TEXT("B2");
        resolved.generation = 1;
        resolved.row = row;
        resolved.version = 2;
        resolved.choice = row == 1 ? MUSTER__V1__CHOICE__CHOICE_SELECT : MUSTER__V1__CHOICE__CHOICE_SKIP;
        resolved.record_id = TEXT(row == 1 ? "p3" : "");
        stage_say(it.stage, "discrepancy/B2", "B2", &resolved);
    }
    Muster__V1__VerificationFinished finished = MUSTER__V1__VERIFICATION_FINISHED__INIT;
    finished.batch_id = TEXT("B2");
    finished.generation = 1;
    stage_say(it.stage, "discrepancy/B2", "B2", &finished);
    stage_inputs(it.stage, from);
    assert_done(&it, "B2", "cs");
    assert_string_equal(agency_text(&it, "caseload"), "B2-1 p3|P-01|S-1|||2026-01-01|| v1");
    stage_close(&it.stage);
}

/* Another batch came first: what was right when both were checked is right for one of them only. */
static void
of_two_batches_that_end_the_same_assignment_one_ends_it_and_the_other_says_why_not(void **state)
{
    (void)state;
    agency it = with_open(15);
    uint64_t position = it.stage->count;
    const agency_row first[] = {{UPDATE("p1", "2026-03-31")}}, second[] = {{UPDATE("p1", "2026-04-30")}};
    size_t from = it.stage->count;
    agency_say_batch(&it, &(agency_batch){.id = "B2", .rows = first, .count = 1, .position = position});
    agency_say_batch(&it, &(agency_batch){.id = "B3", .rows = second, .count = 1, .position = position});
    stage_inputs(it.stage, from);
    assert_string_equal(agency_outcomes(&it, "B2"), "u");
    assert_string_equal(agency_outcomes(&it, "B3"), "r");
    assert_note(&it, "B3", 1, "ended on 2026-03-31");
    assert_int_equal(stage_count(it.stage, "RecheckRequested"), 0); // no participant changed
    stage_close(&it.stage);
}

static void
participants_changed_since_matching_are_rechecked_assignments_are_not(void **state)
{
    (void)state;
    agency it = with_open(16);
    uint64_t position = it.stage->count;
    agency_put(&it, "participant", "p7|1007|New||Person||1999-09-09");
    const agency_row rows[] = {{UPDATE("p1", "2026-03-31")}};
    agency_run(&it, &(agency_batch){.id = "B2", .rows = rows, .count = 1, .position = position});
    const Muster__V1__RecheckRequested *requested = stage_last(it.stage, "RecheckRequested");
    assert_non_null(requested);
    assert_int_equal(requested->since, position);
    assert_int_equal(requested->position, position + 1);
    Muster__V1__RecheckFinished checked = MUSTER__V1__RECHECK_FINISHED__INIT;
    checked.batch_id = TEXT("B2");
    checked.generation = 1;
    checked.position = requested->position;
    checked.recheck = 1;
    size_t from = it.stage->count;
    stage_say(it.stage, "matching/B2", "B2", &checked);
    stage_inputs(it.stage, from);
    assert_done(&it, "B2", "u");
    stage_close(&it.stage);
}

static const char *
queue_of(const agency *it, const char *batch_id)
{
    for (size_t i = 0; i < it->stage->count; i++)
        if (strcmp(it->stage->events[i].head.type, "ExportQueued") == 0 &&
            strcmp(it->stage->events[i].head.batch_id, batch_id) == 0)
            return it->stage->events[i].head.key;
    return "";
}

static void
exports_that_may_write_the_same_kind_stand_in_one_queue(void **state)
{
    (void)state;
    agency it = agency_open("", 17);
    const agency_row rows[] = {{INSERT("p1", "2026-01-01")}};
    run(&it, "B2", rows, 1);
    static const char *const kinds[] = {"enrollment", "participant", "staff"};
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "B%d", i + 3);
        Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
        created.batch_id = id;
        created.kind = TEXT(kinds[i]);
        created.purpose = MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
        Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
        accepted.batch_id = id;
        accepted.generation = 1;
        accepted.purpose = MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
        size_t from = it.stage->count;
        stage_say(it.stage, "ingestion/B", id, &created);
        stage_say(it.stage, "parsing/B", id, &accepted);
        stage_inputs(it.stage, from);
    }
    assert_string_equal(queue_of(&it, "B2"), "kind:caseload");
    assert_string_equal(queue_of(&it, "B3"), "kind:caseload");
    assert_string_equal(queue_of(&it, "B4"), "kind:participant");
    assert_string_equal(queue_of(&it, "B5"), "kind:staff");
    stage_close(&it.stage);
}

/* Crashes ---------------------------------------------------------------------------------------------- */

#define MANY 40

/* Rows about three participants that begin and end the same few assignments again and again. */
static void
fill_rows(agency_row *rows, char texts[MANY][2][16], unsigned seed)
{
    static const char *const WHO[] = {"p1", "p2", "p3"}, *const PROGRAM[] = {"P-01", "P-02", ""};
    srand(seed);
    for (unsigned i = 0; i < MANY; i++) {
        bool insert = rand() % 2 == 0;
        snprintf(texts[i][0], 16, "2026-%02u-%02u", 1 + i / 20, 1 + i % 20);
        snprintf(texts[i][1], 16, "2026-%02u-%02u", 3 + i / 20, 1 + i % 20);
        rows[i] = (agency_row){.who = WHO[rand() % 3],
                               .action = insert ? "Insert" : "Update",
                               .program_id = PROGRAM[rand() % 3],
                               .staff_id = rand() % 4 == 0 ? "S-2" : "S-1",
                               .start = insert ? texts[i][0] : "",
                               .end = insert ? "" : texts[i][1]};
        if (rows[i].program_id[0] != 0 && rand() % 3 == 0)
            rows[i].program_start = texts[i][0];
        if (rows[i].program_id[0] != 0 && rand() % 4 == 0)
            rows[i].program_end = texts[i][1];
        if (rand() % 15 == 0)
            rows[i] = (agency_row){.who = "-"};
    }
}

static const char *
everything(const agency *it)
{
    return mst_arena_printf(it->stage->arena, "%s\n%s\n%s", agency_text(it, "caseload"), agency_text(it, "enrollment"),
                            agency_outcomes(it, "B2"));
}

static void
dying_after_any_part_changes_nothing_in_the_result(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 8; seed++) {
        agency_row rows[MANY];
        char texts[MANY][2][16];
        fill_rows(rows, texts, seed);
        agency_batch plan = {.id = "B2", .dry_run = seed > 5, .rows = rows, .count = MANY, .chunk_rows = 6};
        agency sound = agency_open("", seed);
        plan.position = sound.stage->count;
        agency_run(&sound, &plan);
        assert_int_equal(stage_count(sound.stage, "BatchCompleted"), 1);
        assert_non_null(strchr(agency_outcomes(&sound, "B2"), 'u'));
        for (int after = 1; after <= 7; after++) {
            char dir[64];
            const char *const at = after % 2 ? people_dir(dir) : ""; // on disk and in memory
            agency it = agency_open(at, seed * 31 + (unsigned)after);
            fates_rows_max = seed % 2 ? 7 : FATES_ROWS_MAX; // a new stretch every two chunks
            it.stage->die_after = after;
            it.stage->late = true;
            agency_run(&it, &plan);
            assert_string_equal(everything(&it), everything(&sound));
            if (after < 7)
                assert_int_equal(it.stage->restarts, 1);
            stage_close(&it.stage);
            if (after % 2)
                people_remove(dir);
        }
        fates_rows_max = FATES_ROWS_MAX;
        stage_close(&sound.stage);
    }
}

/* A dry run says of every row what the run itself then does, and changes nothing. */
static void
a_dry_run_says_what_would_happen(void **state)
{
    (void)state;
    for (unsigned seed = 50; seed < 60; seed++) {
        agency_row rows[MANY];
        char texts[MANY][2][16];
        fill_rows(rows, texts, seed);
        agency it = with_open(seed);
        agency_batch plan = {.id = "B2",
                             .dry_run = true,
                             .rows = rows,
                             .count = MANY,
                             .chunk_rows = 1 + seed % 7,
                             .position = it.stage->count};
        fates_rows_max = seed % 2 ? 5 : FATES_ROWS_MAX;
        agency_run(&it, &plan);
        assert_string_equal(agency_text(&it, "caseload"), CLOSED "\n" OPEN);
        const char *foretold = agency_outcomes(&it, "B2");
        plan.id = "B3";
        plan.dry_run = false;
        agency_run(&it, &plan);
        fates_rows_max = FATES_ROWS_MAX;
        assert_string_equal(agency_outcomes(&it, "B3"), foretold);
        stage_close(&it.stage);
    }
}

static void
an_id_made_by_a_batch_never_overwrites_one_that_is_taken(void **state)
{
    (void)state;
    agency it = agency_open("", 18);
    agency_put(&it, "caseload", "B2-1|p3|P-02|S-2|||2020-01-01|2021-01-01|");
    agency_put(&it, "enrollment", "B2-1-enrollment|p3|P-02|2020-01-01|2021-01-01");
    const agency_row rows[] = {{INSERT("p1", "2026-01-01"), .program_start = "2026-01-01"},
                               {UPDATE("p1", "2026-02-01")}};
    run(&it, "B2", rows, 2);
    assert_done(&it, "B2", "cu");
    assert_string_equal(agency_text(&it, "caseload"), "B2-1 p3|P-02|S-2|||2020-01-01|2021-01-01| v1\n"
                                                      "B2-1-2 p1|P-01|S-1|||2026-01-01|2026-02-01| v2");
    assert_string_equal(agency_text(&it, "enrollment"), "B2-1-enrollment p3|P-02|2020-01-01|2021-01-01 v1\n"
                                                        "B2-1-enrollment-2 p1|P-01|2026-01-01| v1");
    stage_close(&it.stage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B17_insert_begins_an_assignment_and_names_all_by_their_records),
        cmocka_unit_test(B17_insert_never_changes_one_that_is_there),
        cmocka_unit_test(an_insert_of_what_began_and_ended_that_day_already_is_said_to_be_there),
        cmocka_unit_test(with_option_repeat_assignments_insert_begins_another_though_one_is_open),
        cmocka_unit_test(B18_update_ends_the_open_assignment),
        cmocka_unit_test(B18_update_without_an_open_assignment_of_the_three_is_rejected),
        cmocka_unit_test(B19_a_closed_assignment_is_changed_by_no_row),
        cmocka_unit_test(B15_an_assignment_cannot_end_before_it_began_in_the_directory),
        cmocka_unit_test(a_row_sees_what_the_rows_before_it_did),
        cmocka_unit_test(B23_an_enrollment_ends_only_where_its_start_is_known),
        cmocka_unit_test(an_enrollment_that_ended_is_not_changed_either),
        cmocka_unit_test(C4_without_the_column_an_open_assignment_is_updated_and_a_missing_one_inserted),
        cmocka_unit_test(B24_what_went_since_the_check_rejects_the_row_and_no_other),
        cmocka_unit_test(a_person_decides_who_is_meant_and_may_skip_the_row),
        cmocka_unit_test(of_two_batches_that_end_the_same_assignment_one_ends_it_and_the_other_says_why_not),
        cmocka_unit_test(participants_changed_since_matching_are_rechecked_assignments_are_not),
        cmocka_unit_test(exports_that_may_write_the_same_kind_stand_in_one_queue),
        cmocka_unit_test(dying_after_any_part_changes_nothing_in_the_result),
        cmocka_unit_test(a_dry_run_says_what_would_happen),
        cmocka_unit_test(an_id_made_by_a_batch_never_overwrites_one_that_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
