/* verify.c - see verify.h. */
#include "verify.h"

#include "chain.h"
#include "envelope.pb-c.h"
#include "proto/codec.h"
#include "table.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct walk {
    mst_store *store;
    mst_verify_result *result;
    mst_hash *hash;
    mst_arena *arena;
    mst_table *streams; /* name -> version; NULL: not asked */
    uint8_t last_hash[32];
    uint64_t next;
} walk;

static bool
damaged(walk *self, uint64_t seq, const char *why)
{
    self->result->damaged_from = seq;
    self->result->damaged_to = self->store->tail(self->store);
    if (self->result->damaged_to < seq)
        self->result->damaged_to = seq;
    snprintf(self->result->why, sizeof self->result->why, "event %llu: %s", (unsigned long long)seq, why);
    return false;
}

static bool
stream_ok(walk *self, const Muster__V1__Envelope *head)
{
    void **version = mst_table_at(self->streams, head->stream, strlen(head->stream));
    if (head->stream_version != (uintptr_t)*version + 1)
        return damaged(self, head->seq, "its stream's version does not follow the one before");
    *version = (void *)((uintptr_t)*version + 1);
    return true;
}

static bool
visit(void *context, uint64_t seq, mst_slice packed)
{
    walk *self = context;
    mst_body *body = NULL;
    if (seq != self->next)
        return damaged(self, self->next, "it is missing");
    if (self->store->body(self->store, seq, &body) != MST_OK)
        return damaged(self, seq, "its body cannot be read");
    mst_arena_reset(self->arena);
    const Muster__V1__Envelope *head =
        (const Muster__V1__Envelope *)mst_unpack(&muster__v1__envelope__descriptor, packed.data, packed.size,
                                                 MST_CONTROL_SIZE_MAX, mst_arena_allocator(self->arena));
    bool whole = true;
    if (head == NULL || head->seq != seq || head->body_size != body->size)
        whole = damaged(self, seq, "its head is not what was written");
    else if (!mst_chain_check(self->hash, seq == 1, self->last_hash, packed, (mst_slice){body->data, body->size}))
        whole = damaged(self, seq, "its hash does not match its content and the event before");
    else if (self->streams != NULL)
        whole = stream_ok(self, head);
    self->result->events += whole;
    self->result->head_bytes += packed.size;
    self->result->body_bytes += body->size;
    self->next++;
    mst_body_unref(&body);
    return whole;
}

mst_status
mst_verify_log(mst_store *store, uint64_t from, const uint8_t hash[32], bool streams, mst_verify_result *result)
{
    assert(!streams || from == 1);
    walk self = {.store = store, .result = result, .hash = mst_hash_new(), .arena = mst_arena_new(0), .next = from};
    *result = (mst_verify_result){.first_seq = from};
    if (hash != NULL)
        memcpy(self.last_hash, hash, 32);
    if (streams)
        self.streams = mst_table_new(NULL);
    uint64_t tail = store->tail(store);
    mst_status rc = store->heads(store, from, UINT64_MAX, visit, &self);
    if (rc != MST_OK && result->damaged_from == 0)
        damaged(&self, self.next, "it cannot be read");
    else if (result->damaged_from == 0 && self.next != tail + 1)
        damaged(&self, self.next, "it is missing");
    result->last_seq = self.next - 1;
    memcpy(result->hash, self.last_hash, 32);
    mst_hash_destroy(&self.hash);
    mst_arena_destroy(&self.arena);
    mst_table_destroy(&self.streams);
    return result->damaged_from == 0 ? MST_OK : MST_CORRUPT;
}
