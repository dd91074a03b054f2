/* reasons.h - why rows are wrong or were rejected, from one source, in order of rows, as much at a time as was read.
 *
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_INGESTION_REASONS_H
#define MUSTER_INGESTION_REASONS_H

#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "rejected_file.h"

typedef struct reason {
    uint32_t row;
    bool weak; /* says no more than that the row was left out: of use only where nothing else is known */
    char *field, *text;
} reason;

typedef struct reasons {
    reason *list;
    size_t at, count, room; /* before `at`: taken */
    uint32_t known_to;      /* all of rows up to this one are in the list */
    bool ended;             /* all there are */
    uint64_t next;          /* where to read on: version of the stream, or the row */
} reasons;

void reasons_take_faults(reasons *self, const Muster__V1__RowFaultList *faults);
/* From the chunks of what matching decided. */
void reasons_take_matched(reasons *self, const Muster__V1__EntriesMatched *matched);
void reasons_take_exported(reasons *self, const Muster__V1__EntriesExported *exported);
/* The next row with a reason; UINT32_MAX: none in the list. */
uint32_t reasons_row(const reasons *self);
/* The next one if it is of this row; NULL: no more. It stays until the list grows again. */
const reason *reasons_next(reasons *self, uint32_t row);
void reasons_release(reasons *self);

#endif
