/* terms.h - how common each name, city and postcode is: agreeing on Smith says less than agreeing on Szczepanski.
 *
 * A counter per value, by 32-bit hash (two values with one hash count as one: harmless at these sizes). The commonest
 * travel in MatchingStarted, so that all workers weigh alike whatever has been written since. Thread: one. */
#ifndef MUSTER_TERMS_H
#define MUSTER_TERMS_H

#include "person.h"

typedef enum term_kind { TERM_GIVEN, TERM_FAMILY, TERM_CITY, TERM_POSTCODE, TERM_KINDS } term_kind;

#define TERMS_LISTED_MAX 2048u /* commonest values of a kind that travel */

typedef struct term {
    uint32_t hash;
    uint32_t count;
} term;

typedef struct terms {
    term *slots; /* open addressing; hash 0 is free */
    uint32_t size, used;
} terms;

void terms_init(terms *terms);
void terms_release(terms *terms);
uint32_t term_hash(term_kind kind, const char *text, size_t size);
/* `change` is 1 or -1 for one bearer more or less. */
void terms_count(terms *terms, uint32_t hash, int change);
uint32_t terms_get(const terms *terms, uint32_t hash);
/* Counts the values a person has. */
void terms_count_person(terms by_kind[TERM_KINDS], const person_view *view, int change);
/* The commonest borne by at least two, commonest first, equal counts by hash; returns how many, at most `max`. */
size_t terms_top(const terms *terms, term *out, size_t max);

extern const slot TERM_SLOTS[TERM_KINDS];

#endif
