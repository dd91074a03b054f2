/* blobs.h - the bytes of uploaded files, and nothing about what they mean.
 *
 * A blob is named by its SHA-256 and never changes. While a file arrives it is a *partial* of its batch, which survives
 * a crash: what stands on the disk is where the upload goes on. A blob is synced, file and directory, before finish
 * says MST_OK; only then may FileReceived be appended.
 *
 * The file store keeps DIR/<hex> and DIR/partial/<batch>; the memory store keeps the same for the simulator.
 * Thread: the one that opened it. */
#ifndef MUSTER_INGESTION_BLOBS_H
#define MUSTER_INGESTION_BLOBS_H

#include "broker/lib/arena.h"
#include "broker/lib/hash.h"
#include <stdbool.h>

#define BLOB_SIZE_MAX (4ull << 30)      /* bytes in one file; larger ones are refused when their upload begins */
#define BLOB_RANGE_MAX (512u * 1024u)   /* bytes in one range, both ways */
#define BLOB_DISK_RESERVE (96ull << 20) /* bytes left free on the disk: uploads stop first, the log goes on */

/* What is known of a file that is on its way. */
typedef struct blob_upload {
    uint64_t size;                 /* as announced */
    uint64_t offset;               /* bytes that have arrived: go on from here */
    uint8_t sha256[MST_HASH_SIZE]; /* as announced, or zeros */
    bool sha256_known;
    char file_name[1024];
} blob_upload;

typedef struct blobs blobs;

/* What a store can do; `self` is the store. */
typedef struct blobs_ops {
    /* Makes a new, empty partial of `batch_id`, instead of an older one. MST_FULL: no room for its size. */
    mst_status (*begin)(blobs *self, const char *batch_id, const blob_upload *upload);
    /* The partial of the batch. MST_NOT_FOUND: none. */
    mst_status (*look)(blobs *self, const char *batch_id, blob_upload *upload);
    /* Adds bytes at the present offset. MST_FULL: nothing was added. */
    mst_status (*put)(blobs *self, const char *batch_id, const void *data, size_t size);
    /* Makes the complete partial a blob, synced. MST_CORRUPT: it is not what was announced; it is thrown away. */
    mst_status (*finish)(blobs *self, const char *batch_id, uint8_t sha256[MST_HASH_SIZE]);
    /* Throws the partial away, if there is one. */
    void (*forget)(blobs *self, const char *batch_id);
    /* Batches with partials, one after the other: calls `each` for all. */
    void (*partials)(blobs *self, void (*each)(void *context, const char *batch_id), void *context);
    /* Size of a blob. MST_NOT_FOUND: none of that name. */
    mst_status (*size)(blobs *self, const uint8_t sha256[MST_HASH_SIZE], uint64_t *size);
    /* Fills `data` with bytes from `offset`; `got` is less than `size` at the end only. */
    mst_status (*read)(blobs *self, const uint8_t sha256[MST_HASH_SIZE], uint64_t offset, void *data, size_t size,
                       size_t *got);
    void (*close)(blobs *self);
} blobs_ops;

struct blobs {
    const blobs_ops *ops;
};

/* Opens the store in `dir`, which exists. */
MST_NODISCARD mst_status blobs_open_files(blobs **store, const char *dir);
/* A store in memory; lives until it is closed. The simulator passes it as mst_core_env.extra, so that it outlives a
 * crash of the service as a disk does. */
blobs *blobs_new_memory(void);
/* Closes *store and sets it to NULL; NULL is fine. */
void blobs_close(blobs **store);

#endif
