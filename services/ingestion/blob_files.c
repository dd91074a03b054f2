/* blob_files.c - blobs on a disk; see blobs.h.
 *
 * A partial is two files: <batch>.part with the bytes and <batch>.meta with what was announced. The hash is computed
 * while bytes arrive; after a restart the partial is read once more. Bytes are handed to the disk as they come
 * (sync_file_range), so that the sync at the end has little left to do. */
#include "blobs.h"

#include "broker/lib/log.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define OPEN_UPLOADS_MAX 64u        /* partials held open; the one used longest ago gives way */
#define OPEN_BLOBS_MAX 16u          /* blobs held open for reading */
#define WRITEBACK_STEP (8ull << 20) /* bytes after which the disk is told to begin writing */
#define SYNC_STEP (256ull << 20)    /* bytes that a power cut may take back from an upload */
#define META_MAGIC "muster-upload-1"

typedef struct open_upload {
    char batch_id[32];
    int fd;
    mst_hash *hash; /* over the first `upload.offset` bytes; NULL until it is needed */
    uint64_t written_back, synced;
    uint64_t used; /* tick of last use */
    blob_upload upload;
} open_upload;

typedef struct open_blob {
    uint8_t sha256[MST_HASH_SIZE];
    int fd;
    uint64_t size;
    uint64_t used;
} open_blob;

typedef struct blob_files {
    blobs base;
    int dir_fd, partial_fd;
    uint64_t tick;
    open_upload uploads[OPEN_UPLOADS_MAX];
    open_blob open[OPEN_BLOBS_MAX];
} blob_files;

static blob_files *
files_of(blobs *base)
{
    return (blob_files *)base;
}

static mst_status
status_of_errno(int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return MST_FULL;
    return error == ENOENT ? MST_NOT_FOUND : MST_IO;
}

static void
name_of(const uint8_t sha256[MST_HASH_SIZE], char name[2 * MST_HASH_SIZE + 1])
{
    mst_hex(sha256, MST_HASH_SIZE, name);
}

static bool
has_room(const blob_files *self, uint64_t size)
{
    struct statvfs disk;
    if (fstatvfs(self->dir_fd, &disk) != 0)
        return true;
    return (uint64_t)disk.f_bavail * disk.f_frsize >= size + BLOB_DISK_RESERVE;
}

/* Partials --------------------------------------------------------------------------------------------- */

static void
upload_close(open_upload *slot)
{
    if (slot->batch_id[0] == '\0')
        return;
    close(slot->fd);
    mst_hash_destroy(&slot->hash);
    memset(slot, 0, sizeof *slot);
}

static open_upload *
upload_slot(blob_files *self)
{
    open_upload *oldest = &self->uploads[0];
    for (size_t i = 0; i < OPEN_UPLOADS_MAX; i++) {
        if (self->uploads[i].batch_id[0] == '\0')
            return &self->uploads[i];
        if (self->uploads[i].used < oldest->used)
            oldest = &self->uploads[i];
    }
    upload_close(oldest);
    return oldest;
}

static mst_status
write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return status_of_errno(errno);
        at += wrote;
        size -= (size_t)wrote;
    }
    return MST_OK;
}

/* Written beside, synced and renamed: a half-written description never counts. */
static mst_status
meta_write(const blob_files *self, const char *batch_id, const blob_upload *upload)
{
    char name[64], beside[64], hex[2 * MST_HASH_SIZE + 1] = "-", text[1400];
    snprintf(name, sizeof name, "%s.meta", batch_id);
    snprintf(beside, sizeof beside, "%s.meta-new", batch_id);
    if (upload->sha256_known)
        name_of(upload->sha256, hex);
    int size = snprintf(text, sizeof text, "%s\n%llu\n%s\n%s\n", META_MAGIC, (unsigned long long)upload->size, hex,
                        upload->file_name);
    assert(size > 0 && (size_t)size < sizeof text);
    int fd = openat(self->partial_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return status_of_errno(errno);
    mst_status rc = write_all(fd, text, (size_t)size);
    if (rc == MST_OK && fsync(fd) != 0)
        rc = status_of_errno(errno);
    close(fd);
    if (rc == MST_OK && renameat(self->partial_fd, beside, self->partial_fd, name) != 0)
        rc = status_of_errno(errno);
    if (rc != MST_OK)
        unlinkat(self->partial_fd, beside, 0);
    return rc;
}

static bool
hex_read(const char *hex, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return hex[2 * size] == '\0';
}

static mst_status
meta_read(const blob_files *self, const char *batch_id, blob_upload *upload)
{
    char name[64], text[1400];
    snprintf(name, sizeof name, "%s.meta", batch_id);
    int fd = openat(self->partial_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_of_errno(errno);
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return MST_NOT_FOUND;
    text[size] = '\0';
    memset(upload, 0, sizeof *upload);
    char *rest = text;
    const char *magic = strsep(&rest, "\n");
    const char *bytes = strsep(&rest, "\n");
    const char *hex = strsep(&rest, "\n");
    const char *file_name = strsep(&rest, "\n");
    if (file_name == NULL || rest == NULL || strcmp(magic, META_MAGIC) != 0)
        return MST_NOT_FOUND;
    upload->size = strtoull(bytes, NULL, 10);
    upload->sha256_known = hex_read(hex, upload->sha256, MST_HASH_SIZE);
    snprintf(upload->file_name, sizeof upload->file_name, "%s", file_name);
    return MST_OK;
}

/* Has the hash stand where the file does: after a restart what has arrived is read once more. */
static mst_status
hash_ready(open_upload *slot)
{
    static uint8_t buffer[1u << 20];
    uint64_t at = 0;
    if (slot->hash != NULL)
        return MST_OK;
    slot->hash = mst_hash_new();
    while (at < slot->upload.offset) {
        ssize_t got = pread(slot->fd, buffer, sizeof buffer, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            mst_hash_destroy(&slot->hash);
            return MST_IO;
        }
        mst_hash_add(slot->hash, buffer, (size_t)got);
        at += (uint64_t)got;
    }
    return MST_OK;
}

static mst_status
upload_open(blob_files *self, const char *batch_id, open_upload **found)
{
    for (size_t i = 0; i < OPEN_UPLOADS_MAX; i++)
        if (strcmp(self->uploads[i].batch_id, batch_id) == 0) {
            *found = &self->uploads[i];
            (*found)->used = ++self->tick;
            return MST_OK;
        }
    blob_upload upload;
    mst_status rc = meta_read(self, batch_id, &upload);
    if (rc != MST_OK)
        return rc;
    char name[64];
    snprintf(name, sizeof name, "%s.part", batch_id);
    int fd = openat(self->partial_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return status_of_errno(errno);
    struct stat info;
    if (fstat(fd, &info) != 0) {
        close(fd);
        return MST_IO;
    }
    upload.offset = (uint64_t)info.st_size > upload.size ? 0 : (uint64_t)info.st_size;
    open_upload *slot = upload_slot(self);
    snprintf(slot->batch_id, sizeof slot->batch_id, "%s", batch_id);
    slot->fd = fd;
    slot->upload = upload;
    slot->used = ++self->tick;
    *found = slot;
    return MST_OK;
}

static void
files_forget(blobs *base, const char *batch_id)
{
    blob_files *self = files_of(base);
    char name[64];
    for (size_t i = 0; i < OPEN_UPLOADS_MAX; i++)
        if (strcmp(self->uploads[i].batch_id, batch_id) == 0)
            upload_close(&self->uploads[i]);
    // The description goes first: without it the bytes are nothing.
    snprintf(name, sizeof name, "%s.meta", batch_id);
    unlinkat(self->partial_fd, name, 0);
    snprintf(name, sizeof name, "%s.part", batch_id);
    unlinkat(self->partial_fd, name, 0);
}

static mst_status
files_begin(blobs *base, const char *batch_id, const blob_upload *upload)
{
    blob_files *self = files_of(base);
    assert(strlen(batch_id) < sizeof self->uploads[0].batch_id);
    files_forget(base, batch_id);
    if (!has_room(self, upload->size))
        return MST_FULL;
    return meta_write(self, batch_id, upload);
}

static mst_status
files_look(blobs *base, const char *batch_id, blob_upload *upload)
{
    open_upload *slot;
    mst_status rc = upload_open(files_of(base), batch_id, &slot);
    if (rc == MST_OK)
        *upload = slot->upload;
    return rc;
}

static mst_status
files_put(blobs *base, const char *batch_id, const void *data, size_t size)
{
    blob_files *self = files_of(base);
    open_upload *slot;
    mst_status rc = upload_open(self, batch_id, &slot);
    if (rc == MST_OK)
        rc = hash_ready(slot);
    if (rc != MST_OK)
        return rc;
    uint64_t offset = slot->upload.offset;
    assert(offset + size <= slot->upload.size);
    if (!has_room(self, size))
        return MST_FULL;
    if (lseek(slot->fd, (off_t)offset, SEEK_SET) < 0)
        return MST_IO;
    rc = write_all(slot->fd, data, size);
    if (rc != MST_OK) {
        // What was written in part is cut off again, so that size on disk and hash agree.
        if (ftruncate(slot->fd, (off_t)offset) != 0)
            upload_close(slot);
        return rc;
    }
    mst_hash_add(slot->hash, data, size);
    slot->upload.offset = offset + size;
    if (slot->upload.offset - slot->written_back >= WRITEBACK_STEP) {
        sync_file_range(slot->fd, (off_t)slot->written_back, (off_t)(slot->upload.offset - slot->written_back),
                        SYNC_FILE_RANGE_WRITE);
        slot->written_back = slot->upload.offset;
    }
    if (slot->upload.offset - slot->synced >= SYNC_STEP) {
        if (fdatasync(slot->fd) != 0)
            return status_of_errno(errno);
        slot->synced = slot->upload.offset;
    }
    return MST_OK;
}

static mst_status
files_finish(blobs *base, const char *batch_id, uint8_t sha256[MST_HASH_SIZE])
{
    blob_files *self = files_of(base);
    open_upload *slot;
    mst_status rc = upload_open(self, batch_id, &slot);
    if (rc == MST_OK)
        rc = hash_ready(slot);
    if (rc != MST_OK)
        return rc;
    assert(slot->upload.offset == slot->upload.size);
    mst_hash_take(slot->hash, sha256);
    if (slot->upload.sha256_known && memcmp(sha256, slot->upload.sha256, MST_HASH_SIZE) != 0) {
        files_forget(base, batch_id);
        return MST_CORRUPT;
    }
    char name[64], blob[2 * MST_HASH_SIZE + 1];
    name_of(sha256, blob);
    snprintf(name, sizeof name, "%s.part", batch_id);
    bool synced =
        fsync(slot->fd) == 0 && renameat(self->partial_fd, name, self->dir_fd, blob) == 0 && fsync(self->dir_fd) == 0;
    int error = errno;
    upload_close(slot); // its hash was taken; a next attempt computes it again
    return synced ? MST_OK : status_of_errno(error);
}

static void
files_partials(blobs *base, void (*each)(void *context, const char *batch_id), void *context)
{
    blob_files *self = files_of(base);
    int fd = openat(self->partial_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || dot == NULL || dot - entry->d_name >= 32)
            continue;
        char batch_id[32];
        snprintf(batch_id, sizeof batch_id, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        each(context, batch_id);
    }
    closedir(dir);
}

/* Blobs ------------------------------------------------------------------------------------------------ */

static mst_status
blob_open(blob_files *self, const uint8_t sha256[MST_HASH_SIZE], open_blob **found)
{
    open_blob *slot = &self->open[0];
    for (size_t i = 0; i < OPEN_BLOBS_MAX; i++) {
        open_blob *at = &self->open[i];
        if (at->fd >= 0 && memcmp(at->sha256, sha256, MST_HASH_SIZE) == 0) {
            at->used = ++self->tick;
            *found = at;
            return MST_OK;
        }
        if (slot->fd >= 0 && (at->fd < 0 || at->used < slot->used))
            slot = at;
    }
    char name[2 * MST_HASH_SIZE + 1];
    name_of(sha256, name);
    int fd = openat(self->dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_of_errno(errno);
    struct stat info;
    if (fstat(fd, &info) != 0) {
        close(fd);
        return MST_IO;
    }
    if (slot->fd >= 0)
        close(slot->fd);
    memcpy(slot->sha256, sha256, MST_HASH_SIZE);
    slot->fd = fd;
    slot->size = (uint64_t)info.st_size;
    slot->used = ++self->tick;
    *found = slot;
    return MST_OK;
}

static mst_status
files_size(blobs *base, const uint8_t sha256[MST_HASH_SIZE], uint64_t *size)
{
    open_blob *blob;
    mst_status rc = blob_open(files_of(base), sha256, &blob);
    if (rc == MST_OK)
        *size = blob->size;
    return rc;
}

static mst_status
files_read(blobs *base, const uint8_t sha256[MST_HASH_SIZE], uint64_t offset, void *data, size_t size, size_t *got)
{
    open_blob *blob;
    mst_status rc = blob_open(files_of(base), sha256, &blob);
    if (rc != MST_OK)
        return rc;
    size_t filled = 0;
    while (filled < size) {
        ssize_t step = pread(blob->fd, (char *)data + filled, size - filled, (off_t)(offset + filled));
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return MST_IO;
        if (step == 0)
            break;
        filled += (size_t)step;
    }
    *got = filled;
    return MST_OK;
}

static void
files_close(blobs *base)
{
    blob_files *self = files_of(base);
    for (size_t i = 0; i < OPEN_UPLOADS_MAX; i++)
        upload_close(&self->uploads[i]);
    for (size_t i = 0; i < OPEN_BLOBS_MAX; i++)
        if (self->open[i].fd >= 0)
            close(self->open[i].fd);
    if (self->partial_fd >= 0)
        close(self->partial_fd);
    if (self->dir_fd >= 0)
        close(self->dir_fd);
    free(self);
}

static const blobs_ops FILE_OPS = {files_begin,    files_look, files_put,  files_finish, files_forget,
                                   files_partials, files_size, files_read, files_close};

mst_status
blobs_open_files(blobs **store, const char *dir)
{
    blob_files *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->base.ops = &FILE_OPS;
    for (size_t i = 0; i < OPEN_BLOBS_MAX; i++)
        self->open[i].fd = -1;
    self->partial_fd = -1;
    self->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->dir_fd >= 0 && (mkdirat(self->dir_fd, "partial", 0700) == 0 || errno == EEXIST))
        self->partial_fd = openat(self->dir_fd, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->partial_fd < 0) {
        mst_log(MST_LOG_ERROR, "blob store cannot be opened", "reason", strerror(errno), NULL);
        files_close(&self->base);
        return MST_IO;
    }
    *store = &self->base;
    return MST_OK;
}

void
blobs_close(blobs **store)
{
    if (*store != NULL)
        (*store)->ops->close(*store);
    *store = NULL;
}
