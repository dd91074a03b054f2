/* What new records are called: as the one field of their kind's primary key says, else by batch and row. */
#include "services/export/fates.h"
#include "tests/unit/export/world.h"

#define TAKEN                                                                                                          \
    "mail \"1001\" is that of another record already, of the directory or of an earlier row of the file. Correct it, " \
    "or "                                                                                                              \
    "leave the row out."
#define COUNT(rows) (uint32_t)(sizeof(rows) / sizeof(rows)[0])

/* In this kind the field `mail` is the primary key. */
static stage *
keyed(unsigned seed)
{
    return world_open_keyed("", seed, "mail");
}

static void
run(stage *it, const char *batch_id, const world_row *rows, uint32_t count)
{
    world_run(it, &(world_batch){.id = batch_id, .rows = rows, .count = count, .position = it->count});
}

/* Why a row was rejected. */
static const char *
note(const stage *it, const char *batch_id, uint32_t row)
{
    for (size_t i = 0; i < it->count; i++) {
        const Muster__V1__EntriesExported *exported = (const void *)it->events[i].event.message;
        if (strcmp(it->events[i].head.type, "EntriesExported") != 0 || strcmp(exported->batch_id, batch_id) != 0)
            continue;
        for (size_t at = 0; at < exported->n_notes; at++)
            if (exported->notes[at]->row == row)
                return exported->notes[at]->text;
    }
    return "";
}

static void
a_record_that_a_row_makes_has_the_id_that_its_primary_key_says(void **state)
{
    (void)state;
    stage *it = keyed(1);
    const world_row rows[] = {{{"Ann", "1001", "Rome", ""}, NEW}, {{"Ben", "", "Oslo", ""}, NEW}};
    run(it, "B2", rows, COUNT(rows));
    assert_string_equal(world_outcomes(it, "B2"), "cc");
    assert_string_equal(world_text(it, "1001"), "Ann|1001|Rome|| v1");
    assert_string_equal(world_text(it, "B2-1"), "-");
    assert_string_equal(world_text(it, "B2-2"), "Ben||Oslo|| v1");
    stage_close(&it);
}

static void
an_id_that_a_record_has_is_given_to_no_other(void **state)
{
    (void)state;
    stage *it = keyed(2);
    const world_row first[] = {{{"Ann", "1001", "", ""}, NEW}};
    run(it, "B2", first, COUNT(first));
    const world_row rows[] = {{{"Somebody Else", "1001", "", ""}, NEW},
                              {{"Ann", "1001", "Rome", ""}, MATCHED("1001")},
                              {{"Cyd", "row:7", "", ""}, NEW}};
    run(it, "B3", rows, COUNT(rows));
    assert_string_equal(world_outcomes(it, "B3"), "rur");
    assert_string_equal(note(it, "B3", 1), TAKEN);
    assert_string_equal(note(it, "B3", 3),
                        "mail is no name for a record: at most 200 bytes, not \"row:\" and a number.");
    assert_string_equal(world_text(it, "1001"), "Ann|1001|Rome|| v2");
    stage_close(&it);
}

static void
an_id_that_a_deleted_record_had_is_not_given_again(void **state)
{
    (void)state;
    stage *it = keyed(3);
    char *fields[] = {TEXT("id"), TEXT("name"), TEXT("mail")};
    const char *cells[] = {"1001", "Ann", "1001"};
    mst_rows_builder builder = {0};
    for (uint32_t version = 1; version <= 2; version++) {
        mst_rows_builder_init(&builder, COUNT(fields));
        for (size_t i = 0; i < COUNT(fields); i++)
            mst_rows_builder_add(&builder, cells[i], strlen(cells[i]));
        Muster__V1__Rows rows;
        mst_rows_builder_view(&builder, 0, &rows);
        Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
        uint8_t gone = 1;
        changed.kind = TEXT("person");
        changed.batch_id = TEXT("B1");
        changed.fields = fields;
        changed.n_fields = COUNT(fields);
        changed.rows = &rows;
        changed.versions = &version;
        changed.n_versions = 1;
        changed.deleted = (ProtobufCBinaryData){version == 2, &gone};
        stage_say(it, "export/B1/records", "B1", &changed);
        mst_rows_builder_release(&builder);
    }
    const world_row rows[] = {{{"Ben", "1001", "", ""}, NEW}};
    run(it, "B2", rows, COUNT(rows));
    assert_string_equal(world_outcomes(it, "B2"), "r");
    assert_string_equal(note(it, "B2", 1),
                        "mail \"1001\" was that of a record which is deleted, and is not given again. Choose another.");
    stage_close(&it);
}

/* Rows 2 and 6 are given what rows 1 and 5 are called; 3 follows 1, 4 follows 2. */
static const world_row FILE_OF_SIX[] = {{{"Ann", "1001", "", ""}, NEW},
                                        {{"Ben", "1001", "", ""}, NEW},
                                        {{"Ann", "1001", "Rome", ""}, MATCHED("row:1")},
                                        {{"Ben", "1001", "Oslo", ""}, MATCHED("row:2")},
                                        {{"Cyd", "", "", ""}, NEW},
                                        {{"Dan", "B2-5", "", ""}, NEW}};

static void
assert_file_of_six(stage *it, bool dry_run)
{
    assert_string_equal(world_outcomes(it, "B2"), "crurcr");
    assert_string_equal(note(it, "B2", 2), TAKEN);
    assert_string_equal(note(it, "B2", 4), "An earlier row of the file about the same record was rejected.");
    assert_string_equal(world_text(it, "1001"), dry_run ? "-" : "Ann|1001|Rome|| v2");
    assert_string_equal(world_text(it, "B2-5"), dry_run ? "-" : "Cyd|||| v1");
}

static void
rows_that_follow_a_new_one_share_its_name_or_its_rejection(void **state)
{
    (void)state;
    for (uint32_t chunk_rows = 1; chunk_rows <= 6; chunk_rows++)
        for (uint32_t stretch = 1; stretch <= 1000; stretch *= 1000)
            for (int dry_run = 0; dry_run <= 1; dry_run++) {
                stage *it = keyed(4);
                fates_rows_max = stretch;
                world_run(it, &(world_batch){.id = "B2",
                                             .rows = FILE_OF_SIX,
                                             .count = COUNT(FILE_OF_SIX),
                                             .chunk_rows = chunk_rows,
                                             .dry_run = dry_run == 1,
                                             .position = it->count});
                assert_file_of_six(it, dry_run == 1);
                fates_rows_max = FATES_ROWS_MAX;
                stage_close(&it);
            }
}

static void
a_typed_id_that_looks_like_one_of_this_batch_takes_nothing_away(void **state)
{
    (void)state;
    stage *it = keyed(5);
    const world_row rows[] = {{{"Dan", "B2-2", "", ""}, NEW}, {{"Cyd", "", "", ""}, NEW}};
    run(it, "B2", rows, COUNT(rows));
    assert_string_equal(world_outcomes(it, "B2"), "cc");
    assert_string_equal(world_text(it, "B2-2"), "Dan|B2-2||| v1");
    assert_string_equal(world_text(it, "B2-2-2"), "Cyd|||| v1");
    stage_close(&it);
}

static void
rows_that_say_insert_or_update_name_their_records_so_too(void **state)
{
    (void)state;
    for (int dry_run = 0; dry_run <= 1; dry_run++) {
        stage *it = keyed(6);
        const world_row rows[] = {{{"Ann", "1001", "", "Insert"}, NEW},
                                  {{"Ben", "1001", "", "Insert"}, NEW},
                                  {{"Ann", "1001", "Rome", "Update"}, MATCHED("row:1")},
                                  {{"Ben", "1001", "Oslo", "Update"}, MATCHED("row:2")},
                                  {{"Cyd", "", "", "Insert"}, NEW}};
        world_run(it, &(world_batch){.id = "B2",
                                     .acting = true,
                                     .dry_run = dry_run == 1,
                                     .rows = rows,
                                     .count = COUNT(rows),
                                     .chunk_rows = 2,
                                     .position = it->count});
        assert_string_equal(world_outcomes(it, "B2"), "crurc");
        assert_non_null(strstr(note(it, "B2", 2), "is that of another record already"));
        assert_string_equal(world_text(it, "1001"), dry_run ? "-" : "Ann|1001|Rome|Insert| v2");
        assert_string_equal(world_text(it, "B2-5"), dry_run ? "-" : "Cyd|||Insert| v1");
        stage_close(&it);
    }
}

static void
an_import_takes_the_primary_key_for_the_id_where_no_column_is_named(void **state)
{
    (void)state;
    stage *it = keyed(7);
    const world_row rows[] = {{{"Ann", "1001", "", ""}, .id = "x1"},
                              {{"Ann", "1001", "Rome", ""}, .id = "x2"},
                              {{"Ben", "", "", ""}, .id = ""}};
    world_run(it, &(world_batch){.id = "B2", .import = true, .rows = rows, .count = COUNT(rows)});
    assert_string_equal(world_outcomes(it, "B2"), "cuc");
    assert_string_equal(world_text(it, "1001"), "Ann|1001|Rome|| v2");
    assert_string_equal(world_text(it, "B2-3"), "Ben|||| v1");
    /* --id */
    world_run(it, &(world_batch){.id = "B3", .import = true, .import_ids = true, .rows = rows, .count = 2});
    assert_string_equal(world_outcomes(it, "B3"), "cc");
    assert_string_equal(world_text(it, "x2"), "Ann|1001|Rome|| v1");
    stage_close(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_a_row_makes_has_the_id_that_its_primary_key_says),
        cmocka_unit_test(an_id_that_a_record_has_is_given_to_no_other),
        cmocka_unit_test(an_id_that_a_deleted_record_had_is_not_given_again),
        cmocka_unit_test(rows_that_follow_a_new_one_share_its_name_or_its_rejection),
        cmocka_unit_test(a_typed_id_that_looks_like_one_of_this_batch_takes_nothing_away),
        cmocka_unit_test(rows_that_say_insert_or_update_name_their_records_so_too),
        cmocka_unit_test(an_import_takes_the_primary_key_for_the_id_where_no_column_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
