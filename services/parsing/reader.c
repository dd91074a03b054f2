/* reader.c - see reader.h. */
#include "reader.h"

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
    uint32_t before; /* rows still to be left out: preamble and header */
    bool stopped;
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
    (void)self;
    return false;
}

const file_form *
reader_form(const reader *self)
{
    return self->rows == NULL ? NULL : &self->form;
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

bool
reader_feed(reader *self, const void *data, size_t size, bool last)
{
    if (self->stopped || self->failure[0] != '\0')
        return false;
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
    return (self->sample_size < READER_SAMPLE_SIZE && !last) || recognise(self, last);
}
