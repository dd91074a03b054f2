/* entries.c - see entries.h. */
#include "entries.h"

#include "broker/lib/hash.h"
#include "doctor.h"
#include "proto/rows.h"
#include "row_cells.h"
#include "row_check.h"
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
    row_check *check; /* NULL: the template cannot be used, see failure */
    row_cells cells;
    doctor *doctor;
    size_t growth;     /* bytes that kept forms may add to a row */
    uint32_t in_chunk; /* rows in the chunk under way */
    char **fields;     /* names of columns of Rows */
    char **warnings;
    size_t warnings_count;

    mst_rows_builder rows;
    uint32_t first_row;
    uint64_t first_line;
    uint8_t wrong_bits[(CHUNK_ROWS + 7) / 8], left_out_bits[(CHUNK_ROWS + 7) / 8];
    bool any_wrong, any_left_out; /* the latter also of rows that are wrong as a whole */
    uint32_t chunk, part_chunks;
    size_t part_size;

    uint32_t rows_total, wrong_rows, left_out, corrected;
    bool mended; /* the row under way was repaired or corrected */
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

/* Whether 03/04/2020 is in March or in April is decided once for a column, by its first rows. */
static void
learn_date_order(entries *self, const file_form *form, size_t field)
{
    value_rule *rule = row_check_field(self->check, field);
    uint32_t column = self->mapping.columns[field];
    bool slashes = false, month = false, day = false;
    if (column == MAPPING_NONE || rule->field->type != MUSTER__V1__FIELD_TYPE__FIELD_DATE ||
        strcmp(rule->field->format, "any") != 0)
        return;
    for (uint32_t i = form->header_row + (form->header ? 1 : 0); i < form->rows_count; i++) {
        if (column >= form->rows[i].count || column >= CSV_COLUMNS_MAX)
            continue;
        csv_cell cell = cell_trim(form->rows[i].cells[column]);
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

/* Where a workbook has several sheets, the wrong one may stand in front. */
static const char *
only_sheet(entries *self)
{
    reader_sheet sheet;
    return reader_sheet_of(self->reader, &sheet) && sheet.worksheets > 1
               ? mst_arena_printf(self->arena, "Only the first worksheet is read, \"%s\". ", sheet.name)
               : "";
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
    if (!mapping_make(wanted, form, self->arena, &self->mapping, &why, &advice))
        return fail(
            self,
            mst_arena_printf(self->arena, "%sLine %llu: %s", only_sheet(self), (unsigned long long)header->line, why),
            advice);
    bool id = self->mapping.id_column != MAPPING_NONE;
    self->fields = mst_arena_alloc(self->arena, (wanted->fields_count + 1) * sizeof *self->fields);
    if (id)
        self->fields[0] = "id";
    for (size_t i = 0; i < wanted->fields_count; i++)
        self->fields[i + id] = wanted->fields[i]->name;
    mst_rows_builder_init(&self->rows, (uint32_t)wanted->fields_count + id);
    row_cells_columns(&self->cells, &self->mapping, wanted->fields_count, (uint32_t)self->mapping.described_count,
                      self->arena);
    for (size_t i = 0; i < wanted->fields_count; i++) {
        learn_date_order(self, form, i);
        self->growth += row_check_field(self->check, i)->growth;
    }
    row_check_columns(self->check, &self->mapping, (uint32_t)self->mapping.described_count);
    doctor_columns(self->doctor, &self->mapping);
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

/* What the doctor noticed; nothing is said where there is nothing. */
static void
emit_remarks(entries *self)
{
    Muster__V1__RemarksFound found = MUSTER__V1__REMARKS_FOUND__INIT;
    found.batch_id = (char *)self->settings.batch_id;
    found.generation = self->settings.generation;
    found.remarks = doctor_remarks(self->doctor, self->arena, &found.n_remarks);
    if (found.n_remarks > 0 && self->sink.remarks != NULL)
        self->sink.remarks(self->sink.context, &found);
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
    if (self->any_left_out) {
        chunk.left_out.data = self->left_out_bits;
        chunk.left_out.len = (rows.rows + 7) / 8;
    }
    self->sink.chunk(self->sink.context, &chunk);
    mst_hash_add(self->hash, self->rows.values, self->rows.values_size);
    self->value_bytes += self->rows.values_size;
    self->part_size += chunk_size(self);
    self->part_chunks++;
    mst_rows_builder_init(&self->rows, self->rows.columns);
    self->in_chunk = 0;
    memset(self->wrong_bits, 0, sizeof self->wrong_bits);
    memset(self->left_out_bits, 0, sizeof self->left_out_bits);
    self->any_wrong = self->any_left_out = false;
    if (self->part_chunks < PART_CHUNKS && self->part_size < PART_SIZE && wrongs_size(self->wrongs) < PART_SIZE)
        return;
    emit_wrongs(self);
    self->part_chunks = 0;
    self->part_size = 0;
    self->sink.part(self->sink.context);
}

/* Rows --------------------------------------------------------------------------------------------------- */

/* Has the doctor look at the row and make the repairs that were asked for. True: it is no row and not wanted. */
static bool
examine(entries *self, const csv_row *row)
{
    bool leave_out;
    if (doctor_row(self->doctor, self->rows_total, &self->cells, row->plain, &leave_out))
        self->mended = true;
    return leave_out;
}

/* Lays corrections over the cells. False: they make the row too large; it stays as it is in the file. */
static bool
correct(entries *self, const csv_row *row)
{
    row_cells *cells = &self->cells;
    size_t size = 0;
    if (!corrections_apply(self->settings.corrections, self->rows_total, cells->cells))
        return true;
    for (size_t i = 0; i < cells->fields_count; i++) {
        size += cells->cells[i].size;
        // What was typed anew is text.
        const uint8_t *data = cells->cells[i].data;
        bool ours = data >= cells->clean && data < cells->clean + cells->clean_used;
        cells->broken[i] = cells->broken[i] && ours;
    }
    if (size > CSV_ROW_SIZE_MAX) {
        row_cells_take(cells, row);
        return false;
    }
    self->mended = true;
    return true;
}

static void
begin_row(entries *self, const csv_row *row)
{
    size_t size = self->cells.id.size + (self->mended ? 0 : self->cells.size);
    for (size_t i = 0; self->mended && i < self->cells.fields_count; i++)
        size += self->cells.cells[i].size;
    if (self->in_chunk > 0 && chunk_size(self) + size + self->growth + 4 * self->rows.columns > CHUNK_SIZE)
        close_chunk(self);
    mst_rows_builder_reserve(&self->rows, self->rows.columns, size + self->growth);
    if (self->in_chunk++ == 0) {
        self->first_row = self->rows_total;
        self->first_line = row->line;
    }
}

/* Against the directory: the row that is being added. */
static void
not_to_be_checked(entries *self)
{
    self->left_out_bits[(self->in_chunk - 1) / 8] |= (uint8_t)(1u << ((self->in_chunk - 1) % 8));
    self->any_left_out = true;
}

/* True: something is wrong in it, or a person left it out. */
static bool
add_row(entries *self, const csv_row *row)
{
    row_cells *cells = &self->cells;
    corrections *corrected = self->settings.corrections;
    bool correcting = corrected != NULL && !corrections_empty(corrected), fits = true, wrong = false;
    bool left_out = correcting && corrections_is_left_out(corrected, self->rows_total);
    row_cells_take(cells, row);
    self->mended = false;
    bool whole = row_cells_whole(cells, row);
    if (whole)
        left_out |= examine(self, row);
    whole = whole || (correcting && corrections_has_row(corrected, self->rows_total));
    if (correcting && whole && !left_out)
        fits = correct(self, row);
    self->corrected += self->mended && !left_out;
    begin_row(self, row);
    const csv_cell *kept = cells->cells;
    entry_row entry = {.file = row,
                       .cells = cells->cells,
                       .broken = cells->any_broken ? cells->broken : NULL,
                       .number = self->rows_total,
                       .whole = whole,
                       .too_large = !fits};
    if (left_out) {
        self->left_out++;
        not_to_be_checked(self);
    } else {
        if (self->mapping.id_column != MAPPING_NONE)
            wrong = row_check_id(self->check, &entry, self->mapping.id_column, cells->id,
                                 cells->broken[cells->fields_count] ? &row->cells[self->mapping.id_column] : NULL);
        wrong |= row_check_row(self->check, &entry, &kept);
        self->wrong_rows += wrong;
        if (row_check_was_as_a_whole(self->check))
            not_to_be_checked(self);
    }
    if (self->mapping.id_column != MAPPING_NONE)
        mst_rows_builder_put(&self->rows, cells->id.data, cells->id.size);
    for (size_t i = 0; i < cells->fields_count; i++)
        mst_rows_builder_put(&self->rows, kept[i].data, kept[i].size);
    return wrong || left_out;
}

static bool
row_arrived(void *context, const csv_row *row)
{
    entries *self = context;
    if (row_cells_blank(row))
        return true;
    if (self->rows_total == ENTRIES_ROWS_MAX)
        return fail(self,
                    mst_arena_printf(self->arena, "Line %llu: the file has more than %u rows.",
                                     (unsigned long long)row->line, ENTRIES_ROWS_MAX),
                    "Divide it into several files, and upload each as a batch of its own.");
    self->rows_total++;
    if (add_row(self, row)) {
        uint32_t at = self->in_chunk - 1;
        self->wrong_bits[at / 8] |= (uint8_t)(1u << (at % 8));
        self->any_wrong = true;
    }
    if (self->in_chunk == CHUNK_ROWS || wrongs_size(self->wrongs) >= PART_SIZE)
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
    row_cells_init(&self->cells, settings->missing_values, settings->missing_values_count);
    mapping_prepare(&self->settings.wanted, self->arena);
    const char *why;
    self->doctor = doctor_new(&self->settings.wanted, settings->today, settings->repairs, settings->repairs_count);
    self->check = row_check_new(&self->settings.wanted, settings->template, self->wrongs, self->arena, &why);
    if (self->check == NULL)
        fail(self, why, "Correct the template, and upload the file as a new batch.");
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
    emit_remarks(self);
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
    finished->left_out = self->left_out;
    finished->corrected = self->corrected;
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
    row_check_destroy(&(*self)->check);
    doctor_destroy(&(*self)->doctor);
    row_cells_release(&(*self)->cells);
    reader_destroy(&(*self)->reader);
    wrongs_destroy(&(*self)->wrongs);
    mst_hash_destroy(&(*self)->hash);
    mst_rows_builder_release(&(*self)->rows);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}
