/* anchor.c - muster-bench-anchor: one limit a run. See anchor.h. */
#include "anchor.h"
#include "broker/lib/arena.h"
#include "broker/lib/clock.h"
#include "stats.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
anchor_fdatasync(const char *dir, size_t size, uint64_t count)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/fdatasync", dir);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        fprintf(stderr, "muster-bench-anchor: cannot write %s: %s\n", path, strerror(errno));
        exit(1);
    }
    uint8_t *bytes = mst_alloc(size);
    memset(bytes, 'x', size);
    double *samples = mst_alloc(count * sizeof *samples);
    int64_t start = mst_clock_monotonic_us();
    for (uint64_t i = 0; i < count; i++) {
        int64_t before = mst_clock_monotonic_us();
        ssize_t written = write(file, bytes, size);
        if (written != (ssize_t)size || fdatasync(file) != 0) {
            fprintf(stderr, "muster-bench-anchor: cannot write %s: %s\n", path, strerror(errno));
            exit(1);
        }
        samples[i] = (double)(mst_clock_monotonic_us() - before);
    }
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    close(file);
    unlink(path);
    printf("{\"p50_us\": %.0f, \"p99_us\": %.0f, \"per_s\": %.0f, \"mb_per_s\": %.1f}\n",
           stats_percentile(samples, count, 0.5), stats_percentile(samples, count, 0.99), (double)count / seconds,
           (double)count * (double)size / 1e6 / seconds);
    free(samples);
    free(bytes);
}

static uint64_t
number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*end != '\0' || value == 0) {
        fprintf(stderr, "muster-bench-anchor: \"%s\" is not a number above 0\n", text);
        exit(2);
    }
    return value;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "libcsv") == 0)
        anchor_libcsv(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "expat") == 0)
        anchor_expat(argv[2]);
    else if (argc == 5 && strcmp(argv[1], "fdatasync") == 0)
        anchor_fdatasync(argv[2], number(argv[3]), number(argv[4]));
    else if (argc == 5 && strcmp(argv[1], "push-pull") == 0)
        anchor_push_pull(argv[2], number(argv[3]), number(argv[4]));
    else if (argc == 6 && strcmp(argv[1], "rocksdb") == 0)
        anchor_rocksdb(argv[2], number(argv[3]), number(argv[4]), (uint32_t)number(argv[5]));
    else {
        fputs("muster-bench-anchor libcsv FILE | expat FILE.xlsx | fdatasync DIR SIZE COUNT | push-pull DIR SIZE COUNT "
              "|\n"
              "                    rocksdb DIR SIZE COUNT GROUP\n",
              stderr);
        return 2;
    }
    return 0;
}
