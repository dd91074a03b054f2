/* texts.c - see texts.h. */
#include "texts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* C0, DEL and C1 (C2 80 .. C2 9F in UTF-8), and the marks that turn the direction of a line around (S29). */
static size_t
control_size(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7f)
        return 1;
    if (at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F)
        return 2;
    if (at[0] == 0xE2 && at[1] == 0x80 && ((at[2] >= 0xAA && at[2] <= 0xAE) || at[2] == 0x8E || at[2] == 0x8F))
        return 3;
    if (at[0] == 0xE2 && at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9)
        return 3;
    return 0;
}

char *
text_clean(mst_arena *arena, const char *text)
{
    char *clean = mst_arena_alloc(arena, strlen(text) + 1);
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        size_t control = control_size(at);
        if (control == 0)
            clean[used++] = (char)*at;
        else if (*at == '\t' || *at == '\n')
            clean[used++] = ' ';
        at += control == 0 ? 1 : control;
    }
    while (used > 0 && clean[used - 1] == ' ')
        used--;
    clean[used] = '\0';
    return clean + strspn(clean, " ");
}

/* Bytes of the character that begins here; 0: none that may stand in XML. */
static size_t
character_size(const unsigned char *at, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = at[0] < 0x80                    ? 1
                  : at[0] >= 0xC2 && at[0] < 0xE0 ? 2
                  : (at[0] & 0xF0) == 0xE0        ? 3
                  : at[0] >= 0xF0 && at[0] < 0xF5 ? 4
                                                  : 0;
    if (need == 0 || need > size || at[0] == 0)
        return 0;
    uint32_t code = need == 1 ? at[0] : at[0] & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3Fu);
    }
    bool surrogate = code >= 0xD800 && code < 0xE000, none = code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF;
    return code < least[need] || surrogate || none ? 0 : need;
}

char *
text_utf8(mst_arena *arena, const char *text, size_t size)
{
    char *fit = mst_arena_alloc(arena, 3 * size + 1);
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        size_t step = character_size((const unsigned char *)text + at, size - at);
        memcpy(fit + used, step == 0 ? "\xEF\xBF\xBD" : text + at, step == 0 ? 3 : step);
        used += step == 0 ? 3 : step;
        at += step == 0 ? 1 : step;
    }
    fit[used] = '\0';
    return fit;
}

char *
text_cut(const char *text, mst_arena *arena, size_t length)
{
    if (text_length(text) <= length)
        return (char *)text;
    size_t cut = 0, keep = length - 3;
    while (keep > 0) {
        cut++;
        if (((unsigned char)text[cut] & 0xC0) != 0x80)
            keep--;
    }
    return mst_arena_printf(arena, "%.*s...", (int)cut, text);
}

size_t
text_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++)
        length += ((unsigned char)*text & 0xC0) != 0x80;
    return length;
}

char *
text_file_name(mst_arena *arena, const char *path)
{
    const char *last = path;
    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/' || *at == '\\')
            last = at + 1;
    char *name = text_clean(arena, last);
    size_t length = text_length(name);
    if (length <= NAME_LENGTH_MAX)
        return name;
    const char *dot = strrchr(name, '.');
    const char *ending = dot == NULL || strlen(dot) > 16 ? "" : dot;
    size_t keep = NAME_LENGTH_MAX - text_length(ending), cut = 0;
    while (keep > 0) {
        cut++;
        if (((unsigned char)name[cut] & 0xC0) != 0x80)
            keep--;
    }
    return mst_arena_printf(arena, "%.*s%s", (int)cut, name, ending);
}

bool
text_ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);
    return size >= tail && strcasecmp(text + size - tail, ending) == 0;
}

bool
text_is_date(const char *text)
{
    if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' || text[7] != '-')
        return false;
    int year, month, day;
    if (sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3 || year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

void
text_date_of(int64_t ms, char date[16])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(date, 16, "%Y-%m-%d", &parts);
}
