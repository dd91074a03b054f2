/* csvcell.h - one cell of a CSV file that muster writes (RFC 4180).
 *
 * Spreadsheet programs take some texts for formulas and run them: with `guard` a cell that begins with = + - @ TAB or
 * CR, and is not a plain number, gets a leading apostrophe. Reading takes that apostrophe away again. */
#ifndef MUSTER_CSVCELL_H
#define MUSTER_CSVCELL_H

#include <stdbool.h>
#include <stdio.h>

void mst_csv_cell(FILE *stream, const char *data, size_t size, bool guard);
/* Whether the guard would put an apostrophe before this. */
bool mst_csv_cell_guarded(const char *data, size_t size);

#endif
