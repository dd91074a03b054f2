/* sentences.h - what matching found, in words for the person who decides: a parish secretary, not a data scientist.
 *
 * Nothing here repeats a person's values: the desk shows them beside the sentence. Memory: the arena's. Thread: any. */
#ifndef MUSTER_SENTENCES_H
#define MUSTER_SENTENCES_H

#include "broker/lib/arena.h"
#include "decide.h"
#include "template.pb-c.h"

/* How the kind calls each group of fields ("First name"); borrowed from the kind, or a plain English word. */
typedef struct field_names {
    const char *of_group[GROUP_COUNT];
} field_names;

void field_names_of(field_names *names, const Muster__V1__Kind *kind);

/* Why a person is asked. */
const char *sentence_of_reason(Muster__V1__Reason reason);
/* One sentence on one candidate: what agrees and what does not. */
const char *sentence_of_candidate(mst_arena *arena, uint32_t likeness, uint32_t row);
/* The candidate with its evidence; `evidence` false leaves the single fields out (where many are asked at once). */
Muster__V1__Candidate *candidate_message(mst_arena *arena, const field_names *names, const option *option,
                                         bool evidence);

#endif
