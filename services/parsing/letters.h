/* letters.h - which of the old encodings, a byte a character, makes words of these bytes.
 *
 * Text of western Europe: letters with accents stand beside letters, capitals not behind small ones, and some are
 * common and others hardly occur. Every byte above 0x7F is looked at so, in each encoding; the one with the best marks
 * wins, and how sure that is follows from its marks and from its lead. Languages with other letters are left to ICU's
 * detector, and only its firm answers count. Thread: any. */
#ifndef MUSTER_PARSING_LETTERS_H
#define MUSTER_PARSING_LETTERS_H

#include <stddef.h>
#include <stdint.h>

typedef struct letters_guess {
    const char *name; /* for ICU and for people; NULL: no encoding makes sense of these bytes */
    uint32_t sure;    /* 0..100 */
} letters_guess;

letters_guess letters_encoding(const uint8_t *data, size_t size);

#endif
