/* highwater.h - a small file beside the log that remembers how far the log was synced.
 *
 * It lags (it is written at most every 100 ms), so it proves loss and never completeness: a log that ends before it
 * has lost events which were acknowledged. Two slots in turns, each with a checksum, so that a torn write leaves the
 * other one. */
#ifndef MUSTER_HIGHWATER_H
#define MUSTER_HIGHWATER_H

#include "lib/hash.h"
#include "lib/status.h"
#include <stdint.h>

typedef struct mst_highwater {
    uint8_t incarnation[16];
    uint64_t seq;
    uint8_t hash[MST_HASH_SIZE];
} mst_highwater;

/* MST_NOT_FOUND: no file, or none of its slots is whole. */
MST_NODISCARD mst_status mst_highwater_read(const char *path, mst_highwater *mark);
/* Writes and syncs; `fd` is open for writing. `turn` alternates the slots. */
MST_NODISCARD mst_status mst_highwater_write(int fd, uint64_t turn, const mst_highwater *mark);

#endif
