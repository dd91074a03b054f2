/* batches.h - what export remembers of each batch: a fold over the events of all services about it.
 *
 * Ownership: events are copied; a batch is lent until its state ends. Thread: one. */
#ifndef MUSTER_EXPORT_BATCHES_H
#define MUSTER_EXPORT_BATCHES_H

#include "discrepancy.pb-c.h"
#include "services/runtime/service.h"

typedef struct resolution {
    uint32_t row;
    Muster__V1__Choice choice;
    char *record_id; /* with CHOICE_SELECT: or "row:N" */
} resolution;

typedef struct batch {
    const char *id;
    uint64_t seq; /* of the last event taken */
    /* BatchCreated; NULL until it is known */
    char *kind;
    char *template_name;
    uint32_t template_version;
    char *date;
    char *id_column;
    bool import, dry_run, membership_date, update_campus, repeat_assignments;
    /* FileRecognised: the columns of the entries; id_field: the one that holds the record's id in an import, or -1 */
    char **fields;
    size_t fields_count;
    uint32_t *file_columns; /* of each, in the file, 1-based; 0 none */
    int id_field;
    /* EntriesAccepted */
    uint32_t generation;
    char *entries_stream;
    uint32_t chunks, rows;
    char **columns; /* fields that a column of the file feeds */
    size_t columns_count;
    /* MatchingFinished, RecheckFinished */
    uint64_t position; /* the directory, as of this seq, is what the decisions know */
    uint32_t rechecks; /* asked for */
    /* DiscrepancyResolved, in order of row */
    resolution *resolutions;
    size_t resolutions_count, resolutions_room;
    /* Its own export */
    uint64_t queued_seq;      /* of the last ExportQueued; 0 none */
    uint64_t left_queue_seq;  /* of the event that ended the last one: RecheckRequested, BatchCompleted, BatchFailed */
    uint64_t records_version; /* of the stream of records, as far as it was applied since this process started */
    uint32_t records_events;  /* in that stream, once completed */
    bool started, completed, failed, cancelled;
} batch;

typedef struct batches batches;

batches *batches_new(void);
void batches_destroy(batches **self);
/* Takes events of the types export remembers, and RecordsChanged; ignores all others. */
void batches_apply(batches *self, const mst_event *event);
/* NULL: unknown. */
batch *batches_find(const batches *self, const char *batch_id);
/* The next batch behind `after` (NULL: the first) in order of creation; NULL: no more. */
batch *batches_next(const batches *self, const batch *after);
/* The decision of a person about a row; NULL none. */
const resolution *batch_resolution(const batch *self, uint32_t row);

#endif
