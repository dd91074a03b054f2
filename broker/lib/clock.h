/* clock.h - the two clocks. Order and leases never depend on the wall clock. */
#ifndef MUSTER_CLOCK_H
#define MUSTER_CLOCK_H
#include <stdint.h>
int64_t mst_clock_wall_ms(void);      /* since 1970, UTC; for people */
int64_t mst_clock_monotonic_us(void); /* since boot; for durations */
uint64_t mst_clock_cpu_us(void);      /* of this process */
uint64_t mst_clock_rss_kib(void);     /* resident memory of this process */
#endif
