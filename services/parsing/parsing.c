/* parsing.c - see parsing.h. What parsing is sent, and who takes it. */
#include "parsing.h"

#include "answers.h"
#include "export.pb-c.h"
#include "reading.h"
#include "state.h"
#include "verdict.h"
#include <string.h>

static void
take_check(const parsing_state *state, mst_work *work, const Muster__V1__CheckFinished *finished)
{
    const parsed_batch *batch = state_find(state, finished->batch_id);
    if (!batch->accepted && !batch->waiting && batch->generation == finished->generation) {
        verdict next;
        verdict_of(state, finished->batch_id, &next);
        verdict_checked(work, &next);
    }
    mst_work_finish(work);
}

static void
begin(const parsing_state *state, mst_work *work, const mst_step *step)
{
    const mst_event *input = &step->input;
    const parsed_batch *batch = state_find(state, input->head->batch_id);
    if (batch == NULL || batch->created == NULL)
        mst_work_fail(work, "an input of a batch that was never created");
    else if (batch->ended)
        mst_work_finish(work);
    else if (strcmp(input->head->type, "CheckFinished") == 0)
        take_check(state, work, (const Muster__V1__CheckFinished *)input->message);
    else if (strcmp(input->head->type, "CorrectionsReceived") == 0)
        reading_begin_corrected(state, work, step);
    else
        reading_begin(state, work, step);
}

/* The turn ---------------------------------------------------------------------------------------------- */

static void
parsing_work(void *state, mst_work *work, const mst_step *step)
{
    if (step->kind == MST_STEP_INPUT)
        begin(state, work, step);
    else if (step->kind == MST_STEP_CALL)
        answers_begin(state, work, step);
    else
        ((turn *)mst_work_data(work))->step(work, step);
}

static mst_status
parsing_open(void **state, const mst_core_env *env)
{
    parsing_state *self = state_new();
    self->spool_dir = env->data_dir[0] == '\0' ? NULL : mst_strdup(env->data_dir);
    *state = self;
    return MST_OK;
}

static void
parsing_close(void *state)
{
    state_destroy(state);
}

static void
parsing_apply(void *state, const mst_event *event)
{
    state_apply(state, event);
}

static mst_slice
parsing_save(void *state, mst_arena *arena)
{
    return state_save(state, arena);
}

static mst_status
parsing_load(void *state, mst_slice snapshot)
{
    return state_load(state, snapshot);
}

static const char *const TYPES[] = {"TemplateAdded",        "DirectoryDeclared", "BatchCreated",
                                    "FileReceived",         "FileRecognised",    "ReadingFinished",
                                    "CheckFinished",        "CorrectionMade",    "CorrectionsFinished",
                                    "CorrectionsRequested", "RepairAccepted",    "CorrectionsRefused",
                                    "RuleLearned",          "RuleSwitched",      "RulesApplied",
                                    "CheckRequested",       "BadRowsExcluded",   "EntriesAccepted",
                                    "BatchCancelled",       "BatchFailed",       NULL};
static const char *const HEAD_TYPES[] = {"WrongValuesFound", "RemarksFound", "CorrectionsReceived", NULL};
static const char *const INPUTS[] = {"FileReceived", "CheckFinished", "CorrectionsFinished", "CorrectionsReceived",
                                     NULL};

const mst_core parsing_core = {
    .name = "parsing",
    .types = TYPES,
    .head_types = HEAD_TYPES,
    .inputs = INPUTS,
    .inputs_max = 4,
    .open = parsing_open,
    .close = parsing_close,
    .apply = parsing_apply,
    .work = parsing_work,
    .save = parsing_save,
    .load = parsing_load,
};
