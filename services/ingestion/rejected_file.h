/* rejected_file.h - rows that are wrong or were rejected, as a file that can be corrected and sent again.
 *
 * Columns: "row", the entry's number; the template's columns as its blank files have them, with the values as they
 * stand in the batch; "reason". In a workbook the wrong cells are coloured, the reasons stand as notes at them too, and
 * what can be chosen is chosen from the same lists as in the blank file. Memory does not grow with the rows, but for
 * REJECTED_NOTES_MAX notes. Thread: one. */
#ifndef MUSTER_INGESTION_REJECTED_FILE_H
#define MUSTER_INGESTION_REJECTED_FILE_H

#include "proto/rows.h"
#include "sheet_columns.h"

#define REJECTED_NOTES_MAX                                                                                             \
    5000u                         /* cells with a note; further ones are coloured, and the reason stands in its column \
                                   */
#define REJECTED_ROWS_MAX 100000u /* rows in a workbook, which is closed in one go, a second or two; none in CSV */

typedef struct rejected_file rejected_file;

typedef struct rejected_reason {
    const char *field; /* name of the field that is wrong; "" the row as a whole */
    const char *text;  /* for people */
} rejected_reason;

/* Begins a file at `path`. The template and lists live as long as the file. NULL: it cannot be made. */
rejected_file *rejected_file_begin(const char *path, const char *temp_dir, bool as_workbook,
                                   const Muster__V1__Template *template, const sheet_list *lists);
/* Row `at` of `rows`, whose columns are the template's fields. Rows come in order. False: a workbook is full. */
bool rejected_file_row(rejected_file *self, const Muster__V1__Rows *rows, uint32_t at, const rejected_reason *reasons,
                       size_t count);
uint32_t rejected_file_rows(const rejected_file *self);
/* Writes what is left, frees *self and sets it to NULL. */
MST_NODISCARD mst_status rejected_file_end(rejected_file **self);

#endif
