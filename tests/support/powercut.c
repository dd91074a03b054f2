/* powercut.c - what a disk looks like after the power went, for a process that believes it synced.
 *
 * LD_PRELOADed, it remembers of every file how long it was when it was last synced. At the cut everything behind that
 * is taken back, and the process killed: kill -9 alone would leave all of it, because the kernel lives on.
 *
 *   POWERCUT_DIR    directory whose files are taken back, with all below
 *   POWERCUT_AT     the cut comes at the N-th sync: before it is done or right after it, before anybody hears
 *   POWERCUT_FILE   or: it comes as soon as this file exists
 *   POWERCUT_SEED   what becomes of the unsynced end of a file: gone, torn in the middle, or some of its pages zero
 *
 * What was written in place, into a length that was there before, is zeroed page by page, by chance.
 * What was never synced at all: files of the write-ahead log (*.log) come back empty or torn, others are left, because
 * nothing that matters may depend on them. No sync can end while a cut is under way, so nothing is answered after it.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 65536
#define RANGES_MAX 65536
#define PAGE 4096

typedef struct synced_file {
    dev_t device;
    ino_t inode;
    off_t size;
} synced_file;

/* What was written in place, within a length that was synced before. */
typedef struct unsynced_range {
    dev_t device;
    ino_t inode;
    off_t begin, end;
} unsynced_range;

static unsynced_range ranges[RANGES_MAX];
static size_t ranges_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static synced_file files[FILES_MAX];
static size_t files_count;
static unsigned long syncs, cut_at;
static uint64_t seed;
static const char *root, *trigger;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);

static uint64_t
chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static synced_file *
known(const struct stat *info)
{
    for (size_t i = 0; i < files_count; i++)
        if (files[i].inode == info->st_ino && files[i].device == info->st_dev)
            return &files[i];
    return NULL;
}

static void
remember(const struct stat *info)
{
    if (!S_ISREG(info->st_mode))
        return;
    synced_file *file = known(info);
    if (file == NULL && files_count < FILES_MAX)
        file = &files[files_count++];
    if (file != NULL)
        *file = (synced_file){info->st_dev, info->st_ino, info->st_size};
}

/* Takes back what stands behind `size`; pages of it may have reached the disk, in any order. */
static void
take_back(const char *path, off_t size, off_t now)
{
    uint64_t fate = chance() % 4;
    off_t kept = fate == 0 ? size + (off_t)(chance() % (uint64_t)(now - size)) : size;
    if (fate != 1) {
        if (truncate(path, kept) != 0)
            _exit(77);
        return;
    }
    static const char zeros[PAGE];
    int fd = open(path, O_WRONLY);
    for (off_t at = size; at < now; at += PAGE)
        if (chance() % 2 == 0 && real_pwrite(fd, zeros, (size_t)(now - at < PAGE ? now - at : PAGE), at) < 0)
            _exit(77);
    close(fd);
}

/* Calls `each` for every file below `dir`. */
static void
for_files(const char *dir, void (*each)(const char *path, const struct stat *info))
{
    DIR *handle = opendir(dir);
    if (handle == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(handle)) != NULL;) {
        char path[4096];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            for_files(path, each);
        else if (S_ISREG(info.st_mode))
            each(path, &info);
    }
    closedir(handle);
}

/* What is there when the process starts came through the last cut: it is on the disk. */
static void
find_there(const char *path, const struct stat *info)
{
    (void)path;
    remember(info);
}

/* Pages written in place and not synced: as they were before, which nobody knows any more; zero stands for that. */
static void
cut_ranges(const char *path, const struct stat *info)
{
    static const char zeros[PAGE];
    int fd = -1;
    for (size_t i = 0; i < ranges_count; i++) {
        if (ranges[i].inode != info->st_ino || ranges[i].device != info->st_dev || chance() % 4 == 0)
            continue;
        if (fd < 0)
            fd = open(path, O_WRONLY);
        for (off_t at = ranges[i].begin; at < ranges[i].end; at += PAGE) {
            size_t size = (size_t)(ranges[i].end - at < PAGE ? ranges[i].end - at : PAGE);
            if (chance() % 2 == 0 && real_pwrite(fd, zeros, size, at) < 0)
                _exit(77);
        }
    }
    if (fd >= 0)
        close(fd);
}

static void
cut_file(const char *path, const struct stat *info)
{
    cut_ranges(path, info);
    size_t length = strlen(path);
    const synced_file *file = known(info);
    int is_log = length > 4 && strcmp(path + length - 4, ".log") == 0;
    off_t synced = file != NULL ? file->size : 0;
    if ((file != NULL || is_log) && info->st_size > synced)
        take_back(path, synced, info->st_size);
}

/* With the lock held, and it stays held. */
static void
cut(void)
{
    for_files(root, cut_file);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void *
watch(void *unused)
{
    (void)unused;
    while (access(trigger, F_OK) != 0)
        usleep(500);
    pthread_mutex_lock(&lock);
    cut();
    return NULL;
}

__attribute__((constructor)) static void
start(void)
{
    const char *at = getenv("POWERCUT_AT"), *given = getenv("POWERCUT_SEED");
    pthread_t thread;
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    *(void **)&real_pwritev = dlsym(RTLD_NEXT, "pwritev");
    root = getenv("POWERCUT_DIR");
    trigger = getenv("POWERCUT_FILE");
    cut_at = at != NULL ? strtoul(at, NULL, 10) : 0;
    seed = (given != NULL ? strtoull(given, NULL, 10) : 1) * 2654435761u + 88172645463325252u;
    if (root != NULL)
        for_files(root, find_there);
    if (root != NULL && trigger != NULL && pthread_create(&thread, NULL, watch, NULL) == 0)
        pthread_detach(thread);
}

static void
forget_ranges(const struct stat *info)
{
    size_t kept = 0;
    for (size_t i = 0; i < ranges_count; i++)
        if (ranges[i].inode != info->st_ino || ranges[i].device != info->st_dev)
            ranges[kept++] = ranges[i];
    ranges_count = kept;
}

static void
remember_range(int fd, off_t at, ssize_t size)
{
    struct stat info;
    if (size <= 0 || fstat(fd, &info) != 0)
        return;
    unsynced_range range = {info.st_dev, info.st_ino, at, at + size};
    pthread_mutex_lock(&lock);
    if (ranges_count < RANGES_MAX)
        ranges[ranges_count++] = range;
    pthread_mutex_unlock(&lock);
}

static int
sync_one(int (*real)(int), int fd)
{
    struct stat info;
    pthread_mutex_lock(&lock);
    syncs++;
    int late = (int)(chance() % 2);
    int here = root != NULL && cut_at != 0 && syncs == cut_at;
    if (here && !late)
        cut();
    int rc = real(fd), error = errno;
    if (rc == 0 && fstat(fd, &info) == 0) {
        remember(&info);
        forget_ranges(&info);
    }
    if (here)
        cut();
    pthread_mutex_unlock(&lock);
    errno = error;
    return rc;
}

int
fsync(int fd)
{
    return sync_one(real_fsync, fd);
}

int
fdatasync(int fd)
{
    return sync_one(real_fdatasync, fd);
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t written = real_pwrite(fd, data, size, at);
    remember_range(fd, at, written);
    return written;
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return pwrite(fd, data, size, at);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    ssize_t written = real_pwritev(fd, parts, count, at);
    remember_range(fd, at, written);
    return written;
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return pwritev(fd, parts, count, at);
}
