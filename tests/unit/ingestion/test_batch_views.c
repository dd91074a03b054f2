/* test_batch_views.c - what is known of a batch on its way, and when it can be cancelled. */
#include "tests/unit/ingestion/ingestion_case.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
