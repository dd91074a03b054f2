/* textfile.h - small files read whole, and results written so that no half of one is ever taken for it. */
#ifndef MUSTER_CLI_TEXTFILE_H
#define MUSTER_CLI_TEXTFILE_H

#include "cli.h"
#include <stdio.h>

#define TEXTFILE_SIZE_MAX 900000u /* bytes: what is sent must fit one message */

/* The whole file, terminated, in self->arena; NULL with *exit_code set, said. */
char *textfile_read(cli *self, const char *path, int *exit_code);

/* A result: `path` NULL is standard output; else it is written beside and takes the name when it is whole. */
typedef struct textfile_out {
    FILE *file;
    const char *path, *fresh;
} textfile_out;

int textfile_create(cli *self, const char *path, textfile_out *out);
/* `rc`: how the work went; the file gets its name only with CLI_DONE. Returns the exit code. */
int textfile_close(cli *self, textfile_out *out, int rc);

#endif
