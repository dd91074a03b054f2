/* dialect.c - see dialect.h. */
#include "dialect.h"

#include <string.h>

#define HEADER_ROWS_MAX 30u /* the header is looked for among so many rows */

static const struct {
    char delimiter;
    double weight; /* colons are in times, carets in nothing, commas in prose */
} DELIMITERS[] = {{',', 1.0}, {';', 1.0}, {'\t', 1.0}, {'|', 0.98}, {':', 0.6}, {'^', 0.95}};

typedef struct collector {
    mst_arena *arena;
    sample_row *rows;
    uint32_t count;
} collector;

static bool
collect(void *context, const csv_row *row)
{
    collector *self = context;
    sample_row *kept = &self->rows[self->count++];
    kept->count = row->columns;
    kept->line = row->line;
    kept->cells = mst_arena_alloc(self->arena, (row->cells_count + 1) * sizeof *kept->cells);
    for (uint32_t i = 0; i < row->cells_count; i++) {
        csv_cell cell = row->cells[i];
        kept->cells[i].data =
            (uint8_t *)mst_arena_strndup(self->arena, cell.size == 0 ? (const void *)"" : cell.data, cell.size);
        kept->cells[i].size = cell.size;
    }
    return self->count < DIALECT_ROWS_MAX;
}

/* The first rows under this dialect. `broken`: a quote does not close. */
static void
rows_under(const csv_dialect *dialect, const uint8_t *text, size_t size, bool whole, mst_arena *arena, file_form *form,
           bool *broken)
{
    collector self = {.arena = arena, .rows = mst_arena_alloc(arena, DIALECT_ROWS_MAX * sizeof(sample_row))};
    csv_rows *rows = csv_rows_new(dialect, collect, &self);
    csv_rows_feed(rows, text, size, whole);
    uint64_t line;
    uint32_t column;
    csv_fault fault = csv_rows_fault(rows, &line, &column);
    *broken = fault != CSV_FAULT_NONE && fault != CSV_FAULT_STOPPED;
    csv_rows_destroy(&rows);
    form->csv = *dialect;
    form->rows = self.rows;
    form->rows_count = self.count;
}

/* The number of columns that most rows have (of several such the largest), and their share. */
static double
uniform(const file_form *form, uint32_t *columns)
{
    uint16_t rows_with[CSV_COLUMNS_MAX + 2] = {0};
    *columns = 0;
    for (uint32_t i = 0; i < form->rows_count; i++) {
        uint32_t count = form->rows[i].count > CSV_COLUMNS_MAX ? CSV_COLUMNS_MAX + 1 : form->rows[i].count;
        rows_with[count]++;
    }
    for (uint32_t count = 1; count <= CSV_COLUMNS_MAX + 1; count++)
        if (rows_with[count] > 0 && rows_with[count] >= rows_with[*columns])
            *columns = count;
    return form->rows_count == 0 ? 0 : (double)rows_with[*columns] / form->rows_count;
}

/* The row among the first ones that names most wanted columns. */
static uint32_t
best_header(const file_form *form, header_hint hint, uint32_t *row)
{
    uint32_t best = 0;
    *row = 0;
    for (uint32_t i = 0; hint.fits != NULL && i < form->rows_count && i < HEADER_ROWS_MAX; i++) {
        uint32_t given = form->rows[i].count < CSV_COLUMNS_MAX ? form->rows[i].count : CSV_COLUMNS_MAX;
        uint32_t fits = hint.fits(hint.context, form->rows[i].cells, given);
        if (fits > best) {
            best = fits;
            *row = i;
        }
        if (best >= 2 && 2 * best >= given)
            break; // no other row will be more of a header
    }
    return best;
}

/* How often `quote` stands at the beginning and at the end of what may be a cell. */
static size_t
quoted_cells(const uint8_t *text, size_t size, char quote)
{
    static const char around[] = "\n\r,;\t|:^ ";
    size_t opening = 0, closing = 0;
    for (size_t i = 0; i < size; i++) {
        if ((char)text[i] != quote)
            continue;
        bool begins = i == 0 || memchr(around, text[i - 1], sizeof around - 1) != NULL;
        bool ends = i + 1 == size || memchr(around, text[i + 1], sizeof around - 1) != NULL;
        opening += begins && !ends;
        closing += ends && !begins;
    }
    return opening < closing ? opening : closing;
}

/* '"', unless apostrophes stand around more cells. */
static char
guess_quote(const uint8_t *text, size_t size)
{
    size_t single = quoted_cells(text, size, '\'');
    return single >= 2 && single > quoted_cells(text, size, '"') ? '\'' : '"';
}

static bool
guess_skip_space(const uint8_t *text, size_t size, char delimiter, char quote)
{
    for (size_t i = 0; i + 2 < size; i++)
        if ((char)text[i] == delimiter && text[i + 1] == ' ') {
            size_t at = i + 1;
            while (at < size && text[at] == ' ')
                at++;
            if (at < size && (char)text[at] == quote)
                return true;
        }
    return false;
}

static const char *
guess_line_end(const uint8_t *text, size_t size, char quote)
{
    size_t lf = 0, crlf = 0, cr = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if ((char)text[i] == quote)
            quoted = !quoted;
        if (quoted)
            continue;
        if (text[i] == '\r' && i + 1 < size && text[i + 1] == '\n') {
            crlf++;
            i++;
        } else if (text[i] == '\r' && i + 1 < size)
            cr++;
        else if (text[i] == '\n')
            lf++;
    }
    if ((lf > 0) + (crlf > 0) + (cr > 0) > 1)
        return "mixed";
    return crlf > 0 ? "CRLF" : cr > 0 ? "CR" : "LF";
}

/* A number, a date, an e-mail address: nothing one would call a column. */
static bool
looks_like_data(csv_cell cell)
{
    size_t digits = 0, other = 0;
    for (uint32_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == '@')
            return true;
        digits += cell.data[i] >= '0' && cell.data[i] <= '9';
        other += strchr("0123456789.,-+/: ()%$", cell.data[i]) == NULL || cell.data[i] == 0;
    }
    return digits > 0 && other == 0;
}

static uint32_t
filled_cells(const sample_row *row)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < row->count && i < CSV_COLUMNS_MAX; i++)
        filled += row->cells[i].size > 0;
    return filled;
}

/* One cell of many is filled, and the next row has more: a title above the table. */
static bool
is_title(const file_form *form, uint32_t row)
{
    return form->columns > 2 && row + 1 < form->rows_count && filled_cells(&form->rows[row]) <= 1 &&
           filled_cells(&form->rows[row + 1]) > 1;
}

static void
guess_header(file_form *form, header_hint hint)
{
    uint32_t row;
    form->header = true;
    if (best_header(form, hint, &row) == 0) {
        for (row = 0; row < form->rows_count && row < HEADER_ROWS_MAX; row++)
            if (form->rows[row].count == form->columns && !is_title(form, row))
                break;
        if (row == form->rows_count || row == HEADER_ROWS_MAX)
            row = 0;
        uint32_t data = 0, filled = row < form->rows_count ? filled_cells(&form->rows[row]) : 0;
        for (uint32_t i = 0; row < form->rows_count && i < form->rows[row].count && i < CSV_COLUMNS_MAX; i++)
            data += looks_like_data(form->rows[row].cells[i]);
        form->header = hint.fits != NULL || data * 10 <= filled * 3;
    }
    form->header_row = row;
    form->preamble_lines = row < form->rows_count ? (uint32_t)form->rows[row].line - 1 : 0;
}

void
dialect_guess(const uint8_t *text, size_t size, bool whole, header_hint hint, mst_arena *arena, file_form *form)
{
    char quote = guess_quote(text, size);
    double best = -1;
    for (size_t i = 0; i < sizeof DELIMITERS / sizeof DELIMITERS[0]; i++) {
        csv_dialect dialect = {.delimiter = DELIMITERS[i].delimiter, .quote = quote};
        if (i > 0 && memchr(text, dialect.delimiter, size) == NULL)
            continue;
        dialect.skip_space = guess_skip_space(text, size, dialect.delimiter, quote);
        file_form tried = {0};
        bool broken;
        rows_under(&dialect, text, size, whole, arena, &tried, &broken);
        double share = uniform(&tried, &tried.columns), score = 0;
        if (tried.columns > 1)
            score = share * DELIMITERS[i].weight * (broken ? 0.5 : 1) + 0.2 * (1 - 1.0 / tried.columns);
        uint32_t row;
        uint32_t fits = best_header(&tried, hint, &row);
        score += 2 * fits;
        if (score > best) {
            best = score;
            *form = tried;
        }
        if (fits >= 2 && fits >= tried.columns)
            break; // every column is a wanted one
    }
    form->line_end = guess_line_end(text, size, quote);
    guess_header(form, hint);
}
