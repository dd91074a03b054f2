/* numbers.c - see numbers.h. */
#include "numbers.h"

#include <string.h>

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Takes away what stands around the number; false: too much of it, or nothing is left. */
static bool
without_units(char decimal, const uint8_t **data, size_t *size)
{
    const uint8_t *begin = *data, *end = begin + *size, *at = begin, *behind = end;
    while (at < end && !is_digit(*at) && *at != '-' && *at != '+' && (char)*at != decimal)
        at++;
    while (behind > at && !is_digit(behind[-1]) && (char)behind[-1] != decimal)
        behind--;
    if (behind == at || at - begin > (ptrdiff_t)NUMBER_UNIT_SIZE || end - behind > (ptrdiff_t)NUMBER_UNIT_SIZE)
        return false;
    // "-$5": the sign may stand before the unit, "- 5" apart from its number
    *data = at;
    *size = (size_t)(behind - at);
    return true;
}

/* A sign before a unit or a blank belongs to the number: "-$5" is "-5". */
static size_t
take_sign(const uint8_t **data, size_t *size, char *out)
{
    if (*size == 0 || (**data != '-' && **data != '+'))
        return 0;
    out[0] = (char)**data;
    ++*data;
    --*size;
    return out[0] == '-';
}

/* The number as a programmer writes it: digits, '.', exponent. */
static bool
plain_form(const Muster__V1__Field *field, const uint8_t *data, size_t size, char *out, size_t *out_size)
{
    char decimal = field->decimal_char[0] == '\0' ? '.' : field->decimal_char[0];
    const char *group = field->group_char;
    size_t group_size = strlen(group), used = 0, at = 0;
    bool behind_point = false;
    while (at < size) {
        if (used == NUMBER_SIZE_MAX)
            return false;
        if ((char)data[at] == decimal && !behind_point) {
            behind_point = true;
            out[used++] = '.';
            at++;
        } else if (group_size > 0 && size - at > group_size && memcmp(data + at, group, group_size) == 0) {
            // Between digits only, and before the decimals.
            if (behind_point || at == 0 || !is_digit(data[at - 1]) || !is_digit(data[at + group_size]))
                return false;
            at += group_size;
        } else if (data[at] == '.' || data[at] == 0)
            return false; // not what stands before decimals in this field
        else
            out[used++] = (char)data[at++];
    }
    *out_size = used;
    return true;
}

static bool
is_decimal(const char *data, size_t size)
{
    size_t at = 0, digits = 0;
    for (; at < size && is_digit((uint8_t)data[at]); at++)
        digits++;
    if (at < size && data[at] == '.')
        for (at++; at < size && is_digit((uint8_t)data[at]); at++)
            digits++;
    if (digits == 0)
        return false;
    if (at < size && (data[at] | 0x20) == 'e') {
        at++;
        at += at < size && (data[at] == '-' || data[at] == '+');
        size_t before = at;
        while (at < size && is_digit((uint8_t)data[at]))
            at++;
        if (at == before)
            return false;
    }
    return at == size;
}

static number_result
finish_whole(char *out, size_t sign, size_t size, size_t *out_size)
{
    char *digits = out + sign;
    for (size_t i = 0; i < size; i++)
        if (!is_digit((uint8_t)digits[i]))
            return NUMBER_WRONG;
    if (size == 0)
        return NUMBER_WRONG;
    size_t zeros = 0;
    while (zeros + 1 < size && digits[zeros] == '0')
        zeros++;
    size -= zeros;
    if (size > NUMBER_DIGITS_MAX)
        return NUMBER_TOO_LONG;
    if (size == 1 && digits[zeros] == '0')
        sign = 0;
    memmove(out + sign, digits + zeros, size);
    *out_size = sign + size;
    return NUMBER_OK;
}

number_result
number_read(const Muster__V1__Field *field, bool whole, const uint8_t *data, size_t size, char out[NUMBER_SIZE_MAX],
            size_t *out_size)
{
    char decimal = field->decimal_char[0] == '\0' ? '.' : field->decimal_char[0];
    char plain[NUMBER_SIZE_MAX];
    size_t used = 0, sign = take_sign(&data, &size, out);
    if (field->units && !without_units(decimal, &data, &size))
        return NUMBER_WRONG;
    if (field->units && sign == 0)
        sign = take_sign(&data, &size, out);
    if (size > NUMBER_SIZE_MAX - 1)
        return NUMBER_TOO_LONG;
    if (!plain_form(field, data, size, plain, &used) || used + sign > NUMBER_SIZE_MAX)
        return NUMBER_WRONG;
    memcpy(out + sign, plain, used);
    if (whole)
        return finish_whole(out, sign, used, out_size);
    *out_size = sign + used;
    return is_decimal(plain, used) ? NUMBER_OK : NUMBER_WRONG;
}
