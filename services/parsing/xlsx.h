/* xlsx.h - a workbook: from bytes that come in order to the rows of one sheet.
 *
 * A workbook says at its end where its parts are, so its bytes are set aside first, in a file without a name (or in
 * memory, where there is no directory for it); then the sheet streams. Memory is the same for any number of rows,
 * but for the shared strings (xlsx_strings.h). Formulas are never computed, links never followed.
 * Thread: the one that made it. */
#ifndef MUSTER_PARSING_XLSX_H
#define MUSTER_PARSING_XLSX_H

#include "xlsx_sheet.h"

#define XLSX_FILE_SIZE_MAX (UINT64_C(512) << 20) /* bytes of a workbook, packed */
#define XLSX_STEP_SIZE (1u << 20)                /* bytes unpacked, or given, in a step */

typedef struct xlsx xlsx;

typedef struct xlsx_sink {
    void *context;
    csv_row_handler *row;
    const char *spool_dir; /* NULL: in memory */
    uint32_t sheet;        /* number of the worksheet, from 1; 0: the leftmost that is shown */
} xlsx_sink;

xlsx *xlsx_new(const xlsx_sink *sink);
void xlsx_destroy(xlsx **self);
/* The next bytes. False: see xlsx_fault_of. */
bool xlsx_feed(xlsx *self, const void *data, size_t size);
/* Behind the last bytes: reads on. False: see xlsx_fault_of, or the handler wanted no more. */
bool xlsx_step(xlsx *self);
/* The last row was given. */
bool xlsx_ended(const xlsx *self);
/* NULL: nothing is wrong. */
const char *xlsx_fault_of(const xlsx *self, const char **advice);
/* Name of the sheet, from the first row on, and its number of worksheets. */
const char *xlsx_sheet(const xlsx *self, uint32_t *worksheets);
/* See sheet_formulas. */
uint32_t xlsx_formulas(const xlsx *self, uint32_t *empty);

#endif
