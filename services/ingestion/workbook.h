/* workbook.h - an .xlsx file being written: the only user of libxlsxwriter.
 *
 * The same calls give the same bytes: dates and author in the file are fixed. Texts are never formulas, whatever they
 * begin with. What a spreadsheet cannot hold is made fit: control characters, bytes that are no UTF-8, and texts over
 * WORKBOOK_TEXT_MAX characters, which are cut.
 * Rows and columns count from 0. Ownership: texts are copied. Thread: one. */
#ifndef MUSTER_INGESTION_WORKBOOK_H
#define MUSTER_INGESTION_WORKBOOK_H

#include "broker/lib/arena.h"
#include <stdbool.h>

#define WORKBOOK_ROWS_MAX 1048576u  /* rows of a sheet, the header among them */
#define WORKBOOK_TEXT_MAX 32767u    /* characters of a cell */
#define WORKBOOK_LIST_TEXT_MAX 255u /* characters of a drop-down that stands in the validation itself */
#define WORKBOOK_MESSAGE_MAX 255u   /* characters of a message about a wrong value; longer ones are cut */

typedef struct workbook workbook;
typedef struct lxw_worksheet workbook_sheet;

typedef enum workbook_style {
    WORKBOOK_PLAIN,
    WORKBOOK_TEXT, /* what is typed stays as it is: numbers keep their leading zeros */
    WORKBOOK_DATE,
    WORKBOOK_WHOLE,
    WORKBOOK_HEADER,
    WORKBOOK_HEADER_NEEDED,
    WORKBOOK_WRONG, /* text, coloured */
    WORKBOOK_TITLE,
    WORKBOOK_WRAPPED,
    WORKBOOK_STYLES
} workbook_style;

/* What may be typed into the cells of a column. */
typedef struct workbook_rule {
    enum {
        WORKBOOK_ANY,
        WORKBOOK_LIST,
        WORKBOOK_NAMED_LIST,
        WORKBOOK_DATES,
        WORKBOOK_INTEGERS,
        WORKBOOK_NUMBERS,
        WORKBOOK_LENGTH
    } kind;
    const char *const *values; /* LIST: NULL-ended, at most WORKBOOK_LIST_TEXT_MAX characters with a comma each */
    const char *list;          /* NAMED_LIST: name of a range, see workbook_name_range */
    const char *first, *last;  /* DATES: YYYY-MM-DD */
    double minimum, maximum;   /* INTEGERS, NUMBERS, LENGTH */
    bool warns;                /* a wrong value is questioned, not refused */
    const char *message;       /* about a wrong value, for people */
} workbook_rule;

/* Begins a file at `path`. `rows_in_order`: cells come row after row in every sheet, and memory does not grow with
 * them; helper files then lie in `temp_dir`, without a name. NULL: it cannot be made. */
workbook *workbook_begin(const char *path, const char *temp_dir, const char *title, bool rows_in_order);
workbook_sheet *workbook_add_sheet(workbook *self, const char *name);
/* Hides a sheet; not the first one. */
void workbook_hide(workbook_sheet *sheet);
void workbook_freeze(workbook_sheet *sheet, uint32_t rows, uint32_t columns);
/* How a column looks where nothing stands yet; width in characters. */
void workbook_column(workbook *self, workbook_sheet *sheet, uint32_t column, double width, workbook_style style);

void workbook_text(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *text, size_t size,
                   workbook_style style);
void workbook_number(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, double number,
                     workbook_style style);
/* `date` is YYYY-MM-DD of the years 1900 to 9999, as workbook_is_date says. */
void workbook_date(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *date);
bool workbook_is_date(const char *date);
/* A note at a cell. They are held in memory until the end. */
void workbook_note(workbook *self, workbook_sheet *sheet, uint32_t row, uint32_t column, const char *text);

/* Gives cells of one column a name for the whole workbook. */
void workbook_name_range(workbook *self, const char *name, const char *sheet, uint32_t column, uint32_t first_row,
                         uint32_t last_row);
/* The rule for all rows of a column below the header. */
void workbook_rule_column(workbook *self, workbook_sheet *sheet, uint32_t column, const workbook_rule *rule);

/* Writes the file, frees *self and sets it to NULL. MST_FULL: the disk is; MST_IO: see the log. */
MST_NODISCARD mst_status workbook_end(workbook **self);

#endif
