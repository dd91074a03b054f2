/* xlsx_sheet.c - see xlsx_sheet.h.
 *
 * worksheet(1) sheetData(2) row(3) c(4) v(5); texts of a cell's own: is(5) t(6), or r(6) t(7). Every value of a row
 * stands in one block that is large enough for the largest row, shared texts where they are. */
#include "xlsx_sheet.h"

#include <stdlib.h>
#include <string.h>

#define ROOM (CSV_ROW_SIZE_MAX + XLSX_VALUE_SIZE)

enum { DEPTH_PART = 2, DEPTH_ROW, DEPTH_CELL, DEPTH_VALUE, DEPTH_TEXT, DEPTH_FONT_TEXT };

typedef enum cell_kind { CELL_NUMBER, CELL_SHARED, CELL_TEXT, CELL_TRUTH, CELL_DATE } cell_kind;

struct sheet {
    sheet_source source;
    xlsx_fault *fault;
    xml *xml;
    bool in_rows, over, stopped;

    uint32_t row;    /* number of the one under way or of the last one */
    uint32_t column; /* number of the cell under way or of the last one, from 1 */
    uint32_t filled; /* cells[0..filled) are set */
    uint32_t last;   /* number of the last cell that is not empty */
    bool plain;
    size_t row_size;

    cell_kind kind;
    xlsx_style style;
    bool given, formula, own_text, phonetic;
    size_t begin, used; /* in text */

    uint64_t values;   /* bytes given */
    size_t given_size; /* of these in this step */
    size_t wanted_size;
    uint32_t formulas, formulas_empty;
    csv_cell cells[CSV_COLUMNS_MAX];
    uint8_t text[ROOM];
};

/* Faults ------------------------------------------------------------------------------------------------- */

static void
name_column(uint32_t column, char out[8])
{
    char letters[8];
    size_t count = 0, used = 0;
    for (; column > 0 && count < sizeof letters; column = (column - 1) / 26)
        letters[count++] = (char)('A' + (column - 1) % 26);
    while (count > 0)
        out[used++] = letters[--count];
    out[used] = '\0';
}

static void
refuse_cell(sheet *self, const char *advice, const char *why)
{
    char column[8];
    name_column(self->column, column);
    xlsx_fail(self->fault, advice, "Sheet \"%.100s\", cell %s%u: %s", self->source.book->sheet, column, self->row, why);
    xml_stop(self->xml);
}

static void
refuse_row(sheet *self, const char *advice, const char *why)
{
    xlsx_fail(self->fault, advice, "Sheet \"%.100s\", row %u: %s", self->source.book->sheet, self->row, why);
    xml_stop(self->xml);
}

/* Where a row or cell stands ----------------------------------------------------------------------------- */

/* "AB12" is 28; 0: no letters. */
static uint32_t
column_of(const char *reference)
{
    uint32_t column = 0;
    for (; *reference != '\0' && column <= SHEET_COLUMNS_MAX; reference++) {
        char c = (char)(*reference & ~0x20);
        if (c < 'A' || c > 'Z')
            break;
        column = column * 26 + (uint32_t)(c - 'A' + 1);
    }
    return column;
}

static void
begin_row(sheet *self, const char *const *attributes)
{
    const char *given = xml_attribute(attributes, "r");
    uint32_t before = self->row, number = before + 1;
    if (given != NULL) {
        char *end;
        unsigned long long read = strtoull(given, &end, 10);
        number = *end != '\0' || read > SHEET_ROWS_MAX ? SHEET_ROWS_MAX + 1 : (uint32_t)read;
    }
    self->row = number;
    self->column = self->filled = self->last = 0;
    self->plain = true;
    self->row_size = self->used = 0;
    if (number > SHEET_ROWS_MAX)
        refuse_row(self, XLSX_SAVE_AGAIN, "a sheet has at most 1,048,576 rows.");
    else if (number <= before)
        refuse_row(self, XLSX_SAVE_AGAIN, "the rows of the sheet are not in order.");
}

static void
begin_cell(sheet *self, const char *const *attributes)
{
    const char *reference = NULL, *kind = NULL, *style = NULL;
    for (; *attributes != NULL; attributes += 2) {
        if (attributes[0][0] == '\0' || attributes[0][1] != '\0')
            continue;
        if (attributes[0][0] == 'r')
            reference = attributes[1];
        else if (attributes[0][0] == 't')
            kind = attributes[1];
        else if (attributes[0][0] == 's')
            style = attributes[1];
    }
    uint32_t column = reference == NULL ? 0 : column_of(reference);
    self->column = column == 0 ? self->column + 1 : column;
    self->kind = CELL_NUMBER;
    self->style = XLSX_STYLE_NUMBER;
    self->given = self->formula = self->own_text = false;
    self->begin = self->used;
    if (self->column > SHEET_COLUMNS_MAX) {
        refuse_cell(self, XLSX_SAVE_AGAIN, "a sheet has at most 16,384 columns (XFD).");
        return;
    }
    if (kind != NULL && kind[0] != 'n')
        self->kind = strcmp(kind, "s") == 0   ? CELL_SHARED
                     : strcmp(kind, "b") == 0 ? CELL_TRUTH
                     : strcmp(kind, "d") == 0 ? CELL_DATE
                                              : CELL_TEXT; // str, inlineStr, e
    if (style != NULL && self->kind == CELL_NUMBER && self->source.styles->count > 0) {
        unsigned long number = strtoul(style, NULL, 10);
        if (number < self->source.styles->count)
            self->style = (xlsx_style)self->source.styles->styles[number];
    }
}

/* Values ------------------------------------------------------------------------------------------------- */

static void
set_cell(sheet *self, const uint8_t *data, size_t size)
{
    if (size == 0 && self->column > self->filled)
        return;
    if (size > CSV_FIELD_SIZE_MAX || self->row_size + size > CSV_ROW_SIZE_MAX) {
        refuse_cell(self, "Shorten it, and upload the file again as a new batch.",
                    size > CSV_FIELD_SIZE_MAX ? "the value is longer than 128 KiB."
                                              : "with this cell the row is longer than 512 KiB.");
        return;
    }
    self->row_size += size;
    if (self->column > self->last)
        self->last = self->column;
    if (self->column > CSV_COLUMNS_MAX)
        return; // counted only
    while (self->filled < self->column)
        self->cells[self->filled++] = (csv_cell){(const uint8_t *)"", 0};
    self->cells[self->column - 1] = (csv_cell){data, (uint32_t)size};
}

static void
set_shared(sheet *self, const char *digits, size_t size)
{
    uint64_t number = 0;
    bool ok = size > 0 && size < 10;
    for (size_t i = 0; i < size && ok; i++) {
        ok = digits[i] >= '0' && digits[i] <= '9';
        number = number * 10 + (uint64_t)(digits[i] - '0');
    }
    if (!ok || number >= self->source.strings->count) {
        refuse_cell(self, XLSX_SAVE_AGAIN, "it names a text that is not in the workbook.");
        return;
    }
    bool plain;
    uint32_t text_size;
    const uint8_t *text = strings_get(self->source.strings, (uint32_t)number, &text_size, &plain);
    self->plain = self->plain && plain;
    self->used = self->begin; // the number is not needed any more
    set_cell(self, text, text_size);
}

/* What was computed from the number stands in its place. */
static void
set_written(sheet *self, const char *written, size_t size)
{
    uint8_t *place = self->text + self->begin;
    memcpy(place, written, size);
    self->used = self->begin + size;
    set_cell(self, place, size);
}

static void
set_text(sheet *self, uint8_t *text, size_t size)
{
    if (memchr(text, '_', size) != NULL) {
        size_t kept = xlsx_unescape(text, size);
        self->plain = self->plain && kept == size;
        self->used = self->begin + kept;
        size = kept;
    }
    self->plain = self->plain && strings_are_ascii(text, size);
    set_cell(self, text, size);
}

static void
set_number(sheet *self, const char *digits, size_t size)
{
    char written[XLSX_VALUE_SIZE];
    size_t used = self->style == XLSX_STYLE_NUMBER
                      ? xlsx_number_text(digits, size, written)
                      : xlsx_date_text(digits, size, self->source.book->from_1904, self->style, written);
    if (used == 0 || !strings_are_ascii((const uint8_t *)digits, size))
        set_text(self, self->text + self->begin, self->used - self->begin);
    else
        set_written(self, written, used);
}

static void
end_cell(sheet *self)
{
    uint8_t *text = self->text + self->begin;
    size_t size = self->used - self->begin;
    self->formulas += self->formula;
    self->formulas_empty += self->formula && size == 0 && self->kind != CELL_TEXT;
    if (!self->given || self->kind == CELL_TEXT || self->own_text) {
        set_text(self, text, size);
        return;
    }
    while (size > 0 && text[size - 1] <= ' ')
        size--;
    while (size > 0 && *text <= ' ') {
        text++;
        size--;
    }
    char *digits = (char *)text;
    if (size == 0)
        set_cell(self, text, 0);
    else if (self->kind == CELL_SHARED)
        set_shared(self, digits, size);
    else if (self->kind == CELL_TRUTH && size == 1 && (*digits == '0' || *digits == '1'))
        set_written(self, *digits == '1' ? "TRUE" : "FALSE", *digits == '1' ? 4 : 5);
    else if (self->kind == CELL_NUMBER)
        set_number(self, digits, size);
    else if (self->kind == CELL_DATE)
        set_text(self, text, xlsx_iso_text(digits, size));
    else
        set_text(self, text, size);
}

static void
end_row(sheet *self)
{
    while (self->last <= CSV_COLUMNS_MAX && self->filled > 0 && self->cells[self->filled - 1].size == 0)
        self->filled--;
    if (self->last <= CSV_COLUMNS_MAX)
        self->last = self->filled;
    if (self->last == 0)
        return;
    while (self->last > CSV_COLUMNS_MAX && self->filled < CSV_COLUMNS_MAX)
        self->cells[self->filled++] = (csv_cell){(const uint8_t *)"", 0};
    const csv_row row = {.cells = self->cells,
                         .cells_count = self->filled,
                         .columns = self->last,
                         .line = self->row,
                         .plain = self->plain};
    self->values += self->row_size;
    self->given_size += self->row_size + 1;
    if (self->values > SHEET_VALUES_MAX) {
        refuse_row(self, XLSX_MAKE_SMALLER, "the values of the sheet are longer than 4 GiB up to here.");
    } else if (!self->source.row(self->source.context, &row)) {
        self->stopped = true;
        xml_stop(self->xml);
    } else if (self->given_size >= self->wanted_size) {
        xml_pause(self->xml);
    }
}

/* Elements ----------------------------------------------------------------------------------------------- */

static void
on_start(void *context, uint32_t depth, const char *name, const char *const *attributes)
{
    sheet *self = context;
    if (depth == DEPTH_PART)
        self->in_rows = strcmp(name, "sheetData") == 0;
    else if (depth == 1 && strcmp(name, "worksheet") != 0) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "The sheet \"%.100s\" is no worksheet.", self->source.book->sheet);
        xml_stop(self->xml);
    } else if (!self->in_rows)
        return;
    else if (depth == DEPTH_CELL && name[0] == 'c' && name[1] == '\0')
        begin_cell(self, attributes);
    else if (depth == DEPTH_VALUE && name[0] == 'v' && name[1] == '\0') {
        // A cell with a text of its own has no use for a value beside it.
        self->given = true;
        if (!self->own_text)
            xml_want_text(self->xml, true);
    } else if (depth == DEPTH_ROW && strcmp(name, "row") == 0)
        begin_row(self, attributes);
    else if (depth == DEPTH_VALUE && name[0] == 'f' && name[1] == '\0')
        self->formula = true;
    else if (depth == DEPTH_VALUE && strcmp(name, "is") == 0) {
        self->used = self->begin;
        self->own_text = true;
    } else if (depth == DEPTH_TEXT && strcmp(name, "rPh") == 0)
        self->phonetic = true;
    else if (name[0] == 't' && name[1] == '\0' && self->own_text &&
             (depth == DEPTH_TEXT || (depth == DEPTH_FONT_TEXT && !self->phonetic)))
        xml_want_text(self->xml, true);
}

static void
on_end(void *context, uint32_t depth, const char *name)
{
    sheet *self = context;
    if (!self->in_rows)
        return;
    if (depth >= DEPTH_VALUE) {
        xml_want_text(self->xml, false);
        self->phonetic = self->phonetic && depth > DEPTH_TEXT;
    } else if (depth == DEPTH_CELL && name[0] == 'c' && name[1] == '\0')
        end_cell(self);
    else if (depth == DEPTH_ROW && strcmp(name, "row") == 0)
        end_row(self);
    else if (depth == DEPTH_PART)
        xml_stop(self->xml); // what follows says how the sheet looks
}

static void
on_text(void *context, const char *text, int size)
{
    sheet *self = context;
    if (self->used + (size_t)size + XLSX_VALUE_SIZE > ROOM) {
        refuse_cell(self, "Shorten it, and upload the file again as a new batch.",
                    "with this cell the row is longer than 512 KiB.");
        return;
    }
    memcpy(self->text + self->used, text, (size_t)size);
    self->used += (size_t)size;
}

/* The doors ---------------------------------------------------------------------------------------------- */

sheet *
sheet_open(const sheet_source *source, archive_part *part, xlsx_fault *fault)
{
    const xml_sink sink = {NULL, on_start, on_end, on_text};
    sheet *self = mst_alloc(sizeof *self);
    memset(self, 0, offsetof(sheet, cells));
    self->source = *source;
    self->fault = fault;
    xml_sink own = sink;
    own.context = self;
    self->xml = xml_new(&own, part, source->book->sheet_part, fault);
    return self;
}

void
sheet_destroy(sheet **self)
{
    if (*self == NULL)
        return;
    xml_destroy(&(*self)->xml);
    free(*self);
    *self = NULL;
}

xml_status
sheet_step(sheet *self, size_t size)
{
    size_t read = 0;
    xml_status status;
    self->given_size = 0;
    self->wanted_size = size;
    do
        status = xml_step(self->xml, &read);
    while (status == XML_MORE && read < size && !self->stopped);
    return status;
}

bool
sheet_stopped(const sheet *self)
{
    return self->stopped;
}

uint32_t
sheet_formulas(const sheet *self, uint32_t *empty)
{
    *empty = self->formulas_empty;
    return self->formulas;
}
