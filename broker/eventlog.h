/* eventlog.h - the log on disk: RocksDB behind the seam of store.h.
 *
 * One keyspace: 'e' heads and 'b' bodies by seq (apart, so that looking at heads never drags bodies along), 's' the
 * seq of each version of a stream, 'f' facts, 'm' the log's own marks. A turn is one WriteBatch with one sync; the
 * bodies of a turn with much to write go into segments (segments.h), synced before it.
 *
 * Opening is a protocol, because a damaged log must be refused and a torn one repaired, and RocksDB alone cannot tell:
 * free space first; then the strictest recovery mode; if that refuses, two copies are opened in the tolerant modes and
 * compared; then the hash chain is checked from the last mark on, and the end of the log is compared with the
 * high-water file, which is the only witness against a write-ahead log that was deleted or cut between records.
 *
 * The first error of a write is the last thing this process does with the log: see store.h. Thread: one. */
#ifndef MUSTER_EVENTLOG_H
#define MUSTER_EVENTLOG_H

#include "store.h"

#define MST_EVENTLOG_WHY_SIZE 512

typedef struct mst_eventlog_options {
    const char *dir;  /* exists; holds log/, highwater, ballast */
    bool sync;        /* off: for tests and benches; a power cut then loses what was acknowledged */
    bool read_only;   /* for verify and stats; no protocol, nothing is written */
    uint64_t reserve; /* bytes of the ballast file; 0 none */
} mst_eventlog_options;

/* MST_BUSY: another process has it open. MST_FULL: too little space to open safely. MST_CORRUPT: synced data is
 * damaged or missing. `why` is a sentence for people. */
MST_NODISCARD mst_status mst_eventlog_open(mst_store **store, const mst_eventlog_options *options,
                                           char why[MST_EVENTLOG_WHY_SIZE]);
/* Notes how far the log is synced, at most every 100 ms; call it after appends. */
void mst_eventlog_note(mst_store *store, int64_t now_us, const uint8_t incarnation[16], uint64_t seq,
                       const uint8_t hash[32], bool at_once);
/* Bytes on disk, and how long syncs took lately. */
uint64_t mst_eventlog_bytes(mst_store *store);
void mst_eventlog_sync_us(mst_store *store, uint32_t *p50, uint32_t *p99);

#endif
