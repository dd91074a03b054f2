/* agency.h - a small agency for tests of export: the directory and the template that are built in, three participants,
 * two programs, two caseworkers, and caseload files whose participants matching has found. */
#ifndef MUSTER_TESTS_EXPORT_AGENCY_H
#define MUSTER_TESTS_EXPORT_AGENCY_H

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/export/export.h"
#include "services/runtime/tableschema.h"
#include "tests/unit/stage.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))

/* A row of a caseload file. */
typedef struct agency_row {
    const char *who; /* record of the participant; NULL: nobody known; "?": a person is asked; "-": left out */
    const char *action, *program_id, *program_name, *staff_id, *first, *last, *relationship, *status, *start, *end,
        *why, *program_start, *program_end;
} agency_row;

typedef struct agency_batch {
    const char *id;
    bool dry_run, repeat, without_action;
    const agency_row *rows;
    uint32_t count;
    uint32_t chunk_rows; /* 0: all in one */
    uint64_t position;
} agency_batch;

static const struct {
    const char *field;
    size_t at;
} AGENCY_COLUMNS[] = {{"action", offsetof(agency_row, action)},
                      {"program_id", offsetof(agency_row, program_id)},
                      {"program_name", offsetof(agency_row, program_name)},
                      {"staff_id", offsetof(agency_row, staff_id)},
                      {"staff_first_name", offsetof(agency_row, first)},
                      {"staff_last_name", offsetof(agency_row, last)},
                      {"relationship", offsetof(agency_row, relationship)},
                      {"caseload_status", offsetof(agency_row, status)},
                      {"start_date", offsetof(agency_row, start)},
                      {"end_date", offsetof(agency_row, end)},
                      {"dismissal_reason", offsetof(agency_row, why)},
                      {"program_start_date", offsetof(agency_row, program_start)},
                      {"program_end_date", offsetof(agency_row, program_end)}};
#define AGENCY_COLUMNS_COUNT (sizeof AGENCY_COLUMNS / sizeof AGENCY_COLUMNS[0])

static inline const char *
agency_file(mst_arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = mst_arena_alloc(arena, 1u << 20);
    *size = fread(text, 1, (1u << 20) - 1, file);
    fclose(file);
    return text;
}

static inline void
agency_add_template(stage *self, Muster__V1__Template *template, const char *name)
{
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    template->name = TEXT(name);
    template->version = 1;
    added.template_ = template;
    stage_say(self, mst_arena_printf(self->arena, "ingestion/template/%s", name), "", &added);
}

/* Records of a kind, "id|cell|cell", as batch B1 brought them. */
static inline uint64_t
agency_records(stage *self, const Muster__V1__Kind *kind, uint32_t version, const char *const *lines, size_t count)
{
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, (uint32_t)kind->n_fields + 1);
    uint32_t *versions = mst_arena_alloc(self->arena, (count + 1) * sizeof *versions);
    char **fields = mst_arena_alloc(self->arena, (kind->n_fields + 1) * sizeof *fields);
    fields[0] = TEXT("id");
    for (size_t i = 0; i < kind->n_fields; i++)
        fields[i + 1] = kind->fields[i]->name;
    for (size_t i = 0; i < count; i++) {
        const char *line = lines[i];
        versions[i] = version;
        for (size_t cell = 0; cell <= kind->n_fields; cell++) {
            size_t size = strcspn(line, "|");
            mst_rows_builder_add(&builder, line, size);
            line += size + (line[size] == '|');
        }
    }
    Muster__V1__Rows rows;
    mst_rows_builder_view(&builder, 0, &rows);
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    changed.kind = kind->name;
    changed.fields = fields;
    changed.n_fields = kind->n_fields + 1;
    changed.rows = &rows;
    changed.versions = versions;
    changed.n_versions = count;
    changed.batch_id = TEXT("B1");
    uint64_t seq = stage_say(self, "export/B1/records", "B1", &changed);
    mst_rows_builder_release(&builder);
    return seq;
}

typedef struct agency {
    stage *stage;
    Muster__V1__Kind **kinds;
    size_t kinds_count;
} agency;

static inline const Muster__V1__Kind *
agency_kind(const agency *self, const char *name)
{
    for (size_t i = 0; i < self->kinds_count; i++)
        if (strcmp(self->kinds[i]->name, name) == 0)
            return self->kinds[i];
    return NULL;
}

static inline uint64_t
agency_put(const agency *self, const char *kind, const char *line)
{
    return agency_records(self->stage, agency_kind(self, kind), 1, &line, 1);
}

static inline agency
agency_open(const char *dir, unsigned seed)
{
    agency self = {.stage = stage_open(&export_core, dir, seed)};
    mst_arena *arena = self.stage->arena;
    char why[512] = "";
    size_t size;
    const char *text = agency_file(arena, "deploy/templates/caseload.package.json", &size);
    assert_int_equal(mst_tableschema_kinds(arena, text, size, &self.kinds, &self.kinds_count, why), MST_OK);
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = self.kinds;
    declared.n_kinds = self.kinds_count;
    stage_say(self.stage, "export/directory", "", &declared);
    text = agency_file(arena, "deploy/templates/caseload.json", &size);
    Muster__V1__Template *template = NULL;
    assert_int_equal(mst_tableschema_template(arena, text, size, &template, why), MST_OK);
    agency_add_template(self.stage, template, "caseload");
    template->action = NULL; // C4
    agency_add_template(self.stage, template, "without-action");
    agency_put(&self, "participant", "p1|1001|Jane||Doe||1980-05-06");
    agency_put(&self, "participant", "p2|1002|Robert||King||1960-12-01");
    agency_put(&self, "participant", "p3|1003|Maria||Garcia||1990-09-09");
    agency_put(&self, "program", "P-01|Housing First|North");
    agency_put(&self, "program", "P-02|Job Ready|South");
    agency_put(&self, "staff", "S-1|Dana Sample|Dana|Sample");
    agency_put(&self, "staff", "S-2|Lee Worker|Lee|Worker");
    agency_put(&self, "relationship", "R1|Primary Caseworker");
    agency_put(&self, "caseload_status", "ST1|Active");
    agency_put(&self, "caseload_status", "ST2|Closed");
    agency_put(&self, "dismissal_reason", "D1|Moved away");
    return self;
}

static inline void
agency_say_chunk(const agency *self, const agency_batch *plan, uint32_t chunk, uint32_t first, uint32_t count)
{
    stage *log = self->stage;
    mst_rows_builder builder = {0};
    uint8_t *decisions = mst_arena_alloc(log->arena, count), *reasons = mst_arena_alloc(log->arena, count);
    uint32_t *ends = mst_arena_alloc(log->arena, count * sizeof *ends), *zeros = mst_arena_alloc(log->arena, count * 4);
    char *ids = mst_arena_alloc(log->arena, count * 16 + 1);
    mst_rows_builder_init(&builder, AGENCY_COLUMNS_COUNT);
    for (uint32_t i = 0; i < count; i++) {
        const agency_row *row = &plan->rows[first + i];
        for (size_t column = 0; column < AGENCY_COLUMNS_COUNT; column++) {
            const char *cell = *(const char *const *)(const void *)((const char *)row + AGENCY_COLUMNS[column].at);
            mst_rows_builder_add(&builder, cell == NULL ? "" : cell, cell == NULL ? 0 : strlen(cell));
        }
        bool unsure = row->who == NULL || strcmp(row->who, "?") == 0;
        bool out = !unsure && strcmp(row->who, "-") == 0;
        decisions[i] = (uint8_t)(unsure ? MUSTER__V1__DECISION__DECISION_DISCREPANCY
                                 : out  ? MUSTER__V1__DECISION__DECISION_REJECTED
                                        : MUSTER__V1__DECISION__DECISION_MATCHED);
        if (!unsure && !out)
            strcat(ids, row->who);
        ends[i] = (uint32_t)strlen(ids);
    }
    Muster__V1__Rows columns;
    mst_rows_builder_view(&builder, first + 1, &columns);
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    read.batch_id = TEXT(plan->id);
    read.generation = 1;
    read.chunk = chunk;
    read.rows = &columns;
    stage_say(log, mst_arena_printf(log->arena, "parsing/%s/g1", plan->id), plan->id, &read);
    mst_rows_builder_release(&builder);
    Muster__V1__EntriesMatched matched = MUSTER__V1__ENTRIES_MATCHED__INIT;
    matched.batch_id = TEXT(plan->id);
    matched.generation = 1;
    matched.chunk = chunk;
    matched.first_row = first + 1;
    matched.rows = count;
    matched.decisions = (ProtobufCBinaryData){count, decisions};
    matched.reasons = (ProtobufCBinaryData){count, reasons};
    matched.ids = (ProtobufCBinaryData){strlen(ids), (uint8_t *)ids};
    matched.id_ends = ends;
    matched.probabilities = matched.versions = zeros;
    matched.n_id_ends = matched.n_probabilities = matched.n_versions = count;
    stage_say(log, mst_arena_printf(log->arena, "matching/%s/g1", plan->id), plan->id, &matched);
}

/* Everything up to and including MatchingFinished. */
static inline void
agency_say_batch(const agency *self, const agency_batch *plan)
{
    stage *log = self->stage;
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    char *options[] = {TEXT("repeat-assignments")};
    created.batch_id = TEXT(plan->id);
    created.batch_date = TEXT("2026-05-01");
    created.kind = TEXT("caseload");
    created.template_name = TEXT(plan->without_action ? "without-action" : "caseload");
    created.template_version = 1;
    created.dry_run = plan->dry_run;
    created.options = options;
    created.n_options = plan->repeat;
    stage_say(log, mst_arena_printf(log->arena, "ingestion/%s", plan->id), plan->id, &created);
    const char *parsing = mst_arena_printf(log->arena, "parsing/%s", plan->id);
    char *fields[AGENCY_COLUMNS_COUNT];
    for (size_t i = 0; i < AGENCY_COLUMNS_COUNT; i++)
        fields[i] = TEXT(AGENCY_COLUMNS[i].field);
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = TEXT(plan->id);
    recognised.generation = 1;
    recognised.fields = fields;
    recognised.n_fields = AGENCY_COLUMNS_COUNT;
    stage_say(log, parsing, plan->id, &recognised);
    uint32_t size = plan->chunk_rows == 0 ? plan->count : plan->chunk_rows, chunks = 0;
    for (uint32_t first = 0; first < plan->count; first += size)
        agency_say_chunk(self, plan, chunks++, first, plan->count - first < size ? plan->count - first : size);
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    accepted.batch_id = TEXT(plan->id);
    accepted.generation = 1;
    accepted.entries_stream = mst_arena_printf(log->arena, "parsing/%s/g1", plan->id);
    accepted.chunks = chunks;
    accepted.rows = accepted.accepted = plan->count;
    stage_say(log, parsing, plan->id, &accepted);
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = TEXT(plan->id);
    finished.generation = 1;
    finished.rows = plan->count;
    for (uint32_t i = 0; i < plan->count; i++)
        finished.discrepancies += plan->rows[i].who == NULL || strcmp(plan->rows[i].who, "?") == 0;
    finished.position = plan->position;
    stage_say(log, mst_arena_printf(log->arena, "matching/%s", plan->id), plan->id, &finished);
}

static inline void
agency_run(const agency *self, const agency_batch *plan)
{
    size_t from = self->stage->count;
    agency_say_batch(self, plan);
    stage_inputs(self->stage, from);
}

static inline const Muster__V1__RecordList *
agency_scan(const agency *self, const char *kind)
{
    Muster__V1__ScanRecords query = MUSTER__V1__SCAN_RECORDS__INIT;
    stage_apply(self->stage, self->stage->count);
    query.kind = TEXT(kind);
    query.max = 1000;
    stage_call(self->stage, "eva", &query);
    return (const void *)self->stage->reply;
}

/* A line a record: "B2-1 p1|P-01|S-1|..|.. v1". */
static inline const char *
agency_text(const agency *self, const char *kind)
{
    const Muster__V1__RecordList *list = agency_scan(self, kind);
    mst_arena *arena = self->stage->arena;
    char *text = mst_arena_strdup(arena, "");
    for (size_t i = 0; i < list->n_records; i++) {
        const Muster__V1__Record *one = list->records[i];
        text = mst_arena_printf(arena, "%s%s%s ", text, i == 0 ? "" : "\n", one->id);
        for (size_t cell = 0; cell < one->n_values; cell++)
            text = mst_arena_printf(arena, "%s%s%s", text, cell == 0 ? "" : "|", one->values[cell]);
        text = mst_arena_printf(arena, "%s v%u", text, one->version);
    }
    return text;
}

/* One letter a row, of all chunks in order: c u = s r */
static inline const char *
agency_outcomes(const agency *self, const char *batch_id)
{
    stage *log = self->stage;
    char *text = mst_arena_alloc(log->arena, 4096);
    const char *stream = mst_arena_printf(log->arena, "export/%s/g1", batch_id);
    for (size_t i = 0; i < log->count; i++) {
        if (strcmp(log->events[i].head.stream, stream) != 0)
            continue;
        const Muster__V1__EntriesExported *exported = (const void *)log->events[i].event.message;
        for (size_t row = 0; row < exported->outcomes.len; row++)
            strncat(text, &"?cu=sr"[exported->outcomes.data[row]], 1);
    }
    return text;
}

/* Why a row was rejected; "" not said. */
static inline const char *
agency_note(const agency *self, const char *batch_id, uint32_t row)
{
    stage *log = self->stage;
    const char *stream = mst_arena_printf(log->arena, "export/%s/g1", batch_id);
    for (size_t i = 0; i < log->count; i++) {
        if (strcmp(log->events[i].head.stream, stream) != 0)
            continue;
        const Muster__V1__EntriesExported *exported = (const void *)log->events[i].event.message;
        for (size_t note = 0; note < exported->n_notes; note++)
            if (exported->notes[note]->row == row)
                return exported->notes[note]->text;
    }
    return "";
}

#endif
