/* folding.h - any text as the plain lower-case letters it is compared in.
 *
 * "Müller-Lüdenscheid", "MULLER-LUDENSCHEID" and their decomposed spellings become the same bytes: a-z, 0-9, one
 * blank between words and the marks - , # / @ that later steps need. Apostrophes vanish (O'Brien, OBrien); other
 * punctuation becomes a blank. Other scripts are transliterated by ICU ("Иван" is "ivan"), so that one alphabet of
 * single bytes serves all comparing. ASCII never reaches ICU.
 *
 * Thread: one (the tables are made on first use and kept for the life of the process). */
#ifndef MUSTER_FOLDING_H
#define MUSTER_FOLDING_H

#include <stddef.h>

#define FOLDING_INPUT_MAX 256u /* bytes of a value that are looked at; what lies behind is not compared */

/* Writes at most `room` bytes (not terminated) and returns how many. Bytes that are not UTF-8 become blanks. */
size_t fold_text(const char *text, size_t size, char *out, size_t room);

#endif
