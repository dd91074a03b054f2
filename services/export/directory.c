/* directory.c - see directory.h. What is known of kinds and shapes, changes on their way to the store, reading. */
#include "services/export/directory.h"

#include "broker/lib/log.h"
#include "proto/rows.h"
#include "services/export/lookup.h"
#include "services/export/pending.h"
#include "services/export/record.h"
#include "services/export/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX 1000u   /* kinds ever written to; a Data Package has a handful */
#define SHAPES_MAX 10000u /* lists of fields ever written with */

typedef struct kind_entry {
    char *name;
    directory_kind state;
    char *batch_id; /* state.batch_id points here */
    bool changed;   /* since the last flush */
} kind_entry;

typedef struct shape_entry {
    uint16_t kind;
    char **fields;
    uint32_t fields_count;
    bool changed;
    /* For directory_cells: the column of this shape for each field of the kind asked about last, -1 none. */
    const Muster__V1__Kind *mapped_for;
    int *map;
} shape_entry;

struct directory {
    store *store;
    pending *pending;
    uint64_t applied; /* highest seq taken, pending or stored */
    uint64_t stored;
    kind_entry *kinds;
    size_t kinds_count;
    shape_entry *shapes;
    size_t shapes_count;
};

/* Kinds and shapes ------------------------------------------------------------------------------------ */

static int
kind_find(const directory *self, const char *name)
{
    for (size_t i = 0; i < self->kinds_count; i++)
        if (strcmp(self->kinds[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int
kind_add(directory *self, const char *name)
{
    self->kinds = mst_realloc(self->kinds, (self->kinds_count + 1) * sizeof *self->kinds);
    kind_entry *kind = &self->kinds[self->kinds_count];
    *kind = (kind_entry){.name = mst_strdup(name), .batch_id = mst_strdup("")};
    kind->state.batch_id = kind->batch_id;
    return (int)self->kinds_count++;
}

static bool
shape_is(const shape_entry *shape, int kind, char *const *fields, size_t count)
{
    if (shape->kind != kind || shape->fields_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(shape->fields[i], fields[i]) != 0)
            return false;
    return true;
}

static int
shape_add(directory *self, int kind, char *const *fields, size_t count)
{
    self->shapes = mst_realloc(self->shapes, (self->shapes_count + 1) * sizeof *self->shapes);
    shape_entry *shape = &self->shapes[self->shapes_count];
    *shape = (shape_entry){.kind = (uint16_t)kind, .fields_count = (uint32_t)count, .changed = true};
    shape->fields = mst_alloc((count + 1) * sizeof *shape->fields);
    for (size_t i = 0; i < count; i++)
        shape->fields[i] = mst_strdup(fields[i]);
    return (int)self->shapes_count++;
}

/* Newest first: a kind is written in its latest shape nearly always. */
static int
shape_find(const directory *self, int kind, char *const *fields, size_t count)
{
    for (size_t i = self->shapes_count; i-- > 0;)
        if (shape_is(&self->shapes[i], kind, fields, count))
            return (int)i;
    return -1;
}

directory_kind
directory_kind_of(const directory *self, const char *kind)
{
    int at = kind_find(self, kind);
    return at < 0 ? (directory_kind){.batch_id = ""} : self->kinds[at].state;
}

/* The rows of the store beside the records --------------------------------------------------------------- */

static mst_slice
meta_key(mst_arena *arena, char mark, const void *name, size_t size)
{
    uint8_t *key = mst_arena_alloc(arena, 1 + size);
    key[0] = (uint8_t)mark;
    if (size > 0)
        memcpy(key + 1, name, size);
    return (mst_slice){key, 1 + size};
}

#define KIND_ROW_SIZE 50u /* bytes in front of the batch id */

/* "K": number(2) seq(8) records(8) batch_version(8) made_elsewhere(8) versions(8) versions_size(8)
 * batch_id. */
static store_entry
kind_row(const directory *self, mst_arena *arena, size_t at)
{
    const kind_entry *kind = &self->kinds[at];
    size_t batch_size = strlen(kind->batch_id);
    uint8_t *value = mst_arena_alloc(arena, KIND_ROW_SIZE + batch_size);
    record_put_u16(value, (uint16_t)at);
    record_put_u64(value + 2, kind->state.seq);
    record_put_u64(value + 10, kind->state.records);
    record_put_u64(value + 18, kind->state.batch_version);
    record_put_u64(value + 26, kind->state.made_elsewhere);
    record_put_u64(value + 34, kind->state.versions);
    record_put_u64(value + 42, kind->state.versions_size);
    memcpy(value + KIND_ROW_SIZE, kind->batch_id, batch_size);
    return (store_entry){meta_key(arena, 'K', kind->name, strlen(kind->name)), {value, KIND_ROW_SIZE + batch_size}};
}

/* "S" number(2): kind(2), then each field's name with its NUL. */
static store_entry
shape_row(const directory *self, mst_arena *arena, size_t at)
{
    const shape_entry *shape = &self->shapes[at];
    size_t size = 2;
    for (uint32_t i = 0; i < shape->fields_count; i++)
        size += strlen(shape->fields[i]) + 1;
    uint8_t *value = mst_arena_alloc(arena, size), *end = value + 2;
    record_put_u16(value, shape->kind);
    for (uint32_t i = 0; i < shape->fields_count; i++)
        end = (uint8_t *)stpcpy((char *)end, shape->fields[i]) + 1;
    uint8_t number[2];
    record_put_u16(number, (uint16_t)at);
    return (store_entry){meta_key(arena, 'S', number, 2), {value, size}};
}

static mst_status
load_kind(directory *self, mst_slice key, mst_slice value)
{
    if (value.size < KIND_ROW_SIZE || record_get_u16(value.data) >= KINDS_MAX)
        return MST_CORRUPT;
    size_t at = record_get_u16(value.data);
    while (self->kinds_count <= at) // rows come in order of name, numbers in order of the log
        kind_add(self, "");
    kind_entry *kind = &self->kinds[at];
    free(kind->name);
    free(kind->batch_id);
    kind->name = mst_alloc(key.size);
    memcpy(kind->name, key.data + 1, key.size - 1);
    kind->name[key.size - 1] = 0;
    size_t batch_size = value.size - KIND_ROW_SIZE;
    kind->batch_id = mst_alloc(batch_size + 1);
    memcpy(kind->batch_id, value.data + KIND_ROW_SIZE, batch_size);
    kind->batch_id[batch_size] = 0;
    kind->state = (directory_kind){.seq = record_get_u64(value.data + 2),
                                   .records = record_get_u64(value.data + 10),
                                   .batch_version = record_get_u64(value.data + 18),
                                   .made_elsewhere = record_get_u64(value.data + 26),
                                   .versions = record_get_u64(value.data + 34),
                                   .versions_size = record_get_u64(value.data + 42),
                                   .batch_id = kind->batch_id};
    return MST_OK;
}

static mst_status
load_shape(directory *self, mst_slice key, mst_slice value)
{
    if (key.size != 3 || record_get_u16(key.data + 1) != self->shapes_count || value.size < 2 ||
        (value.size > 2 && value.data[value.size - 1] != 0))
        return MST_CORRUPT;
    size_t count = 0;
    for (size_t i = 2; i < value.size; i++)
        count += value.data[i] == 0;
    char **fields = mst_alloc((count + 1) * sizeof *fields);
    char *text = (char *)(uintptr_t)(value.data + 2);
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
        fields[i] = text;
    int shape = shape_add(self, record_get_u16(value.data), fields, count);
    self->shapes[shape].changed = false;
    free(fields);
    return MST_OK;
}

static mst_status
load(directory *self)
{
    store_cursor *cursor = store_cursor_open(self->store, true);
    const store_ops *ops = self->store->ops;
    mst_status status = MST_OK;
    const char *const marks = "AKS";
    for (size_t i = 0; marks[i] != 0 && status == MST_OK; i++) {
        ops->seek(cursor, (mst_slice){(const uint8_t *)&marks[i], 1});
        for (; ops->valid(cursor) && status == MST_OK; ops->next(cursor)) {
            mst_slice key = ops->key(cursor), value = ops->value(cursor);
            if (key.data[0] != marks[i])
                break;
            if (marks[i] == 'A' && value.size == 8)
                self->stored = record_get_u64(value.data);
            else
                status = marks[i] == 'K' ? load_kind(self, key, value) : load_shape(self, key, value);
        }
        if (status == MST_OK)
            status = ops->status(cursor);
    }
    ops->cursor_close(cursor);
    self->applied = self->stored;
    return status;
}

/* Life ------------------------------------------------------------------------------------------------- */

static mst_status
open_once(directory **opened, const char *dir)
{
    directory *self = mst_alloc(sizeof *self);
    *self = (directory){.pending = pending_new()};
    mst_status status = MST_OK;
    if (dir[0] == 0)
        self->store = store_memory_open();
    else
        status = store_rocksdb_open(&self->store, dir);
    if (status == MST_OK)
        status = load(self);
    *opened = self;
    if (status != MST_OK)
        directory_close(opened);
    return status;
}

mst_status
directory_open(directory **opened, const char *dir)
{
    mst_status status = open_once(opened, dir);
    if (status != MST_CORRUPT)
        return status;
    mst_log(MST_LOG_WARN, "directory damaged: it is built again from the log", NULL);
    status = store_rocksdb_delete(dir);
    return status == MST_OK ? open_once(opened, dir) : status;
}

void
directory_close(directory **opened)
{
    directory *self = *opened;
    if (self == NULL)
        return;
    store_close(&self->store);
    pending_destroy(&self->pending);
    for (size_t i = 0; i < self->kinds_count; i++) {
        free(self->kinds[i].name);
        free(self->kinds[i].batch_id);
    }
    free(self->kinds);
    for (size_t i = 0; i < self->shapes_count; i++) {
        for (uint32_t field = 0; field < self->shapes[i].fields_count; field++)
            free(self->shapes[i].fields[field]);
        free(self->shapes[i].fields);
        free(self->shapes[i].map);
    }
    free(self->shapes);
    free(self);
    *opened = NULL;
}

uint64_t
directory_position(const directory *self)
{
    return self->stored;
}

uint64_t
directory_applied(const directory *self)
{
    return self->applied;
}

size_t
directory_pending(const directory *self)
{
    return pending_count(self->pending);
}

/* Writing ---------------------------------------------------------------------------------------------- */

/* N of an id "BN-..", 0: not of that form. */
static uint64_t
maker_of(const char *id, size_t id_size)
{
    uint64_t number = 0;
    if (id_size < 4 || id[0] != 'B')
        return 0;
    for (size_t i = 1; i < id_size && i < 12; i++) {
        if (id[i] == '-')
            return number;
        if (id[i] < '0' || id[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(id[i] - '0');
    }
    return 0;
}

static void
note_maker(kind_entry *kind, const directory_record *record)
{
    size_t size = record->batch_id.size;
    if (record->id_size > size && memcmp(record->id, record->batch_id.data, size) == 0 && record->id[size] == '-')
        return; // its own, as nearly always
    uint64_t maker = maker_of(record->id, record->id_size);
    if (maker > kind->state.made_elsewhere)
        kind->state.made_elsewhere = maker;
}

/* A bit per record; no bits: none. */
static bool
marked(ProtobufCBinaryData bits, uint32_t row)
{
    return bits.len > 0 && (bits.data[row / 8] >> (row % 8) & 1) != 0;
}

static bool
fits(const Muster__V1__RecordsChanged *changed)
{
    const Muster__V1__Rows *rows = changed->rows;
    return rows != NULL && mst_rows_ok(rows) && rows->columns == changed->n_fields && rows->columns > 0 &&
           changed->n_versions == rows->rows &&
           (changed->deleted.len == 0 || changed->deleted.len >= (rows->rows + 7) / 8) &&
           (changed->restored.len == 0 || changed->restored.len >= (rows->rows + 7) / 8) &&
           strlen(changed->batch_id) <= UINT8_MAX;
}

mst_status
directory_apply(directory *self, uint64_t seq, uint64_t stream_version, const Muster__V1__RecordsChanged *changed)
{
    if (seq <= self->applied)
        return MST_SEEN;
    if (!fits(changed))
        return MST_INVALID;
    int kind = kind_find(self, changed->kind);
    if (kind < 0)
        kind = self->kinds_count < KINDS_MAX ? kind_add(self, changed->kind) : -1;
    int shape = kind < 0 ? -1 : shape_find(self, kind, changed->fields + 1, changed->n_fields - 1);
    if (kind >= 0 && shape < 0)
        shape =
            self->shapes_count < SHAPES_MAX ? shape_add(self, kind, changed->fields + 1, changed->n_fields - 1) : -1;
    if (shape < 0)
        return MST_LIMIT;

    const Muster__V1__Rows *rows = changed->rows;
    mst_slice batch = {(const uint8_t *)changed->batch_id, strlen(changed->batch_id)};
    for (uint32_t row = 0; row < rows->rows; row++) {
        bool deleted = marked(changed->deleted, row);
        directory_record record = {.version = changed->versions[row],
                                   .seq = seq,
                                   .batch_id = batch,
                                   .deleted = deleted,
                                   .shape = (uint16_t)shape};
        record.id = mst_rows_cell(rows, row, 0, &record.id_size);
        if (record.id_size == 0 || record.id_size > DIRECTORY_ID_SIZE_MAX || record.version == 0)
            continue; // export never writes such; what the log holds all the same is not served
        if (deleted)
            self->kinds[kind].state.records--;
        else if (record.version == 1 || marked(changed->restored, row))
            self->kinds[kind].state.records++;
        note_maker(&self->kinds[kind], &record);
        pending_add(self->pending, (uint16_t)kind, &record, rows, row);
    }
    kind_entry *entry = &self->kinds[kind];
    if (strcmp(entry->batch_id, changed->batch_id) != 0) {
        free(entry->batch_id);
        entry->batch_id = mst_strdup(changed->batch_id);
    }
    entry->state.batch_id = entry->batch_id;
    entry->state.versions += rows->rows;
    entry->state.versions_size += rows->values.len;
    entry->state.batch_version = stream_version;
    entry->state.seq = seq;
    entry->changed = true;
    self->applied = seq;
    return pending_size(self->pending) >= DIRECTORY_PENDING_SIZE_MAX ? directory_flush(self) : MST_OK;
}

mst_status
directory_flush(directory *self)
{
    if (self->applied == self->stored)
        return MST_OK;
    mst_arena *arena = mst_arena_new(0);
    size_t records = pending_count(self->pending);
    store_entry *entries = mst_alloc((1 + self->kinds_count + self->shapes_count + records) * sizeof *entries);
    size_t count = 0;
    uint8_t position[8];
    record_put_u64(position, self->applied);
    entries[count++] = (store_entry){{(const uint8_t *)"A", 1}, {position, sizeof position}};
    size_t first_kind = count;
    for (size_t i = 0; i < self->kinds_count; i++)
        if (self->kinds[i].changed)
            entries[count++] = kind_row(self, arena, i);
    for (size_t i = first_kind + 1; i < count; i++) // kinds are few: by insertion, in order of name
        for (size_t at = i; at > first_kind && store_compare(entries[at - 1].key, entries[at].key) > 0; at--) {
            store_entry swap = entries[at];
            entries[at] = entries[at - 1];
            entries[at - 1] = swap;
        }
    count += pending_sorted(self->pending, entries + count);
    for (size_t i = 0; i < self->shapes_count; i++)
        if (self->shapes[i].changed)
            entries[count++] = shape_row(self, arena, i);

    mst_status status = store_write(self->store, entries, count);
    if (status == MST_OK) {
        self->stored = self->applied;
        pending_reset(self->pending);
        for (size_t i = 0; i < self->kinds_count; i++)
            self->kinds[i].changed = false;
        for (size_t i = 0; i < self->shapes_count; i++)
            self->shapes[i].changed = false;
    }
    free(entries);
    mst_arena_destroy(&arena);
    return status;
}

/* Reading ---------------------------------------------------------------------------------------------- */

mst_status
directory_fetch_as_of(directory *self, const char *kind, uint64_t as_of, directory_record *records, size_t count,
                      mst_arena *arena)
{
    int at = kind_find(self, kind);
    mst_status status = directory_flush(self);
    for (size_t i = 0; at < 0 && i < count; i++)
        records[i].version = 0;
    if (status != MST_OK || at < 0)
        return status;
    return lookup_fetch(self->store, (uint16_t)at, self->kinds[at].state.records, as_of, records, count, arena);
}

mst_status
directory_fetch(directory *self, const char *kind, directory_record *records, size_t count, mst_arena *arena)
{
    return directory_fetch_as_of(self, kind, UINT64_MAX, records, count, arena);
}

mst_status
directory_history(directory *self, const char *kind, const char *id, size_t id_size, mst_arena *arena,
                  directory_record **records, size_t *count)
{
    *records = NULL;
    *count = 0;
    int at = kind_find(self, kind);
    mst_status status = directory_flush(self);
    if (status != MST_OK || at < 0 || id_size > DIRECTORY_ID_SIZE_MAX)
        return status;
    return lookup_history(self->store, (uint16_t)at, id, id_size, arena, records, count);
}

mst_status
directory_scan(directory *self, const char *kind, const char *after_id, directory_visit visit, void *context)
{
    int at = kind_find(self, kind);
    mst_status status = directory_flush(self);
    if (status != MST_OK || at < 0)
        return status;
    return lookup_scan(self->store, (uint16_t)at, after_id, false, visit, context);
}

mst_status
directory_scan_versions(directory *self, const char *kind, directory_visit visit, void *context)
{
    int at = kind_find(self, kind);
    mst_status status = directory_flush(self);
    if (status != MST_OK || at < 0)
        return status;
    return lookup_scan(self->store, (uint16_t)at, "", true, visit, context);
}

static void
map_shape(shape_entry *shape, const Muster__V1__Kind *kind)
{
    shape->map = mst_realloc(shape->map, (kind->n_fields + 1) * sizeof *shape->map);
    for (size_t field = 0; field < kind->n_fields; field++) {
        shape->map[field] = -1;
        for (uint32_t i = 0; i < shape->fields_count; i++)
            if (strcmp(shape->fields[i], kind->fields[field]->name) == 0)
                shape->map[field] = (int)i;
    }
    shape->mapped_for = kind;
}

void
directory_cells(const directory *self, const directory_record *record, const Muster__V1__Kind *kind, mst_slice *cells)
{
    mst_slice stored[DIRECTORY_COLUMNS_MAX];
    shape_entry *shape = record->shape < self->shapes_count ? &self->shapes[record->shape] : NULL;
    if (shape == NULL || shape->fields_count > DIRECTORY_COLUMNS_MAX ||
        !record_split(record->lengths_and_values, stored, shape->fields_count)) {
        memset(cells, 0, kind->n_fields * sizeof *cells);
        return;
    }
    if (shape->mapped_for != kind)
        map_shape(shape, kind);
    for (size_t field = 0; field < kind->n_fields; field++)
        cells[field] = shape->map[field] < 0 ? (mst_slice){0} : stored[shape->map[field]];
}
