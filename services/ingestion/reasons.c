/* reasons.c - see reasons.h. */
#include "reasons.h"

#include <stdlib.h>
#include <string.h>

static void
add(reasons *self, uint32_t row, const char *field, const char *text, bool weak)
{
    if (self->at > 0) { // what was taken gives way
        for (size_t i = 0; i < self->at; i++) {
            free(self->list[i].field);
            free(self->list[i].text);
        }
        self->count -= self->at;
        memmove(self->list, self->list + self->at, self->count * sizeof *self->list);
        self->at = 0;
    }
    if (self->count == self->room) {
        self->room = self->room == 0 ? 256 : 2 * self->room;
        self->list = mst_realloc(self->list, self->room * sizeof *self->list);
    }
    self->list[self->count++] = (reason){row, weak, mst_strdup(field), mst_strdup(text)};
}

void
reasons_take_faults(reasons *self, const Muster__V1__RowFaultList *faults)
{
    for (size_t i = 0; i < faults->n_faults; i++) {
        const Muster__V1__RowFault *fault = faults->faults[i];
        add(self, fault->row, fault->field, fault->message, false);
    }
    if (faults->n_faults > 0)
        self->next = self->known_to = faults->faults[faults->n_faults - 1]->row;
    self->ended = !faults->more || faults->n_faults == 0;
}

static const char *
reason_text(Muster__V1__Reason why, bool *weak)
{
    *weak = why == MUSTER__V1__REASON__REASON_LEFT_OUT || why == MUSTER__V1__REASON__REASON_UNKNOWN;
    switch (why) {
    case MUSTER__V1__REASON__REASON_LEFT_OUT: return "Left out by a person.";
    case MUSTER__V1__REASON__REASON_MAY_NOT_CREATE:
        return "Nobody like this is known, and this template adds nobody to the directory.";
    case MUSTER__V1__REASON__REASON_CONFLICT: return "It contradicts the directory.";
    case MUSTER__V1__REASON__REASON_SEVERAL_CANDIDATES: return "It fits several records of the directory.";
    default: return "Rejected when it was compared with the directory.";
    }
}

void
reasons_take_matched(reasons *self, const Muster__V1__EntriesMatched *matched)
{
    for (uint32_t i = 0; i < matched->rows && i < matched->decisions.len && i < matched->reasons.len; i++) {
        bool weak;
        if (matched->decisions.data[i] != MUSTER__V1__DECISION__DECISION_REJECTED)
            continue;
        const char *text = reason_text((Muster__V1__Reason)matched->reasons.data[i], &weak);
        add(self, matched->first_row + i, "", text, weak);
    }
    self->known_to = matched->first_row + matched->rows - 1;
}

void
reasons_take_exported(reasons *self, const Muster__V1__EntriesExported *exported)
{
    size_t note = 0;
    for (uint32_t i = 0; i < exported->rows && i < exported->outcomes.len; i++) {
        uint32_t row = exported->first_row + i;
        while (note < exported->n_notes && exported->notes[note]->row < row)
            note++;
        if (exported->outcomes.data[i] != MUSTER__V1__OUTCOME__OUTCOME_REJECTED)
            continue;
        bool noted = note < exported->n_notes && exported->notes[note]->row == row;
        add(self, row, "", noted ? exported->notes[note]->text : "Rejected when it was to be written.", !noted);
    }
    self->known_to = exported->first_row + exported->rows - 1;
}

uint32_t
reasons_row(const reasons *self)
{
    return self->at < self->count ? self->list[self->at].row : UINT32_MAX;
}

const reason *
reasons_next(reasons *self, uint32_t row)
{
    return reasons_row(self) == row ? &self->list[self->at++] : NULL;
}

void
reasons_release(reasons *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->list[i].field);
        free(self->list[i].text);
    }
    free(self->list);
    memset(self, 0, sizeof *self);
}
