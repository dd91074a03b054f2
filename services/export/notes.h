/* notes.h - a record in a few words for people: who it is where its id alone says nothing. Thread: any. */
#ifndef MUSTER_EXPORT_NOTES_H
#define MUSTER_EXPORT_NOTES_H

#include "services/export/directory.h"

/* "Ana Lopez, born 1980-05-17", or what stands in its field "name" and one that tells it from others of that name: "Lee
 * Ash, lee@example.org"; "" where it has no name. In `arena`. */
const char *note_of(mst_arena *arena, const Muster__V1__Kind *kind, const mst_slice *cells);
/* Whether a value of this field alone says nothing to people: it is the record's id, or an identifier. */
bool note_needed(const Muster__V1__Kind *kind, const char *field);

#endif
