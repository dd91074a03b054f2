/* test_blobs.c - files on their way, over restarts and full disks. */
#include "services/ingestion/blobs.h"
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static blobs *store;
static uint8_t data[300000], sha256[MST_HASH_SIZE];

static int
setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/muster-blobs-XXXXXX");
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    mst_sha256(data, sizeof data, sha256);
    return blobs_open_files(&store, dir) == MST_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    blobs_close(&store);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void
restart(void)
{
    blobs_close(&store);
    assert_int_equal(blobs_open_files(&store, dir), MST_OK);
}

static void
begin(bool with_hash)
{
    blob_upload upload = {.size = sizeof data, .sha256_known = with_hash, .file_name = "a \"b\".csv"};
    if (with_hash)
        memcpy(upload.sha256, sha256, sizeof sha256);
    assert_int_equal(store->ops->begin(store, "B1", &upload), MST_OK);
}

static uint64_t
offset(void)
{
    blob_upload upload;
    assert_int_equal(store->ops->look(store, "B1", &upload), MST_OK);
    assert_string_equal(upload.file_name, "a \"b\".csv");
    assert_int_equal(upload.size, sizeof data);
    return upload.offset;
}

static void
an_upload_goes_on_where_it_was_after_a_restart(void **state)
{
    (void)state;
    uint8_t found[MST_HASH_SIZE];
    begin(true);
    assert_int_equal(store->ops->put(store, "B1", data, 100000), MST_OK);
    restart();
    assert_int_equal(offset(), 100000);
    assert_int_equal(store->ops->put(store, "B1", data + 100000, sizeof data - 100000), MST_OK);
    restart();
    assert_int_equal(store->ops->finish(store, "B1", found), MST_OK);
    assert_memory_equal(found, sha256, sizeof sha256);
    static uint8_t back[sizeof data];
    size_t got;
    restart();
    assert_int_equal(store->ops->read(store, sha256, 1000, back, sizeof back, &got), MST_OK);
    assert_int_equal(got, sizeof data - 1000);
    assert_memory_equal(back, data + 1000, got);
}

static void
a_file_of_unknown_hash_is_named_by_the_one_it_has(void **state)
{
    (void)state;
    uint8_t found[MST_HASH_SIZE];
    uint64_t size;
    begin(false);
    assert_int_equal(store->ops->put(store, "B1", data, sizeof data), MST_OK);
    assert_int_equal(store->ops->size(store, sha256, &size), MST_NOT_FOUND);
    assert_int_equal(store->ops->finish(store, "B1", found), MST_OK);
    assert_memory_equal(found, sha256, sizeof sha256);
    assert_int_equal(store->ops->size(store, sha256, &size), MST_OK);
    assert_int_equal(size, sizeof data);
}

static void
bytes_changed_on_the_disk_meanwhile_are_noticed(void **state)
{
    (void)state;
    uint8_t found[MST_HASH_SIZE];
    begin(true);
    assert_int_equal(store->ops->put(store, "B1", data, sizeof data), MST_OK);
    blobs_close(&store);
    char path[100];
    snprintf(path, sizeof path, "%s/partial/B1.part", dir);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
    close(fd);
    assert_int_equal(blobs_open_files(&store, dir), MST_OK);
    assert_int_equal(store->ops->finish(store, "B1", found), MST_CORRUPT);
    blob_upload upload;
    assert_int_equal(store->ops->look(store, "B1", &upload), MST_NOT_FOUND); // begins again
}

static void
a_full_disk_keeps_what_has_arrived_and_lets_the_upload_go_on(void **state)
{
    (void)state;
    struct rlimit before, small;
    begin(true);
    assert_int_equal(store->ops->put(store, "B1", data, 100000), MST_OK);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 150000; // a write beyond it is cut, then refused
    setrlimit(RLIMIT_FSIZE, &small);
    mst_status rc = store->ops->put(store, "B1", data + 100000, 100000);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(rc, MST_FULL);
    assert_int_equal(offset(), 100000);
    restart();
    assert_int_equal(offset(), 100000);
    assert_int_equal(store->ops->put(store, "B1", data + 100000, sizeof data - 100000), MST_OK);
    uint8_t found[MST_HASH_SIZE];
    assert_int_equal(store->ops->finish(store, "B1", found), MST_OK);
}

static void
count_one(void *context, const char *batch_id)
{
    assert_string_equal(batch_id, "B1");
    ++*(unsigned *)context;
}

static void
what_is_forgotten_leaves_nothing_behind(void **state)
{
    (void)state;
    unsigned count = 0;
    begin(true);
    assert_int_equal(store->ops->put(store, "B1", data, 10), MST_OK);
    store->ops->partials(store, count_one, &count);
    assert_int_equal(count, 2); // bytes and description
    store->ops->forget(store, "B1");
    count = 0;
    store->ops->partials(store, count_one, &count);
    assert_int_equal(count, 0);
    blob_upload upload;
    assert_int_equal(store->ops->look(store, "B1", &upload), MST_NOT_FOUND);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_upload_goes_on_where_it_was_after_a_restart),
        T(a_file_of_unknown_hash_is_named_by_the_one_it_has),
        T(bytes_changed_on_the_disk_meanwhile_are_noticed),
        T(a_full_disk_keeps_what_has_arrived_and_lets_the_upload_go_on),
        T(what_is_forgotten_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
