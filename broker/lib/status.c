/* status.c - see status.h. */
#include "status.h"

const char *
mst_status_name(mst_status status)
{
    switch (status) {
    case MST_OK: return "ok";
    case MST_AGAIN: return "again";
    case MST_STALE: return "stale";
    case MST_SEEN: return "seen";
    case MST_NOT_FOUND: return "not found";
    case MST_BUSY: return "busy";
    case MST_INVALID: return "invalid";
    case MST_LIMIT: return "over a limit";
    case MST_FULL: return "disk full";
    case MST_DENIED: return "denied";
    case MST_CORRUPT: return "damaged";
    case MST_IO: return "input/output error";
    case MST_TIMEOUT: return "timeout";
    case MST_CLOSED: return "closed";
    }
    return "unknown";
}
