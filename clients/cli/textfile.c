/* textfile.c - see textfile.h. */
#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
textfile_read(cli *self, const char *path, int *exit_code)
{
    struct stat stat;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &stat) != 0) {
        *exit_code = cli_fail(self, NULL, "cannot open %s: %s", path, strerror(errno));
    } else if (!S_ISREG(stat.st_mode)) {
        *exit_code = cli_fail(self, "name the JSON file", "%s is no file", path);
    } else if (stat.st_size > TEXTFILE_SIZE_MAX) {
        *exit_code = cli_fail(self, "is it the right file?", "%s has %lld bytes; at most %u are possible", path,
                              (long long)stat.st_size, TEXTFILE_SIZE_MAX);
    } else {
        text = mst_arena_alloc(self->arena, (size_t)stat.st_size + 1);
        ssize_t got = read(fd, text, (size_t)stat.st_size);
        if (got != stat.st_size) {
            *exit_code = cli_fail(self, NULL, "cannot read %s: %s", path, got < 0 ? strerror(errno) : "it changed");
            text = NULL;
        } else if (strlen(text) != (size_t)got) {
            *exit_code = cli_fail(self, "is it the right file?", "%s is no text: byte %zu is zero", path, strlen(text));
            text = NULL;
        } else {
            *exit_code = CLI_DONE;
        }
    }
    if (fd >= 0)
        close(fd);
    return text;
}

int
textfile_create(cli *self, const char *path, textfile_out *out)
{
    *out = (textfile_out){.file = stdout, .path = path};
    if (path == NULL)
        return CLI_DONE;
    out->fresh = mst_arena_printf(self->arena, "%s.part", path);
    out->file = fopen(out->fresh, "we");
    if (out->file == NULL)
        return cli_fail(self, NULL, "cannot write %s: %s", out->fresh, strerror(errno));
    return CLI_DONE;
}

int
textfile_close(cli *self, textfile_out *out, int rc)
{
    if (out->path == NULL)
        return rc;
    bool good = fflush(out->file) == 0 && !ferror(out->file);
    int error = errno;
    good = fclose(out->file) == 0 && good;
    if (rc == CLI_DONE && !good)
        rc = cli_fail(self, "is the disk full?", "cannot write %s: %s", out->path, strerror(error));
    if (rc == CLI_DONE && rename(out->fresh, out->path) != 0)
        rc = cli_fail(self, NULL, "cannot write %s: %s", out->path, strerror(errno));
    if (rc != CLI_DONE)
        unlink(out->fresh);
    return rc;
}
