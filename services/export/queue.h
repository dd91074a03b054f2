/* queue.h - which batches wait for each other. See queue.c. */
#ifndef MUSTER_EXPORT_QUEUE_H
#define MUSTER_EXPORT_QUEUE_H

#include "services/export/export_state.h"

/* Whether both write a common kind, or kinds that some template links. */
bool queue_shared(const mst_catalog *catalog, const batch *left, const batch *right);

#endif
