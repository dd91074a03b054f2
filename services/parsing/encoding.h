/* encoding.h - from the bytes of a file to UTF-8, a piece at a time.
 *
 * A byte order mark decides; else zeros in every second byte mean UTF-16, in three of four UTF-32; else text that is
 * well-formed UTF-8 is UTF-8, and text that is not but makes words in an older encoding is in that (letters.h). As long
 * as a file was all ASCII they are the same, so the choice may still fall in the middle of a file (decoder_changed).
 * Ownership: what next gives is borrowed until the next call. Thread: the one that made it. */
#ifndef MUSTER_PARSING_ENCODING_H
#define MUSTER_PARSING_ENCODING_H

#include "broker/lib/arena.h"
#include <stdbool.h>

typedef struct decoder decoder;

/* Looks at the first bytes of a file. `why` (not NULL) gets a sentence when the file is no text at all; then NULL. */
decoder *decoder_new(const uint8_t *sample, size_t size, char why[256]);
/* The next bytes as UTF-8 (as far as they are: what is wrong in a UTF-8 file is passed on for the row to be named). */
mst_slice decoder_next(decoder *self, const uint8_t *data, size_t size, bool last);
/* "UTF-8", "windows-1252", "macintosh" .. */
const char *decoder_encoding(const decoder *self);
/* How sure that is: 0..100. */
uint32_t decoder_sure(const decoder *self);
bool decoder_bom(const decoder *self);
/* No byte order mark and no proof: the encoding is a guess. */
bool decoder_guessed(const decoder *self);
/* True once after the encoding turned out to be another than was thought. */
bool decoder_changed(decoder *self);
void decoder_destroy(decoder **self);

#endif
