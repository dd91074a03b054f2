/* check_words.h - the sentences in which a check says what is wrong and what to do. In the given arena. */
#ifndef MUSTER_EXPORT_CHECK_WORDS_H
#define MUSTER_EXPORT_CHECK_WORDS_H

#include "services/export/check_plan.h"
#include "services/export/standing.h"

typedef enum check_period_fault {
    CHECK_PERIOD_RIGHT,
    CHECK_OPEN_ALREADY,   /* insert: the same is open */
    CHECK_NOT_OPEN,       /* update: nothing is open, nor ever was */
    CHECK_CLOSED_ALREADY, /* update: it was closed before */
    CHECK_OPEN_TWICE,     /* update: which? */
    CHECK_ENDS_TOO_EARLY  /* update: before it began */
} check_period_fault;

/* Values name `found` records, 0 or several. `row`: all cells, by column. */
char *check_words_reference(mst_arena *arena, const check_plan *plan, const check_reference *by, const mst_slice *row,
                            size_t found);
char *check_words_period(mst_arena *arena, const check_plan *plan, const check_period *period, check_period_fault fault,
                         const standing *now, uint32_t end);
char *check_words_known(mst_arena *arena, const check_plan *plan, const check_known *known);

#endif
