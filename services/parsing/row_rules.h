/* row_rules.h - what must hold among the columns of one row (B9-B11, B15, B21, B22).
 *
 * A rule looks at the fields of its conditions and of its groups. Rows that have the same values in all of these are
 * all right or all wrong: so they are what a wrong row is grouped by. Where one of them has a wrong value of its own
 * the rule is not judged: put right first, the row is looked at again. RULE_KNOWN is not judged here (export knows the
 * directory). Memory: in the arena. Thread: one. */
#ifndef MUSTER_PARSING_ROW_RULES_H
#define MUSTER_PARSING_ROW_RULES_H

#include "values.h"
#include "wrongs.h"

typedef struct row_rules row_rules;

/* One row: of each field. */
typedef struct row_values {
    const csv_cell *typed;
    const csv_cell *kept;
    const Muster__V1__WrongKind *wrong; /* WRONG_UNKNOWN: right */
    const uint32_t *columns;            /* MAPPING_NONE: not in the file */
} row_values;

/* `values` has a rule for each field; conditions are compared in the form in which it keeps values. */
row_rules *row_rules_new(const Muster__V1__Template *template, Muster__V1__Field *const *fields, size_t fields_count,
                         value_rule *values, mst_arena *arena);
/* Calls `each` for each rule that the row breaks; what it gets is lent for the call. True: there was one. */
bool row_rules_check(row_rules *self, const row_values *row, void (*each)(void *context, const wrong_found *found),
                     void *context);

#endif
