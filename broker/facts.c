/* facts.c - what is remembered beside the events.
 *
 * Keys begin with one letter: B boot epoch, I incarnation, c answers of commits by id, g groups, i inputs by group and
 * seq, k parked inputs by group and seq, p epochs of producers. Numbers in keys are big-endian, in values
 * little-endian. What this turn put is seen by its own gets before it is durable. */
#include "core.h"

#include "proto/codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
} reader;

static const uint8_t *
take(reader *r, size_t size)
{
    if (r->failed || r->left < size) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += size;
    r->left -= size;
    return bytes;
}

static uint64_t
take_number(reader *r, size_t size)
{
    const uint8_t *bytes = take(r, size);
    uint64_t number = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

static uint8_t *
put_number(uint8_t *at, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(number >> (8 * i));
    return at + size;
}

static mst_slice
key_of(mst_broker *broker, char letter, const void *name, size_t size)
{
    uint8_t *key = mst_arena_alloc(broker->arena, size + 1);
    key[0] = (uint8_t)letter;
    memcpy(key + 1, name, size);
    return (mst_slice){key, size + 1};
}

static mst_slice
key_of_input(mst_broker *broker, char letter, const char *group, uint64_t seq)
{
    size_t size = strlen(group);
    uint8_t *key = mst_arena_alloc(broker->arena, size + 10);
    key[0] = (uint8_t)letter;
    memcpy(key + 1, group, size + 1);
    for (int i = 0; i < 8; i++)
        key[size + 2 + i] = (uint8_t)(seq >> (56 - 8 * i));
    return (mst_slice){key, size + 10};
}

mst_status
mst_fact_get(mst_broker *broker, mst_slice key, mst_slice *value)
{
    const mst_store_fact *mine = mst_table_get(broker->facts, key.data, key.size);
    if (mine != NULL) {
        *value = mine->value;
        return mine->erase ? MST_NOT_FOUND : MST_OK;
    }
    return broker->store->fact(broker->store, key, broker->arena, value);
}

static void
put(mst_broker *broker, mst_slice key, mst_slice value, bool erase)
{
    void **slot = mst_table_at(broker->facts, key.data, key.size);
    if (*slot == NULL) {
        mst_store_fact *fact = mst_arena_alloc(broker->arena, sizeof *fact);
        fact->key = key;
        if (broker->fact_count == broker->fact_capacity) {
            broker->fact_capacity = broker->fact_capacity == 0 ? 1024 : broker->fact_capacity * 2;
            broker->fact_list = mst_realloc(broker->fact_list, broker->fact_capacity * sizeof *broker->fact_list);
        }
        broker->fact_list[broker->fact_count++] = fact;
        *slot = fact;
    }
    mst_store_fact *fact = *slot;
    fact->value = value;
    fact->erase = erase;
    broker->dirty = true;
}

void
mst_fact_put(mst_broker *broker, mst_slice key, mst_slice value)
{
    put(broker, key, value, false);
}

void
mst_fact_erase(mst_broker *broker, mst_slice key)
{
    put(broker, key, (mst_slice){NULL, 0}, true);
}

mst_status
mst_fact_commit_get(mst_broker *broker, const uint8_t id[16], mst_commit_fact *fact)
{
    mst_slice value;
    mst_status rc = mst_fact_get(broker, key_of(broker, 'c', id, 16), &value);
    if (rc != MST_OK)
        return rc;
    reader r = {value.data, value.size, false};
    fact->fingerprint = take(&r, 16);
    fact->first_seq = take_number(&r, 8);
    fact->last_seq = take_number(&r, 8);
    fact->answer = (mst_slice){r.at, r.left};
    return r.failed ? MST_CORRUPT : MST_OK;
}

void
mst_fact_commit_put(mst_broker *broker, const uint8_t id[16], const mst_commit_fact *fact)
{
    uint8_t *value = mst_arena_alloc(broker->arena, 32 + fact->answer.size);
    memcpy(value, fact->fingerprint, 16);
    uint8_t *at = put_number(value + 16, fact->first_seq, 8);
    at = put_number(at, fact->last_seq, 8);
    if (fact->answer.size > 0)
        memcpy(at, fact->answer.data, fact->answer.size);
    mst_fact_put(broker, key_of(broker, 'c', id, 16), (mst_slice){value, 32 + fact->answer.size});
}

mst_status
mst_fact_producer_get(mst_broker *broker, const char *name, uint64_t *epoch)
{
    mst_slice value;
    *epoch = 0;
    mst_status rc = mst_fact_get(broker, key_of(broker, 'p', name, strlen(name)), &value);
    if (rc != MST_OK)
        return rc == MST_NOT_FOUND ? MST_OK : rc;
    reader r = {value.data, value.size, false};
    *epoch = take_number(&r, 8);
    return r.failed ? MST_CORRUPT : MST_OK;
}

void
mst_fact_producer_put(mst_broker *broker, const char *name, uint64_t epoch)
{
    uint8_t *value = mst_arena_alloc(broker->arena, 8);
    put_number(value, epoch, 8);
    mst_fact_put(broker, key_of(broker, 'p', name, strlen(name)), (mst_slice){value, 8});
}

static mst_status
read_input(mst_slice value, mst_input_fact *fact)
{
    reader r = {value.data, value.size, false};
    fact->state = (mst_input_state)take_number(&r, 1);
    fact->granted = take_number(&r, 1) != 0;
    fact->next_part = (uint32_t)take_number(&r, 4);
    fact->grants = (uint32_t)take_number(&r, 4);
    fact->last_seq = take_number(&r, 8);
    return r.failed || fact->state < INPUT_OPEN || fact->state > INPUT_PARKED ? MST_CORRUPT : MST_OK;
}

mst_status
mst_fact_input_get(mst_broker *broker, const char *group, uint64_t seq, mst_input_fact *fact)
{
    mst_slice value;
    mst_status rc = mst_fact_get(broker, key_of_input(broker, 'i', group, seq), &value);
    return rc == MST_OK ? read_input(value, fact) : rc;
}

void
mst_fact_input_put(mst_broker *broker, const char *group, uint64_t seq, const mst_input_fact *fact)
{
    uint8_t *value = mst_arena_alloc(broker->arena, 18);
    uint8_t *at = put_number(value, fact->state, 1);
    at = put_number(at, fact->granted, 1);
    at = put_number(at, fact->next_part, 4);
    at = put_number(at, fact->grants, 4);
    put_number(at, fact->last_seq, 8);
    mst_fact_put(broker, key_of_input(broker, 'i', group, seq), (mst_slice){value, 18});
}

void
mst_fact_group_put(mst_broker *broker, const mst_group *group, uint64_t cursor)
{
    size_t size = 12;
    for (size_t i = 0; i < group->types_count; i++)
        size += 12 + strlen(group->types[i].type);
    uint8_t *value = mst_arena_alloc(broker->arena, size);
    uint8_t *at = put_number(value, cursor, 8);
    at = put_number(at, group->types_count, 4);
    for (size_t i = 0; i < group->types_count; i++) {
        size_t length = strlen(group->types[i].type);
        at = put_number(at, group->types[i].from_seq, 8);
        at = put_number(at, length, 4);
        memcpy(at, group->types[i].type, length);
        at += length;
    }
    mst_fact_put(broker, key_of(broker, 'g', group->name, strlen(group->name)), (mst_slice){value, size});
}

void
mst_fact_parked_put(mst_broker *broker, const char *group, uint64_t seq, const Muster__V1__Parked *parked)
{
    size_t size = parked == NULL ? 0 : muster__v1__parked__get_packed_size(parked);
    uint8_t *value = mst_arena_alloc(broker->arena, size + 1);
    value[0] = parked == NULL; // released
    if (parked != NULL)
        muster__v1__parked__pack(parked, value + 1);
    mst_fact_put(broker, key_of_input(broker, 'k', group, seq), (mst_slice){value, size + 1});
}

void
mst_fact_parked_erase(mst_broker *broker, const char *group, uint64_t seq)
{
    mst_fact_erase(broker, key_of_input(broker, 'k', group, seq));
}

/* Loading ---------------------------------------------------------------------------------------------- */

typedef struct loading {
    mst_broker *broker;
    mst_status rc;
} loading;

static bool
load_group(void *context, mst_slice key, mst_slice value)
{
    loading *load = context;
    char name[MST_BROKER_NAME_MAX + 1] = "";
    load->rc = MST_CORRUPT;
    if (key.size < 2 || key.size - 1 > MST_BROKER_NAME_MAX)
        return false;
    memcpy(name, key.data + 1, key.size - 1);
    reader r = {value.data, value.size, false};
    uint64_t cursor = take_number(&r, 8);
    size_t count = take_number(&r, 4);
    if (count > MST_BROKER_TYPES_MAX || load->broker->groups_count == MST_BROKER_GROUPS_MAX)
        return false;
    mst_group *group = mst_group_new(load->broker, name);
    group->scanned = group->cursor_stored = cursor;
    for (size_t i = 0; i < count; i++) {
        uint64_t from_seq = take_number(&r, 8);
        size_t length = take_number(&r, 4);
        const uint8_t *type = take(&r, length);
        if (r.failed)
            return false;
        char *copy = mst_alloc(length + 1);
        memcpy(copy, type, length);
        copy[length] = '\0';
        group->types[group->types_count++] = (mst_group_type){copy, from_seq};
    }
    load->rc = r.failed || cursor > load->broker->tail ? MST_CORRUPT : MST_OK;
    return load->rc == MST_OK;
}

static mst_status
load_released(mst_broker *broker, mst_group *group, uint64_t seq)
{
    const Muster__V1__Envelope *head;
    mst_input_fact fact;
    mst_status rc = mst_core_event(broker, seq, broker->scratch, &head, NULL);
    if (rc == MST_OK)
        rc = mst_fact_input_get(broker, group->name, seq, &fact);
    if (rc == MST_OK && fact.state == INPUT_OPEN)
        mst_input_add(group, seq, head->key, &fact, true);
    return rc;
}

static bool
load_parked(void *context, mst_slice key, mst_slice value)
{
    loading *load = context;
    load->rc = MST_CORRUPT;
    if (key.size < 11 || key.data[key.size - 9] != 0 || value.size < 1)
        return false;
    mst_group *group = mst_group_get(load->broker, (const char *)key.data + 1);
    uint64_t seq = 0;
    for (size_t i = key.size - 8; i < key.size; i++)
        seq = seq << 8 | key.data[i];
    if (group == NULL)
        return false;
    if (value.data[0] != 0) {
        load->rc = load_released(load->broker, group, seq);
        return load->rc == MST_OK;
    }
    Muster__V1__Parked *parked = (Muster__V1__Parked *)mst_unpack(&muster__v1__parked__descriptor, value.data + 1,
                                                                  value.size - 1, MST_CONTROL_SIZE_MAX, NULL);
    if (parked == NULL)
        return false;
    *mst_table_at(group->parked, &seq, sizeof seq) = parked;
    load->rc = MST_OK;
    return true;
}

static mst_status
load_prefix(mst_broker *broker, const char *prefix, mst_fact_visit visit)
{
    loading load = {broker, MST_OK};
    mst_status rc = broker->store->facts(broker->store, mst_text_slice(prefix), visit, &load);
    return rc != MST_OK ? rc : load.rc;
}

/* The boot epoch is part of every grant, so grants of two lives of the broker never look alike. */
static mst_status
raise_boot_epoch(mst_broker *broker)
{
    mst_slice value;
    mst_status rc = mst_fact_get(broker, mst_text_slice("B"), &value);
    if (rc != MST_OK && rc != MST_NOT_FOUND)
        return rc;
    if (rc == MST_OK) {
        reader r = {value.data, value.size, false};
        broker->boot_epoch = (uint32_t)take_number(&r, 4);
        if (r.failed)
            return MST_CORRUPT;
    }
    broker->boot_epoch++;
    uint8_t *number = mst_arena_alloc(broker->arena, 4);
    put_number(number, broker->boot_epoch, 4);
    mst_fact_put(broker, mst_text_slice("B"), (mst_slice){number, 4});
    return MST_OK;
}

static mst_status
load_incarnation(mst_broker *broker)
{
    mst_slice value;
    mst_status rc = mst_fact_get(broker, mst_text_slice("I"), &value);
    if (rc == MST_NOT_FOUND && broker->tail == 0) {
        memcpy(broker->incarnation, broker->options.new_incarnation, 16);
        mst_fact_put(broker, mst_text_slice("I"), (mst_slice){broker->incarnation, 16});
        return MST_OK;
    }
    if (rc != MST_OK || value.size != 16)
        return rc == MST_OK || rc == MST_NOT_FOUND ? MST_CORRUPT : rc;
    memcpy(broker->incarnation, value.data, 16);
    return MST_OK;
}

mst_status
mst_facts_load(mst_broker *broker)
{
    mst_status rc = load_incarnation(broker);
    if (rc == MST_OK)
        rc = load_prefix(broker, "g", load_group);
    if (rc == MST_OK)
        rc = load_prefix(broker, "k", load_parked);
    if (rc == MST_OK)
        rc = raise_boot_epoch(broker);
    return rc;
}
