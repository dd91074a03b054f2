/* csv_odd.c - see csv_odd.h. */
#include "csv_odd.h"

#include "broker/lib/arena.h"
#include <stdlib.h>
#include <string.h>

#define NO_QUOTE UINT32_MAX

csv_odd *
csv_odd_new(void)
{
    csv_odd *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->cells = mst_alloc(CSV_COLUMNS_MAX * sizeof *self->cells);
    self->ends = mst_alloc(CSV_COLUMNS_MAX * sizeof *self->ends);
    return self;
}

void
csv_odd_destroy(csv_odd **self)
{
    if (*self == NULL)
        return;
    free((*self)->cells);
    free((*self)->ends);
    free((*self)->text);
    free(*self);
    *self = NULL;
}

/* One row being read. */
typedef struct scan {
    csv_odd *out;
    const csv_dialect *dialect;
    const uint8_t *data;
    size_t size, at;
    bool last;
    uint32_t astray; /* number of the opening quote that is a character */
    bool eager;      /* a doubled quote in front of a delimiter closes, and the first of the two is a character */
} scan;

static void
put(scan *self, uint8_t c)
{
    self->out->text[self->out->text_size++] = c;
}

/* Size of the delimiter at `at`, 0: none stands there. */
static size_t
delimiter_at(const scan *self, size_t at)
{
    const csv_dialect *dialect = self->dialect;
    if (at >= self->size || (char)self->data[at] != dialect->delimiter)
        return 0;
    size_t more = strnlen(dialect->rest, sizeof dialect->rest);
    return at + more < self->size && memcmp(self->data + at + 1, dialect->rest, more) == 0 ? 1 + more : 0;
}

static bool
line_ends_at(const scan *self, size_t at)
{
    return at >= self->size || self->data[at] == '\n' || self->data[at] == '\r';
}

/* Does the cell end here, but for blanks? */
static bool
cell_ends_at(const scan *self, size_t at)
{
    while (at < self->size && self->data[at] == ' ' && delimiter_at(self, at) == 0)
        at++;
    return line_ends_at(self, at) || delimiter_at(self, at) > 0;
}

/* An escape takes the meaning from what follows; what had none keeps its escape. */
static bool
escaped(scan *self)
{
    const csv_dialect *dialect = self->dialect;
    if (dialect->escape == '\0' || (char)self->data[self->at] != dialect->escape || self->at + 1 >= self->size)
        return false;
    char next = (char)self->data[self->at + 1];
    if (next != dialect->quote && next != dialect->escape && next != dialect->delimiter)
        put(self, self->data[self->at]);
    put(self, (uint8_t)next);
    self->at += 2;
    return true;
}

/* Behind the opening quote up to the end of the cell. False: the quote is not closed. */
static bool
read_quoted(scan *self)
{
    const char quote = self->dialect->quote;
    while (self->at < self->size) {
        if (escaped(self))
            continue;
        uint8_t c = self->data[self->at];
        bool doubled = (char)c == quote && self->at + 1 < self->size && (char)self->data[self->at + 1] == quote;
        if (doubled && !(self->eager && delimiter_at(self, self->at + 2) > 0)) {
            put(self, c);
            self->at += 2;
        } else if (doubled) {
            put(self, c);
            self->at++;
        } else if ((char)c == quote && cell_ends_at(self, self->at + 1)) {
            self->at++;
            while (!line_ends_at(self, self->at) && delimiter_at(self, self->at) == 0)
                self->at++;
            return true;
        } else {
            self->out->lines +=
                c == '\n' || (c == '\r' && self->at + 1 < self->size && self->data[self->at + 1] != '\n');
            put(self, c);
            self->at++;
        }
    }
    return false;
}

static void
read_bare(scan *self)
{
    while (!line_ends_at(self, self->at) && delimiter_at(self, self->at) == 0)
        if (!escaped(self))
            put(self, self->data[self->at++]);
}

static void
close_cell(csv_odd *out)
{
    if (out->columns < CSV_COLUMNS_MAX)
        out->ends[out->columns] = out->text_size;
    out->columns++;
}

static void
point_cells(csv_odd *out)
{
    for (uint32_t i = 0; i < out->columns && i < CSV_COLUMNS_MAX; i++) {
        size_t from = i == 0 ? 0 : out->ends[i - 1];
        out->cells[i] = (csv_cell){out->text + from, (uint32_t)(out->ends[i] - from)};
    }
}

/* Cells up to the line end, which is not taken. */
static void
read_cells(scan *self)
{
    csv_odd *out = self->out;
    for (;;) {
        while (self->dialect->skip_space && self->at < self->size && self->data[self->at] == ' ' &&
               delimiter_at(self, self->at) == 0)
            self->at++;
        bool quote =
            self->dialect->quote != '\0' && self->at < self->size && (char)self->data[self->at] == self->dialect->quote;
        if (quote && out->quoted++ != self->astray) {
            out->open_line = out->lines - 1;
            out->open_column = out->columns + 1;
            out->open_at = self->at++;
            if (!read_quoted(self)) {
                out->open = true;
                return;
            }
        } else {
            read_bare(self);
        }
        close_cell(out);
        size_t step = delimiter_at(self, self->at);
        if (step == 0)
            return;
        self->at += step;
    }
}

static void
begin(csv_odd *self, size_t size)
{
    if (self->text_room < size + 1) {
        self->text_room = size + 1;
        self->text = mst_realloc(self->text, self->text_room);
    }
    self->text_size = 0;
    self->columns = self->quoted = 0;
    self->lines = 1;
    self->open = false;
}

size_t
csv_odd_read(csv_odd *self, const csv_dialect *dialect, const uint8_t *at, size_t size, bool last)
{
    scan row = {.out = self, .dialect = dialect, .data = at, .size = size, .last = last, .astray = NO_QUOTE};
    begin(self, size);
    read_cells(&row);
    if (self->open)
        return 0;
    if (row.at >= size || (at[row.at] == '\r' && row.at + 1 == size)) {
        if (!last)
            return 0; // the line end, or its second half, may still come
        point_cells(self);
        return size;
    }
    point_cells(self);
    return row.at + (at[row.at] == '\r' && at[row.at + 1] == '\n' ? 2 : 1);
}

bool
csv_odd_mend(csv_odd *self, const csv_dialect *dialect, const uint8_t *line, size_t size)
{
    uint32_t quotes = 1;
    for (uint32_t tried = 0; tried <= quotes && tried <= CSV_MEND_QUOTES_MAX; tried++) {
        // First as it stands, but for a quote in front of the closing one; then each opening quote as a character.
        scan row = {.out = self, .dialect = dialect, .data = line, .size = size, .last = true};
        row.eager = tried == 0;
        row.astray = tried == 0 ? NO_QUOTE : tried - 1;
        begin(self, size);
        read_cells(&row);
        if (self->quoted > quotes)
            quotes = self->quoted;
        if (!self->open && row.at == size && self->columns == dialect->columns) {
            point_cells(self);
            return true;
        }
    }
    return false;
}
