/* follow.c - who reads the log: subscriptions from any position, watermarks, pages.
 *
 * Replay and live are one path: a subscription has a position, and every turn brings it as far as its credit allows,
 * from the store while it is behind, from memory once it has caught up. Deliveries to all subscriptions of a session
 * that have caught up leave in order of seq. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_EVENTS_DEFAULT 64u
#define PAGE_EVENTS_MAX 255u
#define PAGE_HEADS_SIZE_MAX 57344u /* bytes of heads in a page: it has to fit a control frame */
#define PAGE_SIZE_MAX 1048576u     /* bytes of bodies in a page, its first event aside */

typedef enum wanted { WANTED_NOT, WANTED_HEAD, WANTED_BODY } wanted;

static bool
listed(char *const *types, size_t count, const char *type)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

static wanted
wants(const mst_subscription *sub, const Muster__V1__Envelope *head)
{
    if (sub->batch_id[0] != '\0' && strcmp(sub->batch_id, head->batch_id) != 0)
        return WANTED_NOT;
    if (sub->types_count == 0 && sub->head_types_count == 0)
        return WANTED_BODY;
    if (listed(sub->types, sub->types_count, head->type))
        return WANTED_BODY;
    return listed(sub->head_types, sub->head_types_count, head->type) ? WANTED_HEAD : WANTED_NOT;
}

static char **
copy_names(char **names, size_t count)
{
    char **copies = mst_alloc((count + 1) * sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = mst_strdup(names[i]);
    return copies;
}

static void
free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static const char *
follow_fault(const Muster__V1__Follow *follow)
{
    if (follow->subscription < 1 || follow->subscription > MST_BROKER_SUBSCRIPTIONS_MAX)
        return "a session has subscriptions 1 to 8";
    if (follow->n_types > MST_BROKER_TYPES_MAX || follow->n_head_types > MST_BROKER_TYPES_MAX)
        return "a subscription names at most 64 types";
    return strlen(follow->batch_id) > MST_BROKER_NAME_MAX ? "a batch id has at most 255 bytes" : NULL;
}

void
mst_follow_begin(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Follow *follow)
{
    const char *fault = follow_fault(follow);
    if (fault != NULL) {
        mst_core_fault(broker, session->id, request_id, MUSTER__V1__FAULT_CODE__FAULT_LIMIT, fault);
        return;
    }
    mst_follow_end(session, follow->subscription);
    mst_subscription *sub = &session->subscriptions[follow->subscription - 1];
    sub->id = follow->subscription;
    sub->types = copy_names(follow->types, follow->n_types);
    sub->types_count = follow->n_types;
    sub->head_types = copy_names(follow->head_types, follow->n_head_types);
    sub->head_types_count = follow->n_head_types;
    sub->batch_id = mst_strdup(follow->batch_id);
    sub->position = sub->told = follow->from_seq > 0 ? follow->from_seq - 1 : 0;
    sub->credit = follow->credit;
    sub->announce = true;
}

void
mst_follow_credit(mst_broker *broker, mst_session *session, const Muster__V1__Credit *credit)
{
    (void)broker;
    if (credit->subscription < 1 || credit->subscription > MST_BROKER_SUBSCRIPTIONS_MAX)
        return;
    session->subscriptions[credit->subscription - 1].credit += credit->deliveries;
    session->subscriptions[credit->subscription - 1].blocked = false;
}

void
mst_follow_end(mst_session *session, uint32_t id)
{
    if (id < 1 || id > MST_BROKER_SUBSCRIPTIONS_MAX)
        return;
    mst_subscription *sub = &session->subscriptions[id - 1];
    if (sub->id == 0)
        return;
    free_names(sub->types, sub->types_count);
    free_names(sub->head_types, sub->head_types_count);
    free(sub->batch_id);
    *sub = (mst_subscription){0};
}

/* Delivering ------------------------------------------------------------------------------------------- */

static void
deliver(mst_broker *broker, const mst_session *session, mst_subscription *sub, const Muster__V1__Envelope *head,
        mst_body *body)
{
    Muster__V1__Delivery *delivery = mst_arena_alloc(broker->arena, sizeof *delivery);
    muster__v1__delivery__init(delivery);
    delivery->envelope = (Muster__V1__Envelope *)head;
    delivery->subscription = sub->id;
    delivery->prev_seq = sub->prev_seq;
    mst_core_reply(broker, session->id, 0, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, delivery, &body, body != NULL);
    sub->prev_seq = sub->told = head->seq;
    sub->credit--;
}

/* One event in memory. False: no credit for it. */
static bool
offer_entry(mst_broker *broker, const mst_session *session, mst_subscription *sub, mst_entry *e)
{
    wanted want = wants(sub, &e->head);
    if (want != WANTED_NOT) {
        sub->blocked = sub->credit == 0;
        if (sub->blocked)
            return false;
        deliver(broker, session, sub, &e->head, want == WANTED_BODY ? e->body : NULL);
    }
    sub->position = e->head.seq;
    return true;
}

typedef struct catching_up {
    mst_broker *broker;
    const mst_session *session;
    mst_subscription *sub;
    size_t events_left, size_left;
    bool stopped; /* by credit or by the limits of a turn */
    mst_status rc;
} catching_up;

static bool
catch_up_head(void *context, uint64_t seq, mst_slice packed)
{
    catching_up *self = context;
    mst_broker *broker = self->broker;
    mst_arena_reset(broker->scratch);
    const Muster__V1__Envelope *head = mst_core_unpack_head(packed, broker->scratch);
    if (head == NULL || head->seq != seq || seq != self->sub->position + 1) {
        self->rc = MST_CORRUPT;
        return false;
    }
    wanted want = wants(self->sub, head);
    if (want != WANTED_NOT) {
        self->sub->blocked = self->sub->credit == 0;
        self->stopped = self->sub->blocked || self->events_left == 0 || self->size_left < head->body_size;
        if (self->stopped)
            return false;
        mst_body *body = NULL;
        if (want == WANTED_BODY) {
            self->rc = broker->store->body(broker->store, seq, &body);
            if (self->rc != MST_OK) {
                self->rc = self->rc == MST_NOT_FOUND ? MST_CORRUPT : self->rc;
                return false;
            }
            self->size_left -= body->size;
        }
        self->events_left--;
        deliver(broker, self->session, self->sub, mst_core_unpack_head(packed, broker->arena), body);
        mst_body_unref(&body);
    }
    self->sub->position = seq;
    return true;
}

static mst_status
catch_up_from_store(mst_broker *broker, const mst_session *session, mst_subscription *sub, bool *more)
{
    uint64_t to = sub->position + SCAN_HEADS;
    if (to > broker->durable_seq)
        to = broker->durable_seq;
    catching_up self = {broker, session, sub, CATCH_UP_EVENTS, CATCH_UP_SIZE, false, MST_OK};
    mst_status rc = broker->store->heads(broker->store, sub->position + 1, to, catch_up_head, &self);
    if (rc == MST_OK)
        rc = self.rc;
    if (rc == MST_OK && !self.stopped && sub->position != to)
        rc = MST_CORRUPT; // heads are missing in the middle of the log
    if (sub->position < broker->durable_seq && !sub->blocked)
        *more = true;
    return rc;
}

static mst_status
catch_up(mst_broker *broker, const mst_session *session, mst_subscription *sub, bool *more)
{
    if (sub->position + 1 < broker->recent_first)
        return catch_up_from_store(broker, session, sub, more);
    size_t size = 0, events = 0;
    while (sub->position < broker->durable_seq) {
        mst_entry *e = mst_core_recent(broker, sub->position + 1);
        if (events == CATCH_UP_EVENTS || size > CATCH_UP_SIZE) {
            *more = true;
            break;
        }
        uint64_t credit = sub->credit;
        if (!offer_entry(broker, session, sub, e))
            break;
        if (sub->credit != credit) {
            events++;
            size += e->body->size;
        }
    }
    return MST_OK;
}

static void
tell(mst_broker *broker, const mst_session *session, mst_subscription *sub)
{
    Muster__V1__Watermark *watermark = mst_arena_alloc(broker->arena, sizeof *watermark);
    muster__v1__watermark__init(watermark);
    watermark->subscription = sub->id;
    watermark->seq = broker->tail;
    mst_core_reply(broker, session->id, 0, MUSTER__V1__BUS_REPLY__WHAT_WATERMARK, watermark, NULL, 0);
    sub->told = broker->tail;
    sub->announce = false;
}

mst_status
mst_follow_turn(mst_broker *broker, bool *more)
{
    for (mst_session *s = broker->sessions; s != NULL; s = s->next)
        for (size_t i = 0; i < MST_BROKER_SUBSCRIPTIONS_MAX; i++) {
            mst_subscription *sub = &s->subscriptions[i];
            if (sub->id == 0 || sub->position >= broker->durable_seq || sub->blocked || s->held)
                continue;
            mst_status rc = catch_up(broker, s, sub, more);
            if (rc != MST_OK)
                return rc;
            sub->announce |= sub->position == broker->durable_seq;
        }
    for (uint64_t seq = broker->durable_seq + 1; seq <= broker->tail; seq++) {
        mst_entry *e = mst_core_recent(broker, seq);
        for (mst_session *s = broker->sessions; s != NULL; s = s->next)
            for (size_t i = 0; i < MST_BROKER_SUBSCRIPTIONS_MAX; i++)
                if (s->subscriptions[i].id != 0 && s->subscriptions[i].position == seq - 1 && !s->held)
                    offer_entry(broker, s, &s->subscriptions[i], e);
    }
    return MST_OK;
}

void
mst_follow_watermark(mst_broker *broker, mst_session *session)
{
    for (size_t i = 0; i < MST_BROKER_SUBSCRIPTIONS_MAX; i++) {
        mst_subscription *sub = &session->subscriptions[i];
        if (sub->id != 0 && sub->position >= broker->tail && (sub->announce || sub->told < broker->tail))
            tell(broker, session, sub);
    }
}

void
mst_follow_watermarks(mst_broker *broker, bool all)
{
    for (mst_session *s = broker->sessions; s != NULL; s = s->next) {
        bool wanted_now = all || s->eager;
        for (size_t i = 0; !wanted_now && i < MST_BROKER_SUBSCRIPTIONS_MAX; i++)
            wanted_now = s->subscriptions[i].announce;
        if (wanted_now)
            mst_follow_watermark(broker, s);
        if (!all)
            s->eager = false;
    }
}

uint64_t
mst_follow_passed(const mst_broker *broker, const mst_session *session)
{
    uint64_t passed = broker->tail;
    for (size_t i = 0; i < MST_BROKER_SUBSCRIPTIONS_MAX; i++)
        if (session->subscriptions[i].id != 0 && session->subscriptions[i].position < passed)
            passed = session->subscriptions[i].position;
    return passed;
}

/* Pages ------------------------------------------------------------------------------------------------ */

typedef struct paging {
    mst_broker *broker;
    Muster__V1__Page *page;
    mst_body **bodies;
    size_t max, heads_size, size;
    bool heads_only, full;
    mst_status rc;
} paging;

/* False: the page is full, or the event cannot be read (rc). */
static bool
page_add(paging *self, uint64_t seq)
{
    const Muster__V1__Envelope *head;
    mst_body *body = NULL;
    size_t count = self->page->n_envelopes;
    self->rc = mst_core_event(self->broker, seq, self->broker->arena, &head, NULL);
    if (self->rc != MST_OK)
        return false;
    size_t head_size = muster__v1__envelope__get_packed_size(head) + 8;
    self->full = count == self->max || self->heads_size + head_size > PAGE_HEADS_SIZE_MAX ||
                 (count > 0 && !self->heads_only && self->size + head->body_size > PAGE_SIZE_MAX);
    if (self->full)
        return false;
    if (!self->heads_only) {
        const Muster__V1__Envelope *again;
        self->rc = mst_core_event(self->broker, seq, self->broker->scratch, &again, &body);
        if (self->rc != MST_OK)
            return false;
        self->bodies[count] = body;
        self->size += body->size;
    }
    self->heads_size += head_size;
    self->page->envelopes[count] = (Muster__V1__Envelope *)head;
    self->page->n_envelopes++;
    return true;
}

static bool
page_version(void *context, uint64_t version, uint64_t seq)
{
    paging *self = context;
    if (version != self->page->next || !page_add(self, seq))
        return false;
    self->page->next = version + 1;
    return true;
}

static mst_status
page_of_log(paging *self)
{
    for (uint64_t seq = self->page->next; seq <= self->broker->durable_seq; seq++) {
        if (!page_add(self, seq))
            break;
        self->page->next = seq + 1;
    }
    return self->rc;
}

void
mst_read_page(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Read *read)
{
    paging self = {.broker = broker, .heads_only = read->heads_only};
    self.max = read->max_events == 0 ? PAGE_EVENTS_DEFAULT : read->max_events;
    if (self.max > PAGE_EVENTS_MAX)
        self.max = PAGE_EVENTS_MAX;
    self.page = mst_arena_alloc(broker->arena, sizeof *self.page);
    muster__v1__page__init(self.page);
    self.page->next = read->from > 0 ? read->from : 1;
    self.page->envelopes = mst_arena_alloc(broker->arena, self.max * sizeof(void *));
    self.bodies = mst_arena_alloc(broker->arena, self.max * sizeof(void *));

    mst_status rc = MST_OK;
    if (read->stream[0] == '\0')
        rc = page_of_log(&self);
    else
        rc = broker->store->stream(broker->store, read->stream, self.page->next, page_version, &self);
    if (rc == MST_OK)
        rc = self.rc;
    self.page->end = !self.full;
    size_t bodies_count = self.heads_only ? 0 : self.page->n_envelopes;
    if (rc == MST_OK)
        mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_PAGE, self.page, self.bodies,
                       bodies_count);
    else
        mst_core_fault(broker, session->id, request_id, MUSTER__V1__FAULT_CODE__FAULT_UNKNOWN,
                       "the log cannot be read here: run muster log verify");
    for (size_t i = 0; i < bodies_count; i++)
        mst_body_unref(&self.bodies[i]);
}
