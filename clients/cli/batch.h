/* batch.h - what the commands about one batch share. */
#ifndef MUSTER_CLI_BATCH_H
#define MUSTER_CLI_BATCH_H

#include "cli.h"
#include "ingestion.pb-c.h"

/* "Ready For File Upload" .. as in A16. */
const char *batch_state_title(Muster__V1__BatchState state);
/* False, with the reason said, for what cannot be the id of a batch. */
bool batch_id_ok(cli *self, const char *id, int *exit_code);
/* The batch as it is now, in `arena`; NULL: said, *exit_code set. */
const Muster__V1__BatchView *batch_fetch(cli *self, mst_arena *arena, const char *id, int *exit_code);
/* The template as the batch uses it; NULL for an import, or when it cannot be had: names of fields will do then.
 * Needs self->link. */
const Muster__V1__TemplateView *batch_template(cli *self, const Muster__V1__BatchView *view);
/* True when the batch goes no further by itself: Complete, failed, cancelled, or it waits for a person. */
bool batch_rests(const Muster__V1__BatchView *view);
/* True when it rests because a person has something to do; `what` gets that, as a sentence with the command. */
bool batch_waits(mst_arena *arena, const Muster__V1__BatchView *view, const char **what);
/* Earlier batches of the same file: "B3, B2". */
const char *batch_same_file(mst_arena *arena, const Muster__V1__BatchView *view);
/* Where the batch stands and what it did, in a few lines. */
void batch_print(cli *self, const Muster__V1__BatchView *view);
/* As JSON: the view, and "waits_for_person". */
void batch_print_json(const Muster__V1__BatchView *view);
/* Watches the batch until it rests (`complete`: until Complete, failed or cancelled), with progress. The exit code:
 * CLI_FAILED when it failed, was cancelled or is parked. *view is the last one seen, in self->arena. */
int batch_watch(cli *self, const char *id, bool complete, const Muster__V1__BatchView **view);

#endif
