/* office.h - a small human-service agency for tests of export: the directory and template of deploy/templates, people,
 * programs and caseworkers, and caseload files as far as CheckRequested. */
#ifndef MUSTER_TESTS_EXPORT_OFFICE_H
#define MUSTER_TESTS_EXPORT_OFFICE_H

#include "services/runtime/tableschema.h"
#include "tests/unit/export/world.h"

/* Columns of deploy/templates/caseload.json, in order. */
enum column {
    WHO,
    FIRST,
    LAST,
    BORN,
    PROGRAM_ID,
    PROGRAM,
    STAFF_ID,
    STAFF,
    STAFF_FIRST,
    STAFF_LAST,
    RELATIONSHIP,
    STATUS,
    START,
    END,
    REASON,
    ACTION,
    PROGRAM_START,
    PROGRAM_END,
    COLUMNS
};

typedef struct row {
    const char *cells[COLUMNS];
    bool wrong, left_out;
} row;

#define ROW(...)                                                                                                       \
    {                                                                                                                  \
        .cells = { __VA_ARGS__ }                                                                                       \
    }
#define WHOM [WHO] = "10417", [FIRST] = "Ana", [LAST] = "Lopez"
#define INSERT [ACTION] = "Insert"
#define UPDATE [ACTION] = "Update"

static inline char *
read_text(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = mst_alloc(1 << 20);
    *size = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

/* By which template files are checked: "caseload", or "without-action", which has no column for Insert and Update. */
static const char *office_template = "caseload";

static inline void
declare(stage *it)
{
    char why[512];
    size_t size, count;
    char *text = read_text("deploy/templates/caseload.package.json", &size);
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    assert_int_equal(mst_tableschema_kinds(it->arena, text, size, &declared.kinds, &count, why), MST_OK);
    declared.n_kinds = count;
    stage_say(it, "export/directory", "", &declared);
    free(text);
    text = read_text("deploy/templates/caseload.json", &size);
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    assert_int_equal(mst_tableschema_template(it->arena, text, size, &added.template_, why), MST_OK);
    added.template_->version = 1;
    assert_int_equal(added.template_->n_fields, COLUMNS);
    stage_say(it, "ingestion/template/caseload", "", &added);
    added.template_->name = TEXT("without-action");
    added.template_->action = NULL;
    stage_say(it, "ingestion/template/without-action", "", &added);
    free(text);
}

/* One record: names of fields and values alternate, ended by NULL; the first value is the id. */
static inline void
know(stage *it, const char *kind, uint32_t version, const char *id, ...)
{
    char *fields[16] = {TEXT("id")};
    mst_rows_builder builder = {0};
    const char *values[16] = {id};
    size_t count = 1;
    va_list arguments;
    va_start(arguments, id);
    for (const char *field; (field = va_arg(arguments, const char *)) != NULL; count++) {
        fields[count] = TEXT(field);
        values[count] = va_arg(arguments, const char *);
    }
    va_end(arguments);
    mst_rows_builder_init(&builder, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        mst_rows_builder_add(&builder, values[i], strlen(values[i]));
    Muster__V1__Rows rows;
    mst_rows_builder_view(&builder, 0, &rows);
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    changed.kind = TEXT(kind);
    changed.batch_id = TEXT("B1");
    changed.fields = fields;
    changed.n_fields = count;
    changed.rows = &rows;
    changed.versions = &version;
    changed.n_versions = 1;
    stage_say(it, "export/B1/records", "B1", &changed);
    mst_rows_builder_release(&builder);
}

static inline void
participant(stage *it, const char *id, const char *given, const char *family, const char *born)
{
    know(it, "participant", 1, id, "participant_id", id, "given_name", given, "family_name", family, "birth_date", born,
         NULL);
}

static inline void
assignment(stage *it, const char *id, uint32_t version, const char *who, const char *program, const char *staff,
           const char *begin, const char *end)
{
    know(it, "caseload", version, id, "participant", who, "program", program, "caseworker", staff, "start_date", begin,
         "end_date", end, NULL);
}

static inline stage *
agency(const char *dir, unsigned seed)
{
    stage *it = stage_open(&export_core, dir, seed);
    declare(it);
    participant(it, "10417", "Ana", "L\xC3\xB3pez", "1980-05-17");
    participant(it, "10418", "Ben", "Okafor", "1991-01-02");
    participant(it, "20999", "Zoe", "Quist", "1975-12-31");
    know(it, "program", 1, "P1", "name", "Saint Mary's Housing", NULL);
    know(it, "program", 1, "P2", "name", "Youth Work", NULL);
    know(it, "staff", 1, "S1", "name", "Dana Sample", "given_name", "Dana", "family_name", "Sample", NULL);
    know(it, "staff", 1, "S2", "name", "Lee Chan", "given_name", "Lee", "family_name", "Chan", NULL);
    know(it, "staff", 1, "S3", "name", "Lee Chan", "given_name", "Lee", "family_name", "Chan", NULL);
    know(it, "relationship", 1, "R1", "name", "Primary Caseworker", NULL);
    know(it, "caseload_status", 1, "C1", "name", "Active", NULL);
    know(it, "dismissal_reason", 1, "D1", "name", "Moved away", NULL);
    return it;
}

static inline bool
any(const row *rows, uint32_t count, bool left_out)
{
    for (uint32_t i = 0; i < count; i++)
        if (left_out ? rows[i].left_out : rows[i].wrong || rows[i].left_out)
            return true;
    return false;
}

static inline void
say_chunk(stage *it, const char *batch_id, uint32_t chunk, uint32_t first, const row *rows, uint32_t count)
{
    mst_rows_builder builder = {0};
    uint8_t wrong[128] = {0}, left_out[128] = {0};
    mst_rows_builder_init(&builder, COLUMNS);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            const char *cell = rows[i].cells[column] == NULL ? "" : rows[i].cells[column];
            mst_rows_builder_add(&builder, cell, strlen(cell));
        }
        wrong[i / 8] |= (uint8_t)((rows[i].wrong || rows[i].left_out) << i % 8);
        left_out[i / 8] |= (uint8_t)(rows[i].left_out << i % 8);
    }
    Muster__V1__Rows columns;
    mst_rows_builder_view(&builder, first, &columns);
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    read.batch_id = TEXT(batch_id);
    read.generation = 1;
    read.chunk = chunk;
    read.rows = &columns;
    read.first_line = first + 1;
    if (any(rows, count, false))
        read.wrong = (ProtobufCBinaryData){(count + 7) / 8, wrong};
    if (any(rows, count, true))
        read.left_out = (ProtobufCBinaryData){(count + 7) / 8, left_out};
    stage_say(it, mst_arena_printf(it->arena, "parsing/%s/g1", batch_id), batch_id, &read);
    mst_rows_builder_release(&builder);
}

/* Says the batch up to CheckRequested; returns its seq. */
static inline uint64_t
request(stage *it, const char *batch_id, const row *rows, uint32_t count, uint32_t chunk_rows, bool repeat)
{
    static char *names[COLUMNS];
    static Muster__V1__ColumnMapping mapping[COLUMNS], *mappings[COLUMNS];
    size_t size;
    char *text = read_text("deploy/templates/caseload.json", &size), why[512];
    Muster__V1__Template *template;
    assert_int_equal(mst_tableschema_template(it->arena, text, size, &template, why), MST_OK);
    free(text);
    for (size_t i = 0; i < COLUMNS; i++) {
        names[i] = template->fields[i]->name;
        muster__v1__column_mapping__init(&mapping[i]);
        mapping[i].column = (uint32_t)i;
        mapping[i].field = names[i];
        mappings[i] = &mapping[i];
    }
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    char *options[] = {TEXT("repeat-assignments")};
    created.batch_id = TEXT(batch_id);
    created.kind = TEXT("caseload");
    created.template_name = TEXT(office_template);
    created.template_version = 1;
    created.options = options;
    created.n_options = repeat;
    stage_say(it, mst_arena_printf(it->arena, "ingestion/%s", batch_id), batch_id, &created);
    const char *parsing = mst_arena_printf(it->arena, "parsing/%s", batch_id);
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = TEXT(batch_id);
    recognised.fields = names;
    recognised.columns = mappings;
    recognised.n_fields = recognised.n_columns = COLUMNS;
    stage_say(it, parsing, batch_id, &recognised);
    uint32_t chunks = 0;
    for (uint32_t first = 0; first < count; first += chunk_rows, chunks++)
        say_chunk(it, batch_id, chunks, first + 1, rows + first,
                  count - first < chunk_rows ? count - first : chunk_rows);
    Muster__V1__CheckRequested asked = MUSTER__V1__CHECK_REQUESTED__INIT;
    asked.batch_id = TEXT(batch_id);
    asked.generation = 1;
    asked.entries_stream = mst_arena_printf(it->arena, "parsing/%s/g1", batch_id);
    asked.chunks = chunks;
    asked.rows = count;
    return stage_say(it, parsing, batch_id, &asked);
}

static inline const Muster__V1__CheckFinished *
check(stage *it, const char *batch_id, const row *rows, uint32_t count)
{
    uint64_t seq = request(it, batch_id, rows, count, 1000, false);
    assert_true(stage_input(it, seq));
    const Muster__V1__CheckFinished *finished = stage_last(it, "CheckFinished");
    assert_non_null(finished);
    assert_string_equal(finished->batch_id, batch_id);
    assert_int_equal(finished->position, seq);
    return finished;
}

/* The wrong values of a batch in order; NULL behind the last. */
static inline const Muster__V1__WrongValue *
group(stage *it, const char *batch_id, size_t number)
{
    const char *stream = mst_arena_printf(it->arena, "export/%s/check", batch_id);
    for (size_t i = 0; i < it->count; i++) {
        if (strcmp(it->events[i].head.stream, stream) != 0)
            continue;
        const Muster__V1__EntriesChecked *checked = (const void *)it->events[i].event.message;
        if (number < checked->n_values)
            return checked->values[number];
        number -= checked->n_values;
    }
    return NULL;
}

static inline void
assert_group(stage *it, const char *batch_id, size_t number, Muster__V1__WrongKind kind, const char *field,
             const char *value, const char *message)
{
    const Muster__V1__WrongValue *found = group(it, batch_id, number);
    assert_non_null(found);
    assert_int_equal(found->kind, kind);
    assert_string_equal(found->field, field);
    assert_string_equal(found->value, value);
    assert_string_equal(found->message, message);
}

#endif
