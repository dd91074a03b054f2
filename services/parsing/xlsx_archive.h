/* xlsx_archive.h - the zip archive around a workbook, and what is refused of it.
 *
 * The only user of libzip. An archive says of itself what is not true, so what is refused up front (names, counts,
 * declared sizes) is counted again while it is unpacked. Nothing is ever written to a file.
 * Ownership: the archive keeps the file open. Thread: the one that made it. */
#ifndef MUSTER_PARSING_XLSX_ARCHIVE_H
#define MUSTER_PARSING_XLSX_ARCHIVE_H

#include "xlsx_fault.h"
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_ENTRIES_MAX 1000u                /* files in it */
#define ARCHIVE_UNPACKED_MAX (UINT64_C(2) << 30) /* bytes unpacked of all that is read */
#define ARCHIVE_RATIO_MAX 100u                   /* unpacked bytes for a packed one, ... */
#define ARCHIVE_RATIO_FROM (UINT64_C(16) << 20)  /* ... of parts from so many unpacked bytes on */
#define ARCHIVE_NAME_SIZE_MAX 512u               /* bytes in the name of a file in it */

typedef struct archive archive;
typedef struct archive_part archive_part;

/* `fd` is duplicated; it must be at least readable and seekable. NULL: see fault. */
archive *archive_open(int fd, xlsx_fault *fault);
void archive_close(archive **self);
/* A part by its name, whatever the case and the direction of slashes. False: none. */
bool archive_has(const archive *self, const char *name);
/* A part whose name ends so; NULL: none. */
const char *archive_name_with(const archive *self, const char *ending);
uint32_t archive_count(const archive *self);

/* NULL: there is no such part, or it cannot be read (see fault). One part at a time. */
archive_part *archive_part_open(archive *self, const char *name, xlsx_fault *fault);
/* The next bytes: how many, 0 at the end, -1 for a fault. */
ptrdiff_t archive_part_read(archive_part *self, void *data, size_t size, xlsx_fault *fault);
void archive_part_close(archive_part **self);

#endif
