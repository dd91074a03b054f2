/* state.h - what parsing remembers of batches. A fold; applying an event again changes nothing.
 *
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_STATE_H
#define MUSTER_PARSING_STATE_H

#include "fault_list.h"
#include "groups.h"
#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"
#include "rules.h"
#include "services/runtime/catalog.h"

/* A correction that stands: the last one made of its group. */
typedef struct standing {
    Muster__V1__CorrectionMade *made;
    char *key; /* of the group, in its generation */
    uint64_t hash;
    size_t next; /* of the same slot: place + 1 in the list; 0 none */
} standing;

/* What people do about a batch that has wrong values. Kept until it is accepted or ends. */
typedef struct fixing {
    standing *list; /* in the order they were made */
    size_t count, room;
    size_t *slots; /* place + 1 */
    size_t slots_count;
    Muster__V1__RepairAccepted **repairs;
    size_t repairs_count;
    uint32_t *excluded; /* generations whose wrong rows without a correction are left out */
    size_t excluded_count;
    char **columns; /* fields that a column of the file feeds, in the newest generation */
    size_t columns_count;
} fixing;

typedef struct parsed_batch {
    Muster__V1__BatchCreated *created; /* NULL: its creation was never seen */
    bool ended;                        /* cancelled or failed: goes no further */
    bool finished;                     /* read to the end */
    bool accepted;
    bool waiting; /* for corrections */
    uint32_t generation, rows, chunks, wrong_rows, left_out;
    uint32_t check_wrong; /* rows that only the directory finds wrong */
    uint8_t sha256[MST_HASH_SIZE];
    uint64_t size; /* of its file, bytes */
    fixing *fixing;
} parsed_batch;

#define GROUPS_KEPT 4u /* batches whose wrong values are held put together */
#define FAULTS_KEPT 2u /* stretches of rows whose wrong values are held row by row */

typedef struct parsing_state {
    mst_catalog *catalog;
    parsed_batch *batches; /* [n] is B<n+1> */
    size_t batches_count;
    rules *rules;
    uint64_t applied_seq;
    /* Not part of the fold: what was read again from the log lately. */
    struct {
        char batch_id[32];
        groups *groups;
    } kept[GROUPS_KEPT];
    size_t kept_next;
    struct {
        char batch_id[32];
        uint32_t generation;
        fault_list *list;
    } faults[FAULTS_KEPT];
    size_t faults_next;
    char *spool_dir; /* where a workbook is set aside while it is read; NULL: in memory */
} parsing_state;

parsing_state *state_new(void);
void state_destroy(parsing_state *self);
void state_apply(parsing_state *self, const mst_event *event);
/* NULL: no such batch. */
const parsed_batch *state_find(const parsing_state *self, const char *batch_id);
/* The correction that stands for a group of a generation; NULL none. */
const standing *state_correction(const parsed_batch *batch, uint32_t generation, const char *key);
/* Whether wrong rows of this generation that have no correction are left out. */
bool state_excluded(const parsed_batch *batch, uint32_t generation);
/* Corrections that stand for this generation, and the rows of their groups. */
size_t state_corrections(const parsed_batch *batch, uint32_t generation, uint64_t *rows);
/* The wrong values of a batch that waits, if they were put together before; NULL. */
const groups *state_groups(const parsing_state *self, const char *batch_id);
/* Takes them over. */
void state_keep_groups(parsing_state *self, const char *batch_id, groups *given);
/* What is wrong with the rows behind `after` of a batch whose newest generation is read and checked, if it was gathered
 * before; NULL. */
const fault_list *state_faults(const parsing_state *self, const char *batch_id, uint32_t after);
/* Takes the list over; of the generation that was the newest when its gathering began. */
void state_keep_faults(parsing_state *self, const char *batch_id, uint32_t generation, fault_list *given);
/* snapshot.c. {NULL, 0}: too large. The same state is the same bytes. */
mst_slice state_save(const parsing_state *self, mst_arena *arena);
/* Into a new state. MST_INVALID: not a snapshot of this version; nothing was filled in. */
MST_NODISCARD mst_status state_load(parsing_state *self, mst_slice snapshot);
/* For state_load: the correction stands, later than those put before. Takes it over. */
void state_put_correction(parsed_batch *batch, Muster__V1__CorrectionMade *made);
fixing *state_fixing(parsed_batch *batch);

#endif
