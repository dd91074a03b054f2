/* wrongs.h - wrong values of some rows, grouped by distinct value.
 *
 * Every wrong value of every row is kept, none is sampled; people see one line per distinct value, or, where several
 * fields are wrong together, per distinct combination of their values. Emptied with every part of the answer.
 * Ownership: texts are copied. Thread: one. */
#ifndef MUSTER_PARSING_WRONGS_H
#define MUSTER_PARSING_WRONGS_H

#include "broker/lib/arena.h"
#include "csv_rows.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"

#define WRONG_VALUE_SHOWN 1000u            /* bytes of a wrong value kept */
#define WRONGS_MESSAGE_SIZE (800u * 1024u) /* bytes aimed at in one WrongValuesFound */

typedef struct wrongs wrongs;

/* What is wrong in one row. Rows with the same of these, but for message and suggest, make a group. */
typedef struct wrong_found {
    const char *field; /* "" the row as a whole */
    Muster__V1__WrongKind kind;
    uint32_t column;                  /* 1-based in the file; 0 none */
    const csv_cell *values;           /* as typed: one, or one for each of fields */
    const Muster__V1__Field **fields; /* wrong together, beginning with `field`; NULL: only the one */
    size_t fields_count;
    const char *rule; /* WRONG_RULE: its name; NULL none */
    /* Both are asked for a new group only; `text` has room for VALUE_MESSAGE_SIZE. */
    void (*message)(const void *context, const struct wrong_found *found, char *text);
    void (*suggest)(const void *context, const struct wrong_found *found, Muster__V1__WrongValue *group,
                    mst_arena *arena); /* NULL: nothing is suggested */
    const void *context;
} wrong_found;

wrongs *wrongs_new(void);
void wrongs_add(wrongs *self, const wrong_found *found, uint32_t row, uint64_t line);
/* Bytes that the groups will take, about. */
size_t wrongs_size(const wrongs *self);
/* Calls `each` with messages that hold all groups. */
void wrongs_emit(wrongs *self, const char *batch_id, uint32_t generation,
                 void (*each)(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows), void *context);
void wrongs_reset(wrongs *self);
void wrongs_destroy(wrongs **self);

#endif
