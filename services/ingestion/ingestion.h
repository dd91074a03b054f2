/* ingestion.h - the core of service ingestion: templates, batches and the files of batches.
 *
 * Read it first, the other services have its shape: a state that apply() folds from events (templates.h, batches.h), a
 * store of its own for what is too big for the log (blobs.h), and work() that answers commands and queries
 * (commands in ingestion.c, the bytes of files in uploads.c). */
#ifndef MUSTER_INGESTION_H
#define MUSTER_INGESTION_H
#include "services/runtime/service.h"
extern const mst_core ingestion_core;
#endif
