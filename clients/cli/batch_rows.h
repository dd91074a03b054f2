/* batch_rows.h - what became of each row of a batch, in order.
 *
 * Two streams are merged as they are read, what matching decided and what export did, so memory does not grow with the
 * batch. What is given depends on the log alone. Thread: one. */
#ifndef MUSTER_CLI_BATCH_ROWS_H
#define MUSTER_CLI_BATCH_ROWS_H

#include "batch.h"

/* What is known of one row; words are "" where nothing is. Valid until the next one. */
typedef struct batch_row {
    uint32_t number;
    const char *decision, *outcome, *reason;
    const char *note; /* why export rejected it */
    mst_slice record_id, candidate_id;
    uint32_t probability; /* millionths */
    bool decided;
} batch_row;

typedef struct batch_rows batch_rows;

batch_rows *batch_rows_open(cli *self, const Muster__V1__BatchView *view);
/* The next row. False: the end, or (*exit_code not CLI_DONE) a failure that was said. */
bool batch_rows_next(batch_rows *rows, batch_row *row, int *exit_code);
void batch_rows_close(batch_rows **rows);

#endif
