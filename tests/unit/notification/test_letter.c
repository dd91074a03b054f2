/* test_letter.c - mails as bytes, and what they say. */
#include "services/notification/letter.h"
#include "services/notification/settings.h"
#include "services/notification/texts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *
letter_text(const char *subject, const char *text, mst_arena *arena)
{
    letter mail = {"Muster \xC3\xA9t\xC3\xA9 <muster@example.org>",
                   "anna@example.org",
                   "",
                   subject,
                   text,
                   "<muster.B7.1.1@example.org>",
                   1763769600000};
    mst_slice bytes = letter_bytes(&mail, arena);
    return mst_arena_strndup(arena, bytes.data, bytes.size);
}

static void
lines_are_short_and_end_in_crlf(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    char long_text[2000], subject[900];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    for (size_t i = 0; i + 3 < sizeof subject; i += 3)
        memcpy(subject + i, "\xE2\x82\xAC", 4);
    for (char *line = letter_text(subject, long_text, arena), *end; *line != '\0'; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 76);
        assert_null(memchr(line, '\n', (size_t)(end - line)));
    }
    mst_arena_destroy(&arena);
}

static void
headers_are_ascii_and_the_date_is_in_utc(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    char *mail = letter_text("Gr\xC3\xBC\xC3\x9F\x65", "ok", arena);
    assert_ptr_equal(mail, strstr(mail, "Date: Sat, 22 Nov 2025 00:00:00 +0000\r\n"));
    assert_non_null(strstr(mail, "\r\nSubject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
    assert_non_null(strstr(mail, "\r\nFrom: =?UTF-8?B?TXVzdGVyIMOpdMOp?=\r\n <muster@example.org>\r\n"));
    assert_non_null(strstr(mail, "\r\nMessage-ID: <muster.B7.1.1@example.org>\r\n"));
    mst_arena_destroy(&arena);
}

static void
text_is_quoted_so_that_it_reads_as_written(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    char *body = strstr(letter_text("s", "a=b \n.\n\xC3\xA9\ttab\n\nend", arena), "\r\n\r\n") + 4;
    assert_string_equal(body, "a=3Db=20\r\n.\r\n=C3=A9\ttab\r\n\r\nend\r\n");
    mst_arena_destroy(&arena);
}

static void
no_text_adds_a_header(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    char *mail = letter_text("one\r\nBcc: all@example.org\n\x01two", "x", arena);
    assert_null(strstr(mail, "\nBcc:"));
    mst_arena_destroy(&arena);
}

static void
addresses_that_could_be_more_than_one_are_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"", "a", "@b", "a@", "a b@c", "a@b,c@d", "a@b\r\nX: y", "<a@b>", "a@b@c", "\xC3\xA9@b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(settings_address_ok(bad[i]));
    assert_true(settings_address_ok("anna.o'hara+muster@example.org"));
}

static void
B47_received_and_accepted_are_stated_and_itemised(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    Muster__V1__BatchCompleted done = MUSTER__V1__BATCH_COMPLETED__INIT;
    created.batch_id = "B7";
    created.name = "Sunday";
    created.template_name = "connect-card";
    created.operator_ = "anna";
    done.received = 10, done.created = 3, done.updated = 2, done.unchanged = 1, done.skipped = 1, done.rejected = 3;
    occasion of = {.kind = MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED,
                   .created = &created,
                   .file_name = "cards.csv",
                   .link = "https://m.example.org",
                   .completed = &done};
    char *text = texts_body(&of, arena);
    assert_non_null(
        strstr(text, "Received: 10\nAccepted: 6 (3 created, 2 updated, 1 unchanged)\nSkipped:  1\nRejected: 3"));
    assert_non_null(strstr(text, "https://m.example.org/batches/B7/log\n    muster batch log B7\n"));
    assert_non_null(strstr(text, "muster batch rejected B7"));
    assert_string_equal(texts_subject(&of, arena), "Sunday (B7): complete");
    mst_arena_destroy(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_short_and_end_in_crlf),
        cmocka_unit_test(headers_are_ascii_and_the_date_is_in_utc),
        cmocka_unit_test(text_is_quoted_so_that_it_reads_as_written),
        cmocka_unit_test(no_text_adds_a_header),
        cmocka_unit_test(addresses_that_could_be_more_than_one_are_refused),
        cmocka_unit_test(B47_received_and_accepted_are_stated_and_itemised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
