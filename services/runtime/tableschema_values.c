/* tableschema_values.c - what holds of the values of a field: type, format, how it is written, constraints. */
#include "services/runtime/tableschema_fields.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>

#define ENUM_MAX 10000u
#define PATTERN_SIZE_MAX 1000u
#define LENGTH_MAX 131072 /* characters */
#define WORDS_MAX 100u    /* in trueValues, falseValues */

#define OF(TYPE) MUSTER__V1__FIELD_TYPE__FIELD_##TYPE

/* Types --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    Muster__V1__FieldType type;
} TYPES[] = {
    {"string", OF(STRING)},   {"any", OF(STRING)},   {"integer", OF(INTEGER)}, {"number", OF(NUMBER)},
    {"boolean", OF(BOOLEAN)}, {"date", OF(DATE)},    {"time", OF(TIME)},       {"datetime", OF(DATETIME)},
    {"year", OF(YEAR)},       {"object", OF(JSON)},  {"array", OF(JSON)},      {"yearmonth", OF(YEARMONTH)},
    {"duration", OF(STRING)}, {"geojson", OF(JSON)}, {"geopoint", OF(JSON)},
};
#define TYPES_COUNT (sizeof TYPES / sizeof TYPES[0])

const char *
schema_type_name(Muster__V1__FieldType type)
{
    if (type == OF(EMAIL) || type == OF(PHONE))
        return type == OF(EMAIL) ? "email" : "phone";
    for (size_t i = 0; i < TYPES_COUNT; i++)
        if (TYPES[i].type == type)
            return TYPES[i].name;
    return "string";
}

bool
schema_has_order(Muster__V1__FieldType type)
{
    return type == OF(INTEGER) || type == OF(NUMBER) || type == OF(DATE) || type == OF(TIME) || type == OF(DATETIME) ||
           type == OF(YEAR) || type == OF(YEARMONTH);
}

static mst_status
read_type(schema_reader *self, const json_t *json, Muster__V1__Field *field, char **type)
{
    const char *words[TYPES_COUNT + 1] = {NULL};
    size_t at = 0;
    mst_status rc = schema_text(self, json, "type", SCHEMA_TEXT_SIZE_MAX, type);
    if (rc != MST_OK)
        return rc;
    for (size_t i = 0; i < TYPES_COUNT; i++)
        words[i] = TYPES[i].name;
    size_t before = schema_enter(self, ".type");
    if ((rc = schema_word(self, "type", *type, words, &at)) != MST_OK)
        return rc;
    field->type = TYPES[at].type;
    schema_leave(self, before);
    return MST_OK;
}

/* Formats ------------------------------------------------------------------------------------------------- */

/* "%d/%m/%Y" and the like: only `letters`, and each part that `needed` lists, parts separated by blanks ("Yy mbB d").
 */
static mst_status
check_directives(schema_reader *self, const char *format, const char *letters, const char *needed, const char *parts,
                 const char *like)
{
    char seen[32] = "";
    size_t count = 0;
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%')
            continue;
        p++;
        if (*p == '\0' || strchr(letters, *p) == NULL)
            return schema_wrong(self,
                                "\"%%%c\" is not read here; the parts are written %%%c .. of \"%s\", as in \"%s\"",
                                *p == '\0' ? ' ' : *p, letters[0], letters, like);
        if (count + 1 < sizeof seen)
            seen[count++] = *p;
    }
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%s", needed);
    char *rest = NULL;
    for (const char *part = strtok_r(wanted, " ", &rest); part != NULL; part = strtok_r(NULL, " ", &rest))
        if (strpbrk(seen, part) == NULL)
            return schema_wrong(self, "must be \"default\", \"any\", or name %s, as in \"%s\"", parts, like);
    return MST_OK;
}

/* What a format means to those who read values: a type, a pattern, or which JSON it is. `at`: of the formats of the
 * type. */
static void
set_format(Muster__V1__Field *field, char *type, size_t at)
{
    static const char *const of_string[] = {"", "", "[A-Za-z][A-Za-z0-9+.-]*:\\S+", "[A-Za-z0-9+/\\s]*={0,2}",
                                            "[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"};
    if (strcmp(type, "string") == 0) {
        field->pattern = (char *)of_string[at];
        if (strcmp(field->format, "email") == 0)
            field->type = OF(EMAIL);
    } else if (strcmp(type, "geopoint") == 0 && at == 0) {
        // "lon, lat", which is no JSON: the text is kept, if it looks like that.
        field->type = OF(STRING);
        field->pattern = "-?[0-9]+(\\.[0-9]+)?\\s*,\\s*-?[0-9]+(\\.[0-9]+)?";
    } else if (field->type == OF(JSON) && strcmp(type, "geopoint") != 0)
        field->format = type;
}

static mst_status
check_format(schema_reader *self, char *type, Muster__V1__Field *field)
{
    static const char *const of_string[] = {"default", "email", "uri", "binary", "uuid", NULL};
    static const char *const of_point[] = {"default", "array", "object", NULL};
    static const char *const of_geojson[] = {"default", "topojson", NULL};
    static const char *const of_others[] = {"default", NULL};
    const char *format = field->format;
    bool any = format[0] == '\0' || strcmp(format, "default") == 0 || strcmp(format, "any") == 0;
    size_t before = schema_enter(self, ".format"), at = 0;
    mst_status rc = MST_OK;
    switch (field->type) {
    case OF(DATE):
        if (!any)
            rc = check_directives(self, format, "YymbBd%", "Yy mbB d", "year, month and day", "%d/%m/%Y");
        break;
    case OF(TIME):
        if (!any)
            rc = check_directives(self, format, "HIMSp%", "HI M", "hour and minute", "%H:%M");
        break;
    case OF(DATETIME):
        if (!any)
            rc = check_directives(self, format, "YymbBdHIMSp%", "Yy mbB d HI M", "the day and the time",
                                  "%d/%m/%Y %H:%M");
        break;
    case OF(YEARMONTH):
        if (!any)
            rc = check_directives(self, format, "YymbB%", "Yy mbB", "year and month", "%m/%Y");
        break;
    default:
        if (format[0] != '\0')
            rc = schema_word(self, "format of this type", format,
                             strcmp(type, "string") == 0     ? of_string
                             : strcmp(type, "geopoint") == 0 ? of_point
                             : strcmp(type, "geojson") == 0  ? of_geojson
                                                             : of_others,
                             &at);
    }
    if (rc == MST_OK)
        set_format(field, type, at);
    if (rc == MST_OK)
        schema_leave(self, before);
    return rc;
}

/* How numbers and truth are written ------------------------------------------------------------------------ */

/* Keys that only some types have: elsewhere they would be dropped in silence. */
static mst_status
only_for(schema_reader *self, const json_t *json, const char *key, bool fits, const char *types)
{
    if (json_object_get(json, key) == NULL || fits)
        return MST_OK;
    schema_enter(self, ".%s", key);
    return schema_wrong(self, "is for fields of type %s", types);
}

/* One character that no number is made of, of at most so many bytes. */
static mst_status
read_sign(schema_reader *self, const json_t *json, const char *key, size_t size_max, char **sign)
{
    mst_status rc = schema_text(self, json, key, SCHEMA_NAME_SIZE_MAX, sign);
    if (rc != MST_OK || json_object_get(json, key) == NULL)
        return rc;
    size_t before = schema_enter(self, ".%s", key), characters = 0;
    for (const char *p = *sign; *p != '\0'; p++)
        characters += (*p & 0xc0) != 0x80;
    if (characters != 1 || strlen(*sign) > size_max || isalnum((unsigned char)**sign) || strchr("+-%", **sign) != NULL)
        return schema_wrong(self, "must be one character that is no letter, digit or sign, such as \",\"");
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
check_truth(schema_reader *self, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < field->n_true_values; i++)
        if (field->true_values[i][0] == '\0')
            return schema_wrong(self, "an empty text in trueValues would make blank cells true");
    for (size_t i = 0; i < field->n_false_values; i++) {
        if (field->false_values[i][0] == '\0')
            return schema_wrong(self, "an empty text in falseValues would make blank cells false");
        if (schema_lists(field->true_values, field->n_true_values, field->false_values[i]))
            return schema_wrong(self, "\"%.60s\" is listed in trueValues and in falseValues", field->false_values[i]);
    }
    return MST_OK;
}

static mst_status
read_writing(schema_reader *self, const json_t *json, Muster__V1__Field *field)
{
    bool number = field->type == OF(NUMBER), integer = field->type == OF(INTEGER), truth = field->type == OF(BOOLEAN);
    protobuf_c_boolean bare = true;
    mst_status rc;
    if ((rc = only_for(self, json, "trueValues", truth, "boolean")) != MST_OK ||
        (rc = only_for(self, json, "falseValues", truth, "boolean")) != MST_OK ||
        (rc = only_for(self, json, "decimalChar", number, "number")) != MST_OK ||
        (rc = only_for(self, json, "groupChar", number || integer, "number and integer")) != MST_OK ||
        (rc = only_for(self, json, "bareNumber", number || integer, "number and integer")) != MST_OK ||
        (rc = schema_texts(self, json, "trueValues", WORDS_MAX, &field->true_values, &field->n_true_values)) !=
            MST_OK ||
        (rc = schema_texts(self, json, "falseValues", WORDS_MAX, &field->false_values, &field->n_false_values)) !=
            MST_OK ||
        (rc = check_truth(self, field)) != MST_OK ||
        (rc = read_sign(self, json, "decimalChar", 1, &field->decimal_char)) != MST_OK ||
        (rc = read_sign(self, json, "groupChar", 4, &field->group_char)) != MST_OK ||
        (rc = schema_flag(self, json, "bareNumber", &bare)) != MST_OK)
        return rc;
    field->units = !bare;
    const char *point = field->decimal_char[0] == '\0' ? "." : field->decimal_char;
    if (field->group_char[0] != '\0' && strcmp(field->group_char, point) == 0) {
        schema_enter(self, ".groupChar");
        return schema_wrong(self, "is the decimal character too; one of them must be another");
    }
    return MST_OK;
}

/* Constraints ---------------------------------------------------------------------------------------------- */

/* As parsing will match it: with ICU, whose expressions have the classes of XML Schema. */
static mst_status
check_pattern(schema_reader *self, const char *pattern)
{
    if (pattern[0] == '\0')
        return MST_OK;
    size_t before = schema_enter(self, ".pattern");
    UChar wide[PATTERN_SIZE_MAX + 1];
    int32_t length = 0;
    UErrorCode rc = U_ZERO_ERROR;
    UParseError where = {0};
    u_strFromUTF8(wide, PATTERN_SIZE_MAX + 1, &length, pattern, -1, &rc);
    URegularExpression *compiled = U_FAILURE(rc) ? NULL : uregex_open(wide, length, 0, &where, &rc);
    if (compiled != NULL)
        uregex_close(compiled);
    if (U_FAILURE(rc))
        return schema_wrong(self, "is not a regular expression: %s at character %d", u_errorName(rc), where.offset);
    schema_leave(self, before);
    return MST_OK;
}

static unsigned
days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month < 1 || month > 12 ? 0 : days[month - 1] + (month == 2 && leap);
}

/* Whether `text` begins with `shape`, in which 9 stands for a digit; `rest` is what comes behind it. */
static bool
has_shape(const char *text, const char *shape, const char **rest)
{
    for (; *shape != '\0'; shape++, text++)
        if (*shape == '9' ? !isdigit((unsigned char)*text) : *shape != *text)
            return false;
    *rest = text;
    return true;
}

static bool
is_day(const char *text, const char **rest)
{
    return has_shape(text, "9999-99-99", rest) && atoi(text + 8) >= 1 &&
           (unsigned)atoi(text + 8) <= days_in((unsigned)atoi(text), (unsigned)atoi(text + 5));
}

static bool
is_time(const char *text, const char **rest)
{
    return has_shape(text, "99:99:99", rest) && atoi(text) < 24 && atoi(text + 3) < 60 && atoi(text + 6) < 60;
}

static bool
is_number(const char *text)
{
    char *end;
    errno = 0;
    strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && strspn(text, "0123456789+-.eE") == strlen(text);
}

/* Checks a bound, written canonically; NULL, or how the type is written. */
static const char *
not_canonical(Muster__V1__FieldType type, const char *text)
{
    const char *rest = "";
    switch (type) {
    case OF(INTEGER): return is_number(text) && strspn(text, "0123456789+-") == strlen(text) ? NULL : "a whole number";
    case OF(NUMBER): return is_number(text) ? NULL : "a number, as the field is one";
    case OF(DATE): return is_day(text, &rest) && *rest == '\0' ? NULL : "a day that there is, written YYYY-MM-DD";
    case OF(TIME): return is_time(text, &rest) && *rest == '\0' ? NULL : "a time of day, written HH:MM:SS";
    case OF(DATETIME):
        return is_day(text, &rest) && *rest == 'T' && is_time(rest + 1, &rest) &&
                       (*rest == '\0' || strcmp(rest, "Z") == 0)
                   ? NULL
                   : "written YYYY-MM-DDTHH:MM:SS, with Z behind it or not";
    case OF(YEAR): return has_shape(text, "9999", &rest) && *rest == '\0' ? NULL : "a year, written YYYY";
    case OF(YEARMONTH):
        return has_shape(text, "9999-99", &rest) && *rest == '\0' && days_in(2000, (unsigned)atoi(text + 5)) > 0
                   ? NULL
                   : "written YYYY-MM";
    default: return "on a field whose values have an order: integer, number, date, time, datetime, year, yearmonth";
    }
}

static mst_status
read_bound(schema_reader *self, const json_t *constraints, const char *key, const Muster__V1__Field *field,
           char **bound)
{
    const json_t *value = json_object_get(constraints, key);
    if (value == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    mst_status rc = schema_scalar(self, value, bound);
    if (rc != MST_OK)
        return rc;
    const char *must = not_canonical(field->type, *bound);
    if (must != NULL)
        return schema_wrong(self, "must be %s", must);
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
check_bounds(const schema_reader *self, const Muster__V1__Field *field)
{
    if (field->max_length != 0 && field->min_length > field->max_length)
        return schema_wrong(self, "minLength %u is above maxLength %u", field->min_length, field->max_length);
    if (field->minimum[0] == '\0' || field->maximum[0] == '\0')
        return MST_OK;
    bool number = field->type == OF(INTEGER) || field->type == OF(NUMBER);
    if (number ? strtod(field->minimum, NULL) > strtod(field->maximum, NULL)
               : strcmp(field->minimum, field->maximum) > 0)
        return schema_wrong(self, "minimum %.40s is above maximum %.40s: no value could ever be right", field->minimum,
                            field->maximum);
    return MST_OK;
}

static int
text_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mst_status
read_enum(schema_reader *self, const json_t *constraints, Muster__V1__Field *field)
{
    mst_status rc = schema_texts(self, constraints, "enum", ENUM_MAX, &field->enum_values, &field->n_enum_values);
    if (rc != MST_OK || json_object_get(constraints, "enum") == NULL)
        return rc;
    size_t before = schema_enter(self, ".enum"), count = field->n_enum_values;
    if (count == 0)
        return schema_wrong(self, "is empty: no value could ever be right; list the allowed values or take it out");
    for (size_t i = 0; i < count && field->group_char[0] == '\0' && field->decimal_char[0] == '\0' && !field->units;
         i++)
        if ((field->type == OF(INTEGER) || field->type == OF(NUMBER)) &&
            not_canonical(field->type, field->enum_values[i]) != NULL)
            return schema_wrong(self, "\"%.60s\" is no value of type %s", field->enum_values[i],
                                schema_type_name(field->type));
    char **sorted = mst_arena_copy(self->arena, field->enum_values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, text_order);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return schema_wrong(self, "\"%.60s\" is listed twice", sorted[i]);
    schema_leave(self, before);
    return MST_OK;
}

static mst_status
read_constraints(schema_reader *self, const json_t *json, Muster__V1__Field *field)
{
    static const char *const allowed[] = {"required",  "unique",  "enum",    "pattern", "minLength",
                                          "maxLength", "minimum", "maximum", NULL};
    json_t *constraints;
    mst_status rc = schema_object(self, json, "constraints", &constraints);
    if (rc != MST_OK || constraints == NULL)
        return rc;
    size_t before = schema_enter(self, ".constraints");
    if ((rc = schema_only(self, constraints, allowed)) != MST_OK ||
        (rc = schema_flag(self, constraints, "required", &field->required)) != MST_OK ||
        (rc = schema_flag(self, constraints, "unique", &field->unique)) != MST_OK ||
        (rc = read_enum(self, constraints, field)) != MST_OK ||
        (rc = schema_text(self, constraints, "pattern", PATTERN_SIZE_MAX, &field->pattern)) != MST_OK ||
        (rc = schema_count(self, constraints, "minLength", LENGTH_MAX, &field->min_length)) != MST_OK ||
        (rc = schema_count(self, constraints, "maxLength", LENGTH_MAX, &field->max_length)) != MST_OK ||
        (rc = read_bound(self, constraints, "minimum", field, &field->minimum)) != MST_OK ||
        (rc = read_bound(self, constraints, "maximum", field, &field->maximum)) != MST_OK ||
        (rc = check_bounds(self, field)) != MST_OK || (rc = check_pattern(self, field->pattern)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

mst_status
schema_read_values(schema_reader *self, json_t *json, Muster__V1__Field *field)
{
    char *type = "string";
    mst_status rc;
    if ((rc = read_type(self, json, field, &type)) != MST_OK ||
        (rc = schema_text(self, json, "format", SCHEMA_NAME_SIZE_MAX, &field->format)) != MST_OK ||
        (rc = check_format(self, type, field)) != MST_OK || (rc = read_writing(self, json, field)) != MST_OK)
        return rc;
    return read_constraints(self, json, field);
}
