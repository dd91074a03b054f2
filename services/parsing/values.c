/* values.c - see values.h. */
#include "values.h"

#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>

#define PATTERN_UNITS_MAX 2048      /* UTF-16 units of a value that a pattern looks at; longer values do not match */
#define PATTERN_STEPS_MAX 20        /* ICU's units of match time: a hostile pattern may not hold a batch up */
#define PATTERN_STACK_MAX (1 << 20) /* bytes */
#define EMAIL_SIZE_MAX 254u
#define PHONE_DIGITS_MIN 5
#define PHONE_DIGITS_MAX 20
#define ENUM_SHOWN 12u

#define WRONG_NONE MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN
#define WRONG_TYPE MUSTER__V1__WRONG_KIND__WRONG_TYPE

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What a byte may be part of. */
enum { IN_LOCAL = 1, IN_DOMAIN = 2, PHONE_SIGN = 4 };
static uint8_t classes[256];

static void
classes_init(void)
{
    if (classes['a'] != 0)
        return;
    for (int c = 0x21; c < 256; c++)
        if (c != 0x7f && strchr(",;<>()\"\\@", c) == NULL)
            classes[c] |= IN_LOCAL;
    for (int c = 0; c < 256; c++)
        if (c >= 0x80 || c == '-' || c == '.' || is_digit((uint8_t)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            classes[c] |= IN_DOMAIN;
    for (const char *sign = " -./()#*,:"; *sign != '\0'; sign++)
        classes[(uint8_t)*sign] |= PHONE_SIGN;
}

mst_status
value_rule_init(value_rule *rule, const Muster__V1__Field *field)
{
    memset(rule, 0, sizeof *rule);
    classes_init();
    rule->field = field;
    bool numeric =
        field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER;
    rule->has_minimum = field->minimum[0] != '\0';
    rule->has_maximum = field->maximum[0] != '\0';
    if (numeric) {
        rule->minimum = strtod(field->minimum, NULL);
        rule->maximum = strtod(field->maximum, NULL);
    }
    rule->plain = field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING && field->n_enum_values == 0 &&
                  field->pattern[0] == '\0' && field->min_length == 0 && field->max_length == 0;
    if (field->pattern[0] == '\0')
        return MST_OK;
    UErrorCode rc = U_ZERO_ERROR;
    UParseError where;
    UChar wide[PATTERN_UNITS_MAX];
    int32_t length = 0;
    u_strFromUTF8(wide, PATTERN_UNITS_MAX, &length, field->pattern, -1, &rc);
    URegularExpression *pattern = U_FAILURE(rc) ? NULL : uregex_open(wide, length, 0, &where, &rc);
    if (U_FAILURE(rc)) {
        if (pattern != NULL)
            uregex_close(pattern);
        return MST_INVALID;
    }
    uregex_setTimeLimit(pattern, PATTERN_STEPS_MAX, &rc);
    uregex_setStackLimit(pattern, PATTERN_STACK_MAX, &rc);
    rule->pattern = pattern;
    return MST_OK;
}

void
value_rule_release(value_rule *rule)
{
    if (rule->pattern != NULL)
        uregex_close(rule->pattern);
    rule->pattern = NULL;
}

static void
keep_room(value_text *out, size_t size)
{
    out->data = (const uint8_t *)out->room;
    out->size = size;
}

/* Types ------------------------------------------------------------------------------------------------ */

static bool
read_integer(const uint8_t *data, size_t size, value_text *out)
{
    size_t at = data[0] == '-' || data[0] == '+';
    if (at == size || size > 19)
        return false;
    for (size_t i = at; i < size; i++)
        if (!is_digit(data[i]))
            return false;
    while (at + 1 < size && data[at] == '0')
        at++;
    size_t used = 0;
    if (data[0] == '-' && !(size - at == 1 && data[at] == '0'))
        out->room[used++] = '-';
    memcpy(out->room + used, data + at, size - at);
    keep_room(out, used + size - at);
    return true;
}

static bool
read_number(const uint8_t *data, size_t size, value_text *out)
{
    size_t at = data[0] == '-' || data[0] == '+', digits = 0;
    if (size > 38)
        return false;
    out->data = data[0] == '+' ? data + 1 : data;
    out->size = data[0] == '+' ? size - 1 : size;
    for (; at < size && is_digit(data[at]); at++)
        digits++;
    if (at < size && data[at] == '.')
        for (at++; at < size && is_digit(data[at]); at++)
            digits++;
    if (digits == 0)
        return false;
    if (at < size && (data[at] | 0x20) == 'e') {
        at++;
        at += at < size && (data[at] == '-' || data[at] == '+');
        size_t before = at;
        while (at < size && is_digit(data[at]))
            at++;
        if (at == before)
            return false;
    }
    return at == size;
}

static bool
read_boolean(const uint8_t *data, size_t size, value_text *out)
{
    static const char *const yes[] = {"true", "yes", "y", "1", "t", NULL};
    static const char *const no[] = {"false", "no", "n", "0", "f", NULL};
    for (int truth = 0; truth < 2; truth++)
        for (const char *const *word = truth ? yes : no; *word != NULL; word++)
            if (strlen(*word) == size && strncasecmp(*word, (const char *)data, size) == 0) {
                strcpy(out->room, truth ? "true" : "false");
                keep_room(out, truth ? 4 : 5);
                return true;
            }
    return false;
}

/* Labels of letters, digits and hyphens (or beyond ASCII), at least two of them. */
static bool
is_domain(const uint8_t *data, const uint8_t *end)
{
    const uint8_t *label = data, *dot = NULL;
    for (const uint8_t *p = data; p <= end; p++) {
        if (p < end && *p != '.') {
            if ((classes[*p] & IN_DOMAIN) == 0)
                return false;
            continue;
        }
        if (p == label || *label == '-' || p[-1] == '-' || p - label > 63)
            return false;
        if (p < end)
            dot = p;
        label = p + 1;
    }
    return dot != NULL && end - dot > 2;
}

static bool
is_email(const uint8_t *data, size_t size)
{
    const uint8_t *p = data, *end = data + size;
    while (p < end && (classes[*p] & IN_LOCAL) != 0 && !(p > data && *p == '.' && p[-1] == '.'))
        p++;
    if (p == data || p == end || *p != '@' || p - data > 64 || size > EMAIL_SIZE_MAX || *data == '.' || p[-1] == '.')
        return false;
    return is_domain(p + 1, end);
}

/* Letters of "ext." and blanks and dashes beyond ASCII are taken as well. Returns how many bytes; 0: not in a number.
 */
static size_t
phone_other(const uint8_t *at, size_t left, int digits)
{
    if (*at == '+')
        return digits == 0;
    if ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z')
        return digits >= PHONE_DIGITS_MIN && strchr("extension", *at | 0x20) != NULL;
    if (*at == 0xC2 && left >= 2 && at[1] == 0xA0)
        return 2;
    return *at == 0xE2 && left >= 3 && at[1] == 0x80 ? 3 : 0;
}

static bool
is_phone(const uint8_t *data, size_t size)
{
    int digits = 0;
    for (size_t i = 0; i < size;) {
        size_t step = 1;
        if (is_digit(data[i]))
            digits++;
        else if ((classes[data[i]] & PHONE_SIGN) == 0)
            step = phone_other(data + i, size - i, digits);
        if (step == 0)
            return false;
        i += step;
    }
    return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

/* Constraints ------------------------------------------------------------------------------------------ */

static bool
matches(const value_rule *rule, const value_text *value)
{
    UChar wide[PATTERN_UNITS_MAX];
    int32_t length = 0;
    UErrorCode rc = U_ZERO_ERROR;
    if (value->size > PATTERN_UNITS_MAX)
        return false;
    u_strFromUTF8(wide, PATTERN_UNITS_MAX, &length, (const char *)value->data, (int32_t)value->size, &rc);
    uregex_setText(rule->pattern, wide, length, &rc);
    bool found = uregex_matches(rule->pattern, 0, &rc);
    return U_SUCCESS(rc) && found;
}

/* The value as the list has it; letters of another case are taken for it. */
static bool
in_enum(const Muster__V1__Field *field, value_text *value)
{
    for (size_t i = 0; i < field->n_enum_values; i++) {
        const char *allowed = field->enum_values[i];
        if (strlen(allowed) == value->size && strncasecmp(allowed, (const char *)value->data, value->size) == 0) {
            value->data = (const uint8_t *)allowed;
            return true;
        }
    }
    return false;
}

static bool
in_range(const value_rule *rule, const value_text *value)
{
    const Muster__V1__Field *field = rule->field;
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE)
        return (!rule->has_minimum || memcmp(value->data, field->minimum, 10) >= 0) &&
               (!rule->has_maximum || memcmp(value->data, field->maximum, 10) <= 0);
    char text[40];
    memcpy(text, value->data, value->size);
    text[value->size] = '\0';
    double number = strtod(text, NULL);
    return (!rule->has_minimum || number >= rule->minimum) && (!rule->has_maximum || number <= rule->maximum);
}

static bool
right_type(value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    const Muster__V1__Field *field = rule->field;
    switch (field->type) {
    case MUSTER__V1__FIELD_TYPE__FIELD_INTEGER: return read_integer(data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_NUMBER: return read_number(data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN: return read_boolean(data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_EMAIL: return is_email(data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_PHONE: return is_phone(data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_DATE:
        rule->detail = (int)date_read(field->format, rule->order, data, size, out->room);
        keep_room(out, 10);
        return rule->detail == (int)DATE_OK;
    default: return true;
    }
}

Muster__V1__WrongKind
value_read(value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    const Muster__V1__Field *field = rule->field;
    out->data = data;
    out->size = size;
    if (rule->plain)
        return WRONG_NONE;
    if (!right_type(rule, data, size, out))
        return WRONG_TYPE;
    if (field->n_enum_values > 0 && !in_enum(field, out))
        return MUSTER__V1__WRONG_KIND__WRONG_ENUM;
    if (rule->pattern != NULL && !matches(rule, out))
        return MUSTER__V1__WRONG_KIND__WRONG_PATTERN;
    // Characters are never more than bytes.
    if (field->min_length != 0 || (field->max_length != 0 && out->size > field->max_length)) {
        size_t length = utf8_length(out->data, out->size);
        if (length < field->min_length || (field->max_length != 0 && length > field->max_length))
            return MUSTER__V1__WRONG_KIND__WRONG_LENGTH;
    }
    if ((rule->has_minimum || rule->has_maximum) && !in_range(rule, out))
        return MUSTER__V1__WRONG_KIND__WRONG_RANGE;
    return WRONG_NONE;
}

/* Sentences -------------------------------------------------------------------------------------------- */

static const char *
date_message(const value_rule *rule)
{
    switch ((date_result)rule->detail) {
    case DATE_NO_SUCH_DAY: return "The calendar has no such day. Write the date as %s.";
    case DATE_AMBIGUOUS: return "It is unclear which number is the day and which the month. Write the date as %s.";
    case DATE_SHORT_YEAR: return "Write the year with four digits, the date as %s.";
    default: return "This is not a date. Write it as %s.";
    }
}

static void
type_message(const value_rule *rule, char message[VALUE_MESSAGE_SIZE])
{
    static const char *const texts[] = {
        "",
        "This is not a whole number. Write digits only, for instance 42.",
        "This is not a number. Write digits with a point, for instance 3.5.",
        "Write yes or no (or true, false, 1, 0).",
        "",
        "This is not an e-mail address. Write it like name@example.org.",
        "This is not a phone number. Write 5 to 20 digits, for instance +1 555 010 0199."};
    const char *format = rule->field->format;
    if (rule->field->type != MUSTER__V1__FIELD_TYPE__FIELD_DATE) {
        snprintf(message, VALUE_MESSAGE_SIZE, "%s", texts[rule->field->type]);
        return;
    }
    bool iso = format[0] == '\0' || strcmp(format, "default") == 0 || strcmp(format, "any") == 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(message, VALUE_MESSAGE_SIZE, date_message(rule), iso ? "YYYY-MM-DD, for instance 2020-02-29" : format);
#pragma GCC diagnostic pop
}

static void
enum_message(const Muster__V1__Field *field, char message[VALUE_MESSAGE_SIZE])
{
    int used = snprintf(message, VALUE_MESSAGE_SIZE, "This is not one of the allowed values: ");
    for (size_t i = 0; i < field->n_enum_values && used < (int)VALUE_MESSAGE_SIZE - 1; i++)
        used += snprintf(message + used, VALUE_MESSAGE_SIZE - (size_t)used, "%s%s", i == 0 ? "" : ", ",
                         i == ENUM_SHOWN ? ".." : field->enum_values[i]);
}

void
value_message(const value_rule *rule, Muster__V1__WrongKind kind, char message[VALUE_MESSAGE_SIZE])
{
    const Muster__V1__Field *field = rule->field;
    const char *low = rule->has_minimum ? field->minimum : "", *high = rule->has_maximum ? field->maximum : "";
    message[0] = '\0';
    switch (kind) {
    case MUSTER__V1__WRONG_KIND__WRONG_REQUIRED:
        snprintf(message, VALUE_MESSAGE_SIZE, "A value is needed here.");
        break;
    case MUSTER__V1__WRONG_KIND__WRONG_TYPE: type_message(rule, message); break;
    case MUSTER__V1__WRONG_KIND__WRONG_ENUM: enum_message(field, message); break;
    case MUSTER__V1__WRONG_KIND__WRONG_PATTERN:
        snprintf(message, VALUE_MESSAGE_SIZE, "The value does not have the form %.300s%s%.200s.", field->pattern,
                 field->description[0] == '\0' ? "" : ": ", field->description);
        break;
    case MUSTER__V1__WRONG_KIND__WRONG_LENGTH:
        if (field->max_length == 0)
            snprintf(message, VALUE_MESSAGE_SIZE, "The value needs at least %u characters.", field->min_length);
        else
            snprintf(message, VALUE_MESSAGE_SIZE, "The value must have %u to %u characters.", field->min_length,
                     field->max_length);
        break;
    case MUSTER__V1__WRONG_KIND__WRONG_RANGE:
        snprintf(message, VALUE_MESSAGE_SIZE, "The value must be %s%.60s%s%s%.60s.", low[0] == '\0' ? "" : "at least ",
                 low, low[0] != '\0' && high[0] != '\0' ? " and " : "", high[0] == '\0' ? "" : "at most ", high);
        break;
    default: break;
    }
}
