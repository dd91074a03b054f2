/* results.c - see results.h. */
#include "services/export/results.h"

#include "services/export/directory.h"
#include <string.h>

void
results_init(results *self, mst_arena *arena, uint32_t first_row, uint32_t rows)
{
    *self = (results){.arena = arena,
                      .first_row = first_row,
                      .outcomes = mst_arena_alloc(arena, (size_t)rows + 1),
                      .ids = mst_arena_alloc(arena, (size_t)rows * (DIRECTORY_ID_SIZE_MAX + 1) + 1),
                      .id_ends = mst_arena_alloc(arena, ((size_t)rows + 1) * sizeof *self->id_ends),
                      .versions = mst_arena_alloc(arena, ((size_t)rows + 1) * sizeof *self->versions),
                      .notes = mst_arena_alloc(arena, ((size_t)rows + 1) * sizeof(Muster__V1__RowNote *))};
}

void
results_add(results *self, Muster__V1__Outcome outcome, const char *id, size_t id_size, uint32_t version)
{
    self->outcomes[self->count] = (uint8_t)outcome;
    if (id_size > 0)
        memcpy(self->ids + self->ids_size, id, id_size);
    self->ids_size += id_size;
    self->id_ends[self->count] = (uint32_t)self->ids_size;
    self->versions[self->count] = version;
    self->count++;
}

void
results_reject(results *self, const char *note)
{
    if (note != NULL) {
        size_t size = strlen(note);
        if (self->notes_size + size > NOTES_SIZE_MAX && size > 40)
            size = 40;
        while (size > 0 && size < strlen(note) && ((uint8_t)note[size] & 0xC0) == 0x80)
            size--; // never inside a letter
        Muster__V1__RowNote *one = mst_arena_alloc(self->arena, sizeof *one);
        muster__v1__row_note__init(one);
        one->row = self->first_row + self->count;
        one->text = mst_arena_strndup(self->arena, note, size);
        self->notes[self->notes_count++] = one;
        self->notes_size += size;
    }
    results_add(self, MUSTER__V1__OUTCOME__OUTCOME_REJECTED, NULL, 0, 0);
}

void
results_fill(const results *self, Muster__V1__EntriesExported *exported)
{
    exported->first_row = self->first_row;
    exported->rows = self->count;
    exported->outcomes = (ProtobufCBinaryData){self->count, self->outcomes};
    exported->ids = (ProtobufCBinaryData){self->ids_size, self->ids};
    exported->id_ends = self->id_ends;
    exported->n_id_ends = self->count;
    exported->versions = self->versions;
    exported->n_versions = self->count;
    exported->notes = self->notes;
    exported->n_notes = self->notes_count;
}
