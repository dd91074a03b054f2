/* roster.h - what a service remembers of each batch, found by the batch's id.
 *
 * Ids are "B" and a number that ingestion counts up, so the number is the place and the order is that of creation.
 * Ownership: the roster owns its table, the service what stands in it. A zeroed roster is an empty one. Thread: one. */
#ifndef MUSTER_ROSTER_H
#define MUSTER_ROSTER_H

#include <stddef.h>

#define MST_BATCHES_MAX 10000000u /* batches of one directory; an id above is nobody's */

/* The number of a batch, 1 .. MST_BATCHES_MAX. 0: not an id of a batch. */
size_t mst_batch_number(const char *batch_id);

typedef struct mst_roster {
    void **items; /* by number; NULL where nothing was put */
    size_t room;
} mst_roster;

/* NULL: nothing stands there, or it is not an id of a batch. */
void *mst_roster_find(const mst_roster *self, const char *batch_id);
/* Where this batch's item stands or is to be put; good until the next place is asked for. NULL: not an id of a batch.
 */
void **mst_roster_place(mst_roster *self, const char *batch_id);
/* The first item behind the batch `after_id` (NULL: of all). NULL: no more. */
void *mst_roster_next(const mst_roster *self, const char *after_id);
/* Frees the table, after `each` was called for every item in it, and is empty. */
void mst_roster_reset(mst_roster *self, void (*each)(void *item));

#endif
