/* answers.c - see answers.h.
 *
 * Wrong values are not held in memory: who asks has the streams of the batch read and its groups put together. What a
 * batch that waits was found to have does not change any more, so that is kept for the next question. */
#include "answers.h"

#include "export.pb-c.h"
#include <string.h>

#define LIST_DEFAULT 100u
#define LIST_MAX 1000u
#define LIST_SIZE_MAX (900u * 1024u) /* bytes in one answer */

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED
#define NOT_FOUND MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND

const parsed_batch *
answers_batch(const parsing_state *state, mst_work *work, const char *batch_id)
{
    const parsed_batch *batch = state_find(state, batch_id);
    if (batch == NULL || batch->created == NULL) {
        mst_work_refuse(work, NOT_FOUND, NULL, "There is no batch \"%.40s\".", batch_id);
        return NULL;
    }
    return batch;
}

bool
answers_waits(const parsing_state *state, mst_work *work, const char *batch_id)
{
    const parsed_batch *batch = answers_batch(state, work, batch_id);
    if (batch == NULL)
        return false;
    if (!batch->waiting)
        mst_work_refuse(work, REFUSED, NULL, "Batch %s does not wait for corrections: %s.", batch_id,
                        batch->ended       ? "it was cancelled or has failed"
                        : batch->accepted  ? "its entries are accepted already"
                        : !batch->finished ? "its file is not read to the end yet"
                                           : "its values are being checked");
    return batch->waiting;
}

uint32_t
answers_left(const parsed_batch *batch, const groups *found, uint32_t *rows)
{
    uint64_t corrected_rows;
    size_t corrected = state_corrections(batch, groups_generation(found), &corrected_rows), all = groups_count(found);
    if (all > 0 && groups_is_rest(groups_at(found, all - 1)))
        all--; // comes up in a later generation
    uint64_t left = groups_rows(found) > corrected_rows ? groups_rows(found) - corrected_rows : 0;
    *rows = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
    return all > corrected ? (uint32_t)(all - corrected) : 0;
}

/* Loading ------------------------------------------------------------------------------------------------- */

static void
question_destroy(void *data)
{
    question *self = data;
    groups_destroy(&self->loading);
}

static void
loaded(question *self, mst_work *work)
{
    groups *found = self->loading;
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    groups_close(found);
    if (batch->waiting && batch->generation == self->generation) {
        self->loading = NULL;
        state_keep_groups(self->state, self->batch_id, found);
    }
    self->then(self, work, found);
}

static void
question_step(mst_work *work, const mst_step *step)
{
    question *self = mst_work_data(work);
    for (size_t i = 0; i < step->events_count; i++) {
        const ProtobufCMessage *message = step->events[i].message;
        if (message != NULL && message->descriptor == &muster__v1__wrong_values_found__descriptor) {
            const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)message;
            groups_add(self->loading, found->generation, found->values, found->n_values);
        } else if (message != NULL && message->descriptor == &muster__v1__entries_checked__descriptor) {
            const Muster__V1__EntriesChecked *found = (const Muster__V1__EntriesChecked *)message;
            groups_add(self->loading, found->generation, found->values, found->n_values);
        }
    }
    if (!step->end) {
        mst_work_read(work, 0, self->stream, step->next, 0);
    } else if (!self->checks) {
        self->checks = true;
        self->stream = mst_arena_printf(self->arena, "export/%s/check", self->batch_id);
        mst_work_read(work, 0, self->stream, 1, 0);
    } else {
        loaded(self, work);
    }
}

void
answers_load(parsing_state *state, mst_work *work, const mst_step *step, const char *batch_id, size_t size,
             void (*then)(question *self, mst_work *work, const groups *found))
{
    const parsed_batch *batch = state_find(state, batch_id);
    mst_arena *arena = mst_work_arena(work);
    question *self = mst_arena_alloc(arena, size);
    memset(self, 0, size);
    mst_slice packed = mst_arena_pack(arena, step->argument);
    self->turn.step = question_step;
    self->state = state;
    self->arena = arena;
    self->batch_id = mst_arena_strdup(arena, batch_id);
    self->operator= mst_arena_strdup(arena, step->operator== NULL ? "" : step->operator);
    self->argument =
        protobuf_c_message_unpack(step->argument->descriptor, mst_arena_allocator(arena), packed.size, packed.data);
    self->generation = batch->generation == 0 ? 1 : batch->generation;
    self->then = then;
    mst_work_set_data(work, self, question_destroy);
    const groups *kept = state_groups(state, batch_id);
    if (kept != NULL) {
        then(self, work, kept);
        return;
    }
    self->loading = groups_new(self->generation);
    self->stream = mst_arena_printf(arena, "parsing/%s", batch_id);
    mst_work_read(work, 0, self->stream, 1, 0);
}

/* ListWrongValues ----------------------------------------------------------------------------------------- */

/* The group with what people did about it. */
static Muster__V1__WrongValueGroup *
shown(const question *self, const parsed_batch *batch, const Muster__V1__WrongValueGroup *group)
{
    Muster__V1__WrongValueGroup *copy = mst_arena_copy(self->arena, group, sizeof *group);
    copy->suggestions = picks_suggestions(self->state, group, self->arena, &copy->n_suggestions);
    char *key =
        groups_key(self->arena, group->kind, group->rule, group->fields, group->n_fields, group->values, group->value);
    const standing *made = state_correction(batch, self->generation, key);
    if (made != NULL)
        copy->correction = made->made->correction;
    return copy;
}

static void
answer_wrong_values(question *self, mst_work *work, const groups *found)
{
    const Muster__V1__ListWrongValues *list = (const Muster__V1__ListWrongValues *)self->argument;
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    uint32_t max = list->max == 0 ? LIST_DEFAULT : list->max > LIST_MAX ? LIST_MAX : list->max, rows_left;
    Muster__V1__WrongValueList answer = MUSTER__V1__WRONG_VALUE_LIST__INIT;
    answer.groups = mst_arena_alloc(self->arena, (max + 1) * sizeof *answer.groups);
    answer.wrong_rows = batch->wrong_rows + batch->check_wrong;
    answer.groups_total = (uint32_t)groups_count(found);
    answer.groups_left = batch->waiting ? answers_left(batch, found, &rows_left) : 0;
    size_t size = 0, at = list->after;
    for (; at < groups_count(found) && answer.n_groups < max; at++) {
        Muster__V1__WrongValueGroup *group = shown(self, batch, groups_at(found, at));
        size += muster__v1__wrong_value_group__get_packed_size(group) + 8;
        if (size > LIST_SIZE_MAX)
            break;
        answer.groups[answer.n_groups++] = group;
    }
    answer.more = at < groups_count(found);
    mst_work_answer(work, &answer.base);
}

/* ListRules ----------------------------------------------------------------------------------------------- */

static void
list_rules(const parsing_state *state, mst_work *work, const Muster__V1__ListRules *list)
{
    Muster__V1__RuleList answer = MUSTER__V1__RULE_LIST__INIT;
    size_t count = rules_count(state->rules), size = 0;
    answer.rules = mst_arena_alloc(mst_work_arena(work), (count + 1) * sizeof *answer.rules);
    // Newest first: should there be more than an answer holds, the oldest are not shown.
    for (size_t i = count; i-- > 0;) {
        const Muster__V1__CorrectionRule *rule = rules_at(state->rules, i);
        if (rule == NULL || (list->template_name[0] != '\0' && strcmp(rule->template_name, list->template_name) != 0))
            continue;
        size += muster__v1__correction_rule__get_packed_size(rule) + 8;
        if (size > LIST_SIZE_MAX)
            break;
        answer.rules[answer.n_rules++] = (Muster__V1__CorrectionRule *)rule;
    }
    mst_work_answer(work, &answer.base);
}

void
answers_begin(parsing_state *state, mst_work *work, const mst_step *step)
{
    if (strcmp(step->method, "ListWrongValues") == 0) {
        const char *batch_id = ((const Muster__V1__ListWrongValues *)step->argument)->batch_id;
        if (answers_batch(state, work, batch_id) != NULL)
            answers_load(state, work, step, batch_id, sizeof(question), answer_wrong_values);
    } else if (strcmp(step->method, "ListRules") == 0) {
        list_rules(state, work, (const Muster__V1__ListRules *)step->argument);
    } else if (!desk_begin(state, work, step) && !faults_begin(state, work, step) && !picks_begin(state, work, step)) {
        mst_work_refuse(work, REFUSED, NULL, "Parsing does not know \"%.64s\".", step->method);
    }
}
