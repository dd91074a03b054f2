/* stats.h - what a heap of samples says. Thread: any. */
#ifndef MUSTER_BENCH_STATS_H
#define MUSTER_BENCH_STATS_H

#include <stddef.h>

/* The sample below which `share` of them lie: 0.5 is the median. Sorts them; count is not 0. */
double stats_percentile(double *samples, size_t count, double share);

#endif
