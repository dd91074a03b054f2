/* test_ingestion.c - templates, batches, uploads, and what is known of a batch. */
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/ingestion/blobs.h"
#include "services/ingestion/ingestion.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"

#define OK MUSTER__V1__ANSWER_STATUS__ANSWER_OK
#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED
#define NOT_FOUND MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND

static const char TEMPLATE[] =
    "{\"name\":\"card\",\"fields\":[{\"name\":\"given_name\"},{\"name\":\"email\"}],\"muster\":{"
    "\"kind\":\"person\",\"options\":[{\"name\":\"update-campus\"},{\"name\":"
    "\"membership-date\",\"default\":true}]}}";

static fake_work *work;

static void
declare(const char *kind_name)
{
    Muster__V1__Field given = MUSTER__V1__FIELD__INIT, email = MUSTER__V1__FIELD__INIT, *fields[] = {&given, &email};
    given.name = "given_name";
    email.name = "email";
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[] = {&kind};
    kind.name = (char *)kind_name;
    kind.fields = fields;
    kind.n_fields = 2;
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    declared.kinds = kinds;
    declared.n_kinds = 1;
    fake_happened(work, "export/directory", "", 0, &declared.base);
}

static void
add_template(const char *source)
{
    Muster__V1__AddTemplate add = MUSTER__V1__ADD_TEMPLATE__INIT;
    add.source = (char *)source;
    fake_call(work, &add.base);
    fake_give_pages(work, 64);
    assert_true(work->ended);
}

static int
open_empty(void **state)
{
    (void)state;
    mst_core_env env = {.data_dir = "", .blobs_dir = "", .instance = "ingestion/1"};
    work = fake_new(&ingestion_core, &env);
    return 0;
}

static int
open_ready(void **state)
{
    open_empty(state);
    declare("person");
    add_template(TEMPLATE);
    return 0;
}

static int
close_all(void **state)
{
    (void)state;
    fake_destroy(work);
    return 0;
}

static Muster__V1__CreateBatch
a_batch(void)
{
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    create.name = "Sunday cards";
    create.batch_date = "2026-11-15";
    create.template_name = "card";
    create.file_name = "/home/anna/cards.csv";
    return create;
}

static const Muster__V1__BatchView *
view_of(const char *batch_id)
{
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    show.batch_id = (char *)batch_id;
    fake_call(work, &show.base);
    assert_int_equal(work->status, OK);
    return (const Muster__V1__BatchView *)work->reply;
}

static void
is_refused(const Muster__V1__CreateBatch *create, const char *words)
{
    fake_call(work, &create->base);
    fake_give_pages(work, 64);
    assert_int_equal(work->status, REFUSED);
    if (strstr(work->text, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, work->text);
}

static void
a_batch_needs_a_template_and_says_how_to_add_one_A1(void **state)
{
    (void)state;
    Muster__V1__CreateBatch create = a_batch();
    is_refused(&create, "muster template add");
}

static void
a_batch_is_created_with_what_was_said_of_it_A7_A8_A13(void **state)
{
    (void)state;
    Muster__V1__CreateBatch create = a_batch();
    create.name = "  Sunday\x01 cards \xE2\x80\xAE ";
    fake_call(work, &create.base);
    assert_int_equal(work->status, OK);
    const Muster__V1__BatchView *view = view_of("B1");
    assert_string_equal(view->name, "Sunday cards");
    assert_string_equal(view->batch_date, "2026-11-15");
    assert_string_equal(view->file_name, "cards.csv");
    assert_string_equal(view->operator_, "tester");
    assert_string_equal(view->kind, "person");
    assert_int_equal(view->template_version, 1);
    assert_int_equal(view->state, MUSTER__V1__BATCH_STATE__STATE_READY_FOR_FILE_UPLOAD);
    fake_call(work, &create.base);
    assert_string_equal(((const Muster__V1__BatchView *)work->reply)->batch_id, "B2");
}

static void
name_date_template_options_and_file_type_are_checked_A7_A8_A11_A12(void **state)
{
    (void)state;
    Muster__V1__CreateBatch create = a_batch();
    create.name = " \t ";
    is_refused(&create, "name");
    create = a_batch();
    create.batch_date = "2026-11-23";
    is_refused(&create, "future");
    create.batch_date = "2026-02-29";
    is_refused(&create, "YYYY-MM-DD");
    create.batch_date = "15.11.2026";
    is_refused(&create, "YYYY-MM-DD");
    create = a_batch();
    create.template_name = "other";
    is_refused(&create, "There are: card");
    create = a_batch();
    char *options[] = {"shoes"};
    create.options = options;
    create.n_options = 1;
    is_refused(&create, "offered are update-campus, membership-date");
    create = a_batch();
    create.file_name = "cards.xls";
    is_refused(&create, "Excel Workbook (.xlsx)");
    create.file_name = "cards.txt";
    is_refused(&create, ".csv");
    assert_int_equal(fake_count(work, "BatchCreated"), 0);
}

static void
any_past_date_is_taken_and_none_means_today_A8(void **state)
{
    (void)state;
    Muster__V1__CreateBatch create = a_batch();
    create.batch_date = "1904-02-29";
    fake_call(work, &create.base);
    assert_int_equal(work->status, OK);
    create.batch_date = "";
    fake_call(work, &create.base);
    assert_string_equal(((const Muster__V1__BatchView *)work->reply)->batch_date, "2026-11-21");
}

static void
options_on_by_default_can_be_turned_off_A11(void **state)
{
    (void)state;
    Muster__V1__CreateBatch create = a_batch();
    fake_call(work, &create.base);
    const Muster__V1__BatchView *view = (const Muster__V1__BatchView *)work->reply;
    assert_int_equal(view->n_options, 1);
    assert_string_equal(view->options[0], "membership-date");
    char *options[] = {"no-membership-date", "update-campus"};
    create.options = options;
    create.n_options = 2;
    fake_call(work, &create.base);
    view = (const Muster__V1__BatchView *)work->reply;
    assert_int_equal(view->n_options, 1);
    assert_string_equal(view->options[0], "update-campus");
}

static void
the_same_template_again_is_the_same_version_and_a_changed_one_the_next(void **state)
{
    (void)state;
    add_template(TEMPLATE);
    assert_int_equal(((const Muster__V1__TemplateView *)work->reply)->template_->version, 1);
    assert_int_equal(fake_count(work, "TemplateAdded"), 1);
    char changed[sizeof TEMPLATE + 1];
    snprintf(changed, sizeof changed, " %s", TEMPLATE);
    add_template(changed);
    assert_int_equal(((const Muster__V1__TemplateView *)work->reply)->template_->version, 2);
    Muster__V1__ShowTemplate show = MUSTER__V1__SHOW_TEMPLATE__INIT;
    show.name = "card";
    show.version = 1;
    fake_call(work, &show.base);
    assert_string_equal(((const Muster__V1__TemplateView *)work->reply)->source, TEMPLATE);
    show.version = 3;
    fake_call(work, &show.base);
    assert_int_equal(work->status, NOT_FOUND);
}

static void
a_template_for_fields_that_the_kind_lacks_is_refused(void **state)
{
    (void)state;
    add_template("{\"name\":\"x\",\"fields\":[{\"name\":\"shoe\"}],\"muster\":{\"kind\":\"person\"}}");
    assert_int_equal(work->status, REFUSED);
    assert_non_null(strstr(work->text, "shoe"));
    add_template("{\"name\":\"x\",\"fields\":[{\"name\":\"email\"}],\"muster\":{\"kind\":\"ship\"}}");
    assert_non_null(strstr(work->text, "directory declare"));
    add_template(
        "{\"name\":\"x\",\"fields\":[{\"name\":\"email\"},{\"name\":\"mail\",\"muster\":{\"target\":\"email\"}}],"
        "\"muster\":{\"kind\":\"person\"}}");
    assert_non_null(strstr(work->text, "both feed"));
}

static void
a_kind_whose_declaration_is_still_on_its_way_is_found_in_the_log(void **state)
{
    (void)state;
    // In the log, and not told to the core yet.
    declare("person");
    fake_event declared = work->log[--work->log_count];
    mst_core_env env = {.data_dir = "", .blobs_dir = "", .instance = "ingestion/1"};
    work->core->close(work->state);
    assert_int_equal(work->core->open(&work->state, &env), MST_OK);
    work->log[work->log_count++] = declared;
    add_template(TEMPLATE);
    assert_int_equal(work->status, OK);
}

/* Uploads ---------------------------------------------------------------------------------------------- */

static const char FILE_TEXT[] = "given_name,email\nAnn,a@example.org\n";

static Muster__V1__AnswerStatus
begin_upload(const char *batch_id, uint64_t size, const uint8_t *sha256)
{
    Muster__V1__BeginUpload begin = MUSTER__V1__BEGIN_UPLOAD__INIT;
    begin.batch_id = (char *)batch_id;
    begin.size = size;
    begin.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, (uint8_t *)sha256};
    fake_call(work, &begin.base);
    return work->status;
}

static uint64_t
put(const char *batch_id, uint64_t offset, const char *data, size_t size)
{
    Muster__V1__PutRange range = MUSTER__V1__PUT_RANGE__INIT;
    range.batch_id = (char *)batch_id;
    range.offset = offset;
    range.data = (ProtobufCBinaryData){size, (uint8_t *)data};
    fake_call(work, &range.base);
    return work->status == OK ? ((const Muster__V1__UploadView *)work->reply)->offset : UINT64_MAX;
}

static Muster__V1__AnswerStatus
finish_upload(const char *batch_id)
{
    Muster__V1__FinishUpload finish = MUSTER__V1__FINISH_UPLOAD__INIT;
    finish.batch_id = (char *)batch_id;
    fake_call(work, &finish.base);
    return work->status;
}

static void
create(void)
{
    Muster__V1__CreateBatch command = a_batch();
    fake_call(work, &command.base);
    assert_int_equal(work->status, OK);
}

static void
a_file_arrives_in_ranges_and_a_range_sent_twice_does_no_harm(void **state)
{
    (void)state;
    size_t size = sizeof FILE_TEXT - 1;
    uint8_t sha256[MST_HASH_SIZE];
    mst_sha256(FILE_TEXT, size, sha256);
    create();
    assert_int_equal(begin_upload("B1", size, sha256), OK);
    assert_int_equal(put("B1", 0, FILE_TEXT, 10), 10);
    assert_int_equal(put("B1", 0, FILE_TEXT, 10), 10);
    assert_int_equal(put("B1", 20, FILE_TEXT + 20, 5), 10); // a hole: the answer says where to go on
    assert_int_equal(finish_upload("B1"), REFUSED);
    assert_int_equal(begin_upload("B1", size, sha256), OK);
    assert_int_equal(((const Muster__V1__UploadView *)work->reply)->offset, 10);
    assert_int_equal(view_of("B1")->upload_offset, 10);
    assert_int_equal(put("B1", 10, FILE_TEXT + 10, size - 10), size);
    assert_int_equal(finish_upload("B1"), OK);
    const Muster__V1__BatchView *view = view_of("B1");
    assert_int_equal(view->state, MUSTER__V1__BATCH_STATE__STATE_AUTO_READING_ENTRIES);
    assert_int_equal(view->file_size, size);
    assert_int_equal(finish_upload("B1"), OK); // again: the same answer, no second event
    assert_int_equal(fake_count(work, "FileReceived"), 1);

    Muster__V1__ReadBlob read = MUSTER__V1__READ_BLOB__INIT;
    read.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, sha256};
    read.offset = 6;
    read.size = 10;
    fake_call(work, &read.base);
    const Muster__V1__BlobRange *range = (const Muster__V1__BlobRange *)work->reply;
    assert_int_equal(range->size, size);
    assert_int_equal(range->data.len, 10);
    assert_memory_equal(range->data.data, FILE_TEXT + 6, 10);
}

static void
the_same_file_in_a_second_batch_is_told_and_need_not_travel(void **state)
{
    (void)state;
    size_t size = sizeof FILE_TEXT - 1;
    uint8_t sha256[MST_HASH_SIZE];
    mst_sha256(FILE_TEXT, size, sha256);
    create();
    begin_upload("B1", size, sha256);
    put("B1", 0, FILE_TEXT, size);
    finish_upload("B1");
    create();
    begin_upload("B2", size, sha256);
    assert_true(((const Muster__V1__UploadView *)work->reply)->done);
    assert_int_equal(finish_upload("B2"), OK);
    const Muster__V1__BatchView *view = view_of("B2");
    assert_int_equal(view->n_same_file_as, 1);
    assert_string_equal(view->same_file_as[0], "B1");
}

static void
bytes_that_are_not_what_was_announced_are_refused(void **state)
{
    (void)state;
    uint8_t sha256[MST_HASH_SIZE] = {1};
    create();
    begin_upload("B1", 3, sha256);
    assert_int_equal(put("B1", 0, "abcd", 4), UINT64_MAX);
    put("B1", 0, "abc", 3);
    assert_int_equal(finish_upload("B1"), REFUSED);
    assert_non_null(strstr(work->text, "again"));
    assert_int_equal(view_of("B1")->state, MUSTER__V1__BATCH_STATE__STATE_READY_FOR_FILE_UPLOAD);
    assert_int_equal(begin_upload("B1", BLOB_SIZE_MAX + 1, sha256), REFUSED);
    assert_non_null(strstr(work->text, "4 GiB"));
    assert_int_equal(finish_upload("B7"), NOT_FOUND);
}

/* What is known of a batch ------------------------------------------------------------------------------- */

static void
happens(const char *stream, uint32_t rows, ProtobufCMessage *message)
{
    fake_happened(work, stream, "B1", rows, message);
}

static void
reading_finished(uint32_t rows, uint32_t wrong)
{
    Muster__V1__EntriesRead chunk = MUSTER__V1__ENTRIES_READ__INIT;
    happens("parsing/B1/g1", rows, &chunk.base);
    Muster__V1__ReadingFinished finished = MUSTER__V1__READING_FINISHED__INIT;
    finished.rows = rows;
    finished.wrong_rows = wrong;
    happens("parsing/B1", rows, &finished.base);
}

static void
matched(uint32_t rows, uint32_t discrepancies)
{
    Muster__V1__MatchingStarted started = MUSTER__V1__MATCHING_STARTED__INIT;
    happens("matching/B1", 0, &started.base);
    Muster__V1__EntriesMatched chunk = MUSTER__V1__ENTRIES_MATCHED__INIT;
    happens("matching/B1/g1", rows, &chunk.base);
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.rows = rows;
    finished.discrepancies = discrepancies;
    happens("matching/B1", rows, &finished.base);
}

static void
state_is(int expected)
{
    assert_int_equal(view_of("B1")->state, expected);
}

static void
completed(uint32_t created)
{
    Muster__V1__ExportQueued queued = MUSTER__V1__EXPORT_QUEUED__INIT;
    happens("export/B1", 0, &queued.base);
    state_is(MUSTER__V1__BATCH_STATE__STATE_EXPORTING_DATA);
    Muster__V1__ExportStarted started = MUSTER__V1__EXPORT_STARTED__INIT;
    happens("export/B1", 0, &started.base);
    Muster__V1__BatchCompleted done = MUSTER__V1__BATCH_COMPLETED__INIT;
    done.received = done.created = created;
    happens("export/B1", created, &done.base);
}

static void
receive(void)
{
    create();
    uint8_t sha256[MST_HASH_SIZE];
    mst_sha256("x", 1, sha256);
    begin_upload("B1", 1, sha256);
    put("B1", 0, "x", 1);
    finish_upload("B1");
}

static void
without_discrepancies_a_batch_goes_through_without_stopping_A18_A19(void **state)
{
    (void)state;
    receive();
    reading_finished(10, 0);
    state_is(MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES);
    matched(10, 0);
    state_is(MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES);
    completed(10);
    const Muster__V1__BatchView *view = view_of("B1");
    assert_int_equal(view->state, MUSTER__V1__BATCH_STATE__STATE_COMPLETE);
    assert_int_equal(view->created, 10);
    assert_int_equal(view->rows_read, 10);
    assert_int_equal(view->rows_matched, 10);
}

static void
a_batch_with_discrepancies_waits_until_the_last_is_resolved_A17_A28(void **state)
{
    (void)state;
    receive();
    reading_finished(10, 0);
    matched(10, 2);
    state_is(MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES); // the questions cannot be looked at yet
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    happens("discrepancy/B1", 2, &opened.base);
    state_is(MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION);
    assert_int_equal(view_of("B1")->discrepancies_open, 2);
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    resolved.row = 3;
    happens("discrepancy/B1", 1, &resolved.base);
    happens("discrepancy/B1", 1, &resolved.base); // changed: the row is counted once
    assert_int_equal(view_of("B1")->discrepancies_open, 1);
    state_is(MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION);
    resolved.row = 2000;
    happens("discrepancy/B1", 1, &resolved.base);
    Muster__V1__VerificationFinished verified = MUSTER__V1__VERIFICATION_FINISHED__INIT;
    happens("discrepancy/B1", 0, &verified.base);
    assert_int_equal(view_of("B1")->discrepancies_open, 0);
    state_is(MUSTER__V1__BATCH_STATE__STATE_EXPORTING_DATA);
    // Somebody changed the directory meanwhile: one row is asked again.
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&question};
    Muster__V1__RecheckFinished recheck = MUSTER__V1__RECHECK_FINISHED__INIT;
    recheck.questions = questions;
    recheck.n_questions = 1;
    happens("matching/B1", 0, &recheck.base);
    happens("discrepancy/B1", 1, &opened.base);
    state_is(MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION);
    assert_int_equal(view_of("B1")->discrepancies_open, 1);
    resolved.recheck = 1;
    happens("discrepancy/B1", 1, &resolved.base);
    assert_int_equal(view_of("B1")->discrepancies_open, 0);
    completed(10);
    state_is(MUSTER__V1__BATCH_STATE__STATE_COMPLETE);
}

static void
wrong_values_are_a_sub_state_of_checking(void **state)
{
    (void)state;
    receive();
    reading_finished(10, 3);
    assert_false(view_of("B1")->fix_errors); // nobody is asked before the directory was
    Muster__V1__CheckRequested check = MUSTER__V1__CHECK_REQUESTED__INIT;
    happens("parsing/B1", 10, &check.base);
    assert_true(view_of("B1")->checking);
    Muster__V1__CheckFinished checked = MUSTER__V1__CHECK_FINISHED__INIT;
    checked.wrong_rows = 2;
    happens("export/B1", 0, &checked.base);
    Muster__V1__CorrectionsRequested requested = MUSTER__V1__CORRECTIONS_REQUESTED__INIT;
    happens("parsing/B1", 5, &requested.base);
    const Muster__V1__BatchView *view = view_of("B1");
    assert_int_equal(view->state, MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES);
    assert_true(view->fix_errors && !view->checking);
    assert_int_equal(view->rows_wrong, 5);
    Muster__V1__CorrectionsFinished finished = MUSTER__V1__CORRECTIONS_FINISHED__INIT;
    happens("parsing/B1", 0, &finished.base);
    assert_false(view_of("B1")->fix_errors);
    happens("parsing/B1", 5, &requested.base);
    assert_true(view_of("B1")->fix_errors);
    Muster__V1__BadRowsExcluded excluded = MUSTER__V1__BAD_ROWS_EXCLUDED__INIT;
    happens("parsing/B1", 3, &excluded.base);
    assert_false(view_of("B1")->fix_errors);
}

static void
corrected_rows_come_to_a_batch_that_waits_for_them_and_to_no_other(void **state)
{
    (void)state;
    receive();
    Muster__V1__BeginUpload begin = MUSTER__V1__BEGIN_UPLOAD__INIT;
    Muster__V1__PutRange put = MUSTER__V1__PUT_RANGE__INIT;
    Muster__V1__FinishUpload finish = MUSTER__V1__FINISH_UPLOAD__INIT;
    begin.batch_id = put.batch_id = finish.batch_id = "B1";
    begin.file_name = "rows.csv";
    begin.corrections = true;
    begin.size = put.data.len = 4;
    put.data.data = (uint8_t *)"row\n";
    fake_call(work, &begin.base);
    assert_int_equal(work->status, REFUSED);
    reading_finished(10, 3);
    Muster__V1__CorrectionsRequested requested = MUSTER__V1__CORRECTIONS_REQUESTED__INIT;
    happens("parsing/B1", 3, &requested.base);
    fake_call(work, &begin.base);
    assert_int_equal(work->status, OK);
    fake_call(work, &put.base);
    assert_int_equal(work->status, OK);
    fake_call(work, &finish.base);
    assert_int_equal(work->status, OK);
    const Muster__V1__CorrectionsReceived *received =
        (const Muster__V1__CorrectionsReceived *)fake_last(work, "CorrectionsReceived");
    assert_non_null(received);
    assert_int_equal(received->size, 4);
    assert_string_equal(received->operator_, "tester");
    assert_true(view_of("B1")->taking_corrections);
    fake_call(work, &finish.base); // again: they are being read
    assert_int_equal(fake_count(work, "CorrectionsReceived"), 1);
    fake_call(work, &begin.base);
    assert_int_equal(work->status, REFUSED);
    Muster__V1__CorrectionsRefused refused = MUSTER__V1__CORRECTIONS_REFUSED__INIT;
    refused.file_name = "rows.csv";
    refused.reason = "No column \"row\".";
    happens("parsing/B1", 0, &refused.base);
    assert_non_null(strstr(view_of("B1")->notice, "rows.csv was not taken. No column"));
    assert_true(view_of("B1")->fix_errors && !view_of("B1")->taking_corrections);
    fake_call(work, &begin.base);
    assert_int_equal(work->status, OK);
    assert_int_equal(fake_count(work, "FileReceived"), 1);
}

static void
a_batch_can_be_cancelled_until_it_is_written(void **state)
{
    (void)state;
    receive();
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    cancel.batch_id = "B1";
    cancel.reason = "wrong file";
    fake_call(work, &cancel.base);
    assert_int_equal(work->status, OK);
    assert_string_equal(((const Muster__V1__BatchView *)work->reply)->outcome, "cancelled");
    reading_finished(10, 3); // somebody had not heard of it
    const Muster__V1__BatchView *view = view_of("B1");
    assert_string_equal(view->outcome, "cancelled");
    assert_string_equal(view->failure, "wrong file");
    assert_int_equal(view->state, MUSTER__V1__BATCH_STATE__STATE_AUTO_READING_ENTRIES);
    assert_false(view->fix_errors);
    fake_call(work, &cancel.base); // again: nothing new
    assert_int_equal(work->status, OK);
    assert_int_equal(fake_count(work, "BatchCancelled"), 1);
    assert_int_equal(begin_upload("B1", 1, (const uint8_t *)"0123456789abcdef0123456789abcdef"), REFUSED);
}

static void
a_batch_being_written_cannot_be_cancelled(void **state)
{
    (void)state;
    receive();
    reading_finished(1, 0);
    matched(1, 0);
    Muster__V1__ExportStarted started = MUSTER__V1__EXPORT_STARTED__INIT;
    happens("export/B1", 0, &started.base);
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    cancel.batch_id = "B1";
    fake_call(work, &cancel.base);
    assert_int_equal(work->status, REFUSED);
    assert_non_null(strstr(work->text, "written"));
}

static void
a_failed_batch_says_why_and_what_to_do(void **state)
{
    (void)state;
    receive();
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    failed.reason = "The file is empty.";
    failed.advice = "Upload it again.";
    happens("parsing/B1", 0, &failed.base);
    const Muster__V1__BatchView *view = view_of("B1");
    assert_string_equal(view->outcome, "failed");
    assert_string_equal(view->failure, "The file is empty. Upload it again.");
}

static void
batches_are_listed_newest_first_and_imports_apart_A3(void **state)
{
    (void)state;
    create();
    Muster__V1__CreateBatch import = MUSTER__V1__CREATE_BATCH__INIT;
    import.name = "members";
    import.purpose = MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    import.kind = "person";
    fake_call(work, &import.base);
    assert_int_equal(work->status, OK);
    create();
    Muster__V1__ListBatches list = MUSTER__V1__LIST_BATCHES__INIT;
    fake_call(work, &list.base);
    const Muster__V1__BatchList *batches = (const Muster__V1__BatchList *)work->reply;
    assert_int_equal(batches->n_batches, 2);
    assert_string_equal(batches->batches[0]->batch_id, "B3");
    list.after = "B3";
    list.max = 1;
    fake_call(work, &list.base);
    batches = (const Muster__V1__BatchList *)work->reply;
    assert_int_equal(batches->n_batches, 1);
    assert_string_equal(batches->batches[0]->batch_id, "B1");
    list.after = "";
    list.imports = true;
    fake_call(work, &list.base);
    assert_string_equal(((const Muster__V1__BatchList *)work->reply)->batches[0]->batch_id, "B2");
}

static void
applying_the_log_again_changes_nothing(void **state)
{
    (void)state;
    receive();
    reading_finished(10, 0);
    matched(10, 0);
    for (size_t i = 0; i < work->log_count; i++)
        fake_apply(work, &work->log[i]);
    assert_int_equal(view_of("B1")->rows_read, 10);
    assert_int_equal(view_of("B1")->rows_matched, 10);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, open_ready, close_all)
#define EMPTY(test) cmocka_unit_test_setup_teardown(test, open_empty, close_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(a_batch_needs_a_template_and_says_how_to_add_one_A1),
        EMPTY(a_kind_whose_declaration_is_still_on_its_way_is_found_in_the_log),
        READY(a_batch_is_created_with_what_was_said_of_it_A7_A8_A13),
        READY(name_date_template_options_and_file_type_are_checked_A7_A8_A11_A12),
        READY(any_past_date_is_taken_and_none_means_today_A8),
        READY(options_on_by_default_can_be_turned_off_A11),
        READY(the_same_template_again_is_the_same_version_and_a_changed_one_the_next),
        READY(a_template_for_fields_that_the_kind_lacks_is_refused),
        READY(a_file_arrives_in_ranges_and_a_range_sent_twice_does_no_harm),
        READY(the_same_file_in_a_second_batch_is_told_and_need_not_travel),
        READY(bytes_that_are_not_what_was_announced_are_refused),
        READY(without_discrepancies_a_batch_goes_through_without_stopping_A18_A19),
        READY(a_batch_with_discrepancies_waits_until_the_last_is_resolved_A17_A28),
        READY(wrong_values_are_a_sub_state_of_checking),
        READY(corrected_rows_come_to_a_batch_that_waits_for_them_and_to_no_other),
        READY(a_batch_can_be_cancelled_until_it_is_written),
        READY(a_batch_being_written_cannot_be_cancelled),
        READY(a_failed_batch_says_why_and_what_to_do),
        READY(batches_are_listed_newest_first_and_imports_apart_A3),
        READY(applying_the_log_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
