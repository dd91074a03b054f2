/* batches.c - see batches.h. */
#include "services/export/batches.h"

#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/runtime/roster.h"
#include <stdlib.h>
#include <string.h>

struct batches {
    mst_roster batches;
};

batches *
batches_new(void)
{
    batches *self = mst_alloc(sizeof *self);
    *self = (batches){0};
    return self;
}

static void
forget_resolutions(batch *one)
{
    for (size_t i = 0; i < one->resolutions_count; i++)
        free(one->resolutions[i].record_id);
    free(one->resolutions);
    one->resolutions = NULL;
    one->resolutions_count = one->resolutions_room = 0;
}

static void
forget_names(char ***names, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        free((*names)[i]);
    free(*names);
    *names = NULL;
    *count = 0;
}

static void
keep_names(char ***names, size_t *count, char *const *given, size_t given_count)
{
    forget_names(names, count);
    *names = mst_alloc((given_count + 1) * sizeof **names);
    for (*count = 0; *count < given_count; (*count)++)
        (*names)[*count] = mst_strdup(given[*count]);
}

static void
forget_fields(batch *one)
{
    forget_names(&one->fields, &one->fields_count);
    free(one->file_columns);
    one->file_columns = NULL;
    forget_names(&one->columns, &one->columns_count);
}

static void
batch_free(void *item)
{
    batch *one = item;
    forget_resolutions(one);
    forget_fields(one);
    free(one->kind);
    free(one->template_name);
    free(one->date);
    free(one->id_column);
    free(one->entries_stream);
    free((char *)(uintptr_t)one->id);
    free(one);
}

void
batches_destroy(batches **self)
{
    if (*self == NULL)
        return;
    mst_roster_reset(&(*self)->batches, batch_free);
    free(*self);
    *self = NULL;
}

batch *
batches_find(const batches *self, const char *batch_id)
{
    return mst_roster_find(&self->batches, batch_id);
}

batch *
batches_next(const batches *self, const batch *after)
{
    return mst_roster_next(&self->batches, after == NULL ? NULL : after->id);
}

static batch *
find_or_add(batches *self, const char *batch_id)
{
    void **place = mst_roster_place(&self->batches, batch_id);
    if (place != NULL && *place == NULL) {
        batch *one = *place = mst_alloc(sizeof *one);
        *one = (batch){.id = mst_strdup(batch_id), .id_field = -1};
    }
    return place == NULL ? NULL : *place;
}

/* The events ------------------------------------------------------------------------------------------- */

static void
set_text(char **text, const char *value)
{
    free(*text);
    *text = mst_strdup(value);
}

static void
created(batch *one, const Muster__V1__BatchCreated *event)
{
    set_text(&one->kind, event->kind);
    set_text(&one->template_name, event->template_name);
    set_text(&one->date, event->batch_date);
    set_text(&one->id_column, event->id_column);
    one->template_version = event->template_version;
    one->import = event->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    one->dry_run = event->dry_run;
    for (size_t i = 0; i < event->n_options; i++) {
        one->membership_date |= strcmp(event->options[i], "membership-date") == 0;
        one->update_campus |= strcmp(event->options[i], "update-campus") == 0;
        one->repeat_assignments |= strcmp(event->options[i], "repeat-assignments") == 0;
    }
}

static void
recognised(batch *one, const Muster__V1__FileRecognised *event)
{
    keep_names(&one->fields, &one->fields_count, event->fields, event->n_fields);
    free(one->file_columns);
    one->file_columns = mst_alloc((one->fields_count + 1) * sizeof *one->file_columns);
    for (size_t i = 0; i < one->fields_count; i++) {
        one->file_columns[i] = 0;
        for (size_t at = event->n_columns; at-- > 0;) // the first that feeds it
            if (strcmp(event->columns[at]->field, one->fields[i]) == 0)
                one->file_columns[i] = event->columns[at]->column + 1;
    }
    one->id_field = -1;
    if (!one->import || one->id_column == NULL || one->id_column[0] == 0)
        return;
    for (size_t i = one->fields_count; i-- > 0;) // the first, should the kind have such a field too
        if (strcmp(one->fields[i], "id") == 0)
            one->id_field = (int)i;
}

static void
accepted(batch *one, const Muster__V1__EntriesAccepted *event)
{
    if (one->generation != event->generation)
        forget_resolutions(one); // decisions about rows as they were read before
    one->generation = event->generation;
    set_text(&one->entries_stream, event->entries_stream);
    one->chunks = event->chunks;
    one->rows = event->rows;
    keep_names(&one->columns, &one->columns_count, event->columns, event->n_columns);
}

/* Where the decision about `row` stands or would stand. */
static size_t
resolution_place(const batch *self, uint32_t row)
{
    size_t low = 0, high = self->resolutions_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->resolutions[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const resolution *
batch_resolution(const batch *self, uint32_t row)
{
    size_t at = resolution_place(self, row);
    return at < self->resolutions_count && self->resolutions[at].row == row ? &self->resolutions[at] : NULL;
}

static void
resolved(batch *one, const Muster__V1__DiscrepancyResolved *event)
{
    if (event->generation != one->generation)
        return;
    size_t at = resolution_place(one, event->row);
    if (at == one->resolutions_count || one->resolutions[at].row != event->row) {
        if (one->resolutions_count == one->resolutions_room) {
            one->resolutions_room = one->resolutions_room == 0 ? 16 : one->resolutions_room * 2;
            one->resolutions = mst_realloc(one->resolutions, one->resolutions_room * sizeof *one->resolutions);
        }
        memmove(&one->resolutions[at + 1], &one->resolutions[at],
                (one->resolutions_count - at) * sizeof *one->resolutions);
        one->resolutions[at] = (resolution){.row = event->row};
        one->resolutions_count++;
    }
    one->resolutions[at].choice = event->choice;
    set_text(&one->resolutions[at].record_id, event->record_id);
}

/* The queue closes behind a batch: what only its export needs is let go. */
static void
ended(batch *one)
{
    one->left_queue_seq = one->seq;
    forget_resolutions(one);
    forget_fields(one);
}

void
batches_apply(batches *self, const mst_event *event)
{
    const char *type = event->head->type;
    batch *one = find_or_add(self, event->head->batch_id);
    if (one == NULL)
        return;
    if (strcmp(type, "RecordsChanged") == 0) { // comes on its own way, not in order with the others
        if (event->head->stream_version > one->records_version)
            one->records_version = event->head->stream_version;
        return;
    }
    if (event->head->seq <= one->seq)
        return;
    one->seq = event->head->seq;
    const void *message = event->message;
    if (message == NULL)
        return;
    if (strcmp(type, "BatchCreated") == 0) {
        created(one, message);
    } else if (strcmp(type, "FileRecognised") == 0) {
        recognised(one, message);
    } else if (strcmp(type, "EntriesAccepted") == 0) {
        accepted(one, message);
    } else if (strcmp(type, "MatchingFinished") == 0) {
        one->position = ((const Muster__V1__MatchingFinished *)message)->position;
    } else if (strcmp(type, "RecheckFinished") == 0) {
        one->position = ((const Muster__V1__RecheckFinished *)message)->position;
    } else if (strcmp(type, "DiscrepancyResolved") == 0) {
        resolved(one, message);
    } else if (strcmp(type, "ExportQueued") == 0) {
        one->queued_seq = one->seq;
    } else if (strcmp(type, "RecheckRequested") == 0) {
        one->rechecks = ((const Muster__V1__RecheckRequested *)message)->recheck;
        one->left_queue_seq = one->seq;
    } else if (strcmp(type, "ExportStarted") == 0) {
        one->started = true;
    } else if (strcmp(type, "BatchCompleted") == 0) {
        one->completed = true;
        one->records_events = ((const Muster__V1__BatchCompleted *)message)->records_events;
        ended(one);
    } else if (strcmp(type, "BatchFailed") == 0) {
        one->failed = true;
        ended(one);
    } else if (strcmp(type, "BatchCancelled") == 0 && !one->started) {
        one->cancelled = true;
        ended(one);
    }
}
