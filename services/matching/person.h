/* person.h - one person as matching compares people: a few folded texts and numbers in one piece of memory.
 *
 * A draft is filled cell by cell from a row or a record (normalise.h); packed it becomes a person: a header of one
 * cache line and the texts right behind it, so that comparing one candidate touches two or three lines. Records of
 * the directory and rows of a file have the same form; only what the numbers seq_from, seq_to and version mean
 * differs (people.h, entries_index.h). */
#ifndef MUSTER_PERSON_H
#define MUSTER_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum slot {
    SLOT_GIVEN,  /* first word of the given names */
    SLOT_FAMILY, /* words of a double name separated by a blank, particles joined: "vandenberg", "garcia lopez" */
    SLOT_MIDDLE, /* the other given names, or their initials */
    SLOT_NICKNAME,
    SLOT_STREET,   /* without number and unit, words abbreviated: "main st" */
    SLOT_LOCALITY, /* second line of the street address */
    SLOT_CITY,
    SLOT_REGION,
    SLOT_POSTCODE,
    SLOT_NUMBER, /* of the house */
    SLOT_UNIT,
    SLOT_EMAIL,
    SLOT_ID, /* first of PERSON_IDS_MAX identifiers */
    SLOT_COUNT = SLOT_ID + 4
} slot;

#define PERSON_IDS_MAX 4u   /* identifier fields of a kind; further ones are not compared */
#define PERSON_TEXT_MAX 40u /* bytes of one text; what lies behind is not compared (identifiers, e-mail: hashed) */
#define PERSON_RECORD_ID_MAX 200u /* bytes of a record's id */

typedef enum suffix { SUFFIX_NONE, SUFFIX_SR, SUFFIX_JR, SUFFIX_II, SUFFIX_III, SUFFIX_IV, SUFFIX_V } suffix;
typedef enum gender { GENDER_NONE, GENDER_FEMALE, GENDER_MALE, GENDER_OTHER } gender;

/* Dates as year << 14 | month << 7 | day, each 0 where unknown; months above 12 are kept, they are typing errors. */
#define BIRTH_OF(year, month, day) ((uint32_t)(year) << 14 | (uint32_t)(month) << 7 | (uint32_t)(day))
#define BIRTH_YEAR(birth) ((birth) >> 14 & 0x3FFF)
#define BIRTH_MONTH(birth) ((birth) >> 7 & 0x7F)
#define BIRTH_DAY(birth) ((birth)&0x7F)

typedef struct person {
    uint64_t seq_from, seq_to; /* visible at p if seq_from <= p < seq_to */
    uint64_t phones[2];        /* last ten digits; 0 none */
    uint32_t birth;
    uint32_t version; /* of the record; of an entry its row number */
    uint8_t units;    /* size of all, in 16 bytes */
    uint8_t record_id_size;
    uint8_t suffix, gender;
    uint32_t kept; /* of a record: changes that left all this as it was (directory_index.c); 0 none */
    uint8_t sizes[SLOT_COUNT];
    char texts[]; /* slots one after the other, then the record's id */
} person;

typedef struct draft {
    uint64_t phones[2];
    uint32_t birth;
    uint8_t suffix, gender;
    uint8_t sizes[SLOT_COUNT];
    char texts[SLOT_COUNT][PERSON_TEXT_MAX];
} draft;

#define PERSON_SIZE_MAX (sizeof(person) + SLOT_COUNT * PERSON_TEXT_MAX + PERSON_RECORD_ID_MAX + 16)
#define PERSON_NOW UINT64_MAX /* seq_to of what is not superseded */

/* Where each text of a person begins. */
typedef struct person_view {
    const person *person;
    const char *texts[SLOT_COUNT];
    const char *record_id;
} person_view;

void draft_clear(draft *draft);
/* Cuts at PERSON_TEXT_MAX. */
void draft_set(draft *draft, slot slot, const char *text, size_t size);
/* As draft_set, but a text too long ends in a hash of all of it: cut texts stay different. */
void draft_set_exact(draft *draft, slot slot, const char *text, size_t size);

/* Bytes the packed form needs, a multiple of 16. */
size_t person_size(const draft *draft, size_t record_id_size);
/* Packs into `memory` of person_size bytes; seq and version are the caller's. */
void person_pack(person *memory, const draft *draft, const char *record_id, size_t record_id_size);
/* True if packing the draft would give the same, but for the record's id and the numbers. */
bool person_same(const person *person, const draft *draft);
void person_view_of(person_view *view, const person *person);

static inline bool
person_visible(const person *who, uint64_t position)
{
    return who->seq_from <= position && position < who->seq_to;
}

/* 32-bit hash of bytes, the same on every machine; `seed` keeps meanings apart. */
uint32_t person_hash(uint32_t seed, const void *data, size_t size);

#endif
