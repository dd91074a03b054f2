/* store.h - the seam between the broker and what keeps its log.
 *
 * As narrow as "append this turn if the log ends at T" and a few reads. Two engines stand behind it: eventlog.c
 * (RocksDB, on disk) and memstore.c (memory, for tests and the simulator); a replicated engine can be a third.
 *
 * A turn is everything one turn of the broker's loop made true: events with their heads and bodies, and facts, small
 * named values (answers of commits, acknowledged inputs, groups, producers). All of it becomes durable, or nothing.
 * After an append that did not return MST_OK nobody knows whether the turn is there: the process has to stop.
 *
 * Ownership: the engine copies what it is given; what it gives lives in the caller's arena, or during the visit.
 * Thread: one, the one that opened it. */
#ifndef MUSTER_STORE_H
#define MUSTER_STORE_H

#include "body.h"
#include <stdbool.h>

typedef struct mst_store_event {
    uint64_t seq;
    mst_slice head; /* Envelope, packed, complete with hash */
    mst_slice body;
    const char *stream;
    uint64_t version; /* within the stream */
} mst_store_event;

typedef struct mst_store_fact {
    mst_slice key;
    mst_slice value;
    bool erase;
} mst_store_fact;

typedef struct mst_turn {
    uint64_t tail; /* the log must end here; the events continue it without a gap */
    const mst_store_event *events;
    size_t events_count;
    const mst_store_fact *facts;
    size_t facts_count;
} mst_turn;

/* Return false to stop. Slices are borrowed for the visit. */
typedef bool (*mst_head_visit)(void *context, uint64_t seq, mst_slice head);
typedef bool (*mst_version_visit)(void *context, uint64_t version, uint64_t seq);
typedef bool (*mst_fact_visit)(void *context, mst_slice key, mst_slice value);

typedef struct mst_store mst_store;
struct mst_store {
    /* MST_STALE: the log does not end at turn->tail. Anything else but MST_OK: stop the process. */
    mst_status (*append)(mst_store *store, const mst_turn *turn);
    uint64_t (*tail)(mst_store *store);
    /* MST_NOT_FOUND beyond the tail. */
    mst_status (*head)(mst_store *store, uint64_t seq, mst_arena *arena, mst_slice *head);
    mst_status (*heads)(mst_store *store, uint64_t from, uint64_t to, mst_head_visit visit, void *context);
    /* The caller owns the reference. */
    mst_status (*body)(mst_store *store, uint64_t seq, mst_body **body);
    /* Version of the last event of a stream; 0 for none. */
    mst_status (*stream_last)(mst_store *store, const char *stream, uint64_t *version);
    /* In order of version, beginning with `from`. */
    mst_status (*stream)(mst_store *store, const char *stream, uint64_t from, mst_version_visit visit, void *context);
    mst_status (*fact)(mst_store *store, mst_slice key, mst_arena *arena, mst_slice *value);
    /* All facts whose key begins with `prefix`, in order of key. */
    mst_status (*facts)(mst_store *store, mst_slice prefix, mst_fact_visit visit, void *context);
    void (*close)(mst_store *store);
};

/* Closes *store and sets it to NULL; NULL is fine. */
static inline void
mst_store_close(mst_store **store)
{
    if (*store != NULL)
        (*store)->close(*store);
    *store = NULL;
}

#endif
