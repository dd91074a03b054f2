/* template_file.h - blank files to fill in, made from a template as it is now (B2-B7), and its documentation.
 *
 * The same template and lists give the same bytes. What a file holds beside its header - the sample row, in CSV the
 * instructions below it - is recognised when the file comes back, and refused row by row (B4). Thread: one. */
#ifndef MUSTER_INGESTION_TEMPLATE_FILE_H
#define MUSTER_INGESTION_TEMPLATE_FILE_H

#include "sheet_columns.h"
#include <stdio.h>

/* UTF-8 with a byte order mark, without which Excel takes the file for one in the system's old encoding. */
void template_file_csv(const Muster__V1__Template *template, FILE *out, mst_arena *arena);
/* Sheets: data entry, instructions, and hidden ones. lists[i] is of field i. */
MST_NODISCARD mst_status template_file_xlsx(const Muster__V1__Template *template, const sheet_list *lists,
                                            const char *path, const char *temp_dir, mst_arena *arena);
/* Markdown: what each column means and what must hold. */
void template_document(const Muster__V1__Template *template, FILE *out, mst_arena *arena);

#define CSV_BOM "\xEF\xBB\xBF"

#endif
