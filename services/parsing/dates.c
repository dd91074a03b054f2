/* dates.c - see dates.h. */
#include "dates.h"

#include <stdio.h>
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

/* What a format with percent signs found. */
typedef struct moment {
    int year, month, day, hour, minute, second;
    int half;               /* of the day: 0 not said, 1 a.m., 2 p.m. */
    const uint8_t *year_at; /* of a year with two digits where four are wanted; NULL: none */
} moment;

static bool
half_day(cursor *c, int *half)
{
    if (c->end - c->at < 2 || (c->at[1] | 0x20) != 'm' || ((c->at[0] | 0x20) != 'a' && (c->at[0] | 0x20) != 'p'))
        return false;
    *half = (c->at[0] | 0x20) == 'a' ? 1 : 2;
    c->at += 2;
    return true;
}

static bool
year_of(cursor *c, moment *out)
{
    int digits;
    const uint8_t *before = c->at;
    if (number(c, 4, 4, &out->year, &digits))
        return true;
    if (digits != 2)
        return false;
    out->year_at = before;
    return true;
}

static bool
directive(cursor *c, char what, moment *out)
{
    int digits;
    switch (what) {
    case 'Y': return year_of(c, out);
    case 'y':
        if (!number(c, 2, 2, &out->year, &digits))
            return false;
        out->year += out->year < 69 ? 2000 : 1900; // as POSIX has it
        return true;
    case 'm': return number(c, 1, 2, &out->month, &digits);
    case 'd': return number(c, 1, 2, &out->day, &digits);
    case 'b':
    case 'B': return month_name(c, &out->month);
    case 'H':
    case 'I': return number(c, 1, 2, &out->hour, &digits);
    case 'M': return number(c, 2, 2, &out->minute, &digits);
    case 'S': return number(c, 2, 2, &out->second, &digits);
    case 'p': return half_day(c, &out->half);
    default: return literal(c, '%');
    }
}

static bool
by_format(const char *format, cursor c, moment *out)
{
    *out = (moment){0};
    for (; *format != '\0'; format++) {
        if (*format != '%' ? !literal(&c, *format) : !directive(&c, *++format, out))
            return false;
        if (*format == '\0')
            return false; // a percent sign at the end
    }
    return c.at == c.end;
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

static date_result
date_by_format(const char *format, cursor c, char out[10], const uint8_t **year_at)
{
    moment found;
    if (!by_format(format, c, &found))
        return DATE_WRONG;
    *year_at = found.year_at;
    return found.year_at != NULL ? DATE_SHORT_YEAR : finish(found.year, found.month, found.day, out);
}

/* YYYY-MM-DD and nothing else */
static date_result
iso(cursor c, char out[10], const uint8_t **year_at)
{
    int year, month, day, digits;
    bool is_short = c.end - c.at == 8;
    if (!is_short && c.end - c.at != 10)
        return DATE_WRONG;
    *year_at = c.at;
    if (!number(&c, is_short ? 2 : 4, is_short ? 2 : 4, &year, &digits) || !literal(&c, '-') ||
        !number(&c, 2, 2, &month, &digits) || !literal(&c, '-') || !number(&c, 2, 2, &day, &digits))
        return DATE_WRONG;
    return is_short ? DATE_SHORT_YEAR : finish(year, month, day, out);
}

/* Without a time of midnight at the end, as databases write days: "5/4/2026 12:00:00 AM", "5/4/2026 0:00". */
static cursor
without_midnight(cursor c)
{
    const uint8_t *split = c.at == c.end ? NULL : memchr(c.at, ':', (size_t)(c.end - c.at));
    while (split != NULL && split > c.at && *split != ' ')
        split--;
    if (split == NULL || split == c.at)
        return c;
    cursor time = {split + 1, c.end};
    int hour, part = 0, digits, half = 0;
    bool zero = number(&time, 1, 2, &hour, &digits);
    while (zero && (literal(&time, ':') || literal(&time, '.')))
        zero = number(&time, 1, 9, &part, &digits) && part == 0;
    literal(&time, ' ');
    half_day(&time, &half);
    bool midnight = zero && time.at == c.end && (half == 0 ? hour == 0 : half == 1 && hour == 12);
    return midnight ? (cursor){c.at, split} : c;
}

static date_result
read_date(const char *format, date_order order, cursor c, char out[10], const uint8_t **year_at)
{
    if (format[0] == '\0' || strcmp(format, "default") == 0)
        return iso(c, out, year_at);
    if (strcmp(format, "any") != 0)
        return date_by_format(format, c, out, year_at);
    c = without_midnight(c);
    *year_at = c.end - 2; // it is the end of what is read
    return any(c, order, out);
}

bool
date_is_plain(const uint8_t *text, size_t size)
{
    static const uint8_t DIGITS[] = {0, 1, 2, 3, 5, 6, 8, 9};
    if (size != 10 || text[4] != '-' || text[7] != '-')
        return false;
    bool digits = true;
    for (size_t i = 0; i < sizeof DIGITS; i++)
        digits &= is_digit(text[DIGITS[i]]);
    int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
    return digits && text[0] != '0' && month >= 1 && month <= 12 && day >= 1 && day <= 28;
}

date_result
date_read(const char *format, date_order order, const uint8_t *text, size_t size, char out[10])
{
    const uint8_t *year_at;
    return read_date(format, order, (cursor){text, text + size}, out, &year_at);
}

bool
date_readings(const char *format, date_order order, const uint8_t *text, size_t size, char first[DATE_READING_SIZE],
              char second[DATE_READING_SIZE])
{
    char out[10];
    const uint8_t *year_at;
    bool is_any = strcmp(format, "any") == 0;
    date_result why = read_date(format, order, (cursor){text, text + size}, out, &year_at);
    if (size + 3 > DATE_READING_SIZE)
        return false;
    if (why == DATE_AMBIGUOUS) {
        for (int i = 0; i < 2; i++)
            if (any((cursor){text, text + size}, i == 0 ? DATE_MONTH_FIRST : DATE_DAY_FIRST, out) == DATE_OK)
                snprintf(i == 0 ? first : second, DATE_READING_SIZE, "%.10s", out);
        return true;
    }
    // Two digits behind others, as in 3/4/162, are no short year.
    if (why != DATE_SHORT_YEAR || (year_at > text && is_digit(year_at[-1])))
        return false;
    size_t before = (size_t)(year_at - text);
    for (int i = 0; i < 2; i++) {
        char *reading = i == 0 ? first : second;
        size_t used = (size_t)snprintf(reading, DATE_READING_SIZE, "%.*s%s%.*s", (int)before, (const char *)text,
                                       i == 0 ? "19" : "20", (int)(size - before), (const char *)year_at);
        if (date_read(format, order, (const uint8_t *)reading, used, out) == DATE_NO_SUCH_DAY)
            return false;
        if (is_any && date_read(format, order, (const uint8_t *)reading, used, out) == DATE_OK)
            snprintf(reading, DATE_READING_SIZE, "%.10s", out);
    }
    return true;
}

/* Times ------------------------------------------------------------------------------------------------ */

static void
two_digits(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

static bool
finish_time(const moment *at, char out[8])
{
    int hour = at->hour;
    if (at->minute > 59 || at->second > 59 || hour > 23 || (at->half != 0 && (hour < 1 || hour > 12)))
        return false;
    if (at->half != 0)
        hour = hour % 12 + (at->half == 2 ? 12 : 0);
    two_digits(out, hour);
    two_digits(out + 3, at->minute);
    two_digits(out + 6, at->second);
    out[2] = out[5] = ':';
    return true;
}

/* 09:30:00, and where anything goes 9:30, 9:30 pm; parts of a second are dropped. */
static bool
clock_time(cursor *c, bool strict, moment *at)
{
    int digits;
    if (!number(c, strict ? 2 : 1, 2, &at->hour, &digits) || !literal(c, ':') || !number(c, 2, 2, &at->minute, &digits))
        return false;
    if (literal(c, ':')) {
        if (!number(c, 2, 2, &at->second, &digits))
            return false;
        if (literal(c, '.')) {
            int fraction;
            if (!number(c, 1, 9, &fraction, &digits))
                return false;
        }
    } else if (strict)
        return false;
    if (strict)
        return true;
    while (c->at < c->end && *c->at == ' ')
        c->at++;
    half_day(c, &at->half);
    return true;
}

bool
time_read(const char *format, const uint8_t *text, size_t size, char out[8])
{
    moment at = {0};
    cursor c = {text, text + size};
    bool strict = format[0] == '\0' || strcmp(format, "default") == 0;
    if (strict || strcmp(format, "any") == 0)
        return clock_time(&c, strict, &at) && c.at == c.end && finish_time(&at, out);
    return by_format(format, c, &at) && finish_time(&at, out);
}

size_t
date_time_at(const char *format, date_order order, const uint8_t *text, size_t size)
{
    const uint8_t *split = size == 0 ? NULL : memchr(text, ':', size);
    char day[10], time[8];
    while (split != NULL && split > text && *split != 'T' && *split != ' ')
        split--;
    size_t date_size = split == NULL ? 0 : (size_t)(split - text);
    if (date_size == 0 || date_read(format, order, text, date_size, day) == DATE_WRONG ||
        !time_read("any", split + 1, size - date_size - 1, time))
        return 0;
    return date_size + 1;
}

/* Z, +02:00, +0200 */
static bool
zone(cursor *c, char *out, size_t *used)
{
    int hours, minutes, digits;
    if (literal(c, 'Z')) {
        out[(*used)++] = 'Z';
        return true;
    }
    if (c->at == c->end || (*c->at != '+' && *c->at != '-'))
        return true;
    char sign = (char)*c->at++;
    if (!number(c, 2, 2, &hours, &digits) || (literal(c, ':'), !number(c, 2, 2, &minutes, &digits)) || hours > 14 ||
        minutes > 59)
        return false;
    out[*used] = sign;
    two_digits(out + *used + 1, hours);
    out[*used + 3] = ':';
    two_digits(out + *used + 4, minutes);
    *used += 6;
    return true;
}

date_result
datetime_read(const char *format, date_order order, const uint8_t *text, size_t size, char out[DATETIME_SIZE],
              size_t *out_size)
{
    moment at = {0};
    bool strict = format[0] == '\0' || strcmp(format, "default") == 0;
    out[10] = 'T';
    *out_size = 19;
    if (!strict && strcmp(format, "any") != 0) {
        if (!by_format(format, (cursor){text, text + size}, &at) || at.year_at != NULL || !finish_time(&at, out + 11))
            return at.year_at != NULL ? DATE_SHORT_YEAR : DATE_WRONG;
        return finish(at.year, at.month, at.day, out);
    }
    // The time begins behind the last T or blank before the first colon; where anything goes, a date alone is midnight.
    const uint8_t *colon = memchr(text, ':', size), *split = colon;
    if (colon == NULL && strict)
        return DATE_WRONG;
    if (colon == NULL)
        split = text + size;
    else
        while (split > text && *split != 'T' && *split != ' ')
            split--;
    date_result date = strict ? date_read("default", order, text, (size_t)(split - text), out)
                              : any((cursor){text, split}, order, out);
    if (date != DATE_OK)
        return date;
    cursor c = {colon == NULL ? split : split + 1, text + size};
    if ((colon != NULL && !clock_time(&c, strict, &at)) || !finish_time(&at, out + 11) || !zone(&c, out, out_size))
        return DATE_WRONG;
    return c.at == c.end ? DATE_OK : DATE_WRONG;
}

bool
yearmonth_read(const char *format, const uint8_t *text, size_t size, char out[7])
{
    int year = 0, month = 0, digits;
    cursor c = {text, text + size};
    bool is_any = strcmp(format, "any") == 0, plain = is_any || format[0] == '\0' || strcmp(format, "default") == 0;
    bool ok;
    if (!plain) {
        moment at;
        ok = by_format(format, c, &at) && at.year_at == NULL;
        year = at.year;
        month = at.month;
    } else {
        ok = number(&c, 4, 4, &year, &digits) && literal(&c, '-') && number(&c, is_any ? 1 : 2, 2, &month, &digits) &&
             c.at == c.end;
    }
    if (!ok && is_any) { // 3/2020, March 2020
        c = (cursor){text, text + size};
        ok = number(&c, 1, 2, &month, &digits) || month_name(&c, &month);
        skip_separators(&c);
        ok = ok && number(&c, 4, 4, &year, &digits) && c.at == c.end;
    }
    char day[10];
    if (!ok || finish(year, month, 1, day) != DATE_OK)
        return false;
    memcpy(out, day, 7);
    return true;
}

date_order
date_order_of(const uint8_t *text, size_t size)
{
    int a, b, year, digits;
    cursor day = without_midnight((cursor){text, text + size});
    if (!numeric_parts(day, &a, &b, &year, &digits) || digits != 4)
        return DATE_ORDER_UNKNOWN;
    if (a > 12 && a <= 31 && b <= 12)
        return DATE_DAY_FIRST;
    return b > 12 && b <= 31 && a <= 12 ? DATE_MONTH_FIRST : DATE_ORDER_UNKNOWN;
}
