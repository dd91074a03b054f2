/* typed.h - what people type to name wrong values and to put them right: fields by name or title, values of several
 * fields with | between.
 *
 * Results live in the arena, or are lent by the group. Thread: any. */
#ifndef MUSTER_CLI_TYPED_H
#define MUSTER_CLI_TYPED_H

#include "broker/lib/arena.h"
#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

/* Whether `wanted` (`size` bytes) is the field `name`: by name or by title, letters of any case. */
bool typed_is_field(const Muster__V1__TemplateView *view, const char *wanted, size_t size, const char *name);
/* Whether these are the group's fields, with commas between; NULL: any. */
bool typed_fields_fit(const Muster__V1__TemplateView *view, const char *wanted,
                      const Muster__V1__WrongValueGroup *group);
/* Whether these are the group's wrong values; empty ones at the end may be left away. */
bool typed_values_fit(mst_arena *arena, const char *from, const Muster__V1__WrongValueGroup *group);

/* Right values, one for each of the group's fields; NULL: it is not typed so. */
/* "Ann | Ash", or as a suggestion is shown. */
char **typed_values(mst_arena *arena, const Muster__V1__WrongValueGroup *group, const char *typed);
/* As a suggestion for several fields is shown. */
char **typed_as_suggested(const Muster__V1__WrongValueGroup *group, const char *typed);
/* "Start Date=2026-03-02": that of several, the others stay. */
char **typed_for_one(mst_arena *arena, const Muster__V1__TemplateView *view, const Muster__V1__WrongValueGroup *group,
                     const char *typed);
/* The group's values as they stand, but for field `at`. */
char **typed_in_one(mst_arena *arena, const Muster__V1__WrongValueGroup *group, size_t at, const char *value);
char **typed_suggestion(mst_arena *arena, const Muster__V1__Suggestion *suggestion);

#endif
