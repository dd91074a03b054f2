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

#define CLOSED_SOMETIME 1u /* a date for what is closed at a date that is none */

typedef enum action { ACTION_NONE, ACTION_INSERT, ACTION_UPDATE } action;

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

/* The key of the record that the row is about. False: not known before the row is matched. */
static bool
key_of(check_rows *self, const check_period *spell, mst_slice *key)
{
    for (size_t i = 0; i < spell->keys_count; i++) {
        const check_key *part = &spell->keys[i];
        const named *by = NULL;
        for (size_t at = 0; at < part->references_count && by == NULL; at++)
            by = self->named[part->references[at]];
        key[i] = (mst_slice){NULL, 0};
        if (by != NULL)
            key[i] = by->id;
        else if (part->references_count > 0 || part->column == CHECK_NONE)
            ;
        else if (part->list != CHECK_NONE && self->named[part->list] != NULL)
            key[i] = self->named[part->list]->values[0];
        else
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

/* How the record of this key stands before this row. */
static mst_status
standing_of(check_rows *self, const check_period *spell, const mst_slice *key, uint8_t id[MST_ID_SIZE], standing *now)
{
    mst_slice *parts = mst_arena_alloc(self->scratch, (spell->keys_count + 1) * sizeof *parts);
    parts[0] = (mst_slice){(const uint8_t *)spell->kind->name, strlen(spell->kind->name)};
    memcpy(parts + 1, key, spell->keys_count * sizeof *key);
    mst_id_of(id, parts, spell->keys_count + 1);
    const standing *changed = standings_find(self->standings, id);
    *now = (standing){0};
    if (changed != NULL) {
        *now = *changed;
        return MST_OK;
    }
    periods found;
    mst_status status = periods_find(self->settings.among, self->settings.of, self->settings.as_of, spell->kind, key,
                                     self->scratch, &found);
    if (status != MST_OK)
        return status;
    now->open = (uint32_t)found.open_count;
    now->begin = found.open_count > 0 ? standing_date(found.open[0].begin) : 0;
    if (found.closed != NULL) {
        now->closed = standing_date(found.closed->end);
        now->closed = now->closed == 0 ? CLOSED_SOMETIME : now->closed;
    }
    return MST_OK;
}

static uint32_t
date_in(const check_rows *self, int column)
{
    return column == CHECK_NONE ? 0 : standing_date(self->cells[column]);
}

static bool
is_filled(const check_rows *self, int column)
{
    return column != CHECK_NONE && self->cells[column].size > 0;
}

static void
close_at(check_rows *self, standing *now, int column)
{
    uint32_t date = date_in(self, column);
    now->closed = date == 0 ? CLOSED_SOMETIME : date;
    now->row = self->row;
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

static action
action_of(check_rows *self)
{
    if (self->plan->action == CHECK_NONE)
        return ACTION_NONE;
    const Muster__V1__Action *rule = self->plan->template->action;
    mst_slice cell = self->cells[self->plan->action];
    return is_word(self, cell, rule->insert_words, rule->n_insert_words)   ? ACTION_INSERT
           : is_word(self, cell, rule->update_words, rule->n_update_words) ? ACTION_UPDATE
                                                                           : ACTION_NONE;
}

/* What is wrong with beginning or ending a record that stands so. */
static check_period_fault
period_fault(const check_rows *self, const check_period *spell, action what, const standing *now)
{
    if (what == ACTION_INSERT)
        return now->open > 0 && !self->settings.repeat ? CHECK_OPEN_ALREADY : CHECK_PERIOD_RIGHT;
    if (now->open == 0)
        return now->closed > 0 ? CHECK_CLOSED_ALREADY : CHECK_NOT_OPEN;
    if (now->open > 1)
        return CHECK_OPEN_TWICE;
    uint32_t end = date_in(self, spell->end);
    return end != 0 && end < now->begin ? CHECK_ENDS_TOO_EARLY : CHECK_PERIOD_RIGHT;
}

static mst_status
check_assignment(check_rows *self)
{
    action what = action_of(self);
    if (what == ACTION_NONE || self->plan->assignments == CHECK_NONE)
        return MST_OK;
    const check_period *spell = &self->plan->periods[self->plan->assignments];
    mst_slice *key = mst_arena_alloc(self->scratch, spell->keys_count * sizeof *key);
    if (!key_of(self, spell, key))
        return MST_OK;
    uint8_t id[MST_ID_SIZE];
    standing now;
    mst_status status = standing_of(self, spell, key, id, &now);
    if (status != MST_OK)
        return status;
    check_period_fault fault = period_fault(self, spell, what, &now);
    if (fault != CHECK_PERIOD_RIGHT) {
        columns in = columns_of(self);
        add_key_columns(self, spell, &in);
        add_column(self, &in, self->plan->action);
        if (fault == CHECK_ENDS_TOO_EARLY)
            add_column(self, &in, spell->end);
        Muster__V1__WrongValue *new = add_fault(self, MUSTER__V1__WRONG_KIND__WRONG_PERIOD, "", &in);
        if (new != NULL)
            new->message = check_words_period(check_groups_arena(self->groups), self->plan, spell, fault, &now,
                                              date_in(self, spell->end));
        return MST_OK;
    }
    if (what == ACTION_UPDATE || is_filled(self, spell->end)) {
        now.open -= what == ACTION_UPDATE;
        close_at(self, &now, spell->end);
    } else {
        now.open++;
        now.begin = date_in(self, spell->begin);
        now.row = self->row;
    }
    standings_put(self->standings, id, &now);
    return MST_OK;
}

/* What else the row begins or ends: an enrollment. */
static mst_status
note_related(check_rows *self)
{
    mst_status status = MST_OK;
    for (size_t i = 0; i < self->plan->periods_count && status == MST_OK; i++) {
        const check_period *spell = &self->plan->periods[i];
        mst_slice *key = mst_arena_alloc(self->scratch, spell->keys_count * sizeof *key);
        if ((int)i == self->plan->assignments || !(is_filled(self, spell->begin) || is_filled(self, spell->end)) ||
            !key_of(self, spell, key))
            continue;
        uint8_t id[MST_ID_SIZE];
        standing now;
        status = standing_of(self, spell, key, id, &now);
        if (now.open == 0 && is_filled(self, spell->begin)) {
            now.open = 1;
            now.begin = date_in(self, spell->begin);
        }
        if (now.open > 0 && is_filled(self, spell->end)) {
            now.open--;
            close_at(self, &now, spell->end);
        }
        if (status == MST_OK)
            standings_put(self->standings, id, &now);
    }
    return status;
}

/* What must be known ------------------------------------------------------------------------------------ */

static bool
applies(check_rows *self, const check_known *known)
{
    for (size_t i = 0; i < known->when_count; i++) {
        const Muster__V1__Condition *condition = known->when[i].condition;
        bool filled = is_filled(self, known->when[i].column);
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
        if (now.open > 0 && now.begin > 0)
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
    if (!self->faulty)
        status = check_known_rules(self);
    if (status == MST_OK && !self->faulty)
        status = check_assignment(self);
    if (status == MST_OK && !self->faulty)
        status = note_related(self);
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
    check_names_tidy(self->names);
    check_hints_begin(self->hints);
    mst_status status = MST_OK;
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
