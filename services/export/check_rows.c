/* check_rows.c - see check_rows.h. */
#include "services/export/check_rows.h"

#include "broker/lib/hash.h"
#include "proto/rows.h"
#include "services/export/check_hints.h"
#include "services/export/check_names.h"
#include "services/export/check_words.h"
#include "services/export/fold.h"
#include "services/export/periods.h"
#include "services/export/standing.h"
#include <stdlib.h>
#include <string.h>

/* What a row makes of a record with a period; kept only if nothing of the row is wrong. */
typedef struct noted {
    uint8_t key[MST_ID_SIZE];
    standing before;
    size_t at;
    span now;
} noted;

struct check_rows {
    check_rows_settings settings;
    const check_plan *plan;
    check_names *names;
    check_hints *hints;
    standings *standings;
    mst_arena *scratch; /* of one row */
    check_groups *groups;
    uint32_t wrong_rows;
    /* The row */
    uint32_t row, line;
    mst_slice *cells;
    const named **named; /* by reference; NULL: blank */
    noted *noted;
    size_t noted_count;
    bool faulty;
};

check_rows *
check_rows_new(const check_rows_settings *settings)
{
    const check_plan *plan = settings->plan;
    check_rows *self = mst_alloc(sizeof *self);
    *self = (check_rows){.settings = *settings, .plan = plan, .scratch = mst_arena_new(0)};
    self->names = check_names_new(plan, settings->of, settings->among, settings->as_of);
    self->hints = check_hints_new(plan, settings->of, settings->among, settings->as_of);
    self->standings = standings_new();
    self->cells = mst_alloc((plan->fields_count + 1) * sizeof *self->cells);
    self->named = mst_alloc((plan->references_count + 1) * sizeof *self->named);
    self->noted = mst_alloc((plan->periods_count + 1) * sizeof *self->noted);
    return self;
}

void
check_rows_destroy(check_rows **self)
{
    if (*self == NULL)
        return;
    check_names_destroy(&(*self)->names);
    check_hints_destroy(&(*self)->hints);
    standings_destroy(&(*self)->standings);
    mst_arena_destroy(&(*self)->scratch);
    free((*self)->cells);
    free((*self)->named);
    free((*self)->noted);
    free(*self);
    *self = NULL;
}

uint32_t
check_rows_wrong(const check_rows *self)
{
    return self->wrong_rows;
}

/* Faults ----------------------------------------------------------------------------------------------- */

/* The columns of a fault while they are put together, each once. */
typedef struct columns {
    int *list;
    mst_slice *cells;
    size_t count;
} columns;

static columns
columns_of(check_rows *self)
{
    size_t room = self->plan->fields_count + 1;
    return (columns){mst_arena_alloc(self->scratch, room * sizeof(int)),
                     mst_arena_alloc(self->scratch, room * sizeof(mst_slice)), 0};
}

static void
add_column(const check_rows *self, columns *to, int column)
{
    for (size_t i = 0; i < to->count; i++)
        if (to->list[i] == column)
            return;
    if (column == CHECK_NONE)
        return;
    to->list[to->count] = column;
    to->cells[to->count++] = self->cells[column];
}

/* NULL: the group was there. */
static Muster__V1__WrongValue *
add_fault(check_rows *self, Muster__V1__WrongKind kind, const char *rule, const columns *in)
{
    const check_fault fault = {kind, rule, in->list, in->cells, in->count};
    self->faulty = true;
    return check_groups_add(self->groups, &fault, self->row, self->line);
}

/* References ------------------------------------------------------------------------------------------- */

static mst_status
fault_of_reference(check_rows *self, size_t number, size_t found)
{
    const check_reference *by = &self->plan->references[number];
    columns in = columns_of(self);
    for (size_t i = 0; i < by->count; i++)
        add_column(self, &in, by->columns[i]);
    if (found > 1 && by->by_id != CHECK_NONE)
        add_column(self, &in, self->plan->references[by->by_id].columns[0]);
    Muster__V1__WrongValue *new = add_fault(self, MUSTER__V1__WRONG_KIND__WRONG_REFERENCE, "", &in);
    if (new == NULL)
        return MST_OK;
    mst_arena *arena = check_groups_arena(self->groups);
    new->message = check_words_reference(arena, self->plan, by, self->cells, found);
    return check_hints_set(self->hints, number, found, self->cells, arena, new);
}

static mst_status
check_references(check_rows *self)
{
    const check_plan *plan = self->plan;
    mst_status status = MST_OK;
    for (size_t i = 0; i < plan->references_count && status == MST_OK; i++) {
        const check_reference *by = &plan->references[i];
        mst_slice *values = mst_arena_alloc(self->scratch, by->count * sizeof *values);
        for (size_t at = 0; at < by->count; at++)
            values[at] = self->cells[by->columns[at]];
        status = check_names_find(self->names, i, values, &self->named[i]);
        if (status == MST_OK && self->named[i] != NULL && self->named[i]->found != 1)
            status = fault_of_reference(self, i, self->named[i]->found);
    }
    return status;
}

/* Periods ---------------------------------------------------------------------------------------------- */

static bool
is_unknown(const named *by)
{
    return by != NULL && by->found != 1;
}

/* The key of the record that the row is about. False: not known before the row is matched, or before a value of the row
 * that names no record is corrected. */
static bool
key_of(check_rows *self, const check_period *spell, mst_slice *key)
{
    for (size_t i = 0; i < spell->keys_count; i++) {
        const check_key *part = &spell->keys[i];
        const named *by = NULL;
        for (size_t at = 0; at < part->references_count && by == NULL; at++)
            by = self->named[part->references[at]];
        const named *list = part->references_count > 0 || part->list == CHECK_NONE ? NULL : self->named[part->list];
        key[i] = (mst_slice){NULL, 0};
        if (is_unknown(by) || is_unknown(list))
            return false;
        if (by != NULL)
            key[i] = by->id;
        else if (list != NULL)
            key[i] = list->values[0];
        else if (part->references_count == 0 && part->column != CHECK_NONE)
            key[i] = self->cells[part->column];
        if (part->subject && key[i].size == 0)
            return false;
    }
    return true;
}

static void
add_key_columns(check_rows *self, const check_period *spell, columns *to)
{
    for (size_t i = 0; i < spell->keys_count; i++) {
        const check_key *part = &spell->keys[i];
        bool filled = false;
        for (size_t at = 0; at < part->references_count; at++)
            filled = filled || self->named[part->references[at]] != NULL;
        for (size_t at = 0; at < part->references_count; at++) {
            const check_reference *by = &self->plan->references[part->references[at]];
            for (size_t column = 0; column < by->count; column++)
                if (!filled || self->named[part->references[at]] != NULL)
                    add_column(self, to, by->columns[column]);
        }
        if (part->references_count == 0)
            add_column(self, to, part->column);
    }
}

/* The records of this key before this row. */
static mst_status
standing_of(check_rows *self, const check_period *spell, const mst_slice *key, uint8_t id[MST_ID_SIZE], standing *now)
{
    mst_slice *parts = mst_arena_alloc(self->scratch, (spell->keys_count + 1) * sizeof *parts);
    parts[0] = (mst_slice){(const uint8_t *)spell->kind->name, strlen(spell->kind->name)};
    memcpy(parts + 1, key, spell->keys_count * sizeof *key);
    mst_id_of(id, parts, spell->keys_count + 1);
    const standing *changed = standings_find(self->standings, id);
    if (changed != NULL) {
        *now = *changed;
        return MST_OK;
    }
    span *spans = NULL;
    mst_status status = periods_find(self->settings.among, self->settings.of, self->settings.as_of, spell->kind, key,
                                     self->scratch, &spans, &now->count);
    now->spans = spans;
    return status;
}

static uint32_t
date_in(const check_rows *self, int column)
{
    return column == CHECK_NONE ? 0 : span_date(self->cells[column]);
}

static bool
is_filled(const check_rows *self, int column)
{
    return column != CHECK_NONE && self->cells[column].size > 0;
}

static bool
is_word(check_rows *self, mst_slice cell, char *const *words, size_t count)
{
    mst_slice folded = export_fold(self->scratch, cell);
    for (size_t i = 0; i < count; i++)
        if (export_same(folded, export_fold(self->scratch, (mst_slice){(const uint8_t *)words[i], strlen(words[i])})))
            return true;
    return false;
}

static assignment_verb
verb_of(check_rows *self, const check_period *spell)
{
    const Muster__V1__Action *rule = self->plan->template->action;
    if (rule == NULL || spell->related)
        return VERB_EITHER;
    if (self->plan->action == CHECK_NONE)
        return VERB_UNKNOWN;
    mst_slice cell = self->cells[self->plan->action];
    return is_word(self, cell, rule->insert_words, rule->n_insert_words)   ? VERB_INSERT
           : is_word(self, cell, rule->update_words, rule->n_update_words) ? VERB_UPDATE
                                                                           : VERB_UNKNOWN;
}

/* What the row makes of a record that it changes: a blank cell keeps, and so may the template's field. */
static span
span_after(const check_rows *self, const check_period *spell, span before, span row)
{
    const Muster__V1__Field *begin = spell->begin == CHECK_NONE ? NULL : self->plan->fields[spell->begin];
    bool overwrite = begin != NULL && begin->update == MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE;
    row.begin = row.begin == 0 || (before.begin != 0 && !overwrite) ? before.begin : row.begin;
    row.end = row.end == 0 ? before.end : row.end;
    return row;
}

/* Which record the row means, what it becomes, and what is wrong with that. */
static span_choice
choose(check_rows *self, const check_period *spell, const standing *now, span row, span *after)
{
    bool may_repeat = self->settings.repeat && !spell->related;
    span_choice chosen = spans_choose(verb_of(self, spell), may_repeat, true, row, now->spans, now->count);
    *after = row;
    if (chosen.fault != SPAN_RIGHT)
        return chosen;
    if (chosen.at == SPAN_MAKE) {
        chosen.fault = self->plan->template->may_create ? spans_may_become(NULL, row) : SPAN_NOT_OPEN;
        return chosen;
    }
    const span *before = &now->spans[chosen.at];
    *after = span_after(self, spell, *before, row);
    if (after->begin != before->begin || after->end != before->end)
        chosen.fault = spans_may_become(before, *after);
    else
        *after = *before;
    return chosen;
}

static void
fault_of_period(check_rows *self, const check_period *spell, const span_choice *chosen, const standing *now, span row)
{
    span about = chosen->at == SPAN_MAKE ? (span){.begin = row.begin} : now->spans[chosen->at];
    columns in = columns_of(self);
    add_key_columns(self, spell, &in);
    if (!spell->related)
        add_column(self, &in, self->plan->action);
    if (chosen->fault == SPAN_BEGAN_THEN || chosen->fault == SPAN_OPEN_TWICE || chosen->fault == SPAN_NO_START ||
        (chosen->fault == SPAN_CLOSED && row.begin > SPAN_SOMETIME && row.begin == about.begin))
        add_column(self, &in, spell->begin);
    if (chosen->fault == SPAN_ENDS_TOO_EARLY)
        add_column(self, &in, spell->end);
    Muster__V1__WrongValue *new = add_fault(self, MUSTER__V1__WRONG_KIND__WRONG_PERIOD, "", &in);
    if (new != NULL)
        new->message = check_words_period(check_groups_arena(self->groups), self->plan, spell, chosen, about, row);
}

/* A record that the row begins or ends. */
static mst_status
check_period_of(check_rows *self, const check_period *spell)
{
    const span row = {date_in(self, spell->begin), date_in(self, spell->end), self->row};
    mst_slice *key = mst_arena_alloc(self->scratch, spell->keys_count * sizeof *key);
    if (!key_of(self, spell, key) || (spell->related && row.begin == 0 && row.end == 0))
        return MST_OK;
    noted *one = &self->noted[self->noted_count];
    mst_status status = standing_of(self, spell, key, one->key, &one->before);
    if (status != MST_OK)
        return status;
    span_choice chosen = choose(self, spell, &one->before, row, &one->now);
    if (chosen.fault == SPAN_RIGHT) {
        one->at = chosen.at;
        self->noted_count++;
    } else if (chosen.fault != SPAN_NO_VERB) { // said when the row was read
        fault_of_period(self, spell, &chosen, &one->before, row);
    }
    return MST_OK;
}

static mst_status
check_periods(check_rows *self)
{
    mst_status status = MST_OK;
    bool was_faulty = self->faulty;
    self->noted_count = 0;
    for (size_t i = 0; i < self->plan->periods_count && status == MST_OK; i++) {
        const check_period *spell = &self->plan->periods[i];
        if (!spell->related || !was_faulty) // a related one is what rules are about, too
            status = check_period_of(self, spell);
    }
    for (size_t i = 0; i < self->noted_count && status == MST_OK && !self->faulty; i++) {
        const noted *one = &self->noted[i];
        standings_put(self->standings, one->key, &one->before, one->at, one->now);
    }
    return status;
}

/* What must be known ------------------------------------------------------------------------------------ */

/* Whether the value of this column names no record: it is asked for already, and what it will be is not known. */
static bool
is_asked_for(const check_rows *self, int column)
{
    for (size_t i = 0; i < self->plan->references_count; i++) {
        const check_reference *by = &self->plan->references[i];
        for (size_t at = 0; is_unknown(self->named[i]) && at < by->count; at++)
            if (by->columns[at] == column)
                return true;
    }
    return false;
}

static bool
applies(check_rows *self, const check_known *known)
{
    for (size_t i = 0; i < known->when_count; i++) {
        const Muster__V1__Condition *condition = known->when[i].condition;
        bool filled = is_filled(self, known->when[i].column);
        if (is_asked_for(self, known->when[i].column))
            return false;
        if (condition->blank ? filled : !filled)
            return false;
        if (!condition->blank && condition->n_values > 0 &&
            !is_word(self, self->cells[known->when[i].column], condition->values, condition->n_values))
            return false;
    }
    for (size_t i = 0; i < known->columns_count; i++)
        if (is_filled(self, known->columns[i]))
            return false; // it is in the row itself
    return true;
}

static bool
has_open_begin(const standing *now)
{
    for (size_t i = 0; i < now->count; i++)
        if (now->spans[i].end == 0 && now->spans[i].begin > 0)
            return true;
    return false;
}

static mst_status
check_known_rules(check_rows *self)
{
    for (size_t i = 0; i < self->plan->known_count; i++) {
        const check_known *known = &self->plan->known[i];
        const check_period *spell = &self->plan->periods[known->period];
        mst_slice *key = mst_arena_alloc(self->scratch, spell->keys_count * sizeof *key);
        if (!applies(self, known) || !key_of(self, spell, key))
            continue;
        uint8_t id[MST_ID_SIZE];
        standing now;
        mst_status status = standing_of(self, spell, key, id, &now);
        if (status != MST_OK)
            return status;
        if (has_open_begin(&now))
            continue;
        columns in = columns_of(self);
        add_key_columns(self, spell, &in);
        for (size_t at = 0; at < known->columns_count; at++)
            add_column(self, &in, known->columns[at]);
        for (size_t at = 0; at < known->when_count; at++)
            add_column(self, &in, known->when[at].column);
        Muster__V1__WrongValue *new = add_fault(self, MUSTER__V1__WRONG_KIND__WRONG_RULE, known->rule->name, &in);
        if (new != NULL)
            new->message = check_words_known(check_groups_arena(self->groups), self->plan, known);
    }
    return MST_OK;
}

/* Rows ------------------------------------------------------------------------------------------------- */

static bool
marked(ProtobufCBinaryData bits, uint32_t row)
{
    return bits.len > row / 8 && (bits.data[row / 8] >> row % 8 & 1) != 0;
}

static mst_status
check_row(check_rows *self, bool was_wrong)
{
    self->faulty = false;
    mst_status status = check_references(self);
    if (status != MST_OK || was_wrong)
        return status;
    status = check_known_rules(self);
    if (status == MST_OK)
        status = check_periods(self);
    self->wrong_rows += self->faulty;
    return status;
}

mst_status
check_rows_chunk(check_rows *self, const Muster__V1__EntriesRead *entries, check_groups *groups)
{
    const Muster__V1__Rows *rows = entries->rows;
    if (rows == NULL || !mst_rows_ok(rows) || (rows->rows > 0 && rows->columns != self->plan->fields_count))
        return MST_INVALID;
    self->groups = groups;
    check_hints_begin(self->hints);
    mst_status status = check_names_begin(self->names, rows);
    for (uint32_t row = 0; row < rows->rows && status == MST_OK; row++) {
        if (marked(entries->left_out, row))
            continue;
        self->row = rows->first_row + row;
        self->line = entries->first_line == 0 ? 0 : entries->first_line + row;
        for (uint32_t column = 0; column < rows->columns; column++)
            self->cells[column].data = (const uint8_t *)mst_rows_cell(rows, row, column, &self->cells[column].size);
        status = check_row(self, marked(entries->wrong, row));
        mst_arena_reset(self->scratch);
    }
    return status;
}
