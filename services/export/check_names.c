/* check_names.c - see check_names.h. */
#include "services/export/check_names.h"

#include "proto/rows.h"
#include "services/export/fold.h"
#include "services/export/periods.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 1024u

typedef struct slot {
    uint64_t hash;
    uint32_t number;
    mst_slice *values; /* NULL: free */
    named *found;
} slot;

struct check_names {
    const check_plan *plan;
    directory *of;
    lookups *among;
    uint64_t as_of;
    mst_arena *kept, *scratch;
    slot *slots;
    size_t count, room; /* room: a power of two */
};

check_names *
check_names_new(const check_plan *plan, directory *of, lookups *among, uint64_t as_of)
{
    check_names *self = mst_alloc(sizeof *self);
    *self = (check_names){.plan = plan, .of = of, .among = among, .as_of = as_of};
    self->kept = mst_arena_new(0);
    self->scratch = mst_arena_new(0);
    return self;
}

void
check_names_destroy(check_names **self)
{
    if (*self == NULL)
        return;
    mst_arena_destroy(&(*self)->kept);
    mst_arena_destroy(&(*self)->scratch);
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

/* Makes room. */
static void
tidy(check_names *self)
{
    if (mst_arena_used(self->kept) < CHECK_NAMES_SIZE_MAX)
        return;
    mst_arena_reset(self->kept);
    if (self->room > 0)
        memset(self->slots, 0, self->room * sizeof *self->slots);
    self->count = 0;
}

static uint64_t
hash_of(size_t number, const mst_slice *values, size_t count)
{
    uint64_t hash = 14695981039346656037u ^ number;
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < values[i].size; at++)
            hash = (hash ^ values[i].data[at]) * 1099511628211u;
        hash = (hash ^ 0x100) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

static slot *
place_of(const check_names *self, uint64_t hash, size_t number, const mst_slice *values, size_t count)
{
    for (size_t at = hash;; at++) {
        slot *one = &self->slots[at & (self->room - 1)];
        if (one->values == NULL)
            return one;
        bool same = one->hash == hash && one->number == number;
        for (size_t i = 0; i < count && same; i++)
            same = export_same(one->values[i], values[i]);
        if (same)
            return one;
    }
}

static void
grow(check_names *self)
{
    size_t room = self->room == 0 ? SLOTS_MIN : self->room * 2;
    slot *old = self->slots;
    size_t old_room = self->room;
    self->slots = mst_alloc(room * sizeof *self->slots);
    memset(self->slots, 0, room * sizeof *self->slots);
    self->room = room;
    for (size_t i = 0; i < old_room; i++)
        for (size_t at = old[i].hash; old[i].values != NULL; at++)
            if (self->slots[at & (room - 1)].values == NULL) {
                self->slots[at & (room - 1)] = old[i];
                break;
            }
    free(old);
}

/* Remembers the one record that is named. */
static void
know(check_names *self, const check_reference *by, const directory_record *record, named *found)
{
    mst_slice *cells = mst_arena_alloc(self->scratch, (by->kind->n_fields + 1) * sizeof *cells);
    directory_cells(self->of, record, by->kind, cells);
    found->id = mst_arena_slice(self->kept, (mst_slice){(const uint8_t *)record->id, record->id_size});
    found->values = mst_arena_alloc(self->kept, (by->count + 1) * sizeof *found->values);
    for (size_t i = 0; i < by->count; i++) {
        int column = periods_column(by->kind, by->kind_fields[i]);
        found->values[i] = strcmp(by->kind_fields[i], "id") == 0 ? found->id
                           : column < 0                          ? (mst_slice){NULL, 0}
                                                                 : mst_arena_slice(self->kept, cells[column]);
    }
}

/* Asks the directory. */
static mst_status
ask(check_names *self, const check_reference *by, const mst_slice *values, named *found)
{
    directory_record *records = NULL;
    size_t given = 0;
    if (by->kind == NULL)
        return MST_OK; // not declared: it has no records
    mst_status status = lookups_find_as_of(self->among, self->as_of, by->kind, by->kind_fields, by->count, values, 1,
                                           self->scratch, &records, &given, &found->found);
    if (status == MST_OK && found->found == 1)
        know(self, by, &records[0], found);
    return status;
}

/* The place of these values, with nothing found yet where they are new. NULL: all are blank. */
static slot *
enter(check_names *self, size_t number, const mst_slice *values)
{
    size_t count = self->plan->references[number].count;
    bool blank = true;
    for (size_t i = 0; i < count && blank; i++)
        blank = values[i].size == 0;
    if (blank)
        return NULL;
    if (self->count * 2 >= self->room)
        grow(self);
    uint64_t hash = hash_of(number, values, count);
    slot *one = place_of(self, hash, number, values, count);
    if (one->values != NULL)
        return one;
    *one = (slot){.hash = hash, .number = (uint32_t)number};
    one->values = mst_arena_alloc(self->kept, count * sizeof *one->values);
    for (size_t i = 0; i < count; i++)
        one->values[i] = mst_arena_slice(self->kept, values[i]);
    self->count++;
    return one;
}

/* The values of one reference in a whole chunk that were not asked for yet. */
static mst_status
ask_many(check_names *self, size_t number, const Muster__V1__Rows *rows)
{
    const check_reference *by = &self->plan->references[number];
    lookups_question *asked = mst_arena_alloc(self->scratch, (rows->rows + 1) * sizeof *asked);
    mst_slice *values = mst_arena_alloc(self->scratch, (by->count + 1) * sizeof *values);
    size_t count = 0;
    for (uint32_t row = 0; row < rows->rows; row++) {
        for (size_t i = 0; i < by->count; i++)
            values[i].data = (const uint8_t *)mst_rows_cell(rows, row, (uint32_t)by->columns[i], &values[i].size);
        size_t before = self->count;
        const slot *one = enter(self, number, values);
        if (self->count > before)
            asked[count++].values = one->values;
    }
    mst_status status =
        lookups_find_many(self->among, self->as_of, by->kind, by->kind_fields, by->count, asked, count, self->scratch);
    for (size_t i = 0; i < count && status == MST_OK; i++) {
        if (!asked[i].answered)
            continue;
        named *new = mst_arena_alloc(self->kept, sizeof *new);
        new->found = asked[i].found;
        if (new->found == 1)
            know(self, by, &asked[i].record, new);
        enter(self, number, asked[i].values)->found = new;
    }
    return status;
}

mst_status
check_names_begin(check_names *self, const Muster__V1__Rows *rows)
{
    mst_status status = MST_OK;
    tidy(self);
    for (size_t i = 0; i < self->plan->references_count && status == MST_OK; i++) {
        if (self->plan->references[i].kind != NULL)
            status = ask_many(self, i, rows);
        mst_arena_reset(self->scratch);
    }
    return status;
}

mst_status
check_names_find(check_names *self, size_t number, const mst_slice *values, const named **found)
{
    slot *one = enter(self, number, values);
    *found = NULL;
    if (one == NULL)
        return MST_OK;
    if (one->found == NULL) {
        named *new = mst_arena_alloc(self->kept, sizeof *new);
        mst_status status = ask(self, &self->plan->references[number], values, new);
        mst_arena_reset(self->scratch);
        if (status != MST_OK)
            return status;
        one->found = new;
    }
    *found = one->found;
    return MST_OK;
}
