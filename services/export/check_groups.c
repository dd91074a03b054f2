/* check_groups.c - see check_groups.h. */
#include "services/export/check_groups.h"

#include "broker/lib/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

#define SLOTS_MIN 256u

typedef struct group {
    Muster__V1__WrongValue value;
    uint8_t key[MST_ID_SIZE];
    size_t rows_room;
    bool priced; /* the size of its texts is counted */
    struct group *next;
} group;

struct check_groups {
    const check_plan *plan;
    mst_arena *arena;
    group **slots;
    size_t slots_count; /* a power of two */
    group **list;
    size_t count, room, size;
};

char *
check_text(mst_arena *arena, mst_slice value, size_t max)
{
    char *text = mst_arena_alloc(arena, (value.size < max ? value.size * 3 : max) + 8);
    size_t used = 0;
    for (int32_t at = 0, end = (int32_t)value.size; at < end;) {
        int32_t start = at;
        UChar32 letter;
        U8_NEXT(value.data, at, end, letter);
        const char *piece = letter < 0 ? "\xEF\xBF\xBD" : (const char *)value.data + start;
        size_t size = letter < 0 ? 3 : (size_t)(at - start);
        if (letter >= 0 && (letter < 0x20 || letter == 0x7F))
            piece = " ";
        if (used + size > max)
            break;
        memcpy(text + used, piece, size);
        used += size;
    }
    text[used] = '\0';
    return text;
}

check_groups *
check_groups_new(const check_plan *plan)
{
    check_groups *self = mst_alloc(sizeof *self);
    *self = (check_groups){.plan = plan, .arena = mst_arena_new(0), .slots_count = SLOTS_MIN};
    self->slots = mst_alloc(self->slots_count * sizeof(group *));
    memset(self->slots, 0, self->slots_count * sizeof(group *));
    return self;
}

void
check_groups_destroy(check_groups **self)
{
    if (*self == NULL)
        return;
    mst_arena_destroy(&(*self)->arena);
    free((*self)->slots);
    free((*self)->list);
    free(*self);
    *self = NULL;
}

void
check_groups_reset(check_groups *self)
{
    if (self->count == 0)
        return;
    mst_arena_reset(self->arena);
    memset(self->slots, 0, self->slots_count * sizeof(group *));
    self->count = self->size = 0;
}

mst_arena *
check_groups_arena(check_groups *self)
{
    return self->arena;
}

/* Adding ----------------------------------------------------------------------------------------------- */

static void
key_of(const check_fault *fault, uint8_t key[MST_ID_SIZE])
{
    mst_slice *parts = mst_alloc((2 + 2 * fault->count) * sizeof *parts);
    size_t count = 0;
    parts[count++] = (mst_slice){(const uint8_t *)&fault->kind, sizeof fault->kind};
    parts[count++] = (mst_slice){(const uint8_t *)fault->rule, strlen(fault->rule)};
    for (size_t i = 0; i < fault->count; i++) {
        parts[count++] = (mst_slice){(const uint8_t *)&fault->columns[i], sizeof fault->columns[i]};
        parts[count++] = fault->cells[i];
    }
    mst_id_of(key, parts, count);
    free(parts);
}

static void
grow(check_groups *self)
{
    self->slots_count *= 4;
    self->slots = mst_realloc(self->slots, self->slots_count * sizeof(group *));
    memset(self->slots, 0, self->slots_count * sizeof(group *));
    for (size_t i = 0; i < self->count; i++) {
        uint64_t at;
        memcpy(&at, self->list[i]->key, sizeof at);
        group **slot = &self->slots[at & (self->slots_count - 1)];
        self->list[i]->next = *slot;
        *slot = self->list[i];
    }
}

/* The texts of a fault, as parsing writes its own: one value as it is, several with the titles of their fields. */
static void
describe(check_groups *self, const check_fault *fault, Muster__V1__WrongValue *value)
{
    const check_plan *plan = self->plan;
    value->kind = fault->kind;
    value->rule = mst_arena_strdup(self->arena, fault->rule);
    value->field = mst_arena_strdup(self->arena, plan->fields[fault->columns[0]]->name);
    value->column = plan->file_columns[fault->columns[0]];
    if (fault->count == 1) {
        value->value = check_text(self->arena, fault->cells[0], CHECK_VALUE_SHOWN);
        return;
    }
    char whole[CHECK_VALUE_SHOWN + 1] = "";
    size_t used = 0;
    value->fields = mst_arena_alloc(self->arena, fault->count * sizeof *value->fields);
    value->values = mst_arena_alloc(self->arena, fault->count * sizeof *value->values);
    value->n_fields = value->n_values = fault->count;
    for (size_t i = 0; i < fault->count; i++) {
        const Muster__V1__Field *field = plan->fields[fault->columns[i]];
        value->fields[i] = mst_arena_strdup(self->arena, field->name);
        value->values[i] = check_text(self->arena, fault->cells[i], CHECK_VALUE_SHOWN);
        if (used < sizeof whole - 1)
            used += (size_t)snprintf(whole + used, sizeof whole - used, "%s%.200s: %s", i == 0 ? "" : "; ",
                                     check_title(field), value->values[i][0] == '\0' ? "(empty)" : value->values[i]);
    }
    value->value = check_text(self->arena, (mst_slice){(const uint8_t *)whole, strlen(whole)}, CHECK_VALUE_SHOWN);
}

static group *
group_new(check_groups *self, const check_fault *fault, const uint8_t key[MST_ID_SIZE], group **slot)
{
    group *new = mst_arena_alloc(self->arena, sizeof *new);
    muster__v1__wrong_value__init(&new->value);
    memcpy(new->key, key, MST_ID_SIZE);
    describe(self, fault, &new->value);
    new->next = *slot;
    *slot = new;
    if (self->count == self->room) {
        self->room = self->room == 0 ? SLOTS_MIN : self->room * 2;
        self->list = mst_realloc(self->list, self->room * sizeof(group *));
    }
    self->list[self->count++] = new;
    if (self->count > 2 * self->slots_count)
        grow(self);
    return new;
}

static void
count_row(check_groups *self, group *one, uint32_t row, uint32_t line)
{
    Muster__V1__WrongValue *to = &one->value;
    if (to->n_rows == one->rows_room) {
        one->rows_room = one->rows_room == 0 ? 2 : one->rows_room * 4;
        uint32_t *rows = mst_arena_alloc(self->arena, 2 * one->rows_room * sizeof *rows);
        if (to->n_rows > 0) {
            memcpy(rows, to->rows, to->n_rows * sizeof *rows);
            memcpy(rows + one->rows_room, to->lines, to->n_lines * sizeof *rows);
        }
        to->rows = rows;
        to->lines = rows + one->rows_room;
    }
    to->rows[to->n_rows++] = row;
    to->lines[to->n_lines++] = line;
    self->size += 9;
}

Muster__V1__WrongValue *
check_groups_add(check_groups *self, const check_fault *fault, uint32_t row, uint32_t line)
{
    uint8_t key[MST_ID_SIZE];
    key_of(fault, key);
    uint64_t at;
    memcpy(&at, key, sizeof at);
    group **slot = &self->slots[at & (self->slots_count - 1)], *found = *slot;
    while (found != NULL && memcmp(found->key, key, MST_ID_SIZE) != 0)
        found = found->next;
    bool is_new = found == NULL;
    if (is_new)
        found = group_new(self, fault, key, slot);
    count_row(self, found, row, line);
    return is_new ? &found->value : NULL;
}

/* Giving ----------------------------------------------------------------------------------------------- */

/* Groups get their texts after they were added: what these take is counted when somebody asks. */
size_t
check_groups_size(check_groups *self)
{
    for (size_t i = self->count; i-- > 0 && !self->list[i]->priced;) {
        size_t rows = self->list[i]->value.n_rows * 9;
        size_t whole = muster__v1__wrong_value__get_packed_size(&self->list[i]->value);
        self->size += whole > rows ? whole - rows : 0;
        self->list[i]->priced = true;
    }
    return self->size;
}

void
check_groups_emit(check_groups *self, const char *batch_id, uint32_t generation,
                  void (*each)(void *context, const Muster__V1__EntriesChecked *checked, uint32_t rows), void *context)
{
    Muster__V1__WrongValue **values = mst_alloc((self->count + 1) * sizeof *values);
    for (size_t i = 0; i < self->count;) {
        Muster__V1__EntriesChecked checked = MUSTER__V1__ENTRIES_CHECKED__INIT;
        size_t size = 0, rows = 0;
        checked.batch_id = (char *)(uintptr_t)batch_id;
        checked.generation = generation;
        checked.values = values;
        for (; i < self->count; i++) {
            size_t more = muster__v1__wrong_value__get_packed_size(&self->list[i]->value) + 8;
            if (checked.n_values > 0 && size + more > CHECK_MESSAGE_SIZE)
                break;
            values[checked.n_values++] = &self->list[i]->value;
            size += more;
            rows += self->list[i]->value.n_rows;
        }
        each(context, &checked, (uint32_t)rows);
    }
    free(values);
}
