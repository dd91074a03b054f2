/* settings.h - how mail is sent, to whom and about what: the file mail.yaml in the system's data directory.
 *
 * deploy/config/mail.yaml shows every setting. Without the file no mail is sent and nothing is queued.
 * Ownership: the settings own their texts. Thread: read once, then any. */
#ifndef MUSTER_NOTIFICATION_SETTINGS_H
#define MUSTER_NOTIFICATION_SETTINGS_H

#include "broker/lib/arena.h"
#include "notification.pb-c.h"
#include <stdbool.h>

#define SETTINGS_FILE "mail.yaml"
#define ADDRESS_SIZE_MAX 254u /* characters of an address, RFC 5321 4.5.3.1.3 */

typedef enum settings_security { SECURITY_NONE, SECURITY_STARTTLS, SECURITY_TLS } settings_security;

typedef struct settings_operator {
    const char *name, *address;
} settings_operator;

typedef struct mail_settings {
    mst_arena *arena;
    bool on; /* there is a file, and it names a server */
    const char *host, *user, *password, *ca_file, *from, *reply_to, *link, *default_to;
    uint32_t port, give_up_hours, max_age_hours;
    settings_security security;
    bool fix_errors, discrepancies, completed, failed, imports;
    settings_operator *operators;
    size_t operators_count;
} mail_settings;

/* Reads `<dir>/mail.yaml`; none is fine ("" as dir, too). MST_INVALID: `why` says what, with line and column. */
MST_NODISCARD mst_status settings_read(mail_settings *self, const char *dir, char *why, size_t why_size);
void settings_release(mail_settings *self);
bool settings_wants(const mail_settings *self, Muster__V1__NoticeKind kind);
/* The address of an operator: his name if it is one, else the list's, else the default. NULL: none. */
const char *settings_address(const mail_settings *self, const char *operator);
/* An address that can stand in a header and in an SMTP command. */
bool settings_address_ok(const char *address);
/* The bare address of "Name <address>". In `arena`. */
const char *settings_bare(const char *mailbox, mst_arena *arena);

#endif
