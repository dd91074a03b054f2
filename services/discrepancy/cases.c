/* cases.c - see cases.h. */
#include "services/discrepancy/cases.h"

#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"
#include <stdlib.h>
#include <string.h>

cases *
cases_new(void)
{
    cases *self = mst_alloc(sizeof *self);
    *self = (cases){.catalog = mst_catalog_new()};
    return self;
}

/* Where no decision is taken any more, nobody asks for the candidates. */
static void
forget_candidates(batch *one)
{
    for (size_t i = 0; i < one->cases_count; i++) {
        free(one->cases[i].candidates);
        one->cases[i].candidates = NULL;
    }
}

static void
forget_cases(batch *one)
{
    forget_candidates(one);
    for (size_t i = 0; i < one->cases_count; i++) {
        free(one->cases[i].record_id);
        free(one->cases[i].operator);
    }
    free(one->cases);
    one->cases = NULL;
    one->cases_count = one->cases_room = 0;
    one->open = one->opened = one->expected = one->chunk_next = 0;
    one->recheck = one->recheck_expected = one->recheck_opened = 0;
    one->verified = false;
}

static void
forget_fields(batch *one)
{
    for (size_t i = 0; i < one->fields_count; i++)
        free(one->fields[i]);
    free(one->fields);
    one->fields = NULL;
    one->fields_count = 0;
}

static void
batch_free(void *item)
{
    batch *one = item;
    forget_cases(one);
    forget_fields(one);
    free(one->id);
    free(one->kind);
    free(one->template_name);
    free(one->entries_stream);
    free(one);
}

void
cases_destroy(cases **self)
{
    if (*self == NULL)
        return;
    mst_roster_reset(&(*self)->batches, batch_free);
    mst_catalog_destroy(&(*self)->catalog);
    free(*self);
    *self = NULL;
}

batch *
cases_batch(const cases *self, const char *batch_id)
{
    return mst_roster_find(&self->batches, batch_id);
}

static batch *
find_or_add(cases *self, const char *batch_id)
{
    void **place = mst_roster_place(&self->batches, batch_id);
    if (place != NULL && *place == NULL) {
        batch *one = *place = mst_alloc(sizeof *one);
        *one = (batch){.id = mst_strdup(batch_id)};
    }
    return place == NULL ? NULL : *place;
}

/* Place of the first case of `row` or behind. */
static size_t
place_of(const batch *one, uint32_t row)
{
    size_t low = 0, high = one->cases_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (one->cases[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const a_case *
cases_from(const batch *one, uint32_t row)
{
    size_t at = place_of(one, row);
    return at < one->cases_count ? &one->cases[at] : NULL;
}

const a_case *
cases_find(const batch *one, uint32_t row)
{
    const a_case *found = cases_from(one, row);
    return found != NULL && found->row == row ? found : NULL;
}

bool
cases_is_candidate(const a_case *asked, const char *record_id)
{
    for (const char *at = asked->candidates; at != NULL && *at != 0; at += strlen(at) + 1)
        if (strcmp(at, record_id) == 0)
            return true;
    return false;
}

bool
cases_complete(const batch *one)
{
    return one->opened == one->expected && one->recheck_opened == one->recheck_expected;
}

bool
cases_may_create(const cases *self, const batch *one)
{
    const Muster__V1__Template *template =
        mst_catalog_template(self->catalog, one->template_name, one->template_version);
    return template != NULL && template->may_create && template->subject == NULL;
}

/* The events ------------------------------------------------------------------------------------------- */

static void
set_text(char **text, const char *value)
{
    free(*text);
    *text = mst_strdup(value);
}

static void
created(const cases *self, batch *one, const Muster__V1__BatchCreated *event)
{
    const Muster__V1__Template *template =
        mst_catalog_template(self->catalog, event->template_name, event->template_version);
    set_text(&one->kind, template == NULL ? event->kind : mst_catalog_matched_kind(template));
    set_text(&one->template_name, event->template_name);
    one->template_version = event->template_version;
    one->dry_run = event->dry_run;
}

static void
recognised(batch *one, const Muster__V1__FileRecognised *event)
{
    forget_fields(one);
    one->fields = mst_alloc((event->n_fields + 1) * sizeof *one->fields);
    one->fields_count = event->n_fields;
    for (size_t i = 0; i < event->n_fields; i++)
        one->fields[i] = mst_strdup(event->fields[i]);
}

static void
accepted(batch *one, const Muster__V1__EntriesAccepted *event)
{
    if (one->generation != event->generation)
        forget_cases(one); // they are about rows as they were read before
    one->generation = event->generation;
    one->chunks = event->chunks;
    set_text(&one->entries_stream, event->entries_stream);
}

static a_case *
case_of(batch *one, uint32_t row)
{
    size_t at = place_of(one, row);
    if (at < one->cases_count && one->cases[at].row == row)
        return &one->cases[at];
    if (one->cases_count == one->cases_room) {
        one->cases_room = one->cases_room == 0 ? 16 : one->cases_room * 2;
        one->cases = mst_realloc(one->cases, one->cases_room * sizeof *one->cases);
    }
    memmove(&one->cases[at + 1], &one->cases[at], (one->cases_count - at) * sizeof *one->cases);
    one->cases_count++;
    one->cases[at] = (a_case){.row = row, .chunk = CASE_NO_CHUNK};
    return &one->cases[at];
}

static void
keep_candidates(a_case *asked, const Muster__V1__EntryQuestion *question)
{
    size_t size = 1;
    for (size_t i = 0; i < question->n_candidates; i++)
        size += strlen(question->candidates[i]->record_id) + 1;
    free(asked->candidates);
    asked->candidates = NULL;
    if (size == 1)
        return;
    char *end = asked->candidates = mst_alloc(size);
    for (size_t i = 0; i < question->n_candidates; i++) {
        const char *id = question->candidates[i]->record_id;
        if (*id == 0)
            continue; // an empty id would end the list, and names no record
        end = stpcpy(end, id) + 1;
    }
    *end = 0;
}

static void
opened(batch *one, const Muster__V1__DiscrepanciesOpened *event, uint64_t stream_version)
{
    if (event->generation != one->generation)
        return;
    for (size_t i = 0; i < event->n_questions; i++) {
        a_case *asked = case_of(one, event->questions[i]->row);
        asked->version++;
        asked->opened_at = stream_version;
        keep_candidates(asked, event->questions[i]);
        if (event->recheck == 0)
            asked->chunk = event->chunk;
        one->open += !asked->open;
        asked->open = true;
    }
    if (event->recheck == 0) {
        one->opened += (uint32_t)event->n_questions;
        one->chunk_next = event->chunk + 1;
    } else if (event->recheck == one->recheck) {
        one->recheck_opened += (uint32_t)event->n_questions;
    }
}

static void
resolved(batch *one, const Muster__V1__DiscrepancyResolved *event, int64_t at_ms)
{
    if (event->generation != one->generation || cases_find(one, event->row) == NULL)
        return;
    a_case *decided = case_of(one, event->row);
    one->open -= decided->open;
    decided->open = false;
    decided->version = event->version;
    decided->choice = event->choice;
    decided->decided_at_ms = at_ms;
    set_text(&decided->record_id, event->record_id);
    set_text(&decided->operator, event->operator_);
}

void
cases_apply(cases *self, const mst_event *event)
{
    mst_catalog_apply(self->catalog, event);
    const char *type = event->head->type;
    batch *one = find_or_add(self, event->head->batch_id);
    if (one == NULL || event->head->seq <= one->seq)
        return;
    one->seq = event->head->seq;
    const void *message = event->message;
    if (message == NULL)
        return;
    if (strcmp(type, "BatchCreated") == 0) {
        created(self, one, message);
    } else if (strcmp(type, "FileRecognised") == 0) {
        recognised(one, message);
    } else if (strcmp(type, "EntriesAccepted") == 0) {
        accepted(one, message);
    } else if (strcmp(type, "MatchingFinished") == 0) {
        const Muster__V1__MatchingFinished *finished = message;
        if (finished->generation == one->generation)
            one->expected = one->dry_run ? 0 : finished->discrepancies;
    } else if (strcmp(type, "RecheckFinished") == 0) {
        const Muster__V1__RecheckFinished *finished = message;
        if (finished->generation == one->generation && finished->n_questions > 0) {
            one->recheck = finished->recheck;
            one->recheck_expected = (uint32_t)finished->n_questions;
            one->recheck_opened = 0;
            one->verified = false;
        }
    } else if (strcmp(type, "DiscrepanciesOpened") == 0) {
        opened(one, message, event->head->stream_version);
    } else if (strcmp(type, "DiscrepancyResolved") == 0) {
        resolved(one, message, event->head->recorded_at_ms);
    } else if (strcmp(type, "VerificationFinished") == 0) {
        one->verified = true;
    } else if (strcmp(type, "ExportStarted") == 0) {
        one->exporting = true;
    } else if (strcmp(type, "BatchCompleted") == 0) {
        one->completed = true;
        forget_candidates(one);
    } else if (strcmp(type, "BatchCancelled") == 0) {
        one->cancelled = true;
        forget_candidates(one);
    } else if (strcmp(type, "BatchFailed") == 0) {
        one->failed = true;
        forget_candidates(one);
    }
}
