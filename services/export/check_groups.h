/* check_groups.h - what a check finds wrong, grouped by distinct wrong value, as EntriesChecked says it.
 *
 * Every wrong row is kept, none is sampled. Emptied with every part of the answer.
 * Ownership: texts are copied into the groups' own arena. Thread: one. */
#ifndef MUSTER_EXPORT_CHECK_GROUPS_H
#define MUSTER_EXPORT_CHECK_GROUPS_H

#include "export.pb-c.h"
#include "services/export/check_plan.h"

#define CHECK_VALUE_SHOWN 1000u           /* bytes of a wrong value kept, as parsing keeps them */
#define CHECK_MESSAGE_SIZE (700u * 1024u) /* bytes aimed at in one EntriesChecked; a group beyond it stands alone */

typedef struct check_groups check_groups;

/* Something wrong in these columns of a row. */
typedef struct check_fault {
    Muster__V1__WrongKind kind;
    const char *rule; /* WRONG_RULE: its name; else "" */
    const int *columns;
    const mst_slice *cells; /* one a column */
    size_t count;
} check_fault;

check_groups *check_groups_new(const check_plan *plan);
void check_groups_destroy(check_groups **self);
/* Counts the row among those with this fault. A group that is new is given back, for its message and suggestions to be
 * set (from the groups' arena); else NULL. */
Muster__V1__WrongValue *check_groups_add(check_groups *self, const check_fault *fault, uint32_t row, uint32_t line);
mst_arena *check_groups_arena(check_groups *self);
/* Bytes that the groups will take, about. */
size_t check_groups_size(check_groups *self);
/* Calls `each` with messages that hold all groups, in the order they were found. */
void check_groups_emit(check_groups *self, const char *batch_id, uint32_t generation,
                       void (*each)(void *context, const Muster__V1__EntriesChecked *checked, uint32_t rows),
                       void *context);
void check_groups_reset(check_groups *self);

/* Text as people see it: valid UTF-8 without control characters, at most `max` bytes. In `arena`. */
char *check_text(mst_arena *arena, mst_slice value, size_t max);

#endif
