/* read_json.h - JSON strings in `muster-parsing --read`, written piece by piece while a file is read.
 *
 * What is not UTF-8 is written with U+FFFD in its place: the output is JSON whatever the file holds. Thread: one. */
#ifndef MUSTER_PARSING_READ_JSON_H
#define MUSTER_PARSING_READ_JSON_H

#include "csv_rows.h"
#include <stdio.h>

/* "text" */
void read_json_text(FILE *out, const uint8_t *data, size_t size);
void read_json_string(FILE *out, const char *text);
/* ["text",..] */
void read_json_cells(FILE *out, const csv_cell *cells, uint32_t count);
/* ,"name":["text",..] */
void read_json_strings(FILE *out, const char *name, char *const *texts, size_t count);

#endif
