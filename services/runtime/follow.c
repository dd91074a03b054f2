/* follow.c - the way of events into the core and the batch log. */
#include "broker/lib/log.h"
#include "proto/codec.h"
#include "services/runtime/work.h"
#include <stdio.h>
#include <string.h>

/* Events ---------------------------------------------------------------------------------------------- */

const ProtobufCMessage *
rt_follow_unpack(mst_instance *instance, const char *type, mst_slice body)
{
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(type);
    if (!descriptor || !body.data)
        return NULL;
    return mst_unpack(descriptor, body.data, body.size, MST_BODY_SIZE_MAX, mst_arena_allocator(instance->message));
}

static void
apply(mst_instance *instance, const Muster__V1__Envelope *head, mst_slice body)
{
    mst_event event = {.head = head, .body = body};
    if (body.data) {
        event.message = rt_follow_unpack(instance, head->type, body);
        if (!event.message) {
            /* Written by something newer or wrong; the state goes on without it, and says so. */
            rt_error(instance, "event %llu of type %.64s cannot be read here", (unsigned long long)head->seq,
                     head->type);
            instance->unreadable = true;
            return;
        }
    }
    instance->core->apply(instance->state, &event);
    instance->events_total++;
    instance->unsnapshot++;
}

static void
replay_each(void *context, const Muster__V1__Envelope *head, mst_slice body)
{
    mst_instance *instance = context;
    mst_arena_reset(instance->message);
    apply(instance, head, body);
}

mst_status
rt_follow_replay(mst_instance *instance)
{
    uint64_t snapshot_seq = 0;
    mst_slice snapshot;
    if (instance->core->load) {
        mst_status rc = mst_batchlog_snapshot_get(instance->log, instance->scratch, &snapshot_seq, &snapshot);
        if (rc == MST_OK) {
            rc = instance->core->load(instance->state, snapshot);
            if (rc != MST_OK) { /* written by another version: fold from the beginning, in a fresh state */
                mst_log(MST_LOG_WARN, "snapshot not usable", "status", mst_status_name(rc), NULL);
                instance->core->close(instance->state);
                instance->state = NULL;
                snapshot_seq = 0;
                rc = instance->core->open(&instance->state, &instance->env);
            }
        }
        mst_arena_reset(instance->scratch);
        if (rc != MST_OK && rc != MST_NOT_FOUND)
            return rc;
    }
    mst_status rc = mst_batchlog_replay(instance->log, snapshot_seq, replay_each, instance);
    const mst_position *position = mst_batchlog_position(instance->log);
    instance->subscriptions[SUBSCRIPTION_REMEMBERED].position = position->applied_seq;
    instance->subscriptions[SUBSCRIPTION_STREAMED].position =
        instance->core->position ? instance->core->position(instance->state) : 0;
    mst_log(MST_LOG_INFO, "batch log read", "applied_seq=u", position->applied_seq, "events=u", instance->events_total,
            "snapshot_seq=u", snapshot_seq, NULL);
    instance->events_total = instance->events_before = 0;
    return rc;
}

/* Subscriptions --------------------------------------------------------------------------------------- */

static size_t
count(const char *const *types)
{
    size_t n = 0;
    while (types && types[n])
        n++;
    return n;
}

static void
start(mst_instance *instance, int index)
{
    const mst_core *core = instance->core;
    mst_subscription *subscription = &instance->subscriptions[index];
    if (!subscription->wanted || subscription->following)
        return;
    bool remembered = index == SUBSCRIPTION_REMEMBERED;
    Muster__V1__Follow follow = MUSTER__V1__FOLLOW__INIT;
    follow.subscription = (uint32_t)index + 1;
    follow.types = (char **)(remembered ? core->types : core->streamed_types);
    follow.n_types = count(remembered ? core->types : core->streamed_types);
    follow.head_types = (char **)(remembered ? core->head_types : NULL);
    follow.n_head_types = remembered ? count(core->head_types) : 0;
    follow.from_seq = subscription->position + 1;
    follow.credit = remembered ? CREDIT_REMEMBERED : CREDIT_STREAMED;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW;
    request.follow = &follow;
    if (rt_send(instance, &request, NULL, 0) != MST_OK)
        return; /* follow_credit tries again */
    subscription->following = true;
    subscription->credit = follow.credit;
    subscription->taken = 0;
}

void
rt_follow_start(mst_instance *instance)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        instance->subscriptions[i].following = false;
        start(instance, i);
    }
}

/* Something is missing between two deliveries: begins again behind what was seen. */
static void
start_again(mst_instance *instance, int index)
{
    Muster__V1__Unfollow unfollow = MUSTER__V1__UNFOLLOW__INIT;
    unfollow.subscription = (uint32_t)index + 1;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_UNFOLLOW;
    request.unfollow = &unfollow;
    mst_log(MST_LOG_WARN, "gap in a subscription", "subscription=i", (int64_t)index + 1, NULL);
    if (rt_send(instance, &request, NULL, 0) != MST_OK)
        return;
    instance->subscriptions[index].following = false;
    start(instance, index);
}

void
rt_follow_delivery(mst_instance *instance, const Muster__V1__Delivery *delivery, const mst_slice *bodies,
                   size_t bodies_count)
{
    const Muster__V1__Envelope *head = delivery->envelope;
    int index = (int)delivery->subscription - 1;
    if (delivery->subscription > SUBSCRIPTIONS || !instance->subscriptions[index].following)
        return;
    mst_subscription *subscription = &instance->subscriptions[index];
    subscription->taken++;
    if (head->seq <= subscription->position)
        return;
    if (delivery->prev_seq > subscription->position) {
        start_again(instance, index);
        return;
    }
    mst_slice body = bodies_count ? bodies[0] : (mst_slice){NULL, 0};
    if (index == SUBSCRIPTION_REMEMBERED)
        mst_batchlog_add(instance->log, head, body);
    apply(instance, head, body);
    subscription->position = head->seq;
    instance->progressed = true;
    if (mst_batchlog_pending(instance->log) > PENDING_SIZE_MAX)
        rt_follow_flush(instance, false);
}

void
rt_follow_watermark(mst_instance *instance, const Muster__V1__Watermark *watermark)
{
    if (watermark->seq > instance->durable_seq)
        instance->durable_seq = watermark->seq;
    if (watermark->subscription < 1 || watermark->subscription > SUBSCRIPTIONS)
        return;
    mst_subscription *subscription = &instance->subscriptions[watermark->subscription - 1];
    if (!subscription->following || watermark->seq <= subscription->position)
        return;
    subscription->position = watermark->seq;
    instance->progressed = true;
}

void
rt_follow_credit(mst_instance *instance)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        mst_subscription *subscription = &instance->subscriptions[i];
        start(instance, i);
        if (!subscription->following || subscription->taken < subscription->credit / 2)
            continue;
        Muster__V1__Credit credit = MUSTER__V1__CREDIT__INIT;
        credit.subscription = (uint32_t)i + 1;
        credit.deliveries = subscription->taken;
        Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CREDIT;
        request.credit = &credit;
        if (rt_send(instance, &request, NULL, 0) == MST_OK)
            subscription->taken = 0;
    }
}

/* The watermark alone is worth a write only now and then: losing it costs nothing but a longer look at the log. */
void
rt_follow_flush(mst_instance *instance, bool watermark)
{
    if (!watermark && mst_batchlog_pending(instance->log) == 0 && instance->now.ms - instance->flushed_ms < FLUSH_MS)
        return;
    instance->flushed_ms = instance->now.ms;
    mst_status rc = mst_batchlog_flush(instance->log, instance->subscriptions[SUBSCRIPTION_REMEMBERED].position);
    if (rc != MST_OK && !instance->fatal[0])
        snprintf(instance->fatal, sizeof instance->fatal, "the batch log cannot be written: %s", mst_status_name(rc));
}
