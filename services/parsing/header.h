/* header.h - where the table of a file begins: preamble, header of one row or several, or none.
 *
 * With a template the row that names most wanted columns is the header. Without one, it is the first row that fills
 * most of the columns; a row above or below it belongs to it when it names groups of its columns ("Travel" over "Air",
 * "Rail"), and they become one: "Travel Air". A file has no header when its first row looks like the values below it.
 * Thread: any. */
#ifndef MUSTER_PARSING_HEADER_H
#define MUSTER_PARSING_HEADER_H

#include "dialect.h"

/* Fills in header, header_row and preamble_lines of a form whose rows and columns are known. A header of several rows
 * is put together in the last of them. */
void header_find(file_form *form, header_hint hint, mst_arena *arena);
/* The row among the first ones that names most wanted columns, and how many it names. */
uint32_t header_best(const file_form *form, header_hint hint, uint32_t *row);
/* Is this row the header once more, as where a second table begins? (Its columns may be fewer or more.) */
bool header_again(const file_form *form, const csv_row *row);

#endif
