/* groups.c - see groups.h. */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 32768u

typedef struct group {
    Muster__V1__WrongValueGroup said;
    uint32_t rows[GROUP_ROWS_SHOWN], lines[GROUP_ROWS_SHOWN];
    char *key;
    uint64_t hash;
    struct group *next; /* of the same slot */
} group;

struct groups {
    mst_arena *arena;
    uint32_t generation;
    group *slots[SLOTS];
    group **list;
    size_t count, room;
    uint64_t rows;
    group *rest;
};

/* Each text with its size before it: no value can look like two. */
static size_t
key_put(char *out, const char *text)
{
    size_t size = strlen(text);
    if (out != NULL) {
        memcpy(out + sprintf(out, "%zu:", size), text, size);
    }
    return size + (size_t)snprintf(NULL, 0, "%zu:", size);
}

char *
groups_key(mst_arena *arena, Muster__V1__WrongKind kind, const char *rule, char *const *fields, size_t fields_count,
           char *const *values, const char *value)
{
    size_t size = 16 + key_put(NULL, rule) + key_put(NULL, fields_count == 0 ? value : "");
    for (size_t i = 0; i < fields_count; i++)
        size += key_put(NULL, fields[i]) + key_put(NULL, values[i]);
    char *key = mst_arena_alloc(arena, size + 1), *at = key + sprintf(key, "%u;", (unsigned)kind);
    at += key_put(at, rule);
    at += key_put(at, fields_count == 0 ? value : "");
    for (size_t i = 0; i < fields_count; i++) {
        at += key_put(at, fields[i]);
        at += key_put(at, values[i]);
    }
    *at = '\0';
    return key;
}

char *
groups_key_of_wrong(mst_arena *arena, const Muster__V1__WrongValue *value)
{
    if (value->n_fields > 0 && value->n_values == value->n_fields)
        return groups_key(arena, value->kind, value->rule, value->fields, value->n_fields, value->values, "");
    return groups_key(arena, value->kind, value->rule, (char *const *)&value->field, value->field[0] != '\0',
                      (char *const *)&value->value, value->value);
}

char *
groups_key_of_correction(mst_arena *arena, const Muster__V1__Correction *correction)
{
    size_t count = correction->n_fields < correction->n_from ? correction->n_fields : correction->n_from;
    return groups_key(arena, correction->kind, correction->rule, correction->fields, count, correction->from,
                      correction->value);
}

groups *
groups_new(uint32_t generation)
{
    groups *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->arena = mst_arena_new(0);
    self->generation = generation;
    return self;
}

void
groups_destroy(groups **self)
{
    if (*self == NULL)
        return;
    free((*self)->list);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

uint32_t
groups_generation(const groups *self)
{
    return self->generation;
}

static uint64_t
hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static group *
find(const groups *self, const char *key, uint64_t hash)
{
    group *at = self->slots[hash % SLOTS];
    while (at != NULL && (at->hash != hash || strcmp(at->key, key) != 0))
        at = at->next;
    return at;
}

static group *
group_new(groups *self)
{
    if (self->count == self->room) {
        self->room = self->room == 0 ? 256 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof(group *));
    }
    group *new = mst_arena_alloc(self->arena, sizeof *new);
    memset(new, 0, sizeof *new);
    muster__v1__wrong_value_group__init(&new->said);
    new->said.first_rows = new->rows;
    new->said.first_lines = new->lines;
    new->key = "";
    self->list[self->count++] = new;
    return new;
}

static char **
copy_texts(mst_arena *arena, char *const *texts, size_t count)
{
    char **copy = mst_arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = mst_arena_strdup(arena, texts[i]);
    return copy;
}

static void
fill(groups *self, Muster__V1__WrongValueGroup *said, const Muster__V1__WrongValue *value)
{
    mst_arena *arena = self->arena;
    said->field = mst_arena_strdup(arena, value->field);
    said->kind = value->kind;
    said->value = mst_arena_strdup(arena, value->value);
    said->message = mst_arena_strdup(arena, value->message);
    said->column = value->column;
    said->rule = mst_arena_strdup(arena, value->rule);
    bool several = value->n_fields > 0 && value->n_values == value->n_fields;
    said->n_fields = said->n_values = several ? value->n_fields : value->field[0] != '\0';
    said->fields = copy_texts(arena, several ? value->fields : (char *const *)&value->field, said->n_fields);
    said->values = copy_texts(arena, several ? value->values : (char *const *)&value->value, said->n_values);
    said->suggestions = mst_arena_alloc(arena, (value->n_suggestions + 1) * sizeof *said->suggestions);
    for (size_t i = 0; i < value->n_suggestions; i++) {
        mst_slice packed = mst_arena_pack(arena, &value->suggestions[i]->base);
        Muster__V1__Suggestion *copy =
            muster__v1__suggestion__unpack(mst_arena_allocator(arena), packed.size, packed.data);
        if (copy != NULL)
            said->suggestions[said->n_suggestions++] = copy;
    }
}

static group *
group_for(groups *self, const Muster__V1__WrongValue *value)
{
    char *key = groups_key_of_wrong(self->arena, value);
    uint64_t hash = hash_of(key);
    group *found = find(self, key, hash);
    if (found != NULL)
        return found;
    if (self->rest != NULL)
        return self->rest;
    group *new = group_new(self);
    if (self->count > GROUPS_MAX) {
        new->said.value = "(further values)";
        new->said.message =
            "There are more different wrong values than are shown at once; the rest comes up when these "
            "are corrected.";
        return self->rest = new;
    }
    fill(self, &new->said, value);
    new->key = key;
    new->hash = hash;
    new->next = self->slots[hash % SLOTS];
    self->slots[hash % SLOTS] = new;
    return new;
}

void
groups_add(groups *self, uint32_t generation, Muster__V1__WrongValue *const *values, size_t count)
{
    for (size_t i = 0; generation == self->generation && i < count; i++) {
        const Muster__V1__WrongValue *value = values[i];
        Muster__V1__WrongValueGroup *to = &group_for(self, value)->said;
        to->count += (uint32_t)value->n_rows;
        self->rows += value->n_rows;
        for (size_t j = 0; j < value->n_rows && to->n_first_rows < GROUP_ROWS_SHOWN; j++) {
            to->first_rows[to->n_first_rows++] = value->rows[j];
            if (j < value->n_lines)
                to->first_lines[to->n_first_lines++] = value->lines[j];
        }
    }
}

static int
in_order(const void *a, const void *b)
{
    const Muster__V1__WrongValueGroup *one = &(*(group *const *)a)->said, *other = &(*(group *const *)b)->said;
    bool one_rest = groups_is_rest(one), other_rest = groups_is_rest(other);
    if (one_rest != other_rest)
        return one_rest ? 1 : -1;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    int order =
        one->column != other->column ? (one->column < other->column ? -1 : 1) : strcmp(one->field, other->field);
    if (order == 0)
        order = strcmp(one->rule, other->rule);
    if (order == 0 && one->count != other->count)
        order = one->count > other->count ? -1 : 1;
    return order != 0 ? order : strcmp(one->value, other->value);
}

void
groups_close(groups *self)
{
    if (self->count > 1)
        qsort(self->list, self->count, sizeof(group *), in_order);
}

size_t
groups_count(const groups *self)
{
    return self->count;
}

uint64_t
groups_rows(const groups *self)
{
    return self->rows;
}

const Muster__V1__WrongValueGroup *
groups_at(const groups *self, size_t at)
{
    return &self->list[at]->said;
}

const Muster__V1__WrongValueGroup *
groups_find(const groups *self, const char *key)
{
    const group *found = find(self, key, hash_of(key));
    return found == NULL ? NULL : &found->said;
}

bool
groups_is_rest(const Muster__V1__WrongValueGroup *said)
{
    return said->kind == MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN;
}
