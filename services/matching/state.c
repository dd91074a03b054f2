/* state.c - see state.h. */
#include "state.h"

#include "broker/lib/log.h"
#include "compare.h"
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

matching *
matching_new(void)
{
    matching *matching = mst_alloc(sizeof *matching);
    memset(matching, 0, sizeof *matching);
    matching->catalog = mst_catalog_new();
    matching->waiting_last = &matching->waiting_first;
    matching->finder = mst_alloc(sizeof *matching->finder);
    return matching;
}

static void
batch_destroy(batch *batch)
{
    for (size_t i = 0; i < batch->fields_count; i++)
        free(batch->fields[i]);
    for (size_t i = 0; i < batch->answers_count; i++)
        free(batch->answers[i].record_id);
    free(batch->fields);
    free(batch->answers);
    free(batch->id);
    free(batch->kind);
    free(batch->template_name);
    free(batch->entries_stream);
    free(batch->parameters);
    free(batch);
}

static void
waiting_take_first(matching *matching)
{
    waiting *first = matching->waiting_first;
    matching->waiting_first = first->next;
    if (first->next == NULL)
        matching->waiting_last = &matching->waiting_first;
    free(first->body);
    free(first);
}

static void
loaded_drop(matching *matching, size_t at)
{
    entries_destroy(&matching->loaded[at]->entries);
    free(matching->loaded[at]->batch_id);
    free(matching->loaded[at]);
    matching->loaded[at] = matching->loaded[--matching->loaded_count];
}

void
matching_destroy(matching **matching)
{
    if (*matching == NULL)
        return;
    mst_catalog_destroy(&(*matching)->catalog);
    for (size_t i = 0; i < (*matching)->kinds_count; i++) {
        free((*matching)->kinds[i].kind);
        directory_destroy(&(*matching)->kinds[i].directory);
    }
    while ((*matching)->waiting_first != NULL)
        waiting_take_first(*matching);
    for (size_t i = 0; i < (*matching)->batches_count; i++)
        batch_destroy((*matching)->batches[i]);
    free((*matching)->batches);
    while ((*matching)->loaded_count > 0)
        loaded_drop(*matching, 0);
    free((*matching)->loaded);
    free((*matching)->finder);
    free(*matching);
    *matching = NULL;
}

/* Batches ------------------------------------------------------------------------------------------------ */

batch *
matching_batch(const matching *matching, const char *batch_id)
{
    for (size_t i = matching->batches_count; i-- > 0;) // the latest is asked for most
        if (strcmp(matching->batches[i]->id, batch_id) == 0)
            return matching->batches[i];
    return NULL;
}

static void
created(matching *matching, const Muster__V1__BatchCreated *event)
{
    if (event->purpose != MUSTER__V1__PURPOSE__PURPOSE_BATCH || matching_batch(matching, event->batch_id) != NULL)
        return;
    batch *batch = mst_alloc(sizeof *batch);
    memset(batch, 0, sizeof *batch);
    batch->id = mst_strdup(event->batch_id);
    batch->template_name = mst_strdup(event->template_name);
    batch->template_version = event->template_version;
    const Muster__V1__Template *template = matching_template(matching, batch);
    batch->kind = mst_strdup(template == NULL ? event->kind : mst_catalog_matched_kind(template));
    if (matching->batches_count == matching->batches_room) {
        matching->batches_room = matching->batches_room == 0 ? 16 : matching->batches_room * 2;
        matching->batches = mst_realloc(matching->batches, matching->batches_room * sizeof(*matching->batches));
    }
    matching->batches[matching->batches_count++] = batch;
}

static void
recognised(batch *batch, const Muster__V1__FileRecognised *event)
{
    for (size_t i = 0; i < batch->fields_count; i++)
        free(batch->fields[i]);
    free(batch->fields);
    batch->fields_count = event->n_fields;
    batch->fields = mst_alloc((event->n_fields + 1) * sizeof *batch->fields);
    for (size_t i = 0; i < event->n_fields; i++)
        batch->fields[i] = mst_strdup(event->fields[i]);
}

static void
accepted(batch *batch, uint64_t seq, const Muster__V1__EntriesAccepted *event)
{
    if (batch->accepted_seq != 0 && event->generation <= batch->generation)
        return;
    batch->accepted_seq = seq;
    batch->generation = event->generation;
    free(batch->entries_stream);
    batch->entries_stream = mst_strdup(event->entries_stream);
    batch->chunks = event->chunks;
    batch->rows = event->rows;
    batch->started = false;
}

static void
started(batch *batch, const Muster__V1__MatchingStarted *event)
{
    if (batch->started || event->generation != batch->generation)
        return;
    batch->started = true;
    batch->position = event->position;
    batch->spans = event->spans;
    free(batch->parameters);
    batch->parameters_size = event->parameters.len;
    batch->parameters = mst_alloc(event->parameters.len + 1);
    if (event->parameters.len > 0)
        memcpy(batch->parameters, event->parameters.data, event->parameters.len);
}

static void
resolved(batch *batch, const Muster__V1__DiscrepancyResolved *event)
{
    size_t at = batch->answers_count;
    while (at > 0 && batch->answers[at - 1].row >= event->row)
        at--;
    if (at < batch->answers_count && batch->answers[at].row == event->row) {
        free(batch->answers[at].record_id);
    } else {
        if (batch->answers_count == batch->answers_room) {
            batch->answers_room = batch->answers_room == 0 ? 64 : batch->answers_room * 2;
            batch->answers = mst_realloc(batch->answers, batch->answers_room * sizeof *batch->answers);
        }
        memmove(&batch->answers[at + 1], &batch->answers[at], (batch->answers_count - at) * sizeof *batch->answers);
        batch->answers_count++;
    }
    batch->answers[at] = (answered){event->row, (int)event->choice, mst_strdup(event->record_id)};
}

const answered *
batch_answer(const batch *batch, uint32_t row)
{
    size_t low = 0, high = batch->answers_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batch->answers[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < batch->answers_count && batch->answers[low].row == row ? &batch->answers[low] : NULL;
}

/* A closed batch keeps only its name, so that late work finds it closed. */
static void
closed(matching *matching, const char *batch_id)
{
    for (size_t i = 0; i < matching->batches_count; i++)
        if (strcmp(matching->batches[i]->id, batch_id) == 0) {
            batch_destroy(matching->batches[i]);
            memmove(&matching->batches[i], &matching->batches[i + 1],
                    (matching->batches_count - i - 1) * sizeof(*matching->batches));
            matching->batches_count--;
            return;
        }
}

/* Directory ---------------------------------------------------------------------------------------------- */

directory *
matching_directory(const matching *matching, const char *kind)
{
    for (size_t i = 0; i < matching->kinds_count; i++)
        if (strcmp(matching->kinds[i].kind, kind) == 0)
            return matching->kinds[i].directory;
    return NULL;
}

static void
index_records(matching *matching, uint64_t seq, const Muster__V1__Kind *kind, const Muster__V1__RecordsChanged *event)
{
    directory *directory = matching_directory(matching, event->kind);
    if (directory == NULL) {
        if (matching->kinds_count == KINDS_MAX) {
            mst_log(MST_LOG_ERROR, "too many kinds to index", "max=u", (uint64_t)KINDS_MAX, NULL);
            return;
        }
        directory = directory_new();
        matching->kinds[matching->kinds_count++] = (kind_index){mst_strdup(event->kind), directory};
    }
    directory_index_apply(directory, seq, kind, event);
}

static void
changed(matching *matching, const mst_event *event)
{
    const Muster__V1__RecordsChanged *records = (const Muster__V1__RecordsChanged *)event->message;
    if (event->head->seq <= matching->records_seq)
        return;
    matching->records_seq = event->head->seq;
    const Muster__V1__Kind *kind = mst_catalog_kind(matching->catalog, records->kind);
    if (kind != NULL && matching->waiting_first == NULL) {
        index_records(matching, event->head->seq, kind, records);
        return;
    }
    waiting *waiting = mst_alloc(sizeof *waiting);
    waiting->seq = event->head->seq;
    waiting->size = event->body.size;
    waiting->body = mst_alloc(event->body.size + 1);
    memcpy(waiting->body, event->body.data, event->body.size);
    waiting->next = NULL;
    *matching->waiting_last = waiting;
    matching->waiting_last = &waiting->next;
}

/* Records that waited for their kind, in order; those of a kind still unknown hold up the rest. */
static void
index_waiting(matching *matching)
{
    while (matching->waiting_first != NULL) {
        waiting *first = matching->waiting_first;
        Muster__V1__RecordsChanged *records = muster__v1__records_changed__unpack(NULL, first->size, first->body);
        assert(records != NULL); // it was unpacked before
        const Muster__V1__Kind *kind = mst_catalog_kind(matching->catalog, records->kind);
        if (kind != NULL)
            index_records(matching, first->seq, kind, records);
        muster__v1__records_changed__free_unpacked(records, NULL);
        if (kind == NULL)
            return;
        waiting_take_first(matching);
    }
}

/* Versions no open batch can need are forgotten. Only what both ways of events have passed is certain. */
static void
retire(matching *matching)
{
    uint64_t needed = matching->followed_seq;
    for (size_t i = 0; i < matching->batches_count; i++) {
        const batch *batch = matching->batches[i];
        uint64_t from = batch->started ? batch->position : batch->accepted_seq;
        if (from != 0 && from < needed)
            needed = from;
    }
    for (size_t i = 0; i < matching->kinds_count; i++)
        directory_retire(matching->kinds[i].directory, needed);
}

void
matching_apply(matching *matching, const mst_event *event)
{
    const char *type = event->head->type, *batch_id = event->head->batch_id;
    if (event->message == NULL)
        return;
    if (strcmp(type, "RecordsChanged") == 0) {
        changed(matching, event);
        return;
    }
    if (event->head->seq <= matching->followed_seq)
        return;
    matching->followed_seq = event->head->seq;
    mst_catalog_apply(matching->catalog, event);
    if (strcmp(type, "DirectoryDeclared") == 0)
        index_waiting(matching);
    else if (strcmp(type, "BatchCreated") == 0)
        created(matching, (const Muster__V1__BatchCreated *)event->message);
    batch *batch = matching_batch(matching, batch_id);
    if (batch == NULL)
        return;
    if (strcmp(type, "FileRecognised") == 0)
        recognised(batch, (const Muster__V1__FileRecognised *)event->message);
    else if (strcmp(type, "EntriesAccepted") == 0)
        accepted(batch, event->head->seq, (const Muster__V1__EntriesAccepted *)event->message);
    else if (strcmp(type, "MatchingStarted") == 0)
        started(batch, (const Muster__V1__MatchingStarted *)event->message);
    else if (strcmp(type, "DiscrepancyResolved") == 0)
        resolved(batch, (const Muster__V1__DiscrepancyResolved *)event->message);
    else if (strcmp(type, "BatchCompleted") == 0 || strcmp(type, "BatchCancelled") == 0 ||
             strcmp(type, "BatchFailed") == 0)
        closed(matching, batch_id);
    retire(matching);
}

/* Layout and loading ------------------------------------------------------------------------------------- */

const Muster__V1__Template *
matching_template(const matching *matching, const batch *batch)
{
    return mst_catalog_template(matching->catalog, batch->template_name, batch->template_version);
}

static uint32_t
group_bit(Muster__V1__Role role)
{
    switch (role) {
    case MUSTER__V1__ROLE__ROLE_IDENTIFIER: return 1u << GROUP_ID;
    case MUSTER__V1__ROLE__ROLE_GIVEN_NAME: return 1u << GROUP_GIVEN;
    case MUSTER__V1__ROLE__ROLE_MIDDLE_NAME: return 1u << GROUP_MIDDLE;
    case MUSTER__V1__ROLE__ROLE_FAMILY_NAME: return 1u << GROUP_FAMILY;
    case MUSTER__V1__ROLE__ROLE_FULL_NAME: return 1u << GROUP_GIVEN | 1u << GROUP_FAMILY;
    case MUSTER__V1__ROLE__ROLE_NAME_SUFFIX: return 1u << GROUP_SUFFIX;
    case MUSTER__V1__ROLE__ROLE_BIRTH_DATE:
    case MUSTER__V1__ROLE__ROLE_BIRTH_YEAR:
    case MUSTER__V1__ROLE__ROLE_BIRTH_MONTH:
    case MUSTER__V1__ROLE__ROLE_BIRTH_DAY: return 1u << GROUP_BIRTH;
    case MUSTER__V1__ROLE__ROLE_GENDER: return 1u << GROUP_GENDER;
    case MUSTER__V1__ROLE__ROLE_EMAIL: return 1u << GROUP_EMAIL;
    case MUSTER__V1__ROLE__ROLE_PHONE: return 1u << GROUP_PHONE;
    case MUSTER__V1__ROLE__ROLE_STREET:
    case MUSTER__V1__ROLE__ROLE_STREET_NUMBER:
    case MUSTER__V1__ROLE__ROLE_POSTCODE:
    case MUSTER__V1__ROLE__ROLE_CITY: return 1u << GROUP_ADDRESS;
    default: return 0;
    }
}

static const Muster__V1__Field *
template_field(const Muster__V1__Template *template, const char *name)
{
    for (size_t i = 0; i < template->n_fields; i++)
        if (strcmp(template->fields[i]->name, name) == 0)
            return template->fields[i];
    return NULL;
}

/* The field of the matched kind that a field feeds; -1: none, or it is about records of another kind. */
static int
matched_target(const Muster__V1__Template *template, const Muster__V1__Kind *kind, const Muster__V1__Field *field)
{
    bool belongs = field != NULL && mst_catalog_belongs(template, field, kind->name);
    return belongs ? mst_catalog_target(kind, field) : -1;
}

bool
matching_layout(const matching *matching, const batch *batch, layout *layout, uint32_t *duplicate_check)
{
    const Muster__V1__Template *template = matching_template(matching, batch);
    const Muster__V1__Kind *kind = mst_catalog_kind(matching->catalog, batch->kind);
    layout_init(layout);
    *duplicate_check = 0;
    if (template == NULL || kind == NULL)
        return false;
    size_t columns = batch->fields == NULL ? template->n_fields : batch->fields_count;
    for (size_t column = 0; column < columns; column++) {
        const Muster__V1__Field *field =
            batch->fields == NULL ? template->fields[column] : template_field(template, batch->fields[column]);
        int target = matched_target(template, kind, field);
        if (target >= 0)
            layout_add(layout, kind, (size_t)target, (uint32_t)column);
    }
    for (size_t i = 0; i < template->n_duplicate_check; i++) {
        const Muster__V1__Field *field = template_field(template, template->duplicate_check[i]);
        int target = matched_target(template, kind, field);
        uint32_t bit = target < 0 ? 0 : group_bit(kind->fields[target]->role);
        if (bit == 0) { // a field that is not compared: the check can never be known to pass
            *duplicate_check = 0;
            break;
        }
        *duplicate_check |= bit;
    }
    return true;
}

static void
loaded_trim(matching *matching)
{
    for (;;) {
        size_t idle = 0, oldest = SIZE_MAX;
        uint64_t size = 0;
        for (size_t i = 0; i < matching->loaded_count; i++) {
            const loaded *loaded = matching->loaded[i];
            size += entries_memory(loaded->entries);
            if (loaded->users > 0)
                continue;
            idle++;
            if (oldest == SIZE_MAX || loaded->used < matching->loaded[oldest]->used)
                oldest = i;
        }
        if (idle == 0 || (idle <= LOADED_MAX && size <= LOADED_SIZE_MAX))
            return;
        loaded_drop(matching, oldest);
    }
}

loaded *
matching_hold(matching *matching, const batch *batch)
{
    assert(batch->started);
    loaded *found = NULL;
    for (size_t i = 0; i < matching->loaded_count && found == NULL; i++)
        if (matching->loaded[i]->generation == batch->generation &&
            strcmp(matching->loaded[i]->batch_id, batch->id) == 0)
            found = matching->loaded[i];
    if (found == NULL) {
        layout layout;
        uint32_t duplicate_check;
        loaded_trim(matching);
        if (!matching_layout(matching, batch, &layout, &duplicate_check))
            return NULL;
        if (matching->loaded_count == matching->loaded_room) {
            matching->loaded_room = matching->loaded_room == 0 ? 8 : matching->loaded_room * 2;
            matching->loaded = mst_realloc(matching->loaded, matching->loaded_room * sizeof(*matching->loaded));
        }
        found = mst_alloc(sizeof *found);
        *found = (loaded){.batch_id = mst_strdup(batch->id), .generation = batch->generation};
        found->entries =
            entries_new(batch->chunks, batch->rows, &layout, (mst_slice){batch->parameters, batch->parameters_size},
                        matching_template(matching, batch)->subject != NULL);
        matching->loaded[matching->loaded_count++] = found;
    }
    found->users++;
    found->used = ++matching->uses;
    return found;
}

void
matching_release(matching *matching, loaded *loaded)
{
    assert(loaded->users > 0);
    loaded->users--;
    loaded_trim(matching);
}
