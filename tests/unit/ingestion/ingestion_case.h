/* ingestion_case.h - what tests of ingestion begin with: its core on a fake bus, a template, a batch and its file. */
#ifndef MUSTER_TESTS_INGESTION_CASE_H
#define MUSTER_TESTS_INGESTION_CASE_H

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

static inline void
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

static inline void
add_template(const char *source)
{
    Muster__V1__AddTemplate add = MUSTER__V1__ADD_TEMPLATE__INIT;
    add.source = (char *)source;
    fake_call(work, &add.base);
    fake_give_pages(work, 64);
    assert_true(work->ended);
}

static inline int
open_empty(void **state)
{
    (void)state;
    mst_core_env env = {.data_dir = "", .blobs_dir = "", .instance = "ingestion/1"};
    work = fake_new(&ingestion_core, &env);
    return 0;
}

static inline int
open_ready(void **state)
{
    open_empty(state);
    declare("person");
    add_template(TEMPLATE);
    return 0;
}

static inline int
close_all(void **state)
{
    (void)state;
    fake_destroy(work);
    return 0;
}

static inline Muster__V1__CreateBatch
a_batch(void)
{
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    create.name = "Sunday cards";
    create.batch_date = "2026-11-15";
    create.template_name = "card";
    create.file_name = "/home/anna/cards.csv";
    return create;
}

static inline const Muster__V1__BatchView *
view_of(const char *batch_id)
{
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    show.batch_id = (char *)batch_id;
    fake_call(work, &show.base);
    assert_int_equal(work->status, OK);
    return (const Muster__V1__BatchView *)work->reply;
}

static const char FILE_TEXT[] = "given_name,email\nAnn,a@example.org\n";

static inline Muster__V1__AnswerStatus
begin_upload(const char *batch_id, uint64_t size, const uint8_t *sha256)
{
    Muster__V1__BeginUpload begin = MUSTER__V1__BEGIN_UPLOAD__INIT;
    begin.batch_id = (char *)batch_id;
    begin.size = size;
    begin.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, (uint8_t *)sha256};
    fake_call(work, &begin.base);
    return work->status;
}

static inline uint64_t
put(const char *batch_id, uint64_t offset, const char *data, size_t size)
{
    Muster__V1__PutRange range = MUSTER__V1__PUT_RANGE__INIT;
    range.batch_id = (char *)batch_id;
    range.offset = offset;
    range.data = (ProtobufCBinaryData){size, (uint8_t *)data};
    fake_call(work, &range.base);
    return work->status == OK ? ((const Muster__V1__UploadView *)work->reply)->offset : UINT64_MAX;
}

static inline Muster__V1__AnswerStatus
finish_upload(const char *batch_id)
{
    Muster__V1__FinishUpload finish = MUSTER__V1__FINISH_UPLOAD__INIT;
    finish.batch_id = (char *)batch_id;
    fake_call(work, &finish.base);
    return work->status;
}

static inline void
create(void)
{
    Muster__V1__CreateBatch command = a_batch();
    fake_call(work, &command.base);
    assert_int_equal(work->status, OK);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, open_ready, close_all)
#define EMPTY(test) cmocka_unit_test_setup_teardown(test, open_empty, close_all)

#endif
