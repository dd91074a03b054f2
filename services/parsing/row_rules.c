/* row_rules.c - see row_rules.h. */
#include "row_rules.h"

#include "mapping.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_FIELD SIZE_MAX

typedef struct group {
    size_t *fields;
    size_t count;
} group;

typedef struct condition {
    size_t field;
    csv_cell *values; /* as they are kept; none: any value */
    size_t values_count;
    bool blank;
} condition;

typedef struct rule {
    const Muster__V1__Rule *said;
    group *groups; /* ONE_OF: each; else one that holds all fields */
    size_t groups_count;
    condition *when;
    size_t when_count;
    size_t *looked_at; /* fields of groups, then of conditions, each once */
    const Muster__V1__Field **looked_at_fields;
    csv_cell *values; /* room for those of one row */
    size_t looked_at_count;
} rule;

struct row_rules {
    Muster__V1__Field *const *fields;
    size_t fields_count;
    rule *rules;
    size_t count;
};

/* What a rule sees while it is judged. */
typedef struct judged {
    const row_rules *all;
    const rule *rule;
    const row_values *row;
} judged;

/* Making ----------------------------------------------------------------------------------------------- */

static size_t
field_index(const row_rules *self, const char *name)
{
    for (size_t i = 0; i < self->fields_count; i++)
        if (strcmp(self->fields[i]->name, name) == 0)
            return i;
    return NO_FIELD;
}

/* False: it names a field that is not there; such a rule says nothing of rows. */
static bool
make_group(const row_rules *self, char *const *names, size_t count, mst_arena *arena, group *made)
{
    made->fields = mst_arena_alloc(arena, (count + 1) * sizeof *made->fields);
    made->count = count;
    for (size_t i = 0; i < count; i++)
        if ((made->fields[i] = field_index(self, names[i])) == NO_FIELD)
            return false;
    return count > 0;
}

static bool
make_condition(const row_rules *self, const Muster__V1__Condition *said, value_rule *values, mst_arena *arena,
               condition *made)
{
    made->field = field_index(self, said->field);
    if (made->field == NO_FIELD)
        return false;
    made->blank = said->blank;
    made->values_count = said->n_values;
    made->values = mst_arena_alloc(arena, (said->n_values + 1) * sizeof *made->values);
    for (size_t i = 0; i < said->n_values; i++) {
        value_text kept = {(const uint8_t *)said->values[i], strlen(said->values[i]), ""};
        if (kept.size > 0 &&
            value_read(&values[made->field], kept.data, kept.size, &kept) != MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN)
            kept = (value_text){(const uint8_t *)said->values[i], strlen(said->values[i]), ""};
        made->values[i] = (csv_cell){mst_arena_copy(arena, kept.data, kept.size + 1), (uint32_t)kept.size};
    }
    return true;
}

static void
look_at(rule *made, size_t field, Muster__V1__Field *const *fields)
{
    for (size_t i = 0; i < made->looked_at_count; i++)
        if (made->looked_at[i] == field)
            return;
    made->looked_at_fields[made->looked_at_count] = fields[field];
    made->looked_at[made->looked_at_count++] = field;
}

static bool
make_rule(const row_rules *self, const Muster__V1__Rule *said, value_rule *values, mst_arena *arena, rule *made)
{
    bool one_of = said->kind == MUSTER__V1__RULE_KIND__RULE_ONE_OF;
    made->said = said;
    made->groups_count = one_of ? said->n_groups : 1;
    made->groups = mst_arena_alloc(arena, (made->groups_count + 1) * sizeof *made->groups);
    if (one_of) {
        for (size_t i = 0; i < said->n_groups; i++)
            if (!make_group(self, said->groups[i]->fields, said->groups[i]->n_fields, arena, &made->groups[i]))
                return false;
    } else if (!make_group(self, said->fields, said->n_fields, arena, &made->groups[0])) {
        return false;
    }
    if (said->kind == MUSTER__V1__RULE_KIND__RULE_ORDER && made->groups[0].count != 2)
        return false;
    made->when_count = said->n_when;
    made->when = mst_arena_alloc(arena, (said->n_when + 1) * sizeof *made->when);
    for (size_t i = 0; i < said->n_when; i++)
        if (!make_condition(self, said->when[i], values, arena, &made->when[i]))
            return false;
    made->looked_at = mst_arena_alloc(arena, (self->fields_count + 1) * sizeof *made->looked_at);
    made->looked_at_fields = mst_arena_alloc(arena, (self->fields_count + 1) * sizeof *made->looked_at_fields);
    for (size_t i = 0; i < made->groups_count; i++)
        for (size_t j = 0; j < made->groups[i].count; j++)
            look_at(made, made->groups[i].fields[j], self->fields);
    for (size_t i = 0; i < made->when_count; i++)
        look_at(made, made->when[i].field, self->fields);
    made->values = mst_arena_alloc(arena, (made->looked_at_count + 1) * sizeof *made->values);
    return made->groups_count > 0;
}

row_rules *
row_rules_new(const Muster__V1__Template *template, Muster__V1__Field *const *fields, size_t fields_count,
              value_rule *values, mst_arena *arena)
{
    row_rules *self = mst_arena_alloc(arena, sizeof *self);
    self->fields = fields;
    self->fields_count = fields_count;
    self->rules = mst_arena_alloc(arena, (template->n_rules + 1) * sizeof *self->rules);
    for (size_t i = 0; i < template->n_rules; i++) {
        Muster__V1__RuleKind kind = template->rules[i]->kind;
        if (kind != MUSTER__V1__RULE_KIND__RULE_KNOWN && kind != MUSTER__V1__RULE_KIND__RULE_UNKNOWN &&
            make_rule(self, template->rules[i], values, arena, &self->rules[self->count]))
            self->count++;
    }
    return self;
}

/* Judging ---------------------------------------------------------------------------------------------- */

static inline bool
is_filled(const row_values *row, size_t field)
{
    return row->typed[field].size > 0;
}

static bool
holds(const condition *when, const row_values *row)
{
    if (when->blank)
        return !is_filled(row, when->field);
    if (!is_filled(row, when->field))
        return false;
    const csv_cell *kept = &row->kept[when->field];
    for (size_t i = 0; i < when->values_count; i++)
        if (when->values[i].size == kept->size && memcmp(when->values[i].data, kept->data, kept->size) == 0)
            return true;
    return when->values_count == 0;
}

static size_t
filled_fields(const group *fields, const row_values *row)
{
    size_t filled = 0;
    for (size_t i = 0; i < fields->count; i++)
        filled += is_filled(row, fields->fields[i]);
    return filled;
}

static size_t
filled_groups(const rule *self, const row_values *row)
{
    size_t filled = 0;
    for (size_t i = 0; i < self->groups_count; i++)
        filled += filled_fields(&self->groups[i], row) > 0;
    return filled;
}

static double
number_of(const csv_cell *value)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)value->size, (const char *)value->data);
    return strtod(text, NULL);
}

/* Whether `first` is after `second`; kept forms of dates and times have the order of what they say. */
static bool
is_after(const Muster__V1__Field *field, const csv_cell *first, const csv_cell *second)
{
    if (field->type == MUSTER__V1__FIELD_TYPE__FIELD_NUMBER || field->type == MUSTER__V1__FIELD_TYPE__FIELD_INTEGER)
        return number_of(first) > number_of(second);
    size_t size = first->size < second->size ? first->size : second->size;
    int order = memcmp(first->data, second->data, size);
    return order > 0 ||
           (order == 0 && first->size > second->size && field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING);
}

static bool
is_broken(const row_rules *all, const rule *self, const row_values *row)
{
    const group *fields = &self->groups[0];
    size_t filled;
    switch (self->said->kind) {
    case MUSTER__V1__RULE_KIND__RULE_ONE_OF:
        filled = filled_groups(self, row);
        return filled > 1 || (self->said->required && filled == 0);
    case MUSTER__V1__RULE_KIND__RULE_TOGETHER:
        filled = filled_fields(fields, row);
        return filled > 0 && filled < fields->count;
    case MUSTER__V1__RULE_KIND__RULE_REQUIRE: return filled_fields(fields, row) == 0;
    case MUSTER__V1__RULE_KIND__RULE_FORBID: return filled_fields(fields, row) > 0;
    case MUSTER__V1__RULE_KIND__RULE_ORDER: {
        size_t first = fields->fields[0], second = fields->fields[1];
        return is_filled(row, first) && is_filled(row, second) &&
               is_after(all->fields[first], &row->kept[first], &row->kept[second]);
    }
    default: return false;
    }
}

/* Sentences -------------------------------------------------------------------------------------------- */

/* A sentence under way. */
typedef struct sentence {
    char *text;
    size_t used;
} sentence;

static void __attribute__((format(printf, 2, 3))) say(sentence *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(self->text + self->used, VALUE_MESSAGE_SIZE - self->used, format, arguments);
    va_end(arguments);
    self->used += size < 0 ? 0 : (size_t)size;
    if (self->used > VALUE_MESSAGE_SIZE - 1)
        self->used = VALUE_MESSAGE_SIZE - 1;
}

static const char *
title_of(const judged *self, size_t field)
{
    const Muster__V1__Field *said = self->all->fields[field];
    return said->title[0] == '\0' ? said->name : said->title;
}

static const char *
between(size_t at, size_t count, const char *last)
{
    return at == 0 ? "" : at + 1 < count ? ", " : last;
}

/* Those of the fields that are filled, or are not: "A, B and C". */
static void
say_fields(sentence *text, const judged *self, const group *fields, bool filled, bool blank, const char *last)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += is_filled(self->row, fields->fields[i]) ? filled : blank;
    for (size_t i = 0; i < fields->count; i++)
        if (is_filled(self->row, fields->fields[i]) ? filled : blank)
            say(text, "%s%.80s", between(at++, count, last), title_of(self, fields->fields[i]));
}

static void
say_conditions(sentence *text, const judged *self)
{
    for (size_t i = 0; i < self->rule->when_count; i++) {
        const condition *when = &self->rule->when[i];
        say(text, "%s %.80s is ", i == 0 ? "Where" : " and", title_of(self, when->field));
        if (when->blank || when->values_count == 0)
            say(text, when->blank ? "empty" : "filled");
        for (size_t j = 0; j < when->values_count && !when->blank; j++)
            say(text, "%s\"%.60s\"", between(j, when->values_count, " or "), (const char *)when->values[j].data);
    }
    if (self->rule->when_count > 0)
        say(text, ", ");
}

static void
say_one_of(sentence *text, const judged *self)
{
    const rule *one_of = self->rule;
    size_t filled = filled_groups(one_of, self->row), at = 0;
    say(text, filled > 1 ? "only one of " : "one of ");
    for (size_t i = 0; i < one_of->groups_count; i++) {
        say(text, "%s", between(i, one_of->groups_count, filled > 1 ? " and " : " or "));
        say_fields(text, self, &one_of->groups[i], true, true, " with ");
    }
    if (filled == 0) {
        say(text, " must be filled; none is.");
        return;
    }
    say(text, " may be filled. ");
    for (size_t i = 0; i < one_of->groups_count; i++)
        if (filled_fields(&one_of->groups[i], self->row) > 0) {
            say(text, "%s", between(at++, filled, " and "));
            say_fields(text, self, &one_of->groups[i], true, false, " with ");
        }
    say(text, " are. Keep one, and empty the other%s.", filled > 2 ? "s" : "");
}

static void
say_rule(sentence *text, const judged *self)
{
    const group *fields = &self->rule->groups[0];
    say_conditions(text, self);
    switch (self->rule->said->kind) {
    case MUSTER__V1__RULE_KIND__RULE_ONE_OF: say_one_of(text, self); break;
    case MUSTER__V1__RULE_KIND__RULE_TOGETHER:
        say_fields(text, self, fields, true, true, " and ");
        say(text, " go together: fill ");
        say_fields(text, self, fields, false, true, " and ");
        say(text, " too, or empty ");
        say_fields(text, self, fields, true, false, " and ");
        say(text, ".");
        break;
    case MUSTER__V1__RULE_KIND__RULE_REQUIRE:
        say_fields(text, self, fields, true, true, " or ");
        say(text, fields->count > 1 ? " must be filled; none is." : " must be filled.");
        break;
    case MUSTER__V1__RULE_KIND__RULE_FORBID:
        say_fields(text, self, fields, true, false, " and ");
        say(text, " must be empty.");
        break;
    case MUSTER__V1__RULE_KIND__RULE_ORDER:
        say(text, "%.80s must not be after %.80s: ", title_of(self, fields->fields[0]),
            title_of(self, fields->fields[1]));
        for (size_t i = 0; i < 2; i++) {
            const csv_cell *kept = &self->row->kept[fields->fields[i]];
            say(text, "%.*s%s", (int)(kept->size < 60 ? kept->size : 60), (const char *)kept->data,
                i == 0 ? " is after " : ".");
        }
        break;
    default: break;
    }
}

static void
message(const void *context, const wrong_found *found, char *text)
{
    (void)found;
    const judged *self = context;
    sentence saying = {text, 0};
    if (self->rule->said->message[0] != '\0') {
        say(&saying, "%s", self->rule->said->message);
        return;
    }
    say_rule(&saying, self);
    if (text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
}

/* The door --------------------------------------------------------------------------------------------- */

static bool
applies(const rule *self, const row_values *row)
{
    for (size_t i = 0; i < self->when_count; i++)
        if (!holds(&self->when[i], row))
            return false;
    return true;
}

static bool
can_be_judged(const rule *self, const row_values *row)
{
    for (size_t i = 0; i < self->looked_at_count; i++)
        if (row->wrong[self->looked_at[i]] != MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN)
            return false;
    return true;
}

bool
row_rules_check(row_rules *self, const row_values *row, void (*each)(void *context, const wrong_found *found),
                void *context)
{
    bool any = false;
    for (size_t i = 0; i < self->count; i++) {
        rule *one = &self->rules[i];
        if (!applies(one, row) || !is_broken(self, one, row) || !can_be_judged(one, row))
            continue;
        judged judging = {self, one, row};
        for (size_t j = 0; j < one->looked_at_count; j++)
            one->values[j] = row->typed[one->looked_at[j]];
        uint32_t column = MAPPING_NONE; // of the first field that the file has
        for (size_t j = 0; j < one->looked_at_count && column == MAPPING_NONE; j++)
            column = row->columns[one->looked_at[j]];
        wrong_found found = {.field = one->looked_at_fields[0]->name,
                             .kind = MUSTER__V1__WRONG_KIND__WRONG_RULE,
                             .column = column == MAPPING_NONE ? 0 : column + 1,
                             .values = one->values,
                             .fields = one->looked_at_fields,
                             .fields_count = one->looked_at_count,
                             .rule = one->said->name,
                             .message = message,
                             .context = &judging};
        each(context, &found);
        any = true;
    }
    return any;
}
