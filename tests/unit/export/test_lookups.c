/* Finding records by other fields than the id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/export/fold.h"
#include "services/export/lookups.h"
#include "tests/unit/export/people.h"

static people made;

typedef struct world {
    directory *directory;
    lookups *lookups;
    mst_arena *arena;
    uint64_t seq;
} world;

static void
apply(world *it)
{
    Muster__V1__RecordsChanged *changed = people_changed(&made);
    it->seq++;
    assert_int_equal(directory_apply(it->directory, it->seq, it->seq, changed), MST_OK);
    lookups_apply(it->lookups, changed);
}

static world
open_world(void)
{
    world it = {.arena = mst_arena_new(0)};
    assert_int_equal(directory_open(&it.directory, ""), MST_OK);
    it.lookups = lookups_new(it.directory);
    people_begin(&made, "person", "B1");
    people_add(&made, "p1", 1, "Ana L\xC3\xB3pez", "ana@x.org", "London");
    people_add(&made, "p2", 1, "Bob", "bob@x.org", "Paris");
    people_add(&made, "p3", 1, "Bob", "rob@x.org", "Paris");
    people_add(&made, "p4", 1, "", "", "");
    apply(&it);
    return it;
}

static void
close_world(world *it)
{
    lookups_destroy(&it->lookups);
    directory_close(&it->directory);
    mst_arena_destroy(&it->arena);
    mst_rows_builder_release(&made.rows);
}

static mst_slice
slice(const char *text)
{
    return (mst_slice){(const uint8_t *)text, strlen(text)};
}

/* Ids of what is found, "p2 p3", and behind a "+" how many more there are. */
static const char *
find_as_of(world *it, uint64_t as_of, const char *const *fields, const char *const *values, size_t count, size_t max)
{
    mst_slice slices[4];
    for (size_t i = 0; i < count; i++)
        slices[i] = slice(values[i]);
    directory_record *records;
    size_t given, found;
    assert_int_equal(lookups_find_as_of(it->lookups, as_of, people_kind(), (char *const *)(uintptr_t)fields, count,
                                        slices, max, it->arena, &records, &given, &found),
                     MST_OK);
    const char *text = "";
    for (size_t i = 0; i < given; i++)
        text = mst_arena_printf(it->arena, "%s%s%.*s", text, i == 0 ? "" : " ", (int)records[i].id_size, records[i].id);
    return found > given ? mst_arena_printf(it->arena, "%s +%zu", text, found - given) : text;
}

static const char *
find(world *it, const char *field, const char *value)
{
    return find_as_of(it, LOOKUPS_NOW, &field, &value, 1, 10);
}

static void
values_are_the_same_without_case_accents_and_blanks_around_them(void **state)
{
    (void)state;
    const char *const same[][2] = {{"Ana L\xC3\xB3pez", "  ana lopez\t"},
                                   {"L\xC3\xB3pez", "LO\xCC\x81PEZ"},
                                   {"\xC2\xA0"
                                    "Stra\xC3\x9F"
                                    "e",
                                    "STRASSE\xE2\x80\x83"},
                                   {"\xD0\x98\xD0\x92\xD0\x90\xD0\x9D", "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD"},
                                   {"", " \n"}};
    const char *const different[][2] = {{"O'Brien", "OBrien"}, {"a b", "a  b"}, {"1", "01"}, {"l", "1"}};
    mst_arena *arena = mst_arena_new(0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(export_same(export_fold(arena, slice(same[i][0])), export_fold(arena, slice(same[i][1]))));
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_false(
            export_same(export_fold(arena, slice(different[i][0])), export_fold(arena, slice(different[i][1]))));
    assert_int_equal(export_fold(arena, slice("\xFFQ\xC3")).size, 3); // not UTF-8: stays
    mst_arena_destroy(&arena);
}

static void
records_are_found_by_any_field_and_by_several(void **state)
{
    (void)state;
    world it = open_world();
    assert_string_equal(find(&it, "mail", "BOB@X.ORG"), "p2");
    assert_string_equal(find(&it, "name", "ana lopez"), "p1");
    assert_string_equal(find(&it, "name", "bob"), "p2 p3");
    assert_string_equal(find(&it, "name", "nobody"), "");
    assert_string_equal(find(&it, "id", "p3"), "p3");
    assert_string_equal(find(&it, "id", "P3 "), "p3");
    assert_string_equal(find(&it, "shoe size", "44"), "");
    const char *fields[] = {"name", "mail"}, *bob[] = {"Bob", "rob@x.org"}, *mixed[] = {"Ana", "rob@x.org"};
    assert_string_equal(find_as_of(&it, LOOKUPS_NOW, fields, bob, 2, 10), "p3");
    assert_string_equal(find_as_of(&it, LOOKUPS_NOW, fields, mixed, 2, 10), "");
    const char *name = "name", *two = "Bob";
    assert_string_equal(find_as_of(&it, LOOKUPS_NOW, &name, &two, 1, 1), "p2 +1");
    close_world(&it);
}

static void
blank_values_name_no_record(void **state)
{
    (void)state;
    world it = open_world();
    assert_string_equal(find(&it, "name", ""), "");
    assert_string_equal(find(&it, "name", "  "), "");
    const char *fields[] = {"name", "city"}, *blank[] = {"", " "};
    assert_string_equal(find_as_of(&it, LOOKUPS_NOW, fields, blank, 2, 10), "");
    close_world(&it);
}

static void
changes_after_the_first_question_are_seen(void **state)
{
    (void)state;
    world it = open_world();
    assert_string_equal(find(&it, "city", "Paris"), "p2 p3");
    people_begin(&made, "person", "B2");
    people_add(&made, "p2", 2, "Bob", "bob@x.org", "Oslo");
    people_delete(&made, "p3", 2);
    people_add(&made, "p5", 1, "Eve", "", "Paris");
    apply(&it);
    assert_string_equal(find(&it, "city", "Paris"), "p5");
    assert_string_equal(find(&it, "city", "Oslo"), "p2");
    people_begin(&made, "person", "B3");
    people_restore(&made, "p3", 3, "Bob");
    people_add(&made, "p2", 3, "Bob", "bob@x.org", "Paris");
    apply(&it);
    assert_string_equal(find(&it, "city", "Paris"), "p2 p5");
    assert_string_equal(find(&it, "name", "Bob"), "p2 p3");
    close_world(&it);
}

static void
the_directory_can_be_asked_as_it_was(void **state)
{
    (void)state;
    for (int asked_before = 0; asked_before < 2; asked_before++) {
        world it = open_world();
        if (asked_before)
            assert_string_equal(find(&it, "city", "Paris"), "p2 p3");
        people_begin(&made, "person", "B2");
        people_add(&made, "p2", 2, "Bob", "bob@x.org", "Oslo");
        people_delete(&made, "p3", 2);
        people_add(&made, "p5", 1, "Eve", "", "Paris");
        apply(&it);
        const char *city = "city", *paris = "Paris", *oslo = "Oslo", *id = "id", *p5 = "p5";
        assert_string_equal(find_as_of(&it, 1, &city, &paris, 1, 10), "p2 p3");
        assert_string_equal(find_as_of(&it, 1, &city, &oslo, 1, 10), "");
        assert_string_equal(find_as_of(&it, 1, &id, &p5, 1, 10), "");
        assert_string_equal(find_as_of(&it, 2, &city, &paris, 1, 10), "p5");
        assert_string_equal(find_as_of(&it, 0, &city, &paris, 1, 10), "");
        close_world(&it);
    }
}

static void
a_record_with_the_value_to_the_byte_comes_before_those_that_only_fold_to_it(void **state)
{
    (void)state;
    world it = open_world();
    people_begin(&made, "person", "B2");
    people_add(&made, "P1", 1, "BOB", "", "");
    apply(&it);
    assert_string_equal(find(&it, "name", "BOB"), "P1");
    assert_string_equal(find(&it, "name", "Bob"), "p2 p3");
    assert_string_equal(find(&it, "name", "bob"), "P1 p2 p3");
    assert_string_equal(find(&it, "id", "P1"), "P1");
    assert_string_equal(find(&it, "id", "p1"), "p1");
    close_world(&it);
}

static void
more_questions_than_indexes_are_answered_all_the_same(void **state)
{
    (void)state;
    world it = open_world();
    for (size_t i = 0; i < 3 * LOOKUPS_MAX; i++) {
        const char *fields[] = {"name", mst_arena_printf(it.arena, "field%zu", i % (LOOKUPS_MAX + 9))};
        const char *values[] = {"Bob", ""};
        assert_string_equal(find_as_of(&it, LOOKUPS_NOW, fields, values, 2, 10), "p2 p3");
    }
    lookups_forget(it.lookups, "person");
    assert_string_equal(find(&it, "name", "Bob"), "p2 p3");
    close_world(&it);
}

static void
what_surely_is_not_there_is_known_without_reading(void **state)
{
    (void)state;
    world it = open_world();
    char *fields[] = {(char *)(uintptr_t) "name"};
    bool may = false;
    mst_slice value = slice("bob ");
    assert_int_equal(lookups_may_find(it.lookups, people_kind(), fields, 1, &value, &may), MST_OK);
    assert_true(may);
    value = slice("bib");
    assert_int_equal(lookups_may_find(it.lookups, people_kind(), fields, 1, &value, &may), MST_OK);
    assert_false(may);
    close_world(&it);
}

static void
a_value_that_thousands_have_is_counted(void **state)
{
    (void)state;
    world it = open_world();
    people_begin(&made, "person", "B2");
    for (int i = 0; i < 4000; i++) {
        char id[16];
        snprintf(id, sizeof id, "q%04d", i);
        people_add(&made, id, 1, "Same", "", "");
    }
    apply(&it);
    const char *name = "name", *same = "same";
    assert_string_equal(find_as_of(&it, LOOKUPS_NOW, &name, &same, 1, 2), "q0000 q0001 +3998");
    close_world(&it);
}

static void
many_questions_at_once_have_the_answers_that_each_has_alone(void **state)
{
    (void)state;
    world it = open_world();
    people_begin(&made, "person", "B2");
    people_add(&made, "p2", 2, "Bobby", "bob@x.org", "Paris");
    for (uint32_t i = 0; i < 9; i++) // more than are looked at together
        people_add(&made, mst_arena_printf(it.arena, "s%u", i), 1, "Sam", "sam@x.org", "Rome");
    apply(&it);
    static const char *const NAMES[] = {"Bob", "ana lopez", "nobody", "", "Bobby", "Sam", "BOB", "bobby", "p2"};
    static const char *const FIELDS[] = {"name", "id"};
    enum { COUNT = sizeof NAMES / sizeof NAMES[0] };
    for (size_t field = 0; field < 2; field++)
        for (uint64_t as_of = 1; as_of <= 3; as_of++) {
            char *fields[] = {(char *)(uintptr_t)FIELDS[field]};
            lookups_question asked[COUNT];
            mst_slice values[COUNT];
            size_t answered = 0;
            for (size_t i = 0; i < COUNT; i++) {
                values[i] = (mst_slice){(const uint8_t *)NAMES[i], strlen(NAMES[i])};
                asked[i] = (lookups_question){.values = &values[i]};
            }
            assert_int_equal(lookups_find_many(it.lookups, as_of, people_kind(), fields, 1, asked, COUNT, it.arena),
                             MST_OK);
            for (size_t i = 0; i < COUNT; i++) {
                directory_record *records = NULL;
                size_t given = 0, found = 0;
                assert_int_equal(lookups_find_as_of(it.lookups, as_of, people_kind(), fields, 1, &values[i], 1,
                                                    it.arena, &records, &given, &found),
                                 MST_OK);
                answered += asked[i].answered;
                if (!asked[i].answered)
                    continue;
                assert_int_equal(asked[i].found, found);
                if (found == 1)
                    assert_memory_equal(asked[i].record.id, records[0].id, records[0].id_size);
            }
            assert_int_equal(answered, field == 0 ? COUNT - 1 : 0);
        }
    close_world(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_same_without_case_accents_and_blanks_around_them),
        cmocka_unit_test(records_are_found_by_any_field_and_by_several),
        cmocka_unit_test(blank_values_name_no_record),
        cmocka_unit_test(changes_after_the_first_question_are_seen),
        cmocka_unit_test(the_directory_can_be_asked_as_it_was),
        cmocka_unit_test(a_record_with_the_value_to_the_byte_comes_before_those_that_only_fold_to_it),
        cmocka_unit_test(more_questions_than_indexes_are_answered_all_the_same),
        cmocka_unit_test(what_surely_is_not_there_is_known_without_reading),
        cmocka_unit_test(a_value_that_thousands_have_is_counted),
        cmocka_unit_test(many_questions_at_once_have_the_answers_that_each_has_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
