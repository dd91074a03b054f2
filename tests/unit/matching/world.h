/* world.h - a small directory and small files for the tests of matching: one kind of person, one template, rows as
 * lines of text. Needs stage.h. */
#ifndef MUSTER_TESTS_MATCHING_WORLD_H
#define MUSTER_TESTS_MATCHING_WORLD_H

#include "tests/unit/stage.h"

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/matching/matching.h"

/* Columns of every line: first|last|email|phone|birth|street|gender|member */
#define WORLD_COLUMNS 8

static const struct {
    const char *name;
    Muster__V1__Role role;
} WORLD_FIELDS[WORLD_COLUMNS] = {
    {"first_name", MUSTER__V1__ROLE__ROLE_GIVEN_NAME}, {"last_name", MUSTER__V1__ROLE__ROLE_FAMILY_NAME},
    {"email", MUSTER__V1__ROLE__ROLE_EMAIL},           {"phone", MUSTER__V1__ROLE__ROLE_PHONE},
    {"birth_date", MUSTER__V1__ROLE__ROLE_BIRTH_DATE}, {"street", MUSTER__V1__ROLE__ROLE_STREET},
    {"gender", MUSTER__V1__ROLE__ROLE_GENDER},         {"member", MUSTER__V1__ROLE__ROLE_IDENTIFIER}};

typedef struct test_world {
    stage *stage;
    size_t looked; /* log looked through for inputs */
    unsigned batches;
    bool may_create;
    bool subject; /* rows write visits, and are matched against the person they are about; "phone" is the visit's */
    const char *duplicate_check; /* a field, or NULL */
} test_world;

static inline Muster__V1__Field **
world_fields(mst_arena *arena)
{
    Muster__V1__Field **fields = mst_arena_alloc(arena, WORLD_COLUMNS * sizeof *fields);
    for (int i = 0; i < WORLD_COLUMNS; i++) {
        fields[i] = mst_arena_alloc(arena, sizeof **fields);
        muster__v1__field__init(fields[i]);
        fields[i]->name = (char *)WORLD_FIELDS[i].name;
        fields[i]->role = WORLD_FIELDS[i].role;
    }
    return fields;
}

static inline void
world_declare(test_world *world)
{
    mst_arena *arena = world->stage->arena;
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[] = {&kind};
    kind.name = "person";
    kind.fields = world_fields(arena);
    kind.n_fields = WORLD_COLUMNS;
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = kinds;
    declared.n_kinds = 1;
    stage_say(world->stage, "export/directory", "", &declared);
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    char *check[] = {(char *)world->duplicate_check};
    template.name = "card";
    template.version = 1;
    template.kind = world->subject ? "visit" : "person";
    template.may_create = world->may_create;
    template.fields = world_fields(arena);
    Muster__V1__Subject subject = MUSTER__V1__SUBJECT__INIT;
    subject.kind = subject.target = "person";
    template.subject = world->subject ? &subject : NULL;
    for (int i = 0; world->subject && i < WORLD_COLUMNS; i++)
        if (strcmp(WORLD_FIELDS[i].name, "phone") != 0)
            template.fields[i]->of = "person";
    template.n_fields = WORLD_COLUMNS;
    template.duplicate_check = check;
    template.n_duplicate_check = world->duplicate_check != NULL;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    added.template_ = &template;
    stage_say(world->stage, "ingestion/template/card", "", &added);
}

static inline test_world
world_open(unsigned seed)
{
    test_world world = {.stage = stage_open(&matching_core, "", seed), .may_create = true};
    return world;
}

static inline void
add_cells(mst_rows_builder *builder, const char *line)
{
    for (int i = 0; i < WORLD_COLUMNS; i++) {
        size_t size = strcspn(line, "|");
        mst_rows_builder_add(builder, line, size);
        line += size + (line[size] == '|');
    }
}

/* Records "P<first>" .. with the given lines, at `version`. A line "" deletes. Returns the seq. */
static inline uint64_t
world_records(test_world *world, unsigned first, uint32_t version, const char *const *lines, size_t count)
{
    mst_rows_builder builder = {0};
    Muster__V1__Rows rows;
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    char *fields[WORLD_COLUMNS + 1] = {"id"};
    uint32_t *versions = mst_alloc((count + 1) * sizeof *versions);
    uint8_t *deleted = mst_alloc(count / 8 + 1);
    memset(deleted, 0, count / 8 + 1);
    mst_rows_builder_init(&builder, WORLD_COLUMNS + 1);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        int size = snprintf(id, sizeof id, "P%zu", first + i);
        mst_rows_builder_add(&builder, id, (size_t)size);
        add_cells(&builder, lines[i]);
        versions[i] = version;
        if (lines[i][0] == 0)
            deleted[i / 8] |= (uint8_t)(1 << i % 8);
    }
    for (int i = 0; i < WORLD_COLUMNS; i++)
        fields[i + 1] = (char *)WORLD_FIELDS[i].name;
    mst_rows_builder_view(&builder, 0, &rows);
    changed.kind = "person";
    changed.fields = fields;
    changed.n_fields = WORLD_COLUMNS + 1;
    changed.rows = &rows;
    changed.versions = versions;
    changed.n_versions = count;
    changed.deleted = (ProtobufCBinaryData){count / 8 + 1, deleted};
    uint64_t seq = stage_say(world->stage, "export/X/records", "X", &changed);
    mst_rows_builder_release(&builder);
    free(versions);
    free(deleted);
    return seq;
}

/* A batch of the lines in chunks of `chunk_rows`, as far as EntriesAccepted. Rows beginning with '!' are left out.
 * Returns its id. */
static inline const char *
world_batch(test_world *world, const char *const *lines, size_t count, size_t chunk_rows)
{
    mst_arena *arena = world->stage->arena;
    char *id = mst_arena_printf(arena, "B%u", ++world->batches);
    char *stream = mst_arena_printf(arena, "parsing/%s/g1", id);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    created.batch_id = id;
    created.template_name = "card";
    created.template_version = 1;
    created.kind = world->subject ? "visit" : "person";
    stage_say(world->stage, mst_arena_printf(arena, "ingestion/%s", id), id, &created);
    uint32_t chunks = 0, accepted = 0;
    for (size_t from = 0; from < count; from += chunk_rows) {
        size_t end = from + chunk_rows < count ? from + chunk_rows : count;
        mst_rows_builder builder = {0};
        Muster__V1__Rows rows;
        Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
        uint8_t *wrong = mst_arena_alloc(arena, chunk_rows / 8 + 1);
        mst_rows_builder_init(&builder, WORLD_COLUMNS);
        for (size_t i = from; i < end; i++) {
            add_cells(&builder, lines[i]);
            if (lines[i][0] == '!')
                wrong[(i - from) / 8] |= (uint8_t)(1 << (i - from) % 8);
            else
                accepted++;
        }
        mst_rows_builder_view(&builder, (uint32_t)from + 1, &rows);
        read.batch_id = id;
        read.generation = 1;
        read.chunk = chunks++;
        read.rows = &rows;
        read.wrong = (ProtobufCBinaryData){chunk_rows / 8 + 1, wrong};
        stage_say(world->stage, stream, id, &read);
        mst_rows_builder_release(&builder);
    }
    Muster__V1__EntriesAccepted done = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    done.batch_id = id;
    done.generation = 1;
    done.entries_stream = stream;
    done.chunks = chunks;
    done.rows = (uint32_t)count;
    done.accepted = accepted;
    stage_say(world->stage, mst_arena_printf(arena, "parsing/%s", id), id, &done);
    return id;
}

/* Lets matching do all there is to do. */
static inline void
world_run(test_world *world)
{
    world->looked = stage_inputs(world->stage, world->looked);
}

/* The result of one row: its chunk's message and its place in it. */
typedef struct world_row {
    Muster__V1__Decision decision;
    Muster__V1__Reason reason;
    char id[64];
    uint32_t version, probability;
    const Muster__V1__EntryQuestion *question; /* NULL: not asked */
} world_row;

static inline world_row
world_result(const test_world *world, const char *batch_id, uint32_t row)
{
    world_row result = {0};
    for (size_t i = 0; i < world->stage->count; i++) {
        const stage_event *event = &world->stage->events[i];
        if (strcmp(event->head.type, "EntriesMatched") != 0 || strcmp(event->head.batch_id, batch_id) != 0)
            continue;
        const Muster__V1__EntriesMatched *matched = (const Muster__V1__EntriesMatched *)event->event.message;
        if (row < matched->first_row || row >= matched->first_row + matched->rows)
            continue;
        uint32_t at = row - matched->first_row, start = at == 0 ? 0 : matched->id_ends[at - 1];
        result.decision = (Muster__V1__Decision)matched->decisions.data[at];
        result.reason = (Muster__V1__Reason)matched->reasons.data[at];
        result.version = matched->versions[at];
        result.probability = matched->probabilities[at];
        snprintf(result.id, sizeof result.id, "%.*s", (int)(matched->id_ends[at] - start),
                 (const char *)matched->ids.data + start);
        for (size_t q = 0; q < matched->n_questions; q++)
            if (matched->questions[q]->row == row)
                result.question = matched->questions[q];
    }
    return result;
}

#define assert_matched(world, batch, row, expected)                                                                    \
    do {                                                                                                               \
        world_row r_ = world_result(world, batch, row);                                                                \
        assert_int_equal(r_.decision, MUSTER__V1__DECISION__DECISION_MATCHED);                                         \
        assert_string_equal(r_.id, expected);                                                                          \
    } while (0)
#define assert_new(world, batch, row)                                                                                  \
    assert_int_equal(world_result(world, batch, row).decision, MUSTER__V1__DECISION__DECISION_NEW)
#define assert_asked(world, batch, row, why)                                                                           \
    do {                                                                                                               \
        world_row r_ = world_result(world, batch, row);                                                                \
        assert_int_equal(r_.decision, MUSTER__V1__DECISION__DECISION_DISCREPANCY);                                     \
        assert_int_equal(r_.reason, MUSTER__V1__REASON__REASON_##why);                                                 \
        assert_non_null(r_.question);                                                                                  \
    } while (0)

#endif
