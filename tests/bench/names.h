/* names.h - names, places and words that made-up people are put together from.
 *
 * Common names are a list in order of frequency; the long tail is composed of syllables, every name once. Draws are
 * skewed the way real names are: the commonest given name belongs to one man in thirty, a third of all
 * families share three hundred names, and the rest are rare.
 * Ownership: the table lends its strings until it is destroyed. Thread: read-only after names_new. */
#ifndef MUSTER_BENCH_NAMES_H
#define MUSTER_BENCH_NAMES_H

#include <stddef.h>
#include <stdint.h>

typedef struct name {
    const char *text;
    uint32_t size; /* bytes */
} name;

typedef struct city {
    const char *name;
    const char *region;
    uint32_t postcode; /* first of its 100 postcodes */
} city;

typedef struct names names;

typedef enum sex { FEMALE = 0, MALE = 1 } sex;

names *names_new(void);
void names_destroy(names **table);

uint32_t names_given_count(const names *table); /* of each sex */
uint32_t names_family_count(const names *table);
name names_given(const names *table, sex which, uint32_t at);
name names_family(const names *table, uint32_t at);
/* Indices drawn by the skew; `random` is uniform over all 64 bits. */
uint32_t names_draw_given(const names *table, uint64_t random);
uint32_t names_draw_family(const names *table, uint64_t random);

/* What friends call somebody of that given name; NULL: just that. */
const char *names_nickname(name given);

const city *names_city(uint64_t random);
/* Writes a street without number, terminated, at most 40 bytes; returns its size. */
size_t names_street(const names *table, uint64_t random, char *out);
const char *names_campus(uint64_t random);
const char *names_note(uint64_t random); /* some with commas, quotes and line ends */

#endif
