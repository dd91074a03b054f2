/* clusters.h - the rows of a file decided in order, each knowing what became of those before it.
 *
 * A row may be a record (812) or an earlier row (row 3); where row 3 is record 812, both are one answer. A row that
 * follows an earlier one shares its fate: it is that row's record, or "row:3" while row 3 is new or asked about. Rows
 * come in the order of the file, so the outcome does not depend on who found the candidates or in what pieces.
 * Thread: one. */
#ifndef MUSTER_CLUSTERS_H
#define MUSTER_CLUSTERS_H

#include "decide.h"

typedef struct clusters clusters;

/* A candidate of a row as it was found: a record (row 0) or an earlier row. */
typedef struct candidate {
    uint32_t row;
    const char *id; /* borrowed for the life of the clusters */
    uint32_t id_size, version;
    int32_t weight;
    uint32_t likeness;
    const int8_t *parts;
} candidate;

typedef struct resolution {
    decision decision;
    option options[OPTIONS_MAX]; /* best first */
    size_t options_count;
} resolution;

/* For rows 1 .. rows. */
clusters *clusters_new(uint32_t rows);
void clusters_destroy(clusters **clusters);
/* The next row. Candidates are best first, at most OPTIONS_MAX. */
void clusters_resolve(clusters *clusters, uint32_t row, const candidate *candidates, size_t count,
                      const settings *settings, resolution *out);

#endif
