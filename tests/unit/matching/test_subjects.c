/* Rows about somebody: a caseload row is matched against participants, and writes something else. */
#include "world.h"

#define COUNT(lines) (sizeof(lines) / sizeof(lines)[0])

static const char *const PEOPLE[] = {
    "Jane|Doe|jane@doe.org|702-555-0101|1980-05-06|12 Main Street|F|N-1001",
    "Robert|King|rking@mail.com||1960-12-01|77 Hill St|M|N-1002",
    "Maria|Garcia Perez||702-555-0199|1990-09-09||F|N-1003",
};

static test_world
agency(unsigned seed)
{
    test_world world = world_open(seed);
    world.subject = true;
    world_declare(&world);
    world_records(&world, 1, 1, PEOPLE, COUNT(PEOPLE));
    return world;
}

static void
rows_are_matched_against_the_kind_that_they_are_about(void **state)
{
    (void)state;
    test_world world = agency(1);
    static const char *const rows[] = {"Jane|Doe|||1980-05-06|||N-1001", "Maria|Garcia Perez|||1990-09-09|||N-1003"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_matched(&world, batch, 2, "P3");
    stage_close(&world.stage);
}

static void
several_rows_about_one_participant_are_each_matched_by_themselves(void **state)
{
    (void)state;
    test_world world = agency(2);
    static const char *const rows[] = {"Jane|Doe|||1980-05-06|||N-1001", "Jane|Doe|||1980-05-06|||N-1001",
                                       "Zoe|Unknown|||1971-01-02|||N-9009", "Zoe|Unknown|||1971-01-02|||N-9009",
                                       "Jane|Doe|||1980-05-06|||N-1001"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 2);
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_matched(&world, batch, 2, "P1");
    assert_matched(&world, batch, 5, "P1");
    assert_int_equal(world_result(&world, batch, 2).reason, MUSTER__V1__REASON__REASON_IDENTIFIER);
    for (uint32_t row = 3; row <= 4; row++) { // neither follows the other
        assert_asked(&world, batch, row, MAY_NOT_CREATE);
        assert_string_equal(world_result(&world, batch, row).id, "");
    }
    stage_close(&world.stage);
}

static void
a_participant_nobody_knows_is_asked_about_though_the_template_makes_records_B24(void **state)
{
    (void)state;
    test_world world = agency(3);
    static const char *const rows[] = {"Zbigniew|Kowalczyk|z@k.pl||1955-02-03|1 Wola|M|"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_asked(&world, batch, 1, MAY_NOT_CREATE);
    stage_close(&world.stage);
}

static bool
is_candidate(const world_row *row, const char *id)
{
    for (size_t i = 0; row->question != NULL && i < row->question->n_candidates; i++)
        if (strcmp(row->question->candidates[i]->record_id, id) == 0)
            return true;
    return false;
}

static void
an_id_of_one_and_the_demographics_of_another_are_asked_about_with_both_as_candidates_B8(void **state)
{
    (void)state;
    test_world world = agency(4);
    static const char *const rows[] = {"Jane|Doe|||1980-05-06|||N-1002"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_asked(&world, batch, 1, CONFLICT);
    world_row row = world_result(&world, batch, 1);
    assert_true(is_candidate(&row, "P1"));
    assert_true(is_candidate(&row, "P2"));
    stage_close(&world.stage);
}

static void
columns_about_something_else_say_nothing_about_the_person(void **state)
{
    (void)state;
    test_world world = agency(5);
    /* The phone is the visit's: it neither joins nor divides people. */
    static const char *const rows[] = {"Jane|Doe||702-555-0199|1980-05-06|||N-1001", "Mary|Nobody||702-555-0199||||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_asked(&world, batch, 2, MAY_NOT_CREATE);
    assert_string_equal(world_result(&world, batch, 2).id, "");
    stage_close(&world.stage);
}

static void
a_recheck_looks_at_the_participants_that_changed(void **state)
{
    (void)state;
    test_world world = agency(6);
    static const char *const rows[] = {"Jane|Doe|||1980-05-06|||N-1001", "Robert|King|||1960-12-01|||N-1002"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    uint64_t since = world.stage->count;
    static const char *const now[] = {"Joan|Dole|||1933-01-01|||N-7777"};
    uint64_t position = world_records(&world, 1, 2, now, 1);
    Muster__V1__RecheckRequested asked = MUSTER__V1__RECHECK_REQUESTED__INIT;
    asked.batch_id = (char *)(uintptr_t)batch;
    asked.generation = 1;
    asked.since = since;
    asked.position = position;
    asked.recheck = 1;
    stage_say(world.stage, "export/B1", batch, &asked);
    world_run(&world);
    const Muster__V1__RecheckFinished *finished = stage_last(world.stage, "RecheckFinished");
    assert_non_null(finished);
    assert_int_equal(finished->n_questions, 1);
    assert_int_equal(finished->questions[0]->row, 1);
    assert_int_equal(finished->position, position);
    stage_close(&world.stage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_matched_against_the_kind_that_they_are_about),
        cmocka_unit_test(several_rows_about_one_participant_are_each_matched_by_themselves),
        cmocka_unit_test(a_participant_nobody_knows_is_asked_about_though_the_template_makes_records_B24),
        cmocka_unit_test(an_id_of_one_and_the_demographics_of_another_are_asked_about_with_both_as_candidates_B8),
        cmocka_unit_test(columns_about_something_else_say_nothing_about_the_person),
        cmocka_unit_test(a_recheck_looks_at_the_participants_that_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
