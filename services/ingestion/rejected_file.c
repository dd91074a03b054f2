/* rejected_file.c - see rejected_file.h. */
#include "rejected_file.h"

#include "broker/lib/csvcell.h"
#include "template_file.h"
#include "texts.h"
#include "words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_HEADER "row"
#define REASON_HEADER "what is wrong" /* by this name it is left out when the file comes back */
#define SHEET "Rejected rows"

struct rejected_file {
    const Muster__V1__Template *template;
    FILE *out; /* CSV */
    workbook *book;
    workbook_sheet *sheet;
    mst_arena *arena; /* of one row */
    uint32_t rows, notes;
};

static void
begin_csv(rejected_file *self)
{
    fputs(CSV_BOM ROW_HEADER, self->out);
    for (size_t i = 0; i < self->template->n_fields; i++) {
        const char *header = words_header(self->arena, self->template, self->template->fields[i]);
        putc(',', self->out);
        mst_csv_cell(self->out, header, strlen(header), true);
    }
    fputs("," REASON_HEADER "\r\n", self->out);
}

static void
begin_sheet(rejected_file *self, const sheet_list *lists)
{
    uint32_t last = (uint32_t)self->template->n_fields + 1;
    self->sheet = workbook_add_sheet(self->book, SHEET);
    workbook_freeze(self->sheet, 1, 1);
    workbook_column(self->book, self->sheet, 0, 8, WORKBOOK_WHOLE);
    workbook_text(self->book, self->sheet, 0, 0, ROW_HEADER, strlen(ROW_HEADER), WORKBOOK_HEADER);
    workbook_note(self->book, self->sheet, 0, 0,
                  "The number of the entry in the file that was uploaded. It is needed to put the corrected row in the "
                  "place of the wrong one: leave it as it is.");
    sheet_columns_dress(self->book, self->sheet, self->template, lists, 1, true, self->arena);
    workbook_column(self->book, self->sheet, last, 60, WORKBOOK_PLAIN);
    workbook_text(self->book, self->sheet, 0, last, REASON_HEADER, strlen(REASON_HEADER), WORKBOOK_HEADER);
}

rejected_file *
rejected_file_begin(const char *path, const char *temp_dir, bool as_workbook, const Muster__V1__Template *template,
                    const sheet_list *lists)
{
    rejected_file *self = mst_alloc(sizeof *self);
    *self = (rejected_file){.template = template};
    if (as_workbook)
        self->book = workbook_begin(path, temp_dir, "Rejected rows", true);
    else
        self->out = fopen(path, "we");
    if (self->book == NULL && self->out == NULL) {
        free(self);
        return NULL;
    }
    self->arena = mst_arena_new(0);
    if (as_workbook)
        begin_sheet(self, lists);
    else
        begin_csv(self);
    mst_arena_reset(self->arena);
    return self;
}

static const char *
text_of(rejected_file *self, const rejected_reason *reason)
{
    if (reason->field[0] == '\0')
        return reason->text;
    return mst_arena_printf(self->arena, "%s: %s", words_title_of(self->template, reason->field), reason->text);
}

static const char *
all_reasons(rejected_file *self, const rejected_reason *reasons, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = mst_arena_printf(self->arena, "%s%s%s", text, i == 0 ? "" : "; ", text_of(self, &reasons[i]));
    return text;
}

static void
csv_row(rejected_file *self, const Muster__V1__Rows *rows, uint32_t at, const char *reason)
{
    fprintf(self->out, "%u", rows->first_row + at);
    for (uint32_t i = 0; i < rows->columns; i++) {
        size_t size;
        const char *cell = mst_rows_cell(rows, at, i, &size);
        putc(',', self->out);
        mst_csv_cell(self->out, cell, size, true);
    }
    putc(',', self->out);
    mst_csv_cell(self->out, reason, strlen(reason), true);
    fputs("\r\n", self->out);
}

/* What is said of one field; NULL: nothing is wrong with it. */
static const char *
reasons_of(rejected_file *self, const char *field, const rejected_reason *reasons, size_t count)
{
    const char *text = NULL;
    for (size_t i = 0; i < count; i++)
        if (strcmp(reasons[i].field, field) == 0)
            text = text == NULL ? reasons[i].text : mst_arena_printf(self->arena, "%s\n%s", text, reasons[i].text);
    return text;
}

static void
sheet_row(rejected_file *self, const Muster__V1__Rows *rows, uint32_t at, const rejected_reason *reasons, size_t count,
          const char *reason)
{
    uint32_t row = self->rows + 1;
    workbook_number(self->book, self->sheet, row, 0, rows->first_row + at, WORKBOOK_WHOLE);
    for (uint32_t i = 0; i < rows->columns; i++) {
        size_t size;
        const char *cell = mst_rows_cell(rows, at, i, &size);
        const char *wrong = reasons_of(self, self->template->fields[i]->name, reasons, count);
        if (size > WORKBOOK_TEXT_MAX && text_length(mst_arena_strndup(self->arena, cell, size)) > WORKBOOK_TEXT_MAX) {
            wrong = "This value is longer than a cell of a workbook may be, and is cut here: correct it with CSV.";
            reason = mst_arena_printf(self->arena, "%s; %s: %s", reason, words_title(self->template->fields[i]), wrong);
        }
        if (size > 0 || wrong != NULL)
            workbook_text(self->book, self->sheet, row, i + 1, cell, size,
                          wrong != NULL ? WORKBOOK_WRONG : WORKBOOK_TEXT);
        if (wrong != NULL && self->notes < REJECTED_NOTES_MAX) {
            workbook_note(self->book, self->sheet, row, i + 1, wrong);
            self->notes++;
        }
    }
    workbook_text(self->book, self->sheet, row, rows->columns + 1, reason, strlen(reason), WORKBOOK_PLAIN);
}

bool
rejected_file_row(rejected_file *self, const Muster__V1__Rows *rows, uint32_t at, const rejected_reason *reasons,
                  size_t count)
{
    if (self->book != NULL && self->rows == REJECTED_ROWS_MAX)
        return false;
    const char *reason = all_reasons(self, reasons, count);
    if (self->book != NULL)
        sheet_row(self, rows, at, reasons, count, reason);
    else
        csv_row(self, rows, at, reason);
    self->rows++;
    mst_arena_reset(self->arena);
    return true;
}

uint32_t
rejected_file_rows(const rejected_file *self)
{
    return self->rows;
}

mst_status
rejected_file_end(rejected_file **self)
{
    mst_status rc = MST_OK;
    if ((*self)->book != NULL)
        rc = workbook_end(&(*self)->book);
    else {
        bool good = !ferror((*self)->out);
        errno = 0;
        if (fclose((*self)->out) != 0 || !good)
            rc = errno == ENOSPC || errno == EDQUOT ? MST_FULL : MST_IO;
    }
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
    return rc;
}
