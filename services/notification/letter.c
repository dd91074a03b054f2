/* letter.c - see letter.h. */
#include "services/notification/letter.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE_MAX 76u  /* characters of an encoded line, RFC 2045 6.7 */
#define WORD_BYTES_MAX 45u /* bytes in an encoded word, which has at most 75 characters, RFC 2047 2 */

typedef struct output {
    char *data;
    size_t size, room;
    mst_arena *arena;
} output;

static void
put(output *to, const char *text, size_t size)
{
    if (to->size + size > to->room) {
        size_t room = 2 * (to->size + size) + 1024;
        char *grown = mst_arena_alloc(to->arena, room);
        if (to->size > 0)
            memcpy(grown, to->data, to->size);
        to->data = grown;
        to->room = room;
    }
    memcpy(to->data + to->size, text, size);
    to->size += size;
}

static void
put_text(output *to, const char *text)
{
    put(to, text, strlen(text));
}

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x7F)
            return false;
    return true;
}

/* Base64 of at most WORD_BYTES_MAX bytes, as an encoded word. */
static void
put_word(output *to, const uint8_t *data, size_t size)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    put_text(to, "=?UTF-8?B?");
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16 | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) |
                         (i + 2 < size ? data[i + 2] : 0);
        char four[4] = {DIGITS[three >> 18], DIGITS[three >> 12 & 63], i + 1 < size ? DIGITS[three >> 6 & 63] : '=',
                        i + 2 < size ? DIGITS[three & 63] : '='};
        put(to, four, 4);
    }
    put_text(to, "?=");
}

/* A header whose value may hold any text. */
static void
put_header(output *to, const char *name, const char *value)
{
    char *clean = mst_arena_strdup(to->arena, value);
    for (char *at = clean; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            *at = ' ';
    put_text(to, name);
    put_text(to, ": ");
    size_t size = strlen(clean), at = 0;
    if (is_plain(clean) && strlen(name) + 2 + size <= LINE_SIZE_MAX)
        put(to, clean, size);
    else
        while (at < size) {
            size_t take = size - at < WORD_BYTES_MAX - 12 ? size - at : WORD_BYTES_MAX - 12;
            while (at + take < size && ((uint8_t)clean[at + take] & 0xC0) == 0x80)
                take--; // whole characters only
            if (at > 0)
                put_text(to, "\r\n ");
            put_word(to, (const uint8_t *)clean + at, take);
            at += take;
        }
    put_text(to, "\r\n");
}

/* "Name <address>": only the name may need encoding. */
static void
put_mailbox(output *to, const char *name, const char *mailbox)
{
    const char *open = strrchr(mailbox, '<');
    put_text(to, name);
    put_text(to, ": ");
    if (open == NULL || is_plain(mailbox))
        put_text(to, mailbox);
    else {
        size_t size = (size_t)(open - mailbox);
        while (size > 0 && mailbox[size - 1] == ' ')
            size--;
        for (size_t at = 0, take; at < size; at += take) {
            take = size - at < WORD_BYTES_MAX - 12 ? size - at : WORD_BYTES_MAX - 12;
            while (at + take < size && ((uint8_t)mailbox[at + take] & 0xC0) == 0x80)
                take--;
            put_word(to, (const uint8_t *)mailbox + at, take);
            put_text(to, "\r\n ");
        }
        put_text(to, open);
    }
    put_text(to, "\r\n");
}

static void
put_date(output *to, int64_t at_ms)
{
    static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm when;
    char line[64];
    gmtime_r(&seconds, &when);
    snprintf(line, sizeof line, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", DAYS[when.tm_wday], when.tm_mday,
             MONTHS[when.tm_mon], when.tm_year + 1900, when.tm_hour, when.tm_min, when.tm_sec);
    put_text(to, line);
}

/* One line of text, cut into lines of at most 76 characters that a reader joins again. */
static void
put_quoted_line(output *to, const char *line, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)line[i];
        bool last = i + 1 == size;
        bool literal = (c >= 33 && c <= 126 && c != '=') || ((c == ' ' || c == '\t') && !last);
        if (used + (literal ? 1u : 3u) > LINE_SIZE_MAX - 1) {
            put_text(to, "=\r\n");
            used = 0;
        }
        char coded[4];
        int coded_size = literal ? snprintf(coded, sizeof coded, "%c", c) : snprintf(coded, sizeof coded, "=%02X", c);
        put(to, coded, (size_t)coded_size);
        used += (size_t)coded_size;
    }
    put_text(to, "\r\n");
}

mst_slice
letter_bytes(const letter *self, mst_arena *arena)
{
    output to = {.arena = arena};
    put_date(&to, self->at_ms);
    put_mailbox(&to, "From", self->from);
    put_mailbox(&to, "To", self->to);
    if (self->reply_to[0] != '\0')
        put_mailbox(&to, "Reply-To", self->reply_to);
    put_header(&to, "Subject", self->subject);
    put_text(&to, "Message-ID: "); // ours: short and plain
    put_text(&to, self->message_id);
    put_text(&to, "\r\nAuto-Submitted: auto-generated\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=UTF-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    for (const char *line = self->text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        put_quoted_line(&to, line, size);
        line += size + (line[size] == '\n');
    }
    return (mst_slice){(const uint8_t *)to.data, to.size};
}
