/* cli.c - from the command line to the command: see cli.h. */
#include "cli.h"
#include "help.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the parsers share; `options` is the command's own struct. */
typedef struct parse {
    cli *self;
    const cli_command *command;
    void *options;
    int word_at; /* first word that is no option, 0 none; for the parse before the command */
} parse;

enum { KEY_DATA = 1000, KEY_JSON, KEY_ENDPOINT, KEY_KEY, KEY_SERVER_KEY, KEY_OPTION };

static const struct argp_option COMMON_OPTIONS[] = {
    {NULL, 0, NULL, 0, "Common options:", 90},
    {"data", KEY_DATA, "DIR", 0, "data directory (default: MUSTER_DATA or ~/.local/share/muster)", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON document, or one a line for lists and streams that can be long", 0},
    {"endpoint", KEY_ENDPOINT, "ADDR", 0, "a broker elsewhere, tcp://HOST:PORT; needs --key and --server-key", 0},
    {"key", KEY_KEY, "FILE", 0, "secret key of this client (muster key new)", 0},
    {"server-key", KEY_SERVER_KEY, "KEY", 0, "the broker's public key, or a file that holds it", 0},
    {0},
};

static error_t
parse_common(int key, char *arg, struct argp_state *state)
{
    parse *parsed = state->input;
    switch (key) {
    case KEY_DATA: parsed->self->data_dir = arg; return 0;
    case KEY_JSON: parsed->self->json = true; return 0;
    case KEY_ENDPOINT: parsed->self->endpoint = arg; return 0;
    case KEY_KEY: parsed->self->key_file = arg; return 0;
    case KEY_SERVER_KEY: parsed->self->server_key = arg; return 0;
    case ARGP_KEY_INIT:
    case ARGP_KEY_NO_ARGS:
    case ARGP_KEY_END:
    case ARGP_KEY_SUCCESS:
    case ARGP_KEY_ERROR:
    case ARGP_KEY_FINI:
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp COMMON = {.options = COMMON_OPTIONS, .parser = parse_common};
static const struct argp_child COMMON_CHILD[] = {{&COMMON, 0, NULL, 90}, {0}};

/* Before the command: options for all, up to the first word. */
static error_t
parse_first(int key, char *arg, struct argp_state *state)
{
    parse *parsed = state->input;
    (void)arg;
    switch (key) {
    case 'h': help_all(stdout); exit(CLI_DONE);
    case 'V': printf("muster %s\n", MUSTER_VERSION); exit(CLI_DONE);
    case ARGP_KEY_INIT: state->child_inputs[0] = parsed; return 0;
    case ARGP_KEY_ARG:
        parsed->word_at = state->next - 1;
        state->next = state->argc;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void
take_number(struct argp_state *state, const cli_option *option, const char *arg, uint64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(arg, &end, 10);
    if (*arg < '0' || *arg > '9' || *end != 0 || errno != 0)
        argp_error(state, "--%s: \"%s\" is no number; give a whole number of 0 or more", option->name, arg);
    *number = value;
}

static void
take_option(struct argp_state *state, const parse *parsed, const cli_option *option, const char *arg)
{
    char *at = (char *)parsed->options + option->offset;
    switch (option->kind) {
    case CLI_FLAG: *(bool *)at = true; return;
    case CLI_TEXT: *(const char **)at = arg; return;
    case CLI_NUMBER: take_number(state, option, arg, (uint64_t *)at); return;
    case CLI_LIST: {
        cli_list *list = (cli_list *)at;
        if (list->items == NULL)
            list->items = mst_arena_alloc(parsed->self->arena, CLI_LIST_MAX * sizeof *list->items);
        if (list->count == CLI_LIST_MAX)
            argp_error(state, "--%s is given more than %u times", option->name, CLI_LIST_MAX);
        list->items[list->count++] = arg;
    }
    }
}

static error_t
parse_command(int key, char *arg, struct argp_state *state)
{
    parse *parsed = state->input;
    const cli_command *command = parsed->command;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = parsed;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        if (parsed->self->args_count == command->args_max)
            argp_error(state, "\"%s\" is one argument too many", arg);
        parsed->self->args[parsed->self->args_count++] = arg;
        return 0;
    }
    if (key == ARGP_KEY_END) {
        if (parsed->self->args_count < command->args_min)
            argp_error(state, "an argument is missing; wanted: %s", command->args);
        return 0;
    }
    for (size_t i = 0; command->options != NULL && command->options[i].name != NULL; i++) {
        const cli_option *option = &command->options[i];
        if (key == (option->letter != 0 ? option->letter : KEY_OPTION + (int)i)) {
            take_option(state, parsed, option, arg);
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

/* The table's options as argp wants them. */
static struct argp_option *
options_of(mst_arena *arena, const cli_command *command)
{
    size_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL)
        count++;
    struct argp_option *options = mst_arena_alloc(arena, (count + 1) * sizeof *options);
    for (size_t i = 0; i < count; i++) {
        const cli_option *option = &command->options[i];
        options[i].name = option->name;
        options[i].key = option->letter != 0 ? option->letter : KEY_OPTION + (int)i;
        options[i].arg = option->arg;
        options[i].doc = option->text;
        if (option->text == NULL)
            options[i].flags = OPTION_HIDDEN;
    }
    return options;
}

/* The data directory as an absolute path, so that it means the same to the programs started from here. */
static const char *
absolute_path(mst_arena *arena, const char *path)
{
    char here[PATH_MAX];
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
        return path;
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return mst_arena_printf(arena, "%s/%s", here, path);
}

static void
find_data_dir(cli *self)
{
    if (self->data_dir == NULL)
        self->data_dir = getenv("MUSTER_DATA");
    if (self->data_dir == NULL || self->data_dir[0] == 0) {
        const char *home = getenv("HOME");
        self->data_dir = mst_arena_printf(self->arena, "%s/.local/share/muster", home == NULL ? "" : home);
    }
    char *path = mst_arena_strdup(self->arena, absolute_path(self->arena, self->data_dir));
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
        path[length - 1] = 0;
    self->data_dir = path;
}

static int
run_command(cli *self, const cli_command *command, int argc, char **argv)
{
    parse parsed = {.self = self, .command = command};
    self->command = command->name;
    self->args = mst_arena_alloc(self->arena, (command->args_max + 1) * sizeof *self->args);
    parsed.options = mst_arena_alloc(self->arena, command->options_size + 1);
    if (command->defaults != NULL)
        memcpy(parsed.options, command->defaults, command->options_size);
    struct argp argp = {
        .options = options_of(self->arena, command),
        .parser = parse_command,
        .args_doc = command->args,
        .doc = help_text(self->arena, command),
        .children = COMMON_CHILD,
    };
    argv[0] = mst_arena_printf(self->arena, "muster %s", command->name);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parsed);
    find_data_dir(self);
    int rc = command->run(self, parsed.options);
    mst_link_close(&self->link);
    if (fflush(stdout) != 0 && rc == CLI_DONE)
        rc = cli_fail(self, "is the disk full, or was the reader of the pipe ended?", "could not write the output");
    return rc;
}

static int
unknown_command(cli *self, const char *word, const char *noun)
{
    const char *nearest = cli_nearest(self->arena, word, noun);
    fprintf(stderr, "muster: there is no command \"%s%s%s\"", noun == NULL ? "" : noun, noun == NULL ? "" : " ", word);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean \"muster %s\"?\n", nearest);
    else
        fprintf(stderr, "; muster help lists them\n");
    return CLI_USAGE;
}

static int
run_words(cli *self, int argc, char **argv)
{
    const char *noun = argv[0];
    if (strcmp(noun, "help") == 0)
        return help_words(argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL);
    size_t noun_length = strlen(noun);
    bool known = false;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const cli_command *command = cli_commands[i];
        if (strcmp(command->name, noun) == 0)
            return run_command(self, command, argc, argv);
        if (strncmp(command->name, noun, noun_length) != 0 || command->name[noun_length] != ' ')
            continue;
        known = true;
        if (argc > 1 && strcmp(command->name + noun_length + 1, argv[1]) == 0)
            return run_command(self, command, argc - 1, argv + 1);
    }
    if (!known)
        return unknown_command(self, noun, NULL);
    if (argc == 1 || argv[1][0] == '-') {
        bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0);
        help_noun(noun, asked ? stdout : stderr);
        return asked ? CLI_DONE : CLI_USAGE;
    }
    return unknown_command(self, argv[1], noun);
}

int
cli_main(int argc, char **argv)
{
    static const struct argp_option FIRST_OPTIONS[] = {
        {"help", 'h', NULL, 0, "list the commands", 0},
        {"version", 'V', NULL, 0, "print the version", 0},
        {0},
    };
    const struct argp first = {.options = FIRST_OPTIONS, .parser = parse_first, .children = COMMON_CHILD};
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); // numbers in CSV and JSON have a point everywhere
    umask(077);
    argp_err_exit_status = CLI_USAGE;

    cli self = {.arena = mst_arena_new(0)};
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    self.program =
        mst_arena_strndup(self.arena, length > 0 ? path : argv[0], length > 0 ? (size_t)length : strlen(argv[0]));
    parse parsed = {.self = &self};
    argv[0] = "muster";
    argp_parse(&first, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &parsed);
    int rc;
    if (parsed.word_at == 0) {
        help_all(stderr);
        rc = CLI_USAGE;
    } else {
        rc = run_words(&self, argc - parsed.word_at, argv + parsed.word_at);
    }
    mst_arena_destroy(&self.arena);
    return rc;
}
