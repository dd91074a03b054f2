/* table.h - a hash table from bytes to pointers.
 *
 * Keys are copied, values borrowed. Entries live on the heap, or in an arena that ends with them (then clear is
 * called after the arena's reset and only forgets). Walking is in no order; do not rely on it for anything visible.
 * Thread: one. */
#ifndef MUSTER_TABLE_H
#define MUSTER_TABLE_H

#include "lib/arena.h"
#include <stdbool.h>

typedef struct mst_table mst_table;

mst_table *mst_table_new(mst_arena *arena);
void mst_table_destroy(mst_table **table);
void *mst_table_get(const mst_table *table, const void *key, size_t size);
/* Where the value of `key` stands; a new key's is NULL. Valid until the next change. */
void **mst_table_at(mst_table *table, const void *key, size_t size);
/* The value that was there, or NULL. */
void *mst_table_remove(mst_table *table, const void *key, size_t size);
size_t mst_table_count(const mst_table *table);
void mst_table_clear(mst_table *table);
/* Next entry after *cursor (0 first); false at the end. Do not change the table while walking. */
bool mst_table_next(const mst_table *table, size_t *cursor, mst_slice *key, void **value);

#endif
