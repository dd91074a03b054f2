/* state.h - what parsing remembers of batches. A fold; applying an event again changes nothing.
 *
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_STATE_H
#define MUSTER_PARSING_STATE_H

#include "parsing.pb-c.h"
#include "services/runtime/catalog.h"

typedef struct parsed_batch {
    Muster__V1__BatchCreated *created; /* NULL: its creation was never seen */
    bool ended;                        /* cancelled or failed: goes no further */
    bool finished;                     /* read to the end */
    bool accepted;
    uint32_t generation, rows, chunks, wrong_rows;
} parsed_batch;

typedef struct parsing_state {
    mst_catalog *catalog;
    parsed_batch *batches; /* [n] is B<n+1> */
    size_t batches_count;
    char *spool_dir; /* for what is set aside while it is read; NULL: memory. Not part of what is remembered */
    uint64_t applied_seq;
} parsing_state;

parsing_state *state_new(void);
void state_destroy(parsing_state *self);
void state_apply(parsing_state *self, const mst_event *event);
/* NULL: no such batch. */
const parsed_batch *state_find(const parsing_state *self, const char *batch_id);
/* snapshot.c. {NULL, 0}: too large. The same state is the same bytes. */
mst_slice state_save(const parsing_state *self, mst_arena *arena);
/* Into a new state. MST_INVALID: not a snapshot of this version; nothing was filled in. */
MST_NODISCARD mst_status state_load(parsing_state *self, mst_slice snapshot);

#endif
