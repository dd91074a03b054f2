/* Who reads the log: replay and live on one path, gaps that show, watermarks, pages. */
#include "world.h"

static uint64_t
watermark_of(const world *w, uint64_t session, size_t n)
{
    const said *s = got(w, session, MUSTER__V1__BUS_REPLY__WHAT_WATERMARK, n);
    return s == NULL ? 0 : s->reply->watermark->seq;
}

static void
append_many(world *w, uint64_t session, uint64_t epoch, const char *type, unsigned count, const char *prefix)
{
    for (unsigned i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s%u", prefix, i);
        send_commit(w, session, with_event(commit(w, id, epoch), type, "parsing/B1", "B1", "", "body"));
    }
    turn(w);
}

static void
a_follower_gets_what_was_before_and_what_comes_in_order_H13(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    append_many(&w, 1, epoch, "EntriesRead", 3, "a");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, "EntriesRead", 2, 100);
    append_many(&w, 1, epoch, "EntriesRead", 2, "b");
    uint64_t prev = 0;
    for (uint64_t i = 0; i < 4; i++) {
        const Muster__V1__Delivery *d = delivery(&w, 2, i);
        assert_non_null(d);
        assert_int_equal(d->envelope->seq, i + 2);
        assert_int_equal(d->prev_seq, prev);
        assert_int_equal(got(&w, 2, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, i)->bodies_count, 1);
        prev = d->envelope->seq;
    }
    assert_null(delivery(&w, 2, 4));
    world_close(&w);
}

static void
a_filter_lets_through_its_types_and_batch_and_heads_without_bodies(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    Muster__V1__Follow message = MUSTER__V1__FOLLOW__INIT;
    char *types[] = {"ReadingFinished"}, *head_types[] = {"EntriesRead"};
    message.subscription = 3;
    message.types = types;
    message.n_types = 1;
    message.head_types = head_types;
    message.n_head_types = 1;
    message.batch_id = (char *)"B1";
    message.credit = 10;
    ask(&w, 1, MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW, &message);
    commit_t *c = commit(&w, "a", epoch);
    with_event(c, "EntriesRead", "parsing/B1", "B1", "", "1");
    with_event(c, "FileRecognised", "parsing/B1", "B1", "", "2");
    with_event(c, "ReadingFinished", "parsing/B2", "B2", "", "3");
    with_event(c, "ReadingFinished", "parsing/B1", "B1", "", "4");
    committed(&w, 1, c);
    assert_int_equal(delivery(&w, 1, 0)->envelope->seq, 1);
    assert_int_equal(got(&w, 1, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, 0)->bodies_count, 0);
    assert_int_equal(delivery(&w, 1, 1)->envelope->seq, 4);
    assert_int_equal(delivery(&w, 1, 1)->prev_seq, 1);
    assert_int_equal(got(&w, 1, MUSTER__V1__BUS_REPLY__WHAT_DELIVERY, 1)->bodies_count, 1);
    assert_null(delivery(&w, 1, 2));
    world_close(&w);
}

static void
without_credit_nothing_comes_and_with_credit_it_goes_on_where_it_stopped(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, NULL, 1, 2);
    append_many(&w, 1, epoch, "EntriesRead", 5, "a");
    assert_int_equal(delivery(&w, 2, 1)->envelope->seq, 2);
    assert_null(delivery(&w, 2, 2));
    add_credit(&w, 2, 1, 10);
    turn(&w);
    assert_int_equal(delivery(&w, 2, 0)->envelope->seq, 3);
    assert_int_equal(delivery(&w, 2, 0)->prev_seq, 2);
    assert_int_equal(delivery(&w, 2, 2)->envelope->seq, 5);
    assert_null(delivery(&w, 2, 3));
    world_close(&w);
}

static void
a_new_follower_is_told_when_it_has_caught_up_even_with_an_empty_log(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    hello(&w, 1, "parsing/1");
    follow(&w, 1, 1, "EntriesRead", 1, 10);
    turn(&w);
    assert_non_null(got(&w, 1, MUSTER__V1__BUS_REPLY__WHAT_WATERMARK, 0));
    assert_int_equal(watermark_of(&w, 1, 0), 0);
    world_close(&w);
}

static void
a_watermark_tells_what_passed_without_a_delivery_H13(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, "EntriesAccepted", 1, 10);
    turn(&w);
    append_many(&w, 1, epoch, "EntriesRead", 3, "a");
    assert_null(delivery(&w, 2, 0));
    pass(&w, 100);
    turn(&w);
    assert_int_equal(watermark_of(&w, 2, 0), 3);
    pass(&w, 100);
    turn(&w);
    assert_null(got(&w, 2, MUSTER__V1__BUS_REPLY__WHAT_WATERMARK, 0)); // said once
    world_close(&w);
}

static void
who_commits_hears_at_once_that_its_own_events_have_passed(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    follow(&w, 1, 1, "FileReceived", 1, 10);
    turn(&w);
    append(&w, 1, epoch, "a", "EntriesRead", "parsing/B1", "B1");
    assert_int_equal(watermark_of(&w, 1, 0), 1);
    world_close(&w);
}

static void
a_follower_far_behind_is_brought_up_from_the_store_while_events_come(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    for (int i = 0; i < 40; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "a%d-", i);
        append_many(&w, 1, epoch, i % 2 == 0 ? "EntriesRead" : "WrongValuesFound", 250, prefix);
    }
    world_restart(&w); // nothing is in memory any more
    epoch = hello(&w, 1, "parsing/1");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, "WrongValuesFound", 1, 1000000);
    uint64_t last = 0, count = 0;
    bool more = true;
    for (int i = 0; i < 1000 && (more || i < 20); i++) {
        char id[16];
        snprintf(id, sizeof id, "n%d", i);
        if (i < 20)
            send_commit(&w, 1, with_event(commit(&w, id, epoch), "WrongValuesFound", "parsing/B1", "B1", "", "x"));
        w.out_count = 0;
        turn_once(&w, &more);
        assert_int_equal(w.turn_rc, MST_OK);
        const Muster__V1__Delivery *d;
        for (size_t n = 0; (d = delivery(&w, 2, n)) != NULL; n++) {
            assert_int_equal(d->prev_seq, last);
            assert_true(d->envelope->seq > last);
            last = d->envelope->seq;
            count++;
        }
    }
    assert_int_equal(count, 5000 + 20);
    assert_int_equal(last, mst_broker_durable_seq(w.broker));
    world_close(&w);
}

static void
nothing_is_delivered_to_a_session_that_does_not_take_it(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, NULL, 1, 100);
    turn(&w);
    mst_broker_hold(w.broker, 2, true);
    append_many(&w, 1, epoch, "EntriesRead", 3, "a");
    assert_null(delivery(&w, 2, 0));
    mst_broker_hold(w.broker, 2, false);
    turn(&w);
    assert_int_equal(delivery(&w, 2, 0)->envelope->seq, 1);
    assert_int_equal(delivery(&w, 2, 2)->envelope->seq, 3);
    world_close(&w);
}

static const Muster__V1__Page *
page(world *w, const char *stream, uint64_t from, uint32_t max, bool heads_only)
{
    Muster__V1__Read read = MUSTER__V1__READ__INIT;
    read.stream = (char *)stream;
    read.from = from;
    read.max_events = max;
    read.heads_only = heads_only;
    uint64_t id = ask(w, 1, MUSTER__V1__BUS_REQUEST__WHAT_READ, &read);
    turn(w);
    return answer(w, id)->page;
}

static void
a_stream_is_read_by_pages_from_a_version(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    append_many(&w, 1, epoch, "EntriesRead", 5, "a");
    append(&w, 1, epoch, "z", "FileRecognised", "parsing/B2", "B2");
    const Muster__V1__Page *p = page(&w, "parsing/B1", 2, 3, false);
    assert_int_equal(p->n_envelopes, 3);
    assert_int_equal(p->envelopes[0]->stream_version, 2);
    assert_int_equal(p->next, 5);
    assert_false(p->end);
    assert_int_equal(got(&w, 1, MUSTER__V1__BUS_REPLY__WHAT_PAGE, 0)->bodies_count, 3);
    p = page(&w, "parsing/B1", 5, 3, true);
    assert_int_equal(p->n_envelopes, 1);
    assert_true(p->end);
    assert_int_equal(got(&w, 1, MUSTER__V1__BUS_REPLY__WHAT_PAGE, 0)->bodies_count, 0);
    p = page(&w, "parsing/B7", 1, 3, false);
    assert_int_equal(p->n_envelopes, 0);
    assert_true(p->end);
    p = page(&w, "", 6, 10, false);
    assert_int_equal(p->n_envelopes, 1);
    assert_string_equal(p->envelopes[0]->type, "FileRecognised");
    assert_int_equal(p->next, 7);
    world_close(&w);
}

static void
a_page_holds_a_megabyte_and_at_least_one_event(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    char *large = malloc(700001);
    memset(large, 'x', 700000);
    large[700000] = '\0';
    commit_t *c = commit(&w, "a", epoch);
    with_event(c, "EntriesRead", "parsing/B1", "B1", "", large);
    with_event(c, "EntriesRead", "parsing/B1", "B1", "", large);
    committed(&w, 1, c);
    const Muster__V1__Page *p = page(&w, "parsing/B1", 1, 10, false);
    assert_int_equal(p->n_envelopes, 1);
    assert_int_equal(p->next, 2);
    assert_false(p->end);
    free(large);
    world_close(&w);
}

static void
what_is_not_durable_is_seen_by_nobody_H5(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    uint64_t epoch = hello(&w, 1, "parsing/1");
    hello(&w, 2, "matching/1");
    follow(&w, 2, 1, NULL, 1, 100);
    turn(&w);
    size_t published = w.published;
    mst_memstore_cut(w.store, MST_CUT_BEFORE);
    send_commit(&w, 1, with_event(commit(&w, "a", epoch), "EntriesRead", "parsing/B1", "B1", "", "x"));
    turn(&w);
    assert_int_equal(w.turn_rc, MST_IO);
    assert_int_equal(w.out_count, 0);
    assert_int_equal(w.published, published);
    world_close(&w);
}

static void
a_beacon_comes_every_second(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    size_t before = w.published;
    pass(&w, 3050);
    assert_int_equal(w.published, before + 3);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_gets_what_was_before_and_what_comes_in_order_H13),
        cmocka_unit_test(a_filter_lets_through_its_types_and_batch_and_heads_without_bodies),
        cmocka_unit_test(without_credit_nothing_comes_and_with_credit_it_goes_on_where_it_stopped),
        cmocka_unit_test(a_new_follower_is_told_when_it_has_caught_up_even_with_an_empty_log),
        cmocka_unit_test(a_watermark_tells_what_passed_without_a_delivery_H13),
        cmocka_unit_test(who_commits_hears_at_once_that_its_own_events_have_passed),
        cmocka_unit_test(a_follower_far_behind_is_brought_up_from_the_store_while_events_come),
        cmocka_unit_test(nothing_is_delivered_to_a_session_that_does_not_take_it),
        cmocka_unit_test(a_stream_is_read_by_pages_from_a_version),
        cmocka_unit_test(a_page_holds_a_megabyte_and_at_least_one_event),
        cmocka_unit_test(what_is_not_durable_is_seen_by_nobody_H5),
        cmocka_unit_test(a_beacon_comes_every_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
