/* export.c - see export.h. The core: what is followed, what is worked on, and how the state is folded. */
#include "services/export/export.h"

#include "broker/lib/log.h"
#include "services/export/check.h"
#include "services/export/export_state.h"
#include <stdlib.h>
#include <string.h>

static mst_status
export_open(void **state, const mst_core_env *env)
{
    char *dir = mst_strdup("");
    if (env->data_dir[0] != 0) {
        size_t size = strlen(env->data_dir) + sizeof "/directory";
        dir = mst_realloc(dir, size);
        stpcpy(stpcpy(dir, env->data_dir), "/directory");
    }
    export_state *self = mst_alloc(sizeof *self);
    *self = (export_state){.catalog = mst_catalog_new(), .batches = batches_new()};
    mst_status status = directory_open(&self->directory, dir);
    free(dir);
    self->lookups = lookups_new(self->directory);
    *state = self;
    return status;
}

static void
export_close(void *state)
{
    export_state *self = state;
    if (self == NULL)
        return;
    if (self->directory != NULL && directory_flush(self->directory) != MST_OK)
        mst_log(MST_LOG_WARN, "directory closed unwritten: the last changes are read again from the log", NULL);
    lookups_destroy(&self->lookups);
    directory_close(&self->directory);
    batches_destroy(&self->batches);
    mst_catalog_destroy(&self->catalog);
    free(self);
}

void
export_must(mst_status status)
{
    if (status == MST_OK)
        return;
    mst_log(MST_LOG_ERROR,
            status == MST_CORRUPT ? "stopped: the directory is damaged; the next start builds it again from the log"
            : status == MST_FULL  ? "stopped: no room on the disk for the directory; make room and start again"
                                  : "stopped: the directory cannot be read or written; see the error above",
            "status", mst_status_name(status), NULL);
    exit(1);
}

static void
export_apply(void *state, const mst_event *event)
{
    export_state *self = state;
    if (event->message == NULL)
        return;
    if (strcmp(event->head->type, "RecordsChanged") == 0) {
        const Muster__V1__RecordsChanged *changed = (const void *)event->message;
        mst_status status = directory_apply(self->directory, event->head->seq, event->head->stream_version, changed);
        if (status == MST_OK)
            lookups_apply(self->lookups, changed);
        if (status == MST_INVALID || status == MST_LIMIT)
            mst_log(MST_LOG_ERROR, "RecordsChanged not understood: left out", "seq=u", (uint64_t)event->head->seq,
                    NULL);
        else if (status != MST_SEEN)
            export_must(status);
    }
    if (strcmp(event->head->type, "DirectoryDeclared") == 0) {
        const Muster__V1__DirectoryDeclared *declared = (const void *)event->message;
        for (size_t i = 0; i < declared->n_kinds; i++)
            lookups_forget(self->lookups, declared->kinds[i]->name);
    }
    mst_catalog_apply(self->catalog, event);
    batches_apply(self->batches, event);
}

static void
export_work(void *state, mst_work *work, const mst_step *step)
{
    const export_stepper *going = mst_work_data(work);
    const char *type = step->kind == MST_STEP_INPUT ? step->input.head->type : "";
    if (going != NULL)
        (*going)(state, work, step);
    else if (strcmp(type, "ExportQueued") == 0)
        job_step(state, work, step);
    else if (strcmp(type, "CheckRequested") == 0)
        check_step(state, work, step);
    else if (step->kind == MST_STEP_INPUT)
        queue_input(state, work, step);
    else if (step->kind == MST_STEP_CALL)
        calls_answer(state, work, step);
}

static uint64_t
export_position(void *state)
{
    return directory_position(((export_state *)state)->directory);
}

static void
export_idle(void *state, bool busy)
{
    export_state *self = state;
    if (busy || directory_pending(self->directory) == 0)
        return;
    export_must(directory_flush(self->directory));
}

static const char *const TYPES[] = {
    "BatchCancelled",
    "BatchCompleted",
    "BatchCreated",
    "BatchFailed",
    "DirectoryDeclared",
    "DiscrepancyResolved",
    "EntriesAccepted",
    "ExportQueued",
    "ExportStarted",
    "FileReceived",
    "FileRecognised",
    "MatchingFinished",
    "RecheckFinished",
    "RecheckRequested",
    "TemplateAdded",
    "VerificationFinished",
    NULL,
};
/* Stands in streams that commits are guarded by. */
static const char *const HEAD_TYPES[] = {"CorrectionsReceived", NULL};
static const char *const STREAMED_TYPES[] = {"RecordsChanged", NULL};
static const char *const INPUTS[] = {
    "CheckRequested",  "EntriesAccepted",      "ExportQueued", "MatchingFinished",
    "RecheckFinished", "VerificationFinished", NULL,
};

const mst_core export_core = {
    .name = "export",
    .types = TYPES,
    .head_types = HEAD_TYPES,
    .streamed_types = STREAMED_TYPES,
    .inputs = INPUTS,
    .inputs_max = 8, /* kinds exported side by side, and inputs that only queue */
    .open = export_open,
    .close = export_close,
    .apply = export_apply,
    .work = export_work,
    .position = export_position,
    .idle = export_idle,
};
