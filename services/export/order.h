/* order.h - putting many byte strings in order, fast: most differ in the 8 bytes behind what all of them share.
 *
 * The caller takes those 8 bytes out as one number (order_of) and sorts by it; strings with the same number are told
 * apart by its compare function. Thread: any. */
#ifndef MUSTER_EXPORT_ORDER_H
#define MUSTER_EXPORT_ORDER_H

#include "broker/lib/arena.h"

typedef struct order_item {
    uint64_t order;
    uint32_t index; /* the caller's */
} order_item;

/* The 8 bytes behind the first `shared`, zeros where there are none. */
uint64_t order_of(const void *string, size_t size, size_t shared);
/* Length of what `left` and `right` share, at most `shared`, which must not be more than either's size. */
size_t order_shared(const void *left, const void *right, size_t shared);
/* Sorts. `compare` orders two indices whose numbers are equal and never answers 0 for different ones. */
typedef int (*order_compare)(const void *context, uint32_t left, uint32_t right);
void order_sort(order_item *items, size_t count, order_compare compare, const void *context);

#endif
