/* clerk.h - the smallest service that does everything the runtime offers.
 *
 * CreateBatch makes batch B1, B2 ..; its group answers each BatchCreated in as many parts as the template's version
 * says, one BatchFailed each ("part 0" ..); CancelBatch is refused the second time; ShowBatch tells how many events
 * of the batch were applied (rows_total). Its state keeps a running digest of everything it applied. */
#ifndef TESTS_RUNTIME_CLERK_H
#define TESTS_RUNTIME_CLERK_H

#include "stage.h"

#define CLERK_BATCHES_MAX 64

typedef struct test_clerk {
    uint32_t batches;
    uint32_t events[CLERK_BATCHES_MAX + 1];
    uint32_t cancelled[CLERK_BATCHES_MAX + 1];
    uint64_t seq;
    uint32_t applied;
    uint8_t digest[MST_HASH_SIZE];
} test_clerk;

static uint32_t clerk_parts_at_once = 4;
static uint32_t clerk_steps;    /* first steps of inputs */
static uint32_t clerk_failures; /* inputs to fail from now on */
static uint32_t clerk_wait_ms;  /* before an input is answered */
static bool clerk_holds;        /* and waiting is something outside that must not be lost */

static inline uint32_t
clerk_number(const char *batch_id)
{
    uint32_t number = (uint32_t)strtoul(batch_id + (batch_id[0] == 'B'), NULL, 10);
    return number <= CLERK_BATCHES_MAX ? number : 0;
}

static mst_status
clerk_open(void **state, const mst_core_env *env)
{
    (void)env;
    *state = calloc(1, sizeof(test_clerk));
    return MST_OK;
}

static void
clerk_apply(void *state, const mst_event *event)
{
    test_clerk *self = state;
    if (event->head->seq <= self->seq)
        return;
    self->seq = event->head->seq;
    self->applied++;
    mst_hash *hash = mst_hash_new();
    mst_hash_add(hash, self->digest, sizeof self->digest);
    mst_hash_add(hash, event->head->hash.data, event->head->hash.len);
    mst_hash_add(hash, event->body.data, event->body.size);
    mst_hash_take(hash, self->digest);
    mst_hash_destroy(&hash);
    uint32_t number = clerk_number(event->head->batch_id);
    self->events[number]++;
    if (event->message && event->message->descriptor == &muster__v1__batch_created__descriptor)
        self->batches++;
    if (event->message && event->message->descriptor == &muster__v1__batch_cancelled__descriptor)
        self->cancelled[number]++;
}

static void
clerk_view(const test_clerk *self, const char *batch_id, Muster__V1__BatchView *view)
{
    *view = (Muster__V1__BatchView)MUSTER__V1__BATCH_VIEW__INIT;
    view->batch_id = (char *)batch_id;
    view->rows_total = self->events[clerk_number(batch_id)];
}

static void
clerk_input(mst_work *work, const mst_step *step)
{
    const Muster__V1__BatchCreated *created;
    if (step->kind == MST_STEP_INPUT) {
        clerk_steps++;
        if (clerk_failures) {
            clerk_failures--;
            mst_work_fail(work, "told to");
            return;
        }
        created = (const Muster__V1__BatchCreated *)step->input.message;
        uint32_t *left = mst_arena_alloc(mst_work_arena(work), 3 * sizeof *left);
        left[0] = step->next_part;
        left[1] = created->template_version;
        left[2] = clerk_number(created->batch_id);
        mst_work_set_data(work, left, NULL);
        if (clerk_wait_ms > 0) {
            mst_work_hold(work, clerk_holds);
            mst_work_wait(work, 7, clerk_wait_ms);
            return;
        }
    }
    if (step->kind == MST_STEP_TIME && step->tag != 7)
        mst_work_fail(work, "not what was waited for");
    uint32_t *at = mst_work_data(work);
    while (at[0] + 1 < at[1] && mst_work_parts_open(work) >= clerk_parts_at_once)
        return;
    for (; at[0] < at[1]; at[0]++) {
        char stream[32], batch_id[16], reason[32];
        Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
        snprintf(batch_id, sizeof batch_id, "B%u", at[2]);
        snprintf(stream, sizeof stream, "clerk/B%u", at[2]);
        snprintf(reason, sizeof reason, "part %u", at[0]);
        failed.batch_id = batch_id;
        failed.reason = reason;
        mst_work_guard(work, stream);
        mst_work_event(work, stream, batch_id, NULL, 10, &failed.base);
        if (at[0] + 1 == at[1])
            break;
        mst_work_part(work);
        if (mst_work_parts_open(work) >= clerk_parts_at_once) {
            at[0]++;
            return;
        }
    }
    mst_work_finish(work);
}

static void
clerk_call(test_clerk *self, mst_work *work, const mst_step *step)
{
    Muster__V1__BatchView view;
    char batch_id[16], stream[32];
    if (strcmp(step->method, "CreateBatch") == 0) {
        const Muster__V1__CreateBatch *create = (const Muster__V1__CreateBatch *)step->argument;
        snprintf(batch_id, sizeof batch_id, "B%u", self->batches + 1);
        snprintf(stream, sizeof stream, "clerk/%s", batch_id);
        Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
        created.batch_id = batch_id;
        created.name = create->name;
        created.template_version = (uint32_t)strtoul(create->template_name, NULL, 10);
        created.operator_ = (char *)step->operator;
        created.created_at_ms = mst_work_now_ms(work);
        mst_work_event(work, stream, batch_id, NULL, 0, &created.base);
        clerk_view(self, batch_id, &view);
        mst_work_answer(work, &view.base);
    } else if (strcmp(step->method, "CancelBatch") == 0) {
        const Muster__V1__CancelBatch *cancel = (const Muster__V1__CancelBatch *)step->argument;
        clerk_view(self, cancel->batch_id, &view);
        if (self->cancelled[clerk_number(cancel->batch_id)]) {
            mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "%s is cancelled already",
                            cancel->batch_id);
            return;
        }
        Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
        cancelled.batch_id = cancel->batch_id;
        cancelled.reason = cancel->reason;
        snprintf(stream, sizeof stream, "clerk/%s", cancel->batch_id);
        mst_work_event(work, stream, cancel->batch_id, NULL, 0, &cancelled.base);
        mst_work_answer(work, &view.base);
    } else if (strcmp(step->method, "ShowBatch") == 0) {
        clerk_view(self, ((const Muster__V1__ShowBatch *)step->argument)->batch_id, &view);
        mst_work_answer(work, &view.base);
    } else {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "a clerk knows no %s", step->method);
    }
}

static void
clerk_work(void *state, mst_work *work, const mst_step *step)
{
    if (step->kind == MST_STEP_CALL)
        clerk_call(state, work, step);
    else
        clerk_input(work, step);
}

static mst_slice
clerk_save(void *state, mst_arena *arena)
{
    return (mst_slice){mst_arena_copy(arena, state, sizeof(test_clerk)), sizeof(test_clerk)};
}

static mst_status
clerk_load(void *state, mst_slice snapshot)
{
    if (snapshot.size != sizeof(test_clerk))
        return MST_INVALID;
    memcpy(state, snapshot.data, sizeof(test_clerk));
    return MST_OK;
}

static const char *const clerk_types[] = {"BatchCreated", "BatchCancelled", "BatchFailed", NULL};
static const char *const clerk_inputs[] = {"BatchCreated", NULL};
static const mst_core clerk_core = {.name = "clerk",
                                    .types = clerk_types,
                                    .inputs = clerk_inputs,
                                    .inputs_max = 4,
                                    .open = clerk_open,
                                    .close = free,
                                    .apply = clerk_apply,
                                    .work = clerk_work,
                                    .save = clerk_save,
                                    .load = clerk_load};

/* Asks for a batch whose input is answered in `parts` parts. */
static inline uint64_t
create_batch(test_actor *person, const char *parts, uint32_t number)
{
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    create.name = "spring";
    create.template_name = (char *)parts;
    return person_call(person, "clerk", "", &create.base, number);
}

static inline uint64_t
cancel_batch(test_actor *person, const char *batch_id, const char *reason, uint32_t number)
{
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    cancel.batch_id = (char *)batch_id;
    cancel.reason = (char *)reason;
    return person_call(person, "clerk", batch_id, &cancel.base, number);
}

static inline uint64_t
show_batch(test_actor *person, const char *batch_id)
{
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    show.batch_id = (char *)batch_id;
    return person_call(person, "clerk", batch_id, &show.base, 0);
}

#endif
