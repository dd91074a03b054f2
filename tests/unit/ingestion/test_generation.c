/* test_generation.c - files that are made while other services are asked: pages of any size give the same file. */
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/ingestion/blobs.h"
#include "services/ingestion/ingestion.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"

#define OK MUSTER__V1__ANSWER_STATUS__ANSWER_OK
#define CHUNKS 3u
#define CHUNK_ROWS 2u

static const char TEMPLATE[] = "{\"name\":\"card\",\"fields\":[{\"name\":\"given_name\"},{\"name\":\"email\"}],"
                               "\"foreignKeys\":[{\"fields\":\"email\",\"reference\":{\"resource\":\"list\",\"fields\":"
                               "\"name\"}}],\"muster\":{\"kind\":\"person\"}}";

static fake_work *work;

static void
declare(void)
{
    Muster__V1__Field given = MUSTER__V1__FIELD__INIT, email = MUSTER__V1__FIELD__INIT, name = MUSTER__V1__FIELD__INIT;
    Muster__V1__Field *person[] = {&given, &email}, *list[] = {&name};
    Muster__V1__Kind one = MUSTER__V1__KIND__INIT, two = MUSTER__V1__KIND__INIT, *kinds[] = {&one, &two};
    given.name = "given_name";
    email.name = "email";
    name.name = "name";
    one.name = "person";
    one.fields = person;
    one.n_fields = 2;
    two.name = "list";
    two.fields = list;
    two.n_fields = 1;
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = kinds;
    declared.n_kinds = 2;
    fake_happened(work, "export/directory", "", 0, &declared.base);
}

static void
call(const ProtobufCMessage *argument)
{
    fake_call(work, argument);
    fake_give_pages(work, 64);
}

/* Six rows in three chunks: p1 .. p6. */
static void
read_entries(void)
{
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        mst_rows_builder builder = {0};
        mst_rows_builder_init(&builder, 2);
        for (uint32_t row = chunk * CHUNK_ROWS + 1; row <= (chunk + 1) * CHUNK_ROWS; row++) {
            char text[16];
            int size = snprintf(text, sizeof text, "p%u", row);
            mst_rows_builder_add(&builder, text, (size_t)size);
            mst_rows_builder_add(&builder, "=x", 2);
        }
        Muster__V1__Rows rows = MUSTER__V1__ROWS__INIT;
        mst_rows_builder_view(&builder, chunk * CHUNK_ROWS + 1, &rows);
        Muster__V1__EntriesRead entries = MUSTER__V1__ENTRIES_READ__INIT;
        entries.batch_id = "B1";
        entries.generation = 1;
        entries.chunk = chunk;
        entries.rows = &rows;
        fake_happened(work, "parsing/B1/g1", "B1", CHUNK_ROWS, &entries.base);
        mst_rows_builder_release(&builder);
    }
}

/* Row 4 is rejected by matching, row 6 by export, which says why; row 2 was left out because it is wrong. */
static void
decide(void)
{
    static uint8_t decisions[CHUNKS][2] = {{1, 4}, {1, 4}, {1, 1}}, reasons[CHUNKS][2] = {{1, 13}, {1, 11}, {1, 1}};
    static uint8_t outcomes[CHUNKS][2] = {{1, 5}, {1, 5}, {1, 5}};
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        Muster__V1__EntriesMatched matched = MUSTER__V1__ENTRIES_MATCHED__INIT;
        matched.batch_id = "B1";
        matched.generation = 1;
        matched.chunk = chunk;
        matched.first_row = chunk * CHUNK_ROWS + 1;
        matched.rows = CHUNK_ROWS;
        matched.decisions = (ProtobufCBinaryData){2, decisions[chunk]};
        matched.reasons = (ProtobufCBinaryData){2, reasons[chunk]};
        fake_happened(work, "matching/B1/g1", "B1", CHUNK_ROWS, &matched.base);
        Muster__V1__RowNote note = MUSTER__V1__ROW_NOTE__INIT, *notes[] = {&note};
        Muster__V1__EntriesExported exported = MUSTER__V1__ENTRIES_EXPORTED__INIT;
        exported.batch_id = "B1";
        exported.generation = 1;
        exported.chunk = chunk;
        exported.first_row = matched.first_row;
        exported.rows = CHUNK_ROWS;
        exported.outcomes = (ProtobufCBinaryData){2, outcomes[chunk]};
        note.row = 6;
        note.text = "The assignment is closed.";
        if (chunk == 2) {
            exported.notes = notes;
            exported.n_notes = 1;
        }
        fake_happened(work, "export/B1/g1", "B1", CHUNK_ROWS, &exported.base);
    }
}

static int
open_all(void **state)
{
    (void)state;
    mst_core_env env = {.data_dir = "", .blobs_dir = "", .instance = "ingestion/1"};
    work = fake_new(&ingestion_core, &env);
    declare();
    Muster__V1__AddTemplate add = MUSTER__V1__ADD_TEMPLATE__INIT;
    add.source = (char *)TEMPLATE;
    call(&add.base);
    assert_int_equal(work->status, OK);
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    create.name = "Cards";
    create.template_name = "card";
    create.file_name = "cards.csv";
    call(&create.base);
    assert_int_equal(work->status, OK);
    return 0;
}

static int
close_all(void **state)
{
    (void)state;
    fake_destroy(work);
    return 0;
}

static void
read_file(void)
{
    static uint8_t hash[32] = {1};
    Muster__V1__FileReceived received = MUSTER__V1__FILE_RECEIVED__INIT;
    received.batch_id = "B1";
    received.sha256 = (ProtobufCBinaryData){32, hash};
    fake_happened(work, "ingestion/B1", "B1", 0, &received.base);
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = "B1";
    recognised.generation = 1;
    fake_happened(work, "parsing/B1", "B1", 0, &recognised.base);
    read_entries();
    Muster__V1__ReadingFinished finished = MUSTER__V1__READING_FINISHED__INIT;
    finished.batch_id = "B1";
    finished.generation = 1;
    finished.rows = CHUNKS * CHUNK_ROWS;
    finished.chunks = CHUNKS;
    finished.wrong_rows = 1;
    fake_happened(work, "parsing/B1", "B1", 0, &finished.base);
}

/* Parsing knows of two faults of row 2 and one of row 5, and tells one row at a time. */
static void
answer_faults(const fake_ask *ask)
{
    const Muster__V1__ListRowFaults *list = (const Muster__V1__ListRowFaults *)ask->argument;
    Muster__V1__RowFault one = MUSTER__V1__ROW_FAULT__INIT, two = one, three = one, *all[] = {&one, &two, &three};
    Muster__V1__RowFaultList answer = MUSTER__V1__ROW_FAULT_LIST__INIT;
    one.row = two.row = 2;
    three.row = 5;
    one.field = "email";
    one.message = "No address.";
    two.message = "A rule.";
    three.field = "given_name";
    three.message = "Unknown.";
    answer.faults = list->after_row < 2 ? all : all + 2;
    answer.n_faults = list->after_row < 2 ? 2 : list->after_row < 5 ? 1 : 0;
    answer.more = list->after_row < 2;
    fake_give_answer(work, ask->tag, OK, &answer.base);
}

/* Drives the call to its end with pages of `max` events. */
static void
drive(const ProtobufCMessage *argument, size_t max)
{
    fake_call(work, argument);
    while (!work->ended) {
        assert_true(work->asks_count > 0);
        if (work->asks[0].read) {
            fake_give_pages(work, max);
            continue;
        }
        fake_ask ask = fake_take_ask(work);
        if (strcmp(ask.name, "parsing") == 0) {
            answer_faults(&ask);
            continue;
        }
        const Muster__V1__ListValues *list = (const Muster__V1__ListValues *)ask.argument;
        Muster__V1__Suggestion value = MUSTER__V1__SUGGESTION__INIT, *values[] = {&value};
        Muster__V1__ValueList answer = MUSTER__V1__VALUE_LIST__INIT;
        value.value = list->n_after == 0 ? "a" : "b";
        answer.values = values;
        answer.n_values = 1;
        answer.more = list->n_after == 0;
        assert_string_equal(list->kind, "list");
        fake_give_answer(work, ask.tag, OK, &answer.base);
    }
}

static const char *
text_of(const Muster__V1__FileView *view)
{
    Muster__V1__ReadBlob read = MUSTER__V1__READ_BLOB__INIT;
    read.sha256 = view->sha256;
    read.size = (uint32_t)view->size;
    fake_call(work, &read.base);
    assert_int_equal(work->status, OK);
    const Muster__V1__BlobRange *range = (const Muster__V1__BlobRange *)work->reply;
    assert_int_equal(range->data.len, view->size);
    return mst_arena_strndup(work->kept, range->data.data, range->data.len);
}

static void
rejected_rows_have_all_that_is_known_of_them_whatever_the_pages(void **state)
{
    (void)state;
    Muster__V1__GenerateRejected generate = MUSTER__V1__GENERATE_REJECTED__INIT;
    generate.batch_id = "B1";
    read_file();
    decide();
    for (size_t max = 1; max <= 4; max++) {
        drive(&generate.base, max);
        assert_int_equal(work->status, OK);
        const Muster__V1__FileView *view = (const Muster__V1__FileView *)work->reply;
        assert_int_equal(view->rows, 4);
        assert_string_equal(view->file_name, "B1-rejected.csv");
        assert_string_equal(text_of(view), "\xEF\xBB\xBFrow,given_name,email,what is wrong\r\n"
                                           "2,p2,\"'=x\",email: No address.; A rule.\r\n"
                                           "4,p4,\"'=x\",\"Nobody like this is known, and this template adds nobody "
                                           "to the directory.\"\r\n"
                                           "5,p5,\"'=x\",given_name: Unknown.\r\n"
                                           "6,p6,\"'=x\",The assignment is closed.\r\n");
    }
}

static void
while_a_batch_waits_its_wrong_rows_are_those_that_parsing_names(void **state)
{
    (void)state;
    Muster__V1__GenerateRejected generate = MUSTER__V1__GENERATE_REJECTED__INIT;
    generate.batch_id = "B1";
    read_file();
    drive(&generate.base, 1);
    assert_int_equal(work->status, OK);
    assert_int_equal(((const Muster__V1__FileView *)work->reply)->rows, 2);
}

static void
what_cannot_be_made_is_refused_with_the_reason(void **state)
{
    (void)state;
    Muster__V1__GenerateRejected rejected = MUSTER__V1__GENERATE_REJECTED__INIT;
    Muster__V1__GenerateTemplate template = MUSTER__V1__GENERATE_TEMPLATE__INIT;
    rejected.batch_id = "B1";
    fake_call(work, &rejected.base);
    assert_non_null(strstr(work->text, "has not been read yet"));
    rejected.batch_id = "B7";
    fake_call(work, &rejected.base);
    assert_non_null(strstr(work->text, "no batch"));
    template.name = "cards";
    fake_call(work, &template.base);
    assert_non_null(strstr(work->text, "There are: card"));
    template.name = "card";
    template.format = MUSTER__V1__FILE_FORMAT__FORMAT_XLSX;
    fake_call(work, &template.base);
    fake_ask ask = fake_take_ask(work);
    fake_give_answer(work, ask.tag, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE, NULL);
    assert_int_equal(work->status, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE);
    read_file();
    rejected.batch_id = "B1";
    rejected.format = MUSTER__V1__FILE_FORMAT__FORMAT_MARKDOWN;
    fake_call(work, &rejected.base);
    assert_non_null(strstr(work->text, "format"));
}

static void
a_workbook_takes_its_lists_page_by_page_and_csv_asks_nobody(void **state)
{
    (void)state;
    Muster__V1__GenerateTemplate generate = MUSTER__V1__GENERATE_TEMPLATE__INIT;
    generate.name = "card";
    fake_call(work, &generate.base);
    assert_true(work->ended);
    assert_int_equal(work->status, OK);
    assert_string_equal(text_of((const Muster__V1__FileView *)work->reply), "\xEF\xBB\xBFgiven_name,email\r\n");
    generate.format = MUSTER__V1__FILE_FORMAT__FORMAT_XLSX;
    drive(&generate.base, 64);
    assert_int_equal(work->status, OK);
    assert_true(((const Muster__V1__FileView *)work->reply)->size > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rejected_rows_have_all_that_is_known_of_them_whatever_the_pages, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(while_a_batch_waits_its_wrong_rows_are_those_that_parsing_names, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(what_cannot_be_made_is_refused_with_the_reason, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_workbook_takes_its_lists_page_by_page_and_csv_asks_nobody, open_all,
                                        close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
