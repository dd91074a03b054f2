/* xlsx_values.c - see xlsx_values.h. */
#include "xlsx_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAYS_MAX 2958465 /* 9999-12-31 in the system that begins with 1900 */
#define DAYS_1904 1462   /* days between the two systems */
#define DAY_SECONDS 86400

/* Number formats ----------------------------------------------------------------------------------------- */

xlsx_style
xlsx_style_of_number(uint32_t number)
{
    if (number == 46)
        return XLSX_STYLE_LENGTH_OF_TIME;
    bool date = (number >= 14 && number <= 22) || (number >= 27 && number <= 36) || (number >= 45 && number <= 47) ||
                (number >= 50 && number <= 58);
    return date ? XLSX_STYLE_DATE : XLSX_STYLE_NUMBER;
}

/* What stands in brackets: [h] [mm] count; [Red] [$-409] [>100] do not. The place behind the closing one. */
static const char *
brackets(const char *at, bool *counts)
{
    const char *end = strchr(at, ']');
    if (end == NULL)
        return at + strlen(at);
    size_t size = (size_t)(end - at), same = 0;
    char first = size == 0 ? 0 : at[0] | 0x20;
    while (same < size && (at[same] | 0x20) == first)
        same++;
    if (same > 0 && same == size && (first == 'h' || first == 'm' || first == 's'))
        *counts = true;
    return end + 1;
}

/* The first section decides: the others are for negative numbers, zero and text. */
xlsx_style
xlsx_style_of_code(const char *code)
{
    bool date = false, counts = false, digits = false;
    char before = 0;
    for (const char *at = code; *at != '\0' && *at != ';';) {
        char c = *at++;
        if (c == '[') {
            at = brackets(at, &counts);
        } else if (c == '"') {
            const char *end = strchr(at, '"');
            at = end == NULL ? at + strlen(at) : end + 1;
        } else if (c == '\\' || c == '_' || c == '*') {
            at += *at != '\0';
        } else if (strncasecmp(at - 1, "General", 7) == 0) {
            at += 6;
        } else if ((c == 'E' || c == 'e') && (*at == '+' || *at == '-')) {
            digits = true;
        } else if (strchr("yYdDhHsSmMeE", c) != NULL) {
            date = true;
            before = c | 0x20;
        } else if (c == '0' || c == '#' || c == '?') {
            digits = digits || before != '.'; // hundredths of a second: ss.00
        } else if (c == '.' && before == 's') {
            before = '.';
        } else {
            before = before == '.' ? 0 : before;
        }
    }
    if (counts)
        return XLSX_STYLE_LENGTH_OF_TIME;
    return date && !digits ? XLSX_STYLE_DATE : XLSX_STYLE_NUMBER;
}

/* Numbers ------------------------------------------------------------------------------------------------ */

/* 12, -7, 3.25: written as they should be. Not 007, 1.50, 1e5, .5, and nothing of more than 15 digits. */
static bool
is_plain(const char *digits, size_t size)
{
    size_t at = size > 0 && digits[0] == '-', whole = at, seen = 0;
    while (at < size && digits[at] >= '0' && digits[at] <= '9')
        at++;
    seen = at - whole;
    if (seen == 0 || (seen > 1 && digits[whole] == '0'))
        return false;
    if (at == size)
        return seen <= 15 && !(whole == 1 && digits[1] == '0');
    if (digits[at] != '.' || digits[size - 1] == '0' || at + 1 == size || size - whole > 16)
        return false;
    while (++at < size)
        if (digits[at] < '0' || digits[at] > '9')
            return false;
    return true;
}

/* False: no number. */
static bool
number_of(const char *digits, size_t size, double *number)
{
    char text[XLSX_VALUE_SIZE];
    if (size == 0 || size >= sizeof text || strspn(digits, "+-.0123456789eE") < size)
        return false;
    memcpy(text, digits, size);
    text[size] = '\0';
    char *end;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

/* From 15 digits and an exponent to the usual way: 1.5E-05 -> 0.000015, up to a billionth. */
static size_t
write_number(double number, char out[XLSX_VALUE_SIZE])
{
    if (number == 0) // and not -0
        return (size_t)snprintf(out, XLSX_VALUE_SIZE, "0");
    char text[XLSX_VALUE_SIZE];
    snprintf(text, sizeof text, "%.15g", number);
    char *exponent = strchr(text, 'e');
    if (exponent == NULL || strtol(exponent + 1, NULL, 10) < -9 || exponent[1] == '+') {
        for (char *at = text; *at != '\0'; at++)
            *at = *at == 'e' ? 'E' : *at;
        return (size_t)snprintf(out, XLSX_VALUE_SIZE, "%s", text);
    }
    long zeros = -strtol(exponent + 1, NULL, 10) - 1;
    size_t used = 0;
    if (number < 0)
        out[used++] = '-';
    used += (size_t)snprintf(out + used, XLSX_VALUE_SIZE - used, "0.%.*s", (int)zeros, "00000000");
    for (const char *at = text; at < exponent; at++)
        if (*at >= '0' && *at <= '9')
            out[used++] = *at;
    return used;
}

size_t
xlsx_number_text(const char *digits, size_t size, char out[XLSX_VALUE_SIZE])
{
    double number;
    if (!is_plain(digits, size) && number_of(digits, size, &number))
        return write_number(number, out);
    if (size > XLSX_VALUE_SIZE)
        return 0;
    memcpy(out, digits, size);
    return size;
}

/* Dates -------------------------------------------------------------------------------------------------- */

/* Exactly so many digits; the place behind them. A tenth of what printf takes, for every date of a file. */
static char *
put_digits(char *out, int64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + count;
}

/* Days since the last day of 1899, with the day that 1900 did not have: 60 is 1900-02-29. */
static size_t
write_date(int64_t days, char *out)
{
    if (days == 60) { // shown by every spreadsheet program, and no date anywhere else
        memcpy(out, "1900-02-29", 10);
        return 10;
    }
    // Days since 0000-03-01 by the calendar of today (Hinnant's days_from_civil, backwards).
    int64_t day = days + 693899 + (days < 60 ? 1 : 0);
    int64_t era = day / 146097, of_era = day % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    int64_t date = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    out = put_digits(out, year + era * 400 + (month <= 2), 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    put_digits(out, date, 2);
    return 10;
}

size_t
xlsx_date_text(const char *digits, size_t size, bool from_1904, xlsx_style style, char out[XLSX_VALUE_SIZE])
{
    double number;
    if (style == XLSX_STYLE_NUMBER || !number_of(digits, size, &number) || number < 0)
        return xlsx_number_text(digits, size, out);
    if (number > DAYS_MAX - (from_1904 ? DAYS_1904 : 0) + 1)
        return write_number(number, out);
    int64_t seconds = llround(number * DAY_SECONDS), days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    int hours = (int)(rest / 3600), minutes = (int)(rest / 60 % 60), second = (int)(rest % 60);
    if (style == XLSX_STYLE_LENGTH_OF_TIME)
        return (size_t)snprintf(out, XLSX_VALUE_SIZE, "%02lld:%02d:%02d", (long long)(days * 24 + hours), minutes,
                                second);
    size_t used = 0;
    if (from_1904 && days > 0)
        days += DAYS_1904;
    if (days > DAYS_MAX)
        return write_number(number, out);
    if (days > 0)
        used = write_date(days, out);
    if (rest == 0 && days > 0)
        return used;
    if (used > 0)
        out[used++] = ' ';
    return used + (size_t)snprintf(out + used, XLSX_VALUE_SIZE - used, "%02d:%02d:%02d", hours, minutes, second);
}

size_t
xlsx_iso_text(char *text, size_t size)
{
    static const char midnight[] = "00:00:00";
    if (size > 0 && text[size - 1] == 'Z')
        size--;
    if (size < 11 || text[10] != 'T')
        return size;
    text[10] = ' ';
    size_t zeros = size > 20 && text[19] == '.' ? strspn(text + 20, "0") : 0;
    if (zeros > 0 && 20 + zeros >= size)
        size = 19;
    return size == 19 && memcmp(text + 11, midnight, 8) == 0 ? 10 : size;
}

/* Escapes ------------------------------------------------------------------------------------------------ */

/* _x1F60_ at `text`: its UTF-16 unit; -1: none. */
static int32_t
escape_at(const uint8_t *text, size_t size)
{
    if (size < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
        return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        uint8_t c = text[i] | 0x20;
        if (text[i] >= '0' && text[i] <= '9')
            unit = unit * 16 + text[i] - '0';
        else if (c >= 'a' && c <= 'f')
            unit = unit * 16 + c - 'a' + 10;
        else
            return -1;
    }
    return unit;
}

static size_t
put_utf8(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(c | (size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0));
    return size;
}

size_t
xlsx_unescape(uint8_t *text, size_t size)
{
    uint8_t *at = memmem(text, size, "_x", 2);
    if (at == NULL)
        return size;
    size_t from = (size_t)(at - text), to = from;
    while (from < size) {
        int32_t unit = escape_at(text + from, size - from), low = -1;
        size_t taken = 7;
        if (unit >= 0xD800 && unit < 0xDC00 && (low = escape_at(text + from + 7, size - from - 7)) >= 0xDC00 &&
            low < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            taken = 14;
        }
        if (unit <= 0 || (unit >= 0xD800 && unit < 0xE000)) { // no escape, NUL or half a character: as it stands
            text[to++] = text[from++];
            continue;
        }
        to += put_utf8((uint32_t)unit, text + to);
        from += taken;
    }
    return to;
}
