/* notices.h - what notification remembers: batches, and the mails about them. A fold; an event applied again changes
 * nothing. Ownership: copies. Thread: one. */
#ifndef MUSTER_NOTIFICATION_NOTICES_H
#define MUSTER_NOTIFICATION_NOTICES_H

#include "export.pb-c.h"
#include "notification.pb-c.h"
#include "services/runtime/roster.h"
#include "services/runtime/service.h"

typedef struct notice {
    Muster__V1__NoticeQueued *queued;
    bool sent, failed;
    uint32_t attempts; /* known from the log, or, while it is tried, from this process */
    int64_t at_ms;     /* of being sent or given up */
    char *last_error;  /* NULL: none */
} notice;

typedef struct noticed_batch {
    Muster__V1__BatchCreated *created; /* NULL: its creation was never seen */
    char *file_name;                   /* NULL: none yet */
    notice *notices;                   /* [n] has number n + 1 */
    size_t count;
} noticed_batch;

typedef struct notices {
    mst_roster roster; /* of noticed_batch */
    uint64_t applied_seq;
} notices;

void notices_reset(notices *self);
void notices_apply(notices *self, const mst_event *event);
noticed_batch *notices_batch(const notices *self, const char *batch_id);
/* NULL: there is none. */
notice *notices_find(const notices *self, const char *batch_id, uint32_t number);
/* What the last attempt said; kept until the next one. */
void notice_tried(notice *self, uint32_t attempts, const char *error);

#endif
