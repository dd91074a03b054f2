/* test_ingestion.c - templates, batches and uploads. */
#include "tests/unit/ingestion/ingestion_case.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
