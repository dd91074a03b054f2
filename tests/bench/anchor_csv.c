/* anchor_csv.c - libcsv with empty callbacks: the price of a byte-at-a-time parser and nothing else. */
#include "anchor.h"
#include "broker/lib/clock.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEED_SIZE = 65536 };

static void
on_cell(void *data, size_t size, void *context)
{
    (void)data, (void)size, (void)context;
}

static void
on_row(int end, void *context)
{
    (void)end;
    ++*(uint64_t *)context;
}

void
anchor_libcsv(const char *path)
{
    static char buffer[FEED_SIZE];
    FILE *file = fopen(path, "rb");
    struct csv_parser parser;
    if (file == NULL || csv_init(&parser, 0) != 0) {
        fprintf(stderr, "muster-bench-anchor: cannot read %s: %s\n", path, strerror(errno));
        exit(1);
    }
    uint64_t rows = 0, bytes = 0, cpu = mst_clock_cpu_us();
    int64_t start = mst_clock_monotonic_us();
    for (size_t size; (size = fread(buffer, 1, sizeof buffer, file)) > 0; bytes += size)
        if (csv_parse(&parser, buffer, size, on_cell, on_row, &rows) != size) {
            fprintf(stderr, "muster-bench-anchor: %s: %s\n", path, csv_strerror(csv_error(&parser)));
            exit(1);
        }
    csv_fini(&parser, on_cell, on_row, &rows);
    cpu = mst_clock_cpu_us() - cpu;
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    csv_free(&parser);
    fclose(file);
    printf("{\"rows\": %llu, \"cpu_us_per_row\": %.4f, \"mb_per_s\": %.1f, \"rows_per_s\": %.0f}\n",
           (unsigned long long)rows, (double)cpu / (double)rows, (double)bytes / 1e6 / seconds, (double)rows / seconds);
}
