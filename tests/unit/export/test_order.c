/* Putting byte strings in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/export/order.h"
#include "services/export/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char texts[3000][24];

static int
compare(const void *context, uint32_t left, uint32_t right)
{
    (void)context;
    int order = strcmp(texts[left], texts[right]);
    return order != 0 ? order : left < right ? -1 : left > right;
}

/* Against the library's order: few and many, alike in more than 8 bytes, repeated, empty. */
static void
strings_come_out_as_their_bytes_compare(void **state)
{
    (void)state;
    const char *const forms[] = {"B1-%u", "p%u", "%u", "the same long beginning %u", "%.0u"};
    for (unsigned seed = 1; seed <= 60; seed++) {
        srand(seed);
        size_t count = seed % 3 == 0 ? 3000 : seed % 40, shared = 0;
        order_item *items = calloc(count + 1, sizeof *items);
        for (uint32_t i = 0; i < count; i++) {
            snprintf(texts[i], sizeof texts[i], forms[seed % 5], (unsigned)rand() % (seed % 7 == 0 ? 9 : 1000000));
            size_t size = strlen(texts[i]);
            shared = order_shared(texts[0], texts[i], i == 0 || size < shared ? size : shared);
        }
        for (uint32_t i = 0; i < count; i++)
            items[i] = (order_item){order_of(texts[i], strlen(texts[i]), shared), i};
        order_sort(items, count, compare, NULL);
        for (size_t i = 1; i < count; i++)
            assert_true(compare(NULL, items[i - 1].index, items[i].index) < 0);
        free(items);
    }
}

static void
a_shorter_string_stands_before_a_longer_that_begins_with_it(void **state)
{
    (void)state;
    const mst_slice one = {(const uint8_t *)"ab", 2}, two = {(const uint8_t *)"abc", 3}, none = {NULL, 0};
    assert_true(store_compare(one, two) < 0);
    assert_true(store_compare(two, one) > 0);
    assert_true(store_compare(none, one) < 0);
    assert_int_equal(store_compare(none, none), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_come_out_as_their_bytes_compare),
        cmocka_unit_test(a_shorter_string_stands_before_a_longer_that_begins_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
