/* fault_list.h - what is wrong with the rows of a batch, row by row: a stretch of them, held in memory.
 *
 * The log holds wrong values by value, and those of one row far apart. Whoever goes through them adds everything behind
 * a row; when more comes than is held, the last rows are dropped and asked for again later. So every answer but one in
 * many costs no reading, and memory stays bounded. Ownership: copies what it is given. Thread: one. */
#ifndef MUSTER_PARSING_FAULT_LIST_H
#define MUSTER_PARSING_FAULT_LIST_H

#include "parsing.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

#define FAULTS_HELD_MAX 200000u           /* faults held before those of the last rows are dropped */
#define FAULTS_TEXTS_SIZE_MAX (32u << 20) /* bytes of their texts before */

/* What several rows have in common. */
typedef struct fault_text fault_text;
struct fault_text {
    char *field, *value, *message;
    Muster__V1__WrongKind kind;
    fault_text *moved; /* while rows are dropped */
};

typedef struct fault {
    uint32_t row, line, order;
    fault_text *text;
} fault;

typedef struct fault_list fault_list;

/* Of the rows behind `after`. */
fault_list *fault_list_new(uint32_t after);
void fault_list_destroy(fault_list **self);
void fault_list_add(fault_list *self, const Muster__V1__WrongValue *value);
/* Puts them in order of rows; nothing is added afterwards. */
void fault_list_close(fault_list *self);
/* Whether it knows the row that follows `after`, or that there is none. */
bool fault_list_covers(const fault_list *self, uint32_t after);
/* Those behind `after`, in order of rows; lent. */
const fault *fault_list_behind(const fault_list *self, uint32_t after, size_t *count);
/* Rows behind its last one were dropped. */
bool fault_list_dropped(const fault_list *self);

#endif
