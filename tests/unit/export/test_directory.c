/* The directory: every version of every record, on disk and in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/export/directory.h"
#include "tests/unit/export/people.h"
#include <unistd.h>

static people made;

static directory *
open_directory(const char *dir)
{
    directory *opened = NULL;
    assert_int_equal(directory_open(&opened, dir), MST_OK);
    return opened;
}

static void
apply(directory *to, uint64_t seq)
{
    assert_int_equal(directory_apply(to, seq, seq, people_changed(&made)), MST_OK);
}

static directory_record
fetch(directory *from, mst_arena *arena, const char *id)
{
    directory_record record = {.id = id, .id_size = strlen(id)};
    assert_int_equal(directory_fetch(from, "person", &record, 1, arena), MST_OK);
    return record;
}

static void
assert_cell(const directory *from, const directory_record *record, size_t column, const char *expected)
{
    mst_slice cells[PEOPLE_FIELDS];
    directory_cells(from, record, people_kind(), cells);
    assert_int_equal(cells[column].size, strlen(expected));
    assert_memory_equal(cells[column].data, expected, strlen(expected));
}

static void
apply_three_people(directory *to)
{
    people_begin(&made, "person", "B1");
    people_add(&made, "p1", 1, "Ada", "ada@example.org", "London");
    people_add(&made, "p2", 1, "Bob", "bob@example.org", "");
    people_add(&made, "p10", 1, "Cyd", "", "Paris");
    apply(to, 7);
    people_begin(&made, "person", "B2");
    people_add(&made, "p1", 2, "Ada", "ada@example.net", "London");
    apply(to, 9);
}

static void
every_version_of_a_record_is_kept(void **state)
{
    const char *dirs[] = {*state, ""};
    for (size_t i = 0; i < 2; i++) {
        directory *it = open_directory(dirs[i]);
        mst_arena *arena = mst_arena_new(0);
        apply_three_people(it);
        directory_record *records;
        size_t count;
        assert_int_equal(directory_history(it, "person", "p1", 2, arena, &records, &count), MST_OK);
        assert_int_equal(count, 2);
        assert_int_equal(records[0].version, 2);
        assert_int_equal(records[0].seq, 9);
        assert_cell(it, &records[0], 1, "ada@example.net");
        assert_int_equal(records[1].version, 1);
        assert_int_equal(records[1].seq, 7);
        assert_cell(it, &records[1], 1, "ada@example.org");
        directory_kind kind = directory_kind_of(it, "person");
        assert_int_equal(kind.records, 3);
        assert_int_equal(kind.seq, 9);
        assert_string_equal(kind.batch_id, "B2");
        mst_arena_destroy(&arena);
        directory_close(&it);
    }
}

static void
applying_an_event_again_changes_nothing(void **state)
{
    directory *it = open_directory(*state);
    apply_three_people(it);
    assert_int_equal(directory_apply(it, 9, 9, people_changed(&made)), MST_SEEN);
    assert_int_equal(directory_flush(it), MST_OK);
    assert_int_equal(directory_apply(it, 9, 9, people_changed(&made)), MST_SEEN);
    assert_int_equal(directory_pending(it), 0);
    directory_close(&it);
    it = open_directory(*state);
    assert_int_equal(directory_apply(it, 7, 7, people_changed(&made)), MST_SEEN);
    assert_int_equal(directory_kind_of(it, "person").records, 3);
    directory_close(&it);
}

static void
what_was_not_flushed_is_gone_and_comes_again_from_its_position(void **state)
{
    directory *it = open_directory(*state);
    people_begin(&made, "person", "B1");
    people_add(&made, "p1", 1, "Ada", "", "");
    apply(it, 3);
    assert_int_equal(directory_flush(it), MST_OK);
    people_begin(&made, "person", "B1");
    people_add(&made, "p2", 1, "Bob", "", "");
    apply(it, 5);
    directory_close(&it); // as by kill -9: nothing is written here
    it = open_directory(*state);
    assert_int_equal(directory_position(it), 3);
    assert_int_equal(directory_kind_of(it, "person").records, 1);
    apply(it, 5);
    assert_int_equal(directory_kind_of(it, "person").records, 2);
    directory_close(&it);
}

/* A bulk write dies between writing its file and handing it over: the file is nobody's and goes. */
static void
a_half_written_bulk_file_is_ignored_and_removed(void **state)
{
    directory *it = open_directory(*state);
    apply_three_people(it);
    assert_int_equal(directory_flush(it), MST_OK);
    directory_close(&it);
    char path[128];
    snprintf(path, sizeof path, "%s/bulk.tmp", (const char *)*state);
    FILE *file = fopen(path, "w");
    fputs("half a file", file);
    fclose(file);
    it = open_directory(*state);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(directory_position(it), 9);
    directory_close(&it);
}

static void
a_bulk_write_carries_its_position_with_it(void **state)
{
    directory *it = open_directory(*state);
    for (uint64_t seq = 1; seq <= 5; seq++) { // together above STORE_BULK_MIN
        people_begin(&made, "person", "B1");
        for (unsigned row = 0; row < 1500; row++) {
            char id[32];
            snprintf(id, sizeof id, "B1-%u", (unsigned)(seq - 1) * 1500 + row * 7919 % 1500 + 1);
            people_add(&made, id, 1, "Ada", "ada@example.org", "London");
        }
        apply(it, seq);
    }
    assert_int_equal(directory_flush(it), MST_OK);
    directory_close(&it);
    it = open_directory(*state);
    assert_int_equal(directory_position(it), 5);
    assert_int_equal(directory_kind_of(it, "person").records, 7500);
    mst_arena *arena = mst_arena_new(0);
    directory_record record = fetch(it, arena, "B1-7500");
    assert_int_equal(record.version, 1);
    assert_cell(it, &record, 2, "London");
    assert_int_equal(fetch(it, arena, "B1-7501").version, 0);
    mst_arena_destroy(&arena);
    directory_close(&it);
}

static bool
collect(void *context, const directory_record *record)
{
    char *to = context;
    if (strlen(to) < 150)
        snprintf(to + strlen(to), 200 - strlen(to), "%.*s:%u ", (int)record->id_size, record->id, record->version);
    return true;
}

static void
a_scan_shows_the_newest_of_each_record_in_order_of_id(void **state)
{
    const char *dirs[] = {*state, ""};
    for (size_t i = 0; i < 2; i++) {
        directory *it = open_directory(dirs[i]);
        apply_three_people(it);
        char seen[200] = "";
        assert_int_equal(directory_scan(it, "person", "", collect, seen), MST_OK);
        assert_string_equal(seen, "p1:2 p10:1 p2:1 ");
        seen[0] = 0;
        assert_int_equal(directory_scan(it, "person", "p1", collect, seen), MST_OK);
        assert_string_equal(seen, "p10:1 p2:1 ");
        seen[0] = 0;
        assert_int_equal(directory_scan(it, "campus", "", collect, seen), MST_OK);
        assert_string_equal(seen, "");
        directory_close(&it);
    }
}

static void
a_deleted_record_stays_as_a_version_and_leaves_the_count(void **state)
{
    directory *it = open_directory(*state);
    apply_three_people(it);
    people_begin(&made, "person", "B3");
    people_delete(&made, "p1", 3);
    apply(it, 11);
    mst_arena *arena = mst_arena_new(0);
    directory_record record = fetch(it, arena, "p1");
    assert_int_equal(record.version, 3);
    assert_true(record.deleted);
    assert_int_equal(directory_kind_of(it, "person").records, 2);
    people_begin(&made, "person", "B4");
    people_restore(&made, "p1", 4, "Ada");
    apply(it, 12);
    assert_int_equal(directory_kind_of(it, "person").records, 3);
    mst_arena_destroy(&arena);
    directory_close(&it);
}

static void
records_written_before_a_kind_got_a_field_read_as_if_it_were_blank(void **state)
{
    directory *it = open_directory(*state);
    apply_three_people(it);
    Muster__V1__Kind kind = *people_kind();
    Muster__V1__Field phone = MUSTER__V1__FIELD__INIT;
    phone.name = (char *)(uintptr_t) "phone";
    Muster__V1__Field *fields[] = {kind.fields[2], &phone, kind.fields[0]};
    kind.fields = fields;
    mst_arena *arena = mst_arena_new(0);
    directory_record record = fetch(it, arena, "p1");
    mst_slice cells[3];
    directory_cells(it, &record, &kind, cells);
    assert_int_equal(cells[0].size, 6); // London
    assert_int_equal(cells[1].size, 0);
    assert_int_equal(cells[2].size, 3); // Ada
    mst_arena_destroy(&arena);
    directory_close(&it);
}

static void
ids_that_another_batch_may_make_one_day_are_noted(void **state)
{
    directory *it = open_directory(*state);
    people_begin(&made, "person", "B2");
    people_add(&made, "B2-1", 1, "Ada", "", "");
    people_add(&made, "B-7", 1, "Ada", "", "");
    people_add(&made, "Bx-7", 1, "Ada", "", "");
    apply(it, 1);
    assert_int_equal(directory_kind_of(it, "person").made_elsewhere, 0);
    people_begin(&made, "person", "B2");
    people_add(&made, "B9-4", 1, "Ada", "", "");
    apply(it, 2);
    assert_int_equal(directory_flush(it), MST_OK);
    directory_close(&it);
    it = open_directory(*state);
    assert_int_equal(directory_kind_of(it, "person").made_elsewhere, 9);
    directory_close(&it);
}

static void
an_event_whose_columns_do_not_fit_is_refused(void **state)
{
    directory *it = open_directory(*state);
    people_begin(&made, "person", "B1");
    people_add(&made, "p1", 1, "Ada", "", "");
    Muster__V1__RecordsChanged *changed = people_changed(&made);
    changed->n_fields = 2;
    assert_int_equal(directory_apply(it, 1, 1, changed), MST_INVALID);
    changed = people_changed(&made);
    changed->n_versions = 0;
    assert_int_equal(directory_apply(it, 1, 1, changed), MST_INVALID);
    changed = people_changed(&made);
    changed->rows->ends[0] = 99;
    assert_int_equal(directory_apply(it, 1, 1, changed), MST_INVALID);
    assert_int_equal(directory_kind_of(it, "person").seq, 0);
    directory_close(&it);
}

static void
a_damaged_directory_is_thrown_away_and_begins_at_position_0(void **state)
{
    directory *it = open_directory(*state);
    apply_three_people(it);
    assert_int_equal(directory_flush(it), MST_OK);
    directory_close(&it);
    char path[128];
    snprintf(path, sizeof path, "%s/CURRENT", (const char *)*state);
    FILE *file = fopen(path, "w");
    fputs("MANIFEST-nonsense\n", file);
    fclose(file);
    it = open_directory(*state);
    assert_int_equal(directory_position(it), 0);
    apply_three_people(it);
    assert_int_equal(directory_kind_of(it, "person").records, 3);
    directory_close(&it);
}

/* A flipped byte in a file: what it holds is not served, and the next open begins anew. */
static void
damage_met_while_reading_is_told_and_the_directory_is_built_again(void **state)
{
    directory *it = open_directory(*state);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        people_begin(&made, "person", "B1");
        for (unsigned row = 0; row < 2000; row++) {
            char id[32];
            snprintf(id, sizeof id, "p%05u", (unsigned)seq * 2000 + row);
            people_add(&made, id, 1, "Ada", "ada@example.org", "London");
        }
        apply(it, seq);
    }
    assert_int_equal(directory_flush(it), MST_OK);
    directory_close(&it);
    char command[200];
    snprintf(command, sizeof command,
             "for f in '%s'/*.sst; do printf x | dd of=$f bs=1 seek=60000 conv=notrunc status=none; done",
             (const char *)*state);
    assert_int_equal(system(command), 0);
    it = open_directory(*state);
    assert_int_equal(directory_position(it), 3);
    char seen[200] = "";
    assert_int_equal(directory_scan(it, "person", "", collect, seen), MST_CORRUPT);
    directory_close(&it);
    it = open_directory(*state);
    assert_int_equal(directory_position(it), 0);
    directory_close(&it);
    it = open_directory(*state);
    directory_close(&it);
}

static void
a_directory_open_elsewhere_is_busy(void **state)
{
    directory *it = open_directory(*state), *second = NULL;
    assert_int_equal(directory_open(&second, *state), MST_BUSY);
    assert_null(second);
    directory_close(&it);
}

/* Property: whatever is applied, and whenever it is flushed or reopened, disk and memory tell the same. */
static void
disk_and_memory_agree_on_random_changes(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        char dir[64];
        assert_non_null(people_dir(dir));
        directory *disk = open_directory(dir), *memory = open_directory("");
        uint32_t versions[400] = {0};
        bool gone[400] = {false};
        srand(seed);
        for (uint64_t seq = 1; seq <= 120; seq++) {
            people_begin(&made, "person", seq % 3 == 0 ? "B1" : "B2");
            unsigned rows = (unsigned)rand() % 100;
            for (unsigned row = 0; row < rows; row++) {
                unsigned who = (unsigned)rand() % 400;
                char id[32], name[32];
                snprintf(id, sizeof id, who % 2 ? "p%u" : "B1-%u", who);
                snprintf(name, sizeof name, "name %d", rand());
                bool delete = versions[who] > 0 && !gone[who] && rand() % 10 == 0;
                if (delete)
                    people_delete(&made, id, ++versions[who]);
                else if (gone[who])
                    people_restore(&made, id, ++versions[who], name);
                else
                    people_add(&made, id, ++versions[who], name, "", rand() % 2 ? "x" : "");
                gone[who] = delete;
            }
            apply(disk, seq);
            apply(memory, seq);
            if (rand() % 8 == 0)
                assert_int_equal(directory_flush(disk), MST_OK);
            if (rand() % 20 == 0) {
                assert_int_equal(directory_flush(disk), MST_OK);
                directory_close(&disk);
                disk = open_directory(dir);
            }
        }
        mst_arena *arena = mst_arena_new(0);
        assert_int_equal(directory_kind_of(disk, "person").records, directory_kind_of(memory, "person").records);
        size_t living = 0;
        for (unsigned who = 0; who < 400; who++)
            living += versions[who] > 0 && !gone[who];
        assert_int_equal(directory_kind_of(disk, "person").records, living);
        for (unsigned who = 0; who < 400; who++) {
            char id[32];
            snprintf(id, sizeof id, who % 2 ? "p%u" : "B1-%u", who);
            directory_record *left, *right;
            size_t left_count, right_count;
            assert_int_equal(directory_history(disk, "person", id, strlen(id), arena, &left, &left_count), MST_OK);
            assert_int_equal(directory_history(memory, "person", id, strlen(id), arena, &right, &right_count), MST_OK);
            assert_int_equal(left_count, versions[who]);
            assert_int_equal(right_count, versions[who]);
            for (size_t i = 0; i < left_count; i++) {
                assert_int_equal(left[i].version, versions[who] - i);
                assert_int_equal(right[i].version, left[i].version);
                assert_int_equal(right[i].seq, left[i].seq);
                assert_int_equal(right[i].deleted, left[i].deleted);
                assert_int_equal(right[i].lengths_and_values.size, left[i].lengths_and_values.size);
                assert_memory_equal(right[i].lengths_and_values.data, left[i].lengths_and_values.data,
                                    left[i].lengths_and_values.size);
            }
        }
        mst_arena_destroy(&arena);
        directory_close(&disk);
        directory_close(&memory);
        people_remove(dir);
    }
}

static void
a_fetch_of_few_and_of_many_finds_the_same(void **state)
{
    directory *it = open_directory(*state);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        people_begin(&made, "person", "B1");
        for (unsigned row = 0; row < 400; row++) {
            char id[32];
            snprintf(id, sizeof id, "p%05u", row * 20 + (unsigned)seq);
            people_add(&made, id, 1, id, "", "");
        }
        apply(it, seq);
    }
    mst_arena *arena = mst_arena_new(0);
    const unsigned steps[] = {1, 3, 37, 500, 4000};
    for (size_t step = 0; step < 5; step++) {
        directory_record *records = mst_arena_alloc(arena, 10000 * sizeof *records);
        size_t count = 0;
        for (unsigned i = 0; i < 9000; i += steps[step]) { // behind 8,020 there is nobody
            records[count].id = mst_arena_printf(arena, "p%05u", i);
            records[count++].id_size = 6;
        }
        assert_int_equal(directory_fetch(it, "person", records, count, arena), MST_OK);
        for (size_t i = 0; i < count; i++) {
            unsigned number = (unsigned)i * steps[step];
            assert_int_equal(records[i].version, number >= 1 && number <= 8000 ? 1 : 0);
            if (records[i].version > 0)
                assert_cell(it, &records[i], 0, mst_arena_printf(arena, "p%05u", number));
        }
    }
    mst_arena_destroy(&arena);
    directory_close(&it);
}

static int
new_dir(void **state)
{
    static char dir[64];
    *state = people_dir(dir);
    return *state == NULL;
}

static int
remove_dir(void **state)
{
    people_remove(*state);
    mst_rows_builder_release(&made.rows);
    return 0;
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, new_dir, remove_dir)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(every_version_of_a_record_is_kept),
        ON_DISK(applying_an_event_again_changes_nothing),
        ON_DISK(what_was_not_flushed_is_gone_and_comes_again_from_its_position),
        ON_DISK(a_half_written_bulk_file_is_ignored_and_removed),
        ON_DISK(a_bulk_write_carries_its_position_with_it),
        ON_DISK(a_scan_shows_the_newest_of_each_record_in_order_of_id),
        ON_DISK(a_deleted_record_stays_as_a_version_and_leaves_the_count),
        ON_DISK(records_written_before_a_kind_got_a_field_read_as_if_it_were_blank),
        ON_DISK(ids_that_another_batch_may_make_one_day_are_noted),
        ON_DISK(an_event_whose_columns_do_not_fit_is_refused),
        ON_DISK(a_damaged_directory_is_thrown_away_and_begins_at_position_0),
        ON_DISK(damage_met_while_reading_is_told_and_the_directory_is_built_again),
        ON_DISK(a_directory_open_elsewhere_is_busy),
        ON_DISK(disk_and_memory_agree_on_random_changes),
        ON_DISK(a_fetch_of_few_and_of_many_finds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
