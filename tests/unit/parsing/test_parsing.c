/* test_parsing.c - the service: one file from FileReceived to EntriesAccepted, and what it is asked afterwards. */
#include "export.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/parsing/parsing.h"
#include "services/runtime/tableschema.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"

static const char TEMPLATE[] =
    "{\"name\":\"card\",\"fields\":["
    "{\"name\":\"given_name\",\"title\":\"First Name\",\"constraints\":{\"required\":true}},"
    "{\"name\":\"family_name\",\"title\":\"Last Name\"},"
    "{\"name\":\"email\",\"muster\":{\"type\":\"email\",\"synonyms\":[\"e-mail address\"]}},"
    "{\"name\":\"born\",\"type\":\"date\",\"format\":\"any\"},"
    "{\"name\":\"campus\",\"constraints\":{\"enum\":[\"North\",\"South\"]}}],"
    "\"missingValues\":[\"\",\"n/"
    "a\"],\"muster\":{\"kind\":\"person\",\"may_create\":true,\"duplicate_check\":[\"email\"]}}";

typedef struct room {
    fake_work *work;
    mst_arena *arena;
    uint8_t *file;
    size_t size;
    size_t input; /* place of FileReceived in the log */
} room;

/* A batch whose file has these bytes; B1. */
static room
given_batch(const void *data, size_t size, const char *id_column, bool dry_run)
{
    room self = {.arena = mst_arena_new(0)};
    mst_core_env env = {.data_dir = "", .instance = "parsing/1"};
    self.work = fake_new(&parsing_core, &env);
    char why[512];
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    assert_int_equal(mst_tableschema_template(self.arena, TEMPLATE, sizeof TEMPLATE - 1, &added.template_, why),
                     MST_OK);
    added.template_->version = 1;
    fake_happened(self.work, "ingestion/template/card", "", 0, &added.base);
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[] = {&kind};
    kind.name = "person";
    kind.fields = added.template_->fields;
    kind.n_fields = 3;
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = kinds;
    declared.n_kinds = 1;
    fake_happened(self.work, "export/directory", "", 0, &declared.base);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    created.batch_id = "B1";
    created.kind = "person";
    created.template_name = id_column == NULL ? "card" : "";
    created.template_version = 1;
    created.id_column = (char *)(id_column == NULL ? "" : id_column);
    created.dry_run = dry_run;
    created.purpose = id_column == NULL ? MUSTER__V1__PURPOSE__PURPOSE_BATCH : MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    fake_happened(self.work, "ingestion/B1", "B1", 0, &created.base);
    self.file = mst_arena_copy(self.arena, data, size);
    self.size = size;
    Muster__V1__FileReceived received = MUSTER__V1__FILE_RECEIVED__INIT;
    uint8_t sha256[MST_HASH_SIZE];
    mst_sha256(data, size, sha256);
    received.batch_id = "B1";
    received.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, sha256};
    received.size = size;
    fake_happened(self.work, "ingestion/B1", "B1", 0, &received.base);
    self.input = self.work->log_count - 1;
    return self;
}

static room
given_file(const void *data, size_t size, const char *id_column)
{
    return given_batch(data, size, id_column, false);
}

static room
given_text(const char *text)
{
    return given_file(text, strlen(text), NULL);
}

static void
done(room *self)
{
    fake_destroy(self->work);
    mst_arena_destroy(&self->arena);
}

/* Gives one range that was asked for; `order` 0 the oldest, else the newest. */
static void
give_range(room *self, bool newest)
{
    fake_ask ask = newest ? self->work->asks[--self->work->asks_count] : fake_take_ask(self->work);
    const Muster__V1__ReadBlob *read = (const Muster__V1__ReadBlob *)ask.argument;
    Muster__V1__BlobRange range = MUSTER__V1__BLOB_RANGE__INIT;
    size_t left = self->size - read->offset;
    range.data.data = self->file + read->offset;
    range.data.len = left < read->size ? left : read->size;
    range.size = self->size;
    fake_give_answer(self->work, ask.tag, MUSTER__V1__ANSWER_STATUS__ANSWER_OK, &range.base);
}

static void
when_read(room *self, uint32_t next_part)
{
    fake_input(self->work, self->input, next_part);
    while (!self->work->ended) {
        if (self->work->asks_count == 0) {
            assert_true(self->work->parts_open > 0);
            fake_give_room(self->work);
        } else {
            give_range(self, self->work->asks_count % 2 == 0);
        }
    }
    assert_false(self->work->failed);
}

static const Muster__V1__BatchFailed *
failure(const room *self)
{
    const ProtobufCMessage *failed = fake_last(self->work, "BatchFailed");
    if (failed == NULL)
        fail_msg("the batch did not fail");
    return (const Muster__V1__BatchFailed *)failed;
}

static void
cell_is(const Muster__V1__EntriesRead *chunk, uint32_t row, uint32_t column, const char *expected)
{
    size_t size;
    const char *cell = mst_rows_cell(chunk->rows, row, column, &size);
    if (size != strlen(expected) || memcmp(cell, expected, size) != 0)
        fail_msg("row %u column %u is \"%.*s\", not \"%s\"", row, column, (int)size, cell, expected);
}

static void
a_file_without_errors_is_read_and_accepted_without_a_person_A18(void **state)
{
    (void)state;
    room self = given_text("Last Name;FIRST name;E-Mail Address;Born;Campus;Shoe size\r\n"
                           "Ash; Ann ;ann@example.org;3/25/1980;north;38\r\n"
                           "\"Birch; the elder\";Bob;n/a;;;\r\n"
                           ";;;;;\r\n");
    when_read(&self, 0);
    const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)fake_last(self.work, "EntriesRead");
    assert_int_equal(chunk->rows->rows, 2);
    assert_int_equal(chunk->rows->first_row, 1);
    assert_int_equal(chunk->first_line, 2);
    cell_is(chunk, 0, 0, "Ann");
    cell_is(chunk, 0, 1, "Ash");
    cell_is(chunk, 0, 2, "ann@example.org");
    cell_is(chunk, 0, 3, "1980-03-25");
    cell_is(chunk, 0, 4, "North");
    cell_is(chunk, 1, 1, "Birch; the elder");
    cell_is(chunk, 1, 2, "");
    const Muster__V1__EntriesAccepted *accepted =
        (const Muster__V1__EntriesAccepted *)fake_last(self.work, "EntriesAccepted");
    assert_int_equal(accepted->rows, 2);
    assert_int_equal(accepted->accepted, 2);
    assert_int_equal(accepted->chunks, 1);
    assert_string_equal(accepted->entries_stream, "parsing/B1/g1");
    const Muster__V1__FileRecognised *recognised =
        (const Muster__V1__FileRecognised *)fake_last(self.work, "FileRecognised");
    assert_string_equal(recognised->dialect->delimiter, ";");
    assert_int_equal(recognised->n_fields, 5);
    assert_string_equal(recognised->columns[5]->how, "left out");
    assert_non_null(strstr(recognised->warnings[0], "Shoe size"));
    done(&self);
}

static void
wrong_values_are_all_reported_and_the_batch_waits(void **state)
{
    (void)state;
    room self = given_text("First Name,Last Name,Email,Born,Campus\n"
                           "Ann,Ash,ann@example.org,2020-02-30,North\n"
                           ",Birch,bob(at)example,,East\n"
                           "Cid,Cedar\n"
                           "Dot,Date,d@example.org,1999-01-01,South\n"
                           ",Elm,,,East\n");
    when_read(&self, 0);
    assert_null(fake_last(self.work, "EntriesAccepted"));
    const Muster__V1__ReadingFinished *finished =
        (const Muster__V1__ReadingFinished *)fake_last(self.work, "ReadingFinished");
    assert_int_equal(finished->rows, 5);
    assert_int_equal(finished->wrong_rows, 4);
    const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)fake_last(self.work, "EntriesRead");
    assert_int_equal(chunk->wrong.data[0], 0x17);

    Muster__V1__ListWrongValues list = MUSTER__V1__LIST_WRONG_VALUES__INIT;
    list.batch_id = "B1";
    fake_call(self.work, &list.base);
    fake_give_pages(self.work, 2);
    const Muster__V1__WrongValueList *groups = (const Muster__V1__WrongValueList *)self.work->reply;
    assert_int_equal(groups->n_groups, 5); // date, required, e-mail, enum, columns
    uint32_t counted = 0;
    for (size_t i = 0; i < groups->n_groups; i++) {
        const Muster__V1__WrongValueGroup *group = groups->groups[i];
        counted += group->count;
        assert_true(strlen(group->message) > 10);
        if (group->kind == MUSTER__V1__WRONG_KIND__WRONG_ENUM) {
            assert_int_equal(group->count, 2);
            assert_int_equal(group->column, 5);
            assert_int_equal(group->first_lines[1], 6);
            assert_non_null(strstr(group->message, "North, South"));
        }
        if (group->kind == MUSTER__V1__WRONG_KIND__WRONG_COLUMNS)
            assert_int_equal(group->first_rows[0], 3);
    }
    assert_int_equal(counted, 7);
    done(&self);
}

static void
a_dry_run_asks_nobody_about_wrong_values(void **state)
{
    (void)state;
    const char *text = "First Name,Email\nAnn,a@example.org\nBob,b\n";
    room self = given_batch(text, strlen(text), NULL, true);
    when_read(&self, 0);
    const Muster__V1__EntriesAccepted *accepted =
        (const Muster__V1__EntriesAccepted *)fake_last(self.work, "EntriesAccepted");
    assert_non_null(accepted);
    assert_int_equal(accepted->rows, 2);
    assert_int_equal(accepted->accepted, 1);
    done(&self);
}

static void
bad_rows_are_left_out_only_when_asked_and_only_once(void **state)
{
    (void)state;
    room self = given_text("First Name,Email\nAnn,a@example.org\nBob,b\n");
    Muster__V1__ExcludeBadRows exclude = MUSTER__V1__EXCLUDE_BAD_ROWS__INIT;
    exclude.batch_id = "B1";
    fake_call(self.work, &exclude.base);
    assert_int_equal(self.work->status, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED);
    when_read(&self, 0);
    fake_call(self.work, &exclude.base);
    fake_give_pages(self.work, 3);
    assert_int_equal(self.work->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
    const Muster__V1__EntriesAccepted *accepted =
        (const Muster__V1__EntriesAccepted *)fake_last(self.work, "EntriesAccepted");
    assert_int_equal(accepted->rows, 2);
    assert_int_equal(accepted->accepted, 1);
    fake_call(self.work, &exclude.base);
    assert_int_equal(self.work->status, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED);
    exclude.batch_id = "B9";
    fake_call(self.work, &exclude.base);
    assert_int_equal(self.work->status, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND);
    done(&self);
}

static void
fails_saying(const char *text, const char *words)
{
    room self = given_text(text);
    when_read(&self, 0);
    const Muster__V1__BatchFailed *failed = failure(&self);
    if (strstr(failed->reason, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, failed->reason);
    assert_true(strlen(failed->advice) > 10);
    assert_null(fake_last(self.work, "ReadingFinished"));
    done(&self);
}

static void
a_file_whose_columns_do_not_fit_is_refused_with_the_columns_named_A6(void **state)
{
    (void)state;
    fails_saying("Title,Author\nMoby-Dick,Melville\n", "\"Author\"");
    fails_saying("Last Name,Email\nAsh,a@example.org\n", "\"First Name\"");
    fails_saying("First Name,Last Name\nAnn,Ash\n", "\"email\"");
    fails_saying("First Name,Email,Email\nAnn,a@b.org,b@b.org\n", "Columns 2 \"Email\" and 3 \"Email\"");
    fails_saying("First Name,Given_Name,Email\nAnn,Ann,b@b.org\n", "\"Given_Name\"");
}

static void
a_file_without_rows_is_refused(void **state)
{
    (void)state;
    fails_saying("", "empty");
    fails_saying("\n  \r\n", "empty");
    fails_saying("First Name,Email\n", "no rows");
    fails_saying("First Name,Email\n,\n , \n", "no rows");
    fails_saying("First Name,Email\nAnn,\"a@example.org,x\nBob,b\n", "Line 2, column 2: a quote");
    fails_saying("PK\x03\x04 this is a spreadsheet", "workbook");
}

/* 80,000 rows, some of them wrong. */
static char *
many_rows(mst_arena *arena, size_t *size)
{
    size_t limit = 8000000;
    char *text = mst_arena_alloc(arena, limit);
    *size = (size_t)snprintf(text, limit, "First Name,Last Name,Email,Campus\n");
    for (int i = 1; i <= 80000; i++)
        *size += (size_t)snprintf(text + *size, limit - *size, "Given%d,\"Family, %d\",person%d@example.org,%s\n", i, i,
                                  i, i % 1000 == 7 ? "Middle" : "south");
    return text;
}

static void
a_large_file_is_read_in_parts_with_no_more_than_four_open(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    size_t size;
    char *text = many_rows(arena, &size);
    room self = given_file(text, size, NULL);
    self.work->hold_parts = true;
    fake_input(self.work, self.input, 0);
    while (!self.work->ended) {
        assert_true(self.work->parts_open <= 5 && self.work->asks_count <= 4);
        if (self.work->asks_count == 0)
            fake_give_room(self.work);
        else
            give_range(&self, false);
    }
    const Muster__V1__ReadingFinished *finished =
        (const Muster__V1__ReadingFinished *)fake_last(self.work, "ReadingFinished");
    assert_int_equal(finished->rows, 80000);
    assert_int_equal(finished->wrong_rows, 80);
    assert_int_equal(finished->chunks, fake_count(self.work, "EntriesRead"));
    uint32_t next = 1;
    for (size_t i = 0; i < self.work->log_count; i++)
        if (strcmp(self.work->log[i].head->type, "EntriesRead") == 0) {
            const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)self.work->log[i].message;
            assert_true(mst_rows_ok(chunk->rows));
            assert_int_equal(chunk->rows->first_row, next);
            assert_int_equal(chunk->first_line, next + 1);
            assert_int_equal(chunk->chunk + 1, self.work->log[i].head->stream_version);
            next += chunk->rows->rows;
        }
    done(&self);
    mst_arena_destroy(&arena);
}

static void
a_reader_that_takes_over_makes_the_same_parts_and_leaves_out_the_durable_ones(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    size_t size;
    char *text = many_rows(arena, &size);
    room whole = given_file(text, size, NULL);
    when_read(&whole, 0);
    uint32_t parts = whole.work->part + 1;
    assert_true(parts > 2);
    for (uint32_t from = 0; from < parts; from++) {
        room rest = given_file(text, size, NULL);
        when_read(&rest, from);
        size_t at = rest.input + 1;
        for (size_t i = whole.input + 1; i < whole.work->log_count; i++) {
            const fake_event *event = &whole.work->log[i];
            if (event->part < from)
                continue;
            assert_true(at < rest.work->log_count);
            assert_string_equal(event->head->type, rest.work->log[at].head->type);
            assert_int_equal(event->body.size, rest.work->log[at].body.size);
            assert_memory_equal(event->body.data, rest.work->log[at].body.data, event->body.size);
            at++;
        }
        assert_int_equal(at, rest.work->log_count);
        done(&rest);
    }
    done(&whole);
    mst_arena_destroy(&arena);
}

static void
a_cancelled_batch_goes_no_further(void **state)
{
    (void)state;
    room self = given_text("First Name,Email\nAnn,a@example.org\n");
    fake_input(self.work, self.input, 0);
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = "B1";
    fake_happened(self.work, "ingestion/B1", "B1", 0, &cancelled.base);
    give_range(&self, false);
    assert_true(self.work->ended);
    assert_null(fake_last(self.work, "EntriesRead"));
    done(&self);
}

static void
bytes_that_are_not_the_file_that_was_uploaded_are_noticed(void **state)
{
    (void)state;
    room self = given_text("First Name,Email\nAnn,a@example.org\n");
    self.file[20] ^= 1;
    when_read(&self, 0);
    assert_non_null(strstr(failure(&self)->reason, "damaged"));
    done(&self);
}

static void
an_import_reads_the_fields_of_the_kind_and_the_ids_of_its_records(void **state)
{
    (void)state;
    const char *text = "Person No,given_name,e-mail address\n17,Ann,a@example.org\n18,Bob,\n";
    room self = given_file(text, strlen(text), "person no");
    when_read(&self, 0);
    const Muster__V1__FileRecognised *recognised =
        (const Muster__V1__FileRecognised *)fake_last(self.work, "FileRecognised");
    assert_int_equal(recognised->n_fields, 4);
    assert_string_equal(recognised->fields[0], "id");
    const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)fake_last(self.work, "EntriesRead");
    cell_is(chunk, 1, 0, "18");
    cell_is(chunk, 0, 3, "a@example.org");
    const Muster__V1__EntriesAccepted *accepted =
        (const Muster__V1__EntriesAccepted *)fake_last(self.work, "EntriesAccepted");
    assert_int_equal(accepted->purpose, MUSTER__V1__PURPOSE__PURPOSE_IMPORT);
    done(&self);
    self = given_file(text, strlen(text), "number");
    when_read(&self, 0);
    assert_non_null(strstr(failure(&self)->reason, "number"));
    done(&self);
}

static void
the_encoding_is_found_and_a_wrong_row_is_named(void **state)
{
    (void)state;
    room self = given_text("First Name,Email\nJos\xE9,a@example.org\nRen\xE9"
                           "e,b@example.org\n");
    when_read(&self, 0);
    cell_is((const Muster__V1__EntriesRead *)fake_last(self.work, "EntriesRead"), 0, 0, "Jos\xC3\xA9");
    assert_string_equal(((const Muster__V1__FileRecognised *)fake_last(self.work, "FileRecognised"))->dialect->encoding,
                        "windows-1252");
    done(&self);
    self = given_text("First Name,Email\nJos\xC3\xA9,a@example.org\nB\xFF\xFEo,b@example.org\n");
    when_read(&self, 0);
    const Muster__V1__WrongValuesFound *found =
        (const Muster__V1__WrongValuesFound *)fake_last(self.work, "WrongValuesFound");
    assert_int_equal(found->values[0]->kind, MUSTER__V1__WRONG_KIND__WRONG_ENCODING);
    assert_int_equal(found->values[0]->lines[0], 3);
    done(&self);
    const char nul[] = "First Name,Email\nAn\0n,a@example.org\nBob,b@example.org\n";
    self = given_file(nul, sizeof nul - 1, NULL);
    when_read(&self, 0);
    found = (const Muster__V1__WrongValuesFound *)fake_last(self.work, "WrongValuesFound");
    assert_non_null(strstr(found->values[0]->message, "NUL"));
    done(&self);
}

static void
a_file_that_turns_out_not_to_be_ascii_is_read_on_in_its_encoding(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    size_t size;
    char *text = many_rows(arena, &size);
    size += (size_t)sprintf(text + size, "Ren\xE9,Last,z@example.org,North\n");
    room self = given_file(text, size, NULL);
    when_read(&self, 0);
    assert_int_equal(fake_count(self.work, "FileRecognised"), 2);
    const Muster__V1__FileRecognised *recognised =
        (const Muster__V1__FileRecognised *)fake_last(self.work, "FileRecognised");
    assert_string_equal(recognised->dialect->encoding, "windows-1252");
    const Muster__V1__EntriesRead *chunk = (const Muster__V1__EntriesRead *)fake_last(self.work, "EntriesRead");
    cell_is(chunk, chunk->rows->rows - 1, 0, "Ren\xC3\xA9");
    done(&self);
    mst_arena_destroy(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_errors_is_read_and_accepted_without_a_person_A18),
        cmocka_unit_test(wrong_values_are_all_reported_and_the_batch_waits),
        cmocka_unit_test(a_dry_run_asks_nobody_about_wrong_values),
        cmocka_unit_test(bad_rows_are_left_out_only_when_asked_and_only_once),
        cmocka_unit_test(a_file_whose_columns_do_not_fit_is_refused_with_the_columns_named_A6),
        cmocka_unit_test(a_file_without_rows_is_refused),
        cmocka_unit_test(a_large_file_is_read_in_parts_with_no_more_than_four_open),
        cmocka_unit_test(a_reader_that_takes_over_makes_the_same_parts_and_leaves_out_the_durable_ones),
        cmocka_unit_test(a_cancelled_batch_goes_no_further),
        cmocka_unit_test(bytes_that_are_not_the_file_that_was_uploaded_are_noticed),
        cmocka_unit_test(an_import_reads_the_fields_of_the_kind_and_the_ids_of_its_records),
        cmocka_unit_test(the_encoding_is_found_and_a_wrong_row_is_named),
        cmocka_unit_test(a_file_that_turns_out_not_to_be_ascii_is_read_on_in_its_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
