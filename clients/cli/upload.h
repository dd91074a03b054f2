/* upload.h - a file of rows on its way to ingestion.
 *
 * The file is looked at and hashed before anything is sent, so that a directory, an empty or a wrong file is told at
 * once. It travels in ranges, several under way at a time; after a lost connection, or in a later run of the program,
 * it goes on where ingestion says. Memory does not grow with the file. Thread: one. */
#ifndef MUSTER_CLI_UPLOAD_H
#define MUSTER_CLI_UPLOAD_H

#include "batch.h"
#include "progress.h"

#define UPLOAD_RANGE_SIZE 524288u /* bytes in one range */
#define UPLOAD_WINDOW 8u          /* ranges under way */
#define UPLOAD_ATTEMPTS_MAX 10u   /* beginnings without a byte of progress, then it is given up */

typedef struct upload_file {
    const char *path, *name; /* name: last part of the path */
    int fd;
    uint64_t size; /* bytes */
    uint8_t sha256[MST_HASH_SIZE];
    bool corrections; /* set after opening: corrected rows of a batch that has its file */
} upload_file;

/* Opens, checks and hashes the file. CLI_DONE or the exit code, said. */
int upload_open(cli *self, const char *path, upload_file *upload);
/* Sends it as the file of the batch. The batch as it is then, in self->arena, or NULL with *exit_code set. */
const Muster__V1__BatchView *upload_send(cli *self, const upload_file *upload, const char *batch_id,
                                         progress_view *progress, int *exit_code);
void upload_close(upload_file *upload);

#endif
