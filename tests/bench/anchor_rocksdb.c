/* anchor_rocksdb.c - the same bytes into a bare RocksDB, group by group, each group synced. */
#include "anchor.h"
#include "broker/lib/arena.h"
#include "broker/lib/clock.h"
#include "stats.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
check(char *error)
{
    if (error != NULL) {
        fprintf(stderr, "muster-bench-anchor: %s\n", error);
        exit(1);
    }
}

void
anchor_rocksdb(const char *dir, size_t size, uint64_t count, uint32_t group)
{
    char path[4096], *error = NULL;
    snprintf(path, sizeof path, "%s/rocksdb", dir);
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_write_buffer_size(options, 16u << 20);
    rocksdb_options_set_max_total_wal_size(options, 64u << 20);
    rocksdb_options_set_info_log_level(options, 4);
    rocksdb_t *db = rocksdb_open(options, path, &error);
    check(error);
    rocksdb_writeoptions_t *synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(synced, 1);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char *value = mst_alloc(size);
    for (size_t i = 0; i < size; i++)
        value[i] = (char)(i * 131 + i / 7);
    uint64_t groups = (count + group - 1) / group, key = 0;
    double *samples = mst_alloc(groups * sizeof *samples);
    int64_t start = mst_clock_monotonic_us();
    for (uint64_t i = 0; i < groups; i++) {
        int64_t before = mst_clock_monotonic_us();
        rocksdb_writebatch_clear(batch);
        for (uint32_t at = 0; at < group; at++) {
            uint64_t ordered = __builtin_bswap64(++key);
            rocksdb_writebatch_put(batch, (const char *)&ordered, sizeof ordered, value, size);
        }
        rocksdb_write(db, synced, batch, &error);
        check(error);
        samples[i] = (double)(mst_clock_monotonic_us() - before);
    }
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    printf("{\"events_per_s\": %.0f, \"mb_per_s\": %.1f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"group\": %u}\n",
           (double)key / seconds, (double)key * (double)size / 1e6 / seconds, stats_percentile(samples, groups, 0.5),
           stats_percentile(samples, groups, 0.99), group);
    free(samples);
    free(value);
    rocksdb_writebatch_destroy(batch);
    rocksdb_writeoptions_destroy(synced);
    rocksdb_close(db);
    rocksdb_destroy_db(options, path, &error);
    check(error);
    rocksdb_options_destroy(options);
}
