/* link_way.c - see link_way.h. */
#include "link_way.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define ENDPOINT_PATH_MAX 107 /* bytes: sun_path without its NUL */

/* Where the broker is --------------------------------------------------------------------------------- */

static char *
absolute_path(const char *path)
{
    char *found = realpath(path, NULL);
    if (found)
        return found;
    char here[4096];
    if (path[0] == '/' || !getcwd(here, sizeof here))
        return mst_strdup(path);
    char *joined = mst_alloc(strlen(here) + strlen(path) + 2);
    sprintf(joined, "%s/%s", here, path);
    return joined;
}

static char *
endpoint_below(mst_arena *arena, const char *data_dir, const char *name)
{
    char *dir = absolute_path(data_dir);
    char *path = mst_arena_printf(arena, "%s/run/%s", dir, name);
    if (strlen(path) > ENDPOINT_PATH_MAX) {
        uint8_t digest[MST_HASH_SIZE];
        char hex[2 * 12 + 1];
        mst_sha256(path, strlen(path), digest);
        mst_hex(digest, 12, hex);
        path = mst_arena_printf(arena, "/tmp/muster-%s.sock", hex);
    }
    free(dir);
    return mst_arena_printf(arena, "ipc://%s", path);
}

char *
mst_link_endpoint_of(mst_arena *arena, const char *data_dir)
{
    const char *given = getenv("MUSTER_ENDPOINT");
    return given && *given ? mst_arena_strdup(arena, given) : endpoint_below(arena, data_dir, "bus.sock");
}

char *
mst_link_events_endpoint_of(mst_arena *arena, const char *data_dir)
{
    return endpoint_below(arena, data_dir, "events.sock");
}

/* Somebody else's socket in a place all may write to is not our broker. */
bool
mst_way_is_ours(const char *endpoint)
{
    struct stat info;
    if (strncmp(endpoint, "ipc:///tmp/muster-", 18) != 0 || lstat(endpoint + 6, &info) != 0)
        return true;
    return info.st_uid == geteuid() || info.st_uid == 0;
}

/* Keys ------------------------------------------------------------------------------------------------ */

/* The first word of 40 characters in a key file; lines that begin with # are for people. */
static mst_status
key_read(const char *path, bool secret, char key[MST_WAY_KEY_SIZE + 1], char why[256])
{
    mst_status rc = MST_INVALID;
    struct stat info;
    char text[512];
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(why, 256, "cannot read the key file %s: %s", path, strerror(errno));
        return MST_INVALID;
    }
    if (secret && (fstat(fileno(file), &info) || (info.st_mode & 077))) {
        snprintf(why, 256, "the key file %s can be read by others: chmod 600 it, or make a new key", path);
        goto out;
    }
    snprintf(why, 256, "the key file %s holds no key of %d characters", path, MST_WAY_KEY_SIZE);
    while (rc != MST_OK && fgets(text, sizeof text, file)) {
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] != '#' && strlen(text) == MST_WAY_KEY_SIZE) {
            memcpy(key, text, MST_WAY_KEY_SIZE + 1);
            why[0] = '\0';
            rc = MST_OK;
        }
    }
out:
    explicit_bzero(text, sizeof text);
    fclose(file);
    return rc;
}

mst_status
mst_way_keys(mst_way_curve *curve, const mst_link_options *options, char why[256])
{
    uint8_t raw[32];
    curve->used = strncmp(options->endpoint, "tcp://", 6) == 0;
    if (!curve->used)
        return MST_OK;
    if (!options->key_file || !options->server_key) {
        snprintf(why, 256, "%.120s needs a client key (--key) and the broker's public key (--server-key)",
                 options->endpoint);
        return MST_INVALID;
    }
    mst_status rc = key_read(options->key_file, true, curve->secret_key, why);
    if (rc == MST_OK && strlen(options->server_key) == MST_WAY_KEY_SIZE && access(options->server_key, F_OK) != 0)
        memcpy(curve->server_key, options->server_key, MST_WAY_KEY_SIZE + 1);
    else if (rc == MST_OK)
        rc = key_read(options->server_key, false, curve->server_key, why);
    if (rc == MST_OK &&
        (zmq_curve_public(curve->public_key, curve->secret_key) || !zmq_z85_decode(raw, curve->server_key))) {
        snprintf(why, 256, "a key is not well-formed: make it anew with \"muster key new\"");
        rc = MST_INVALID;
    }
    explicit_bzero(raw, sizeof raw);
    return rc;
}

/* Names ----------------------------------------------------------------------------------------------- */

char *
mst_way_operator(const char *given)
{
    if (given && *given)
        return mst_strdup(given);
    const struct passwd *user = getpwuid(geteuid());
    return mst_strdup(user ? user->pw_name : "unknown");
}

/* A tool's name gets a random end, so that two of them never share an epoch. */
char *
mst_way_producer(const char *given)
{
    uint8_t random[6];
    char hex[2 * sizeof random + 1];
    if (strchr(given, '/'))
        return mst_strdup(given);
    mst_random(random, sizeof random);
    mst_hex(random, sizeof random, hex);
    char *producer = mst_alloc(strlen(given) + sizeof hex + 1);
    sprintf(producer, "%s/%s", given, hex);
    return producer;
}
