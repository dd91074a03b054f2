/* inspect.h - looking at a log that no broker has open: is it whole, and what is in it. */
#ifndef MUSTER_INSPECT_H
#define MUSTER_INSPECT_H

#include <stdbool.h>

/* Both print for people, or with `json` one object; they return the exit code: 0 whole, 1 damaged or unreadable. */
int mst_inspect_verify(const char *data_dir, bool json);
int mst_inspect_stats(const char *data_dir, bool json);

#endif
