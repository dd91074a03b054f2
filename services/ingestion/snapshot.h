/* snapshot.h - what ingestion knows, as bytes and back: batches and template sources (see proto/snapshots.proto).
 *
 * Files are not in it: a batch names its blob by hash, and a partial upload is what lies in the blob store.
 * Thread: one. */
#ifndef MUSTER_INGESTION_SNAPSHOT_H
#define MUSTER_INGESTION_SNAPSHOT_H

#include "batches.h"
#include "templates.h"

/* {NULL, 0}: too large. The same state is the same bytes. */
mst_slice snapshot_save(const mst_catalog *catalog, const templates *sources, const batches *known, mst_arena *arena);
/* Into empty ones. MST_INVALID: not a snapshot of this version; what was filled in is to be thrown away. */
MST_NODISCARD mst_status snapshot_load(mst_catalog *catalog, templates *sources, batches *known, mst_slice snapshot);

#endif
