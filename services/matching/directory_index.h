/* directory_index.h - the records of one kind as matching knows them, at any position that is still of use.
 *
 * A fold over RecordsChanged. Every change makes a new version visible from its seq on; the version before stays until
 * no open batch can ask for a position at which it was current (directory_retire). So the candidates of a batch are
 * always those of the directory as of MatchingStarted.position, whatever has been written since. A change of something
 * nobody is compared by (another way to write a phone, a note) leaves the version in the index as it is and is only
 * noted, with the number the record's version had before: most changes are of this kind.
 * Kept in memory only: replayed from the log at start. Thread: one. */
#ifndef MUSTER_DIRECTORY_INDEX_H
#define MUSTER_DIRECTORY_INDEX_H

#include "export.pb-c.h"
#include "normalise.h"
#include "people.h"

typedef struct directory directory;

directory *directory_new(void);
void directory_destroy(directory **directory);

/* Takes records of `kind` as changed by the event at `seq`. Events at or below the last one change nothing. */
void directory_index_apply(directory *directory, uint64_t seq, const Muster__V1__Kind *kind,
                           const Muster__V1__RecordsChanged *changed);
const people *directory_people(const directory *directory);
/* The version of a record visible at `position`; 0 none. */
person_ref directory_find(const directory *directory, const char *id, size_t id_size, uint64_t position);
/* What `ref`, visible at `position`, had as the record's version there. */
uint32_t directory_version(const directory *directory, person_ref ref, uint64_t position);
/* Nobody asks for positions below `position` any more. */
void directory_retire(directory *directory, uint64_t position);

typedef enum change_kind {
    CHANGE_CAME, /* visible from seq on */
    CHANGE_GONE, /* superseded or deleted at seq */
    CHANGE_KEPT  /* the record changed, but nothing anybody is compared by */
} change_kind;

/* What happened to a version at `seq`. */
typedef struct directory_change {
    uint64_t seq;
    person_ref ref;
    change_kind kind;
    uint32_t version_before; /* KEPT: the record's version until then */
    uint32_t kept_before;    /* KEPT: number of the note of this kind before, 0 none */
} directory_change;

/* Changes with since < seq <= position, in order; kept while a batch started at or before `since` is open. */
const directory_change *directory_changes(const directory *directory, uint64_t since, uint64_t position, size_t *count);

#endif
