/* sending.h - one mail from NoticeQueued to NoticeSent or NoticeFailed.
 *
 * As exactly-once as SMTP allows: the mail is decided once (NoticeQueued), handed over, and NoticeSent stands in the
 * commit that acknowledges it. Only a process that dies between the server's answer and that commit sends it again,
 * under the same Message-ID, by which mail programs recognise it. */
#ifndef MUSTER_NOTIFICATION_SENDING_H
#define MUSTER_NOTIFICATION_SENDING_H

#include "services/notification/notices.h"
#include "services/notification/outbox.h"

typedef struct desk {
    mail_settings settings;
    outbox *outbox;
    notices notices;
} desk;

/* Every step of a NoticeQueued. */
void sending_step(desk *self, mst_work *work, const mst_step *step);

#endif
