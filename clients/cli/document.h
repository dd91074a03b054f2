/* document.h - messages as JSON with stable names.
 *
 * A message becomes an object whose keys are the field names of its .proto, so the names are as stable as the
 * protocol itself. Enumerations become their lower-case word without prefix ("ready_for_file_upload"), unknown ones
 * null; bytes become hexadecimal digits. Nothing is left out: a script may rely on every key being there.
 * Ownership: the caller owns what is returned. Thread: one. */
#ifndef MUSTER_CLI_DOCUMENT_H
#define MUSTER_CLI_DOCUMENT_H

#include "broker/lib/arena.h"
#include <jansson.h>

json_t *document_of(const ProtobufCMessage *message);
/* The lower-case word of an enumeration's value, "" when it is unknown: REASON_WEIGHT -> "weight". */
const char *document_word(mst_arena *arena, const ProtobufCEnumDescriptor *descriptor, int value);
/* Prints a document and a line end, and frees it. Readable on a terminal, one line otherwise. */
void document_print(json_t *document);
/* Prints it on one line, and frees it. */
void document_line(json_t *document);

#endif
