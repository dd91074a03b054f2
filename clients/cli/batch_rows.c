/* batch_rows.c - see batch_rows.h. */
#include "batch_rows.h"

#include "document.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

/* A walk over the rows of one of the streams. */
typedef struct row_cursor {
    request_stream stream;
    const Muster__V1__EntriesMatched *matched; /* the chunk at hand: one of the two */
    const Muster__V1__EntriesExported *exported;
    uint32_t first_row, rows, at;
    size_t note; /* the next of exported->notes */
    bool end;
} row_cursor;

struct batch_rows {
    cli *self;
    row_cursor matched, exported;
    char decisions[WORDS_MAX][64], reasons[WORDS_MAX][64], outcomes[WORDS_MAX][64];
};

static bool
ids_ok(const ProtobufCBinaryData *ids, const uint32_t *ends, size_t ends_count, uint32_t rows)
{
    uint32_t before = 0;
    if (ends_count != rows)
        return false;
    for (size_t i = 0; i < ends_count; i++) {
        if (ends[i] < before || ends[i] > ids->len)
            return false;
        before = ends[i];
    }
    return true;
}

/* Takes an event as the chunk at hand; false: its parts do not fit each other. */
static bool
take_chunk(row_cursor *cursor, const char *type, const ProtobufCMessage *body)
{
    cursor->rows = cursor->at = 0;
    cursor->note = 0;
    if (strcmp(type, "EntriesMatched") == 0 && body != NULL) {
        const Muster__V1__EntriesMatched *m = cursor->matched = (const Muster__V1__EntriesMatched *)body;
        cursor->first_row = m->first_row;
        cursor->rows = m->rows;
        return m->decisions.len == m->rows && m->reasons.len == m->rows && m->n_probabilities == m->rows &&
               ids_ok(&m->ids, m->id_ends, m->n_id_ends, m->rows);
    }
    if (strcmp(type, "EntriesExported") == 0 && body != NULL) {
        const Muster__V1__EntriesExported *e = cursor->exported = (const Muster__V1__EntriesExported *)body;
        cursor->first_row = e->first_row;
        cursor->rows = e->rows;
        return e->outcomes.len == e->rows && ids_ok(&e->ids, e->id_ends, e->n_id_ends, e->rows);
    }
    return true; // another event of the stream: no rows
}

/* The row at hand, or UINT32_MAX at the end. */
static uint32_t
cursor_row(batch_rows *self, row_cursor *cursor, int *rc)
{
    *rc = CLI_DONE;
    while (!cursor->end && cursor->at == cursor->rows) {
        const Muster__V1__Envelope *head;
        const ProtobufCMessage *body;
        if (!request_stream_next(&cursor->stream, &head, &body, rc)) {
            cursor->end = true;
        } else if (!take_chunk(cursor, head->type, body)) {
            *rc = cli_fail(self->self, "muster doctor", "event %llu (%s) does not fit together",
                           (unsigned long long)head->seq, head->type);
            cursor->end = true;
        }
    }
    return cursor->end ? UINT32_MAX : cursor->first_row + cursor->at;
}

static void
id_at(const ProtobufCBinaryData *ids, const uint32_t *ends, uint32_t at, mst_slice *id)
{
    uint32_t from = at == 0 ? 0 : ends[at - 1];
    *id = (mst_slice){ids->data + from, ends[at] - from};
}

static void
words_of(mst_arena *arena, const ProtobufCEnumDescriptor *descriptor, char words[WORDS_MAX][64])
{
    for (int i = 0; i < WORDS_MAX; i++)
        snprintf(words[i], 64, "%s", document_word(arena, descriptor, i));
}

batch_rows *
batch_rows_open(cli *self, const Muster__V1__BatchView *view)
{
    batch_rows *rows = mst_alloc(sizeof *rows);
    *rows = (batch_rows){.self = self};
    words_of(self->arena, &muster__v1__decision__descriptor, rows->decisions);
    words_of(self->arena, &muster__v1__reason__descriptor, rows->reasons);
    words_of(self->arena, &muster__v1__outcome__descriptor, rows->outcomes);
    request_stream_open(&rows->matched.stream, self,
                        mst_arena_printf(self->arena, "matching/%s/g%u", view->batch_id, view->generation), 1);
    request_stream_open(&rows->exported.stream, self,
                        mst_arena_printf(self->arena, "export/%s/g%u", view->batch_id, view->generation), 1);
    return rows;
}

static void
take_matched(batch_rows *self, batch_row *row)
{
    row_cursor *cursor = &self->matched;
    const Muster__V1__EntriesMatched *chunk = cursor->matched;
    row->decided = true;
    row->decision = self->decisions[chunk->decisions.data[cursor->at] % WORDS_MAX];
    row->reason = self->reasons[chunk->reasons.data[cursor->at] % WORDS_MAX];
    row->probability = chunk->probabilities[cursor->at];
    id_at(&chunk->ids, chunk->id_ends, cursor->at, &row->candidate_id);
    cursor->at++;
}

static void
take_exported(batch_rows *self, batch_row *row)
{
    row_cursor *cursor = &self->exported;
    const Muster__V1__EntriesExported *chunk = cursor->exported;
    row->outcome = self->outcomes[chunk->outcomes.data[cursor->at] % WORDS_MAX];
    id_at(&chunk->ids, chunk->id_ends, cursor->at, &row->record_id);
    while (cursor->note < chunk->n_notes && chunk->notes[cursor->note]->row < row->number)
        cursor->note++;
    if (cursor->note < chunk->n_notes && chunk->notes[cursor->note]->row == row->number)
        row->note = chunk->notes[cursor->note]->text;
    cursor->at++;
}

bool
batch_rows_next(batch_rows *self, batch_row *row, int *exit_code)
{
    uint32_t m = cursor_row(self, &self->matched, exit_code), e = UINT32_MAX;
    if (*exit_code == CLI_DONE)
        e = cursor_row(self, &self->exported, exit_code);
    if (*exit_code != CLI_DONE || (m == UINT32_MAX && e == UINT32_MAX))
        return false;
    *row = (batch_row){.number = m < e ? m : e, .decision = "", .outcome = "", .reason = "", .note = ""};
    if (m == row->number)
        take_matched(self, row);
    if (e == row->number)
        take_exported(self, row);
    return true;
}

void
batch_rows_close(batch_rows **rows)
{
    if (*rows == NULL)
        return;
    request_stream_close(&(*rows)->matched.stream);
    request_stream_close(&(*rows)->exported.stream);
    free(*rows);
    *rows = NULL;
}
