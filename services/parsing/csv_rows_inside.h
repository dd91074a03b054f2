/* csv_rows_inside.h - the state of csv_rows, shared by the files it is made of and by nobody else. */
#ifndef MUSTER_PARSING_CSV_ROWS_INSIDE_H
#define MUSTER_PARSING_CSV_ROWS_INSIDE_H

#include "csv_odd.h"
#include <csv.h>

struct csv_rows {
    csv_dialect dialect;
    csv_row_handler *handler;
    void *context;
    bool libcsv_only;

    uint8_t *buffer; /* begins with the row that is not complete yet */
    size_t size, room;
    bool skip_lf;  /* the last row ended in CR: an LF now belongs to it */
    uint64_t line; /* of the next row */

    uint8_t *scratch; /* cells whose doubled quotes were made single, and libcsv's */
    size_t scratch_size, scratch_room;
    csv_cell cells[CSV_COLUMNS_MAX];
    uint32_t columns;

    csv_odd *odd;  /* NULL until it is needed */
    size_t mended; /* bytes read a second time */
    struct csv_parser parser;
    bool row_done;   /* said by libcsv */
    size_t *offsets; /* in scratch, of libcsv's cells: pointers would move */

    csv_fault fault;
    uint64_t fault_line;
    uint32_t fault_column;
};

/* False, always. */
bool rows_fail(csv_rows *self, csv_fault fault, uint64_t line, uint32_t column);
/* self->columns cells, to the handler. */
bool rows_deliver(csv_rows *self, const csv_cell *cells, bool plain, bool mended);
/* Does every byte stand for itself? */
bool rows_plain(const uint8_t *data, size_t size);
/* Where the line that begins at `from` ends, its line end included; 0: not in what is there. */
size_t rows_line_end(const csv_rows *self, size_t from, bool last);
/* A row with `size` bytes in it was read, or looked through for the end of a quote, and is not like the others: is it
 * one line with a quote too many? Then it is delivered so (false and no fault: it is not). */
bool rows_mend(csv_rows *self, size_t start, size_t size, bool last, size_t *next);
/* Every row by csv_odd. */
bool rows_scan_odd(csv_rows *self, bool last, size_t *done);

#endif
