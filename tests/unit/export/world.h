/* world.h - a small church for tests of export: a directory, a template, batches with rows and decisions. */
#ifndef MUSTER_TESTS_EXPORT_WORLD_H
#define MUSTER_TESTS_EXPORT_WORLD_H

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/export/export.h"
#include "tests/unit/stage.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define WORLD_COLUMNS 4u /* name, mail, city, campus */
#define WORLD_FIELDS 5u  /* and joined, which no file has */

typedef struct world_row {
    const char *cells[WORLD_COLUMNS];
    Muster__V1__Decision decision;
    const char *id; /* MATCHED */
} world_row;

typedef struct world_batch {
    const char *id;
    bool import, import_ids, dry_run, membership_date, update_campus, may_not_create;
    bool acting; /* column campus says Insert or Update */
    const world_row *rows;
    uint32_t count;
    uint32_t chunk_rows; /* 0: all in one */
    uint64_t position;
} world_batch;

#define MATCHED(record) .decision = MUSTER__V1__DECISION__DECISION_MATCHED, .id = record
#define NEW .decision = MUSTER__V1__DECISION__DECISION_NEW
#define UNSURE .decision = MUSTER__V1__DECISION__DECISION_DISCREPANCY
#define LEFT_OUT .decision = MUSTER__V1__DECISION__DECISION_REJECTED

static inline Muster__V1__Field
world_field(const char *name, Muster__V1__Role role, Muster__V1__UpdatePolicy update)
{
    Muster__V1__Field field = MUSTER__V1__FIELD__INIT;
    field.name = TEXT(name);
    field.title = TEXT(name);
    field.role = role;
    field.update = update;
    return field;
}

/* Kind person, whose records `key` names (NULL: batch and row), and templates card, strict (which may not create),
 * acting.
 */
static inline stage *
world_open_keyed(const char *dir, unsigned seed, const char *key)
{
    stage *self = stage_open(&export_core, dir, seed);
    Muster__V1__Field fields[] = {
        world_field("name", MUSTER__V1__ROLE__ROLE_FULL_NAME, MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE),
        world_field("mail", MUSTER__V1__ROLE__ROLE_EMAIL, MUSTER__V1__UPDATE_POLICY__UPDATE_NEVER),
        world_field("city", MUSTER__V1__ROLE__ROLE_CITY, MUSTER__V1__UPDATE_POLICY__UPDATE_FILL_BLANKS),
        world_field("campus", MUSTER__V1__ROLE__ROLE_CAMPUS, MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE),
        world_field("joined", MUSTER__V1__ROLE__ROLE_MEMBERSHIP_DATE, MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE)};
    Muster__V1__Field *list[] = {&fields[0], &fields[1], &fields[2], &fields[3], &fields[4]};
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    template.name = TEXT("card");
    template.version = 1;
    template.kind = TEXT("person");
    template.may_create = true;
    template.fields = list;
    template.n_fields = WORLD_COLUMNS;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    added.template_ = &template;
    stage_say(self, "ingestion/template/card", "", &added);
    template.name = TEXT("strict");
    template.may_create = false;
    stage_say(self, "ingestion/template/strict", "", &added);
    Muster__V1__Action action = MUSTER__V1__ACTION__INIT;
    char *insert[] = {TEXT("Insert")}, *update[] = {TEXT("Update")};
    action.field = TEXT("campus");
    action.insert_words = insert;
    action.update_words = update;
    action.n_insert_words = action.n_update_words = 1;
    template.name = TEXT("acting");
    template.may_create = true;
    template.action = &action;
    stage_say(self, "ingestion/template/acting", "", &added);

    for (size_t i = 0; i < WORLD_FIELDS; i++)
        fields[i].update = MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE;
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[] = {&kind};
    kind.name = TEXT("person");
    kind.title = TEXT("Person");
    kind.fields = list;
    char *keys[] = {TEXT(key)};
    kind.n_fields = WORLD_FIELDS;
    kind.primary_key = keys;
    kind.n_primary_key = key != NULL;
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = kinds;
    declared.n_kinds = 1;
    stage_say(self, "export/directory", "", &declared);
    return self;
}

static inline stage *
world_open(const char *dir, unsigned seed)
{
    return world_open_keyed(dir, seed, NULL);
}

static inline uint32_t
world_chunks(const world_batch *plan)
{
    uint32_t size = plan->chunk_rows == 0 ? plan->count : plan->chunk_rows;
    return plan->count == 0 ? 0 : (plan->count + size - 1) / size;
}

static inline void
world_say_entries(stage *self, const world_batch *plan, uint32_t chunk, uint32_t first, uint32_t rows)
{
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, WORLD_COLUMNS + plan->import_ids);
    for (uint32_t row = first; row < first + rows; row++) {
        if (plan->import_ids)
            mst_rows_builder_add(&builder, plan->rows[row].id, strlen(plan->rows[row].id));
        for (size_t i = 0; i < WORLD_COLUMNS; i++) {
            const char *cell = plan->rows[row].cells[i] == NULL ? "" : plan->rows[row].cells[i];
            mst_rows_builder_add(&builder, cell, strlen(cell));
        }
    }
    Muster__V1__Rows columns;
    mst_rows_builder_view(&builder, first + 1, &columns);
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    read.batch_id = TEXT(plan->id);
    read.generation = 1;
    read.chunk = chunk;
    read.rows = &columns;
    stage_say(self, mst_arena_printf(self->arena, "parsing/%s/g1", plan->id), plan->id, &read);
    mst_rows_builder_release(&builder);
}

static inline void
world_say_decisions(stage *self, const world_batch *plan, uint32_t chunk, uint32_t first, uint32_t rows)
{
    uint8_t *decisions = mst_arena_alloc(self->arena, rows), *reasons = mst_arena_alloc(self->arena, rows);
    uint32_t *ends = mst_arena_alloc(self->arena, rows * sizeof *ends), *zeros = mst_arena_alloc(self->arena, rows * 4);
    char *ids = mst_arena_alloc(self->arena, rows * 64);
    for (uint32_t i = 0; i < rows; i++) {
        const world_row *row = &plan->rows[first + i];
        decisions[i] = (uint8_t)row->decision;
        if (row->id != NULL)
            strcat(ids, row->id);
        ends[i] = (uint32_t)strlen(ids);
    }
    Muster__V1__EntriesMatched matched = MUSTER__V1__ENTRIES_MATCHED__INIT;
    matched.batch_id = TEXT(plan->id);
    matched.generation = 1;
    matched.chunk = chunk;
    matched.first_row = first + 1;
    matched.rows = rows;
    matched.decisions = (ProtobufCBinaryData){rows, decisions};
    matched.reasons = (ProtobufCBinaryData){rows, reasons};
    matched.ids = (ProtobufCBinaryData){strlen(ids), (uint8_t *)ids};
    matched.id_ends = ends;
    matched.probabilities = matched.versions = zeros;
    matched.n_id_ends = matched.n_probabilities = matched.n_versions = rows;
    stage_say(self, mst_arena_printf(self->arena, "matching/%s/g1", plan->id), plan->id, &matched);
}

/* Everything up to and including the event that closes what stands before export. Returns its seq. */
static inline uint64_t
world_say_batch(stage *self, const world_batch *plan)
{
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    char *options[] = {TEXT(plan->membership_date ? "membership-date" : "none"),
                       TEXT(plan->update_campus ? "update-campus" : "none")};
    created.batch_id = TEXT(plan->id);
    created.batch_date = TEXT("2026-05-01");
    created.kind = TEXT("person");
    created.template_name = TEXT(plan->import           ? ""
                                 : plan->acting         ? "acting"
                                 : plan->may_not_create ? "strict"
                                                        : "card");
    created.template_version = 1;
    created.purpose = plan->import ? MUSTER__V1__PURPOSE__PURPOSE_IMPORT : MUSTER__V1__PURPOSE__PURPOSE_BATCH;
    created.id_column = TEXT(plan->import_ids ? "Id" : "");
    created.dry_run = plan->dry_run;
    created.options = options;
    created.n_options = 2;
    const char *own = mst_arena_printf(self->arena, "ingestion/%s", plan->id);
    const char *parsing = mst_arena_printf(self->arena, "parsing/%s", plan->id);
    stage_say(self, own, plan->id, &created);

    char *fields[] = {TEXT("id"), TEXT("name"), TEXT("mail"), TEXT("city"), TEXT("campus")};
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = TEXT(plan->id);
    recognised.generation = 1;
    recognised.fields = fields + !plan->import_ids;
    recognised.n_fields = WORLD_COLUMNS + plan->import_ids;
    stage_say(self, parsing, plan->id, &recognised);

    uint32_t chunks = world_chunks(plan), size = plan->chunk_rows == 0 ? plan->count : plan->chunk_rows;
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        uint32_t first = chunk * size, rows = plan->count - first < size ? plan->count - first : size;
        world_say_entries(self, plan, chunk, first, rows);
        if (!plan->import)
            world_say_decisions(self, plan, chunk, first, rows);
    }
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    accepted.batch_id = TEXT(plan->id);
    accepted.generation = 1;
    accepted.entries_stream = mst_arena_printf(self->arena, "parsing/%s/g1", plan->id);
    accepted.chunks = chunks;
    accepted.rows = accepted.accepted = plan->count;
    accepted.purpose = created.purpose;
    uint64_t seq = stage_say(self, parsing, plan->id, &accepted);
    if (plan->import)
        return seq;
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = TEXT(plan->id);
    finished.generation = 1;
    finished.rows = plan->count;
    for (uint32_t i = 0; i < plan->count; i++)
        finished.discrepancies += plan->rows[i].decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY;
    finished.position = plan->position;
    return stage_say(self, mst_arena_printf(self->arena, "matching/%s", plan->id), plan->id, &finished);
}

/* A person decides a row. */
static inline void
world_decide(stage *self, const char *batch_id, uint32_t row, Muster__V1__Choice choice, const char *record)
{
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    resolved.batch_id = TEXT(batch_id);
    resolved.generation = 1;
    resolved.row = row;
    resolved.version = 2;
    resolved.choice = choice;
    resolved.record_id = TEXT(record);
    stage_say(self, mst_arena_printf(self->arena, "discrepancy/%s", batch_id), batch_id, &resolved);
}

static inline uint64_t
world_verified(stage *self, const char *batch_id)
{
    Muster__V1__VerificationFinished finished = MUSTER__V1__VERIFICATION_FINISHED__INIT;
    finished.batch_id = TEXT(batch_id);
    finished.generation = 1;
    return stage_say(self, mst_arena_printf(self->arena, "discrepancy/%s", batch_id), batch_id, &finished);
}

/* Says the batch and works off what comes up. */
static inline void
world_run(stage *self, const world_batch *plan)
{
    size_t from = self->count;
    world_say_batch(self, plan);
    stage_inputs(self, from);
}

static inline const Muster__V1__Record *
world_record(stage *self, const char *id)
{
    Muster__V1__GetRecord query = MUSTER__V1__GET_RECORD__INIT;
    query.kind = TEXT("person");
    query.id = TEXT(id);
    stage_call(self, "eva", &query);
    if (self->status != MUSTER__V1__ANSWER_STATUS__ANSWER_OK)
        return NULL;
    return ((const Muster__V1__RecordList *)(const void *)self->reply)->records[0];
}

/* "name|mail|city|campus|joined v2", or "-". */
static inline const char *
world_text(stage *self, const char *id)
{
    const Muster__V1__Record *record = world_record(self, id);
    if (record == NULL)
        return "-";
    return mst_arena_printf(self->arena, "%s|%s|%s|%s|%s v%u", record->values[0], record->values[1], record->values[2],
                            record->values[3], record->values[4], record->version);
}

/* One letter a row, of all chunks in order: c u = s r */
static inline const char *
world_outcomes(stage *self, const char *batch_id)
{
    char *text = mst_arena_alloc(self->arena, 4096);
    const char *stream = mst_arena_printf(self->arena, "export/%s/g1", batch_id);
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp(self->events[i].head.stream, stream) != 0)
            continue;
        const Muster__V1__EntriesExported *exported = (const void *)self->events[i].event.message;
        for (size_t row = 0; row < exported->outcomes.len; row++)
            strncat(text, &"?cu=sr"[exported->outcomes.data[row]], 1);
    }
    return text;
}

#endif
