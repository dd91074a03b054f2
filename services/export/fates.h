/* fates.h - what becomes of each row of a stretch of a batch: updates a record, becomes one, is skipped or rejected.
 *
 * Decisions come from matching (or, in an import, from the ids in the file), a person's word comes before them. A row
 * that follows an earlier one ("row:N") shares its fate: it updates the record that row became, and where that row was
 * skipped or rejected so is this one, for what a person did not want, or what could not be known, of the first row
 * holds for the same person's second. Earlier rows are looked up in the stretch, or, in front of it, in what was
 * exported ("far" rows), so memory depends on the stretch only.
 *
 * Order of use: reset, add chunk after chunk, far rows, resolve, targets. Ownership: everything is copied.
 * Thread: one. */
#ifndef MUSTER_EXPORT_FATES_H
#define MUSTER_EXPORT_FATES_H

#include "broker/lib/arena.h"
#include "matching.pb-c.h"
#include "rows.pb-c.h"
#include "services/export/batches.h"
#include "services/export/directory.h"
#include <stdbool.h>

#define FATES_ROWS_MAX 1048576u        /* rows of a stretch, the last chunk beyond it */
#define FATES_IDS_SIZE_MAX (16u << 20) /* bytes of ids of a stretch, the last chunk beyond it */
#define FATES_NO_TARGET UINT32_MAX

/* FATES_ROWS_MAX; tests make it small, so that few rows are many stretches. */
extern uint32_t fates_rows_max;

typedef enum fate_kind { FATE_UPDATE, FATE_CREATE, FATE_FOLLOW, FATE_SKIP, FATE_REJECT } fate_kind;

/* Why a row is rejected. */
typedef enum fate_why {
    WHY_LEFT_OUT,       /* before it was matched: its reasons are those of the reading */
    WHY_MAY_NOT_CREATE, /* nobody known, and the template makes no records */
    WHY_NO_ID,          /* an import: what the file has is no name for a record */
    WHY_FOLLOWED        /* an earlier row of the file, which is the same, is rejected */
} fate_why;

typedef struct fate {
    uint32_t id_at;  /* of the record's id in ids; with FATE_FOLLOW the row it follows */
    uint32_t target; /* after fates_targets: place in the sorted records, or FATES_NO_TARGET: nothing to look up */
    uint8_t id_size;
    uint8_t kind;   /* fate_kind */
    uint8_t why;    /* fate_why, with FATE_REJECT */
    bool followed;  /* some later row of the stretch means the same record */
    bool by_person; /* a person said so */
} fate;

typedef struct fates {
    uint32_t first_row; /* entry number of rows[0] */
    uint32_t count;
    fate *rows;
    char *ids;
    uint32_t updates, updates_max; /* rows that mean a record there is, and how many fill a stretch (0: no limit) */
    size_t rows_room, ids_size, ids_room;
} fates;

/* How rows of a batch may be decided. */
typedef struct fates_rules {
    const batch *batch;
    bool may_create;
    int id_field; /* an import: column of the rows that holds the record's id, -1 none */
} fates_rules;

/* Empties them for a stretch that begins at `first_row`; memory is kept. */
void fates_reset(fates *self, uint32_t first_row);
void fates_release(fates *self);
bool fates_full(const fates *self);
/* Adds the rows of one chunk, which must follow on. MST_INVALID: `why` says what cannot be, a defect. */
MST_NODISCARD mst_status fates_add_matched(fates *self, const fates_rules *rules,
                                           const Muster__V1__EntriesMatched *matched, char why[256]);
MST_NODISCARD mst_status fates_add_import(fates *self, const fates_rules *rules, const Muster__V1__Rows *rows,
                                          char why[256]);
/* The rows in front of the stretch that some row follows, ascending, each once; in `arena`. */
uint32_t *fates_far(const fates *self, mst_arena *arena, size_t *count);
/* What became of a far row. `id` is borrowed for the call. False: not known, a defect. */
typedef bool (*fates_far_fate)(void *context, uint32_t row, fate_kind *kind, mst_slice *id);
/* Turns every FATE_FOLLOW into what it follows. */
MST_NODISCARD mst_status fates_resolve(fates *self, fates_far_fate far_fate, void *context, char why[256]);
/* The records that rows update, and those they create if a later row needs them or `created_too`; in order of id, each
 * once, as directory_fetch wants them; in `arena`. Their ids are borrowed from the fates. Sets target of their rows. */
directory_record *fates_targets(fates *self, bool created_too, mst_arena *arena, size_t *count);

/* Whether this can be a record's id. */
bool fates_id_ok(const char *id, size_t id_size);
/* Entry number N of "row:N", 0: not such a name. */
uint32_t fates_row_of(const char *id, size_t id_size);

#endif
