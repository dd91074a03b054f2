/* keys.c - see keys.h. */
#include "keys.h"

#include "lib/arena.h"
#include "lib/log.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

typedef struct authorised {
    char key[MST_KEY_TEXT_SIZE + 1];
    mst_principal principal;
} authorised;

struct mst_keys {
    char *path; /* of authorised_keys */
    char secret[MST_KEY_TEXT_SIZE + 1], public[MST_KEY_TEXT_SIZE + 1];
    struct timespec modified;
    off_t size;
    ino_t inode;
    authorised *list;
    size_t count;
};

static mst_status
read_secret(const char *path, char secret[MST_KEY_TEXT_SIZE + 1], char why[512])
{
    FILE *file = fopen(path, "re");
    struct stat info;
    char line[256];
    mst_status rc = MST_INVALID;
    if (file == NULL) {
        snprintf(why, 512,
                 "tcp needs the broker's key, and %.300s cannot be read (%s): make it with muster key new "
                 "--server",
                 path, strerror(errno));
        return MST_NOT_FOUND;
    }
    if (fstat(fileno(file), &info) != 0 || (info.st_mode & 077) != 0) {
        snprintf(why, 512, "others may read the secret key %.300s: chmod 600 it, or better make a new one", path);
        rc = MST_DENIED;
        goto out;
    }
    snprintf(why, 512, "%.300s holds no key of 40 characters (Z85)", path);
    while (rc != MST_OK && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '#' || strlen(line) != MST_KEY_TEXT_SIZE)
            continue;
        memcpy(secret, line, MST_KEY_TEXT_SIZE + 1);
        rc = MST_OK;
    }
    sodium_memzero(line, sizeof line);
out:
    fclose(file);
    return rc;
}

mst_status
mst_keys_open(mst_keys **out, const char *dir, char why[512])
{
    mst_keys *keys = mst_alloc(sizeof *keys);
    memset(keys, 0, sizeof *keys);
    size_t size = strlen(dir) + 32;
    char *secret_path = mst_alloc(size);
    keys->path = mst_alloc(size);
    snprintf(secret_path, size, "%s/keys/server.key", dir);
    snprintf(keys->path, size, "%s/authorised_keys", dir);
    mst_status rc = read_secret(secret_path, keys->secret, why);
    if (rc == MST_OK && zmq_curve_public(keys->public, keys->secret) != 0) {
        snprintf(why, 512, "%.300s holds no valid key", secret_path);
        rc = MST_INVALID;
    }
    free(secret_path);
    if (rc == MST_OK)
        mst_keys_refresh(keys);
    else
        mst_keys_close(&keys);
    *out = keys;
    return rc;
}

void
mst_keys_close(mst_keys **keys)
{
    if (*keys == NULL)
        return;
    sodium_memzero((*keys)->secret, sizeof(*keys)->secret);
    free((*keys)->path);
    free((*keys)->list);
    free(*keys);
    *keys = NULL;
}

const char *
mst_keys_secret(const mst_keys *keys)
{
    return keys->secret;
}

const char *
mst_keys_public(const mst_keys *keys)
{
    return keys->public;
}

/* One line; what cannot be understood authorises nobody. */
static void
read_line(mst_keys *keys, char *line, unsigned number)
{
    char *rest = line;
    const char *key = strsep(&rest, " \t\r\n");
    const char *role = rest == NULL ? NULL : strsep(&rest, " \t\r\n");
    const char *name = rest == NULL ? NULL : strsep(&rest, " \t\r\n");
    if (key[0] == '#' || key[0] == '\0')
        return;
    mst_role known = role == NULL ? MST_ROLE_NONE : mst_role_of(role);
    authorised *entry = &keys->list[keys->count];
    if (known == MST_ROLE_NONE || name == NULL || name[0] == '\0' || strlen(key) != MST_KEY_TEXT_SIZE ||
        strlen(name) >= sizeof entry->principal.name || keys->count == MST_KEYS_MAX) {
        mst_log(MST_LOG_WARN, "a line of authorised_keys is not understood and authorises nobody", "line=u",
                (uint64_t)number, NULL);
        return;
    }
    memset(entry, 0, sizeof *entry);
    memcpy(entry->key, key, MST_KEY_TEXT_SIZE);
    memcpy(entry->principal.name, name, strlen(name));
    entry->principal.role = known;
    keys->count++;
}

bool
mst_keys_refresh(mst_keys *keys)
{
    struct stat info;
    if (stat(keys->path, &info) != 0) {
        bool changed = keys->count > 0; // without the file nobody is authorised
        keys->count = 0;
        keys->inode = 0;
        return changed;
    }
    if (info.st_ino == keys->inode && info.st_size == keys->size && info.st_mtim.tv_sec == keys->modified.tv_sec &&
        info.st_mtim.tv_nsec == keys->modified.tv_nsec)
        return false;
    FILE *file = fopen(keys->path, "re");
    keys->count = 0;
    if (file == NULL)
        return true;
    if (keys->list == NULL)
        keys->list = mst_alloc(MST_KEYS_MAX * sizeof *keys->list);
    char line[512];
    for (unsigned number = 1; fgets(line, sizeof line, file) != NULL; number++)
        read_line(keys, line, number);
    fclose(file);
    keys->inode = info.st_ino;
    keys->size = info.st_size;
    keys->modified = info.st_mtim;
    mst_log(MST_LOG_INFO, "authorised keys read", "keys=u", (uint64_t)keys->count, NULL);
    return true;
}

const mst_principal *
mst_keys_find(const mst_keys *keys, const char *public_key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].key, public_key) == 0)
            return &keys->list[i].principal;
    return NULL;
}
