/* The log on disk: what was synced is there after reopening, what is torn is cut, what is damaged is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/chain.h"
#include "broker/eventlog.h"
#include "broker/verify.h"
#include "envelope.pb-c.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct disk {
    char dir[64];
    mst_store *store;
    mst_arena *arena;
    mst_hash *hash;
    uint8_t last_hash[32];
    char why[MST_EVENTLOG_WHY_SIZE];
} disk;

static mst_status
try_open(disk *d)
{
    mst_eventlog_options options = {.dir = d->dir, .sync = true};
    return mst_eventlog_open(&d->store, &options, d->why);
}

static int
setup(void **state)
{
    disk *d = calloc(1, sizeof *d);
    strcpy(d->dir, "/tmp/muster-eventlog-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    d->arena = mst_arena_new(0);
    d->hash = mst_hash_new();
    assert_int_equal(try_open(d), MST_OK);
    *state = d;
    return 0;
}

static int
remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int
teardown(void **state)
{
    disk *d = *state;
    mst_store_close(&d->store);
    mst_arena_destroy(&d->arena);
    mst_hash_destroy(&d->hash);
    nftw(d->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(d);
    return 0;
}

/* One event in a turn of its own, with a fact beside it. */
static void
append(disk *d, size_t body_size)
{
    uint64_t seq = d->store->tail(d->store) + 1;
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    uint8_t *body = mst_arena_alloc(d->arena, body_size + 1), packed[1024];
    memset(body, 'a' + (int)(seq % 26), body_size);
    head.seq = seq;
    head.type = (char *)"EntriesRead";
    head.stream = (char *)"parsing/B1";
    head.stream_version = seq;
    head.body_size = (uint32_t)body_size;
    head.incarnation = (ProtobufCBinaryData){16, (uint8_t *)"incarnation-0001"};
    size_t size = muster__v1__envelope__pack(&head, packed);
    size = mst_chain_seal(d->hash, seq == 1, d->last_hash, packed, size, (mst_slice){body, body_size});
    mst_store_event event = {seq, {packed, size}, {body, body_size}, "parsing/B1", seq};
    mst_store_fact fact = {{(const uint8_t *)"tkey", 4}, {packed, 8}, false};
    mst_turn turn = {seq - 1, &event, 1, &fact, 1};
    assert_int_equal(d->store->append(d->store, &turn), MST_OK);
    mst_eventlog_note(d->store, 0, (const uint8_t *)"incarnation-0001", seq, d->last_hash, true);
}

static void
append_many(disk *d, unsigned count, size_t body_size)
{
    for (unsigned i = 0; i < count; i++)
        append(d, body_size);
}

/* The newest file of a folder whose name ends so. */
static void
newest(const disk *d, const char *folder, const char *end, char path[512])
{
    char dir[128], best[256] = "";
    snprintf(dir, sizeof dir, "%s/%s", d->dir, folder);
    DIR *handle = opendir(dir);
    for (struct dirent *entry; (entry = readdir(handle)) != NULL;) {
        size_t size = strlen(entry->d_name), end_size = strlen(end);
        if (size > end_size && strcmp(entry->d_name + size - end_size, end) == 0 && strcmp(entry->d_name, best) > 0)
            snprintf(best, sizeof best, "%s", entry->d_name);
    }
    closedir(handle);
    assert_true(best[0] != '\0');
    snprintf(path, 512, "%s/%s", dir, best);
}

static off_t
size_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

/* A process that dies without closing: the directory as it stands now, opened as if for the first time. */
static void
copy_dir_and_close(disk *d)
{
    char command[512], moved[80];
    snprintf(moved, sizeof moved, "%s.x", d->dir);
    snprintf(command, sizeof command, "cp -r %s %s", d->dir, moved);
    assert_int_equal(system(command), 0);
    mst_store_close(&d->store);
    snprintf(command, sizeof command, "rm -rf %s && mv %s %s", d->dir, moved, d->dir);
    assert_int_equal(system(command), 0);
}

static void
flip(const char *path, off_t at)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x20;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void
what_was_appended_is_there_after_reopening(void **state)
{
    disk *d = *state;
    append_many(d, 50, 1000);
    mst_store_close(&d->store);
    assert_int_equal(try_open(d), MST_OK);
    assert_int_equal(d->store->tail(d->store), 50);
    mst_verify_result result;
    assert_int_equal(mst_verify_log(d->store, 1, NULL, true, &result), MST_OK);
    assert_int_equal(result.events, 50);
    assert_memory_equal(result.hash, d->last_hash, 32);
    mst_slice value;
    assert_int_equal(d->store->fact(d->store, (mst_slice){(const uint8_t *)"tkey", 4}, d->arena, &value), MST_OK);
    uint64_t version;
    assert_int_equal(d->store->stream_last(d->store, "parsing/B1", &version), MST_OK);
    assert_int_equal(version, 50);
    assert_int_equal(d->store->stream_last(d->store, "parsing/B", &version), MST_OK);
    assert_int_equal(version, 0);
}

static void
a_turn_for_another_tail_is_stale(void **state)
{
    disk *d = *state;
    append(d, 10);
    mst_turn turn = {.tail = 7};
    assert_int_equal(d->store->append(d->store, &turn), MST_STALE);
}

static void
a_process_that_died_leaves_everything_it_appended(void **state)
{
    disk *d = *state;
    append_many(d, 300, 500);
    copy_dir_and_close(d);
    assert_int_equal(try_open(d), MST_OK);
    assert_int_equal(d->store->tail(d->store), 300);
}

static void
a_second_broker_on_the_log_is_refused(void **state)
{
    disk *d = *state;
    mst_store *second = NULL;
    mst_eventlog_options options = {.dir = d->dir, .sync = true};
    assert_int_equal(mst_eventlog_open(&second, &options, d->why), MST_BUSY);
    assert_null(second);
}

static void
a_torn_unsynced_end_is_cut_and_the_log_goes_on(void **state)
{
    disk *d = *state;
    char path[512];
    append_many(d, 40, 500);
    newest(d, "log", ".log", path);
    off_t synced = size_of(path);
    unsigned char highwater[1024];
    char mark[128];
    snprintf(mark, sizeof mark, "%s/highwater", d->dir);
    FILE *file = fopen(mark, "rb");
    size_t mark_size = fread(highwater, 1, sizeof highwater, file);
    fclose(file);
    append(d, 500); // this one is written, but the power goes before its sync is answered
    copy_dir_and_close(d);
    file = fopen(mark, "wb");
    fwrite(highwater, 1, mark_size, file);
    fclose(file);
    for (off_t cut = synced + 200; cut > synced; cut -= 60) {
        newest(d, "log", ".log", path);
        if (size_of(path) < cut)
            break;
        assert_int_equal(truncate(path, cut), 0);
        assert_int_equal(try_open(d), MST_OK);
        assert_int_equal(d->store->tail(d->store), 40);
        mst_store_close(&d->store);
        break;
    }
    assert_int_equal(try_open(d), MST_OK);
    assert_int_equal(d->store->tail(d->store), 40);
}

static void
a_zeroed_unsynced_end_is_cut_too(void **state)
{
    disk *d = *state;
    char path[512];
    static const char zeros[8192];
    append_many(d, 40, 500);
    newest(d, "log", ".log", path);
    copy_dir_and_close(d);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, zeros, sizeof zeros), sizeof zeros);
    close(fd);
    assert_int_equal(try_open(d), MST_OK);
    assert_int_equal(d->store->tail(d->store), 40);
}

static void
a_damaged_write_ahead_log_is_refused_and_not_touched(void **state)
{
    disk *d = *state;
    char path[512];
    append_many(d, 100, 500);
    newest(d, "log", ".log", path);
    copy_dir_and_close(d);
    off_t before = size_of(path);
    flip(path, before / 2);
    assert_int_equal(try_open(d), MST_CORRUPT);
    assert_non_null(strstr(d->why, "damaged"));
    assert_int_equal(size_of(path), before);
    assert_int_equal(try_open(d), MST_CORRUPT); // and again: the refusal changed nothing
}

static void
a_deleted_write_ahead_log_is_noticed_by_the_high_water_mark_H6(void **state)
{
    disk *d = *state;
    char path[512];
    append_many(d, 100, 500);
    newest(d, "log", ".log", path);
    copy_dir_and_close(d);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(try_open(d), MST_CORRUPT);
    assert_non_null(strstr(d->why, "events 1 to 100 were synced and are gone"));
}

static void
a_write_ahead_log_cut_between_records_is_noticed_by_the_high_water_mark_H6(void **state)
{
    disk *d = *state;
    char path[512];
    append_many(d, 60, 500);
    newest(d, "log", ".log", path);
    off_t cut = size_of(path);
    append_many(d, 40, 500);
    copy_dir_and_close(d);
    assert_int_equal(truncate(path, cut), 0);
    assert_int_equal(try_open(d), MST_CORRUPT);
    assert_non_null(strstr(d->why, "events 61 to 100"));
}

static void
flip_all_over(disk *d, const char *folder, const char *suffix, unsigned events, size_t body_size)
{
    char path[512];
    append_many(d, events, body_size);
    mst_store_close(&d->store);
    newest(d, folder, suffix, path);
    off_t size = size_of(path);
    unsigned refused = 0;
    mst_eventlog_options only_look = {.dir = d->dir, .read_only = true}; // so that nothing is rewritten between flips
    for (int i = 1; i < 32; i++) {
        flip(path, size * i / 32);
        mst_status rc = mst_eventlog_open(&d->store, &only_look, d->why);
        mst_verify_result result;
        if (rc == MST_OK)
            rc = mst_verify_log(d->store, 1, NULL, true, &result);
        if (rc == MST_OK) { // a byte of a filter or of padding: then everything is there and right
            assert_int_equal(result.events, events);
            assert_memory_equal(result.hash, d->last_hash, 32);
        } else {
            assert_int_equal(rc, MST_CORRUPT);
            refused++;
        }
        mst_store_close(&d->store);
        flip(path, size * i / 32);
    }
    assert_true(refused >= 16);
    assert_int_equal(try_open(d), MST_OK);
    mst_verify_result result;
    assert_int_equal(mst_verify_log(d->store, 1, NULL, true, &result), MST_OK);
}

static void
a_flipped_byte_in_a_table_file_is_never_served(void **state)
{
    flip_all_over(*state, "log", ".sst", 1500, 20000); // small enough to stay in the log's own tables
}

static void
a_flipped_byte_in_a_file_of_bodies_is_never_served(void **state)
{
    flip_all_over(*state, "bodies", ".seg", 100, 60000);
}

static void
large_bodies_stand_apart_and_are_there_after_the_process_died(void **state)
{
    disk *d = *state;
    for (int life = 1; life <= 3; life++) {
        append_many(d, 30, 100000);
        append_many(d, 30, 700);
        copy_dir_and_close(d);
        assert_int_equal(try_open(d), MST_OK);
        mst_verify_result result;
        assert_int_equal(mst_verify_log(d->store, 1, NULL, true, &result), MST_OK);
        assert_int_equal(result.events, 60 * life);
        assert_memory_equal(result.hash, d->last_hash, 32);
    }
}

static void
bodies_fill_one_segment_after_the_other(void **state)
{
    disk *d = *state;
    append_many(d, 150, 1000000);
    mst_store_close(&d->store);
    char path[512];
    newest(d, "bodies", ".seg", path);
    assert_non_null(strstr(path, "000000000003.seg"));
    assert_int_equal(try_open(d), MST_OK);
    mst_verify_result result;
    assert_int_equal(mst_verify_log(d->store, 1, NULL, true, &result), MST_OK);
    assert_int_equal(result.events, 150);
}

static void
a_lost_file_of_bodies_is_noticed(void **state)
{
    disk *d = *state;
    char path[512];
    append_many(d, 20, 100000);
    mst_store_close(&d->store);
    newest(d, "bodies", ".seg", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(try_open(d), MST_CORRUPT);
    assert_non_null(strstr(d->why, "damaged from event 1 to 20"));
}

static void
the_ballast_is_made_and_given_up_only_by_the_start(void **state)
{
    disk *d = *state;
    char path[128];
    mst_store_close(&d->store);
    mst_eventlog_options options = {.dir = d->dir, .sync = true, .reserve = 1 << 20};
    assert_int_equal(mst_eventlog_open(&d->store, &options, d->why), MST_OK);
    snprintf(path, sizeof path, "%s/ballast", d->dir);
    assert_int_equal(size_of(path), 1 << 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_appended_is_there_after_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_for_another_tail_is_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_that_died_leaves_everything_it_appended, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_broker_on_the_log_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_unsynced_end_is_cut_and_the_log_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_zeroed_unsynced_end_is_cut_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_write_ahead_log_is_refused_and_not_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deleted_write_ahead_log_is_noticed_by_the_high_water_mark_H6, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_write_ahead_log_cut_between_records_is_noticed_by_the_high_water_mark_H6,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_flipped_byte_in_a_table_file_is_never_served, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flipped_byte_in_a_file_of_bodies_is_never_served, setup, teardown),
        cmocka_unit_test_setup_teardown(large_bodies_stand_apart_and_are_there_after_the_process_died, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_fill_one_segment_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_file_of_bodies_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ballast_is_made_and_given_up_only_by_the_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
