/* instance.c - see instance.h. The session, and where each message of the broker goes. */
#include "services/runtime/instance.h"
#include "broker/lib/log.h"
#include "services/runtime/work.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_EVENTS_DEFAULT 20000u
#define REPORT_MS 1000

uint64_t
rt_request_id(mst_instance *instance)
{
    return ++instance->request_id;
}

mst_status
rt_send(mst_instance *instance, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count)
{
    return instance->connected ? instance->port.send(instance->port.self, request, bodies, bodies_count) : MST_AGAIN;
}

void
rt_post(mst_instance *instance, const Muster__V1__BusRequest *request, mst_slice body)
{
    if (!instance->connected)
        return;
    mst_status rc = instance->letters_first ? MST_AGAIN : rt_send(instance, request, &body, body.data ? 1 : 0);
    if (rc == MST_LIMIT)
        rt_error(instance, "a message was too large to be sent");
    if (rc != MST_AGAIN)
        return;
    mst_letter *letter = mst_arena_alloc(instance->letters_arena, sizeof *letter);
    letter->request = mst_arena_pack(instance->letters_arena, &request->base);
    letter->body = body.data ? mst_arena_slice(instance->letters_arena, body) : body;
    if (instance->letters_last)
        instance->letters_last->next = letter;
    else
        instance->letters_first = letter;
    instance->letters_last = letter;
}

static void
letters_forget(mst_instance *instance)
{
    instance->letters_first = instance->letters_last = NULL;
    mst_arena_reset(instance->letters_arena);
}

static void
letters_send(mst_instance *instance)
{
    while (instance->letters_first) {
        mst_letter *letter = instance->letters_first;
        Muster__V1__BusRequest *request =
            muster__v1__bus_request__unpack(NULL, letter->request.size, letter->request.data);
        assert(request != NULL);
        mst_status rc = rt_send(instance, request, &letter->body, letter->body.data ? 1 : 0);
        muster__v1__bus_request__free_unpacked(request, NULL);
        if (rc == MST_AGAIN)
            return;
        instance->letters_first = letter->next;
    }
    letters_forget(instance);
}

void
rt_error(mst_instance *instance, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(instance->last_error, sizeof instance->last_error, format, args);
    va_end(args);
    instance->last_error_ms = instance->now.wall_ms;
    mst_log(MST_LOG_WARN, "trouble", "what", instance->last_error, NULL);
}

bool
rt_passed(const mst_instance *instance, uint64_t seq)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        if (instance->subscriptions[i].wanted && instance->subscriptions[i].position < seq)
            return false;
    return true;
}

/* Life ------------------------------------------------------------------------------------------------ */

static bool
any(const char *const *types)
{
    return types && types[0];
}

mst_status
mst_instance_new(mst_instance **out, const mst_instance_options *options, mst_now now, char why[256])
{
    mst_instance *instance = mst_alloc(sizeof *instance);
    const mst_core *core = options->core;
    *instance =
        (mst_instance){.core = core,
                       .env = options->env,
                       .port = options->port,
                       .log = options->log,
                       .inputs_max = options->inputs_max ? options->inputs_max : core->inputs_max,
                       .snapshot_events = options->snapshot_events ? options->snapshot_events : SNAPSHOT_EVENTS_DEFAULT,
                       .request_id = (uint64_t)1 << 32, /* apart from the link's own */
                       .now = now,
                       .started_ms = now.wall_ms};
    instance->letters_arena = mst_arena_new(0);
    instance->message = mst_arena_new(MESSAGE_QUOTA);
    instance->scratch = mst_arena_new(0);
    instance->subscriptions[SUBSCRIPTION_REMEMBERED].wanted = any(core->types) || any(core->head_types);
    instance->subscriptions[SUBSCRIPTION_STREAMED].wanted = any(core->streamed_types);
    memcpy(instance->incarnation, mst_batchlog_position(instance->log)->incarnation, sizeof instance->incarnation);
    *out = NULL;

    mst_status rc = core->open(&instance->state, &instance->env);
    if (rc != MST_OK) {
        snprintf(why, 256, "the store of %s cannot be opened: %s", core->name, mst_status_name(rc));
        instance->state = NULL;
    } else {
        rc = rt_follow_replay(instance);
        if (rc != MST_OK)
            snprintf(why, 256, "the batch log cannot be read: %s; it may be deleted, it is rebuilt",
                     mst_status_name(rc));
    }
    if (rc == MST_OK)
        *out = instance;
    else
        mst_instance_destroy(&instance);
    return rc;
}

void
mst_instance_destroy(mst_instance **out)
{
    mst_instance *instance = *out;
    if (!instance)
        return;
    for (mst_work *work = instance->works; work; work = work->next)
        rt_work_end(work);
    rt_works_sweep(instance);
    if (instance->state)
        instance->core->close(instance->state);
    mst_arena_destroy(&instance->letters_arena);
    mst_arena_destroy(&instance->message);
    mst_arena_destroy(&instance->scratch);
    free(instance);
    *out = NULL;
}

mst_status
mst_instance_save(mst_instance *instance)
{
    rt_follow_flush(instance, true);
    if (instance->fatal[0])
        return MST_IO;
    instance->unsnapshot = 0;
    if (!instance->core->save || instance->unreadable)
        return MST_OK;
    mst_arena_reset(instance->scratch);
    mst_slice state = instance->core->save(instance->state, instance->scratch);
    mst_status rc = MST_OK;
    if (state.data)
        rc = mst_batchlog_snapshot_put(instance->log, mst_batchlog_position(instance->log)->applied_seq, state);
    mst_arena_reset(instance->scratch);
    return rc;
}

/* Session --------------------------------------------------------------------------------------------- */

static void
join(mst_instance *instance)
{
    size_t count = 0;
    if (instance->joined || instance->draining || !any(instance->core->inputs))
        return;
    while (instance->core->inputs[count])
        count++;
    Muster__V1__Join join = MUSTER__V1__JOIN__INIT;
    join.group = (char *)instance->core->name;
    join.types = (char **)instance->core->inputs;
    join.n_types = count;
    join.credit = instance->inputs_max;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_JOIN;
    request.join = &join;
    instance->joined = rt_send(instance, &request, NULL, 0) == MST_OK;
}

mst_status
mst_instance_back(mst_instance *instance, const Muster__V1__Welcome *welcome, mst_now now)
{
    static const uint8_t none[16];
    instance->now = now;
    if (welcome->incarnation.len != sizeof instance->incarnation)
        return MST_INVALID;
    if (memcmp(instance->incarnation, none, sizeof none) == 0) {
        memcpy(instance->incarnation, welcome->incarnation.data, sizeof instance->incarnation);
        mst_status rc = mst_batchlog_clear(instance->log, instance->incarnation);
        if (rc != MST_OK)
            return rc;
    } else if (memcmp(instance->incarnation, welcome->incarnation.data, sizeof instance->incarnation) != 0) {
        return MST_STALE;
    }
    instance->connected = true;
    instance->joined = false;
    instance->epoch = welcome->epoch;
    instance->ready_seq = welcome->durable_seq;
    if (welcome->durable_seq > instance->durable_seq)
        instance->durable_seq = welcome->durable_seq;
    rt_follow_start(instance);
    join(instance);
    for (mst_work *work = instance->works; work; work = work->next) {
        rt_parts_send(work);
        rt_asks_send(work);
    }
    return MST_OK;
}

/* A call without a commit under way is forgotten: its caller hears from the broker that it is gone, and comes again
 * with the same command_id. Everything else goes on with the next session; if the broker has given an input to
 * somebody else meanwhile, our commit is refused and the work dropped then. */
void
mst_instance_lost(mst_instance *instance, mst_now now)
{
    instance->now = now;
    instance->connected = instance->joined = false;
    letters_forget(instance);
    for (mst_work *work = instance->works; work; work = work->next) {
        rt_parts_unsend(work);
        rt_asks_unsend(work);
        if (work->call && !work->open_first && work->state != WORK_APPLYING)
            rt_work_end(work);
    }
    rt_works_sweep(instance);
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        instance->subscriptions[i].following = false;
}

void
mst_instance_receive(mst_instance *instance, const Muster__V1__BusReply *reply, const mst_slice *bodies,
                     size_t bodies_count, mst_now now)
{
    instance->now = now;
    mst_arena_reset(instance->message);
    switch (reply->what_case) {
    case MUSTER__V1__BUS_REPLY__WHAT_DELIVERY:
        if (!reply->delivery->envelope)
            break;
        if (reply->delivery->envelope->seq > instance->durable_seq)
            instance->durable_seq = reply->delivery->envelope->seq;
        if (reply->delivery->subscription)
            rt_follow_delivery(instance, reply->delivery, bodies, bodies_count);
        else
            rt_work_input(instance, reply->delivery, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_WATERMARK: rt_follow_watermark(instance, reply->watermark); break;
    case MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT:
        if (!rt_parts_result(instance, reply->request_id, reply->commit_result, NULL))
            rt_ask_reply(instance, reply, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_PAGE:
    case MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT: rt_ask_reply(instance, reply, bodies, bodies_count); break;
    case MUSTER__V1__BUS_REPLY__WHAT_CALL_REQUEST:
        rt_call_take(instance, reply->call_request, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_PONG:
        if (reply->pong->durable_seq > instance->durable_seq)
            instance->durable_seq = reply->pong->durable_seq;
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_FAULT:
        if (!rt_parts_result(instance, reply->request_id, NULL, reply->fault) &&
            !rt_ask_reply(instance, reply, bodies, bodies_count))
            rt_error(instance, "the broker refused a request: %.200s", reply->fault->text);
        break;
    default: break;
    }
    if (instance->progressed)
        rt_work_progress(instance);
    rt_works_sweep(instance);
}

void
mst_instance_settle(mst_instance *instance, mst_now now)
{
    instance->now = now;
    rt_follow_flush(instance, false);
    if (instance->connected) {
        letters_send(instance);
        rt_follow_credit(instance);
        join(instance);
    }
    if (instance->core->idle)
        instance->core->idle(instance->state, instance->works_count > 0);
    if (instance->core->save && instance->unsnapshot >= instance->snapshot_events && instance->works_count == 0) {
        mst_status rc = mst_instance_save(instance);
        if (rc != MST_OK)
            rt_error(instance, "the snapshot could not be written: %s", mst_status_name(rc));
    }
}

void
mst_instance_tick(mst_instance *instance, mst_now now)
{
    instance->now = now;
    for (mst_work *work = instance->works; work; work = work->next) {
        rt_parts_send(work);
        rt_asks_send(work);
        rt_asks_due(work);
        if (work->call && work->state == WORK_HELD && now.ms > work->deadline_ms)
            rt_work_end(work); /* its caller has been told so by the broker */
    }
    rt_work_progress(instance);
    rt_works_sweep(instance);
    if (instance->connected && now.ms - instance->reported_ms >= REPORT_MS)
        rt_report_send(instance);
    mst_instance_settle(instance, now);
}

/* Ending ---------------------------------------------------------------------------------------------- */

void
mst_instance_drain(mst_instance *instance)
{
    instance->draining = true;
}

bool
mst_instance_drained(const mst_instance *instance)
{
    for (const mst_work *work = instance->works; work; work = work->next)
        if (work->open_first || (work->held && work->state == WORK_RUNNING) ||
            (work->call && work->state != WORK_HELD && work->state != WORK_CATCHING_UP))
            return false;
    return true;
}

void
mst_instance_leave(mst_instance *instance)
{
    Muster__V1__Leave leave = MUSTER__V1__LEAVE__INIT;
    leave.group = (char *)instance->core->name;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_LEAVE;
    request.leave = &leave;
    if (instance->joined)
        rt_post(instance, &request, (mst_slice){NULL, 0});
    for (mst_work *work = instance->works; work; work = work->next) {
        if (work->call && work->state != WORK_DONE)
            rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE, "the service is stopping; try again",
                           (mst_slice){NULL, 0});
        rt_work_end(work);
    }
    rt_works_sweep(instance);
    letters_send(instance);
    instance->joined = false;
}

bool
mst_instance_ready(const mst_instance *instance)
{
    return instance->connected && rt_passed(instance, instance->ready_seq);
}

const char *
mst_instance_fatal(const mst_instance *instance)
{
    return instance->fatal[0] ? instance->fatal : NULL;
}

size_t
mst_instance_works(const mst_instance *instance)
{
    return instance->works_count;
}

uint64_t
mst_instance_applied_seq(const mst_instance *instance)
{
    return instance->subscriptions[SUBSCRIPTION_REMEMBERED].position;
}

void *
mst_instance_state(mst_instance *instance)
{
    return instance->state;
}
