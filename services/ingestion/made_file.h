/* made_file.h - a file that ingestion makes, on its way into the file store.
 *
 * While it is written it has no name in the file system, so that a crash leaves nothing behind, and lies in the
 * service's own directory, where nobody else can read it. Thread: one. */
#ifndef MUSTER_INGESTION_MADE_FILE_H
#define MUSTER_INGESTION_MADE_FILE_H

#include "blobs.h"

typedef struct made_file {
    int fd;        /* -1: not open */
    char path[40]; /* opens the nameless file */
} made_file;

MST_NODISCARD mst_status made_file_open(made_file *file, const char *dir);
/* Puts what was written into the store, as a blob; one that is there already stays as it is. */
MST_NODISCARD mst_status made_file_keep(const made_file *file, blobs *store, uint8_t sha256[MST_HASH_SIZE],
                                        uint64_t *size);
/* Whether or not it was kept. */
void made_file_close(made_file *file);

#endif
