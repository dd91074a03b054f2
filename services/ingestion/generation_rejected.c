/* generation_rejected.c - the rows of a batch that are wrong now or were rejected, with the reasons.
 *
 * Four things are read side by side, each in order of rows and a page at a time: the entries, which values are wrong
 * (asked of parsing), what matching and what export rejected. When all that can be said of a chunk is known, its rows
 * are written; memory does not grow with the batch. */
#include "generating.h"

#include "proto/codec.h"
#include <string.h>

#define FAULTS_PAGE 5000u /* rows whose wrong values are asked for at a time */
#define CHUNK_QUOTA (96u << 20)
#define REASONS_MAX 64u /* reasons of one row that are told */

static const char *
stream_of(const generating *self, mst_work *work, const char *owner)
{
    return mst_arena_printf(mst_work_arena(work), "%s/%s/g%u", owner, self->batch_id, self->generation);
}

/* Entries ------------------------------------------------------------------------------------------------ */

static void
take_entries(generating *self, const mst_step *step)
{
    mst_arena_reset(self->page);
    self->chunks = mst_arena_alloc(self->page, (step->events_count + 1) * sizeof *self->chunks);
    self->chunks_at = self->chunks_count = 0;
    for (size_t i = 0; i < step->events_count; i++)
        if (strcmp(step->events[i].head->type, "EntriesRead") == 0)
            self->chunks[self->chunks_count++] = mst_arena_slice(self->page, step->events[i].body);
    self->entries_next = step->next;
    self->entries_ended = step->end;
}

/* False: it is none that fits the template. */
static bool
chunk_open(generating *self)
{
    mst_slice body = self->chunks[self->chunks_at++];
    self->chunk = (const Muster__V1__EntriesRead *)mst_unpack(&muster__v1__entries_read__descriptor, body.data,
                                                              body.size, CHUNK_QUOTA, mst_arena_allocator(self->page));
    return self->chunk != NULL && self->chunk->rows != NULL && self->chunk->rows->rows > 0 &&
           mst_rows_ok(self->chunk->rows);
}

/* An import may have a column of ids before those of the kind. */
static const Muster__V1__Template *
template_with_id(const generating *self, mst_work *work, uint32_t columns)
{
    static const Muster__V1__Field empty = MUSTER__V1__FIELD__INIT;
    mst_arena *arena = mst_work_arena(work);
    if (!self->import || columns != self->template->n_fields + 1)
        return self->template;
    Muster__V1__Template *template = mst_arena_copy(arena, self->template, sizeof *template);
    Muster__V1__Field *id = mst_arena_copy(arena, &empty, sizeof empty);
    id->name = "id";
    template->n_fields = columns;
    template->fields = mst_arena_alloc(arena, columns * sizeof *template->fields);
    template->fields[0] = id;
    memcpy(template->fields + 1, self->template->fields, self->template->n_fields * sizeof *template->fields);
    return template;
}

static mst_status
file_begin(generating *self, const generation_sources *sources, mst_work *work, uint32_t columns)
{
    const Muster__V1__Template *template = template_with_id(self, work, columns);
    if (template != self->template)
        self->lists = mst_arena_alloc(mst_work_arena(work), columns * sizeof *self->lists);
    mst_status rc = made_file_open(&self->made, sources->temp_dir);
    if (rc != MST_OK)
        return rc;
    self->template = template;
    self->file = rejected_file_begin(self->made.path, sources->temp_dir,
                                     self->format == MUSTER__V1__FILE_FORMAT__FORMAT_XLSX, template, self->lists);
    return self->file == NULL ? MST_IO : MST_OK;
}

/* Rows --------------------------------------------------------------------------------------------------- */

/* All that is known of a row; what says no more than "left out" stands back where more is known. */
static size_t
collect(generating *self, uint32_t row, rejected_reason list[REASONS_MAX])
{
    reasons *sources[] = {&self->faults, &self->exported, &self->matched};
    const reason *weak = NULL;
    size_t count = 0;
    for (size_t i = 0; i < 3; i++)
        for (const reason *found; (found = reasons_next(sources[i], row)) != NULL;) {
            if (found->weak)
                weak = found;
            else if (count < REASONS_MAX)
                list[count++] = (rejected_reason){found->field, found->text};
        }
    if (count == 0 && weak != NULL)
        list[count++] = (rejected_reason){weak->field, weak->text};
    return count;
}

static uint32_t
next_row(const generating *self)
{
    uint32_t row = reasons_row(&self->faults), matched = reasons_row(&self->matched);
    uint32_t exported = reasons_row(&self->exported);
    row = matched < row ? matched : row;
    return exported < row ? exported : row;
}

/* False: a workbook is full. */
static bool
write_chunk(generating *self)
{
    const Muster__V1__Rows *rows = self->chunk->rows;
    rejected_reason list[REASONS_MAX];
    for (uint32_t row; (row = next_row(self)) < rows->first_row + rows->rows;) {
        size_t count = collect(self, row, list);
        if (row >= rows->first_row && !rejected_file_row(self->file, rows, row - rows->first_row, list, count))
            return false;
    }
    self->chunk = NULL;
    return true;
}

static void
end_file(generating *self, const generation_sources *sources, mst_work *work)
{
    mst_status rc = self->file == NULL ? file_begin(self, sources, work, (uint32_t)self->template->n_fields) : MST_OK;
    uint32_t rows = rc == MST_OK ? rejected_file_rows(self->file) : 0;
    if (rc == MST_OK)
        rc = rejected_file_end(&self->file);
    if (rc != MST_OK)
        generating_refuse(work, rc);
    else
        generating_keep(self, sources, work,
                        mst_arena_printf(mst_work_arena(work), "%s-rejected.%s", self->batch_id,
                                         self->format == MUSTER__V1__FILE_FORMAT__FORMAT_XLSX ? "xlsx" : "csv"),
                        rows);
}

/* Reading ------------------------------------------------------------------------------------------------ */

/* Asks for what is not known yet of rows up to `row`; false: all is known. */
static bool
ask_reasons(generating *self, mst_work *work, uint32_t row)
{
    if (!self->faults.ended && self->faults.known_to < row) {
        Muster__V1__ListRowFaults ask = MUSTER__V1__LIST_ROW_FAULTS__INIT;
        ask.batch_id = (char *)self->batch_id;
        ask.after_row = (uint32_t)self->faults.next;
        ask.max = FAULTS_PAGE;
        mst_work_call(work, TAG_FAULTS, "parsing", self->batch_id, &ask.base, &muster__v1__row_fault_list__descriptor);
    } else if (!self->matched.ended && self->matched.known_to < row)
        mst_work_read(work, TAG_MATCHED, stream_of(self, work, "matching"), self->matched.next + 1, 0);
    else if (!self->exported.ended && self->exported.known_to < row)
        mst_work_read(work, TAG_EXPORTED, stream_of(self, work, "export"), self->exported.next + 1, 0);
    else
        return false;
    return true;
}

void
rejected_go_on(generating *self, const generation_sources *sources, mst_work *work)
{
    while (true) {
        if (self->chunk == NULL && self->chunks_at == self->chunks_count) {
            if (self->entries_ended)
                end_file(self, sources, work);
            else
                mst_work_read(work, TAG_ENTRIES, stream_of(self, work, "parsing"), self->entries_next, 0);
            return;
        }
        mst_status rc = MST_OK;
        if (self->chunk == NULL && !chunk_open(self))
            rc = MST_CORRUPT;
        if (rc == MST_OK && self->file == NULL)
            rc = file_begin(self, sources, work, self->chunk->rows->columns);
        if (rc != MST_OK || self->chunk->rows->columns != self->template->n_fields) {
            generating_refuse(work, rc);
            return;
        }
        if (ask_reasons(self, work, self->chunk->rows->first_row + self->chunk->rows->rows - 1))
            return;
        if (!write_chunk(self)) {
            mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL,
                            "More than %u rows are wrong, too many for a workbook that is made here: ask for CSV.",
                            REJECTED_ROWS_MAX);
            return;
        }
    }
}

void
rejected_take(generating *self, const generation_sources *sources, mst_work *work, const mst_step *step)
{
    if (step->tag == TAG_ENTRIES)
        take_entries(self, step);
    else if (step->tag == TAG_FAULTS)
        reasons_take_faults(&self->faults, (const Muster__V1__RowFaultList *)step->message);
    for (size_t i = 0; i < step->events_count; i++) {
        const mst_event *event = &step->events[i];
        if (step->tag == TAG_MATCHED && strcmp(event->head->type, "EntriesMatched") == 0)
            reasons_take_matched(&self->matched, (const Muster__V1__EntriesMatched *)event->message);
        else if (step->tag == TAG_EXPORTED && strcmp(event->head->type, "EntriesExported") == 0)
            reasons_take_exported(&self->exported, (const Muster__V1__EntriesExported *)event->message);
    }
    if (step->tag == TAG_MATCHED) {
        self->matched.next = step->next - 1;
        self->matched.ended = step->end;
    } else if (step->tag == TAG_EXPORTED) {
        self->exported.next = step->next - 1;
        self->exported.ended = step->end;
    }
    rejected_go_on(self, sources, work);
}
