/* segments.h - where large bodies live: files that are written once, from front to end.
 *
 * RocksDB would write a body three times (its log, its memory, its tables) and check each in software; here it is
 * written once, straight from the message it came in. The log only remembers the place. The order makes that safe: the
 * bodies of a turn are synced before the turn is written, so a place in the log always holds its body; what was written
 * and never came into the log is written over. Every read is checked against the place's checksum.
 *
 * Segments are files <number>.seg of 64 MiB, numbered from 1. Thread: one. */
#ifndef MUSTER_SEGMENTS_H
#define MUSTER_SEGMENTS_H

#include "body.h"
#include <stdbool.h>

#define MST_SEGMENT_SIZE (64u << 20) /* bytes */
#define MST_PLACE_SIZE 24u           /* bytes of a packed place */

typedef struct mst_place {
    uint64_t segment;
    uint32_t offset, size; /* bytes */
    uint64_t check;
} mst_place;

typedef struct mst_segments mst_segments;

/* `segment` and `end`: where the log says the last body ends; 0, 0 for an empty log. */
MST_NODISCARD mst_status mst_segments_open(mst_segments **segments, const char *dir, bool read_only, uint64_t segment,
                                           uint32_t end);
/* Cuts what was reserved and not used, and closes. */
void mst_segments_close(mst_segments **segments);
/* Writes bodies (at most 1 MiB each) and says where they stand. Not durable before sync. MST_IO: stop the process. */
MST_NODISCARD mst_status mst_segments_put(mst_segments *segments, const mst_slice *bodies, size_t count,
                                          mst_place *places);
MST_NODISCARD mst_status mst_segments_sync(mst_segments *segments);
/* MST_CORRUPT: what stands there is not what was written. */
MST_NODISCARD mst_status mst_segments_get(mst_segments *segments, const mst_place *place, mst_body **body);
void mst_segments_end(const mst_segments *segments, uint64_t *segment, uint32_t *end);
uint64_t mst_segments_bytes(const mst_segments *segments);

void mst_place_pack(const mst_place *place, uint8_t packed[MST_PLACE_SIZE]);
void mst_place_unpack(const uint8_t packed[MST_PLACE_SIZE], mst_place *place);

#endif
