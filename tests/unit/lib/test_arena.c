/* test_arena.c - memory by lifetime. */
#include "broker/lib/arena.h"
#include "envelope.pb-c.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
memory_is_aligned_zero_and_apart(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    uint8_t *before = NULL;
    for (size_t size = 0; size < 5000; size += 37) {
        uint8_t *memory = mst_arena_alloc(arena, size);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xa5, size);
        assert_ptr_not_equal(memory, before);
        before = memory;
    }
    mst_arena_destroy(&arena);
    assert_null(arena);
    mst_arena_destroy(&arena);
}

static void
memory_given_out_after_a_reset_is_zero_again(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    for (int round = 0; round < 50; round++) {
        for (size_t size = 1; size < 400000; size *= 3) {
            uint8_t *memory = mst_arena_alloc(arena, size);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(memory[i], 0);
            memset(memory, 0xff, size);
        }
        mst_arena_reset(arena);
        assert_int_equal(mst_arena_used(arena), 0);
    }
    mst_arena_destroy(&arena);
}

static void
a_quota_refuses_what_goes_beyond_it_and_nothing_else(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(1000);
    assert_non_null(mst_arena_alloc(arena, 500));
    assert_null(mst_arena_alloc(arena, 600));
    assert_null(mst_arena_alloc(arena, SIZE_MAX / 4));
    assert_non_null(mst_arena_alloc(arena, 400));
    assert_null(mst_arena_strdup(arena, "a text of more than the eighty-eight bytes that are still to be had from "
                                        "this arena of a thousand bytes, which is refused"));
    mst_arena_reset(arena);
    assert_non_null(mst_arena_alloc(arena, 900));
    mst_arena_destroy(&arena);
}

static void
hostile_bytes_cannot_make_protobuf_take_more_than_the_quota(void **state)
{
    (void)state;
    /* 30,000 unknown fields of two bytes, for each of which protobuf-c wants about 90 */
    static uint8_t hostile[60000];
    for (size_t i = 0; i < sizeof hostile; i += 2) {
        hostile[i] = 0x78; /* field 15, varint */
        hostile[i + 1] = 1;
    }
    mst_arena *arena = mst_arena_new(1 << 20);
    assert_null(muster__v1__ack__unpack(mst_arena_allocator(arena), sizeof hostile, hostile));
    assert_true(mst_arena_used(arena) <= 1 << 20);
    mst_arena_destroy(&arena);
}

static void
a_packed_message_reads_back_as_it_was(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    Muster__V1__EventHead head = MUSTER__V1__EVENT_HEAD__INIT;
    head.type = "EntriesRead";
    head.rows = 1000;
    mst_slice packed = mst_arena_pack(arena, &head.base);
    Muster__V1__EventHead *read = muster__v1__event_head__unpack(mst_arena_allocator(arena), packed.size, packed.data);
    assert_string_equal(read->type, "EntriesRead");
    assert_int_equal(read->rows, 1000);
    assert_string_equal(mst_arena_printf(arena, "%s/%d", "B", 7), "B/7");
    mst_arena_destroy(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_zero_and_apart),
        cmocka_unit_test(memory_given_out_after_a_reset_is_zero_again),
        cmocka_unit_test(a_quota_refuses_what_goes_beyond_it_and_nothing_else),
        cmocka_unit_test(hostile_bytes_cannot_make_protobuf_take_more_than_the_quota),
        cmocka_unit_test(a_packed_message_reads_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
