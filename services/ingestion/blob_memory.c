/* blob_memory.c - blobs in memory, for the simulator and for tests; see blobs.h. */
#include "blobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct memory_blob {
    struct memory_blob *next;
    char batch_id[32]; /* of a partial; "" for a blob */
    uint8_t sha256[MST_HASH_SIZE];
    blob_upload upload; /* offset: bytes in data */
    uint8_t *data;
} memory_blob;

typedef struct blob_memory {
    blobs base;
    memory_blob *first;
} blob_memory;

static memory_blob *
find_partial(blobs *base, const char *batch_id)
{
    for (memory_blob *blob = ((blob_memory *)base)->first; blob != NULL; blob = blob->next)
        if (blob->batch_id[0] != '\0' && strcmp(blob->batch_id, batch_id) == 0)
            return blob;
    return NULL;
}

static memory_blob *
find_blob(blobs *base, const uint8_t sha256[MST_HASH_SIZE])
{
    for (memory_blob *blob = ((blob_memory *)base)->first; blob != NULL; blob = blob->next)
        if (blob->batch_id[0] == '\0' && memcmp(blob->sha256, sha256, MST_HASH_SIZE) == 0)
            return blob;
    return NULL;
}

static void
memory_forget(blobs *base, const char *batch_id)
{
    for (memory_blob **at = &((blob_memory *)base)->first; *at != NULL; at = &(*at)->next) {
        memory_blob *blob = *at;
        if (blob->batch_id[0] == '\0' || strcmp(blob->batch_id, batch_id) != 0)
            continue;
        *at = blob->next;
        free(blob->data);
        free(blob);
        return;
    }
}

static mst_status
memory_begin(blobs *base, const char *batch_id, const blob_upload *upload)
{
    memory_forget(base, batch_id);
    memory_blob *blob = mst_alloc(sizeof *blob);
    memset(blob, 0, sizeof *blob);
    assert(strlen(batch_id) < sizeof blob->batch_id);
    strcpy(blob->batch_id, batch_id);
    blob->upload = *upload;
    blob->upload.offset = 0;
    blob->data = mst_alloc(upload->size + 1);
    blob->next = ((blob_memory *)base)->first;
    ((blob_memory *)base)->first = blob;
    return MST_OK;
}

static mst_status
memory_look(blobs *base, const char *batch_id, blob_upload *upload)
{
    const memory_blob *blob = find_partial(base, batch_id);
    if (blob == NULL)
        return MST_NOT_FOUND;
    *upload = blob->upload;
    return MST_OK;
}

static mst_status
memory_put(blobs *base, const char *batch_id, const void *data, size_t size)
{
    memory_blob *blob = find_partial(base, batch_id);
    if (blob == NULL)
        return MST_NOT_FOUND;
    assert(blob->upload.offset + size <= blob->upload.size);
    memcpy(blob->data + blob->upload.offset, data, size);
    blob->upload.offset += size;
    return MST_OK;
}

static mst_status
memory_finish(blobs *base, const char *batch_id, uint8_t sha256[MST_HASH_SIZE])
{
    memory_blob *blob = find_partial(base, batch_id);
    if (blob == NULL)
        return MST_NOT_FOUND;
    mst_sha256(blob->data, blob->upload.offset, sha256);
    if (blob->upload.sha256_known && memcmp(sha256, blob->upload.sha256, MST_HASH_SIZE) != 0) {
        memory_forget(base, batch_id);
        return MST_CORRUPT;
    }
    memcpy(blob->sha256, sha256, MST_HASH_SIZE);
    blob->batch_id[0] = '\0';
    return MST_OK;
}

static void
memory_partials(blobs *base, void (*each)(void *context, const char *batch_id), void *context)
{
    for (memory_blob *blob = ((blob_memory *)base)->first, *next; blob != NULL; blob = next) {
        next = blob->next; // `each` may forget it
        if (blob->batch_id[0] != '\0')
            each(context, blob->batch_id);
    }
}

static mst_status
memory_size(blobs *base, const uint8_t sha256[MST_HASH_SIZE], uint64_t *size)
{
    const memory_blob *blob = find_blob(base, sha256);
    if (blob == NULL)
        return MST_NOT_FOUND;
    *size = blob->upload.offset;
    return MST_OK;
}

static mst_status
memory_read(blobs *base, const uint8_t sha256[MST_HASH_SIZE], uint64_t offset, void *data, size_t size, size_t *got)
{
    const memory_blob *blob = find_blob(base, sha256);
    if (blob == NULL)
        return MST_NOT_FOUND;
    uint64_t left = offset >= blob->upload.offset ? 0 : blob->upload.offset - offset;
    *got = left < size ? (size_t)left : size;
    memcpy(data, blob->data + offset, *got);
    return MST_OK;
}

static void
memory_close(blobs *base)
{
    blob_memory *self = (blob_memory *)base;
    while (self->first != NULL) {
        memory_blob *blob = self->first;
        self->first = blob->next;
        free(blob->data);
        free(blob);
    }
    free(self);
}

static const blobs_ops MEMORY_OPS = {memory_begin,    memory_look, memory_put,  memory_finish, memory_forget,
                                     memory_partials, memory_size, memory_read, memory_close};

blobs *
blobs_new_memory(void)
{
    blob_memory *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->base.ops = &MEMORY_OPS;
    return &self->base;
}
