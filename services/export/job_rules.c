/* job_rules.c - by which rules a batch is written: its kinds, what feeds their fields, what may be made. See job.h. */
#include "services/export/job.h"

#include <stdlib.h>
#include <string.h>

#define DECLARE_IT "Declare it (muster directory declare) and create the batch again."

/* Events of the batch's records that are known to be in the directory. A batch has the queue of its kinds to itself, so
 * one of them has the last. */
uint64_t
job_records_applied(const export_state *state, const batch *one)
{
    uint64_t applied = one->records_version;
    for (size_t i = 0; i < mst_catalog_kinds_count(state->catalog); i++) {
        directory_kind kind = directory_kind_of(state->directory, mst_catalog_kind_at(state->catalog, i)->name);
        if (strcmp(kind.batch_id, one->id) == 0 && kind.batch_version > applied)
            applied = kind.batch_version;
    }
    return applied;
}

/* Where rows write several kinds: what of each. The answer is that of job_find_rules. */
static const char *
find_assignment(job *self, mst_arena *arena, const update_columns *columns, const update_options *options)
{
    const char *missing = "";
    if (!assignment_plan_make(&self->assignment, arena, self->state->catalog, self->template, columns, options,
                              &missing))
        return mst_arena_printf(arena, "Kind \"%.100s\", which the template of this batch names, is not declared.",
                                missing);
    self->kinds_count = self->assignment.kinds_count;
    self->changed = mst_arena_alloc(arena, self->kinds_count * sizeof *self->changed);
    self->look_for_ids = mst_arena_alloc(arena, self->kinds_count * sizeof *self->look_for_ids);
    for (size_t i = 0; i < self->kinds_count; i++) {
        directory_kind kind = directory_kind_of(self->state->directory, self->assignment.kinds[i].kind->name);
        self->look_for_ids[i] = strtoull(self->batch->id + 1, NULL, 10) <= kind.made_elsewhere;
    }
    return NULL;
}

/* The column of an import that the file was said to have (--id); else the one that feeds the kind's primary key. */
static int
import_id_field(const job *self)
{
    const batch *one = self->batch;
    int key = one->import ? naming_key(self->kind) : -1;
    if (one->id_field >= 0 || key < 0)
        return one->id_field;
    for (size_t i = 0; i < one->fields_count; i++)
        if (strcmp(one->fields[i], self->kind->fields[key]->name) == 0)
            return (int)i;
    return -1;
}

const char *
job_find_rules(job *self, mst_arena *arena, const char **advice)
{
    const batch *one = self->batch;
    self->kind = mst_catalog_kind(self->state->catalog, one->kind);
    *advice = DECLARE_IT;
    if (self->kind == NULL || self->kind->n_fields == 0 || self->kind->n_fields > DIRECTORY_COLUMNS_MAX)
        return "The kind of record this batch is about is not declared in the directory.";
    if (!one->import && self->template == NULL) {
        *advice = NULL;
        return "The template of this batch is not known.";
    }
    self->assigned = !one->import && assignments_apply(self->template, self->kind);
    self->may_create = one->import || (self->template->may_create && self->template->subject == NULL);
    const update_options options = {one->membership_date, one->update_campus, one->date};
    const update_columns columns = {one->fields, one->fields_count, one->columns, one->columns_count};
    self->kinds_count = 1;
    const char *refused = NULL;
    self->id_field = import_id_field(self);
    self->key = self->assigned || one->import ? -1 : naming_key(self->kind);
    if (self->assigned)
        refused = find_assignment(self, arena, &columns, &options);
    else
        update_plan_make(&self->plan, arena, self->kind, self->template, &columns, &options);
    if (self->key >= 0)
        self->changed = mst_arena_alloc(arena, sizeof *self->changed);
    if (self->batch->dry_run && (self->assigned || self->key >= 0))
        self->dry_arena = mst_arena_new(0);
    if (self->key >= 0 && self->batch->dry_run)
        changes_begin(&self->changed[0], self->dry_arena, 0, NULL, 0);
    if (refused != NULL) {
        self->kinds_count = 0; // nothing was made for them
        return refused;
    }
    self->out = mst_arena_alloc(arena, self->kinds_count * sizeof *self->out);
    self->before = mst_arena_alloc(arena, self->kind->n_fields * sizeof *self->before);
    self->after = mst_arena_alloc(arena, self->kind->n_fields * sizeof *self->after);

    directory_kind kind = directory_kind_of(self->state->directory, one->kind);
    self->look_before_making = strtoull(one->id + 1, NULL, 10) <= kind.made_elsewhere;
    self->all_new = one->import && self->id_field < 0 && !self->look_before_making;
    self->records_events = job_records_applied(self->state, one);
    return NULL;
}
