/* desk.h - what the parts of service discrepancy share: how work comes in, and how a discrepancy is shown. */
#ifndef MUSTER_DISCREPANCY_DESK_H
#define MUSTER_DISCREPANCY_DESK_H

#include "services/discrepancy/cases.h"

/* opening.c: every step of a MatchingFinished or RecheckFinished. */
void opening_step(cases *state, mst_work *work, const mst_step *step);
/* calls.c: every step of a call. */
void calls_step(cases *state, mst_work *work, const mst_step *step);

/* What every piece of work of more than one step begins with: who takes its further steps. */
typedef struct desk_work {
    void (*step)(cases *state, mst_work *work, const mst_step *step);
} desk_work;

/* For mst_work_set_data where the data lives in the work's arena. */
void desk_forget(void *data);

/* showing.c: views of some cases of a batch. The question is read from the batch's own stream, the row's values from
 * the entries, each event once, a handful at the same time. Lives in the work's arena. */
typedef struct showing showing;

/* Begins to read for `count` rows (ascending; each has a case). */
showing *showing_begin(const batch *one, mst_work *work, const uint32_t *rows, size_t count);
/* Takes a page. */
void showing_page(showing *self, mst_work *work, const mst_step *step);
/* True: nothing is missing any more. */
bool showing_done(const showing *self);
/* The view of row `at` with the case as it stands now. NULL: the question was asked anew meanwhile: begin again. */
Muster__V1__DiscrepancyView *showing_view(showing *self, mst_work *work, size_t at);
/* A view without question and values: nothing is read for it. */
Muster__V1__DiscrepancyView *showing_brief(const batch *one, const a_case *asked, mst_work *work);

#endif
