/* work_of.h - the pieces of work of service matching, one file each.
 *
 *   work_start    EntriesAccepted      -> MatchingStarted, CandidatesRequested per span
 *   work_span     CandidatesRequested  -> CandidatesFound
 *   work_fold     CandidatesFound, the last one -> EntriesMatched per chunk, MatchingFinished
 *   work_recheck  RecheckRequested     -> RecheckFinished
 *   work_explain  Explain (query)      -> Candidate
 *
 * Each is called for every step of its work (services/runtime/service.h). */
#ifndef MUSTER_MATCHING_WORK_OF_H
#define MUSTER_MATCHING_WORK_OF_H

#include "matching.pb-c.h"
#include "sentences.h"
#include "state.h"

/* What every piece of work keeps from step to step, first in its own data. */
typedef struct work_base {
    void (*handle)(matching *matching, mst_work *work, const mst_step *step);
    char batch_id[64];
    uint32_t generation;
} work_base;

/* The batch of this work as it stands now; NULL: over, or its entries were read anew. Looked up in every step. */
const batch *work_batch(const matching *matching, const mst_work *work);
/* Zero-filled data of `size` bytes for this work; it goes on in `handle`. */
void *work_begin(mst_work *work, size_t size, const char *batch_id, uint32_t generation,
                 void (*handle)(matching *matching, mst_work *work, const mst_step *step), void (*destroy)(void *data));

void work_start(matching *matching, mst_work *work, const mst_step *step);
void work_span(matching *matching, mst_work *work, const mst_step *step);
void work_fold(matching *matching, mst_work *work, const mst_step *step);
void work_recheck(matching *matching, mst_work *work, const mst_step *step);
void work_explain(matching *matching, mst_work *work, const mst_step *step);

/* Loading a batch together with other work (work_load.c) -------------------------------------------------- */

typedef struct loading {
    matching *matching;
    loaded *loaded;
    uint64_t claimer;
    uint32_t asked; /* reads under way */
    bool waiting;   /* one of them only waits for others */
} loading;

typedef enum load_status { LOAD_GOING, LOAD_DONE, LOAD_BROKEN } load_status;

#define LOAD_TAG 1u /* tag of its reads */

/* LOAD_BROKEN: the batch's template is unknown, or its entries are not those announced. */
load_status loading_start(loading *loading, matching *matching, mst_work *work, const batch *batch);
/* A STEP_PAGE with LOAD_TAG. */
load_status loading_page(loading *loading, mst_work *work, const batch *batch, const mst_step *step);
void loading_end(loading *loading);

/* Questions (work_question.c) ---------------------------------------------------------------------------- */

/* How much a question may say; where many stand in one message, less. */
typedef struct wordiness {
    size_t candidates;
    bool evidence;
} wordiness;

extern const wordiness WORDINESS[4];

Muster__V1__EntryQuestion *question_message(mst_arena *arena, const field_names *names, uint32_t row,
                                            Muster__V1__Reason reason, const option *options, size_t count,
                                            wordiness wordiness);
settings settings_of(const Muster__V1__Template *template);
/* The stream of the candidates and of the results of a batch. */
const char *candidates_stream(mst_arena *arena, const char *batch_id, uint32_t generation);
const char *results_stream(mst_arena *arena, const char *batch_id, uint32_t generation);

#endif
