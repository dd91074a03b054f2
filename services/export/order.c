/* order.c - see order.h. Radix sort by byte, lowest first; bytes that are the same everywhere are passed over. */
#include "services/export/order.h"

#include <stdlib.h>
#include <string.h>

#define RADIX_MIN 256u /* below, insertion or the library's sort is as good */

uint64_t
order_of(const void *string, size_t size, size_t shared)
{
    uint8_t window[8] = {0};
    size_t rest = size - shared;
    memcpy(window, (const uint8_t *)string + shared, rest < sizeof window ? rest : sizeof window);
    uint64_t number;
    memcpy(&number, window, sizeof number);
    return __builtin_bswap64(number);
}

size_t
order_shared(const void *left, const void *right, size_t shared)
{
    while (memcmp(left, right, shared) != 0) // shrinks rarely: most strings share their beginning
        shared--;
    return shared;
}

static int
compare_numbers(const void *left_item, const void *right_item)
{
    const order_item *left = left_item, *right = right_item;
    return left->order < right->order ? -1 : left->order > right->order;
}

static void
radix_sort(order_item *items, size_t count)
{
    order_item *other = mst_alloc(count * sizeof *other), *from = items, *to = other;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t places[256] = {0};
        for (size_t i = 0; i < count; i++)
            places[from[i].order >> shift & 0xff]++;
        if (places[from[0].order >> shift & 0xff] == count)
            continue;
        for (size_t digit = 0, next = 0; digit < 256; digit++) {
            size_t here = places[digit];
            places[digit] = next;
            next += here;
        }
        for (size_t i = 0; i < count; i++)
            to[places[from[i].order >> shift & 0xff]++] = from[i];
        order_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    free(other);
}

typedef struct tie {
    order_compare compare;
    const void *context;
} tie;

static int
compare_tied(const void *left_item, const void *right_item, void *context)
{
    const order_item *left = left_item, *right = right_item;
    const tie *by = context;
    return by->compare(by->context, left->index, right->index);
}

void
order_sort(order_item *items, size_t count, order_compare compare, const void *context)
{
    if (count < RADIX_MIN)
        qsort(items, count, sizeof *items, compare_numbers);
    else
        radix_sort(items, count);
    tie by = {compare, context};
    for (size_t first = 0; first < count;) {
        size_t end = first + 1;
        while (end < count && items[end].order == items[first].order)
            end++;
        if (end - first > 1)
            qsort_r(items + first, end - first, sizeof *items, compare_tied, &by);
        first = end;
    }
}
