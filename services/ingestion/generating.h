/* generating.h - one file that is being made; shared by generation.c and generation_rejected.c only. */
#ifndef MUSTER_INGESTION_GENERATING_H
#define MUSTER_INGESTION_GENERATING_H

#include "generation.h"
#include "made_file.h"
#include "reasons.h"

enum { TAG_VALUES = GENERATION_TAG, TAG_ENTRIES, TAG_FAULTS, TAG_MATCHED, TAG_EXPORTED };

typedef struct generating {
    const Muster__V1__Template *template;
    Muster__V1__FileFormat format;
    sheet_list *lists;  /* one a field */
    size_t lists_ready; /* fields whose list is complete */
    size_t list_room;
    made_file made;

    /* rejected rows */
    const char *batch_id; /* NULL: a template is generated */
    uint32_t generation;
    bool import;
    reasons faults, matched, exported;
    uint64_t entries_next;
    bool entries_ended;
    mst_arena *page; /* chunks of the page at hand, packed, and the one at work */
    mst_slice *chunks;
    size_t chunks_at, chunks_count;
    const Muster__V1__EntriesRead *chunk; /* NULL: none at work */
    rejected_file *file;
} generating;

/* Answers with what was written to self->made. */
void generating_keep(generating *self, const generation_sources *sources, mst_work *work, const char *file_name,
                     uint32_t rows);
void generating_refuse(mst_work *work, mst_status status);

/* Reads on, or ends the call. */
void rejected_go_on(generating *self, const generation_sources *sources, mst_work *work);
/* What rejected_go_on asked for. */
void rejected_take(generating *self, const generation_sources *sources, mst_work *work, const mst_step *step);

#endif
