/* help.h - help and suggestions, written from the command table. Thread: one. */
#ifndef MUSTER_CLI_HELP_H
#define MUSTER_CLI_HELP_H

#include "cli.h"
#include <stdio.h>

void help_all(FILE *stream);
/* The commands that begin with `noun`. */
void help_noun(const char *noun, FILE *stream);
/* muster help [NOUN [VERB]]; returns the exit code. */
int help_words(const char *noun, const char *verb);
/* What argp prints above and below the options of a command. */
const char *help_text(mst_arena *arena, const cli_command *command);

#endif
