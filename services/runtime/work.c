/* work.c - one input or call from its beginning to its end, and what a core can do meanwhile (service.h). */
#include "services/runtime/work.h"
#include "broker/lib/log.h"
#include "proto/codec.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Life ------------------------------------------------------------------------------------------------ */

mst_work *
rt_work_new(mst_instance *instance, bool call)
{
    mst_work *work = mst_alloc(sizeof *work), **at = &instance->works;
    *work = (mst_work){.instance = instance, .call = call, .since_ms = instance->now.ms};
    work->given = mst_arena_new(call ? ARGUMENT_QUOTA : 0);
    work->arena = mst_arena_new(0);
    while (*at) /* in the order of arrival: commands of one key begin in it */
        at = &(*at)->next;
    *at = work;
    instance->works_count++;
    instance->calls_count += call;
    return work;
}

/* Forgets what the core did in this attempt. */
static void
attempt_forget(mst_work *work)
{
    if (work->destroy)
        work->destroy(work->data);
    work->data = NULL;
    work->destroy = NULL;
    work->held = false;
    rt_parts_forget(work);
    work->guards = NULL;
    work->asks_first = work->asks_last = NULL;
    mst_arena_reset(work->arena);
}

void
rt_work_end(mst_work *work)
{
    work->state = WORK_DONE;
    work->instance->progressed = true;
}

void
rt_works_sweep(mst_instance *instance)
{
    for (mst_work **at = &instance->works; *at;) {
        mst_work *work = *at;
        if (work->state != WORK_DONE) {
            at = &work->next;
            continue;
        }
        *at = work->next;
        instance->works_count--;
        instance->calls_count -= work->call;
        attempt_forget(work);
        mst_arena_destroy(&work->given);
        mst_arena_destroy(&work->arena);
        free(work);
    }
}

/* Runs one step of the core. Nothing else of the core runs meanwhile. */
void
rt_work_step(mst_work *work, const mst_step *step)
{
    mst_instance *instance = work->instance;
    assert(!instance->stepping && work->state == WORK_RUNNING);
    instance->stepping = true;
    instance->core->work(instance->state, work, step);
    instance->stepping = false;
    mst_arena_reset(instance->scratch);
}

void
rt_work_begin(mst_work *work)
{
    mst_step step = {.kind = work->call ? MST_STEP_CALL : MST_STEP_INPUT};
    work->state = WORK_RUNNING;
    work->parts_next = work->parts_durable;
    if (work->call) {
        step.method = work->method;
        step.key = work->key;
        step.operator= work->operator;
        step.argument = work->argument;
    } else {
        step.input = work->input;
        step.next_part = work->parts_durable;
    }
    rt_work_step(work, &step);
}

void
rt_work_restart(mst_work *work)
{
    attempt_forget(work);
    work->state = WORK_HELD;
    work->instance->progressed = true;
}

/* Inputs ---------------------------------------------------------------------------------------------- */

/* The input's own copy: what it was delivered in does not outlive the call. */
static bool
input_keep(mst_work *work, const Muster__V1__Envelope *head, mst_slice body)
{
    ProtobufCAllocator *allocator = mst_arena_allocator(work->given);
    mst_slice packed = mst_arena_pack(work->given, &head->base);
    work->input.head = muster__v1__envelope__unpack(allocator, packed.size, packed.data);
    assert(work->input.head != NULL);
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(head->type);
    work->input.body = mst_arena_slice(work->given, body);
    if (descriptor && body.data)
        work->input.message = mst_unpack(descriptor, work->input.body.data, body.size, MST_BODY_SIZE_MAX, allocator);
    return work->input.message != NULL;
}

void
rt_work_input(mst_instance *instance, const Muster__V1__Delivery *delivery, const mst_slice *bodies,
              size_t bodies_count)
{
    const Muster__V1__Envelope *head = delivery->envelope;
    if (strcmp(delivery->group, instance->core->name) != 0)
        return;
    /* A newer grant of something at work here: what was begun under the older one cannot be accepted any more. */
    for (mst_work *old = instance->works; old; old = old->next)
        if (!old->call && old->state != WORK_DONE && old->input.head->seq == head->seq) {
            if (old->grant == delivery->grant)
                return;
            rt_work_end(old);
        }
    mst_work *work = rt_work_new(instance, false);
    work->grant = delivery->grant;
    work->parts_durable = delivery->next_part;
    work->now_ms = head->recorded_at_ms;
    work->durable_seq = head->seq;
    if (!input_keep(work, head, bodies_count ? bodies[0] : (mst_slice){NULL, 0}))
        rt_work_release(work, false, "the input's body cannot be read by this version");
    instance->progressed = true;
}

void
rt_work_release(mst_work *work, bool orderly, const char *reason)
{
    Muster__V1__Release release = MUSTER__V1__RELEASE__INIT;
    release.group = (char *)work->instance->core->name;
    release.seq = work->input.head->seq;
    release.grant = work->grant;
    release.reason = (char *)reason;
    release.orderly = orderly;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_RELEASE;
    request.release = &release;
    rt_post(work->instance, &request, (mst_slice){NULL, 0});
    if (!orderly)
        rt_error(work->instance, "%.64s %llu: %.120s", work->input.head->type, (unsigned long long)release.seq, reason);
    rt_work_end(work);
}

/* Progress -------------------------------------------------------------------------------------------- */

static bool
caught_up(const mst_work *work)
{
    mst_instance *instance = work->instance;
    return rt_passed(instance, work->durable_seq) &&
           (!work->stale_stream[0] || mst_batchlog_version(instance->log, work->stale_stream) >= work->stale_version);
}

/* One piece of work that waits: may it go on? */
static void
progress(mst_work *work)
{
    mst_instance *instance = work->instance;
    switch (work->state) {
    case WORK_HELD:
        if (instance->draining || instance->now.ms < work->retry_at_ms || !caught_up(work))
            return;
        if (work->call && (!mst_instance_ready(instance) || !rt_call_may_begin(work)))
            return;
        rt_work_begin(work);
        return;
    case WORK_CATCHING_UP:
        if (!work->open_first && caught_up(work))
            rt_work_restart(work);
        return;
    case WORK_APPLYING:
        if (rt_passed(instance, work->durable_seq))
            rt_call_answer(work, work->status, work->text, work->reply);
        return;
    default: return;
    }
}

void
rt_work_progress(mst_instance *instance)
{
    do {
        instance->progressed = false;
        for (mst_work *work = instance->works; work; work = work->next)
            progress(work);
    } while (instance->progressed);
}

/* What a core can do ---------------------------------------------------------------------------------- */

mst_arena *
mst_work_arena(mst_work *work)
{
    return work->arena;
}

mst_arena *
mst_work_scratch(mst_work *work)
{
    return work->instance->scratch;
}

void *
mst_work_data(const mst_work *work)
{
    return work->data;
}

void
mst_work_set_data(mst_work *work, void *data, void (*destroy)(void *data))
{
    work->data = data;
    work->destroy = destroy;
}

int64_t
mst_work_now_ms(const mst_work *work)
{
    return work->now_ms;
}

void
mst_work_event(mst_work *work, const char *stream, const char *batch_id, const char *key, uint32_t rows,
               const ProtobufCMessage *message)
{
    assert(work->state == WORK_RUNNING);
    mst_part *part = rt_part_current(work);
    assert(part->events_count < EVENTS_MAX);
    Muster__V1__EventHead *head = mst_arena_alloc(part->arena, sizeof *head);
    *head = (Muster__V1__EventHead)MUSTER__V1__EVENT_HEAD__INIT;
    head->type = (char *)message->descriptor->short_name;
    head->stream = mst_arena_strdup(part->arena, stream);
    head->batch_id = mst_arena_strdup(part->arena, batch_id ? batch_id : "");
    head->key = mst_arena_strdup(part->arena, key ? key : "");
    head->rows = rows;
    mst_slice body = mst_arena_pack(part->arena, message);
    part->events[part->events_count] = head;
    part->bodies[part->events_count++] = body;
    part->size += body.size;
    part->rows += rows;
    if (work->call)
        rt_part_guard(work, stream)->expected = true;
}

void
mst_work_guard(mst_work *work, const char *stream)
{
    rt_part_current(work);
    rt_part_guard(work, stream)->expected = true;
}

size_t
mst_work_part_size(const mst_work *work)
{
    return work->current ? work->current->size : 0;
}

void
mst_work_part(mst_work *work)
{
    assert(!work->call && work->state == WORK_RUNNING);
    rt_part_close(work, false);
    rt_parts_send(work);
}

uint32_t
mst_work_parts_open(const mst_work *work)
{
    return work->parts_open;
}

void
mst_work_finish(mst_work *work)
{
    assert(!work->call && work->state == WORK_RUNNING);
    rt_part_close(work, true);
    work->state = WORK_ENDING;
    rt_parts_send(work);
}

/* Nothing is to be stored. For a query that is all; a command that has nothing to do, or is refused, may have been
 * carried out before, and what stands in its way its own first effect: then the first answer is given again. */
static void
answer_or_recall(mst_work *work)
{
    if (!work->command) {
        rt_call_answer(work, work->status, work->text, work->reply);
        return;
    }
    work->state = WORK_RECALLING;
    rt_ask_find(work);
}

void
mst_work_answer(mst_work *work, const ProtobufCMessage *reply)
{
    assert(work->call && work->state == WORK_RUNNING);
    work->status = MUSTER__V1__ANSWER_STATUS__ANSWER_OK;
    work->text = "";
    work->reply = reply ? mst_arena_pack(work->arena, reply) : (mst_slice){NULL, 0};
    if (!work->current || work->current->events_count == 0) {
        answer_or_recall(work);
        return;
    }
    if (!work->command) {
        rt_error(work->instance, "a query (%.64s) tried to change something", work->method);
        rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, "this is a command and needs a command_id",
                       (mst_slice){NULL, 0});
        return;
    }
    work->current->answer = rt_call_record(work, work->current->arena, work->reply);
    rt_part_close(work, true);
    work->state = WORK_ENDING;
    rt_parts_send(work);
}

void
mst_work_refuse(mst_work *work, Muster__V1__AnswerStatus status, const ProtobufCMessage *reply, const char *format, ...)
{
    assert(work->call && work->state == WORK_RUNNING);
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    work->status = status;
    work->text = mst_arena_strdup(work->arena, text);
    work->reply = reply ? mst_arena_pack(work->arena, reply) : (mst_slice){NULL, 0};
    answer_or_recall(work);
}

void
mst_work_fail(mst_work *work, const char *format, ...)
{
    assert(work->state == WORK_RUNNING);
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!work->call) {
        rt_work_release(work, false, text);
        return;
    }
    rt_error(work->instance, "%.64s: %.120s", work->method, text);
    rt_call_answer(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, text, (mst_slice){NULL, 0});
}
