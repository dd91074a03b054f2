/* row_check.h - is this row right? Its values, what must hold among them, what no other row may have, and whether it is
 * a row at all or what the template showed as an example.
 *
 * Everything wrong is said of every row; only what follows from another fault is not: of a row with too few cells
 * nobody knows which is which, a rule is not judged on a value that is wrong by itself, and sample data is nothing but
 * sample data. Memory: in the arena, and what uniqueness.h says. Thread: one. */
#ifndef MUSTER_PARSING_ROW_CHECK_H
#define MUSTER_PARSING_ROW_CHECK_H

#include "mapping.h"
#include "row_rules.h"

typedef struct row_check row_check;

/* A row, field by field. */
typedef struct entry_row {
    const csv_row *file;
    const csv_cell *cells; /* of each field: corrected, without blanks around, empty where missing */
    const bool *broken;    /* of each field: its bytes are no text; NULL: none is so */
    uint32_t number;       /* of the entry */
    bool whole;            /* as many cells as the header has, or corrected as a whole */
    bool too_large;        /* corrections were not laid over it, because they make it too large */
} entry_row;

/* NULL: `why` says which field is not usable. `template` NULL: an import, whose fields are all there is to it. */
row_check *row_check_new(const wanted_columns *wanted, const Muster__V1__Template *template, wrongs *wrongs,
                         mst_arena *arena, const char **why);
void row_check_destroy(row_check **self);
/* Once, when the columns of the file are known and before the first row. */
void row_check_columns(row_check *self, const mapping *columns, uint32_t header_columns);
/* What a field takes. */
value_rule *row_check_field(row_check *self, size_t field);
/* Checks one row and gives what is wrong to the wrongs. True: something is. `kept` gets the form of each field in which
 * it is kept, as typed where it is wrong; lent until the next row. */
bool row_check_row(row_check *self, const entry_row *row, const csv_cell **kept);
/* Whether that row is wrong as a whole (torn, a sample): nobody can say what its values are. */
bool row_check_was_as_a_whole(const row_check *self);
/* The id of a record that an import brings; `broken`: as it stands in the file, where that is no text, else NULL. */
bool row_check_id(row_check *self, const entry_row *row, uint32_t column, csv_cell id, const csv_cell *broken);

#endif
