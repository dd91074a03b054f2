/* parsing.h - the core of service parsing: from the bytes of a file to typed entries.
 *
 * csv_rows (bytes to cells), encoding, dialect and reader (any file to rows), mapping, dates and values (rows to
 * fields), corrections (what people put right), wrongs and entries (fields to events), reading (of a file, from first
 * byte to verdict), rereading (what is laid over it), corrected (rows that came back), verdict (what follows), groups,
 * rules and answers (what people ask and do), read (`muster-parsing --read`). */
#ifndef MUSTER_PARSING_H
#define MUSTER_PARSING_H
#include "services/runtime/service.h"
extern const mst_core parsing_core;

/* What work keeps from step to step begins with this: who takes the next step. */
typedef struct turn {
    void (*step)(mst_work *work, const mst_step *step);
} turn;

/* Shows how a file is understood; `argv` begins behind --read. Returns the exit code. */
int parsing_read_main(int argc, char **argv);
#endif
