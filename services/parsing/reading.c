/* reading.c - see reading.h.
 *
 * A file is read by ranges from ingestion, several under way at once, and committed in parts. A reader that takes over
 * reads from the beginning and leaves out the parts that are durable: the same bytes make the same parts. */
#include "reading.h"

#include "corrected.h"
#include "entries.h"
#include "export.pb-c.h"
#include "memory.h"
#include "rereading.h"
#include "services/runtime/catalog.h"
#include "verdict.h"
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
    turn turn;
    mst_work *work;
    const parsing_state *state;
    entries *entries;                                /* NULL: what is laid over the rows is still gathered */
    rereading *over;                                 /* NULL: a corrected file */
    corrected *corrected;                            /* NULL: the batch's own file */
    size_t corrected_given;                          /* events made of it */
    const Muster__V1__CorrectionsReceived *received; /* of a corrected file; as long as the work */
    char **columns;                                  /* fields that a column of the file feeds, in the work's arena */
    size_t columns_count;
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
    bool pausing;  /* waits for STEP_TIME */
    bool all_read; /* a corrected file, whose rows are given now */
} job;

static void
job_destroy(void *data)
{
    job *self = data;
    entries_destroy(&self->entries);
    rereading_destroy(&self->over);
    corrected_destroy(&self->corrected);
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
    mst_arena *arena = mst_work_arena(self->work);
    self->columns = mst_arena_alloc(arena, (recognised->n_columns + 1) * sizeof *self->columns);
    self->columns_count = 0;
    for (size_t i = 0; i < recognised->n_columns; i++)
        if (recognised->columns[i]->field[0] != '\0')
            self->columns[self->columns_count++] = mst_arena_strdup(arena, recognised->columns[i]->field);
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

/* A corrected file is not taken; the batch waits as before. */
static void
refuse_corrections(job *self, const char *reason, const char *advice)
{
    Muster__V1__CorrectionsRefused refused = MUSTER__V1__CORRECTIONS_REFUSED__INIT;
    refused.batch_id = self->batch_id;
    refused.generation = self->generation;
    refused.file_name = self->received->file_name;
    refused.operator_ = self->received->operator_;
    refused.reason = (char *)reason;
    refused.advice = (char *)advice;
    mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &refused.base);
    mst_work_finish(self->work);
}

/* The batch cannot go on: the last thing said of it. */
static void
fail_batch(job *self, const char *reason, const char *advice)
{
    if (self->received != NULL) {
        if (self->corrected != NULL)
            corrected_failure(self->corrected, &advice); // it is not about a new batch
        refuse_corrections(self, reason, advice);
        return;
    }
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
    Muster__V1__RulesApplied applied = MUSTER__V1__RULES_APPLIED__INIT;
    uint8_t hash[16];
    entries_finished(self->entries, &finished, hash);
    applied.batch_id = self->batch_id;
    applied.generation = self->generation;
    applied.uses = corrections_uses(rereading_corrections(self->over), mst_work_scratch(self->work), &applied.n_uses);
    if (applied.n_uses > 0)
        mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &applied.base);
    mst_work_event(self->work, self->stream, self->batch_id, NULL, finished.rows, &finished.base);
    verdict next;
    verdict_of(self->state, self->batch_id, &next);
    next.generation = self->generation;
    next.rows = finished.rows;
    next.chunks = finished.chunks;
    next.wrong_rows = finished.wrong_rows;
    next.left_out = finished.left_out;
    next.check_wrong = 0;
    next.columns = self->columns;
    next.columns_count = self->columns_count;
    next.asks_nobody = state_find(self->state, self->batch_id)->created->dry_run ||
                       state_excluded(state_find(self->state, self->batch_id), self->generation - 1);
    verdict_read(self->work, &next);
    mst_work_finish(self->work);
}

/* Rows that came back: as many as may be under way; behind the last, the file is read again with them. */
static void
give_corrected(job *self)
{
    const char *advice, *reason = corrected_failure(self->corrected, &advice);
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    if (reason == NULL && !batch->waiting && self->next_part == 0) {
        reason = "The batch does not wait for corrections any more: somebody else went on with it.";
        advice = "Look at the batch; if it waits again, send the file again.";
    }
    if (reason != NULL) {
        refuse_corrections(self, reason, advice);
        return;
    }
    for (; self->corrected_given < corrected_count(self->corrected); self->corrected_given++) {
        const Muster__V1__RowsCorrected *came = corrected_at(self->corrected, self->corrected_given);
        if (mst_work_parts_open(self->work) >= PARTS_OPEN_MAX)
            return;
        if (is_new(self)) {
            char *stream = mst_arena_printf(mst_work_scratch(self->work), "%s/rows", self->stream);
            mst_work_event(self->work, stream, self->batch_id, NULL, (uint32_t)came->n_numbers, &came->base);
        }
        on_part(self);
    }
    if (batch->waiting) {
        Muster__V1__CorrectionsFinished finished = MUSTER__V1__CORRECTIONS_FINISHED__INIT;
        finished.batch_id = self->batch_id;
        finished.generation = self->generation + 1;
        finished.operator_ = self->received->operator_;
        // Somebody may say the same at this moment: one of the two comes first.
        mst_work_guard(self->work, self->stream);
        mst_work_event(self->work, self->stream, self->batch_id, NULL, 0, &finished.base);
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

static void
conclude(job *self)
{
    if (self->corrected != NULL)
        give_corrected(self);
    else
        finish_batch(self);
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
            self->all_read = true;
            conclude(self);
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
        wanted->is_import = true;
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
    settings->template = template;
    settings->missing_values = template->missing_values;
    settings->missing_values_count = template->n_missing_values;
    return true;
}

/* Repairs that were asked for when the batch was created or accepted since. */
static void
add_repairs(const job *self, const parsed_batch *batch, entries_settings *settings)
{
    mst_arena *arena = mst_work_arena(self->work);
    size_t accepted = batch->fixing == NULL || self->generation == 1 ? 0 : batch->fixing->repairs_count;
    char **names = mst_arena_alloc(arena, (batch->created->n_repairs + accepted + 1) * sizeof *names);
    for (size_t i = 0; i < batch->created->n_repairs; i++)
        names[settings->repairs_count++] = batch->created->repairs[i];
    for (size_t i = 0; i < accepted; i++)
        names[settings->repairs_count++] = mst_arena_strdup(arena, batch->fixing->repairs[i]->name);
    settings->repairs = names;
}

/* What is laid over the rows is known: reads. */
static void
begin_reading(job *self)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    entries_settings settings = {.batch_id = self->batch_id, .generation = self->generation};
    entries_sink sink = {self, on_recognised, on_chunk, on_wrong, on_remarks, on_part};
    if (self->corrected != NULL) {
        corrected_settings(self->corrected, &settings, &sink);
    } else {
        bool known = settings_of(self->state, batch, &settings); // as when it was looked up before
        assert(known);
        memory_recall(self->state, self->batch_id, &settings.wanted, mst_work_arena(self->work));
        add_repairs(self, batch, &settings);
        settings.today = batch->created->batch_date;
        settings.corrections = rereading_corrections(self->over);
    }
    settings.spool_dir = self->state->spool_dir;
    self->entries = entries_new(&settings, &sink);
    go_on(self);
}

/* The next stream to be gathered from, or the reading. */
static void
gather(job *self)
{
    const char *stream = rereading_stream(self->over);
    if (stream != NULL)
        mst_work_read(self->work, 0, stream, 1, 0);
    else
        begin_reading(self);
}

static void
gathered(job *self, const mst_step *step)
{
    if (!rereading_take(self->over, step->events, step->events_count))
        fail_batch(self, "More corrected rows came back for this batch than can be kept together.",
                   "Correct the file itself, and upload it as a new batch.");
    else if (!step->end)
        mst_work_read(self->work, 0, rereading_again(self->over), step->next, 0);
    else
        gather(self);
}

static void
job_step(mst_work *work, const mst_step *step)
{
    job *self = mst_work_data(work);
    if (step->kind == MST_STEP_TIME)
        self->pausing = false;
    if (state_find(self->state, self->batch_id)->ended) // cancelled: it goes no further
        mst_work_finish(work);
    else if (step->kind == MST_STEP_ANSWER)
        range_arrived(self, step);
    else if (step->kind == MST_STEP_PAGE)
        gathered(self, step);
    else if (self->all_read)
        conclude(self);
    else if (self->entries != NULL)
        go_on(self);
}

static job *
job_new(const parsing_state *state, mst_work *work, const mst_step *step, const char *batch_id, uint32_t generation)
{
    job *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    mst_work_set_data(work, self, job_destroy);
    self->turn.step = job_step;
    self->work = work;
    self->state = state;
    self->generation = generation;
    self->next_part = step->next_part;
    self->hash = mst_hash_new();
    snprintf(self->batch_id, sizeof self->batch_id, "%s", batch_id);
    snprintf(self->stream, sizeof self->stream, "parsing/%s", self->batch_id);
    snprintf(self->chunks_stream, sizeof self->chunks_stream, "parsing/%s/g%u", self->batch_id, self->generation);
    return self;
}

static void
job_set_file(job *self, const uint8_t *sha256, uint64_t size)
{
    memcpy(self->sha256, sha256, MST_HASH_SIZE);
    self->size = size;
    self->ranges = size == 0 ? 1 : (size + RANGE_SIZE - 1) / RANGE_SIZE;
}

/* Fields of the batch's rows: NULL, and the batch is given up: nobody knows them. */
static Muster__V1__Field *const *
fields_of(job *self, size_t *count)
{
    entries_settings settings = {0};
    if (!settings_of(self->state, state_find(self->state, self->batch_id), &settings)) {
        fail_batch(self, "The template or kind of the batch is not known.", "Add it, and create a new batch.");
        return NULL;
    }
    *count = settings.wanted.fields_count;
    return settings.wanted.fields;
}

void
reading_begin(const parsing_state *state, mst_work *work, const mst_step *step)
{
    const mst_event *input = &step->input;
    const parsed_batch *batch = state_find(state, input->head->batch_id);
    uint32_t generation = 1;
    size_t count;
    if (strcmp(input->head->type, "CorrectionsFinished") == 0)
        generation = ((const Muster__V1__CorrectionsFinished *)input->message)->generation;
    job *self = job_new(state, work, step, input->head->batch_id, generation);
    job_set_file(self, batch->sha256, batch->size);
    Muster__V1__Field *const *fields = fields_of(self, &count);
    if (fields == NULL)
        return;
    self->over = rereading_new(state, self->batch_id, generation, input->head->seq, fields, count);
    gather(self);
}

void
reading_begin_corrected(const parsing_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__CorrectionsReceived *received = (const Muster__V1__CorrectionsReceived *)step->input.message;
    const parsed_batch *batch = state_find(state, received->batch_id);
    size_t count;
    if (batch->accepted || received->sha256.len != MST_HASH_SIZE) {
        mst_work_finish(work);
        return;
    }
    job *self = job_new(state, work, step, received->batch_id, batch->generation);
    self->received = received;
    job_set_file(self, received->sha256.data, received->size);
    Muster__V1__Field *const *fields = fields_of(self, &count);
    if (fields == NULL)
        return;
    self->corrected = corrected_new(self->batch_id, batch->generation, fields, count, batch->rows);
    begin_reading(self);
}
