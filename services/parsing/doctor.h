/* doctor.h - the spreadsheet doctor: damage that spreadsheets do to data, noticed while a file is read, with the
 * evidence and, where it can be undone, a repair. Nothing is changed unless the repair was asked for by its name.
 *
 *   leading-zeros:FIELD:WIDTH  01234 became 1234: nearly all values have WIDTH digits, some fewer, none begins with 0
 *   scientific:FIELD           1.2E+12: digits are lost, no repair
 *   two-digit-years:FIELD      5/17/80: the latest year that is not in the future is proposed
 *   future-years:FIELD         a birth date in 2068: a hundred years earlier is proposed
 *   serial-dates:FIELD         43831: days since 1900, as spreadsheets count
 *   mojibake:FIELD             JosÃ©: UTF-8 that was read as windows-1252
 *   shifted-columns            an e-mail address one column beside its own, no repair
 *   totals-rows                "Total" under the last person: no person
 *
 * Pure. Memory: about 2 KiB a field. Thread: one. */
#ifndef MUSTER_PARSING_DOCTOR_H
#define MUSTER_PARSING_DOCTOR_H

#include "row_cells.h"

#define DOCTOR_EXAMPLES_MAX 3u /* shown of each remark */
#define DOCTOR_ROWS_MAX 10u    /* named of each remark */

typedef struct doctor doctor;

/* `today` is YYYY-MM-DD: no birth date lies behind it. Fields and columns are borrowed, names of repairs too. */
doctor *doctor_new(const wanted_columns *wanted, const char *today, char *const *repairs, size_t repairs_count);
void doctor_destroy(doctor **self);
/* Once, when the columns of the file are known. */
void doctor_columns(doctor *self, const mapping *columns);
/* Looks at the cells of a row as they stand in the file, and makes the repairs that were asked for: cells are
 * replaced by ones lent until the next row. `plain`: ASCII only. True: something was changed. *leave_out: this is no
 * row. */
bool doctor_row(doctor *self, uint32_t row, row_cells *taken, bool plain, bool *leave_out);
/* What was noticed, the worst first; in `arena`. */
Muster__V1__Remark **doctor_remarks(const doctor *self, mst_arena *arena, size_t *count);

#endif
