/* outbox.h - the one place that speaks SMTP (libcurl). Each mail is handed over in a thread of its own, because a mail
 * server may take minutes to answer; who wants to know asks from time to time.
 *
 * A mail is known by its Message-ID: handing over one that is under way, or whose result is not taken yet, does
 * nothing, so that work which begins again finds the transfer it began before.
 * Ownership: copies. Thread: all functions from one; the transfers are the outbox's own. */
#ifndef MUSTER_NOTIFICATION_OUTBOX_H
#define MUSTER_NOTIFICATION_OUTBOX_H

#include "services/notification/letter.h"
#include "services/notification/settings.h"

#define OUTBOX_UNDER_WAY_MAX 8u      /* mails at the same time */
#define OUTBOX_CONNECT_SECONDS 20L   /* to reach the server */
#define OUTBOX_TRANSFER_SECONDS 120L /* for everything */
#define OUTBOX_ERROR_SIZE 300u

typedef enum outbox_result {
    OUTBOX_NONE, /* no such mail */
    OUTBOX_UNDER_WAY,
    OUTBOX_SENT,   /* the server has taken it */
    OUTBOX_LATER,  /* not now: no connection, a 4xx answer */
    OUTBOX_REFUSED /* never: a 5xx answer, a wrong certificate, a wrong password */
} outbox_result;

typedef struct outbox outbox;

outbox *outbox_new(const mail_settings *settings);
/* Transfers under way are left to themselves; their results are lost. */
void outbox_destroy(outbox **self);
/* False: too many under way, try again later. */
bool outbox_hand_over(outbox *self, const letter *mail);
/* A result other than UNDER_WAY is given once and then forgotten. `error` is filled for LATER and REFUSED. */
outbox_result outbox_take(outbox *self, const char *message_id, char error[OUTBOX_ERROR_SIZE]);

#endif
