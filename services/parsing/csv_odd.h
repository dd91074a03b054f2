/* csv_odd.h - rows that RFC 4180 does not have: escape characters, delimiters of several characters, quotes astray.
 *
 * One row at a time, a byte at a time: what csv_rows leaves to it is rare, or a file of an odd make. A quote within
 * quotes closes only in front of a delimiter or a line end; else it belongs to the value.
 *
 * Mending: a row whose quotes do not close where they should may swallow its neighbours. When it is known how many
 * columns the rows have, its first line alone is read again with one quote taken as a character; the reading that has
 * as many columns counts. Nothing is left out or moved: the quote is in the value, for everyone to see.
 *
 * Ownership: cells point into the reader and live until its next row. Thread: any, one at a time. */
#ifndef MUSTER_PARSING_CSV_ODD_H
#define MUSTER_PARSING_CSV_ODD_H

#include "csv_rows.h"

#define CSV_MEND_QUOTES_MAX 64u /* quotes of a line that are tried one after the other */

typedef struct csv_odd {
    csv_cell *cells;    /* at most CSV_COLUMNS_MAX */
    uint32_t columns;   /* in the file */
    uint64_t lines;     /* that the row took */
    bool open;          /* a quote is not closed in what is there: where it opens follows */
    uint64_t open_line; /* 0: the row's first */
    uint32_t open_column;
    size_t open_at;
    uint32_t quoted; /* cells in quotes */
    uint8_t *text;
    size_t text_size, text_room;
    size_t *ends;
} csv_odd;

csv_odd *csv_odd_new(void);
void csv_odd_destroy(csv_odd **self);
/* Reads the row at `at`. Returns its bytes with its line end; 0: more are needed (`last`: there are none, see open). */
size_t csv_odd_read(csv_odd *self, const csv_dialect *dialect, const uint8_t *at, size_t size, bool last);
/* Reads `line` (without its line end) as a row of dialect->columns. False: no reading has as many. */
bool csv_odd_mend(csv_odd *self, const csv_dialect *dialect, const uint8_t *line, size_t size);

#endif
