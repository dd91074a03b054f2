/* spans.h - records that hold from a beginning to an end: which of those with one key a row means, and whether it may
 * have it (B17-B19, C4). The one place where that is decided: for the check before anything is accepted, and for
 * writing. Pure. Thread: any. */
#ifndef MUSTER_EXPORT_SPANS_H
#define MUSTER_EXPORT_SPANS_H

#include "broker/lib/arena.h"
#include <stdbool.h>

#define SPAN_SOMETIME 1u   /* a date for what is filled, but with no date */
#define SPAN_DATE_SIZE 11u /* YYYY-MM-DD and NUL */
#define SPAN_MAKE SIZE_MAX /* none of the records: the row makes one */

typedef enum assignment_verb {
    VERB_EITHER, /* no action column: the open record is updated, or one is made (C4) */
    VERB_INSERT,
    VERB_UPDATE,
    VERB_UNKNOWN
} assignment_verb;

/* Dates as numbers, 20260517; 0: blank. It is open while `end` is 0. */
typedef struct span {
    uint32_t begin, end;
    uint32_t row; /* of the file that made it so; 0: the directory has it so */
} span;

typedef enum span_fault {
    SPAN_RIGHT,
    SPAN_NO_VERB,
    SPAN_OPEN_ALREADY,  /* insert: `at` is open */
    SPAN_BEGAN_THEN,    /* insert: `at` began on that day, and is closed */
    SPAN_NOT_OPEN,      /* update: none is open, nor ever was */
    SPAN_CLOSED,        /* `at` is closed, and what is closed is never changed */
    SPAN_OPEN_TWICE,    /* update: which of `open`? */
    SPAN_NO_START,      /* none is open, and none can begin without a day */
    SPAN_ENDS_TOO_EARLY /* before it began */
} span_fault;

typedef struct span_choice {
    span_fault fault;
    size_t at;   /* which record the row changes, or SPAN_MAKE; with a fault: which it is about */
    size_t open; /* so many are open */
} span_choice;

/* What the row means by its own dates. `begins`: records of the kind need a beginning. With VERB_EITHER a closed record
 * is chosen where the row has its beginning, for the row may only repeat what it says; spans_may_become then tells. */
span_choice spans_choose(assignment_verb verb, bool may_repeat, bool begins, span row, const span *spans, size_t count);
/* Whether `before` (NULL: none) may become `after`, from which it differs. */
span_fault spans_may_become(const span *before, span after);

/* "2026-05-17" as 20260517; 0: blank; SPAN_SOMETIME: no date. */
uint32_t span_date(mst_slice text);
/* And back; "" for what is no date. */
void span_date_text(uint32_t date, char text[SPAN_DATE_SIZE]);

#endif
