/* verdict.h - what follows when a file is read, or was compared with the directory: on, or back to a person.
 *
 * Adds events to the work's current part and ends nothing. Everything is borrowed for the call. Thread: one. */
#ifndef MUSTER_PARSING_VERDICT_H
#define MUSTER_PARSING_VERDICT_H

#include "state.h"

typedef struct verdict {
    const char *batch_id;
    uint32_t generation, chunks, rows;
    uint32_t wrong_rows;  /* found by reading */
    uint32_t check_wrong; /* found by the directory only */
    uint32_t left_out;
    Muster__V1__Purpose purpose;
    bool needs_check;
    bool asks_nobody; /* a dry run, or somebody wants to go on without the rows that are wrong */
    char *const *columns;
    size_t columns_count;
} verdict;

/* Fills in what is known of a batch that was read. */
void verdict_of(const parsing_state *state, const char *batch_id, verdict *self);
/* Behind ReadingFinished: CheckRequested, EntriesAccepted or CorrectionsRequested. */
void verdict_read(mst_work *work, const verdict *self);
/* Behind CheckFinished: EntriesAccepted or CorrectionsRequested; or CorrectionsFinished, if nobody is asked and the
 * file must be read again without the rows that the directory does not know. */
void verdict_checked(mst_work *work, const verdict *self);
void verdict_accept(mst_work *work, const verdict *self);

#endif
