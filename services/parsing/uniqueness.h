/* uniqueness.h - which row of the file had a value first.
 *
 * Of each value a hash of 64 bits is kept with its row and line, not the value itself: 16 bytes a slot, 21 to 43 bytes
 * a row for each field (or key) that is unique, so 430 MB at the very most for 10 million rows. Two values with one
 * hash are taken for the same: among 10 million rows that happens to one file in 300,000, and then a right row is
 * shown to a person with the row that it is said to repeat; never the reverse.
 * Thread: one. */
#ifndef MUSTER_PARSING_UNIQUENESS_H
#define MUSTER_PARSING_UNIQUENESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct uniqueness uniqueness;

typedef struct unique_row {
    uint32_t row, line; /* row 0: none */
} unique_row;

uniqueness *uniqueness_new(void);
/* A hash over several values: begin with 0, add each. */
uint64_t uniqueness_hash(uint64_t hash, const void *data, size_t size);
/* The row that had this value first; where there is none, `row` is from now on. */
unique_row uniqueness_first(uniqueness *self, uint64_t hash, unique_row row);
void uniqueness_destroy(uniqueness **self);

#endif
