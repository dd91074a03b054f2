/* batches.c - see batches.h. */
#include "batches.h"

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/runtime/roster.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

batch *
batches_find(const batches *self, const char *batch_id)
{
    size_t number = mst_batch_number(batch_id);
    return number == 0 || number > self->count ? NULL : self->list[number - 1];
}

/* An empty string of protobuf-c is a constant of the library and never freed. */
static void
set_text(char **text, const char *value)
{
    if (*text != protobuf_c_empty_string)
        free(*text);
    *text = value[0] == '\0' ? (char *)protobuf_c_empty_string : mst_strdup(value);
    if (strlen(*text) > BATCH_TEXT_SIZE_MAX) {
        size_t cut = BATCH_TEXT_SIZE_MAX;
        while (((unsigned char)(*text)[cut] & 0xC0) == 0x80)
            cut--; // never within a character
        (*text)[cut] = '\0';
    }
}

static void
set_texts(char ***texts, size_t *count, char *const *values, size_t values_count)
{
    for (size_t i = 0; i < *count; i++)
        set_text(&(*texts)[i], "");
    free(*texts);
    *count = values_count;
    *texts = values_count == 0 ? NULL : mst_alloc(values_count * sizeof **texts);
    for (size_t i = 0; i < values_count; i++) {
        (*texts)[i] = (char *)protobuf_c_empty_string;
        set_text(&(*texts)[i], values[i]);
    }
}

static void
batch_destroy(batch *self)
{
    if (self == NULL)
        return;
    Muster__V1__BatchView *view = &self->view;
    char **texts[] = {&view->batch_id,  &view->name,      &view->batch_date, &view->template_name, &view->kind,
                      &view->operator_, &view->file_name, &view->outcome,    &view->failure,       &view->notice};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        set_text(texts[i], "");
    set_texts(&view->options, &view->n_options, NULL, 0);
    set_texts(&view->same_file_as, &view->n_same_file_as, NULL, 0);
    set_texts(&view->warnings, &view->n_warnings, NULL, 0);
    set_texts(&view->repairs, &view->n_repairs, NULL, 0);
    set_texts(&view->rules, &view->n_rules, NULL, 0);
    free(view->sha256.data);
    free(self->resolved);
    free(self);
}

void
batches_release(batches *self)
{
    for (size_t i = 0; i < self->count; i++)
        batch_destroy(self->list[i]);
    free(self->list);
    memset(self, 0, sizeof *self);
}

static void
set_state(batch *self, Muster__V1__BatchState state, const mst_event *event)
{
    if (self->cancelled || self->failed || self->view.state == state)
        return;
    self->view.state = state;
    self->view.state_since_ms = event->head->recorded_at_ms;
}

static void
on_created(batches *self, const mst_event *event)
{
    const Muster__V1__BatchCreated *created = (const Muster__V1__BatchCreated *)event->message;
    size_t number = mst_batch_number(created->batch_id);
    assert(number == self->count + 1); // ids are dense: the stream of the next batch must not exist
    if (self->count == self->room) {
        self->room = self->room == 0 ? 64 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    batch *new = mst_alloc(sizeof *new);
    memset(new, 0, sizeof *new);
    self->list[self->count++] = new;
    Muster__V1__BatchView *view = &new->view;
    muster__v1__batch_view__init(view);
    set_text(&view->batch_id, created->batch_id);
    set_text(&view->name, created->name);
    set_text(&view->batch_date, created->batch_date);
    set_text(&view->template_name, created->template_name);
    set_text(&view->kind, created->kind);
    set_text(&view->operator_, created->operator_);
    set_text(&view->file_name, created->file_name);
    set_texts(&view->options, &view->n_options, created->options, created->n_options);
    set_texts(&view->repairs, &view->n_repairs, created->repairs, created->n_repairs);
    view->template_version = created->template_version;
    view->purpose = created->purpose;
    view->dry_run = created->dry_run;
    view->created_at_ms = created->created_at_ms;
    new->awaits_nobody = created->dry_run;
    set_text(&view->outcome, created->dry_run ? "dry run" : "");
    set_state(new, MUSTER__V1__BATCH_STATE__STATE_READY_FOR_FILE_UPLOAD, event);
}

static void
on_received(batch *self, const mst_event *event)
{
    const Muster__V1__FileReceived *received = (const Muster__V1__FileReceived *)event->message;
    Muster__V1__BatchView *view = &self->view;
    view->file_size = received->size;
    free(view->sha256.data);
    view->sha256.len = received->sha256.len;
    view->sha256.data = mst_alloc(received->sha256.len + 1);
    if (received->sha256.len > 0)
        memcpy(view->sha256.data, received->sha256.data, received->sha256.len);
    set_text(&view->file_name, received->file_name);
    set_texts(&view->same_file_as, &view->n_same_file_as, received->same_file_as, received->n_same_file_as);
    set_state(self, MUSTER__V1__BATCH_STATE__STATE_AUTO_READING_ENTRIES, event);
}

static void
on_recognised(batch *self, const mst_event *event)
{
    const Muster__V1__FileRecognised *recognised = (const Muster__V1__FileRecognised *)event->message;
    Muster__V1__BatchView *view = &self->view;
    size_t count = recognised->n_warnings < BATCH_WARNINGS_MAX ? recognised->n_warnings : BATCH_WARNINGS_MAX;
    set_texts(&view->warnings, &view->n_warnings, recognised->warnings, count);
    if (count < recognised->n_warnings) {
        char more[64];
        snprintf(more, sizeof more, "and %zu more warnings", recognised->n_warnings - count + 1);
        set_text(&view->warnings[count - 1], more);
    }
    if (recognised->generation > view->generation) {
        set_texts(&view->rules, &view->n_rules, NULL, 0);
        view->generation = recognised->generation;
        view->rows_read = view->rows_total = view->rows_wrong = view->rows_compared = view->rows_matched = 0;
    }
}

/* Waiting begins when every question that was announced can be looked at (A17), and ends when export is asked. */
static void
update_questions(batch *self, const mst_event *event)
{
    Muster__V1__BatchView *view = &self->view;
    view->discrepancies = self->questions_expected;
    view->discrepancies_open = self->awaits_nobody ? 0 : self->questions_expected - self->questions_resolved;
    if (!self->awaits_nobody && view->discrepancies_open > 0 && self->questions_opened >= self->questions_expected)
        set_state(self, MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION, event);
}

static void
on_resolved(batch *self, const mst_event *event)
{
    const Muster__V1__DiscrepancyResolved *resolved = (const Muster__V1__DiscrepancyResolved *)event->message;
    if (resolved->recheck != self->recheck) {
        self->recheck = resolved->recheck;
        if (self->resolved != NULL)
            memset(self->resolved, 0, self->resolved_rows / 8);
    }
    if (resolved->row >= self->resolved_rows) {
        uint32_t room = (resolved->row | 1023u) + 1;
        self->resolved = mst_realloc(self->resolved, room / 8);
        memset(self->resolved + self->resolved_rows / 8, 0, (room - self->resolved_rows) / 8);
        self->resolved_rows = room;
    }
    uint8_t bit = (uint8_t)(1u << (resolved->row % 8));
    // A decision may be changed as long as the batch waits; the row is counted once.
    if ((self->resolved[resolved->row / 8] & bit) == 0 && self->questions_resolved < self->questions_expected)
        self->questions_resolved++;
    self->resolved[resolved->row / 8] |= bit;
    update_questions(self, event);
}

static void
on_completed(batch *self, const mst_event *event)
{
    const Muster__V1__BatchCompleted *completed = (const Muster__V1__BatchCompleted *)event->message;
    Muster__V1__BatchView *view = &self->view;
    view->created = completed->created;
    view->updated = completed->updated;
    view->unchanged = completed->unchanged;
    view->skipped = completed->skipped;
    view->rejected = completed->rejected;
    view->completed_at_ms = event->head->recorded_at_ms;
    view->rows_exported = completed->received;
    set_state(self, MUSTER__V1__BATCH_STATE__STATE_COMPLETE, event);
}

static void
on_ended(batch *self, const mst_event *event, bool cancelled)
{
    if (self->cancelled || self->failed || self->view.state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE)
        return;
    Muster__V1__BatchView *view = &self->view;
    view->fix_errors = view->checking = view->taking_corrections = false;
    if (cancelled) {
        const Muster__V1__BatchCancelled *ended = (const Muster__V1__BatchCancelled *)event->message;
        set_text(&view->outcome, "cancelled");
        set_text(&view->failure, ended->reason);
        self->cancelled = true;
        return;
    }
    const Muster__V1__BatchFailed *ended = (const Muster__V1__BatchFailed *)event->message;
    char text[BATCH_TEXT_SIZE_MAX];
    snprintf(text, sizeof text, "%s%s%s", ended->reason, ended->advice[0] == '\0' ? "" : " ", ended->advice);
    set_text(&view->outcome, "failed");
    set_text(&view->failure, text);
    self->failed = true;
}

static void
on_reading_finished(batch *self, const mst_event *event)
{
    const Muster__V1__ReadingFinished *finished = (const Muster__V1__ReadingFinished *)event->message;
    self->view.rows_total = finished->rows;
    self->view.rows_wrong = finished->wrong_rows;
    self->view.left_out = finished->left_out;
    self->view.corrected = finished->corrected;
    set_state(self, MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES, event);
}

static void
on_rules(batch *self, const Muster__V1__RulesApplied *applied)
{
    Muster__V1__BatchView *view = &self->view;
    size_t count = applied->n_uses < BATCH_RULES_MAX ? applied->n_uses : BATCH_RULES_MAX;
    char text[BATCH_RULES_MAX][64], *texts[BATCH_RULES_MAX];
    for (size_t i = 0; i < count; i++) {
        texts[i] = text[i];
        snprintf(text[i], sizeof text[i], "%.40s: %u %s", applied->uses[i]->id, applied->uses[i]->rows,
                 applied->uses[i]->rows == 1 ? "row" : "rows");
    }
    set_texts(&view->rules, &view->n_rules, texts, count);
}

/* Waits for corrections, from the first request on; what the directory finds wrong counts with the rest. */
static void
on_fixing(batch *self, const mst_event *event)
{
    const char *type = event->head->type;
    Muster__V1__BatchView *view = &self->view;
    if (self->cancelled || self->failed)
        return;
    if (strcmp(type, "CheckRequested") == 0) {
        view->checking = true;
    } else if (strcmp(type, "CheckFinished") == 0) {
        view->checking = false;
        view->rows_wrong += ((const Muster__V1__CheckFinished *)event->message)->wrong_rows;
    } else if (strcmp(type, "CorrectionsRequested") == 0) {
        view->fix_errors = true;
    } else if (strcmp(type, "CorrectionsReceived") == 0) {
        view->taking_corrections = view->fix_errors;
        set_text(&view->notice, "");
    } else if (strcmp(type, "CorrectionsRefused") == 0) {
        const Muster__V1__CorrectionsRefused *refused = (const Muster__V1__CorrectionsRefused *)event->message;
        char text[BATCH_TEXT_SIZE_MAX];
        snprintf(text, sizeof text, "%s was not taken. %s %s", refused->file_name, refused->reason, refused->advice);
        set_text(&view->notice, text);
        view->taking_corrections = false;
    } else { // CorrectionsFinished, BadRowsExcluded, EntriesAccepted: it goes on
        view->fix_errors = view->taking_corrections = false;
        set_text(&view->notice, "");
    }
}

static void
on_matching_finished(batch *self, const mst_event *event)
{
    const Muster__V1__MatchingFinished *finished = (const Muster__V1__MatchingFinished *)event->message;
    self->questions_expected = finished->discrepancies;
    update_questions(self, event);
}

static void
on_recheck_finished(batch *self, const mst_event *event)
{
    const Muster__V1__RecheckFinished *finished = (const Muster__V1__RecheckFinished *)event->message;
    self->questions_expected += (uint32_t)finished->n_questions;
    update_questions(self, event);
}

static void
batch_apply(batch *self, const mst_event *event)
{
    const char *type = event->head->type;
    Muster__V1__BatchView *view = &self->view;
    if (strcmp(type, "FileReceived") == 0)
        on_received(self, event);
    else if (strcmp(type, "FileRecognised") == 0)
        on_recognised(self, event);
    else if (strcmp(type, "EntriesRead") == 0)
        view->rows_read += event->head->rows;
    else if (strcmp(type, "ReadingFinished") == 0)
        on_reading_finished(self, event);
    else if (strcmp(type, "RulesApplied") == 0)
        on_rules(self, (const Muster__V1__RulesApplied *)event->message);
    else if (strncmp(type, "Check", 5) == 0 || strncmp(type, "Corrections", 11) == 0 ||
             strcmp(type, "BadRowsExcluded") == 0 || strcmp(type, "EntriesAccepted") == 0)
        on_fixing(self, event);
    else if (strcmp(type, "CandidatesFound") == 0)
        view->rows_compared += event->head->rows;
    else if (strcmp(type, "EntriesMatched") == 0)
        view->rows_matched += event->head->rows;
    else if (strcmp(type, "MatchingFinished") == 0)
        on_matching_finished(self, event);
    else if (strcmp(type, "DiscrepanciesOpened") == 0) {
        self->questions_opened += event->head->rows;
        update_questions(self, event);
    } else if (strcmp(type, "DiscrepancyResolved") == 0)
        on_resolved(self, event);
    else if (strcmp(type, "RecheckFinished") == 0)
        on_recheck_finished(self, event);
    else if (strcmp(type, "VerificationFinished") == 0 || strcmp(type, "ExportQueued") == 0)
        set_state(self, MUSTER__V1__BATCH_STATE__STATE_EXPORTING_DATA, event);
    else if (strcmp(type, "ExportStarted") == 0) {
        self->export_started = true;
        set_state(self, MUSTER__V1__BATCH_STATE__STATE_EXPORTING_DATA, event);
    } else if (strcmp(type, "EntriesExported") == 0)
        view->rows_exported += event->head->rows;
    else if (strcmp(type, "BatchCompleted") == 0)
        on_completed(self, event);
    else if (strcmp(type, "BatchCancelled") == 0)
        on_ended(self, event, true);
    else if (strcmp(type, "BatchFailed") == 0)
        on_ended(self, event, false);
}

void
batches_apply(batches *self, const mst_event *event)
{
    if (event->head->seq <= self->applied_seq)
        return;
    self->applied_seq = event->head->seq;
    if (strcmp(event->head->type, "BatchCreated") == 0)
        on_created(self, event);
    else if (event->head->batch_id[0] != '\0') {
        batch *found = batches_find(self, event->head->batch_id);
        if (found != NULL)
            batch_apply(found, event);
    }
}

size_t
batches_with_file(const batches *self, const char *than, const uint8_t *sha256, mst_arena *arena, char **ids,
                  size_t max)
{
    size_t found = 0;
    for (size_t i = mst_batch_number(than); i-- > 1 && found < max;) {
        const Muster__V1__BatchView *view = &self->list[i - 1]->view;
        if (view->sha256.len == MST_HASH_SIZE && memcmp(view->sha256.data, sha256, MST_HASH_SIZE) == 0)
            ids[found++] = mst_arena_strdup(arena, view->batch_id);
    }
    return found;
}
