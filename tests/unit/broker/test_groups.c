/* Who works on what: one answer for each input for ever, keys in order, grants counted before delivery, parking. */
#include "world.h"

#define OK MUSTER__V1__COMMIT_STATUS__COMMIT_OK
#define NOT_GRANTED MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED

typedef struct team {
    world w;
    uint64_t source; /* epoch of session 1, ingestion/1 */
    uint64_t epochs[16];
} team;

/* Session 1 appends FileReceived; sessions 2.. are workers of group "parsing". */
static void
team_open(team *t, unsigned workers, uint32_t credit)
{
    world_open(&t->w);
    t->source = hello(&t->w, 1, "ingestion/1");
    for (unsigned i = 0; i < workers; i++) {
        char name[32];
        snprintf(name, sizeof name, "parsing/%u", i + 1);
        t->epochs[2 + i] = hello(&t->w, 2 + i, name);
        join(&t->w, 2 + i, "parsing", "FileReceived", credit);
    }
    turn(&t->w);
}

static uint64_t
receive_file(team *t, const char *id, const char *key)
{
    char stream[64];
    snprintf(stream, sizeof stream, "ingestion/%s", id);
    const Muster__V1__CommitResult *result =
        committed(&t->w, 1, with_event(commit(&t->w, id, t->source), "FileReceived", stream, id, key, "file"));
    assert_int_equal(result->status, OK);
    return result->last_seq;
}

static Muster__V1__CommitStatus
acknowledge(team *t, uint64_t session, const char *id, uint64_t seq, uint64_t grant, uint32_t part, bool last)
{
    commit_t *c = with_ack(commit(&t->w, id, t->epochs[session]), "parsing", seq, grant, part, last);
    with_event(c, "EntriesRead", "parsing/out", "B1", "", "rows");
    return committed(&t->w, session, c)->status;
}

static void
restart(team *t, unsigned workers, uint32_t credit)
{
    world_restart(&t->w);
    t->source = hello(&t->w, 1, "ingestion/1");
    for (unsigned i = 0; i < workers; i++) {
        char name[32];
        snprintf(name, sizeof name, "parsing/%u", i + 1);
        t->epochs[2 + i] = hello(&t->w, 2 + i, name);
        join(&t->w, 2 + i, "parsing", "FileReceived", credit);
    }
}

static void
an_event_and_its_grant_become_durable_in_one_sync_and_then_it_is_delivered(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    uint64_t syncs = mst_memstore_syncs(t.w.store);
    uint64_t seq = receive_file(&t, "B1", "");
    const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
    assert_non_null(d);
    assert_int_equal(d->envelope->seq, seq);
    assert_int_equal(d->grants, 1);
    assert_int_equal(d->next_part, 0);
    assert_string_equal(d->group, "parsing");
    assert_int_equal(mst_memstore_syncs(t.w.store), syncs + 1);
    world_close(&t.w);
}

static void
inputs_from_before_the_group_existed_are_given_too(void **state)
{
    (void)state;
    team t;
    team_open(&t, 0, 0);
    receive_file(&t, "B1", "");
    receive_file(&t, "B2", "");
    t.epochs[2] = hello(&t.w, 2, "parsing/1");
    join(&t.w, 2, "parsing", "FileReceived", 4);
    turn(&t.w);
    assert_int_equal(input_of(&t.w, 2, 0)->envelope->seq, 1);
    assert_int_equal(input_of(&t.w, 2, 1)->envelope->seq, 2);
    world_close(&t.w);
}

static void
events_of_one_key_go_one_at_a_time_in_order_and_other_keys_go_on_H10(void **state)
{
    (void)state;
    team t;
    team_open(&t, 2, 4);
    uint64_t first = receive_file(&t, "B1", "k");
    uint64_t holder = input_of(&t.w, 2, 0) != NULL ? 2 : 3;
    uint64_t grant = input_of(&t.w, holder, 0)->grant;
    uint64_t second = receive_file(&t, "B2", "k");
    assert_null(input_of(&t.w, 2, 0));
    assert_null(input_of(&t.w, 3, 0));
    receive_file(&t, "B3", "other");
    assert_true(input_of(&t.w, 2, 0) != NULL || input_of(&t.w, 3, 0) != NULL);
    assert_int_equal(acknowledge(&t, holder, "done1", first, grant, 0, true), OK);
    assert_int_equal(input_of(&t.w, holder, 0)->envelope->seq, second); // sticky: it knows the key
    world_close(&t.w);
}

static void
inputs_are_spread_over_members_and_never_exceed_their_credit(void **state)
{
    (void)state;
    team t;
    team_open(&t, 2, 2);
    size_t given[4] = {0};
    for (int i = 0; i < 6; i++) {
        char id[16];
        snprintf(id, sizeof id, "B%d", i);
        receive_file(&t, id, "");
        for (uint64_t s = 2; s <= 3; s++)
            given[s] += input_of(&t.w, s, 0) != NULL;
    }
    assert_int_equal(given[2], 2);
    assert_int_equal(given[3], 2);
    world_close(&t.w);
}

static void
an_input_is_answered_once_for_ever_H2(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t grant = input_of(&t.w, 2, 0)->grant;
    assert_int_equal(acknowledge(&t, 2, "one", seq, grant, 0, true), OK);
    assert_int_equal(acknowledge(&t, 2, "two", seq, grant, 0, true), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, 2, "one", seq, grant, 0, true), MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED);
    restart(&t, 1, 4);
    turn(&t.w);
    assert_null(input_of(&t.w, 2, 0));
    assert_int_equal(acknowledge(&t, 2, "three", seq, grant, 0, true), NOT_GRANTED);
    world_close(&t.w);
}

static void
a_worker_past_its_lease_loses_its_input_and_its_late_answer_is_refused_H2(void **state)
{
    (void)state;
    team t;
    team_open(&t, 2, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t slow = input_of(&t.w, 2, 0) != NULL ? 2 : 3, other = 5 - slow;
    uint64_t old_grant = input_of(&t.w, slow, 0)->grant;
    for (int i = 0; i < 30; i++) { // the other one pings, the slow one hangs
        pass(&t.w, 50);
        ping(&t.w, other);
        ping(&t.w, 1);
        turn(&t.w);
        if (input_of(&t.w, other, 0) != NULL)
            break;
    }
    const Muster__V1__Delivery *d = input_of(&t.w, other, 0);
    assert_non_null(d);
    assert_int_equal(d->grants, 2);
    assert_true(d->grant > old_grant);
    uint64_t new_grant = d->grant;
    // It wakes up: the broker does not know its session; with a new one the old grant is worth nothing.
    commit_t *late = with_ack(commit(&t.w, "late", t.epochs[slow]), "parsing", seq, old_grant, 0, true);
    uint64_t id = send_commit(&t.w, slow, late);
    turn(&t.w);
    assert_int_equal(answer(&t.w, id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION);
    assert_non_null(hello_epoch(&t.w, slow, slow == 2 ? "parsing/1" : "parsing/2", "", t.epochs[slow]));
    assert_int_equal(acknowledge(&t, slow, "late", seq, old_grant, 0, true), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, other, "good", seq, new_grant, 0, true), OK);
    world_close(&t.w);
}

static void
a_pause_of_the_broker_ends_no_lease_H12(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t grant = input_of(&t.w, 2, 0)->grant;
    t.w.now_us += 3600ll * 1000000; // stopped for an hour
    mst_broker_tick(t.w.broker, t.w.now_us, 1700000000000);
    turn(&t.w);
    assert_int_equal(acknowledge(&t, 2, "done", seq, grant, 0, true), OK);
    world_close(&t.w);
}

static void
tokens_grow_over_restarts_H4(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    receive_file(&t, "B1", "");
    uint64_t last = input_of(&t.w, 2, 0)->grant;
    for (int i = 0; i < 5; i++) {
        restart(&t, 1, 4);
        turn(&t.w);
        const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
        assert_non_null(d);
        assert_true(d->grant > last);
        last = d->grant;
    }
    world_close(&t.w);
}

static void
a_grant_of_an_earlier_life_of_the_broker_is_refused_H4(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t old = input_of(&t.w, 2, 0)->grant;
    restart(&t, 1, 4);
    turn(&t.w);
    uint64_t fresh = input_of(&t.w, 2, 0)->grant;
    assert_int_equal(acknowledge(&t, 2, "old", seq, old, 0, true), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, 2, "fresh", seq, fresh, 0, true), OK);
    world_close(&t.w);
}

static void
a_grant_is_counted_durably_before_it_is_delivered_H11(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    uint64_t seq = receive_file(&t, "B1", "");
    (void)seq;
    // The worker dies each time without a word, and a new process of it comes.
    for (uint32_t grants = 2; grants <= 5; grants++) {
        t.epochs[2] = hello(&t.w, 10 + grants, "parsing/1");
        join(&t.w, 10 + grants, "parsing", "FileReceived", 4);
        turn(&t.w);
        const Muster__V1__Delivery *d = input_of(&t.w, 10 + grants, 0);
        assert_non_null(d);
        assert_int_equal(d->grants, grants);
    }
    world_close(&t.w);
}

static const Muster__V1__ParkedInputs *
list_parked(team *t)
{
    Muster__V1__ListParked list = MUSTER__V1__LIST_PARKED__INIT;
    uint64_t id = ask(&t->w, 1, MUSTER__V1__BUS_REQUEST__WHAT_LIST_PARKED, &list);
    turn(&t->w);
    return answer(&t->w, id)->parked_inputs;
}

static void
fail_five_times(team *t, uint64_t session, uint64_t seq)
{
    for (int i = 0; i < 5; i++) {
        const Muster__V1__Delivery *d = input_of(&t->w, session, 0);
        assert_non_null(d);
        assert_int_equal(d->envelope->seq, seq);
        assert_int_equal(d->grants, i + 1);
        release(&t->w, session, "parsing", seq, d->grant, "row 7 cannot be read", false);
        turn(&t->w);
    }
}

static void
after_exactly_five_grants_an_input_is_parked_and_its_key_goes_on_H11(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t bad = receive_file(&t, "B1", "k");
    const Muster__V1__Delivery *held = input_of(&t.w, 2, 0);
    uint64_t grant = held->grant;
    uint64_t next = receive_file(&t, "B2", "k"); // waits behind
    release(&t.w, 2, "parsing", bad, grant, "row 7 cannot be read", false);
    turn(&t.w);
    for (int i = 2; i <= 5; i++) {
        const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
        assert_int_equal(d->envelope->seq, bad);
        assert_int_equal(d->grants, i);
        release(&t.w, 2, "parsing", bad, d->grant, "row 7 cannot be read", false);
        turn(&t.w);
    }
    assert_int_equal(input_of(&t.w, 2, 0)->envelope->seq, next);
    const Muster__V1__ParkedInputs *parked = list_parked(&t);
    assert_int_equal(parked->n_inputs, 1);
    assert_int_equal(parked->inputs[0]->seq, bad);
    assert_int_equal(parked->inputs[0]->grants, 5);
    assert_string_equal(parked->inputs[0]->reason, "row 7 cannot be read");
    assert_string_equal(parked->inputs[0]->type, "FileReceived");
    restart(&t, 1, 1);
    assert_int_equal(list_parked(&t)->n_inputs, 1); // the park is durable
    world_close(&t.w);
}

static void
a_parked_input_comes_again_when_it_is_released_also_after_a_restart(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t bad = receive_file(&t, "B1", "");
    fail_five_times(&t, 2, bad);
    assert_null(input_of(&t.w, 2, 0));
    pass(&t.w, 500);
    ping(&t.w, 1);
    ping(&t.w, 2);
    pass(&t.w, 600); // the cursor moves past it and is stored
    turn(&t.w);
    Muster__V1__ReleaseParked message = MUSTER__V1__RELEASE_PARKED__INIT;
    message.group = (char *)"parsing";
    message.seq = bad;
    uint64_t id = ask(&t.w, 1, MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED, &message);
    turn(&t.w);
    assert_int_equal(answer(&t.w, id)->parked_inputs->n_inputs, 1);
    assert_int_equal(input_of(&t.w, 2, 0)->grants, 1);
    restart(&t, 1, 1);
    turn(&t.w);
    const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
    assert_non_null(d);
    assert_int_equal(acknowledge(&t, 2, "done", bad, d->grant, 0, true), OK);
    assert_int_equal(list_parked(&t)->n_inputs, 0);
    restart(&t, 1, 1);
    turn(&t.w);
    assert_null(input_of(&t.w, 2, 0));
    id = ask(&t.w, 1, MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED, &message);
    turn(&t.w);
    assert_int_equal(answer(&t.w, id)->fault->code, MUSTER__V1__FAULT_CODE__FAULT_NOT_FOUND);
    world_close(&t.w);
}

static void
orderly_returns_and_restarts_of_the_broker_do_not_count(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    for (int i = 0; i < 8; i++) {
        const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
        assert_non_null(d);
        assert_int_equal(d->grants, 1);
        release(&t.w, 2, "parsing", seq, d->grant, "", true);
        turn(&t.w);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(input_of(&t.w, 2, 0)->grants, 1);
        restart(&t, 1, 1);
        turn(&t.w);
    }
    for (int i = 0; i < 8; i++) {
        Muster__V1__Leave leave = MUSTER__V1__LEAVE__INIT;
        leave.group = (char *)"parsing";
        assert_int_equal(input_of(&t.w, 2, 0)->grants, 1);
        ask(&t.w, 2, MUSTER__V1__BUS_REQUEST__WHAT_LEAVE, &leave);
        join(&t.w, 2, "parsing", "FileReceived", 1);
        turn(&t.w);
    }
    world_close(&t.w);
}

static void
a_process_that_lost_its_connection_and_comes_back_is_given_its_input_again_uncounted(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t old = input_of(&t.w, 2, 0)->grant;
    assert_non_null(hello_epoch(&t.w, 9, "parsing/1", "", t.epochs[2])); // another connection, the same process
    t.epochs[9] = t.epochs[2];
    join(&t.w, 9, "parsing", "FileReceived", 1);
    turn(&t.w);
    const Muster__V1__Delivery *d = input_of(&t.w, 9, 0);
    assert_int_equal(d->grants, 1);
    uint64_t grant = d->grant;
    assert_int_equal(acknowledge(&t, 9, "a", seq, old, 0, true), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, 9, "a", seq, grant, 0, true), OK);
    world_close(&t.w);
}

static void
parts_are_accepted_in_order_from_the_present_grant_and_the_last_one_ends_the_input_H9(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t grant = input_of(&t.w, 2, 0)->grant;
    assert_int_equal(acknowledge(&t, 2, "p1", seq, grant, 1, false), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, 2, "p0", seq, grant, 0, false), OK);
    assert_int_equal(acknowledge(&t, 2, "p0x", seq, grant, 0, false), NOT_GRANTED);
    assert_int_equal(acknowledge(&t, 2, "p1", seq, grant, 1, false), OK);
    restart(&t, 1, 1);
    turn(&t.w);
    const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
    assert_int_equal(d->next_part, 2);
    grant = d->grant;
    assert_int_equal(acknowledge(&t, 2, "p1", seq, grant, 1, false), MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED);
    assert_int_equal(acknowledge(&t, 2, "p2", seq, grant, 2, true), OK);
    assert_null(input_of(&t.w, 2, 0));
    world_close(&t.w);
}

static void
an_accepted_part_starts_the_count_of_grants_anew(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    for (int i = 0; i < 4; i++) {
        release(&t.w, 2, "parsing", seq, input_of(&t.w, 2, 0)->grant, "hm", false);
        turn(&t.w);
    }
    const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
    assert_int_equal(d->grants, 5);
    uint64_t grant = d->grant;
    assert_int_equal(acknowledge(&t, 2, "p0", seq, grant, 0, false), OK);
    release(&t.w, 2, "parsing", seq, grant, "hm", false);
    turn(&t.w);
    for (uint32_t i = 1; i <= 5; i++) {
        d = input_of(&t.w, 2, 0);
        assert_int_equal(d->grants, i);
        assert_int_equal(d->next_part, 1);
        release(&t.w, 2, "parsing", seq, d->grant, "hm", false);
        turn(&t.w);
    }
    assert_null(input_of(&t.w, 2, 0));
    assert_int_equal(list_parked(&t)->n_inputs, 1);
    world_close(&t.w);
}

static void
an_input_waits_until_the_members_subscriptions_have_passed_it(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 4);
    follow(&t.w, 2, 1, "FileReceived", 1, 1);
    turn(&t.w);
    receive_file(&t, "B1", "");
    assert_non_null(input_of(&t.w, 2, 0));
    uint64_t seq = receive_file(&t, "B2", "");
    assert_null(input_of(&t.w, 2, 0)); // the subscription has no credit for it
    add_credit(&t.w, 2, 1, 1);
    turn(&t.w);
    // The follow comes first, then the input.
    assert_int_equal(delivery(&t.w, 2, 0)->subscription, 1);
    assert_int_equal(delivery(&t.w, 2, 0)->envelope->seq, seq);
    assert_int_equal(delivery(&t.w, 2, 1)->subscription, 0);
    assert_int_equal(delivery(&t.w, 2, 1)->envelope->seq, seq);
    world_close(&t.w);
}

static void
an_input_with_accepted_parts_waits_until_those_parts_have_passed(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 1);
    uint64_t seq = receive_file(&t, "B1", "");
    uint64_t grant = input_of(&t.w, 2, 0)->grant;
    assert_int_equal(acknowledge(&t, 2, "p0", seq, grant, 0, false), OK);
    t.epochs[5] = hello(&t.w, 5, "parsing/1"); // a new process that has to catch up
    follow(&t.w, 5, 1, "FileReceived", 1, 10);
    follow(&t.w, 5, 2, "EntriesRead", 1, 0);
    join(&t.w, 5, "parsing", "FileReceived", 1);
    turn(&t.w);
    assert_null(input_of(&t.w, 5, 0));
    add_credit(&t.w, 5, 2, 5);
    turn(&t.w);
    assert_int_equal(input_of(&t.w, 5, 0)->next_part, 1);
    world_close(&t.w);
}

static void
a_type_named_later_counts_from_then_on(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 8);
    commit_t *c = with_event(commit(&t.w, "x1", t.source), "BatchCancelled", "ingestion/B1", "B1", "", "x");
    committed(&t.w, 1, c);
    Muster__V1__Join message = MUSTER__V1__JOIN__INIT;
    char *types[] = {"FileReceived", "BatchCancelled"};
    message.group = (char *)"parsing";
    message.types = types;
    message.n_types = 2;
    message.credit = 8;
    ask(&t.w, 2, MUSTER__V1__BUS_REQUEST__WHAT_JOIN, &message);
    turn(&t.w);
    assert_null(input_of(&t.w, 2, 0));
    c = with_event(commit(&t.w, "x2", t.source), "BatchCancelled", "ingestion/B1", "B1", "", "x");
    committed(&t.w, 1, c);
    assert_non_null(input_of(&t.w, 2, 0));
    world_close(&t.w);
}

static void
a_long_log_is_looked_at_once_and_a_restart_begins_at_the_cursor(void **state)
{
    (void)state;
    team t;
    team_open(&t, 1, 64);
    unsigned done = 0;
    for (int i = 0; i < 500; i++) {
        char id[32];
        snprintf(id, sizeof id, "B%d", i);
        receive_file(&t, id, "");
        const Muster__V1__Delivery *d = input_of(&t.w, 2, 0);
        snprintf(id, sizeof id, "done%d", i);
        if (i != 250) // one stays open
            done += acknowledge(&t, 2, id, d->envelope->seq, d->grant, 0, true) == OK;
    }
    assert_int_equal(done, 499);
    for (int i = 0; i < 30; i++) {
        pass(&t.w, 50);
        ping(&t.w, 1);
        ping(&t.w, 2);
        turn(&t.w);
    }
    Muster__V1__GetStatus get = MUSTER__V1__GET_STATUS__INIT;
    uint64_t id = ask(&t.w, 1, MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS, &get);
    turn(&t.w);
    const Muster__V1__GroupStatus *g = answer(&t.w, id)->broker_status->groups[0];
    assert_int_equal(g->cursor, 500); // below the open one: FileReceived 1, EntriesRead 2, ..
    assert_int_equal(g->granted, 1);
    restart(&t, 1, 64);
    turn(&t.w);
    assert_int_equal(input_of(&t.w, 2, 0)->envelope->seq, 501);
    assert_null(input_of(&t.w, 2, 1));
    world_close(&t.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_and_its_grant_become_durable_in_one_sync_and_then_it_is_delivered),
        cmocka_unit_test(inputs_from_before_the_group_existed_are_given_too),
        cmocka_unit_test(events_of_one_key_go_one_at_a_time_in_order_and_other_keys_go_on_H10),
        cmocka_unit_test(inputs_are_spread_over_members_and_never_exceed_their_credit),
        cmocka_unit_test(an_input_is_answered_once_for_ever_H2),
        cmocka_unit_test(a_worker_past_its_lease_loses_its_input_and_its_late_answer_is_refused_H2),
        cmocka_unit_test(a_pause_of_the_broker_ends_no_lease_H12),
        cmocka_unit_test(tokens_grow_over_restarts_H4),
        cmocka_unit_test(a_grant_of_an_earlier_life_of_the_broker_is_refused_H4),
        cmocka_unit_test(a_grant_is_counted_durably_before_it_is_delivered_H11),
        cmocka_unit_test(after_exactly_five_grants_an_input_is_parked_and_its_key_goes_on_H11),
        cmocka_unit_test(a_parked_input_comes_again_when_it_is_released_also_after_a_restart),
        cmocka_unit_test(orderly_returns_and_restarts_of_the_broker_do_not_count),
        cmocka_unit_test(a_process_that_lost_its_connection_and_comes_back_is_given_its_input_again_uncounted),
        cmocka_unit_test(parts_are_accepted_in_order_from_the_present_grant_and_the_last_one_ends_the_input_H9),
        cmocka_unit_test(an_accepted_part_starts_the_count_of_grants_anew),
        cmocka_unit_test(an_input_waits_until_the_members_subscriptions_have_passed_it),
        cmocka_unit_test(an_input_with_accepted_parts_waits_until_those_parts_have_passed),
        cmocka_unit_test(a_type_named_later_counts_from_then_on),
        cmocka_unit_test(a_long_log_is_looked_at_once_and_a_restart_begins_at_the_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
