/* decide.h - from the likeness of a row's candidates to matched, new, or a question.
 *
 * Weights become probabilities: a row is at most one of its candidates or nobody known. A wrong merge costs as much as
 * `merge_cost` questions, a second record of one person SECOND_PERSON_COST; the cheapest answer wins. But no weight
 * merges by itself where a veto speaks: different identifiers or birth dates, twins, Jr and Sr, a shared e-mail or
 * phone with another given name, a name and nothing else. An equal identifier or duplicate check is never passed over
 * in silence: if it cannot match, it asks. Thread: any. */
#ifndef MUSTER_DECIDE_H
#define MUSTER_DECIDE_H

#include "compare.h"
#include "matching.pb-c.h"

#define MERGE_COST_DEFAULT 50u /* questions */
#define SECOND_PERSON_COST 20u /* questions */
#define OPTIONS_MAX 16u        /* answers considered for one row */

/* One person, known or of an earlier row, that a row may be. */
typedef struct option {
    uint32_t row;   /* an earlier row that is no known record, or 0 */
    const char *id; /* of the record; borrowed */
    uint32_t id_size, version;
    int32_t weight; /* prior included, 1/1000 bit */
    uint32_t likeness;
    const int8_t *parts;     /* GROUP_COUNT, borrowed */
    uint32_t probability;    /* millionths; set by decide */
    Muster__V1__Reason veto; /* why it may not be merged without asking; set by decide, UNKNOWN: nothing */
    uint32_t followed;       /* earlier row by which this came up, 0 none */
} option;

typedef struct settings {
    uint32_t merge_cost;
    bool may_create;
} settings;

typedef struct decision {
    Muster__V1__Decision decision;
    Muster__V1__Reason reason;
} decision;

/* Why likeness like this is not merged without asking; REASON_UNKNOWN: it may be. */
Muster__V1__Reason decide_veto(uint32_t likeness);

/* Options come best first; one that is vetoed already (veto set) stays so. */
decision decide(option *options, size_t count, const settings *settings);

#endif
