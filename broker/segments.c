/* segments.c - see segments.h. */
#include "segments.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define OPEN_MAX 16      /* segments open for reading */
#define RESERVE_TIMES 8u /* a segment is reserved on disk only where so many would fit */
#define WRITE_VECTORS 256

typedef struct reader {
    uint64_t segment;
    int fd;
} reader;

struct mst_segments {
    char dir[PATH_SIZE - 32];
    bool read_only;
    uint64_t segment; /* being written; 0 none yet */
    uint32_t end;     /* bytes used of it */
    int fd;           /* for writing; -1 not open */
    bool unsynced;
    reader readers[OPEN_MAX];
    size_t next_reader;
};

/* Four lanes, each step of which can be undone: a single changed word always changes the result. */
static uint64_t
check_of(const uint8_t *data, size_t size)
{
    uint64_t lanes[4] = {0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu, 0x165667B19E3779F9u, 0xD6E8FEB86659FD93u};
    const uint64_t multiplier = 0xFF51AFD7ED558CCDu;
    size_t at = 0;
    for (; at + 32 <= size; at += 32)
        for (int lane = 0; lane < 4; lane++) {
            uint64_t word;
            memcpy(&word, data + at + 8 * lane, 8);
            lanes[lane] = (lanes[lane] ^ word) * multiplier;
            lanes[lane] ^= lanes[lane] >> 32;
        }
    uint64_t result = size;
    for (; at < size; at++)
        result = (result ^ data[at]) * multiplier;
    for (int lane = 0; lane < 4; lane++) {
        result = (result ^ lanes[lane]) * multiplier;
        result ^= result >> 29;
    }
    return result;
}

static void
put_number(uint8_t *at, uint64_t number, int size)
{
    for (int i = 0; i < size; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t
get_number(const uint8_t *at, int size)
{
    uint64_t number = 0;
    for (int i = 0; i < size; i++)
        number |= (uint64_t)at[i] << (8 * i);
    return number;
}

void
mst_place_pack(const mst_place *place, uint8_t packed[MST_PLACE_SIZE])
{
    put_number(packed, place->segment, 8);
    put_number(packed + 8, place->offset, 4);
    put_number(packed + 12, place->size, 4);
    put_number(packed + 16, place->check, 8);
}

void
mst_place_unpack(const uint8_t packed[MST_PLACE_SIZE], mst_place *place)
{
    place->segment = get_number(packed, 8);
    place->offset = (uint32_t)get_number(packed + 8, 4);
    place->size = (uint32_t)get_number(packed + 12, 4);
    place->check = get_number(packed + 16, 8);
}

static void
path_of(const mst_segments *self, uint64_t segment, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%012llu.seg", self->dir, (unsigned long long)segment);
}

mst_status
mst_segments_open(mst_segments **out, const char *dir, bool read_only, uint64_t segment, uint32_t end)
{
    mst_segments *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->fd = -1;
    for (size_t i = 0; i < OPEN_MAX; i++)
        self->readers[i].fd = -1;
    self->read_only = read_only;
    self->segment = segment;
    self->end = end;
    mst_status rc = MST_OK;
    if (snprintf(self->dir, sizeof self->dir, "%s/bodies", dir) >= (int)sizeof self->dir)
        rc = MST_INVALID;
    else if (!read_only && mkdir(self->dir, 0700) != 0 && errno != EEXIST)
        rc = MST_IO;
    if (rc != MST_OK)
        mst_segments_close(&self);
    *out = self;
    return rc;
}

static mst_status
sync_dir(const mst_segments *self)
{
    int fd = open(self->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mst_status rc = fd >= 0 && fsync(fd) == 0 ? MST_OK : MST_IO;
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Space is reserved ahead, so that a sync does not have to move the end of the file; where the disk is small, not. */
static void
reserve(const mst_segments *self)
{
    struct statvfs info;
    if (fstatvfs(self->fd, &info) != 0 ||
        (uint64_t)info.f_bavail * info.f_frsize < (uint64_t)RESERVE_TIMES * MST_SEGMENT_SIZE)
        return;
    int rc = posix_fallocate(self->fd, 0, MST_SEGMENT_SIZE); // if not, it grows as it is written
    (void)rc;
}

static mst_status
open_for_writing(mst_segments *self)
{
    char path[PATH_SIZE];
    path_of(self, self->segment, path);
    bool fresh = self->end == 0;
    self->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (fresh ? O_TRUNC : 0), 0600);
    if (self->fd < 0)
        return MST_IO;
    reserve(self);
    return fresh && (fsync(self->fd) != 0 || sync_dir(self) != MST_OK) ? MST_IO : MST_OK;
}

/* What was not used of the reserved space goes back. */
static void
finish_writing(mst_segments *self)
{
    if (self->fd < 0)
        return;
    int rc = ftruncate(self->fd, self->end); // if it fails some space stays reserved
    (void)rc;
    close(self->fd);
    self->fd = -1;
}

static mst_status
next_segment(mst_segments *self)
{
    mst_status rc = self->unsynced ? mst_segments_sync(self) : MST_OK;
    if (rc != MST_OK)
        return rc;
    finish_writing(self);
    self->segment++;
    self->end = 0;
    return open_for_writing(self);
}

static mst_status
write_all(mst_segments *self, struct iovec *parts, int count, off_t at)
{
    while (count > 0) {
        ssize_t written = pwritev(self->fd, parts, count, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return MST_IO;
        at += written;
        while (count > 0 && (size_t)written >= parts->iov_len) {
            written -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + written;
            parts->iov_len -= (size_t)written;
        }
    }
    return MST_OK;
}

mst_status
mst_segments_put(mst_segments *self, const mst_slice *bodies, size_t count, mst_place *places)
{
    struct iovec parts[WRITE_VECTORS];
    mst_status rc = MST_OK;
    assert(!self->read_only);
    if (self->segment == 0)
        rc = next_segment(self);
    else if (self->fd < 0)
        rc = open_for_writing(self);
    for (size_t i = 0; rc == MST_OK && i < count;) {
        if (self->end + bodies[i].size > MST_SEGMENT_SIZE) {
            rc = next_segment(self);
            continue;
        }
        uint32_t begin = self->end;
        int gathered = 0;
        while (i < count && gathered < WRITE_VECTORS && self->end + bodies[i].size <= MST_SEGMENT_SIZE) {
            places[i] = (mst_place){self->segment, self->end, (uint32_t)bodies[i].size,
                                    check_of(bodies[i].data, bodies[i].size)};
            parts[gathered++] = (struct iovec){(void *)bodies[i].data, bodies[i].size};
            self->end += (uint32_t)bodies[i++].size;
        }
        rc = write_all(self, parts, gathered, begin);
        self->unsynced = true;
    }
    return rc;
}

mst_status
mst_segments_sync(mst_segments *self)
{
    if (self->unsynced && fdatasync(self->fd) != 0)
        return MST_IO;
    self->unsynced = false;
    return MST_OK;
}

static int
fd_for_reading(mst_segments *self, uint64_t segment)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (self->readers[i].fd >= 0 && self->readers[i].segment == segment)
            return self->readers[i].fd;
    path_of(self, segment, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    reader *slot = &self->readers[self->next_reader++ % OPEN_MAX];
    if (slot->fd >= 0)
        close(slot->fd);
    *slot = (reader){segment, fd};
    return fd;
}

mst_status
mst_segments_get(mst_segments *self, const mst_place *place, mst_body **out)
{
    int fd = fd_for_reading(self, place->segment);
    if (fd < 0)
        return errno == ENOENT ? MST_CORRUPT : MST_IO;
    mst_body *body = mst_body_copy(NULL, place->size);
    uint8_t *bytes = (uint8_t *)body->data;
    for (size_t done = 0; done < place->size;) {
        ssize_t got = pread(fd, bytes + done, place->size - done, (off_t)(place->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            mst_body_unref(&body);
            return got == 0 ? MST_CORRUPT : MST_IO;
        }
        done += (size_t)got;
    }
    if (check_of(bytes, place->size) != place->check) {
        mst_body_unref(&body);
        return MST_CORRUPT;
    }
    *out = body;
    return MST_OK;
}

void
mst_segments_end(const mst_segments *self, uint64_t *segment, uint32_t *end)
{
    *segment = self->segment;
    *end = self->end;
}

uint64_t
mst_segments_bytes(const mst_segments *self)
{
    return self->segment == 0 ? 0 : (self->segment - 1) * MST_SEGMENT_SIZE + self->end;
}

void
mst_segments_close(mst_segments **out)
{
    mst_segments *self = *out;
    *out = NULL;
    if (self == NULL)
        return;
    finish_writing(self);
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (self->readers[i].fd >= 0)
            close(self->readers[i].fd);
    free(self);
}
