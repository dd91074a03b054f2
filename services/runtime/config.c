/* config.c - see config.h. The only user of libcyaml among the services. */
#include "services/runtime/config.h"
#include <argp.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX 65536 /* bytes of a configuration file */

/* What a file may say; every setting may be left out. */
typedef struct config_file {
    char *data;
    uint32_t *instance;
    char *endpoint, *key, *server_key, *log;
    uint32_t *inputs, *snapshot_events;
} config_file;

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("data", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, data, 1, 4096),
    CYAML_FIELD_UINT_PTR("instance", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, instance),
    CYAML_FIELD_STRING_PTR("endpoint", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, endpoint, 1, 4096),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, key, 1, 4096),
    CYAML_FIELD_STRING_PTR("server_key", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, server_key, 1, 4096),
    CYAML_FIELD_STRING_PTR("log", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, log, 1, 16),
    CYAML_FIELD_UINT_PTR("inputs", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, inputs),
    CYAML_FIELD_UINT_PTR("snapshot_events", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, config_file, snapshot_events),
    CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, config_file, file_fields),
};

static void
print_problem(cyaml_log_t level, void *context, const char *format, va_list args)
{
    if (level < CYAML_LOG_ERROR)
        return;
    fprintf(stderr, "%s: ", (const char *)context);
    vfprintf(stderr, format, args);
}

static void
take_text(mst_config *config, char **setting, const char *value)
{
    if (value && !*setting)
        *setting = mst_arena_strdup(config->arena, value);
}

static void
take_number(uint32_t *setting, const uint32_t *value)
{
    if (value && !*setting)
        *setting = *value;
}

/* Fills in what the command line has left open. */
static mst_status
file_read(mst_config *config, const char *path)
{
    char text[FILE_SIZE_MAX];
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "cannot read the configuration %s: %s\n", path, strerror(errno));
        return MST_INVALID;
    }
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    if (size == sizeof text) {
        fprintf(stderr, "%s: larger than %d bytes, that is no configuration of muster\n", path, FILE_SIZE_MAX);
        return MST_INVALID;
    }
    cyaml_config_t how = {.log_fn = print_problem,
                          .log_ctx = (void *)path,
                          .mem_fn = cyaml_mem,
                          .log_level = CYAML_LOG_ERROR,
                          .flags = CYAML_CFG_NO_ALIAS};
    config_file *read = NULL;
    cyaml_err_t error = cyaml_load_data((const uint8_t *)text, size, &how, &file_schema, (cyaml_data_t **)&read, NULL);
    if (error != CYAML_OK) {
        fprintf(stderr, "%s: %s (deploy/config/ has a commented sample)\n", path, cyaml_strerror(error));
        return MST_INVALID;
    }
    if (read) {
        take_text(config, &config->data_dir, read->data);
        take_number(&config->instance, read->instance);
        take_text(config, &config->endpoint, read->endpoint);
        take_text(config, &config->key_file, read->key);
        take_text(config, &config->server_key, read->server_key);
        take_text(config, &config->log_level, read->log);
        take_number(&config->inputs_max, read->inputs);
        take_number(&config->snapshot_events, read->snapshot_events);
    }
    cyaml_free(&how, &file_schema, read, 0);
    return MST_OK;
}

/* Command line ---------------------------------------------------------------------------------------- */

enum { KEY_ENDPOINT = 256, KEY_CONFIG, KEY_KEY, KEY_SERVER_KEY, KEY_LOG, KEY_DUMP };

typedef struct command_line {
    mst_config *config;
    const char *file;
} command_line;

static error_t
take_option(int key, char *value, struct argp_state *state)
{
    command_line *line = state->input;
    mst_config *config = line->config;
    char *end = NULL;
    unsigned long number;
    switch (key) {
    case 'd': config->data_dir = mst_arena_strdup(config->arena, value); return 0;
    case 'i':
        number = strtoul(value, &end, 10);
        if (*end || number < 1 || number > 9999)
            argp_error(state, "--instance takes a number from 1 to 9999, not \"%s\"", value);
        config->instance = (uint32_t)number;
        return 0;
    case KEY_ENDPOINT: config->endpoint = mst_arena_strdup(config->arena, value); return 0;
    case KEY_CONFIG: line->file = value; return 0;
    case KEY_KEY: config->key_file = mst_arena_strdup(config->arena, value); return 0;
    case KEY_SERVER_KEY: config->server_key = mst_arena_strdup(config->arena, value); return 0;
    case KEY_LOG: config->log_level = mst_arena_strdup(config->arena, value); return 0;
    case KEY_DUMP: config->dump = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "\"%s\" is not an option", value); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void
defaults(mst_config *config)
{
    const char *data = getenv("MUSTER_DATA"), *home = getenv("HOME");
    if (!config->data_dir && data && *data)
        config->data_dir = mst_arena_strdup(config->arena, data);
    if (!config->data_dir)
        config->data_dir = mst_arena_printf(config->arena, "%s/.local/share/muster", home ? home : "");
    if (!config->instance)
        config->instance = 1;
    if (!config->log_level)
        config->log_level = mst_arena_strdup(config->arena, "info");
}

mst_log_level
mst_config_log_level(const mst_config *config)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(config->log_level, names[i]) == 0)
            return (mst_log_level)i;
    return MST_LOG_INFO;
}

mst_status
mst_config_read(mst_config *config, const char *name, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"data", 'd', "DIR", 0, "data directory of the system (default $MUSTER_DATA)", 0},
        {"instance", 'i', "N", 0, "number of this instance (default 1)", 0},
        {"endpoint", KEY_ENDPOINT, "E", 0, "where the broker is: ipc:///path or tcp://host:port", 0},
        {"config", KEY_CONFIG, "FILE", 0, "settings in YAML; the command line wins", 0},
        {"key", KEY_KEY, "FILE", 0, "secret key of this client, for tcp", 0},
        {"server-key", KEY_SERVER_KEY, "KEY", 0, "the broker's public key or a file with it, for tcp", 0},
        {"log", KEY_LOG, "LEVEL", 0, "debug, info, warn or error (default info)", 0},
        {"dump", KEY_DUMP, NULL, 0, "print hashes of what this instance has stored, and exit", 0},
        {0}};
    char about[64];
    snprintf(about, sizeof about, "muster-%s: one of muster's services.", name);
    const struct argp argp = {.options = options, .parser = take_option, .doc = about};
    *config = (mst_config){.arena = mst_arena_new(0)};
    command_line line = {.config = config};
    argp_program_version = "muster " MUSTER_VERSION;
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &line))
        return MST_INVALID;
    mst_status rc = line.file ? file_read(config, line.file) : MST_OK;
    defaults(config);
    if (rc == MST_OK && config->inputs_max > 64) {
        fprintf(stderr, "inputs: at most 64 at once\n");
        rc = MST_INVALID;
    }
    return rc;
}

void
mst_config_release(mst_config *config)
{
    mst_arena_destroy(&config->arena);
}
