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

/* "2020-01-01/2020-06-30 2022-01-01/" */
static const char *
find(directory *of, lookups *among, uint64_t as_of, const char *who, mst_arena *arena)
{
    span *spans = NULL;
    size_t count = 0;
    mst_slice key = {(const uint8_t *)who, strlen(who)};
    assert_int_equal(periods_find(among, of, as_of, stays(), &key, arena, &spans, &count), MST_OK);
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        char begin[SPAN_DATE_SIZE], end[SPAN_DATE_SIZE];
        span_date_text(spans[i].begin, begin);
        span_date_text(spans[i].end, end);
        text = mst_arena_printf(arena, "%s%s%s/%s", text, i == 0 ? "" : " ", begin, end);
    }
    return text;
}

static void
all_records_of_a_key_are_found_open_and_closed(void **state)
{
    (void)state;
    directory *it = NULL;
    mst_arena *arena = mst_arena_new(0);
    assert_int_equal(directory_open(&it, ""), MST_OK);
    lookups *among = lookups_new(it);
    people_begin(&made, "person", "B1");
    people_add(&made, "s1", 1, "p1", "2020-01-01", "2020-06-30");
    people_add(&made, "s4", 1, "p1", "2022-01-01", "");
    people_add(&made, "s5", 1, "p2", "2022-01-01", "");
    people_add(&made, "s6", 1, "P3", "2022-01-01", "");
    assert_int_equal(directory_apply(it, 1, 1, people_changed(&made)), MST_OK);
    assert_string_equal(find(it, among, LOOKUPS_NOW, "p1", arena), "2020-01-01/2020-06-30 2022-01-01/");
    assert_string_equal(find(it, among, LOOKUPS_NOW, "p2", arena), "2022-01-01/");
    assert_string_equal(find(it, among, LOOKUPS_NOW, "p9", arena), "");
    assert_string_equal(find(it, among, LOOKUPS_NOW, "p3", arena), ""); // "P3" is somebody else

    people_begin(&made, "person", "B2");
    people_add(&made, "s4", 2, "p1", "2022-01-01", "2022-03-31");
    assert_int_equal(directory_apply(it, 2, 1, people_changed(&made)), MST_OK);
    lookups_apply(among, people_changed(&made));
    assert_string_equal(find(it, among, LOOKUPS_NOW, "p1", arena), "2020-01-01/2020-06-30 2022-01-01/2022-03-31");
    assert_string_equal(find(it, among, 1, "p1", arena), "2020-01-01/2020-06-30 2022-01-01/");
    lookups_destroy(&among);
    directory_close(&it);
    mst_arena_destroy(&arena);
    mst_rows_builder_release(&made.rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_records_of_a_key_are_found_open_and_closed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
