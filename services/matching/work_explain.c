/* work_explain.c - see work_of.h: why two are, or are not, taken for one person. */
#include "work_of.h"

#include <stdlib.h>
#include <string.h>

typedef struct explain {
    work_base base;
    loading loading;
    char kind[128], left[PERSON_RECORD_ID_MAX + 1], right[PERSON_RECORD_ID_MAX + 1];
} explain;

static void
explain_end(void *data)
{
    loading_end(&((explain *)data)->loading);
}

static bool
is_row(const char *name)
{
    return strncmp(name, "row:", 4) == 0;
}

/* NULL: no such record or row. `row` gets the row's number, 0 for a record. */
static const person *
find(const matching *matching, const explain *explain, const char *name, uint32_t *row)
{
    *row = 0;
    if (is_row(name)) {
        const batch *batch = matching_batch(matching, explain->base.batch_id);
        char *end;
        unsigned long number = strtoul(name + 4, &end, 10);
        if (explain->loading.loaded == NULL || batch == NULL || *end != 0 || number == 0 || number > batch->rows)
            return NULL;
        *row = (uint32_t)number;
        return entries_row(explain->loading.loaded->entries, *row);
    }
    const directory *directory = matching_directory(matching, explain->kind);
    person_ref ref = directory == NULL ? 0 : directory_find(directory, name, strlen(name), PERSON_NOW - 1);
    return ref == 0 ? NULL : people_at(directory_people(directory), ref);
}

static void
answer(matching *matching, mst_work *work, const explain *explain)
{
    uint32_t left_row, right_row;
    const person *left = find(matching, explain, explain->left, &left_row);
    const person *right = find(matching, explain, explain->right, &right_row);
    if (left == NULL || right == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                        "%s is not known: give a record's id, or row:N with the batch it is in",
                        left == NULL ? explain->left : explain->right);
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    const directory *directory = matching_directory(matching, explain->kind);
    const batch *batch = matching_batch(matching, explain->base.batch_id);
    weigher own, *weigher = &own;
    (void)weigher_init(&own, weigher_pack(arena, directory == NULL ? NULL : directory_people(directory)));
    uint32_t duplicate_check = 0;
    if (explain->loading.loaded != NULL && batch != NULL) {
        layout layout;
        weigher = entries_weigher(explain->loading.loaded->entries,
                                  directory == NULL ? NULL : directory_people(directory), batch->position);
        (void)matching_layout(matching, batch, &layout, &duplicate_check);
    }
    query *query = mst_arena_alloc(arena, sizeof *query);
    query_init(query, weigher, duplicate_check);
    query_set(query, left);
    verdict verdict;
    int32_t prior = weigher_prior(weigher, left_row != 0 && right_row != 0);
    query_compare(query, right, prior, &verdict);
    weigher_release(&own);

    option option = {.row = right_row,
                     .id = explain->right,
                     .id_size = (uint32_t)strlen(explain->right),
                     .version = right_row != 0 ? 0 : right->version,
                     .weight = verdict.weight + prior +
                               (left_row != 0 && right_row != 0 ? weigher->shift_file : weigher->shift_directory),
                     .likeness = verdict.likeness,
                     .parts = verdict.parts};
    settings settings = {.merge_cost = MERGE_COST_DEFAULT, .may_create = true};
    (void)decide(&option, 1, &settings);
    field_names names;
    field_names_of(&names, mst_catalog_kind(matching->catalog, explain->kind));
    mst_work_answer(work, &candidate_message(arena, &names, &option, true)->base);
}

static void
explain_step(matching *matching, mst_work *work, const mst_step *step)
{
    explain *explain = mst_work_data(work);
    const batch *batch = work_batch(matching, work);
    if (step->kind != MST_STEP_PAGE)
        return;
    if (batch == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                        "batch %s is over: its rows are records now, compare those", explain->base.batch_id);
        return;
    }
    load_status status = loading_page(&explain->loading, work, batch, step);
    if (status == LOAD_BROKEN)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL, "the rows of batch %s cannot be read",
                        explain->base.batch_id);
    else if (status == LOAD_DONE)
        answer(matching, work, explain);
}

void
work_explain(matching *matching, mst_work *work, const mst_step *step)
{
    const Muster__V1__Explain *asked = (const Muster__V1__Explain *)step->argument;
    const batch *batch = matching_batch(matching, asked->batch_id);
    bool rows = is_row(asked->left) || is_row(asked->right);
    if (strlen(asked->left) > PERSON_RECORD_ID_MAX || strlen(asked->right) > PERSON_RECORD_ID_MAX ||
        strlen(asked->kind) > 127) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL,
                        "an id longer than %u bytes names no record", PERSON_RECORD_ID_MAX);
        return;
    }
    explain *explain = work_begin(work, sizeof *explain, asked->batch_id, batch == NULL ? 0 : batch->generation,
                                  explain_step, explain_end);
    strcpy(explain->left, asked->left);
    strcpy(explain->right, asked->right);
    strcpy(explain->kind, asked->kind[0] != 0 || batch == NULL ? asked->kind : batch->kind);
    if (!rows || batch == NULL || !batch->started) {
        answer(matching, work, explain);
        return;
    }
    load_status status = loading_start(&explain->loading, matching, work, batch);
    if (status == LOAD_DONE)
        answer(matching, work, explain);
    else if (status == LOAD_BROKEN)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL, "the template of batch %s is unknown",
                        asked->batch_id);
}
