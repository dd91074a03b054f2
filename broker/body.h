/* body.h - the bytes of one event or call, shared by everybody they are sent to.
 *
 * A body is made once, where it arrives, and only referenced afterwards: the log, the cache of recent events and
 * every receiver hold a reference, and the last one to let go frees it. Its bytes never change.
 * Thread: ref and unref from any thread (libzmq lets go in its own), the rest from the one that made it. */
#ifndef MUSTER_BODY_H
#define MUSTER_BODY_H

#include "lib/arena.h"
#include <stdatomic.h>

typedef struct mst_body {
    const uint8_t *data;
    size_t size; /* bytes */
    atomic_uint refs;
    void (*release)(struct mst_body *body); /* frees data and body */
} mst_body;

/* A body of its own memory, with one reference; `data` NULL leaves the bytes to the caller to fill. */
mst_body *mst_body_copy(const void *data, size_t size);
mst_body *mst_body_ref(mst_body *body);
/* Lets go of *body and sets it to NULL; NULL is fine. */
void mst_body_unref(mst_body **body);

#endif
