/* finder.h - the few best candidates of each row of a span, from the directory and from earlier rows of the file.
 *
 * Rows are taken in groups so that the index is asked for the memory of all before it is looked at. Which candidates
 * are kept depends on row, directory position and earlier rows only. Thread: one. */
#ifndef MUSTER_FINDER_H
#define MUSTER_FINDER_H

#include "compare.h"

#define CANDIDATES_MAX 8u /* kept of each row, best first */

typedef struct found {
    person_ref ref;
    uint32_t row; /* earlier row of the file, 0: a record */
    verdict verdict;
    int32_t weight; /* prior included */
} found;

typedef struct finder {
    const people *directory; /* NULL: nobody known */
    uint64_t position;
    const people *file; /* NULL: rows are not compared with each other */
    weigher *weigher;
    int32_t prior_directory, prior_file;
    int32_t weight_min; /* 1/1000 bit with prior: below it a candidate is not worth keeping */
    query query;
    bool coarse[2];    /* coarse keys are looked under: directory, file */
    uint64_t compared; /* pairs, for statistics */
    uint32_t stamp;
    uint64_t seen[1024]; /* open addressing: stamp << 32 | ref */
} finder;

void finder_init(finder *finder, const people *directory, uint64_t position, const people *file, weigher *weigher,
                 uint32_t duplicate_check);
/* Candidates of `count` rows (their people in the file's index, or drafts packed elsewhere); `row_numbers` are theirs
 * in the file. `out` has room for count * CANDIDATES_MAX, `counts` says how many of each. */
void finder_find(finder *finder, const person *const *rows, size_t count, found *out, uint8_t *counts);

#endif
