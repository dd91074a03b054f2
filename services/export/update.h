/* update.h - what a row of a file makes of a record.
 *
 * Pure: a plan is made once per batch from template, kind and options; then row after row is laid over the record as it
 * is. Per field of the kind: overwrite (a value in the file wins, a blank keeps, or, where the template says so and the
 * file has the column, empties: C2), fill blanks, never (only when the record is created). Option "membership-date"
 * (A9) gives created and updated records the batch date in the field with that role. Without option "update-campus"
 * (A10) the campus of a record that exists is left as it is. Ownership: the plan borrows what it is made from. Thread:
 * any. */
#ifndef MUSTER_EXPORT_UPDATE_H
#define MUSTER_EXPORT_UPDATE_H

#include "broker/lib/arena.h"
#include "rows.pb-c.h"
#include "template.pb-c.h"
#include <stdbool.h>

typedef struct update_column {
    int from; /* column of the rows that feeds this field, -1 none */
    Muster__V1__UpdatePolicy policy;
    bool clear;      /* C2: a blank cell empties the field of a record that exists */
    bool batch_date; /* A9: gets the batch date instead */
    bool keep;       /* A10: not touched in a record that exists */
} update_column;

typedef struct update_plan {
    const Muster__V1__Kind *kind;
    update_column *columns; /* one per field of the kind */
    mst_slice batch_date;
} update_plan;

typedef struct update_options {
    bool membership_date, update_campus;
    const char *batch_date; /* YYYY-MM-DD */
} update_options;

/* Columns of the rows of a batch. */
typedef struct update_columns {
    char *const *fields; /* names of the rows' columns, those that the file does not have included */
    size_t count;
    char *const *in_file; /* of them, those that a column of the file feeds */
    size_t in_file_count;
} update_columns;

/* `template` NULL: an import, whose columns are fields of the kind. A template's field that belongs to the kind feeds
 * what mst_catalog_target says. Where two columns feed one field the first does. */
void update_plan_make(update_plan *plan, mst_arena *arena, const Muster__V1__Kind *kind,
                      const Muster__V1__Template *template, const update_columns *columns,
                      const update_options *options);

/* Lays row `row` (0-based) over `before` (the kind's fields in order; NULL: nothing, a new record) and writes the
 * result to `after`, which borrows from all. `given` (NULL: none): values that stand in for the row's cells, by field
 * of the kind; those without data do not. True: something differs from before. */
bool update_row(const update_plan *plan, const Muster__V1__Rows *rows, uint32_t row, const mst_slice *given,
                const mst_slice *before, mst_slice *after);

#endif
