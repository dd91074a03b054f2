/* mapping.h - which column of a file is which field.
 *
 * A column is a field's by the operator's choice, by what a person chose for this header in an earlier batch of the
 * template, by the field's name, its title or a synonym, in that order; letters of any case, accents, blanks and
 * punctuation do not matter ("#E-Mail " is "email"). What is left may be a misspelled name, or known by its values
 * (mapping_guess.h). A worse reason gives way to a better one; two equally good ones are a fault, because nobody knows
 * which is meant. Every column says how it was understood and how sure that is. Memory: in the arena. Thread: any. */
#ifndef MUSTER_PARSING_MAPPING_H
#define MUSTER_PARSING_MAPPING_H

#include "broker/lib/arena.h"
#include "dialect.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"

#define MAPPING_NONE UINT32_MAX

/* What columns are wanted: of a template, or of a kind (an import). */
typedef struct wanted_columns {
    const char *name; /* of the template or kind, for messages */
    Muster__V1__Field *const *fields;
    size_t fields_count;
    char *const *needed; /* fields that must be there beside the required ones (B8) */
    size_t needed_count;
    const char *id_column; /* import: "" none */
    bool is_import;        /* nobody looks before its rows are written: most columns should be understood */
    Muster__V1__ColumnChoice *const *choices;
    size_t choices_count;
    Muster__V1__ColumnChoice *const *remembered; /* chosen in earlier batches of the template, the newest first */
    size_t remembered_count;
    const Muster__V1__Template *const *others; /* templates that the file may rather be for */
    size_t others_count;
    const char ***keys; /* by mapping_prepare: folded name, title and synonyms of each field, NULL-ended */
} wanted_columns;

typedef struct mapping {
    uint32_t *columns;                     /* of each field: its column, or MAPPING_NONE */
    uint32_t id_column;                    /* MAPPING_NONE: none */
    uint32_t usual_columns;                /* that most rows have: more than the header where all end in delimiters */
    Muster__V1__ColumnMapping **described; /* of each column of the file */
    size_t described_count;
    char **warnings;
    size_t warnings_count;
} mapping;

/* Text with case, accents, blanks and punctuation taken away. */
char *mapping_fold(mst_arena *arena, const void *text, size_t size);
void mapping_prepare(wanted_columns *wanted, mst_arena *arena);
/* How many of these cells are wanted columns; a header_hint. */
uint32_t mapping_fits(const void *wanted, const csv_cell *cells, uint32_t count);
/* False: the header does not fit; `why` and `advice` say what and what to do. Of a file without header the columns are
 * known by their values, and all that are needed must be. */
bool mapping_make(const wanted_columns *wanted, const file_form *form, mst_arena *arena, mapping *made,
                  const char **why, const char **advice);

#endif
