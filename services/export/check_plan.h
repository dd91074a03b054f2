/* check_plan.h - what a template asks of the directory, with columns of the rows in place of names.
 *
 * References: values that must name one record. To those of the template comes one for each identifier of the subject
 * that it does not speak of: nobody is made of a row that names somebody (B24). Periods: kinds whose open records rows
 * begin and end. Known: rules that look for an open record (B23).
 * Ownership: the plan lives in the arena and borrows template, kinds and fields. Thread: any. */
#ifndef MUSTER_EXPORT_CHECK_PLAN_H
#define MUSTER_EXPORT_CHECK_PLAN_H

#include "services/runtime/catalog.h"

#define CHECK_NONE (-1)

typedef struct check_reference {
    const char *kind_name;
    const Muster__V1__Kind *kind; /* NULL: not declared */
    char **kind_fields;
    int *columns; /* of the rows, one for each kind field */
    size_t count;
    const char *target; /* "" a value of a list */
    bool subject;       /* names whom the row is about */
    int by_id;          /* reference that names the same by its id, for values that name several; CHECK_NONE */
} check_reference;

/* What stands in a field of the key of a record with a period. */
typedef struct check_key {
    size_t *references; /* any of these gives the record's id */
    size_t references_count;
    int column; /* without them, the cell itself; CHECK_NONE: always blank */
    int list;   /* reference whose list says how that cell is written; CHECK_NONE */
    bool subject;
} check_key;

typedef struct check_period {
    const Muster__V1__Kind *kind;
    check_key *keys;
    size_t keys_count;
    int begin, end; /* columns of the rows that say so, or CHECK_NONE */
    bool related;   /* a further record that rows write: begun or ended where they say anything about it */
} check_period;

typedef struct check_condition {
    int column;
    const Muster__V1__Condition *condition;
} check_condition;

typedef struct check_known {
    const Muster__V1__Rule *rule;
    size_t period;
    int *columns; /* one of these filled is enough */
    size_t columns_count;
    check_condition *when;
    size_t when_count;
} check_known;

typedef struct check_plan {
    const Muster__V1__Template *template;
    const Muster__V1__Field **fields; /* of the template, by column of the rows; NULL none */
    const Muster__V1__Kind **kinds;   /* that each belongs to; NULL not declared */
    uint32_t *file_columns;           /* 1-based, 0 not in the file */
    size_t fields_count;
    check_reference *references;
    size_t references_count;
    int action;            /* column, or CHECK_NONE */
    check_period *periods; /* that rows write, and that rules look for */
    size_t periods_count;
    check_known *known;
    size_t known_count;
} check_plan;

/* `fields`: names of the rows' columns; `file_columns`: of each in the file, 1-based, or NULL. */
void check_plan_make(check_plan *plan, mst_arena *arena, const mst_catalog *catalog,
                     const Muster__V1__Template *template, char *const *fields, const uint32_t *file_columns,
                     size_t fields_count);
/* As people know the field: its title, or its name. */
const char *check_title(const Muster__V1__Field *field);
const char *check_kind_title(const Muster__V1__Kind *kind, const char *name);

#endif
