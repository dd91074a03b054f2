/* state.h - what service matching knows: the fold over the log, and the batches it has loaded.
 *
 * Everything but `loaded` is a pure fold of events (state.c: apply). Loaded batches are a cache of the few latest, made
 * from the log by work under way and dropped at will. Thread: the service's loop. */
#ifndef MUSTER_MATCHING_STATE_H
#define MUSTER_MATCHING_STATE_H

#include "directory_index.h"
#include "entries_index.h"
#include "services/runtime/catalog.h"
#include "services/runtime/service.h"

#define LOADED_MAX 3u                       /* batches kept loaded beside those in use */
#define LOADED_SIZE_MAX ((uint64_t)2 << 30) /* bytes of them together; the oldest go first */
#define KINDS_MAX 256u                      /* kinds of one directory; records of further ones are not indexed */

/* What a person decided about a row, the latest. */
typedef struct answered {
    uint32_t row;
    int choice; /* Muster__V1__Choice */
    char *record_id;
} answered;

typedef struct batch {
    char *id;
    char *kind; /* that the rows are matched against: of a caseload row the participant's */
    char *template_name;
    uint32_t template_version;
    char **fields; /* columns of the entries, as recognised; NULL: the template's */
    size_t fields_count;
    /* EntriesAccepted */
    uint64_t accepted_seq; /* 0: not yet */
    char *entries_stream;
    uint32_t generation, chunks, rows;
    /* MatchingStarted */
    bool started;
    uint64_t position;
    uint32_t spans;
    uint8_t *parameters;
    size_t parameters_size;
    answered *answers; /* in order of row */
    size_t answers_count, answers_room;
    bool closed; /* complete, cancelled or failed: nothing more is asked of matching */
} batch;

/* A batch in memory. */
typedef struct loaded {
    char *batch_id;
    uint32_t generation;
    entries *entries;
    uint32_t users; /* pieces of work that hold it */
    uint64_t used;  /* for choosing the oldest */
} loaded;

/* Records of a kind that is not declared yet: the two ways events take may bring them in either order. */
typedef struct waiting {
    uint64_t seq;
    uint8_t *body;
    size_t size;
    struct waiting *next;
} waiting;

typedef struct kind_index {
    char *kind;
    directory *directory;
} kind_index;

typedef struct matching {
    mst_catalog *catalog;
    kind_index kinds[KINDS_MAX];
    size_t kinds_count;
    waiting *waiting_first, **waiting_last;
    batch **batches; /* open ones, in the order created */
    size_t batches_count, batches_room;
    uint64_t records_seq;  /* highest RecordsChanged applied */
    uint64_t followed_seq; /* highest other event applied */
    loaded **loaded;
    size_t loaded_count, loaded_room;
    uint64_t uses, claimers;
    finder *finder;
} matching;

matching *matching_new(void);
void matching_destroy(matching **matching);
void matching_apply(matching *matching, const mst_event *event);

/* NULL: unknown, or closed. */
batch *matching_batch(const matching *matching, const char *batch_id);
/* NULL: no record of the kind yet. */
directory *matching_directory(const matching *matching, const char *kind);
/* Which column of the batch's entries plays which role, and which groups are its duplicate check. */
bool matching_layout(const matching *matching, const batch *batch, layout *layout, uint32_t *duplicate_check);
/* The template of the batch; NULL unknown. */
const Muster__V1__Template *matching_template(const matching *matching, const batch *batch);

/* Holds the batch in memory, loaded or not yet; release it when the work ends. NULL: its kind or template is unknown.
 * Only after MatchingStarted, which has the parameters. */
loaded *matching_hold(matching *matching, const batch *batch);
void matching_release(matching *matching, loaded *loaded);

/* The person's choice about a row; NULL none. */
const answered *batch_answer(const batch *batch, uint32_t row);

#endif
