/* verdict.c - see verdict.h. */
#include "verdict.h"

#define ALONE_MAX 50u /* generations read without asking anybody, then it is given up: each leaves out further rows */

static void
say(mst_work *work, const verdict *self, uint32_t rows, const ProtobufCMessage *event)
{
    mst_arena *scratch = mst_work_scratch(work);
    mst_work_event(work, mst_arena_printf(scratch, "parsing/%s", self->batch_id), self->batch_id, NULL, rows, event);
}

static char *
entries_stream(mst_work *work, const verdict *self)
{
    return mst_arena_printf(mst_work_scratch(work), "parsing/%s/g%u", self->batch_id, self->generation);
}

void
verdict_of(const parsing_state *state, const char *batch_id, verdict *self)
{
    const parsed_batch *batch = state_find(state, batch_id);
    const Muster__V1__BatchCreated *created = batch->created;
    const Muster__V1__Template *template =
        created->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT
            ? NULL
            : mst_catalog_template(state->catalog, created->template_name, created->template_version);
    *self = (verdict){.batch_id = batch_id,
                      .generation = batch->generation,
                      .chunks = batch->chunks,
                      .rows = batch->rows,
                      .wrong_rows = batch->wrong_rows,
                      .check_wrong = batch->check_wrong,
                      .left_out = batch->left_out,
                      .purpose = created->purpose,
                      .needs_check = template != NULL && mst_catalog_needs_check(template)};
    self->asks_nobody = created->dry_run || (self->generation > 0 && state_excluded(batch, self->generation - 1));
    if (batch->fixing != NULL) {
        self->columns = batch->fixing->columns;
        self->columns_count = batch->fixing->columns_count;
    }
}

void
verdict_accept(mst_work *work, const verdict *self)
{
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    accepted.batch_id = (char *)self->batch_id;
    accepted.generation = self->generation;
    accepted.entries_stream = entries_stream(work, self);
    accepted.chunks = self->chunks;
    accepted.rows = self->rows;
    accepted.accepted = self->rows - self->wrong_rows - self->left_out;
    accepted.purpose = self->purpose;
    accepted.columns = (char **)self->columns;
    accepted.n_columns = self->columns_count;
    say(work, self, self->rows, &accepted.base);
}

static void
ask_person(mst_work *work, const verdict *self)
{
    Muster__V1__CorrectionsRequested requested = MUSTER__V1__CORRECTIONS_REQUESTED__INIT;
    requested.batch_id = (char *)self->batch_id;
    requested.generation = self->generation;
    requested.wrong_rows = self->wrong_rows + self->check_wrong;
    say(work, self, requested.wrong_rows, &requested.base);
}

void
verdict_read(mst_work *work, const verdict *self)
{
    if (self->needs_check) {
        Muster__V1__CheckRequested check = MUSTER__V1__CHECK_REQUESTED__INIT;
        check.batch_id = (char *)self->batch_id;
        check.generation = self->generation;
        check.entries_stream = entries_stream(work, self);
        check.chunks = self->chunks;
        check.rows = self->rows;
        say(work, self, self->rows, &check.base);
    } else if (self->wrong_rows == 0 || self->asks_nobody) {
        verdict_accept(work, self);
    } else {
        ask_person(work, self);
    }
}

void
verdict_checked(mst_work *work, const verdict *self)
{
    if (self->check_wrong == 0 && (self->wrong_rows == 0 || self->asks_nobody)) {
        verdict_accept(work, self);
    } else if (!self->asks_nobody) {
        ask_person(work, self);
    } else if (self->generation >= ALONE_MAX) {
        Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
        failed.batch_id = (char *)self->batch_id;
        failed.stage = "parsing";
        failed.reason = "Without its wrong rows the file has wrong rows again, time after time.";
        failed.advice = "Correct the file, and upload it as a new batch.";
        say(work, self, 0, &failed.base);
    } else {
        Muster__V1__CorrectionsFinished again = MUSTER__V1__CORRECTIONS_FINISHED__INIT;
        again.batch_id = (char *)self->batch_id;
        again.generation = self->generation + 1;
        again.without_bad_rows = true;
        say(work, self, 0, &again.base);
    }
}
