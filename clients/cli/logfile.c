/* logfile.c - see logfile.h. */
#include "logfile.h"

#include "broker/lib/arena.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
open_file(logfile *self)
{
    self->fd = open(self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct stat stat;
    self->size = self->fd >= 0 && fstat(self->fd, &stat) == 0 ? (size_t)stat.st_size : 0;
}

void
logfile_open(logfile *self, const char *path, size_t size_max)
{
    self->path = mst_strdup(path);
    self->size_max = size_max == 0 ? LOGFILE_SIZE_MAX : size_max;
    open_file(self);
}

static void
rotate(logfile *self)
{
    char from[4096], to[4096];
    for (unsigned i = LOGFILE_OLD_MAX; i > 0; i--) {
        if (i == 1)
            snprintf(from, sizeof from, "%s", self->path);
        else
            snprintf(from, sizeof from, "%s.%u", self->path, i - 1);
        snprintf(to, sizeof to, "%s.%u", self->path, i);
        rename(from, to); // one that is not there yet is no loss
    }
    close(self->fd);
    open_file(self);
}

void
logfile_write(logfile *self, const void *data, size_t size)
{
    if (self->fd >= 0 && self->size > 0 && self->size + size > self->size_max)
        rotate(self);
    if (self->fd < 0)
        return;
    ssize_t written = write(self->fd, data, size);
    if (written > 0)
        self->size += (size_t)written;
}

void
logfile_close(logfile *self)
{
    if (self->fd >= 0)
        close(self->fd);
    free(self->path);
    *self = (logfile){.fd = -1};
}
