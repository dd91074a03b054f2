/* generated.h - files that ingestion made, brought here and written so that no half of one is ever taken for it. */
#ifndef MUSTER_CLI_GENERATED_H
#define MUSTER_CLI_GENERATED_H

#include "cli.h"
#include "ingestion.pb-c.h"

typedef struct generated_options {
    const char *format, *out;
    bool force;
} generated_options;

/* The format asked for: by --format, else by the ending of the file's name, else CSV. False: said, *exit_code set. */
bool generated_format(cli *self, const generated_options *options, bool markdown, Muster__V1__FileFormat *format,
                      int *exit_code);
/* Has ingestion make the file, and writes it to options->out, or to standard output. The exit code; *view is what
 * was made, in self->arena. */
int generated_fetch(cli *self, const ProtobufCMessage *wanted, const generated_options *options,
                    const Muster__V1__FileView **view);

#endif
