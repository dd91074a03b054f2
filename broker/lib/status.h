/* status.h - how functions of muster say that the world (disk, network, peer) did not do what was asked.
 *
 * Chosen by what the caller can do about it. Our own bugs are asserted; wrong data of a person is an event. */
#ifndef MUSTER_STATUS_H
#define MUSTER_STATUS_H

#define MST_NODISCARD __attribute__((warn_unused_result))
#define MST_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

typedef enum mst_status {
    MST_OK = 0,
    MST_AGAIN, /* not now: retry later */
    MST_STALE, /* somebody else was first: learn, decide again */
    MST_SEEN,  /* done before; nothing to do */
    MST_NOT_FOUND,
    MST_BUSY,    /* another process holds it */
    MST_INVALID, /* what was given is wrong */
    MST_LIMIT,   /* over a named limit */
    MST_FULL,    /* no disk space */
    MST_DENIED,
    MST_CORRUPT, /* stored bytes are damaged */
    MST_IO,      /* the operating system refused: stop */
    MST_TIMEOUT,
    MST_CLOSED /* the peer or the log is gone */
} mst_status;

/* One lower-case word for logs: "ok", "stale" .. */
const char *mst_status_name(mst_status status);

#endif
