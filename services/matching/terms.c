/* terms.c - see terms.h. */
#include "terms.h"

#include "broker/lib/arena.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

const slot TERM_SLOTS[TERM_KINDS] = {
    [TERM_GIVEN] = SLOT_GIVEN, [TERM_FAMILY] = SLOT_FAMILY, [TERM_CITY] = SLOT_CITY, [TERM_POSTCODE] = SLOT_POSTCODE};

void
terms_init(terms *terms)
{
    memset(terms, 0, sizeof *terms);
}

void
terms_release(terms *terms)
{
    free(terms->slots);
    terms_init(terms);
}

uint32_t
term_hash(term_kind kind, const char *text, size_t size)
{
    uint32_t hash = person_hash(100 + (uint32_t)kind, text, size);
    return hash == 0 ? 1 : hash;
}

static term *
find(const terms *terms, uint32_t hash)
{
    uint32_t at = hash & (terms->size - 1);
    while (terms->slots[at].hash != 0 && terms->slots[at].hash != hash)
        at = (at + 1) & (terms->size - 1);
    return &terms->slots[at];
}

static void
grow(terms *table)
{
    terms old = *table;
    table->size = old.size == 0 ? 256 : old.size * 2;
    table->slots = mst_alloc(table->size * sizeof *table->slots);
    memset(table->slots, 0, table->size * sizeof *table->slots);
    for (uint32_t i = 0; i < old.size; i++)
        if (old.slots[i].hash != 0)
            *find(table, old.slots[i].hash) = old.slots[i];
    free(old.slots);
}

void
terms_count(terms *terms, uint32_t hash, int change)
{
    if (terms->used * 2 >= terms->size)
        grow(terms);
    term *term = find(terms, hash);
    if (term->hash == 0) {
        assert(change > 0);
        term->hash = hash;
        terms->used++;
    }
    term->count += (uint32_t)change;
}

uint32_t
terms_get(const terms *terms, uint32_t hash)
{
    return terms->size == 0 ? 0 : find(terms, hash)->count;
}

void
terms_count_person(terms by_kind[TERM_KINDS], const person_view *view, int change)
{
    for (int kind = 0; kind < TERM_KINDS; kind++) {
        slot slot = TERM_SLOTS[kind];
        if (view->person->sizes[slot] > 0)
            terms_count(&by_kind[kind], term_hash((term_kind)kind, view->texts[slot], view->person->sizes[slot]),
                        change);
    }
}

static int
commoner(const void *left, const void *right)
{
    const term *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

size_t
terms_top(const terms *terms, term *out, size_t max)
{
    size_t count = 0;
    term *all = mst_alloc((terms->used + 1) * sizeof *all);
    for (uint32_t i = 0; i < terms->size; i++)
        if (terms->slots[i].count >= 2)
            all[count++] = terms->slots[i];
    qsort(all, count, sizeof *all, commoner);
    if (count > max)
        count = max;
    memcpy(out, all, count * sizeof *out);
    free(all);
    return count;
}
