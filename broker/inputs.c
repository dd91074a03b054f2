/* inputs.c - one input of a work group, from granted to done.
 *
 * An input is done once and for ever: that is a fact in the log, not a lease. The grant only says who may answer now,
 * and is counted in the log before the input is delivered, so that an input which kills its worker is counted too. */
#include "core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

mst_input *
mst_input_get(const mst_group *group, uint64_t seq)
{
    return mst_table_get(group->inputs, &seq, sizeof seq);
}

static mst_key *
key_get(mst_group *group, const char *name)
{
    void **slot = mst_table_at(group->keys, name, strlen(name));
    if (*slot == NULL) {
        mst_key *fresh = mst_alloc(sizeof *fresh);
        *fresh = (mst_key){.name = mst_strdup(name)};
        *slot = fresh;
    }
    return *slot;
}

/* A key is ready when its first input is nobody's. */
static void
key_check(mst_group *group, mst_key *key)
{
    bool ready = key->first != NULL && key->first->member == NULL;
    if (ready == key->ready)
        return;
    key->ready = ready;
    if (ready) {
        key->ready_prev = group->ready_last;
        key->ready_next = NULL;
        *(group->ready_last != NULL ? &group->ready_last->ready_next : &group->ready_first) = key;
        group->ready_last = key;
    } else {
        *(key->ready_prev != NULL ? &key->ready_prev->ready_next : &group->ready_first) = key->ready_next;
        *(key->ready_next != NULL ? &key->ready_next->ready_prev : &group->ready_last) = key->ready_prev;
    }
}

/* Inputs come in order of seq, save one that was parked and released: it goes where its seq belongs, but never before
 * one that somebody is working on. */
static void
key_insert(mst_key *key, mst_input *fresh)
{
    mst_input *before = key->last;
    while (before != NULL && before->seq > fresh->seq && before->member == NULL)
        before = before->prev;
    fresh->prev = before;
    fresh->next = before != NULL ? before->next : key->first;
    *(before != NULL ? &before->next : &key->first) = fresh;
    *(fresh->next != NULL ? &fresh->next->prev : &key->last) = fresh;
}

mst_input *
mst_input_add(mst_group *group, uint64_t seq, const char *key_name, const mst_input_fact *fact, bool released)
{
    mst_input *fresh = mst_alloc(sizeof *fresh);
    *fresh = (mst_input){.seq = seq, .key = key_get(group, key_name), .released = released};
    if (fact != NULL) {
        fresh->next_part = fact->next_part;
        fresh->last_seq = fact->last_seq;
        // Whoever had it when the broker went down did not fail: that grant does not count.
        fresh->grants = fact->grants - (fact->granted && fact->grants > 0 ? 1 : 0);
    }
    key_insert(fresh->key, fresh);
    if (!released) {
        fresh->all_prev = group->all_last;
        *(group->all_last != NULL ? &group->all_last->all_next : &group->all_first) = fresh;
        group->all_last = fresh;
    }
    *mst_table_at(group->inputs, &seq, sizeof seq) = fresh;
    key_check(group, fresh->key);
    return fresh;
}

static void
member_drop(mst_input *input)
{
    mst_member *holder = input->member;
    if (holder == NULL)
        return;
    struct mst_input **at = &holder->inputs;
    while (*at != input)
        at = &(*at)->mine_next;
    *at = input->mine_next;
    holder->at_work--;
    input->member = NULL;
    input->mine_next = NULL;
    input->grant = 0;
}

/* Takes the input out of memory; its fact says what became of it. */
static void
remove_input(mst_group *group, mst_input *input)
{
    mst_key *key = input->key;
    member_drop(input);
    *(input->prev != NULL ? &input->prev->next : &key->first) = input->next;
    *(input->next != NULL ? &input->next->prev : &key->last) = input->prev;
    if (!input->released) {
        *(input->all_prev != NULL ? &input->all_prev->all_next : &group->all_first) = input->all_next;
        *(input->all_next != NULL ? &input->all_next->all_prev : &group->all_last) = input->all_prev;
    }
    mst_table_remove(group->inputs, &input->seq, sizeof input->seq);
    key_check(group, key);
    free(input);
}

void
mst_input_store(mst_broker *broker, const mst_group *group, const mst_input *input)
{
    mst_input_fact fact = {INPUT_OPEN, input->member != NULL, input->next_part, input->grants, input->last_seq};
    mst_fact_input_put(broker, group->name, input->seq, &fact);
}

void
mst_input_done(mst_broker *broker, mst_group *group, mst_input *input)
{
    mst_input_fact fact = {INPUT_DONE, false, input->next_part + 1, 0, input->last_seq};
    mst_fact_input_put(broker, group->name, input->seq, &fact);
    if (input->released)
        mst_fact_parked_erase(broker, group->name, input->seq);
    remove_input(group, input);
}

void
mst_input_part(mst_broker *broker, mst_group *group, mst_input *input, uint64_t last_seq)
{
    input->next_part++;
    input->grants = 0;
    input->progressed = true;
    if (last_seq != 0)
        input->last_seq = last_seq;
    mst_input_store(broker, group, input);
}

void
mst_input_grant(mst_broker *broker, mst_group *group, mst_input *input, mst_member *member)
{
    input->member = member;
    input->mine_next = member->inputs;
    member->inputs = input;
    member->at_work++;
    member->turn = ++broker->grants_given;
    input->grant = (uint64_t)broker->boot_epoch << 32 | broker->grants_given;
    input->grants++;
    input->progressed = false;
    input->key->last_session = member->session->id;
    key_check(group, input->key);
    mst_input_store(broker, group, input);
}

static void
park(mst_broker *broker, mst_group *group, mst_input *input, const char *reason)
{
    const Muster__V1__Envelope *head = NULL;
    Muster__V1__Parked parked = MUSTER__V1__PARKED__INIT;
    parked.group = group->name;
    parked.seq = input->seq;
    if (mst_core_event(broker, input->seq, broker->arena, &head, NULL) == MST_OK) {
        parked.type = head->type;
        parked.batch_id = head->batch_id;
    }
    parked.key = input->key->name;
    parked.grants = input->grants;
    parked.reason = (char *)reason;
    parked.parked_at_ms = broker->wall_ms;
    mst_input_fact fact = {INPUT_PARKED, false, input->next_part, input->grants, input->last_seq};
    mst_fact_input_put(broker, group->name, input->seq, &fact);
    mst_fact_parked_put(broker, group->name, input->seq, &parked);
    if (mst_table_count(group->parked) < MST_BROKER_PARKED_MAX) {
        mst_slice packed = mst_arena_pack(broker->arena, &parked.base);
        void **slot = mst_table_at(group->parked, &input->seq, sizeof input->seq);
        assert(*slot == NULL);
        *slot = muster__v1__parked__unpack(NULL, packed.size, packed.data);
    }
    remove_input(group, input);
}

void
mst_input_return(mst_broker *broker, mst_group *group, mst_input *input, bool orderly, const char *reason)
{
    // A grant under which a part was accepted is no failure of the next part: that gets five of its own.
    if (orderly && input->grants > 0 && !input->progressed)
        input->grants--;
    member_drop(input);
    if (input->grants >= MST_BROKER_GRANTS_MAX) {
        park(broker, group, input, reason);
        return;
    }
    mst_input_store(broker, group, input);
    key_check(group, input->key);
}
