/* xlsx_strings.h - the shared strings of a workbook: texts that cells name by number.
 *
 * The one thing of a workbook that is held in memory as a whole: 4 bytes a string and its text, in two blocks.
 * Thread: the one that made it. */
#ifndef MUSTER_PARSING_XLSX_STRINGS_H
#define MUSTER_PARSING_XLSX_STRINGS_H

#include "xlsx_xml.h"

/* What bounds memory is their size. As for their number, a worksheet of a million rows whose names, addresses and
 * numbers are each row's own has five million and more, and is to be read; 2 million, as others allow, would refuse it.
 */
#define STRINGS_MAX 16000000u         /* strings in a workbook */
#define STRINGS_SIZE_MAX (256u << 20) /* bytes of them all, with the 4 that each takes besides */

typedef struct strings {
    uint8_t *text;
    uint32_t *ends; /* behind string i; the highest bit: not plain (see csv_row) */
    uint32_t count, size;
    size_t text_room, ends_room;
    xml *xml; /* while they are read */
    xlsx_fault *fault;
    bool phonetic;
} strings;

/* Begins to read them. */
void strings_open(strings *self, archive_part *part, const char *name, xlsx_fault *fault);
/* Reads on; see xml_step. */
xml_status strings_step(strings *self, size_t *size);
/* String `number`, which must be below count. */
const uint8_t *strings_get(const strings *self, uint32_t number, uint32_t *size, bool *plain);
void strings_release(strings *self);

/* No byte above 0x7F. */
bool strings_are_ascii(const uint8_t *text, size_t size);

#endif
