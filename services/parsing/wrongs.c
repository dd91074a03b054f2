/* wrongs.c - see wrongs.h. */
#include "wrongs.h"

#include "utf8.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

typedef struct group {
    Muster__V1__WrongValue value;
    uint64_t hash;
    size_t rows_room;
    struct group *next; /* of the same slot */
} group;

struct wrongs {
    mst_arena *arena;
    group **slots;
    size_t slots_count; /* a power of two */
    group **list;       /* in the order they were found */
    size_t count, room;
    size_t size;
};

wrongs *
wrongs_new(void)
{
    wrongs *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->arena = mst_arena_new(0);
    self->slots_count = 256;
    self->slots = mst_alloc(self->slots_count * sizeof *self->slots);
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    return self;
}

void
wrongs_destroy(wrongs **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free((*self)->list);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

void
wrongs_reset(wrongs *self)
{
    if (self->count == 0)
        return;
    mst_arena_reset(self->arena);
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    self->count = self->size = 0;
}

size_t
wrongs_size(const wrongs *self)
{
    return self->size;
}

static uint64_t
hash_of(const char *field, Muster__V1__WrongKind kind, const char *value, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)kind;
    for (; *field != '\0'; field++)
        hash = (hash ^ (uint8_t)*field) * UINT64_C(1099511628211);
    hash = (hash ^ 0xFF) * UINT64_C(1099511628211);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)value[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static void
grow(wrongs *self)
{
    self->slots_count *= 4;
    self->slots = mst_realloc(self->slots, self->slots_count * sizeof *self->slots);
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    for (size_t i = 0; i < self->count; i++) {
        group **slot = &self->slots[self->list[i]->hash & (self->slots_count - 1)];
        self->list[i]->next = *slot;
        *slot = self->list[i];
    }
}

static group *
group_new(wrongs *self, uint64_t hash, const char *field, Muster__V1__WrongKind kind, const char *value, size_t size,
          const char *message)
{
    if (self->count == self->room) {
        self->room = self->room == 0 ? 64 : self->room * 2;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    if (self->count > 2 * self->slots_count)
        grow(self);
    group *new = mst_arena_alloc(self->arena, sizeof *new);
    muster__v1__wrong_value__init(&new->value);
    new->value.field = mst_arena_strdup(self->arena, field);
    new->value.kind = kind;
    new->value.value = mst_arena_strndup(self->arena, value, size);
    new->value.message = mst_arena_strdup(self->arena, message);
    new->hash = hash;
    group **slot = &self->slots[hash & (self->slots_count - 1)];
    new->next = *slot;
    *slot = new;
    self->list[self->count++] = new;
    self->size += strlen(field) + size + strlen(message) + 24;
    return new;
}

void
wrongs_add(wrongs *self, const char *field, Muster__V1__WrongKind kind, const uint8_t *data, size_t size,
           uint32_t column, uint32_t row, uint64_t line,
           void (*message)(const void *context, Muster__V1__WrongKind kind, char *text), const void *context)
{
    char value[WRONG_VALUE_SHOWN + 1];
    size_t shown = utf8_clean(data, size, value, sizeof value);
    uint64_t hash = hash_of(field, kind, value, shown);
    group *found = self->slots[hash & (self->slots_count - 1)];
    while (found != NULL && !(found->hash == hash && found->value.kind == kind && found->value.column == column &&
                              strcmp(found->value.value, value) == 0 && strcmp(found->value.field, field) == 0))
        found = found->next;
    if (found == NULL) {
        char text[VALUE_MESSAGE_SIZE] = "", clean[VALUE_MESSAGE_SIZE];
        message(context, kind, text);
        utf8_clean((const uint8_t *)text, strlen(text), clean, sizeof clean);
        found = group_new(self, hash, field, kind, value, shown, clean);
        found->value.column = column;
    }
    Muster__V1__WrongValue *to = &found->value;
    if (to->n_rows == found->rows_room) {
        found->rows_room = found->rows_room == 0 ? 2 : found->rows_room * 4;
        uint32_t *rows = mst_arena_alloc(self->arena, 2 * found->rows_room * sizeof *rows);
        if (to->n_rows > 0) {
            memcpy(rows, to->rows, to->n_rows * sizeof *rows);
            memcpy(rows + found->rows_room, to->lines, to->n_lines * sizeof *rows);
        }
        to->rows = rows;
        to->lines = rows + found->rows_room;
    }
    to->rows[to->n_rows++] = row;
    to->lines[to->n_lines++] = (uint32_t)line;
    self->size += 9;
}

void
wrongs_emit(wrongs *self, const char *batch_id, uint32_t generation,
            void (*each)(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows), void *context)
{
    Muster__V1__WrongValue **values = mst_alloc((self->count + 1) * sizeof *values);
    for (size_t i = 0; i < self->count;) {
        Muster__V1__WrongValuesFound found = MUSTER__V1__WRONG_VALUES_FOUND__INIT;
        size_t size = 0, rows = 0;
        found.batch_id = (char *)batch_id;
        found.generation = generation;
        found.values = values;
        for (; i < self->count && size < WRONGS_MESSAGE_SIZE; i++) {
            values[found.n_values++] = &self->list[i]->value;
            size += muster__v1__wrong_value__get_packed_size(&self->list[i]->value) + 8;
            rows += self->list[i]->value.n_rows;
        }
        each(context, &found, (uint32_t)rows);
    }
    free(values);
}
