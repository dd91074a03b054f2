/* template_file.c - see template_file.h. */
#include "template_file.h"

#include "broker/lib/csvcell.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define DATA_SHEET "Data entry"
#define HELP_SHEET "Instructions"

/* CSV ---------------------------------------------------------------------------------------------------- */

void
template_file_csv(const Muster__V1__Template *template, FILE *out, mst_arena *arena)
{
    fputs(CSV_BOM, out);
    for (size_t i = 0; i < template->n_fields; i++) {
        const char *header = words_header(arena, template, template->fields[i]);
        if (i > 0)
            putc(',', out);
        mst_csv_cell(out, header, strlen(header), true);
    }
    fputs("\r\n", out);
    for (size_t i = 0; i<template->n_fields &&template->n_sample_row> 0; i++) {
        const char *cell = i < template->n_sample_row ? template->sample_row[i] : "";
        if (i > 0)
            putc(',', out);
        mst_csv_cell(out, cell, strlen(cell), true);
    }
    if (template->n_sample_row > 0)
        fputs("\r\n", out);
    if (template->instructions[0] == '\0')
        return;
    mst_csv_cell(out, template->instructions, strlen(template->instructions), true);
    for (size_t i = 1; i < template->n_fields; i++)
        putc(',', out);
    fputs("\r\n", out);
}

/* Workbook ----------------------------------------------------------------------------------------------- */

static void
put(workbook *book, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *text, workbook_style style)
{
    workbook_text(book, sheet, row, column, text, strlen(text), style);
}

/* A number is one that a spreadsheet shows as it was written. */
static bool
plain_number(const char *text, double *number)
{
    char *end, shown[64];
    *number = strtod(text, &end);
    if (end == text || *end != '\0')
        return false;
    snprintf(shown, sizeof shown, "%.15g", *number);
    return strcmp(shown, text) == 0;
}

static void
sample_cell(workbook *book, workbook_sheet *sheet, const Muster__V1__Field *field, uint32_t column, const char *text)
{
    double number;
    bool whole =
        field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_YEAR;
    bool plain = field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER && field->decimal_char[0] == '\0';
    if (text[0] == '\0')
        return;
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE && workbook_is_date(text))
        workbook_date(book, sheet, 1, column, text);
    else if ((whole || plain) && plain_number(text, &number))
        workbook_number(book, sheet, 1, column, number, whole ? WORKBOOK_WHOLE : WORKBOOK_PLAIN);
    else
        put(book, sheet, 1, column, text, WORKBOOK_TEXT);
}

static uint32_t
help_columns(workbook *book, workbook_sheet *sheet, const Muster__V1__Template *template, uint32_t row,
             mst_arena *arena)
{
    static const char *const HEADINGS[] = {"Column", "Meaning", "Kind of value", "Needed", "Allowed", "Example"};
    static const double WIDTHS[] = {28, 60, 28, 10, 50, 28};
    for (uint32_t i = 0; i < 6; i++) {
        workbook_column(book, sheet, i, WIDTHS[i], WORKBOOK_PLAIN);
        put(book, sheet, row, i, HEADINGS[i], WORKBOOK_HEADER);
    }
    for (size_t i = 0; i < template->n_fields; i++) {
        const Muster__V1__Field *field = template->fields[i];
        row++;
        put(book, sheet, row, 0, words_header(arena, template, field), WORKBOOK_WRAPPED);
        put(book, sheet, row, 1, field->description, WORKBOOK_WRAPPED);
        put(book, sheet, row, 2, words_type(arena, field), WORKBOOK_WRAPPED);
        put(book, sheet, row, 3, field->required ? "yes" : "no", WORKBOOK_WRAPPED);
        put(book, sheet, row, 4, words_allowed(arena, template, field), WORKBOOK_WRAPPED);
        put(book, sheet, row, 5, words_example(template, i), WORKBOOK_WRAPPED);
    }
    return row + 2;
}

static void
help_sheet(workbook *book, workbook_sheet *sheet, const Muster__V1__Template *template, mst_arena *arena)
{
    uint32_t row = 0;
    put(book, sheet, row++, 0, template->title[0] != '\0' ? template->title : template->name, WORKBOOK_TITLE);
    put(book, sheet, row++, 0, template->description, WORKBOOK_PLAIN);
    row++;
    char *text = mst_arena_strdup(arena, template->instructions);
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (line[0] != '\0')
            put(book, sheet, row++, 0, line, WORKBOOK_PLAIN);
    for (const char *const *advice = words_advice; *advice != NULL; advice++)
        put(book, sheet, row++, 0, mst_arena_printf(arena, "- %s", *advice), WORKBOOK_PLAIN);
    put(book, sheet, ++row, 0, "Columns", WORKBOOK_TITLE);
    row = help_columns(book, sheet, template, row + 1, arena);
    put(book, sheet, row++, 0,
        "# before a header: rows are compared with the directory by this column first. Yellow headers: needed in "
        "every row.",
        WORKBOOK_PLAIN);
    if (template->n_rules == 0)
        return;
    put(book, sheet, ++row, 0, "What must hold within a row", WORKBOOK_TITLE);
    for (size_t i = 0; i < template->n_rules; i++)
        put(book, sheet, ++row, 0, mst_arena_printf(arena, "- %s", words_rule(arena, template, template->rules[i])),
            WORKBOOK_PLAIN);
}

mst_status
template_file_xlsx(const Muster__V1__Template *template, const sheet_list *lists, const char *path,
                   const char *temp_dir, mst_arena *arena)
{
    const char *title = template->title[0] != '\0' ? template->title : template->name;
    workbook *book = workbook_begin(path, temp_dir, title, false);
    if (book == NULL)
        return MST_IO;
    workbook_sheet *data = workbook_add_sheet(book, DATA_SHEET), *help = workbook_add_sheet(book, HELP_SHEET);
    workbook_freeze(data, 1, 0);
    sheet_columns_dress(book, data, template, lists, 0, false, arena);
    for (size_t i = 0; i < template->n_fields && i < template->n_sample_row; i++)
        sample_cell(book, data, template->fields[i], (uint32_t)i, template->sample_row[i]);
    help_sheet(book, help, template, arena);
    return workbook_end(&book);
}
