/* people.h - people in memory, found by block key: the one index of matching, for the directory and for a file's rows.
 *
 * People lie contiguous in segments; a reference is their place in units of 16 bytes. Keys are 32-bit hashes: the
 * table is in order of key, so that growing is one linear pass; two keys that collide only bring a candidate more.
 * Whoever has a key lies in its block in the order added.
 *
 * What a search finds depends only on who is visible at its position (person.h), never on what was added later or on
 * how memory came to be laid out: superseded versions stay until they are removed, and "this block is too large"
 * counts the visible only. Every process that was told the same events therefore finds the same.
 *
 * Ownership: people are copied in. Thread: one. */
#ifndef MUSTER_PEOPLE_H
#define MUSTER_PEOPLE_H

#include "blocking.h"
#include "person.h"
#include "terms.h"

typedef struct people people;
typedef uint32_t person_ref; /* never 0 */

people *people_new(void);
void people_destroy(people **people);

/* Adds a version that is visible from `seq_from` on. Sequences never fall from one call to the next. */
person_ref people_add(people *people, const draft *draft, const char *record_id, size_t record_id_size,
                      uint64_t seq_from, uint32_t version);
/* The same for a person packed before, without a record's id. */
person_ref people_add_packed(people *people, const person *packed, uint64_t seq_from, uint32_t version);
/* Makes room for `count` people in all, if the others have as many keys of their own as those added so far: growing
 * step by step files everybody anew each time. */
void people_reserve(people *people, uint64_t count);
/* From `seq` on it is no longer visible. */
void people_supersede(people *people, person_ref ref, uint64_t seq);
/* Forgets a superseded version; nobody may search at a position before it was superseded any more. */
void people_remove(people *people, person_ref ref);

person *people_at(const people *people, person_ref ref);
uint64_t people_count(const people *people);     /* not superseded */
const terms *people_terms(const people *people); /* TERM_KINDS of them, of those not superseded */
uint64_t people_memory(const people *people);    /* bytes */

/* Of a sample of at most `sample` people: how many have identifier `i`, and share it with somebody else. */
void people_sample_ids(const people *people, size_t sample, uint32_t having[PERSON_IDS_MAX],
                       uint32_t sharing[PERSON_IDS_MAX]);

typedef struct people_stats {
    uint64_t keys, table_slots, in_blocks, oversize_blocks, largest_block;
} people_stats;
void people_stats_of(const people *people, people_stats *stats);

/* Searching, in steps that each wait for memory asked for in the step before. */
void people_prefetch_key(const people *people, uint32_t key);
/* The block of a key as it is stored: 0 if there is none. */
uint32_t people_probe(const people *people, uint32_t key);
void people_prefetch_block(const people *people, uint32_t block);
/* Adds those of the block that may be visible at `position` to `refs` (at most BLOCK_SIZE_MAX) and returns how many;
 * a block with more visible people than that gives none. */
size_t people_block(const people *people, uint32_t block, uint64_t position, person_ref refs[BLOCK_SIZE_MAX]);
void people_prefetch(const people *people, person_ref ref);

#endif
