/* suggest.h - "Did you mean...?": the allowed values that a wrong one is like, likest first (B38).
 *
 * Likeness is looked for in text without case, accents and punctuation: typing errors (Damerau-Levenshtein), words in
 * another order or left out, abbreviations and initials ("St Marys Hsg" is "Saint Mary's Housing"), sound.
 * Pure; memory: in the arena. Thread: any. */
#ifndef MUSTER_SUGGEST_H
#define MUSTER_SUGGEST_H

#include "broker/lib/arena.h"
#include <stddef.h>
#include <stdint.h>

#define MST_SUGGEST_LIKENESS_MIN 450u /* of 1000; below it nothing is suggested */

typedef struct mst_suggester mst_suggester; /* a list of allowed values, prepared */

typedef struct mst_suggested {
    uint32_t index;    /* in the allowed values */
    uint32_t likeness; /* 0..1000; 1000: the same but for case, accents, blanks and punctuation */
} mst_suggested;

/* Copies the values. */
mst_suggester *mst_suggester_new(const char *const *allowed, size_t count);
void mst_suggester_destroy(mst_suggester **self);
const char *mst_suggester_value(const mst_suggester *self, uint32_t index);
/* The best of them, at most `max`; equal ones in the order of the list. Returns how many. */
size_t mst_suggest(const mst_suggester *self, const char *wrong, mst_suggested *best, size_t max);
/* Text as it is compared: without case, accents, punctuation, with single blanks. In `arena`. */
char *mst_suggest_fold(const char *text, mst_arena *arena);

#endif
