/* results.h - what became of the rows of one chunk, until it is said in EntriesExported.
 *
 * Arrays live in the arena given. Thread: one. */
#ifndef MUSTER_EXPORT_RESULTS_H
#define MUSTER_EXPORT_RESULTS_H

#include "broker/lib/arena.h"
#include "export.pb-c.h"

#define NOTE_SIZE_MAX 400u          /* bytes of one note */
#define NOTES_SIZE_MAX (400u << 10) /* bytes of the notes of a chunk; further ones are cut short */

typedef struct results {
    mst_arena *arena;
    uint32_t first_row, count;
    uint8_t *outcomes;
    uint8_t *ids;
    size_t ids_size;
    uint32_t *id_ends, *versions;
    Muster__V1__RowNote **notes;
    size_t notes_count, notes_size;
} results;

/* Room for `rows` results. */
void results_init(results *self, mst_arena *arena, uint32_t first_row, uint32_t rows);
void results_add(results *self, Muster__V1__Outcome outcome, const char *id, size_t id_size, uint32_t version);
/* The next row is rejected; `note` says why, for people; NULL: it is said elsewhere. */
void results_reject(results *self, const char *note);
/* Fills in the columns of an event; they are borrowed. */
void results_fill(const results *self, Muster__V1__EntriesExported *exported);

#endif
