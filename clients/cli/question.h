/* question.h - one discrepancy, as a person sees it. */
#ifndef MUSTER_CLI_QUESTION_H
#define MUSTER_CLI_QUESTION_H

#include "cli.h"
#include "discrepancy.pb-c.h"
#include "ingestion.pb-c.h"

/* The reason, the row, and beside it the candidates with what the directory knows of them now. */
void question_print(cli *self, const Muster__V1__BatchView *batch, const Muster__V1__DiscrepancyView *view);
/* The row's values in one line, at most `columns_max` wide. */
const char *question_row(mst_arena *arena, const Muster__V1__DiscrepancyView *view, size_t columns_max);
/* The discrepancy of one row; NULL: said. */
const Muster__V1__DiscrepancyView *question_fetch(cli *self, const char *batch_id, uint32_t row, int *exit_code);

#endif
