/* samples.h - what a template shows as an example and tells people to delete: its sample row, its instructions (B4).
 *
 * A row is the sample when all cells that the sample fills say the same (in the form in which they are kept: a
 * spreadsheet program may have written the date anew) and no other field is filled. It holds the instructions when a
 * cell of it begins with them, whatever the blanks and line ends.
 * Memory: in the arena. Thread: any. */
#ifndef MUSTER_PARSING_SAMPLES_H
#define MUSTER_PARSING_SAMPLES_H

#include "row_rules.h"

#define SAMPLES_BEGINNING_MIN 16u /* bytes of instructions; shorter ones must be all of a cell */

typedef struct samples samples;

/* `columns` says which fields are in the file, `values` in which form they are kept. */
samples *samples_new(const Muster__V1__Template *template, size_t fields_count, value_rule *values,
                     const uint32_t *columns, mst_arena *arena);
bool samples_is_row(const samples *self, const row_values *row);
bool samples_is_instructions(const samples *self, const csv_row *row);

#endif
