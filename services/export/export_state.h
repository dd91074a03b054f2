/* export_state.h - what the parts of service export share: its state, and the three ways work comes in. */
#ifndef MUSTER_EXPORT_STATE_H
#define MUSTER_EXPORT_STATE_H

#include "services/export/batches.h"
#include "services/export/directory.h"
#include "services/export/lookups.h"
#include "services/runtime/catalog.h"
#include "services/runtime/service.h"

typedef struct export_state {
    mst_catalog *catalog;
    batches *batches;
    directory *directory;
    lookups *lookups;
} export_state;

/* One step of work under way. What a piece of work keeps (mst_work_set_data) begins with the function that takes its
 * steps. */
typedef void (*export_stepper)(export_state *state, mst_work *work, const mst_step *step);

/* export.c: ends the process if the directory cannot be read or written. Nothing is lost by that: what is under way
 * comes again, and the directory is folded on, or anew if it is damaged, at the next start. */
void export_must(mst_status status);

/* queue.c: an input that makes a batch ready for export. */
void queue_input(export_state *state, mst_work *work, const mst_step *step);
/* job.c: every step of an ExportQueued. */
void job_step(export_state *state, mst_work *work, const mst_step *step);
/* calls.c: a kind that a call names; NULL: there is none, the call is answered. */
const Muster__V1__Kind *calls_kind(export_state *state, mst_work *work, const char *name);
/* calls.c: a command or query. */
void calls_answer(export_state *state, mst_work *work, const mst_step *step);

#endif
