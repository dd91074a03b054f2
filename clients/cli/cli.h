/* cli.h - what every command of `muster` shares.
 *
 * A command is one entry of a table: its name, arguments, options and the function that runs it. The table feeds the
 * parser (argp), the help and the suggestions, so that they cannot disagree. Everything a command allocates lives in
 * its arena until the program ends.
 *
 * Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 the system cannot be reached. With --json a failure is a
 * document as well: {"error": {"command", "message", "advice", "exit_code"}}. Thread: one. */
#ifndef MUSTER_CLI_H
#define MUSTER_CLI_H

#include "broker/lib/arena.h"
#include "broker/lib/link.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNREACHABLE = 3 } cli_exit;

typedef struct cli {
    mst_arena *arena;
    const char *program;                          /* path of this executable; its neighbours are the services */
    const char *data_dir;                         /* absolute */
    const char *endpoint, *key_file, *server_key; /* NULL: ipc below data_dir */
    bool json;
    const char *command; /* "batch create" */
    const char **args;
    size_t args_count;
    mst_link *link; /* NULL until cli_connect */
} cli;

/* Where an option's value goes in the command's own struct. */
typedef enum cli_option_kind {
    CLI_FLAG,   /* bool */
    CLI_TEXT,   /* const char * */
    CLI_NUMBER, /* uint64_t */
    CLI_LIST    /* cli_list: may be given several times */
} cli_option_kind;

#define CLI_LIST_MAX 256u /* times one option may be given */

typedef struct cli_list {
    const char **items;
    size_t count;
} cli_list;

typedef struct cli_option {
    const char *name; /* NULL ends a list of options */
    char letter;      /* 0 none */
    const char *arg;  /* NULL for flags */
    const char *text;
    cli_option_kind kind;
    size_t offset;
} cli_option;

typedef struct cli_command {
    const char *name; /* one or two words */
    const char *args; /* as shown in the usage: "FILE [NAME]" */
    size_t args_min, args_max;
    const char *summary; /* one line */
    const char *text;    /* NULL, or what else a person should know */
    const cli_option *options;
    size_t options_size;  /* of the struct that run() gets, zeroed before parsing */
    const void *defaults; /* NULL, or what the struct holds before parsing */
    int (*run)(cli *self, const void *options);
} cli_command;

/* All commands, in the order of the help. */
extern const cli_command *const cli_commands[];
extern const size_t cli_commands_count;

/* The whole program: finds the command, parses, runs. Returns the exit code. */
int cli_main(int argc, char **argv);

/* The name nearest to `word` among the commands, or NULL when none is near. `noun` NULL: first words. */
const char *cli_nearest(mst_arena *arena, const char *word, const char *noun);

/* Says what went wrong and (advice not NULL) what to do; returns CLI_FAILED, CLI_USAGE or CLI_UNREACHABLE. */
int cli_fail(cli *self, const char *advice, const char *format, ...) MST_PRINTF(3, 4);
int cli_misused(cli *self, const char *advice, const char *format, ...) MST_PRINTF(3, 4);
int cli_unreachable(cli *self, const char *advice, const char *format, ...) MST_PRINTF(3, 4);
/* A remark beside the result, on standard error: "note: ...". */
void cli_note(cli *self, const char *format, ...) MST_PRINTF(2, 3);

/* Opens self->link unless it is open. CLI_DONE or the exit code, with the reason said. */
int cli_connect(cli *self);

/* One call; gives the answer's message (in self->arena), or NULL with what went wrong said and *exit_code set. */
const void *cli_call(cli *self, const char *service, const char *key, const ProtobufCMessage *argument,
                     const uint8_t *command_id, const ProtobufCMessageDescriptor *expected, int *exit_code);
/* The same, with the answer's memory from `arena`. */
const void *cli_call_in(cli *self, mst_arena *arena, const char *service, const char *key,
                        const ProtobufCMessage *argument, const uint8_t *command_id,
                        const ProtobufCMessageDescriptor *expected, int *exit_code);
/* Says why a call failed and gives the exit code for it. */
int cli_call_failed(cli *self, const char *service, mst_status status, const mst_answer *answer);

#define CLI_MAX_UNSET UINT64_MAX /* default of an option --max */
/* How many to show: as given (0: all); not given: 50 for people, all for scripts. */
uint64_t cli_max(const cli *self, uint64_t given);

/* Path of a program beside this one: "muster-broker". */
const char *cli_program_beside(cli *self, const char *name);
/* Replaces this process; returns only when that failed. */
int cli_exec(cli *self, const char *name, const char *const *args, size_t args_count);

#endif
