/* row_check.c - see row_check.h. */
#include "row_check.h"

#include "samples.h"
#include "uniqueness.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RIGHT MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN
/* Comparisons of wrong with allowed values in one file, about a minute of work; beyond it nothing more is suggested,
 * and people choose from the list. */
#define SUGGEST_COST_MAX 20000000u

/* Sizes of a field's values that are right as they stand. */
typedef struct unchecked {
    uint32_t least, most;
} unchecked;

/* Fields whose values together stand in one row only. */
typedef struct unique_key {
    size_t *fields;
    const Muster__V1__Field **said;
    size_t count;
    uniqueness *rows;
} unique_key;

struct row_check {
    const wanted_columns *wanted;
    size_t count; /* of fields */
    mst_arena *arena;
    wrongs *wrongs;
    const Muster__V1__Template *template;
    value_rule *values;
    unchecked *unchecked; /* of each field: nearly all cells need no more than this look at their size */
    row_rules *rules;     /* NULL none */
    samples *samples;     /* NULL none */
    unique_key *keys;
    size_t keys_count;
    const uint32_t *columns;
    uint32_t header_columns;
    value_text *read; /* where kept forms stand that were written anew */
    csv_cell *kept;
    Muster__V1__WrongKind *wrong;
    bool any_wrong;
    csv_cell *together; /* values of a key */
    uint64_t suggest_cost;
    bool as_a_whole; /* the last row is wrong so */
};

/* Making ----------------------------------------------------------------------------------------------- */

static void
add_key(row_check *self, const size_t *fields, size_t count)
{
    unique_key *key = &self->keys[self->keys_count++];
    key->fields = mst_arena_copy(self->arena, fields, count * sizeof *fields);
    key->said = mst_arena_alloc(self->arena, count * sizeof *key->said);
    key->count = count;
    for (size_t i = 0; i < count; i++)
        key->said[i] = self->wanted->fields[fields[i]];
    key->rows = uniqueness_new();
}

static void
make_keys(row_check *self)
{
    self->keys = mst_arena_alloc(self->arena, (self->count + 1) * sizeof *self->keys);
    size_t *primary = mst_arena_alloc(self->arena, (self->count + 1) * sizeof *primary), found = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->template == NULL)
            continue;
        for (size_t j = 0; j < self->template->n_primary_key; j++)
            if (strcmp(self->template->primary_key[j], self->wanted->fields[i]->name) == 0) {
                primary[found++] = i;
                self->values[i].required = true; // as Table Schema has it
                break;
            }
    }
    if (found > 0)
        add_key(self, primary, found);
    for (size_t i = 0; i < self->count; i++)
        if (self->wanted->fields[i]->unique && !(found == 1 && primary[0] == i))
            add_key(self, &i, 1);
}

row_check *
row_check_new(const wanted_columns *wanted, const Muster__V1__Template *template, wrongs *to, mst_arena *arena,
              const char **why)
{
    row_check *self = mst_arena_alloc(arena, sizeof *self);
    self->wanted = wanted;
    self->template = template;
    self->arena = arena;
    self->wrongs = to;
    self->values = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->values);
    self->unchecked = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->unchecked);
    self->read = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->read);
    self->kept = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->kept);
    self->wrong = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->wrong);
    self->together = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self->together);
    for (; self->count < wanted->fields_count; self->count++) {
        const Muster__V1__Field *field = wanted->fields[self->count];
        value_rule *rule = &self->values[self->count];
        if (value_rule_init(rule, field) != MST_OK) {
            value_rule_release(rule);
            *why = mst_arena_printf(arena, "The pattern of field \"%s\" is not a regular expression.", field->name);
            row_check_destroy(&self);
            return NULL;
        }
        if (template != NULL && template->action != NULL && strcmp(template->action->field, field->name) == 0)
            value_rule_set_action(rule, template->action);
    }
    make_keys(self);
    if (template != NULL && template->n_rules > 0)
        self->rules = row_rules_new(template, wanted->fields, self->count, self->values, arena);
    return self;
}

void
row_check_destroy(row_check **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        value_rule_release(&(*self)->values[i]);
    for (size_t i = 0; i < (*self)->keys_count; i++)
        uniqueness_destroy(&(*self)->keys[i].rows);
    *self = NULL;
}

void
row_check_columns(row_check *self, const mapping *columns, uint32_t header_columns)
{
    self->columns = columns->columns;
    self->header_columns = header_columns;
    for (size_t i = 0; i < self->count; i++)
        value_unchecked(&self->values[i], &self->unchecked[i].least, &self->unchecked[i].most);
    if (self->template != NULL && (self->template->n_sample_row > 0 || self->template->instructions[0] != '\0'))
        self->samples = samples_new(self->template, self->count, self->values, self->columns, self->arena);
}

value_rule *
row_check_field(row_check *self, size_t field)
{
    return &self->values[field];
}

/* What is said ----------------------------------------------------------------------------------------- */

static void
say_columns(const void *context, const wrong_found *found, char *text)
{
    (void)found;
    const uint32_t *columns = context;
    snprintf(text, VALUE_MESSAGE_SIZE, "The row has %u cells, the header has %u. %s", columns[0], columns[1],
             columns[0] > columns[1]
                 ? "A value that holds the delimiter must stand in quotes, and nothing may stand beside "
                   "the columns of a sheet."
                 : "Is the row cut off, or a line end within a value without quotes?");
}

static void
say_value(const void *context, const wrong_found *found, char *text)
{
    value_message(context, found->kind, text);
}

static void
say_encoding(const void *context, const wrong_found *found, char *text)
{
    (void)found;
    const csv_cell *cell = context;
    if (memchr(cell->data, 0, cell->size) != NULL)
        snprintf(text, VALUE_MESSAGE_SIZE,
                 "The value holds a NUL byte, which is not text. Retype it and save the file as "
                 "CSV UTF-8.");
    else
        snprintf(text, VALUE_MESSAGE_SIZE,
                 "The value holds bytes that are not text in the file's encoding (shown as "
                 "\xEF\xBF\xBD). Save the file as CSV UTF-8 and retype the value.");
}

static void
say_text(const void *context, const wrong_found *found, char *text)
{
    (void)found;
    snprintf(text, VALUE_MESSAGE_SIZE, "%s", (const char *)context);
}

static void
say_unique(const void *context, const wrong_found *found, char *text)
{
    const unique_row *first = context;
    snprintf(text, VALUE_MESSAGE_SIZE,
             "Row %u (line %u) has %s already, and each may stand in the file once. Leave this row out, or correct it.",
             first->row, first->line, found->fields == NULL ? "this value" : "these values");
}

/* The rule of a value and the file's budget for suggestions. */
typedef struct suggesting {
    value_rule *rule;
    uint64_t *cost;
} suggesting;

static void
say_with_suggestions(const void *context, const wrong_found *found, char *text)
{
    const suggesting *self = context;
    value_message(self->rule, found->kind, text);
}

static void
suggest(const void *context, const wrong_found *found, Muster__V1__WrongValue *group, mst_arena *arena)
{
    const suggesting *self = context;
    *self->cost += value_suggest_cost(self->rule, found->kind);
    if (*self->cost <= SUGGEST_COST_MAX)
        group->suggestions = value_suggest(self->rule, found->kind, arena, &group->n_suggestions);
}

static uint32_t
column_shown(uint32_t column)
{
    return column == MAPPING_NONE ? 0 : column + 1;
}

static void
report_value(row_check *self, const entry_row *row, size_t field)
{
    uint32_t column = self->columns[field];
    Muster__V1__WrongKind kind = self->wrong[field];
    suggesting by_value = {&self->values[field], &self->suggest_cost};
    wrong_found found = {.field = self->wanted->fields[field]->name,
                         .kind = kind,
                         .column = column_shown(column),
                         .values = &row->cells[field],
                         .message = say_with_suggestions,
                         .suggest = suggest,
                         .context = &by_value};
    if (kind == MUSTER__V1__WRONG_KIND__WRONG_ENCODING) {
        found.message = say_encoding;
        found.suggest = NULL;
        found.context = &row->file->cells[column];
    }
    wrongs_add(self->wrongs, &found, row->number, row->file->line);
}

/* The row as a whole. */
static bool
report_row(row_check *self, const entry_row *row, Muster__V1__WrongKind kind, const char *value,
           void (*message)(const void *context, const wrong_found *found, char *text), const void *context)
{
    csv_cell cell = {(const uint8_t *)value, (uint32_t)strlen(value)};
    wrong_found found = {.field = "", .kind = kind, .values = &cell, .message = message, .context = context};
    wrongs_add(self->wrongs, &found, row->number, row->file->line);
    self->as_a_whole = true;
    return true;
}

/* Rows ------------------------------------------------------------------------------------------------- */

static Muster__V1__WrongKind
read_value(row_check *self, size_t field, csv_cell cell)
{
    if (cell.size == 0)
        return MUSTER__V1__WRONG_KIND__WRONG_REQUIRED;
    value_text *read = &self->read[field];
    Muster__V1__WrongKind wrong = value_read(&self->values[field], cell.data, cell.size, read);
    if (wrong == RIGHT)
        self->kept[field] = (csv_cell){read->data, (uint32_t)read->size};
    return wrong;
}

/* Values are kept as typed, but for those that are right and have another form. True: none is wrong. */
static bool
read_values(row_check *self, const entry_row *row)
{
    if (self->any_wrong)
        memset(self->wrong, 0, self->count * sizeof *self->wrong);
    memcpy(self->kept, row->cells, self->count * sizeof *self->kept);
    self->any_wrong = false;
    for (size_t i = 0; i < self->count; i++) {
        uint32_t size = row->cells[i].size;
        if (size >= self->unchecked[i].least && size <= self->unchecked[i].most)
            continue;
        self->wrong[i] = read_value(self, i, row->cells[i]);
        self->any_wrong |= self->wrong[i] != RIGHT;
    }
    for (size_t i = 0; row->broken != NULL && i < self->count; i++)
        if (row->broken[i]) {
            self->wrong[i] = MUSTER__V1__WRONG_KIND__WRONG_ENCODING;
            self->kept[i] = row->cells[i];
            self->any_wrong = true;
        }
    return !self->any_wrong;
}

static bool
check_key(row_check *self, const entry_row *row, unique_key *key)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < key->count; i++) {
        size_t field = key->fields[i];
        if (self->wrong[field] != RIGHT || self->kept[field].size == 0)
            return false; // nothing to compare
        hash = uniqueness_hash(hash, self->kept[field].data, self->kept[field].size);
        self->together[i] = row->cells[field];
    }
    unique_row mine = {row->number, (uint32_t)row->file->line};
    unique_row first = uniqueness_first(key->rows, hash, mine);
    if (first.row == 0)
        return false;
    wrong_found found = {.field = key->said[0]->name,
                         .kind = MUSTER__V1__WRONG_KIND__WRONG_UNIQUE,
                         .column = column_shown(self->columns[key->fields[0]]),
                         .values = self->together,
                         .fields = key->count > 1 ? key->said : NULL,
                         .fields_count = key->count,
                         .message = say_unique,
                         .context = &first};
    wrongs_add(self->wrongs, &found, row->number, row->file->line);
    return true;
}

/* Where a broken rule of a row is told. */
typedef struct telling {
    row_check *self;
    const entry_row *row;
} telling;

static void
tell_rule(void *context, const wrong_found *found)
{
    telling *to = context;
    wrongs_add(to->self->wrongs, found, to->row->number, to->row->file->line);
}

static bool
is_wrong_as_a_whole(row_check *self, const entry_row *row)
{
    if (self->samples != NULL && samples_is_instructions(self->samples, row->file))
        return report_row(self, row, MUSTER__V1__WRONG_KIND__WRONG_SAMPLE, "the instructions of the template", say_text,
                          "This row holds the instructions that came with the template. Delete it, or leave it out.");
    if (row->too_large)
        return report_row(self, row, MUSTER__V1__WRONG_KIND__WRONG_LENGTH, "more than 512 KiB with its corrections",
                          say_text, "Rows hold at most 512 KiB. Correct it with less text, or leave it out.");
    if (row->whole)
        return false;
    if (row->file->mended)
        return report_row(self, row, MUSTER__V1__WRONG_KIND__WRONG_COLUMNS, "a quote astray", say_text,
                          "A quote in this row is not closed, or stands where none may: nobody can be sure where its "
                          "values end. Double a quote that belongs to a value, take out one that does not.");
    uint32_t columns[2] = {row->file->columns, self->header_columns};
    char value[64];
    snprintf(value, sizeof value, "%u cells instead of %u", columns[0], columns[1]);
    return report_row(self, row, MUSTER__V1__WRONG_KIND__WRONG_COLUMNS, value, say_columns, columns);
}

bool
row_check_row(row_check *self, const entry_row *row, const csv_cell **kept)
{
    self->as_a_whole = false;
    if (is_wrong_as_a_whole(self, row)) {
        *kept = row->cells;
        return true;
    }
    *kept = self->kept;
    bool wrong = !read_values(self, row);
    const row_values values = {row->cells, self->kept, self->wrong, self->columns};
    if (self->samples != NULL && samples_is_row(self->samples, &values))
        return report_row(self, row, MUSTER__V1__WRONG_KIND__WRONG_SAMPLE, "the sample row of the template", say_text,
                          "This is the sample row that came with the template. Delete it, or leave it out.");
    for (size_t i = 0; i < self->count && wrong; i++)
        if (self->wrong[i] != RIGHT)
            report_value(self, row, i);
    for (size_t i = 0; i < self->keys_count; i++)
        wrong |= check_key(self, row, &self->keys[i]);
    if (self->rules != NULL)
        wrong |= row_rules_check(self->rules, &values, tell_rule, &(telling){self, row});
    return wrong;
}

bool
row_check_was_as_a_whole(const row_check *self)
{
    return self->as_a_whole;
}

bool
row_check_id(row_check *self, const entry_row *row, uint32_t column, csv_cell id, const csv_cell *broken)
{
    static const Muster__V1__Field id_field = MUSTER__V1__FIELD__INIT;
    static const value_rule id_rule = {.field = &id_field};
    if (broken == NULL && id.size > 0)
        return false;
    Muster__V1__WrongKind kind =
        broken != NULL ? MUSTER__V1__WRONG_KIND__WRONG_ENCODING : MUSTER__V1__WRONG_KIND__WRONG_REQUIRED;
    wrong_found found = {.field = "id",
                         .kind = kind,
                         .column = column_shown(column),
                         .values = &id,
                         .message = broken != NULL ? say_encoding : say_value,
                         .context = broken != NULL ? (const void *)broken : &id_rule};
    wrongs_add(self->wrongs, &found, row->number, row->file->line);
    return true;
}
