/* check_words.h - the sentences in which a check says what is wrong and what to do. In the given arena. */
#ifndef MUSTER_EXPORT_CHECK_WORDS_H
#define MUSTER_EXPORT_CHECK_WORDS_H

#include "services/export/check_plan.h"
#include "services/export/spans.h"

/* Values name `found` records, 0 or several. `row`: all cells, by column. */
char *check_words_reference(mst_arena *arena, const check_plan *plan, const check_reference *by, const mst_slice *row,
                            size_t found);
/* What is wrong with beginning or ending `about`; `row`: by its own dates. */
char *check_words_period(mst_arena *arena, const check_plan *plan, const check_period *period,
                         const span_choice *chosen, span about, span row);
char *check_words_known(mst_arena *arena, const check_plan *plan, const check_known *known);

#endif
