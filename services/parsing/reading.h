/* reading.h - the reading of one file: a batch's, for the first time or again, or a corrected one.
 *
 * Each ends its work itself: with ReadingFinished and what follows, CorrectionsFinished, CorrectionsRefused or
 * BatchFailed; or with nothing, if the batch is cancelled meanwhile. Thread: one. */
#ifndef MUSTER_PARSING_READING_H
#define MUSTER_PARSING_READING_H

#include "parsing.h"
#include "state.h"

/* FileReceived or CorrectionsFinished, of a batch that goes on. */
void reading_begin(const parsing_state *state, mst_work *work, const mst_step *step);
/* CorrectionsReceived. A batch whose entries were accepted does not want it, which ends the work. */
void reading_begin_corrected(const parsing_state *state, mst_work *work, const mst_step *step);

#endif
