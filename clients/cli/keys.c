/* keys.c - see keys.h; and the commands muster key. */
#include "keys.h"

#include "commands.h"
#include "document.h"
#include "instance.h"
#include "print.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE_MAX 512u /* bytes of a line in a key file */
#define NAME_SIZE_MAX 63u  /* bytes in the name of a principal */

static const char Z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

void
keys_z85(const uint8_t key[32], char text[KEYS_TEXT_SIZE + 1])
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = (uint32_t)key[4 * i] << 24 | (uint32_t)key[4 * i + 1] << 16 | (uint32_t)key[4 * i + 2] << 8 |
                        (uint32_t)key[4 * i + 3];
        for (size_t digit = 5; digit-- > 0; word /= 85)
            text[5 * i + digit] = Z85[word % 85];
    }
    text[KEYS_TEXT_SIZE] = 0;
}

bool
keys_z85_ok(const char *text)
{
    return strlen(text) == KEYS_TEXT_SIZE && strspn(text, Z85) == KEYS_TEXT_SIZE;
}

/* The first line of 40 characters in a key file; # begins a remark. */
static bool
read_key(const char *path, char key[KEYS_TEXT_SIZE + 1])
{
    FILE *file = fopen(path, "re");
    char line[LINE_SIZE_MAX];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, " \t\r\n")] = 0;
        found = line[0] != '#' && keys_z85_ok(line);
        if (found)
            memcpy(key, line, KEYS_TEXT_SIZE + 1);
    }
    if (file != NULL)
        fclose(file);
    sodium_memzero(line, sizeof line);
    return found;
}

/* Creates a file that must not exist yet, with all of `text` on disk. */
static int
write_new(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -1;
    size_t size = strlen(text);
    int rc = fchmod(fd, mode) == 0 && write(fd, text, size) == (ssize_t)size && fsync(fd) == 0 ? 0 : -1;
    int error = errno;
    close(fd);
    if (rc != 0)
        unlink(path);
    errno = error;
    return rc;
}

/* Makes a pair: `secret_path` (0600) and `public_path`. */
static int
make_pair(cli *self, const char *name, const char *secret_path, const char *public_path, char public_text[41])
{
    uint8_t public_key[crypto_box_PUBLICKEYBYTES], secret_key[crypto_box_SECRETKEYBYTES];
    char secret_text[KEYS_TEXT_SIZE + 1];
    if (sodium_init() < 0)
        return cli_fail(self, NULL, "no source of random numbers");
    crypto_box_keypair(public_key, secret_key);
    keys_z85(public_key, public_text);
    keys_z85(secret_key, secret_text);
    char secret_file[256];
    snprintf(secret_file, sizeof secret_file, "# muster secret key of %s: never give it away\n%s\n", name, secret_text);
    int rc = write_new(secret_path, secret_file, 0600);
    sodium_memzero(secret_key, sizeof secret_key);
    sodium_memzero(secret_text, sizeof secret_text);
    sodium_memzero(secret_file, sizeof secret_file);
    if (rc != 0)
        return cli_fail(self, errno == EEXIST ? "choose another name, or remove the old key first" : NULL,
                        "cannot write %s: %s", secret_path, strerror(errno));
    const char *public_file = mst_arena_printf(self->arena, "# muster public key of %s\n%s\n", name, public_text);
    unlink(public_path);
    if (write_new(public_path, public_file, 0644) != 0) {
        int error = errno;
        unlink(secret_path); // half a pair is of no use
        return cli_fail(self, NULL, "cannot write %s: %s", public_path, strerror(error));
    }
    return CLI_DONE;
}

static const char *
server_path(cli *self, const char *end)
{
    return mst_arena_printf(self->arena, "%s/broker/keys/server.%s", self->data_dir, end);
}

int
keys_server(cli *self)
{
    char public_text[KEYS_TEXT_SIZE + 1];
    int rc = instance_prepare(self);
    const char *dir = mst_arena_printf(self->arena, "%s/broker/keys", self->data_dir);
    if (rc != CLI_DONE)
        return rc;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return cli_fail(self, NULL, "cannot create %s: %s", dir, strerror(errno));
    if (access(server_path(self, "key"), F_OK) == 0)
        return CLI_DONE;
    return make_pair(self, "the broker", server_path(self, "key"), server_path(self, "pub"), public_text);
}

/* key new ------------------------------------------------------------------------------------------ */

typedef struct key_new_options {
    const char *out;
    bool server;
} key_new_options;

static bool
name_ok(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_SIZE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@/") == size;
}

static bool
service_name_ok(const char *name)
{
    static const char *const SERVICES[] = {"ingestion", "parsing", "matching", "discrepancy", "export", "notification"};
    size_t size = strcspn(name, "/");
    for (size_t i = 0; i < sizeof SERVICES / sizeof SERVICES[0]; i++)
        if (strlen(SERVICES[i]) == size && strncmp(SERVICES[i], name, size) == 0)
            return true;
    return false;
}

static int
run_key_new(cli *self, const void *given)
{
    const key_new_options *options = given;
    char public_text[KEYS_TEXT_SIZE + 1];
    if (options->server) {
        bool there = access(server_path(self, "key"), F_OK) == 0;
        int rc = keys_server(self);
        if (rc != CLI_DONE)
            return rc;
        if (!read_key(server_path(self, "pub"), public_text))
            return cli_fail(self, "stop the system, remove server.key beside it and do this again", "%s holds no key",
                            server_path(self, "pub"));
        if (self->json)
            document_print(json_pack("{s:s, s:s, s:b}", "public_key", public_text, "public_file",
                                     server_path(self, "pub"), "created", !there));
        else
            printf("%s\n  the broker's public key%s; clients name it with --server-key\n", public_text,
                   there ? " (there already)" : "");
        return CLI_DONE;
    }
    if (self->args_count != 1 || options->out == NULL)
        return cli_misused(self, "muster key new anna -o anna.key", "a name and -o FILE are needed");
    if (!name_ok(self->args[0]))
        return cli_misused(self, NULL, "\"%s\" is no name: letters, digits and . _ - @ / only, at most %u",
                           self->args[0], NAME_SIZE_MAX);
    const char *public_path = mst_arena_printf(self->arena, "%s.pub", options->out);
    int rc = make_pair(self, self->args[0], options->out, public_path, public_text);
    if (rc != CLI_DONE)
        return rc;
    if (self->json)
        document_print(json_pack("{s:s, s:s, s:s}", "secret_file", options->out, "public_file", public_path,
                                 "public_key", public_text));
    else
        printf("%s  the secret key: stays with %s\n%s  the public key: on the broker's host,\n"
               "  muster key authorise %s --role %s --name %s\n",
               options->out, self->args[0], public_path, public_path,
               service_name_ok(self->args[0]) ? "service" : "operator", self->args[0]);
    return CLI_DONE;
}

static const cli_option KEY_NEW_OPTIONS[] = {
    {"output", 'o', "FILE", "where the secret key goes; the public key goes to FILE.pub", CLI_TEXT,
     offsetof(key_new_options, out)},
    {"server", 0, NULL, "make the broker's own key, unless there is one, and print its public half", CLI_FLAG,
     offsetof(key_new_options, server)},
    {0},
};

const cli_command key_new_command = {
    .name = "key new",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "Make a key pair for a client or a service on another host",
    .text = "The secret key is readable by you alone. An existing file is never overwritten.",
    .options = KEY_NEW_OPTIONS,
    .options_size = sizeof(key_new_options),
    .run = run_key_new,
};

/* authorised keys ---------------------------------------------------------------------------------- */

typedef struct authorised {
    const char *key, *role, *name;
} authorised;

static const char *
authorised_path(cli *self)
{
    return mst_arena_printf(self->arena, "%s/broker/authorised_keys", self->data_dir);
}

/* All entries; a file that is not there has none. */
static int
read_authorised(cli *self, authorised **list, size_t *count)
{
    *count = 0;
    *list = mst_arena_alloc(self->arena, sizeof **list);
    FILE *file = fopen(authorised_path(self), "re");
    if (file == NULL && errno == ENOENT)
        return CLI_DONE;
    if (file == NULL)
        return cli_fail(self, "run this on the broker's host as the user who started the system", "cannot read %s: %s",
                        authorised_path(self), strerror(errno));
    char line[LINE_SIZE_MAX];
    size_t room = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line, *key = strsep(&rest, " \t\r\n"), *role = strsep(&rest, " \t\r\n"),
             *name = strsep(&rest, " \t\r\n");
        if (key[0] == '#' || key[0] == 0 || role == NULL || name == NULL)
            continue;
        if (*count == room) {
            room = room == 0 ? 16 : 2 * room;
            authorised *more = mst_arena_alloc(self->arena, room * sizeof *more);
            memcpy(more, *list, *count * sizeof *more);
            *list = more;
        }
        (*list)[(*count)++] = (authorised){mst_arena_strdup(self->arena, key), mst_arena_strdup(self->arena, role),
                                           mst_arena_strdup(self->arena, name)};
    }
    fclose(file);
    return CLI_DONE;
}

static int
write_authorised(cli *self, const authorised *list, size_t count)
{
    const char *path = authorised_path(self);
    const char *fresh = mst_arena_printf(self->arena, "%s.new", path);
    FILE *file = fopen(fresh, "we");
    if (file != NULL)
        fputs("# who may use the broker over tcp: public key, role (service, operator, observer), name\n", file);
    for (size_t i = 0; file != NULL && i < count; i++)
        fprintf(file, "%s %s %s\n", list[i].key, list[i].role, list[i].name);
    bool good = file != NULL && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    if (!good || rename(fresh, path) != 0)
        return cli_fail(self, "run this on the broker's host as the user who started the system", "cannot write %s: %s",
                        path, strerror(errno));
    return CLI_DONE;
}

typedef struct key_authorise_options {
    const char *role, *name;
} key_authorise_options;

static int
run_key_authorise(cli *self, const void *given)
{
    const key_authorise_options *options = given;
    const char *role = options->role == NULL ? "operator" : options->role;
    if (strcmp(role, "service") != 0 && strcmp(role, "operator") != 0 && strcmp(role, "observer") != 0)
        return cli_misused(self, "roles are service (a worker), operator (commands), observer (only looks)",
                           "\"%s\" is no role", role);
    if (options->name == NULL || !name_ok(options->name))
        return cli_misused(self, "who is it? for example --name anna, or for a worker --name parsing/2",
                           "a name is needed: letters, digits and . _ - @ / only, at most %u", NAME_SIZE_MAX);
    if (strcmp(role, "service") == 0 && !service_name_ok(options->name))
        return cli_misused(self, "--name parsing/2 for that one instance, --name parsing for any number",
                           "a service's key is for its own name; \"%s\" is no service", options->name);
    authorised entry = {.role = role, .name = options->name};
    char key[KEYS_TEXT_SIZE + 1];
    if (!read_key(self->args[0], key))
        return cli_fail(self, "name the .pub file that muster key new wrote", "%s: %s", self->args[0],
                        access(self->args[0], R_OK) != 0 ? strerror(errno) : "holds no public key of 40 characters");
    entry.key = key;
    int rc = instance_prepare(self);
    authorised *list;
    size_t count;
    if (rc == CLI_DONE)
        rc = read_authorised(self, &list, &count);
    if (rc != CLI_DONE)
        return rc;
    authorised *all = mst_arena_alloc(self->arena, (count + 1) * sizeof *all);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].key, key) != 0)
            all[kept++] = list[i];
    all[kept++] = entry;
    rc = write_authorised(self, all, kept);
    if (rc == CLI_DONE && self->json)
        document_print(json_pack("{s:s, s:s, s:s}", "key", key, "role", role, "name", options->name));
    else if (rc == CLI_DONE)
        printf("%s may connect as %s\n", options->name, role);
    return rc;
}

static const cli_option KEY_AUTHORISE_OPTIONS[] = {
    {"role", 0, "ROLE", "service, operator (default) or observer", CLI_TEXT, offsetof(key_authorise_options, role)},
    {"name", 0, "NAME", "who it is: a person, or for a worker parsing/2", CLI_TEXT,
     offsetof(key_authorise_options, name)},
    {0},
};

const cli_command key_authorise_command = {
    .name = "key authorise",
    .args = "FILE.pub",
    .args_min = 1,
    .args_max = 1,
    .summary = "Let the holder of a key use the broker over tcp",
    .text = "Run it on the broker's host. The broker takes it up within a second, without a restart.",
    .options = KEY_AUTHORISE_OPTIONS,
    .options_size = sizeof(key_authorise_options),
    .run = run_key_authorise,
};

static int
run_key_revoke(cli *self, const void *given)
{
    (void)given;
    authorised *list;
    size_t count, kept = 0;
    int rc = read_authorised(self, &list, &count);
    if (rc != CLI_DONE)
        return rc;
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, self->args[0]) != 0 && strcmp(list[i].key, self->args[0]) != 0)
            list[kept++] = list[i];
    if (kept == count)
        return cli_fail(self, "muster key list shows them", "no key of \"%s\" is authorised", self->args[0]);
    rc = write_authorised(self, list, kept);
    if (rc == CLI_DONE && self->json)
        document_print(json_pack("{s:s, s:i}", "name", self->args[0], "revoked", (int)(count - kept)));
    else if (rc == CLI_DONE)
        printf("%s of %s revoked\n", print_plural(self->arena, count - kept, "key", "keys"), self->args[0]);
    return rc;
}

const cli_command key_revoke_command = {
    .name = "key revoke",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Take that back: all keys of a name, or one key",
    .run = run_key_revoke,
};

static int
run_key_list(cli *self, const void *given)
{
    (void)given;
    authorised *list;
    size_t count;
    int rc = read_authorised(self, &list, &count);
    if (rc != CLI_DONE)
        return rc;
    if (self->json) {
        for (size_t i = 0; i < count; i++)
            document_line(json_pack("{s:s, s:s, s:s}", "key", list[i].key, "role", list[i].role, "name", list[i].name));
        return CLI_DONE;
    }
    if (count == 0) {
        printf("no keys are authorised: the broker answers on this machine only\n");
        return CLI_DONE;
    }
    static const char *const HEADINGS[] = {"<NAME", "<ROLE", "<PUBLIC KEY", NULL};
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < count; i++) {
        print_table_cell(table, list[i].name);
        print_table_cell(table, list[i].role);
        print_table_cell(table, list[i].key);
    }
    print_table_print(table, stdout);
    return CLI_DONE;
}

const cli_command key_list_command = {
    .name = "key list",
    .summary = "Who may use the broker over tcp",
    .text = "With --json one key a line.",
    .run = run_key_list,
};
