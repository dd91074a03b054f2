/* commit.c - what enters the log, and in which order it is asked whether it may.
 *
 * First whether this commit is known: a client whose answer was lost gets it again, whatever has happened to it since.
 * Then whether the client is still the one that may speak for its producer, whether the streams stand where it
 * believes, whether its inputs are its own, and last whether there is room. */
#include "chain.h"
#include "core.h"

#include <stdlib.h>
#include <string.h>

typedef struct attempt {
    mst_broker *broker;
    mst_session *session;
    const Muster__V1__Commit *commit;
    mst_body *const *bodies;
    Muster__V1__CommitResult *result;
} attempt;

static bool
refuse(attempt *self, Muster__V1__CommitStatus status, const char *text)
{
    self->result->status = status;
    self->result->text = mst_arena_strdup(self->broker->arena, text);
    self->broker->refused_total++;
    return false;
}

static bool
seen_before(attempt *self)
{
    mst_commit_fact fact;
    mst_status rc = mst_fact_commit_get(self->broker, self->commit->commit_id.data, &fact);
    if (rc == MST_NOT_FOUND)
        return false;
    if (rc != MST_OK) {
        refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_UNKNOWN, "the log cannot be read");
        return true;
    }
    if (memcmp(fact.fingerprint, self->commit->fingerprint.data, 16) != 0) {
        refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_ID_REUSED, "this commit id stands for another request");
        return true;
    }
    self->result->status = MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED;
    self->result->first_seq = fact.first_seq;
    self->result->last_seq = fact.last_seq;
    self->result->answer = (ProtobufCBinaryData){fact.answer.size, (uint8_t *)fact.answer.data};
    self->broker->repeated_total++;
    return true;
}

static bool
producer_ok(attempt *self)
{
    const mst_session *session = self->session;
    if (self->commit->producer[0] != '\0' && strcmp(self->commit->producer, session->producer) != 0)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED, "a commit names the producer of its session");
    if (session->fenced || self->commit->producer_epoch != session->epoch)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_FENCED, "a newer process of this producer exists: stop");
    return true;
}

static mst_status
stream_version(mst_broker *broker, const char *stream, uint64_t *version)
{
    void **slot = mst_table_at(broker->streams, stream, strlen(stream));
    if (*slot == NULL) {
        mst_status rc = broker->store->stream_last(broker->store, stream, version);
        if (rc != MST_OK)
            return rc;
        *slot = (void *)(uintptr_t)(*version + 1);
    }
    *version = (uint64_t)(uintptr_t)*slot - 1;
    return MST_OK;
}

static bool
expectations_ok(attempt *self)
{
    for (size_t i = 0; i < self->commit->n_expectations; i++) {
        const Muster__V1__Expectation *expected = self->commit->expectations[i];
        uint64_t version = 0;
        if (stream_version(self->broker, expected->stream, &version) != MST_OK)
            return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_UNKNOWN, "the log cannot be read");
        if (version == expected->version)
            continue;
        self->result->stale_stream = mst_arena_strdup(self->broker->arena, expected->stream);
        self->result->stale_version = version;
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_STALE, "the stream has moved on");
    }
    return true;
}

static bool
acks_ok(attempt *self)
{
    for (size_t i = 0; i < self->commit->n_acks; i++) {
        const Muster__V1__Ack *ack = self->commit->acks[i];
        const mst_group *group = mst_group_get(self->broker, ack->group);
        const mst_input *input = group == NULL ? NULL : mst_input_get(group, ack->seq);
        if (input == NULL || input->member == NULL || input->member->session != self->session ||
            input->grant != ack->grant)
            return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED,
                          "this input is done, or granted to somebody else");
        if (input->next_part != ack->part)
            return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED, "parts are accepted in order");
        for (size_t j = 0; j < i; j++)
            if (self->commit->acks[j]->seq == ack->seq && strcmp(self->commit->acks[j]->group, ack->group) == 0)
                return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "one part of an input in one commit");
    }
    return true;
}

static bool
name_ok(const char *name)
{
    return strlen(name) <= MST_BROKER_NAME_MAX;
}

/* "parsing/1" appends to "parsing/..": a stream has one owner, and its versions mean something only then. */
static bool
owns_stream(const mst_session *session, const char *stream)
{
    size_t size = strcspn(session->producer, "/");
    return strncmp(session->producer, stream, size) == 0 && stream[size] == '/';
}

static bool
head_ok(attempt *self, const Muster__V1__EventHead *head)
{
    if (head->type[0] == '\0' || head->stream[0] == '\0')
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "an event needs a type and a stream");
    if (!name_ok(head->type) || !name_ok(head->stream) || !name_ok(head->batch_id) || !name_ok(head->key))
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "type, stream, batch and key may have 255 bytes");
    if (!owns_stream(self->session, head->stream))
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED,
                      "a stream belongs to the service it is named after: <service>/...");
    return true;
}

static bool
size_ok(attempt *self)
{
    const Muster__V1__Commit *commit = self->commit;
    size_t size = 0;
    if (commit->n_events > MST_BROKER_EVENTS_MAX)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "a commit holds at most 255 events");
    if (commit->answer.len > MST_BROKER_ANSWER_MAX)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "an answer has at most 64 KiB");
    for (size_t i = 0; i < commit->n_events; i++) {
        if (!head_ok(self, commit->events[i]))
            return false;
        size += self->bodies[i]->size;
    }
    if (size > MST_BROKER_COMMIT_SIZE_MAX)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT, "the bodies of a commit have at most 16 MiB");
    // What only acknowledges frees work and costs next to nothing: it goes on when the disk is nearly full.
    if (self->broker->disk_full && commit->n_events > 0)
        return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_DISK_FULL, "free disk space is below the reserve");
    return true;
}

/* Accepting -------------------------------------------------------------------------------------------- */

static char *
text_into(char **at, const char *text)
{
    char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static mst_entry *
entry_new(attempt *self, const Muster__V1__EventHead *head, mst_body *body)
{
    mst_broker *broker = self->broker;
    const Muster__V1__Ack *cause = self->commit->n_acks > 0 ? self->commit->acks[0] : NULL;
    const char *key = head->key[0] != '\0' ? head->key : head->batch_id;
    const char *cause_group = cause != NULL ? cause->group : "";
    const char *operator= self->commit->operator_;
    size_t size = strlen(head->type) + strlen(head->stream) + strlen(head->batch_id) + strlen(key) +
                  strlen(self->session->producer) + strlen(cause_group) + strlen(operator) + 7 + 16 + MST_HASH_SIZE;
    mst_entry *e = mst_alloc(sizeof *e + size);
    uint8_t *bytes = (uint8_t *)(e + 1);
    memcpy(bytes, self->commit->commit_id.data, 16);
    char *at = (char *)bytes + 16 + MST_HASH_SIZE;

    muster__v1__envelope__init(&e->head);
    e->head.seq = broker->tail + 1;
    e->head.type = text_into(&at, head->type);
    e->head.stream = text_into(&at, head->stream);
    e->head.batch_id = text_into(&at, head->batch_id);
    e->head.key = text_into(&at, key);
    e->head.commit_id = (ProtobufCBinaryData){16, bytes};
    e->head.producer = text_into(&at, self->session->producer);
    e->head.producer_epoch = self->session->epoch;
    e->head.cause_seq = cause != NULL ? cause->seq : 0;
    e->head.cause_group = text_into(&at, cause_group);
    e->head.cause_part = cause != NULL ? cause->part : 0;
    e->head.operator_ = text_into(&at, operator);
    e->head.recorded_at_ms = broker->wall_ms;
    e->head.rows = head->rows;
    e->head.body_size = (uint32_t)body->size;
    e->head.incarnation = (ProtobufCBinaryData){16, broker->incarnation};
    e->body = mst_body_ref(body);
    return e;
}

/* Chains the event to the one before and packs its head. */
static void
entry_seal(mst_broker *broker, mst_entry *e)
{
    size_t size = muster__v1__envelope__get_packed_size(&e->head);
    uint8_t *packed = mst_arena_alloc(broker->arena, size + MST_CHAIN_FIELD_SIZE);
    muster__v1__envelope__pack(&e->head, packed);
    size = mst_chain_seal(broker->hash, broker->tail == 0, broker->last_hash, packed, size,
                          (mst_slice){e->body->data, e->body->size});
    uint8_t *hash = (uint8_t *)(e + 1) + 16;
    memcpy(hash, broker->last_hash, MST_HASH_SIZE);
    e->head.hash = (ProtobufCBinaryData){MST_HASH_SIZE, hash};
    e->packed = (mst_slice){packed, size};
}

static void
append_event(attempt *self, const Muster__V1__EventHead *head, mst_body *body)
{
    mst_broker *broker = self->broker;
    mst_entry *e = entry_new(self, head, body);
    void **version = mst_table_at(broker->streams, head->stream, strlen(head->stream));
    e->head.stream_version = (uint64_t)(uintptr_t)*version; // version + 1 is what stands there
    *version = (void *)((uintptr_t)*version + 1);
    entry_seal(broker, e);
    mst_core_append(broker, e);
    broker->events_total++;
}

/* Every stream's version is known before anything is changed, so that a failing disk leaves nothing half done. */
static bool
streams_known(attempt *self)
{
    for (size_t i = 0; i < self->commit->n_events; i++) {
        uint64_t version;
        if (stream_version(self->broker, self->commit->events[i]->stream, &version) != MST_OK)
            return refuse(self, MUSTER__V1__COMMIT_STATUS__COMMIT_UNKNOWN, "the log cannot be read");
    }
    return true;
}

static void
accept_commit(attempt *self)
{
    mst_broker *broker = self->broker;
    const Muster__V1__Commit *commit = self->commit;
    mst_commit_fact fact = {.fingerprint = commit->fingerprint.data,
                            .answer = {commit->answer.data, commit->answer.len}};
    if (commit->n_events > 0)
        fact.first_seq = broker->tail + 1;
    for (size_t i = 0; i < commit->n_events; i++)
        append_event(self, commit->events[i], self->bodies[i]);
    if (commit->n_events > 0)
        fact.last_seq = broker->tail;
    mst_fact_commit_put(broker, commit->commit_id.data, &fact);
    for (size_t i = 0; i < commit->n_acks; i++) {
        const Muster__V1__Ack *ack = commit->acks[i];
        mst_group *group = mst_group_get(broker, ack->group);
        mst_input *input = mst_input_get(group, ack->seq);
        if (ack->last)
            mst_input_done(broker, group, input);
        else
            mst_input_part(broker, group, input, fact.last_seq);
    }
    broker->commits_total++;
    self->session->eager = true;
    self->result->status = MUSTER__V1__COMMIT_STATUS__COMMIT_OK;
    self->result->first_seq = fact.first_seq;
    self->result->last_seq = fact.last_seq;
    self->result->answer = (ProtobufCBinaryData){
        commit->answer.len, mst_arena_copy(broker->arena, commit->answer.data, commit->answer.len)};
}

static const char *
shape_fault(const Muster__V1__Commit *commit, size_t bodies_count)
{
    if (commit->commit_id.len != 16 || commit->fingerprint.len != 16)
        return "a commit needs an id and a fingerprint of 16 bytes";
    if (commit->n_events != bodies_count)
        return "a commit needs one body frame for each event";
    if (commit->n_acks > MST_BROKER_ACKS_MAX || commit->n_expectations > MST_BROKER_EXPECTATIONS_MAX)
        return "a commit has at most 16 acknowledgements and 64 expectations";
    if (!name_ok(commit->operator_))
        return "operator may have 255 bytes";
    for (size_t i = 0; i < commit->n_expectations; i++)
        if (!name_ok(commit->expectations[i]->stream))
            return "the name of a stream may have 255 bytes";
    return NULL;
}

void
mst_commit_receive(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Commit *commit,
                   mst_body *const *bodies, size_t bodies_count)
{
    const char *fault = shape_fault(commit, bodies_count);
    if (fault != NULL) {
        mst_broker_refuse(broker, session->id, request_id, MUSTER__V1__FAULT_CODE__FAULT_MALFORMED, fault);
        return;
    }
    Muster__V1__CommitResult *result = mst_arena_alloc(broker->arena, sizeof *result);
    muster__v1__commit_result__init(result);
    attempt self = {broker, session, commit, bodies, result};
    if (!seen_before(&self) && producer_ok(&self) && expectations_ok(&self) && acks_ok(&self) && size_ok(&self) &&
        streams_known(&self))
        accept_commit(&self);
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT, result, NULL, 0);
}

void
mst_commit_find(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__FindCommit *find)
{
    mst_commit_fact fact;
    mst_status rc = find->commit_id.len == 16 ? mst_fact_commit_get(broker, find->commit_id.data, &fact) : MST_INVALID;
    if (rc != MST_OK) {
        bool absent = rc == MST_NOT_FOUND;
        mst_core_fault(broker, session->id, request_id,
                       absent              ? MUSTER__V1__FAULT_CODE__FAULT_NOT_FOUND
                       : rc == MST_INVALID ? MUSTER__V1__FAULT_CODE__FAULT_MALFORMED
                                           : MUSTER__V1__FAULT_CODE__FAULT_UNKNOWN,
                       absent ? "no such commit" : "a commit id has 16 bytes");
        return;
    }
    Muster__V1__CommitResult *result = mst_arena_alloc(broker->arena, sizeof *result);
    muster__v1__commit_result__init(result);
    result->status = MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED;
    result->first_seq = fact.first_seq;
    result->last_seq = fact.last_seq;
    result->answer = (ProtobufCBinaryData){fact.answer.size, (uint8_t *)fact.answer.data};
    mst_core_reply(broker, session->id, request_id, MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT, result, NULL, 0);
}
