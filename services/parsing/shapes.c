/* shapes.c - see shapes.h. */
#include "shapes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHAPED_SIZE_MAX 80u /* longer ones are text */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_email(const char *text, size_t size)
{
    const char *at = memchr(text, '@', size);
    return at != NULL && at > text && memchr(at, '.', (size_t)(text + size - at)) != NULL &&
           memchr(text, ' ', size) == NULL && memchr(at + 1, '@', (size_t)(text + size - at - 1)) == NULL;
}

/* Digits, and how often each other sign stands among them. */
typedef struct signs {
    uint32_t digits, other, dashes, slashes, dots, colons, commas, blanks, groups, longest;
} signs;

static signs
count_signs(const char *text, size_t size)
{
    signs found = {0};
    uint32_t run = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (is_digit(c)) {
            found.digits++;
            found.groups += run++ == 0;
            found.longest = run > found.longest ? run : found.longest;
            continue;
        }
        run = 0;
        switch (c) {
        case '-': found.dashes++; break;
        case '/': found.slashes++; break;
        case '.': found.dots++; break;
        case ':': found.colons++; break;
        case ',': found.commas++; break;
        case ' ': found.blanks++; break;
        default: found.other++; break;
        }
    }
    return found;
}

/* The number without currency, percent and group marks. */
static bool
is_number(const char *text, size_t size)
{
    static const char *const money[] = {"$", "\xC2\xA3", "\xE2\x82\xAC", "\xC2\xA5", "%"};
    char plain[SHAPED_SIZE_MAX + 1];
    size_t used = 0;
    bool skipped = false;
    for (size_t i = 0; i < size;) {
        size_t step = 0;
        for (size_t j = 0; j < sizeof money / sizeof money[0]; j++)
            if (size - i >= strlen(money[j]) && memcmp(text + i, money[j], strlen(money[j])) == 0)
                step = strlen(money[j]);
        if (step > 0 && !skipped) {
            skipped = true;
            i += step;
            continue;
        }
        if (text[i] != ' ' && text[i] != ',' && text[i] != '(' && text[i] != ')')
            plain[used++] = text[i];
        i++;
    }
    plain[used] = '\0';
    char *end;
    if (used == 0 || strpbrk(plain, "xXpPiIfF") != NULL)
        return false; // hexadecimal and infinite ones are names here
    strtod(plain, &end);
    return *end == '\0' || (used > 0 && strcasecmp(plain, "nan") == 0);
}

/* 3 Feb 2019, Tue May 29 12:54:08 PDT 2018, 14-Jan */
static bool
has_month(const char *text, size_t size)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (size_t i = 0; i + 3 <= size; i++)
        for (size_t j = 0; j < 36; j += 3)
            if (strncasecmp(text + i, months + j, 3) == 0 &&
                (i == 0 || strchr(" -/.,", text[i - 1]) != NULL || is_digit(text[i - 1])))
                return true;
    return false;
}

static bool
is_date(const char *text, size_t size, const signs *found)
{
    uint32_t marks = found->dashes + found->slashes + found->dots;
    if (found->other == 0 && found->commas == 0 && found->groups >= 3 && found->longest <= 4 && found->digits >= 4 &&
        (found->slashes == 2 || found->dashes == 2 || (found->dots == 2 && found->colons == 0)) && found->digits <= 14)
        return is_digit(text[0]);
    if (found->colons > 0 && found->dashes == 2 && found->longest <= 9 && found->other <= 2) // 2019-02-03T10:00:00Z
        return is_digit(text[0]) && marks >= 2;
    return found->digits > 0 && found->digits <= 14 && found->longest <= 4 && found->other <= 18 &&
           (is_digit(text[0]) || found->colons >= 1 || found->commas == 1) && has_month(text, size) &&
           found->other < 12;
}

cell_shape
shape_of(csv_cell cell)
{
    const char *text = (const char *)cell.data;
    size_t size = cell.size;
    while (size > 0 && (unsigned char)text[0] <= ' ') {
        text++;
        size--;
    }
    while (size > 0 && (unsigned char)text[size - 1] <= ' ')
        size--;
    if (size == 0)
        return SHAPE_EMPTY;
    if (size > 4 && (strncasecmp(text, "http", 4) == 0 || strncasecmp(text, "www.", 4) == 0))
        return SHAPE_URL;
    if (size > SHAPED_SIZE_MAX)
        return SHAPE_TEXT;
    if (is_email(text, size))
        return SHAPE_EMAIL;
    signs found = count_signs(text, size);
    if (found.digits == 0)
        return size == 3 && strncasecmp(text, "nan", 3) == 0 ? SHAPE_NUMBER : SHAPE_TEXT;
    if (is_date(text, size, &found))
        return SHAPE_DATE;
    if (found.colons > 0 && found.colons <= 2 && found.groups >= 2 && found.longest <= 6 && found.other <= 2 &&
        is_digit(text[0]))
        return SHAPE_TIME;
    uint32_t brackets = 0;
    for (size_t i = 0; i < size; i++)
        brackets += text[i] == '(' || text[i] == ')' || text[i] == '+';
    bool grouped = found.groups >= 2 && found.groups <= 6 && found.commas == 0 && found.colons == 0;
    if (found.digits >= 7 && found.digits <= 15 && found.other == brackets && found.dots != 1 &&
        (text[0] == '+' || text[0] == '(' || grouped) && (grouped || text[0] == '+') && text[0] != '-')
        return SHAPE_PHONE;
    return is_number(text, size) ? SHAPE_NUMBER : SHAPE_TEXT;
}
