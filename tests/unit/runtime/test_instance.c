/* test_instance.c - one running service between its broker and its crashes. */
#include "clerk.h"

#define OK MUSTER__V1__ANSWER_STATUS__ANSWER_OK
#define REPEATED MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED
#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED
#define NO_ANSWER MUSTER__V1__ANSWER_STATUS__ANSWER_UNKNOWN

typedef struct test_office {
    test_stage stage;
    test_actor *clerk, *anna;
} test_office;

static test_office *
given_an_office(void)
{
    test_office *office = calloc(1, sizeof *office);
    clerk_parts_at_once = 4;
    clerk_steps = clerk_failures = clerk_wait_ms = 0;
    clerk_holds = false;
    stage_open(&office->stage);
    office->clerk = stage_instance(&office->stage, &clerk_core, "clerk/1");
    office->anna = stage_person(&office->stage, "cli/anna");
    return office;
}

static void
closed(test_office *office)
{
    stage_close(&office->stage);
    free(office);
}

static test_clerk *
state_of(const test_actor *actor)
{
    return mst_instance_state(actor->instance);
}

static void
an_input_is_answered_in_parts_each_once(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "11", 1);
    stage_pump(&office->stage);
    assert_int_equal(stage_count(&office->stage, "BatchCreated clerk/B1\n"), 1);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 11);
    assert_int_equal(clerk_steps, 1);
    assert_int_equal(mst_instance_works(office->clerk->instance), 0);
    stage_wait(&office->stage, 30000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 11);
    closed(office);
}

static void
work_that_waits_goes_on_when_the_time_is_over_and_others_meanwhile(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    clerk_wait_ms = 5000;
    create_batch(office->anna, "3", 1);
    stage_pump(&office->stage);
    stage_wait(&office->stage, 2000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 0);
    uint64_t shown = show_batch(office->anna, "B1");
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, shown, NULL), OK);
    stage_wait(&office->stage, 4000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 3);
    assert_int_equal(clerk_steps, 1);
    closed(office);
}

static void
an_orderly_end_waits_for_what_is_held(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    clerk_wait_ms = 1000;
    clerk_holds = true;
    create_batch(office->anna, "3", 1);
    stage_pump(&office->stage);
    mst_instance_drain(office->clerk->instance);
    assert_false(mst_instance_drained(office->clerk->instance));
    stage_wait(&office->stage, 2000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 3);
    assert_true(mst_instance_drained(office->clerk->instance));
    closed(office);
}

static void
who_is_answered_sees_what_he_did(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    Muster__V1__BatchView *view = NULL;
    uint64_t created = create_batch(office->anna, "1", 1);
    while (person_answer(office->anna, created, &view) == NO_ANSWER)
        assert_true(stage_round(&office->stage));
    assert_string_equal(view->batch_id, "B1");
    assert_int_equal(state_of(office->clerk)->batches, 1); /* applied before the answer left */
    uint64_t shown = show_batch(office->anna, "B1");
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, shown, &view), OK);
    assert_true(view->rows_total >= 1);
    closed(office);
}

static void
a_repeated_command_gets_its_first_answer_though_it_would_be_refused_now(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    Muster__V1__BatchView *first = NULL, *again = NULL;
    create_batch(office->anna, "3", 1);
    stage_pump(&office->stage);
    uint64_t once = cancel_batch(office->anna, "B1", "wrong file", 2);
    stage_pump(&office->stage);
    uint64_t twice = cancel_batch(office->anna, "B1", "wrong file", 2);
    uint64_t other = cancel_batch(office->anna, "B1", "wrong file", 3);
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, once, &first), OK);
    assert_int_equal(person_answer(office->anna, twice, &again), REPEATED);
    assert_int_equal(again->rows_total, first->rows_total);
    assert_int_equal(person_answer(office->anna, other, NULL), REFUSED);
    assert_int_equal(stage_count(&office->stage, "BatchCancelled clerk/B1\n"), 1);
    closed(office);
}

static void
a_repeated_command_that_would_go_through_again_does_not(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    Muster__V1__BatchView *view = NULL;
    create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    uint64_t again = create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, again, &view), REPEATED);
    assert_string_equal(view->batch_id, "B1");
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 1);
    closed(office);
}

static void
a_double_click_is_one_command_and_two_answers(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    uint64_t one = create_batch(office->anna, "1", 1), two = create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 1);
    assert_int_equal(person_answer(office->anna, one, NULL), OK);
    assert_int_equal(person_answer(office->anna, two, NULL), OK);
    closed(office);
}

static void
the_id_of_one_command_is_refused_for_another(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    cancel_batch(office->anna, "B1", "one", 7);
    stage_pump(&office->stage);
    uint64_t other_wish = cancel_batch(office->anna, "B1", "two", 7);
    uint64_t other_batch = create_batch(office->anna, "2", 1);
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, other_wish, NULL), REFUSED);
    assert_int_equal(person_answer(office->anna, other_batch, NULL), REFUSED);
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 1);
    closed(office);
}

static void
commands_of_one_key_are_carried_out_one_after_the_other(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    uint64_t asked[8];
    for (uint32_t i = 0; i < 8; i++)
        asked[i] = create_batch(office->anna, "1", i + 1);
    stage_pump(&office->stage);
    for (uint32_t i = 0; i < 8; i++) {
        Muster__V1__BatchView *view = NULL;
        char expected[16];
        snprintf(expected, sizeof expected, "B%u", i + 1);
        assert_int_equal(person_answer(office->anna, asked[i], &view), OK);
        assert_string_equal(view->batch_id, expected);
    }
    assert_int_equal(office->stage.commits_sent, 16); /* eight batches, eight answers of their inputs; none stale */
    closed(office);
}

static void
a_command_without_an_id_changes_nothing(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    uint64_t asked = create_batch(office->anna, "1", 0);
    stage_pump(&office->stage);
    assert_int_equal(person_answer(office->anna, asked, NULL), REFUSED);
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 0);
    closed(office);
}

/* Somebody else's event reaches the stream between decision and commit. */
static void
a_decision_on_an_old_state_is_taken_again(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    test_actor *rival = stage_person(&office->stage, "clerk/2");
    uint64_t asked = cancel_batch(office->anna, "B1", "mine", 2);
    uint32_t before = office->stage.commits_sent;
    while (office->stage.commits_sent == before)
        assert_true(stage_round(&office->stage));

    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = "B1";
    Muster__V1__EventHead head = MUSTER__V1__EVENT_HEAD__INIT, *heads = &head;
    head.type = "BatchCancelled";
    head.stream = "clerk/B1";
    head.batch_id = "B1";
    Muster__V1__Commit commit = MUSTER__V1__COMMIT__INIT;
    uint8_t id[16] = "rival's commit";
    commit.commit_id = commit.fingerprint = (ProtobufCBinaryData){sizeof id, id};
    commit.producer = rival->name;
    commit.producer_epoch = rival->epoch;
    commit.n_events = 1;
    commit.events = &heads;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 5;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_COMMIT;
    request.commit = &commit;
    mst_slice body = mst_arena_pack(office->stage.memory, &cancelled.base);
    actor_say_at(rival, true, &request, &body, 1);
    stage_pump(&office->stage);

    const Muster__V1__BusReply *first = person_reply(rival, 5, NULL);
    assert_int_equal(first->what_case, MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT);
    assert_int_equal(first->commit_result->status, MUSTER__V1__COMMIT_STATUS__COMMIT_OK);
    assert_int_equal(person_answer(office->anna, asked, NULL), REFUSED); /* decided again: it is cancelled already */
    assert_int_equal(stage_count(&office->stage, "BatchCancelled clerk/B1\n"), 1);
    closed(office);
}

static void
a_killed_service_goes_on_behind_its_last_durable_part(void **state)
{
    (void)state;
    for (int rounds = 1; rounds < 40; rounds++) {
        test_office *office = given_an_office();
        clerk_parts_at_once = 2;
        create_batch(office->anna, "9", 1);
        for (int i = 0; i < rounds; i++)
            stage_round(&office->stage);
        actor_kill(office->clerk);
        stage_pump(&office->stage);
        mst_batchlog_memory_crash(office->clerk->log, (uint32_t)rounds % 3);
        actor_start(office->clerk);
        create_batch(office->anna, "9", 1); /* she heard nothing and asks again */
        stage_pump(&office->stage);
        stage_wait(&office->stage, 15000);
        assert_int_equal(stage_count(&office->stage, "BatchCreated clerk/B1\n"), 1);
        assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 9);
        assert_int_equal(state_of(office->clerk)->applied, 10);
        closed(office);
    }
}

static void
a_lost_connection_costs_neither_an_event_nor_a_second_one(void **state)
{
    (void)state;
    for (int rounds = 1; rounds < 40; rounds++) {
        test_office *office = given_an_office();
        clerk_parts_at_once = 3;
        create_batch(office->anna, "9", 1);
        for (int i = 0; i < rounds; i++)
            stage_round(&office->stage);
        actor_disconnect(office->clerk);
        stage_pump(&office->stage);
        actor_hello(office->clerk);
        create_batch(office->anna, "9", 1);
        stage_pump(&office->stage);
        stage_wait(&office->stage, 15000);
        assert_int_equal(stage_count(&office->stage, "BatchCreated clerk/B1\n"), 1);
        assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 9);
        assert_int_equal(mst_instance_works(office->clerk->instance), 0);
        closed(office);
    }
}

static void
a_drained_service_leaves_its_work_to_the_next_uncounted(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    clerk_parts_at_once = 1;
    create_batch(office->anna, "9", 1);
    while (stage_count(&office->stage, "BatchFailed clerk/B1\n") < 3)
        assert_true(stage_round(&office->stage));
    mst_instance_drain(office->clerk->instance);
    while (!mst_instance_drained(office->clerk->instance))
        assert_true(stage_round(&office->stage));
    uint32_t done = stage_count(&office->stage, "BatchFailed clerk/B1\n");
    assert_true(done < 9);
    mst_instance_leave(office->clerk->instance);
    stage_pump(&office->stage);
    assert_int_equal(mst_instance_save(office->clerk->instance), MST_OK);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), done);
    actor_kill(office->clerk);
    actor_start(office->clerk);
    stage_pump(&office->stage);
    stage_wait(&office->stage, 2000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 9);
    assert_int_equal(state_of(office->clerk)->applied, 10);
    closed(office);
}

static void
an_input_that_fails_comes_again_until_it_is_parked(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    clerk_failures = 1000;
    create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    stage_wait(&office->stage, 60000);
    assert_int_equal(clerk_steps, 5);
    clerk_failures = 0;
    create_batch(office->anna, "2", 2); /* neighbours go on */
    stage_pump(&office->stage);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B2\n"), 2);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 0);
    closed(office);
}

static void
a_snapshot_and_what_came_after_it_make_the_same_state_as_everything(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "5", 1);
    stage_pump(&office->stage);
    assert_int_equal(mst_instance_save(office->clerk->instance), MST_OK);
    create_batch(office->anna, "7", 2);
    cancel_batch(office->anna, "B1", "", 3);
    stage_pump(&office->stage);
    test_clerk before = *state_of(office->clerk);
    actor_kill(office->clerk);
    actor_start(office->clerk);
    assert_memory_equal(state_of(office->clerk), &before,
                        sizeof before); /* from its own disk, before it is connected */
    mst_batchlog_close(&office->clerk->log);
    actor_kill(office->clerk);
    office->clerk->log = mst_batchlog_open_memory();
    actor_start(office->clerk);
    stage_pump(&office->stage);
    assert_memory_equal(state_of(office->clerk), &before, sizeof before); /* deleted and followed again */
    closed(office);
}

static void
a_snapshot_that_cannot_be_used_is_passed_over_and_everything_folded(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "5", 1);
    stage_pump(&office->stage);
    test_clerk before = *state_of(office->clerk);
    mst_slice garbage = {(const uint8_t *)"of another version", 18};
    assert_int_equal(
        mst_batchlog_snapshot_put(office->clerk->log, mst_instance_applied_seq(office->clerk->instance), garbage),
        MST_OK);
    actor_kill(office->clerk);
    actor_start(office->clerk);
    assert_memory_equal(state_of(office->clerk), &before, sizeof before);
    closed(office);
}

/* What this program passes over a newer one may understand: it must find it behind the snapshot. */
static void
no_snapshot_is_made_of_a_state_that_passed_an_event_over(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    head.seq = mst_instance_applied_seq(office->clerk->instance) + 1;
    head.type = "BatchCreated";
    Muster__V1__Delivery delivery = MUSTER__V1__DELIVERY__INIT;
    delivery.envelope = &head;
    delivery.subscription = 1;
    Muster__V1__BusReply reply = MUSTER__V1__BUS_REPLY__INIT;
    reply.what_case = MUSTER__V1__BUS_REPLY__WHAT_DELIVERY;
    reply.delivery = &delivery;
    mst_slice body = {(const uint8_t *)"\xFF\xFF", 2}, snapshot;
    uint64_t seq;
    assert_int_equal(mst_instance_save(office->clerk->instance), MST_OK);
    uint64_t saved = mst_instance_applied_seq(office->clerk->instance);
    mst_instance_receive(office->clerk->instance, &reply, &body, 1, stage_now(&office->stage));
    assert_int_equal(mst_instance_applied_seq(office->clerk->instance), saved + 1);
    assert_int_equal(mst_instance_save(office->clerk->instance), MST_OK);
    assert_int_equal(mst_batchlog_snapshot_get(office->clerk->log, office->stage.memory, &seq, &snapshot), MST_OK);
    assert_int_equal(seq, saved);
    closed(office);
}

static void
the_same_delivery_twice_is_applied_once(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "1", 1);
    stage_pump(&office->stage);
    test_clerk before = *state_of(office->clerk);
    mst_slice head;
    assert_int_equal(office->stage.store->head(office->stage.store, 1, office->stage.memory, &head), MST_OK);
    Muster__V1__Delivery delivery = MUSTER__V1__DELIVERY__INIT;
    delivery.envelope = muster__v1__envelope__unpack(mst_arena_allocator(office->stage.memory), head.size, head.data);
    delivery.subscription = 1;
    Muster__V1__BusReply reply = MUSTER__V1__BUS_REPLY__INIT;
    reply.what_case = MUSTER__V1__BUS_REPLY__WHAT_DELIVERY;
    reply.delivery = &delivery;
    mst_body *body = NULL;
    assert_int_equal(office->stage.store->body(office->stage.store, 1, &body), MST_OK);
    mst_slice bytes = {body->data, body->size};
    mst_instance_receive(office->clerk->instance, &reply, &bytes, 1, stage_now(&office->stage));
    mst_body_unref(&body);
    assert_memory_equal(state_of(office->clerk), &before, sizeof before);
    closed(office);
}

static void
a_full_disk_is_told_to_people_and_waited_out_by_work(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    const mst_broker_meters full = {.disk_free = 1, .disk_reserve = 2}, fine = {.disk_free = 3, .disk_reserve = 2};
    clerk_parts_at_once = 1;
    create_batch(office->anna, "9", 1);
    while (stage_count(&office->stage, "BatchFailed clerk/B1\n") < 3)
        assert_true(stage_round(&office->stage));
    mst_broker_measure(office->stage.broker, &full);
    uint64_t asked = create_batch(office->anna, "1", 2);
    stage_wait(&office->stage, 5000);
    assert_int_equal(person_answer(office->anna, asked, NULL), MUSTER__V1__ANSWER_STATUS__ANSWER_DISK_FULL);
    mst_broker_measure(office->stage.broker, &fine);
    stage_wait(&office->stage, 15000);
    assert_int_equal(stage_count(&office->stage, "BatchFailed clerk/B1\n"), 9);
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 1);
    closed(office);
}

static void
a_newer_process_of_the_same_name_stops_the_older(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    test_actor *newer = stage_instance(&office->stage, &clerk_core, "clerk/1");
    create_batch(office->anna, "1", 1);
    create_batch(office->anna, "1", 2);
    stage_pump(&office->stage);
    stage_wait(&office->stage, 1000);
    assert_null(mst_instance_fatal(newer->instance));
    assert_int_equal(stage_count(&office->stage, "BatchCreated"), 2);
    closed(office);
}

static void
a_service_answers_status_by_itself(void **state)
{
    (void)state;
    test_office *office = given_an_office();
    create_batch(office->anna, "2", 1);
    stage_pump(&office->stage);
    Muster__V1__Call call = MUSTER__V1__CALL__INIT;
    call.service = "clerk";
    call.method = "GetStatus";
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 77;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
    request.call = &call;
    actor_say_at(office->anna, false, &request, NULL, 0);
    stage_pump(&office->stage);
    mst_slice body = {NULL, 0};
    assert_non_null(person_reply(office->anna, 77, &body));
    Muster__V1__Report *report =
        muster__v1__report__unpack(mst_arena_allocator(office->stage.memory), body.size, body.data);
    assert_string_equal(report->instance, "clerk/1");
    assert_string_equal(report->state, "ready");
    assert_int_equal(report->events_total, 3);
    assert_int_equal(report->commits_total, 3);
    assert_int_equal(report->applied_seq, 3);
    closed(office);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_is_answered_in_parts_each_once),
        cmocka_unit_test(work_that_waits_goes_on_when_the_time_is_over_and_others_meanwhile),
        cmocka_unit_test(an_orderly_end_waits_for_what_is_held),
        cmocka_unit_test(who_is_answered_sees_what_he_did),
        cmocka_unit_test(a_repeated_command_gets_its_first_answer_though_it_would_be_refused_now),
        cmocka_unit_test(a_repeated_command_that_would_go_through_again_does_not),
        cmocka_unit_test(a_double_click_is_one_command_and_two_answers),
        cmocka_unit_test(the_id_of_one_command_is_refused_for_another),
        cmocka_unit_test(commands_of_one_key_are_carried_out_one_after_the_other),
        cmocka_unit_test(a_command_without_an_id_changes_nothing),
        cmocka_unit_test(a_decision_on_an_old_state_is_taken_again),
        cmocka_unit_test(a_killed_service_goes_on_behind_its_last_durable_part),
        cmocka_unit_test(a_lost_connection_costs_neither_an_event_nor_a_second_one),
        cmocka_unit_test(a_drained_service_leaves_its_work_to_the_next_uncounted),
        cmocka_unit_test(an_input_that_fails_comes_again_until_it_is_parked),
        cmocka_unit_test(a_snapshot_and_what_came_after_it_make_the_same_state_as_everything),
        cmocka_unit_test(a_snapshot_that_cannot_be_used_is_passed_over_and_everything_folded),
        cmocka_unit_test(no_snapshot_is_made_of_a_state_that_passed_an_event_over),
        cmocka_unit_test(the_same_delivery_twice_is_applied_once),
        cmocka_unit_test(a_full_disk_is_told_to_people_and_waited_out_by_work),
        cmocka_unit_test(a_newer_process_of_the_same_name_stops_the_older),
        cmocka_unit_test(a_service_answers_status_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
