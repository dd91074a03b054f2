/* sheet_columns.c - see sheet_columns.h. */
#include "sheet_columns.h"

#include "texts.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MIN 10.0 /* characters */
#define WIDTH_MAX 40.0
#define LISTS_SHEET "Lists"
#define WHOLE_MAX 999999999999999.0 /* digits that a spreadsheet keeps */

bool
sheet_columns_wants_list(const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    const Muster__V1__Reference *reference = words_reference(template, field);
    return reference != NULL && field->n_enum_values == 0 &&
           (template->subject == NULL || strcmp(reference->kind, template->subject->kind) != 0);
}

static bool
speaks_of(const Muster__V1__Rule *rule, const char *field)
{
    for (size_t i = 0; i < rule->n_fields; i++)
        if (strcmp(rule->fields[i], field) == 0)
            return true;
    for (size_t i = 0; i < rule->n_when; i++)
        if (strcmp(rule->when[i]->field, field) == 0)
            return true;
    for (size_t i = 0; i < rule->n_groups; i++)
        for (size_t j = 0; j < rule->groups[i]->n_fields; j++)
            if (strcmp(rule->groups[i]->fields[j], field) == 0)
                return true;
    return false;
}

const char *
sheet_columns_note(mst_arena *arena, const Muster__V1__Template *template, size_t at)
{
    const Muster__V1__Field *field = template->fields[at];
    const char *description = field->description, *allowed = words_allowed(arena, template, field);
    const char *example = words_example(template, at);
    const char *note = mst_arena_printf(
        arena, "%s%s%s%s. %s%s", description, description[0] != '\0' ? "\n" : "",
        "Kind of value: ", words_type(arena, field), field->required ? "Needed in every row." : "May be empty.",
        words_checks_duplicates(template, field) ? " Compared with the directory first (#)." : "");
    if (allowed[0] != '\0')
        note = mst_arena_printf(arena, "%s\nAllowed: %s.", note, text_cut(allowed, arena, 400));
    if (example[0] != '\0')
        note = mst_arena_printf(arena, "%s\nExample: %s", note, text_cut(example, arena, 100));
    for (size_t i = 0; i < template->n_rules; i++)
        if (speaks_of(template->rules[i], field->name))
            note = mst_arena_printf(arena, "%s\n%s", note, words_rule(arena, template, template->rules[i]));
    return note;
}

/* Lists -------------------------------------------------------------------------------------------------- */

/* The hidden sheet; made when the first list needs it. */
typedef struct lists_sheet {
    workbook *book;
    workbook_sheet *sheet;
    const Muster__V1__Field **fields; /* one a column */
    const char *const **values;
    size_t *counts;
    size_t count;
} lists_sheet;

/* Values that may stand in the validation itself: a comma divides them there. */
static bool
fits_inside(const char *const *values, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (strchr(values[i], ',') != NULL || strchr(values[i], '"') != NULL || values[i][0] == '=' ||
            values[i][0] == ' ')
            return false;
        length += text_length(values[i]) + 1;
    }
    return length <= WORKBOOK_LIST_TEXT_MAX;
}

static void
list_rule(lists_sheet *lists, const Muster__V1__Field *field, const char *const *values, size_t count,
          workbook_rule *rule, mst_arena *arena)
{
    if (fits_inside(values, count)) {
        rule->kind = WORKBOOK_LIST;
        rule->values = values;
        return;
    }
    rule->kind = WORKBOOK_NAMED_LIST;
    rule->list = mst_arena_printf(arena, "List_%zu", lists->count + 1);
    lists->fields[lists->count] = field;
    lists->values[lists->count] = values;
    lists->counts[lists->count++] = count;
    workbook_name_range(lists->book, rule->list, LISTS_SHEET, (uint32_t)lists->count - 1, 1, (uint32_t)count);
}

static const char *const *
ended(mst_arena *arena, char *const *values, size_t count)
{
    const char **list = mst_arena_alloc(arena, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = values[i];
    return list;
}

/* Row after row, as a workbook with rows in order wants it. */
static void
lists_write(const lists_sheet *lists)
{
    if (lists->count == 0)
        return;
    workbook_sheet *sheet = workbook_add_sheet(lists->book, LISTS_SHEET);
    workbook_hide(sheet);
    size_t rows = 0;
    for (size_t i = 0; i < lists->count; i++) {
        const char *title = words_title(lists->fields[i]);
        workbook_text(lists->book, sheet, 0, (uint32_t)i, title, strlen(title), WORKBOOK_HEADER);
        rows = lists->counts[i] > rows ? lists->counts[i] : rows;
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < lists->count; i++)
            if (row < lists->counts[i])
                workbook_text(lists->book, sheet, (uint32_t)row + 1, (uint32_t)i, lists->values[i][row],
                              strlen(lists->values[i][row]), WORKBOOK_TEXT);
}

/* Rules -------------------------------------------------------------------------------------------------- */

static double
bound(const char *text, double otherwise)
{
    char *end;
    double value = strtod(text, &end);
    return end == text || *end != '\0' ? otherwise : value;
}

static void
choice_rule(lists_sheet *lists, const Muster__V1__Template *template, const Muster__V1__Field *field,
            const sheet_list *list, workbook_rule *rule, mst_arena *arena)
{
    const Muster__V1__Action *action = template->action;
    char **words = mst_arena_alloc(arena, 2 * sizeof *words);
    size_t count = 0;
    rule->message = mst_arena_printf(arena, "%s: choose a value of the list.", words_title(field));
    if (action != NULL && strcmp(action->field, field->name) == 0) {
        words = mst_arena_alloc(arena, (action->n_insert_words + action->n_update_words + 1) * sizeof *words);
        for (size_t i = 0; i < action->n_insert_words; i++)
            words[count++] = action->insert_words[i];
        for (size_t i = 0; i < action->n_update_words; i++)
            words[count++] = action->update_words[i];
    } else if (field->n_enum_values > 0) {
        words = field->enum_values;
        count = field->n_enum_values;
    } else if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN) {
        words[count++] = field->n_true_values > 0 ? field->true_values[0] : "yes";
        words[count++] = field->n_false_values > 0 ? field->false_values[0] : "no";
    } else if (list->count > 0 && !list->too_long) {
        words = list->values;
        count = list->count;
        rule->warns = true; // the directory may have it by the time of the upload
        rule->message = mst_arena_printf(arena,
                                         "%s: the directory had no such value when this file was made. Choose a "
                                         "value of the list, or go on if it was added since.",
                                         words_title(field));
    }
    if (count > 0)
        list_rule(lists, field, ended(arena, words, count), count, rule, arena);
}

static void
type_rule(const Muster__V1__Field *field, workbook_rule *rule, mst_arena *arena)
{
    bool whole =
        field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_YEAR;
    const char *title = words_title(field);
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE) {
        rule->kind = WORKBOOK_DATES;
        rule->warns = true; // a date in words, or one before 1900, is none to a spreadsheet
        rule->first = workbook_is_date(field->minimum) ? field->minimum : "1900-01-01";
        rule->last = workbook_is_date(field->maximum) ? field->maximum : "9999-12-31";
        rule->message = mst_arena_printf(arena, "%s: a date is wanted here, from %s to %s, like 2026-12-31.", title,
                                         rule->first, rule->last);
    } else if (whole && field->group_char[0] == '\0' && !field->units) {
        rule->kind = WORKBOOK_INTEGERS;
        rule->minimum = bound(field->minimum, -WHOLE_MAX);
        rule->maximum = bound(field->maximum, WHOLE_MAX);
        rule->message = mst_arena_printf(arena, "%s: a whole number is wanted here%s%s%s%s.", title,
                                         field->minimum[0] != '\0' ? ", from " : "", field->minimum,
                                         field->maximum[0] != '\0' ? ", up to " : "", field->maximum);
    } else if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER && field->decimal_char[0] == '\0' &&
               field->group_char[0] == '\0' && !field->units) {
        rule->kind = WORKBOOK_NUMBERS;
        rule->minimum = bound(field->minimum, -1e300);
        rule->maximum = bound(field->maximum, 1e300);
        rule->message = mst_arena_printf(arena, "%s: a number is wanted here%s%s%s%s.", title,
                                         field->minimum[0] != '\0' ? ", from " : "", field->minimum,
                                         field->maximum[0] != '\0' ? ", up to " : "", field->maximum);
    } else if (field->min_length > 0 || field->max_length > 0) {
        rule->kind = WORKBOOK_LENGTH;
        rule->minimum = field->min_length;
        rule->maximum = field->max_length > 0 ? field->max_length : WORKBOOK_TEXT_MAX;
        rule->message =
            field->min_length == 0
                ? mst_arena_printf(arena, "%s: at most %.0f characters are possible here.", title, rule->maximum)
                : mst_arena_printf(arena, "%s: from %u to %.0f characters are possible here.", title, field->min_length,
                                   rule->maximum);
    }
}

static workbook_style
style_of(const Muster__V1__Field *field)
{
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE)
        return WORKBOOK_DATE;
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_YEAR)
        return WORKBOOK_WHOLE;
    return field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER ? WORKBOOK_PLAIN : WORKBOOK_TEXT;
}

static double
width_of(const Muster__V1__Template *template, size_t at)
{
    size_t title = text_length(words_title(template->fields[at])) + 4;
    size_t example = text_length(words_example(template, at)) + 2;
    double width = (double)(title > example ? title : example);
    return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

void
sheet_columns_dress(workbook *book, workbook_sheet *sheet, const Muster__V1__Template *template,
                    const sheet_list *lists, uint32_t first_column, bool as_text, mst_arena *arena)
{
    size_t count = template->n_fields;
    lists_sheet hidden = {.book = book,
                          .fields = mst_arena_alloc(arena, (count + 1) * sizeof *hidden.fields),
                          .values = mst_arena_alloc(arena, (count + 1) * sizeof *hidden.values),
                          .counts = mst_arena_alloc(arena, (count + 1) * sizeof *hidden.counts)};
    for (size_t i = 0; i < count; i++) {
        const Muster__V1__Field *field = template->fields[i];
        const char *header = words_header(arena, template, field);
        uint32_t column = first_column + (uint32_t)i;
        workbook_rule rule = {.kind = WORKBOOK_ANY};
        workbook_column(book, sheet, column, width_of(template, i), as_text ? WORKBOOK_TEXT : style_of(field));
        workbook_text(book, sheet, 0, column, header, strlen(header),
                      field->required ? WORKBOOK_HEADER_NEEDED : WORKBOOK_HEADER);
        workbook_note(book, sheet, 0, column, sheet_columns_note(arena, template, i));
        choice_rule(&hidden, template, field, &lists[i], &rule, arena);
        if (rule.kind == WORKBOOK_ANY && !(as_text && style_of(field) != WORKBOOK_TEXT))
            type_rule(field, &rule, arena);
        workbook_rule_column(book, sheet, column, &rule);
    }
    lists_write(&hidden);
}
