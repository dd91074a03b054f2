/* eventlog_core.h - what eventlog.c and startup.c share; nobody else includes it. */
#ifndef MUSTER_EVENTLOG_CORE_H
#define MUSTER_EVENTLOG_CORE_H

#include "chain.h"
#include "eventlog.h"
#include "highwater.h"
#include "segments.h"
#include <rocksdb/c.h>

#define SYNC_SAMPLES 1024u

typedef struct mst_eventlog {
    mst_store base;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_block_based_table_options_t *table_options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_writebatch_t *batch;
    mst_segments *segments;
    mst_arena *arena; /* of one append */
    uint64_t tail;
    uint64_t since_mark; /* bytes of events */
    bool sync, read_only;
    int highwater_fd;
    int64_t noted_us;
    uint64_t noted_seq, notes;
    uint32_t sync_us[SYNC_SAMPLES];
    uint64_t syncs;
} mst_eventlog;

rocksdb_options_t *mst_eventlog_engine_options(mst_eventlog *self, int recovery_mode);
void mst_eventlog_put_mark(mst_eventlog *self, uint64_t seq, mst_slice head);
mst_status mst_eventlog_write_batch(mst_eventlog *self);
/* Last mark of the chain; seq 0 for none. */
mst_status mst_eventlog_mark(mst_eventlog *self, uint64_t *seq, uint8_t hash[MST_HASH_SIZE]);

/* startup.c: steps 2 to 4 of the protocol set self->db; step 5 checks what was opened. */
mst_status mst_startup_open(mst_eventlog *self, const mst_eventlog_options *options, char why[MST_EVENTLOG_WHY_SIZE]);
mst_status mst_startup_check(mst_eventlog *self, const mst_eventlog_options *options, char why[MST_EVENTLOG_WHY_SIZE]);

#endif
