/* assignments.h - what a row does to records that hold for a time: begin one, end the open one, or neither (B17-B19,
 * C4).
 *
 * For templates whose rows are about somebody else (subject), name other records (references), say Insert or Update, or
 * write further kinds (related). Pure: the plan is made once per batch; the records that a row may mean are looked up
 * by the caller. What was right when the file was checked may contradict the directory by now: such a row is refused
 * with a sentence, never written wrongly. A record that is closed is never changed.
 * Ownership: the plan borrows what it is made from. Thread: any. */
#ifndef MUSTER_EXPORT_ASSIGNMENTS_H
#define MUSTER_EXPORT_ASSIGNMENTS_H

#include "services/export/spans.h"
#include "services/export/update.h"
#include "services/runtime/catalog.h"

#define ASSIGNMENT_WHY_MAX 400u /* bytes of a sentence */
#define ASSIGNMENT_MAKE SPAN_MAKE
#define ASSIGNMENT_REFUSE (SIZE_MAX - 1)

/* What rows write of one kind. */
typedef struct assignment_kind {
    const Muster__V1__Kind *kind;
    const char *name; /* for people: "caseload assignment" */
    update_plan plan;
    int *key;         /* fields of the kind that say what a record is about; none: rows are matched to records of it */
    char **key_names; /* theirs */
    size_t key_count;
    int begin, end; /* fields; -1: records of the kind do not begin and end */
    int subject;    /* field that gets the subject's id; -1 */
    bool related;
    bool *filled_by; /* related: columns of the rows of which one must be filled for a record to be written */
} assignment_kind;

/* One way of naming another record. */
typedef struct assignment_reference {
    const Muster__V1__Reference *reference;
    const Muster__V1__Kind *kind;
    int *columns; /* of the rows, one a field; -1: the file has none */
    int *from;    /* fields of `kind`, one a field; -1: the record's id */
    int *targets; /* field of kinds[k] that gets the record's id: targets[k], -1 none */
    int *feeds;   /* field of kinds[k] that gets value i as the record has it: feeds[k * fields + i], -1 none */
} assignment_reference;

typedef struct assignment_plan {
    const Muster__V1__Template *template;
    assignment_kind *kinds; /* [0] is the template's own, behind it those related */
    size_t kinds_count;
    assignment_reference *references; /* but those that only name the subject, who is decided already */
    size_t references_count;
    int action;      /* column of the rows, -1 none */
    size_t columns;  /* of the rows */
    bool may_repeat; /* option "repeat-assignments": Insert though one is open */
} assignment_plan;

/* A record that a row may mean. */
typedef struct assignment_record {
    const char *id;
    size_t id_size;
    const mst_slice *cells; /* a cell per field of the kind */
} assignment_record;

/* Whether rows of this template are written this way. */
bool assignments_apply(const Muster__V1__Template *template, const Muster__V1__Kind *kind);
/* False: a kind that the template names is not declared; `missing` is its name. */
bool assignment_plan_make(assignment_plan *plan, mst_arena *arena, const mst_catalog *catalog,
                          const Muster__V1__Template *template, const update_columns *columns,
                          const update_options *options, const char **missing);

assignment_verb assignment_verb_of(const assignment_plan *plan, const Muster__V1__Rows *rows, uint32_t row);
/* Whether the row says anything about a related kind. */
bool assignment_filled(const assignment_kind *of, const Muster__V1__Rows *rows, uint32_t row, size_t columns);
/* Which of the records with the key of `cells` (the row laid over nothing) the row changes: its place, ASSIGNMENT_MAKE
 * or ASSIGNMENT_REFUSE with `why`. A closed record is chosen only where the row may repeat what it says; assignment_ok
 * then tells. */
size_t assignment_choose(const assignment_kind *of, assignment_verb verb, bool may_repeat, const mst_slice *cells,
                         const assignment_record *records, size_t count, char why[ASSIGNMENT_WHY_MAX]);
/* Whether `before` (NULL: none) may become `after`, from which it differs. */
bool assignment_ok(const assignment_kind *of, const mst_slice *before, const mst_slice *after,
                   char why[ASSIGNMENT_WHY_MAX]);

#endif
