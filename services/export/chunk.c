/* chunk.c - one chunk of a batch: each row laid over its record, what changed and what became of every row as events.
 */
#include "services/export/job.h"

#include "export.pb-c.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

fate *
chunk_fate(const job *self, uint32_t row)
{
    return &self->fates.rows[row - self->fates.first_row];
}

bool
chunk_exists(const directory_record *record)
{
    return record->version > 0 && !record->deleted;
}

static bool
is_ours(const job *self, const directory_record *record)
{
    size_t size = strlen(self->batch->id);
    return record->batch_id.size == size && memcmp(record->batch_id.data, self->batch->id, size) == 0;
}

/* Looks at every row before any event is made: what is found here is a defect and stops the batch, unwritten. */
static bool
check(const job *self, const Muster__V1__EntriesRead *entries, char why[256])
{
    const Muster__V1__Rows *rows = entries->rows;
    if (rows == NULL || !mst_rows_ok(rows) || rows->columns != self->batch->fields_count) {
        snprintf(why, 256, "the entries of chunk %u are not as they were announced", self->chunk);
        return false;
    }
    if (rows->first_row < self->fates.first_row ||
        rows->first_row + rows->rows > self->fates.first_row + self->fates.count ||
        rows->first_row != self->chunk_rows[self->chunk] ||
        rows->first_row + rows->rows != self->chunk_rows[self->chunk + 1]) {
        snprintf(why, 256, "entries and decisions of chunk %u are about different rows", self->chunk);
        return false;
    }
    if (self->batch->import || self->batch->dry_run || strcmp(self->matched_kind, self->kind->name) != 0)
        return true; // a participant that went is its row's misfortune, not a defect
    for (uint32_t i = 0; i < rows->rows; i++) {
        const fate *one = chunk_fate(self, rows->first_row + i);
        if (one->kind != FATE_UPDATE || self->rewritten[one->target] != NULL)
            continue;
        const directory_record *record = &self->records[one->target];
        if (!chunk_exists(record) && !self->made[one->target]) {
            snprintf(why, 256, "the record row %u was matched to is not in the directory", rows->first_row + i);
            return false;
        }
        if (chunk_exists(record) && record->seq > self->position && !is_ours(self, record)) {
            snprintf(why, 256, "the record row %u was matched to has changed since", rows->first_row + i);
            return false;
        }
    }
    return true;
}

static size_t
size_after(const job *self)
{
    size_t size = 0;
    for (size_t i = 0; i < self->kind->n_fields; i++)
        size += self->after[i].size;
    return size;
}

/* Later rows of the stretch mean the record too: keeps its cells. */
static void
remember(job *self, uint32_t target)
{
    size_t count = self->kind->n_fields;
    mst_slice *cells = mst_arena_alloc(self->arena, (count + 1) * sizeof *cells);
    uint8_t *bytes = mst_arena_alloc(self->arena, size_after(self) + 1);
    for (size_t i = 0; i < count; i++) {
        cells[i] = (mst_slice){bytes, self->after[i].size};
        if (cells[i].size > 0)
            memcpy(bytes, self->after[i].data, cells[i].size);
        bytes += cells[i].size;
    }
    self->rewritten[target] = cells;
}

bool
chunk_drop(const job *self, const fate *one, results *of)
{
    static const char *const WHY[] = {
        [WHY_MAY_NOT_CREATE] = "Nobody known is meant, and rows of this batch make nobody new.",
        [WHY_NO_ID] = "The id is no name for a record: at most 200 bytes, not \"row:\" and a number.",
        [WHY_FOLLOWED] = "An earlier row of the file about the same record was rejected."};
    if (one->kind == FATE_SKIP)
        results_add(of, MUSTER__V1__OUTCOME__OUTCOME_SKIPPED, NULL, 0, 0);
    else if (one->kind == FATE_REJECT)
        results_reject(of, WHY[one->why]);
    bool refused = one->kind == FATE_UPDATE && one->target != FATES_NO_TARGET && self->refused[one->target];
    if (refused)
        results_reject(of, WHY[WHY_FOLLOWED]);
    return refused || one->kind == FATE_SKIP || one->kind == FATE_REJECT;
}

/* Whether the record as `after` has it can be written by this chunk. */
static bool
has_room(const job *self)
{
    size_t size = size_after(self);
    return size <= RECORD_SIZE_MAX && self->chunk_changed_size + size <= CHUNK_CHANGED_SIZE_MAX;
}

/* Names the record that the row makes. False: it cannot be; the row is rejected, and so are those that follow it. */
static bool
name_made(job *self, const fate *one, directory_record *record, results *of)
{
    char why[ASSIGNMENT_WHY_MAX] = "";
    if (naming_name(self, 0, self->kind, self->after[self->key], record, why))
        return true;
    if (one->target != FATES_NO_TARGET)
        self->refused[one->target] = true;
    results_reject(of, why);
    return false;
}

static void
write_row(job *self, mst_work *work, const Muster__V1__Rows *rows, uint32_t row, results *of)
{
    const fate *one = chunk_fate(self, rows->first_row + row);
    if (chunk_drop(self, one, of))
        return;
    directory_record made = {.id = self->fates.ids + one->id_at, .id_size = one->id_size};
    bool known = one->target != FATES_NO_TARGET;
    directory_record *record = known ? &self->records[one->target] : &made;
    const mst_slice *before = NULL;
    if (known && one->kind == FATE_CREATE && self->rewritten[one->target] == NULL && self->key < 0)
        naming_find_free(self, 0, self->kind, record);
    if (known && self->rewritten[one->target] != NULL) {
        before = self->rewritten[one->target];
    } else if (chunk_exists(record)) {
        directory_cells(self->state->directory, record, self->kind, self->before);
        before = self->before;
    }
    bool differs = update_row(&self->plan, rows, row, NULL, before, self->after);
    if (known)
        self->users[one->target]--;
    if (self->key >= 0 && one->kind == FATE_CREATE && !name_made(self, one, record, of))
        return;
    if (differs && !has_room(self)) {
        results_reject(of,
                       "The record would be larger than one may be, or the rows around it change too much at once.");
        return;
    }
    /* In a dry run a record that a stretch before would have made is not there: it would be updated all the same. */
    bool would_exist = self->batch->dry_run && !self->batch->import && one->kind == FATE_UPDATE;
    if (!differs) {
        results_add(of, MUSTER__V1__OUTCOME__OUTCOME_UNCHANGED, record->id, record->id_size, record->version);
        return;
    }
    record->version++;
    if (self->changed != NULL && record->version == 1)
        changes_keep(&self->changed[0], record->id, record->id_size, 1, true, NULL);
    if (!self->batch->dry_run) {
        const outgoing_stream to = {work, self->records_stream, self->batch->id, &self->records_events};
        self->chunk_changed_size += record->id_size + size_after(self);
        outgoing_add(&self->out[0], &to, record, self->after);
    }
    record->deleted = false;
    if (known && self->users[one->target] > 0)
        remember(self, one->target);
    results_add(of,
                before == NULL && !would_exist ? MUSTER__V1__OUTCOME__OUTCOME_CREATED
                                               : MUSTER__V1__OUTCOME__OUTCOME_UPDATED,
                record->id, record->id_size, record->version);
}

static void
add_exported_event(job *self, mst_work *work, const results *of)
{
    Muster__V1__EntriesExported exported = MUSTER__V1__ENTRIES_EXPORTED__INIT;
    exported.batch_id = (char *)(uintptr_t)self->batch->id;
    exported.generation = self->generation;
    exported.chunk = self->chunk;
    exported.dry_run = self->batch->dry_run;
    results_fill(of, &exported);
    mst_work_event(work, self->results_stream, self->batch->id, NULL, of->count, &exported.base);
}

bool
chunk_write(job *self, mst_work *work, const Muster__V1__EntriesRead *entries, char why[256])
{
    if (!check(self, entries, why))
        return false;
    const Muster__V1__Rows *rows = entries->rows;
    results of;
    results_init(&of, mst_work_scratch(work), rows->first_row, rows->rows);
    self->chunk_changed_size = 0;
    for (size_t i = 0; i < self->kinds_count; i++)
        outgoing_reset(&self->out[i], self->assigned ? self->assignment.kinds[i].kind : self->kind);
    for (uint32_t row = 0; row < rows->rows; row++)
        (self->assigned ? assign_row : write_row)(self, work, rows, row, &of);
    if (self->chunk < self->rehearsed)
        return true;
    const outgoing_stream to = {work, self->records_stream, self->batch->id, &self->records_events};
    for (size_t i = 0; i < self->kinds_count; i++)
        outgoing_send(&self->out[i], &to);
    add_exported_event(self, work, &of);
    for (uint32_t row = 0; row < rows->rows; row++)
        self->counts[of.outcomes[row]]++;
    return true;
}
