/* check_hints.h - what may have been meant by values that name no record (B38).
 *
 * Of a list of moderate size the likest values; of a large kind those one typing error away. For whom a row is about,
 * people with the row's own names come first, each with a note that says who it is. What has the same values as several
 * records is told apart by their ids.
 * Bounded: what all comparing of a check, and of one chunk, may cost; behind that nothing is suggested (ListChoices
 * still answers). All of it depends on the directory at one moment and on the rows alone.
 * Thread: one. */
#ifndef MUSTER_EXPORT_CHECK_HINTS_H
#define MUSTER_EXPORT_CHECK_HINTS_H

#include "export.pb-c.h"
#include "services/export/check_plan.h"
#include "services/export/lookups.h"

#define HINTS_MAX 5u                    /* for one wrong value */
#define HINTS_LIST_MAX 50000u           /* records of a kind whose values are compared one by one */
#define HINTS_NUMBERS_MAX 5000u         /* the same for identifiers: one is like any other */
#define HINTS_CHUNK_COST_MAX 3000000u   /* comparisons for one chunk, some 0.1 us each */
#define HINTS_CHUNK_SIZE_MAX (1u << 20) /* bytes of suggestions for one chunk */
#define HINTS_COST_MAX 200000000u       /* for one check */

typedef struct check_hints check_hints;

check_hints *check_hints_new(const check_plan *plan, directory *of, lookups *among, uint64_t as_of);
void check_hints_destroy(check_hints **self);
/* A new chunk begins. */
void check_hints_begin(check_hints *self);
/* Sets the suggestions of a wrong value of reference `number`, whose values name `found` records (0, or several).
 * `row`: all cells, by column. Texts go to `arena`. */
MST_NODISCARD mst_status check_hints_set(check_hints *self, size_t number, size_t found, const mst_slice *row,
                                         mst_arena *arena, Muster__V1__WrongValue *value);

#endif
