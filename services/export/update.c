/* update.c - see update.h. */
#include "services/export/update.h"

#include "proto/rows.h"
#include "services/runtime/catalog.h"
#include <string.h>

static int
target_of(const Muster__V1__Kind *kind, const Muster__V1__Template *template, const char *name, update_column *column)
{
    if (template == NULL) {
        for (size_t i = 0; i < kind->n_fields; i++)
            if (strcmp(kind->fields[i]->name, name) == 0) {
                column->policy = kind->fields[i]->update;
                return (int)i;
            }
        return -1;
    }
    for (size_t i = 0; i < template->n_fields; i++) {
        const Muster__V1__Field *field = template->fields[i];
        if (strcmp(field->name, name) != 0)
            continue;
        column->policy = field->update;
        column->clear = field->clear_blank;
        return mst_catalog_belongs(template, field, kind->name) ? mst_catalog_target(kind, field) : -1;
    }
    return -1;
}

static bool
is_in_file(const update_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->in_file_count; i++)
        if (strcmp(columns->in_file[i], name) == 0)
            return true;
    return false;
}

void
update_plan_make(update_plan *plan, mst_arena *arena, const Muster__V1__Kind *kind,
                 const Muster__V1__Template *template, const update_columns *columns, const update_options *options)
{
    plan->kind = kind;
    plan->columns = mst_arena_alloc(arena, (kind->n_fields + 1) * sizeof *plan->columns);
    plan->batch_date = (mst_slice){(const uint8_t *)options->batch_date, strlen(options->batch_date)};
    for (size_t i = 0; i < kind->n_fields; i++) {
        Muster__V1__Role role = kind->fields[i]->role;
        plan->columns[i] = (update_column){
            .from = -1,
            .batch_date = options->membership_date && role == MUSTER__V1__ROLE__ROLE_MEMBERSHIP_DATE,
            .keep = template != NULL && !options->update_campus && role == MUSTER__V1__ROLE__ROLE_CAMPUS};
    }
    for (size_t i = 0; i < columns->count; i++) {
        update_column column = {.policy = MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE};
        int target = target_of(kind, template, columns->fields[i], &column);
        if (target < 0 || plan->columns[target].from >= 0)
            continue;
        plan->columns[target].from = (int)i;
        plan->columns[target].policy = column.policy;
        plan->columns[target].clear = column.clear && is_in_file(columns, columns->fields[i]);
    }
}

static bool
equal(mst_slice left, mst_slice right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/* Whether a cell (blank or not) changes what a record that exists has. */
static bool
may_change(const update_column *column, mst_slice cell, mst_slice old)
{
    if (column->batch_date)
        return cell.size > 0;
    if (cell.size == 0)
        return column->clear && !column->keep && column->policy == MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE;
    return column->policy == MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE ||
           (column->policy == MUSTER__V1__UPDATE_POLICY__UPDATE_FILL_BLANKS && old.size == 0);
}

bool
update_row(const update_plan *plan, const Muster__V1__Rows *rows, uint32_t row, const mst_slice *given,
           const mst_slice *before, mst_slice *after)
{
    bool differs = before == NULL;
    for (size_t i = 0; i < plan->kind->n_fields; i++) {
        const update_column *column = &plan->columns[i];
        mst_slice old = before == NULL ? (mst_slice){0} : before[i], cell = {0};
        after[i] = old;
        if (column->batch_date)
            cell = plan->batch_date;
        else if (given != NULL && given[i].data != NULL)
            cell = given[i];
        else if (column->from >= 0 && !(before != NULL && column->keep))
            cell.data = (const uint8_t *)mst_rows_cell(rows, row, (uint32_t)column->from, &cell.size);
        if (equal(cell, old) || (before != NULL && !may_change(column, cell, old)))
            continue;
        after[i] = cell;
        differs = true;
    }
    return differs;
}
