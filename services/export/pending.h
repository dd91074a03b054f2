/* pending.h - changes that were applied and wait to be written to the store, in one growing piece of memory.
 *
 * Ownership: everything is copied. Thread: one. */
#ifndef MUSTER_EXPORT_PENDING_H
#define MUSTER_EXPORT_PENDING_H

#include "proto/rows.h"
#include "services/export/directory.h"
#include "services/export/store.h"

typedef struct pending pending;

pending *pending_new(void);
void pending_destroy(pending **self);
/* Empties it; memory is kept. */
void pending_reset(pending *self);
/* Adds one version of a record; its values are the columns of `row` behind the first. */
void pending_add(pending *self, uint16_t kind, const directory_record *record, const Muster__V1__Rows *rows,
                 uint32_t row);
size_t pending_count(const pending *self);
size_t pending_size(const pending *self); /* bytes */
/* Writes at most pending_count entries in order of key, each key once (the one added last), borrowed until the next
 * add or reset. Returns how many. */
size_t pending_sorted(pending *self, store_entry *entries);

#endif
