/* highwater.c - see highwater.h. */
#include "highwater.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SLOT_SIZE 512 /* bytes; a sector is written whole or not at all */

typedef struct slot {
    char magic[8];
    mst_highwater mark;
    uint8_t check[8]; /* first bytes of SHA-256 over what stands before */
} slot;

static void
checksum(const slot *s, uint8_t check[8])
{
    uint8_t digest[MST_HASH_SIZE];
    mst_sha256(s, offsetof(slot, check), digest);
    memcpy(check, digest, 8);
}

mst_status
mst_highwater_read(const char *path, mst_highwater *mark)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return MST_NOT_FOUND;
    mst_status rc = MST_NOT_FOUND;
    for (int i = 0; i < 2; i++) {
        slot s;
        uint8_t check[8];
        if (pread(fd, &s, sizeof s, i * SLOT_SIZE) != (ssize_t)sizeof s || memcmp(s.magic, "MSTHIGH1", 8) != 0)
            continue;
        checksum(&s, check);
        if (memcmp(check, s.check, 8) != 0 || (rc == MST_OK && s.mark.seq < mark->seq))
            continue;
        *mark = s.mark;
        rc = MST_OK;
    }
    close(fd);
    return rc;
}

mst_status
mst_highwater_write(int fd, uint64_t turn, const mst_highwater *mark)
{
    slot s;
    memset(&s, 0, sizeof s);
    memcpy(s.magic, "MSTHIGH1", 8);
    s.mark = *mark;
    checksum(&s, s.check);
    if (pwrite(fd, &s, sizeof s, (off_t)(turn % 2) * SLOT_SIZE) != (ssize_t)sizeof s || fdatasync(fd) != 0)
        return MST_IO;
    return MST_OK;
}
