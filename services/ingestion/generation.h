/* generation.h - files made on demand: blank files and documentation of a template, rejected rows of a batch.
 *
 * What the directory and the other services know is asked for while the call is under way; the file is written beside,
 * put into the store, and answered as a FileView. Asking again gives the same file, as long as nothing changed.
 * Thread: the loop. */
#ifndef MUSTER_INGESTION_GENERATION_H
#define MUSTER_INGESTION_GENERATION_H

#include "batches.h"
#include "blobs.h"
#include "services/runtime/catalog.h"

#define GENERATION_TAG 100u /* tags from here on are of what these calls ask for */

typedef struct generation_sources {
    const mst_catalog *catalog;
    const batches *batches;
    blobs *store;
    const char *temp_dir;
} generation_sources;

/* Takes GenerateTemplate and GenerateRejected; false: it is another call. */
bool generation_begin(const generation_sources *sources, mst_work *work, const mst_step *step);
/* What was asked for under a tag of ours came. */
void generation_go_on(const generation_sources *sources, mst_work *work, const mst_step *step);

#endif
