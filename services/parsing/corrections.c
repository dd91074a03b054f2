/* corrections.c - see corrections.h.
 *
 * Corrections of the same fields share a table from the values to what is made of them, so that a row costs a look-up
 * per table whatever their number. Each has a place in the order they were made; a row is gone through in that order.
 */
#include "corrections.h"

#include "proto/rows.h"
#include "utf8.h"
#include "wrongs.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct fix {
    struct fix *next; /* of the same slot */
    uint64_t hash;
    uint32_t order; /* from 1 */
    Muster__V1__WrongKind kind;
    const char *rule; /* of WRONG_RULE, or the id of a remembered rule */
    bool remembered, dropped;
    uint32_t generation; /* of a fix for rows */
    uint32_t uses;
    csv_cell *from, *to; /* one a field of the shape */
} fix;

/* Fixes of the same fields. */
typedef struct shape {
    size_t *fields;
    size_t fields_count;
    fix **slots; /* those by value */
    size_t slots_count, count;
} shape;

typedef struct row_fix {
    uint32_t row;
    uint32_t shape;
    fix *fix;
} row_fix;

typedef struct block {
    Muster__V1__RowsCorrected *came;
    size_t *fields; /* of each column; SIZE_MAX none */
} block;

typedef struct whole {
    uint32_t row; /* 0: free */
    uint32_t at;  /* in the block */
    const block *block;
} whole;

struct corrections {
    Muster__V1__Field *const *fields;
    size_t fields_count;
    mst_arena *arena;
    shape *shapes;
    size_t shapes_count;
    fix **fixes; /* in the order they were made */
    size_t fixes_count, fixes_room;
    row_fix *row_fixes;
    size_t row_fixes_count, row_fixes_room;
    bool row_fixes_sorted;
    whole *wholes;
    size_t wholes_count, wholes_room; /* room: a power of two */
    size_t rows_size;
    uint8_t *left_out; /* a bit per row */
    size_t left_out_size;
};

corrections *
corrections_new(Muster__V1__Field *const *fields, size_t fields_count)
{
    corrections *self = mst_alloc(sizeof *self);
    *self = (corrections){.fields = fields, .fields_count = fields_count, .arena = mst_arena_new(0)};
    return self;
}

void
corrections_destroy(corrections **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->shapes_count; i++)
        free((*self)->shapes[i].slots);
    free((*self)->shapes);
    free((*self)->fixes);
    free((*self)->row_fixes);
    free((*self)->wholes);
    free((*self)->left_out);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

bool
corrections_empty(const corrections *self)
{
    return self->fixes_count == 0 && self->wholes_count == 0 && self->left_out_size == 0;
}

/* By value ----------------------------------------------------------------------------------------------- */

static uint64_t
hash_more(uint64_t hash, csv_cell cell)
{
    for (uint32_t i = 0; i < cell.size; i++)
        hash = (hash ^ cell.data[i]) * UINT64_C(1099511628211);
    hash = (hash ^ 0xFF) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

static bool
cells_equal(csv_cell a, csv_cell b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A cell as a list of wrong values shows it: cut, and without control characters. `room` has WRONG_VALUE_SHOWN + 1. */
static csv_cell
shown(csv_cell cell, char *room)
{
    bool plain = cell.size <= WRONG_VALUE_SHOWN;
    for (uint32_t i = 0; plain && i < cell.size; i++)
        plain = cell.data[i] >= ' ' && cell.data[i] != 0x7F;
    if (plain)
        return cell;
    size_t size = utf8_clean(cell.data, cell.size, room, WRONG_VALUE_SHOWN + 1);
    return (csv_cell){(const uint8_t *)room, (uint32_t)size};
}

static csv_cell
cell_of(const corrections *self, const char *text)
{
    size_t size = strlen(text);
    return (csv_cell){mst_arena_copy(self->arena, text, size + 1), (uint32_t)size};
}

static size_t
field_index(const corrections *self, const char *name)
{
    for (size_t i = 0; i < self->fields_count; i++)
        if (strcmp(self->fields[i]->name, name) == 0)
            return i;
    return SIZE_MAX;
}

/* Place of the shape with these fields; SIZE_MAX: one of them is none of ours. */
static size_t
shape_place(corrections *self, char *const *names, size_t count)
{
    size_t *fields = mst_arena_alloc(self->arena, (count + 1) * sizeof *fields);
    for (size_t i = 0; i < count; i++)
        if ((fields[i] = field_index(self, names[i])) == SIZE_MAX)
            return SIZE_MAX;
    for (size_t i = 0; i < self->shapes_count; i++)
        if (self->shapes[i].fields_count == count &&
            memcmp(self->shapes[i].fields, fields, count * sizeof *fields) == 0)
            return i;
    self->shapes = mst_realloc(self->shapes, (self->shapes_count + 1) * sizeof *self->shapes);
    self->shapes[self->shapes_count] = (shape){.fields = fields, .fields_count = count};
    return self->shapes_count++;
}

static void
shape_grow(shape *self)
{
    size_t room = self->slots_count == 0 ? 16 : self->slots_count * 4;
    fix **slots = mst_alloc(room * sizeof(fix *));
    memset(slots, 0, room * sizeof *slots);
    for (size_t i = 0; i < self->slots_count; i++)
        for (fix *at = self->slots[i], *next; at != NULL; at = next) {
            next = at->next;
            at->next = slots[at->hash & (room - 1)];
            slots[at->hash & (room - 1)] = at;
        }
    free(self->slots);
    self->slots = slots;
    self->slots_count = room;
}

static fix *
fix_new(corrections *self, const shape *of, char *const *from, char *const *to)
{
    if (self->fixes_count == self->fixes_room) {
        self->fixes_room = self->fixes_room == 0 ? 64 : 2 * self->fixes_room;
        self->fixes = mst_realloc(self->fixes, self->fixes_room * sizeof(fix *));
    }
    fix *new = mst_arena_alloc(self->arena, sizeof *new);
    memset(new, 0, sizeof *new);
    new->order = (uint32_t)self->fixes_count + 1;
    new->from = mst_arena_alloc(self->arena, (2 * of->fields_count + 1) * sizeof *new->from);
    new->to = new->from + of->fields_count;
    for (size_t i = 0; i < of->fields_count; i++) {
        new->from[i] = cell_of(self, from[i]);
        new->to[i] = cell_of(self, to[i]);
        new->hash = hash_more(new->hash, new->from[i]);
    }
    self->fixes[self->fixes_count++] = new;
    return new;
}

static void
shape_put(shape *self, fix *new)
{
    if (self->count >= self->slots_count)
        shape_grow(self);
    fix **slot = &self->slots[new->hash &(self->slots_count - 1)];
    new->next = *slot;
    *slot = new;
    self->count++;
}

/* Takes an earlier correction of the same group away. */
static void
drop_earlier(const shape *of, const Muster__V1__Correction *correction)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < correction->n_from; i++)
        hash = hash_more(hash, (csv_cell){(uint8_t *)correction->from[i], (uint32_t)strlen(correction->from[i])});
    fix *at = of->slots_count == 0 ? NULL : of->slots[hash & (of->slots_count - 1)];
    for (; at != NULL; at = at->next) {
        bool same = at->hash == hash && !at->remembered && at->kind == correction->kind &&
                    strcmp(at->rule, correction->rule) == 0;
        for (size_t i = 0; same && i < correction->n_from; i++)
            same = at->from[i].size == strlen(correction->from[i]) &&
                   memcmp(at->from[i].data, correction->from[i], at->from[i].size) == 0;
        at->dropped = at->dropped || same;
    }
}

/* SIZE_MAX: not one that can be laid over rows. */
static size_t
place_of(corrections *self, const Muster__V1__Correction *correction)
{
    size_t count = correction->n_fields;
    if (count == 0 || correction->n_from != count || (!correction->leave_out && correction->n_to != count))
        return SIZE_MAX;
    return shape_place(self, correction->fields, count);
}

static fix *
correction_new(corrections *self, const shape *of, const Muster__V1__Correction *correction)
{
    fix *new = fix_new(self, of, correction->from, correction->to);
    new->kind = correction->kind;
    new->rule = mst_arena_strdup(self->arena, correction->rule);
    return new;
}

void
corrections_add(corrections *self, const Muster__V1__Correction *correction)
{
    size_t place = place_of(self, correction);
    if (place == SIZE_MAX)
        return;
    drop_earlier(&self->shapes[place], correction);
    if (!correction->leave_out)
        shape_put(&self->shapes[place], correction_new(self, &self->shapes[place], correction));
}

void
corrections_add_rule(corrections *self, const Muster__V1__CorrectionRule *rule)
{
    size_t count = rule->n_fields;
    if (rule->off || count == 0 || rule->n_from != count || rule->n_to != count)
        return;
    size_t place = shape_place(self, rule->fields, count);
    if (place == SIZE_MAX)
        return;
    fix *new = fix_new(self, &self->shapes[place], rule->from, rule->to);
    new->rule = mst_arena_strdup(self->arena, rule->id);
    new->remembered = true;
    shape_put(&self->shapes[place], new);
}

/* By row ------------------------------------------------------------------------------------------------- */

void
corrections_add_for_rows(corrections *self, const Muster__V1__Correction *correction, uint32_t generation,
                         const uint32_t *rows, size_t count)
{
    size_t place = place_of(self, correction);
    if (place == SIZE_MAX || correction->leave_out)
        return;
    fix *new = correction_new(self, &self->shapes[place], correction);
    new->generation = generation;
    while (self->row_fixes_count + count > self->row_fixes_room) {
        self->row_fixes_room = self->row_fixes_room == 0 ? 256 : 2 * self->row_fixes_room;
        self->row_fixes = mst_realloc(self->row_fixes, self->row_fixes_room * sizeof *self->row_fixes);
    }
    for (size_t i = 0; i < count; i++)
        self->row_fixes[self->row_fixes_count++] = (row_fix){rows[i], (uint32_t)place, new};
    self->row_fixes_sorted = false;
}

static int
by_row(const void *a, const void *b)
{
    const row_fix *one = a, *other = b;
    if (one->row != other->row)
        return one->row < other->row ? -1 : 1;
    return one->fix->order < other->fix->order ? -1 : one->fix->order > other->fix->order;
}

static size_t
first_row_fix(corrections *self, uint32_t row)
{
    if (!self->row_fixes_sorted && self->row_fixes_count > 0)
        qsort(self->row_fixes, self->row_fixes_count, sizeof *self->row_fixes, by_row);
    self->row_fixes_sorted = true;
    size_t low = 0, high = self->row_fixes_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->row_fixes[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static whole *
whole_slot(const corrections *self, uint32_t row)
{
    size_t at = row * UINT64_C(0x9E3779B97F4A7C15) >> 20 & (self->wholes_room - 1);
    while (self->wholes[at].row != 0 && self->wholes[at].row != row)
        at = (at + 1) & (self->wholes_room - 1);
    return &self->wholes[at];
}

static void
wholes_grow(corrections *self)
{
    corrections old = *self;
    self->wholes_room = old.wholes_room == 0 ? 256 : 2 * old.wholes_room;
    self->wholes = mst_alloc(self->wholes_room * sizeof *self->wholes);
    memset(self->wholes, 0, self->wholes_room * sizeof *self->wholes);
    for (size_t i = 0; i < old.wholes_room; i++)
        if (old.wholes[i].row != 0)
            *whole_slot(self, old.wholes[i].row) = old.wholes[i];
    free(old.wholes);
}

mst_status
corrections_add_rows(corrections *self, const Muster__V1__RowsCorrected *rows)
{
    if (rows->rows == NULL || !mst_rows_ok(rows->rows) || rows->rows->columns != rows->n_fields ||
        rows->rows->rows != rows->n_numbers)
        return MST_OK; // nothing that can be laid over
    self->rows_size += rows->rows->values.len + rows->rows->n_ends * 4;
    if (self->rows_size > CORRECTIONS_SIZE_MAX)
        return MST_FULL;
    block *came = mst_arena_alloc(self->arena, sizeof *came);
    mst_slice packed = mst_arena_pack(self->arena, &rows->base);
    came->came = muster__v1__rows_corrected__unpack(mst_arena_allocator(self->arena), packed.size, packed.data);
    assert(came->came != NULL);
    came->fields = mst_arena_alloc(self->arena, (rows->n_fields + 1) * sizeof *came->fields);
    for (size_t i = 0; i < rows->n_fields; i++)
        came->fields[i] = field_index(self, rows->fields[i]);
    for (uint32_t i = 0; i < rows->n_numbers; i++) {
        if (rows->numbers[i] == 0)
            continue;
        if (2 * self->wholes_count >= self->wholes_room)
            wholes_grow(self);
        whole *slot = whole_slot(self, rows->numbers[i]);
        self->wholes_count += slot->row == 0;
        *slot = (whole){rows->numbers[i], i, came};
    }
    return MST_OK;
}

void
corrections_leave_out_row(corrections *self, uint32_t row)
{
    if (row / 8 >= self->left_out_size) {
        size_t size = (row / 8 + 1) * 2;
        self->left_out = mst_realloc(self->left_out, size);
        memset(self->left_out + self->left_out_size, 0, size - self->left_out_size);
        self->left_out_size = size;
    }
    self->left_out[row / 8] |= (uint8_t)(1u << row % 8);
}

bool
corrections_is_left_out(const corrections *self, uint32_t row)
{
    return row / 8 < self->left_out_size && (self->left_out[row / 8] >> row % 8 & 1) != 0;
}

/* Laying over -------------------------------------------------------------------------------------------- */

static bool
cell_put(csv_cell *cell, csv_cell to)
{
    bool changed = !cells_equal(*cell, to);
    if (changed)
        *cell = to;
    return changed;
}

static bool
apply_whole(const whole *from, csv_cell *cells)
{
    bool changed = false;
    for (uint32_t i = 0; i < from->block->came->n_fields; i++) {
        size_t size;
        const char *data = mst_rows_cell(from->block->came->rows, from->at, i, &size);
        if (from->block->fields[i] != SIZE_MAX)
            changed |= cell_put(&cells[from->block->fields[i]], (csv_cell){(const uint8_t *)data, (uint32_t)size});
    }
    return changed;
}

static bool
fix_fits(const shape *of, const fix *one, const csv_cell *cells)
{
    char room[WRONG_VALUE_SHOWN + 1];
    for (size_t i = 0; i < of->fields_count; i++)
        if (!cells_equal(shown(cells[of->fields[i]], room), one->from[i]))
            return false;
    return true;
}

/* The fix by value for these cells that comes first behind `last`; NULL none. */
static fix *
shape_find(const shape *self, const csv_cell *cells, uint32_t last)
{
    if (self->slots_count == 0)
        return NULL;
    char room[WRONG_VALUE_SHOWN + 1];
    uint64_t hash = 0;
    for (size_t i = 0; i < self->fields_count; i++)
        hash = hash_more(hash, shown(cells[self->fields[i]], room));
    fix *found = NULL;
    for (fix *at = self->slots[hash & (self->slots_count - 1)]; at != NULL; at = at->next)
        if (at->hash == hash && !at->dropped && at->order > last && (found == NULL || at->order < found->order) &&
            fix_fits(self, at, cells))
            found = at;
    return found;
}

bool
corrections_has_row(const corrections *self, uint32_t row)
{
    return self->wholes_count > 0 && whole_slot(self, row)->row == row;
}

bool
corrections_apply(corrections *self, uint32_t row, csv_cell *cells)
{
    const whole *came = self->wholes_count == 0 ? NULL : whole_slot(self, row);
    bool changed = came != NULL && came->row != 0 && apply_whole(came, cells);
    uint32_t since = came != NULL && came->row != 0 ? came->block->came->generation : 0;
    size_t at = first_row_fix(self, row);
    for (uint32_t last = 0;;) {
        fix *next = NULL;
        const shape *of = NULL;
        for (size_t i = 0; i < self->shapes_count; i++) {
            fix *found = shape_find(&self->shapes[i], cells, last);
            if (found != NULL && (next == NULL || found->order < next->order)) {
                next = found;
                of = &self->shapes[i];
            }
        }
        for (; at < self->row_fixes_count && self->row_fixes[at].row == row; at++) {
            const row_fix *one = &self->row_fixes[at];
            if (one->fix->order <= last ||
                (one->fix->generation <= since && !fix_fits(&self->shapes[one->shape], one->fix, cells)))
                continue;
            if (next == NULL || one->fix->order < next->order) {
                next = one->fix;
                of = &self->shapes[one->shape];
            }
            break;
        }
        if (next == NULL)
            return changed;
        bool now = false;
        for (size_t i = 0; i < of->fields_count; i++)
            now |= cell_put(&cells[of->fields[i]], next->to[i]);
        next->uses += now;
        changed |= now;
        last = next->order;
    }
}

Muster__V1__RuleUse **
corrections_uses(const corrections *self, mst_arena *arena, size_t *count)
{
    Muster__V1__RuleUse **uses = mst_arena_alloc(arena, (self->fixes_count + 1) * sizeof *uses);
    *count = 0;
    for (size_t i = 0; i < self->fixes_count; i++) {
        if (!self->fixes[i]->remembered || self->fixes[i]->uses == 0)
            continue;
        Muster__V1__RuleUse *use = uses[(*count)++] = mst_arena_alloc(arena, sizeof *use);
        muster__v1__rule_use__init(use);
        use->id = mst_arena_strdup(arena, self->fixes[i]->rule);
        use->rows = self->fixes[i]->uses;
    }
    return uses;
}
