/* parsing.h - the core of service parsing: from the bytes of a file to typed entries.
 *
 * csv_rows (bytes to cells), encoding, dialect and reader (any file to rows), mapping, dates and values (rows to
 * fields), wrongs and entries (fields to events), parsing (the service), read (`muster-parsing --read`). */
#ifndef MUSTER_PARSING_H
#define MUSTER_PARSING_H
#include "services/runtime/service.h"
extern const mst_core parsing_core;

/* Shows how a file is understood; `argv` begins behind --read. Returns the exit code. */
int parsing_read_main(int argc, char **argv);
#endif
