/* verify.h - is the log whole? Seqs without a gap, every hash right, every stream's versions without a gap. */
#ifndef MUSTER_VERIFY_H
#define MUSTER_VERIFY_H

#include "store.h"

typedef struct mst_verify_result {
    uint64_t first_seq, last_seq; /* what was looked at */
    uint64_t events, body_bytes, head_bytes;
    uint64_t damaged_from, damaged_to; /* 0: whole; else the range that cannot be trusted */
    char why[256];
    uint8_t hash[32]; /* of last_seq, if whole */
} mst_verify_result;

/* From `from` to the end; `hash` is the one of from - 1 (not used for 1). MST_CORRUPT: see result. `streams`: check
 * versions too, needs from == 1. */
MST_NODISCARD mst_status mst_verify_log(mst_store *store, uint64_t from, const uint8_t hash[32], bool streams,
                                        mst_verify_result *result);

#endif
