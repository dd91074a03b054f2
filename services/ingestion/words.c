/* words.c - see words.h. */
#include "words.h"

#include <string.h>
#include <time.h>

const char *const words_advice[] = {
    "Check that you have the right to make the same changes by hand.",
    "Begin with a fresh template: its columns and lists are those of today.",
    "Delete the sample row before you upload; a file that still has it is not accepted.",
    "Paste values without formatting, under the header that they belong to. Columns may stand in any order, and "
    "further "
    "columns are left out.",
    "Look at the data twice.",
    "Try one or two rows first: they go through the same steps as a large file.",
    "The file may have any name. Of a workbook only the first sheet is read.",
    NULL,
};

const Muster__V1__Field *
words_field(const Muster__V1__Template *template, const char *name)
{
    for (size_t i = 0; i < template->n_fields; i++)
        if (strcmp(template->fields[i]->name, name) == 0)
            return template->fields[i];
    return NULL;
}

const char *
words_title(const Muster__V1__Field *field)
{
    return field->title[0] != '\0' ? field->title : field->name;
}

const char *
words_title_of(const Muster__V1__Template *template, const char *name)
{
    const Muster__V1__Field *field = words_field(template, name);
    return field == NULL ? name : words_title(field);
}

bool
words_checks_duplicates(const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < template->n_duplicate_check; i++)
        if (strcmp(template->duplicate_check[i], field->name) == 0)
            return true;
    return false;
}

const char *
words_header(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    const char *title = words_title(field);
    return words_checks_duplicates(template, field) ? mst_arena_printf(arena, "#%s", title) : title;
}

static const char *
join(mst_arena *arena, const char *text, const char *more)
{
    return text[0] == '\0' ? more : mst_arena_printf(arena, "%s; %s", text, more);
}

/* Dates as the format wants them, shown by the last day of 2026. */
static const char *
moment_words(mst_arena *arena, const char *noun, const char *format, const char *standard)
{
    struct tm moment = {.tm_year = 126, .tm_mon = 11, .tm_mday = 31, .tm_hour = 18, .tm_min = 30, .tm_wday = 4};
    char shown[128] = "";
    if (strcmp(format, "any") == 0)
        return mst_arena_printf(arena, "%s, best as %s", noun, standard);
    if (strchr(format, '%') != NULL && strftime(shown, sizeof shown, format, &moment) > 0)
        return mst_arena_printf(arena, "%s, as %s", noun, shown);
    return mst_arena_printf(arena, "%s, as %s", noun, standard);
}

const char *
words_type(mst_arena *arena, const Muster__V1__Field *field)
{
    switch (field->type) {
    case MUSTER__V1__FIELD_TYPE__FIELD_INTEGER: return "whole number";
    case MUSTER__V1__FIELD_TYPE__FIELD_NUMBER: return "number";
    case MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN: return "yes or no";
    case MUSTER__V1__FIELD_TYPE__FIELD_DATE: return moment_words(arena, "date", field->format, "2026-12-31");
    case MUSTER__V1__FIELD_TYPE__FIELD_EMAIL: return "e-mail address";
    case MUSTER__V1__FIELD_TYPE__FIELD_PHONE: return "phone number";
    case MUSTER__V1__FIELD_TYPE__FIELD_TIME: return moment_words(arena, "time", field->format, "18:30:00");
    case MUSTER__V1__FIELD_TYPE__FIELD_DATETIME:
        return moment_words(arena, "date and time", field->format, "2026-12-31T18:30:00");
    case MUSTER__V1__FIELD_TYPE__FIELD_YEAR: return "year";
    case MUSTER__V1__FIELD_TYPE__FIELD_YEARMONTH: return "year and month, as 2026-12";
    case MUSTER__V1__FIELD_TYPE__FIELD_JSON: return "JSON";
    default: return "text";
    }
}

const Muster__V1__Reference *
words_reference(const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < template->n_references; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        if (reference->n_fields == 1 && reference->n_kind_fields == 1 && strcmp(reference->fields[0], field->name) == 0)
            return reference;
    }
    return NULL;
}

static const char *
references_words(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Field *field,
                 const char *words)
{
    for (size_t i = 0; i < template->n_references; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        for (size_t j = 0; j < reference->n_fields; j++)
            if (strcmp(reference->fields[j], field->name) == 0)
                words = join(arena, words,
                             reference->n_fields == 1
                                 ? mst_arena_printf(arena, "as the directory has it (%s)", reference->kind)
                                 : mst_arena_printf(
                                       arena, "%s together, as the directory has them (%s)",
                                       words_titles(arena, template, reference->fields, reference->n_fields, " and "),
                                       reference->kind));
    }
    return words;
}

static const char *
list_words(mst_arena *arena, char *const *values, size_t count)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = mst_arena_printf(arena, "%s%s%s", list, i == 0 ? "one of: " : ", ", values[i]);
    return list;
}

static const char *
length_words(mst_arena *arena, const Muster__V1__Field *field, const char *words)
{
    if (field->min_length > 0 && field->min_length == field->max_length)
        return join(arena, words, mst_arena_printf(arena, "exactly %u characters", field->min_length));
    if (field->min_length > 0)
        words = join(arena, words, mst_arena_printf(arena, "at least %u characters", field->min_length));
    if (field->max_length > 0)
        words = join(arena, words, mst_arena_printf(arena, "at most %u characters", field->max_length));
    return words;
}

const char *
words_allowed(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    const char *words = "";
    const Muster__V1__Action *action = template->action;
    if (action != NULL && strcmp(action->field, field->name) == 0) {
        words = list_words(arena, action->insert_words, action->n_insert_words);
        for (size_t i = 0; i < action->n_update_words; i++)
            words = mst_arena_printf(arena, "%s, %s", words, action->update_words[i]);
    } else if (field->n_enum_values > 0)
        words = join(arena, words, list_words(arena, field->enum_values, field->n_enum_values));
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN && field->n_true_values > 0 && field->n_false_values > 0)
        words = join(arena, words,
                     mst_arena_printf(arena, "%s for yes, %s for no", field->true_values[0], field->false_values[0]));
    words = length_words(arena, field, words);
    if (field->minimum[0] != '\0')
        words = join(arena, words, mst_arena_printf(arena, "from %s", field->minimum));
    if (field->maximum[0] != '\0')
        words = join(arena, words, mst_arena_printf(arena, "up to %s", field->maximum));
    if (field->pattern[0] != '\0')
        words = join(arena, words, mst_arena_printf(arena, "like the pattern %s", field->pattern));
    if (field->unique || (template->n_primary_key == 1 && strcmp(template->primary_key[0], field->name) == 0))
        words = join(arena, words, "only once in a file");
    return references_words(arena, template, field, words);
}

const char *
words_example(const Muster__V1__Template *template, size_t at)
{
    const Muster__V1__Field *field = template->fields[at];
    return field->example[0] != '\0' ? field->example : at < template->n_sample_row ? template->sample_row[at] : "";
}

const char *
words_titles(mst_arena *arena, const Muster__V1__Template *template, char *const *names, size_t count,
             const char *between)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = mst_arena_printf(arena, "%s%s%s", list, i == 0 ? "" : between, words_title_of(template, names[i]));
    return list;
}

/* Rules -------------------------------------------------------------------------------------------------- */

static const char *
when_words(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Rule *rule)
{
    const char *words = "";
    for (size_t i = 0; i < rule->n_when; i++) {
        const Muster__V1__Condition *when = rule->when[i];
        const char *title = words_title_of(template, when->field);
        const char *what = "is given";
        if (when->blank)
            what = "is empty";
        for (size_t j = 0; j < when->n_values; j++)
            what = j == 0 ? mst_arena_printf(arena, "is %s", when->values[j])
                          : mst_arena_printf(arena, "%s or %s", what, when->values[j]);
        words = mst_arena_printf(arena, "%s%s%s %s", words, i == 0 ? "Where " : " and ", title, what);
    }
    return words[0] == '\0' ? "" : mst_arena_printf(arena, "%s: ", words);
}

const char *
words_rule(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Rule *rule)
{
    // What is said of a row out of order reads as a rule only the other way round.
    if (rule->message[0] != '\0' && rule->kind != MUSTER__V1__RULE_KIND__RULE_ORDER &&
        rule->kind != MUSTER__V1__RULE_KIND__RULE_KNOWN)
        return rule->message;
    const char *when = when_words(arena, template, rule);
    const char *either = words_titles(arena, template, rule->fields, rule->n_fields, " or ");
    const char *both = words_titles(arena, template, rule->fields, rule->n_fields, " and ");
    const char *groups = "";
    for (size_t i = 0; i < rule->n_groups; i++)
        groups = mst_arena_printf(
            arena, "%s%s%s", groups, i == 0 ? "" : ", or ",
            words_titles(arena, template, rule->groups[i]->fields, rule->groups[i]->n_fields, " with "));
    switch (rule->kind) {
    case MUSTER__V1__RULE_KIND__RULE_ONE_OF:
        return mst_arena_printf(arena, "%sgive %s one of these: %s.", when, rule->required ? "exactly" : "at most",
                                groups);
    case MUSTER__V1__RULE_KIND__RULE_TOGETHER: return mst_arena_printf(arena, "%s%s go together.", when, both);
    case MUSTER__V1__RULE_KIND__RULE_REQUIRE: return mst_arena_printf(arena, "%s%s is needed.", when, either);
    case MUSTER__V1__RULE_KIND__RULE_FORBID: return mst_arena_printf(arena, "%s%s must be empty.", when, both);
    case MUSTER__V1__RULE_KIND__RULE_ORDER:
        return mst_arena_printf(arena, "%s%s may not be after %s.", when,
                                rule->n_fields > 0 ? words_title_of(template, rule->fields[0]) : "",
                                rule->n_fields > 1 ? words_title_of(template, rule->fields[1]) : "");
    case MUSTER__V1__RULE_KIND__RULE_KNOWN:
        return mst_arena_printf(arena, "%s%s must be given, or be in the directory already.", when, either);
    default: return rule->name;
    }
}
