/* turn.c - see turn.h. The session, and where each message of the broker goes. */
#include "services/runtime/turn.h"
#include "broker/lib/log.h"
#include "services/runtime/work.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_EVENTS_DEFAULT 20000u
#define REPORT_MS 1000

uint64_t
turn_request_id(mst_turn *turn)
{
    return ++turn->request_id;
}

mst_status
turn_send(mst_turn *turn, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count)
{
    return turn->connected ? turn->port.send(turn->port.self, request, bodies, bodies_count) : MST_AGAIN;
}

void
turn_post(mst_turn *turn, const Muster__V1__BusRequest *request, mst_slice body)
{
    if (!turn->connected)
        return;
    mst_status rc = turn->letters_first ? MST_AGAIN : turn_send(turn, request, &body, body.data ? 1 : 0);
    if (rc == MST_LIMIT)
        turn_error(turn, "a message was too large to be sent");
    if (rc != MST_AGAIN)
        return;
    mst_letter *letter = mst_arena_alloc(turn->letters_arena, sizeof *letter);
    letter->request = mst_arena_pack(turn->letters_arena, &request->base);
    letter->body = body.data ? mst_arena_slice(turn->letters_arena, body) : body;
    if (turn->letters_last)
        turn->letters_last->next = letter;
    else
        turn->letters_first = letter;
    turn->letters_last = letter;
}

static void
letters_forget(mst_turn *turn)
{
    turn->letters_first = turn->letters_last = NULL;
    mst_arena_reset(turn->letters_arena);
}

static void
letters_send(mst_turn *turn)
{
    while (turn->letters_first) {
        mst_letter *letter = turn->letters_first;
        Muster__V1__BusRequest *request =
            muster__v1__bus_request__unpack(NULL, letter->request.size, letter->request.data);
        assert(request != NULL);
        mst_status rc = turn_send(turn, request, &letter->body, letter->body.data ? 1 : 0);
        muster__v1__bus_request__free_unpacked(request, NULL);
        if (rc == MST_AGAIN)
            return;
        turn->letters_first = letter->next;
    }
    letters_forget(turn);
}

void
turn_error(mst_turn *turn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(turn->last_error, sizeof turn->last_error, format, args);
    va_end(args);
    turn->last_error_ms = turn->now.wall_ms;
    mst_log(MST_LOG_WARN, "trouble", "what", turn->last_error, NULL);
}

bool
turn_passed(const mst_turn *turn, uint64_t seq)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        if (turn->subscriptions[i].wanted && turn->subscriptions[i].position < seq)
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
mst_turn_new(mst_turn **out, const mst_turn_options *options, mst_now now, char why[256])
{
    mst_turn *turn = mst_alloc(sizeof *turn);
    const mst_core *core = options->core;
    *turn = (mst_turn){.core = core,
                       .env = options->env,
                       .port = options->port,
                       .log = options->log,
                       .inputs_max = options->inputs_max ? options->inputs_max : core->inputs_max,
                       .snapshot_events = options->snapshot_events ? options->snapshot_events : SNAPSHOT_EVENTS_DEFAULT,
                       .request_id = (uint64_t)1 << 32, /* apart from the link's own */
                       .now = now,
                       .started_ms = now.wall_ms};
    turn->letters_arena = mst_arena_new(0);
    turn->message = mst_arena_new(MESSAGE_QUOTA);
    turn->scratch = mst_arena_new(0);
    turn->subscriptions[SUBSCRIPTION_REMEMBERED].wanted = any(core->types) || any(core->head_types);
    turn->subscriptions[SUBSCRIPTION_STREAMED].wanted = any(core->streamed_types);
    memcpy(turn->incarnation, mst_batchlog_position(turn->log)->incarnation, sizeof turn->incarnation);
    *out = NULL;

    mst_status rc = core->open(&turn->state, &turn->env);
    if (rc != MST_OK) {
        snprintf(why, 256, "the store of %s cannot be opened: %s", core->name, mst_status_name(rc));
        turn->state = NULL;
    } else {
        rc = follow_replay(turn);
        if (rc != MST_OK)
            snprintf(why, 256, "the batch log cannot be read: %s; it may be deleted, it is rebuilt",
                     mst_status_name(rc));
    }
    if (rc == MST_OK)
        *out = turn;
    else
        mst_turn_destroy(&turn);
    return rc;
}

void
mst_turn_destroy(mst_turn **out)
{
    mst_turn *turn = *out;
    if (!turn)
        return;
    for (mst_work *work = turn->works; work; work = work->next)
        work_end(work);
    works_sweep(turn);
    if (turn->state)
        turn->core->close(turn->state);
    mst_arena_destroy(&turn->letters_arena);
    mst_arena_destroy(&turn->message);
    mst_arena_destroy(&turn->scratch);
    free(turn);
    *out = NULL;
}

mst_status
mst_turn_save(mst_turn *turn)
{
    follow_flush(turn, true);
    if (turn->fatal[0])
        return MST_IO;
    if (!turn->core->save)
        return MST_OK;
    mst_arena_reset(turn->scratch);
    mst_slice state = turn->core->save(turn->state, turn->scratch);
    mst_status rc = MST_OK;
    if (state.data)
        rc = mst_batchlog_snapshot_put(turn->log, mst_batchlog_position(turn->log)->applied_seq, state);
    mst_arena_reset(turn->scratch);
    if (rc == MST_OK)
        turn->unsnapshot = 0;
    return rc;
}

/* Session --------------------------------------------------------------------------------------------- */

static void
join(mst_turn *turn)
{
    size_t count = 0;
    if (turn->joined || turn->draining || !any(turn->core->inputs))
        return;
    while (turn->core->inputs[count])
        count++;
    Muster__V1__Join join = MUSTER__V1__JOIN__INIT;
    join.group = (char *)turn->core->name;
    join.types = (char **)turn->core->inputs;
    join.n_types = count;
    join.credit = turn->inputs_max;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_JOIN;
    request.join = &join;
    turn->joined = turn_send(turn, &request, NULL, 0) == MST_OK;
}

mst_status
mst_turn_back(mst_turn *turn, const Muster__V1__Welcome *welcome, mst_now now)
{
    static const uint8_t none[16];
    turn->now = now;
    if (welcome->incarnation.len != sizeof turn->incarnation)
        return MST_INVALID;
    if (memcmp(turn->incarnation, none, sizeof none) == 0) {
        memcpy(turn->incarnation, welcome->incarnation.data, sizeof turn->incarnation);
        mst_status rc = mst_batchlog_clear(turn->log, turn->incarnation);
        if (rc != MST_OK)
            return rc;
    } else if (memcmp(turn->incarnation, welcome->incarnation.data, sizeof turn->incarnation) != 0) {
        return MST_STALE;
    }
    turn->connected = true;
    turn->joined = false;
    turn->epoch = welcome->epoch;
    turn->ready_seq = welcome->durable_seq;
    if (welcome->durable_seq > turn->durable_seq)
        turn->durable_seq = welcome->durable_seq;
    follow_start(turn);
    join(turn);
    for (mst_work *work = turn->works; work; work = work->next) {
        parts_send(work);
        asks_send(work);
    }
    return MST_OK;
}

/* A call without a commit under way is forgotten: its caller hears from the broker that it is gone, and comes again
 * with the same command_id. Everything else goes on with the next session; if the broker has given an input to
 * somebody else meanwhile, our commit is refused and the work dropped then. */
void
mst_turn_lost(mst_turn *turn, mst_now now)
{
    turn->now = now;
    turn->connected = turn->joined = false;
    letters_forget(turn);
    for (mst_work *work = turn->works; work; work = work->next) {
        parts_unsend(work);
        asks_unsend(work);
        if (work->call && !work->open_first && work->state != WORK_APPLYING)
            work_end(work);
    }
    works_sweep(turn);
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        turn->subscriptions[i].following = false;
}

void
mst_turn_receive(mst_turn *turn, const Muster__V1__BusReply *reply, const mst_slice *bodies, size_t bodies_count,
                 mst_now now)
{
    turn->now = now;
    mst_arena_reset(turn->message);
    switch (reply->what_case) {
    case MUSTER__V1__BUS_REPLY__WHAT_DELIVERY:
        if (!reply->delivery->envelope)
            break;
        if (reply->delivery->envelope->seq > turn->durable_seq)
            turn->durable_seq = reply->delivery->envelope->seq;
        if (reply->delivery->subscription)
            follow_delivery(turn, reply->delivery, bodies, bodies_count);
        else
            work_input(turn, reply->delivery, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_WATERMARK: follow_watermark(turn, reply->watermark); break;
    case MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT:
        if (!parts_result(turn, reply->request_id, reply->commit_result, NULL))
            ask_reply(turn, reply, bodies, bodies_count);
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_PAGE:
    case MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT: ask_reply(turn, reply, bodies, bodies_count); break;
    case MUSTER__V1__BUS_REPLY__WHAT_CALL_REQUEST: call_take(turn, reply->call_request, bodies, bodies_count); break;
    case MUSTER__V1__BUS_REPLY__WHAT_PONG:
        if (reply->pong->durable_seq > turn->durable_seq)
            turn->durable_seq = reply->pong->durable_seq;
        break;
    case MUSTER__V1__BUS_REPLY__WHAT_FAULT:
        if (!parts_result(turn, reply->request_id, NULL, reply->fault) && !ask_reply(turn, reply, bodies, bodies_count))
            turn_error(turn, "the broker refused a request: %.200s", reply->fault->text);
        break;
    default: break;
    }
    if (turn->progressed)
        work_progress(turn);
    works_sweep(turn);
}

void
mst_turn_settle(mst_turn *turn, mst_now now)
{
    turn->now = now;
    follow_flush(turn, false);
    if (turn->connected) {
        letters_send(turn);
        follow_credit(turn);
        join(turn);
    }
    if (turn->core->idle)
        turn->core->idle(turn->state, turn->works_count > 0);
    if (turn->core->save && turn->unsnapshot >= turn->snapshot_events && turn->works_count == 0) {
        mst_status rc = mst_turn_save(turn);
        if (rc != MST_OK)
            turn_error(turn, "the snapshot could not be written: %s", mst_status_name(rc));
    }
}

void
mst_turn_tick(mst_turn *turn, mst_now now)
{
    turn->now = now;
    for (mst_work *work = turn->works; work; work = work->next) {
        parts_send(work);
        asks_send(work);
        if (work->call && work->state == WORK_HELD && now.ms > work->deadline_ms)
            work_end(work); /* its caller has been told so by the broker */
    }
    work_progress(turn);
    works_sweep(turn);
    if (turn->connected && now.ms - turn->reported_ms >= REPORT_MS)
        report_send(turn);
    mst_turn_settle(turn, now);
}

/* Ending ---------------------------------------------------------------------------------------------- */

void
mst_turn_drain(mst_turn *turn)
{
    turn->draining = true;
}

bool
mst_turn_drained(const mst_turn *turn)
{
    for (const mst_work *work = turn->works; work; work = work->next)
        if (work->open_first || (work->call && work->state != WORK_HELD && work->state != WORK_CATCHING_UP))
            return false;
    return true;
}

void
mst_turn_leave(mst_turn *turn)
{
    Muster__V1__Leave leave = MUSTER__V1__LEAVE__INIT;
    leave.group = (char *)turn->core->name;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_LEAVE;
    request.leave = &leave;
    if (turn->joined)
        turn_post(turn, &request, (mst_slice){NULL, 0});
    for (mst_work *work = turn->works; work; work = work->next) {
        if (work->call && work->state != WORK_DONE)
            call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE, "the service is stopping; try again",
                        (mst_slice){NULL, 0});
        work_end(work);
    }
    works_sweep(turn);
    letters_send(turn);
    turn->joined = false;
}

bool
mst_turn_ready(const mst_turn *turn)
{
    return turn->connected && turn_passed(turn, turn->ready_seq);
}

const char *
mst_turn_fatal(const mst_turn *turn)
{
    return turn->fatal[0] ? turn->fatal : NULL;
}

size_t
mst_turn_works(const mst_turn *turn)
{
    return turn->works_count;
}

uint64_t
mst_turn_applied_seq(const mst_turn *turn)
{
    return turn->subscriptions[SUBSCRIPTION_REMEMBERED].position;
}

void *
mst_turn_state(mst_turn *turn)
{
    return turn->state;
}
