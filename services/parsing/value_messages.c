/* value_messages.c - see values.h: what is said of a wrong value, and what may have been meant. */
#include "values.h"

#include "numbers.h"
#include "services/runtime/suggest.h"
#include <stdio.h>
#include <string.h>

#define ENUM_SHOWN 12u
#define SUGGEST_TEXT_MAX 200u /* bytes of a wrong value that likeness is looked for in */

static const char *
date_form(const Muster__V1__Field *field)
{
    if (field->format[0] != '\0' && strcmp(field->format, "default") != 0 && strcmp(field->format, "any") != 0)
        return field->format;
    return field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATETIME
               ? "YYYY-MM-DDTHH:MM:SS, for instance 2020-02-29T09:30:00"
               : "YYYY-MM-DD, for instance 2020-02-29";
}

static void
date_message(const value_rule *rule, char message[VALUE_MESSAGE_SIZE])
{
    char first[DATE_READING_SIZE], second[DATE_READING_SIZE];
    const char *form = date_form(rule->field);
    bool two = rule->seen.data != NULL &&
               date_readings(rule->field->format, rule->order, rule->seen.data, rule->seen.size, first, second);
    size_t time_at = rule->field->type != MUSTER__V1__FIELD_TYPE__FIELD_DATE || rule->seen.data == NULL
                         ? 0
                         : date_time_at(rule->field->format, rule->order, rule->seen.data, rule->seen.size);
    if (time_at > 0) {
        snprintf(message, VALUE_MESSAGE_SIZE,
                 "A time stands behind the date, and only a date is wanted here: leave \"%.*s\" out. Write the date as "
                 "%.200s.",
                 (int)(rule->seen.size - time_at), (const char *)rule->seen.data + time_at, form);
        return;
    }
    switch ((date_result)rule->detail) {
    case DATE_NO_SUCH_DAY:
        snprintf(message, VALUE_MESSAGE_SIZE, "The calendar has no such day. Write the date as %.200s.", form);
        break;
    case DATE_AMBIGUOUS:
        snprintf(message, VALUE_MESSAGE_SIZE,
                 two ? "It is unclear which number is the day and which the month: %s or %s? Write the date as %.200s."
                     : "It is unclear which number is the day and which the month.%.0s%.0s Write the date as %.200s.",
                 first, second, form);
        break;
    case DATE_SHORT_YEAR:
        snprintf(message, VALUE_MESSAGE_SIZE,
                 two ? "The year has two digits: is it %s or %s? Write the year with four digits, the date as %.200s."
                     : "The year is unclear.%.0s%.0s Write the year with four digits, the date as %.200s.",
                 first, second, form);
        break;
    default: snprintf(message, VALUE_MESSAGE_SIZE, "This is not a date. Write it as %.200s.", form); break;
    }
}

static void
number_message(const value_rule *rule, char message[VALUE_MESSAGE_SIZE])
{
    const Muster__V1__Field *field = rule->field;
    const char *decimal = field->decimal_char[0] == '\0' ? "." : field->decimal_char;
    if (rule->detail == (int)NUMBER_TOO_LONG)
        snprintf(message, VALUE_MESSAGE_SIZE, "The number is too long: at most %u digits are read.", NUMBER_DIGITS_MAX);
    else if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER)
        snprintf(message, VALUE_MESSAGE_SIZE, "This is not a whole number. Write digits only, for instance 42.");
    else
        snprintf(message, VALUE_MESSAGE_SIZE, "This is not a number. Write digits with a %s, for instance 3%.4s5%s.",
                 strcmp(decimal, ".") == 0   ? "point"
                 : strcmp(decimal, ",") == 0 ? "comma"
                                             : "sign before the decimals",
                 decimal, field->units ? "; a unit may stand beside it" : "");
}

static void
boolean_message(const Muster__V1__Field *field, char message[VALUE_MESSAGE_SIZE])
{
    if (field->n_true_values == 0 && field->n_false_values == 0)
        snprintf(message, VALUE_MESSAGE_SIZE, "Write yes or no (or true, false, 1, 0).");
    else
        snprintf(message, VALUE_MESSAGE_SIZE, "Write %.80s or %.80s.",
                 field->n_true_values == 0 ? "true" : field->true_values[0],
                 field->n_false_values == 0 ? "false" : field->false_values[0]);
}

static void
year_message(const value_rule *rule, char message[VALUE_MESSAGE_SIZE])
{
    if (rule->detail == (int)DATE_SHORT_YEAR)
        snprintf(message, VALUE_MESSAGE_SIZE, "The year has two digits: is it 19%.2s or 20%.2s? Write all four.",
                 (const char *)rule->seen.data, (const char *)rule->seen.data);
    else
        snprintf(message, VALUE_MESSAGE_SIZE, "This is not a year. Write four digits, for instance 2020.");
}

static void
type_message(const value_rule *rule, char message[VALUE_MESSAGE_SIZE])
{
    const Muster__V1__Field *field = rule->field;
    const char *text = "The value is not of the kind that this column takes.";
    switch (field->type) {
    case MUSTER__V1__FIELD_TYPE__FIELD_DATE:
    case MUSTER__V1__FIELD_TYPE__FIELD_DATETIME: date_message(rule, message); return;
    case MUSTER__V1__FIELD_TYPE__FIELD_INTEGER:
    case MUSTER__V1__FIELD_TYPE__FIELD_NUMBER: number_message(rule, message); return;
    case MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN: boolean_message(field, message); return;
    case MUSTER__V1__FIELD_TYPE__FIELD_YEAR: year_message(rule, message); return;
    case MUSTER__V1__FIELD_TYPE__FIELD_EMAIL:
        text = "This is not an e-mail address. Write it like name@example.org.";
        break;
    case MUSTER__V1__FIELD_TYPE__FIELD_PHONE:
        text = "This is not a phone number. Write 5 to 20 digits, for instance +1 555 010 0199.";
        break;
    case MUSTER__V1__FIELD_TYPE__FIELD_TIME:
        text = "This is not a time of day. Write it as HH:MM:SS, for instance 09:30:00.";
        break;
    case MUSTER__V1__FIELD_TYPE__FIELD_YEARMONTH:
        text = "This is not a month of a year. Write it as YYYY-MM, for instance 2020-02.";
        break;
    case MUSTER__V1__FIELD_TYPE__FIELD_JSON: text = "This is not JSON text, or not of the kind wanted here."; break;
    default: break;
    }
    snprintf(message, VALUE_MESSAGE_SIZE, "%s", text);
}

static void
list_message(const allowed *list, char message[VALUE_MESSAGE_SIZE])
{
    int used = snprintf(message, VALUE_MESSAGE_SIZE, "This is not one of the allowed values: ");
    for (size_t i = 0; i < allowed_count(list) && i <= ENUM_SHOWN && used < (int)VALUE_MESSAGE_SIZE - 1; i++)
        used += snprintf(message + used, VALUE_MESSAGE_SIZE - (size_t)used, "%s%s", i == 0 ? "" : ", ",
                         i == ENUM_SHOWN ? ".." : allowed_kept(list)[i]);
}

static void
length_message(const Muster__V1__Field *field, char message[VALUE_MESSAGE_SIZE])
{
    if (field->max_length == 0)
        snprintf(message, VALUE_MESSAGE_SIZE, "The value needs at least %u characters.", field->min_length);
    else if (field->min_length == 0)
        snprintf(message, VALUE_MESSAGE_SIZE, "The value must have at most %u characters.", field->max_length);
    else
        snprintf(message, VALUE_MESSAGE_SIZE, "The value must have %u to %u characters.", field->min_length,
                 field->max_length);
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
    case MUSTER__V1__WRONG_KIND__WRONG_ENUM: list_message(rule->choices, message); break;
    case MUSTER__V1__WRONG_KIND__WRONG_PATTERN:
        snprintf(message, VALUE_MESSAGE_SIZE, "The value does not have the form %.300s%s%.200s.", field->pattern,
                 field->description[0] == '\0' ? "" : ": ", field->description);
        break;
    case MUSTER__V1__WRONG_KIND__WRONG_LENGTH: length_message(field, message); break;
    case MUSTER__V1__WRONG_KIND__WRONG_RANGE:
        snprintf(message, VALUE_MESSAGE_SIZE, "The value must be %s%.60s%s%s%.60s.", low[0] == '\0' ? "" : "at least ",
                 low, low[0] != '\0' && high[0] != '\0' ? " and " : "", high[0] == '\0' ? "" : "at most ", high);
        break;
    default: break;
    }
}

/* Suggestions ------------------------------------------------------------------------------------------ */

static void
add_suggestion(Muster__V1__Suggestion **list, size_t *count, mst_arena *arena, const char *value, uint32_t likeness)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i]->value, value) == 0)
            return;
    if (*count == VALUE_SUGGESTED)
        return;
    list[*count] = mst_arena_alloc(arena, sizeof **list);
    muster__v1__suggestion__init(list[*count]);
    list[*count]->value = mst_arena_strdup(arena, value);
    list[*count]->likeness = likeness;
    ++*count;
}

static void
suggest_from_list(value_rule *rule, Muster__V1__Suggestion **list, size_t *count, mst_arena *arena)
{
    const char *const *listed = allowed_kept(rule->choices);
    size_t listed_count = allowed_count(rule->choices);
    if (rule->suggester == NULL)
        rule->suggester = mst_suggester_new(listed, listed_count);
    char wrong[SUGGEST_TEXT_MAX + 1];
    mst_suggested best[VALUE_SUGGESTED];
    uint32_t size = rule->seen.size > SUGGEST_TEXT_MAX ? SUGGEST_TEXT_MAX : rule->seen.size;
    while (size > 0 && size < rule->seen.size && (rule->seen.data[size] & 0xC0) == 0x80)
        size--;
    memcpy(wrong, rule->seen.data, size);
    wrong[size] = '\0';
    size_t found = mst_suggest(rule->suggester, wrong, best, VALUE_SUGGESTED);
    for (size_t i = 0; i < found; i++)
        add_suggestion(list, count, arena, listed[best[i].index], best[i].likeness);
    // A list that fits is shown whole.
    for (size_t i = 0; i < listed_count && listed_count <= VALUE_SUGGESTED; i++)
        add_suggestion(list, count, arena, listed[i], 0);
}

Muster__V1__Suggestion **
value_suggest(value_rule *rule, Muster__V1__WrongKind kind, mst_arena *arena, size_t *count)
{
    Muster__V1__Suggestion **list = mst_arena_alloc(arena, VALUE_SUGGESTED * sizeof *list);
    char first[DATE_READING_SIZE], second[DATE_READING_SIZE];
    *count = 0;
    if (kind == MUSTER__V1__WRONG_KIND__WRONG_ENUM) {
        suggest_from_list(rule, list, count, arena);
    } else if (kind == MUSTER__V1__WRONG_KIND__WRONG_TYPE && rule->field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE &&
               date_readings(rule->field->format, rule->order, rule->seen.data, rule->seen.size, first, second)) {
        add_suggestion(list, count, arena, first, 500);
        add_suggestion(list, count, arena, second, 500);
    } else if (kind == MUSTER__V1__WRONG_KIND__WRONG_TYPE && rule->field->type == MUSTER__V1__FIELD_TYPE__FIELD_YEAR &&
               rule->detail == (int)DATE_SHORT_YEAR) {
        for (int century = 19; century <= 20; century++) {
            snprintf(first, sizeof first, "%d%.2s", century, (const char *)rule->seen.data);
            add_suggestion(list, count, arena, first, 500);
        }
    }
    return list;
}

size_t
value_suggest_cost(const value_rule *rule, Muster__V1__WrongKind kind)
{
    return kind == MUSTER__V1__WRONG_KIND__WRONG_ENUM ? allowed_count(rule->choices) : 1;
}
