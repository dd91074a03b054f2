/* letter.h - a mail as bytes: headers (RFC 5322, RFC 2047) and a plain text in quoted-printable (RFC 2045). Pure. */
#ifndef MUSTER_NOTIFICATION_LETTER_H
#define MUSTER_NOTIFICATION_LETTER_H

#include "broker/lib/arena.h"
#include <stdint.h>

typedef struct letter {
    const char *from, *to, *reply_to, *subject, *text, *message_id; /* UTF-8; reply_to "" none; text with LF */
    int64_t at_ms;
} letter;

/* The whole message with CRLF line ends, in `arena`. Control characters in headers become blanks, so that no text can
 * add a header of its own. */
mst_slice letter_bytes(const letter *self, mst_arena *arena);

#endif
