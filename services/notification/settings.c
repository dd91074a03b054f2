/* settings.c - see settings.h. */
#include "services/notification/settings.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX 65536u /* bytes of mail.yaml */
#define OPERATORS_MAX 10000u
#define PASSWORD_SIZE_MAX 1000u

typedef struct file_operator {
    char *name, *address;
} file_operator;

typedef struct file_smtp {
    char *host, *security, *user, *password_file, *ca_file;
    uint32_t *port;
} file_smtp;

typedef struct file_notices {
    bool *fix_errors, *discrepancies, *completed, *failed, *imports;
} file_notices;

typedef struct file_all {
    file_smtp *smtp;
    file_notices *notices;
    char *from, *reply_to, *link, *default_to;
    file_operator *operators;
    uint64_t operators_count;
    uint32_t *give_up_hours, *max_age_hours;
} file_all;

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t smtp_fields[] = {
    CYAML_FIELD_STRING_PTR("host", CYAML_FLAG_POINTER, file_smtp, host, 1, 255),
    CYAML_FIELD_UINT_PTR("port", OPTIONAL, file_smtp, port),
    CYAML_FIELD_STRING_PTR("security", OPTIONAL, file_smtp, security, 1, 16),
    CYAML_FIELD_STRING_PTR("user", OPTIONAL, file_smtp, user, 1, 255),
    CYAML_FIELD_STRING_PTR("password_file", OPTIONAL, file_smtp, password_file, 1, 4096),
    CYAML_FIELD_STRING_PTR("ca_file", OPTIONAL, file_smtp, ca_file, 1, 4096),
    CYAML_FIELD_END};
static const cyaml_schema_field_t notices_fields[] = {
    CYAML_FIELD_BOOL_PTR("fix_errors", OPTIONAL, file_notices, fix_errors),
    CYAML_FIELD_BOOL_PTR("discrepancies", OPTIONAL, file_notices, discrepancies),
    CYAML_FIELD_BOOL_PTR("completed", OPTIONAL, file_notices, completed),
    CYAML_FIELD_BOOL_PTR("failed", OPTIONAL, file_notices, failed),
    CYAML_FIELD_BOOL_PTR("imports", OPTIONAL, file_notices, imports),
    CYAML_FIELD_END};
static const cyaml_schema_field_t operator_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, file_operator, name, 1, 255),
    CYAML_FIELD_STRING_PTR("address", CYAML_FLAG_POINTER, file_operator, address, 3, ADDRESS_SIZE_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t operator_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, file_operator, operator_fields),
};
static const cyaml_schema_field_t all_fields[] = {
    CYAML_FIELD_MAPPING_PTR("smtp", CYAML_FLAG_POINTER, file_all, smtp, smtp_fields),
    CYAML_FIELD_MAPPING_PTR("notices", OPTIONAL, file_all, notices, notices_fields),
    CYAML_FIELD_STRING_PTR("from", CYAML_FLAG_POINTER, file_all, from, 3, 512),
    CYAML_FIELD_STRING_PTR("reply_to", OPTIONAL, file_all, reply_to, 3, 512),
    CYAML_FIELD_STRING_PTR("link", OPTIONAL, file_all, link, 8, 512),
    CYAML_FIELD_STRING_PTR("default_to", OPTIONAL, file_all, default_to, 3, ADDRESS_SIZE_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("operators", OPTIONAL, file_all, operators, operators_count, &operator_schema, 0,
                               OPERATORS_MAX),
    CYAML_FIELD_UINT_PTR("give_up_hours", OPTIONAL, file_all, give_up_hours),
    CYAML_FIELD_UINT_PTR("max_age_hours", OPTIONAL, file_all, max_age_hours),
    CYAML_FIELD_END};
static const cyaml_schema_value_t all_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, file_all, all_fields)};

/* What libcyaml says is wrong: the first lines of it, up to a size. */
typedef struct problem {
    char *text;
    size_t size;
} problem;

static void
take_problem(cyaml_log_t level, void *context, const char *format, va_list args)
{
    problem *to = context;
    size_t used = strlen(to->text);
    if (level < CYAML_LOG_ERROR || used + 2 >= to->size)
        return;
    vsnprintf(to->text + used, to->size - used, format, args);
    for (char *at = to->text + used; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
}

/* Addresses ---------------------------------------------------------------------------------------------- */

bool
settings_address_ok(const char *address)
{
    size_t size = strlen(address);
    const char *at = strrchr(address, '@');
    if (size < 3 || size > ADDRESS_SIZE_MAX || at == NULL || at == address || at[1] == '\0')
        return false;
    for (const char *c = address; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F || strchr("<>()[]\\,;:\"", *c) != NULL)
            return false;
    return strchr(address, '@') == at;
}

const char *
settings_bare(const char *mailbox, mst_arena *arena)
{
    const char *open = strrchr(mailbox, '<'), *close = open == NULL ? NULL : strchr(open, '>');
    return close == NULL ? mailbox : mst_arena_strndup(arena, open + 1, (size_t)(close - open - 1));
}

const char *
settings_address(const mail_settings *self, const char *operator)
{
    for (size_t i = 0; i < self->operators_count; i++)
        if (strcmp(self->operators[i].name, operator) == 0)
            return self->operators[i].address;
    if (settings_address_ok(operator))
        return operator;
    return self->default_to[0] == '\0' ? NULL : self->default_to;
}

bool
settings_wants(const mail_settings *self, Muster__V1__NoticeKind kind)
{
    switch (kind) {
    case MUSTER__V1__NOTICE_KIND__NOTICE_FIX_ERRORS: return self->on && self->fix_errors;
    case MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES: return self->on && self->discrepancies;
    case MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED: return self->on && self->completed;
    case MUSTER__V1__NOTICE_KIND__NOTICE_FAILED: return self->on && self->failed;
    default: return false;
    }
}

/* Reading ------------------------------------------------------------------------------------------------ */

static const char *
text(mail_settings *self, const char *given)
{
    return given == NULL ? "" : mst_arena_strdup(self->arena, given);
}

static bool
flag(const bool *given, bool otherwise)
{
    return given == NULL ? otherwise : *given;
}

static uint32_t
number(const uint32_t *given, uint32_t otherwise)
{
    return given == NULL ? otherwise : *given;
}

/* The first line of a file that nobody but its owner may read (S10). */
static mst_status
read_password(mail_settings *self, const char *path, char *why, size_t why_size)
{
    char line[PASSWORD_SIZE_MAX + 2] = "";
    struct stat about;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(why, why_size, "smtp.password_file %s: %s", path, strerror(errno));
        return MST_INVALID;
    }
    bool open = fstat(fileno(file), &about) != 0 || (about.st_mode & 077) != 0;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    if (open)
        snprintf(why, why_size, "smtp.password_file %s: others may read it; chmod 600 it first", path);
    else if (!read || line[0] == '\0' || strlen(line) > PASSWORD_SIZE_MAX)
        snprintf(why, why_size, "smtp.password_file %s: its first line must be the password, at most %u bytes", path,
                 PASSWORD_SIZE_MAX);
    else {
        self->password = mst_arena_strdup(self->arena, line);
        return MST_OK;
    }
    return MST_INVALID;
}

static bool
header_ok(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return false;
    return true;
}

static mst_status
take_security(mail_settings *self, const char *security, char *why, size_t why_size)
{
    static const char *const NAMES[] = {"none", "starttls", "tls"};
    self->security = SECURITY_STARTTLS;
    for (int i = 0; security != NULL; i++) {
        if (i == 3) {
            snprintf(why, why_size, "smtp.security: \"%s\" is not known; allowed are none, starttls, tls", security);
            return MST_INVALID;
        }
        if (strcmp(NAMES[i], security) == 0) {
            self->security = (settings_security)i;
            break;
        }
    }
    return MST_OK;
}

static mst_status
check(const mail_settings *self, char *why, size_t why_size)
{
    const struct {
        const char *name, *value;
    } mailboxes[] = {{"from", self->from}, {"reply_to", self->reply_to}, {"default_to", self->default_to}};
    for (size_t i = 0; i < 3; i++)
        if (mailboxes[i].value[0] != '\0' &&
            (!header_ok(mailboxes[i].value) || !settings_address_ok(settings_bare(mailboxes[i].value, self->arena)))) {
            snprintf(why, why_size, "%s: \"%s\" is no mail address", mailboxes[i].name, mailboxes[i].value);
            return MST_INVALID;
        }
    for (size_t i = 0; i < self->operators_count; i++)
        if (!settings_address_ok(self->operators[i].address)) {
            snprintf(why, why_size, "operators: \"%s\" of %s is no mail address", self->operators[i].address,
                     self->operators[i].name);
            return MST_INVALID;
        }
    if (self->port == 0 || self->port > 65535 || !header_ok(self->host) || !header_ok(self->link)) {
        snprintf(why, why_size, "smtp: host, port (1 to 65535) and link must be single lines of text");
        return MST_INVALID;
    }
    if (self->user[0] != '\0' && self->password == NULL) {
        snprintf(why, why_size, "smtp.user is given, but no password_file");
        return MST_INVALID;
    }
    return MST_OK;
}

static mst_status
take_file(mail_settings *self, const file_all *file, char *why, size_t why_size)
{
    static const file_notices nothing_said;
    const file_notices *notices = file->notices == NULL ? &nothing_said : file->notices;
    self->host = text(self, file->smtp->host);
    self->user = text(self, file->smtp->user);
    self->ca_file = text(self, file->smtp->ca_file);
    self->from = text(self, file->from);
    self->reply_to = text(self, file->reply_to);
    self->link = text(self, file->link);
    self->default_to = text(self, file->default_to);
    self->give_up_hours = number(file->give_up_hours, 24);
    self->max_age_hours = number(file->max_age_hours, 24);
    self->fix_errors = flag(notices->fix_errors, true);
    self->discrepancies = flag(notices->discrepancies, true);
    self->completed = flag(notices->completed, true);
    self->failed = flag(notices->failed, true);
    self->imports = flag(notices->imports, false);
    self->operators = mst_arena_alloc(self->arena, (file->operators_count + 1) * sizeof *self->operators);
    for (; self->operators_count < file->operators_count; self->operators_count++) {
        const file_operator *one = &file->operators[self->operators_count];
        self->operators[self->operators_count] = (settings_operator){text(self, one->name), text(self, one->address)};
    }
    mst_status rc = take_security(self, file->smtp->security, why, why_size);
    self->port = number(file->smtp->port, self->security == SECURITY_TLS ? 465 : 587);
    if (rc == MST_OK && file->smtp->password_file != NULL)
        rc = read_password(self, file->smtp->password_file, why, why_size);
    return rc == MST_OK ? check(self, why, why_size) : rc;
}

mst_status
settings_read(mail_settings *self, const char *dir, char *why, size_t why_size)
{
    static char bytes[FILE_SIZE_MAX];
    *self = (mail_settings){.arena = mst_arena_new(0), .from = "", .link = "", .default_to = ""};
    const char *path = mst_arena_printf(self->arena, "%s/%s", dir, SETTINGS_FILE);
    FILE *file = dir[0] == '\0' ? NULL : fopen(path, "re");
    if (file == NULL)
        return MST_OK;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (size == sizeof bytes) {
        snprintf(why, why_size, "%s: larger than %u bytes", path, FILE_SIZE_MAX);
        return MST_INVALID;
    }
    char said[600] = "";
    problem to = {said, sizeof said};
    cyaml_config_t how = {.log_fn = take_problem,
                          .log_ctx = &to,
                          .mem_fn = cyaml_mem,
                          .log_level = CYAML_LOG_ERROR,
                          .flags = CYAML_CFG_NO_ALIAS};
    file_all *all = NULL;
    cyaml_err_t error = cyaml_load_data((const uint8_t *)bytes, size, &how, &all_schema, (cyaml_data_t **)&all, NULL);
    mst_status rc = MST_INVALID;
    char inner[500] = "";
    if (error == CYAML_OK && all != NULL)
        rc = take_file(self, all, inner, sizeof inner);
    else
        snprintf(inner, sizeof inner, "%.300s (%s); deploy/config/%s is a commented sample", said,
                 cyaml_strerror(error), SETTINGS_FILE);
    cyaml_free(&how, &all_schema, all, 0);
    if (rc != MST_OK)
        snprintf(why, why_size, "%s: %s", path, inner);
    self->on = rc == MST_OK;
    return rc;
}

void
settings_release(mail_settings *self)
{
    mst_arena_destroy(&self->arena);
    *self = (mail_settings){0};
}
