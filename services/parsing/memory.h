/* memory.h - what earlier batches say about the columns of a later one.
 *
 * What a person chose for a header is used again for the template's later batches; the newest choice counts. Only
 * batches created before this one are looked at, and only what was said when they were created: the same file read
 * twice is understood the same, whatever happens meanwhile. Borrowed from the state. Thread: its loop. */
#ifndef MUSTER_PARSING_MEMORY_H
#define MUSTER_PARSING_MEMORY_H

#include "mapping.h"
#include "state.h"

#define MEMORY_BATCHES_MAX 1000u /* earlier batches of the template that are looked at, from the newest on */
#define MEMORY_CHOICES_MAX 2000u /* headers remembered */

/* Fills in wanted->remembered and wanted->others. */
void memory_recall(const parsing_state *state, const char *batch_id, wanted_columns *wanted, mst_arena *arena);

#endif
