/* dialect.h - how a CSV file is written: found out by looking at its beginning.
 *
 * Every delimiter is tried on the first rows; the one under which they are most alike, and quotes stand where quotes
 * may stand, wins; and one whose header is known wins over all. Where the table begins in them is header.h's. Memory:
 * what is found lives in the arena. Thread: any. */
#ifndef MUSTER_PARSING_DIALECT_H
#define MUSTER_PARSING_DIALECT_H

#include "broker/lib/arena.h"
#include "csv_rows.h"

#define DIALECT_ROWS_MAX 400u /* rows looked at */

/* How many cells of this row are names of columns that are wanted; NULL functions know none. */
typedef struct header_hint {
    uint32_t (*fits)(const void *context, const csv_cell *cells, uint32_t count);
    const void *context;
} header_hint;

typedef struct sample_row {
    csv_cell *cells;
    uint32_t count;
    uint64_t line;
} sample_row;

typedef struct file_form {
    csv_dialect csv;
    const char *line_end; /* "LF", "CRLF", "CR", "LFCR", "mixed" */
    bool header;
    uint32_t header_row; /* the last of the header; of a file without one: its first row */
    uint32_t preamble_lines;
    uint32_t columns; /* that most rows have */
    sample_row *rows; /* the first rows, preamble and header included */
    uint32_t rows_count;
} file_form;

#define DELIMITER_SIZE 5u /* of its characters with the NUL */

/* The delimiter's characters, as text. */
void dialect_delimiter(const csv_dialect *dialect, char text[DELIMITER_SIZE]);
/* `whole`: the sample is the whole file. */
void dialect_guess(const uint8_t *text, size_t size, bool whole, header_hint hint, mst_arena *arena, file_form *form);

#endif
