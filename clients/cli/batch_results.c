/* batch_results.c - muster batch results: a line per entry, in order. The same batch gives the same bytes every time.
 */
#include "batch_rows.h"
#include "broker/lib/csvcell.h"
#include "commands.h"
#include "document.h"
#include "textfile.h"

#include <stdio.h>
#include <string.h>

static void
print_csv_row(FILE *out, const batch_row *row)
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
    const char *reason = row->note[0] != 0 ? row->note : row->reason;
    mst_csv_cell(out, reason, strlen(reason), true);
    fputs_unlocked("\n", out);
}

static json_t *
text_or_null(const char *text, size_t size)
{
    json_t *value = size == 0 ? NULL : json_stringn(text, size);
    return value == NULL ? json_null() : value;
}

static void
print_json_row(FILE *out, const batch_row *row)
{
    json_t *document = json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "row", (json_int_t)row->number, "decision",
        text_or_null(row->decision, strlen(row->decision)), "outcome", text_or_null(row->outcome, strlen(row->outcome)),
        "record_id", text_or_null((const char *)row->record_id.data, row->record_id.size), "candidate_id",
        text_or_null((const char *)row->candidate_id.data, row->candidate_id.size), "probability",
        row->decided ? json_real(row->probability / 1e6) : json_null(), "reason",
        text_or_null(row->reason, strlen(row->reason)), "note", text_or_null(row->note, strlen(row->note)));
    json_dumpf(document, out, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putc_unlocked('\n', out);
    json_decref(document);
}

typedef struct results_options {
    const char *format, *out;
} results_options;

static int
print_results(cli *self, const Muster__V1__BatchView *view, FILE *out, bool json)
{
    int rc;
    batch_row row;
    batch_rows *rows = batch_rows_open(self, view);
    if (!json)
        fputs("row,decision,outcome,record_id,candidate_id,probability,reason\n", out);
    while (batch_rows_next(rows, &row, &rc))
        if (json)
            print_json_row(out, &row);
        else
            print_csv_row(out, &row);
    batch_rows_close(&rows);
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
    bool json = self->json || strcmp(options->format, "json") == 0;
    rc = textfile_close(self, &out, print_results(self, view, out.file, json));
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
        "probability, reason (where the row was rejected when it was to be written: why; in JSON that is note). Ids "
        "that a spreadsheet would take for a formula get an apostrophe in CSV.",
    .options = RESULTS_OPTIONS,
    .options_size = sizeof(results_options),
    .defaults = &RESULTS_DEFAULTS,
    .run = run_results,
};
