/* made_file.c - see made_file.h. */
#include "made_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTIAL "made" /* name of the partial in the store; batches are B1, B2 .. */

mst_status
made_file_open(made_file *file, const char *dir)
{
    char name[512];
    int size = snprintf(name, sizeof name, "%s/made-XXXXXX", dir);
    file->fd = size < 0 || (size_t)size >= sizeof name ? -1 : mkostemp(name, O_CLOEXEC);
    if (file->fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? MST_FULL : MST_IO;
    unlink(name);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
    return MST_OK;
}

void
made_file_close(made_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* Calls `take` with each range of the file. */
static mst_status
each_range(int fd, uint8_t *buffer, mst_status (*take)(void *context, const uint8_t *data, size_t size), void *context)
{
    for (off_t at = 0;;) {
        ssize_t got = pread(fd, buffer, BLOB_RANGE_MAX, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? MST_OK : MST_IO;
        mst_status rc = take(context, buffer, (size_t)got);
        if (rc != MST_OK)
            return rc;
        at += got;
    }
}

static mst_status
hash_range(void *context, const uint8_t *data, size_t size)
{
    mst_hash_add(context, data, size);
    return MST_OK;
}

static mst_status
put_range(void *context, const uint8_t *data, size_t size)
{
    blobs *store = context;
    return store->ops->put(store, PARTIAL, data, size);
}

mst_status
made_file_keep(const made_file *file, blobs *store, uint8_t sha256[MST_HASH_SIZE], uint64_t *size)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0)
        return MST_IO;
    *size = (uint64_t)info.st_size;
    uint8_t *buffer = mst_alloc(BLOB_RANGE_MAX);
    mst_hash *hash = mst_hash_new();
    uint64_t present;
    mst_status rc = each_range(file->fd, buffer, hash_range, hash);
    mst_hash_take(hash, sha256);
    mst_hash_destroy(&hash);
    if (rc == MST_OK && (store->ops->size(store, sha256, &present) != MST_OK || present != *size)) {
        blob_upload upload = {.size = *size, .sha256_known = true};
        memcpy(upload.sha256, sha256, MST_HASH_SIZE);
        rc = store->ops->begin(store, PARTIAL, &upload);
        if (rc == MST_OK)
            rc = each_range(file->fd, buffer, put_range, store);
        if (rc == MST_OK)
            rc = store->ops->finish(store, PARTIAL, sha256);
        if (rc != MST_OK)
            store->ops->forget(store, PARTIAL);
    }
    free(buffer);
    return rc;
}
