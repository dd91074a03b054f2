/* entries_index.h - the accepted rows of one batch, loaded to be compared with the directory and with each other.
 *
 * Every worker loads all rows of a batch it helps with, once, and shares them between its pieces of work: they claim
 * runs of chunks, read them and hand them in; a run whose reader gave up is free to be claimed again. Rows enter the
 * index in the order of the file, so that "the earlier row" is the same for all. seq_from and version of a row are its
 * number. Thread: one. */
#ifndef MUSTER_ENTRIES_INDEX_H
#define MUSTER_ENTRIES_INDEX_H

#include "finder.h"
#include "normalise.h"
#include "parsing.pb-c.h"

#define RUN_CHUNKS 8u   /* chunks of one span of work */
#define CLAIM_CHUNKS 4u /* chunks claimed at a time: mostly one page */

typedef struct entries entries;

/* `parameters` as in MatchingStarted; the layout says which column of the entries plays which role. `apart`: rows are
 * not compared with each other, for several may well be about one person. */
entries *entries_new(uint32_t chunks, uint32_t rows, const layout *layout, mst_slice parameters, bool apart);
void entries_destroy(entries **entries);

bool entries_complete(const entries *entries);
/* A run for the claimer to read: the first chunk, and how many. False: all are read or claimed by others. */
bool entries_claim(entries *entries, uint64_t claimer, uint32_t *first_chunk, uint32_t *chunks);
/* Gives up all claims of the claimer. */
void entries_unclaim(entries *entries, uint64_t claimer);
/* Hands in a chunk. False: it is not what EntriesAccepted announced. */
bool entries_take(entries *entries, const Muster__V1__EntriesRead *read);

/* The rest needs complete entries. */
uint32_t entries_first_row(const entries *entries, uint32_t chunk); /* chunk == chunks: one behind the last row */
const person *entries_row(const entries *entries, uint32_t row);    /* NULL: left out */
const people *entries_people(const entries *entries);               /* rows to compare with; NULL: they stand apart */
/* With what the batch teaches about weights, as of a directory at a position; learnt once. */
weigher *entries_weigher(entries *entries, const people *directory, uint64_t position);
uint64_t entries_memory(const entries *entries);

#endif
