/* clock.c - see clock.h. */
#include "clock.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t
microseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
mst_clock_wall_ms(void)
{
    return microseconds(CLOCK_REALTIME) / 1000;
}

int64_t
mst_clock_monotonic_us(void)
{
    return microseconds(CLOCK_MONOTONIC);
}

uint64_t
mst_clock_cpu_us(void)
{
    return (uint64_t)microseconds(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
mst_clock_rss_kib(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
