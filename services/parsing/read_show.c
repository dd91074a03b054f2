/* read_show.c - see read_show.h. */
#include "read_show.h"

#include "header.h"
#include "read_json.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

/* Rows -------------------------------------------------------------------------------------------------- */

static void
csv_line(FILE *out, const csv_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *data = cells[i].data;
        size_t size = cells[i].size;
        char *clean = NULL;
        if (!utf8_ok(data, size)) {
            clean = mst_alloc(size * 3 + 1);
            size = utf8_clean(data, size, clean, size * 3 + 1);
            data = (const uint8_t *)clean;
        }
        bool quote = (count == 1 && size == 0);
        for (size_t j = 0; j < size && !quote; j++)
            quote = data[j] == ',' || data[j] == '"' || data[j] == '\n' || data[j] == '\r';
        if (i > 0)
            fputc(',', out);
        if (!quote) {
            fwrite(data, 1, size, out);
        } else {
            fputc('"', out);
            for (size_t j = 0; j < size; j++) {
                if (data[j] == '"')
                    fputc('"', out);
                fputc(data[j], out);
            }
            fputc('"', out);
        }
        free(clean);
    }
    fputs("\r\n", out);
}

static void
text_line(FILE *out, const csv_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char shown[200];
        utf8_clean(cells[i].data, cells[i].size, shown, sizeof shown);
        fprintf(out, "%s%s", i == 0 ? "" : " | ", shown);
    }
    fputc('\n', out);
}

static const char *
delimiter_name(const char *delimiter)
{
    static const char *const named[][2] = {{"\t", "tab"},        {",", "comma"},       {";", "semicolon"},
                                           {"|", "pipe"},        {":", "colon"},       {"^", "caret"},
                                           {" ", "blank"},       {"\t\t", "two tabs"}, {"\x1f", "unit separator"},
                                           {"\x01", "control-A"}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strcmp(named[i][0], delimiter) == 0)
            return named[i][1];
    return delimiter;
}

/* A file without header gets one: whoever reads the CSV finds a header in its first line, always. */
static void
csv_header(FILE *out, const file_form *form, const sample_row *header, uint32_t count)
{
    if (form->header && count > 0) {
        csv_line(out, header->cells, count);
        return;
    }
    for (uint32_t i = 0; i < form->columns; i++)
        fprintf(out, "%scol_%u", i == 0 ? "" : ",", i);
    if (form->columns > 0)
        fputs("\r\n", out);
}

/* Blank cells beyond the table are left out: a spreadsheet program writes them. */
static void
csv_row_line(FILE *out, const file_form *form, const csv_row *row)
{
    uint32_t wide = form->columns, count = row->cells_count;
    if (form->header && form->rows[form->header_row].count > wide)
        wide = form->rows[form->header_row].count;
    while (count > wide && row->cells[count - 1].size == 0)
        count--;
    csv_line(out, row->cells, count);
}

static bool
is_blank(const csv_row *row)
{
    for (uint32_t i = 0; i < row->cells_count; i++)
        if (strspn((const char *)row->cells[i].data, " \t\r\n") < row->cells[i].size && row->cells[i].size > 0)
            return false;
    return true;
}

static void
json_dialect(FILE *out, const reader *file, const file_form *form)
{
    decoder *source = reader_decoder(file);
    reader_sheet sheet;
    char mark[DELIMITER_SIZE], quote[2] = {form->csv.quote, '\0'}, escape[2] = {form->csv.escape, '\0'};
    dialect_delimiter(&form->csv, mark);
    fputc('{', out);
    if (reader_sheet_of(file, &sheet)) {
        fprintf(out, "\"sheet\":");
        read_json_string(out, sheet.name);
        fprintf(out, ",\"worksheets\":%u", sheet.worksheets);
    } else {
        fprintf(out, "\"delimiter\":");
        read_json_string(out, mark);
        fprintf(out, ",\"quote\":");
        read_json_string(out, quote);
        fprintf(out, ",\"escape\":");
        read_json_string(out, escape);
        fprintf(out, ",\"encoding\":\"%s\",\"encoding_guessed\":%s,\"encoding_sure\":%u,\"bom\":%s,\"line_end\":\"%s\"",
                decoder_encoding(source), decoder_guessed(source) ? "true" : "false", decoder_sure(source),
                decoder_bom(source) ? "true" : "false", form->line_end);
    }
    fprintf(out, ",\"header\":%s,\"preamble_lines\":%u}", form->header ? "true" : "false", form->preamble_lines);
}

static void
text_dialect(FILE *out, const reader *file, const file_form *form)
{
    decoder *source = reader_decoder(file);
    reader_sheet sheet;
    char mark[DELIMITER_SIZE];
    dialect_delimiter(&form->csv, mark);
    if (reader_sheet_of(file, &sheet)) {
        char shown[200];
        utf8_clean((const uint8_t *)sheet.name, strlen(sheet.name), shown, sizeof shown);
        fprintf(out, "sheet      %s%s\n", shown,
                sheet.worksheets > 1 ? " (one of several; only this one is read)" : "");
        if (sheet.formulas > 0)
            fprintf(out, "formulas   their last values are read%s\n",
                    sheet.formulas_empty > 0 ? "; some were never computed and are blank" : "");
    } else {
        fprintf(out, "encoding   %s%s%s\ndelimiter  %s\nline ends  %s\n", decoder_encoding(source),
                decoder_guessed(source) ? " (guessed)" : "", decoder_bom(source) ? " with byte order mark" : "",
                delimiter_name(mark), form->line_end);
    }
    if (form->preamble_lines > 0)
        fprintf(out, "preamble   %u lines before the %s\n", form->preamble_lines,
                form->header ? "header" : "first row");
}

void
show_form(show *self, const reader *file, const file_form *form)
{
    const sample_row *header = form->rows_count > form->header_row ? &form->rows[form->header_row] : NULL;
    uint32_t count = header == NULL ? 0 : header->count < CSV_COLUMNS_MAX ? header->count : CSV_COLUMNS_MAX;
    FILE *out = self->out;
    self->form = form;
    if (self->shape == SHAPE_CSV) {
        csv_header(out, form, header, count);
    } else if (self->shape == SHAPE_JSON) {
        fprintf(out, "{\"dialect\":");
        json_dialect(out, file, form);
        fprintf(out, ",\"columns\":");
        if (form->header && header != NULL)
            read_json_cells(out, header->cells, count);
        else
            fprintf(out, "[]");
        fprintf(out, ",\"rows\":[");
    } else {
        text_dialect(out, file, form);
        fprintf(out, "header     %s\n", form->header ? "" : "none");
        if (form->header && header != NULL)
            text_line(out, header->cells, count);
        fputc('\n', out);
    }
}

bool
show_row(show *self, const csv_row *row)
{
    if (self->shape == SHAPE_CSV && is_blank(row))
        return true;
    if (self->shape == SHAPE_CSV && header_again(self->form, row)) {
        fprintf(stderr,
                "%s: line %llu: the header stands here once more; what follows is another table and not shown.\n",
                self->file, (unsigned long long)row->line);
        self->rows_max = self->rows_seen;
    }
    if (self->rows_seen++ >= self->rows_max)
        return !self->rows_given || self->shape != SHAPE_CSV; // text and JSON count the rest
    if (self->shape == SHAPE_CSV)
        csv_row_line(self->out, self->form, row);
    else if (self->shape == SHAPE_TEXT)
        text_line(self->out, row->cells, row->cells_count);
    else {
        if (self->rows_seen > 1)
            fputc(',', self->out);
        read_json_cells(self->out, row->cells, row->cells_count);
    }
    return true;
}

/* With a template ---------------------------------------------------------------------------------------- */

static void
text_column(FILE *out, const Muster__V1__ColumnMapping *one)
{
    char column[200];
    snprintf(column, sizeof column, "%u %s", one->column + 1, one->header);
    fprintf(out, "%-32s %-24s %-11s ", column, one->field[0] == '\0' ? "-" : one->field, one->how);
    if (one->field[0] == '\0')
        fputs("\n", out);
    else
        fprintf(out, "%u %%\n", one->sure);
}

void
show_columns(show *self, const Muster__V1__FileRecognised *recognised)
{
    if (self->shape == SHAPE_TEXT) {
        fprintf(self->out, "\n%-32s %-24s %-11s %s\n", "column", "field", "by", "sure");
        for (size_t i = 0; i < recognised->n_columns; i++)
            text_column(self->out, recognised->columns[i]);
        for (size_t i = 0; i < recognised->n_warnings; i++)
            fprintf(self->out, "warning: %s\n", recognised->warnings[i]);
        return;
    }
    if (self->shape != SHAPE_JSON || self->wrong_open)
        return;
    fprintf(self->out, ",\"mapping\":[");
    for (size_t i = 0; i < recognised->n_columns; i++) {
        fprintf(self->out, "%s{\"column\":%u,\"header\":", i == 0 ? "" : ",", recognised->columns[i]->column);
        read_json_string(self->out, recognised->columns[i]->header);
        fprintf(self->out, ",\"field\":");
        read_json_string(self->out, recognised->columns[i]->field);
        fprintf(self->out, ",\"how\":\"%s\",\"sure\":%u}", recognised->columns[i]->how, recognised->columns[i]->sure);
    }
    fprintf(self->out, "],\"warnings\":[");
    for (size_t i = 0; i < recognised->n_warnings; i++) {
        fputs(i == 0 ? "" : ",", self->out);
        read_json_string(self->out, recognised->warnings[i]);
    }
    fprintf(self->out, "],\"wrong\":[");
    self->wrong_open = true;
}

/* "type", "rule": as the protocol calls it. */
static const char *
kind_name(Muster__V1__WrongKind kind)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&muster__v1__wrong_kind__descriptor, kind);
    return value == NULL ? "unknown" : value->name + strlen("WRONG_");
}

static void
json_wrong(show *self, const Muster__V1__WrongValue *value)
{
    FILE *out = self->out;
    fprintf(out, "%s{\"kind\":\"%s\",\"field\":", self->wrong_values == 0 ? "" : ",", kind_name(value->kind));
    read_json_string(out, value->field);
    fprintf(out, ",\"value\":");
    read_json_string(out, value->value);
    fprintf(out, ",\"message\":");
    read_json_string(out, value->message);
    if (value->rule[0] != '\0') {
        fprintf(out, ",\"rule\":");
        read_json_string(out, value->rule);
    }
    if (value->n_fields > 0) {
        read_json_strings(out, "fields", value->fields, value->n_fields);
        read_json_strings(out, "values", value->values, value->n_values);
    }
    fprintf(out, ",\"suggestions\":[");
    for (size_t i = 0; i < value->n_suggestions; i++) {
        fputs(i == 0 ? "" : ",", out);
        read_json_string(out, value->suggestions[i]->value);
    }
    fprintf(out, "],\"count\":%zu,\"column\":%u,\"first_line\":%u,\"first_row\":%u,\"rows\":[", value->n_rows,
            value->column, value->lines[0], value->rows[0]);
    for (size_t i = 0; i < value->n_rows; i++)
        fprintf(out, "%s%u", i == 0 ? "" : ",", value->rows[i]);
    fputs("]}", out);
}

void
show_wrong(show *self, const Muster__V1__WrongValuesFound *found)
{
    for (size_t i = 0; i < found->n_values; i++) {
        const Muster__V1__WrongValue *value = found->values[i];
        if (self->shape == SHAPE_TEXT) {
            fprintf(self->out, "line %u, column %u (%s), %zu rows: \"%s\": %s\n", value->lines[0], value->column,
                    value->field[0] == '\0' ? "whole row" : value->field, value->n_rows, value->value, value->message);
        } else if (self->shape == SHAPE_JSON) {
            json_wrong(self, value);
        }
        self->wrong_values++;
    }
}
