/* utf8.h - is this text? */
#ifndef MUSTER_PARSING_UTF8_H
#define MUSTER_PARSING_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character at `at` (RFC 3629); 0: none; -1: it may be one, but its end is missing. */
int utf8_size(const uint8_t *at, const uint8_t *end);
/* How many leading bytes are ASCII. */
size_t utf8_ascii(const uint8_t *data, size_t size);
/* Well-formed, without NUL. */
bool utf8_ok(const uint8_t *data, size_t size);
/* Copies at most `room` - 1 bytes as well-formed text without control characters: what is not becomes U+FFFD or a
 * blank. Ends `out` with NUL and never within a character. Returns its size. */
size_t utf8_clean(const uint8_t *data, size_t size, char *out, size_t room);
/* Characters. */
size_t utf8_length(const uint8_t *data, size_t size);

#endif
