/* csv_rows.h - from bytes to rows of cells.
 *
 * Bytes come in pieces of any size, rows come out whole, the same whatever the pieces were. Rows as RFC 4180 has them
 * are found by a scan of 64 bytes at a time; a row whose quotes do not close where they should is given to libcsv,
 * whose reading of such rows counts (the tests compare the two on everything else), unless one quote too many makes it
 * swallow its neighbours (csv_odd.h). Dialects with an escape or a delimiter of several characters are read by csv_odd.
 * Lines end in LF, CR or CRLF, mixed too; empty lines are no rows but are counted.
 *
 * Memory: one row and one piece. Ownership: cells are borrowed for the call. Thread: the one that made it. */
#ifndef MUSTER_PARSING_CSV_ROWS_H
#define MUSTER_PARSING_CSV_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_FIELD_SIZE_MAX (128u * 1024u) /* bytes in a cell; beyond it the file is refused */
#define CSV_ROW_SIZE_MAX (512u * 1024u)   /* bytes in a row; beyond it the file is refused */
#define CSV_COLUMNS_MAX 2000u             /* cells given of a row; further ones are counted only */
#define CSV_MEND_SIZE_MAX (64u << 20)     /* bytes of a file read a second time to mend rows; then none is mended */

typedef struct csv_dialect {
    char delimiter;
    char rest[3];     /* further characters of the delimiter ("||"), filled up with 0 */
    char quote;       /* 0: none */
    char escape;      /* takes the meaning from the next character; 0: quotes are doubled */
    bool skip_space;  /* blanks behind a delimiter do not belong to the cell: a, "b" */
    uint32_t columns; /* that most rows have: by it a row with a quote too many is told; 0: not known */
} csv_dialect;

typedef struct csv_cell {
    const uint8_t *data;
    uint32_t size;
} csv_cell;

typedef struct csv_row {
    const csv_cell *cells;
    uint32_t cells_count; /* in cells: at most CSV_COLUMNS_MAX */
    uint32_t columns;     /* in the file */
    uint64_t line;        /* of the file, the first is 1 */
    bool plain;           /* no byte above 0x7F and none below 0x09 */
    bool mended;          /* one quote too many, or too few: read so that it swallows no other row */
} csv_row;

typedef enum csv_fault {
    CSV_FAULT_NONE,
    CSV_FAULT_STOPPED,    /* the handler said so */
    CSV_FAULT_OPEN_QUOTE, /* a quote opens at line and column and is not closed before the end or the limit */
    CSV_FAULT_FIELD,      /* a cell over the limit */
    CSV_FAULT_ROW         /* a row over the limit */
} csv_fault;

/* False: no more rows, please. */
typedef bool csv_row_handler(void *context, const csv_row *row);

typedef struct csv_rows csv_rows;

csv_rows *csv_rows_new(const csv_dialect *dialect, csv_row_handler *handler, void *context);
/* Reads every row by libcsv: what the quick way is compared with. */
void csv_rows_use_libcsv(csv_rows *self);
/* The next bytes; `last` with the last ones (which may be none). False: a fault; nothing further is read. */
bool csv_rows_feed(csv_rows *self, const void *data, size_t size, bool last);
csv_fault csv_rows_fault(const csv_rows *self, uint64_t *line, uint32_t *column);
/* Lines read so far. */
uint64_t csv_rows_lines(const csv_rows *self);
void csv_rows_destroy(csv_rows **self);

#endif
