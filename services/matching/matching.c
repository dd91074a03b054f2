/* matching.c - see matching.h. What it knows is in state.c, what it does in work_*.c. */
#include "matching.h"

#include "work_of.h"
#include <string.h>

/* Work by the name of its input or call. */
static const struct {
    const char *type;
    void (*begin)(matching *matching, mst_work *work, const mst_step *step);
} WORK[] = {{"EntriesAccepted", work_start},
            {"CandidatesRequested", work_span},
            {"CandidatesFound", work_fold},
            {"RecheckRequested", work_recheck},
            {"Explain", work_explain}};

static mst_status
core_open(void **state, const mst_core_env *env)
{
    (void)env; // everything is in memory, folded anew from the log at start
    *state = matching_new();
    return MST_OK;
}

static void
core_close(void *state)
{
    matching *matching = state;
    matching_destroy(&matching);
}

static void
core_apply(void *state, const mst_event *event)
{
    matching_apply(state, event);
}

static void
core_work(void *state, mst_work *work, const mst_step *step)
{
    if (step->kind != MST_STEP_INPUT && step->kind != MST_STEP_CALL) {
        const work_base *base = mst_work_data(work);
        if (base != NULL)
            base->handle(state, work, step);
        return;
    }
    const char *type = step->kind == MST_STEP_CALL ? step->method : step->input.head->type;
    for (size_t i = 0; i < sizeof WORK / sizeof WORK[0]; i++)
        if (strcmp(WORK[i].type, type) == 0) {
            WORK[i].begin(state, work, step);
            return;
        }
    if (step->kind == MST_STEP_CALL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "matching does not answer %.60s", type);
    else
        mst_work_finish(work);
}

const mst_core matching_core = {
    .name = "matching",
    .types = (const char *const[]){"TemplateAdded", "DirectoryDeclared", "BatchCreated", "BatchCancelled",
                                   "BatchFailed", "BatchCompleted", "FileRecognised", "EntriesAccepted",
                                   "MatchingStarted", "DiscrepancyResolved", NULL},
    .streamed_types = (const char *const[]){"RecordsChanged", NULL},
    .inputs =
        (const char *const[]){"EntriesAccepted", "CandidatesRequested", "CandidatesFound", "RecheckRequested", NULL},
    .inputs_max = 4,
    .open = core_open,
    .close = core_close,
    .apply = core_apply,
    .work = core_work,
};
