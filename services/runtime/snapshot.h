/* snapshot.h - the state of a service as bytes, and back: what mst_core.save and load share.
 *
 * A snapshot is the SHA-256 of a packed message, then the message (proto/snapshots.proto). The hash is there because
 * a message cut at a field's end is a message still: what was damaged or cut must never pass for a state.
 * Thread: no state, any thread. */
#ifndef MUSTER_SNAPSHOT_H
#define MUSTER_SNAPSHOT_H

#include "broker/lib/arena.h"

/* Bytes in one snapshot. It is one value of the batch log and is held in memory about four times while it is written
 * (packed, copied for the store, write-ahead log, memtable). Of a larger state no snapshot is made: an older one
 * stays, and a restart folds what came after it. Of ingestion a batch takes some hundred bytes, and a bit per row where
 * rows were decided (125 kB for a million rows). */
#define MST_SNAPSHOT_SIZE_MAX (32u << 20)

/* {NULL, 0}: larger than MST_SNAPSHOT_SIZE_MAX. Allocated in `arena`. */
mst_slice mst_snapshot_seal(mst_arena *arena, const ProtobufCMessage *message);
/* The message, allocated by `allocator` (NULL: malloc). NULL: not whole, not of this kind, or it says more than is
 * known here. */
ProtobufCMessage *mst_snapshot_open(const ProtobufCMessageDescriptor *descriptor, mst_slice snapshot,
                                    ProtobufCAllocator *allocator);

#endif
