/* periods.h - records that hold from a beginning to an end: which are open, and which was closed last (B17-B19).
 *
 * For kinds with a Period. A record is open while its end is blank. The key is compared to the byte: it holds ids of
 * other records, and two ids that differ in case are two records. So whoever asks with a value that a reference
 * checks gives the value as the record referred to has it.
 * Ownership: results live in the caller's arena. Thread: one. */
#ifndef MUSTER_EXPORT_PERIODS_H
#define MUSTER_EXPORT_PERIODS_H

#include "services/export/lookups.h"

#define PERIODS_MAX 1000u /* records of one key; further ones are not looked at */

typedef struct period {
    directory_record record;
    mst_slice *cells; /* a cell per field of the kind */
    mst_slice begin, end;
} period;

typedef struct periods {
    period *open; /* in order of id */
    size_t open_count;
    const period *closed; /* the one with the latest end; NULL: none was ever closed */
} periods;

/* `key`: a value for each field of kind->period->key. Without any value there is no such record. */
MST_NODISCARD mst_status periods_find(lookups *among, directory *of, uint64_t as_of, const Muster__V1__Kind *kind,
                                      const mst_slice *key, mst_arena *arena, periods *found);
/* Column of the kind for a field's name; -1 none. */
int periods_column(const Muster__V1__Kind *kind, const char *field);

#endif
