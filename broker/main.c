/* main.c - muster-broker: keeps the log and brings what stands in it to whoever works with it. */
#include "inspect.h"
#include "lib/log.h"
#include "shell.h"
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RESERVE_MIB_DEFAULT 256u
#define RESERVE_MIB_MAX 1048576u
#define LEASE_MS_MIN 100u
#define LEASE_MS_MAX 600000u
#define EXIT_USAGE 2

enum { OPTION_NO_SYNC = 1000, OPTION_VERIFY, OPTION_STATS, OPTION_JSON, OPTION_RESERVE, OPTION_LEASE };

typedef struct arguments {
    mst_shell_options shell;
    bool verify, stats, json;
} arguments;

static const struct argp_option OPTIONS[] = {
    {"data", 'd', "DIR", 0, "the data directory (MUSTER_DATA, or ~/.local/share/muster)", 0},
    {"listen", 'l', "tcp://ADDR:PORT", 0, "also answer authorised keys on the network", 0},
    {"reserve-mib", OPTION_RESERVE, "MIB", 0, "disk space kept free; below it new work is refused (256)", 0},
    {"lease-ms", OPTION_LEASE, "MS", 0, "a session silent for so long loses its work (10000)", 0},
    {"no-sync", OPTION_NO_SYNC, NULL, 0, "do not wait for the disk: a power cut loses what was answered", 0},
    {"verify", OPTION_VERIFY, NULL, 0, "do not run: check whether the log is whole", 0},
    {"stats", OPTION_STATS, NULL, 0, "do not run: count what is in the log", 0},
    {"json", OPTION_JSON, NULL, 0, "verify and stats print one JSON object", 0},
    {0},
};

static uint32_t
number(struct argp_state *state, const char *text, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || *text == '-' || value < min || value > max)
        argp_error(state, "%s is not a number from %u to %u", text, min, max);
    return (uint32_t)value;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
    arguments *args = state->input;
    switch (key) {
    case 'd': args->shell.data_dir = text; break;
    case 'l':
        if (strncmp(text, "tcp://", 6) != 0)
            argp_error(state, "--listen needs tcp://ADDR:PORT");
        args->shell.listen = text;
        break;
    case OPTION_RESERVE: args->shell.reserve = (uint64_t)number(state, text, 0, RESERVE_MIB_MAX) << 20; break;
    case OPTION_LEASE: args->shell.lease_ms = number(state, text, LEASE_MS_MIN, LEASE_MS_MAX); break;
    case OPTION_NO_SYNC: args->shell.sync = false; break;
    case OPTION_VERIFY: args->verify = true; break;
    case OPTION_STATS: args->stats = true; break;
    case OPTION_JSON: args->json = true; break;
    case ARGP_KEY_ARG: argp_error(state, "%s was not expected", text); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const char *
default_data_dir(void)
{
    static char path[4096];
    const char *given = getenv("MUSTER_DATA"), *home = getenv("HOME");
    if (given != NULL && given[0] != '\0')
        return given;
    snprintf(path, sizeof path, "%s/.local/share/muster", home != NULL ? home : ".");
    return path;
}

int
main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = OPTIONS, .parser = parse, .doc = "muster-broker: the log of muster, and the way to it."};
    arguments args = {.shell = {.sync = true, .reserve = (uint64_t)RESERVE_MIB_DEFAULT << 20}};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &args) != 0)
        return EXIT_USAGE;
    if (args.shell.data_dir == NULL)
        args.shell.data_dir = default_data_dir();
    umask(077);
    mst_log_init("broker", MST_LOG_INFO);
    if (args.verify)
        return mst_inspect_verify(args.shell.data_dir, args.json);
    if (args.stats)
        return mst_inspect_stats(args.shell.data_dir, args.json);
    return mst_shell_run(&args.shell);
}
