/* rules.h - remembered corrections: what was chosen once is done by itself in later batches.
 *
 * A fold over RuleLearned, RuleSwitched and RulesApplied that remembers when what held: which rules a reading goes by
 * is fixed by the place of its input in the log, so that whoever reads the file again makes the same of it.
 * A rule for the same values of the same fields of a template replaces an older one for good.
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_RULES_H
#define MUSTER_PARSING_RULES_H

#include "parsing.pb-c.h"
#include "services/runtime/service.h"
#include "snapshots.pb-c.h"

#define RULES_MAX 100000u /* remembered; further corrections are made but not remembered */

typedef struct rules rules;

rules *rules_new(void);
void rules_destroy(rules **self);
void rules_learned(rules *self, const Muster__V1__CorrectionRule *rule, uint64_t seq);
void rules_switched(rules *self, const Muster__V1__RuleSwitched *switched, uint64_t seq);
void rules_used(rules *self, const Muster__V1__RulesApplied *applied);

size_t rules_count(const rules *self);
/* As it is now; NULL: it was replaced. `at` counts from 0 in the order they were learned. */
const Muster__V1__CorrectionRule *rules_at(const rules *self, size_t at);
/* By its id; NULL: there is none. `replaced_by` gets the id of the one that took its place, or NULL. */
const Muster__V1__CorrectionRule *rules_find(const rules *self, const char *id, const char **replaced_by);
/* The rule, on or off, for these values now; NULL none. */
const Muster__V1__CorrectionRule *rules_for(const rules *self, const char *template_name, char *const *fields,
                                            char *const *from, size_t count);
/* What was chosen for such values in whatever template, newest first, at most `max` different ones: rules that are
 * on. Letters' case, accents and punctuation do not matter. Returns how many. */
size_t rules_chosen(const rules *self, char *const *fields, char *const *from, size_t count,
                    const Muster__V1__CorrectionRule **chosen, size_t max);
/* Calls `each` for the rules of a template that held just before `seq`, oldest first. */
void rules_each(const rules *self, const char *template_name, uint64_t seq,
                void (*each)(void *context, const Muster__V1__CorrectionRule *rule), void *context);

/* In `arena`. */
Muster__V1__ParsingRule **rules_save(const rules *self, mst_arena *arena);
void rules_load(rules *self, Muster__V1__ParsingRule *const *saved, size_t count);

#endif
