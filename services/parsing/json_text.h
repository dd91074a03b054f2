/* json_text.h - is this text JSON (RFC 8259)? Nothing is kept of it. Thread: any. */
#ifndef MUSTER_PARSING_JSON_TEXT_H
#define MUSTER_PARSING_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64u /* objects and lists within one another */

bool json_text_ok(const uint8_t *data, size_t size);

#endif
