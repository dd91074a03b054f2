/* test_batchlog.c - what a service remembers, in memory and on disk. */
#include "services/runtime/batchlog.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t incarnation[16] = "a log";
static char dir[64];

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static int
directory_set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/batchlog-test-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int
directory_tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static mst_batchlog *
opened(void)
{
    char why[256] = "", path[128];
    mst_batchlog *log = NULL;
    snprintf(path, sizeof path, "%s/batchlog", dir);
    assert_int_equal(mst_batchlog_open(&log, path, why), MST_OK);
    return log;
}

static void
add(mst_batchlog *log, uint64_t seq, const char *batch_id, const char *stream, uint64_t version, const char *body)
{
    uint8_t hash[MST_HASH_SIZE] = {(uint8_t)seq};
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    head.seq = seq;
    head.type = "BatchCreated";
    head.batch_id = (char *)batch_id;
    head.stream = (char *)stream;
    head.stream_version = version;
    head.hash = (ProtobufCBinaryData){sizeof hash, hash};
    mst_batchlog_add(log, &head, (mst_slice){(const uint8_t *)body, body ? strlen(body) : 0});
}

static void
note(void *context, const Muster__V1__Envelope *head, mst_slice body)
{
    char *text = context;
    sprintf(text + strlen(text), "%d:%s:%.*s ", (int)head->seq, head->batch_id, (int)body.size,
            body.data ? (const char *)body.data : "");
    if (!body.data)
        strcat(text, "(head) ");
}

static void
filled(mst_batchlog *log)
{
    assert_int_equal(mst_batchlog_clear(log, incarnation), MST_OK);
    add(log, 2, "B1", "ingestion/B1", 1, "one");
    add(log, 3, "B2", "ingestion/B2", 1, NULL);
    add(log, 7, "B1", "ingestion/B1", 2, "two");
    assert_int_equal(mst_batchlog_version(log, "ingestion/B1"), 2); /* known before it is written */
    assert_int_equal(mst_batchlog_flush(log, 9), MST_OK);
    add(log, 12, "B10", "ingestion/B10", 1, "");
    assert_int_equal(mst_batchlog_flush(log, 12), MST_OK);
}

static void
it_replays_in_the_order_of_the_log(mst_batchlog *log)
{
    char text[1024] = "";
    assert_int_equal(mst_batchlog_replay(log, 0, note, text), MST_OK);
    assert_string_equal(text, "2:B1:one 3:B2: (head) 7:B1:two 12:B10: ");
    text[0] = '\0';
    assert_int_equal(mst_batchlog_replay(log, 3, note, text), MST_OK);
    assert_string_equal(text, "7:B1:two 12:B10: ");
}

static void
it_knows_where_it_stands(mst_batchlog *log)
{
    const mst_position *position = mst_batchlog_position(log);
    assert_int_equal(position->applied_seq, 12);
    assert_int_equal(position->seen_seq, 12);
    assert_int_equal(position->seen_hash[0], 12);
    assert_memory_equal(position->incarnation, incarnation, 16);
    assert_int_equal(mst_batchlog_version(log, "ingestion/B1"), 2);
    assert_int_equal(mst_batchlog_version(log, "ingestion/B2"), 1);
    assert_int_equal(mst_batchlog_version(log, "ingestion/B9"), 0);
}

static void
what_was_written_is_there_after_reopening(void **state)
{
    (void)state;
    mst_batchlog *log = opened();
    filled(log);
    add(log, 13, "B1", "ingestion/B1", 3, "never written");
    mst_batchlog_close(&log);
    assert_null(log);
    log = opened();
    it_replays_in_the_order_of_the_log(log);
    it_knows_where_it_stands(log);
    mst_batchlog_close(&log);
}

static void
the_one_in_memory_behaves_the_same(void **state)
{
    (void)state;
    mst_batchlog *log = mst_batchlog_open_memory();
    filled(log);
    it_replays_in_the_order_of_the_log(log);
    it_knows_where_it_stands(log);
    mst_batchlog_close(&log);
}

static void
an_event_added_twice_is_there_once(void **state)
{
    (void)state;
    mst_batchlog *log = opened();
    filled(log);
    add(log, 7, "B1", "ingestion/B1", 2, "changed");
    add(log, 13, "B1", "ingestion/B1", 3, "new");
    add(log, 13, "B1", "ingestion/B1", 3, "changed");
    assert_int_equal(mst_batchlog_flush(log, 13), MST_OK);
    char text[1024] = "";
    assert_int_equal(mst_batchlog_replay(log, 3, note, text), MST_OK);
    assert_string_equal(text, "7:B1:two 12:B10: 13:B1:new ");
    mst_batchlog_close(&log);
}

static void
clearing_leaves_nothing_of_the_other_log(void **state)
{
    (void)state;
    mst_batchlog *log = opened();
    filled(log);
    mst_slice snapshot = {(const uint8_t *)"state", 5};
    assert_int_equal(mst_batchlog_snapshot_put(log, 12, snapshot), MST_OK);
    assert_int_equal(mst_batchlog_clear(log, (const uint8_t *)"another log....."), MST_OK);
    char text[1024] = "";
    assert_int_equal(mst_batchlog_replay(log, 0, note, text), MST_OK);
    assert_string_equal(text, "");
    assert_int_equal(mst_batchlog_version(log, "ingestion/B1"), 0);
    assert_int_equal(mst_batchlog_position(log)->applied_seq, 0);
    mst_arena *arena = mst_arena_new(0);
    uint64_t seq;
    assert_int_equal(mst_batchlog_snapshot_get(log, arena, &seq, &snapshot), MST_NOT_FOUND);
    mst_arena_destroy(&arena);
    mst_batchlog_close(&log);
}

static void
the_newest_snapshot_is_the_one_that_is_given(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    mst_batchlog *logs[2] = {opened(), mst_batchlog_open_memory()};
    for (int i = 0; i < 2; i++) {
        uint64_t seq = 0;
        mst_slice got;
        filled(logs[i]);
        assert_int_equal(mst_batchlog_snapshot_get(logs[i], arena, &seq, &got), MST_NOT_FOUND);
        assert_int_equal(mst_batchlog_snapshot_put(logs[i], 9, (mst_slice){(const uint8_t *)"old", 3}), MST_OK);
        assert_int_equal(mst_batchlog_snapshot_put(logs[i], 12, (mst_slice){(const uint8_t *)"new", 3}), MST_OK);
        assert_int_equal(mst_batchlog_snapshot_get(logs[i], arena, &seq, &got), MST_OK);
        assert_int_equal(seq, 12);
        assert_memory_equal(got.data, "new", 3);
        mst_batchlog_close(&logs[i]);
    }
    mst_arena_destroy(&arena);
}

static void
a_second_process_is_told_that_the_log_is_taken(void **state)
{
    (void)state;
    char why[256] = "", path[128];
    mst_batchlog *log = opened(), *second = NULL;
    snprintf(path, sizeof path, "%s/batchlog", dir);
    assert_int_equal(mst_batchlog_open(&second, path, why), MST_BUSY);
    assert_null(second);
    mst_batchlog_close(&log);
}

static void
a_crash_in_memory_takes_whole_writes_only(void **state)
{
    (void)state;
    mst_batchlog *log = mst_batchlog_open_memory();
    filled(log);
    mst_batchlog_memory_crash(log, 1);
    assert_int_equal(mst_batchlog_position(log)->applied_seq, 9);
    char text[1024] = "";
    assert_int_equal(mst_batchlog_replay(log, 0, note, text), MST_OK);
    assert_string_equal(text, "2:B1:one 3:B2: (head) 7:B1:two ");
    mst_batchlog_memory_crash(log, 100);
    assert_int_equal(mst_batchlog_position(log)->applied_seq, 0);
    mst_batchlog_close(&log);
}

/* A store that was deleted and filled again prints the same lines, with or without a snapshot. */
static void
a_rebuilt_store_dumps_equal(void **state)
{
    (void)state;
    char why[256] = "", *text[2] = {NULL, NULL};
    size_t size;
    for (int i = 0; i < 2; i++) {
        mst_batchlog *log = opened();
        filled(log);
        if (i == 0)
            assert_int_equal(mst_batchlog_snapshot_put(log, 9, (mst_slice){(const uint8_t *)"x", 1}), MST_OK);
        mst_batchlog_close(&log);
        FILE *saved = stdout;
        stdout = open_memstream(&text[i], &size);
        mst_status rc = mst_batchlog_dump(dir, why);
        fclose(stdout);
        stdout = saved;
        assert_int_equal(rc, MST_OK);
        directory_tear_down(NULL);
        directory_set_up(NULL);
    }
    assert_true(strlen(text[0]) > 100);
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, directory_set_up, directory_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(what_was_written_is_there_after_reopening),
        cmocka_unit_test(the_one_in_memory_behaves_the_same),
        ON_DISK(an_event_added_twice_is_there_once),
        ON_DISK(clearing_leaves_nothing_of_the_other_log),
        ON_DISK(the_newest_snapshot_is_the_one_that_is_given),
        ON_DISK(a_second_process_is_told_that_the_log_is_taken),
        cmocka_unit_test(a_crash_in_memory_takes_whole_writes_only),
        ON_DISK(a_rebuilt_store_dumps_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
