/* The export core from its inputs to the directory. */
#include "services/export/fates.h"
#include "tests/unit/export/people.h"
#include "tests/unit/export/world.h"

static const world_row THREE[] = {
    {{"Ada", "ada@x.org", "London", "North"}, .id = "p1"},
    {{"Bob", "bob@x.org", "", "South"}, .id = "p2"},
    {{"Cyd", "", "Paris", ""}, .id = "p3"},
};
static const world_batch IMPORT = {.id = "B1", .import = true, .import_ids = true, .rows = THREE, .count = 3};

/* A directory of three people; the position decisions about it have. */
static stage *
three_people(const char *dir, unsigned seed, uint64_t *position)
{
    stage *it = world_open(dir, seed);
    world_run(it, &IMPORT);
    *position = it->count;
    return it;
}

static void
assert_completed(stage *it, const char *batch_id, unsigned created, unsigned updated, unsigned unchanged,
                 unsigned skipped, unsigned rejected)
{
    const Muster__V1__BatchCompleted *done = stage_last(it, "BatchCompleted");
    assert_non_null(done);
    assert_string_equal(done->batch_id, batch_id);
    assert_int_equal(done->created, created);
    assert_int_equal(done->updated, updated);
    assert_int_equal(done->unchanged, unchanged);
    assert_int_equal(done->skipped, skipped);
    assert_int_equal(done->rejected, rejected);
    assert_int_equal(done->received, created + updated + unchanged + skipped + rejected);
}

static void
an_import_creates_records_under_the_ids_of_the_file(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 1, &position);
    assert_completed(it, "B1", 3, 0, 0, 0, 0);
    assert_string_equal(world_text(it, "p1"), "Ada|ada@x.org|London|North| v1");
    assert_string_equal(world_text(it, "p4"), "-");
    stage_close(&it);
}

static void
an_import_again_changes_nothing_and_a_changed_one_updates(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 2, &position);
    world_batch again = IMPORT;
    again.id = "B2";
    world_run(it, &again);
    assert_completed(it, "B2", 0, 0, 3, 0, 0);
    assert_int_equal(stage_count(it, "RecordsChanged"), 1);
    const world_row changed[] = {{{"Ada L", "", "", ""}, .id = "p1"},
                                 {{"Dan", "", "", ""}, .id = "p4"},
                                 {{"Dan", "d@x.org", "", ""}, .id = "p4"},
                                 {{"Eve", "", "", ""}, .id = ""}};
    world_run(it, &(world_batch){.id = "B3", .import = true, .import_ids = true, .rows = changed, .count = 4});
    assert_completed(it, "B3", 2, 2, 0, 0, 0);
    assert_string_equal(world_text(it, "p1"), "Ada L|ada@x.org|London|North| v2");
    assert_string_equal(world_text(it, "p4"), "Dan|d@x.org||| v2");
    assert_string_equal(world_text(it, "B3-4"), "Eve|||| v1");
    stage_close(&it);
}

static void
an_import_without_ids_makes_them_from_batch_and_row(void **state)
{
    (void)state;
    stage *it = world_open("", 3);
    world_run(it, &(world_batch){.id = "B1", .import = true, .rows = THREE, .count = 3, .chunk_rows = 2});
    assert_completed(it, "B1", 3, 0, 0, 0, 0);
    assert_string_equal(world_text(it, "B1-3"), "Cyd||Paris|| v1");
    stage_close(&it);
}

static void
A29_every_row_is_in_the_target_or_itemised(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 4, &position);
    const world_row rows[] = {{{"Ada L", "", "", ""}, MATCHED("p1")},
                              {{"Bob", "", "", ""}, MATCHED("p2")},
                              {{"Dan", "dan@x.org", "Rome", "East"}, NEW},
                              {{"Eve", "", "", ""}, LEFT_OUT},
                              {{"Fay", "", "", ""}, NEW}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 5, .chunk_rows = 2, .position = position});
    assert_completed(it, "B2", 2, 1, 1, 0, 1);
    assert_string_equal(world_outcomes(it, "B2"), "u=crc");
    assert_string_equal(world_text(it, "p1"), "Ada L|ada@x.org|London|North| v2");
    assert_string_equal(world_text(it, "p2"), "Bob|bob@x.org||South| v1");
    assert_string_equal(world_text(it, "B2-3"), "Dan|dan@x.org|Rome|East| v1");
    stage_close(&it);
}

static void
update_policies_overwrite_fill_blanks_and_never_hold_for_records_that_exist(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 5, &position);
    /* name overwrites, mail never, city fills blanks */
    const world_row rows[] = {{{"Ada L", "new@x.org", "Oslo", ""}, MATCHED("p1")},
                              {{"", "new@x.org", "Oslo", ""}, MATCHED("p2")}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 2, .position = position});
    assert_string_equal(world_text(it, "p1"), "Ada L|ada@x.org|London|North| v2");
    assert_string_equal(world_text(it, "p2"), "Bob|bob@x.org|Oslo|South| v2");
    stage_close(&it);
}

static void
A9_with_the_option_created_and_updated_people_get_the_batch_date(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 6, &position);
    const world_row rows[] = {{{"Ada", "", "", ""}, MATCHED("p1")}, {{"Dan", "", "", ""}, NEW}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 2, .position = position, .membership_date = true});
    assert_completed(it, "B2", 1, 1, 0, 0, 0);
    assert_string_equal(world_text(it, "p1"), "Ada|ada@x.org|London|North|2026-05-01 v2");
    assert_string_equal(world_text(it, "B2-2"), "Dan||||2026-05-01 v1");
    assert_string_equal(world_text(it, "p2"), "Bob|bob@x.org||South| v1");
    stage_close(&it);
}

static void
A9_without_the_option_nobody_gets_it(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 7, &position);
    const world_row rows[] = {{{"Ada", "", "", ""}, MATCHED("p1")}, {{"Dan", "", "", ""}, NEW}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 2, .position = position});
    assert_completed(it, "B2", 1, 0, 1, 0, 0);
    assert_string_equal(world_text(it, "B2-2"), "Dan|||| v1");
    stage_close(&it);
}

static void
A10_the_campus_of_matched_people_changes_only_with_the_option(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        uint64_t position;
        stage *it = three_people("", 8, &position);
        const world_row rows[] = {{{"Ada L", "", "", "East"}, MATCHED("p1")}, {{"Dan", "", "", "East"}, NEW}};
        world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 2, .position = position, .update_campus = on});
        assert_string_equal(world_text(it, "p1"),
                            on ? "Ada L|ada@x.org|London|East| v2" : "Ada L|ada@x.org|London|North| v2");
        assert_string_equal(world_text(it, "B2-2"), "Dan|||East| v1");
        stage_close(&it);
    }
}

static void
a_later_row_of_the_file_sees_what_an_earlier_one_changed(void **state)
{
    (void)state;
    for (uint32_t chunk_rows = 1; chunk_rows <= 5; chunk_rows++) {
        uint64_t position;
        stage *it = three_people("", 9, &position);
        const world_row rows[] = {{{"Dan", "", "", ""}, NEW},
                                  {{"Ada L", "", "", ""}, MATCHED("p1")},
                                  {{"Dan", "", "Rome", ""}, MATCHED("row:1")},
                                  {{"Ada L", "", "", ""}, MATCHED("p1")},
                                  {{"Dan M", "", "", ""}, MATCHED("row:3")}};
        world_run(it,
                  &(world_batch){.id = "B2", .rows = rows, .count = 5, .chunk_rows = chunk_rows, .position = position});
        assert_string_equal(world_outcomes(it, "B2"), "cuu=u");
        assert_string_equal(world_text(it, "B2-1"), "Dan M||Rome|| v3");
        assert_string_equal(world_text(it, "p1"), "Ada L|ada@x.org|London|North| v2");
        assert_string_equal(world_text(it, "B2-3"), "-");
        stage_close(&it);
    }
}

static void
A25_select_updates_that_person_and_A26_new_creates_one(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 10, &position);
    const world_row rows[] = {{{"Ada L", "", "", ""}, UNSURE},         {{"Bobby", "b@x.org", "", ""}, UNSURE},
                              {{"Cyd", "", "", ""}, UNSURE},           {{"Ada M", "", "", ""}, MATCHED("row:1")},
                              {{"Cyd", "", "", ""}, MATCHED("row:3")}, {{"Bobby", "", "Bonn", ""}, UNSURE}};
    const world_batch plan = {.id = "B2", .rows = rows, .count = 6, .chunk_rows = 2, .position = position};
    size_t from = it->count;
    world_say_batch(it, &plan);
    from = stage_inputs(it, from);
    assert_int_equal(stage_count(it, "ExportQueued"), 1); // the import's: A28, nothing goes on before all is decided
    world_decide(it, "B2", 1, MUSTER__V1__CHOICE__CHOICE_SELECT, "p1");
    world_decide(it, "B2", 6, MUSTER__V1__CHOICE__CHOICE_SELECT, "row:2");
    world_decide(it, "B2", 3, MUSTER__V1__CHOICE__CHOICE_SKIP, "");
    world_decide(it, "B2", 2, MUSTER__V1__CHOICE__CHOICE_SKIP, "");
    world_decide(it, "B2", 2, MUSTER__V1__CHOICE__CHOICE_NEW, ""); // changed her mind in time
    world_verified(it, "B2");
    stage_inputs(it, from);
    assert_completed(it, "B2", 1, 3, 0, 2, 0); // who follows a skipped row shares its fate
    assert_string_equal(world_outcomes(it, "B2"), "ucsusu");
    assert_string_equal(world_text(it, "p1"), "Ada M|ada@x.org|London|North| v3");
    assert_string_equal(world_text(it, "B2-2"), "Bobby|b@x.org|Bonn|| v2");
    stage_close(&it);
}

static void
a_dry_run_says_what_would_happen_and_changes_nothing(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 11, &position);
    const world_row rows[] = {{{"Ada L", "", "", ""}, MATCHED("p1")},
                              {{"Dan", "", "", ""}, NEW},
                              {{"Eve", "", "", ""}, UNSURE},
                              {{"Dan", "", "Rome", ""}, MATCHED("row:2")},
                              {{"Eve", "", "", ""}, MATCHED("row:3")}};
    world_run(it, &(world_batch){.id = "B2", .dry_run = true, .rows = rows, .count = 5, .position = position});
    assert_completed(it, "B2", 1, 2, 0, 2, 0);
    assert_string_equal(world_outcomes(it, "B2"), "ucsus");
    assert_int_equal(stage_count(it, "RecordsChanged"), 1); // the import's
    assert_string_equal(world_text(it, "p1"), "Ada|ada@x.org|London|North| v1");
    stage_close(&it);
}

static void
a_template_that_may_not_create_rejects_new_rows(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 12, &position);
    const world_row rows[] = {{{"Dan", "", "", ""}, NEW}, {{"Ada L", "", "", ""}, MATCHED("p1")}};
    world_run(it, &(world_batch){.id = "B2", .may_not_create = true, .rows = rows, .count = 2, .position = position});
    assert_completed(it, "B2", 0, 1, 0, 0, 1);
    stage_close(&it);
}

static void
records_changed_since_matching_are_rechecked_first(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 13, &position);
    const world_row first[] = {{{"Ada L", "", "", ""}, MATCHED("p1")}};
    const world_row second[] = {{{"Ada M", "", "", ""}, MATCHED("p1")}};
    world_run(it, &(world_batch){.id = "B2", .rows = first, .count = 1, .position = position});
    world_run(it, &(world_batch){.id = "B3", .rows = second, .count = 1, .position = position}); // decided before B2
    const Muster__V1__RecheckRequested *requested = stage_last(it, "RecheckRequested");
    assert_non_null(requested);
    assert_string_equal(requested->batch_id, "B3");
    assert_int_equal(requested->since, position);
    assert_int_equal(requested->recheck, 1);
    assert_string_equal(world_text(it, "p1"), "Ada L|ada@x.org|London|North| v2");

    size_t from = it->count;
    Muster__V1__RecheckFinished checked = MUSTER__V1__RECHECK_FINISHED__INIT;
    checked.batch_id = TEXT("B3");
    checked.generation = 1;
    checked.position = requested->position;
    checked.recheck = 1;
    stage_say(it, "matching/B3", "B3", &checked);
    stage_inputs(it, from);
    assert_completed(it, "B3", 0, 1, 0, 0, 0);
    assert_string_equal(world_text(it, "p1"), "Ada M|ada@x.org|London|North| v3");
    stage_close(&it);
}

static void
a_record_that_changed_unseen_all_the_same_stops_the_batch(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 14, &position);
    const world_row rows[] = {{{"Dan", "", "", ""}, NEW}, {{"Ada L", "", "", ""}, MATCHED("p9")}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 2, .position = position});
    const Muster__V1__BatchFailed *failed = stage_last(it, "BatchFailed");
    assert_non_null(failed);
    assert_string_equal(failed->stage, "export");
    assert_non_null(strstr(failed->reason, "row 2"));
    assert_string_equal(world_text(it, "B2-1"), "-");
    stage_close(&it);
}

static void
a_cancelled_batch_goes_no_further(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 15, &position);
    const world_row rows[] = {{{"Dan", "", "", ""}, NEW}};
    size_t from = it->count;
    world_say_batch(it, &(world_batch){.id = "B2", .rows = rows, .count = 1, .position = position});
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = TEXT("B2");
    stage_say(it, "ingestion/B2", "B2", &cancelled);
    stage_inputs(it, from);
    assert_int_equal(stage_count(it, "BatchCompleted"), 1);
    assert_string_equal(world_text(it, "B2-1"), "-");
    stage_close(&it);
}

static void
a_file_with_a_header_only_completes(void **state)
{
    (void)state;
    uint64_t position;
    stage *it = three_people("", 16, &position);
    world_run(it, &(world_batch){.id = "B2", .rows = THREE, .count = 0, .position = position});
    assert_completed(it, "B2", 0, 0, 0, 0, 0);
    stage_close(&it);
}

static void
an_id_made_by_a_batch_never_overwrites_one_that_came_in_a_file(void **state)
{
    (void)state;
    stage *it = world_open("", 17);
    const world_row taken[] = {{{"Old", "", "", ""}, .id = "B2-1"}};
    world_run(it, &(world_batch){.id = "B1", .import = true, .import_ids = true, .rows = taken, .count = 1});
    const world_row rows[] = {
        {{"Dan", "", "", ""}, NEW}, {{"Dan M", "", "", ""}, MATCHED("row:1")}, {{"Eve", "", "", ""}, NEW}};
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 3, .chunk_rows = 1, .position = it->count});
    assert_completed(it, "B2", 2, 1, 0, 0, 0);
    assert_string_equal(world_text(it, "B2-1"), "Old|||| v1");
    assert_string_equal(world_text(it, "B2-1-2"), "Dan M|||| v2");
    assert_string_equal(world_text(it, "B2-3"), "Eve|||| v1");
    stage_close(&it);
}

/* A batch of 40 rows that touch each other across chunks, for the tests of crashes. */
static void
fill_rows(world_row *rows, char texts[40][16], unsigned seed)
{
    srand(seed);
    for (unsigned i = 0; i < 40; i++) {
        rows[i] = (world_row){{"", "m@x.org", "", ""}, NEW};
        snprintf(texts[i], 16, "name %u", (unsigned)rand() % 5);
        rows[i].cells[0] = texts[i];
        static const char *const known[] = {"p1", "p2", "p3"};
        static const char *const before[] = {"row:1", "row:2", "row:3", "row:4", "row:5", "row:6", "row:7"};
        unsigned kind = (unsigned)rand() % 4;
        if (kind == 0) {
            rows[i].decision = MUSTER__V1__DECISION__DECISION_MATCHED;
            rows[i].id = known[(unsigned)rand() % 3];
        } else if (kind == 1 && i > 7) {
            rows[i].decision = MUSTER__V1__DECISION__DECISION_MATCHED;
            rows[i].id = before[(unsigned)rand() % 7];
        } else if (kind == 2 && i % 3 == 0) {
            rows[i].decision = MUSTER__V1__DECISION__DECISION_REJECTED;
        }
    }
}

static const char *
directory_text(stage *it)
{
    stage_apply(it, it->count);
    Muster__V1__ScanRecords query = MUSTER__V1__SCAN_RECORDS__INIT;
    query.kind = TEXT("person");
    query.max = 1000;
    stage_call(it, "eva", &query);
    const Muster__V1__RecordList *list = (const void *)it->reply;
    char *text = mst_arena_strdup(it->arena, "");
    for (size_t i = 0; i < list->n_records; i++)
        text = mst_arena_printf(it->arena, "%s%s:%u %s\n", text, list->records[i]->id, list->records[i]->version,
                                list->records[i]->values[0]);
    return text;
}

/* Killed after any accepted part, with what is streamed arriving late: the same records, outcomes and totals. */
static void
dying_after_any_part_changes_nothing_in_the_result(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 6; seed++) {
        world_row rows[40];
        char texts[40][16];
        fill_rows(rows, texts, seed);
        world_batch plan = {.id = "B2", .rows = rows, .count = 40, .chunk_rows = 6};
        stage *sound = three_people("", seed, &plan.position);
        fates_rows_max = FATES_ROWS_MAX;
        world_run(sound, &plan);
        fates_rows_max = seed % 2 ? 7 : FATES_ROWS_MAX; // a new stretch every two chunks
        assert_int_equal(stage_count(sound, "BatchCompleted"), 2);
        for (int after = 1; after <= 7; after++) {
            char dir[64];
            const char *const at = after % 2 ? people_dir(dir) : ""; // on disk and in memory
            stage *it = three_people(at, seed * 31 + (unsigned)after, &plan.position);
            it->die_after = after;
            it->late = true;
            world_run(it, &plan);
            assert_int_equal(stage_count(it, "BatchCompleted"), 2);
            assert_string_equal(world_outcomes(it, "B2"), world_outcomes(sound, "B2"));
            assert_string_equal(directory_text(it), directory_text(sound));
            const Muster__V1__BatchCompleted *left = stage_last(it, "BatchCompleted"),
                                             *right = stage_last(sound, "BatchCompleted");
            assert_int_equal(left->created, right->created);
            assert_int_equal(left->updated, right->updated);
            assert_int_equal(left->records_events, right->records_events);
            if (after < 7)
                assert_true(it->restarts == 1);
            stage_close(&it);
            if (after % 2)
                people_remove(dir);
        }
        fates_rows_max = FATES_ROWS_MAX;
        stage_close(&sound);
    }
}

/* However a batch is cut into chunks and stretches, the result is the same. */
static void
the_length_of_a_stretch_changes_nothing_in_the_result(void **state)
{
    (void)state;
    for (unsigned seed = 20; seed < 30; seed++) {
        world_row rows[40];
        char texts[40][16];
        fill_rows(rows, texts, seed);
        world_batch plan = {.id = "B2", .rows = rows, .count = 40};
        stage *whole = three_people("", seed, &plan.position);
        fates_rows_max = FATES_ROWS_MAX;
        world_run(whole, &plan);
        for (uint32_t chunk_rows = 1; chunk_rows < 12; chunk_rows += 2) {
            plan.chunk_rows = chunk_rows;
            stage *it = three_people("", seed, &plan.position);
            fates_rows_max = 1 + seed % 9;
            it->late = true;
            world_run(it, &plan);
            assert_string_equal(world_outcomes(it, "B2"), world_outcomes(whole, "B2"));
            assert_string_equal(directory_text(it), directory_text(whole));
            stage_close(&it);
        }
        stage_close(&whole);
        fates_rows_max = FATES_ROWS_MAX;
    }
}

static void
an_export_waits_until_the_one_before_has_reached_the_directory(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        uint64_t position;
        stage *it = three_people("", seed, &position);
        it->late = true; // what B2 writes arrives here long after it is done
        const world_row first[] = {{{"Ada L", "", "", ""}, MATCHED("p1")}},
                        second[] = {{{"Ada M", "", "", ""}, MATCHED("p1")}};
        size_t from = it->count;
        world_say_batch(it, &(world_batch){.id = "B2", .rows = first, .count = 1, .position = position});
        world_say_batch(it, &(world_batch){.id = "B3", .rows = second, .count = 1, .position = position});
        stage_inputs(it, from);
        const Muster__V1__RecheckRequested *requested = stage_last(it, "RecheckRequested");
        assert_non_null(requested); // it saw the change of the batch before it
        assert_string_equal(requested->batch_id, "B3");
        stage_close(&it);
    }
}

static void
people_are_found_by_words_in_any_case(void **state)
{
    (void)state;
    stage *it = world_open("", 18);
    const world_row rows[] = {{{"Łukasz Żak", "l@x.org", "Łódź", ""}, .id = "p1"},
                              {{"Ada", "ADA@X.ORG", "London", ""}, .id = "p2"}};
    world_run(it, &(world_batch){.id = "B1", .import = true, .import_ids = true, .rows = rows, .count = 2});
    const struct {
        const char *text;
        size_t count;
    } searches[] = {{"łukasz ŁÓDŹ", 1}, {"ada@x", 1}, {"x.org", 2}, {"", 2}, {"ada łódź", 0}, {"p2", 1}};
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        Muster__V1__FindRecords query = MUSTER__V1__FIND_RECORDS__INIT;
        query.kind = TEXT("person");
        query.text = TEXT(searches[i].text);
        stage_call(it, "eva", &query);
        assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
        assert_int_equal(((const Muster__V1__RecordList *)(const void *)it->reply)->n_records, searches[i].count);
    }
    stage_close(&it);
}

/* 40 records of 400 KB each, all changed by one chunk of small rows: what does not fit into a commit is itemised. */
static void
a_chunk_never_changes_more_than_a_commit_can_hold(void **state)
{
    (void)state;
    stage *it = world_open("", 20);
    char *large = mst_arena_alloc(it->arena, 400001);
    memset(large, 'x', 400000);
    world_row people_rows[40], rows[40];
    for (unsigned i = 0; i < 40; i++) {
        char *id = mst_arena_printf(it->arena, "p%u", i);
        people_rows[i] = (world_row){{"Ada", large, "", ""}, .id = id};
        rows[i] = (world_row){{"Ada L", "", "", ""}, MATCHED(id)};
    }
    world_run(it,
              &(world_batch){
                  .id = "B1", .import = true, .import_ids = true, .rows = people_rows, .count = 40, .chunk_rows = 2});
    world_run(it, &(world_batch){.id = "B2", .rows = rows, .count = 40, .position = it->count});
    const Muster__V1__BatchCompleted *done = stage_last(it, "BatchCompleted");
    assert_int_equal(done->updated, 31);
    assert_int_equal(done->rejected, 9);
    stage_close(&it);
}

static void
asking_for_an_unknown_kind_names_the_known_ones(void **state)
{
    (void)state;
    stage *it = world_open("", 19);
    Muster__V1__GetRecord query = MUSTER__V1__GET_RECORD__INIT;
    query.kind = TEXT("horse");
    query.id = TEXT("p1");
    stage_call(it, "eva", &query);
    assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND);
    assert_non_null(strstr(it->text, "person"));
    stage_close(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_import_creates_records_under_the_ids_of_the_file),
        cmocka_unit_test(an_import_again_changes_nothing_and_a_changed_one_updates),
        cmocka_unit_test(an_import_without_ids_makes_them_from_batch_and_row),
        cmocka_unit_test(A29_every_row_is_in_the_target_or_itemised),
        cmocka_unit_test(update_policies_overwrite_fill_blanks_and_never_hold_for_records_that_exist),
        cmocka_unit_test(A9_with_the_option_created_and_updated_people_get_the_batch_date),
        cmocka_unit_test(A9_without_the_option_nobody_gets_it),
        cmocka_unit_test(A10_the_campus_of_matched_people_changes_only_with_the_option),
        cmocka_unit_test(a_later_row_of_the_file_sees_what_an_earlier_one_changed),
        cmocka_unit_test(A25_select_updates_that_person_and_A26_new_creates_one),
        cmocka_unit_test(a_dry_run_says_what_would_happen_and_changes_nothing),
        cmocka_unit_test(a_template_that_may_not_create_rejects_new_rows),
        cmocka_unit_test(records_changed_since_matching_are_rechecked_first),
        cmocka_unit_test(a_record_that_changed_unseen_all_the_same_stops_the_batch),
        cmocka_unit_test(a_cancelled_batch_goes_no_further),
        cmocka_unit_test(a_file_with_a_header_only_completes),
        cmocka_unit_test(an_id_made_by_a_batch_never_overwrites_one_that_came_in_a_file),
        cmocka_unit_test(dying_after_any_part_changes_nothing_in_the_result),
        cmocka_unit_test(the_length_of_a_stretch_changes_nothing_in_the_result),
        cmocka_unit_test(an_export_waits_until_the_one_before_has_reached_the_directory),
        cmocka_unit_test(people_are_found_by_words_in_any_case),
        cmocka_unit_test(a_chunk_never_changes_more_than_a_commit_can_hold),
        cmocka_unit_test(asking_for_an_unknown_kind_names_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
