/* stats.c - see stats.h. */
#include "stats.h"

#include <assert.h>
#include <stdlib.h>

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double
stats_percentile(double *samples, size_t count, double share)
{
    assert(count > 0);
    qsort(samples, count, sizeof *samples, by_value);
    return samples[(size_t)(share * (double)(count - 1) + 0.5)];
}
