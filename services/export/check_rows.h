/* check_rows.h - row after row held against the directory as it was at one moment.
 *
 * Each row: do its values name what the directory has (B12-B14, B24), is what it leaves out known there (B23), and is
 * there something open to end, nothing open where it begins (B18, B19)? Rows count in order: an Insert opens an
 * assignment for the rows behind it, an Update closes it. A row that was wrong when it was read is held against the
 * lists only, so that all its faults are told at once; one that is not wanted is passed over. Thread: one. */
#ifndef MUSTER_EXPORT_CHECK_ROWS_H
#define MUSTER_EXPORT_CHECK_ROWS_H

#include "parsing.pb-c.h"
#include "services/export/check_groups.h"
#include "services/export/lookups.h"

typedef struct check_rows check_rows;

typedef struct check_rows_settings {
    const check_plan *plan;
    directory *of;
    lookups *among;
    uint64_t as_of;
    bool repeat; /* option "repeat-assignments": an assignment may be open twice */
} check_rows_settings;

check_rows *check_rows_new(const check_rows_settings *settings);
void check_rows_destroy(check_rows **self);
/* The next chunk; what is wrong goes to `groups`. MST_INVALID: its columns are not those of the plan. */
MST_NODISCARD mst_status check_rows_chunk(check_rows *self, const Muster__V1__EntriesRead *entries,
                                          check_groups *groups);
/* Rows wrong so far that were not when they were read. */
uint32_t check_rows_wrong(const check_rows *self);

#endif
