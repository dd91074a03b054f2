/* test_hash.c - hashes and the ids made from them. */
#include "broker/lib/hash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
sha256_is(const char *text, size_t repeat, const char *expected)
{
    uint8_t digest[MST_HASH_SIZE];
    char hex[2 * MST_HASH_SIZE + 1];
    mst_hash *hash = mst_hash_new();
    for (size_t i = 0; i < repeat; i++)
        mst_hash_add(hash, text, strlen(text));
    mst_hash_take(hash, digest);
    mst_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, expected);
    mst_hash_destroy(&hash);
    assert_null(hash);
}

static void
the_digest_is_that_of_fips_180_4(void **state)
{
    (void)state;
    sha256_is("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_is("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha256_is("aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
one_hash_serves_many_digests_one_after_the_other(void **state)
{
    (void)state;
    uint8_t first[MST_HASH_SIZE], second[MST_HASH_SIZE], plain[MST_HASH_SIZE];
    mst_hash *hash = mst_hash_new();
    mst_hash_add(hash, "one", 3);
    mst_hash_take(hash, first);
    mst_hash_add(hash, "two", 3);
    mst_hash_take(hash, second);
    mst_hash_destroy(&hash);
    mst_sha256("two", 3, plain);
    assert_memory_equal(second, plain, sizeof plain);
    assert_memory_not_equal(first, plain, sizeof plain);
}

static void
id_of(uint8_t id[MST_ID_SIZE], const char *first, const char *second)
{
    mst_slice parts[2] = {{(const uint8_t *)first, strlen(first)}, {(const uint8_t *)second, strlen(second)}};
    mst_id_of(id, parts, 2);
}

static void
the_same_parts_make_the_same_id_and_moved_borders_another(void **state)
{
    (void)state;
    uint8_t id[MST_ID_SIZE], again[MST_ID_SIZE], moved[MST_ID_SIZE];
    id_of(id, "parsing", "12");
    id_of(again, "parsing", "12");
    id_of(moved, "parsing1", "2");
    assert_memory_equal(id, again, sizeof id);
    assert_memory_not_equal(id, moved, sizeof id);
}

static void
random_bytes_differ(void **state)
{
    (void)state;
    uint8_t one[16] = {0}, two[16] = {0};
    mst_random(one, sizeof one);
    mst_random(two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_that_of_fips_180_4),
        cmocka_unit_test(one_hash_serves_many_digests_one_after_the_other),
        cmocka_unit_test(the_same_parts_make_the_same_id_and_moved_borders_another),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
