/* batchlog_ops.h - what a kind of batch log (RocksDB, memory) has to do; only batchlog*.c include it. */
#ifndef MUSTER_BATCHLOG_OPS_H
#define MUSTER_BATCHLOG_OPS_H

#include "services/runtime/batchlog.h"

typedef struct mst_batchlog_ops {
    void (*close)(mst_batchlog *log);
    mst_status (*clear)(mst_batchlog *log);
    void (*add)(mst_batchlog *log, const Muster__V1__Envelope *head, mst_slice body);
    mst_status (*flush)(mst_batchlog *log);
    uint64_t (*version)(mst_batchlog *log, const char *stream);
    mst_status (*replay)(mst_batchlog *log, uint64_t after_seq, mst_batchlog_each *each, void *context);
    mst_status (*snapshot_put)(mst_batchlog *log, uint64_t seq, mst_slice state);
    mst_status (*snapshot_get)(mst_batchlog *log, mst_arena *arena, uint64_t *seq, mst_slice *state);
} mst_batchlog_ops;

/* First member of each kind. */
struct mst_batchlog {
    const mst_batchlog_ops *ops;
    mst_position position; /* as of the last flush */
    mst_position next;     /* with what was added since */
    size_t pending;        /* bytes */
};

#endif
