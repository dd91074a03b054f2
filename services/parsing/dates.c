/* dates.c - see dates.h. */
#include "dates.h"

#include <string.h>

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Reads `least` to `most` digits. */
static bool
number(cursor *c, int least, int most, int *value, int *digits)
{
    *value = *digits = 0;
    while (*digits < most && c->at < c->end && is_digit(*c->at)) {
        *value = *value * 10 + (*c->at++ - '0');
        ++*digits;
    }
    return *digits >= least;
}

static bool
literal(cursor *c, char wanted)
{
    if (c->at == c->end || (char)*c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* An English name of a month, whole or at least its first three letters. */
static bool
month_name(cursor *c, int *month)
{
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    size_t size = 0;
    char word[12];
    while (c->at + size < c->end && size < sizeof word &&
           ((c->at[size] | 0x20) >= 'a' && (c->at[size] | 0x20) <= 'z')) {
        word[size] = (char)(c->at[size] | 0x20);
        size++;
    }
    for (int i = 0; i < 12; i++)
        if (size >= 3 && size <= strlen(names[i]) && memcmp(names[i], word, size) == 0) {
            *month = i + 1;
            c->at += size;
            literal(c, '.');
            return true;
        }
    if (size == 4 && memcmp(word, "sept", 4) == 0) {
        *month = 9;
        c->at += size;
        literal(c, '.');
        return true;
    }
    return false;
}

static date_result
finish(int year, int month, int day, char out[10])
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap))
        return DATE_NO_SUCH_DAY;
    for (int i = 3; i >= 0; i--, year /= 10)
        out[i] = (char)('0' + year % 10);
    out[4] = out[7] = '-';
    out[5] = (char)('0' + month / 10);
    out[6] = (char)('0' + month % 10);
    out[8] = (char)('0' + day / 10);
    out[9] = (char)('0' + day % 10);
    return DATE_OK;
}

static date_result
by_format(const char *format, cursor c, char out[10])
{
    int year = 0, month = 0, day = 0, digits;
    for (; *format != '\0'; format++) {
        bool ok;
        if (*format != '%')
            ok = literal(&c, *format);
        else
            switch (*++format) {
            case 'Y': ok = number(&c, 4, 4, &year, &digits); break;
            case 'y':
                ok = number(&c, 2, 2, &year, &digits);
                year += year < 69 ? 2000 : 1900; // as POSIX has it
                break;
            case 'm': ok = number(&c, 1, 2, &month, &digits); break;
            case 'd': ok = number(&c, 1, 2, &day, &digits); break;
            case 'b':
            case 'B': ok = month_name(&c, &month); break;
            default: ok = literal(&c, '%'); break;
            }
        if (!ok)
            return DATE_WRONG;
    }
    return c.at == c.end ? finish(year, month, day, out) : DATE_WRONG;
}

/* Numbers a, b and the year as they stand, with one kind of separator. */
static bool
numeric_parts(cursor c, int *a, int *b, int *year, int *year_digits)
{
    int digits;
    if (!number(&c, 1, 2, a, &digits) || c.at == c.end || strchr("/.- ", (char)*c.at) == NULL || *c.at == 0)
        return false;
    char separator = (char)*c.at++;
    while (c.at < c.end && *c.at == ' ')
        c.at++;
    if (!number(&c, 1, 2, b, &digits) || !literal(&c, separator))
        return false;
    while (c.at < c.end && *c.at == ' ')
        c.at++;
    return number(&c, 2, 4, year, year_digits) && c.at == c.end;
}

static void
skip_separators(cursor *c)
{
    while (c->at < c->end && *c->at != 0 && strchr(" ,-./", (char)*c->at) != NULL)
        c->at++;
}

/* "4 March 2020", "4th of Mar 2020", "Mar 4, 2020", "4-Mar-2020" */
static date_result
with_month_name(cursor c, char out[10])
{
    int month = 0, day = 0, year = 0, digits = 0;
    bool named = month_name(&c, &month);
    skip_separators(&c);
    if (!number(&c, 1, 2, &day, &digits))
        return DATE_WRONG;
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    for (size_t i = 0; i < 4; i++)
        if (c.end - c.at >= 2 && memcmp(c.at, endings[i], 2) == 0)
            c.at += 2;
    if (c.at == c.end || is_digit(*c.at)) // "Mar 2020" has no day
        return DATE_WRONG;
    skip_separators(&c);
    if (!named) {
        if (c.end - c.at >= 3 && memcmp(c.at, "of ", 3) == 0)
            c.at += 3;
        if (!month_name(&c, &month))
            return DATE_WRONG;
        skip_separators(&c);
    }
    if (!number(&c, 2, 4, &year, &digits) || c.at != c.end)
        return DATE_WRONG;
    return digits != 4 ? DATE_SHORT_YEAR : finish(year, month, day, out);
}

/* Year first: no doubt. Also the eight digits of YYYYMMDD, and a time of midnight behind that spreadsheets add. */
static bool
year_first(cursor c, int *year, int *month, int *day)
{
    int digits;
    if (!number(&c, 4, 4, year, &digits) || c.at == c.end)
        return false;
    if (is_digit(*c.at))
        return number(&c, 2, 2, month, &digits) && number(&c, 2, 2, day, &digits) && c.at == c.end;
    char separator = (char)*c.at++;
    if (separator == '\0' || strchr("-/.", separator) == NULL)
        return false;
    if (!number(&c, 1, 2, month, &digits) || !literal(&c, separator) || !number(&c, 1, 2, day, &digits))
        return false;
    if (c.at < c.end && (*c.at == 'T' || *c.at == ' ')) {
        while (++c.at < c.end)
            if (*c.at != '0' && *c.at != ':' && *c.at != '.' && *c.at != 'Z')
                return false;
    }
    return c.at == c.end;
}

static date_result
any(cursor c, date_order order, char out[10])
{
    int a, b, year, digits, month, day;
    if (year_first(c, &year, &month, &day))
        return finish(year, month, day, out);
    if (!numeric_parts(c, &a, &b, &year, &digits))
        return with_month_name(c, out);
    if (digits != 4)
        return DATE_SHORT_YEAR;
    if (a > 12 && b <= 12)
        order = DATE_DAY_FIRST;
    else if (b > 12 && a <= 12)
        order = DATE_MONTH_FIRST;
    else if (a == b)
        order = DATE_DAY_FIRST; // either way the same day
    if (order == DATE_ORDER_UNKNOWN)
        return DATE_AMBIGUOUS;
    return order == DATE_DAY_FIRST ? finish(year, b, a, out) : finish(year, a, b, out);
}

date_result
date_read(const char *format, date_order order, const uint8_t *text, size_t size, char out[10])
{
    cursor c = {text, text + size};
    if (format[0] == '\0' || strcmp(format, "default") == 0) {
        // YYYY-MM-DD and nothing else
        int year, month, day, digits;
        if (size != 10 || !number(&c, 4, 4, &year, &digits) || !literal(&c, '-') ||
            !number(&c, 2, 2, &month, &digits) || !literal(&c, '-') || !number(&c, 2, 2, &day, &digits))
            return DATE_WRONG;
        return finish(year, month, day, out);
    }
    return strcmp(format, "any") == 0 ? any(c, order, out) : by_format(format, c, out);
}

date_order
date_order_of(const uint8_t *text, size_t size)
{
    int a, b, year, digits;
    if (!numeric_parts((cursor){text, text + size}, &a, &b, &year, &digits) || digits != 4)
        return DATE_ORDER_UNKNOWN;
    if (a > 12 && a <= 31 && b <= 12)
        return DATE_DAY_FIRST;
    return b > 12 && b <= 31 && a <= 12 ? DATE_MONTH_FIRST : DATE_ORDER_UNKNOWN;
}
