/* wrongs.h - wrong values of some rows, grouped by distinct value.
 *
 * Every wrong value of every row is kept, none is sampled; people see one line per distinct value. Emptied with every
 * part of the answer. Ownership: texts are copied. Thread: one. */
#ifndef MUSTER_PARSING_WRONGS_H
#define MUSTER_PARSING_WRONGS_H

#include "broker/lib/arena.h"
#include "parsing.pb-c.h"

#define WRONG_VALUE_SHOWN 1000u            /* bytes of a wrong value kept */
#define WRONGS_MESSAGE_SIZE (800u * 1024u) /* bytes aimed at in one WrongValuesFound */

typedef struct wrongs wrongs;

wrongs *wrongs_new(void);
/* One wrong value. `field` "" is the row as a whole. `message` is used for a new group only: it is asked for then. */
void wrongs_add(wrongs *self, const char *field, Muster__V1__WrongKind kind, const uint8_t *value, size_t size,
                uint32_t column, uint32_t row, uint64_t line,
                void (*message)(const void *context, Muster__V1__WrongKind kind, char *text), const void *context);
/* Bytes that the groups will take, about. */
size_t wrongs_size(const wrongs *self);
/* Calls `each` with messages that hold all groups. */
void wrongs_emit(wrongs *self, const char *batch_id, uint32_t generation,
                 void (*each)(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows), void *context);
void wrongs_reset(wrongs *self);
void wrongs_destroy(wrongs **self);

#endif
