/* test_roster.c - batches found by the number in their id. */
#include "services/runtime/roster.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
an_id_is_b_and_a_number_as_ingestion_writes_it(void **state)
{
    (void)state;
    assert_int_equal(mst_batch_number("B1"), 1);
    assert_int_equal(mst_batch_number("B10000000"), MST_BATCHES_MAX);
    const char *const others[] = {"",    "B",    "B0",   "B01",       "b1",
                                  "B-1", "B 1",  "B+1",  "B1 ",       "B1x",
                                  "1",   "XB1",  "B0x1", "B10000001", "B18446744073709551617",
                                  "BB1", "B1.0", "B1B1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(mst_batch_number(others[i]), 0);
}

static size_t each_count;

static void
each(void *item)
{
    assert_non_null(item);
    each_count++;
}

static void
what_is_put_is_found_and_comes_in_order_of_creation(void **state)
{
    (void)state;
    mst_roster roster = {0};
    int items[] = {2, 40, 7};
    const char *const ids[] = {"B2", "B40", "B7"};
    assert_null(mst_roster_next(&roster, NULL));
    for (size_t i = 0; i < 3; i++) {
        assert_null(mst_roster_find(&roster, ids[i]));
        void **place = mst_roster_place(&roster, ids[i]);
        assert_non_null(place);
        assert_null(*place);
        *place = &items[i];
    }
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(mst_roster_find(&roster, ids[i]), &items[i]);
        assert_ptr_equal(*mst_roster_place(&roster, ids[i]), &items[i]);
    }
    assert_null(mst_roster_find(&roster, "B3"));
    assert_null(mst_roster_find(&roster, "B9000000"));
    assert_null(mst_roster_find(&roster, "hello"));
    assert_null(mst_roster_place(&roster, "hello"));
    assert_ptr_equal(mst_roster_next(&roster, NULL), &items[0]);
    assert_ptr_equal(mst_roster_next(&roster, "B2"), &items[2]);
    assert_ptr_equal(mst_roster_next(&roster, "B7"), &items[1]);
    assert_null(mst_roster_next(&roster, "B40"));
    mst_roster_reset(&roster, each);
    assert_int_equal(each_count, 3);
    assert_null(mst_roster_find(&roster, "B2"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_b_and_a_number_as_ingestion_writes_it),
        cmocka_unit_test(what_is_put_is_found_and_comes_in_order_of_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
