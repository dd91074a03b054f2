/* json_text.c - see json_text.h. One pass; what is open is remembered as a bit a level. */
#include "json_text.h"

#include <string.h>

typedef struct scan {
    const uint8_t *at, *end;
    bool object[JSON_DEPTH_MAX + 1]; /* of each open level: an object, not a list */
    unsigned depth;
} scan;

static void
skip_blanks(scan *s)
{
    while (s->at < s->end && memchr(" \t\r\n", *s->at, 4) != NULL)
        s->at++;
}

static bool
take(scan *s, char c)
{
    if (s->at == s->end || (char)*s->at != c)
        return false;
    s->at++;
    return true;
}

static bool
string(scan *s)
{
    if (!take(s, '"'))
        return false;
    while (s->at < s->end && *s->at != '"') {
        if (*s->at < 0x20)
            return false;
        if (*s->at++ != '\\')
            continue;
        if (s->at == s->end)
            return false;
        uint8_t escaped = *s->at++;
        if (escaped == 'u') {
            for (int i = 0; i < 4; i++, s->at++)
                if (s->at == s->end || strchr("0123456789abcdefABCDEF", (char)*s->at) == NULL || *s->at == 0)
                    return false;
        } else if (escaped == 0 || strchr("\"\\/bfnrt", (char)escaped) == NULL)
            return false;
    }
    return take(s, '"');
}

static bool
digits(scan *s)
{
    const uint8_t *before = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > before;
}

static bool
number(scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !digits(s))
        return false;
    if (take(s, '.') && !digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            take(s, '-');
        return digits(s);
    }
    return true;
}

static bool
word(scan *s, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0)
        return false;
    s->at += size;
    return true;
}

static bool
name(scan *s)
{
    skip_blanks(s);
    if (!string(s))
        return false;
    skip_blanks(s);
    return take(s, ':');
}

/* A value up to where it is whole, or to the first value within it. `*whole`: it is. */
static bool
value(scan *s, bool *whole)
{
    skip_blanks(s);
    *whole = true;
    if (s->at == s->end)
        return false;
    bool object = *s->at == '{';
    if (*s->at == '"')
        return string(s);
    if (*s->at != '{' && *s->at != '[')
        return word(s, "true") || word(s, "false") || word(s, "null") || number(s);
    s->at++;
    skip_blanks(s);
    if (take(s, object ? '}' : ']'))
        return true;
    if (s->depth == JSON_DEPTH_MAX)
        return false;
    s->object[++s->depth] = object;
    *whole = false;
    return !object || name(s);
}

bool
json_text_ok(const uint8_t *data, size_t size)
{
    scan s = {.at = data, .end = data + size};
    for (;;) {
        bool whole;
        if (!value(&s, &whole))
            return false;
        if (!whole)
            continue;
        for (;;) { // behind a value: what holds it goes on, or ends
            skip_blanks(&s);
            if (s.depth == 0)
                return s.at == s.end;
            if (take(&s, ',')) {
                if (s.object[s.depth] && !name(&s))
                    return false;
                break;
            }
            if (!take(&s, s.object[s.depth] ? '}' : ']'))
                return false;
            s.depth--;
        }
    }
}
