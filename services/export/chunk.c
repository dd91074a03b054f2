/* chunk.c - one chunk of a batch: each row laid over its record, what changed and what became of every row as events.
 */
#include "services/export/job.h"

#include "export.pb-c.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What became of the rows of the chunk; arrays live for the step. */
typedef struct results {
    uint8_t *outcomes;
    uint8_t *ids;
    size_t ids_size;
    uint32_t *id_ends;
    uint32_t *versions;
    uint32_t count;
} results;

static fate *
fate_of(const job *self, uint32_t row)
{
    return &self->fates.rows[row - self->fates.first_row];
}

static bool
exists(const directory_record *record)
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
    if (self->batch->import || self->batch->dry_run)
        return true;
    for (uint32_t i = 0; i < rows->rows; i++) {
        const fate *one = fate_of(self, rows->first_row + i);
        if (one->kind != FATE_UPDATE || self->rewritten[one->target] != NULL)
            continue;
        const directory_record *record = &self->records[one->target];
        if (!exists(record) && !self->made[one->target]) {
            snprintf(why, 256, "the record row %u was matched to is not in the directory", rows->first_row + i);
            return false;
        }
        if (exists(record) && record->seq > self->position && !is_ours(self, record)) {
            snprintf(why, 256, "the record row %u was matched to has changed since", rows->first_row + i);
            return false;
        }
    }
    return true;
}

static void
add_changed_event(job *self, mst_work *work)
{
    uint32_t count = mst_rows_builder_rows(&self->out);
    if (count == 0)
        return;
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    Muster__V1__Rows rows;
    mst_rows_builder_view(&self->out, 0, &rows);
    char **fields = mst_arena_alloc(mst_work_scratch(work), (self->kind->n_fields + 1) * sizeof *fields);
    fields[0] = (char *)(uintptr_t) "id";
    for (size_t i = 0; i < self->kind->n_fields; i++)
        fields[i + 1] = self->kind->fields[i]->name;
    changed.kind = self->kind->name;
    changed.fields = fields;
    changed.n_fields = self->kind->n_fields + 1;
    changed.rows = &rows;
    changed.versions = self->out_versions;
    changed.n_versions = count;
    if (self->out_restores)
        changed.restored = (ProtobufCBinaryData){(count + 7) / 8, self->out_restored};
    changed.batch_id = (char *)(uintptr_t)self->batch->id;
    mst_work_event(work, self->records_stream, self->batch->id, NULL, 0, &changed.base);
    self->records_events++;
    self->out_restores = false;
    mst_rows_builder_init(&self->out, self->out.columns);
}

static size_t
size_after(const job *self)
{
    size_t size = 0;
    for (size_t i = 0; i < self->kind->n_fields; i++)
        size += self->after[i].size;
    return size;
}

/* Adds the record as `after` has it, with the version it has now. */
static void
add_change(job *self, mst_work *work, const directory_record *record)
{
    size_t size = record->id_size + size_after(self);
    self->chunk_changed_size += size;
    if (self->out.values_size > 0 && self->out.values_size + size > CHANGED_SIZE_MAX)
        add_changed_event(self, work);
    uint32_t at = mst_rows_builder_rows(&self->out);
    if (at == self->out_versions_room) {
        self->out_versions_room = self->out_versions_room == 0 ? 1024 : self->out_versions_room * 2;
        self->out_versions = mst_realloc(self->out_versions, self->out_versions_room * sizeof *self->out_versions);
        self->out_restored = mst_realloc(self->out_restored, self->out_versions_room / 8);
    }
    self->out_versions[at] = record->version;
    uint8_t bit = (uint8_t)(1u << at % 8);
    self->out_restored[at / 8] =
        (uint8_t)(record->deleted ? self->out_restored[at / 8] | bit : self->out_restored[at / 8] & ~bit);
    self->out_restores |= record->deleted;
    mst_rows_builder_add(&self->out, record->id, record->id_size);
    for (size_t i = 0; i < self->kind->n_fields; i++)
        mst_rows_builder_add(&self->out, self->after[i].data, self->after[i].size);
}

static void
add_result(results *of, Muster__V1__Outcome outcome, const char *id, size_t id_size, uint32_t version)
{
    of->outcomes[of->count] = (uint8_t)outcome;
    if (id_size > 0)
        memcpy(of->ids + of->ids_size, id, id_size);
    of->ids_size += id_size;
    of->id_ends[of->count] = (uint32_t)of->ids_size;
    of->versions[of->count] = version;
    of->count++;
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

/* Another made this id before this batch could ("B9-1" came in a file before B9 did): the next free one. */
static void
find_free_id(job *self, directory_record *record)
{
    for (unsigned number = 2; exists(record); number++) {
        char *id = mst_arena_printf(self->arena, "%.*s-%u", (int)record->id_size, record->id, number);
        directory_record other = {.id = id, .id_size = strlen(id)};
        export_must(directory_fetch(self->state->directory, self->kind->name, &other, 1, self->arena));
        *record = other;
    }
}

/* Whether the record as `after` has it can be written by this chunk. */
static bool
has_room(const job *self)
{
    size_t size = size_after(self);
    return size <= RECORD_SIZE_MAX && self->chunk_changed_size + size <= CHUNK_CHANGED_SIZE_MAX;
}

static void
write_row(job *self, mst_work *work, const Muster__V1__Rows *rows, uint32_t row, results *of)
{
    const fate *one = fate_of(self, rows->first_row + row);
    if (one->kind == FATE_SKIP || one->kind == FATE_REJECT) {
        bool skip = one->kind == FATE_SKIP;
        add_result(of, skip ? MUSTER__V1__OUTCOME__OUTCOME_SKIPPED : MUSTER__V1__OUTCOME__OUTCOME_REJECTED, NULL, 0, 0);
        return;
    }
    directory_record made = {.id = self->fates.ids + one->id_at, .id_size = one->id_size};
    bool known = one->target != FATES_NO_TARGET;
    directory_record *record = known ? &self->records[one->target] : &made;
    const mst_slice *before = NULL;
    if (known && one->kind == FATE_CREATE && self->rewritten[one->target] == NULL)
        find_free_id(self, record);
    if (known && self->rewritten[one->target] != NULL) {
        before = self->rewritten[one->target];
    } else if (exists(record)) {
        directory_cells(self->state->directory, record, self->kind, self->before);
        before = self->before;
    }
    bool differs = update_row(&self->plan, rows, row, before, self->after);
    if (known)
        self->users[one->target]--;
    if (differs && !has_room(self)) {
        add_result(of, MUSTER__V1__OUTCOME__OUTCOME_REJECTED, NULL, 0, 0);
        return;
    }
    /* In a dry run a record that a stretch before would have made is not there: it would be updated all the same. */
    bool would_exist = self->batch->dry_run && !self->batch->import && one->kind == FATE_UPDATE;
    if (!differs) {
        add_result(of, MUSTER__V1__OUTCOME__OUTCOME_UNCHANGED, record->id, record->id_size, record->version);
        return;
    }
    record->version++;
    if (!self->batch->dry_run)
        add_change(self, work, record);
    record->deleted = false;
    if (known && self->users[one->target] > 0)
        remember(self, one->target);
    add_result(of,
               before == NULL && !would_exist ? MUSTER__V1__OUTCOME__OUTCOME_CREATED
                                              : MUSTER__V1__OUTCOME__OUTCOME_UPDATED,
               record->id, record->id_size, record->version);
}

static void
add_exported_event(job *self, mst_work *work, const Muster__V1__Rows *rows, const results *of)
{
    Muster__V1__EntriesExported exported = MUSTER__V1__ENTRIES_EXPORTED__INIT;
    exported.batch_id = (char *)(uintptr_t)self->batch->id;
    exported.generation = self->generation;
    exported.chunk = self->chunk;
    exported.first_row = rows->first_row;
    exported.rows = rows->rows;
    exported.outcomes = (ProtobufCBinaryData){rows->rows, of->outcomes};
    exported.ids = (ProtobufCBinaryData){of->ids_size, of->ids};
    exported.id_ends = of->id_ends;
    exported.n_id_ends = rows->rows;
    exported.versions = of->versions;
    exported.n_versions = rows->rows;
    exported.dry_run = self->batch->dry_run;
    mst_work_event(work, self->results_stream, self->batch->id, NULL, rows->rows, &exported.base);
}

bool
chunk_write(job *self, mst_work *work, const Muster__V1__EntriesRead *entries, char why[256])
{
    if (!check(self, entries, why))
        return false;
    const Muster__V1__Rows *rows = entries->rows;
    mst_arena *scratch = mst_work_scratch(work);
    results of = {.outcomes = mst_arena_alloc(scratch, rows->rows + 1),
                  .ids = mst_arena_alloc(scratch, (size_t)rows->rows * (DIRECTORY_ID_SIZE_MAX + 1) + 1),
                  .id_ends = mst_arena_alloc(scratch, ((size_t)rows->rows + 1) * sizeof *of.id_ends),
                  .versions = mst_arena_alloc(scratch, ((size_t)rows->rows + 1) * sizeof *of.versions)};
    mst_rows_builder_init(&self->out, (uint32_t)self->kind->n_fields + 1);
    self->chunk_changed_size = 0;
    for (uint32_t row = 0; row < rows->rows; row++)
        write_row(self, work, rows, row, &of);
    add_changed_event(self, work);
    add_exported_event(self, work, rows, &of);
    for (uint32_t row = 0; row < rows->rows; row++)
        self->counts[of.outcomes[row]]++;
    return true;
}
