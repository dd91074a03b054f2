/* reader.c - see reader.h. */
#include "reader.h"

#include "file_type.h"
#include "sheet_form.h"
#include "xlsx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    reader_sink sink;
    mst_arena *arena; /* of the form */
    uint8_t *sample;
    size_t sample_size, sample_room;
    decoder *decoder;
    file_form form;
    csv_rows *rows;
    xlsx *workbook;    /* or this */
    size_t rows_size;  /* of a workbook's first rows */
    csv_cell *widened; /* a workbook's row with the empty cells at its end */
    bool found;        /* the form is known */
    uint32_t before;   /* rows still to be left out: preamble and header */
    bool stopped, ended;
    char failure[512];
    const char *advice;
};

reader *
reader_new(const reader_sink *sink)
{
    reader *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->sink = *sink;
    self->arena = mst_arena_new(0);
    return self;
}

void
reader_destroy(reader **self)
{
    if (*self == NULL)
        return;
    free((*self)->sample);
    decoder_destroy(&(*self)->decoder);
    csv_rows_destroy(&(*self)->rows);
    xlsx_destroy(&(*self)->workbook);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

const char *
reader_failure(const reader *self, const char **advice)
{
    *advice = self->advice == NULL ? "" : self->advice;
    return self->failure[0] == '\0' ? NULL : self->failure;
}

bool
reader_pending(const reader *self)
{
    return self->workbook != NULL && self->ended && !self->stopped && self->failure[0] == '\0' &&
           !xlsx_ended(self->workbook);
}

bool
reader_sheet_of(const reader *self, reader_sheet *found)
{
    if (self->workbook == NULL)
        return false;
    found->name = xlsx_sheet(self->workbook, &found->worksheets);
    found->formulas = xlsx_formulas(self->workbook, &found->formulas_empty);
    return found->name != NULL;
}

const file_form *
reader_form(const reader *self)
{
    return self->found ? &self->form : NULL;
}

decoder *
reader_decoder(const reader *self)
{
    return self->decoder;
}

static bool
row_arrived(void *context, const csv_row *row)
{
    reader *self = context;
    if (self->before > 0) {
        self->before--;
        return true;
    }
    return self->sink.row(self->sink.context, row);
}

static bool
fault(reader *self)
{
    uint64_t line;
    uint32_t column;
    unsigned long long at;
    switch (csv_rows_fault(self->rows, &line, &column)) {
    case CSV_FAULT_OPEN_QUOTE:
        at = line;
        snprintf(self->failure, sizeof self->failure,
                 "Line %llu, column %u: a quote (%c) opens here and is not closed %s.", at, column,
                 self->form.csv.quote, "before the end of the file or within 128 KiB");
        self->advice = "Close the quote, or double it if it belongs to the value, and upload the file again as a new "
                       "batch.";
        return false;
    case CSV_FAULT_FIELD:
        at = line;
        snprintf(self->failure, sizeof self->failure, "Line %llu, column %u: the value is longer than %u KiB.", at,
                 column, CSV_FIELD_SIZE_MAX / 1024);
        self->advice = "Shorten it (is a line end or a closing quote missing?), and upload the file again as a new "
                       "batch.";
        return false;
    case CSV_FAULT_ROW:
        at = line;
        snprintf(self->failure, sizeof self->failure, "Line %llu: the row is longer than %u KiB.", at,
                 CSV_ROW_SIZE_MAX / 1024);
        self->advice = "Is this a table with one line a person? Divide the row, and upload the file again as a new "
                       "batch.";
        return false;
    case CSV_FAULT_STOPPED: self->stopped = true; return false;
    case CSV_FAULT_NONE: break;
    }
    return true;
}

static bool
is_plain(csv_cell cell)
{
    for (uint32_t i = 0; i < cell.size; i++)
        if (cell.data[i] > 0x7f || cell.data[i] < 0x09)
            return false;
    return true;
}

static bool
only_blank_rows(const file_form *form)
{
    for (uint32_t i = 0; i < form->rows_count; i++)
        for (uint32_t j = 0; j < form->rows[i].count && j < CSV_COLUMNS_MAX; j++)
            if (strspn((const char *)form->rows[i].cells[j].data, " \t\r\n") < form->rows[i].cells[j].size)
                return false;
    return true;
}

static bool
recognise(reader *self, bool last)
{
    char why[256] = "";
    size_t looked = self->sample_size < READER_SAMPLE_SIZE ? self->sample_size : READER_SAMPLE_SIZE;
    self->decoder = decoder_new(self->sample, looked, why);
    if (self->decoder == NULL) {
        snprintf(self->failure, sizeof self->failure, "%s", why);
        self->advice = "Upload the corrected file as a new batch.";
        return false;
    }
    mst_slice text = decoder_next(self->decoder, self->sample, self->sample_size, last);
    size_t used = text.size < READER_SAMPLE_SIZE ? text.size : READER_SAMPLE_SIZE;
    dialect_guess(text.data, used, last && used == text.size, self->sink.hint, self->arena, &self->form);
    if (last && only_blank_rows(&self->form)) {
        snprintf(self->failure, sizeof self->failure, "The file is empty: it has no line with a character in it.");
        self->advice = "Was the right file chosen? Upload it as a new batch.";
        // A single value that never closes its quote leaves no row either; the reading below says so.
        if (self->form.rows_count > 0 || used == 0 || strspn((const char *)text.data, "\r\n") >= used)
            return false;
        self->failure[0] = '\0';
    }
    self->before = self->form.header_row + (self->form.header ? 1 : 0);
    self->rows = csv_rows_new(&self->form.csv, row_arrived, self);
    self->found = true;
    if (self->form.rows_count > 0 && !self->sink.recognised(self->sink.context, self, &self->form)) {
        self->stopped = true;
        return false;
    }
    bool ok = csv_rows_feed(self->rows, text.data, text.size, last) || fault(self);
    if (ok && self->form.rows_count == 0) { // not even one row in so many bytes
        snprintf(self->failure, sizeof self->failure,
                 "Line 1: the first %u KiB of the file hold no complete line; a row has at most %u KiB and %u columns.",
                 (unsigned)(self->sample_size / 1024), CSV_ROW_SIZE_MAX / 1024, CSV_COLUMNS_MAX);
        self->advice = "Is this a CSV file? Upload the right one as a new batch.";
        return false;
    }
    free(self->sample);
    self->sample = NULL;
    return ok;
}

/* Workbooks ---------------------------------------------------------------------------------------------- */

/* A row as wide as the table. */
static bool
give_row(reader *self, csv_row row)
{
    uint32_t wide = self->form.columns;
    if (self->before > 0) {
        self->before--;
        return true;
    }
    if (row.columns < wide) {
        memcpy(self->widened, row.cells, row.cells_count * sizeof *row.cells);
        while (row.cells_count < wide)
            self->widened[row.cells_count++] = (csv_cell){(const uint8_t *)"", 0};
        row.cells = self->widened;
        row.columns = wide;
    }
    return self->sink.row(self->sink.context, &row);
}

/* The first rows are all here: what they tell, and then they themselves. */
static bool
recognise_sheet(reader *self)
{
    sheet_form_find(&self->form, self->sink.hint, self->arena);
    self->found = true;
    self->before = self->form.header_row + (self->form.header ? 1 : 0);
    self->widened = mst_arena_alloc(self->arena, CSV_COLUMNS_MAX * sizeof *self->widened);
    bool wanted = self->sink.recognised(self->sink.context, self, &self->form);
    for (uint32_t i = 0; wanted && i < self->form.rows_count; i++) {
        const sample_row *kept = &self->form.rows[i];
        csv_row row = {.cells = kept->cells, .columns = kept->count, .line = kept->line, .plain = true};
        row.cells_count = kept->count < CSV_COLUMNS_MAX ? kept->count : CSV_COLUMNS_MAX;
        for (uint32_t j = 0; j < row.cells_count; j++)
            row.plain = row.plain && is_plain(row.cells[j]);
        wanted = give_row(self, row);
    }
    return wanted;
}

static bool
sheet_row(void *context, const csv_row *row)
{
    reader *self = context;
    if (self->found)
        return give_row(self, *row);
    for (uint32_t i = 0; i < row->cells_count; i++)
        self->rows_size += row->cells[i].size;
    return (sheet_form_add(&self->form, row, self->arena) && self->rows_size < READER_SAMPLE_SIZE) ||
           recognise_sheet(self);
}

static bool
workbook_fault(reader *self)
{
    const char *advice, *fault = xlsx_fault_of(self->workbook, &advice);
    self->stopped = fault == NULL;
    if (fault != NULL) {
        snprintf(self->failure, sizeof self->failure, "%s", fault);
        self->advice = advice;
    }
    return false;
}

static bool
feed_workbook(reader *self, const void *data, size_t size, bool last)
{
    if (size > 0 && !xlsx_feed(self->workbook, data, size))
        return workbook_fault(self);
    self->ended = last;
    if (!last)
        return true;
    if (!xlsx_step(self->workbook))
        return workbook_fault(self);
    if (!xlsx_ended(self->workbook) || self->found)
        return true;
    if (self->form.rows_count > 0) {
        self->stopped = !recognise_sheet(self);
        return !self->stopped;
    }
    uint32_t worksheets;
    snprintf(self->failure, sizeof self->failure, "The sheet \"%.100s\" is empty: it has no cell with a value in it.",
             xlsx_sheet(self->workbook, &worksheets));
    self->advice = worksheets > 1 ? "Only the first sheet is read: move the one with the table to the left, and upload "
                                    "the file as a new batch."
                                  : "Was the right file chosen? Upload it as a new batch.";
    return false;
}

/* The doors ---------------------------------------------------------------------------------------------- */

/* From the first bytes on: a workbook, or something that is no table at all. False: the latter. */
static bool
look_at_type(reader *self, bool last)
{
    const xlsx_sink sink = {
        .context = self, .row = sheet_row, .spool_dir = self->sink.spool_dir, .sheet = self->sink.sheet};
    if (file_type_is_zip(self->sample, self->sample_size)) {
        self->workbook = xlsx_new(&sink);
    } else if (self->sample_size >= READER_SAMPLE_SIZE || last) {
        const char *what = file_type_refusal(self->sample, self->sample_size, &self->advice);
        if (what == NULL)
            return true;
        snprintf(self->failure, sizeof self->failure, "%s", what);
        return false;
    }
    return true;
}

bool
reader_feed(reader *self, const void *data, size_t size, bool last)
{
    if (self->stopped || self->failure[0] != '\0')
        return false;
    if (self->workbook != NULL)
        return feed_workbook(self, data, size, last);
    if (self->rows != NULL) {
        mst_slice text = decoder_next(self->decoder, data, size, last);
        return csv_rows_feed(self->rows, text.data, text.size, last) || fault(self);
    }
    if (self->sample_size + size + 1 > self->sample_room) {
        self->sample_room = self->sample_size + size + 1;
        self->sample = mst_realloc(self->sample, self->sample_room);
    }
    if (size > 0)
        memcpy(self->sample + self->sample_size, data, size);
    self->sample_size += size;
    self->sample[self->sample_size] = 0;
    if (!look_at_type(self, last))
        return false;
    if (self->workbook != NULL) {
        bool ok = feed_workbook(self, self->sample, self->sample_size, last);
        free(self->sample);
        self->sample = NULL;
        return ok;
    }
    return (self->sample_size < READER_SAMPLE_SIZE && !last) || recognise(self, last);
}
