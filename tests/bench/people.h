/* people.h - made-up people, each a pure function of (seed, index, salt).
 *
 * Nobody is stored: person 7 of seed 1 is the same person whenever asked for, so that a directory of ten million
 * costs no memory. People come in blocks of eight that are split into households; a household shares its family name,
 * address and landline, and often an e-mail address.
 * Thread: any, with a table of names that nobody changes. */
#ifndef MUSTER_BENCH_PEOPLE_H
#define MUSTER_BENCH_PEOPLE_H

#include "names.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct people {
    const names *names;
    uint64_t seed;
    double families; /* share of people who live with others */
    double shared;   /* share of family members who use the household's e-mail address and phone */
    double twins;    /* share of families of three and more whose first two children are twins */
    double juniors;  /* share of families whose first son bears his father's name and Jr */
} people;

typedef struct person {
    sex sex;
    uint32_t given_at, family_at; /* in the table of names */
    char given[48], middle[48], family[48];
    const char *suffix; /* "", "Jr", "Sr", "III" */
    uint32_t birth_year, birth_month, birth_day;
    char email[96];
    uint64_t phone; /* ten digits */
    char street[64];
    const char *city, *region;
    uint32_t postcode;
    const char *campus;
    uint32_t member_year, member_month, member_day; /* year 0: no member yet */
} person;

/* `salt` 0 is the person; another salt gives someone else of the same household: another given name and birth date,
 * and from 32 on another family name. `plain`: neither twin nor junior. */
void person_make(const people *population, uint64_t index, uint32_t salt, bool plain, person *out);

/* The person's address and phone after a move, the n-th. */
void person_move(const people *population, uint64_t index, uint32_t n, person *changed);
/* One slip of the keyboard in one field. Which, and where, follows from `random`. */
void person_mistype(person *changed, uint64_t random);
/* The given name as friends say it, if there is such a form. */
bool person_nickname(person *changed);

/* Pseudo-random numbers for (seed, what, index): the same on every machine. */
uint64_t people_random(uint64_t seed, uint64_t what, uint64_t index);
/* True for `share` (0..1) of all random numbers. */
bool people_chance(uint64_t random, double share);

#endif
