/* instance.c - see instance.h. */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Creates the directory and those above it. */
static int
make_directories(const char *path)
{
    char part[4096];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(part, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

int
instance_prepare(cli *self)
{
    static const char *const PARTS[] = {"run", "broker", "services", "blobs", "logs", "keys"};
    if (make_directories(self->data_dir) != 0)
        return cli_fail(self, "name another with --data DIR or MUSTER_DATA", "cannot create the data directory %s: %s",
                        self->data_dir, strerror(errno));
    struct stat stat_of;
    if (stat(self->data_dir, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode))
        return cli_fail(self, "name another with --data DIR or MUSTER_DATA", "%s is no directory", self->data_dir);
    if (stat_of.st_uid != geteuid())
        return cli_fail(self, "run this as the directory's owner, or name another directory",
                        "the data directory %s belongs to another user", self->data_dir);
    if ((stat_of.st_mode & 077) != 0 && chmod(self->data_dir, 0700) != 0)
        return cli_fail(self, "chmod 0700 it", "the data directory %s is open to others: %s", self->data_dir,
                        strerror(errno));
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        const char *part = mst_arena_printf(self->arena, "%s/%s", self->data_dir, PARTS[i]);
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return cli_fail(self, "check the directory's owner and the free space", "cannot create %s: %s", part,
                            strerror(errno));
    }
    return CLI_DONE;
}

static int
open_lock(const char *data_dir, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/run/up.lock", data_dir);
    return open(path, flags | O_RDWR | O_CLOEXEC, 0600);
}

static pid_t
read_holder(int fd)
{
    char text[32] = "";
    return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)atoi(text) : 0;
}

int
instance_lock(const char *data_dir, pid_t *holder)
{
    *holder = 0;
    int fd = open_lock(data_dir, O_CREAT);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *holder = read_holder(fd);
        close(fd);
        return -1;
    }
    char text[32];
    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size) {
        close(fd);
        return -1;
    }
    return fd;
}

pid_t
instance_running(const char *data_dir)
{
    int fd = open_lock(data_dir, 0);
    if (fd < 0)
        return 0;
    // A shared lock, so that two that only look do not see each other.
    pid_t holder = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : read_holder(fd);
    close(fd);
    return holder;
}

bool
instance_listens(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strncmp(endpoint, "ipc://", 6) != 0)
        return true;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", endpoint + 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return listens;
}
