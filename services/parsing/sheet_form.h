/* sheet_form.h - the form of a worksheet, as dialect.h has it for text: where its table begins and how wide it is.
 *
 * Memory: what is found lives in the arena. Thread: any. */
#ifndef MUSTER_PARSING_SHEET_FORM_H
#define MUSTER_PARSING_SHEET_FORM_H

#include "header.h"

/* Keeps a copy of a row as one of the form's first ones. False: there are DIALECT_ROWS_MAX now. */
bool sheet_form_add(file_form *form, const csv_row *row, mst_arena *arena);
/* Finds header and width in the rows kept. Every row is at least form->columns wide then: a cell that is empty at the
 * end of a row is a cell of the table all the same. */
void sheet_form_find(file_form *form, header_hint hint, mst_arena *arena);

#endif
