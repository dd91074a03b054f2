/* log.c - see log.h. A line is built in one buffer and written by one write(2), so that lines of several threads and
 * processes do not mix. */
#include "log.h"
#include "clock.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE_MAX 4096 /* bytes; what goes beyond is cut, the line stays JSON */
#define TAIL_SIZE 32       /* kept free for the end of the line */

static char process_name[64] = "muster";
static mst_log_level level_min = MST_LOG_INFO;

typedef struct log_line {
    char text[LINE_SIZE_MAX];
    size_t size;
} log_line;

void
mst_log_init(const char *process, mst_log_level level)
{
    snprintf(process_name, sizeof process_name, "%s", process);
    level_min = level;
}

static size_t
line_room(const log_line *line)
{
    return LINE_SIZE_MAX - TAIL_SIZE - line->size;
}

static void
line_raw(log_line *line, const char *text)
{
    size_t size = strlen(text);
    if (size > line_room(line))
        size = 0;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

/* A JSON string; cut where the line is full, control characters escaped. */
static void
line_string(log_line *line, const char *text)
{
    line_raw(line, "\"");
    for (const unsigned char *at = (const unsigned char *)text; *at && line_room(line) > 8; at++) {
        char escaped[8] = {(char)*at, 0};
        if (*at == '"' || *at == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            snprintf(escaped, sizeof escaped, "\\u%04x", *at);
        line_raw(line, escaped);
    }
    line->text[line->size++] = '"'; /* TAIL_SIZE has room for it */
}

static void
line_time(log_line *line)
{
    int64_t ms = mst_clock_wall_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    char text[64];
    gmtime_r(&seconds, &utc);
    size_t size = strftime(text, sizeof text, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + size, sizeof text - size, ".%03dZ\"", (int)(ms % 1000));
    line_raw(line, text);
}

/* The value of one pair; `mark` is what follows "=" in its key, 0 for a string. */
static void
line_value(log_line *line, char mark, va_list *args)
{
    char number[32] = "null";
    double real;
    const char *text;
    switch (mark) {
    case 'i': snprintf(number, sizeof number, "%" PRId64, va_arg(*args, int64_t)); break;
    case 'u': snprintf(number, sizeof number, "%" PRIu64, va_arg(*args, uint64_t)); break;
    case 'd':
        real = va_arg(*args, double);
        if (isfinite(real))
            snprintf(number, sizeof number, "%.6g", real);
        break;
    default:
        text = va_arg(*args, const char *);
        line_string(line, text ? text : "");
        return;
    }
    line_raw(line, number);
}

void
mst_log(mst_log_level level, const char *event, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < level_min)
        return;
    log_line line = {.size = 0};
    line_time(&line);
    line_raw(&line, ",\"level\":");
    line_string(&line, names[level]);
    line_raw(&line, ",\"process\":");
    line_string(&line, process_name);
    line_raw(&line, ",\"event\":");
    line_string(&line, event);

    va_list args;
    va_start(args, event);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        char name[64];
        const char *equals = strchr(key, '=');
        int size = equals ? (int)(equals - key) : (int)strlen(key);
        snprintf(name, sizeof name, "%.*s", size, key);
        size_t before = line.size;
        line_raw(&line, ",");
        line_string(&line, name);
        line_raw(&line, ":");
        line_value(&line, equals ? equals[1] : '\0', &args);
        if (line_room(&line) <= 8)
            line.size = before; /* a pair that does not fit is left out whole */
    }
    va_end(args);
    line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written; /* nobody to tell */
}
