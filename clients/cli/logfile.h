/* logfile.h - a log file that never fills the disk: at LOGFILE_SIZE_MAX it becomes NAME.1 (.1 becomes .2, ..) and the
 * oldest goes. Writing never fails the caller: a log that cannot be written is no reason to stop. Thread: one. */
#ifndef MUSTER_CLI_LOGFILE_H
#define MUSTER_CLI_LOGFILE_H

#include <stddef.h>

#define LOGFILE_SIZE_MAX (8u << 20) /* bytes in one file */
#define LOGFILE_OLD_MAX 3u          /* older files kept beside it */

typedef struct logfile {
    char *path;
    int fd; /* -1 closed */
    size_t size;
    size_t size_max;
} logfile;

/* Appends to what is there. `size_max` 0: LOGFILE_SIZE_MAX. The path is copied. */
void logfile_open(logfile *self, const char *path, size_t size_max);
void logfile_write(logfile *self, const void *data, size_t size);
void logfile_close(logfile *self);

#endif
