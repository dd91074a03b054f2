/* state.c - see state.h. */
#include "state.h"

#include "services/runtime/roster.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

parsing_state *
state_new(void)
{
    parsing_state *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->catalog = mst_catalog_new();
    return self;
}

void
state_destroy(parsing_state *self)
{
    for (size_t i = 0; i < self->batches_count; i++)
        if (self->batches[i].created != NULL)
            muster__v1__batch_created__free_unpacked(self->batches[i].created, NULL);
    free(self->batches);
    free(self->spool_dir);
    mst_catalog_destroy(&self->catalog);
    free(self);
}

static parsed_batch *
find(const parsing_state *self, const char *batch_id)
{
    size_t number = mst_batch_number(batch_id);
    return number == 0 || number > self->batches_count ? NULL : &self->batches[number - 1];
}

const parsed_batch *
state_find(const parsing_state *self, const char *batch_id)
{
    return find(self, batch_id);
}

static void
on_created(parsing_state *self, const mst_event *event)
{
    size_t number = mst_batch_number(event->head->batch_id);
    if (number == 0 || (number <= self->batches_count && self->batches[number - 1].created != NULL))
        return; // applied before
    if (number > self->batches_count) {
        self->batches = mst_realloc(self->batches, number * sizeof *self->batches);
        memset(self->batches + self->batches_count, 0, (number - self->batches_count) * sizeof *self->batches);
        self->batches_count = number;
    }
    parsed_batch *batch = &self->batches[number - 1];
    batch->created = muster__v1__batch_created__unpack(NULL, event->body.size, event->body.data);
    assert(batch->created != NULL);
}

void
state_apply(parsing_state *self, const mst_event *event)
{
    if (event->head->seq <= self->applied_seq)
        return;
    self->applied_seq = event->head->seq;
    const char *type = event->head->type;
    if (strcmp(type, "TemplateAdded") == 0 || strcmp(type, "DirectoryDeclared") == 0) {
        mst_catalog_apply(self->catalog, event);
        return;
    }
    if (strcmp(type, "BatchCreated") == 0) {
        on_created(self, event);
        return;
    }
    parsed_batch *batch = find(self, event->head->batch_id);
    if (batch == NULL)
        return;
    if (strcmp(type, "BatchCancelled") == 0 || strcmp(type, "BatchFailed") == 0)
        batch->ended = true;
    else if (strcmp(type, "EntriesAccepted") == 0)
        batch->accepted = true;
    else if (strcmp(type, "ReadingFinished") == 0) {
        const Muster__V1__ReadingFinished *finished = (const Muster__V1__ReadingFinished *)event->message;
        batch->finished = true;
        batch->generation = finished->generation;
        batch->rows = finished->rows;
        batch->chunks = finished->chunks;
        batch->wrong_rows = finished->wrong_rows;
    }
}
