/* work_fold.c - see work_of.h: all candidates of a batch, folded in row order into decisions. */
#include "work_of.h"

#include "clusters.h"
#include "proto/codec.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READS_MAX 4u       /* pages under way */
#define CHUNKS_PER_PART 4u /* EntriesMatched of one commit */
#define PARTS_OPEN_MAX 4u
#define MATCHED_SIZE_MAX (900u << 10) /* bytes of one EntriesMatched; if more, its questions say less */
#define READ_TAG 2u

typedef struct fold {
    work_base base;
    uint32_t spans, asked, read;         /* pages */
    Muster__V1__CandidatesFound **found; /* by span */
    clusters *clusters;
    /* Where the fold stands. */
    uint32_t span, chunk_of_span, row_of_span; /* next chunk */
    size_t candidate;                          /* of the span */
    uint32_t chunk, part, next_part;
    uint32_t matched, new_rows, discrepancies, rejected;
    field_names names;
    settings settings;
} fold;

static void
fold_end(void *data)
{
    clusters_destroy(&((fold *)data)->clusters);
}

static void
ask_pages(mst_work *work, fold *fold, const batch *batch)
{
    const char *stream = candidates_stream(mst_work_scratch(work), batch->id, batch->generation);
    while (fold->asked < fold->spans && fold->asked - fold->read < READS_MAX)
        mst_work_read(work, READ_TAG, stream, ++fold->asked, 1);
}

/* True if the columns fit each other: they come from another process. */
static bool
found_ok(const Muster__V1__CandidatesFound *found)
{
    size_t total = 0;
    uint32_t chunk_rows = 0, id_end = 0;
    if (found->counts.len != found->rows)
        return false;
    for (uint32_t i = 0; i < found->rows; i++)
        total += found->counts.data[i] == 255 ? 0 : found->counts.data[i];
    for (size_t i = 0; i < found->n_chunk_rows; i++)
        chunk_rows += found->chunk_rows[i];
    for (size_t i = 0; i < found->n_id_ends; i++) {
        if (found->id_ends[i] < id_end)
            return false;
        id_end = found->id_ends[i];
    }
    for (size_t i = 0; i < found->n_rows_of; i++)
        if (found->rows_of[i] >= found->first_row + found->rows)
            return false;
    return chunk_rows == found->rows && found->n_rows_of == total && found->n_weights == total &&
           found->n_flags == total && found->n_id_ends == total && found->n_versions == total &&
           found->parts.len == total * GROUP_COUNT && id_end == found->ids.len;
}

static bool
take_page(mst_work *work, fold *fold, const mst_step *step)
{
    if (step->events_count != 1 || strcmp(step->events[0].head->type, "CandidatesFound") != 0)
        return false;
    mst_slice body = step->events[0].body;
    Muster__V1__CandidatesFound *found =
        (Muster__V1__CandidatesFound *)mst_unpack(&muster__v1__candidates_found__descriptor, body.data, body.size,
                                                  MST_BODY_SIZE_MAX, mst_arena_allocator(mst_work_arena(work)));
    if (found == NULL || found->span >= fold->spans || fold->found[found->span] != NULL || !found_ok(found))
        return false;
    fold->found[found->span] = found;
    fold->read++;
    return true;
}

/* The results of one chunk while they are gathered. */
typedef struct chunk_results {
    Muster__V1__EntriesMatched message;
    size_t ids_size, ids_room;
    struct asked {
        uint32_t row;
        resolution resolution;
    } * asked;
    size_t asked_count;
} chunk_results;

static void
results_init(chunk_results *results, mst_arena *arena, const fold *fold, const batch *batch, uint32_t rows,
             uint32_t first_row)
{
    Muster__V1__EntriesMatched *message = &results->message;
    muster__v1__entries_matched__init(message);
    message->batch_id = batch->id;
    message->generation = batch->generation;
    message->chunk = fold->chunk;
    message->first_row = first_row;
    message->rows = rows;
    message->decisions = (ProtobufCBinaryData){rows, mst_arena_alloc(arena, rows)};
    message->reasons = (ProtobufCBinaryData){rows, mst_arena_alloc(arena, rows)};
    message->n_probabilities = message->n_id_ends = message->n_versions = rows;
    message->probabilities = mst_arena_alloc(arena, rows * sizeof *message->probabilities);
    message->id_ends = mst_arena_alloc(arena, rows * sizeof *message->id_ends);
    message->versions = mst_arena_alloc(arena, rows * sizeof *message->versions);
    results->ids_size = 0;
    results->ids_room = 0;
    results->asked = NULL;
    results->asked_count = 0;
}

static void
add_id(chunk_results *results, mst_arena *arena, const option *best)
{
    char row[32];
    const char *id = best->id;
    size_t size = best->id_size;
    if (best->row != 0) {
        size = (size_t)snprintf(row, sizeof row, "row:%u", best->row);
        id = row;
    }
    if (results->ids_size + size > results->ids_room) {
        size_t room = results->ids_room * 2 + 16384 + size;
        uint8_t *ids = mst_arena_alloc(arena, room);
        if (results->ids_size > 0)
            memcpy(ids, results->message.ids.data, results->ids_size);
        results->message.ids.data = ids;
        results->ids_room = room;
    }
    memcpy(results->message.ids.data + results->ids_size, id, size);
    results->ids_size += size;
}

static void
count_decision(fold *fold, Muster__V1__Decision decision)
{
    fold->matched += decision == MUSTER__V1__DECISION__DECISION_MATCHED;
    fold->new_rows += decision == MUSTER__V1__DECISION__DECISION_NEW;
    fold->discrepancies += decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY;
    fold->rejected += decision == MUSTER__V1__DECISION__DECISION_REJECTED;
}

/* Decides row `i` of the chunk from the next candidates of the span. */
static void
fold_row(fold *fold, mst_arena *arena, chunk_results *results, uint32_t i)
{
    const Muster__V1__CandidatesFound *found = fold->found[fold->span];
    Muster__V1__EntriesMatched *message = &results->message;
    uint32_t row = message->first_row + i;
    uint8_t count = found->counts.data[fold->row_of_span++];
    resolution resolution = {.options_count = 0};
    resolution.decision = (decision){MUSTER__V1__DECISION__DECISION_REJECTED, MUSTER__V1__REASON__REASON_LEFT_OUT};
    if (count != 255) {
        candidate candidates[OPTIONS_MAX];
        size_t kept = 0;
        for (uint8_t k = 0; k < count; k++, fold->candidate++) {
            size_t at = fold->candidate;
            uint32_t id_start = at == 0 ? 0 : found->id_ends[at - 1];
            if (kept == OPTIONS_MAX || found->rows_of[at] >= row)
                continue;
            candidates[kept++] = (candidate){.row = found->rows_of[at],
                                             .id = (const char *)found->ids.data + id_start,
                                             .id_size = found->id_ends[at] - id_start,
                                             .version = found->versions[at],
                                             .weight = found->weights[at],
                                             .likeness = found->flags[at],
                                             .parts = (const int8_t *)found->parts.data + at * GROUP_COUNT};
        }
        clusters_resolve(fold->clusters, row, candidates, kept, &fold->settings, &resolution);
    }
    count_decision(fold, resolution.decision.decision);
    message->decisions.data[i] = (uint8_t)resolution.decision.decision;
    message->reasons.data[i] = (uint8_t)resolution.decision.reason;
    message->probabilities[i] = message->versions[i] = 0;
    if (resolution.options_count > 0) {
        const option *best = &resolution.options[0];
        message->probabilities[i] = best->probability;
        message->versions[i] = best->row != 0 ? 0 : best->version;
        add_id(results, arena, best);
    }
    message->id_ends[i] = (uint32_t)results->ids_size;
    if (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY) {
        if (results->asked == NULL)
            results->asked = mst_arena_alloc(arena, message->rows * sizeof *results->asked);
        results->asked[results->asked_count].row = row;
        results->asked[results->asked_count++].resolution = resolution;
    }
}

/* The questions, in as many words as fit. */
static void
add_questions(const fold *fold, mst_arena *arena, chunk_results *results)
{
    Muster__V1__EntriesMatched *message = &results->message;
    message->ids.len = results->ids_size;
    for (size_t w = 0; w < sizeof WORDINESS / sizeof WORDINESS[0] && results->asked_count > 0; w++) {
        message->n_questions = results->asked_count;
        message->questions = mst_arena_alloc(arena, results->asked_count * sizeof *message->questions);
        for (size_t i = 0; i < results->asked_count; i++) {
            const resolution *resolution = &results->asked[i].resolution;
            message->questions[i] =
                question_message(arena, &fold->names, results->asked[i].row, resolution->decision.reason,
                                 resolution->options, resolution->options_count, WORDINESS[w]);
        }
        if (muster__v1__entries_matched__get_packed_size(message) <= MATCHED_SIZE_MAX)
            return;
    }
}

static void
fold_chunk(mst_work *work, fold *fold, const batch *batch)
{
    const Muster__V1__CandidatesFound *found = fold->found[fold->span];
    uint32_t rows = found->chunk_rows[fold->chunk_of_span], first_row = found->first_row + fold->row_of_span;
    mst_arena *arena = mst_arena_new(0);
    chunk_results results;
    results_init(&results, arena, fold, batch, rows, first_row);
    for (uint32_t i = 0; i < rows; i++)
        fold_row(fold, arena, &results, i);
    if (fold->part >= fold->next_part) {
        add_questions(fold, arena, &results);
        mst_work_event(work, results_stream(mst_work_scratch(work), batch->id, batch->generation), batch->id, NULL,
                       rows, &results.message.base);
    }
    mst_arena_destroy(&arena);
    fold->chunk++;
    if (++fold->chunk_of_span == found->n_chunk_rows) {
        fold->span++;
        fold->chunk_of_span = fold->row_of_span = 0;
        fold->candidate = 0;
    }
}

static void
say_finished(mst_work *work, const fold *fold, const batch *batch)
{
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = batch->id;
    finished.generation = batch->generation;
    finished.rows = batch->rows;
    finished.matched = fold->matched;
    finished.new_rows = fold->new_rows;
    finished.discrepancies = fold->discrepancies;
    finished.rejected = fold->rejected;
    finished.position = batch->position;
    assert(finished.matched + finished.new_rows + finished.discrepancies + finished.rejected == batch->rows);
    mst_work_event(work, mst_arena_printf(mst_work_scratch(work), "matching/%s", batch->id), batch->id, NULL,
                   batch->rows, &finished.base);
    mst_work_finish(work);
}

/* Parts that were durable before an interruption are folded again, not sent again: the fold is deterministic. */
static void
go_on(mst_work *work, fold *fold, const batch *batch)
{
    while (fold->span < fold->spans) {
        if (mst_work_parts_open(work) >= PARTS_OPEN_MAX)
            return;
        fold_chunk(work, fold, batch);
        if (fold->chunk % CHUNKS_PER_PART == 0 && fold->span < fold->spans) {
            if (fold->part >= fold->next_part)
                mst_work_part(work);
            fold->part++;
        }
    }
    say_finished(work, fold, batch);
}

/* Every row once: the spans stand one behind the other. */
static bool
begin(fold *fold, const batch *batch)
{
    uint32_t next_row = 1, chunks = 0;
    for (uint32_t i = 0; i < fold->spans; i++) {
        if (fold->found[i]->first_row != next_row || fold->found[i]->n_chunk_rows == 0)
            return false;
        next_row += fold->found[i]->rows;
        chunks += (uint32_t)fold->found[i]->n_chunk_rows;
    }
    if (next_row != batch->rows + 1 || chunks != batch->chunks)
        return false;
    fold->clusters = clusters_new(batch->rows);
    return true;
}

static void
fold_step(matching *matching, mst_work *work, const mst_step *step)
{
    fold *fold = mst_work_data(work);
    const batch *batch = work_batch(matching, work);
    if (batch == NULL) {
        mst_work_finish(work);
        return;
    }
    if (step->kind == MST_STEP_PAGE) {
        if (!take_page(work, fold, step)) {
            mst_work_fail(work, "the candidates of batch %.60s cannot be read", batch->id);
            return;
        }
        ask_pages(work, fold, batch);
        if (fold->read < fold->spans)
            return;
        if (!begin(fold, batch)) {
            mst_work_fail(work, "the candidates of batch %.60s do not cover its rows", batch->id);
            return;
        }
    }
    if (fold->clusters != NULL)
        go_on(work, fold, batch);
}

void
work_fold(matching *matching, mst_work *work, const mst_step *step)
{
    const Muster__V1__CandidatesFound *input = (const Muster__V1__CandidatesFound *)step->input.message;
    fold *fold = work_begin(work, sizeof *fold, input->batch_id, input->generation, fold_step, fold_end);
    const batch *batch = work_batch(matching, work);
    // The spans come in any order; the last one in the stream completes the batch.
    if (batch == NULL || step->input.head->stream_version != batch->spans) {
        mst_work_finish(work);
        return;
    }
    fold->spans = batch->spans;
    fold->next_part = step->next_part;
    fold->found = mst_arena_alloc(mst_work_arena(work), batch->spans * sizeof(*fold->found));
    fold->settings = settings_of(matching_template(matching, batch));
    field_names_of(&fold->names, mst_catalog_kind(matching->catalog, batch->kind));
    ask_pages(work, fold, batch);
}
