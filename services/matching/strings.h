/* strings.h - how alike two folded texts are, with one of them prepared once and compared with many.
 *
 * Bit-parallel: the prepared text becomes a mask of positions per letter, so a comparison is a few machine words a
 * letter of the other text. Jaro-Winkler comes in millionths, computed in integers: the same on every machine.
 * Texts are at most 64 bytes of folded text (bytes 0x20 to 0x7f; others count as blank). Thread: no shared state. */
#ifndef MUSTER_STRINGS_H
#define MUSTER_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#define PREPARED_SIZE_MAX 64u /* bytes */

typedef struct prepared {
    uint64_t masks[96];
    size_t size;
    char text[PREPARED_SIZE_MAX];
} prepared;

/* For memory that was never prepared. */
void prepared_init(prepared *prepared);
/* Replaces the text; cost is that of the two texts, not of the table. */
void prepared_set(prepared *prepared, const char *text, size_t size);

/* 0 .. 1,000,000; two empty texts are alike. Prefix boost for every pair (the classic form boosts without a floor). */
uint32_t prepared_jaro(const prepared *prepared, const char *text, size_t size);
uint32_t prepared_jaro_winkler(const prepared *prepared, const char *text, size_t size);
/* Edits: insert, delete, replace, swap neighbours (optimal string alignment, each place touched once). */
uint32_t prepared_edits(const prepared *prepared, const char *text, size_t size);
/* The same where it is at most `most`; else some number above it, found sooner. */
uint32_t prepared_edits_within(const prepared *prepared, const char *text, size_t size, uint32_t most);

/* How many letters of `text` the prepared one has nowhere: each costs an edit, and none is common to both. */
uint32_t prepared_strange(const prepared *prepared, const char *text, size_t size);
/* Never below prepared_jaro_winkler; costs a look at each letter. */
uint32_t prepared_jaro_winkler_most(const prepared *prepared, const char *text, size_t size);

#endif
