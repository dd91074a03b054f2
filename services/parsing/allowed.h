/* allowed.h - a closed list of allowed values, found whatever their case, accents and blanks.
 *
 * A word may stand for another: in a column that says what to do, "add" may be kept as "Insert". A word exactly as
 * listed counts before one that is only like it. Memory: copies. Thread: any, once it is made. */
#ifndef MUSTER_PARSING_ALLOWED_H
#define MUSTER_PARSING_ALLOWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALLOWED_SIZE_MAX                                                                                               \
    4000u /* bytes of a word that is compared without case and accents; longer ones: as they are                       \
           */

typedef struct allowed allowed;

allowed *allowed_new(void);
/* `word` is kept as `kept`. Of equal words the first counts. */
void allowed_add(allowed *self, const char *word, const char *kept);
/* The kept form, NULL: not in the list. */
const char *allowed_find(const allowed *self, const void *data, size_t size);
/* The distinct kept forms, in the order they were added. */
size_t allowed_count(const allowed *self);
const char *const *allowed_kept(const allowed *self);
void allowed_destroy(allowed **self);

#endif
