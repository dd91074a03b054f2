/* wrongs.c - see wrongs.h. */
#include "wrongs.h"

#include "utf8.h"
#include "values.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct group {
    Muster__V1__WrongValue value;
    uint64_t hash;
    char *key; /* the values, each with its NUL */
    size_t key_size, rows_room;
    struct group *next; /* of the same slot */
} group;

struct wrongs {
    mst_arena *arena;
    group **slots;
    size_t slots_count; /* a power of two */
    group **list;       /* in the order they were found */
    size_t count, room;
    size_t size;
    char *key; /* of the value looked for */
    size_t key_room;
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
    free((*self)->key);
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
hash_add(uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)data[i]) * UINT64_C(1099511628211);
    return (hash ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t
hash_of(const wrong_found *found, const char *key, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)found->kind;
    hash = hash_add(hash, found->field, strlen(found->field));
    hash = hash_add(hash, found->rule == NULL ? "" : found->rule, found->rule == NULL ? 0 : strlen(found->rule));
    hash = hash_add(hash, key, size);
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

static size_t
values_count(const wrong_found *found)
{
    return found->fields == NULL ? 1 : found->fields_count;
}

/* The values as they are shown, each with its NUL, behind one another in self->key. Returns their size. */
static size_t
make_key(wrongs *self, const wrong_found *found)
{
    size_t count = values_count(found), used = 0;
    if (self->key_room < count * (WRONG_VALUE_SHOWN + 1)) {
        self->key_room = count * (WRONG_VALUE_SHOWN + 1);
        self->key = mst_realloc(self->key, self->key_room);
    }
    for (size_t i = 0; i < count; i++)
        used += utf8_clean(found->values[i].data, found->values[i].size, self->key + used, WRONG_VALUE_SHOWN + 1) + 1;
    return used;
}

static const char *
title_of(const Muster__V1__Field *field)
{
    return field->title[0] == '\0' ? field->name : field->title;
}

/* Fields and values of a group where several are wrong together; its value names them all. */
static void
describe_several(wrongs *self, const wrong_found *found, group *new, char *key)
{
    Muster__V1__WrongValue *value = &new->value;
    char whole[WRONG_VALUE_SHOWN + 1] = "", clean[WRONG_VALUE_SHOWN + 1];
    size_t used = 0;
    value->fields = mst_arena_alloc(self->arena, found->fields_count * sizeof *value->fields);
    value->values = mst_arena_alloc(self->arena, found->fields_count * sizeof *value->values);
    value->n_fields = value->n_values = found->fields_count;
    for (size_t i = 0; i < found->fields_count; i++) {
        value->fields[i] = mst_arena_strdup(self->arena, found->fields[i]->name);
        value->values[i] = key;
        if (used < sizeof whole - 1)
            used += (size_t)snprintf(whole + used, sizeof whole - used, "%s%.200s: %s", i == 0 ? "" : "; ",
                                     title_of(found->fields[i]), key[0] == '\0' ? "(empty)" : key);
        self->size += strlen(found->fields[i]->name) + strlen(key) + 8;
        key += strlen(key) + 1;
    }
    utf8_clean((const uint8_t *)whole, strlen(whole), clean, sizeof clean);
    value->value = mst_arena_strdup(self->arena, clean);
}

static group *
group_new(wrongs *self, uint64_t hash, const wrong_found *found, size_t key_size)
{
    if (self->count == self->room) {
        self->room = self->room == 0 ? 64 : self->room * 2;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    if (self->count > 2 * self->slots_count)
        grow(self);
    char text[VALUE_MESSAGE_SIZE] = "", clean[VALUE_MESSAGE_SIZE];
    found->message(found->context, found, text);
    utf8_clean((const uint8_t *)text, strlen(text), clean, sizeof clean);
    group *new = mst_arena_alloc(self->arena, sizeof *new);
    Muster__V1__WrongValue *value = &new->value;
    muster__v1__wrong_value__init(value);
    new->hash = hash;
    new->key = mst_arena_copy(self->arena, self->key, key_size);
    new->key_size = key_size;
    value->field = mst_arena_strdup(self->arena, found->field);
    value->kind = found->kind;
    value->column = found->column;
    value->value = new->key;
    value->message = mst_arena_strdup(self->arena, clean);
    if (found->rule != NULL)
        value->rule = mst_arena_strdup(self->arena, found->rule);
    if (found->fields != NULL && found->fields_count > 1)
        describe_several(self, found, new, new->key);
    if (found->suggest != NULL)
        found->suggest(found->context, found, value, self->arena);
    for (size_t i = 0; i < value->n_suggestions; i++)
        self->size += muster__v1__suggestion__get_packed_size(value->suggestions[i]) + 4;
    group **slot = &self->slots[hash & (self->slots_count - 1)];
    new->next = *slot;
    *slot = new;
    self->list[self->count++] = new;
    self->size += strlen(value->field) + strlen(value->value) + strlen(clean) + strlen(value->rule) + 24;
    return new;
}

static bool
is_same(const group *at, uint64_t hash, const wrong_found *found, const char *key, size_t key_size)
{
    return at->hash == hash && at->value.kind == found->kind && at->value.column == found->column &&
           at->key_size == key_size && memcmp(at->key, key, key_size) == 0 &&
           strcmp(at->value.field, found->field) == 0 &&
           strcmp(at->value.rule, found->rule == NULL ? "" : found->rule) == 0;
}

void
wrongs_add(wrongs *self, const wrong_found *what, uint32_t row, uint64_t line)
{
    size_t key_size = make_key(self, what);
    uint64_t hash = hash_of(what, self->key, key_size);
    group *found = self->slots[hash & (self->slots_count - 1)];
    while (found != NULL && !is_same(found, hash, what, self->key, key_size))
        found = found->next;
    if (found == NULL)
        found = group_new(self, hash, what, key_size);
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
