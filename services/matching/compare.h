/* compare.h - one row against one candidate: how alike they are, field by field, and what that weighs.
 *
 * The row is prepared once (query) and compared with each of its candidates. The result is a weight without prior and
 * one word of likeness, a few bits per group of fields, which is all that deciding and explaining need later: row and
 * candidate themselves are not looked at again. Symmetric up to term frequencies. Thread: one. */
#ifndef MUSTER_COMPARE_H
#define MUSTER_COMPARE_H

#include "strings.h"
#include "weigh.h"

/* Groups of fields that are judged together, and where their levels lie in the word. */
typedef enum group {
    GROUP_GIVEN,
    GROUP_FAMILY,
    GROUP_MIDDLE,
    GROUP_SUFFIX,
    GROUP_BIRTH,
    GROUP_GENDER,
    GROUP_EMAIL,
    GROUP_PHONE,
    GROUP_ADDRESS,
    GROUP_ID,
    GROUP_COUNT
} group;

/* Levels; 0 is "one side is empty" in every group, 1 "equal". Not every group knows all. */
enum level {
    LEVEL_MISSING = 0,
    LEVEL_EQUAL = 1,
    LEVEL_CLOSE = 2,   /* typing error; middle: initial; birth: exchanged day and month, or one digit */
    LEVEL_RELATED = 3, /* identifier: equal, but not known to be one person's only; given: nickname or initial; family:
                          one word of a double name; birth: only the year is known; e-mail: same mailbox elsewhere;
                          address: same street or place */
    LEVEL_SWAPPED = 4, /* given and family name exchanged; address: partly other */
    LEVEL_FAR = 5,     /* somewhat alike */
    LEVEL_DIFFERENT = 6,
    LEVEL_MIXED = 7 /* identifiers: one equal, one different */
};

#define LIKENESS_LEVEL(word, group) ((word) >> (3 * (group)) & 7u)
#define LIKENESS_OF(group, level) ((uint32_t)(level) << (3 * (group)))
#define LIKENESS_DUPLICATE_CHECK (1u << 30) /* every duplicate-check field is equal */
#define LIKENESS_TWO_NAMES (1u << 31)       /* given names nearly equal, but both are names people bear */

typedef struct verdict {
    int32_t weight; /* 1/1000 bit, without prior */
    uint32_t likeness;
    int8_t parts[GROUP_COUNT]; /* weight of each group, 1/4 bit, for explaining */
} verdict;

typedef struct query {
    person_view view;
    const weigher *weigher;
    prepared given, family, street, city, email, ids[PERSON_IDS_MAX];
    size_t email_local;               /* bytes before the @ */
    int32_t term_weights[TERM_KINDS]; /* of agreeing in the row's own values */
    uint32_t duplicate_check;         /* a bit per group; 0 none */
    int32_t adjust_most[GROUP_COUNT]; /* the most that what was learnt adds to any level */
} query;

void query_init(query *query, const weigher *weigher, uint32_t duplicate_check);
/* The row to compare from now on; borrowed. */
void query_set(query *query, const person *row);
/* `prior` is that of the candidate's kind (weigher_prior): family and address of one household are capped by it. */
void query_compare(query *query, const person *candidate, int32_t prior, verdict *verdict);
/* The same, or false without a verdict as soon as it is clear that the weight stays below `least`, no identifier is
 * equal, and the duplicate check does not hold. */
bool query_compare_from(query *query, const person *candidate, int32_t prior, int32_t least, verdict *verdict);

#endif
