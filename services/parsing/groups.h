/* groups.h - the wrong values of one generation, put together: what people see in Fix Errors.
 *
 * Parts of the reading and of the check against the directory add up. Groups stand in order of kind, then field, then
 * the largest first, then value (B37). Up to GROUPS_MAX of them; what is beyond is counted with the last and comes up
 * in a later generation. Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_GROUPS_H
#define MUSTER_PARSING_GROUPS_H

#include "broker/lib/arena.h"
#include "parsing.pb-c.h"
#include <stdbool.h>

#define GROUPS_MAX 100000u   /* distinct wrong values put together */
#define GROUP_ROWS_SHOWN 10u /* rows named of each group */

typedef struct groups groups;

/* What makes a group, as bytes that are the same for the same group; in `arena`. */
char *groups_key(mst_arena *arena, Muster__V1__WrongKind kind, const char *rule, char *const *fields,
                 size_t fields_count, char *const *values, const char *value);
char *groups_key_of_wrong(mst_arena *arena, const Muster__V1__WrongValue *value);
char *groups_key_of_correction(mst_arena *arena, const Muster__V1__Correction *correction);

groups *groups_new(uint32_t generation);
void groups_destroy(groups **self);
uint32_t groups_generation(const groups *self);
/* Values of other generations are passed over. */
void groups_add(groups *self, uint32_t generation, Muster__V1__WrongValue *const *values, size_t count);
/* Puts them in order; nothing is added afterwards. */
void groups_close(groups *self);
size_t groups_count(const groups *self);
/* Rows of all groups added up: a row with two wrong values counts twice. */
uint64_t groups_rows(const groups *self);
/* Lent; `fields` and `values` are filled for a single field, too. */
const Muster__V1__WrongValueGroup *groups_at(const groups *self, size_t at);
/* NULL: there is no such group. */
const Muster__V1__WrongValueGroup *groups_find(const groups *self, const char *key);
/* One that stands for further values cannot be corrected. */
bool groups_is_rest(const Muster__V1__WrongValueGroup *said);

#endif
