/* words.h - finding words in values without regard to upper and lower case (Unicode case folding).
 *
 * Ownership: words are copied; the folded text is reused from record to record. Thread: one. */
#ifndef MUSTER_EXPORT_WORDS_H
#define MUSTER_EXPORT_WORDS_H

#include "broker/lib/arena.h"
#include <stdbool.h>

#define WORDS_MAX 16u /* words in one search; further ones are not looked for */

typedef struct words {
    mst_slice word[WORDS_MAX]; /* folded */
    size_t count;
    uint8_t *text; /* what is searched, folded */
    size_t text_size, text_room;
} words;

/* Splits `text` at white space. */
void words_make(words *self, mst_arena *arena, const char *text);
void words_release(words *self);
/* Begins a new record, then adds its values. */
void words_begin(words *self);
void words_add(words *self, mst_slice value);
/* Whether every word occurs in some value. */
bool words_found(const words *self);

#endif
