/* sheet_columns.h - columns of a sheet that people fill in or correct: what is typed is kept as it is, what can be
 * chosen is chosen from a list, and what cannot be right is said while it is typed.
 *
 * Lists that do not fit into a validation stand in a hidden sheet. Thread: one. */
#ifndef MUSTER_INGESTION_SHEET_COLUMNS_H
#define MUSTER_INGESTION_SHEET_COLUMNS_H

#include "template.pb-c.h"
#include "workbook.h"

#define SHEET_LIST_MAX 50000u /* values in one drop-down; a column with more has none */

/* What the directory has for one field at this moment. */
typedef struct sheet_list {
    char **values; /* in order, each once */
    size_t count;
    bool too_long; /* over SHEET_LIST_MAX: values are of no use */
} sheet_list;

/* Whether this field is chosen from a list that only the directory knows. People whom rows are about are not: a list
 * of them has no place in a file that is handed around. */
bool sheet_columns_wants_list(const Muster__V1__Template *template, const Muster__V1__Field *field);

/* Dresses columns first_column .. of `sheet`, one a field of the template, header in row 0: header, note, width,
 * format, rule. lists[i] is of field i. `as_text`: all cells are text, as they stood in a file.
 * Adds the hidden sheet "Lists" to the workbook where one is needed. */
void sheet_columns_dress(workbook *book, workbook_sheet *sheet, const Muster__V1__Template *template,
                         const sheet_list *lists, uint32_t first_column, bool as_text, mst_arena *arena);
/* The note of a field: meaning, type, whether it is needed, what is allowed, an example, rules about it. */
const char *sheet_columns_note(mst_arena *arena, const Muster__V1__Template *template, size_t at);

#endif
