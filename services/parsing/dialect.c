/* dialect.c - see dialect.h. */
#include "dialect.h"

#include "header.h"
#include "shapes.h"
#include <string.h>

static const struct {
    char delimiter, rest[3];
    double weight; /* colons are in times, carets in nothing, commas in prose */
    bool odd;      /* hardly ever a delimiter: only where it makes a table without exception */
} DELIMITERS[] = {
    {',', "", 1.0, false},  {';', "", 1.0, false},       {'\t', "", 1.0, false},     {'|', "", 0.98, false},
    {'^', "", 0.95, false}, {'~', "", 0.95, false},      {'\x1f', "", 0.95, false},  {'\x01', "", 0.95, false},
    {':', "", 0.6, false},  {':', ":", 0.9, true},       {' ', "", 0.6, false},      {'\\', "t", 0.95, true},
    {'#', "", 0.8, true},   {'*', "", 0.8, true},        {'!', "", 0.8, true},       {'&', "", 0.8, true},
    {'%', "", 0.8, true},   {'\xC2', "\xA7", 0.8, true}, {'\xC2', "\xA6", 0.8, true}};
#define DELIMITERS_COUNT (sizeof DELIMITERS / sizeof DELIMITERS[0])

static const char QUOTES[] = "\"'`";
#define QUOTES_COUNT (sizeof QUOTES - 1)
#define QUOTES_SINGLE_MIN 2u  /* apostrophes that stand around cells, before they are taken for quotes */
#define SPACES_COLUMNS_MIN 2u /* a table in columns of blanks has so many, and values in most of them */
#define ODD_SHARE 0.9         /* of the rows have as many columns, with an odd delimiter, */
#define ODD_COLUMNS_MIN 3u    /* and at least so many */

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

static uint32_t
given(const sample_row *row)
{
    return row->count < CSV_COLUMNS_MAX ? row->count : CSV_COLUMNS_MAX;
}

static bool
is_blank(const sample_row *row)
{
    for (uint32_t i = 0; i < given(row); i++)
        if (shape_of(row->cells[i]) != SHAPE_EMPTY)
            return false;
    return true;
}

/* The number of columns that most rows have (of several such the largest), and their share. */
static double
uniform(const file_form *form, uint32_t *columns)
{
    uint16_t rows_with[CSV_COLUMNS_MAX + 2] = {0};
    uint32_t rows = 0;
    *columns = 0;
    for (uint32_t i = 0; i < form->rows_count; i++) {
        if (is_blank(&form->rows[i]))
            continue;
        uint32_t count = form->rows[i].count > CSV_COLUMNS_MAX ? CSV_COLUMNS_MAX + 1 : form->rows[i].count;
        rows_with[count]++;
        rows++;
    }
    for (uint32_t count = 1; count <= CSV_COLUMNS_MAX + 1; count++)
        if (rows_with[count] > 0 && rows_with[count] >= rows_with[*columns])
            *columns = count;
    return rows == 0 ? 0 : (double)rows_with[*columns] / rows;
}

/* Quotes ------------------------------------------------------------------------------------------------- */

/* How a quote character stands in the text, if `delimiter` is the delimiter. */
typedef struct quote_use {
    size_t opening, closing; /* beside a delimiter or a line end on one side only */
    size_t placed, astray;   /* where a quote may be, and where not */
    size_t doubled, escaped; /* within values */
} quote_use;

static bool
is_end(char c, char delimiter)
{
    return c == delimiter || c == '\n' || c == '\r';
}

static quote_use
look_at_quotes(const uint8_t *text, size_t size, char delimiter, char quote)
{
    quote_use use = {0};
    for (const uint8_t *at = memchr(text, quote, size), *end = text + size; at != NULL;
         at = memchr(at + 1, quote, (size_t)(end - at - 1))) {
        const uint8_t *left = at, *right = at + 1;
        while (delimiter != ' ' && left > text && left[-1] == ' ')
            left--;
        while (delimiter != ' ' && right < end && *right == ' ')
            right++;
        bool begins = left == text || is_end((char)left[-1], delimiter);
        bool ends = right == end || is_end((char)*right, delimiter);
        bool before = at > text && (char)at[-1] == quote, behind = at + 1 < end && (char)at[1] == quote;
        bool escape = at > text && at[-1] == '\\' && !(at > text + 1 && at[-2] == '\\');
        use.opening += begins && !ends && !behind;
        use.closing += ends && !begins && !before && !escape;
        use.escaped += escape && !ends;
        use.doubled += before && !begins && !ends;
        if (begins || ends || before || behind || escape)
            use.placed++;
        else
            use.astray++;
        if (at + 1 == end)
            break;
    }
    return use;
}

static size_t
quoted_cells(const quote_use *use)
{
    return use->opening < use->closing ? use->opening : use->closing;
}

/* '"', unless apostrophes or their like stand around more cells. */
static quote_use
guess_quote(const uint8_t *text, size_t size, csv_dialect *dialect)
{
    quote_use uses[QUOTES_COUNT];
    size_t which = 0;
    for (size_t i = 0; i < QUOTES_COUNT; i++) {
        uses[i] = look_at_quotes(text, size, dialect->delimiter, QUOTES[i]);
        size_t cells = quoted_cells(&uses[i]);
        if (i > 0 && cells >= QUOTES_SINGLE_MIN && cells > quoted_cells(&uses[which]))
            which = i;
    }
    dialect->quote = QUOTES[which];
    if (uses[which].escaped > uses[which].doubled)
        dialect->escape = '\\';
    return uses[which];
}

/* Every delimiter has a blank behind it, or a quote begins behind such a blank: the blanks are not the values'. */
static bool
guess_skip_space(const file_form *form)
{
    size_t blanks = 0, others = 0, quotes = 0;
    for (uint32_t i = 0; form->csv.delimiter != ' ' && i < form->rows_count; i++)
        for (uint32_t j = 1; j < given(&form->rows[i]); j++) {
            csv_cell cell = form->rows[i].cells[j];
            uint32_t at = 0;
            while (at < cell.size && cell.data[at] == ' ')
                at++;
            quotes += at > 0 && at < cell.size && (char)cell.data[at] == form->csv.quote;
            blanks += at > 0;
            others += at == 0 && cell.size > 0;
        }
    return quotes > 0 || (blanks > 2 && others == 0);
}

/* Line ends ---------------------------------------------------------------------------------------------- */

static const char *
guess_line_end(const uint8_t *text, size_t size, char quote)
{
    size_t lf = 0, crlf = 0, cr = 0, lfcr = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if ((char)text[i] == quote)
            quoted = !quoted;
        if (quoted)
            continue;
        if (text[i] == '\r' && i + 1 < size && text[i + 1] == '\n') {
            crlf++;
            i++;
        } else if (text[i] == '\n' && i + 1 < size && text[i + 1] == '\r' && (i + 2 >= size || text[i + 2] != '\n')) {
            lfcr++;
            i++;
        } else if (text[i] == '\r' && i + 1 < size)
            cr++;
        else if (text[i] == '\n')
            lf++;
    }
    if ((lf > 0) + (crlf > 0) + (cr > 0) + (lfcr > 0) > 1)
        return "mixed";
    return crlf > 0 ? "CRLF" : cr > 0 ? "CR" : lfcr > 0 ? "LFCR" : "LF";
}

/* Delimiters --------------------------------------------------------------------------------------------- */

/* Cells and what they are like. */
typedef struct cells_seen {
    uint32_t filled, valued; /* valued: numbers, dates and so on */
    uint32_t divisible;      /* they hold what is rather a delimiter than part of a value */
    uint32_t times;          /* colons: pairs of cells that are one time, or one address of a page */
} cells_seen;

static bool
is_divisible(csv_cell cell, char delimiter)
{
    static const char others[] = ";\t|";
    for (const char *other = others; *other != '\0'; other++)
        if (*other != delimiter && memchr(cell.data, *other, cell.size) != NULL)
            return true;
    return false;
}

static bool
is_time(csv_cell left, csv_cell right)
{
    bool digits = left.size > 0 && right.size > 1 && left.data[left.size - 1] >= '0' &&
                  left.data[left.size - 1] <= '9' && right.data[0] >= '0' && right.data[0] <= '9' &&
                  right.data[1] >= '0' && right.data[1] <= '9';
    return digits || (right.size > 1 && right.data[0] == '/' && right.data[1] == '/');
}

static cells_seen
look_at_cells(const file_form *form)
{
    cells_seen seen = {0};
    for (uint32_t i = 0; i < form->rows_count; i++)
        for (uint32_t j = 0; j < given(&form->rows[i]); j++) {
            csv_cell cell = form->rows[i].cells[j];
            cell_shape shape = shape_of(cell);
            seen.filled += shape != SHAPE_EMPTY;
            seen.valued += shape > SHAPE_TEXT;
            seen.divisible += is_divisible(cell, form->csv.delimiter);
            seen.times += j > 0 && is_time(form->rows[i].cells[j - 1], cell);
        }
    return seen;
}

/* How much a table it is under this dialect: at most 1.2 for one of many columns, 0 for one of one column. */
static double
score_of(const file_form *form, const quote_use *use, double weight, bool odd, bool broken)
{
    uint32_t columns;
    double share = uniform(form, &columns);
    if (columns < 2 || (odd && (share < ODD_SHARE || columns < ODD_COLUMNS_MIN)))
        return 0;
    cells_seen seen = look_at_cells(form);
    size_t quotes = use->placed + use->astray;
    double placed = quotes == 0 ? 1 : (double)use->placed / (double)quotes;
    double divisible = seen.filled == 0 ? 0 : (double)seen.divisible / seen.filled;
    if (form->csv.delimiter == ':' && seen.times * 2 >= seen.filled / 2)
        return 0;
    if (form->csv.delimiter == ' ') {
        bool table = share > 0.9 && columns >= SPACES_COLUMNS_MIN && seen.valued * 10 >= seen.filled * 6;
        bool quoted = placed > 0.9 && quoted_cells(use) >= form->rows_count;
        if (!table && !quoted)
            return 0;
    }
    return (share * weight * (broken ? 0.5 : 1) + 0.2 * (1 - 1.0 / columns)) * placed * placed *
           (1 - 0.5 * (divisible > 1 ? 1 : divisible));
}

/* Every second cell is empty in every row: the delimiter is doubled. */
static bool
is_doubled(const file_form *form)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < form->rows_count; i++) {
        const sample_row *row = &form->rows[i];
        if (is_blank(row))
            continue;
        rows++;
        if (row->count < 3 || row->count % 2 == 0)
            return false;
        for (uint32_t j = 1; j < given(row); j += 2)
            if (row->cells[j].size > 0)
                return false;
    }
    return rows > 0;
}

/* What is looked at. */
typedef struct sample {
    const uint8_t *text;
    size_t size;
    bool whole;
    header_hint hint;
    mst_arena *arena;
} sample;

/* The form under one delimiter; its score, and whether every column is a wanted one. */
static double
try_delimiter(const sample *self, size_t which, file_form *form, bool *certain)
{
    csv_dialect dialect = {.delimiter = DELIMITERS[which].delimiter};
    memcpy(dialect.rest, DELIMITERS[which].rest, sizeof dialect.rest);
    quote_use use = guess_quote(self->text, self->size, &dialect);
    bool broken;
    rows_under(&dialect, self->text, self->size, self->whole, self->arena, form, &broken);
    if (dialect.rest[0] == '\0' && is_doubled(form))
        dialect.rest[0] = dialect.delimiter;
    dialect.skip_space = guess_skip_space(form);
    if (dialect.skip_space || dialect.rest[0] != form->csv.rest[0])
        rows_under(&dialect, self->text, self->size, self->whole, self->arena, form, &broken);
    double share = uniform(form, &form->columns);
    double score = score_of(form, &use, DELIMITERS[which].weight, DELIMITERS[which].odd, broken);
    uint32_t row, fits = header_best(form, self->hint, &row);
    *certain = fits >= 2 && fits >= form->columns;
    if (share > 0.5)
        form->csv.columns = form->columns;
    return score + 2 * fits;
}

void
dialect_delimiter(const csv_dialect *dialect, char text[DELIMITER_SIZE])
{
    text[0] = dialect->delimiter;
    memcpy(text + 1, dialect->rest, sizeof dialect->rest);
    text[1 + sizeof dialect->rest] = '\0';
}

void
dialect_guess(const uint8_t *text, size_t size, bool whole, header_hint hint, mst_arena *arena, file_form *form)
{
    sample self = {text, size, whole, hint, arena};
    double best = -1;
    bool certain = false;
    for (size_t i = 0; i < DELIMITERS_COUNT && !certain; i++) {
        if (i > 0 && memchr(text, DELIMITERS[i].delimiter, size) == NULL)
            continue;
        file_form tried = {0};
        bool fits;
        double score = try_delimiter(&self, i, &tried, &fits);
        if (score > best) {
            best = score;
            *form = tried;
            certain = fits;
        }
    }
    if (form->csv.columns > 1) { // rows with a quote too many are told from others only now
        csv_dialect known = form->csv;
        bool broken;
        rows_under(&known, text, size, whole, arena, form, &broken);
    }
    form->line_end = guess_line_end(text, size, form->csv.quote);
    header_find(form, hint, arena);
}
