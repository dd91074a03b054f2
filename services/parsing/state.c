/* state.c - see state.h. */
#include "state.h"

#include "export.pb-c.h"
#include "services/runtime/roster.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What people do about wrong values ----------------------------------------------------------------------- */

static void
columns_release(fixing *self)
{
    for (size_t i = 0; i < self->columns_count; i++)
        free(self->columns[i]);
    free(self->columns);
    self->columns = NULL;
    self->columns_count = 0;
}

static void
fixing_release(parsed_batch *batch)
{
    fixing *self = batch->fixing;
    batch->fixing = NULL;
    batch->waiting = false;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->count; i++) {
        muster__v1__correction_made__free_unpacked(self->list[i].made, NULL);
        free(self->list[i].key);
    }
    for (size_t i = 0; i < self->repairs_count; i++)
        muster__v1__repair_accepted__free_unpacked(self->repairs[i], NULL);
    columns_release(self);
    free(self->repairs);
    free(self->excluded);
    free(self->list);
    free(self->slots);
    free(self);
}

fixing *
state_fixing(parsed_batch *batch)
{
    if (batch->fixing == NULL) {
        batch->fixing = mst_alloc(sizeof *batch->fixing);
        memset(batch->fixing, 0, sizeof *batch->fixing);
    }
    return batch->fixing;
}

static uint64_t
hash_of(uint32_t generation, const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037) + generation;
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static standing *
standing_find(const fixing *self, uint32_t generation, const char *key)
{
    if (self == NULL || self->slots_count == 0)
        return NULL;
    uint64_t hash = hash_of(generation, key);
    size_t at = self->slots[hash & (self->slots_count - 1)];
    for (; at != 0; at = self->list[at - 1].next) {
        standing *one = &self->list[at - 1];
        if (one->hash == hash && one->made->generation == generation && strcmp(one->key, key) == 0)
            return one;
    }
    return NULL;
}

static void
index_again(fixing *self)
{
    if (self->slots_count < self->room) {
        self->slots_count = self->room;
        self->slots = mst_realloc(self->slots, self->slots_count * sizeof *self->slots);
    }
    memset(self->slots, 0, self->slots_count * sizeof *self->slots);
    for (size_t i = 0; i < self->count; i++) {
        size_t *slot = &self->slots[self->list[i].hash & (self->slots_count - 1)];
        self->list[i].next = *slot;
        *slot = i + 1;
    }
}

/* A later one of the same group takes the earlier one's place. */
void
state_put_correction(parsed_batch *batch, Muster__V1__CorrectionMade *made)
{
    fixing *self = state_fixing(batch);
    mst_arena *scratch = mst_arena_new(0);
    const char *key = groups_key_of_correction(scratch, made->correction);
    standing *earlier = standing_find(self, made->generation, key);
    if (earlier != NULL) {
        muster__v1__correction_made__free_unpacked(earlier->made, NULL);
        earlier->made = made;
        mst_arena_destroy(&scratch);
        return;
    }
    bool full = self->count == self->room;
    if (full) {
        self->room = self->room == 0 ? 16 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    standing *new = &self->list[self->count++];
    *new = (standing){.made = made, .key = mst_strdup(key), .hash = hash_of(made->generation, key)};
    mst_arena_destroy(&scratch);
    if (full) {
        index_again(self);
        return;
    }
    size_t *slot = &self->slots[new->hash &(self->slots_count - 1)];
    new->next = *slot;
    *slot = self->count;
}

const standing *
state_correction(const parsed_batch *batch, uint32_t generation, const char *key)
{
    return standing_find(batch->fixing, generation, key);
}

bool
state_excluded(const parsed_batch *batch, uint32_t generation)
{
    for (size_t i = 0; batch->fixing != NULL && i < batch->fixing->excluded_count; i++)
        if (batch->fixing->excluded[i] == generation)
            return true;
    return false;
}

size_t
state_corrections(const parsed_batch *batch, uint32_t generation, uint64_t *rows)
{
    size_t count = 0;
    *rows = 0;
    for (size_t i = 0; batch->fixing != NULL && i < batch->fixing->count; i++)
        if (batch->fixing->list[i].made->generation == generation) {
            *rows += batch->fixing->list[i].made->rows;
            count++;
        }
    return count;
}

/* Events -------------------------------------------------------------------------------------------------- */

static void
on_correction(parsed_batch *batch, const mst_event *event)
{
    Muster__V1__CorrectionMade *made = muster__v1__correction_made__unpack(NULL, event->body.size, event->body.data);
    assert(made != NULL && made->correction != NULL);
    state_put_correction(batch, made);
}

static void
on_repair(parsed_batch *batch, const mst_event *event)
{
    fixing *self = state_fixing(batch);
    self->repairs = mst_realloc(self->repairs, (self->repairs_count + 1) * sizeof *self->repairs);
    self->repairs[self->repairs_count++] =
        muster__v1__repair_accepted__unpack(NULL, event->body.size, event->body.data);
}

static void
on_corrections_finished(parsed_batch *batch, const Muster__V1__CorrectionsFinished *finished)
{
    batch->waiting = false;
    if (!finished->without_bad_rows || finished->generation == 0)
        return;
    fixing *self = state_fixing(batch);
    self->excluded = mst_realloc(self->excluded, (self->excluded_count + 1) * sizeof *self->excluded);
    self->excluded[self->excluded_count++] = finished->generation - 1;
}

static void
on_recognised(parsed_batch *batch, const Muster__V1__FileRecognised *recognised)
{
    fixing *self = state_fixing(batch);
    columns_release(self);
    self->columns = mst_alloc((recognised->n_columns + 1) * sizeof *self->columns);
    for (size_t i = 0; i < recognised->n_columns; i++)
        if (recognised->columns[i]->field[0] != '\0')
            self->columns[self->columns_count++] = mst_strdup(recognised->columns[i]->field);
}

static void
on_reading_finished(parsed_batch *batch, const Muster__V1__ReadingFinished *finished)
{
    batch->finished = true;
    batch->generation = finished->generation;
    batch->rows = finished->rows;
    batch->chunks = finished->chunks;
    batch->wrong_rows = finished->wrong_rows;
    batch->left_out = finished->left_out;
    batch->check_wrong = 0;
}

static void
on_received(parsed_batch *batch, const Muster__V1__FileReceived *received)
{
    if (received->sha256.len == MST_HASH_SIZE)
        memcpy(batch->sha256, received->sha256.data, MST_HASH_SIZE);
    batch->size = received->size;
}

static void
batch_apply(parsed_batch *batch, const mst_event *event)
{
    const char *type = event->head->type;
    const ProtobufCMessage *message = event->message;
    if (strcmp(type, "BatchCancelled") == 0 || strcmp(type, "BatchFailed") == 0) {
        batch->ended = true;
        fixing_release(batch);
    } else if (batch->ended || batch->accepted) {
        return; // nothing more is to be known of it
    } else if (strcmp(type, "FileReceived") == 0) {
        on_received(batch, (const Muster__V1__FileReceived *)message);
    } else if (strcmp(type, "FileRecognised") == 0) {
        on_recognised(batch, (const Muster__V1__FileRecognised *)message);
    } else if (strcmp(type, "ReadingFinished") == 0) {
        on_reading_finished(batch, (const Muster__V1__ReadingFinished *)message);
    } else if (strcmp(type, "CheckFinished") == 0) {
        batch->check_wrong = ((const Muster__V1__CheckFinished *)message)->wrong_rows;
    } else if (strcmp(type, "CorrectionsRequested") == 0) {
        batch->waiting = true;
    } else if (strcmp(type, "CorrectionMade") == 0) {
        on_correction(batch, event);
    } else if (strcmp(type, "RepairAccepted") == 0) {
        on_repair(batch, event);
    } else if (strcmp(type, "CorrectionsFinished") == 0) {
        on_corrections_finished(batch, (const Muster__V1__CorrectionsFinished *)message);
    } else if (strcmp(type, "EntriesAccepted") == 0) {
        batch->accepted = true;
        fixing_release(batch);
    }
}

static void
on_created(parsing_state *self, const mst_event *event)
{
    size_t number = mst_batch_number(event->head->batch_id);
    if (number == 0 || (number <= self->batches_count && self->batches[number - 1].created != NULL))
        return; // applied before
    if (number > self->batches_count) {
        self->batches = mst_realloc(self->batches, number * sizeof *self->batches);
        memset(self->batches + self->batches_count, 0, (number - self->batches_count) * sizeof *self->batches);
        self->batches_count = number;
    }
    parsed_batch *batch = &self->batches[number - 1];
    batch->created = muster__v1__batch_created__unpack(NULL, event->body.size, event->body.data);
    assert(batch->created != NULL);
}

static parsed_batch *
find(const parsing_state *self, const char *batch_id)
{
    size_t number = mst_batch_number(batch_id);
    return number == 0 || number > self->batches_count ? NULL : &self->batches[number - 1];
}

void
state_apply(parsing_state *self, const mst_event *event)
{
    const char *type = event->head->type;
    uint64_t seq = event->head->seq;
    if (seq <= self->applied_seq)
        return;
    self->applied_seq = seq;
    if (strcmp(type, "TemplateAdded") == 0 || strcmp(type, "DirectoryDeclared") == 0)
        mst_catalog_apply(self->catalog, event);
    else if (strcmp(type, "RuleLearned") == 0)
        rules_learned(self->rules, ((const Muster__V1__RuleLearned *)event->message)->rule, seq);
    else if (strcmp(type, "RuleSwitched") == 0)
        rules_switched(self->rules, (const Muster__V1__RuleSwitched *)event->message, seq);
    else if (strcmp(type, "RulesApplied") == 0)
        rules_used(self->rules, (const Muster__V1__RulesApplied *)event->message);
    else if (strcmp(type, "BatchCreated") == 0)
        on_created(self, event);
    else {
        parsed_batch *batch = find(self, event->head->batch_id);
        if (batch != NULL)
            batch_apply(batch, event);
    }
}

/* The doors ----------------------------------------------------------------------------------------------- */

parsing_state *
state_new(void)
{
    parsing_state *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->catalog = mst_catalog_new();
    self->rules = rules_new();
    return self;
}

void
state_destroy(parsing_state *self)
{
    for (size_t i = 0; i < self->batches_count; i++) {
        fixing_release(&self->batches[i]);
        if (self->batches[i].created != NULL)
            muster__v1__batch_created__free_unpacked(self->batches[i].created, NULL);
    }
    for (size_t i = 0; i < GROUPS_KEPT; i++)
        groups_destroy(&self->kept[i].groups);
    for (size_t i = 0; i < FAULTS_KEPT; i++)
        fault_list_destroy(&self->faults[i].list);
    free(self->batches);
    free(self->spool_dir);
    rules_destroy(&self->rules);
    mst_catalog_destroy(&self->catalog);
    free(self);
}

const parsed_batch *
state_find(const parsing_state *self, const char *batch_id)
{
    return find(self, batch_id);
}

const groups *
state_groups(const parsing_state *self, const char *batch_id)
{
    const parsed_batch *batch = find(self, batch_id);
    for (size_t i = 0; batch != NULL && batch->waiting && i < GROUPS_KEPT; i++)
        if (self->kept[i].groups != NULL && strcmp(self->kept[i].batch_id, batch_id) == 0 &&
            groups_generation(self->kept[i].groups) == batch->generation)
            return self->kept[i].groups;
    return NULL;
}

void
state_keep_groups(parsing_state *self, const char *batch_id, groups *given)
{
    size_t at = self->kept_next++ % GROUPS_KEPT;
    groups_destroy(&self->kept[at].groups);
    self->kept[at].groups = given;
    snprintf(self->kept[at].batch_id, sizeof self->kept[at].batch_id, "%s", batch_id);
}

const fault_list *
state_faults(const parsing_state *self, const char *batch_id, uint32_t after)
{
    const parsed_batch *batch = find(self, batch_id);
    for (size_t i = 0; batch != NULL && i < FAULTS_KEPT; i++)
        if (self->faults[i].list != NULL && strcmp(self->faults[i].batch_id, batch_id) == 0 &&
            self->faults[i].generation == batch->generation && fault_list_covers(self->faults[i].list, after))
            return self->faults[i].list;
    return NULL;
}

void
state_keep_faults(parsing_state *self, const char *batch_id, uint32_t generation, fault_list *given)
{
    size_t at = self->faults_next++ % FAULTS_KEPT;
    fault_list_destroy(&self->faults[at].list);
    self->faults[at].list = given;
    self->faults[at].generation = generation;
    snprintf(self->faults[at].batch_id, sizeof self->faults[at].batch_id, "%s", batch_id);
}
