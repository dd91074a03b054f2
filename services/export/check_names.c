/* check_names.c - see check_names.h. */
#include "services/export/check_names.h"

#include "broker/lib/hash.h"
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

void
check_names_tidy(check_names *self)
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
    if (status != MST_OK || found->found != 1)
        return status;
    mst_slice *cells = mst_arena_alloc(self->scratch, (by->kind->n_fields + 1) * sizeof *cells);
    directory_cells(self->of, &records[0], by->kind, cells);
    found->id = mst_arena_slice(self->kept, (mst_slice){(const uint8_t *)records[0].id, records[0].id_size});
    found->values = mst_arena_alloc(self->kept, (by->count + 1) * sizeof *found->values);
    for (size_t i = 0; i < by->count; i++) {
        int column = periods_column(by->kind, by->kind_fields[i]);
        found->values[i] = strcmp(by->kind_fields[i], "id") == 0 ? found->id
                           : column < 0                          ? (mst_slice){NULL, 0}
                                                                 : mst_arena_slice(self->kept, cells[column]);
    }
    return MST_OK;
}

mst_status
check_names_find(check_names *self, size_t number, const mst_slice *values, const named **found)
{
    const check_reference *by = &self->plan->references[number];
    bool blank = true;
    for (size_t i = 0; i < by->count && blank; i++)
        blank = values[i].size == 0;
    *found = NULL;
    if (blank)
        return MST_OK;
    if (self->count * 2 >= self->room)
        grow(self);
    uint64_t hash = hash_of(number, values, by->count);
    slot *one = place_of(self, hash, number, values, by->count);
    if (one->values == NULL) {
        named *new = mst_arena_alloc(self->kept, sizeof *new);
        mst_status status = ask(self, by, values, new);
        mst_arena_reset(self->scratch);
        if (status != MST_OK)
            return status;
        *one = (slot){.hash = hash, .number = (uint32_t)number, .found = new};
        one->values = mst_arena_alloc(self->kept, by->count * sizeof *one->values);
        for (size_t i = 0; i < by->count; i++)
            one->values[i] = mst_arena_slice(self->kept, values[i]);
        self->count++;
    }
    *found = one->found;
    return MST_OK;
}
