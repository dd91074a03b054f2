/* lookups.c - see lookups.h. */
#include "services/export/lookups.h"

#include "proto/rows.h"
#include "services/export/fold.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define BUCKETS_MIN 64u
#define LOOK_BACK 8u /* entries looked at before a record that changed is entered again */
#define READ_AT_ONCE 256u
#define FEW 4u /* records that one of many questions may be about */
#define ID_FIELD "id"

typedef struct entry {
    uint64_t hash;
    uint32_t next;  /* with the same bucket */
    uint32_t id_at; /* in ids: a byte of size, then the id */
} entry;

typedef struct lookup_index {
    char *kind;
    char **fields;
    size_t fields_count;
    uint64_t asked; /* when last, by count of questions */
    entry *entries;
    uint32_t count, room;
    uint32_t *buckets;
    uint32_t buckets_count; /* a power of two */
    uint8_t *ids;
    size_t ids_size, ids_room;
} lookup_index;

struct lookups {
    directory *directory;
    lookup_index *indexes[LOOKUPS_MAX];
    size_t count;
    uint64_t questions;
    mst_arena *scratch;
};

/* Life ------------------------------------------------------------------------------------------------- */

lookups *
lookups_new(directory *of)
{
    lookups *self = mst_alloc(sizeof *self);
    *self = (lookups){.directory = of, .scratch = mst_arena_new(0)};
    return self;
}

static void
index_free(lookup_index *index)
{
    for (size_t i = 0; i < index->fields_count; i++)
        free(index->fields[i]);
    free(index->fields);
    free(index->kind);
    free(index->entries);
    free(index->buckets);
    free(index->ids);
    free(index);
}

void
lookups_destroy(lookups **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        index_free((*self)->indexes[i]);
    mst_arena_destroy(&(*self)->scratch);
    free(*self);
    *self = NULL;
}

void
lookups_forget(lookups *self, const char *kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->indexes[i]->kind, kind) == 0)
            index_free(self->indexes[i]);
        else
            self->indexes[kept++] = self->indexes[i];
    self->count = kept;
}

/* Entering --------------------------------------------------------------------------------------------- */

static uint64_t
hash_of(mst_arena *scratch, const mst_slice *values, size_t count)
{
    const uint64_t factor = 0x9E3779B97F4A7C15u;
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        mst_slice folded = export_fold(scratch, values[i]);
        hash = (hash ^ folded.size) * factor;
        for (size_t at = 0; at < folded.size; at += 8) {
            uint64_t word = 0;
            memcpy(&word, folded.data + at, folded.size - at < 8 ? folded.size - at : 8);
            hash = (hash ^ word) * factor;
            hash ^= hash >> 29;
        }
    }
    hash *= factor;
    return hash ^ hash >> 32;
}

static bool
all_blank(mst_arena *scratch, const mst_slice *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].size > 0 && export_fold(scratch, values[i]).size > 0)
            return false;
    return true;
}

static void
index_grow(lookup_index *index)
{
    index->buckets_count = index->buckets_count == 0 ? BUCKETS_MIN : index->buckets_count * 2;
    index->buckets = mst_realloc(index->buckets, index->buckets_count * sizeof *index->buckets);
    memset(index->buckets, 0xff, index->buckets_count * sizeof *index->buckets);
    for (uint32_t i = 0; i < index->count; i++) {
        uint32_t *bucket = &index->buckets[index->entries[i].hash & (index->buckets_count - 1)];
        index->entries[i].next = *bucket;
        *bucket = i;
    }
}

static mst_slice
index_id(const lookup_index *index, const entry *one)
{
    return (mst_slice){index->ids + one->id_at + 1, index->ids[one->id_at]};
}

static void
index_add(lookups *self, lookup_index *index, const mst_slice *values, mst_slice id)
{
    if (id.size == 0 || id.size > DIRECTORY_ID_SIZE_MAX || all_blank(self->scratch, values, index->fields_count))
        return;
    if (index->count == index->buckets_count)
        index_grow(index);
    uint64_t hash = hash_of(self->scratch, values, index->fields_count);
    uint32_t *bucket = &index->buckets[hash & (index->buckets_count - 1)];
    uint32_t at = *bucket;
    for (uint32_t looked = 0; at != NONE && looked < LOOK_BACK; looked++, at = index->entries[at].next)
        if (index->entries[at].hash == hash && export_same(index_id(index, &index->entries[at]), id))
            return; // changed, but not in these fields
    if (index->count == index->room) {
        index->room = index->room == 0 ? BUCKETS_MIN : index->room * 2;
        index->entries = mst_realloc(index->entries, index->room * sizeof *index->entries);
    }
    if (index->ids_size + id.size + 1 > index->ids_room) {
        index->ids_room = index->ids_room == 0 ? 4096 : index->ids_room * 2;
        index->ids = mst_realloc(index->ids, index->ids_room);
    }
    assert(index->ids_size + id.size < NONE);
    index->entries[index->count] = (entry){hash, *bucket, (uint32_t)index->ids_size};
    *bucket = index->count++;
    index->ids[index->ids_size++] = (uint8_t)id.size;
    memcpy(index->ids + index->ids_size, id.data, id.size);
    index->ids_size += id.size;
}

static bool
is_deleted(const Muster__V1__RecordsChanged *changed, uint32_t row)
{
    return changed->deleted.len > row / 8 && (changed->deleted.data[row / 8] >> (row % 8) & 1) != 0;
}

static void
index_apply(lookups *self, lookup_index *index, const Muster__V1__RecordsChanged *changed)
{
    int *columns = mst_alloc(index->fields_count * sizeof *columns);
    mst_slice *values = mst_alloc(index->fields_count * sizeof *values);
    for (size_t i = 0; i < index->fields_count; i++) {
        columns[i] = strcmp(index->fields[i], ID_FIELD) == 0 ? 0 : -1;
        for (size_t at = 1; columns[i] < 0 && at < changed->n_fields; at++)
            if (strcmp(index->fields[i], changed->fields[at]) == 0)
                columns[i] = (int)at;
    }
    for (uint32_t row = 0; row < changed->rows->rows; row++) {
        if (is_deleted(changed, row))
            continue;
        mst_slice id;
        id.data = (const uint8_t *)mst_rows_cell(changed->rows, row, 0, &id.size);
        for (size_t i = 0; i < index->fields_count; i++) {
            values[i] = (mst_slice){NULL, 0};
            if (columns[i] >= 0)
                values[i].data =
                    (const uint8_t *)mst_rows_cell(changed->rows, row, (uint32_t)columns[i], &values[i].size);
        }
        index_add(self, index, values, id);
        mst_arena_reset(self->scratch);
    }
    free(columns);
    free(values);
}

void
lookups_apply(lookups *self, const Muster__V1__RecordsChanged *changed)
{
    if (changed->rows == NULL || !mst_rows_ok(changed->rows) || changed->rows->columns != changed->n_fields ||
        changed->n_fields == 0)
        return; // not in the directory either
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->indexes[i]->kind, changed->kind) == 0)
            index_apply(self, self->indexes[i], changed);
}

/* Building --------------------------------------------------------------------------------------------- */

/* Where the fields of a question stand: a column of the kind, COLUMN_ID, or COLUMN_NONE. */
#define COLUMN_ID (-2)
#define COLUMN_NONE (-1)

typedef struct question {
    lookups *self;
    const Muster__V1__Kind *kind;
    size_t count;
    int *columns;
    mst_slice *cells; /* all of one record */
    mst_slice *found; /* those asked about */
    lookup_index *index;
} question;

static question
question_of(lookups *self, const Muster__V1__Kind *kind, char *const *fields, size_t count, mst_arena *arena)
{
    question asked = {.self = self, .kind = kind, .count = count};
    asked.columns = mst_arena_alloc(arena, (count + 1) * sizeof *asked.columns);
    asked.found = mst_arena_alloc(arena, (count + 1) * sizeof *asked.found);
    asked.cells = mst_arena_alloc(arena, (kind->n_fields + 1) * sizeof *asked.cells);
    for (size_t i = 0; i < count; i++) {
        asked.columns[i] = strcmp(fields[i], ID_FIELD) == 0 ? COLUMN_ID : COLUMN_NONE;
        for (size_t at = 0; asked.columns[i] == COLUMN_NONE && at < kind->n_fields; at++)
            if (strcmp(kind->fields[at]->name, fields[i]) == 0)
                asked.columns[i] = (int)at;
    }
    return asked;
}

static void
question_read(question *asked, const directory_record *record)
{
    directory_cells(asked->self->directory, record, asked->kind, asked->cells);
    for (size_t i = 0; i < asked->count; i++)
        asked->found[i] = asked->columns[i] == COLUMN_ID ? (mst_slice){(const uint8_t *)record->id, record->id_size}
                          : asked->columns[i] >= 0       ? asked->cells[asked->columns[i]]
                                                         : (mst_slice){NULL, 0};
}

static bool
build_visit(void *context, const directory_record *record)
{
    question *asked = context;
    if (!record->deleted) {
        question_read(asked, record);
        index_add(asked->self, asked->index, asked->found, (mst_slice){(const uint8_t *)record->id, record->id_size});
        mst_arena_reset(asked->self->scratch);
    }
    return true;
}

static bool
index_is(const lookup_index *index, const char *kind, char *const *fields, size_t count)
{
    if (strcmp(index->kind, kind) != 0 || index->fields_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(index->fields[i], fields[i]) != 0)
            return false;
    return true;
}

static size_t
place_for_index(lookups *self)
{
    if (self->count < LOOKUPS_MAX)
        return self->count++;
    size_t oldest = 0;
    for (size_t i = 1; i < self->count; i++)
        if (self->indexes[i]->asked < self->indexes[oldest]->asked)
            oldest = i;
    index_free(self->indexes[oldest]);
    return oldest;
}

static mst_status
index_of(question *asked, char *const *fields, lookup_index **found)
{
    lookups *self = asked->self;
    self->questions++;
    for (size_t i = 0; i < self->count; i++)
        if (index_is(self->indexes[i], asked->kind->name, fields, asked->count)) {
            *found = self->indexes[i];
            (*found)->asked = self->questions;
            return MST_OK;
        }
    lookup_index *index = mst_alloc(sizeof *index);
    *index =
        (lookup_index){.kind = mst_strdup(asked->kind->name), .fields_count = asked->count, .asked = self->questions};
    index->fields = mst_alloc((asked->count + 1) * sizeof *index->fields);
    for (size_t i = 0; i < asked->count; i++)
        index->fields[i] = mst_strdup(fields[i]);
    index_grow(index);
    asked->index = index;
    mst_status status = directory_scan_versions(self->directory, asked->kind->name, build_visit, asked);
    if (status != MST_OK) {
        index_free(index);
        return status;
    }
    self->indexes[place_for_index(self)] = index;
    *found = index;
    return MST_OK;
}

/* Asking ----------------------------------------------------------------------------------------------- */

/* Records found so far, those with the values to the byte apart from those that only fold to them. */
typedef struct finding {
    const mst_slice *values, *folded;
    size_t max;
    mst_arena *arena;
    directory_record *records[2];
    size_t given[2], found[2];
} finding;

static void
take(finding *self, const question *asked, const directory_record *record)
{
    bool same = true, folds = true;
    for (size_t i = 0; i < asked->count && folds; i++) {
        same = same && export_same(asked->found[i], self->values[i]);
        folds = same || export_same(export_fold(asked->self->scratch, asked->found[i]), self->folded[i]);
    }
    if (!folds)
        return;
    size_t list = same ? 0 : 1;
    self->found[list]++;
    if (self->given[list] == self->max)
        return;
    directory_record *kept = &self->records[list][self->given[list]++];
    *kept = *record;
    kept->id = mst_arena_strndup(self->arena, record->id, record->id_size);
    kept->batch_id = mst_arena_slice(self->arena, record->batch_id);
    kept->lengths_and_values = mst_arena_slice(self->arena, record->lengths_and_values);
}

static int
compare_records(const void *left, const void *right)
{
    const directory_record *a = left, *b = right;
    int order = memcmp(a->id, b->id, a->id_size < b->id_size ? a->id_size : b->id_size);
    return order != 0 ? order : (a->id_size > b->id_size) - (a->id_size < b->id_size);
}

/* The ids that the index names, ascending, each once. */
static directory_record *
candidates_of(const lookup_index *index, uint64_t hash, mst_arena *arena, size_t *count)
{
    size_t all = 0, kept = 0;
    uint32_t first = index->buckets[hash & (index->buckets_count - 1)];
    for (uint32_t at = first; at != NONE; at = index->entries[at].next)
        all += index->entries[at].hash == hash;
    directory_record *records = mst_arena_alloc(arena, (all + 1) * sizeof *records);
    all = 0;
    for (uint32_t at = first; at != NONE; at = index->entries[at].next)
        if (index->entries[at].hash == hash) {
            mst_slice id = index_id(index, &index->entries[at]);
            records[all].id = (const char *)id.data;
            records[all++].id_size = id.size;
        }
    if (all > 1)
        qsort(records, all, sizeof *records, compare_records);
    for (size_t i = 0; i < all; i++)
        if (kept == 0 || compare_records(&records[kept - 1], &records[i]) != 0)
            records[kept++] = records[i];
    *count = kept;
    return records;
}

static mst_status
read_candidates(question *asked, uint64_t as_of, directory_record *candidates, size_t count, finding *found)
{
    mst_status status = MST_OK;
    mst_arena *values = mst_arena_new(0);
    for (size_t at = 0; at < count && status == MST_OK; at += READ_AT_ONCE) {
        size_t some = count - at < READ_AT_ONCE ? count - at : READ_AT_ONCE;
        status = directory_fetch_as_of(asked->self->directory, asked->kind->name, as_of, candidates + at, some, values);
        for (size_t i = at; status == MST_OK && i < at + some; i++) {
            if (candidates[i].version == 0 || candidates[i].deleted)
                continue;
            question_read(asked, &candidates[i]);
            take(found, asked, &candidates[i]);
        }
        mst_arena_reset(values);
    }
    mst_arena_destroy(&values);
    return status;
}

static void
make_room(finding *self, size_t max)
{
    self->max = max;
    for (size_t i = 0; i < 2; i++)
        self->records[i] = mst_arena_alloc(self->arena, (max + 1) * sizeof *self->records[i]);
}

/* An id is looked for as it is first: that takes no index. */
static mst_status
find_by_id(question *asked, uint64_t as_of, finding *found)
{
    const mst_slice *id = &found->values[0];
    if (asked->count != 1 || asked->columns[0] != COLUMN_ID || id->size > DIRECTORY_ID_SIZE_MAX)
        return MST_OK;
    directory_record one = {.id = (const char *)id->data, .id_size = id->size};
    return read_candidates(asked, as_of, &one, 1, found);
}

mst_status
lookups_find_as_of(lookups *self, uint64_t as_of, const Muster__V1__Kind *kind, char *const *fields, size_t count,
                   const mst_slice *values, size_t max, mst_arena *arena, directory_record **records, size_t *given,
                   size_t *found)
{
    *records = NULL;
    *given = *found = 0;
    if (all_blank(self->scratch, values, count))
        return MST_OK;
    mst_slice *folded = mst_arena_alloc(arena, count * sizeof *folded);
    for (size_t i = 0; i < count; i++)
        folded[i] = export_fold(arena, values[i]);
    finding all = {.values = values, .folded = folded, .arena = arena};
    question asked = question_of(self, kind, fields, count, arena);
    size_t unread = 0;
    make_room(&all, max < 1 ? max : 1);
    mst_status status = find_by_id(&asked, as_of, &all);
    if (status == MST_OK && all.found[0] == 0) {
        lookup_index *index = NULL;
        status = index_of(&asked, fields, &index);
        if (status != MST_OK)
            return status;
        size_t candidates_count = 0;
        uint64_t hash = hash_of(self->scratch, values, count);
        directory_record *candidates = candidates_of(index, hash, arena, &candidates_count);
        unread = candidates_count > LOOKUPS_READ_MAX ? candidates_count - LOOKUPS_READ_MAX : 0;
        make_room(&all, max < candidates_count ? max : candidates_count);
        if (candidates_count > 0)
            status = read_candidates(&asked, as_of, candidates, candidates_count - unread, &all);
    }
    size_t list = all.found[0] > 0 ? 0 : 1;
    *records = all.records[list];
    *given = all.given[list];
    *found = all.found[list] + unread;
    mst_arena_reset(self->scratch);
    return status;
}

mst_status
lookups_find(lookups *self, const Muster__V1__Kind *kind, char *const *fields, size_t count, const mst_slice *values,
             size_t max, mst_arena *arena, directory_record **records, size_t *given, size_t *found)
{
    return lookups_find_as_of(self, LOOKUPS_NOW, kind, fields, count, values, max, arena, records, given, found);
}

/* A record that one of many questions may be about. */
typedef struct sought {
    directory_record record;
    size_t question;
} sought;

static int
compare_sought(const void *left, const void *right)
{
    return compare_records(&((const sought *)left)->record, &((const sought *)right)->record);
}

/* What the index names for each question; blank ones, and those of which it knows nothing, are answered. */
static size_t
seek_many(lookups *self, const lookup_index *index, size_t count, lookups_question *questions, size_t questions_count,
          sought *all, mst_arena *arena)
{
    size_t named = 0;
    for (size_t i = 0; i < questions_count; i++) {
        lookups_question *one = &questions[i];
        size_t candidates_count = 0;
        directory_record *candidates = NULL;
        if (!all_blank(self->scratch, one->values, count))
            candidates = candidates_of(index, hash_of(self->scratch, one->values, count), arena, &candidates_count);
        one->found = 0;
        one->answered = candidates_count <= FEW;
        for (size_t at = 0; at < candidates_count && one->answered; at++)
            all[named++] = (sought){candidates[at], i};
        mst_arena_reset(self->scratch);
    }
    qsort(all, named, sizeof *all, compare_sought);
    return named;
}

static finding *
findings_of(size_t count, const lookups_question *questions, size_t questions_count, mst_arena *arena)
{
    finding *all = mst_arena_alloc(arena, (questions_count + 1) * sizeof *all);
    for (size_t i = 0; i < questions_count; i++) {
        mst_slice *folded = mst_arena_alloc(arena, count * sizeof *folded);
        for (size_t at = 0; at < count; at++)
            folded[at] = export_fold(arena, questions[i].values[at]);
        all[i] = (finding){.values = questions[i].values, .folded = folded, .arena = arena};
        make_room(&all[i], 1);
    }
    return all;
}

mst_status
lookups_find_many(lookups *self, uint64_t as_of, const Muster__V1__Kind *kind, char *const *fields, size_t count,
                  lookups_question *questions, size_t questions_count, mst_arena *arena)
{
    question asked = question_of(self, kind, fields, count, arena);
    lookup_index *index = NULL;
    for (size_t i = 0; i < questions_count; i++)
        questions[i].answered = false;
    if (questions_count == 0 || (count == 1 && asked.columns[0] == COLUMN_ID))
        return MST_OK;
    mst_status status = index_of(&asked, fields, &index);
    if (status != MST_OK)
        return status;
    sought *all = mst_arena_alloc(arena, (questions_count * FEW + 1) * sizeof *all);
    size_t named = seek_many(self, index, count, questions, questions_count, all, arena), distinct = 0;
    directory_record *records = mst_arena_alloc(arena, (named + 1) * sizeof *records);
    for (size_t i = 0; i < named; i++)
        if (i == 0 || compare_sought(&all[i - 1], &all[i]) != 0)
            records[distinct++] = all[i].record;
    finding *found = findings_of(count, questions, questions_count, arena);
    status = directory_fetch_as_of(self->directory, kind->name, as_of, records, distinct, arena);
    for (size_t i = 0, at = 0; status == MST_OK && i < named; i++) {
        at += i > 0 && compare_sought(&all[i - 1], &all[i]) != 0;
        if (records[at].version == 0 || records[at].deleted)
            continue;
        question_read(&asked, &records[at]);
        take(&found[all[i].question], &asked, &records[at]);
    }
    for (size_t i = 0; i < questions_count; i++) {
        size_t list = found[i].found[0] > 0 ? 0 : 1;
        questions[i].found = found[i].found[list];
        if (found[i].given[list] > 0)
            questions[i].record = found[i].records[list][0];
    }
    mst_arena_reset(self->scratch);
    return status;
}

mst_status
lookups_may_find(lookups *self, const Muster__V1__Kind *kind, char *const *fields, size_t count,
                 const mst_slice *values, bool *may)
{
    *may = false;
    lookup_index *index = NULL;
    for (size_t i = 0; i < self->count && index == NULL; i++)
        if (index_is(self->indexes[i], kind->name, fields, count))
            index = self->indexes[i];
    if (index == NULL) {
        mst_arena *arena = mst_arena_new(0);
        question asked = question_of(self, kind, fields, count, arena);
        mst_status status = index_of(&asked, fields, &index);
        mst_arena_destroy(&arena);
        if (status != MST_OK)
            return status;
    }
    uint64_t hash = hash_of(self->scratch, values, count);
    uint32_t at = index->buckets[hash & (index->buckets_count - 1)];
    while (at != NONE && index->entries[at].hash != hash)
        at = index->entries[at].next;
    *may = at != NONE;
    mst_arena_reset(self->scratch);
    return MST_OK;
}
