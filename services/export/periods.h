/* periods.h - the records of one key that hold from a beginning to an end, as the directory has them (B17-B19).
 *
 * For kinds with a Period. The key is compared to the byte: it holds ids of other records, and two ids that differ in
 * case are two records. So whoever asks with a value that a reference checks gives the value as the record referred to
 * has it. Ownership: results live in the caller's arena. Thread: one. */
#ifndef MUSTER_EXPORT_PERIODS_H
#define MUSTER_EXPORT_PERIODS_H

#include "services/export/lookups.h"
#include "services/export/spans.h"

#define PERIODS_MAX 1000u /* records of one key; further ones are not looked at */

/* `key`: a value for each field of kind->period->key. Without any value there is no such record. In order of id. */
MST_NODISCARD mst_status periods_find(lookups *among, directory *of, uint64_t as_of, const Muster__V1__Kind *kind,
                                      const mst_slice *key, mst_arena *arena, span **spans, size_t *count);
/* Column of the kind for a field's name; -1 none. */
int periods_column(const Muster__V1__Kind *kind, const char *field);

#endif
