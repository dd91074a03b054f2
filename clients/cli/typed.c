/* typed.c - see typed.h. */
#include "typed.h"

#include <string.h>
#include <strings.h>

/* "a|b" as its parts: for fields that are wrong together. False: not as many. */
static bool
split(mst_arena *arena, const char *text, size_t count, char **parts)
{
    char *rest = mst_arena_strdup(arena, text);
    if (count == 1) {
        parts[0] = rest;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        char *bar = strchr(rest, '|');
        if ((bar == NULL) != (i + 1 == count))
            return false;
        if (bar != NULL)
            *bar = '\0';
        parts[i] = rest;
        rest = bar == NULL ? rest : bar + 1;
    }
    for (size_t i = 0; i < count; i++) {
        while (parts[i][0] == ' ')
            parts[i]++;
        for (size_t size = strlen(parts[i]); size > 0 && parts[i][size - 1] == ' ';)
            parts[i][--size] = '\0';
    }
    return true;
}

bool
typed_is_field(const Muster__V1__TemplateView *view, const char *wanted, size_t size, const char *name)
{
    if (strlen(name) == size && strncasecmp(name, wanted, size) == 0)
        return true;
    const Muster__V1__Template *template = view == NULL ? NULL : view->template_;
    for (size_t i = 0; template != NULL && i < template->n_fields; i++)
        if (strcmp(template->fields[i]->name, name) == 0)
            return strlen(template->fields[i]->title) == size &&
                   strncasecmp(template->fields[i]->title, wanted, size) == 0;
    return false;
}

bool
typed_fields_fit(const Muster__V1__TemplateView *view, const char *wanted, const Muster__V1__WrongValueGroup *group)
{
    size_t at = 0;
    while (wanted != NULL && at < group->n_fields) {
        size_t size = strcspn(wanted, ",");
        if (at + 1 == group->n_fields && typed_is_field(view, wanted, strlen(wanted), group->fields[at]))
            return true; // a title may have a comma in it
        if (!typed_is_field(view, wanted, size, group->fields[at++]))
            return false;
        wanted = wanted[size] == ',' ? wanted + size + 1 + strspn(wanted + size + 1, " ") : NULL;
    }
    return wanted == NULL && (at == 0 || at == group->n_fields);
}

bool
typed_values_fit(mst_arena *arena, const char *from, const Muster__V1__WrongValueGroup *group)
{
    if (strcmp(from, group->value) == 0)
        return true;
    if (group->n_fields <= 1)
        return strcmp(from, group->n_fields == 0 ? group->value : group->values[0]) == 0;
    char **parts = mst_arena_alloc(arena, group->n_fields * sizeof *parts);
    size_t bars = 0;
    for (const char *at = from; (at = strchr(at, '|')) != NULL; at++)
        bars++;
    for (; bars + 1 < group->n_fields; bars++) // nobody types the empty ones at the end
        from = mst_arena_printf(arena, "%s|", from);
    if (!split(arena, from, group->n_fields, parts))
        return false;
    for (size_t i = 0; i < group->n_fields; i++)
        if (strcmp(parts[i], group->values[i]) != 0)
            return false;
    return true;
}

char **
typed_suggestion(mst_arena *arena, const Muster__V1__Suggestion *suggestion)
{
    if (suggestion->n_values > 0)
        return suggestion->values;
    char **values = mst_arena_alloc(arena, sizeof *values);
    values[0] = suggestion->value;
    return values;
}

char **
typed_as_suggested(const Muster__V1__WrongValueGroup *group, const char *typed)
{
    for (size_t i = 0; i < group->n_suggestions; i++)
        if (group->suggestions[i]->n_values == group->n_fields && strcmp(group->suggestions[i]->value, typed) == 0)
            return group->suggestions[i]->values;
    return NULL;
}

char **
typed_values(mst_arena *arena, const Muster__V1__WrongValueGroup *group, const char *typed)
{
    size_t count = group->n_fields == 0 ? 1 : group->n_fields;
    char **parts = mst_arena_alloc(arena, count * sizeof *parts);
    char **suggested = count > 1 ? typed_as_suggested(group, typed) : NULL;
    return suggested != NULL ? suggested : split(arena, typed, count, parts) ? parts : NULL;
}

char **
typed_in_one(mst_arena *arena, const Muster__V1__WrongValueGroup *group, size_t at, const char *value)
{
    char **values = mst_arena_alloc(arena, group->n_fields * sizeof *values);
    memcpy(values, group->values, group->n_fields * sizeof *values);
    values[at] = mst_arena_strdup(arena, value);
    return values;
}

char **
typed_for_one(mst_arena *arena, const Muster__V1__TemplateView *view, const Muster__V1__WrongValueGroup *group,
              const char *typed)
{
    const char *equals = strchr(typed, '=');
    size_t size = equals == NULL ? 0 : (size_t)(equals - typed);
    while (size > 0 && typed[size - 1] == ' ')
        size--;
    for (size_t i = 0; size > 0 && group->n_fields > 1 && i < group->n_fields; i++)
        if (typed_is_field(view, typed, size, group->fields[i]))
            return typed_in_one(arena, group, i, equals + 1);
    return NULL;
}
