/* directory.h - the embedded directory: every version of every record, as RecordsChanged told it.
 *
 * A projection: apply() collects changes in memory, flush() writes them together with the position they came from in
 * one step, so the directory on disk is always the fold up to `position` and may be deleted at any time. Applying an
 * event again changes nothing. Reading flushes first, so a reader sees everything applied.
 *
 * Layout (one ordered map): "R" kind(2, big-endian) id 0 ~version(4, big-endian) -> the record as it was then, newest
 * first; "K" name -> what is known of a kind; "S" shape(2) -> the fields a record was written with, so that a kind
 * may get new fields without rewriting its records; "A" -> position. Numbers of kinds and shapes are given in the order
 * of the log, so a rebuilt directory is equal key for key.
 *
 * Ownership: events are copied; results live in the caller's arena or, in a scan, until the visitor returns.
 * Thread: one. */
#ifndef MUSTER_EXPORT_DIRECTORY_H
#define MUSTER_EXPORT_DIRECTORY_H

#include "broker/lib/arena.h"
#include "export.pb-c.h"
#include <stdbool.h>

#define DIRECTORY_ID_SIZE_MAX 200u             /* bytes in a record's id */
#define DIRECTORY_COLUMNS_MAX 2000u            /* fields of a kind */
#define DIRECTORY_PENDING_SIZE_MAX (48u << 20) /* bytes of changes kept in memory before they are written */

typedef struct directory directory;

typedef struct directory_record {
    const char *id; /* not terminated */
    size_t id_size;
    uint32_t version; /* 0: no such record */
    uint64_t seq;     /* of the event that made it so */
    mst_slice batch_id;
    bool deleted;
    uint16_t shape;
    mst_slice lengths_and_values;
} directory_record;

/* What the directory holds of a kind. */
typedef struct directory_kind {
    uint64_t seq;            /* of the last RecordsChanged of this kind; 0 none */
    uint64_t records;        /* not deleted */
    const char *batch_id;    /* that made the last change; "" none */
    uint64_t batch_version;  /* stream_version of that change in its batch's stream of records */
    uint64_t made_elsewhere; /* highest N of ids "BN-.." that another batch than BN wrote: a later batch with such a
                                number must look before it makes ids, any other need not */
    uint64_t versions, versions_size; /* ever written, and the bytes of their values */
} directory_kind;

/* Opens or creates the directory in `dir`; "" keeps it in memory. A damaged one (any function has said
 * MST_CORRUPT) is deleted and begins empty, at position 0. MST_BUSY: another process has it. */
MST_NODISCARD mst_status directory_open(directory **opened, const char *dir);
/* Closes *opened without writing what is pending, and sets it to NULL; NULL is fine. */
void directory_close(directory **opened);

/* Highest seq up to which all changes are stored. */
uint64_t directory_position(const directory *self);
/* Highest seq taken: what is read now is the directory as of this. */
uint64_t directory_applied(const directory *self);
/* Takes one event: `seq` and `stream_version` from its head. Events at or below what was applied are skipped, and so
 * are events whose columns do not fit (MST_INVALID). Flushes when DIRECTORY_PENDING_SIZE_MAX is reached. */
MST_NODISCARD mst_status directory_apply(directory *self, uint64_t seq, uint64_t stream_version,
                                         const Muster__V1__RecordsChanged *changed);
/* Writes what is pending and the position, all or nothing. After a failure all is still pending. */
MST_NODISCARD mst_status directory_flush(directory *self);
/* Changes not written yet. */
size_t directory_pending(const directory *self);

directory_kind directory_kind_of(const directory *self, const char *kind);

/* Finds the newest version of each of `count` records, whose ids stand in records[i].id in ascending order, each once.
 * Fills in the rest; version 0: none. Cheap for few (a seek each) and for many (one scan). Values go to `arena`. */
MST_NODISCARD mst_status directory_fetch(directory *self, const char *kind, directory_record *records, size_t count,
                                         mst_arena *arena);
/* As fetch, but each record as it was when `as_of` was the last seq taken. */
MST_NODISCARD mst_status directory_fetch_as_of(directory *self, const char *kind, uint64_t as_of,
                                               directory_record *records, size_t count, mst_arena *arena);
/* All versions of one record, newest first. */
MST_NODISCARD mst_status directory_history(directory *self, const char *kind, const char *id, size_t id_size,
                                           mst_arena *arena, directory_record **records, size_t *count);
/* Shows the newest version of each record behind `after_id` in order of id, deleted ones too, until `visit` says
 * false. */
typedef bool (*directory_visit)(void *context, const directory_record *record);
MST_NODISCARD mst_status directory_scan(directory *self, const char *kind, const char *after_id, directory_visit visit,
                                        void *context);
/* As scan, from the first record on, but shows every version of each, newest first. */
MST_NODISCARD mst_status directory_scan_versions(directory *self, const char *kind, directory_visit visit,
                                                 void *context);

/* The values of a record as columns of `kind` as it is declared now: cells[i] belongs to kind->fields[i]. */
void directory_cells(const directory *self, const directory_record *record, const Muster__V1__Kind *kind,
                     mst_slice *cells);

#endif
