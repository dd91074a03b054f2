/* job.h - one batch being exported: what job.c (the order of steps), job_rules.c (what is written how), chunk.c (one
 * chunk of it), assigning.c (one chunk whose rows write records of other kinds than they were matched to) and naming.c
 * (what new records are called) share.
 *
 * A batch is written in stretches of at most about FATES_ROWS_MAX rows and STRETCH_SIZE_MAX bytes: their decisions are
 * read, the records they touch are fetched in one sorted pass, then chunk after chunk is read and written, each as one
 * part of the answer. Within a stretch later rows see what earlier ones changed; between stretches the directory has
 * caught up. So memory depends on the stretch, and a stretch may begin at any chunk: after a crash the first chunk not
 * accepted yet begins one. A dry run changes no directory: where rows write several kinds it keeps what it would have
 * changed (some 200 bytes a record), and after a crash goes through the chunks before once more in silence. */
#ifndef MUSTER_EXPORT_JOB_H
#define MUSTER_EXPORT_JOB_H

#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/export/assignments.h"
#include "services/export/changes.h"
#include "services/export/export_state.h"
#include "services/export/fates.h"
#include "services/export/outgoing.h"
#include "services/export/results.h"
#include "services/export/update.h"

#define OUTCOMES_COUNT 6u
#define STRETCH_SIZE_MAX (160u << 20) /* bytes of records fetched for one stretch, as they are on average */
#define STRETCH_RECORD_SIZE 112u      /* bytes kept of each beside its values */
#define RECORD_SIZE_MAX (768u << 10)  /* bytes of values in one record; a row that would make more is rejected */
#define ASSIGNED_ROWS_MAX 65536u /* rows of a stretch that write several kinds: what they change is kept in memory */
#define CHUNK_CHANGED_SIZE_MAX                                                                                         \
    (12u << 20) /* bytes of values changed by one chunk, so that they fit into one commit; a                           \
                   row that would make more is rejected */

typedef enum job_phase {
    JOB_CATCHING_UP, /* earlier exports of the kind must have reached the directory */
    JOB_COUNTING,    /* after a crash: what the accepted parts did */
    JOB_SETTLING,    /* the stretch before must have reached the directory */
    JOB_DECISIONS,   /* reading what becomes of the rows of this stretch */
    JOB_FAR,         /* what became of rows in front of it that are followed */
    JOB_ROWS         /* chunk after chunk */
} job_phase;

/* What became of a row in front of the stretch. */
typedef struct far_row {
    uint32_t row;
    bool known;
    fate_kind kind;
    mst_slice id;
} far_row;

typedef struct job {
    export_stepper step; /* first, see export_state.h */
    export_state *state;
    batch *batch;
    const Muster__V1__Kind *kind;         /* of the batch */
    const char *matched_kind;             /* that its rows were matched to: of a caseload row the participant's */
    const Muster__V1__Template *template; /* NULL: an import */
    bool may_create;
    update_plan plan;
    bool assigned; /* rows write as `assignment` says, not by `plan` */
    assignment_plan assignment;
    uint64_t queued_seq; /* of the input */
    uint64_t position;   /* decisions know the directory as of here */
    uint32_t generation;
    uint32_t next_part;
    job_phase phase;
    /* Streams: decisions, results, records; and its own, export/<batch>. */
    char *decisions_stream, *results_stream, *records_stream, *own_stream;
    const batch *earlier; /* CATCHING_UP: the export looked at */

    uint64_t counts[OUTCOMES_COUNT];
    uint64_t records_events; /* RecordsChanged written so far, in this life or before */
    uint32_t *chunk_rows;    /* first row of each chunk known, and behind them the next one's */
    uint32_t chunks_known;
    bool all_new;            /* every row makes a record under an id of its own: nothing to decide or look up */
    bool look_before_making; /* ids of this batch may be taken */
    int id_field;            /* an import: column of the rows that holds the record's id, -1 none */
    int key;                 /* not assigned: field of the kind that names a record which a row makes, -1 none */

    /* The stretch */
    mst_arena *arena;
    fates fates;
    uint32_t chunk;       /* the next to be written */
    uint32_t chunk_end;   /* first behind the stretch */
    uint32_t chunk_asked; /* first not asked for */
    uint32_t pages_open;  /* asked and not here */
    far_row *far;
    size_t far_count, far_asked;
    directory_record *records;
    size_t records_count;
    uint32_t *users;  /* of each record: rows still to come that mean it */
    bool *made;       /* of each record: a row of this stretch makes it */
    bool *refused;    /* of each record: the row that was to make it found its id taken */
    changes *changed; /* of each kind written, what this stretch (a dry run: all of it) has changed; not assigned, and
                         `key` >= 0: only the ids of records made; else NULL */
    struct named_record **named; /* assigned: of each reference, what was looked up lately (assigning.c) */
    mst_arena *dry_arena;        /* a dry run's changes */
    bool *look_for_ids;          /* of each kind written: ids of this batch may be taken */
    uint32_t rehearsed;          /* a dry run after a crash: chunks below are gone through in silence */
    mst_slice **rewritten;       /* of each record: its cells since this stretch changed it, NULL before */

    /* One chunk */
    outgoing *out; /* of each kind written */
    size_t kinds_count;
    size_t chunk_changed_size;
    mst_slice *before, *after; /* a cell per field of the kind */
} job;

/* job_rules.c: fills in the rules. NULL: done; else why the batch cannot be written, and what to do (NULL: nothing, it
 * is a defect). */
const char *job_find_rules(job *self, mst_arena *arena, const char **advice);
/* Events of a batch's records that are known to be in the directory. */
uint64_t job_records_applied(const export_state *state, const batch *one);

/* chunk.c: writes the events of one chunk to the current part. False: something cannot be; `why` says what, and no
 * event was added. */
bool chunk_write(job *self, mst_work *work, const Muster__V1__EntriesRead *entries, char why[256]);
/* assigning.c: forgets what the stretch before looked up or changed. */
void assign_begin(job *self);
/* assigning.c: one row of such a chunk. */
void assign_row(job *self, mst_work *work, const Muster__V1__Rows *rows, uint32_t row, results *of);

/* chunk.c, for both */
fate *chunk_fate(const job *self, uint32_t row);
bool chunk_exists(const directory_record *record);
/* The row is skipped or rejected by its fate: says so, and true. */
bool chunk_drop(const job *self, const fate *one, results *of);

/* naming.c: the field of the kind whose value is the id of a record that a row makes; -1: ids are made of batch and
 * row. */
int naming_key(const Muster__V1__Kind *kind);
/* Another made this id before this batch could ("B9-1" came in a file before B9 did): the next free one. `at`: of the
 * kinds written. */
void naming_find_free(job *self, size_t at, const Muster__V1__Kind *kind, directory_record *record);
/* A row makes a record of a kind that has naming_key: `typed` is the value of that field. `record` has the id of batch
 * and row, which it keeps where nothing is typed. False: the id cannot be given; `why` (empty before) says it. */
bool naming_name(job *self, size_t at, const Muster__V1__Kind *kind, mst_slice typed, directory_record *record,
                 char why[ASSIGNMENT_WHY_MAX]);

#endif
