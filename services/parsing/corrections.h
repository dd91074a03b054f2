/* corrections.h - what people put right in a batch, laid over its rows while the file is read again.
 *
 * The file itself is never altered: a batch is read once more, as a new generation, with what was corrected, and all
 * checks are made anew. In the same way remembered rules are laid over the first reading. Order for a row: whole rows
 * that came back corrected, then corrections in the order they were made, then rules. One that makes a value which a
 * later one is about is followed by that.
 * Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_CORRECTIONS_H
#define MUSTER_PARSING_CORRECTIONS_H

#include "broker/lib/arena.h"
#include "csv_rows.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"

typedef struct corrections corrections;

/* Field i of every row is fields[i]. */
corrections *corrections_new(Muster__V1__Field *const *fields, size_t fields_count);
void corrections_destroy(corrections **self);
/* By value: all rows that have the values; one of the same group replaces an earlier one. leave_out ones only take the
 * earlier one away: see leave_out_row. Fields that are not there: ignored. */
void corrections_add(corrections *self, const Muster__V1__Correction *correction);
/* As add, but for these rows (ascending) and no others; made of the group as it was in `generation`. A row that came
 * back whole since then keeps what it came back with. */
void corrections_add_for_rows(corrections *self, const Muster__V1__Correction *correction, uint32_t generation,
                              const uint32_t *rows, size_t count);
void corrections_add_rule(corrections *self, const Muster__V1__CorrectionRule *rule);
/* Whole rows that came back; a row that came before is replaced. MST_FULL: more than CORRECTIONS_SIZE_MAX bytes. */
MST_NODISCARD mst_status corrections_add_rows(corrections *self, const Muster__V1__RowsCorrected *rows);
/* Whether `row` came back whole: then it has all its fields, however many cells the file has there. */
bool corrections_has_row(const corrections *self, uint32_t row);
/* Entry `row` is not wanted. */
void corrections_leave_out_row(corrections *self, uint32_t row);
bool corrections_is_left_out(const corrections *self, uint32_t row);
/* Nothing to do for any row. */
bool corrections_empty(const corrections *self);

/* Lays them over one row: cells[i] is what stands in field i, as typed, without blanks around it, empty if missing.
 * Cells that change are replaced by borrowed ones. True: something changed. Counts the rules' uses. */
bool corrections_apply(corrections *self, uint32_t row, csv_cell *cells);
/* Rows that each rule changed, for RulesApplied; in `arena`. */
Muster__V1__RuleUse **corrections_uses(const corrections *self, mst_arena *arena, size_t *count);

#define CORRECTIONS_SIZE_MAX (64u << 20) /* bytes of rows that came back */

#endif
