/* read_show.h - what `muster-parsing --read` prints of a file, row by row: as text, JSON or CSV.
 *
 * The caller closes the brackets that show_form and show_columns leave open for rows and wrong values. Ownership:
 * borrows everything; a form as long as rows are shown. Thread: one. */
#ifndef MUSTER_PARSING_READ_SHOW_H
#define MUSTER_PARSING_READ_SHOW_H

#include "parsing.pb-c.h"
#include "reader.h"
#include <stdio.h>

typedef enum shape { SHAPE_TEXT, SHAPE_JSON, SHAPE_CSV } shape;

typedef struct show {
    shape shape;
    const char *file; /* its name, for people */
    FILE *out;
    uint64_t rows_max, rows_seen;
    bool rows_given;       /* somebody said how many rows */
    const file_form *form; /* NULL: not known yet */
    bool wrong_open;       /* the list of wrong values was begun */
    uint64_t wrong_values;
} show;

/* How the file is written, and its header. */
void show_form(show *self, const reader *file, const file_form *form);
/* False: no more rows are wanted. */
bool show_row(show *self, const csv_row *row);
/* Which column is which field. */
void show_columns(show *self, const Muster__V1__FileRecognised *recognised);
void show_wrong(show *self, const Muster__V1__WrongValuesFound *found);

#endif
