/* log.h - structured log lines of a process: one JSON object a line on standard error.
 *
 * Keys and numbers, never personal data: no cell values, names of people, e-mail addresses, file names.
 * Thread: any. */
#ifndef MUSTER_LOG_H
#define MUSTER_LOG_H

#include "status.h"
#include <stdint.h>

typedef enum mst_log_level { MST_LOG_DEBUG, MST_LOG_INFO, MST_LOG_WARN, MST_LOG_ERROR } mst_log_level;

/* `process` as in "parsing/1"; copied. Lines below `level` are dropped. */
void mst_log_init(const char *process, mst_log_level level);
/* {"time":"2026-11-21T21:00:00.000Z","level":"info","process":"parsing/1","event":"started", ...}
 * After `event` come pairs: a key ending in no mark takes a string, "key=i" an int64_t, "key=u" a uint64_t,
 * "key=d" a double; NULL ends them. mst_log(MST_LOG_INFO, "batch read", "batch", "B7", "rows=u", rows, NULL) */
void mst_log(mst_log_level level, const char *event, ...) __attribute__((sentinel));

#endif
