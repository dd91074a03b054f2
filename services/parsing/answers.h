/* answers.h - what parsing is asked: which values are wrong, what may have been meant, and what people do about it. */
#ifndef MUSTER_PARSING_ANSWERS_H
#define MUSTER_PARSING_ANSWERS_H

#include "parsing.h"
#include "state.h"

void answers_begin(parsing_state *state, mst_work *work, const mst_step *step);

/* A question that needs the wrong values of a batch, put together. */
typedef struct question {
    turn turn;
    parsing_state *state;
    mst_arena *arena; /* the work's */
    const char *batch_id, *operator;
    const ProtobufCMessage *argument;
    uint32_t generation; /* whose wrong values */
    groups *loading;     /* owned; NULL: they were kept from before, or are loaded */
    char *stream;
    bool checks; /* at the second stream */
    void (*then)(struct question *self, mst_work *work, const groups *found);
} question;

/* NULL: there is no such batch, which was answered. */
const parsed_batch *answers_batch(const parsing_state *state, mst_work *work, const char *batch_id);
/* False: it does not wait for corrections, which was answered. */
bool answers_waits(const parsing_state *state, mst_work *work, const char *batch_id);
/* Puts the wrong values of the newest generation together and calls `then` with them, now or in a later step. They are
 * lent for that call. The argument is copied. `size`: of a struct that begins with a question; it is zeroed. */
void answers_load(parsing_state *state, mst_work *work, const mst_step *step, const char *batch_id, size_t size,
                  void (*then)(question *self, mst_work *work, const groups *found));
/* Groups that have no correction yet, and their rows added up. */
uint32_t answers_left(const parsed_batch *batch, const groups *found, uint32_t *rows);

/* desk.c: MakeCorrection, FinishCorrections, ExcludeBadRows, AcceptRepair, SwitchRule. False: none of these. */
bool desk_begin(parsing_state *state, mst_work *work, const mst_step *step);
/* faults.c: ListRowFaults, ListRemarks. False: none of these. */
bool faults_begin(parsing_state *state, mst_work *work, const mst_step *step);
/* picks.c: ListChoices. False: another question. */
bool picks_begin(parsing_state *state, mst_work *work, const mst_step *step);

/* picks.c. The template of a batch; NULL: an import. */
const Muster__V1__Template *picks_template(const parsing_state *state, const parsed_batch *batch);
/* A field of the batch's rows; NULL: there is none of this name. */
const Muster__V1__Field *picks_field(const parsing_state *state, const parsed_batch *batch, const char *name);
/* NULL: the field takes this value, and `kept` is the form in which it is kept. Else what would be right. */
const char *picks_check(const parsing_state *state, const parsed_batch *batch, const Muster__V1__Field *field,
                        const char *value, mst_arena *arena, char **kept);
/* What was chosen before in front, then what the event suggests, at most SUGGESTIONS_MAX; in `arena`. */
Muster__V1__Suggestion **picks_suggestions(const parsing_state *state, const Muster__V1__WrongValueGroup *group,
                                           mst_arena *arena, size_t *count);
#define SUGGESTIONS_MAX 5u

#endif
