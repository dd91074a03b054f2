/* batch_notes.h - what was found wrong in the rows of a batch, and what people did about it, row by row.
 *
 * Memory grows with the wrong rows and the decisions, never with the file. Texts live in the tool's arena. Thread: one.
 */
#ifndef MUSTER_CLI_BATCH_NOTES_H
#define MUSTER_CLI_BATCH_NOTES_H

#include "batch.h"
#include "parsing.pb-c.h"

typedef enum batch_note_kind {
    BATCH_NOTE_WRONG,     /* of the last reading */
    BATCH_NOTE_CORRECTED, /* of an earlier one, and put right since */
    BATCH_NOTE_DECIDED    /* a question answered */
} batch_note_kind;

typedef struct batch_note {
    uint32_t row;
    batch_note_kind kind;
    size_t order; /* as found */
    const char *text;
    const char *operator; /* "" nobody */
    int64_t at_ms;
} batch_note;

typedef struct batch_notes {
    batch_note *list; /* in order of rows */
    size_t count, room;
    const char *excluded_by; /* who went on without the wrong rows; NULL: nobody */
    int64_t excluded_at_ms;
} batch_notes;

/* CLI_DONE or the exit code, said. Fields have their titles of `titles`; NULL: their names. */
int batch_notes_read(batch_notes *notes, cli *self, const Muster__V1__BatchView *view,
                     const Muster__V1__TemplateView *titles);
/* The first note of this row or a later one. */
size_t batch_notes_find(const batch_notes *notes, uint32_t row);
void batch_notes_release(batch_notes *notes);
/* What a correction changes: "First Name: \"Ane\" -> \"Anne\""; fields that stay as they are have no place in it.
 * `titles` as above. */
const char *batch_correction_text(mst_arena *arena, const Muster__V1__TemplateView *titles,
                                  const Muster__V1__Correction *correction);

#endif
