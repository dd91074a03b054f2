/* work_span.c - see work_of.h. */
#include "work_of.h"

#include <string.h>

#define FOUND_SIZE_MAX (900u << 10) /* bytes of one CandidatesFound; if more, fewer candidates are kept of each row */

typedef struct span_work {
    work_base base;
    loading loading;
    uint32_t span, first_chunk, chunks;
} span_work;

static void
span_end(void *data)
{
    loading_end(&((span_work *)data)->loading);
}

typedef struct span_rows {
    uint32_t first_row, rows;
    found *found;    /* rows * CANDIDATES_MAX */
    uint8_t *counts; /* 255 left out */
} span_rows;

/* Finds the candidates of all rows of the span. */
static void
find(matching *matching, mst_arena *arena, const batch *batch, entries *entries, uint32_t duplicate_check,
     span_rows *span)
{
    const directory *directory = matching_directory(matching, batch->kind);
    const person **people = mst_arena_alloc(arena, span->rows * sizeof *people);
    found *found_dense = mst_arena_alloc(arena, (size_t)span->rows * CANDIDATES_MAX * sizeof *found_dense);
    uint8_t *counts = mst_arena_alloc(arena, span->rows);
    size_t count = 0;
    for (uint32_t i = 0; i < span->rows; i++) {
        const person *row = entries_row(entries, span->first_row + i);
        if (row != NULL)
            people[count++] = row;
    }
    const struct people *known = directory == NULL ? NULL : directory_people(directory);
    finder_init(matching->finder, known, batch->position, entries_people(entries),
                entries_weigher(entries, known, batch->position), duplicate_check);
    finder_find(matching->finder, people, count, found_dense, counts);
    span->found = mst_arena_alloc(arena, (size_t)span->rows * CANDIDATES_MAX * sizeof *span->found);
    span->counts = mst_arena_alloc(arena, span->rows);
    size_t next = 0;
    for (uint32_t i = 0; i < span->rows; i++) {
        if (next == count || people[next]->version != span->first_row + i) {
            span->counts[i] = 255;
            continue;
        }
        span->counts[i] = counts[next];
        memcpy(span->found + (size_t)i * CANDIDATES_MAX, found_dense + next * CANDIDATES_MAX,
               counts[next] * sizeof *span->found);
        next++;
    }
}

/* At most `most` candidates of each row, as columns. */
static void
fill(const directory *directory, uint64_t position, mst_arena *arena, const span_rows *span, uint8_t most,
     Muster__V1__CandidatesFound *out)
{
    size_t total = 0, ids_size = 0;
    out->counts.len = span->rows;
    out->counts.data = mst_arena_alloc(arena, span->rows);
    for (uint32_t i = 0; i < span->rows; i++) {
        uint8_t count = span->counts[i];
        out->counts.data[i] = count == 255 || count < most ? count : most;
        total += count == 255 ? 0 : out->counts.data[i];
    }
    out->rows_of = mst_arena_alloc(arena, total * 4);
    out->weights = mst_arena_alloc(arena, total * 4);
    out->flags = mst_arena_alloc(arena, total * 4);
    out->id_ends = mst_arena_alloc(arena, total * 4);
    out->versions = mst_arena_alloc(arena, total * 4);
    out->parts.data = mst_arena_alloc(arena, total * GROUP_COUNT);
    out->ids.data = mst_arena_alloc(arena, total * PERSON_RECORD_ID_MAX);
    size_t n = 0;
    for (uint32_t i = 0; i < span->rows; i++)
        for (uint8_t k = 0; span->counts[i] != 255 && k < out->counts.data[i]; k++) {
            const found *found = &span->found[(size_t)i * CANDIDATES_MAX + k];
            out->rows_of[n] = found->row;
            out->weights[n] = found->weight;
            out->flags[n] = found->verdict.likeness;
            memcpy(out->parts.data + n * GROUP_COUNT, found->verdict.parts, GROUP_COUNT);
            out->versions[n] = 0;
            if (found->row == 0) {
                person_view view;
                person_view_of(&view, people_at(directory_people(directory), found->ref));
                memcpy(out->ids.data + ids_size, view.record_id, view.person->record_id_size);
                ids_size += view.person->record_id_size;
                out->versions[n] = directory_version(directory, found->ref, position);
            }
            out->id_ends[n++] = (uint32_t)ids_size;
        }
    out->n_rows_of = out->n_weights = out->n_flags = out->n_id_ends = out->n_versions = n;
    out->parts.len = n * GROUP_COUNT;
    out->ids.len = ids_size;
}

static void
answer(matching *matching, mst_work *work, const batch *batch, const span_work *asked)
{
    mst_arena *arena = mst_work_arena(work);
    entries *entries = asked->loading.loaded->entries;
    const directory *directory = matching_directory(matching, batch->kind);
    layout layout;
    uint32_t duplicate_check;
    (void)matching_layout(matching, batch, &layout, &duplicate_check); // known: the batch is loaded
    span_rows span = {.first_row = entries_first_row(entries, asked->first_chunk)};
    span.rows = entries_first_row(entries, asked->first_chunk + asked->chunks) - span.first_row;
    find(matching, arena, batch, entries, duplicate_check, &span);

    Muster__V1__CandidatesFound out = MUSTER__V1__CANDIDATES_FOUND__INIT;
    out.batch_id = batch->id;
    out.generation = batch->generation;
    out.span = asked->span;
    out.first_row = span.first_row;
    out.rows = span.rows;
    out.n_chunk_rows = asked->chunks;
    out.chunk_rows = mst_arena_alloc(arena, asked->chunks * sizeof *out.chunk_rows);
    for (uint32_t i = 0; i < asked->chunks; i++)
        out.chunk_rows[i] =
            entries_first_row(entries, asked->first_chunk + i + 1) - entries_first_row(entries, asked->first_chunk + i);
    for (uint8_t most = CANDIDATES_MAX; most > 0; most--) {
        fill(directory, batch->position, arena, &span, most, &out);
        if (muster__v1__candidates_found__get_packed_size(&out) <= FOUND_SIZE_MAX)
            break;
    }
    mst_work_event(work, candidates_stream(mst_work_scratch(work), batch->id, batch->generation), batch->id, NULL,
                   span.rows, &out.base);
    mst_work_finish(work);
}

static void
span_step(matching *matching, mst_work *work, const mst_step *step)
{
    span_work *span = mst_work_data(work);
    const batch *batch = work_batch(matching, work);
    if (batch == NULL) {
        mst_work_finish(work);
        return;
    }
    load_status status = step->kind == MST_STEP_PAGE ? loading_page(&span->loading, work, batch, step)
                                                     : loading_start(&span->loading, matching, work, batch);
    if (status == LOAD_BROKEN)
        mst_work_fail(work, "the entries of batch %.60s are not those that were announced", batch->id);
    else if (status == LOAD_DONE)
        answer(matching, work, batch, span);
}

void
work_span(matching *matching, mst_work *work, const mst_step *step)
{
    const Muster__V1__CandidatesRequested *asked = (const Muster__V1__CandidatesRequested *)step->input.message;
    span_work *span = work_begin(work, sizeof *span, asked->batch_id, asked->generation, span_step, span_end);
    const batch *batch = work_batch(matching, work);
    if (batch == NULL || asked->chunks > batch->chunks || asked->first_chunk > batch->chunks - asked->chunks) {
        mst_work_finish(work); // the batch is over
        return;
    }
    span->span = asked->span;
    span->first_chunk = asked->first_chunk;
    span->chunks = asked->chunks;
    span_step(matching, work, step);
}
