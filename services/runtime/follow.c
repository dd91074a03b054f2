/* follow.c - the way of events into the core and the batch log. */
#include "broker/lib/log.h"
#include "proto/codec.h"
#include "services/runtime/work.h"
#include <stdio.h>
#include <string.h>

/* Events ---------------------------------------------------------------------------------------------- */

const ProtobufCMessage *
follow_unpack(mst_turn *turn, const char *type, mst_slice body)
{
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(type);
    if (!descriptor || !body.data)
        return NULL;
    return mst_unpack(descriptor, body.data, body.size, MST_BODY_SIZE_MAX, mst_arena_allocator(turn->message));
}

static void
apply(mst_turn *turn, const Muster__V1__Envelope *head, mst_slice body)
{
    mst_event event = {.head = head, .body = body};
    if (body.data) {
        event.message = follow_unpack(turn, head->type, body);
        if (!event.message) {
            /* Written by something newer or wrong; the state goes on without it, and says so. */
            turn_error(turn, "event %llu of type %.64s cannot be read here", (unsigned long long)head->seq, head->type);
            return;
        }
    }
    turn->core->apply(turn->state, &event);
    turn->events_total++;
    turn->unsnapshot++;
}

static void
replay_each(void *context, const Muster__V1__Envelope *head, mst_slice body)
{
    mst_turn *turn = context;
    mst_arena_reset(turn->message);
    apply(turn, head, body);
}

mst_status
follow_replay(mst_turn *turn)
{
    uint64_t snapshot_seq = 0;
    mst_slice snapshot;
    if (turn->core->load) {
        mst_status rc = mst_batchlog_snapshot_get(turn->log, turn->scratch, &snapshot_seq, &snapshot);
        if (rc == MST_OK) {
            rc = turn->core->load(turn->state, snapshot);
            if (rc != MST_OK) { /* written by another version: fold from the beginning, in a fresh state */
                mst_log(MST_LOG_WARN, "snapshot not usable", "status", mst_status_name(rc), NULL);
                turn->core->close(turn->state);
                turn->state = NULL;
                snapshot_seq = 0;
                rc = turn->core->open(&turn->state, &turn->env);
            }
        }
        mst_arena_reset(turn->scratch);
        if (rc != MST_OK && rc != MST_NOT_FOUND)
            return rc;
    }
    mst_status rc = mst_batchlog_replay(turn->log, snapshot_seq, replay_each, turn);
    const mst_position *position = mst_batchlog_position(turn->log);
    turn->subscriptions[SUBSCRIPTION_REMEMBERED].position = position->applied_seq;
    turn->subscriptions[SUBSCRIPTION_STREAMED].position = turn->core->position ? turn->core->position(turn->state) : 0;
    mst_log(MST_LOG_INFO, "batch log read", "applied_seq=u", position->applied_seq, "events=u", turn->events_total,
            "snapshot_seq=u", snapshot_seq, NULL);
    turn->events_total = turn->events_before = 0;
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
start(mst_turn *turn, int index)
{
    const mst_core *core = turn->core;
    mst_subscription *subscription = &turn->subscriptions[index];
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
    if (turn_send(turn, &request, NULL, 0) != MST_OK)
        return; /* follow_credit tries again */
    subscription->following = true;
    subscription->credit = follow.credit;
    subscription->taken = 0;
}

void
follow_start(mst_turn *turn)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        turn->subscriptions[i].following = false;
        start(turn, i);
    }
}

/* Something is missing between two deliveries: begins again behind what was seen. */
static void
start_again(mst_turn *turn, int index)
{
    Muster__V1__Unfollow unfollow = MUSTER__V1__UNFOLLOW__INIT;
    unfollow.subscription = (uint32_t)index + 1;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_UNFOLLOW;
    request.unfollow = &unfollow;
    mst_log(MST_LOG_WARN, "gap in a subscription", "subscription=i", (int64_t)index + 1, NULL);
    if (turn_send(turn, &request, NULL, 0) != MST_OK)
        return;
    turn->subscriptions[index].following = false;
    start(turn, index);
}

void
follow_delivery(mst_turn *turn, const Muster__V1__Delivery *delivery, const mst_slice *bodies, size_t bodies_count)
{
    const Muster__V1__Envelope *head = delivery->envelope;
    int index = (int)delivery->subscription - 1;
    if (delivery->subscription > SUBSCRIPTIONS || !turn->subscriptions[index].following)
        return;
    mst_subscription *subscription = &turn->subscriptions[index];
    subscription->taken++;
    if (head->seq <= subscription->position)
        return;
    if (delivery->prev_seq > subscription->position) {
        start_again(turn, index);
        return;
    }
    mst_slice body = bodies_count ? bodies[0] : (mst_slice){NULL, 0};
    if (index == SUBSCRIPTION_REMEMBERED)
        mst_batchlog_add(turn->log, head, body);
    apply(turn, head, body);
    subscription->position = head->seq;
    turn->progressed = true;
    if (mst_batchlog_pending(turn->log) > PENDING_SIZE_MAX)
        follow_flush(turn, false);
}

void
follow_watermark(mst_turn *turn, const Muster__V1__Watermark *watermark)
{
    if (watermark->seq > turn->durable_seq)
        turn->durable_seq = watermark->seq;
    if (watermark->subscription < 1 || watermark->subscription > SUBSCRIPTIONS)
        return;
    mst_subscription *subscription = &turn->subscriptions[watermark->subscription - 1];
    if (!subscription->following || watermark->seq <= subscription->position)
        return;
    subscription->position = watermark->seq;
    turn->progressed = true;
}

void
follow_credit(mst_turn *turn)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        mst_subscription *subscription = &turn->subscriptions[i];
        start(turn, i);
        if (!subscription->following || subscription->taken < subscription->credit / 2)
            continue;
        Muster__V1__Credit credit = MUSTER__V1__CREDIT__INIT;
        credit.subscription = (uint32_t)i + 1;
        credit.deliveries = subscription->taken;
        Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CREDIT;
        request.credit = &credit;
        if (turn_send(turn, &request, NULL, 0) == MST_OK)
            subscription->taken = 0;
    }
}

/* The watermark alone is worth a write only now and then: losing it costs nothing but a longer look at the log. */
void
follow_flush(mst_turn *turn, bool watermark)
{
    if (!watermark && mst_batchlog_pending(turn->log) == 0 && turn->now.ms - turn->flushed_ms < FLUSH_MS)
        return;
    turn->flushed_ms = turn->now.ms;
    mst_status rc = mst_batchlog_flush(turn->log, turn->subscriptions[SUBSCRIPTION_REMEMBERED].position);
    if (rc != MST_OK && !turn->fatal[0])
        snprintf(turn->fatal, sizeof turn->fatal, "the batch log cannot be written: %s", mst_status_name(rc));
}
