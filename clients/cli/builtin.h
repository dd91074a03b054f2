/* builtin.h - the directory and the templates that come with muster, and adding them to a new system.
 *
 * The files of deploy/templates are part of this program. Each is added once: a template that exists already, changed
 * or not, is the organisation's own and is left alone, and so is a directory that has any of the kinds of a package. */
#ifndef MUSTER_CLI_BUILTIN_H
#define MUSTER_CLI_BUILTIN_H

#include "cli.h"

typedef struct builtin_file {
    const char *name; /* "connect-card.json" */
    const char *text;
    size_t size; /* bytes, without the NUL behind it */
} builtin_file;

extern const builtin_file builtin_files[]; /* generated; ends with name NULL */

/* CLI_DONE or the exit code, said. Doing it again changes nothing. */
int builtin_add(cli *self);

#endif
