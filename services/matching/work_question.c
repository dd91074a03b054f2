/* work_question.c - see work_of.h: what is asked of people, in messages of bounded size. */
#include "work_of.h"

#include <string.h>

const wordiness WORDINESS[4] = {{8, true}, {4, true}, {2, false}, {1, false}};

Muster__V1__EntryQuestion *
question_message(mst_arena *arena, const field_names *names, uint32_t row, Muster__V1__Reason reason,
                 const option *options, size_t count, wordiness wordiness)
{
    Muster__V1__EntryQuestion *question = mst_arena_alloc(arena, sizeof *question);
    muster__v1__entry_question__init(question);
    question->row = row;
    question->reason = reason;
    question->sentence = (char *)sentence_of_reason(reason);
    size_t most = count < wordiness.candidates ? count : wordiness.candidates;
    question->candidates = mst_arena_alloc(arena, (most + 1) * sizeof *question->candidates);
    for (size_t i = 0; i < most; i++)
        question->candidates[question->n_candidates++] =
            candidate_message(arena, names, &options[i], wordiness.evidence);
    return question;
}

settings
settings_of(const Muster__V1__Template *template)
{
    settings settings = {.merge_cost = MERGE_COST_DEFAULT, .may_create = true};
    if (template != NULL) {
        settings.may_create = template->may_create && template->subject == NULL; // who a row is about must be known
        if (template->matching != NULL && template->matching->merge_cost > 0)
            settings.merge_cost = template->matching->merge_cost;
    }
    return settings;
}

const char *
candidates_stream(mst_arena *arena, const char *batch_id, uint32_t generation)
{
    return mst_arena_printf(arena, "matching/%s/g%u/candidates", batch_id, generation);
}

const char *
results_stream(mst_arena *arena, const char *batch_id, uint32_t generation)
{
    return mst_arena_printf(arena, "matching/%s/g%u", batch_id, generation);
}
