/* parts.c - the commits of a piece of work: in order, each once, sent again when in doubt. */
#include "services/runtime/work.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

mst_part *
rt_part_current(mst_work *work)
{
    if (work->current)
        return work->current;
    mst_arena *arena = mst_arena_new(0);
    mst_part *part = mst_arena_alloc(arena, sizeof *part);
    part->arena = arena;
    part->events = mst_arena_alloc(arena, EVENTS_MAX * sizeof(*part->events));
    part->bodies = mst_arena_alloc(arena, EVENTS_MAX * sizeof(*part->bodies));
    return work->current = part;
}

static void
part_destroy(mst_part *part)
{
    mst_arena *arena = part->arena;
    mst_arena_destroy(&arena);
}

void
rt_parts_forget(mst_work *work)
{
    if (work->current)
        part_destroy(work->current);
    work->current = NULL;
    while (work->open_first) {
        mst_part *next = work->open_first->next;
        part_destroy(work->open_first);
        work->open_first = next;
    }
    work->open_last = NULL;
    work->parts_open = 0;
}

mst_guard *
rt_part_guard(mst_work *work, const char *stream)
{
    for (mst_guard *guard = work->guards; guard; guard = guard->next)
        if (strcmp(guard->stream, stream) == 0)
            return guard;
    mst_guard *guard = mst_arena_alloc(work->arena, sizeof *guard);
    guard->stream = mst_arena_strdup(work->arena, stream);
    guard->base = mst_batchlog_version(work->instance->log, stream);
    guard->next = work->guards;
    return work->guards = guard;
}

/* Where the guarded streams must stand for this part, and where they will stand behind it. */
static void
expectations_set(mst_work *work, mst_part *part)
{
    size_t count = 0;
    for (const mst_guard *guard = work->guards; guard; guard = guard->next)
        count += guard->expected;
    part->expectations = mst_arena_alloc(part->arena, (count + 1) * sizeof(*part->expectations));
    for (mst_guard *guard = work->guards; guard; guard = guard->next) {
        if (guard->expected) {
            Muster__V1__Expectation *expectation = mst_arena_alloc(part->arena, sizeof *expectation);
            *expectation = (Muster__V1__Expectation)MUSTER__V1__EXPECTATION__INIT;
            expectation->stream = mst_arena_strdup(part->arena, guard->stream);
            expectation->version = guard->base + guard->own;
            part->expectations[part->expectations_count++] = expectation;
            guard->expected = false;
        }
        for (size_t i = 0; i < part->events_count; i++)
            guard->own += strcmp(part->events[i]->stream, guard->stream) == 0;
    }
}

static void
commit_id_set(const mst_work *work, mst_part *part)
{
    const char *name = work->instance->core->name;
    if (work->call) {
        mst_slice named[2] = {{(const uint8_t *)name, strlen(name)}, {work->command_id, MST_ID_SIZE}};
        mst_id_of(part->commit_id, named, 2);
        rt_call_fingerprint(work, part->fingerprint);
        return;
    }
    uint8_t seq[8], number[4];
    for (int i = 0; i < 8; i++)
        seq[i] = (uint8_t)(work->input.head->seq >> (8 * i));
    for (int i = 0; i < 4; i++)
        number[i] = (uint8_t)(part->number >> (8 * i));
    mst_slice named[3] = {{(const uint8_t *)name, strlen(name)}, {seq, sizeof seq}, {number, sizeof number}};
    mst_id_of(part->commit_id, named, 3);
    /* Two workers may cut an answer differently; the id alone says whose was accepted. */
    memcpy(part->fingerprint, part->commit_id, MST_ID_SIZE);
}

void
rt_part_close(mst_work *work, bool last)
{
    mst_part *part = rt_part_current(work);
    work->current = NULL;
    part->last = last;
    part->number = work->parts_next++;
    expectations_set(work, part);
    commit_id_set(work, part);
    if (work->open_last)
        work->open_last->next = part;
    else
        work->open_first = part;
    work->open_last = part;
    work->parts_open++;
}

/* Sending --------------------------------------------------------------------------------------------- */

static mst_status
part_send(mst_work *work, mst_part *part)
{
    mst_instance *instance = work->instance;
    Muster__V1__Ack ack = MUSTER__V1__ACK__INIT, *acks = &ack;
    Muster__V1__Commit commit = MUSTER__V1__COMMIT__INIT;
    commit.commit_id = (ProtobufCBinaryData){MST_ID_SIZE, part->commit_id};
    commit.fingerprint = (ProtobufCBinaryData){MST_ID_SIZE, part->fingerprint};
    commit.producer = (char *)instance->env.instance;
    commit.producer_epoch = instance->epoch;
    commit.n_expectations = part->expectations_count;
    commit.expectations = part->expectations;
    commit.n_events = part->events_count;
    commit.events = part->events;
    commit.answer = (ProtobufCBinaryData){part->answer.size, (uint8_t *)part->answer.data};
    if (work->call) {
        commit.operator_ = work->operator;
    } else {
        ack.group = (char *)instance->core->name;
        ack.seq = work->input.head->seq;
        ack.grant = work->grant;
        ack.part = part->number;
        ack.last = part->last;
        commit.n_acks = 1;
        commit.acks = &acks;
    }
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = part->request_id = rt_request_id(instance);
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_COMMIT;
    request.commit = &commit;
    return rt_send(instance, &request, part->bodies, part->events_count);
}

/* Sends what is not under way, in order; nothing overtakes a part that failed. */
void
rt_parts_send(mst_work *work)
{
    mst_instance *instance = work->instance;
    if (work->state == WORK_DONE || work->state == WORK_CATCHING_UP || instance->now.ms < work->retry_at_ms)
        return;
    for (mst_part *part = work->open_first; part; part = part->next) {
        if (part->sent && instance->now.ms - part->sent_ms < UNANSWERED_MS)
            continue;
        mst_status rc = part_send(work, part);
        if (rc == MST_AGAIN)
            return;
        if (rc == MST_OK) {
            part->sent = true;
            part->failed = false;
            part->sent_ms = instance->now.ms;
            continue;
        }
        if (work->call)
            rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, "the answer is too large to be stored",
                           (mst_slice){NULL, 0});
        else
            rt_work_release(work, false, "a part of the answer is too large to be sent");
        return;
    }
}

void
rt_parts_unsend(mst_work *work)
{
    if (work->state == WORK_CATCHING_UP) /* thrown away already; only their answers were waited for */
        rt_parts_forget(work);
    for (mst_part *part = work->open_first; part; part = part->next)
        part->sent = part->failed = false;
}

/* Results --------------------------------------------------------------------------------------------- */

static bool
any_under_way(const mst_work *work)
{
    for (const mst_part *part = work->open_first; part; part = part->next)
        if (part->sent && !part->failed)
            return true;
    return false;
}

static void
durable(mst_work *work, mst_part *part, const Muster__V1__CommitResult *result)
{
    mst_instance *instance = work->instance;
    bool repeated = result->status == MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED;
    assert(part == work->open_first);
    work->open_first = part->next;
    if (!work->open_first)
        work->open_last = NULL;
    work->parts_open--;
    work->pause_ms = work->retry_at_ms = 0;
    if (result->last_seq > work->durable_seq)
        work->durable_seq = result->last_seq;
    instance->commits_total++;
    instance->rows_total += part->rows;
    instance->progressed = true;
    if (work->call) {
        if (repeated)
            rt_call_repeat(work, result->answer.data, result->answer.len);
        if (work->state != WORK_DONE)
            work->state = WORK_APPLYING;
    } else {
        work->parts_durable = part->number + 1;
        if (part->last)
            rt_work_end(work);
    }
    part_destroy(part);
    if (work->state == WORK_RUNNING && !instance->draining) {
        mst_step step = {.kind = MST_STEP_ROOM};
        rt_work_step(work, &step);
    }
}

/* Others were first on a stream: what was decided on an old state is thrown away and decided again. */
static void
stale(mst_work *work, const Muster__V1__CommitResult *result)
{
    snprintf(work->stale_stream, sizeof work->stale_stream, "%s", result->stale_stream);
    work->stale_version = result->stale_version;
    if (++work->stale_count > STALE_MAX) {
        char why[256];
        snprintf(why, sizeof why, "stream %.100s is always newer than what is known here", work->stale_stream);
        rt_error(work->instance, "%s", why);
        if (work->call)
            rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, why, (mst_slice){NULL, 0});
        else
            rt_work_release(work, false, why);
        return;
    }
    work->state = WORK_CATCHING_UP;
}

static void
disk_full(mst_work *work)
{
    mst_instance *instance = work->instance;
    rt_error(instance, "the broker's disk is full; work waits until there is space");
    if (work->call) {
        rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_DISK_FULL,
                       "the disk is full: nothing was stored; make room and try again", (mst_slice){NULL, 0});
        return;
    }
    work->pause_ms = work->pause_ms == 0                ? FULL_MS_MIN
                     : work->pause_ms * 2 > FULL_MS_MAX ? FULL_MS_MAX
                                                        : work->pause_ms * 2;
    work->retry_at_ms = instance->now.ms + work->pause_ms;
}

/* What to do about the first part that was not accepted, once nothing of this work is under way any more. */
static void
refused(mst_work *work, const Muster__V1__CommitResult *result)
{
    mst_instance *instance = work->instance;
    Muster__V1__AnswerStatus status = MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED;
    const char *text = result->text && result->text[0] ? result->text : "the broker refused to store this";
    instance->refused_total++;
    switch (result->status) {
    case MUSTER__V1__COMMIT_STATUS__COMMIT_STALE: stale(work, result); return;
    case MUSTER__V1__COMMIT_STATUS__COMMIT_DISK_FULL: disk_full(work); return;
    case MUSTER__V1__COMMIT_STATUS__COMMIT_FENCED:
        snprintf(instance->fatal, sizeof instance->fatal, "a newer %s has started and taken this one's place",
                 instance->env.instance);
        rt_work_end(work);
        return;
    case MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED:
        if (!work->call) {
            rt_work_end(work); /* done already, or somebody else's now */
            return;
        }
        break;
    case MUSTER__V1__COMMIT_STATUS__COMMIT_ID_REUSED:
        if (!work->call) {
            rt_work_end(work);
            return;
        }
        text = "this command_id was used for another command before; make a new one";
        break;
    case MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED: status = MUSTER__V1__ANSWER_STATUS__ANSWER_DENIED; break;
    default: break;
    }
    if (work->call)
        rt_call_answer(work, status, text, (mst_slice){NULL, 0});
    else
        rt_work_release(work, false, text);
}

/* True: the reply was about a part of some work. */
bool
rt_parts_result(mst_instance *instance, uint64_t request_id, const Muster__V1__CommitResult *result,
                const Muster__V1__Fault *fault)
{
    Muster__V1__CommitResult instead = MUSTER__V1__COMMIT_RESULT__INIT;
    for (mst_work *work = instance->works; work; work = work->next)
        for (mst_part *part = work->open_first; part; part = part->next) {
            if (!part->sent || part->request_id != request_id || work->state == WORK_DONE)
                continue;
            if (fault) {
                instead.status = fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED
                                     ? MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED
                                     : MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT;
                instead.text = fault->text;
                result = &instead;
            }
            if (result->status == MUSTER__V1__COMMIT_STATUS__COMMIT_OK ||
                result->status == MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED) {
                if (part == work->open_first)
                    durable(work, part, result);
                return true;
            }
            part->failed = true;
            if (part == work->open_first)
                refused(work, result);
            if (work->state != WORK_DONE && work->open_first && work->open_first->failed && !any_under_way(work)) {
                rt_parts_unsend(work);
                instance->progressed = true;
            }
            return true;
        }
    return false;
}
