/* xlsx_sheet.h - a worksheet's rows, one after the other.
 *
 * A row is given when its end is read; rows and cells that are not in the sheet cost nothing. Empty rows are no rows,
 * empty cells at the end of a row no cells. Memory: one row. Ownership: cells are borrowed for the call.
 * Thread: the one that made it. */
#ifndef MUSTER_PARSING_XLSX_SHEET_H
#define MUSTER_PARSING_XLSX_SHEET_H

#include "csv_rows.h"
#include "xlsx_parts.h"
#include "xlsx_strings.h"

#define SHEET_ROWS_MAX 1048576u
#define SHEET_COLUMNS_MAX 16384u
#define SHEET_VALUES_MAX (UINT64_C(4) << 30) /* bytes of all values, shared texts counted wherever they are used */

typedef struct sheet sheet;

typedef struct sheet_source {
    const parts_book *book;
    const parts_styles *styles;
    const strings *strings;
    csv_row_handler *row; /* false: no more */
    void *context;
} sheet_source;

/* Takes the part; what `source` points to must live as long. */
sheet *sheet_open(const sheet_source *source, archive_part *part, xlsx_fault *fault);
void sheet_destroy(sheet **self);
/* Reads on, and gives `size` bytes of values and no more (but for one row); see xml_step. */
xml_status sheet_step(sheet *self, size_t size);
/* The handler wanted no more. */
bool sheet_stopped(const sheet *self);
/* Cells so far that a formula computed, and those of them without a value. */
uint32_t sheet_formulas(const sheet *self, uint32_t *empty);

#endif
