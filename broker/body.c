/* body.c - see body.h. */
#include "body.h"

#include <stdlib.h>
#include <string.h>

static void
release_copy(mst_body *body)
{
    free(body); // the bytes stand behind the head in the same block
}

mst_body *
mst_body_copy(const void *data, size_t size)
{
    mst_body *body = mst_alloc(sizeof *body + size);
    uint8_t *bytes = (uint8_t *)(body + 1);
    if (data != NULL && size > 0)
        memcpy(bytes, data, size);
    body->data = bytes;
    body->size = size;
    atomic_init(&body->refs, 1);
    body->release = release_copy;
    return body;
}

mst_body *
mst_body_ref(mst_body *body)
{
    atomic_fetch_add_explicit(&body->refs, 1, memory_order_relaxed);
    return body;
}

void
mst_body_unref(mst_body **body)
{
    mst_body *held = *body;
    *body = NULL;
    if (held != NULL && atomic_fetch_sub_explicit(&held->refs, 1, memory_order_acq_rel) == 1)
        held->release(held);
}
