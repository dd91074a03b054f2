/* tableschema_reader.c - see tableschema_reader.h. */
#include "services/runtime/tableschema_reader.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
schema_whole_text(char *text)
{
    char *kept = text;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        size_t size = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 0, found = 1;
        while (found < size && (p[found] & 0xc0) == 0x80)
            found++;
        for (size_t i = 0; size != 0 && found == size && i < size; i++)
            *kept++ = (char)p[i];
        p += found;
    }
    *kept = '\0';
}

mst_status
schema_wrong(const schema_reader *self, const char *format, ...)
{
    int used = snprintf(self->why, SCHEMA_WHY_SIZE, "%s: ", self->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->why + used, SCHEMA_WHY_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    schema_whole_text(self->why);
    return MST_INVALID;
}

size_t
schema_enter(schema_reader *self, const char *format, ...)
{
    size_t before = strlen(self->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->path + before, sizeof self->path - before, format, arguments);
    va_end(arguments);
    return before;
}

void
schema_leave(schema_reader *self, size_t before)
{
    self->path[before] = '\0';
}

json_t *
schema_load(const char *json, size_t size, char *why)
{
    if (size > SCHEMA_SIZE_MAX) {
        snprintf(why, SCHEMA_WHY_SIZE, "the description has %zu bytes; at most %u are allowed", size, SCHEMA_SIZE_MAX);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        snprintf(why, SCHEMA_WHY_SIZE, "line %d, column %d: not valid JSON: %s", error.line, error.column, error.text);
        schema_whole_text(why);
    } else if (!json_is_object(root)) {
        snprintf(why, SCHEMA_WHY_SIZE, "$: must be an object: {\"name\": .., ..}");
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* Single values ---------------------------------------------------------------------------------------- */

mst_status
schema_text(schema_reader *self, const json_t *object, const char *key, size_t size_max, char **text)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    if (!json_is_string(value))
        return schema_wrong(self, "must be a text in quotes");
    if (json_string_length(value) > size_max)
        return schema_wrong(self, "is longer than %zu bytes", size_max);
    *text = mst_arena_strdup(self->arena, json_string_value(value));
    schema_leave(self, before);
    return MST_OK;
}

mst_status
schema_flag(schema_reader *self, const json_t *object, const char *key, protobuf_c_boolean *flag)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    if (!json_is_boolean(value))
        return schema_wrong(self, "must be true or false");
    *flag = json_is_true(value);
    schema_leave(self, before);
    return MST_OK;
}

mst_status
schema_count(schema_reader *self, const json_t *object, const char *key, long long max, uint32_t *count)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return schema_wrong(self, "must be a whole number from 0 to %lld", max);
    *count = (uint32_t)json_integer_value(value);
    schema_leave(self, before);
    return MST_OK;
}

mst_status
schema_scalar(schema_reader *self, const json_t *value, char **text)
{
    if (json_is_string(value)) {
        if (json_string_length(value) > SCHEMA_VALUE_SIZE_MAX)
            return schema_wrong(self, "is longer than %u bytes", SCHEMA_VALUE_SIZE_MAX);
        *text = mst_arena_strdup(self->arena, json_string_value(value));
    } else if (json_is_integer(value))
        *text = mst_arena_printf(self->arena, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        *text = mst_arena_printf(self->arena, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        *text = mst_arena_strdup(self->arena, json_is_true(value) ? "true" : "false");
    else
        return schema_wrong(self, "must be a text, a number, true or false");
    return MST_OK;
}

mst_status
schema_texts_of(schema_reader *self, const json_t *list, size_t max, char ***texts, size_t *count)
{
    if (!json_is_array(list))
        return schema_wrong(self, "must be a list: [..]");
    size_t size = json_array_size(list);
    if (size > max)
        return schema_wrong(self, "has %zu entries; at most %zu are allowed", size, max);
    *texts = mst_arena_alloc(self->arena, (size + 1) * sizeof **texts);
    for (size_t i = 0; i < size; i++) {
        size_t before = schema_enter(self, "[%zu]", i);
        mst_status rc = schema_scalar(self, json_array_get(list, i), &(*texts)[i]);
        if (rc != MST_OK)
            return rc;
        schema_leave(self, before);
    }
    *count = size;
    return MST_OK;
}

mst_status
schema_texts(schema_reader *self, const json_t *object, const char *key, size_t max, char ***texts, size_t *count)
{
    const json_t *list = json_object_get(object, key);
    if (list == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    mst_status rc = schema_texts_of(self, list, max, texts, count);
    if (rc == MST_OK)
        schema_leave(self, before);
    return rc;
}

/* Objects ---------------------------------------------------------------------------------------------- */

mst_status
schema_object(schema_reader *self, const json_t *object, const char *key, json_t **inner)
{
    *inner = json_object_get(object, key);
    if (*inner == NULL || json_is_object(*inner))
        return MST_OK;
    schema_enter(self, ".%s", key);
    return schema_wrong(self, "must be an object: {..}");
}

mst_status
schema_list(schema_reader *self, const json_t *object, const char *key, size_t max, const char *like,
            const json_t **list)
{
    *list = json_object_get(object, key);
    if (*list == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    if (!json_is_array(*list))
        return schema_wrong(self, "must be a list: [%s]", like);
    if (json_array_size(*list) > max)
        return schema_wrong(self, "has %zu entries; at most %zu are allowed", json_array_size(*list), max);
    schema_leave(self, before);
    return MST_OK;
}

mst_status
schema_item(schema_reader *self, const json_t *list, size_t at, const char *like, json_t **item)
{
    *item = json_array_get(list, at);
    if (!json_is_object(*item))
        return schema_wrong(self, "must be an object: %s", like);
    return MST_OK;
}

static void
list_words(const char *const *words, char *list, size_t size)
{
    size_t used = 0;
    list[0] = '\0';
    for (const char *const *word = words; *word != NULL && used < size; word++)
        used += (size_t)snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ", ", *word);
}

mst_status
schema_only(schema_reader *self, json_t *object, const char *const *allowed)
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
        char list[300];
        list_words(allowed, list, sizeof list);
        return schema_wrong(self, "\"%.60s\" is not known here; allowed are %s", key, list);
    }
    return MST_OK;
}

mst_status
schema_word(schema_reader *self, const char *what, const char *text, const char *const *words, size_t *at)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0) {
            *at = i;
            return MST_OK;
        }
    char list[400];
    list_words(words, list, sizeof list);
    return schema_wrong(self, "\"%.40s\" is no %s; allowed are %s", text, what, list);
}

/* Names ------------------------------------------------------------------------------------------------ */

mst_status
schema_check_id(schema_reader *self, const char *what, const char *id)
{
    size_t size = strlen(id);
    if (size > 0 && size <= SCHEMA_ID_SIZE_MAX && isalnum((unsigned char)id[0]) &&
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size)
        return MST_OK;
    return schema_wrong(self,
                        "\"%.80s\" is no name for a %s: use letters, digits, '-', '_' and '.', beginning with a letter "
                        "or digit, at most %u characters",
                        id, what, SCHEMA_ID_SIZE_MAX);
}

mst_status
schema_id(schema_reader *self, const json_t *object, const char *key, const char *what, const char *like, char **id)
{
    mst_status rc = schema_text(self, object, key, SCHEMA_TEXT_SIZE_MAX, id);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".%s", key);
    if (json_object_get(object, key) == NULL)
        return schema_wrong(self, "is missing: name a %s, such as \"%s\"", what, like);
    if ((rc = schema_check_id(self, what, *id)) != MST_OK)
        return rc;
    schema_leave(self, before);
    return MST_OK;
}

bool
schema_lists(char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

const Muster__V1__Field *
schema_field_find(schema_fields among, const char *name)
{
    for (size_t i = 0; i < among.count; i++)
        if (strcmp(among.fields[i]->name, name) == 0)
            return among.fields[i];
    return NULL;
}

/* The names there are, as far as a message has room for them. */
static mst_status
not_a_field(const schema_reader *self, schema_fields among, const char *name)
{
    char list[240] = "";
    size_t used = 0;
    for (size_t i = 0; i < among.count && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s\"%.60s\"", i == 0 ? "" : ", ", among.fields[i]->name);
    if (used >= sizeof list)
        memcpy(list + sizeof list - 4, "..", 3);
    return schema_wrong(self, "\"%.60s\" is not the name of a field; there are %s", name, list);
}

mst_status
schema_field_names_of(schema_reader *self, const json_t *list, schema_fields among, char ***names, size_t *count)
{
    mst_status rc = schema_texts_of(self, list, SCHEMA_NAMES_MAX, names, count);
    for (size_t i = 0; rc == MST_OK && i < *count; i++) {
        size_t before = schema_enter(self, "[%zu]", i);
        if (schema_field_find(among, (*names)[i]) == NULL)
            return not_a_field(self, among, (*names)[i]);
        if (schema_lists(*names, i, (*names)[i]))
            return schema_wrong(self, "\"%.60s\" is listed twice", (*names)[i]);
        schema_leave(self, before);
    }
    return rc;
}

mst_status
schema_field_names(schema_reader *self, const json_t *object, const char *key, schema_fields among, char ***names,
                   size_t *count)
{
    const json_t *list = json_object_get(object, key);
    if (list == NULL)
        return MST_OK;
    size_t before = schema_enter(self, ".%s", key);
    mst_status rc = schema_field_names_of(self, list, among, names, count);
    if (rc == MST_OK)
        schema_leave(self, before);
    return rc;
}

mst_status
schema_field_name_or_names(schema_reader *self, const json_t *object, const char *key, schema_fields among,
                           char ***names, size_t *count)
{
    const Muster__V1__Field *field;
    if (!json_is_string(json_object_get(object, key)))
        return schema_field_names(self, object, key, among, names, count);
    mst_status rc = schema_field_name(self, object, key, among, &field);
    if (rc != MST_OK)
        return rc;
    *names = mst_arena_alloc(self->arena, sizeof **names);
    (*names)[0] = field->name;
    *count = 1;
    return MST_OK;
}

mst_status
schema_field_name(schema_reader *self, const json_t *object, const char *key, schema_fields among,
                  const Muster__V1__Field **field)
{
    char *name = "";
    mst_status rc = schema_text(self, object, key, SCHEMA_NAME_SIZE_MAX, &name);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".%s", key);
    if (json_object_get(object, key) == NULL)
        return schema_wrong(self, "is missing: name a field");
    if ((*field = schema_field_find(among, name)) == NULL)
        return not_a_field(self, among, name);
    schema_leave(self, before);
    return MST_OK;
}
