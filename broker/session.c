/* session.c - who is there: Hello, epochs of producers, silence, reports. */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL 1u
#define REPORTS_MAX 64u       /* in one GetStatus; the rest is left out */
#define REPORT_SIZE_MAX 4096u /* bytes; a longer one is dropped */

mst_session *
mst_session_get(const mst_broker *broker, uint64_t id)
{
    return mst_table_get(broker->sessions_by_id, &id, sizeof id);
}

/* A producer's epoch tells processes of the same name apart: the newest wins, older ones are fenced. */
static mst_producer *
producer_get(mst_broker *broker, const char *name)
{
    void **slot = mst_table_at(broker->producers, name, strlen(name));
    if (*slot == NULL) {
        mst_producer *known = mst_alloc(sizeof *known);
        *known = (mst_producer){0};
        *slot = known;
    }
    return *slot;
}

static void
producer_release(mst_broker *broker, const char *name)
{
    mst_producer *known = mst_table_get(broker->producers, name, strlen(name));
    if (known != NULL && --known->sessions == 0)
        free(mst_table_remove(broker->producers, name, strlen(name)));
}

static void
members_end(mst_broker *broker, mst_session *session, bool orderly)
{
    while (session->members != NULL)
        mst_group_member_end(broker, session->members, orderly);
}

void
mst_session_end(mst_broker *broker, mst_session *session, bool orderly)
{
    members_end(broker, session, orderly);
    mst_call_session_end(broker, session);
    for (uint32_t i = 1; i <= MST_BROKER_SUBSCRIPTIONS_MAX; i++)
        mst_follow_end(session, i);
    if (!session->observer)
        producer_release(broker, session->producer);
    mst_table_remove(broker->sessions_by_id, &session->id, sizeof session->id);
    *(session->prev != NULL ? &session->prev->next : &broker->sessions) = session->next;
    *(session->next != NULL ? &session->next->prev : &broker->sessions_last) = session->prev;
    broker->sessions_count--;
    if (session->report != NULL)
        muster__v1__report__free_unpacked(session->report, NULL);
    free(session->producer);
    free(session->service);
    free(session->operator);
    free(session);
}

/* Older sessions of the same producer: of the same process, then it has come back and they are over; or of an older
 * process, then they are fenced, and what they held is free at once instead of after the lease. */
static void
replace_older(mst_broker *broker, const char *name, uint64_t epoch)
{
    for (mst_session *s = broker->sessions, *next; s != NULL; s = next) {
        next = s->next;
        if (s->observer || strcmp(s->producer, name) != 0)
            continue;
        if (s->epoch == epoch) {
            mst_session_end(broker, s, true);
        } else if (!s->fenced) {
            s->fenced = true;
            members_end(broker, s, false);
            mst_call_session_end(broker, s);
            s->service[0] = '\0';
        }
    }
}

/* NULL: the client's memory of the log agrees with the log. */
static const char *
seen_fault(mst_broker *broker, const Muster__V1__Hello *hello)
{
    if (hello->seen_incarnation.len == 0)
        return NULL;
    if (hello->seen_incarnation.len != 16 || memcmp(hello->seen_incarnation.data, broker->incarnation, 16) != 0)
        return "this log is another one than the client has seen; it was restored or replaced";
    if (hello->seen_seq > broker->durable_seq)
        return "the client has seen events that this log does not hold: the log went backwards";
    if (hello->seen_seq == 0 || hello->seen_hash.len == 0)
        return NULL;
    const Muster__V1__Envelope *head;
    if (mst_core_event(broker, hello->seen_seq, broker->arena, &head, NULL) != MST_OK)
        return "the event this client has seen last cannot be read";
    if (head->hash.len != hello->seen_hash.len || memcmp(head->hash.data, hello->seen_hash.data, head->hash.len) != 0)
        return "this log holds another event where the client has seen one: the log was changed";
    return NULL;
}

static void
welcome(mst_broker *broker, const mst_session *session, uint64_t request_id)
{
    Muster__V1__Welcome *message = mst_arena_alloc(broker->arena, sizeof *message);
    muster__v1__welcome__init(message);
    message->incarnation = (ProtobufCBinaryData){16, broker->incarnation};
    message->epoch = session->epoch;
    message->durable_seq = broker->durable_seq;
    message->lease_ms = broker->options.lease_ms;
    message->boot_epoch = broker->boot_epoch;
    if (broker->options.events_endpoint != NULL)
        message->events_endpoint = mst_arena_strdup(broker->arena, broker->options.events_endpoint);
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_WELCOME, message, NULL, 0);
}

static const char *
name_fault(const mst_principal *principal, const Muster__V1__Hello *hello)
{
    if (hello->producer[0] == '\0' || strlen(hello->producer) > MST_BROKER_NAME_MAX)
        return "Hello needs a producer of 1 to 255 bytes";
    if (strlen(hello->service) > MST_BROKER_NAME_MAX || strlen(hello->operator_) > MST_BROKER_NAME_MAX)
        return "service and operator may have 255 bytes";
    if (!mst_rights_producer(principal, hello->producer))
        return "this key belongs to another producer; see authorised_keys";
    if (hello->service[0] != '\0' && principal->role != MST_ROLE_LOCAL && principal->role != MST_ROLE_SERVICE)
        return "only a service answers calls";
    return NULL;
}

/* The epoch this session lives in; 0 with a fault sent: none. */
static uint64_t
epoch_for(mst_broker *broker, uint64_t id, uint64_t request_id, const Muster__V1__Hello *hello)
{
    uint64_t known = 0;
    if (mst_fact_producer_get(broker, hello->producer, &known) != MST_OK) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_UNKNOWN, "the log cannot be read");
        return 0;
    }
    if (hello->epoch > known) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_BEHIND,
                       "the client has an epoch that this log has not issued");
        return 0;
    }
    if (hello->epoch != 0 && hello->epoch < known) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_DENIED,
                       "a newer process of this producer exists: stop");
        return 0;
    }
    if (hello->epoch == 0)
        mst_fact_producer_put(broker, hello->producer, ++known);
    return known;
}

static void
session_new(mst_broker *broker, uint64_t id, const mst_principal *principal, const Muster__V1__Hello *hello,
            uint64_t epoch)
{
    mst_session *fresh = mst_alloc(sizeof *fresh);
    memset(fresh, 0, sizeof *fresh);
    fresh->id = id;
    fresh->principal = *principal;
    fresh->producer = mst_strdup(hello->producer);
    fresh->service = mst_strdup(hello->service);
    // Through the 0700 directory a tool says who it acts for; over the network the key says it.
    bool named = principal->role == MST_ROLE_LOCAL || principal->role == MST_ROLE_SERVICE;
    fresh->operator= mst_strdup(named ? hello->operator_ : principal->name);
    fresh->epoch = epoch;
    fresh->observer = hello->observer;
    fresh->heard_us = broker->lease_now_us;
    fresh->prev = broker->sessions_last;
    *(broker->sessions_last != NULL ? &broker->sessions_last->next : &broker->sessions) = fresh;
    broker->sessions_last = fresh;
    broker->sessions_count++;
    *mst_table_at(broker->sessions_by_id, &id, sizeof id) = fresh;
    if (!fresh->observer) {
        mst_producer *known = producer_get(broker, fresh->producer);
        known->epoch = epoch;
        known->sessions++;
    }
}

void
mst_session_hello(mst_broker *broker, uint64_t id, const mst_principal *principal, uint64_t request_id,
                  const Muster__V1__Hello *hello)
{
    const char *fault = name_fault(principal, hello);
    if (hello->protocol != PROTOCOL) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_PROTOCOL, "this broker speaks protocol 1");
        return;
    }
    if (fault != NULL) {
        broker->refused_total++;
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_DENIED, fault);
        return;
    }
    fault = seen_fault(broker, hello);
    if (fault != NULL) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_BEHIND, fault);
        return;
    }
    mst_session *before = mst_session_get(broker, id);
    if (before != NULL)
        mst_session_end(broker, before, true);
    if (broker->sessions_count >= MST_BROKER_SESSIONS_MAX) {
        mst_core_fault(broker, id, request_id, MUSTER__V1__FAULT_CODE__FAULT_LIMIT, "1024 sessions are connected");
        return;
    }
    uint64_t epoch = 0;
    if (!hello->observer) {
        epoch = epoch_for(broker, id, request_id, hello);
        if (epoch == 0)
            return;
        replace_older(broker, hello->producer, epoch);
    }
    session_new(broker, id, principal, hello, epoch);
    welcome(broker, mst_session_get(broker, id), request_id);
}

void
mst_session_tick(mst_broker *broker)
{
    int64_t lease_us = (int64_t)broker->options.lease_ms * 1000;
    for (mst_session *s = broker->sessions, *next; s != NULL; s = next) {
        next = s->next;
        if (broker->lease_now_us - s->heard_us <= lease_us)
            continue;
        mst_core_fault(broker, s->id, 0, MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION, "silent for longer than the lease");
        mst_session_end(broker, s, false);
    }
}

void
mst_session_report(mst_broker *broker, mst_session *session, const Muster__V1__Report *report)
{
    size_t size = muster__v1__report__get_packed_size(report);
    if (size > REPORT_SIZE_MAX || strlen(report->instance) > MST_BROKER_NAME_MAX)
        return;
    uint8_t *packed = mst_arena_alloc(broker->arena, size + 1);
    muster__v1__report__pack(report, packed);
    if (session->report != NULL)
        muster__v1__report__free_unpacked(session->report, NULL);
    session->report = muster__v1__report__unpack(NULL, size, packed);
    char topic[MST_BROKER_NAME_MAX + 16];
    snprintf(topic, sizeof topic, "report.%s", session->producer);
    broker->options.publish(broker->options.context, topic, &report->base, NULL);
}

static Muster__V1__GroupStatus *
group_status(mst_broker *broker, const mst_group *group)
{
    Muster__V1__GroupStatus *status = mst_arena_alloc(broker->arena, sizeof *status);
    muster__v1__group_status__init(status);
    status->group = group->name;
    status->cursor = mst_group_cursor(group);
    for (const mst_member *m = group->members; m != NULL; m = m->next) {
        status->members++;
        status->granted += m->at_work;
    }
    status->waiting = (uint32_t)mst_table_count(group->inputs) - status->granted;
    status->parked = (uint32_t)mst_table_count(group->parked);
    return status;
}

/* Copied, because the session that sent it may end within this turn. */
static Muster__V1__Report *
report_copy(mst_broker *broker, const Muster__V1__Report *report)
{
    mst_slice packed = mst_arena_pack(broker->arena, &report->base);
    return muster__v1__report__unpack(mst_arena_allocator(broker->arena), packed.size, packed.data);
}

void
mst_status_answer(mst_broker *broker, mst_session *session, uint64_t request_id)
{
    Muster__V1__BrokerStatus *status = mst_arena_alloc(broker->arena, sizeof *status);
    muster__v1__broker_status__init(status);
    status->incarnation = (ProtobufCBinaryData){16, broker->incarnation};
    status->boot_epoch = broker->boot_epoch;
    status->durable_seq = broker->durable_seq;
    status->started_at_ms = broker->started_wall_ms;
    status->pid = broker->options.pid;
    status->sync = broker->options.sync;
    status->disk_free = broker->meters.disk_free;
    status->disk_reserve = broker->meters.disk_reserve;
    status->disk_full = broker->disk_full;
    status->log_bytes = broker->meters.log_bytes;
    status->events_total = broker->events_total;
    status->commits_total = broker->commits_total;
    status->repeated_total = broker->repeated_total;
    status->refused_total = broker->refused_total;
    status->syncs_total = broker->syncs_total;
    status->sync_us_p50 = broker->meters.sync_us_p50;
    status->sync_us_p99 = broker->meters.sync_us_p99;
    status->rss_kib = broker->meters.rss_kib;
    status->cpu_us = broker->meters.cpu_us;
    status->groups = mst_arena_alloc(broker->arena, (broker->groups_count + 1) * sizeof(void *));
    for (const mst_group *g = broker->groups; g != NULL; g = g->next)
        status->groups[status->n_groups++] = group_status(broker, g);
    status->reports = mst_arena_alloc(broker->arena, REPORTS_MAX * sizeof(void *));
    size_t room = 32768; // bytes, so that the answer fits a control frame
    for (const struct mst_session *s = broker->sessions; s != NULL && status->n_reports < REPORTS_MAX; s = s->next) {
        size_t size = s->report == NULL ? 0 : muster__v1__report__get_packed_size(s->report);
        if (size == 0 || size > room)
            continue;
        room -= size;
        status->reports[status->n_reports++] = report_copy(broker, s->report);
    }
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_BROKER_STATUS, status, NULL, 0);
}
