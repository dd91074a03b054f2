/* What enters the log: the order of questions a commit is asked, and what each answer means. */
#include "world.h"

#define OK MUSTER__V1__COMMIT_STATUS__COMMIT_OK
#define REPEATED MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED

static commit_t *
one_event(world *w, const char *id, uint64_t epoch)
{
    return with_event(commit(w, id, epoch), "BatchCreated", "ingestion/B1", "B1", "", "first");
}

static void
a_commit_is_answered_only_after_it_is_durable(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    uint64_t syncs = mst_memstore_syncs(w.store);
    const Muster__V1__CommitResult *result = committed(&w, 1, one_event(&w, "a", epoch));
    assert_int_equal(result->status, OK);
    assert_int_equal(result->first_seq, 1);
    assert_int_equal(result->last_seq, 1);
    assert_int_equal(w.syncs_at_out, syncs + 1);
    world_close(&w);
}

static void
all_commits_of_a_turn_share_one_sync(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1"), syncs = mst_memstore_syncs(w.store), ids[10];
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        ids[i] = send_commit(&w, 1, one_event(&w, id, epoch));
    }
    turn(&w);
    for (int i = 0; i < 10; i++)
        assert_int_equal(answer(&w, ids[i])->commit_result->last_seq, i + 1);
    assert_int_equal(mst_memstore_syncs(w.store), syncs + 1);
    world_close(&w);
}

static void
a_power_cut_before_the_write_loses_the_commit_and_its_answer_together(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    mst_memstore_cut(w.store, MST_CUT_BEFORE);
    uint64_t id = send_commit(&w, 1, one_event(&w, "a", epoch));
    turn(&w);
    assert_int_equal(w.turn_rc, MST_IO);
    assert_false(answered(&w, id)); // H5: nothing left that is not durable
    assert_int_equal(w.published, 0);
    world_restart(&w);
    assert_int_equal(mst_broker_durable_seq(w.broker), 0);
    world_close(&w);
}

static void
a_commit_whose_answer_was_lost_is_answered_again_as_it_was_H3(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    mst_memstore_cut(w.store, MST_CUT_AFTER);
    commit_t *c = one_event(&w, "a", epoch);
    c->message.answer = (ProtobufCBinaryData){5, (uint8_t *)"reply"};
    send_commit(&w, 1, c);
    turn(&w);
    assert_int_equal(w.turn_rc, MST_IO);
    world_restart(&w);

    uint64_t newer = hello(&w, 2, "ingestion/1");
    assert_true(newer > epoch);
    const Muster__V1__CommitResult *result = committed(&w, 2, one_event(&w, "a", newer));
    assert_int_equal(result->status, REPEATED);
    assert_int_equal(result->first_seq, 1);
    assert_int_equal(result->answer.len, 5);
    assert_memory_equal(result->answer.data, "reply", 5);
    assert_int_equal(mst_broker_durable_seq(w.broker), 1);
    world_close(&w);
}

static void
a_known_commit_is_answered_even_to_a_fenced_process_H3(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t old = hello(&w, 1, "ingestion/1");
    committed(&w, 1, one_event(&w, "a", old));
    hello(&w, 2, "ingestion/1"); // the newer process
    assert_int_equal(committed(&w, 1, one_event(&w, "a", old))->status, REPEATED);
    assert_int_equal(committed(&w, 1, one_event(&w, "b", old))->status, MUSTER__V1__COMMIT_STATUS__COMMIT_FENCED);
    world_close(&w);
}

static void
the_same_commit_twice_in_one_turn_counts_once(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    uint64_t first = send_commit(&w, 1, one_event(&w, "a", epoch));
    uint64_t second = send_commit(&w, 1, one_event(&w, "a", epoch));
    turn(&w);
    assert_int_equal(answer(&w, first)->commit_result->status, OK);
    assert_int_equal(answer(&w, second)->commit_result->status, REPEATED);
    assert_int_equal(mst_broker_durable_seq(w.broker), 1);
    world_close(&w);
}

static void
the_same_id_for_another_request_is_refused_H8(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    committed(&w, 1, one_event(&w, "a", epoch));
    commit_t *other = one_event(&w, "a", epoch);
    other->fingerprint[0] ^= 1;
    assert_int_equal(committed(&w, 1, other)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_ID_REUSED);
    world_close(&w);
}

static void
a_stale_expectation_says_where_the_stream_stands(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    committed(&w, 1, expecting(one_event(&w, "a", epoch), "ingestion/B1", 0));
    const Muster__V1__CommitResult *result = committed(&w, 1, expecting(one_event(&w, "b", epoch), "ingestion/B1", 0));
    assert_int_equal(result->status, MUSTER__V1__COMMIT_STATUS__COMMIT_STALE);
    assert_string_equal(result->stale_stream, "ingestion/B1");
    assert_int_equal(result->stale_version, 1);
    assert_int_equal(committed(&w, 1, expecting(one_event(&w, "c", epoch), "ingestion/B1", 1))->status, OK);
    world_close(&w);
}

static void
of_two_decisions_on_one_version_in_one_turn_one_wins(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    uint64_t first = send_commit(&w, 1, expecting(one_event(&w, "a", epoch), "ingestion/B1", 0));
    uint64_t second = send_commit(&w, 1, expecting(one_event(&w, "b", epoch), "ingestion/B1", 0));
    turn(&w);
    assert_int_equal(answer(&w, first)->commit_result->status, OK);
    assert_int_equal(answer(&w, second)->commit_result->status, MUSTER__V1__COMMIT_STATUS__COMMIT_STALE);
    world_close(&w);
}

static void
the_order_of_questions_is_id_then_producer_then_stream_then_input_then_size(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    committed(&w, 1, one_event(&w, "a", epoch));
    // Everything is wrong with it; each answer names the first thing that is left.
    commit_t *c =
        with_ack(expecting(with_event(commit(&w, "b", epoch + 7), "BatchCreated", "ingestion/B1", "B1", "", "body"),
                           "ingestion/B1", 0),
                 "parsing", 1, 99, 0, true);
    uint8_t *large = calloc(1, MST_BROKER_ANSWER_MAX + 1);
    c->message.answer = (ProtobufCBinaryData){MST_BROKER_ANSWER_MAX + 1, large};
    c->message.producer = (char *)"export/1";
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED);
    c = commit(&w, "b", epoch + 7);
    with_ack(expecting(with_event(c, "BatchCreated", "ingestion/B1", "B1", "", "body"), "ingestion/B1", 0), "parsing",
             1, 99, 0, true);
    c->message.answer = (ProtobufCBinaryData){MST_BROKER_ANSWER_MAX + 1, large};
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_FENCED);
    c = commit(&w, "b", epoch);
    with_ack(expecting(with_event(c, "BatchCreated", "ingestion/B1", "B1", "", "body"), "ingestion/B1", 0), "parsing",
             1, 99, 0, true);
    c->message.answer = (ProtobufCBinaryData){MST_BROKER_ANSWER_MAX + 1, large};
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_STALE);
    c = commit(&w, "b", epoch);
    with_ack(expecting(with_event(c, "BatchCreated", "ingestion/B1", "B1", "", "body"), "ingestion/B1", 1), "parsing",
             1, 99, 0, true);
    c->message.answer = (ProtobufCBinaryData){MST_BROKER_ANSWER_MAX + 1, large};
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED);
    c = expecting(one_event(&w, "b", epoch), "ingestion/B1", 1);
    c->message.answer = (ProtobufCBinaryData){MST_BROKER_ANSWER_MAX + 1, large};
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT);
    assert_int_equal(mst_broker_durable_seq(w.broker), 1);
    free(large);
    world_close(&w);
}

static void
a_stream_belongs_to_the_service_it_is_named_after_S6(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    assert_int_equal(committed(&w, 1, one_event(&w, "a", epoch))->status, MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED);
    world_close(&w);
}

static void
versions_count_within_each_stream_and_go_on_after_a_restart_C6(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    for (int i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        append(&w, 1, epoch, id, "EntriesRead", i % 2 == 0 ? "parsing/B1" : "parsing/B2", "B1");
    }
    world_restart(&w);
    epoch = hello(&w, 1, "parsing/1");
    follow(&w, 1, 1, NULL, 1, 100);
    append(&w, 1, epoch, "c9", "EntriesRead", "parsing/B2", "B1");
    const uint64_t expected[] = {1, 1, 2, 2, 3};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(delivery(&w, 1, i)->envelope->stream_version, expected[i]);
    world_close(&w);
}

static void
the_packed_head_is_what_a_packer_writes_and_carries_the_chain(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    append(&w, 1, epoch, "a", "EntriesRead", "parsing/B1", "B1");
    append(&w, 1, epoch, "b", "EntriesRead", "parsing/B1", "B1");
    mst_arena *arena = mst_arena_new(0);
    uint8_t before[32] = {0};
    for (uint64_t seq = 1; seq <= 2; seq++) {
        mst_slice packed;
        assert_int_equal(w.store->head(w.store, seq, arena, &packed), MST_OK);
        Muster__V1__Envelope *head = (Muster__V1__Envelope *)mst_unpack(&muster__v1__envelope__descriptor, packed.data,
                                                                        packed.size, 65536, mst_arena_allocator(arena));
        assert_non_null(head);
        assert_int_equal(head->seq, seq);
        assert_int_equal(head->hash.len, 32);
        mst_slice again = mst_arena_pack(arena, &head->base);
        assert_int_equal(again.size, packed.size);
        assert_memory_equal(again.data, packed.data, packed.size);
        ProtobufCBinaryData hash = head->hash;
        head->hash = (ProtobufCBinaryData){0, NULL};
        mst_slice bare = mst_arena_pack(arena, &head->base);
        uint8_t digest[32];
        mst_hash *chain = mst_hash_new();
        if (seq > 1)
            mst_hash_add(chain, before, 32);
        mst_hash_add(chain, bare.data, bare.size);
        mst_hash_add(chain, "body", 4);
        mst_hash_take(chain, digest);
        mst_hash_destroy(&chain);
        assert_memory_equal(digest, hash.data, 32);
        memcpy(before, digest, 32);
    }
    mst_arena_destroy(&arena);
    world_close(&w);
}

static void
a_commit_without_its_bodies_or_ids_is_malformed(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    commit_t *c = one_event(&w, "a", epoch);
    uint64_t without_body = ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_COMMIT, &c->message);
    commit_t *short_id = one_event(&w, "b", epoch);
    short_id->message.commit_id.len = 15;
    uint64_t with_short_id = send_commit(&w, 1, short_id);
    turn(&w);
    assert_int_equal(answer(&w, without_body)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_MALFORMED);
    assert_int_equal(answer(&w, with_short_id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_MALFORMED);
    assert_int_equal(mst_broker_durable_seq(w.broker), 0);
    world_close(&w);
}

static void
below_the_disk_reserve_new_work_is_refused_and_acknowledging_goes_on_until_there_is_room_again(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    uint64_t seq = append(&w, 1, epoch, "a", "FileReceived", "parsing/B1", "B1");
    join(&w, 1, "parsing", "FileReceived", 4);
    turn(&w);
    uint64_t grant = input_of(&w, 1, 0)->grant;
    mst_broker_meters meters = {.disk_free = 10, .disk_reserve = 20};
    mst_broker_measure(w.broker, &meters);
    commit_t *c = with_event(commit(&w, "b", epoch), "EntriesRead", "parsing/B1", "B1", "", "body");
    assert_int_equal(committed(&w, 1, c)->status, MUSTER__V1__COMMIT_STATUS__COMMIT_DISK_FULL);
    c = with_ack(commit(&w, "c", epoch), "parsing", seq, grant, 0, true);
    assert_int_equal(committed(&w, 1, c)->status, OK);
    meters.disk_free = 30;
    mst_broker_measure(w.broker, &meters);
    c = with_event(commit(&w, "b", epoch), "EntriesRead", "parsing/B1", "B1", "", "body");
    assert_int_equal(committed(&w, 1, c)->status, OK);
    world_close(&w);
}

static void
a_known_commit_is_found_by_its_id(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    commit_t *c = one_event(&w, "a", epoch);
    uint8_t id[16];
    memcpy(id, c->id, 16);
    Muster__V1__FindCommit find = MUSTER__V1__FIND_COMMIT__INIT;
    find.commit_id = (ProtobufCBinaryData){16, id};
    uint64_t before = ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_FIND_COMMIT, &find);
    send_commit(&w, 1, c);
    uint64_t after = ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_FIND_COMMIT, &find);
    turn(&w);
    assert_int_equal(answer(&w, before)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_NOT_FOUND);
    assert_int_equal(answer(&w, after)->commit_result->last_seq, 1);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_answered_only_after_it_is_durable),
        cmocka_unit_test(all_commits_of_a_turn_share_one_sync),
        cmocka_unit_test(a_power_cut_before_the_write_loses_the_commit_and_its_answer_together),
        cmocka_unit_test(a_commit_whose_answer_was_lost_is_answered_again_as_it_was_H3),
        cmocka_unit_test(a_known_commit_is_answered_even_to_a_fenced_process_H3),
        cmocka_unit_test(the_same_commit_twice_in_one_turn_counts_once),
        cmocka_unit_test(the_same_id_for_another_request_is_refused_H8),
        cmocka_unit_test(a_stale_expectation_says_where_the_stream_stands),
        cmocka_unit_test(of_two_decisions_on_one_version_in_one_turn_one_wins),
        cmocka_unit_test(the_order_of_questions_is_id_then_producer_then_stream_then_input_then_size),
        cmocka_unit_test(a_stream_belongs_to_the_service_it_is_named_after_S6),
        cmocka_unit_test(versions_count_within_each_stream_and_go_on_after_a_restart_C6),
        cmocka_unit_test(the_packed_head_is_what_a_packer_writes_and_carries_the_chain),
        cmocka_unit_test(a_commit_without_its_bodies_or_ids_is_malformed),
        cmocka_unit_test(
            below_the_disk_reserve_new_work_is_refused_and_acknowledging_goes_on_until_there_is_room_again),
        cmocka_unit_test(a_known_commit_is_found_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
