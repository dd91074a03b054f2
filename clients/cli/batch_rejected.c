/* batch_rejected.c - muster batch rejected: the rows that did not get in, as a file that can be mended and sent again.
 *
 * Three streams are read: which values are wrong (small), the rows themselves, and what export did with them. Memory
 * grows with the number of wrong values, 24 bytes and the reasons' text each, never with the file. */
#include "batch.h"
#include "broker/lib/csvcell.h"
#include "commands.h"
#include "document.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "print.h"
#include "proto/rows.h"
#include "requests.h"
#include "textfile.h"

#include <stdlib.h>
#include <string.h>

/* Why one row is rejected; a row can have several. */
typedef struct fault {
    uint32_t row, line;
    const char *text;
    uint32_t order; /* as found */
} fault;

typedef struct rejected {
    cli *self;
    const Muster__V1__BatchView *view;
    fault *faults;
    size_t faults_count, faults_room;
    const char **fields;
    size_t fields_count;
    FILE *out;
    uint64_t rows;
} rejected;

static void
add_fault(rejected *self, uint32_t row, uint32_t line, const char *text)
{
    if (self->faults_count == self->faults_room) {
        self->faults_room = self->faults_room == 0 ? 1024 : 2 * self->faults_room;
        self->faults = mst_realloc(self->faults, self->faults_room * sizeof *self->faults);
    }
    self->faults[self->faults_count] = (fault){row, line, text, (uint32_t)self->faults_count};
    self->faults_count++;
}

static int
compare_faults(const void *left, const void *right)
{
    const fault *l = left, *r = right;
    if (l->row != r->row)
        return l->row < r->row ? -1 : 1;
    return l->order < r->order ? -1 : l->order > r->order;
}

static void
take_wrong_values(rejected *self, const Muster__V1__WrongValuesFound *found)
{
    for (size_t i = 0; i < found->n_values; i++) {
        const Muster__V1__WrongValue *value = found->values[i];
        const char *text = mst_arena_printf(self->self->arena, "%s%s%s", value->field, value->field[0] != 0 ? ": " : "",
                                            value->message);
        for (size_t j = 0; j < value->n_rows; j++)
            add_fault(self, value->rows[j], j < value->n_lines ? value->lines[j] : 0, text);
    }
}

/* What reading found: the columns, and the wrong values. */
static int
read_parsing(rejected *self)
{
    cli *tool = self->self;
    request_stream stream;
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *body;
    int rc;
    request_stream_open(&stream, tool, mst_arena_printf(tool->arena, "parsing/%s", self->view->batch_id), 1);
    while (request_stream_next(&stream, &head, &body, &rc)) {
        if (body == NULL)
            continue;
        if (strcmp(head->type, "WrongValuesFound") == 0) {
            const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)body;
            if (found->generation == self->view->generation)
                take_wrong_values(self, found);
        } else if (strcmp(head->type, "FileRecognised") == 0) {
            const Muster__V1__FileRecognised *file = (const Muster__V1__FileRecognised *)body;
            self->fields_count = file->n_fields;
            self->fields = mst_arena_alloc(tool->arena, (file->n_fields + 1) * sizeof *self->fields);
            for (size_t i = 0; i < file->n_fields; i++)
                self->fields[i] = mst_arena_strdup(tool->arena, file->fields[i]);
        }
    }
    request_stream_close(&stream);
    return rc;
}

/* Rows that matching or export rejected for other reasons: those have no wrong value. */
static int
read_export(rejected *self)
{
    cli *tool = self->self;
    request_stream stream;
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *body;
    int rc;
    size_t known = self->faults_count;
    fault *sorted = self->faults;
    request_stream_open(&stream, tool,
                        mst_arena_printf(tool->arena, "matching/%s/g%u", self->view->batch_id, self->view->generation),
                        1);
    while (request_stream_next(&stream, &head, &body, &rc)) {
        const Muster__V1__EntriesMatched *chunk = (const Muster__V1__EntriesMatched *)body;
        if (body == NULL || strcmp(head->type, "EntriesMatched") != 0)
            continue;
        for (uint32_t i = 0; i < chunk->rows && i < chunk->decisions.len && i < chunk->reasons.len; i++) {
            uint32_t row = chunk->first_row + i;
            if (chunk->decisions.data[i] != MUSTER__V1__DECISION__DECISION_REJECTED)
                continue;
            fault key = {.row = row};
            // Faults are sorted by row; order 0 compares lowest, so look for the row alone.
            size_t low = 0, high = known;
            sorted = self->faults;
            while (low < high) {
                size_t middle = (low + high) / 2;
                if (sorted[middle].row < key.row)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low < known && sorted[low].row == row)
                continue;
            add_fault(self, row, 0,
                      document_word(tool->arena, &muster__v1__reason__descriptor, chunk->reasons.data[i]));
        }
    }
    request_stream_close(&stream);
    qsort(self->faults, self->faults_count, sizeof *self->faults, compare_faults);
    return rc;
}

static void
print_row(rejected *self, const Muster__V1__Rows *rows, uint32_t at, const fault *faults, size_t count)
{
    FILE *out = self->out;
    if (self->self->json) {
        json_t *reasons = json_array(), *values = json_object();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(reasons, json_string(faults[i].text));
        for (uint32_t i = 0; i < rows->columns && i < self->fields_count; i++) {
            size_t size;
            const char *cell = mst_rows_cell(rows, at, i, &size);
            json_object_set_new(values, self->fields[i], json_stringn(cell, size));
        }
        json_t *document = json_pack("{s:I, s:I, s:o, s:o}", "row", (json_int_t)faults[0].row, "line",
                                     (json_int_t)faults[0].line, "reasons", reasons, "values", values);
        json_dumpf(document, out, JSON_COMPACT);
        putc('\n', out);
        json_decref(document);
        return;
    }
    fprintf(out, "%u,", faults[0].row);
    if (faults[0].line > 0)
        fprintf(out, "%u", faults[0].line);
    putc(',', out);
    char *text = "";
    for (size_t i = 0; i < count; i++)
        text = mst_arena_printf(self->self->arena, "%s%s%s", text, i > 0 ? "; " : "", faults[i].text);
    mst_csv_cell(out, text, strlen(text), true);
    for (uint32_t i = 0; i < rows->columns; i++) {
        size_t size;
        const char *cell = mst_rows_cell(rows, at, i, &size);
        putc(',', out);
        mst_csv_cell(out, cell, size, true);
    }
    putc('\n', out);
}

/* Walks the rows of the file; those with faults are printed. */
static int
print_rows(rejected *self)
{
    cli *tool = self->self;
    request_stream stream;
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *body;
    size_t at = 0;
    int rc = CLI_DONE;
    if (!tool->json) {
        fputs("row,line,reasons", self->out);
        for (size_t i = 0; i < self->fields_count; i++) {
            putc(',', self->out);
            mst_csv_cell(self->out, self->fields[i], strlen(self->fields[i]), true);
        }
        putc('\n', self->out);
    }
    request_stream_open(&stream, tool,
                        mst_arena_printf(tool->arena, "parsing/%s/g%u", self->view->batch_id, self->view->generation),
                        1);
    while (at < self->faults_count && request_stream_next(&stream, &head, &body, &rc)) {
        const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)body;
        if (body == NULL || strcmp(head->type, "EntriesRead") != 0 || chunk->rows == NULL || !mst_rows_ok(chunk->rows))
            continue;
        const Muster__V1__Rows *rows = chunk->rows;
        while (at < self->faults_count && self->faults[at].row < rows->first_row + rows->rows) {
            size_t from = at;
            while (at < self->faults_count && self->faults[at].row == self->faults[from].row)
                at++;
            if (self->faults[from].row < rows->first_row)
                continue; // not of this generation
            print_row(self, rows, self->faults[from].row - rows->first_row, &self->faults[from], at - from);
            self->rows++;
        }
    }
    request_stream_close(&stream);
    return rc;
}

typedef struct rejected_options {
    const char *out;
} rejected_options;

static int
run_rejected(cli *tool, const void *given)
{
    const rejected_options *options = given;
    int rc;
    rejected self = {.self = tool};
    self.view = batch_fetch(tool, tool->arena, tool->args[0], &rc);
    textfile_out out;
    if (self.view == NULL || (rc = textfile_create(tool, options->out, &out)) != CLI_DONE)
        return rc;
    self.out = out.file;
    rc = read_parsing(&self);
    qsort(self.faults, self.faults_count, sizeof *self.faults, compare_faults);
    if (rc == CLI_DONE)
        rc = read_export(&self);
    if (rc == CLI_DONE)
        rc = print_rows(&self);
    free(self.faults);
    rc = textfile_close(tool, &out, rc);
    if (rc == CLI_DONE && options->out != NULL)
        fprintf(stderr, "%s written to %s\n", print_plural(tool->arena, self.rows, "row", "rows"), options->out);
    if (rc == CLI_DONE && self.view->fix_errors && self.view->outcome[0] == 0)
        cli_note(tool, "%s still waits: these rows are wrong, not rejected yet", self.view->batch_id);
    return rc;
}

static const cli_option REJECTED_OPTIONS[] = {
    {"output", 'o', "FILE", "write it there (default: standard output)", CLI_TEXT, offsetof(rejected_options, out)},
    {0},
};

const cli_command batch_rejected_command = {
    .name = "batch rejected",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "The rows that did not get in, with reasons, as CSV",
    .text =
        "Columns: row, line (of the file), reasons, then the fields. Cells that a spreadsheet would take for a formula "
        "get an apostrophe. While a batch waits for corrections these are the rows that are wrong.",
    .options = REJECTED_OPTIONS,
    .options_size = sizeof(rejected_options),
    .run = run_rejected,
};
