/* rules.c - see rules.h. */
#include "rules.h"

#include "services/runtime/suggest.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096u

typedef struct remembered {
    Muster__V1__CorrectionRule *rule; /* `off` as it is now */
    uint64_t learned_seq, replaced_seq;
    uint64_t *switches; /* seq, doubled; one more: off */
    size_t switches_count;
    uint32_t replaced_by;     /* place of the one that did */
    uint64_t exact, folded;   /* hashes of what it is for */
    struct remembered *next;  /* of the same slot by `exact` */
    struct remembered *alike; /* of the same slot by `folded`, newest first */
} remembered;

struct rules {
    remembered **list;
    size_t count, room;
    remembered *slots[SLOTS], *alike[SLOTS];
};

rules *
rules_new(void)
{
    rules *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    return self;
}

void
rules_destroy(rules **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->count; i++) {
        remembered *one = (*self)->list[i];
        muster__v1__correction_rule__free_unpacked(one->rule, NULL);
        free(one->switches);
        free(one);
    }
    free((*self)->list);
    free(*self);
    *self = NULL;
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
    hash = (hash ^ 0xFF) * UINT64_C(1099511628211);
    return hash ^ hash >> 31;
}

static uint64_t
exact_hash(const char *template_name, char *const *fields, char *const *from, size_t count)
{
    uint64_t hash = hash_text(1, template_name);
    for (size_t i = 0; i < count; i++)
        hash = hash_text(hash_text(hash, fields[i]), from[i]);
    return hash;
}

static uint64_t
folded_hash(char *const *fields, char *const *from, size_t count)
{
    mst_arena *scratch = mst_arena_new(0);
    uint64_t hash = 2;
    for (size_t i = 0; i < count; i++)
        hash = hash_text(hash_text(hash, fields[i]), mst_suggest_fold(from[i], scratch));
    mst_arena_destroy(&scratch);
    return hash;
}

static bool
texts_equal(char *const *a, char *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static remembered *
standing(const rules *self, const char *template_name, char *const *fields, char *const *from, size_t count)
{
    uint64_t hash = exact_hash(template_name, fields, from, count);
    for (remembered *at = self->slots[hash % SLOTS]; at != NULL; at = at->next)
        if (at->exact == hash && at->replaced_seq == 0 && at->rule->n_fields == count &&
            strcmp(at->rule->template_name, template_name) == 0 && texts_equal(at->rule->fields, fields, count) &&
            texts_equal(at->rule->from, from, count))
            return at;
    return NULL;
}

/* Takes `rule` over. */
static remembered *
put(rules *self, Muster__V1__CorrectionRule *rule, uint64_t seq)
{
    if (self->count == self->room) {
        self->room = self->room == 0 ? 64 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof(remembered *));
    }
    remembered *new = mst_alloc(sizeof *new);
    *new = (remembered){.rule = rule, .learned_seq = seq};
    new->exact = exact_hash(rule->template_name, rule->fields, rule->from, rule->n_fields);
    new->folded = folded_hash(rule->fields, rule->from, rule->n_fields);
    remembered **slot = &self->slots[new->exact % SLOTS], **alike = &self->alike[new->folded % SLOTS];
    new->next = *slot;
    *slot = new;
    new->alike = *alike;
    *alike = new;
    self->list[self->count++] = new;
    return new;
}

static bool
is_whole(const Muster__V1__CorrectionRule *rule)
{
    return rule != NULL && rule->n_fields > 0 && rule->n_from == rule->n_fields && rule->n_to == rule->n_fields;
}

void
rules_learned(rules *self, const Muster__V1__CorrectionRule *rule, uint64_t seq)
{
    if (!is_whole(rule))
        return;
    remembered *older = standing(self, rule->template_name, rule->fields, rule->from, rule->n_fields);
    if (older != NULL) {
        older->replaced_seq = seq;
        older->replaced_by = (uint32_t)self->count;
    }
    mst_arena *scratch = mst_arena_new(0);
    mst_slice packed = mst_arena_pack(scratch, &rule->base);
    Muster__V1__CorrectionRule *kept = muster__v1__correction_rule__unpack(NULL, packed.size, packed.data);
    assert(kept != NULL);
    mst_arena_destroy(&scratch);
    put(self, kept, seq);
}

/* Ids are "R" and the place, from 1. */
static remembered *
by_id(const rules *self, const char *id)
{
    char *end;
    unsigned long number = id[0] == 'R' && id[1] >= '1' && id[1] <= '9' ? strtoul(id + 1, &end, 10) : 0;
    return number == 0 || *end != '\0' || number > self->count ? NULL : self->list[number - 1];
}

void
rules_switched(rules *self, const Muster__V1__RuleSwitched *switched, uint64_t seq)
{
    remembered *found = by_id(self, switched->id);
    if (found == NULL)
        return;
    found->switches = mst_realloc(found->switches, (found->switches_count + 1) * sizeof *found->switches);
    found->switches[found->switches_count++] = seq << 1 | (switched->off ? 1 : 0);
    found->rule->off = switched->off;
}

/* Later readings of the same file do not count again. */
void
rules_used(rules *self, const Muster__V1__RulesApplied *applied)
{
    for (size_t i = 0; applied->generation == 1 && i < applied->n_uses; i++) {
        remembered *found = by_id(self, applied->uses[i]->id);
        if (found != NULL)
            found->rule->uses += applied->uses[i]->rows;
    }
}

size_t
rules_count(const rules *self)
{
    return self->count;
}

const Muster__V1__CorrectionRule *
rules_at(const rules *self, size_t at)
{
    return self->list[at]->replaced_seq == 0 ? self->list[at]->rule : NULL;
}

const Muster__V1__CorrectionRule *
rules_find(const rules *self, const char *id, const char **replaced_by)
{
    const remembered *found = by_id(self, id);
    *replaced_by = found != NULL && found->replaced_seq != 0 ? self->list[found->replaced_by]->rule->id : NULL;
    return found == NULL ? NULL : found->rule;
}

const Muster__V1__CorrectionRule *
rules_for(const rules *self, const char *template_name, char *const *fields, char *const *from, size_t count)
{
    const remembered *found = standing(self, template_name, fields, from, count);
    return found == NULL ? NULL : found->rule;
}

size_t
rules_chosen(const rules *self, char *const *fields, char *const *from, size_t count,
             const Muster__V1__CorrectionRule **chosen, size_t max)
{
    uint64_t hash = folded_hash(fields, from, count);
    size_t found = 0;
    for (const remembered *at = self->alike[hash % SLOTS]; at != NULL && found < max; at = at->alike) {
        bool fits = at->folded == hash && at->replaced_seq == 0 && !at->rule->off && at->rule->n_fields == count &&
                    texts_equal(at->rule->fields, fields, count);
        for (size_t i = 0; fits && i < found; i++)
            fits = !texts_equal(chosen[i]->to, at->rule->to, count);
        if (fits)
            chosen[found++] = at->rule;
    }
    return found;
}

static bool
held(const remembered *rule, uint64_t seq)
{
    bool off = false;
    for (size_t i = 0; i < rule->switches_count && rule->switches[i] >> 1 < seq; i++)
        off = (rule->switches[i] & 1) != 0;
    return rule->learned_seq < seq && (rule->replaced_seq == 0 || rule->replaced_seq >= seq) && !off;
}

void
rules_each(const rules *self, const char *template_name, uint64_t seq,
           void (*each)(void *context, const Muster__V1__CorrectionRule *rule), void *context)
{
    for (size_t i = 0; i < self->count; i++)
        if (held(self->list[i], seq) && strcmp(self->list[i]->rule->template_name, template_name) == 0) {
            Muster__V1__CorrectionRule rule = *self->list[i]->rule;
            rule.off = false;
            each(context, &rule);
        }
}

Muster__V1__ParsingRule **
rules_save(const rules *self, mst_arena *arena)
{
    Muster__V1__ParsingRule **saved = mst_arena_alloc(arena, (self->count + 1) * sizeof *saved);
    for (size_t i = 0; i < self->count; i++) {
        const remembered *one = self->list[i];
        saved[i] = mst_arena_alloc(arena, sizeof **saved);
        muster__v1__parsing_rule__init(saved[i]);
        saved[i]->rule = one->rule;
        saved[i]->learned_seq = one->learned_seq;
        saved[i]->switches = one->switches;
        saved[i]->n_switches = one->switches_count;
    }
    return saved;
}

void
rules_load(rules *self, Muster__V1__ParsingRule *const *saved, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_whole(saved[i]->rule))
            continue;
        bool off = saved[i]->rule->off;
        uint32_t uses = saved[i]->rule->uses;
        rules_learned(self, saved[i]->rule, saved[i]->learned_seq);
        remembered *one = self->list[self->count - 1];
        one->rule->off = off;
        one->rule->uses = uses;
        one->switches = mst_alloc((saved[i]->n_switches + 1) * sizeof *one->switches);
        one->switches_count = saved[i]->n_switches;
        if (saved[i]->n_switches > 0)
            memcpy(one->switches, saved[i]->switches, saved[i]->n_switches * sizeof *one->switches);
    }
}
