/* workbook.c - see workbook.h. */
#include "workbook.h"

#include "broker/lib/log.h"
#include "texts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

#define NOTE_WIDTH 320     /* pixels */
#define NOTE_LINE_CHARS 48 /* characters in a line of that width */
#define NOTE_LINE_HEIGHT 15
#define CREATED 946684800 /* 2000-01-01: the same file must have the same bytes whenever it is made */

struct workbook {
    lxw_workbook *book;
    lxw_format *styles[WORKBOOK_STYLES];
    mst_arena *scratch; /* emptied with every text */
};

static void
styles_make(workbook *self)
{
    for (int i = 1; i < WORKBOOK_STYLES; i++)
        self->styles[i] = workbook_add_format(self->book);
    format_set_num_format(self->styles[WORKBOOK_TEXT], "@");
    format_set_num_format(self->styles[WORKBOOK_DATE], "yyyy-mm-dd");
    format_set_num_format(self->styles[WORKBOOK_WHOLE], "0");
    for (int i = WORKBOOK_HEADER; i <= WORKBOOK_HEADER_NEEDED; i++) {
        format_set_bold(self->styles[i]);
        format_set_num_format(self->styles[i], "@");
        format_set_bg_color(self->styles[i], i == WORKBOOK_HEADER ? 0xE4E9F0 : 0xFFE08A);
        format_set_bottom(self->styles[i], LXW_BORDER_THIN);
    }
    format_set_num_format(self->styles[WORKBOOK_WRONG], "@");
    format_set_bg_color(self->styles[WORKBOOK_WRONG], 0xFFC7CE);
    format_set_bold(self->styles[WORKBOOK_TITLE]);
    format_set_font_size(self->styles[WORKBOOK_TITLE], 14);
    format_set_text_wrap(self->styles[WORKBOOK_WRAPPED]);
    format_set_align(self->styles[WORKBOOK_WRAPPED], LXW_ALIGN_VERTICAL_TOP);
}

workbook *
workbook_begin(const char *path, const char *temp_dir, const char *title, bool rows_in_order)
{
    lxw_workbook_options options = {
        .constant_memory = rows_in_order, .tmpdir = (char *)temp_dir, .use_zip64 = LXW_FALSE};
    lxw_workbook *book = workbook_new_opt(path, &options);
    if (book == NULL)
        return NULL;
    workbook *self = mst_alloc(sizeof *self);
    *self = (workbook){.book = book, .scratch = mst_arena_new(0)};
    lxw_doc_properties properties = {.title = (char *)title, .author = "muster", .created = CREATED};
    workbook_set_properties(book, &properties);
    styles_make(self);
    return self;
}

workbook_sheet *
workbook_add_sheet(workbook *self, const char *name)
{
    return workbook_add_worksheet(self->book, name);
}

void
workbook_hide(workbook_sheet *sheet)
{
    worksheet_hide(sheet);
}

void
workbook_freeze(workbook_sheet *sheet, uint32_t rows, uint32_t columns)
{
    worksheet_freeze_panes(sheet, rows, (lxw_col_t)columns);
}

void
workbook_column(workbook *self, workbook_sheet *sheet, uint32_t column, double width, workbook_style style)
{
    worksheet_set_column(sheet, (lxw_col_t)column, (lxw_col_t)column, width, self->styles[style]);
}

void
workbook_text(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *text, size_t size,
              workbook_style style)
{
    const char *fit = text_cut(text_utf8(self->scratch, text, size), self->scratch, WORKBOOK_TEXT_MAX);
    if (fit[0] == '\0')
        worksheet_write_blank(sheet, row, (lxw_col_t)column, self->styles[style]);
    else
        worksheet_write_string(sheet, row, (lxw_col_t)column, fit, self->styles[style]);
    mst_arena_reset(self->scratch);
}

void
workbook_number(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, double number,
                workbook_style style)
{
    worksheet_write_number(sheet, row, (lxw_col_t)column, number, self->styles[style]);
}

static lxw_datetime
datetime_of(const char *date)
{
    lxw_datetime parts = {0};
    sscanf(date, "%4d-%2d-%2d", &parts.year, &parts.month, &parts.day);
    return parts;
}

bool
workbook_is_date(const char *date)
{
    return text_is_date(date) && strcmp(date, "1900-01-01") >= 0;
}

void
workbook_date(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *date)
{
    lxw_datetime parts = datetime_of(date);
    worksheet_write_datetime(sheet, row, (lxw_col_t)column, &parts, self->styles[WORKBOOK_DATE]);
}

static unsigned
note_lines(const char *text)
{
    unsigned lines = 1, length = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n' || ++length > NOTE_LINE_CHARS) {
            lines++;
            length = 0;
        }
    }
    return lines;
}

void
workbook_note(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *text)
{
    const char *fit = text_cut(text_utf8(self->scratch, text, strlen(text)), self->scratch, 2000);
    lxw_comment_options options = {
        .width = NOTE_WIDTH, .height = (uint16_t)(NOTE_LINE_HEIGHT * (note_lines(fit) + 1)), .author = "muster"};
    worksheet_write_comment_opt(sheet, row, (lxw_col_t)column, fit, &options);
    mst_arena_reset(self->scratch);
}

void
workbook_name_range(workbook *self, const char *name, const char *sheet, uint32_t column, uint32_t first_row,
                    uint32_t last_row)
{
    char first[LXW_MAX_CELL_NAME_LENGTH], last[LXW_MAX_CELL_NAME_LENGTH];
    lxw_rowcol_to_cell_abs(first, first_row, (lxw_col_t)column, true, true);
    lxw_rowcol_to_cell_abs(last, last_row, (lxw_col_t)column, true, true);
    workbook_define_name(self->book, name, mst_arena_printf(self->scratch, "='%s'!%s:%s", sheet, first, last));
    mst_arena_reset(self->scratch);
}

static uint8_t
type_of(const workbook_rule *rule)
{
    switch (rule->kind) {
    case WORKBOOK_LIST: return LXW_VALIDATION_TYPE_LIST;
    case WORKBOOK_NAMED_LIST: return LXW_VALIDATION_TYPE_LIST_FORMULA;
    case WORKBOOK_DATES: return LXW_VALIDATION_TYPE_DATE;
    case WORKBOOK_INTEGERS: return LXW_VALIDATION_TYPE_INTEGER;
    case WORKBOOK_NUMBERS: return LXW_VALIDATION_TYPE_DECIMAL;
    case WORKBOOK_LENGTH: return LXW_VALIDATION_TYPE_LENGTH;
    case WORKBOOK_ANY: break;
    }
    return LXW_VALIDATION_TYPE_ANY;
}

void
workbook_rule_column(workbook *self, workbook_sheet *sheet, uint32_t column, const workbook_rule *rule)
{
    lxw_data_validation validation = {
        .validate = type_of(rule),
        .criteria = LXW_VALIDATION_CRITERIA_BETWEEN,
        .error_type = rule->warns ? LXW_VALIDATION_ERROR_TYPE_WARNING : LXW_VALIDATION_ERROR_TYPE_STOP,
        .error_title = "This value does not fit",
        .minimum_number = rule->minimum,
        .maximum_number = rule->maximum,
        .value_list = (char **)rule->values,
    };
    if (rule->kind == WORKBOOK_ANY)
        return;
    if (rule->kind == WORKBOOK_NAMED_LIST)
        validation.value_formula = mst_arena_printf(self->scratch, "=%s", rule->list);
    if (rule->kind == WORKBOOK_DATES) {
        validation.minimum_datetime = datetime_of(rule->first);
        validation.maximum_datetime = datetime_of(rule->last);
    }
    validation.error_message = text_cut(rule->message, self->scratch, WORKBOOK_MESSAGE_MAX);
    worksheet_data_validation_range(sheet, 1, (lxw_col_t)column, WORKBOOK_ROWS_MAX - 1, (lxw_col_t)column, &validation);
    mst_arena_reset(self->scratch);
}

mst_status
workbook_end(workbook **self)
{
    errno = 0;
    lxw_error error = workbook_close((*self)->book);
    int reason = errno;
    mst_arena_destroy(&(*self)->scratch);
    free(*self);
    *self = NULL;
    if (error == LXW_NO_ERROR)
        return MST_OK;
    mst_log(MST_LOG_ERROR, "a workbook could not be written", "reason", lxw_strerror(error), NULL);
    return reason == ENOSPC || reason == EDQUOT ? MST_FULL : MST_IO;
}
