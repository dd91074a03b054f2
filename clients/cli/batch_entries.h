/* batch_entries.h - the upload log: an entry per submitted row with what became of it, why, and by whom (B50). */
#ifndef MUSTER_CLI_BATCH_ENTRIES_H
#define MUSTER_CLI_BATCH_ENTRIES_H

#include "batch.h"
#include <stdio.h>

/* All rows, as CSV; every line names batch, file, kind, operator and times, so that it can stand by itself. */
int batch_entries_csv(cli *self, const Muster__V1__BatchView *view, FILE *out);
/* The first `max` rows: a table for people, a document a line with --json. */
int batch_entries_print(cli *self, const Muster__V1__BatchView *view, uint64_t max);

#endif
