/* entries.c - see entries.h. */
#include "entries.h"

#include "broker/lib/hash.h"
#include "proto/rows.h"
#include "utf8.h"
#include "values.h"
#include "wrongs.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_MAX 64u

struct entries {
    entries_settings settings;
    entries_sink sink;
    mst_arena *arena; /* what lives as long as the file is read */
    reader *reader;
    wrongs *wrongs;
    mapping mapping;
    uint32_t header_columns;
    value_rule *rules; /* of each field */
    size_t rules_ready;
    uint64_t missing_sizes; /* a bit for each size that a missing value has; bit 63: any of 63 and more */
    uint32_t in_chunk;      /* rows in the chunk under way */
    uint8_t *clean;         /* a cell made text again */
    size_t clean_room;
    char **fields; /* names of columns of Rows */
    char **warnings;
    size_t warnings_count;

    mst_rows_builder rows;
    uint32_t first_row;
    uint64_t first_line;
    uint8_t wrong_bits[(CHUNK_ROWS + 7) / 8];
    bool any_wrong;
    uint32_t chunk, part_chunks;
    size_t part_size;

    uint32_t rows_total, wrong_rows;
    uint64_t value_bytes;
    mst_hash *hash;
    const char *failure, *advice;
};

/* Recognising -------------------------------------------------------------------------------------------- */

static void
warn(entries *self, char *text)
{
    if (self->warnings_count < WARNINGS_MAX)
        self->warnings[self->warnings_count++] = text;
    else
        self->warnings[WARNINGS_MAX - 1] = "There were more warnings.";
}

static void
fill_dialect(entries *self, Muster__V1__Dialect *dialect, char delimiter[DELIMITER_SIZE], char quote[2], char escape[2])
{
    const file_form *form = reader_form(self->reader);
    const decoder *source = reader_decoder(self->reader);
    reader_sheet sheet;
    muster__v1__dialect__init(dialect);
    dialect->header = form->header;
    dialect->preamble_lines = form->preamble_lines;
    if (reader_sheet_of(self->reader, &sheet)) {
        dialect->sheet = (char *)sheet.name;
        return;
    }
    dialect_delimiter(&form->csv, delimiter);
    quote[0] = form->csv.quote;
    escape[0] = form->csv.escape;
    quote[1] = escape[1] = '\0';
    dialect->escape = escape;
    dialect->delimiter = delimiter;
    dialect->quote = quote;
    dialect->encoding = (char *)decoder_encoding(source);
    dialect->bom = decoder_bom(source);
    dialect->line_end = (char *)form->line_end;
}

static void
emit_recognised(entries *self)
{
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    Muster__V1__Dialect dialect;
    char delimiter[DELIMITER_SIZE], quote[2], escape[2];
    fill_dialect(self, &dialect, delimiter, quote, escape);
    recognised.batch_id = (char *)self->settings.batch_id;
    recognised.generation = self->settings.generation;
    recognised.dialect = &dialect;
    recognised.columns = self->mapping.described;
    recognised.n_columns = self->mapping.described_count;
    recognised.fields = self->fields;
    recognised.n_fields = self->rows.columns;
    recognised.warnings = self->warnings;
    recognised.n_warnings = self->warnings_count;
    self->sink.recognised(self->sink.context, &recognised);
}

static void
warn_encoding(entries *self)
{
    const decoder *source = reader_decoder(self->reader);
    if (source != NULL && decoder_guessed(source))
        warn(self,
             mst_arena_printf(self->arena,
                              "The file does not say how its letters are encoded; it was read as %s. Look at names "
                              "with accents.",
                              decoder_encoding(source)));
}

static void
warn_sheet(entries *self)
{
    reader_sheet sheet;
    if (!reader_sheet_of(self->reader, &sheet))
        return;
    if (sheet.worksheets > 1)
        warn(self, mst_arena_printf(self->arena, "The workbook has %u worksheets; only \"%s\" was read.",
                                    sheet.worksheets, sheet.name));
    if (sheet.formulas > 0)
        warn(self, "Cells of the sheet hold formulas; the values that they had when the file was saved were read.");
    if (sheet.formulas_empty > 0)
        warn(self, "Cells of the sheet hold formulas that were never computed; they were read as blank. Open the "
                   "workbook in a spreadsheet program and save it, so that they have values.");
}

static void
warn_form(entries *self, const file_form *form)
{
    warn_sheet(self);
    if (form->preamble_lines > 0)
        warn(self, mst_arena_printf(self->arena, "The header was found in line %u; the lines before it were left out.",
                                    form->preamble_lines + 1));
    if (strcmp(form->line_end, "mixed") == 0)
        warn(self, "Lines end in different ways in this file.");
    warn_encoding(self);
    for (size_t i = 0; i < self->mapping.warnings_count; i++)
        warn(self, self->mapping.warnings[i]);
}

static inline csv_cell
trim(csv_cell cell)
{
    if (cell.size > 0 && cell.data[0] > ' ' && cell.data[cell.size - 1] > ' ')
        return cell;
    while (cell.size > 0 && (cell.data[0] == ' ' || (cell.data[0] >= '\t' && cell.data[0] <= '\r'))) {
        cell.data++;
        cell.size--;
    }
    while (cell.size > 0 &&
           (cell.data[cell.size - 1] == ' ' || (cell.data[cell.size - 1] >= '\t' && cell.data[cell.size - 1] <= '\r')))
        cell.size--;
    return cell;
}

/* Whether 03/04/2020 is in March or in April is decided once for a column, by its first rows. */
static void
learn_date_order(entries *self, const file_form *form, size_t field)
{
    value_rule *rule = &self->rules[field];
    uint32_t column = self->mapping.columns[field];
    bool slashes = false, month = false, day = false;
    if (column == MAPPING_NONE || rule->field->type != MUSTER__V1__FIELD_TYPE__FIELD_DATE ||
        strcmp(rule->field->format, "any") != 0)
        return;
    for (uint32_t i = form->header_row + 1; i < form->rows_count; i++) {
        if (column >= form->rows[i].count || column >= CSV_COLUMNS_MAX)
            continue;
        csv_cell cell = trim(form->rows[i].cells[column]);
        date_order order = date_order_of(cell.data, cell.size);
        month = month || order == DATE_MONTH_FIRST;
        day = day || order == DATE_DAY_FIRST;
        char out[10];
        slashes = slashes || date_read("any", DATE_ORDER_UNKNOWN, cell.data, cell.size, out) == DATE_AMBIGUOUS;
    }
    rule->order = month && day ? DATE_ORDER_UNKNOWN : day ? DATE_DAY_FIRST : DATE_MONTH_FIRST;
    if (slashes && !day && !month)
        warn(self,
             mst_arena_printf(self->arena,
                              "Dates in column %u (\"%s\") do not show whether day or month comes first; they were "
                              "read as month/day/year.",
                              column + 1, rule->field->name));
}

static bool
fail(entries *self, const char *failure, const char *advice)
{
    self->failure = failure;
    self->advice = advice;
    return false;
}

static bool
recognised(void *context, const reader *source, const file_form *form)
{
    (void)source;
    entries *self = context;
    const wanted_columns *wanted = &self->settings.wanted;
    const sample_row *header = &form->rows[form->header_row];
    if (header->count > CSV_COLUMNS_MAX)
        return fail(self,
                    mst_arena_printf(self->arena, "Line %llu: the header has %u columns; at most %u are read.",
                                     (unsigned long long)header->line, header->count, CSV_COLUMNS_MAX),
                    "Take out columns that are not needed, and upload the file as a new batch.");
    const char *why, *advice;
    if (!mapping_make(wanted, header->cells, header->count, self->arena, &self->mapping, &why, &advice))
        return fail(self, mst_arena_printf(self->arena, "Line %llu: %s", (unsigned long long)header->line, why),
                    advice);
    self->header_columns = header->count;
    bool id = self->mapping.id_column != MAPPING_NONE;
    self->fields = mst_arena_alloc(self->arena, (wanted->fields_count + 1) * sizeof *self->fields);
    if (id)
        self->fields[0] = "id";
    for (size_t i = 0; i < wanted->fields_count; i++)
        self->fields[i + id] = wanted->fields[i]->name;
    mst_rows_builder_init(&self->rows, (uint32_t)wanted->fields_count + id);
    for (size_t i = 0; i < wanted->fields_count; i++)
        learn_date_order(self, form, i);
    warn_form(self, form);
    emit_recognised(self);
    return true;
}

/* Chunks and parts --------------------------------------------------------------------------------------- */

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows)
{
    entries *self = context;
    self->sink.wrong(self->sink.context, found, rows);
}

static void
emit_wrongs(entries *self)
{
    wrongs_emit(self->wrongs, self->settings.batch_id, self->settings.generation, on_wrong, self);
    wrongs_reset(self->wrongs);
}

static size_t
chunk_size(const entries *self)
{
    return self->rows.values_size + 4 * self->rows.ends_count;
}

static void
close_chunk(entries *self)
{
    Muster__V1__EntriesRead chunk = MUSTER__V1__ENTRIES_READ__INIT;
    Muster__V1__Rows rows;
    mst_rows_builder_view(&self->rows, self->first_row, &rows);
    chunk.batch_id = (char *)self->settings.batch_id;
    chunk.generation = self->settings.generation;
    chunk.chunk = self->chunk++;
    chunk.rows = &rows;
    chunk.first_line = (uint32_t)self->first_line;
    if (self->any_wrong) {
        chunk.wrong.data = self->wrong_bits;
        chunk.wrong.len = (rows.rows + 7) / 8;
    }
    self->sink.chunk(self->sink.context, &chunk);
    mst_hash_add(self->hash, self->rows.values, self->rows.values_size);
    self->value_bytes += self->rows.values_size;
    self->part_size += chunk_size(self);
    self->part_chunks++;
    mst_rows_builder_init(&self->rows, self->rows.columns);
    self->in_chunk = 0;
    memset(self->wrong_bits, 0, sizeof self->wrong_bits);
    self->any_wrong = false;
    if (self->part_chunks < PART_CHUNKS && self->part_size < PART_SIZE && wrongs_size(self->wrongs) < PART_SIZE)
        return;
    emit_wrongs(self);
    self->part_chunks = 0;
    self->part_size = 0;
    self->sink.part(self->sink.context);
}

/* Rows --------------------------------------------------------------------------------------------------- */

typedef struct columns_message {
    uint32_t found, wanted;
} columns_message;

static void
say_columns(const void *context, Muster__V1__WrongKind kind, char *text)
{
    (void)kind;
    const columns_message *counts = context;
    snprintf(text, VALUE_MESSAGE_SIZE, "The row has %u cells, the header has %u. %s", counts->found, counts->wanted,
             counts->found > counts->wanted ? "A value that holds the delimiter must stand in quotes."
                                            : "Is the row cut off, or a line end within a value without quotes?");
}

static void
say_mended(const void *context, Muster__V1__WrongKind kind, char *text)
{
    (void)context;
    (void)kind;
    snprintf(text, VALUE_MESSAGE_SIZE,
             "A quote in this row is not closed, or stands where none may: nobody can be sure where its values end. "
             "Double a quote that belongs to a value, take out one that does not.");
}

static void
say_value(const void *context, Muster__V1__WrongKind kind, char *text)
{
    value_message(context, kind, text);
}

static void
say_encoding(const void *context, Muster__V1__WrongKind kind, char *text)
{
    (void)kind;
    const csv_cell *cell = context;
    if (memchr(cell->data, 0, cell->size) != NULL)
        snprintf(text, VALUE_MESSAGE_SIZE,
                 "The value holds a NUL byte, which is not text. Retype it and save the file as "
                 "CSV UTF-8.");
    else
        snprintf(text, VALUE_MESSAGE_SIZE,
                 "The value holds bytes that are not text in the file's encoding (shown as "
                 "\xEF\xBF\xBD). Save the file as CSV UTF-8 and retype the value.");
}

/* Cells beyond the header that are all empty are leftovers of a spreadsheet. */
static bool
columns_ok(const entries *self, const csv_row *row)
{
    if (row->columns == self->header_columns)
        return true;
    if (row->columns < self->header_columns || row->columns > CSV_COLUMNS_MAX)
        return false;
    for (uint32_t i = self->header_columns; i < row->columns; i++)
        if (trim(row->cells[i]).size > 0)
            return false;
    return true;
}

static bool
is_blank(const csv_row *row)
{
    for (uint32_t i = 0; i < row->cells_count; i++)
        if (trim(row->cells[i]).size > 0)
            return false;
    return true;
}

static inline uint64_t
size_bit(size_t size)
{
    return UINT64_C(1) << (size < 63 ? size : 63);
}

static bool
is_missing(const entries *self, csv_cell cell)
{
    if ((self->missing_sizes & size_bit(cell.size)) == 0)
        return false;
    for (size_t i = 0; i < self->settings.missing_values_count; i++) {
        const char *missing = self->settings.missing_values[i];
        if (strlen(missing) == cell.size && memcmp(missing, cell.data, cell.size) == 0)
            return true;
    }
    return false;
}

/* Text again, whatever the bytes were; and hard blanks around it taken away. */
static csv_cell
clean_cell(entries *self, csv_cell cell, bool *wrong)
{
    if (!utf8_ok(cell.data, cell.size)) {
        *wrong = true;
        // Never longer than it was: the limits of rows hold for what is made of them.
        if (self->clean_room < cell.size + 1u) {
            self->clean_room = cell.size + 1u;
            self->clean = mst_realloc(self->clean, self->clean_room);
        }
        size_t size = utf8_clean(cell.data, cell.size, (char *)self->clean, cell.size + 1u);
        return (csv_cell){self->clean, (uint32_t)size};
    }
    while (cell.size >= 2 && memcmp(cell.data, "\xC2\xA0", 2) == 0)
        cell = trim((csv_cell){cell.data + 2, cell.size - 2});
    while (cell.size >= 2 && memcmp(cell.data + cell.size - 2, "\xC2\xA0", 2) == 0)
        cell = trim((csv_cell){cell.data, cell.size - 2});
    return cell;
}

/* Adds the cell of one field; true when it is wrong. */
static bool
add_value(entries *self, const csv_row *row, size_t field, bool check)
{
    value_rule *rule = &self->rules[field];
    uint32_t column = self->mapping.columns[field];
    csv_cell cell = {(const uint8_t *)"", 0};
    Muster__V1__WrongKind wrong = MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN;
    bool encoding_wrong = false;
    if (column < row->cells_count)
        cell = trim(row->cells[column]);
    if (!row->plain)
        cell = clean_cell(self, cell, &encoding_wrong);
    if (cell.size > 0 && is_missing(self, cell))
        cell.size = 0;
    value_text kept = {.data = cell.data, .size = cell.size};
    if (encoding_wrong)
        wrong = MUSTER__V1__WRONG_KIND__WRONG_ENCODING;
    else if (check && cell.size == 0 && rule->field->required)
        wrong = MUSTER__V1__WRONG_KIND__WRONG_REQUIRED;
    else if (check && cell.size > 0 && !rule->plain)
        wrong = value_read(rule, cell.data, cell.size, &kept);
    if (wrong == MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN) {
        mst_rows_builder_put(&self->rows, kept.data, kept.size);
        return false;
    }
    mst_rows_builder_put(&self->rows, cell.data, cell.size);
    wrongs_add(self->wrongs, rule->field->name, wrong, cell.data, cell.size, column == MAPPING_NONE ? 0 : column + 1,
               self->rows_total, row->line, encoding_wrong ? say_encoding : say_value,
               encoding_wrong ? (const void *)&row->cells[column] : rule);
    return true;
}

/* The id of a record that an import brings. */
static bool
add_id(entries *self, const csv_row *row)
{
    uint32_t column = self->mapping.id_column;
    csv_cell cell = column < row->cells_count ? trim(row->cells[column]) : (csv_cell){(const uint8_t *)"", 0};
    bool wrong = false;
    if (!row->plain)
        cell = clean_cell(self, cell, &wrong);
    mst_rows_builder_put(&self->rows, cell.data, cell.size);
    static const Muster__V1__Field id_field = MUSTER__V1__FIELD__INIT;
    static const value_rule id_rule = {.field = &id_field};
    Muster__V1__WrongKind kind = wrong            ? MUSTER__V1__WRONG_KIND__WRONG_ENCODING
                                 : cell.size == 0 ? MUSTER__V1__WRONG_KIND__WRONG_REQUIRED
                                                  : MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN;
    if (kind == MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN)
        return false;
    wrongs_add(self->wrongs, "id", kind, cell.data, cell.size, column + 1, self->rows_total, row->line,
               wrong ? say_encoding : say_value, wrong ? (const void *)&row->cells[column] : &id_rule);
    return true;
}

static bool
row_arrived(void *context, const csv_row *row)
{
    entries *self = context;
    if ((row->cells_count == 0 || row->cells[0].size == 0 || row->cells[0].data[0] == ' ') && is_blank(row))
        return true;
    if (self->rows_total == ENTRIES_ROWS_MAX)
        return fail(self,
                    mst_arena_printf(self->arena, "Line %llu: the file has more than %u rows.",
                                     (unsigned long long)row->line, ENTRIES_ROWS_MAX),
                    "Divide it into several files, and upload each as a batch of its own.");
    size_t size = 0;
    for (uint32_t i = 0; i < row->cells_count; i++)
        size += row->cells[i].size;
    if (self->in_chunk > 0 && chunk_size(self) + size + 4 * self->rows.columns > CHUNK_SIZE)
        close_chunk(self);
    // A column may be both a field and the id; a kept form may be longer than what was typed (2/3/2020).
    mst_rows_builder_reserve(&self->rows, self->rows.columns, 2 * size + VALUE_GROWTH * self->rows.columns);
    uint32_t in_chunk = self->in_chunk++;
    if (in_chunk == 0) {
        self->first_row = self->rows_total + 1;
        self->first_line = row->line;
    }
    self->rows_total++;
    // Of a row with too few or too many cells nobody knows which cell is which: nothing more is said of it.
    bool check = columns_ok(self, row) && !row->mended, wrong = !check;
    if (row->mended) {
        static const char value[] = "a quote astray";
        wrongs_add(self->wrongs, "", MUSTER__V1__WRONG_KIND__WRONG_COLUMNS, (const uint8_t *)value, sizeof value - 1, 0,
                   self->rows_total, row->line, say_mended, NULL);
    } else if (!check) {
        columns_message counts = {row->columns, self->header_columns};
        char value[64];
        int shown = snprintf(value, sizeof value, "%u cells instead of %u", row->columns, self->header_columns);
        wrongs_add(self->wrongs, "", MUSTER__V1__WRONG_KIND__WRONG_COLUMNS, (const uint8_t *)value, (size_t)shown, 0,
                   self->rows_total, row->line, say_columns, &counts);
    }
    if (self->mapping.id_column != MAPPING_NONE)
        wrong |= add_id(self, row);
    for (size_t i = 0; i < self->settings.wanted.fields_count; i++)
        wrong |= add_value(self, row, i, check);
    if (wrong) {
        self->wrong_rows++;
        self->wrong_bits[in_chunk / 8] |= (uint8_t)(1u << (in_chunk % 8));
        self->any_wrong = true;
    }
    if (in_chunk + 1 == CHUNK_ROWS || wrongs_size(self->wrongs) >= PART_SIZE)
        close_chunk(self);
    return true;
}

/* The doors ---------------------------------------------------------------------------------------------- */

entries *
entries_new(const entries_settings *settings, const entries_sink *sink)
{
    entries *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->settings = *settings;
    self->sink = *sink;
    self->arena = mst_arena_new(0);
    self->wrongs = wrongs_new();
    self->hash = mst_hash_new();
    self->warnings = mst_arena_alloc(self->arena, WARNINGS_MAX * sizeof *self->warnings);
    for (size_t i = 0; i < settings->missing_values_count; i++)
        if (settings->missing_values[i][0] != '\0')
            self->missing_sizes |= size_bit(strlen(settings->missing_values[i]));
    mapping_prepare(&self->settings.wanted, self->arena);
    const wanted_columns *wanted = &self->settings.wanted;
    self->rules = mst_arena_alloc(self->arena, (wanted->fields_count + 1) * sizeof *self->rules);
    for (; self->rules_ready < wanted->fields_count; self->rules_ready++)
        if (value_rule_init(&self->rules[self->rules_ready], wanted->fields[self->rules_ready]) != MST_OK) {
            fail(self,
                 mst_arena_printf(self->arena, "The pattern of field \"%s\" is not a regular expression.",
                                  wanted->fields[self->rules_ready]->name),
                 "Correct the template, and upload the file as a new batch.");
            break;
        }
    reader_sink reading = {.context = self,
                           .hint = {mapping_fits, &self->settings.wanted},
                           .recognised = recognised,
                           .row = row_arrived,
                           .spool_dir = settings->spool_dir};
    self->reader = reader_new(&reading);
    return self;
}

bool
entries_feed(entries *self, const void *data, size_t size, bool last)
{
    if (self->failure != NULL)
        return false;
    bool ok = reader_feed(self->reader, data, size, last);
    if (self->failure != NULL)
        return false;
    if (!ok) {
        self->failure = reader_failure(self->reader, &self->advice);
        assert(self->failure != NULL);
        return false;
    }
    if (reader_decoder(self->reader) != NULL && decoder_changed(reader_decoder(self->reader)) &&
        reader_form(self->reader) != NULL) {
        warn_encoding(self);
        emit_recognised(self);
    }
    if (!last || reader_pending(self->reader))
        return true;
    if (self->rows_total == 0)
        return fail(self, "The file has a header but no rows below it.",
                    "Was the right file saved? Upload it as a new batch.");
    if (self->in_chunk > 0)
        close_chunk(self);
    emit_wrongs(self);
    return true;
}

bool
entries_pending(const entries *self)
{
    return self->failure == NULL && reader_pending(self->reader);
}

const char *
entries_failure(const entries *self, const char **advice)
{
    *advice = self->advice == NULL ? "" : self->advice;
    return self->failure;
}

void
entries_finished(entries *self, Muster__V1__ReadingFinished *finished, uint8_t hash[16])
{
    uint8_t digest[MST_HASH_SIZE];
    mst_hash_take(self->hash, digest);
    memcpy(hash, digest, 16);
    muster__v1__reading_finished__init(finished);
    finished->batch_id = (char *)self->settings.batch_id;
    finished->generation = self->settings.generation;
    finished->rows = self->rows_total;
    finished->chunks = self->chunk;
    finished->wrong_rows = self->wrong_rows;
    finished->value_bytes = self->value_bytes;
    finished->values_hash.data = hash;
    finished->values_hash.len = 16;
}

const reader *
entries_reader(const entries *self)
{
    return self->reader;
}

void
entries_destroy(entries **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->rules_ready; i++)
        value_rule_release(&(*self)->rules[i]);
    reader_destroy(&(*self)->reader);
    wrongs_destroy(&(*self)->wrongs);
    mst_hash_destroy(&(*self)->hash);
    mst_rows_builder_release(&(*self)->rows);
    free((*self)->clean);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}
