/* batch_results.c - muster batch results: a line per entry, in order.
 *
 * Two streams are merged as they are read, what matching decided and what export did, so memory does not grow with the
 * batch. What is printed depends on the log alone: the same batch gives the same bytes every time. */
#include "batch.h"
#include "broker/lib/csvcell.h"
#include "commands.h"
#include "document.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "print.h"
#include "requests.h"
#include "textfile.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 32

/* A walk over the rows of one of the streams. */
typedef struct row_cursor {
    request_stream stream;
    const Muster__V1__EntriesMatched *matched; /* the chunk at hand: one of the two */
    const Muster__V1__EntriesExported *exported;
    uint32_t first_row, rows, at;
    bool end;
} row_cursor;

typedef struct results_job {
    cli *self;
    FILE *out;
    bool json;
    uint64_t rows;
    char decisions[WORDS_MAX][64], reasons[WORDS_MAX][64], outcomes[WORDS_MAX][64];
} results_job;

static bool
ids_ok(const ProtobufCBinaryData *ids, const uint32_t *ends, size_t ends_count, uint32_t rows)
{
    uint32_t before = 0;
    if (ends_count != rows)
        return false;
    for (size_t i = 0; i < ends_count; i++) {
        if (ends[i] < before || ends[i] > ids->len)
            return false;
        before = ends[i];
    }
    return true;
}

/* Takes an event as the chunk at hand; false: its parts do not fit each other. */
static bool
take_chunk(row_cursor *cursor, const char *type, const ProtobufCMessage *body)
{
    cursor->rows = cursor->at = 0;
    if (strcmp(type, "EntriesMatched") == 0 && body != NULL) {
        const Muster__V1__EntriesMatched *m = cursor->matched = (const Muster__V1__EntriesMatched *)body;
        cursor->first_row = m->first_row;
        cursor->rows = m->rows;
        return m->decisions.len == m->rows && m->reasons.len == m->rows && m->n_probabilities == m->rows &&
               ids_ok(&m->ids, m->id_ends, m->n_id_ends, m->rows);
    }
    if (strcmp(type, "EntriesExported") == 0 && body != NULL) {
        const Muster__V1__EntriesExported *e = cursor->exported = (const Muster__V1__EntriesExported *)body;
        cursor->first_row = e->first_row;
        cursor->rows = e->rows;
        return e->outcomes.len == e->rows && ids_ok(&e->ids, e->id_ends, e->n_id_ends, e->rows);
    }
    return true; // another event of the stream: no rows
}

/* The row at hand, or UINT32_MAX at the end. */
static uint32_t
cursor_row(results_job *self, row_cursor *cursor, int *rc)
{
    *rc = CLI_DONE;
    while (!cursor->end && cursor->at == cursor->rows) {
        const Muster__V1__Envelope *head;
        const ProtobufCMessage *body;
        if (!request_stream_next(&cursor->stream, &head, &body, rc)) {
            cursor->end = true;
        } else if (!take_chunk(cursor, head->type, body)) {
            *rc = cli_fail(self->self, "muster doctor", "event %llu (%s) does not fit together",
                           (unsigned long long)head->seq, head->type);
            cursor->end = true;
        }
    }
    return cursor->end ? UINT32_MAX : cursor->first_row + cursor->at;
}

static void
id_at(const ProtobufCBinaryData *ids, const uint32_t *ends, uint32_t at, mst_slice *id)
{
    uint32_t from = at == 0 ? 0 : ends[at - 1];
    *id = (mst_slice){ids->data + from, ends[at] - from};
}

/* What is known of one row. */
typedef struct result_row {
    uint32_t number;
    const char *decision, *outcome, *reason;
    mst_slice record_id, candidate_id;
    uint32_t probability; /* millionths */
    bool decided;
} result_row;

static void
print_csv_row(FILE *out, const result_row *row)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%u,", row->number);
    fwrite_unlocked(text, 1, (size_t)size, out);
    fputs_unlocked(row->decision, out);
    putc_unlocked(',', out);
    fputs_unlocked(row->outcome, out);
    putc_unlocked(',', out);
    mst_csv_cell(out, (const char *)row->record_id.data, row->record_id.size, true);
    putc_unlocked(',', out);
    mst_csv_cell(out, (const char *)row->candidate_id.data, row->candidate_id.size, true);
    putc_unlocked(',', out);
    if (row->decided) {
        size = snprintf(text, sizeof text, "%u.%06u", row->probability / 1000000, row->probability % 1000000);
        fwrite_unlocked(text, 1, (size_t)size, out);
    }
    putc_unlocked(',', out);
    fputs_unlocked(row->reason, out);
    fputs_unlocked("\n", out);
}

static json_t *
text_or_null(const char *text, size_t size)
{
    json_t *value = size == 0 ? NULL : json_stringn(text, size);
    return value == NULL ? json_null() : value;
}

static void
print_json_row(FILE *out, const result_row *row)
{
    json_t *document = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "row", (json_int_t)row->number, "decision",
                                 text_or_null(row->decision, strlen(row->decision)), "outcome",
                                 text_or_null(row->outcome, strlen(row->outcome)), "record_id",
                                 text_or_null((const char *)row->record_id.data, row->record_id.size), "candidate_id",
                                 text_or_null((const char *)row->candidate_id.data, row->candidate_id.size),
                                 "probability", row->decided ? json_real(row->probability / 1e6) : json_null(),
                                 "reason", text_or_null(row->reason, strlen(row->reason)));
    json_dumpf(document, out, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putc_unlocked('\n', out);
    json_decref(document);
}

/* Merges both walks row by row. */
static int
merge(results_job *self, row_cursor *matched, row_cursor *exported)
{
    int rc = CLI_DONE;
    while (true) {
        uint32_t m = cursor_row(self, matched, &rc);
        if (rc != CLI_DONE)
            return rc;
        uint32_t e = cursor_row(self, exported, &rc);
        if (rc != CLI_DONE)
            return rc;
        if (m == UINT32_MAX && e == UINT32_MAX)
            return CLI_DONE;
        result_row row = {.number = m < e ? m : e, .decision = "", .outcome = "", .reason = ""};
        if (m == row.number) {
            const Muster__V1__EntriesMatched *chunk = matched->matched;
            row.decided = true;
            row.decision = self->decisions[chunk->decisions.data[matched->at] % WORDS_MAX];
            row.reason = self->reasons[chunk->reasons.data[matched->at] % WORDS_MAX];
            row.probability = chunk->probabilities[matched->at];
            id_at(&chunk->ids, chunk->id_ends, matched->at, &row.candidate_id);
            matched->at++;
        }
        if (e == row.number) {
            const Muster__V1__EntriesExported *chunk = exported->exported;
            row.outcome = self->outcomes[chunk->outcomes.data[exported->at] % WORDS_MAX];
            id_at(&chunk->ids, chunk->id_ends, exported->at, &row.record_id);
            exported->at++;
        }
        if (self->json)
            print_json_row(self->out, &row);
        else
            print_csv_row(self->out, &row);
        self->rows++;
    }
}

static void
words_of(mst_arena *arena, const ProtobufCEnumDescriptor *descriptor, char words[WORDS_MAX][64])
{
    for (int i = 0; i < WORDS_MAX; i++)
        snprintf(words[i], 64, "%s", document_word(arena, descriptor, i));
}

typedef struct results_options {
    const char *format, *out;
} results_options;

static int
print_results(results_job *self, const Muster__V1__BatchView *view)
{
    row_cursor matched = {0}, exported = {0};
    mst_arena *arena = self->self->arena;
    request_stream_open(&matched.stream, self->self,
                        mst_arena_printf(arena, "matching/%s/g%u", view->batch_id, view->generation), 1);
    request_stream_open(&exported.stream, self->self,
                        mst_arena_printf(arena, "export/%s/g%u", view->batch_id, view->generation), 1);
    if (!self->json)
        fputs("row,decision,outcome,record_id,candidate_id,probability,reason\n", self->out);
    int rc = merge(self, &matched, &exported);
    request_stream_close(&matched.stream);
    request_stream_close(&exported.stream);
    return rc;
}

static int
run_results(cli *self, const void *given)
{
    const results_options *options = given;
    int rc;
    if (strcmp(options->format, "csv") != 0 && strcmp(options->format, "json") != 0)
        return cli_misused(self, "formats are csv and json", "--format: \"%s\" is not known", options->format);
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL)
        return rc;
    if (view->state < MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION)
        return cli_fail(self,
                        mst_arena_printf(self->arena, "muster batch show %s tells what it waits for", view->batch_id),
                        "%s has no results yet: it is in %s%s%s", view->batch_id, batch_state_title(view->state),
                        view->outcome[0] != 0 ? ", " : "", view->outcome);
    textfile_out out;
    rc = textfile_create(self, options->out, &out);
    if (rc != CLI_DONE)
        return rc;
    results_job *results = mst_arena_alloc(self->arena, sizeof *results);
    *results = (struct results_job){.self = self, .out = out.file};
    results->json = self->json || strcmp(options->format, "json") == 0;
    words_of(self->arena, &muster__v1__decision__descriptor, results->decisions);
    words_of(self->arena, &muster__v1__reason__descriptor, results->reasons);
    words_of(self->arena, &muster__v1__outcome__descriptor, results->outcomes);
    rc = textfile_close(self, &out, print_results(results, view));
    if (rc == CLI_DONE && view->state != MUSTER__V1__BATCH_STATE__STATE_COMPLETE)
        cli_note(self, "%s is in %s: outcomes are not complete", view->batch_id, batch_state_title(view->state));
    return rc;
}

static const cli_option RESULTS_OPTIONS[] = {
    {"format", 0, "FORMAT", "csv (default), or json: an entry a line", CLI_TEXT, offsetof(results_options, format)},
    {"output", 'o', "FILE", "write it there (default: standard output)", CLI_TEXT, offsetof(results_options, out)},
    {0},
};

static const results_options RESULTS_DEFAULTS = {.format = "csv"};

const cli_command batch_results_command = {
    .name = "batch results",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "What became of each entry: decision, outcome, record, best candidate, reason",
    .text =
        "Columns: row, decision (matched, new, discrepancy, rejected; empty for an import, where nothing is decided), "
        "outcome (created, updated, unchanged, skipped, rejected; of a dry run what would happen), record_id, "
        "candidate_id (the best candidate even where the decision was new; row:N is an earlier row of the file), "
        "probability, reason. Ids that a spreadsheet would take for a formula get an apostrophe in CSV.",
    .options = RESULTS_OPTIONS,
    .options_size = sizeof(results_options),
    .defaults = &RESULTS_DEFAULTS,
    .run = run_results,
};
