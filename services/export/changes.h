/* changes.h - what a batch has changed so far in records of one kind, before the directory shows it.
 *
 * Later rows see what earlier ones did: a record is found here by its id or by its key (the fields that a period's key
 * names, compared to the byte). Ownership: everything is copied. Thread: one. */
#ifndef MUSTER_EXPORT_CHANGES_H
#define MUSTER_EXPORT_CHANGES_H

#include "broker/lib/arena.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct change {
    const char *id;
    size_t id_size;
    uint32_t version;
    const mst_slice *cells;                      /* a cell per field of the kind */
    bool made;                                   /* by this batch */
    struct change *next_same_id, *next_same_key; /* of one bucket */
    uint64_t id_hash, key_hash;
} change;

typedef struct changes {
    mst_arena *arena;
    size_t fields;
    const int *key; /* fields of the kind */
    size_t key_count;
    change **by_id, **by_key;
    size_t buckets, count;
} changes;

/* Empty. `arena` keeps everything: resetting it empties the changes too, and they begin again with this. */
void changes_begin(changes *self, mst_arena *arena, size_t fields, const int *key, size_t key_count);
/* NULL: not changed. */
const change *changes_find(const changes *self, const char *id, size_t id_size);
/* The changed records with the key of `cells`, one after the other; `after` NULL: the first. NULL: no more. */
const change *changes_with_key(const changes *self, const mst_slice *cells, const change *after);
/* Keeps the record as it is now. Its key never changes. */
void changes_keep(changes *self, const char *id, size_t id_size, uint32_t version, bool made, const mst_slice *cells);

#endif
