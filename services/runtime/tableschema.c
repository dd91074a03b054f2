/* tableschema.c - see tableschema.h.
 *
 * The reader walks the JSON once, keeping the path it stands at, and writes the first thing that is wrong as a
 * sentence. Standard keys that we do not know are ignored, as the specification asks; below "muster" everything must
 * be known, because a misspelt setting that is silently ignored costs somebody a wrong merge. */
#include "tableschema.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_SIZE_MAX (512u * 1024u) /* bytes of JSON */
#define FIELDS_MAX 2000u
#define KINDS_MAX 200u
#define NAME_SIZE_MAX 128u /* bytes in the name of a field */
#define ID_SIZE_MAX 64u    /* bytes in the name of a template, kind or option */
#define TEXT_SIZE_MAX 16384u
#define ENUM_MAX 10000u
#define PATTERN_SIZE_MAX 1000u
#define MERGE_COST_MAX 1000000

typedef struct reader {
    mst_arena *arena;
    char *why;
    bool template; /* a template, else a kind */
    char path[256];
} reader;

#define WHY_SIZE 512u

static mst_status MST_PRINTF(2, 3) wrong(const reader *self, const char *format, ...)
{
    int used = snprintf(self->why, WHY_SIZE, "%s: ", self->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->why + used, WHY_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return MST_INVALID;
}

/* The path is a stack in one string: enter appends, leave cuts back to what enter returned. */
static size_t MST_PRINTF(2, 3) enter(reader *self, const char *format, ...)
{
    size_t before = strlen(self->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->path + before, sizeof self->path - before, format, arguments);
    va_end(arguments);
    return before;
}

static void
leave(reader *self, size_t before)
{
    self->path[before] = '\0';
}

/* Single values ---------------------------------------------------------------------------------------- */

static mst_status
read_text(reader *self, const json_t *object, const char *key, size_t size_max, char **text)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = enter(self, ".%s", key);
    if (!json_is_string(value))
        return wrong(self, "must be a text in quotes");
    if (json_string_length(value) > size_max)
        return wrong(self, "is longer than %zu bytes", size_max);
    *text = mst_arena_strdup(self->arena, json_string_value(value));
    leave(self, before);
    return MST_OK;
}

static mst_status
read_flag(reader *self, const json_t *object, const char *key, protobuf_c_boolean *flag)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = enter(self, ".%s", key);
    if (!json_is_boolean(value))
        return wrong(self, "must be true or false");
    *flag = json_is_true(value);
    leave(self, before);
    return MST_OK;
}

static mst_status
read_count(reader *self, const json_t *object, const char *key, long long max, uint32_t *count)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = enter(self, ".%s", key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return wrong(self, "must be a whole number from 0 to %lld", max);
    *count = (uint32_t)json_integer_value(value);
    leave(self, before);
    return MST_OK;
}

/* A value of any simple type as the text it stands for. */
static mst_status
scalar_text(reader *self, const json_t *value, char **text)
{
    if (json_is_string(value)) {
        if (json_string_length(value) > NAME_SIZE_MAX * 8)
            return wrong(self, "is longer than %u bytes", NAME_SIZE_MAX * 8);
        *text = mst_arena_strdup(self->arena, json_string_value(value));
    } else if (json_is_integer(value))
        *text = mst_arena_printf(self->arena, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        *text = mst_arena_printf(self->arena, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        *text = mst_arena_strdup(self->arena, json_is_true(value) ? "true" : "false");
    else
        return wrong(self, "must be a text, a number, true or false");
    return MST_OK;
}

static mst_status
read_texts(reader *self, const json_t *object, const char *key, size_t max, char ***texts, size_t *count)
{
    const json_t *list = json_object_get(object, key);
    if (list == NULL)
        return MST_OK;
    size_t before = enter(self, ".%s", key);
    if (!json_is_array(list))
        return wrong(self, "must be a list: [..]");
    if (json_array_size(list) > max)
        return wrong(self, "has %zu entries; at most %zu are allowed", json_array_size(list), max);
    size_t size = json_array_size(list);
    *texts = mst_arena_alloc(self->arena, (size + 1) * sizeof **texts);
    for (size_t i = 0; i < size; i++) {
        size_t inner = enter(self, "[%zu]", i);
        mst_status rc = scalar_text(self, json_array_get(list, i), &(*texts)[i]);
        if (rc != MST_OK)
            return rc;
        leave(self, inner);
    }
    *count = size;
    leave(self, before);
    return MST_OK;
}

/* Refuses keys of `object` that are not in the NULL-ended list. */
static mst_status
only_keys(reader *self, json_t *object, const char *const *allowed)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        bool known = false;
        for (const char *const *a = allowed; *a != NULL; a++)
            known = known || strcmp(*a, key) == 0;
        if (known)
            continue;
        char list[300] = "";
        for (const char *const *a = allowed; *a != NULL; a++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", *a);
        }
        return wrong(self, "\"%.60s\" is not known here; allowed are %s", key, list);
    }
    return MST_OK;
}

/* The object below `key`, checked to be one; NULL when absent. */
static mst_status
read_object(reader *self, const json_t *object, const char *key, json_t **inner)
{
    *inner = json_object_get(object, key);
    if (*inner == NULL || json_is_object(*inner))
        return MST_OK;
    enter(self, ".%s", key);
    return wrong(self, "must be an object: {..}");
}

/* Names that become part of stream names and commands. */
static bool
is_id(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > ID_SIZE_MAX || !isalnum((unsigned char)text[0]))
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

static mst_status
read_id(reader *self, const json_t *object, const char *key, const char *what, char **id)
{
    mst_status rc = read_text(self, object, key, TEXT_SIZE_MAX, id);
    if (rc != MST_OK)
        return rc;
    size_t before = enter(self, ".%s", key);
    if (json_object_get(object, key) == NULL)
        return wrong(self, "is missing: give the %s a name, such as \"%s\"", what,
                     self->template ? "connect-card" : "person");
    if (!is_id(*id))
        return wrong(self,
                     "is no name for a %s: use letters, digits, '-', '_' and '.', beginning with a letter or digit, "
                     "at most %u characters",
                     what, ID_SIZE_MAX);
    leave(self, before);
    return MST_OK;
}

/* Fields ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    Muster__V1__FieldType type;
} TYPES[] = {
    {"string", MUSTER__V1__FIELD_TYPE__FIELD_STRING},   {"any", MUSTER__V1__FIELD_TYPE__FIELD_STRING},
    {"integer", MUSTER__V1__FIELD_TYPE__FIELD_INTEGER}, {"year", MUSTER__V1__FIELD_TYPE__FIELD_INTEGER},
    {"number", MUSTER__V1__FIELD_TYPE__FIELD_NUMBER},   {"boolean", MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN},
    {"date", MUSTER__V1__FIELD_TYPE__FIELD_DATE},
};

static mst_status
read_type(reader *self, json_t *json, Muster__V1__Field *field)
{
    char *type = "string";
    mst_status rc = read_text(self, json, "type", TEXT_SIZE_MAX, &type);
    if (rc == MST_OK)
        rc = read_text(self, json, "format", NAME_SIZE_MAX, &field->format);
    if (rc != MST_OK)
        return rc;
    size_t before = enter(self, ".type");
    bool known = false;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (strcmp(TYPES[i].name, type) == 0) {
            field->type = TYPES[i].type;
            known = true;
        }
    if (!known)
        return wrong(self, "\"%.40s\" is not read here; allowed are string, any, integer, year, number, boolean, date",
                     type);
    leave(self, before);
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING && strcmp(field->format, "email") == 0)
        field->type = MUSTER__V1__FIELD_TYPE__FIELD_EMAIL;
    // Keys that change how a value reads may not be dropped in silence.
    static const char *const unread[] = {"trueValues", "falseValues", "decimalChar", "groupChar", "bareNumber"};
    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++)
        if (json_object_get(json, unread[i]) != NULL) {
            enter(self, ".%s", unread[i]);
            return wrong(self, "is not supported: take it out (true/yes/1, false/no/0 and plain numbers are read)");
        }
    return MST_OK;
}

static mst_status
check_date_format(reader *self, const Muster__V1__Field *field)
{
    const char *format = field->format;
    if (field->type != MUSTER__V1__FIELD_TYPE__FIELD_DATE || format[0] == '\0' || strcmp(format, "default") == 0 ||
        strcmp(format, "any") == 0)
        return MST_OK;
    size_t before = enter(self, ".format");
    bool year = false, month = false, day = false;
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%')
            continue;
        p++;
        year = year || *p == 'Y' || *p == 'y';
        month = month || *p == 'm' || *p == 'b' || *p == 'B';
        day = day || *p == 'd';
        if (*p == '\0' || strchr("YymbBd%", *p) == NULL)
            return wrong(self, "a date is described by %%Y %%y %%m %%b %%B %%d, as in \"%%d/%%m/%%Y\"");
    }
    if (!year || !month || !day)
        return wrong(self,
                     "must be \"default\" (2026-11-21), \"any\", or name year, month and day as in \"%%d/%%m/%%Y\"");
    leave(self, before);
    return MST_OK;
}

/* XML Schema expressions say \d, \w, \s, \p{..}, \i, \c where POSIX has classes. The translation serves only to find
 * out early whether brackets and counts match; parsing matches with ICU. */
static void
posix_pattern(const char *pattern, char *out, size_t out_size)
{
    size_t used = 0;
    bool in_class = false;
    for (const char *p = pattern; *p != '\0' && used + 16 < out_size; p++) {
        if (*p != '\\') {
            if (*p == '[')
                in_class = true;
            else if (*p == ']')
                in_class = false;
            out[used++] = *p;
            continue;
        }
        p++;
        if (*p == '\0') {
            out[used++] = '\\';
            break;
        }
        const char *class = NULL;
        if (strchr("dDwWsSiIcCpP", *p) != NULL)
            class = *p == 'd' ? "0-9" : *p == 's' ? "[:space:]" : "[:alnum:]_";
        if (*p == 'p' || *p == 'P')
            while (p[1] != '\0' && *p != '}')
                p++;
        if (class != NULL)
            used += (size_t)snprintf(out + used, out_size - used, in_class ? "%s" : "[%s]", class);
        else if (strchr("ntr", *p) != NULL)
            out[used++] = ' ';
        else if (in_class)
            out[used++] = *p == ']' || *p == '[' || *p == '^' || *p == '-' ? '.' : *p;
        else {
            out[used++] = '\\';
            out[used++] = *p;
        }
    }
    out[used] = '\0';
}

static mst_status
check_pattern(reader *self, const char *pattern)
{
    if (pattern[0] == '\0')
        return MST_OK;
    size_t before = enter(self, ".pattern");
    char translated[PATTERN_SIZE_MAX * 13 + 32];
    posix_pattern(pattern, translated, sizeof translated);
    regex_t compiled;
    int rc = regcomp(&compiled, translated, REG_EXTENDED | REG_NOSUB);
    if (rc != 0) {
        char reason[128];
        regerror(rc, &compiled, reason, sizeof reason);
        return wrong(self, "is not a regular expression: %s", reason);
    }
    regfree(&compiled);
    leave(self, before);
    return MST_OK;
}

static mst_status
read_bound(reader *self, const json_t *constraints, const char *key, const Muster__V1__Field *field, char **bound)
{
    const json_t *value = json_object_get(constraints, key);
    if (value == NULL)
        return MST_OK;
    size_t before = enter(self, ".%s", key);
    mst_status rc = scalar_text(self, value, bound);
    if (rc != MST_OK)
        return rc;
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER) {
        char *end;
        errno = 0;
        strtod(*bound, &end);
        if (*end != '\0' || end == *bound || errno != 0)
            return wrong(self, "must be a number, as the field is one");
    } else if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE) {
        unsigned y, m, d;
        int used = 0;
        if (sscanf(*bound, "%4u-%2u-%2u%n", &y, &m, &d, &used) != 3 || used != 10 || (*bound)[10] != '\0' || m < 1 ||
            m > 12 || d < 1 || d > 31)
            return wrong(self, "must be a date written YYYY-MM-DD");
    } else {
        return wrong(self, "makes sense for integer, number and date only");
    }
    leave(self, before);
    return MST_OK;
}

static mst_status
read_constraints(reader *self, json_t *json, Muster__V1__Field *field)
{
    json_t *constraints;
    mst_status rc = read_object(self, json, "constraints", &constraints);
    if (rc != MST_OK || constraints == NULL)
        return rc;
    size_t before = enter(self, ".constraints");
    static const char *const allowed[] = {"required",  "unique",  "enum",    "pattern", "minLength",
                                          "maxLength", "minimum", "maximum", NULL};
    if ((rc = only_keys(self, constraints, allowed)) != MST_OK ||
        (rc = read_flag(self, constraints, "required", &field->required)) != MST_OK ||
        (rc = read_flag(self, constraints, "unique", &field->unique)) != MST_OK ||
        (rc = read_texts(self, constraints, "enum", ENUM_MAX, &field->enum_values, &field->n_enum_values)) != MST_OK ||
        (rc = read_text(self, constraints, "pattern", PATTERN_SIZE_MAX, &field->pattern)) != MST_OK ||
        (rc = read_count(self, constraints, "minLength", 131072, &field->min_length)) != MST_OK ||
        (rc = read_count(self, constraints, "maxLength", 131072, &field->max_length)) != MST_OK ||
        (rc = read_bound(self, constraints, "minimum", field, &field->minimum)) != MST_OK ||
        (rc = read_bound(self, constraints, "maximum", field, &field->maximum)) != MST_OK ||
        (rc = check_pattern(self, field->pattern)) != MST_OK)
        return rc;
    if (json_object_get(constraints, "enum") != NULL && field->n_enum_values == 0)
        return wrong(self, "\"enum\" is empty: no value could ever be right; list the allowed values or take it out");
    if (field->max_length != 0 && field->min_length > field->max_length)
        return wrong(self, "minLength %u is above maxLength %u", field->min_length, field->max_length);
    leave(self, before);
    return MST_OK;
}

static mst_status
read_role(reader *self, json_t *muster, Muster__V1__Field *field)
{
    char *role = NULL;
    mst_status rc = read_text(self, muster, "role", NAME_SIZE_MAX, &role);
    if (rc != MST_OK || role == NULL)
        return rc;
    size_t before = enter(self, ".role");
    const ProtobufCEnumDescriptor *roles = &muster__v1__role__descriptor;
    char list[400] = "";
    for (unsigned i = 0; i < roles->n_values; i++) {
        char lower[64];
        snprintf(lower, sizeof lower, "%s", roles->values[i].name + strlen("ROLE_"));
        for (char *p = lower; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        if (strcmp(lower, role) == 0) {
            field->role = (Muster__V1__Role)roles->values[i].value;
            leave(self, before);
            return MST_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", lower);
    }
    return wrong(self, "\"%.40s\" is no role; allowed are %s", role, list);
}

static mst_status
read_field_muster(reader *self, json_t *json, Muster__V1__Field *field)
{
    json_t *muster;
    mst_status rc = read_object(self, json, "muster", &muster);
    if (rc != MST_OK || muster == NULL)
        return rc;
    size_t before = enter(self, ".muster");
    static const char *const of_template[] = {"type", "synonyms", "target", "update", NULL};
    static const char *const of_kind[] = {"type", "synonyms", "role", NULL};
    char *type = NULL, *update = NULL;
    if ((rc = only_keys(self, muster, self->template ? of_template : of_kind)) != MST_OK ||
        (rc = read_text(self, muster, "type", NAME_SIZE_MAX, &type)) != MST_OK ||
        (rc = read_texts(self, muster, "synonyms", 200, &field->synonyms, &field->n_synonyms)) != MST_OK ||
        (rc = read_text(self, muster, "target", NAME_SIZE_MAX, &field->target)) != MST_OK ||
        (rc = read_text(self, muster, "update", NAME_SIZE_MAX, &update)) != MST_OK ||
        (rc = read_role(self, muster, field)) != MST_OK)
        return rc;
    if (type != NULL && strcmp(type, "email") == 0)
        field->type = MUSTER__V1__FIELD_TYPE__FIELD_EMAIL;
    else if (type != NULL && strcmp(type, "phone") == 0)
        field->type = MUSTER__V1__FIELD_TYPE__FIELD_PHONE;
    else if (type != NULL)
        return wrong(self, "type \"%.40s\" is not known; allowed are email, phone", type);
    if (update == NULL || strcmp(update, "overwrite") == 0)
        field->update = MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE;
    else if (strcmp(update, "fill_blanks") == 0)
        field->update = MUSTER__V1__UPDATE_POLICY__UPDATE_FILL_BLANKS;
    else if (strcmp(update, "never") == 0)
        field->update = MUSTER__V1__UPDATE_POLICY__UPDATE_NEVER;
    else
        return wrong(self, "update \"%.40s\" is not known; allowed are overwrite, fill_blanks, never", update);
    leave(self, before);
    return MST_OK;
}

static mst_status
read_field(reader *self, json_t *json, Muster__V1__Field **out)
{
    if (!json_is_object(json))
        return wrong(self, "must be an object that describes a field: {\"name\": .., \"type\": ..}");
    Muster__V1__Field *field = mst_arena_alloc(self->arena, sizeof *field);
    muster__v1__field__init(field);
    *out = field;
    mst_status rc;
    if ((rc = read_text(self, json, "name", NAME_SIZE_MAX, &field->name)) != MST_OK ||
        (rc = read_text(self, json, "title", NAME_SIZE_MAX * 8, &field->title)) != MST_OK ||
        (rc = read_text(self, json, "description", TEXT_SIZE_MAX, &field->description)) != MST_OK ||
        (rc = read_type(self, json, field)) != MST_OK || (rc = check_date_format(self, field)) != MST_OK ||
        (rc = read_field_muster(self, json, field)) != MST_OK || (rc = read_constraints(self, json, field)) != MST_OK)
        return rc;
    size_t before = enter(self, ".name");
    if (field->name[0] == '\0')
        return wrong(self, "is missing: every field needs a name");
    for (const char *p = field->name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return wrong(self, "holds a control character");
    if (!self->template && strcmp(field->name, "id") == 0)
        return wrong(self, "\"id\" is the record's own id; give the field another name");
    leave(self, before);
    return MST_OK;
}

static mst_status
read_fields(reader *self, const json_t *schema, Muster__V1__Field ***fields, size_t *count)
{
    const json_t *list = json_object_get(schema, "fields");
    size_t before = enter(self, ".fields");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return wrong(self, "must be a list with at least one field: [{\"name\": \"email\", \"type\": \"string\"}]");
    size_t size = json_array_size(list);
    if (size > FIELDS_MAX)
        return wrong(self, "has %zu fields; at most %u are allowed", size, FIELDS_MAX);
    *fields = mst_arena_alloc(self->arena, size * sizeof **fields);
    for (size_t i = 0; i < size; i++) {
        size_t inner = enter(self, "[%zu]", i);
        mst_status rc = read_field(self, json_array_get(list, i), &(*fields)[i]);
        if (rc != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp((*fields)[i]->name, (*fields)[j]->name) == 0)
                return wrong(self, "the name \"%.60s\" is used by field %zu already", (*fields)[i]->name, j);
        leave(self, inner);
    }
    *count = size;
    leave(self, before);
    return MST_OK;
}

static bool
has_field(Muster__V1__Field *const *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i]->name, name) == 0)
            return true;
    return false;
}

/* A list of names, each of which must be a field. */
static mst_status
read_field_names(reader *self, const json_t *object, const char *key, Muster__V1__Field *const *fields,
                 size_t fields_count, char ***names, size_t *count)
{
    mst_status rc = read_texts(self, object, key, 100, names, count);
    if (rc != MST_OK)
        return rc;
    for (size_t i = 0; i < *count; i++)
        if (!has_field(fields, fields_count, (*names)[i])) {
            enter(self, ".%s[%zu]", key, i);
            return wrong(self, "\"%.60s\" is not the name of a field", (*names)[i]);
        }
    return MST_OK;
}

/* Templates -------------------------------------------------------------------------------------------- */

static mst_status
read_options(reader *self, const json_t *muster, Muster__V1__Template *template)
{
    const json_t *list = json_object_get(muster, "options");
    if (list == NULL)
        return MST_OK;
    size_t before = enter(self, ".options");
    if (!json_is_array(list) || json_array_size(list) > 100)
        return wrong(self, "must be a list of at most 100 options: [{\"name\": \"update-campus\"}]");
    size_t size = json_array_size(list);
    template->options = mst_arena_alloc(self->arena, (size + 1) * sizeof *template->options);
    for (size_t i = 0; i < size; i++) {
        size_t inner = enter(self, "[%zu]", i);
        json_t *json = json_array_get(list, i);
        static const char *const allowed[] = {"name", "title", "default", NULL};
        if (!json_is_object(json))
            return wrong(self, "must be an object: {\"name\": .., \"title\": .., \"default\": false}");
        Muster__V1__Option *option = mst_arena_alloc(self->arena, sizeof *option);
        muster__v1__option__init(option);
        mst_status rc;
        if ((rc = only_keys(self, json, allowed)) != MST_OK ||
            (rc = read_text(self, json, "name", ID_SIZE_MAX, &option->name)) != MST_OK ||
            (rc = read_text(self, json, "title", NAME_SIZE_MAX * 8, &option->title)) != MST_OK ||
            (rc = read_flag(self, json, "default", &option->default_on)) != MST_OK)
            return rc;
        enter(self, ".name");
        if (strcmp(option->name, "membership-date") != 0 && strcmp(option->name, "update-campus") != 0)
            return wrong(self, "\"%.60s\" is no option; allowed are membership-date, update-campus", option->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(template->options[j]->name, option->name) == 0)
                return wrong(self, "\"%s\" is listed twice", option->name);
        template->options[i] = option;
        leave(self, inner);
    }
    template->n_options = size;
    leave(self, before);
    return MST_OK;
}

static mst_status
read_template_muster(reader *self, const json_t *root, Muster__V1__Template *template)
{
    json_t *muster;
    mst_status rc = read_object(self, root, "muster", &muster);
    if (rc != MST_OK)
        return rc;
    size_t before = enter(self, ".muster");
    if (muster == NULL)
        return wrong(self, "is missing: say which kind of record the template feeds, "
                           "\"muster\": {\"kind\": \"person\", \"may_create\": true}");
    static const char *const allowed[] = {"kind",       "may_create", "duplicate_check", "options",
                                          "merge_cost", "sample_row", "instructions",    NULL};
    template->matching = mst_arena_alloc(self->arena, sizeof *template->matching);
    muster__v1__matching_settings__init(template->matching);
    if ((rc = only_keys(self, muster, allowed)) != MST_OK ||
        (rc = read_id(self, muster, "kind", "kind", &template->kind)) != MST_OK ||
        (rc = read_flag(self, muster, "may_create", &template->may_create)) != MST_OK ||
        (rc = read_field_names(self, muster, "duplicate_check", template->fields, template->n_fields,
                               &template->duplicate_check, &template->n_duplicate_check)) != MST_OK ||
        (rc = read_options(self, muster, template)) != MST_OK ||
        (rc = read_count(self, muster, "merge_cost", MERGE_COST_MAX, &template->matching->merge_cost)) != MST_OK ||
        (rc = read_texts(self, muster, "sample_row", FIELDS_MAX, &template->sample_row, &template->n_sample_row)) !=
            MST_OK ||
        (rc = read_text(self, muster, "instructions", TEXT_SIZE_MAX, &template->instructions)) != MST_OK)
        return rc;
    if (template->n_sample_row != 0 && template->n_sample_row != template->n_fields)
        return wrong(self, "sample_row has %zu values, the template has %zu fields", template->n_sample_row,
                     template->n_fields);
    leave(self, before);
    return MST_OK;
}

/* primaryKey may be one name or a list; both are checked against the fields. */
static mst_status
read_primary_key(reader *self, json_t *schema, Muster__V1__Field *const *fields, size_t fields_count, char ***names,
                 size_t *count)
{
    const json_t *key = json_object_get(schema, "primaryKey");
    if (!json_is_string(key))
        return read_field_names(self, schema, "primaryKey", fields, fields_count, names, count);
    if (!has_field(fields, fields_count, json_string_value(key))) {
        enter(self, ".primaryKey");
        return wrong(self, "\"%.60s\" is not the name of a field", json_string_value(key));
    }
    *names = mst_arena_alloc(self->arena, sizeof **names);
    (*names)[0] = mst_arena_strdup(self->arena, json_string_value(key));
    *count = 1;
    return MST_OK;
}

static mst_status
read_template(reader *self, json_t *root, Muster__V1__Template *template)
{
    mst_status rc;
    char **key = NULL;
    size_t key_count = 0;
    if ((rc = read_id(self, root, "name", "template", &template->name)) != MST_OK ||
        (rc = read_text(self, root, "title", NAME_SIZE_MAX * 8, &template->title)) != MST_OK ||
        (rc = read_text(self, root, "description", TEXT_SIZE_MAX, &template->description)) != MST_OK ||
        (rc = read_fields(self, root, &template->fields, &template->n_fields)) != MST_OK ||
        (rc = read_primary_key(self, root, template->fields, template->n_fields, &key, &key_count)) != MST_OK ||
        (rc = read_texts(self, root, "missingValues", 100, &template->missing_values, &template->n_missing_values)) !=
            MST_OK ||
        (rc = read_template_muster(self, root, template)) != MST_OK)
        return rc;
    if (json_object_get(root, "missingValues") == NULL) {
        template->missing_values = mst_arena_alloc(self->arena, sizeof *template->missing_values);
        template->missing_values[0] = "";
        template->n_missing_values = 1;
    }
    return MST_OK;
}

/* Kinds ------------------------------------------------------------------------------------------------ */

static mst_status
read_kind(reader *self, const json_t *resource, Muster__V1__Kind *kind)
{
    mst_status rc;
    json_t *schema;
    if ((rc = read_id(self, resource, "name", "kind", &kind->name)) != MST_OK ||
        (rc = read_text(self, resource, "title", NAME_SIZE_MAX * 8, &kind->title)) != MST_OK ||
        (rc = read_object(self, resource, "schema", &schema)) != MST_OK)
        return rc;
    size_t before = enter(self, ".schema");
    if (schema == NULL)
        return wrong(self, "is missing: describe the fields, {\"fields\": [{\"name\": .., \"type\": ..}]}");
    if ((rc = read_fields(self, schema, &kind->fields, &kind->n_fields)) != MST_OK ||
        (rc = read_primary_key(self, schema, kind->fields, kind->n_fields, &kind->primary_key, &kind->n_primary_key)) !=
            MST_OK)
        return rc;
    leave(self, before);
    return MST_OK;
}

static mst_status
read_kinds(reader *self, json_t *root, Muster__V1__Kind ***kinds, size_t *count)
{
    const json_t *list = json_object_get(root, "resources");
    size_t before = enter(self, ".resources");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > KINDS_MAX)
        return wrong(self, "must be a list of 1 to %u kinds: [{\"name\": \"person\", \"schema\": {\"fields\": ..}}]",
                     KINDS_MAX);
    size_t size = json_array_size(list);
    *kinds = mst_arena_alloc(self->arena, size * sizeof **kinds);
    for (size_t i = 0; i < size; i++) {
        size_t inner = enter(self, "[%zu]", i);
        const json_t *resource = json_array_get(list, i);
        if (!json_is_object(resource))
            return wrong(self, "must be an object: {\"name\": .., \"schema\": ..}");
        (*kinds)[i] = mst_arena_alloc(self->arena, sizeof ***kinds);
        muster__v1__kind__init((*kinds)[i]);
        mst_status rc = read_kind(self, resource, (*kinds)[i]);
        if (rc != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp((*kinds)[i]->name, (*kinds)[j]->name) == 0)
                return wrong(self, "the kind \"%s\" is declared twice", (*kinds)[i]->name);
        leave(self, inner);
    }
    *count = size;
    leave(self, before);
    return MST_OK;
}

/* The doors -------------------------------------------------------------------------------------------- */

static json_t *
load(const char *json, size_t size, char *why)
{
    if (size > SCHEMA_SIZE_MAX) {
        snprintf(why, WHY_SIZE, "the description has %zu bytes; at most %u are allowed", size, SCHEMA_SIZE_MAX);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        snprintf(why, WHY_SIZE, "line %d, column %d: not valid JSON: %s", error.line, error.column, error.text);
    else if (!json_is_object(root)) {
        snprintf(why, WHY_SIZE, "$: must be an object: {\"name\": .., ..}");
        json_decref(root);
        root = NULL;
    }
    return root;
}

mst_status
mst_tableschema_template(mst_arena *arena, const char *json, size_t size, Muster__V1__Template **compiled,
                         char why[512])
{
    json_t *root = load(json, size, why);
    if (root == NULL)
        return MST_INVALID;
    reader self = {.arena = arena, .why = why, .template = true, .path = "$"};
    Muster__V1__Template *template = mst_arena_alloc(arena, sizeof *template);
    muster__v1__template__init(template);
    mst_status rc = read_template(&self, root, template);
    json_decref(root);
    if (rc == MST_OK)
        *compiled = template;
    return rc;
}

mst_status
mst_tableschema_kinds(mst_arena *arena, const char *json, size_t size, Muster__V1__Kind ***kinds, size_t *kinds_count,
                      char why[512])
{
    json_t *root = load(json, size, why);
    if (root == NULL)
        return MST_INVALID;
    reader self = {.arena = arena, .why = why, .template = false, .path = "$"};
    mst_status rc = read_kinds(&self, root, kinds, kinds_count);
    json_decref(root);
    return rc;
}
