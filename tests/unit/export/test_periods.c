/* Records that are open, and records that are closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/export/periods.h"
#include "tests/unit/export/people.h"

static people made;

/* Person's fields stand for: name who, mail begin, city end. */
static Muster__V1__Kind *
stays(void)
{
    static Muster__V1__Period rule;
    static char *key[] = {(char *)(uintptr_t) "name"};
    Muster__V1__Kind *kind = people_kind();
    muster__v1__period__init(&rule);
    rule.key = key;
    rule.n_key = 1;
    rule.begin = (char *)(uintptr_t) "mail";
    rule.end = (char *)(uintptr_t) "city";
    kind->period = &rule;
    return kind;
}

static periods
find(directory *of, lookups *among, uint64_t as_of, const char *who, mst_arena *arena)
{
    periods found;
    mst_slice key = {(const uint8_t *)who, strlen(who)};
    assert_int_equal(periods_find(among, of, as_of, stays(), &key, arena, &found), MST_OK);
    return found;
}

static void
the_open_ones_and_the_one_closed_last_are_found(void **state)
{
    (void)state;
    directory *it = NULL;
    mst_arena *arena = mst_arena_new(0);
    assert_int_equal(directory_open(&it, ""), MST_OK);
    lookups *among = lookups_new(it);
    people_begin(&made, "person", "B1");
    people_add(&made, "s1", 1, "p1", "2020-01-01", "2020-06-30");
    people_add(&made, "s2", 1, "p1", "2021-01-01", "2021-06-30");
    people_add(&made, "s3", 1, "p1", "2019-01-01", "2019-06-30");
    people_add(&made, "s4", 1, "p1", "2022-01-01", "");
    people_add(&made, "s5", 1, "p2", "2022-01-01", "");
    people_add(&made, "s6", 1, "P3", "2022-01-01", "");
    assert_int_equal(directory_apply(it, 1, 1, people_changed(&made)), MST_OK);
    periods found = find(it, among, LOOKUPS_NOW, "p1", arena);
    assert_int_equal(found.open_count, 1);
    assert_memory_equal(found.open[0].record.id, "s4", 2);
    assert_memory_equal(found.open[0].begin.data, "2022-01-01", 10);
    assert_memory_equal(found.closed->record.id, "s2", 2);
    assert_null(find(it, among, LOOKUPS_NOW, "p2", arena).closed);
    assert_int_equal(find(it, among, LOOKUPS_NOW, "p9", arena).open_count, 0);
    assert_int_equal(find(it, among, LOOKUPS_NOW, "p3", arena).open_count, 0); // "P3" is somebody else

    people_begin(&made, "person", "B2");
    people_add(&made, "s4", 2, "p1", "2022-01-01", "2022-03-31");
    assert_int_equal(directory_apply(it, 2, 1, people_changed(&made)), MST_OK);
    lookups_apply(among, people_changed(&made));
    found = find(it, among, LOOKUPS_NOW, "p1", arena);
    assert_int_equal(found.open_count, 0);
    assert_memory_equal(found.closed->end.data, "2022-03-31", 10);
    assert_int_equal(find(it, among, 1, "p1", arena).open_count, 1);
    lookups_destroy(&among);
    directory_close(&it);
    mst_arena_destroy(&arena);
    mst_rows_builder_release(&made.rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_open_ones_and_the_one_closed_last_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
