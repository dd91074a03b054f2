/* test_matching.c - the whole of service matching, from EntriesAccepted to MatchingFinished. */
#include "world.h"

#define COUNT(lines) (sizeof(lines) / sizeof(lines)[0])

static const char *const PEOPLE[] = {
    "Jane|Doe|jane@doe.org|702-555-0101|1980-05-06|12 Main Street|F|",
    "John|Smith|john@smith.org|702-555-0102|1975-01-20|4 Oak Ave|M|",
    "John|Smith Jr|jr@smith.org||2001-01-20|4 Oak Ave|M|",
    "Anna|Lopez|family@lopez.org|702-555-0107|2010-03-03|9 Elm Rd|F|",
    "Robert|King|rking@mail.com||1960-12-01|77 Hill St|M|M-100200",
    "Maria|Garcia Perez||702-555-0199|1990-09-09||F|",
    "Jayden|Brooks||702-555-0150|2012-08-08|5 Pine Ct|M|",
};

static test_world
church(unsigned seed)
{
    test_world world = world_open(seed);
    world_declare(&world);
    world_records(&world, 1, 1, PEOPLE, COUNT(PEOPLE));
    return world;
}

static void
a_certain_match_and_a_certain_stranger_raise_no_question_A22(void **state)
{
    (void)state;
    test_world world = church(1);
    static const char *const rows[] = {"Jane|Doe|jane@doe.org||1980-05-06|||",
                                       "Zbigniew|Kowalczyk|z@k.pl|48-22-5550000|1955-02-03|1 Wola|M|"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_int_equal(world_result(&world, batch, 1).version, 1);
    assert_new(&world, batch, 2);
    const Muster__V1__MatchingFinished *finished = stage_last(world.stage, "MatchingFinished");
    assert_non_null(finished);
    assert_int_equal(finished->rows, 2);
    assert_int_equal(finished->matched, 1);
    assert_int_equal(finished->new_rows, 1);
    assert_int_equal(finished->discrepancies, 0);
    stage_close(&world.stage);
}

static void
an_equal_name_with_another_email_is_asked_about_A22(void **state)
{
    (void)state;
    test_world world = church(2);
    static const char *const rows[] = {"Jane|Doe|jd77@other.net|||||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_asked(&world, batch, 1, SAME_NAME_DIFFERENT_CONTACT);
    world_row row = world_result(&world, batch, 1);
    assert_string_equal(row.question->candidates[0]->record_id, "P1");
    assert_string_equal(row.question->candidates[0]->sentence,
                        "The first name is the same and the last name is the same, but the e-mail is different.");
    assert_true(row.question->candidates[0]->n_evidence >= 3);
    assert_string_equal(row.id, "P1");
    stage_close(&world.stage);
}

static void
twins_spouses_and_father_and_son_are_never_merged_by_themselves(void **state)
{
    (void)state;
    test_world world = church(3);
    static const char *const rows[] = {
        "Hayden|Brooks||702-555-0150|2012-08-08|5 Pine Ct|M|",               // twins whose names rhyme
        "Elena|Lopez|family@lopez.org|702-555-0107|2010-03-03|9 Elm Rd|F|",  // twin
        "Carlos|Lopez|family@lopez.org|702-555-0107|1982-07-07|9 Elm Rd|M|", // father: shared e-mail and phone
        "John|Smith Sr||||4 Oak Ave|M|",                                     // father of John Smith Jr
        "Bob|King|rking@mail.com|||||",                                      // an e-mail two may share
        "Robert|King III|||1960-12-01|||",                                   // a suffix the other has not
        "John|Smith||||4 Oak Ave|M|",                                        // which one?
        "Jane|Doe|||1948-11-30|12 Main Street|F|",                           // mother of the same name
    };
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    for (uint32_t row = 1; row <= COUNT(rows); row++) {
        world_row result = world_result(&world, batch, row);
        if (result.decision == MUSTER__V1__DECISION__DECISION_MATCHED)
            fail_msg("row %u was merged with %s", row, result.id);
    }
    stage_close(&world.stage);
}

static void
an_identifier_matches_unless_something_contradicts(void **state)
{
    (void)state;
    test_world world = church(4);
    static const char *const rows[] = {
        "Bob|King||||||M100200",                                        // a nickname, and the number without its hyphen
        "Robert|King|||1985-04-02|||M-100200",                          // another birth date: no
        "Robert|King|rking@mail.com||1960-12-01|77 Hill St|M|M-777777", // another number: no
    };
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    assert_matched(&world, batch, 1, "P5");
    assert_int_equal(world_result(&world, batch, 1).reason, MUSTER__V1__REASON__REASON_IDENTIFIER);
    assert_asked(&world, batch, 2, CONFLICT);
    assert_asked(&world, batch, 3, CONFLICT);
    stage_close(&world.stage);
}

static void
a_row_that_repeats_an_earlier_one_shares_its_fate(void **state)
{
    (void)state;
    test_world world = church(5);
    static const char *const rows[] = {
        "Peter|Novak|peter@novak.cz||1970-02-02|||", "Jane|Doe|jane@doe.org||1980-05-06|||",
        "Peter|Novak|peter@novak.cz||1970-02-02|||", "JANE|DOE|Jane@Doe.org|||||",
        "Jane|Doe|jd77@other.net|702-555-4444||||", // asked about
        "Jane|Doe|jd77@other.net|702-555-4444||||",
    };
    const char *batch = world_batch(&world, rows, COUNT(rows), 2);
    world_run(&world);
    assert_new(&world, batch, 1);
    assert_matched(&world, batch, 2, "P1");
    assert_matched(&world, batch, 3, "row:1");
    assert_int_equal(world_result(&world, batch, 3).reason, MUSTER__V1__REASON__REASON_FOLLOWS_ROW);
    assert_matched(&world, batch, 4, "P1");
    assert_asked(&world, batch, 5, SAME_NAME_DIFFERENT_CONTACT);
    assert_matched(&world, batch, 6, "row:5");
    stage_close(&world.stage);
}

static void
rows_left_out_are_rejected_and_never_compared_with(void **state)
{
    (void)state;
    test_world world = church(6);
    static const char *const rows[] = {"!Peter|Novak|peter@novak.cz||1970-02-02|||",
                                       "Peter|Novak|peter@novak.cz||1970-02-02|||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1);
    world_run(&world);
    assert_int_equal(world_result(&world, batch, 1).decision, MUSTER__V1__DECISION__DECISION_REJECTED);
    assert_int_equal(world_result(&world, batch, 1).reason, MUSTER__V1__REASON__REASON_LEFT_OUT);
    assert_new(&world, batch, 2);
    stage_close(&world.stage);
}

static void
a_template_that_may_not_create_asks_about_the_unknown_B24(void **state)
{
    (void)state;
    test_world world = world_open(7);
    world.may_create = false;
    world_declare(&world);
    static const char *const rows[] = {"Peter|Novak|peter@novak.cz||1970-02-02|||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1);
    world_run(&world);
    assert_asked(&world, batch, 1, MAY_NOT_CREATE);
    stage_close(&world.stage);
}

static void
an_equal_duplicate_check_field_matches_but_a_family_email_does_not(void **state)
{
    (void)state;
    test_world world = world_open(8);
    world.duplicate_check = "email";
    world_declare(&world);
    world_records(&world, 1, 1, PEOPLE, COUNT(PEOPLE));
    static const char *const rows[] = {"Jane|Doe-Miller|jane@doe.org|||||", "Carlos|Lopez|family@lopez.org|||||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1);
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_asked(&world, batch, 2, FAMILY);
    stage_close(&world.stage);
}

static void
a_file_without_rows_is_finished_at_once(void **state)
{
    (void)state;
    test_world world = church(9);
    world_batch(&world, NULL, 0, 1000);
    world_run(&world);
    const Muster__V1__MatchingFinished *finished = stage_last(world.stage, "MatchingFinished");
    assert_non_null(finished);
    assert_int_equal(finished->rows, 0);
    stage_close(&world.stage);
}

/* Hashes all results of the log, questions and all. */
static void
results_of(const test_world *world, uint8_t digest[MST_HASH_SIZE])
{
    mst_hash *hash = mst_hash_new();
    for (size_t i = 0; i < world->stage->count; i++)
        if (strcmp(world->stage->events[i].head.type, "EntriesMatched") == 0)
            mst_hash_add(hash, world->stage->events[i].event.body.data, world->stage->events[i].event.body.size);
    mst_hash_take(hash, digest);
    mst_hash_destroy(&hash);
}

#define MANY 900

/* Rows with few distinct names, so that everything is compared with much. */
static const char **
many_rows(void)
{
    static char text[MANY][128];
    static const char *rows[MANY];
    static const char *const first[] = {"Jane", "John", "Ann", "Anne", "Peter", "Pete", "Maria"};
    static const char *const last[] = {"Doe", "Smith", "Smyth", "Lopez", "King"};
    for (unsigned i = 0; i < MANY; i++) {
        unsigned x = i * 2654435761u;
        snprintf(text[i], sizeof text[i], "%s|%s|%s%u@x.org|70255501%02u|19%02u-0%u-1%u|%u Main St||", first[x % 7],
                 last[x / 7 % 5], first[x / 35 % 7], x / 64 % 50, x / 128 % 100, x / 256 % 60 + 20, x / 512 % 9 + 1,
                 x / 1024 % 9, x / 2048 % 30);
        rows[i] = text[i];
    }
    return rows;
}

static void
the_outcome_does_not_depend_on_restarts_or_on_the_order_of_answers(void **state)
{
    (void)state;
    uint8_t first[MST_HASH_SIZE], now[MST_HASH_SIZE];
    for (unsigned seed = 1; seed <= 6; seed++) {
        test_world world = church(seed);
        world.stage->late = seed % 2 == 0;
        world_batch(&world, many_rows(), MANY, 20);
        if (seed > 2)
            world.stage->die_after = (int)seed - 3;
        world_run(&world);
        assert_non_null(stage_last(world.stage, "MatchingFinished"));
        results_of(&world, seed == 1 ? first : now);
        if (seed > 1)
            assert_memory_equal(first, now, MST_HASH_SIZE);
        stage_close(&world.stage);
    }
}

/* Spans answered by several workers in any order: each is a core of its own that reads the same log. */
static void
the_outcome_does_not_depend_on_the_number_of_workers(void **state)
{
    (void)state;
    uint8_t first[MST_HASH_SIZE], now[MST_HASH_SIZE];
    for (unsigned workers = 1; workers <= 4; workers++) {
        test_world world = church(20 + workers);
        const char *batch = world_batch(&world, many_rows(), MANY, 20);
        size_t at = 0;
        void *cores[4];
        for (unsigned i = 0; i < workers; i++) {
            cores[i] = NULL;
            assert_int_equal(matching_core.open(&cores[i], &world.stage->env), MST_OK);
        }
        void *own = world.stage->state;
        size_t seen[4] = {0};
        // Spans from last to first; then whatever comes up, each by the next worker.
        size_t spans[64], spans_count = 0;
        for (; at < world.stage->count; at++) {
            const char *type = world.stage->events[at].head.type;
            if (strcmp(type, "CandidatesRequested") == 0)
                spans[spans_count++] = at + 1;
            else if (stage_named(matching_core.inputs, type))
                assert_true(stage_input(world.stage, at + 1));
        }
        for (size_t i = spans_count; i-- > 0;) {
            unsigned worker = (unsigned)(i % workers);
            for (; seen[worker] < world.stage->count; seen[worker]++) {
                const char *type = world.stage->events[seen[worker]].head.type;
                if (stage_named(matching_core.types, type) || stage_named(matching_core.streamed_types, type))
                    matching_core.apply(cores[worker], &world.stage->events[seen[worker]].event);
            }
            world.stage->state = cores[worker];
            assert_true(stage_input(world.stage, spans[i]));
            world.stage->state = own;
        }
        world.looked = at;
        world_run(&world);
        (void)batch;
        assert_non_null(stage_last(world.stage, "MatchingFinished"));
        results_of(&world, workers == 1 ? first : now);
        if (workers > 1)
            assert_memory_equal(first, now, MST_HASH_SIZE);
        for (unsigned i = 0; i < workers; i++)
            matching_core.close(cores[i]);
        stage_close(&world.stage);
    }
}

static void
recheck(test_world *world, const char *batch, uint64_t since, uint64_t position)
{
    Muster__V1__RecheckRequested asked = MUSTER__V1__RECHECK_REQUESTED__INIT;
    asked.batch_id = (char *)batch;
    asked.generation = 1;
    asked.since = since;
    asked.position = position;
    asked.recheck = 1;
    stage_say(world->stage, mst_arena_printf(world->stage->arena, "export/%s", batch), batch, &asked);
    world_run(world);
}

static const Muster__V1__RecheckFinished *
rechecked(const test_world *world)
{
    const Muster__V1__RecheckFinished *finished = stage_last(world->stage, "RecheckFinished");
    assert_non_null(finished);
    return finished;
}

static void
a_record_that_appeared_or_went_since_is_asked_about(void **state)
{
    (void)state;
    test_world world = church(11);
    static const char *const rows[] = {"Jane|Doe|jane@doe.org||1980-05-06|||",
                                       "Peter|Novak|peter@novak.cz||1970-02-02|||",
                                       "Quentin|Xu|q@xu.cn||1971-02-02|||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    const Muster__V1__MatchingStarted *started = stage_last(world.stage, "MatchingStarted");
    uint64_t position = started->position;
    // Nothing changed: nothing to ask.
    recheck(&world, batch, position, position);
    assert_int_equal(rechecked(&world)->n_questions, 0);
    // Peter was written by somebody else; Jane has moved, which does not make her another.
    static const char *const later[] = {"Peter|Novak|peter@novak.cz||1970-02-02|||"};
    static const char *const moved[] = {"Jane|Doe|jane@doe.org||1980-05-06|99 New Street||"};
    uint64_t now = world_records(&world, 50, 1, later, 1);
    now = world_records(&world, 1, 2, moved, 1);
    recheck(&world, batch, position, now);
    assert_int_equal(rechecked(&world)->n_questions, 1);
    assert_int_equal(rechecked(&world)->questions[0]->row, 2);
    assert_int_equal(rechecked(&world)->questions[0]->reason, MUSTER__V1__REASON__REASON_CHANGED_MEANWHILE);
    assert_string_equal(rechecked(&world)->questions[0]->candidates[0]->record_id, "P50");
    // A person says that row 2 is P50; then Jane's record goes.
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    resolved.batch_id = (char *)batch;
    resolved.generation = 1;
    resolved.row = 2;
    resolved.version = 2;
    resolved.choice = MUSTER__V1__CHOICE__CHOICE_SELECT;
    resolved.record_id = "P50";
    stage_say(world.stage, mst_arena_printf(world.stage->arena, "discrepancy/%s", batch), batch, &resolved);
    static const char *const gone[] = {""};
    uint64_t then = world_records(&world, 1, 3, gone, 1);
    recheck(&world, batch, now, then);
    assert_int_equal(rechecked(&world)->n_questions, 1);
    assert_int_equal(rechecked(&world)->questions[0]->row, 1);
    stage_close(&world.stage);
}

static void
candidates_are_those_of_the_position_whatever_has_happened_since(void **state)
{
    (void)state;
    test_world world = church(12);
    static const char *const rows[] = {"Jane|Doe|jane@doe.org||1980-05-06|||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    // Only the start is worked on; then Jane is renamed, and renamed again.
    size_t accepted = world.stage->count;
    assert_true(stage_input(world.stage, accepted));
    static const char *const renamed[] = {"Xaver|Ypsilon|x@y.z||1930-01-02|||"};
    world_records(&world, 1, 2, renamed, 1);
    world_records(&world, 1, 3, renamed, 1);
    world.looked = accepted;
    world_run(&world);
    assert_matched(&world, batch, 1, "P1");
    assert_int_equal(world_result(&world, batch, 1).version, 1);
    stage_close(&world.stage);
}

static void
explain_says_why(void **state)
{
    (void)state;
    test_world world = church(13);
    static const char *const rows[] = {"Jane|Doe|jd77@other.net|||||"};
    const char *batch = world_batch(&world, rows, COUNT(rows), 1000);
    world_run(&world);
    Muster__V1__Explain asked = MUSTER__V1__EXPLAIN__INIT;
    asked.kind = "person";
    asked.left = "row:1";
    asked.right = "P1";
    asked.batch_id = (char *)batch;
    stage_call(world.stage, "tester", &asked);
    assert_int_equal(world.stage->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
    const Muster__V1__Candidate *candidate = (const Muster__V1__Candidate *)world.stage->reply;
    assert_string_equal(candidate->record_id, "P1");
    assert_non_null(strstr(candidate->sentence, "the e-mail is different"));
    asked.left = "P2";
    asked.right = "P3";
    asked.batch_id = "";
    stage_call(world.stage, "tester", &asked);
    assert_int_equal(world.stage->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
    candidate = (const Muster__V1__Candidate *)world.stage->reply;
    assert_non_null(strstr(candidate->sentence, "suffix"));
    asked.right = "P999";
    stage_call(world.stage, "tester", &asked);
    assert_int_equal(world.stage->status, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND);
    stage_close(&world.stage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certain_match_and_a_certain_stranger_raise_no_question_A22),
        cmocka_unit_test(an_equal_name_with_another_email_is_asked_about_A22),
        cmocka_unit_test(twins_spouses_and_father_and_son_are_never_merged_by_themselves),
        cmocka_unit_test(an_identifier_matches_unless_something_contradicts),
        cmocka_unit_test(a_row_that_repeats_an_earlier_one_shares_its_fate),
        cmocka_unit_test(rows_left_out_are_rejected_and_never_compared_with),
        cmocka_unit_test(a_template_that_may_not_create_asks_about_the_unknown_B24),
        cmocka_unit_test(an_equal_duplicate_check_field_matches_but_a_family_email_does_not),
        cmocka_unit_test(a_file_without_rows_is_finished_at_once),
        cmocka_unit_test(the_outcome_does_not_depend_on_restarts_or_on_the_order_of_answers),
        cmocka_unit_test(the_outcome_does_not_depend_on_the_number_of_workers),
        cmocka_unit_test(a_record_that_appeared_or_went_since_is_asked_about),
        cmocka_unit_test(candidates_are_those_of_the_position_whatever_has_happened_since),
        cmocka_unit_test(explain_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
