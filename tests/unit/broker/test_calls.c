/* Who answers whom, and who may speak at all: calls, sessions, epochs, rights. */
#include "world.h"

#define UNAVAILABLE MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE

static uint64_t
call(world *w, uint64_t session, const char *service, const char *key, uint32_t timeout_ms)
{
    Muster__V1__Call message = MUSTER__V1__CALL__INIT;
    const char *body = "argument";
    message.service = (char *)service;
    message.key = (char *)key;
    message.method = (char *)"ShowBatch";
    message.timeout_ms = timeout_ms;
    return ask_as(w, &LOCAL, session, MUSTER__V1__BUS_REQUEST__WHAT_CALL, &message, &body, 1);
}

static void
answer_call(world *w, uint64_t session, uint64_t call_id, const char *body)
{
    Muster__V1__CallAnswer message = MUSTER__V1__CALL_ANSWER__INIT;
    message.call_id = call_id;
    message.status = MUSTER__V1__ANSWER_STATUS__ANSWER_OK;
    ask_as(w, &LOCAL, session, MUSTER__V1__BUS_REQUEST__WHAT_CALL_ANSWER, &message, &body, 1);
}

static const Muster__V1__CallRequest *
asked(const world *w, uint64_t session)
{
    const said *s = got(w, session, MUSTER__V1__BUS_REPLY__WHAT_CALL_REQUEST, 0);
    return s == NULL ? NULL : s->reply->call_request;
}

static void
a_call_reaches_the_service_and_its_answer_the_caller(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello_epoch(&w, 1, "ingestion/1", "ingestion", 0);
    hello(&w, 2, "cli/x");
    uint64_t id = call(&w, 2, "ingestion", "B1", 0);
    turn(&w);
    const Muster__V1__CallRequest *request = asked(&w, 1);
    assert_string_equal(request->method, "ShowBatch");
    assert_string_equal(request->caller, "cli/x");
    answer_call(&w, 1, request->call_id, "the batch");
    turn(&w);
    assert_int_equal(answer(&w, id)->call_result->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
    assert_string_equal(answer(&w, id)->call_result->instance, "ingestion/1");
    const said *s = got(&w, 2, MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT, 0);
    assert_int_equal(s->bodies_count, 1);
    assert_memory_equal(s->bodies[0].data, "the batch", 9);
    world_close(&w);
}

static void
a_call_to_nobody_is_unavailable_at_once(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello(&w, 2, "cli/x");
    uint64_t id = call(&w, 2, "ingestion", "B1", 0);
    turn(&w);
    assert_int_equal(answer(&w, id)->call_result->status, UNAVAILABLE);
    world_close(&w);
}

static void
a_call_nobody_answers_times_out_and_a_late_answer_goes_nowhere(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello_epoch(&w, 1, "ingestion/1", "ingestion", 0);
    hello(&w, 2, "cli/x");
    uint64_t id = call(&w, 2, "ingestion", "B1", 500);
    turn(&w);
    uint64_t call_id = asked(&w, 1)->call_id;
    pass(&w, 600);
    turn(&w);
    assert_int_equal(answer(&w, id)->call_result->status, MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT);
    answer_call(&w, 1, call_id, "late");
    turn(&w);
    assert_null(got(&w, 2, MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT, 0));
    world_close(&w);
}

static void
a_call_whose_service_goes_away_is_unavailable(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello_epoch(&w, 1, "ingestion/1", "ingestion", 0);
    hello(&w, 2, "cli/x");
    uint64_t id = call(&w, 2, "ingestion", "B1", 0);
    turn(&w);
    mst_broker_gone(w.broker, 1, false);
    turn(&w);
    assert_int_equal(answer(&w, id)->call_result->status, UNAVAILABLE);
    world_close(&w);
}

static void
of_many_instances_the_one_that_has_the_key_answers(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "ingestion/1");
    hello_epoch(&w, 2, "matching/1", "matching", 0);
    hello_epoch(&w, 3, "matching/2", "matching", 0);
    join(&w, 2, "matching", "EntriesAccepted", 4);
    join(&w, 3, "matching", "EntriesAccepted", 4);
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "B%d", i);
        committed(&w, 1, with_event(commit(&w, name, epoch), "EntriesAccepted", "ingestion/x", name, "", "x"));
        uint64_t holder = input_of(&w, 2, 0) != NULL ? 2 : 3;
        assert_non_null(input_of(&w, holder, 0));
        call(&w, 1, "matching", name, 0);
        turn(&w);
        assert_non_null(asked(&w, holder));
        assert_null(asked(&w, 5 - holder));
    }
    call(&w, 1, "matching/2", "B0", 0); // one instance by name
    turn(&w);
    assert_non_null(asked(&w, 3));
    world_close(&w);
}

static void
a_client_may_have_256_calls_open(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello_epoch(&w, 1, "ingestion/1", "ingestion", 0);
    hello(&w, 2, "cli/x");
    for (unsigned i = 0; i < MST_BROKER_SESSION_CALLS_MAX; i++)
        call(&w, 2, "ingestion", "B1", 0);
    uint64_t id = call(&w, 2, "ingestion", "B1", 0);
    turn(&w);
    assert_int_equal(answer(&w, id)->call_result->status, UNAVAILABLE);
    world_close(&w);
}

/* Sessions ------------------------------------------------------------------------------------------------ */

static void
nothing_is_accepted_before_hello(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    ping(&w, 1);
    turn(&w);
    assert_int_equal(answer(&w, w.requests)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION);
    world_close(&w);
}

static void
a_newer_process_of_a_producer_fences_the_older_also_after_a_restart_H7(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t first = hello(&w, 1, "parsing/1");
    assert_non_null(hello_epoch(&w, 2, "parsing/1", "", first)); // the same process again
    uint64_t second = hello(&w, 3, "parsing/1");
    assert_true(second > first);
    assert_null(hello_epoch(&w, 4, "parsing/1", "", first));
    world_restart(&w);
    assert_null(hello_epoch(&w, 4, "parsing/1", "", first));
    assert_non_null(hello_epoch(&w, 5, "parsing/1", "", second));
    assert_true(hello(&w, 6, "parsing/1") > second);
    world_close(&w);
}

static void
an_epoch_this_log_never_issued_means_the_log_went_backwards_H6(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t id = w.requests + 1;
    assert_null(hello_epoch(&w, 1, "parsing/1", "", 7));
    assert_int_equal(answer(&w, id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_BEHIND);
    world_close(&w);
}

static Muster__V1__FaultCode
hello_having_seen(world *w, const char *incarnation, uint64_t seq, const uint8_t *hash)
{
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.producer = (char *)"matching/1";
    message.protocol = 1;
    message.seen_incarnation = (ProtobufCBinaryData){16, (uint8_t *)incarnation};
    message.seen_seq = seq;
    message.seen_hash = (ProtobufCBinaryData){32, (uint8_t *)hash};
    uint64_t id = ask(w, 9, MUSTER__V1__BUS_REQUEST__WHAT_HELLO, &message);
    turn(w);
    const reply_t *reply = answer(w, id);
    return reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT ? reply->fault->code : 0;
}

static void
a_log_behind_or_beside_what_a_client_has_seen_is_refused_H6(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    append(&w, 1, epoch, "a", "EntriesRead", "parsing/B1", "B1");
    uint8_t hash[32];
    memcpy(hash, mst_broker_last_hash(w.broker), 32);
    assert_int_equal(hello_having_seen(&w, "incarnation-0001", 1, hash), 0);
    assert_int_equal(hello_having_seen(&w, "incarnation-0001", 2, hash), MUSTER__V1__FAULT_CODE__FAULT_BEHIND);
    assert_int_equal(hello_having_seen(&w, "incarnation-0002", 1, hash), MUSTER__V1__FAULT_CODE__FAULT_BEHIND);
    hash[5] ^= 1;
    assert_int_equal(hello_having_seen(&w, "incarnation-0001", 1, hash), MUSTER__V1__FAULT_CODE__FAULT_BEHIND);
    world_close(&w);
}

static void
an_observer_writes_nothing(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t syncs = mst_memstore_syncs(w.store);
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.producer = (char *)"cli/x";
    message.protocol = 1;
    message.observer = true;
    uint64_t id = ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_HELLO, &message);
    follow(&w, 1, 1, NULL, 1, 10);
    turn(&w);
    assert_int_equal(answer(&w, id)->welcome->epoch, 0);
    assert_int_equal(mst_memstore_syncs(w.store), syncs);
    id = send_commit(&w, 1, with_event(commit(&w, "a", 0), "X", "cli/x", "B1", "", "x"));
    join(&w, 1, "parsing", "X", 1);
    uint64_t join_id = w.requests;
    turn(&w);
    assert_int_equal(answer(&w, id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_DENIED);
    assert_int_equal(answer(&w, join_id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_DENIED);
    world_close(&w);
}

static void
another_protocol_is_refused(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.producer = (char *)"cli/x";
    message.protocol = 2;
    uint64_t id = ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_HELLO, &message);
    turn(&w);
    assert_int_equal(answer(&w, id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_PROTOCOL);
    world_close(&w);
}

static void
reports_are_shown_while_their_instance_lives(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello(&w, 1, "parsing/1");
    Muster__V1__Report report = MUSTER__V1__REPORT__INIT;
    report.instance = (char *)"parsing/1";
    report.state = (char *)"ready";
    ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_REPORT, &report);
    hello(&w, 2, "cli/x");
    Muster__V1__GetStatus get = MUSTER__V1__GET_STATUS__INIT;
    uint64_t id = ask(&w, 2, MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS, &get);
    turn(&w);
    assert_int_equal(answer(&w, id)->broker_status->n_reports, 1);
    assert_string_equal(answer(&w, id)->broker_status->reports[0]->state, "ready");
    mst_broker_gone(w.broker, 1, false);
    id = ask(&w, 2, MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS, &get);
    turn(&w);
    assert_int_equal(answer(&w, id)->broker_status->n_reports, 0);
    world_close(&w);
}

/* Rights -------------------------------------------------------------------------------------------------- */

#define R(what) MUSTER__V1__BUS_REQUEST__WHAT_##what

static const struct {
    Muster__V1__BusRequest__WhatCase operation;
    bool local, service, operator, observer;
} CELLS[] = {
    {R(HELLO), true, true, true, true},
    {R(COMMIT), true, true, false, false},
    {R(FOLLOW), true, true, true, true},
    {R(CREDIT), true, true, true, true},
    {R(UNFOLLOW), true, true, true, true},
    {R(JOIN), true, true, false, false},
    {R(LEAVE), true, true, false, false},
    {R(RELEASE), true, true, false, false},
    {R(READ), true, true, true, true},
    {R(FIND_COMMIT), true, true, true, false},
    {R(CALL), true, true, true, false},
    {R(CALL_ANSWER), true, true, false, false},
    {R(PING), true, true, true, true},
    {R(REPORT), true, true, false, false},
    {R(GET_STATUS), true, true, true, true},
    {R(LIST_PARKED), true, true, true, true},
    {R(RELEASE_PARKED), true, false, true, false},
};

static void
every_role_may_do_what_the_table_says_and_nothing_else_S5(void **state)
{
    (void)state;
    size_t count = sizeof CELLS / sizeof CELLS[0];
    assert_int_equal(count, muster__v1__bus_request__descriptor.n_fields - 1); // all but request_id
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mst_rights_allow(MST_ROLE_LOCAL, CELLS[i].operation), CELLS[i].local);
        assert_int_equal(mst_rights_allow(MST_ROLE_SERVICE, CELLS[i].operation), CELLS[i].service);
        assert_int_equal(mst_rights_allow(MST_ROLE_OPERATOR, CELLS[i].operation), CELLS[i].operator);
        assert_int_equal(mst_rights_allow(MST_ROLE_OBSERVER, CELLS[i].operation), CELLS[i].observer);
        assert_false(mst_rights_allow(MST_ROLE_NONE, CELLS[i].operation));
        assert_false(mst_rights_allow(MST_ROLES_COUNT, CELLS[i].operation));
    }
    for (int role = 0; role < MST_ROLES_COUNT; role++) {
        assert_false(mst_rights_allow(role, R(_NOT_SET)));
        assert_false(mst_rights_allow(role, (Muster__V1__BusRequest__WhatCase)77));
    }
}

static void
a_service_speaks_only_in_its_own_name_S6(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    const mst_principal parser = {.role = MST_ROLE_SERVICE, .name = "parsing/2"};
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.protocol = 1;
    message.producer = (char *)"export/1";
    uint64_t wrong = ask_as(&w, &parser, 1, R(HELLO), &message, NULL, 0);
    message.producer = (char *)"parsing/22";
    uint64_t longer = ask_as(&w, &parser, 2, R(HELLO), &message, NULL, 0);
    message.producer = (char *)"parsing/2";
    uint64_t right = ask_as(&w, &parser, 3, R(HELLO), &message, NULL, 0);
    turn(&w);
    assert_int_equal(answer(&w, wrong)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_DENIED);
    assert_int_equal(answer(&w, longer)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_DENIED);
    assert_int_equal(answer(&w, right)->what_case, MUSTER__V1__BUS_REPLY__WHAT_WELCOME);
    world_close(&w);
}

static void
an_operator_over_the_network_acts_under_the_name_of_its_key(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    const mst_principal anna = {.role = MST_ROLE_OPERATOR, .name = "anna"};
    hello_epoch(&w, 1, "ingestion/1", "ingestion", 0);
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.protocol = 1;
    message.producer = (char *)"cli/x";
    message.operator_ = (char *)"the bishop";
    message.observer = true;
    ask_as(&w, &anna, 2, R(HELLO), &message, NULL, 0);
    Muster__V1__Call asking = MUSTER__V1__CALL__INIT;
    asking.service = (char *)"ingestion";
    asking.method = (char *)"CreateBatch";
    ask_as(&w, &anna, 2, R(CALL), &asking, NULL, 0);
    turn(&w);
    assert_string_equal(asked(&w, 1)->operator_, "anna");
    world_close(&w);
}

static void
who_has_no_right_any_more_is_denied_on_a_live_session_S4(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    const mst_principal before = {.role = MST_ROLE_SERVICE, .name = "parsing"};
    const mst_principal after = {.role = MST_ROLE_OBSERVER, .name = "parsing"};
    Muster__V1__Hello message = MUSTER__V1__HELLO__INIT;
    message.protocol = 1;
    message.producer = (char *)"parsing/1";
    ask_as(&w, &before, 1, R(HELLO), &message, NULL, 0);
    commit_t *c = with_event(commit(&w, "a", 1), "EntriesRead", "parsing/B1", "B1", "", "x");
    uint64_t first = ask_as(&w, &before, 1, R(COMMIT), &c->message, c->bodies, 1);
    c = with_event(commit(&w, "b", 1), "EntriesRead", "parsing/B1", "B1", "", "x");
    uint64_t second = ask_as(&w, &after, 1, R(COMMIT), &c->message, c->bodies, 1);
    turn(&w);
    assert_int_equal(answer(&w, first)->commit_result->status, MUSTER__V1__COMMIT_STATUS__COMMIT_OK);
    assert_int_equal(answer(&w, second)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_DENIED);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_reaches_the_service_and_its_answer_the_caller),
        cmocka_unit_test(a_call_to_nobody_is_unavailable_at_once),
        cmocka_unit_test(a_call_nobody_answers_times_out_and_a_late_answer_goes_nowhere),
        cmocka_unit_test(a_call_whose_service_goes_away_is_unavailable),
        cmocka_unit_test(of_many_instances_the_one_that_has_the_key_answers),
        cmocka_unit_test(a_client_may_have_256_calls_open),
        cmocka_unit_test(nothing_is_accepted_before_hello),
        cmocka_unit_test(a_newer_process_of_a_producer_fences_the_older_also_after_a_restart_H7),
        cmocka_unit_test(an_epoch_this_log_never_issued_means_the_log_went_backwards_H6),
        cmocka_unit_test(a_log_behind_or_beside_what_a_client_has_seen_is_refused_H6),
        cmocka_unit_test(an_observer_writes_nothing),
        cmocka_unit_test(another_protocol_is_refused),
        cmocka_unit_test(reports_are_shown_while_their_instance_lives),
        cmocka_unit_test(every_role_may_do_what_the_table_says_and_nothing_else_S5),
        cmocka_unit_test(a_service_speaks_only_in_its_own_name_S6),
        cmocka_unit_test(an_operator_over_the_network_acts_under_the_name_of_its_key),
        cmocka_unit_test(who_has_no_right_any_more_is_denied_on_a_live_session_S4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
