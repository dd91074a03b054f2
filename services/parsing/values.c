/* values.c - see values.h. */
#include "values.h"

#include "json_text.h"
#include "numbers.h"
#include "services/runtime/suggest.h"
#include "utf8.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>

#define PATTERN_UNITS_MAX 2048      /* UTF-16 units of a value that a pattern looks at; longer values do not match */
#define PATTERN_STEPS_MAX 20        /* ICU's units of match time: a hostile pattern may not hold a batch up */
#define PATTERN_STACK_MAX (1 << 20) /* bytes */
#define EMAIL_SIZE_MAX 254u
#define PHONE_DIGITS_MIN 5
#define PHONE_DIGITS_MAX 20

#define WRONG_NONE MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN
#define WRONG_TYPE MUSTER__V1__WRONG_KIND__WRONG_TYPE

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What a byte may be part of. */
enum { IN_LOCAL = 1, IN_LABEL = 2, IN_PHONE = 4 };
static uint8_t classes[256];

static void
classes_init(void)
{
    if (classes['a'] != 0)
        return;
    for (int c = 0x21; c < 256; c++)
        if (c != 0x7f && strchr(",;<>()\"\\@.", c) == NULL)
            classes[c] |= IN_LOCAL;
    for (int c = 0; c < 256; c++)
        if (c >= 0x80 || c == '-' || is_digit((uint8_t)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            classes[c] |= IN_LABEL;
    for (const char *sign = " -./()#*,:0123456789"; *sign != '\0'; sign++)
        classes[(uint8_t)*sign] |= IN_PHONE;
}

/* What is true and what is false, where the field does not say. */
static const char *const TRUE_WORDS[] = {"true", "yes", "y", "1", "t"};
static const char *const FALSE_WORDS[] = {"false", "no", "n", "0", "f"};

static void
boolean_choices(value_rule *rule, const Muster__V1__Field *field)
{
    rule->choices = allowed_new();
    for (size_t i = 0; i < field->n_true_values; i++)
        allowed_add(rule->choices, field->true_values[i], "true");
    for (size_t i = 0; i < field->n_false_values; i++)
        allowed_add(rule->choices, field->false_values[i], "false");
    for (size_t i = 0; i < 5 && field->n_true_values == 0; i++)
        allowed_add(rule->choices, TRUE_WORDS[i], "true");
    for (size_t i = 0; i < 5 && field->n_false_values == 0; i++)
        allowed_add(rule->choices, FALSE_WORDS[i], "false");
}

static void
enum_choices(value_rule *rule, const Muster__V1__Field *field)
{
    rule->choices = allowed_new();
    rule->only_these = true;
    for (size_t i = 0; i < field->n_enum_values; i++) {
        allowed_add(rule->choices, field->enum_values[i], field->enum_values[i]);
        if (strlen(field->enum_values[i]) > rule->growth)
            rule->growth = strlen(field->enum_values[i]);
    }
}

void
value_rule_set_action(value_rule *rule, const Muster__V1__Action *action)
{
    allowed_destroy(&rule->choices);
    rule->choices = allowed_new();
    rule->only_these = true;
    for (size_t i = 0; i < action->n_insert_words; i++)
        allowed_add(rule->choices, action->insert_words[i], action->insert_words[0]);
    for (size_t i = 0; i < action->n_update_words; i++)
        allowed_add(rule->choices, action->update_words[i], action->update_words[0]);
    for (size_t i = 0; i < allowed_count(rule->choices); i++)
        if (strlen(allowed_kept(rule->choices)[i]) > rule->growth)
            rule->growth = strlen(allowed_kept(rule->choices)[i]);
}

static void *
compile_pattern(const char *text)
{
    UErrorCode rc = U_ZERO_ERROR;
    UParseError where;
    UChar wide[PATTERN_UNITS_MAX];
    int32_t length = 0;
    u_strFromUTF8(wide, PATTERN_UNITS_MAX, &length, text, -1, &rc);
    URegularExpression *pattern = U_FAILURE(rc) ? NULL : uregex_open(wide, length, 0, &where, &rc);
    if (U_FAILURE(rc)) {
        if (pattern != NULL)
            uregex_close(pattern);
        return NULL;
    }
    uregex_setTimeLimit(pattern, PATTERN_STEPS_MAX, &rc);
    uregex_setStackLimit(pattern, PATTERN_STACK_MAX, &rc);
    return pattern;
}

mst_status
value_rule_init(value_rule *rule, const Muster__V1__Field *field)
{
    memset(rule, 0, sizeof *rule);
    classes_init();
    rule->field = field;
    rule->required = field->required;
    rule->growth = VALUE_GROWTH;
    rule->has_minimum = field->minimum[0] != '\0';
    rule->has_maximum = field->maximum[0] != '\0';
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER) {
        rule->minimum = strtod(field->minimum, NULL);
        rule->maximum = strtod(field->maximum, NULL);
    } else if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER) {
        rule->whole_minimum = strtoll(field->minimum, NULL, 10);
        rule->whole_maximum = strtoll(field->maximum, NULL, 10);
    }
    rule->takes_plain_dates =
        field->format[0] == '\0' || strcmp(field->format, "default") == 0 || strcmp(field->format, "any") == 0;
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN)
        boolean_choices(rule, field);
    else if (field->n_enum_values > 0)
        enum_choices(rule, field);
    if (field->pattern[0] == '\0')
        return MST_OK;
    rule->pattern = compile_pattern(field->pattern);
    return rule->pattern == NULL ? MST_INVALID : MST_OK;
}

void
value_rule_release(value_rule *rule)
{
    if (rule->pattern != NULL)
        uregex_close(rule->pattern);
    rule->pattern = NULL;
    allowed_destroy(&rule->choices);
    if (rule->suggester != NULL)
        mst_suggester_destroy(&rule->suggester);
}

void
value_unchecked(const value_rule *rule, uint32_t *least, uint32_t *most)
{
    const Muster__V1__Field *field = rule->field;
    bool text = field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING && rule->choices == NULL && rule->pattern == NULL &&
                field->min_length == 0;
    *least = rule->required ? 1 : 0;
    // Characters are never more than bytes.
    *most = !text ? 0 : field->max_length == 0 ? UINT32_MAX : field->max_length;
}

static void
keep_room(value_text *out, size_t size)
{
    out->data = (const uint8_t *)out->room;
    out->size = size;
}

/* Types ------------------------------------------------------------------------------------------------ */

static bool
read_number(value_rule *rule, bool whole, const uint8_t *data, size_t size, value_text *out)
{
    rule->detail = (int)number_read(rule->field, whole, data, size, out->room, &out->size);
    out->data = (const uint8_t *)out->room;
    return rule->detail == (int)NUMBER_OK;
}

static bool
read_boolean(const value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    const char *kept = allowed_find(rule->choices, data, size);
    if (kept == NULL)
        return false;
    out->data = (const uint8_t *)kept;
    out->size = strlen(kept);
    return true;
}

static bool
read_year(value_rule *rule, const uint8_t *data, size_t size)
{
    rule->detail = size == 2 && is_digit(data[0]) && is_digit(data[1]) ? (int)DATE_SHORT_YEAR : (int)DATE_WRONG;
    return size == 4 && is_digit(data[0]) && is_digit(data[1]) && is_digit(data[2]) && is_digit(data[3]);
}

/* An object must be one, a list must be one; a place is two numbers, in a list or not. */
static bool
read_json(const Muster__V1__Field *field, const uint8_t *data, size_t size)
{
    if (strcmp(field->format, "object") == 0 || strcmp(field->format, "geojson") == 0)
        return data[0] == '{' && json_text_ok(data, size);
    if (strcmp(field->format, "array") == 0)
        return data[0] == '[' && json_text_ok(data, size);
    return json_text_ok(data, size);
}

/* Labels of letters, digits and hyphens (or beyond ASCII), at least two of them. */
static bool
is_domain(const uint8_t *data, const uint8_t *end)
{
    const uint8_t *label = data, *p = data;
    for (;; label = ++p) {
        while (p < end && (classes[*p] & IN_LABEL) != 0)
            p++;
        if (p == label || *label == '-' || p[-1] == '-' || p - label > 63)
            return false;
        if (p == end)
            return label > data && end - label >= 2;
        if (*p != '.')
            return false;
    }
}

static bool
is_email(const uint8_t *data, size_t size)
{
    const uint8_t *part = data, *p = data, *end = data + size;
    for (;; part = ++p) {
        while (p < end && (classes[*p] & IN_LOCAL) != 0)
            p++;
        if (p == part || p == end || (*p != '.' && *p != '@'))
            return false;
        if (*p == '@')
            return p - data <= 64 && size <= EMAIL_SIZE_MAX && is_domain(p + 1, end);
    }
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
        digits += is_digit(data[i]);
        if ((classes[data[i]] & IN_PHONE) == 0)
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

/* Digits with dashes and blanks between them, as the digits alone, where these have the form. */
static bool
matches_digits(const value_rule *rule, value_text *value)
{
    value_text digits = {.size = 0};
    for (size_t i = 0; i < value->size; i++) {
        uint8_t c = value->data[i];
        if (is_digit(c)) {
            if (digits.size == sizeof digits.room)
                return false;
            digits.room[digits.size++] = (char)c;
        } else if (c == 0xE2 && value->size - i > 2 && value->data[i + 1] == 0x80 && value->data[i + 2] >= 0x90 &&
                   value->data[i + 2] <= 0x95) // dashes that spreadsheets make of hyphens
            i += 2;
        else if (c != '-' && c != ' ')
            return false;
    }
    digits.data = (const uint8_t *)digits.room;
    if (digits.size == 0 || digits.size == value->size || !matches(rule, &digits))
        return false;
    memcpy(value->room, digits.room, digits.size);
    keep_room(value, digits.size);
    return true;
}

/* The value as the list has it. Numbers are the same however they are written. */
static bool
in_list(const value_rule *rule, value_text *value)
{
    const char *kept = allowed_find(rule->choices, value->data, value->size);
    if (kept == NULL && rule->field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER) {
        char text[NUMBER_SIZE_MAX + 1];
        snprintf(text, sizeof text, "%.*s", (int)value->size, (const char *)value->data);
        double number = strtod(text, NULL);
        for (size_t i = 0; i < allowed_count(rule->choices) && kept == NULL; i++)
            if (strtod(allowed_kept(rule->choices)[i], NULL) == number)
                kept = allowed_kept(rule->choices)[i];
    }
    if (kept == NULL)
        return false;
    value->data = (const uint8_t *)kept;
    value->size = strlen(kept);
    return true;
}

static int
compare_text(const value_text *value, const char *limit)
{
    size_t size = strlen(limit);
    int order = memcmp(value->data, limit, value->size < size ? value->size : size);
    return order != 0 ? order : (value->size > size) - (value->size < size);
}

/* Kept forms of dates and times have the order of what they say. */
static bool
in_text_range(const value_rule *rule, const value_text *value)
{
    return (!rule->has_minimum || compare_text(value, rule->field->minimum) >= 0) &&
           (!rule->has_maximum || compare_text(value, rule->field->maximum) <= 0);
}

static bool
in_range(const value_rule *rule, const value_text *value)
{
    char text[NUMBER_SIZE_MAX + 1];
    switch (rule->field->type) {
    case MUSTER__V1__FIELD_TYPE__FIELD_INTEGER: {
        snprintf(text, sizeof text, "%.*s", (int)value->size, (const char *)value->data);
        long long number = strtoll(text, NULL, 10);
        return (!rule->has_minimum || number >= rule->whole_minimum) &&
               (!rule->has_maximum || number <= rule->whole_maximum);
    }
    case MUSTER__V1__FIELD_TYPE__FIELD_NUMBER: {
        snprintf(text, sizeof text, "%.*s", (int)value->size, (const char *)value->data);
        double number = strtod(text, NULL);
        return (!rule->has_minimum || number >= rule->minimum) && (!rule->has_maximum || number <= rule->maximum);
    }
    case MUSTER__V1__FIELD_TYPE__FIELD_DATE:
    case MUSTER__V1__FIELD_TYPE__FIELD_TIME:
    case MUSTER__V1__FIELD_TYPE__FIELD_DATETIME:
    case MUSTER__V1__FIELD_TYPE__FIELD_YEAR:
    case MUSTER__V1__FIELD_TYPE__FIELD_YEARMONTH: return in_text_range(rule, value);
    default: return true;
    }
}

static bool
right_type(value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    const Muster__V1__Field *field = rule->field;
    switch (field->type) {
    case MUSTER__V1__FIELD_TYPE__FIELD_INTEGER: return read_number(rule, true, data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_NUMBER: return read_number(rule, false, data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN: return read_boolean(rule, data, size, out);
    case MUSTER__V1__FIELD_TYPE__FIELD_EMAIL: return is_email(data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_PHONE: return is_phone(data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_YEAR: return read_year(rule, data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_JSON: return read_json(field, data, size);
    case MUSTER__V1__FIELD_TYPE__FIELD_TIME: keep_room(out, 8); return time_read(field->format, data, size, out->room);
    case MUSTER__V1__FIELD_TYPE__FIELD_YEARMONTH:
        keep_room(out, 7);
        return yearmonth_read(field->format, data, size, out->room);
    case MUSTER__V1__FIELD_TYPE__FIELD_DATE:
        if (rule->takes_plain_dates && date_is_plain(data, size))
            return true;
        rule->detail = (int)date_read(field->format, rule->order, data, size, out->room);
        keep_room(out, 10);
        return rule->detail == (int)DATE_OK;
    case MUSTER__V1__FIELD_TYPE__FIELD_DATETIME:
        rule->detail = (int)datetime_read(field->format, rule->order, data, size, out->room, &out->size);
        out->data = (const uint8_t *)out->room;
        return rule->detail == (int)DATE_OK;
    default: return true;
    }
}

static Muster__V1__WrongKind
check(value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    const Muster__V1__Field *field = rule->field;
    if (!right_type(rule, data, size, out))
        return WRONG_TYPE;
    if (rule->only_these && !in_list(rule, out))
        return MUSTER__V1__WRONG_KIND__WRONG_ENUM;
    if (rule->pattern != NULL && !matches(rule, out) &&
        !(field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING && matches_digits(rule, out)))
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

Muster__V1__WrongKind
value_read(value_rule *rule, const uint8_t *data, size_t size, value_text *out)
{
    out->data = data;
    out->size = size;
    Muster__V1__WrongKind wrong = check(rule, data, size, out);
    if (wrong != WRONG_NONE)
        rule->seen = (csv_cell){data, (uint32_t)size};
    return wrong;
}
