/* batchlog.c - see batchlog.h. What both kinds share: positions, and what is skipped. */
#include "services/runtime/batchlog.h"
#include "services/runtime/batchlog_ops.h"
#include <string.h>

void
mst_batchlog_close(mst_batchlog **log)
{
    if (*log)
        (*log)->ops->close(*log);
    *log = NULL;
}

const mst_position *
mst_batchlog_position(const mst_batchlog *log)
{
    return &log->position;
}

mst_status
mst_batchlog_clear(mst_batchlog *log, const uint8_t incarnation[16])
{
    log->next = (mst_position){.applied_seq = 0};
    memcpy(log->next.incarnation, incarnation, sizeof log->next.incarnation);
    log->pending = 0;
    mst_status rc = log->ops->clear(log);
    if (rc == MST_OK)
        log->position = log->next;
    return rc;
}

void
mst_batchlog_add(mst_batchlog *log, const Muster__V1__Envelope *head, mst_slice body)
{
    if (head->seq <= log->position.applied_seq || head->seq <= log->next.seen_seq)
        return;
    log->ops->add(log, head, body);
    log->pending += head->body_size + 256;
    log->next.seen_seq = head->seq;
    if (head->hash.len == MST_HASH_SIZE)
        memcpy(log->next.seen_hash, head->hash.data, MST_HASH_SIZE);
}

size_t
mst_batchlog_pending(const mst_batchlog *log)
{
    return log->pending;
}

mst_status
mst_batchlog_flush(mst_batchlog *log, uint64_t applied_seq)
{
    if (applied_seq > log->next.applied_seq)
        log->next.applied_seq = applied_seq;
    if (log->pending == 0 && log->next.applied_seq == log->position.applied_seq)
        return MST_OK;
    mst_status rc = log->ops->flush(log);
    if (rc == MST_OK) {
        log->position = log->next;
        log->pending = 0;
    }
    return rc;
}

uint64_t
mst_batchlog_version(mst_batchlog *log, const char *stream)
{
    return log->ops->version(log, stream);
}

mst_status
mst_batchlog_replay(mst_batchlog *log, uint64_t after_seq, mst_batchlog_each *each, void *context)
{
    return log->ops->replay(log, after_seq, each, context);
}

mst_status
mst_batchlog_snapshot_put(mst_batchlog *log, uint64_t seq, mst_slice state)
{
    return log->ops->snapshot_put(log, seq, state);
}

mst_status
mst_batchlog_snapshot_get(mst_batchlog *log, mst_arena *arena, uint64_t *seq, mst_slice *state)
{
    return log->ops->snapshot_get(log, arena, seq, state);
}
