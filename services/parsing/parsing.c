/* parsing.c - see parsing.h. What is remembered of batches, and the reading of one file.
 *
 * A file is read by ranges from ingestion, several under way at once, and committed in parts. A reader that takes over
 * reads from the beginning and leaves out the parts that are durable: the same bytes make the same parts. */
#include "parsing.h"

#include "answers.h"
#include "entries.h"
#include "services/runtime/catalog.h"
#include "state.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE_SIZE (512u * 1024u) /* bytes asked for at once */
#define RANGES_MAX 4u             /* ranges under way */
#define PARTS_OPEN_MAX 4u         /* parts sent and not yet durable */
#define FEEDS_MAX 32u             /* pieces fed in one step, a MiB or so each */
#define RETRIES_MAX 20u           /* unanswered calls in a row before the attempt is given up */

typedef struct range {
    uint8_t *data;
    size_t size;
    bool here;
} range;

/* One file being read. */
typedef struct job {
    mst_work *work;
    const parsing_state *state;
    entries *entries;
    mst_hash *hash; /* of the file's bytes: what ingestion received is what is read */
    char batch_id[32], stream[64], chunks_stream[80];
    uint32_t generation;
    uint8_t sha256[MST_HASH_SIZE];
    uint64_t size;
    uint64_t asked, fed;      /* ranges */
    uint64_t ranges;          /* in the file, at least 1 */
    range slots[RANGES_MAX];  /* of ranges fed .. asked */
    uint32_t part, next_part; /* the one being built; the first that is not durable yet */
    uint32_t retries;
    bool pausing; /* waits for STEP_TIME */
    bool purpose_import;
    bool dry_run;
} job;

static void
job_destroy(void *data)
{
    job *self = data;
    entries_destroy(&self->entries);
    mst_hash_destroy(&self->hash);
    for (size_t i = 0; i < RANGES_MAX; i++)
        free(self->slots[i].data);
    free(self);
}

/* Events ----------------------------------------------------------------------------------------------- */

static bool
is_new(const job *self)
{
    return self->part >= self->next_part;
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    job *self = context;
    if (is_new(self))
        mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &recognised->base);
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    job *self = context;
    if (is_new(self))
        mst_work_event(self->work, self->chunks_stream, self->batch_id, NULL, chunk->rows->rows, &chunk->base);
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *wrong, uint32_t rows)
{
    job *self = context;
    if (is_new(self))
        mst_work_event(self->work, self->stream, self->batch_id, NULL, rows, &wrong->base);
}

static void
on_remarks(void *context, const Muster__V1__RemarksFound *remarks)
{
    job *self = context;
    if (is_new(self))
        mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &remarks->base);
}

static void
on_part(void *context)
{
    job *self = context;
    if (is_new(self))
        mst_work_part(self->work);
    self->part++;
}

/* The batch cannot go on: the last thing said of it. */
static void
fail_batch(job *self, const char *reason, const char *advice)
{
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.batch_id = self->batch_id;
    failed.stage = "parsing";
    failed.reason = (char *)reason;
    failed.advice = (char *)advice;
    mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &failed.base);
    mst_work_finish(self->work);
}

static void
finish_batch(job *self)
{
    Muster__V1__ReadingFinished finished;
    uint8_t hash[16];
    entries_finished(self->entries, &finished, hash);
    mst_work_event(self->work, self->stream, self->batch_id, NULL, finished.rows, &finished.base);
    // A dry run asks nobody: its wrong rows come out as rejected.
    if (finished.wrong_rows == 0 || self->dry_run) {
        Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
        accepted.batch_id = self->batch_id;
        accepted.generation = self->generation;
        accepted.entries_stream = self->chunks_stream;
        accepted.chunks = finished.chunks;
        accepted.rows = finished.rows;
        accepted.accepted = finished.rows - finished.wrong_rows;
        accepted.purpose =
            self->purpose_import ? MUSTER__V1__PURPOSE__PURPOSE_IMPORT : MUSTER__V1__PURPOSE__PURPOSE_BATCH;
        mst_work_event(self->work, self->stream, self->batch_id, NULL, finished.rows, &accepted.base);
    }
    mst_work_finish(self->work);
}

/* Bytes ------------------------------------------------------------------------------------------------ */

static void
ask(job *self, uint64_t number)
{
    Muster__V1__ReadBlob read = MUSTER__V1__READ_BLOB__INIT;
    read.sha256.data = self->sha256;
    read.sha256.len = MST_HASH_SIZE;
    read.offset = number * RANGE_SIZE;
    read.size = RANGE_SIZE;
    mst_work_call(self->work, number, "ingestion", self->batch_id, &read.base, &muster__v1__blob_range__descriptor);
}

/* What ingestion received is what was read. False: the batch cannot go on. */
static bool
bytes_are_the_same(job *self)
{
    uint8_t digest[MST_HASH_SIZE];
    mst_hash_take(self->hash, digest);
    if (memcmp(digest, self->sha256, MST_HASH_SIZE) == 0)
        return true;
    fail_batch(self, "The stored file is not the one that was uploaded: its bytes are damaged.",
               "Check the disk of the server, and upload the file again as a new batch.");
    return false;
}

/* Feeds the next range or, behind the last one, what a workbook still has. False: the batch cannot go on. */
static bool
feed(job *self)
{
    range *slot = &self->slots[self->fed % RANGES_MAX], none = {0};
    if (self->fed == self->ranges)
        slot = &none;
    else
        self->fed++;
    bool last = self->fed == self->ranges;
    if (slot != &none) {
        mst_hash_add(self->hash, slot->data, slot->size);
        slot->here = false;
        if (last && !bytes_are_the_same(self))
            return false;
    }
    if (entries_feed(self->entries, slot->data, slot->size, last))
        return true;
    const char *advice, *reason = entries_failure(self->entries, &advice);
    fail_batch(self, reason, advice);
    return false;
}

/* Feeds what is here as far as parts may be sent, and asks for more. The work may be over when it returns. */
static void
go_on(job *self)
{
    uint32_t calls = 0;
    while (mst_work_parts_open(self->work) < PARTS_OPEN_MAX) {
        if (self->fed < self->ranges && !self->slots[self->fed % RANGES_MAX].here)
            break;
        if (calls++ == FEEDS_MAX) { // much work that gave no rows: let others have a turn
            if (!self->pausing)
                mst_work_wait(self->work, 0, 1);
            self->pausing = true;
            return;
        }
        if (!feed(self))
            return;
        if (self->fed == self->ranges && !entries_pending(self->entries)) {
            finish_batch(self);
            return;
        }
    }
    while (self->asked < self->ranges && self->asked < self->fed + RANGES_MAX)
        ask(self, self->asked++);
}

static void
range_arrived(job *self, const mst_step *step)
{
    const Muster__V1__BlobRange *answer = (const Muster__V1__BlobRange *)step->message;
    uint64_t number = step->tag;
    assert(number >= self->fed && number < self->fed + RANGES_MAX);
    uint64_t wanted = number + 1 == self->ranges ? self->size - number * RANGE_SIZE : RANGE_SIZE;
    if (step->status == MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND) {
        fail_batch(self, "The uploaded file is missing from the file store.",
                   "Restore it from the backup, or upload the file again as a new batch.");
        return;
    }
    if (step->status != MUSTER__V1__ANSWER_STATUS__ANSWER_OK || answer == NULL || answer->data.len != wanted) {
        // Ingestion may be starting again at this moment.
        if (++self->retries > RETRIES_MAX)
            mst_work_fail(self->work, "ingestion does not give the file (answer %d)", (int)step->status);
        else
            ask(self, number);
        return;
    }
    self->retries = 0;
    range *slot = &self->slots[number % RANGES_MAX];
    if (slot->data == NULL)
        slot->data = mst_alloc(RANGE_SIZE);
    if (wanted > 0)
        memcpy(slot->data, answer->data.data, wanted);
    slot->size = wanted;
    slot->here = true;
    go_on(self);
}

/* Beginning --------------------------------------------------------------------------------------------- */

/* What the columns may be: those of the template, or, for an import, of the kind. False: nobody knows them. */
static bool
settings_of(const parsing_state *state, const parsed_batch *batch, entries_settings *settings)
{
    const Muster__V1__BatchCreated *created = batch->created;
    wanted_columns *wanted = &settings->wanted;
    wanted->id_column = created->id_column;
    wanted->choices = created->mapping;
    wanted->choices_count = created->n_mapping;
    if (created->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT) {
        const Muster__V1__Kind *kind = mst_catalog_kind(state->catalog, created->kind);
        if (kind == NULL)
            return false;
        wanted->name = kind->name;
        wanted->fields = kind->fields;
        wanted->fields_count = kind->n_fields;
        return true;
    }
    const Muster__V1__Template *template =
        mst_catalog_template(state->catalog, created->template_name, created->template_version);
    if (template == NULL)
        return false;
    wanted->name = template->name;
    wanted->fields = template->fields;
    wanted->fields_count = template->n_fields;
    wanted->needed = template->duplicate_check;
    wanted->needed_count = template->n_duplicate_check;
    settings->missing_values = template->missing_values;
    settings->missing_values_count = template->n_missing_values;
    return true;
}

static void
begin(const parsing_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__FileReceived *received = (const Muster__V1__FileReceived *)step->input.message;
    const parsed_batch *batch = state_find(state, received->batch_id);
    if (batch == NULL || batch->created == NULL || received->sha256.len != MST_HASH_SIZE) {
        mst_work_fail(work, "a file of a batch that was never created");
        return;
    }
    if (batch->ended) {
        mst_work_finish(work);
        return;
    }
    job *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    mst_work_set_data(work, self, job_destroy);
    self->work = work;
    self->state = state;
    self->generation = 1;
    self->next_part = step->next_part;
    self->size = received->size;
    self->ranges = received->size == 0 ? 1 : (received->size + RANGE_SIZE - 1) / RANGE_SIZE;
    self->purpose_import = batch->created->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    self->dry_run = batch->created->dry_run;
    memcpy(self->sha256, received->sha256.data, MST_HASH_SIZE);
    snprintf(self->batch_id, sizeof self->batch_id, "%s", received->batch_id);
    snprintf(self->stream, sizeof self->stream, "parsing/%s", self->batch_id);
    snprintf(self->chunks_stream, sizeof self->chunks_stream, "parsing/%s/g%u", self->batch_id, self->generation);
    self->hash = mst_hash_new();
    entries_settings settings = {
        .batch_id = self->batch_id, .generation = self->generation, .spool_dir = state->spool_dir};
    if (!settings_of(state, batch, &settings)) {
        fail_batch(self, "The template or kind of the batch is not known.", "Add it, and create a new batch.");
        return;
    }
    entries_sink sink = {self, on_recognised, on_chunk, on_wrong, on_remarks, on_part};
    self->entries = entries_new(&settings, &sink);
    go_on(self);
}

/* The turn ---------------------------------------------------------------------------------------------- */

static void
parsing_work(void *state, mst_work *work, const mst_step *step)
{
    job *self = step->kind == MST_STEP_CALL ? NULL : mst_work_data(work);
    switch (step->kind) {
    case MST_STEP_INPUT: begin(state, work, step); return;
    case MST_STEP_CALL: answers_begin(state, work, step); return;
    case MST_STEP_PAGE: answers_page(work, step); return;
    case MST_STEP_TIME: self->pausing = false; break;
    case MST_STEP_ANSWER:
    case MST_STEP_ROOM: break;
    }
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    if (batch->ended) // cancelled: it goes no further
        mst_work_finish(work);
    else if (step->kind == MST_STEP_ANSWER)
        range_arrived(self, step);
    else
        go_on(self);
}

static mst_status
parsing_open(void **state, const mst_core_env *env)
{
    parsing_state *self = state_new();
    self->spool_dir = env->data_dir[0] == '\0' ? NULL : mst_strdup(env->data_dir);
    *state = self;
    return MST_OK;
}

static void
parsing_close(void *state)
{
    state_destroy(state);
}

static void
parsing_apply(void *state, const mst_event *event)
{
    state_apply(state, event);
}

static mst_slice
parsing_save(void *state, mst_arena *arena)
{
    return state_save(state, arena);
}

static mst_status
parsing_load(void *state, mst_slice snapshot)
{
    return state_load(state, snapshot);
}

static const char *const TYPES[] = {
    "TemplateAdded",   "DirectoryDeclared", "BatchCreated",   "FileReceived", "ReadingFinished",
    "BadRowsExcluded", "EntriesAccepted",   "BatchCancelled", "BatchFailed",  NULL};
static const char *const HEAD_TYPES[] = {"FileRecognised", "WrongValuesFound", NULL};
static const char *const INPUTS[] = {"FileReceived", NULL};

const mst_core parsing_core = {
    .name = "parsing",
    .types = TYPES,
    .head_types = HEAD_TYPES,
    .inputs = INPUTS,
    .inputs_max = 4,
    .open = parsing_open,
    .close = parsing_close,
    .apply = parsing_apply,
    .work = parsing_work,
    .save = parsing_save,
    .load = parsing_load,
};
