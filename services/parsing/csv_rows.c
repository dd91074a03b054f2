/* csv_rows.c - see csv_rows.h. */
#include "csv_rows_inside.h"

#include "broker/lib/arena.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 64u /* bytes looked at together; the buffer is readable for as many beyond its end */

static void
scratch_reserve(csv_rows *self, size_t size)
{
    if (self->scratch_size + size <= self->scratch_room)
        return;
    self->scratch_room = (self->scratch_size + size) * 2;
    self->scratch = mst_realloc(self->scratch, self->scratch_room);
}

csv_rows *
csv_rows_new(const csv_dialect *dialect, csv_row_handler *handler, void *context)
{
    csv_rows *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->dialect = *dialect;
    if (dialect->quote == '\0')
        self->dialect.quote = dialect->delimiter; // which is looked for first
    self->handler = handler;
    self->context = context;
    self->line = 1;
    scratch_reserve(self, BLOCK);
    self->offsets = mst_alloc((CSV_COLUMNS_MAX + 1) * sizeof *self->offsets);
    int rc = csv_init(&self->parser, 0);
    assert(rc == 0);
    csv_set_delim(&self->parser, (unsigned char)dialect->delimiter);
    csv_set_quote(&self->parser, (unsigned char)self->dialect.quote);
    return self;
}

void
csv_rows_use_libcsv(csv_rows *self)
{
    self->libcsv_only = true;
}

void
csv_rows_destroy(csv_rows **self)
{
    if (*self == NULL)
        return;
    csv_free(&(*self)->parser);
    csv_odd_destroy(&(*self)->odd);
    free((*self)->buffer);
    free((*self)->scratch);
    free((*self)->offsets);
    free(*self);
    *self = NULL;
}

csv_fault
csv_rows_fault(const csv_rows *self, uint64_t *line, uint32_t *column)
{
    *line = self->fault_line;
    *column = self->fault_column;
    return self->fault;
}

uint64_t
csv_rows_lines(const csv_rows *self)
{
    return self->line - 1;
}

static bool
deliver(csv_rows *self, bool plain)
{
    return rows_deliver(self, self->cells, plain, false);
}

/* One row by libcsv -------------------------------------------------------------------------------------- */

static void
libcsv_cell(void *data, size_t size, void *context)
{
    csv_rows *self = context;
    if (self->row_done)
        return;
    if (self->columns < CSV_COLUMNS_MAX) {
        scratch_reserve(self, size);
        if (size > 0)
            memcpy(self->scratch + self->scratch_size, data, size);
        self->offsets[self->columns] = self->scratch_size;
        self->scratch_size += size;
    }
    self->columns++;
}

static void
libcsv_row(int end, void *context)
{
    (void)end;
    ((csv_rows *)context)->row_done = true;
}

/* A line at a time, until libcsv says that the row is complete. `*next` is where the row after it begins; unchanged
 * when more bytes are needed. */
static bool
row_by_libcsv(csv_rows *self, size_t start, bool last, size_t *next)
{
    uint64_t lines = 0, open_line = self->line;
    uint32_t open_column = 0;
    size_t at = start, open_at = start;
    self->columns = 0;
    self->scratch_size = 0;
    self->row_done = false;
    while (!self->row_done) {
        size_t end = rows_line_end(self, at, last);
        if (end == 0 || at >= self->size)
            break;
        csv_parse(&self->parser, self->buffer + at, end - at, libcsv_cell, libcsv_row, self);
        if (!self->row_done && end == self->size && last && self->buffer[end - 1] != '\n' &&
            self->buffer[end - 1] != '\r')
            csv_parse(&self->parser, "\n", 1, libcsv_cell, libcsv_row, self);
        if (!self->row_done && self->columns + 1 > open_column) {
            open_column = self->columns + 1;
            open_line = self->line + lines;
            open_at = at;
        }
        lines++;
        at = end;
    }
    bool done = self->row_done;
    if (!done) {
        // libcsv starts over: the row is read again when more of it is there.
        self->row_done = true;
        csv_fini(&self->parser, libcsv_cell, libcsv_row, self);
        if (!last && self->size - open_at <= CSV_FIELD_SIZE_MAX)
            return true;
        if (rows_mend(self, start, self->size - start, last, next))
            return self->fault == CSV_FAULT_NONE;
        return rows_fail(self, CSV_FAULT_OPEN_QUOTE, open_line, open_column == 0 ? 1 : open_column);
    }
    if (self->columns != self->dialect.columns && rows_mend(self, start, at - start, last, next))
        return self->fault == CSV_FAULT_NONE;
    if (at - start > CSV_ROW_SIZE_MAX)
        return rows_fail(self, CSV_FAULT_ROW, self->line, 0);
    uint32_t given = self->columns < CSV_COLUMNS_MAX ? self->columns : CSV_COLUMNS_MAX;
    self->offsets[given] = self->scratch_size;
    for (uint32_t i = 0; i < given; i++) {
        self->cells[i].data = self->scratch + self->offsets[i];
        self->cells[i].size = (uint32_t)(self->offsets[i + 1] - self->offsets[i]);
        if (self->cells[i].size > CSV_FIELD_SIZE_MAX)
            return rows_fail(self, CSV_FAULT_FIELD, self->line, i + 1);
    }
    if (!deliver(self, rows_plain(self->buffer + start, at - start)))
        return false;
    self->line += lines;
    *next = at;
    return true;
}

/* The scan ----------------------------------------------------------------------------------------------- */

typedef struct block {
    uint64_t special; /* bits of delimiters, quotes and line ends */
    uint64_t odd;     /* bits of bytes that are not plain */
} block;

#if defined(__SSE2__)
static inline block
look(const csv_rows *self, const uint8_t *at)
{
    const __m128i delimiter = _mm_set1_epi8(self->dialect.delimiter), quote = _mm_set1_epi8(self->dialect.quote);
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r'), low = _mm_set1_epi8(0x09);
    block found = {0, 0};
    for (unsigned i = 0; i < BLOCK / 16; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));
        __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, quote)),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr)));
        found.special |= (uint64_t)(unsigned)_mm_movemask_epi8(special) << (16 * i);
        // Compared as signed numbers, bytes above 0x7F are below 9 as well.
        found.odd |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(bytes, low)) << (16 * i);
    }
    return found;
}
#else
static inline block
look(const csv_rows *self, const uint8_t *at)
{
    block found = {0, 0};
    for (unsigned i = 0; i < BLOCK; i++) {
        char c = (char)at[i];
        if (c == self->dialect.delimiter || c == self->dialect.quote || c == '\n' || c == '\r')
            found.special |= UINT64_C(1) << i;
        if (at[i] >= 0x80 || at[i] < 0x09)
            found.odd |= UINT64_C(1) << i;
    }
    return found;
}
#endif

/* Where the scan stands: the block at `at`, with what is left in it. */
typedef struct marks {
    size_t at;
    block left;
    uint64_t odd; /* seen in this row, in blocks before */
} marks;

static inline void
marks_load(const csv_rows *self, marks *m)
{
    m->left = look(self, self->buffer + m->at);
    size_t rest = self->size - m->at;
    if (rest < BLOCK) {
        m->left.special &= (UINT64_C(1) << rest) - 1;
        m->left.odd &= (UINT64_C(1) << rest) - 1;
    }
}

static void
marks_seek(const csv_rows *self, marks *m, size_t at)
{
    *m = (marks){.at = at};
    if (at < self->size)
        marks_load(self, m);
}

/* Position of the next byte that matters; SIZE_MAX: none is left. */
static inline size_t
marks_next(const csv_rows *self, marks *m)
{
    while (m->left.special == 0) {
        m->odd |= m->left.odd;
        m->left.odd = 0;
        if (self->size - m->at <= BLOCK)
            return SIZE_MAX;
        m->at += BLOCK;
        marks_load(self, m);
    }
    unsigned bit = (unsigned)__builtin_ctzll(m->left.special);
    m->left.special &= m->left.special - 1;
    return m->at + bit;
}

/* The row ends at `p`, in the present block: was it plain? The next row begins with a clean slate. */
static inline bool
marks_plain_until(marks *m, size_t p)
{
    uint64_t until = p - m->at >= 63 ? UINT64_MAX : (UINT64_C(2) << (p - m->at)) - 1;
    bool plain = (m->odd | (m->left.odd & until)) == 0;
    m->left.odd &= ~until;
    m->odd = 0;
    return plain;
}

/* The cell under way. */
typedef struct cell_scan {
    size_t start; /* of the cell, blanks included */
    size_t open;  /* behind its opening quote */
    size_t close; /* at its closing quote */
    uint64_t open_line;
    bool quoted, in_quotes, doubled;
    bool malformed; /* libcsv shall say what this row is */
} cell_scan;

static bool
only_blanks(const uint8_t *from, const uint8_t *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from == to;
}

/* Makes doubled quotes single. */
static csv_cell
unescape(csv_rows *self, const uint8_t *from, size_t size)
{
    // Room for a whole row was reserved: earlier cells of this row stay where they are.
    uint8_t *out = self->scratch + self->scratch_size;
    uint32_t used = 0;
    for (size_t i = 0; i < size; i++) {
        out[used++] = from[i];
        if (from[i] == (uint8_t)self->dialect.quote)
            i++;
    }
    self->scratch_size += used;
    return (csv_cell){out, used};
}

static inline void
add_cell(csv_rows *self, cell_scan *cell, size_t end)
{
    if (self->columns < CSV_COLUMNS_MAX) {
        csv_cell *out = &self->cells[self->columns];
        if (!cell->quoted) {
            size_t start = cell->start;
            if (self->dialect.skip_space)
                while (start < end && self->buffer[start] == ' ')
                    start++;
            *out = (csv_cell){self->buffer + start, (uint32_t)(end - start)};
        } else {
            size_t size = cell->close - cell->open;
            *out = cell->doubled && size <= CSV_FIELD_SIZE_MAX ? unescape(self, self->buffer + cell->open, size)
                                                               : (csv_cell){self->buffer + cell->open, (uint32_t)size};
        }
    }
    if (cell->quoted && !only_blanks(self->buffer + cell->close + 1, self->buffer + end))
        cell->malformed = true;
    self->columns++;
    cell->start = end + 1;
    cell->quoted = cell->doubled = false;
}

typedef enum row_end {
    ROW_WHOLE,
    ROW_EMPTY,     /* a line without a character */
    ROW_CUT,       /* more bytes are needed, or it is the last row, without a line end */
    ROW_MALFORMED, /* for libcsv */
    ROW_FAULT
} row_end;

static bool
sizes_ok(csv_rows *self, size_t size)
{
    if (size > CSV_ROW_SIZE_MAX)
        return rows_fail(self, CSV_FAULT_ROW, self->line, 0);
    for (uint32_t i = 0; size > CSV_FIELD_SIZE_MAX && i < self->columns && i < CSV_COLUMNS_MAX; i++)
        if (self->cells[i].size > CSV_FIELD_SIZE_MAX)
            return rows_fail(self, CSV_FAULT_FIELD, self->line, i + 1);
    return true;
}

/* A quote within quotes: the first of two, or the closing one. False: the byte behind it is not there yet. */
static inline bool
quote_in_quotes(csv_rows *self, marks *m, cell_scan *cell, size_t p, bool last)
{
    if (p + 1 >= self->size && !last)
        return false;
    if (p + 1 < self->size && (char)self->buffer[p + 1] == self->dialect.quote) {
        if (!cell->doubled)
            scratch_reserve(self, CSV_ROW_SIZE_MAX);
        cell->doubled = true;
        marks_next(self, m);
    } else {
        cell->in_quotes = false;
        cell->close = p;
    }
    return true;
}

/* The row is not complete in the buffer: within the limits that is no fault, unless nothing more comes. */
static row_end
row_cut(csv_rows *self, const cell_scan *cell, size_t start, bool last)
{
    if (cell->malformed)
        return ROW_MALFORMED; // where it ends is for libcsv to say
    if (cell->in_quotes && (last || self->size - cell->open > CSV_FIELD_SIZE_MAX))
        rows_fail(self, CSV_FAULT_OPEN_QUOTE, cell->open_line, self->columns + 1);
    else if (!cell->in_quotes && self->size - cell->start > CSV_FIELD_SIZE_MAX)
        rows_fail(self, CSV_FAULT_FIELD, self->line, self->columns + 1);
    else if (self->size - start > CSV_ROW_SIZE_MAX)
        rows_fail(self, CSV_FAULT_ROW, self->line, 0);
    return self->fault == CSV_FAULT_NONE ? ROW_CUT : ROW_FAULT;
}

/* Cells without quotes, which most are, up to the next byte that is no delimiter: its position, or SIZE_MAX. */
static inline size_t
bare_cells(csv_rows *self, marks *m, cell_scan *cell)
{
    const uint8_t *buffer = self->buffer;
    const uint8_t delimiter = (uint8_t)self->dialect.delimiter;
    uint32_t columns = self->columns; // here and not behind a pointer: storing a cell may not touch them
    size_t start = cell->start, p;
    while ((p = marks_next(self, m)) != SIZE_MAX && buffer[p] == delimiter && columns < CSV_COLUMNS_MAX) {
        self->cells[columns++] = (csv_cell){buffer + start, (uint32_t)(p - start)};
        start = p + 1;
    }
    self->columns = columns;
    cell->start = start;
    return p;
}

/* Reads the row at `start` into cells. `*end` is where the next one begins, `*lines` how many lines it took. */
static row_end
read_row(csv_rows *self, marks *m, cell_scan *cell, size_t start, bool last, size_t *end, uint64_t *lines)
{
    const uint8_t *buffer = self->buffer;
    const char delimiter = self->dialect.delimiter, quote = self->dialect.quote;
    *cell = (cell_scan){.start = start};
    *lines = 1;
    self->columns = 0;
    self->scratch_size = 0;
    for (;;) {
        size_t p = cell->quoted || self->dialect.skip_space ? marks_next(self, m) : bare_cells(self, m, cell);
        if (p == SIZE_MAX)
            return row_cut(self, cell, start, last);
        if (p < start)
            continue; // the line feed of the row before
        char c = (char)buffer[p];
        if (cell->in_quotes) {
            if (c == quote) {
                if (!quote_in_quotes(self, m, cell, p, last))
                    return row_cut(self, cell, start, last);
            } else if (c == '\n' || (c == '\r' && p + 1 < self->size && buffer[p + 1] != '\n'))
                ++*lines;
        } else if (c == delimiter) {
            add_cell(self, cell, p);
        } else if (c == '\n' || c == '\r') {
            bool empty = p == start;
            add_cell(self, cell, p);
            *end = p + 1;
            if (c == '\r' && p + 1 < self->size && buffer[p + 1] == '\n')
                *end = p + 2;
            self->skip_lf = c == '\r' && p + 1 == self->size;
            return empty ? ROW_EMPTY : cell->malformed ? ROW_MALFORMED : ROW_WHOLE;
        } else if (cell->quoted) { // a quote behind a closed one
            cell->malformed = true;
        } else if (p == cell->start || (self->dialect.skip_space && only_blanks(buffer + cell->start, buffer + p))) {
            cell->quoted = cell->in_quotes = true;
            cell->open = p + 1;
            cell->open_line = self->line + *lines - 1;
        } // else a quote within a cell without quotes: a character like others
    }
}

/* The last row of the file has no line end. Read by libcsv it may turn out to be several. */
static bool
last_row(csv_rows *self, cell_scan *cell, bool plain, size_t start, uint64_t lines, size_t *next)
{
    add_cell(self, cell, self->size);
    if (cell->malformed)
        return row_by_libcsv(self, start, true, next);
    if (self->columns != self->dialect.columns && rows_mend(self, start, self->size - start, true, next))
        return self->fault == CSV_FAULT_NONE;
    *next = self->size;
    if (!sizes_ok(self, self->size - start) || !deliver(self, plain))
        return false;
    self->line += lines;
    return true;
}

/* Reads all complete rows of the buffer. `*done` is where the first incomplete one begins. */
static bool
scan(csv_rows *self, bool last, size_t *done)
{
    marks m;
    cell_scan cell;
    size_t end = 0;
    uint64_t lines;
    marks_seek(self, &m, *done);
    while (*done < self->size) {
        switch (read_row(self, &m, &cell, *done, last, &end, &lines)) {
        case ROW_WHOLE:
            if (self->columns != self->dialect.columns && rows_mend(self, *done, end - *done, last, &end)) {
                if (self->fault != CSV_FAULT_NONE)
                    return false;
                marks_seek(self, &m, end);
                break;
            }
            if (!sizes_ok(self, end - *done) || !deliver(self, marks_plain_until(&m, cell.start - 1)))
                return false;
            self->line += lines;
            break;
        case ROW_EMPTY:
            marks_plain_until(&m, *done);
            self->line++;
            break;
        case ROW_MALFORMED:
            end = *done;
            self->skip_lf = false;
            if (!row_by_libcsv(self, *done, last, &end))
                return false;
            if (end == *done)
                return true;
            marks_seek(self, &m, end);
            break;
        case ROW_CUT:
            if (!last)
                return true;
            if (!last_row(self, &cell, m.odd == 0, *done, lines, &end))
                return false;
            marks_seek(self, &m, end);
            break;
        case ROW_FAULT:
            if (!rows_mend(self, *done, self->size - *done, last, &end) || self->fault != CSV_FAULT_NONE)
                return false;
            marks_seek(self, &m, end);
            break;
        }
        *done = end;
    }
    return true;
}

static bool
scan_by_libcsv(csv_rows *self, bool last, size_t *done)
{
    while (*done < self->size) {
        size_t next = *done;
        if (self->buffer[*done] == '\n' || self->buffer[*done] == '\r') {
            next = rows_line_end(self, *done, last);
            if (next == 0)
                return true;
            self->line++;
        } else if (!row_by_libcsv(self, *done, last, &next)) {
            return false;
        }
        if (next == *done)
            return true;
        *done = next;
    }
    return true;
}

bool
csv_rows_feed(csv_rows *self, const void *data, size_t size, bool last)
{
    if (self->fault != CSV_FAULT_NONE)
        return false;
    if (self->size + size + BLOCK > self->room) {
        self->room = self->size + size + BLOCK;
        self->buffer = mst_realloc(self->buffer, self->room);
    }
    if (size > 0)
        memcpy(self->buffer + self->size, data, size);
    self->size += size;
    memset(self->buffer + self->size, 0, BLOCK);
    size_t done = 0;
    if (self->skip_lf && self->size > 0) {
        done = self->buffer[0] == '\n';
        self->skip_lf = false;
    }
    bool odd = self->dialect.escape != '\0' || self->dialect.rest[0] != '\0';
    bool ok = odd                 ? rows_scan_odd(self, last, &done)
              : self->libcsv_only ? scan_by_libcsv(self, last, &done)
                                  : scan(self, last, &done);
    if (ok && done > 0) {
        memmove(self->buffer, self->buffer + done, self->size - done);
        self->size -= done;
    }
    return ok;
}
