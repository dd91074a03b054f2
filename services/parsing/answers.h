/* answers.h - what parsing is asked: which values are wrong, and to go on without the rows that are. */
#ifndef MUSTER_PARSING_ANSWERS_H
#define MUSTER_PARSING_ANSWERS_H

#include "state.h"

/* ListWrongValues, ExcludeBadRows. */
void answers_begin(const parsing_state *state, mst_work *work, const mst_step *step);
/* A page of the batch's stream, asked for by ListWrongValues. */
void answers_page(mst_work *work, const mst_step *step);

#endif
