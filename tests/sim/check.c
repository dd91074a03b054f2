/* check.c - what must hold in the log, whatever happened on the way (C1 to C12 of the promise). */
#include "broker/table.h"
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "proto/codec.h"
#include "proto/rows.h"
#include "tests/sim/sim.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* C2: nobody is ever shown two events at one place. */
void
check_seen(sim_world *sim, const Muster__V1__Envelope *envelope)
{
    static const uint8_t none[MST_HASH_SIZE];
    uint64_t seq = envelope->seq;
    if (seq >= sim->seen_room) {
        size_t room = seq * 2 + 1024;
        sim->seen = mst_realloc(sim->seen, room * sizeof *sim->seen);
        memset(sim->seen + sim->seen_room, 0, (room - sim->seen_room) * sizeof *sim->seen);
        sim->seen_room = room;
    }
    if (envelope->hash.len != MST_HASH_SIZE)
        sim_fail(sim, "event %llu is shown without a hash", (unsigned long long)seq);
    else if (memcmp(sim->seen[seq], none, sizeof none) == 0)
        memcpy(sim->seen[seq], envelope->hash.data, MST_HASH_SIZE);
    else if (memcmp(sim->seen[seq], envelope->hash.data, MST_HASH_SIZE) != 0)
        sim_fail(sim, "two different events were shown at %llu (C2)", (unsigned long long)seq);
}

/* One pass over the log ------------------------------------------------------------------------------- */

typedef struct batch_tally {
    uint32_t outcomes[6], rows_seen;
    uint8_t *row_seen; /* by entry number */
    bool completed, cancelled;
} batch_tally;

typedef struct log_pass {
    sim_world *sim;
    mst_arena *arena;
    mst_table *streams, *commits, *inputs, *decisions, *batches;
    uint8_t hash[MST_HASH_SIZE];
    uint32_t decisions_count;
} log_pass;

#define FAIL(pass, head, ...) sim_fail_at((pass)->sim, (head), __VA_ARGS__)

static void MST_PRINTF(3, 4) sim_fail_at(sim_world *sim, const Muster__V1__Envelope *head, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim_fail(sim, "event %llu %s in %s: %s", (unsigned long long)head->seq, head->type, head->stream, text);
}

/* C3: dense, chained, as shown. */
static void
chain_check(log_pass *pass, Muster__V1__Envelope *head, mst_slice body, uint64_t seq)
{
    uint8_t digest[MST_HASH_SIZE];
    ProtobufCBinaryData kept = head->hash;
    mst_hash *hash = mst_hash_new();
    head->hash = (ProtobufCBinaryData){0, NULL};
    mst_slice packed = mst_arena_pack(pass->arena, &head->base);
    head->hash = kept;
    if (seq > 1)
        mst_hash_add(hash, pass->hash, sizeof pass->hash);
    mst_hash_add(hash, packed.data, packed.size);
    mst_hash_add(hash, body.data, body.size);
    mst_hash_take(hash, digest);
    mst_hash_destroy(&hash);
    if (head->seq != seq || head->body_size != body.size)
        FAIL(pass, head, "stands at %llu with a body of %zu bytes (C3)", (unsigned long long)seq, body.size);
    if (kept.len != sizeof digest || memcmp(kept.data, digest, sizeof digest) != 0)
        FAIL(pass, head, "does not continue the chain (C3)");
    memcpy(pass->hash, digest, sizeof digest);
    check_seen(pass->sim, head);
}

/* C5: who was replaced appends no more. C6: versions of a stream go up by one. C1, C4: one commit in one piece, one
 * answer for each part of an input. */
static void
order_check(log_pass *pass, const Muster__V1__Envelope *head)
{
    char key[600];
    uintptr_t *version = (uintptr_t *)mst_table_at(pass->streams, head->stream, strlen(head->stream));
    if (head->stream_version != ++*version)
        FAIL(pass, head, "has version %llu, not %llu (C6)", (unsigned long long)head->stream_version,
             (unsigned long long)*version);
    uintptr_t *commit = (uintptr_t *)mst_table_at(pass->commits, head->commit_id.data, head->commit_id.len);
    if (*commit && *commit != head->seq - 1)
        FAIL(pass, head, "belongs to a commit that ended at %llu (C1)", (unsigned long long)*commit);
    bool first_of_commit = *commit == 0;
    for (size_t i = 0; i < pass->sim->welcomes_count; i++) {
        const sim_welcome *welcome = &pass->sim->welcomes[i];
        if (head->seq > welcome->after_seq && head->producer_epoch < welcome->epoch &&
            strcmp(head->producer, welcome->producer) == 0)
            FAIL(pass, head, "was appended by %s of epoch %llu after epoch %llu began (C5)", head->producer,
                 (unsigned long long)head->producer_epoch, (unsigned long long)welcome->epoch);
    }
    *commit = head->seq;
    if (!head->cause_seq)
        return;
    if (head->cause_seq >= head->seq)
        FAIL(pass, head, "answers %llu, which comes later (C4)", (unsigned long long)head->cause_seq);
    int size = snprintf(key, sizeof key, "%s/%llu", head->cause_group, (unsigned long long)head->cause_seq);
    uintptr_t *part = (uintptr_t *)mst_table_at(pass->inputs, key, (size_t)size);
    if (first_of_commit && *part && head->cause_part + 1 <= *part)
        FAIL(pass, head, "is part %u of an answer that had part %u already (C4)", head->cause_part,
             (unsigned)(*part - 1));
    if (head->cause_part + 1 > *part)
        *part = head->cause_part + 1;
}

static batch_tally *
tally_of(log_pass *pass, const char *batch_id)
{
    void **at = mst_table_at(pass->batches, batch_id, strlen(batch_id));
    if (!*at)
        *at = mst_arena_alloc(pass->arena, sizeof(batch_tally));
    return *at;
}

static void
exported_check(log_pass *pass, const Muster__V1__Envelope *head, const Muster__V1__EntriesExported *exported)
{
    batch_tally *tally = tally_of(pass, exported->batch_id);
    if (!tally->row_seen)
        tally->row_seen = mst_arena_alloc(pass->arena, 4096);
    if (exported->outcomes.len != exported->rows)
        FAIL(pass, head, "has %zu outcomes for %u rows", exported->outcomes.len, exported->rows);
    for (uint32_t i = 0; i < exported->outcomes.len; i++) {
        uint32_t row = exported->first_row + i;
        uint8_t outcome = exported->outcomes.data[i];
        if (row >= 4096 || outcome < 1 || outcome > 5 || tally->row_seen[row]) {
            FAIL(pass, head, "row %u is outside, without outcome, or there twice (C7)", row);
            return;
        }
        tally->row_seen[row] = 1;
        tally->outcomes[outcome]++;
        tally->rows_seen++;
    }
}

/* C7: nothing lost, nothing twice, in every account that is closed. */
static void
account_check(log_pass *pass, const Muster__V1__Envelope *head, const Muster__V1__BatchCompleted *done)
{
    batch_tally *tally = tally_of(pass, done->batch_id);
    const uint32_t *outcomes = tally->outcomes;
    if (tally->completed || tally->cancelled)
        FAIL(pass, head, "completes a batch that had ended");
    tally->completed = true;
    if (done->received != done->created + done->updated + done->unchanged + done->skipped + done->rejected)
        FAIL(pass, head, "received %u is not the sum of the rest (C7)", done->received);
    if (tally->rows_seen != done->received || outcomes[1] != done->created || outcomes[2] != done->updated ||
        outcomes[3] != done->unchanged || outcomes[4] != done->skipped || outcomes[5] != done->rejected)
        FAIL(pass, head, "counts %u %u %u %u %u %u, its chunks %u %u %u %u %u %u (C7)", done->received, done->created,
             done->updated, done->unchanged, done->skipped, done->rejected, tally->rows_seen, outcomes[1], outcomes[2],
             outcomes[3], outcomes[4], outcomes[5]);
}

/* C12: each decision of a person once, on the version before it. */
static void
decision_check(log_pass *pass, const Muster__V1__Envelope *head, const Muster__V1__DiscrepancyResolved *resolved)
{
    char key[128];
    int size = snprintf(key, sizeof key, "%s/%u", resolved->batch_id, resolved->row);
    uintptr_t *version = (uintptr_t *)mst_table_at(pass->decisions, key, (size_t)size);
    /* Opened is version 1; a re-check that asks again is a version too. */
    uintptr_t next = (*version ? *version : 1) + 1;
    if (resolved->version != next && !(resolved->recheck && resolved->version > next))
        FAIL(pass, head, "row %u has version %u after %u (C12)", resolved->row, resolved->version, (unsigned)*version);
    if (!head->operator_[0])
        FAIL(pass, head, "nobody decided row %u (C12)", resolved->row);
    *version = resolved->version;
    pass->decisions_count++;
}

static void
content_check(log_pass *pass, const Muster__V1__Envelope *head, mst_slice body)
{
    const ProtobufCMessageDescriptor *descriptor = mst_codec_find(head->type);
    ProtobufCMessage *message =
        descriptor ? mst_unpack(descriptor, body.data, body.size, MST_BODY_SIZE_MAX, mst_arena_allocator(pass->arena))
                   : NULL;
    if (!message) {
        FAIL(pass, head, "cannot be read");
        return;
    }
    if (descriptor == &muster__v1__entries_exported__descriptor)
        exported_check(pass, head, (Muster__V1__EntriesExported *)message);
    if (descriptor == &muster__v1__batch_completed__descriptor)
        account_check(pass, head, (Muster__V1__BatchCompleted *)message);
    if (descriptor == &muster__v1__discrepancy_resolved__descriptor)
        decision_check(pass, head, (Muster__V1__DiscrepancyResolved *)message);
    if (descriptor == &muster__v1__batch_cancelled__descriptor)
        tally_of(pass, head->batch_id)->cancelled = true;
    if (descriptor == &muster__v1__matching_finished__descriptor) {
        const Muster__V1__MatchingFinished *finished = (Muster__V1__MatchingFinished *)message;
        if (finished->rows != finished->matched + finished->new_rows + finished->discrepancies + finished->rejected)
            FAIL(pass, head, "rows %u is not the sum of the rest (C7)", finished->rows);
    }
}

/* One event of the store, unpacked into `arena`. */
static Muster__V1__Envelope *
event_read(sim_world *sim, uint64_t seq, mst_arena *arena, mst_slice *body)
{
    mst_slice packed;
    mst_body *held = NULL;
    mst_status rc = sim->store->head(sim->store, seq, arena, &packed);
    if (rc == MST_OK)
        rc = sim->store->body(sim->store, seq, &held);
    assert(rc == MST_OK);
    *body = mst_arena_slice(arena, (mst_slice){held->data, held->size});
    mst_body_unref(&held);
    Muster__V1__Envelope *head = muster__v1__envelope__unpack(mst_arena_allocator(arena), packed.size, packed.data);
    assert(head != NULL);
    return head;
}

void
check_log(sim_world *sim)
{
    log_pass pass = {.sim = sim, .arena = mst_arena_new(0)};
    mst_table **tables[] = {&pass.streams, &pass.commits, &pass.inputs, &pass.decisions, &pass.batches};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        *tables[i] = mst_table_new(NULL);
    uint64_t tail = sim->store->tail(sim->store);
    uint32_t created = 0, received = 0;
    for (uint64_t seq = 1; seq <= tail && !sim->failure[0]; seq++) {
        mst_slice body;
        Muster__V1__Envelope *head = event_read(sim, seq, pass.arena, &body);
        chain_check(&pass, head, body, seq);
        order_check(&pass, head);
        content_check(&pass, head, body);
        created += strcmp(head->type, "BatchCreated") == 0;
        received += strcmp(head->type, "FileReceived") == 0;
        sim->counts->events++;
    }
    for (uint64_t seq = tail + 1; seq < sim->seen_room && !sim->failure[0]; seq++)
        for (int i = 0; i < MST_HASH_SIZE; i++)
            if (sim->seen[seq][i]) {
                sim_fail(sim, "event %llu was shown and is not in the log (C2)", (unsigned long long)seq);
                break;
            }
    size_t files = sim->scenario->files_count;
    if (!sim->failure[0] && (created != files || received != files))
        sim_fail(sim, "%zu files became %u batches and %u uploads (C1)", files, created, received);
    if (!sim->failure[0] && pass.decisions_count != operator_resolved(sim->operator))
        sim_fail(sim, "%u decisions were answered, %u stand in the log (C12)", operator_resolved(sim->operator),
                 pass.decisions_count);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        mst_table_destroy(tables[i]);
    mst_arena_destroy(&pass.arena);
}

/* C8: a batch log is what its filter makes of the log ------------------------------------------------- */

typedef struct log_compare {
    sim_world *sim;
    const sim_client *node;
    uint64_t at; /* next seq of the log to look at */
    mst_arena *arena;
} log_compare;

static bool
in_list(const char *const *list, const char *type)
{
    for (; list && *list; list++)
        if (strcmp(*list, type) == 0)
            return true;
    return false;
}

/* Moves on to the next event of the log that this service remembers; NULL: none up to `limit`. */
static Muster__V1__Envelope *
next_remembered(log_compare *compare, uint64_t limit, mst_slice *body)
{
    const mst_core *core = compare->node->core;
    while (compare->at <= limit) {
        mst_arena_reset(compare->arena);
        Muster__V1__Envelope *head = event_read(compare->sim, compare->at++, compare->arena, body);
        if (in_list(core->types, head->type))
            return head;
        if (in_list(core->head_types, head->type)) {
            body->data = NULL;
            return head;
        }
    }
    return NULL;
}

static void
compare_each(void *context, const Muster__V1__Envelope *held, mst_slice body)
{
    log_compare *compare = context;
    mst_slice expected_body;
    const mst_position *position = mst_batchlog_position(compare->node->log);
    const Muster__V1__Envelope *expected = next_remembered(compare, position->applied_seq, &expected_body);
    if (compare->sim->failure[0])
        return;
    if (!expected || expected->seq != held->seq || held->hash.len != expected->hash.len ||
        memcmp(held->hash.data, expected->hash.data, held->hash.len) != 0 ||
        (body.data == NULL) != (expected_body.data == NULL) ||
        (body.data && (body.size != expected_body.size || memcmp(body.data, expected_body.data, body.size) != 0)))
        sim_fail(compare->sim, "%s holds %s %llu where the log has %llu (C8)", compare->node->name, held->type,
                 (unsigned long long)held->seq, (unsigned long long)(expected ? expected->seq : 0));
}

void
check_batchlogs(sim_world *sim)
{
    for (int i = 0; i < NODES_COUNT && !sim->failure[0]; i++) {
        log_compare compare = {.sim = sim, .node = sim->nodes[i], .at = 1, .arena = mst_arena_new(0)};
        const mst_position *position = mst_batchlog_position(sim->nodes[i]->log);
        mst_slice body;
        mst_status rc = mst_batchlog_replay(sim->nodes[i]->log, 0, compare_each, &compare);
        if (rc != MST_OK || position->applied_seq > sim->store->tail(sim->store))
            sim_fail(sim, "%s has applied %llu, more than there is (C8)", sim->nodes[i]->name,
                     (unsigned long long)position->applied_seq);
        const Muster__V1__Envelope *missing = next_remembered(&compare, position->applied_seq, &body);
        if (missing && !sim->failure[0])
            sim_fail(sim, "%s has applied up to %llu and does not hold %s %llu (C8)", sim->nodes[i]->name,
                     (unsigned long long)position->applied_seq, missing->type, (unsigned long long)missing->seq);
        mst_arena_destroy(&compare.arena);
    }
}

/* What came of it ------------------------------------------------------------------------------------- */

typedef struct line_list {
    char *text;
    size_t size, room;
} line_list;

static void MST_PRINTF(2, 3) line_add(line_list *lines, const char *format, ...)
{
    va_list args;
    if (lines->room - lines->size < 4096) {
        lines->room = lines->room ? lines->room * 2 : 65536;
        lines->text = mst_realloc(lines->text, lines->room);
    }
    va_start(args, format);
    int size = vsnprintf(lines->text + lines->size, lines->room - lines->size, format, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < lines->room - lines->size);
    lines->size += (size_t)size;
}

static void
records_add(line_list *lines, const Muster__V1__RecordsChanged *changed)
{
    for (uint32_t row = 0; row < changed->rows->rows; row++) {
        line_add(lines, "record v%u", changed->versions[row]);
        for (uint32_t column = 0; column < changed->rows->columns; column++) {
            size_t size;
            const char *cell = mst_rows_cell(changed->rows, row, column, &size);
            line_add(lines, "|%.*s", (int)size, cell);
        }
        line_add(lines, "\n");
    }
}

static void
exported_add(line_list *lines, const Muster__V1__EntriesExported *exported)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < exported->rows && i < exported->n_id_ends; i++) {
        line_add(lines, "%s row %u outcome %u id %.*s v%u\n", exported->batch_id, exported->first_row + i,
                 exported->outcomes.data[i], (int)(exported->id_ends[i] - start), (char *)exported->ids.data + start,
                 i < exported->n_versions ? exported->versions[i] : 0);
        start = exported->id_ends[i];
    }
}

static int
line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order in which services took their turns is not part of what came of it. */
static char *
sorted(line_list *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines->size; i++)
        count += lines->text[i] == '\n';
    char **all = mst_alloc((count + 1) * sizeof *all), *at = lines->text;
    char *text = mst_alloc(lines->size + 1), *out = text;
    for (size_t i = 0; i < count; i++) {
        all[i] = at;
        at = strchr(at, '\n');
        *at++ = '\0';
    }
    qsort(all, count, sizeof *all, line_compare);
    for (size_t i = 0; i < count; i++)
        out += sprintf(out, "%s\n", all[i]);
    *out = '\0';
    free(all);
    free(lines->text);
    return text;
}

char *
check_outcome(sim_world *sim)
{
    line_list lines = {0};
    mst_arena *arena = mst_arena_new(0);
    line_add(&lines, "outcome\n");
    for (uint64_t seq = 1; seq <= sim->store->tail(sim->store); seq++) {
        mst_slice body;
        mst_arena_reset(arena);
        const Muster__V1__Envelope *head = event_read(sim, seq, arena, &body);
        const ProtobufCMessageDescriptor *descriptor = mst_codec_find(head->type);
        const ProtobufCMessage *message =
            mst_unpack(descriptor, body.data, body.size, MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
        if (descriptor == &muster__v1__records_changed__descriptor)
            records_add(&lines, (const Muster__V1__RecordsChanged *)message);
        if (descriptor == &muster__v1__entries_exported__descriptor)
            exported_add(&lines, (const Muster__V1__EntriesExported *)message);
        if (descriptor == &muster__v1__batch_completed__descriptor ||
            descriptor == &muster__v1__batch_cancelled__descriptor)
            line_add(&lines, "%s %s\n", head->batch_id, head->type);
        if (descriptor == &muster__v1__discrepancy_resolved__descriptor) {
            const Muster__V1__DiscrepancyResolved *resolved = (const Muster__V1__DiscrepancyResolved *)message;
            line_add(&lines, "%s row %u decided %d %s\n", resolved->batch_id, resolved->row, (int)resolved->choice,
                     resolved->record_id);
        }
    }
    mst_arena_destroy(&arena);
    return sorted(&lines);
}
