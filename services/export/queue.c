/* queue.c - who may go to export: everything is closed and decided, then the batch waits its turn among its kind. */
#include "services/export/export_state.h"

#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include <string.h>

/* Whether the input closes what stands before export, and for which generation. */
static bool
is_ready(const batch *one, const mst_event *input, uint32_t *generation)
{
    const char *type = input->head->type;
    if (strcmp(type, "EntriesAccepted") == 0) {
        const Muster__V1__EntriesAccepted *accepted = (const void *)input->message;
        *generation = accepted->generation;
        return accepted->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    }
    if (strcmp(type, "MatchingFinished") == 0) {
        const Muster__V1__MatchingFinished *finished = (const void *)input->message;
        *generation = finished->generation;
        return finished->discrepancies == 0 || one->dry_run; // a dry run asks nobody
    }
    if (strcmp(type, "RecheckFinished") == 0) {
        const Muster__V1__RecheckFinished *finished = (const void *)input->message;
        *generation = finished->generation;
        return finished->n_questions == 0;
    }
    const Muster__V1__VerificationFinished *finished = (const void *)input->message;
    *generation = finished->generation;
    return true;
}

void
queue_input(export_state *state, mst_work *work, const mst_step *step)
{
    const batch *one = batches_find(state->batches, step->input.head->batch_id);
    uint32_t generation = 0;
    if (one != NULL && one->kind != NULL && !one->cancelled && !one->failed &&
        is_ready(one, &step->input, &generation) && generation == one->generation) {
        Muster__V1__ExportQueued queued = MUSTER__V1__EXPORT_QUEUED__INIT;
        queued.batch_id = (char *)(uintptr_t)one->id;
        queued.generation = generation;
        queued.kind = one->kind;
        queued.position = one->import ? 0 : one->position;
        queued.round = one->rechecks + 1;
        mst_arena *scratch = mst_work_scratch(work);
        mst_work_event(work, mst_arena_printf(scratch, "export/%s", one->id), one->id,
                       mst_arena_printf(scratch, "kind:%s", one->kind), 0, &queued.base);
    }
    mst_work_finish(work);
}
