/* discrepancy.c - see discrepancy.h. The core: what is followed and what is worked on. */
#include "services/discrepancy/discrepancy.h"

#include "services/discrepancy/desk.h"
#include <string.h>

static mst_status
discrepancy_open(void **state, const mst_core_env *env)
{
    (void)env;
    *state = cases_new();
    return MST_OK;
}

static void
discrepancy_close(void *state)
{
    cases *self = state;
    cases_destroy(&self);
}

static void
discrepancy_apply(void *state, const mst_event *event)
{
    cases_apply(state, event);
}

static void
discrepancy_work(void *state, mst_work *work, const mst_step *step)
{
    const desk_work *under_way = mst_work_data(work);
    if (step->kind == MST_STEP_INPUT)
        opening_step(state, work, step);
    else if (step->kind == MST_STEP_CALL)
        calls_step(state, work, step);
    else if (under_way != NULL)
        under_way->step(state, work, step);
}

static mst_slice
discrepancy_save(void *state, mst_arena *arena)
{
    return cases_save(state, arena);
}

static mst_status
discrepancy_load(void *state, mst_slice snapshot)
{
    return cases_load(state, snapshot);
}

static const char *const TYPES[] = {
    "BatchCancelled",      "BatchCompleted",      "BatchCreated",    "BatchFailed",          "DirectoryDeclared",
    "DiscrepanciesOpened", "DiscrepancyResolved", "EntriesAccepted", "ExportStarted",        "FileRecognised",
    "MatchingFinished",    "RecheckFinished",     "TemplateAdded",   "VerificationFinished", NULL,
};
static const char *const INPUTS[] = {"MatchingFinished", "RecheckFinished", NULL};

const mst_core discrepancy_core = {
    .name = "discrepancy",
    .types = TYPES,
    .inputs = INPUTS,
    .inputs_max = 8,
    .open = discrepancy_open,
    .close = discrepancy_close,
    .apply = discrepancy_apply,
    .work = discrepancy_work,
    .save = discrepancy_save,
    .load = discrepancy_load,
};
