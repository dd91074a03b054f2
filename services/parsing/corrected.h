/* corrected.h - a file of corrected rows that came back.
 *
 * Its columns are found as those of the batch's own file; column "row" says which entry a row is. Values are taken as
 * typed, whatever they are: they are checked when the batch is read again. Columns that are not in it keep their
 * values, rows that are not in it stay as they are. Memory: the rows. Thread: one. */
#ifndef MUSTER_PARSING_CORRECTED_H
#define MUSTER_PARSING_CORRECTED_H

#include "entries.h"

typedef struct corrected corrected;

/* Field names of the batch's rows; `rows`: entries that the batch has. */
corrected *corrected_new(const char *batch_id, uint32_t generation, Muster__V1__Field *const *fields,
                         size_t fields_count, uint32_t rows);
void corrected_destroy(corrected **self);
/* How the file is to be read; lends what it points to. */
void corrected_settings(corrected *self, entries_settings *settings, entries_sink *sink);
/* NULL: nothing is wrong with it so far. */
const char *corrected_failure(const corrected *self, const char **advice);
/* What it comes to, in pieces for one event each. */
size_t corrected_count(const corrected *self);
const Muster__V1__RowsCorrected *corrected_at(const corrected *self, size_t at);

#endif
