/* outbox.c - see outbox.h. */
#include "services/notification/outbox.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shared by the outbox and the thread of the transfer; the last of the two frees it. */
typedef struct transfer {
    pthread_mutex_t lock;
    int users;
    outbox_result result;
    char error[OUTBOX_ERROR_SIZE];
    mst_arena *arena; /* everything below, written before the thread begins */
    const char *message_id, *url, *user, *password, *ca_file, *from, *to;
    settings_security security;
    mst_slice bytes;
    size_t read;
    char answer[OUTBOX_ERROR_SIZE]; /* the server's last line that is a refusal */
} transfer;

struct outbox {
    const mail_settings *settings;
    transfer *transfers[OUTBOX_UNDER_WAY_MAX];
};

static void
transfer_leave(transfer *self)
{
    pthread_mutex_lock(&self->lock);
    bool last = --self->users == 0;
    pthread_mutex_unlock(&self->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&self->lock);
    mst_arena_destroy(&self->arena);
    free(self);
}

/* The transfer itself ------------------------------------------------------------------------------------ */

static size_t
give_bytes(char *to, size_t size, size_t count, void *context)
{
    transfer *self = context;
    size_t room = size * count, left = self->bytes.size - self->read;
    size_t take = left < room ? left : room;
    memcpy(to, self->bytes.data + self->read, take);
    self->read += take;
    return take;
}

static size_t
take_answer(char *line, size_t size, size_t count, void *context)
{
    transfer *self = context;
    size_t length = size * count;
    if (length > 3 && (line[0] == '4' || line[0] == '5')) {
        while (length > 0 && (unsigned char)line[length - 1] <= ' ')
            length--;
        snprintf(self->answer, sizeof self->answer, "%.*s", (int)length, line);
    }
    return size * count;
}

/* Whether trying again may help. The server's own answer counts most. */
static outbox_result
judge(CURLcode code, long answer)
{
    if (code == CURLE_OK)
        return OUTBOX_SENT;
    if (answer >= 500)
        return OUTBOX_REFUSED;
    if (answer >= 400)
        return OUTBOX_LATER;
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_LOGIN_DENIED:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_USE_SSL_FAILED: return OUTBOX_REFUSED;
    default: return OUTBOX_LATER;
    }
}

static void
set_options(CURL *curl, transfer *self, struct curl_slist *to, char said[CURL_ERROR_SIZE])
{
    curl_easy_setopt(curl, CURLOPT_URL, self->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, OUTBOX_CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, OUTBOX_TRANSFER_SECONDS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
    if (self->security == SECURITY_STARTTLS)
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (self->ca_file[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, self->ca_file);
    if (self->user[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_USERNAME, self->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, self->password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, self->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
    curl_easy_setopt(curl, CURLOPT_READDATA, self);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, self);
}

static void *
run(void *context)
{
    transfer *self = context;
    char said[CURL_ERROR_SIZE] = "";
    long answer = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, self->to);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl != NULL && to != NULL) {
        set_options(curl, self, to, said);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    pthread_mutex_lock(&self->lock);
    self->result = judge(code, answer);
    const char *why = said[0] != '\0' ? said : curl_easy_strerror(code);
    if (self->answer[0] != '\0')
        snprintf(self->error, sizeof self->error, "the mail server says %.250s", self->answer);
    else
        snprintf(self->error, sizeof self->error, "%s", why);
    pthread_mutex_unlock(&self->lock);
    transfer_leave(self);
    return NULL;
}

/* The outbox --------------------------------------------------------------------------------------------- */

outbox *
outbox_new(const mail_settings *settings)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    outbox *self = mst_alloc(sizeof *self);
    *self = (outbox){.settings = settings};
    return self;
}

void
outbox_destroy(outbox **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < OUTBOX_UNDER_WAY_MAX; i++)
        if ((*self)->transfers[i] != NULL)
            transfer_leave((*self)->transfers[i]);
    free(*self);
    *self = NULL;
}

static transfer **
place_of(outbox *self, const char *message_id)
{
    for (size_t i = 0; i < OUTBOX_UNDER_WAY_MAX; i++)
        if (self->transfers[i] != NULL && strcmp(self->transfers[i]->message_id, message_id) == 0)
            return &self->transfers[i];
    return NULL;
}

static transfer *
transfer_new(const mail_settings *settings, const letter *mail)
{
    transfer *self = mst_alloc(sizeof *self);
    *self = (transfer){.users = 2, .result = OUTBOX_UNDER_WAY, .arena = mst_arena_new(0)};
    pthread_mutex_init(&self->lock, NULL);
    mst_arena *arena = self->arena;
    self->message_id = mst_arena_strdup(arena, mail->message_id);
    self->url = mst_arena_printf(arena, "%s://%s:%u", settings->security == SECURITY_TLS ? "smtps" : "smtp",
                                 settings->host, settings->port);
    self->user = mst_arena_strdup(arena, settings->user);
    self->password = mst_arena_strdup(arena, settings->password == NULL ? "" : settings->password);
    self->ca_file = mst_arena_strdup(arena, settings->ca_file);
    self->from = mst_arena_strdup(arena, settings_bare(mail->from, arena));
    self->to = mst_arena_strdup(arena, settings_bare(mail->to, arena));
    self->security = settings->security;
    self->bytes = letter_bytes(mail, arena);
    return self;
}

bool
outbox_hand_over(outbox *self, const letter *mail)
{
    if (place_of(self, mail->message_id) != NULL)
        return true;
    for (size_t i = 0; i < OUTBOX_UNDER_WAY_MAX; i++) {
        if (self->transfers[i] != NULL)
            continue;
        pthread_t thread;
        transfer *one = transfer_new(self->settings, mail);
        if (pthread_create(&thread, NULL, run, one) != 0) {
            one->users = 1;
            transfer_leave(one);
            return false;
        }
        pthread_detach(thread);
        self->transfers[i] = one;
        return true;
    }
    return false;
}

outbox_result
outbox_take(outbox *self, const char *message_id, char error[OUTBOX_ERROR_SIZE])
{
    transfer **place = place_of(self, message_id);
    if (place == NULL)
        return OUTBOX_NONE;
    transfer *one = *place;
    pthread_mutex_lock(&one->lock);
    outbox_result result = one->result;
    memcpy(error, one->error, OUTBOX_ERROR_SIZE);
    pthread_mutex_unlock(&one->lock);
    if (result != OUTBOX_UNDER_WAY) {
        *place = NULL;
        transfer_leave(one);
    }
    return result;
}
