/* ailments.c - see ailments.h. */
#include "ailments.h"

#include "utf8.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SERIAL_MIN 10000u /* 1927-05-18; smaller numbers are years, ages, amounts */
#define SERIAL_MAX 60000u /* 2064-04-08 */

const char *const ailment_names[AILMENTS] = {"scientific", "two-digit-years", "future-years", "serial-dates",
                                             "mojibake"};

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

size_t
ailment_digits(csv_cell cell)
{
    for (size_t i = 0; i < cell.size; i++)
        if (!is_digit(cell.data[i]))
            return 0;
    return cell.size;
}

bool
ailment_scientific(csv_cell cell)
{
    size_t at = 0;
    while (at < cell.size && is_digit(cell.data[at]))
        at++;
    if (at != 1 || cell.size > 24)
        return false;
    if (at < cell.size && (cell.data[at] == '.' || cell.data[at] == ','))
        for (at++; at < cell.size && is_digit(cell.data[at]);)
            at++;
    if (at + 3 > cell.size || (cell.data[at] | 0x20) != 'e' || cell.data[at + 1] != '+')
        return false;
    unsigned exponent = 0;
    for (at += 2; at < cell.size; at++) {
        if (!is_digit(cell.data[at]))
            return false;
        exponent = exponent * 10 + (cell.data[at] - '0');
    }
    return exponent >= 5 && exponent < 300;
}

static unsigned
four_digits(const uint8_t *at)
{
    unsigned number = 0;
    for (int i = 0; i < 4; i++) {
        if (!is_digit(at[i]))
            return 0;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

bool
ailment_plain_date(csv_cell cell, unsigned year)
{
    if (cell.size < 8 || cell.size > 10)
        return false;
    bool first = cell.data[4] == '-' && cell.size == 10;
    if (!first && is_digit(cell.data[cell.size - 5]))
        return false;
    unsigned found = four_digits(first ? cell.data : cell.data + cell.size - 4);
    return found > 0 && (found <= year || year == 0);
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
static void
write_day(long days, char *date)
{
    long z = days + 719468, era = z / 146097;
    unsigned doe = (unsigned)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    long year = (long)yoe + era * 400 + (month <= 2);
    snprintf(date, 32, "%04ld-%02u-%02u", year, month, day);
}

bool
ailment_serial(csv_cell cell, char *date)
{
    if (cell.size != 5 || ailment_digits(cell) != 5)
        return false;
    unsigned serial = 0;
    for (size_t i = 0; i < 5; i++)
        serial = serial * 10 + (cell.data[i] - '0');
    if (serial < SERIAL_MIN || serial > SERIAL_MAX)
        return false;
    write_day((long)serial - 25569, date); // 25569 is 1970-01-01
    return true;
}

static bool
is_separator(uint8_t c)
{
    return c == '/' || c == '-' || c == '.' || c == ' ' || c == '\'';
}

bool
ailment_short_year(csv_cell cell, unsigned year, char *date)
{
    if (cell.size < 6 || cell.size > 20 || !is_digit(cell.data[cell.size - 1]) || !is_digit(cell.data[cell.size - 2]) ||
        !is_separator(cell.data[cell.size - 3]))
        return false;
    // The year comes last only where nothing before it has four digits, and there are a day and a month.
    unsigned groups = 0, run = 0, longest = 0;
    for (size_t i = 0; i + 3 < cell.size; i++) {
        bool part = isalnum(cell.data[i]) != 0;
        groups += part && run == 0;
        run = part ? run + 1 : 0;
        if (is_digit(cell.data[i]) && run > longest)
            longest = run;
    }
    if (groups != 2 || longest > 2)
        return false;
    unsigned two = (unsigned)(cell.data[cell.size - 2] - '0') * 10 + (cell.data[cell.size - 1] - '0');
    unsigned last = year > 0 ? year : 2049, full = last / 100 * 100 + two;
    if (full > last)
        full -= 100;
    snprintf(date, EXAMPLE_SIZE, "%.*s%u", (int)cell.size - 2, (const char *)cell.data, full);
    return true;
}

bool
ailment_future_year(csv_cell cell, unsigned year, char *date)
{
    if (cell.size < 8 || cell.size > 32)
        return false;
    for (size_t i = 0, run = 0; i < cell.size; i++) {
        run = is_digit(cell.data[i]) ? run + 1 : 0;
        if (run != 4 || (i + 1 < cell.size && is_digit(cell.data[i + 1])))
            continue;
        unsigned found = 0;
        for (size_t j = i - 3; j <= i; j++)
            found = found * 10 + (cell.data[j] - '0');
        if (found <= year || found > year + 99)
            return false;
        snprintf(date, EXAMPLE_SIZE, "%.*s%u%.*s", (int)i - 3, (const char *)cell.data, found - 100,
                 (int)(cell.size - i - 1), (const char *)cell.data + i + 1);
        return true;
    }
    return false;
}

/* Mojibake ----------------------------------------------------------------------------------------------- */

/* What the bytes 80 to 9F mean in windows-1252 (unicode.org, CP1252.TXT); 0: nothing, kept as they are. */
static const uint16_t UPPER[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

/* The byte that windows-1252 has for a character; -1 none. */
static int
byte_of(uint32_t character)
{
    if (character < 0x80 || (character >= 0xA0 && character <= 0xFF))
        return (int)character;
    for (int i = 0; i < 32; i++)
        if (UPPER[i] == character || (UPPER[i] == 0 && character == 0x80u + (unsigned)i))
            return 0x80 + i;
    return -1;
}

static uint32_t
next_character(csv_cell cell, size_t *at)
{
    uint8_t lead = cell.data[*at];
    size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t character = more == 0 ? lead : lead & (0x3Fu >> more);
    for (size_t i = 0; i < more && *at + 1 < cell.size; i++)
        character = character << 6 | (cell.data[++*at] & 0x3F);
    ++*at;
    return character;
}

bool
ailment_mojibake(csv_cell cell, char mended[MOJIBAKE_SIZE])
{
    size_t size = 0;
    bool high = false;
    if (cell.size >= MOJIBAKE_SIZE || utf8_ascii(cell.data, cell.size) == cell.size || !utf8_ok(cell.data, cell.size))
        return false;
    for (size_t at = 0; at < cell.size;) {
        int byte = byte_of(next_character(cell, &at));
        if (byte < 0)
            return false;
        high = high || byte >= 0x80;
        mended[size++] = (char)byte;
    }
    mended[size] = '\0';
    return high && utf8_ok((const uint8_t *)mended, size);
}

bool
ailment_total(csv_cell cell)
{
    static const char *const WORDS[] = {"total", "totals", "grand total", "sub total",  "subtotal",     "sub-total",
                                        "sum",   "count",  "average",     "total rows", "total records"};
    size_t size = cell.size;
    while (size > 0 && strchr(":=- ", cell.data[size - 1]) != NULL)
        size--;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strlen(WORDS[i]) == size && strncasecmp((const char *)cell.data, WORDS[i], size) == 0)
            return true;
    return false;
}
