/* batchlog.h - what one service remembers of its batches.
 *
 * Truth is the broker's log; this is the service's own copy of the small events it follows, so that a restart takes
 * milliseconds instead of a replay. Events and the position they came from (applied_seq) are written in one batch, so
 * the copy is either before an event or after it, and may be deleted at any time. Nothing here is synced: what a power
 * cut takes is followed again.
 *
 * On disk (RocksDB): "e" batch id NUL seq -> head size, head, body: one batch is one short scan in order; "q" seq ->
 * batch id: all in order of the log; "v" stream -> version; "p" -> position; "s" -> snapshot. Numbers in keys are
 * big-endian. Ownership: the log copies what it is given. Thread: the loop that opened it. */
#ifndef MUSTER_BATCHLOG_H
#define MUSTER_BATCHLOG_H

#include "broker/lib/arena.h"
#include "broker/lib/hash.h"
#include "envelope.pb-c.h"

typedef struct mst_batchlog mst_batchlog;

/* Where in the broker's log the copy stands. */
typedef struct mst_position {
    uint8_t incarnation[16]; /* of the log it is a copy of; all zero: of none yet */
    uint64_t applied_seq;    /* everything that passes the filter up to here is in it */
    uint64_t seen_seq;       /* last event held, and its hash: a log that differs there lost history */
    uint8_t seen_hash[MST_HASH_SIZE];
} mst_position;

/* Opens or creates the log in `dir`. MST_BUSY: another process has it open. MST_CORRUPT, MST_IO: `why` says what. */
MST_NODISCARD mst_status mst_batchlog_open(mst_batchlog **log, const char *dir, char why[256]);
/* One in memory, for tests and the simulator. */
mst_batchlog *mst_batchlog_open_memory(void);
/* Closes *log and sets it to NULL; NULL is fine. What was added and not flushed is gone. */
void mst_batchlog_close(mst_batchlog **log);

const mst_position *mst_batchlog_position(const mst_batchlog *log);
/* Forgets everything and becomes a copy of another log. */
MST_NODISCARD mst_status mst_batchlog_clear(mst_batchlog *log, const uint8_t incarnation[16]);

/* Adds an event that came true to the next write. One at or below applied_seq is skipped: applying twice is how we
 * recover, so it must cost nothing. body.data NULL: only the head is kept. */
void mst_batchlog_add(mst_batchlog *log, const Muster__V1__Envelope *head, mst_slice body);
/* Bytes added since the last flush. */
size_t mst_batchlog_pending(const mst_batchlog *log);
/* Writes what was added together with the new applied_seq, all or none. */
MST_NODISCARD mst_status mst_batchlog_flush(mst_batchlog *log, uint64_t applied_seq);

/* Version of the last event of `stream` that is held or added; 0 none. */
uint64_t mst_batchlog_version(mst_batchlog *log, const char *stream);

/* Calls `each` for every event after `after_seq`, in order of seq. `head` is borrowed for the call; body.data NULL for
 * events kept as heads. */
typedef void mst_batchlog_each(void *context, const Muster__V1__Envelope *head, mst_slice body);
MST_NODISCARD mst_status mst_batchlog_replay(mst_batchlog *log, uint64_t after_seq, mst_batchlog_each *each,
                                             void *context);

/* The core's state after all events up to `seq`; replaces the one before. */
MST_NODISCARD mst_status mst_batchlog_snapshot_put(mst_batchlog *log, uint64_t seq, mst_slice state);
/* MST_NOT_FOUND: there is none. The state lives in `arena`. */
MST_NODISCARD mst_status mst_batchlog_snapshot_get(mst_batchlog *log, mst_arena *arena, uint64_t *seq,
                                                   mst_slice *state);

/* Memory only: takes back the newest `writes` flushes and what was not flushed, as a power cut would. Returns how many
 * there were to take. */
uint32_t mst_batchlog_memory_crash(mst_batchlog *log, uint32_t writes);

/* Prints "<store> <sha-256 of key> <sha-256 of value>" in order of the keys for every RocksDB store below `dir`, the
 * batch log and the core's own: what a store that was deleted and rebuilt must equal. The snapshot is left out, it
 * may stand anywhere. */
MST_NODISCARD mst_status mst_batchlog_dump(const char *dir, char why[256]);

#endif
