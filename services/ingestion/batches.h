/* batches.h - what ingestion knows of batches: a fold over the events of all services.
 *
 * A batch is its BatchView and the few numbers that the view is made of. Applying an event again changes nothing:
 * what was seen is skipped by its seq. A cancelled or failed batch keeps the state it had; what still arrives from
 * services that had not heard of it only counts.
 * Ownership: the table owns all it lends. Thread: one. */
#ifndef MUSTER_INGESTION_BATCHES_H
#define MUSTER_INGESTION_BATCHES_H

#include "ingestion.pb-c.h"
#include "services/runtime/service.h"

#define BATCH_WARNINGS_MAX 24u    /* warnings kept of a batch; the last one says how many more there were */
#define BATCH_RULES_MAX 100u      /* rules named that changed rows of a batch */
#define BATCH_TEXT_SIZE_MAX 4000u /* bytes of a reason or warning */

typedef struct batch {
    Muster__V1__BatchView view; /* its texts belong to the table; upload_offset is not known here */
    bool cancelled, failed;
    bool export_started;         /* records are being written: no way back by cancelling */
    bool awaits_nobody;          /* a dry run asks nobody */
    uint32_t questions_expected; /* said by MatchingFinished and RecheckFinished */
    uint32_t questions_opened;   /* said by DiscrepanciesOpened */
    uint32_t questions_resolved;
    uint32_t recheck;       /* whose questions `resolved` is about */
    uint8_t *resolved;      /* a bit per row decided, in this re-check */
    uint32_t resolved_rows; /* rows that `resolved` has room for */
} batch;

typedef struct batches {
    batch **list; /* list[n] is B<n+1> */
    size_t count, room;
    uint64_t applied_seq;
} batches;

void batches_apply(batches *self, const mst_event *event);
/* NULL: no such batch. */
batch *batches_find(const batches *self, const char *batch_id);
/* Ids of batches before `than` whose file has this hash, newest first, at most `max`; allocated in `arena`. */
size_t batches_with_file(const batches *self, const char *than, const uint8_t *sha256, mst_arena *arena, char **ids,
                         size_t max);
void batches_release(batches *self);

#endif
