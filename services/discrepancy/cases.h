/* cases.h - what discrepancy remembers: of each batch the questions put to people and what they answered.
 *
 * A fold over events. The questions' texts and evidence stay in the log (they are large); a case knows which event of
 * the batch's own stream holds them, and by itself all that a decision needs: thousands are taken in one go, and none
 * of them reads the log. Ownership: events are copied; a batch is lent until the state ends, a case until
 * the next event is applied. Thread: one. */
#ifndef MUSTER_DISCREPANCY_CASES_H
#define MUSTER_DISCREPANCY_CASES_H

#include "discrepancy.pb-c.h"
#include "services/runtime/catalog.h"
#include "services/runtime/roster.h"
#include "services/runtime/service.h"

#define CASE_NO_CHUNK UINT32_MAX /* asked by a re-check: its place in the entries is not told */

/* One uncertain row. */
typedef struct a_case {
    uint32_t row;
    uint32_t version; /* 1 when first opened, each decision and each asking again + 1 */
    bool open;
    uint64_t opened_at;         /* version of the event in discrepancy/<batch> that holds the question */
    uint32_t chunk;             /* of the entries, or CASE_NO_CHUNK */
    Muster__V1__Choice choice;  /* last decision, also while open again; UNKNOWN: never decided */
    char *record_id, *operator; /* of that decision; NULL never decided */
    int64_t decided_at_ms;
    char *candidates; /* ids of the records asked about, each with its NUL, an empty one ends; NULL: none, or the batch
                         takes no decisions any more */
} a_case;

typedef struct batch {
    char *id;
    uint64_t seq;               /* of the last event taken */
    char *kind, *template_name; /* kind: that the rows are matched against */
    uint32_t template_version;
    bool dry_run;
    char **fields; /* columns of the entries */
    size_t fields_count;
    uint32_t generation;
    char *entries_stream;
    uint32_t chunks;
    uint32_t expected, opened;                 /* questions of matching */
    uint32_t chunk_next;                       /* first chunk of decisions no question was opened of or behind */
    uint32_t recheck;                          /* the last one that asked, 0 none */
    uint32_t recheck_expected, recheck_opened; /* its questions */
    a_case *cases;                             /* in order of row */
    size_t cases_count, cases_room;
    uint32_t open;
    bool verified, exporting, completed, cancelled, failed;
} batch;

typedef struct cases {
    mst_catalog *catalog;
    mst_roster batches;
} cases;

cases *cases_new(void);
void cases_destroy(cases **self);
void cases_apply(cases *self, const mst_event *event);
/* NULL: unknown. */
batch *cases_batch(const cases *self, const char *batch_id);
/* The first case of row `row` or behind, or NULL. */
const a_case *cases_from(const batch *one, uint32_t row);
const a_case *cases_find(const batch *one, uint32_t row);
/* Was the row asked about with this record as a candidate? */
bool cases_is_candidate(const a_case *asked, const char *record_id);
/* All questions there will be (for now) are opened. */
bool cases_complete(const batch *one);
/* May rows of this batch become new records? */
bool cases_may_create(const cases *self, const batch *one);

/* snapshot.c. {NULL, 0}: too large. The same state is the same bytes. */
mst_slice cases_save(const cases *self, mst_arena *arena);
/* Into new ones. MST_INVALID: not a snapshot of this version; nothing was filled in. */
MST_NODISCARD mst_status cases_load(cases *self, mst_slice snapshot);

#endif
