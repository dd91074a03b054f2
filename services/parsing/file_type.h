/* file_type.h - what kind of file it is, by its first bytes; the name says nothing.
 *
 * Text is read as CSV, a zip archive as a workbook; everything else that is known by its first bytes is refused with
 * its name and what to do. Thread: any. */
#ifndef MUSTER_PARSING_FILE_TYPE_H
#define MUSTER_PARSING_FILE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_TYPE_LOOK 4u /* bytes by which a zip archive is known */

bool file_type_is_zip(const uint8_t *data, size_t size);
/* NULL: it may be text. Otherwise what it is and why it is not read; *advice says what to do. */
const char *file_type_refusal(const uint8_t *data, size_t size, const char **advice);

#endif
