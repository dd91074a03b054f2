/* rereading.h - what is laid over the rows of a file, gathered from the log before it is read.
 *
 * A first reading goes by the remembered rules. A later one goes also by every correction that stands, made in
 * whatever earlier generation, by the rows that came back, and leaves out rows that nobody wants. What it goes by is
 * fixed by the place of the input in the log: whoever takes over gathers the same.
 * Ownership: borrows state and template until it is destroyed. Thread: one. */
#ifndef MUSTER_PARSING_REREADING_H
#define MUSTER_PARSING_REREADING_H

#include "corrections.h"
#include "state.h"

typedef struct rereading rereading;

/* `generation`: the one to be read; `seq`: of the input that asks for it. Field i of a row is fields[i]. */
rereading *rereading_new(const parsing_state *state, const char *batch_id, uint32_t generation, uint64_t seq,
                         Muster__V1__Field *const *fields, size_t fields_count);
void rereading_destroy(rereading **self);
/* The stream to be read from its first event, then the next one, until there is none: NULL. */
const char *rereading_stream(rereading *self);
/* The one that is being read. */
const char *rereading_again(const rereading *self);
/* Events of that stream. False: more came back than can be laid over. */
bool rereading_take(rereading *self, const mst_event *events, size_t count);
/* After all streams. Good until it is destroyed. */
corrections *rereading_corrections(rereading *self);

#endif
