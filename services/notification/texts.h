/* texts.h - what mails say, in one place. Pure. No values of rows: names of batch and file, and counts. */
#ifndef MUSTER_NOTIFICATION_TEXTS_H
#define MUSTER_NOTIFICATION_TEXTS_H

#include "broker/lib/arena.h"
#include "export.pb-c.h"
#include "notification.pb-c.h"
#include <stdbool.h>

typedef struct occasion {
    Muster__V1__NoticeKind kind;
    const Muster__V1__BatchCreated *created;
    const char *file_name, *link;                /* link: of the screens, "" none */
    uint32_t waiting;                            /* FIX_ERRORS: wrong rows; DISCREPANCIES: rows in question */
    bool again;                                  /* DISCREPANCIES: the directory changed meanwhile */
    const Muster__V1__BatchCompleted *completed; /* COMPLETED */
} occasion;

char *texts_subject(const occasion *of, mst_arena *arena);
char *texts_body(const occasion *of, mst_arena *arena);

#endif
