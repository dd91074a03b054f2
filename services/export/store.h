/* store.h - an ordered map of bytes, as little of one as the directory needs; in RocksDB or in memory.
 *
 * Promise: a write is all or nothing and seen by every cursor opened after it. What is durable: a bulk write when it
 * returns; a small write survives the death of the process at once, the loss of power only up to some earlier write
 * (a prefix: never a later write without an earlier one). A projection needs no more: it is folded again from its
 * own position. Damaged bytes are reported as MST_CORRUPT, never served, and
 * a store that met some does not open again: it is to be deleted and folded anew.
 * Ownership: entries are copied; what a cursor shows is borrowed until it moves. Thread: one. */
#ifndef MUSTER_EXPORT_STORE_H
#define MUSTER_EXPORT_STORE_H

#include "broker/lib/arena.h"
#include <stdbool.h>

typedef struct store store;
typedef struct store_cursor store_cursor;

typedef struct store_entry {
    mst_slice key;
    mst_slice value;
} store_entry;

/* One way of keeping such a map. */
typedef struct store_ops {
    mst_status (*write)(store *self, const store_entry *entries, size_t count);
    store_cursor *(*cursor_open)(store *self, bool scan);
    void (*cursor_close)(store_cursor *cursor);
    void (*seek)(store_cursor *cursor, mst_slice key);
    void (*next)(store_cursor *cursor);
    bool (*valid)(const store_cursor *cursor);
    mst_slice (*key)(const store_cursor *cursor);
    mst_slice (*value)(const store_cursor *cursor);
    mst_status (*status)(const store_cursor *cursor);
    void (*close)(store *self);
} store_ops;

/* What every store begins with; a cursor is its store's own. */
struct store {
    const store_ops *ops;
};

/* Entries of a write above this many go into a file of their own that is handed to the store as it is (sorted files
 * cost an eighth of puts); fewer are put one by one. */
#define STORE_BULK_MIN 4096u

/* Opens or creates the store in `dir`. MST_BUSY: another process has it; MST_CORRUPT: damaged, delete it. */
MST_NODISCARD mst_status store_rocksdb_open(store **opened, const char *dir);
/* Deletes the store in `dir`, which must not be open. */
MST_NODISCARD mst_status store_rocksdb_delete(const char *dir);
/* A store that lives as long as it is open. */
store *store_memory_open(void);

/* `entries` stand in order of key, each key once; a key that exists is replaced. */
MST_NODISCARD static inline mst_status
store_write(store *self, const store_entry *entries, size_t count)
{
    return self->ops->write(self, entries, count);
}

/* A view of the map as it is now. `scan`: most of it will be read in order. Without, each seek is for one record: the
 * cursor ends behind the keys that have the same name (all but the last 5 bytes) as the one sought. After the loop ask
 * for the status: a cursor that met damage looks as if it were at the end. */
static inline store_cursor *
store_cursor_open(store *self, bool scan)
{
    return self->ops->cursor_open(self, scan);
}

/* Closes *opened and sets it to NULL; NULL is fine. */
static inline void
store_close(store **opened)
{
    if (*opened != NULL)
        (*opened)->ops->close(*opened);
    *opened = NULL;
}

/* Order of keys: bytes, the shorter first. */
int store_compare(mst_slice left, mst_slice right);

#endif
