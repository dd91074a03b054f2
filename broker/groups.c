/* groups.c - work groups: who is a member, what waits, who gets what.
 *
 * A group looks at every head of the log once (`scanned`) and keeps the inputs that are not done, by key. Below its
 * cursor everything is done or parked, so that a restart begins there. */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSES_MAX 64u /* ready keys passed over in one turn because nobody may have them yet */
#define PARKED_LISTED_MAX 200u
#define CREDIT_MAX 64u
#define REASON_MAX 500u /* bytes of a reason that are kept */

mst_group *
mst_group_get(const mst_broker *broker, const char *name)
{
    for (mst_group *g = broker->groups; g != NULL; g = g->next)
        if (strcmp(g->name, name) == 0)
            return g;
    return NULL;
}

mst_group *
mst_group_new(mst_broker *broker, const char *name)
{
    mst_group *fresh = mst_alloc(sizeof *fresh);
    memset(fresh, 0, sizeof *fresh);
    fresh->name = mst_strdup(name);
    fresh->keys = mst_table_new(NULL);
    fresh->inputs = mst_table_new(NULL);
    fresh->parked = mst_table_new(NULL);
    mst_group **at = &broker->groups;
    while (*at != NULL)
        at = &(*at)->next;
    *at = fresh;
    broker->groups_count++;
    return fresh;
}

void
mst_group_destroy(mst_group **out)
{
    mst_group *group = *out;
    void *value;
    for (size_t at = 0; mst_table_next(group->inputs, &at, NULL, &value);)
        free(value);
    for (size_t at = 0; mst_table_next(group->parked, &at, NULL, &value);)
        muster__v1__parked__free_unpacked(value, NULL);
    for (size_t at = 0; mst_table_next(group->keys, &at, NULL, &value);) {
        free(((mst_key *)value)->name);
        free(value);
    }
    for (size_t i = 0; i < group->types_count; i++)
        free(group->types[i].type);
    mst_table_destroy(&group->inputs);
    mst_table_destroy(&group->parked);
    mst_table_destroy(&group->keys);
    free(group->name);
    free(group);
    *out = NULL;
}

uint64_t
mst_group_cursor(const mst_group *group)
{
    return group->all_first != NULL ? group->all_first->seq - 1 : group->scanned;
}

uint64_t
mst_group_holder(const mst_group *group, const char *name)
{
    const mst_key *key = mst_table_get(group->keys, name, strlen(name));
    return key == NULL ? 0 : key->last_session;
}

/* Members ---------------------------------------------------------------------------------------------- */

static mst_member *
member_of(const mst_session *session, const char *name)
{
    for (mst_member *m = session->members; m != NULL; m = m->of_session)
        if (strcmp(m->group->name, name) == 0)
            return m;
    return NULL;
}

static const char *
join_fault(const Muster__V1__Join *join)
{
    if (join->group[0] == '\0' || strlen(join->group) > MST_BROKER_NAME_MAX)
        return "a group needs a name of 1 to 255 bytes";
    if (join->n_types == 0 || join->n_types > MST_BROKER_TYPES_MAX)
        return "a group has 1 to 64 types of inputs";
    for (size_t i = 0; i < join->n_types; i++)
        if (join->types[i][0] == '\0' || strlen(join->types[i]) > MST_BROKER_NAME_MAX)
            return "a type needs a name of 1 to 255 bytes";
    return join->credit < 1 || join->credit > CREDIT_MAX ? "credit is 1 to 64" : NULL;
}

/* A group's first member says what it works on, from the beginning of the log; what is named later counts from then
 * on, because the heads before were looked at without it. */
static bool
widen(mst_broker *broker, mst_group *group, const Muster__V1__Join *join)
{
    bool first = group->types_count == 0, widened = false;
    for (size_t i = 0; i < join->n_types; i++) {
        bool known = false;
        for (size_t j = 0; j < group->types_count && !known; j++)
            known = strcmp(group->types[j].type, join->types[i]) == 0;
        if (known)
            continue;
        if (group->types_count == MST_BROKER_TYPES_MAX)
            return false;
        group->types[group->types_count++] = (mst_group_type){mst_strdup(join->types[i]), first ? 1 : broker->tail + 1};
        widened = true;
    }
    if (widened)
        mst_fact_group_put(broker, group, group->cursor_stored);
    return true;
}

void
mst_group_join(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Join *join)
{
    const char *fault = join_fault(join);
    mst_group *group = fault == NULL ? mst_group_get(broker, join->group) : NULL;
    if (fault == NULL && group == NULL) {
        if (broker->groups_count < MST_BROKER_GROUPS_MAX)
            group = mst_group_new(broker, join->group);
        else
            fault = "there are 64 groups already";
    }
    if (fault == NULL && !widen(broker, group, join))
        fault = "a group has at most 64 types of inputs";
    if (fault != NULL) {
        mst_core_fault(broker, session->id, request_id, MUSTER__V1__FAULT_CODE__FAULT_LIMIT, fault);
        return;
    }
    mst_member *m = member_of(session, join->group);
    if (m == NULL) {
        m = mst_alloc(sizeof *m);
        *m = (mst_member){.next = group->members, .of_session = session->members, .group = group, .session = session};
        group->members = m;
        session->members = m;
    }
    m->credit = join->credit;
}

void
mst_group_member_end(mst_broker *broker, mst_member *m, bool orderly)
{
    mst_group *group = m->group;
    mst_session *session = m->session;
    while (m->inputs != NULL)
        mst_input_return(broker, group, m->inputs, orderly,
                         "the worker died or fell silent with it five times without finishing a part");
    mst_member **at = &group->members;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    at = &session->members;
    while (*at != m)
        at = &(*at)->of_session;
    *at = m->of_session;
    free(m);
}

void
mst_group_leave(mst_broker *broker, mst_session *session, const char *name)
{
    mst_member *m = member_of(session, name);
    if (m != NULL)
        mst_group_member_end(broker, m, true);
}

void
mst_group_release(mst_broker *broker, mst_session *session, const Muster__V1__Release *release)
{
    mst_group *group = mst_group_get(broker, release->group);
    mst_input *input = group == NULL ? NULL : mst_input_get(group, release->seq);
    if (input == NULL || input->member == NULL || input->member->session != session || input->grant != release->grant)
        return; // no longer its own: nothing to give back
    char *reason = release->reason[0] != '\0'
                       ? mst_arena_strndup(broker->arena, release->reason, strnlen(release->reason, REASON_MAX))
                       : mst_arena_strdup(broker->arena, "given back without a reason");
    mst_input_return(broker, group, input, release->orderly, reason);
}

/* Scanning --------------------------------------------------------------------------------------------- */

static bool
group_takes(const mst_group *group, const Muster__V1__Envelope *head)
{
    for (size_t i = 0; i < group->types_count; i++)
        if (head->seq >= group->types[i].from_seq && strcmp(group->types[i].type, head->type) == 0)
            return true;
    return false;
}

static mst_status
look_at(mst_broker *broker, mst_group *group, const Muster__V1__Envelope *head)
{
    if (!group_takes(group, head) || mst_input_get(group, head->seq) != NULL) {
        group->scanned = head->seq;
        return MST_OK;
    }
    mst_input_fact fact;
    // What came after this broker opened the log and was not looked at yet cannot have been worked on.
    mst_status rc =
        head->seq > broker->boot_tail ? MST_NOT_FOUND : mst_fact_input_get(broker, group->name, head->seq, &fact);
    if (rc != MST_OK && rc != MST_NOT_FOUND)
        return rc;
    if (rc == MST_NOT_FOUND || fact.state == INPUT_OPEN)
        mst_input_add(group, head->seq, head->key, rc == MST_OK ? &fact : NULL, false);
    group->scanned = head->seq;
    return MST_OK;
}

typedef struct scanning {
    mst_broker *broker;
    mst_group *group;
    mst_status rc;
} scanning;

static bool
scan_head(void *context, uint64_t seq, mst_slice packed)
{
    scanning *self = context;
    mst_arena_reset(self->broker->scratch);
    const Muster__V1__Envelope *head = mst_core_unpack_head(packed, self->broker->scratch);
    self->rc = head == NULL || head->seq != seq || seq != self->group->scanned + 1
                   ? MST_CORRUPT
                   : look_at(self->broker, self->group, head);
    return self->rc == MST_OK && mst_table_count(self->group->inputs) < WINDOW_MAX;
}

static mst_status
scan(mst_broker *broker, mst_group *group, bool *more)
{
    mst_status rc = MST_OK;
    if (group->scanned + 1 < broker->recent_first && mst_table_count(group->inputs) < WINDOW_MAX) {
        uint64_t to = group->scanned + SCAN_HEADS;
        to = to < broker->durable_seq ? to : broker->durable_seq;
        scanning self = {broker, group, MST_OK};
        rc = broker->store->heads(broker->store, group->scanned + 1, to, scan_head, &self);
        rc = rc == MST_OK ? self.rc : rc;
        *more |= group->scanned < broker->tail && mst_table_count(group->inputs) < WINDOW_MAX;
    }
    while (rc == MST_OK && group->scanned < broker->tail && group->scanned + 1 >= broker->recent_first &&
           mst_table_count(group->inputs) < WINDOW_MAX)
        rc = look_at(broker, group, &mst_core_recent(broker, group->scanned + 1)->head);
    return rc;
}

/* Granting --------------------------------------------------------------------------------------------- */

static bool
may_have(const mst_broker *broker, const mst_member *m, const mst_input *input)
{
    if (m->at_work >= m->credit || m->session->held)
        return false;
    uint64_t passed = mst_follow_passed(broker, m->session);
    return passed >= input->seq && passed >= input->last_seq;
}

/* The member that had the key last knows it best; else the one with the least to do, in turns. */
static mst_member *
choose(const mst_broker *broker, const mst_group *group, const mst_input *input)
{
    mst_member *best = NULL;
    for (mst_member *m = group->members; m != NULL; m = m->next) {
        if (!may_have(broker, m, input))
            continue;
        if (m->session->id == input->key->last_session)
            return m;
        if (best == NULL || m->at_work < best->at_work || (m->at_work == best->at_work && m->turn < best->turn))
            best = m;
    }
    return best;
}

static mst_status
grant(mst_broker *broker, mst_group *group, mst_input *input, mst_member *m)
{
    const Muster__V1__Envelope *head;
    mst_body *body = NULL;
    mst_status rc = mst_core_event(broker, input->seq, broker->arena, &head, &body);
    if (rc != MST_OK)
        return rc == MST_NOT_FOUND ? MST_CORRUPT : rc;
    mst_input_grant(broker, group, input, m);
    mst_follow_watermark(broker, m->session); // it must know that it has seen everything before the input
    Muster__V1__Delivery *delivery = mst_arena_alloc(broker->arena, sizeof *delivery);
    muster__v1__delivery__init(delivery);
    delivery->envelope = (Muster__V1__Envelope *)head;
    delivery->group = group->name;
    delivery->grant = input->grant;
    delivery->next_part = input->next_part;
    delivery->grants = input->grants;
    mst_core_reply(broker, m->session->id, 0, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, delivery, &body, 1);
    mst_body_unref(&body);
    return MST_OK;
}

static bool
has_room(const mst_group *group)
{
    for (const mst_member *m = group->members; m != NULL; m = m->next)
        if (m->at_work < m->credit)
            return true;
    return false;
}

static mst_status
grant_ready(mst_broker *broker, mst_group *group)
{
    unsigned misses = 0;
    for (mst_key *k = group->ready_first, *next; k != NULL && misses < MISSES_MAX && has_room(group); k = next) {
        next = k->ready_next;
        mst_member *m = choose(broker, group, k->first);
        if (m == NULL) {
            misses++;
            continue;
        }
        mst_status rc = grant(broker, group, k->first, m);
        if (rc != MST_OK)
            return rc;
    }
    return MST_OK;
}

/* Keys without inputs are kept for who had them last, up to a limit, then forgotten together. */
static void
forget_idle_keys(mst_group *group)
{
    if (mst_table_count(group->keys) < IDLE_KEYS_MAX + mst_table_count(group->inputs))
        return;
    size_t count = 0, at = 0;
    mst_key **idle = mst_alloc(mst_table_count(group->keys) * sizeof(*idle));
    void *value;
    while (mst_table_next(group->keys, &at, NULL, &value))
        if (((mst_key *)value)->first == NULL)
            idle[count++] = value;
    for (size_t i = 0; i < count; i++) {
        mst_table_remove(group->keys, idle[i]->name, strlen(idle[i]->name));
        free(idle[i]->name);
        free(idle[i]);
    }
    free(idle);
}

mst_status
mst_groups_turn(mst_broker *broker, bool *more)
{
    for (mst_group *g = broker->groups; g != NULL; g = g->next) {
        mst_status rc = scan(broker, g, more);
        if (rc == MST_OK)
            rc = grant_ready(broker, g);
        if (rc != MST_OK)
            return rc;
        forget_idle_keys(g);
    }
    return MST_OK;
}

void
mst_groups_store_cursors(mst_broker *broker)
{
    for (mst_group *g = broker->groups; g != NULL; g = g->next) {
        uint64_t cursor = mst_group_cursor(g);
        if (cursor == g->cursor_stored || cursor > broker->durable_seq)
            continue;
        g->cursor_stored = cursor;
        mst_fact_group_put(broker, g, cursor);
    }
}

/* Parked ----------------------------------------------------------------------------------------------- */

static void
reply_parked(mst_broker *broker, const mst_session *session, uint64_t request_id, Muster__V1__Parked **inputs,
             size_t count)
{
    Muster__V1__ParkedInputs *list = mst_arena_alloc(broker->arena, sizeof *list);
    muster__v1__parked_inputs__init(list);
    list->inputs = inputs;
    list->n_inputs = count;
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_PARKED_INPUTS, list, NULL, 0);
}

static Muster__V1__Parked *
parked_copy(mst_broker *broker, const Muster__V1__Parked *parked)
{
    mst_slice packed = mst_arena_pack(broker->arena, &parked->base);
    return muster__v1__parked__unpack(mst_arena_allocator(broker->arena), packed.size, packed.data);
}

static int
by_seq(const void *a, const void *b)
{
    uint64_t left = (*(Muster__V1__Parked *const *)a)->seq, right = (*(Muster__V1__Parked *const *)b)->seq;
    return left < right ? -1 : left > right;
}

void
mst_group_list_parked(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__ListParked *list)
{
    Muster__V1__Parked **inputs = mst_arena_alloc(broker->arena, PARKED_LISTED_MAX * sizeof(*inputs));
    size_t count = 0, size = 0;
    for (const mst_group *g = broker->groups; g != NULL; g = g->next) {
        void *value;
        if (list->group[0] != '\0' && strcmp(list->group, g->name) != 0)
            continue;
        for (size_t at = 0; count < PARKED_LISTED_MAX && mst_table_next(g->parked, &at, NULL, &value);) {
            size += muster__v1__parked__get_packed_size(value) + 4;
            if (size > MST_BROKER_ANSWER_MAX - 4096)
                break;
            inputs[count++] = parked_copy(broker, value);
        }
    }
    qsort(inputs, count, sizeof(*inputs), by_seq);
    reply_parked(broker, session, request_id, inputs, count);
}

void
mst_group_release_parked(mst_broker *broker, mst_session *session, uint64_t request_id,
                         const Muster__V1__ReleaseParked *release)
{
    mst_group *group = mst_group_get(broker, release->group);
    uint64_t seq = release->seq;
    Muster__V1__Parked *parked = group == NULL ? NULL : mst_table_get(group->parked, &seq, sizeof seq);
    mst_input_fact fact;
    if (parked == NULL || mst_fact_input_get(broker, group->name, seq, &fact) != MST_OK || fact.state != INPUT_PARKED) {
        mst_core_fault(broker, session->id, request_id, MUSTER__V1__FAULT_CODE__FAULT_NOT_FOUND,
                       "no such parked input: see muster parked list");
        return;
    }
    fact.state = INPUT_OPEN;
    fact.grants = 0;
    mst_fact_input_put(broker, group->name, seq, &fact);
    mst_fact_parked_put(broker, group->name, seq, NULL);
    mst_input_add(group, seq, parked->key, &fact, true);
    Muster__V1__Parked **inputs = mst_arena_alloc(broker->arena, sizeof(*inputs));
    inputs[0] = parked_copy(broker, parked);
    mst_table_remove(group->parked, &seq, sizeof seq);
    muster__v1__parked__free_unpacked(parked, NULL);
    reply_parked(broker, session, request_id, inputs, 1);
}
