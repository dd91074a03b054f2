/* uploads.h - the commands that bring the bytes of a file, and the query that gives them to parsing. */
#ifndef MUSTER_INGESTION_UPLOADS_H
#define MUSTER_INGESTION_UPLOADS_H

#include "batches.h"
#include "blobs.h"

/* BeginUpload, PutRange, FinishUpload, ReadBlob. False: `step` is none of these. */
bool uploads_work(const batches *known, blobs *store, mst_work *work, const mst_step *step);
/* The view with the offset that the upload has reached. */
Muster__V1__BatchView uploads_view(const batch *found, blobs *store);
/* Why a file of this name is not taken (A12); NULL: it is. */
const char *uploads_refusal(const char *file_name);
/* Whether the partial of this name is wanted no more: its file is there, or nobody waits for it. */
bool uploads_are_over(const batches *known, const char *name);

#endif
