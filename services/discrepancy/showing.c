/* showing.c - a discrepancy as a person sees it: the question, the new submission's data, the decision so far (A24). */
#include "services/discrepancy/desk.h"

#include "parsing.pb-c.h"
#include "proto/codec.h"
#include "proto/rows.h"
#include <assert.h>
#include <string.h>

#define PAGES_OPEN_MAX 8u
#define CHUNK_ROWS_MAX 1000u /* rows of a chunk: row r stands in chunk (r - 1) / 1000 or behind */

enum { READ_QUESTION = 1, READ_ENTRY = 2 };

typedef struct shown {
    uint32_t row;
    uint64_t opened_at;
    uint32_t chunk; /* of the entries, as far as known */
    Muster__V1__EntryQuestion *question;
    char **values;
    bool question_asked, entry_asked, entry_read;
} shown;

struct showing {
    const batch *batch;
    char *own_stream;
    shown *items;
    size_t count;
    uint32_t pages_open;
};

void
desk_forget(void *data)
{
    (void)data;
}

/* Asks for events some row still needs. One page serves all rows it holds. */
static void
ask(showing *self, mst_work *work)
{
    for (size_t i = 0; i < self->count && self->pages_open < PAGES_OPEN_MAX; i++) {
        shown *one = &self->items[i];
        if (!one->question_asked) {
            mst_work_read(work, READ_QUESTION, self->own_stream, one->opened_at, 1);
            self->pages_open++;
            for (size_t j = i; j < self->count; j++)
                self->items[j].question_asked |= self->items[j].opened_at == one->opened_at;
        }
        if (!one->entry_asked && one->chunk < self->batch->chunks && self->batch->entries_stream != NULL) {
            mst_work_read(work, READ_ENTRY, self->batch->entries_stream, (uint64_t)one->chunk + 1, 1);
            self->pages_open++;
            for (size_t j = i; j < self->count; j++)
                self->items[j].entry_asked |= self->items[j].chunk == one->chunk;
        }
    }
}

showing *
showing_begin(const batch *one, mst_work *work, const uint32_t *rows, size_t count)
{
    mst_arena *arena = mst_work_arena(work);
    showing *self = mst_arena_alloc(arena, sizeof *self);
    *self = (showing){.batch = one,
                      .own_stream = mst_arena_printf(arena, "discrepancy/%s", one->id),
                      .items = mst_arena_alloc(arena, (count + 1) * sizeof(shown)),
                      .count = count};
    for (size_t i = 0; i < count; i++) {
        const a_case *asked = cases_find(one, rows[i]);
        assert(asked != NULL);
        self->items[i] = (shown){.row = rows[i], .opened_at = asked->opened_at, .chunk = asked->chunk};
        if (asked->chunk == CASE_NO_CHUNK)
            self->items[i].chunk = (rows[i] - 1) / CHUNK_ROWS_MAX;
    }
    ask(self, work);
    return self;
}

static void
take_questions(showing *self, mst_work *work, const mst_event *event)
{
    const Muster__V1__DiscrepanciesOpened *opened = (const void *)event->message;
    if (opened == NULL || strcmp(event->head->type, "DiscrepanciesOpened") != 0)
        return;
    mst_arena *arena = mst_work_arena(work);
    for (size_t i = 0; i < self->count; i++)
        for (size_t j = 0; j < opened->n_questions && self->items[i].opened_at == event->head->stream_version; j++) {
            if (opened->questions[j]->row != self->items[i].row)
                continue;
            mst_slice packed = mst_arena_pack(arena, &opened->questions[j]->base);
            self->items[i].question =
                (Muster__V1__EntryQuestion *)mst_unpack(&muster__v1__entry_question__descriptor, packed.data,
                                                        packed.size, MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
        }
}

static void
take_values(const showing *self, mst_arena *arena, const Muster__V1__Rows *rows, shown *one)
{
    one->entry_read = true;
    one->values = mst_arena_alloc(arena, (self->batch->fields_count + 1) * sizeof(char *));
    for (uint32_t column = 0; column < self->batch->fields_count; column++) {
        size_t size = 0;
        const char *cell = column < rows->columns ? mst_rows_cell(rows, one->row - rows->first_row, column, &size) : "";
        one->values[column] = mst_arena_strndup(arena, cell, strnlen(cell, size));
    }
}

static void
take_entries(showing *self, mst_work *work, const mst_event *event)
{
    const Muster__V1__EntriesRead *entries = (const void *)event->message;
    if (entries == NULL || strcmp(event->head->type, "EntriesRead") != 0 || entries->rows == NULL ||
        !mst_rows_ok(entries->rows))
        return;
    const Muster__V1__Rows *rows = entries->rows;
    for (size_t i = 0; i < self->count; i++) {
        shown *one = &self->items[i];
        if (one->entry_read || one->chunk != entries->chunk)
            continue;
        if (one->row >= rows->first_row && one->row - rows->first_row < rows->rows) {
            take_values(self, mst_work_arena(work), rows, one);
        } else if (one->row >= rows->first_row + rows->rows) { // chunks may be shorter: further behind
            one->chunk++;
            one->entry_asked = false;
        }
    }
}

void
showing_page(showing *self, mst_work *work, const mst_step *step)
{
    self->pages_open--;
    for (size_t i = 0; i < step->events_count; i++) {
        if (step->tag == READ_QUESTION)
            take_questions(self, work, &step->events[i]);
        else
            take_entries(self, work, &step->events[i]);
    }
    ask(self, work);
}

bool
showing_done(const showing *self)
{
    return self->pages_open == 0;
}

Muster__V1__DiscrepancyView *
showing_brief(const batch *one, const a_case *asked, mst_work *work)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__DiscrepancyView *view = mst_arena_alloc(arena, sizeof *view);
    muster__v1__discrepancy_view__init(view);
    view->batch_id = one->id;
    view->row = asked->row;
    view->version = asked->version;
    view->open = asked->open;
    view->choice = asked->choice;
    view->record_id = mst_arena_strdup(arena, asked->record_id == NULL ? "" : asked->record_id);
    view->operator_ = mst_arena_strdup(arena, asked->operator== NULL ? "" : asked->operator);
    view->decided_at_ms = asked->decided_at_ms;
    return view;
}

Muster__V1__DiscrepancyView *
showing_view(showing *self, mst_work *work, size_t at)
{
    const shown *one = &self->items[at];
    const a_case *now = cases_find(self->batch, one->row);
    if (now == NULL || now->opened_at != one->opened_at)
        return NULL;
    Muster__V1__DiscrepancyView *view = showing_brief(self->batch, now, work);
    view->question = one->question;
    if (one->entry_read) {
        view->fields = self->batch->fields;
        view->values = one->values;
        view->n_fields = view->n_values = self->batch->fields_count;
    }
    return view;
}
