/* choices.h - a closed list of allowed values, found whatever their case, accents and blanks.
 *
 * A word may stand for another: in a column that says what to do, "add" may be kept as "Insert". A word exactly as
 * listed counts before one that is only like it. Memory: copies. Thread: any, once it is made. */
#ifndef MUSTER_PARSING_CHOICES_H
#define MUSTER_PARSING_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHOICE_SIZE_MAX                                                                                                \
    4000u /* bytes of a word that is compared without case and accents; longer ones: as they are                       \
           */

typedef struct choices choices;

choices *choices_new(void);
/* `word` is kept as `kept`. Of equal words the first counts. */
void choices_add(choices *self, const char *word, const char *kept);
/* The kept form, NULL: not in the list. */
const char *choices_find(const choices *self, const void *data, size_t size);
/* The distinct kept forms, in the order they were added. */
size_t choices_count(const choices *self);
const char *const *choices_kept(const choices *self);
void choices_destroy(choices **self);

#endif
