/* normalise.h - from the cells of a row, as parsing left them, to a draft of a person.
 *
 * A layout says once per table which column plays which role; draft_fill then takes a row. What a cell means comes
 * from the roles of the kind only: columns without a role are not looked at. Values nobody can be told apart by
 * ("unknown", 000-0000) count as missing. Thread: one. */
#ifndef MUSTER_NORMALISE_H
#define MUSTER_NORMALISE_H

#include "person.h"
#include "rows.pb-c.h"
#include "template.pb-c.h"

#define LAYOUT_COLUMNS_MAX 64u /* columns with a role; further ones are not compared */

typedef struct layout_column {
    uint32_t column; /* in Rows */
    uint8_t role;    /* Muster__V1__Role */
    uint8_t nth;     /* of this role, 0-based, in the order of the kind's fields */
} layout_column;

typedef struct layout {
    layout_column columns[LAYOUT_COLUMNS_MAX];
    size_t count;
    uint32_t width; /* columns a row must have at least */
} layout;

void layout_init(layout *layout);
/* Column `column` of the rows is field `field` of the kind. */
void layout_add(layout *layout, const Muster__V1__Kind *kind, size_t field, uint32_t column);

/* Replaces what the draft held by row `row`. The layout's columns exist in `rows`. */
void draft_fill(draft *draft, const layout *layout, const Muster__V1__Rows *rows, uint32_t row);

/* One value, as draft_fill would do it; for tests and for whoever has no Rows. */
void draft_put(draft *draft, Muster__V1__Role role, unsigned nth, const char *value, size_t size);
/* After the last draft_put. */
void draft_finish(draft *draft);

#endif
