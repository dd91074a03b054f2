/* memstore.h - a log in memory, for unit tests and the simulator.
 *
 * It knows what is durable and what is not: with sync on, an append is durable when it returns; with sync off it is
 * only remembered, and a crash forgets it. `mst_memstore_cut` makes the next append end the way a power cut does,
 * before or after the turn reached the disk; the broker has to be thrown away then and opened again on the same store.
 */
#ifndef MUSTER_MEMSTORE_H
#define MUSTER_MEMSTORE_H

#include "store.h"

typedef enum mst_cut { MST_CUT_NONE, MST_CUT_BEFORE, MST_CUT_AFTER } mst_cut;

mst_store *mst_memstore_new(void);
/* On at first. Off: appends stay volatile until the next append with sync on. */
void mst_memstore_set_sync(mst_store *store, bool sync);
/* The next append returns MST_IO, without (BEFORE) or with (AFTER) the turn being durable. */
void mst_memstore_cut(mst_store *store, mst_cut cut);
/* Forgets everything that is not durable. */
void mst_memstore_crash(mst_store *store);
/* Appends that reached durability, for tests that count syncs. */
uint64_t mst_memstore_syncs(const mst_store *store);

#endif
