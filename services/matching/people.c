/* people.c - see people.h. */
#include "people.h"

#include "broker/lib/arena.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SEGMENT_SIZE ((size_t)8 << 20) /* bytes; a multiple of the huge page */
#define SEGMENT_UNITS (SEGMENT_SIZE / 16)
#define SEGMENTS_MAX 4096u    /* 32 GiB of people, and of blocks */
#define TABLE_START 1024u     /* slots */
#define BLOCK_BIT 0x80000000u /* in a slot: the payload is a block, not a person */
#define CLASS_LARGE 3u        /* from here on a block has a header of 16 bytes and may be oversize */
#define BLOCK_COUNT_MAX 0x00FFFFFFu
#define CLASS_LAST 17u /* 2 MiB: a block that fills it files no more and stays passed over */

/* Memory by 16-byte units that never moves; freed pieces are kept by size. */
typedef struct pool {
    char *segments[SEGMENTS_MAX];
    uint32_t count;
    uint32_t next;        /* first free unit */
    uint32_t *free_lists; /* by size in units (people) or class (blocks); the first 4 bytes of a piece link on */
    uint32_t sizes;
} pool;

_Static_assert(BLOCK_SIZE_MAX < (4u << CLASS_LARGE) - 1, "a small block is never oversize");

typedef struct slot_entry {
    uint32_t key;     /* 0: free */
    uint32_t payload; /* person_ref, or BLOCK_BIT | place of a block */
} slot_entry;

/* A block: the count word, then refs. Large ones say more. */
typedef struct block {
    uint32_t head; /* class << 24 | count */
    uint32_t live; /* large only: not superseded */
    uint64_t
        oversize_since; /* large only: more than BLOCK_SIZE_MAX visible at every position from here on; 0 unknown */
} block;

struct people {
    pool persons, blocks;
    slot_entry *table;
    uint32_t table_size, table_used;
    uint64_t count, last_seq, refs_in_blocks;
    terms terms[TERM_KINDS];
};

/* Memory ------------------------------------------------------------------------------------------------- */

static void
pool_init(pool *pool, uint32_t sizes)
{
    memset(pool, 0, sizeof *pool);
    pool->sizes = sizes;
    pool->free_lists = mst_alloc(sizes * sizeof *pool->free_lists);
    memset(pool->free_lists, 0, sizes * sizeof *pool->free_lists);
    pool->next = 1; // unit 0 means none
}

static void
pool_release(pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        munmap(pool->segments[i], SEGMENT_SIZE);
    free(pool->free_lists);
}

static inline void *
pool_at(const pool *pool, uint32_t place)
{
    return pool->segments[place / SEGMENT_UNITS] + (size_t)(place % SEGMENT_UNITS) * 16;
}

static void *
huge_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "out of memory: %zu bytes for the index of people\n", size);
        abort();
    }
    (void)madvise(memory, size, MADV_HUGEPAGE); // a hint: random reads are twice as fast with it
    return memory;
}

static uint32_t
pool_take(pool *pool, uint32_t units, uint32_t size_index)
{
    uint32_t place = pool->free_lists[size_index];
    if (place != 0) {
        memcpy(&pool->free_lists[size_index], pool_at(pool, place), sizeof(uint32_t));
        return place;
    }
    uint32_t left = (uint32_t)(SEGMENT_UNITS - pool->next % SEGMENT_UNITS);
    if (pool->count == 0 || pool->next / SEGMENT_UNITS >= pool->count || units > left) {
        assert(units <= SEGMENT_UNITS - 1);
        if (pool->count == SEGMENTS_MAX) {
            fprintf(stderr, "the index of people is full: %zu bytes\n", SEGMENTS_MAX * SEGMENT_SIZE);
            abort();
        }
        if (pool->count > 0)
            pool->next = (uint32_t)(pool->count * SEGMENT_UNITS);
        pool->segments[pool->count++] = huge_memory(SEGMENT_SIZE);
    }
    place = pool->next;
    pool->next += units;
    return place;
}

static void
pool_give(pool *pool, uint32_t place, uint32_t size_index)
{
    memcpy(pool_at(pool, place), &pool->free_lists[size_index], sizeof(uint32_t));
    pool->free_lists[size_index] = place;
}

/* Table -------------------------------------------------------------------------------------------------- */

static inline uint32_t
home(const people *people, uint32_t key)
{
    return (uint32_t)((uint64_t)key * people->table_size >> 32);
}

static inline slot_entry *
table_find(const people *people, uint32_t key)
{
    uint32_t at = home(people, key);
    while (people->table[at].key != 0 && people->table[at].key != key)
        at = at + 1 == people->table_size ? 0 : at + 1;
    return &people->table[at];
}

static void
table_resize(people *people, uint32_t size)
{
    slot_entry *old = people->table;
    uint32_t old_size = people->table_size;
    people->table_size = size;
    people->table = huge_memory(people->table_size * sizeof *people->table);
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].key != 0)
            *table_find(people, old[i].key) = old[i];
    if (old != NULL)
        munmap(old, old_size * sizeof *old);
}

/* Closes the gap behind a freed slot, so that searches need no tombstones. */
static void
table_free(people *people, slot_entry *gone)
{
    uint32_t size = people->table_size, hole = (uint32_t)(gone - people->table);
    for (uint32_t at = hole;;) {
        at = at + 1 == size ? 0 : at + 1;
        if (people->table[at].key == 0)
            break;
        uint32_t from_home = (at + size - home(people, people->table[at].key)) % size;
        uint32_t from_hole = (at + size - hole) % size;
        if (from_home >= from_hole) {
            people->table[hole] = people->table[at];
            hole = at;
        }
    }
    people->table[hole].key = 0;
    people->table_used--;
}

/* Blocks ------------------------------------------------------------------------------------------------- */

static inline uint32_t
block_count(const block *block)
{
    return block->head & BLOCK_COUNT_MAX;
}

static inline uint32_t
block_class(const block *block)
{
    return block->head >> 24;
}

static inline person_ref *
block_refs(const block *block)
{
    return (person_ref *)block + (block_class(block) >= CLASS_LARGE ? 4 : 1);
}

static inline uint32_t
class_room(uint32_t class)
{
    return (4u << class) - (class >= CLASS_LARGE ? 4 : 1);
}

static void
block_set(block *block, uint32_t class, uint32_t count)
{
    assert(count <= BLOCK_COUNT_MAX);
    block->head = class << 24 | count;
}

static void
note_oversize(block *block, uint64_t seq)
{
    if (block->live > BLOCK_SIZE_MAX && block->oversize_since == 0)
        block->oversize_since = seq;
    else if (block->live <= BLOCK_SIZE_MAX && block_class(block) < CLASS_LAST)
        block->oversize_since = 0;
}

static uint32_t
block_grow(people *people, uint32_t place)
{
    block *old = pool_at(&people->blocks, place);
    uint32_t class = block_class(old), count = block_count(old);
    assert(class < CLASS_LAST);
    uint32_t new_place = pool_take(&people->blocks, 1u << (class + 1), class + 1);
    block *block = pool_at(&people->blocks, new_place);
    block_set(block, class + 1, count);
    if (class + 1 >= CLASS_LARGE) {
        block->live = class >= CLASS_LARGE ? old->live : 0;
        block->oversize_since = class >= CLASS_LARGE ? old->oversize_since : 0;
    }
    memcpy(block_refs(block), block_refs(old), count * sizeof(person_ref));
    if (class + 1 == CLASS_LARGE)
        for (uint32_t i = 0; i < count; i++)
            block->live += people_at(people, block_refs(block)[i])->seq_to == PERSON_NOW;
    pool_give(&people->blocks, place, class);
    return new_place;
}

static void
file_under(people *people, uint32_t key, person_ref ref, uint64_t seq)
{
    slot_entry *slot = table_find(people, key);
    if (slot->key == 0) {
        *slot = (slot_entry){key, ref};
        people->table_used++;
        return;
    }
    if ((slot->payload & BLOCK_BIT) == 0) {
        uint32_t place = pool_take(&people->blocks, 1, 0);
        block *block = pool_at(&people->blocks, place);
        block_set(block, 0, 1);
        block_refs(block)[0] = slot->payload;
        slot->payload = BLOCK_BIT | place;
    }
    uint32_t place = slot->payload & ~BLOCK_BIT;
    block *block = pool_at(&people->blocks, place);
    if (block_count(block) == class_room(block_class(block))) {
        if (block_class(block) == CLASS_LAST) {
            block->live++;
            return;
        }
        place = block_grow(people, place);
        slot->payload = BLOCK_BIT | place;
        block = pool_at(&people->blocks, place);
    }
    uint32_t count = block_count(block);
    block_refs(block)[count] = ref;
    block_set(block, block_class(block), count + 1);
    people->refs_in_blocks++;
    if (block_class(block) >= CLASS_LARGE) {
        block->live++;
        note_oversize(block, seq);
    }
}

static void
take_from(people *people, uint32_t key, person_ref ref)
{
    slot_entry *slot = table_find(people, key);
    assert(slot->key == key);
    if ((slot->payload & BLOCK_BIT) == 0) {
        assert(slot->payload == ref);
        table_free(people, slot);
        return;
    }
    uint32_t place = slot->payload & ~BLOCK_BIT;
    block *block = pool_at(&people->blocks, place);
    person_ref *refs = block_refs(block);
    uint32_t count = block_count(block), at = 0;
    while (at < count && refs[at] != ref)
        at++;
    assert(at < count || block_class(block) == CLASS_LAST);
    if (at == count)
        return;
    memmove(refs + at, refs + at + 1, (count - at - 1) * sizeof *refs);
    block_set(block, block_class(block), count - 1);
    people->refs_in_blocks--;
    if (count == 1 && block_class(block) < CLASS_LAST) {
        pool_give(&people->blocks, place, block_class(block));
        table_free(people, slot);
    }
}

/* People ------------------------------------------------------------------------------------------------- */

people *
people_new(void)
{
    people *people = mst_alloc(sizeof *people);
    memset(people, 0, sizeof *people);
    pool_init(&people->persons, 256);
    pool_init(&people->blocks, CLASS_LAST + 1);
    for (int i = 0; i < TERM_KINDS; i++)
        terms_init(&people->terms[i]);
    table_resize(people, TABLE_START);
    return people;
}

void
people_destroy(people **people)
{
    if (*people == NULL)
        return;
    pool_release(&(*people)->persons);
    pool_release(&(*people)->blocks);
    munmap((*people)->table, (*people)->table_size * sizeof *(*people)->table);
    for (int i = 0; i < TERM_KINDS; i++)
        terms_release(&(*people)->terms[i]);
    free(*people);
    *people = NULL;
}

person *
people_at(const people *people, person_ref ref)
{
    return pool_at(&people->persons, ref);
}

static void
file_person(people *people, person_ref ref, uint64_t seq_from, uint32_t version)
{
    person *person = people_at(people, ref);
    assert(seq_from >= people->last_seq);
    people->last_seq = seq_from;
    person->seq_from = seq_from;
    person->seq_to = PERSON_NOW;
    person->version = version;

    person_view view;
    uint32_t keys[BLOCKING_KEYS_MAX];
    person_view_of(&view, person);
    size_t fine, count = blocking_keys(&view, keys, &fine);
    while ((uint64_t)(people->table_used + count) * 4 > (uint64_t)people->table_size * 3)
        table_resize(people, people->table_size * 2);
    for (size_t i = 0; i < count; i++)
        people_prefetch_key(people, keys[i]);
    terms_count_person(people->terms, &view, 1);
    for (size_t i = 0; i < count; i++)
        file_under(people, keys[i], ref, seq_from);
    people->count++;
}

person_ref
people_add(people *people, const draft *draft, const char *record_id, size_t record_id_size, uint64_t seq_from,
           uint32_t version)
{
    uint32_t units = (uint32_t)(person_size(draft, record_id_size) / 16);
    person_ref ref = pool_take(&people->persons, units, units);
    assert((ref & BLOCK_BIT) == 0);
    person_pack(people_at(people, ref), draft, record_id, record_id_size);
    file_person(people, ref, seq_from, version);
    return ref;
}

person_ref
people_add_packed(people *people, const person *packed, uint64_t seq_from, uint32_t version)
{
    person_ref ref = pool_take(&people->persons, packed->units, packed->units);
    assert((ref & BLOCK_BIT) == 0);
    memcpy(people_at(people, ref), packed, (size_t)packed->units * 16);
    file_person(people, ref, seq_from, version);
    return ref;
}

void
people_reserve(people *people, uint64_t count)
{
    if (people->count == 0 || count <= people->count)
        return;
    double keys = (double)people->table_used / (double)people->count * (double)count;
    double slots = keys * 4 / 3 + BLOCKING_KEYS_MAX * 2;
    if (slots > people->table_size && slots < UINT32_MAX / 2)
        table_resize(people, (uint32_t)slots);
}

void
people_supersede(people *people, person_ref ref, uint64_t seq)
{
    person *person = people_at(people, ref);
    assert(person->seq_to == PERSON_NOW);
    person->seq_to = seq;
    people->count--;
    person_view view;
    uint32_t keys[BLOCKING_KEYS_MAX];
    person_view_of(&view, person);
    terms_count_person(people->terms, &view, -1);
    size_t fine, count = blocking_keys(&view, keys, &fine);
    for (size_t i = 0; i < count; i++) {
        slot_entry *slot = table_find(people, keys[i]);
        assert(slot->key == keys[i]);
        if ((slot->payload & BLOCK_BIT) == 0)
            continue;
        block *block = pool_at(&people->blocks, slot->payload & ~BLOCK_BIT);
        if (block_class(block) >= CLASS_LARGE) {
            block->live--;
            note_oversize(block, seq);
        }
    }
}

void
people_remove(people *people, person_ref ref)
{
    person *person = people_at(people, ref);
    assert(person->seq_to != PERSON_NOW);
    person_view view;
    uint32_t keys[BLOCKING_KEYS_MAX];
    person_view_of(&view, person);
    size_t fine, count = blocking_keys(&view, keys, &fine);
    for (size_t i = 0; i < count; i++)
        take_from(people, keys[i], ref);
    pool_give(&people->persons, ref, person->units);
}

uint64_t
people_count(const people *people)
{
    return people->count;
}

const terms *
people_terms(const people *people)
{
    return people->terms;
}

uint64_t
people_memory(const people *people)
{
    uint64_t bytes = sizeof *people + (uint64_t)people->table_size * sizeof *people->table +
                     ((uint64_t)people->persons.next + people->blocks.next) * 16;
    for (int i = 0; i < TERM_KINDS; i++)
        bytes += (uint64_t)people->terms[i].size * sizeof(term);
    return bytes;
}

void
people_stats_of(const people *people, people_stats *stats)
{
    *stats = (people_stats){
        .keys = people->table_used, .table_slots = people->table_size, .in_blocks = people->refs_in_blocks};
    for (uint32_t i = 0; i < people->table_size; i++) {
        if (people->table[i].key == 0 || (people->table[i].payload & BLOCK_BIT) == 0)
            continue;
        const block *block = pool_at(&people->blocks, people->table[i].payload & ~BLOCK_BIT);
        if (block_class(block) >= CLASS_LARGE && block->live > BLOCK_SIZE_MAX)
            stats->oversize_blocks++;
        if (block_count(block) > stats->largest_block)
            stats->largest_block = block_count(block);
    }
}

void
people_sample_ids(const people *people, size_t sample, uint32_t having[PERSON_IDS_MAX],
                  uint32_t sharing[PERSON_IDS_MAX])
{
    memset(having, 0, PERSON_IDS_MAX * sizeof *having);
    memset(sharing, 0, PERSON_IDS_MAX * sizeof *sharing);
    uint32_t stride = (uint32_t)(people->table_size / (sample * 4) + 1);
    for (uint32_t at = 0; at < people->table_size; at += stride) {
        const slot_entry *slot = &people->table[at];
        if (slot->key == 0 || (slot->payload & BLOCK_BIT) != 0)
            continue;
        person_view view;
        person_view_of(&view, people_at(people, slot->payload));
        if (view.person->seq_to != PERSON_NOW)
            continue;
        for (uint32_t nth = 0; nth < PERSON_IDS_MAX; nth++) {
            if (view.person->sizes[SLOT_ID + nth] == 0)
                continue;
            person_ref refs[BLOCK_SIZE_MAX];
            uint32_t block = people_probe(people, blocking_id_key(&view, nth)), live = 0;
            size_t count = people_block(people, block, people->last_seq, refs);
            for (size_t i = 0; i < count; i++)
                live += people_at(people, refs[i])->seq_to == PERSON_NOW;
            having[nth]++;
            sharing[nth] += live != 1;
        }
    }
}

/* Searching ---------------------------------------------------------------------------------------------- */

void
people_prefetch_key(const people *people, uint32_t key)
{
    __builtin_prefetch(&people->table[home(people, key)]);
}

uint32_t
people_probe(const people *people, uint32_t key)
{
    const slot_entry *slot = table_find(people, key);
    return slot->key == key ? slot->payload : 0;
}

void
people_prefetch_block(const people *people, uint32_t block)
{
    if ((block & BLOCK_BIT) != 0)
        __builtin_prefetch(pool_at(&people->blocks, block & ~BLOCK_BIT));
}

size_t
people_block(const people *people, uint32_t payload, uint64_t position, person_ref refs[BLOCK_SIZE_MAX])
{
    if ((payload & BLOCK_BIT) == 0) {
        refs[0] = payload;
        return payload != 0;
    }
    const block *block = pool_at(&people->blocks, payload & ~BLOCK_BIT);
    const person_ref *stored = block_refs(block);
    uint32_t count = block_count(block);
    if (count <= BLOCK_SIZE_MAX) {
        memcpy(refs, stored, count * sizeof *refs);
        return count;
    }
    if (block->oversize_since != 0 && position >= block->oversize_since)
        return 0;
    size_t visible = 0;
    for (uint32_t i = 0; i < count; i++) {
        const person *person = people_at(people, stored[i]);
        if (person->seq_from > position)
            break;
        if (position >= person->seq_to)
            continue;
        if (visible == BLOCK_SIZE_MAX)
            return 0;
        refs[visible++] = stored[i];
    }
    return visible;
}

void
people_prefetch(const people *people, person_ref ref)
{
    const char *memory = pool_at(&people->persons, ref);
    __builtin_prefetch(memory);
    __builtin_prefetch(memory + 64);
}
