/* startup.c - opening the log: space, recovery mode, chain, high-water mark. See eventlog.h. */
#include "eventlog_core.h"
#include "lib/log.h"
#include "verify.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define OPEN_ROOM (32u << 20) /* bytes that must be free beside what replaying the write-ahead log takes */
#define BALLAST_TIMES 4u      /* the ballast is made only where so many times its size is free */
#define MODE_STRICT 0         /* tolerates only a torn last record */
#define MODE_POINT_IN_TIME 2
#define MODE_SKIP 3 /* skips what is damaged: only ever on a copy, to see what lies behind */

static bool
ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static uint64_t
free_space(const char *dir)
{
    struct statvfs info;
    return statvfs(dir, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : 0;
}

/* Calls `each` for every file of a directory; its path is given whole. */
static mst_status
for_files(const char *dir, mst_status (*each)(const char *path, const char *name, void *context), void *context)
{
    DIR *handle = opendir(dir);
    if (handle == NULL)
        return errno == ENOENT ? MST_NOT_FOUND : MST_IO;
    mst_status rc = MST_OK;
    for (struct dirent *entry; rc == MST_OK && (entry = readdir(handle)) != NULL;) {
        char path[PATH_SIZE];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= (int)sizeof path)
            rc = MST_INVALID;
        else
            rc = each(path, entry->d_name, context);
    }
    closedir(handle);
    return rc;
}

static mst_status
add_wal_size(const char *path, const char *name, void *context)
{
    struct stat info;
    if (ends_with(name, ".log") && stat(path, &info) == 0)
        *(uint64_t *)context += (uint64_t)info.st_size;
    return MST_OK;
}

/* Opening replays the write-ahead log into new files: without room for them it could fail half way, for ever. */
static mst_status
check_space(const mst_eventlog_options *options, const char *log_dir, char why[MST_EVENTLOG_WHY_SIZE])
{
    char ballast[PATH_SIZE];
    uint64_t needed = OPEN_ROOM;
    mst_status rc = for_files(log_dir, add_wal_size, &needed);
    if (rc != MST_OK && rc != MST_NOT_FOUND)
        return rc;
    if (free_space(options->dir) >= needed || options->reserve == 0)
        return MST_OK;
    snprintf(ballast, sizeof ballast, "%s/ballast", options->dir);
    if (unlink(ballast) == 0)
        mst_log(MST_LOG_WARN, "disk nearly full: the ballast file was given up to open the log", NULL);
    uint64_t have = free_space(options->dir);
    if (have >= needed)
        return MST_OK;
    snprintf(
        why, MST_EVENTLOG_WHY_SIZE,
        "opening the log in %.200s needs %llu MiB of free disk space, there are %llu MiB: free some and start again",
        options->dir, (unsigned long long)(needed >> 20), (unsigned long long)(have >> 20));
    return MST_FULL;
}

static void
make_ballast(const mst_eventlog_options *options)
{
    char path[PATH_SIZE];
    struct stat info;
    snprintf(path, sizeof path, "%s/ballast", options->dir);
    if (options->reserve == 0 || (stat(path, &info) == 0 && (uint64_t)info.st_size == options->reserve))
        return;
    if (free_space(options->dir) < BALLAST_TIMES * options->reserve)
        return; // the reserve is guarded by refusing new work all the same
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, (off_t)options->reserve) != 0)
        mst_log(MST_LOG_WARN, "the ballast file cannot be made", NULL);
    if (fd >= 0)
        close(fd);
}

/* Copies for a look --------------------------------------------------------------------------------------- */

static mst_status
copy_file(const char *from, const char *to)
{
    char block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t got = in < 0 || out < 0 ? -1 : 0;
    while (got >= 0 && (got = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)got) != got)
            got = -1;
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0)
        got = -1;
    return got < 0 ? MST_IO : MST_OK;
}

/* Finished table files never change, so a hard link is a copy; everything else is copied. */
static mst_status
copy_into(const char *path, const char *name, void *context)
{
    char to[PATH_SIZE];
    if (strcmp(name, "LOCK") == 0 || strncmp(name, "LOG", 3) == 0)
        return MST_OK;
    if (snprintf(to, sizeof to, "%s/%s", (const char *)context, name) >= (int)sizeof to)
        return MST_INVALID;
    if ((ends_with(name, ".sst") || ends_with(name, ".blob")) && link(path, to) == 0)
        return MST_OK;
    return copy_file(path, to);
}

static mst_status
remove_file(const char *path, const char *name, void *context)
{
    (void)name;
    (void)context;
    return unlink(path) == 0 ? MST_OK : MST_IO;
}

/* How far a copy of the log reaches when opened in a tolerant mode; 0: not at all. */
static uint64_t
reach(mst_eventlog *self, const mst_eventlog_options *options, const char *log_dir, int mode)
{
    char copy[PATH_SIZE];
    char *error = NULL;
    uint64_t last = 0;
    snprintf(copy, sizeof copy, "%s/probe-%d", options->dir, mode);
    if (for_files(copy, remove_file, NULL) == MST_OK)
        rmdir(copy);
    if (mkdir(copy, 0700) == 0 && for_files(log_dir, copy_into, copy) == MST_OK) {
        rocksdb_options_t *o = mst_eventlog_engine_options(self, mode);
        rocksdb_t *db = rocksdb_open(o, copy, &error);
        if (db != NULL) {
            last = rocksdb_get_latest_sequence_number(db);
            rocksdb_close(db);
        }
        rocksdb_free(error);
        rocksdb_options_destroy(o);
    }
    if (for_files(copy, remove_file, NULL) == MST_OK)
        rmdir(copy);
    return last;
}

static mst_status
open_engine(mst_eventlog *self, const char *log_dir, int mode, char **error)
{
    if (self->options != NULL)
        rocksdb_options_destroy(self->options);
    self->options = mst_eventlog_engine_options(self, mode);
    *error = NULL;
    if (self->read_only)
        self->db = rocksdb_open_for_read_only(self->options, log_dir, 0, error);
    else
        self->db = rocksdb_open(self->options, log_dir, error);
    if (*error == NULL)
        return MST_OK;
    if (strstr(*error, "Corruption") != NULL) // first: it may speak of a "block"
        return MST_CORRUPT;
    return strstr(*error, "lock") != NULL || strstr(*error, "LOCK") != NULL ? MST_BUSY : MST_IO;
}

/* The strict mode refused. What was never synced may be torn, and is repaired; what was synced is never dropped. */
static mst_status
repair_or_refuse(mst_eventlog *self, const mst_eventlog_options *options, const char *log_dir, const char *refusal,
                 char why[MST_EVENTLOG_WHY_SIZE])
{
    uint64_t whole = reach(self, options, log_dir, MODE_POINT_IN_TIME);
    uint64_t behind = reach(self, options, log_dir, MODE_SKIP);
    if (whole == 0 || whole != behind) {
        snprintf(
            why, MST_EVENTLOG_WHY_SIZE,
            "the log in %.150s is damaged and was not touched: writes %llu to %llu of the engine cannot be trusted "
            "(%.120s); restore a backup, or run muster log verify to see what is whole",
            log_dir, (unsigned long long)whole + 1, (unsigned long long)(behind > whole ? behind : whole + 1), refusal);
        return MST_CORRUPT;
    }
    char *error = NULL;
    mst_status rc = open_engine(self, log_dir, MODE_POINT_IN_TIME, &error);
    if (rc == MST_OK)
        mst_log(MST_LOG_WARN, "the end of the log was torn before it was synced; it was cut there", NULL);
    else
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "the log in %.200s cannot be repaired: %.200s", log_dir, error);
    rocksdb_free(error);
    return rc;
}

/* To look at a damaged log without changing it: as far as it is whole. What is missing then shows by the high-water
 * mark; what was torn before it was synced was never anybody's. */
static mst_status
look_at_what_is_whole(mst_eventlog *self, const char *log_dir, char why[MST_EVENTLOG_WHY_SIZE])
{
    char *error = NULL;
    mst_status rc = open_engine(self, log_dir, MODE_POINT_IN_TIME, &error);
    if (rc != MST_OK)
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "the log in %.200s cannot be read: %.200s", log_dir, error);
    rocksdb_free(error);
    return rc;
}

mst_status
mst_startup_open(mst_eventlog *self, const mst_eventlog_options *options, char why[MST_EVENTLOG_WHY_SIZE])
{
    char log_dir[PATH_SIZE];
    if (snprintf(log_dir, sizeof log_dir, "%s/log", options->dir) >= (int)sizeof log_dir)
        return MST_INVALID;
    mst_status rc = options->read_only ? MST_OK : check_space(options, log_dir, why);
    if (rc != MST_OK)
        return rc;
    char *error = NULL;
    rc = open_engine(self, log_dir, MODE_STRICT, &error);
    if (rc == MST_BUSY)
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "another broker has the log in %.300s open", log_dir);
    else if (rc == MST_CORRUPT && !options->read_only)
        rc = repair_or_refuse(self, options, log_dir, error, why);
    else if (rc == MST_CORRUPT)
        rc = look_at_what_is_whole(self, log_dir, why);
    else if (rc != MST_OK)
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "the log in %.200s cannot be opened: %.200s", log_dir, error);
    rocksdb_free(error);
    if (rc == MST_OK && !options->read_only)
        make_ballast(options);
    return rc;
}

/* What was opened ----------------------------------------------------------------------------------------- */

static mst_status
check_chain(mst_eventlog *self, char why[MST_EVENTLOG_WHY_SIZE])
{
    uint64_t from;
    uint8_t hash[MST_HASH_SIZE] = {0};
    mst_verify_result result;
    mst_status rc = mst_eventlog_mark(self, &from, hash);
    if (rc != MST_OK)
        return rc;
    if (from > self->tail) {
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "events %llu to %llu are gone: the log ends before its own mark",
                 (unsigned long long)self->tail + 1, (unsigned long long)from);
        return MST_CORRUPT;
    }
    rc = mst_verify_log(&self->base, from + 1, hash, false, &result);
    if (rc != MST_OK)
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "the log is damaged from event %llu to %llu: %s",
                 (unsigned long long)result.damaged_from, (unsigned long long)result.damaged_to, result.why);
    return rc;
}

static mst_status
check_highwater(mst_eventlog *self, const char *path, char why[MST_EVENTLOG_WHY_SIZE])
{
    mst_highwater mark;
    mst_slice head;
    if (mst_highwater_read(path, &mark) != MST_OK)
        return MST_OK; // a log that never noted anything, or lost its witness
    if (mark.seq > self->tail) {
        snprintf(why, MST_EVENTLOG_WHY_SIZE,
                 "events %llu to %llu were synced and are gone: a file of the log was lost or put back; restore it",
                 (unsigned long long)self->tail + 1, (unsigned long long)mark.seq);
        return MST_CORRUPT;
    }
    mst_arena *arena = mst_arena_new(0);
    mst_status rc = self->base.head(&self->base, mark.seq, arena, &head);
    const size_t behind = MST_CHAIN_BEHIND_SIZE + MST_HASH_SIZE;
    if (rc == MST_OK &&
        (head.size <= behind || memcmp(head.data + head.size - behind, mark.hash, MST_HASH_SIZE) != 0)) {
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "event %llu is not the one that was synced here: the log was replaced",
                 (unsigned long long)mark.seq);
        rc = MST_CORRUPT;
    }
    mst_arena_destroy(&arena);
    return rc;
}

static mst_status
mark_end(mst_eventlog *self)
{
    mst_slice head;
    if (self->tail == 0)
        return MST_OK;
    mst_arena *arena = mst_arena_new(0);
    mst_status rc = self->base.head(&self->base, self->tail, arena, &head);
    if (rc == MST_OK) {
        mst_eventlog_put_mark(self, self->tail, head);
        rc = mst_eventlog_write_batch(self);
    }
    mst_arena_destroy(&arena);
    return rc;
}

mst_status
mst_startup_check(mst_eventlog *self, const mst_eventlog_options *options, char why[MST_EVENTLOG_WHY_SIZE])
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/highwater", options->dir);
    mst_status rc = check_highwater(self, path, why);
    if (rc == MST_OK)
        rc = check_chain(self, why);
    if (rc == MST_OK)
        rc = mark_end(self);
    if (rc != MST_OK)
        return rc;
    self->highwater_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (self->highwater_fd < 0) {
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "%.300s cannot be written: %s", path, strerror(errno));
        return MST_IO;
    }
    return MST_OK;
}
