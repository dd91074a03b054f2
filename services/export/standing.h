/* standing.h - how assignments stand while the rows of a file are looked at in order: open, closed, or never begun.
 *
 * The first row about an assignment meets what the directory knows; an Insert opens for later rows, an Update closes.
 * Only what rows changed is kept: some 80 bytes for each different assignment of the file, and half as much again while
 * it grows. Ownership: keys are copied (as 128 bits of a hash), and so are spans. Thread: one. */
#ifndef MUSTER_EXPORT_STANDING_H
#define MUSTER_EXPORT_STANDING_H

#include "services/export/spans.h"

#define STANDING_SPANS_MAX 1000u /* records of one key; of more the first closed one is forgotten */

typedef struct standing {
    const span *spans;
    size_t count;
} standing;

typedef struct standings standings;

standings *standings_new(void);
void standings_destroy(standings **self);
/* NULL: no row changed it. Lent until the next put. */
const standing *standings_find(const standings *self, const uint8_t key[16]);
/* The record at `at` has become `now`; SPAN_MAKE: there is one more. `before`: all of this key up to now. */
void standings_put(standings *self, const uint8_t key[16], const standing *before, size_t at, span now);

#endif
