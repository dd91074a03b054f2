/* test_codec.c - the one door between bytes and messages lets nothing through that it should not. */
#include "broker/lib/arena.h"
#include "bus.pb-c.h"
#include "discrepancy.pb-c.h"
#include "proto/codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A CancelBatch-like message by hand: field 1, text of `size` bytes. */
static size_t
text_field(uint8_t *out, const char *text, size_t size)
{
    out[0] = 0x0a;
    out[1] = (uint8_t)size;
    memcpy(out + 2, text, size);
    return size + 2;
}

static const ProtobufCMessage *
unpacked(mst_arena *arena, const char *text, size_t size)
{
    uint8_t bytes[200];
    size_t used = text_field(bytes, text, size);
    return mst_unpack(mst_codec_find("CancelBatch"), bytes, used, MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
}

static void
text_that_is_utf8_passes_and_other_bytes_do_not(void **state)
{
    (void)state;
    static const char *const good[] = {"B7",           "Zoë",          "\xf0\x9f\x91\x8d",
                                       "\xed\x9f\xbf", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",             /* a tail without a head */
        "\xc3",             /* cut */
        "\xc0\xaf",         /* overlong slash */
        "\xe0\x9f\xbf",     /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xff",
    };
    mst_arena *arena = mst_arena_new(0);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_non_null(unpacked(arena, good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(unpacked(arena, bad[i], strlen(bad[i])));
    mst_arena_destroy(&arena);
}

static void
a_nul_in_a_text_is_refused_not_cut(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    assert_null(unpacked(arena, "B7\0x", 4));
    assert_null(unpacked(arena, "\0", 1));
    mst_arena_destroy(&arena);
}

static void
texts_deep_inside_are_looked_at_too(void **state)
{
    (void)state;
    Muster__V1__Evidence evidence = MUSTER__V1__EVIDENCE__INIT, *evidences = &evidence;
    Muster__V1__Candidate candidate = MUSTER__V1__CANDIDATE__INIT, *candidates = &candidate;
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions = &question;
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    candidate.evidence = &evidences;
    candidate.n_evidence = 1;
    question.candidates = &candidates;
    question.n_candidates = 1;
    opened.questions = &questions;
    opened.n_questions = 1;
    mst_arena *arena = mst_arena_new(0);
    for (int good = 1; good >= 0; good--) {
        evidence.why = good ? "equal" : "\xc3(";
        mst_slice packed = mst_arena_pack(arena, &opened.base);
        const ProtobufCMessage *read = mst_unpack(mst_codec_find("DiscrepanciesOpened"), packed.data, packed.size,
                                                  MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
        assert_int_equal(read != NULL, good);
    }
    mst_arena_destroy(&arena);
}

static void
what_is_too_large_is_not_even_unpacked(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, MST_BODY_SIZE_MAX + 1);
    mst_arena *arena = mst_arena_new(0);
    assert_null(mst_unpack(mst_codec_find("CancelBatch"), bytes, MST_BODY_SIZE_MAX + 1, MST_BODY_SIZE_MAX,
                           mst_arena_allocator(arena)));
    assert_int_equal(mst_arena_used(arena), 0);
    free(bytes);
    mst_arena_destroy(&arena);
}

static void
what_would_take_more_memory_than_the_quota_is_refused(void **state)
{
    (void)state;
    /* a page of 20,000 empty envelopes: 40 KB that want 5 MB */
    static uint8_t bytes[40000];
    for (size_t i = 0; i < sizeof bytes; i += 2)
        bytes[i] = 0x0a;
    mst_arena *small = mst_arena_new(1 << 20), *large = mst_arena_new(64 << 20);
    assert_null(mst_unpack(&muster__v1__page__descriptor, bytes, sizeof bytes, MST_CONTROL_SIZE_MAX,
                           mst_arena_allocator(small)));
    assert_non_null(mst_unpack(&muster__v1__page__descriptor, bytes, sizeof bytes, MST_CONTROL_SIZE_MAX,
                               mst_arena_allocator(large)));
    mst_arena_destroy(&small);
    mst_arena_destroy(&large);
}

static void
names_are_found_and_strangers_are_not(void **state)
{
    (void)state;
    static const char *const names[] = {"AddTemplate", "BatchCreated", "EntriesRead", "WrongValuesFound", "ShowBatch"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const ProtobufCMessageDescriptor *found = mst_codec_find(names[i]);
        assert_non_null(found);
        assert_string_equal(found->short_name, names[i]);
    }
    assert_null(mst_codec_find(""));
    assert_null(mst_codec_find("Commit")); /* no body: never read from one */
    assert_null(mst_codec_find("entriesread"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_utf8_passes_and_other_bytes_do_not),
        cmocka_unit_test(a_nul_in_a_text_is_refused_not_cut),
        cmocka_unit_test(texts_deep_inside_are_looked_at_too),
        cmocka_unit_test(what_is_too_large_is_not_even_unpacked),
        cmocka_unit_test(what_would_take_more_memory_than_the_quota_is_refused),
        cmocka_unit_test(names_are_found_and_strangers_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
