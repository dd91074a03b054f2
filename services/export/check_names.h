/* check_names.h - what the values of a row name in the directory, remembered while a check goes on.
 *
 * The directory is asked as it was at one moment, so that the same values name the same records however long the check
 * takes and however often it begins again. Ownership: what is found is lent until the next chunk. Thread: one. */
#ifndef MUSTER_EXPORT_CHECK_NAMES_H
#define MUSTER_EXPORT_CHECK_NAMES_H

#include "services/export/check_plan.h"
#include "services/export/lookups.h"

#define CHECK_NAMES_SIZE_MAX (32u << 20) /* bytes of values remembered; then they are asked for again */

typedef struct check_names check_names;

typedef struct named {
    size_t found;      /* records with these values */
    mst_slice id;      /* found 1: the record */
    mst_slice *values; /* found 1: the values as the record has them, one for each field of the reference */
} named;

check_names *check_names_new(const check_plan *plan, directory *of, lookups *among, uint64_t as_of);
void check_names_destroy(check_names **self);
/* A chunk begins: what its values name is looked up in one pass for each reference. */
MST_NODISCARD mst_status check_names_begin(check_names *self, const Muster__V1__Rows *rows);
/* Values of reference `number`, one for each of its columns; NULL where all are blank. */
MST_NODISCARD mst_status check_names_find(check_names *self, size_t number, const mst_slice *values,
                                          const named **found);

#endif
