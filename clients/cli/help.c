/* help.c - see help.h. */
#include "help.h"

#include <string.h>
#include <sys/param.h>

static void
print_command(const cli_command *command, FILE *stream)
{
    char usage[128];
    snprintf(usage, sizeof usage, "%s %s", command->name, command->args == NULL ? "" : command->args);
    if (strlen(usage) > 36)
        fprintf(stream, "  %s\n  %-36s  %s\n", usage, "", command->summary);
    else
        fprintf(stream, "  %-36s  %s\n", usage, command->summary);
}

void
help_all(FILE *stream)
{
    fputs("muster brings CSV files of people into a directory: every row exactly once, asking a person only where\n"
          "the machine is unsure.\n\nUsage: muster COMMAND [ARGUMENTS] [OPTIONS]\n\n",
          stream);
    char noun[32] = "";
    for (size_t i = 0; i < cli_commands_count; i++) {
        const cli_command *command = cli_commands[i];
        size_t length = strcspn(command->name, " ");
        bool pair = command->name[length] == ' ';
        if (i > 0 && pair && (strncmp(noun, command->name, length) != 0 || noun[length] != 0))
            fputc('\n', stream);
        snprintf(noun, sizeof noun, "%.*s", (int)length, command->name);
        print_command(command, stream);
    }
    fputs("\nmuster help COMMAND tells more about one of them. --json prints JSON, --data DIR (or MUSTER_DATA) names "
          "the\n"
          "data directory. Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 the system cannot be reached.\n",
          stream);
}

void
help_noun(const char *noun, FILE *stream)
{
    fprintf(stream, "Usage: muster %s COMMAND [ARGUMENTS] [OPTIONS]\n\n", noun);
    size_t length = strlen(noun);
    for (size_t i = 0; i < cli_commands_count; i++)
        if (strncmp(cli_commands[i]->name, noun, length) == 0 && cli_commands[i]->name[length] == ' ')
            print_command(cli_commands[i], stream);
}

int
help_words(const char *noun, const char *verb)
{
    if (noun == NULL) {
        help_all(stdout);
        return CLI_DONE;
    }
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", noun, verb == NULL ? "" : " ", verb == NULL ? "" : verb);
    size_t length = strlen(noun);
    for (size_t i = 0; i < cli_commands_count; i++) {
        const char *command = cli_commands[i]->name;
        if (strcmp(command, name) == 0) {
            char *argv[] = {"muster", (char *)noun, verb == NULL ? "--help" : (char *)verb, "--help", NULL};
            return cli_main(verb == NULL ? 3 : 4, argv);
        }
        if (verb == NULL && strncmp(command, noun, length) == 0 && command[length] == ' ') {
            help_noun(noun, stdout);
            return CLI_DONE;
        }
    }
    fprintf(stderr, "muster: there is no command \"%s\"; muster help lists them\n", name);
    return CLI_USAGE;
}

const char *
help_text(mst_arena *arena, const cli_command *command)
{
    // argp prints what stands before \v above the options, the rest below.
    return mst_arena_printf(arena, "%s.%s%s", command->summary, command->text == NULL ? "" : "\v",
                            command->text == NULL ? "" : command->text);
}

#define WORD_MAX 32u /* characters compared */

/* Damerau-Levenshtein distance (neighbours swapped count once) of the first WORD_MAX characters. */
static size_t
distance(const char *left, const char *right)
{
    size_t rows[WORD_MAX + 1][WORD_MAX + 1];
    size_t n = MIN(strlen(left), WORD_MAX), m = MIN(strlen(right), WORD_MAX);
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            size_t changed = rows[i - 1][j - 1] + (left[i - 1] != right[j - 1]);
            rows[i][j] = MIN(changed, 1 + MIN(rows[i - 1][j], rows[i][j - 1]));
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                rows[i][j] = MIN(rows[i][j], 1 + rows[i - 2][j - 2]);
        }
    }
    return rows[n][m];
}

const char *
cli_nearest(mst_arena *arena, const char *word, const char *noun)
{
    size_t best = strlen(word) / 3 + 2;
    const char *found = NULL;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const char *name = cli_commands[i]->name;
        size_t length = strcspn(name, " ");
        const char *compared = name;
        if (noun != NULL) {
            if (strncmp(name, noun, length) != 0 || noun[length] != 0 || name[length] == 0)
                continue;
            compared = name + length + 1;
        } else {
            compared = mst_arena_strndup(arena, name, length);
        }
        size_t d = distance(word, compared);
        // "bat" for "batch": what begins alike is near however much is missing.
        if (strlen(word) >= 3 && strncmp(word, compared, strlen(word)) == 0)
            d = 1;
        if (d < best) {
            best = d;
            found = noun != NULL ? name : compared;
        }
    }
    return found;
}
