/* work_recheck.c - see work_of.h: what the directory's changes since matching mean for a batch about to be written.
 *
 * All rows are decided anew as of the new position, with the parameters of MatchingStarted, so that nothing differs but
 * the records changed meanwhile. A row whose standing decision would not be taken again is asked about: one matched
 * automatically to a record that no longer fits for certain or has a rival now, a new one that somebody known may be
 * by now, one for which a person chose a record that changed or went, or "new" before its likeness appeared. Rows that
 * follow an earlier one share its fate and are not asked about. */
#include "work_of.h"

#include "clusters.h"
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "proto/codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define READS_MAX 4u
#define READ_TAG 2u
#define PAUSE_TAG 3u
#define FINISHED_SIZE_MAX (900u << 10) /* bytes of one RecheckFinished; if more, its questions say less */

typedef struct recheck {
    work_base base;
    loading loading;
    uint64_t since, position;
    uint32_t number;
    uint32_t asked, read;                 /* result pages */
    Muster__V1__EntriesMatched **results; /* by chunk */
    bool loaded, pausing;
    clusters *clusters;
    uint32_t chunk; /* next to decide */
    field_names names;
    settings settings;
    struct doubt {
        uint32_t row;
        resolution *resolution;
    } * doubts;
    size_t doubts_count, doubts_room;
} recheck;

static void
recheck_end(void *data)
{
    recheck *recheck = data;
    loading_end(&recheck->loading);
    clusters_destroy(&recheck->clusters);
    free(recheck->doubts);
}

static bool
record_changed(const directory *directory, const recheck *recheck, const char *id, size_t id_size, bool *appeared)
{
    size_t count;
    const directory_change *changes = directory_changes(directory, recheck->since, recheck->position, &count);
    bool changed = false;
    *appeared = directory_find(directory, id, id_size, recheck->since) == 0;
    for (size_t i = 0; i < count && !changed; i++) {
        person_view view;
        person_view_of(&view, people_at(directory_people(directory), changes[i].ref));
        changed = view.person->record_id_size == id_size && memcmp(view.record_id, id, id_size) == 0;
    }
    return changed;
}

static bool
decided_for(const resolution *now, const char *id, size_t id_size)
{
    return now->decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED && now->options[0].row == 0 &&
           now->options[0].id_size == id_size && memcmp(now->options[0].id, id, id_size) == 0;
}

/* True if the row's standing decision would not be taken again. */
static bool
doubtful(const directory *directory, const recheck *recheck, const batch *batch, uint32_t row,
         const Muster__V1__EntriesMatched *result, const resolution *now)
{
    uint32_t at = row - result->first_row, id_start = at == 0 ? 0 : result->id_ends[at - 1];
    const char *id = (const char *)result->ids.data + id_start;
    size_t id_size = result->id_ends[at] - id_start;
    const answered *answer = batch_answer(batch, row);
    bool appeared = false;
    int choice = answer == NULL ? MUSTER__V1__CHOICE__CHOICE_UNKNOWN : answer->choice;
    Muster__V1__Decision stood = (Muster__V1__Decision)result->decisions.data[at];
    if (choice == MUSTER__V1__CHOICE__CHOICE_SELECT) {
        id = answer->record_id;
        id_size = strlen(id);
        return (id_size < 4 || memcmp(id, "row:", 4) != 0) &&
               record_changed(directory, recheck, id, id_size, &appeared);
    }
    if (choice == MUSTER__V1__CHOICE__CHOICE_NEW)
        return now->options_count > 0 && now->options[0].row == 0 && now->options[0].probability >= 500000 &&
               record_changed(directory, recheck, now->options[0].id, now->options[0].id_size, &appeared) && appeared;
    if (stood == MUSTER__V1__DECISION__DECISION_NEW)
        return now->decision.decision != MUSTER__V1__DECISION__DECISION_NEW &&
               !(now->options_count > 0 && now->options[0].row != 0);
    if (stood == MUSTER__V1__DECISION__DECISION_MATCHED)
        return !(id_size >= 4 && memcmp(id, "row:", 4) == 0) && !decided_for(now, id, id_size);
    return false;
}

static void
note_doubt(recheck *recheck, mst_arena *arena, uint32_t row, const resolution *now)
{
    if (recheck->doubts_count == recheck->doubts_room) {
        recheck->doubts_room = recheck->doubts_room == 0 ? 64 : recheck->doubts_room * 2;
        recheck->doubts = mst_realloc(recheck->doubts, recheck->doubts_room * sizeof *recheck->doubts);
    }
    resolution *kept = mst_arena_copy(arena, now, sizeof *now);
    for (size_t i = 0; i < kept->options_count; i++) // parts were borrowed from the finder's results
        kept->options[i].parts = mst_arena_copy(arena, kept->options[i].parts, GROUP_COUNT);
    recheck->doubts[recheck->doubts_count++] = (struct doubt){row, kept};
}

static void
decide_chunk(matching *matching, mst_work *work, recheck *recheck, const batch *batch, const directory *directory)
{
    entries *entries = recheck->loading.loaded->entries;
    const Muster__V1__EntriesMatched *result = recheck->results[recheck->chunk];
    static finder finder;
    layout layout;
    uint32_t duplicate_check;
    (void)matching_layout(matching, batch, &layout, &duplicate_check);
    finder_init(&finder, directory_people(directory), recheck->position, entries_people(entries),
                entries_weigher(entries, directory_people(directory), batch->position), duplicate_check);
    uint32_t end = entries_first_row(entries, recheck->chunk + 1);
    for (uint32_t row = entries_first_row(entries, recheck->chunk); row < end; row++) {
        const person *person = entries_row(entries, row);
        found found[CANDIDATES_MAX];
        candidate candidates[CANDIDATES_MAX];
        uint8_t count;
        if (person == NULL)
            continue;
        finder_find(&finder, &person, 1, found, &count);
        for (uint8_t i = 0; i < count; i++) {
            candidates[i] = (candidate){.row = found[i].row,
                                        .weight = found[i].weight,
                                        .likeness = found[i].verdict.likeness,
                                        .parts = found[i].verdict.parts};
            if (found[i].row != 0)
                continue;
            person_view view;
            person_view_of(&view, people_at(directory_people(directory), found[i].ref));
            // Copied: this work goes on in later steps, and the record may be forgotten between them.
            candidates[i].id = mst_arena_copy(mst_work_arena(work), view.record_id, view.person->record_id_size);
            candidates[i].id_size = view.person->record_id_size;
            candidates[i].version = directory_version(directory, found[i].ref, recheck->position);
        }
        resolution now;
        clusters_resolve(recheck->clusters, row, candidates, count, &recheck->settings, &now);
        if (doubtful(directory, recheck, batch, row, result, &now))
            note_doubt(recheck, mst_work_arena(work), row, &now);
    }
    recheck->chunk++;
}

static void
say_finished(mst_work *work, const recheck *recheck, const batch *batch)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__RecheckFinished finished = MUSTER__V1__RECHECK_FINISHED__INIT;
    finished.batch_id = batch->id;
    finished.generation = batch->generation;
    finished.position = recheck->position;
    finished.recheck = recheck->number;
    finished.n_questions = recheck->doubts_count;
    finished.questions = mst_arena_alloc(arena, (recheck->doubts_count + 1) * sizeof *finished.questions);
    for (size_t w = 0; w < sizeof WORDINESS / sizeof WORDINESS[0]; w++) {
        for (size_t i = 0; i < recheck->doubts_count; i++) {
            const struct doubt *doubt = &recheck->doubts[i];
            finished.questions[i] =
                question_message(arena, &recheck->names, doubt->row, MUSTER__V1__REASON__REASON_CHANGED_MEANWHILE,
                                 doubt->resolution->options, doubt->resolution->options_count, WORDINESS[w]);
        }
        if (muster__v1__recheck_finished__get_packed_size(&finished) <= FINISHED_SIZE_MAX)
            break;
        if (w + 1 == sizeof WORDINESS / sizeof WORDINESS[0]) {
            mst_work_fail(work, "%zu rows of batch %.60s are doubtful at once: more than one message can hold",
                          recheck->doubts_count, batch->id);
            return;
        }
    }
    mst_work_event(work, mst_arena_printf(mst_work_scratch(work), "matching/%s", batch->id), batch->id, NULL, 0,
                   &finished.base);
    mst_work_finish(work);
}

static void
ask_pages(mst_work *work, recheck *recheck, const batch *batch)
{
    const char *stream = results_stream(mst_work_scratch(work), batch->id, batch->generation);
    while (recheck->asked < batch->chunks && recheck->asked - recheck->read < READS_MAX)
        mst_work_read(work, READ_TAG, stream, ++recheck->asked, 1);
}

static bool
result_ok(const Muster__V1__EntriesMatched *result)
{
    uint32_t end = 0;
    if (result->decisions.len != result->rows || result->n_id_ends != result->rows)
        return false;
    for (size_t i = 0; i < result->n_id_ends; i++) {
        if (result->id_ends[i] < end)
            return false;
        end = result->id_ends[i];
    }
    return end == result->ids.len;
}

static bool
take_page(mst_work *work, recheck *recheck, const batch *batch, const mst_step *step)
{
    if (step->events_count != 1 || strcmp(step->events[0].head->type, "EntriesMatched") != 0)
        return false;
    mst_slice body = step->events[0].body;
    Muster__V1__EntriesMatched *result =
        (Muster__V1__EntriesMatched *)mst_unpack(&muster__v1__entries_matched__descriptor, body.data, body.size,
                                                 MST_BODY_SIZE_MAX, mst_arena_allocator(mst_work_arena(work)));
    if (result == NULL || result->chunk >= batch->chunks || recheck->results[result->chunk] != NULL ||
        !result_ok(result))
        return false;
    recheck->results[result->chunk] = result;
    recheck->read++;
    ask_pages(work, recheck, batch);
    return true;
}

/* A run of chunks a step, with a pause between them in which the loop serves others. */
static void
go_on(matching *matching, mst_work *work, recheck *recheck, const batch *batch)
{
    if (!recheck->loaded || recheck->read < batch->chunks || recheck->pausing)
        return;
    const directory *directory = matching_directory(matching, batch->kind);
    entries *entries = recheck->loading.loaded->entries;
    if (recheck->clusters == NULL)
        recheck->clusters = clusters_new(batch->rows);
    for (uint32_t i = 0; i < RUN_CHUNKS && recheck->chunk < batch->chunks; i++) {
        const Muster__V1__EntriesMatched *result = recheck->results[recheck->chunk];
        if (result->first_row != entries_first_row(entries, recheck->chunk) ||
            result->first_row + result->rows != entries_first_row(entries, recheck->chunk + 1)) {
            mst_work_fail(work, "the results of batch %.60s do not cover its rows", batch->id);
            return;
        }
        decide_chunk(matching, work, recheck, batch, directory);
    }
    if (recheck->chunk == batch->chunks) {
        say_finished(work, recheck, batch);
        return;
    }
    recheck->pausing = true;
    mst_work_read(work, PAUSE_TAG, batch->entries_stream, (uint64_t)batch->chunks + 1, 1);
}

static void
recheck_step(matching *matching, mst_work *work, const mst_step *step)
{
    recheck *recheck = mst_work_data(work);
    const batch *batch = work_batch(matching, work);
    if (batch == NULL || step->kind != MST_STEP_PAGE) {
        if (batch == NULL)
            mst_work_finish(work);
        return;
    }
    if (step->tag == LOAD_TAG) {
        load_status status = loading_page(&recheck->loading, work, batch, step);
        if (status == LOAD_BROKEN) {
            mst_work_fail(work, "the entries of batch %.60s are not those that were announced", batch->id);
            return;
        }
        recheck->loaded = status == LOAD_DONE;
    } else if (step->tag == PAUSE_TAG) {
        recheck->pausing = false;
    } else if (!take_page(work, recheck, batch, step)) {
        mst_work_fail(work, "the results of batch %.60s cannot be read", batch->id);
        return;
    }
    go_on(matching, work, recheck, batch);
}

void
work_recheck(matching *matching, mst_work *work, const mst_step *step)
{
    const Muster__V1__RecheckRequested *input = (const Muster__V1__RecheckRequested *)step->input.message;
    recheck *recheck = work_begin(work, sizeof *recheck, input->batch_id, input->generation, recheck_step, recheck_end);
    const batch *batch = work_batch(matching, work);
    if (batch == NULL) {
        mst_work_finish(work);
        return;
    }
    recheck->since = input->since;
    recheck->position = input->position;
    recheck->number = input->recheck;
    recheck->settings = settings_of(matching_template(matching, batch));
    field_names_of(&recheck->names, mst_catalog_kind(matching->catalog, batch->kind));
    const directory *directory = matching_directory(matching, batch->kind);
    size_t changes = 0;
    if (directory != NULL)
        directory_changes(directory, recheck->since, recheck->position, &changes);
    if (changes == 0 || batch->chunks == 0) {
        say_finished(work, recheck, batch);
        return;
    }
    recheck->results = mst_arena_alloc(mst_work_arena(work), batch->chunks * sizeof(*recheck->results));
    load_status status = loading_start(&recheck->loading, matching, work, batch);
    if (status == LOAD_BROKEN) {
        mst_work_fail(work, "the template of batch %.60s is unknown here", batch->id);
        return;
    }
    recheck->loaded = status == LOAD_DONE;
    ask_pages(work, recheck, batch);
}
