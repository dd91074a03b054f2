/* standing.h - how an assignment stands while the rows of a file are looked at in order: open, closed, or never begun.
 *
 * The first row about an assignment meets what the directory knows; an Insert opens for later rows, an Update closes.
 * Only what rows changed is kept: 48 bytes for each different assignment of the file, and as much again while it grows.
 * Ownership: keys are copied (as 128 bits of a hash). Thread: one. */
#ifndef MUSTER_EXPORT_STANDING_H
#define MUSTER_EXPORT_STANDING_H

#include "broker/lib/arena.h"
#include <stdbool.h>

#define STANDING_DATE_SIZE 11u /* YYYY-MM-DD and NUL */

typedef struct standing {
    uint32_t open;   /* records open now */
    uint32_t begin;  /* date of the open one, as a number 20260517; 0 not known */
    uint32_t closed; /* date at which the latest was closed; 0 none was */
    uint32_t row;    /* that made it so; 0: the directory has it so */
} standing;

typedef struct standings standings;

standings *standings_new(void);
void standings_destroy(standings **self);
/* NULL: no row changed it. Lent until the next put. */
const standing *standings_find(const standings *self, const uint8_t key[16]);
void standings_put(standings *self, const uint8_t key[16], const standing *now);

/* "2026-05-17" as 20260517; 0: not of that form. */
uint32_t standing_date(mst_slice text);
/* And back; "" for 0. */
void standing_date_text(uint32_t date, char text[STANDING_DATE_SIZE]);

#endif
