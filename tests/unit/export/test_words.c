/* Finding words in values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/export/words.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool
found(const char *sought, const char *first, const char *second)
{
    mst_arena *arena = mst_arena_new(0);
    words it;
    words_make(&it, arena, sought);
    words_begin(&it);
    words_add(&it, (mst_slice){(const uint8_t *)first, strlen(first)});
    words_add(&it, (mst_slice){(const uint8_t *)second, strlen(second)});
    bool yes = words_found(&it);
    words_release(&it);
    mst_arena_destroy(&arena);
    return yes;
}

static void
every_word_must_occur_in_some_value(void **state)
{
    (void)state;
    assert_true(found("ada love", "Ada King", "Lovelace"));
    assert_false(found("ada byron", "Ada King", "Lovelace"));
    assert_true(found("  ", "Ada", ""));
    assert_false(found("king love", "King", "")); // and none reaches over two values
    assert_false(found("kinglove", "King", "Love"));
}

static void
case_is_folded_in_every_writing(void **state)
{
    (void)state;
    assert_true(found("ŁÓDŹ", "łódź", ""));
    assert_true(found("ΑΘΗΝΑ", "Αθηνα", ""));
    assert_true(found("müller-lüdenscheidt", "MÜLLER-LÜDENSCHEIDT", ""));
    assert_true(found("abcdefghijklmnop", "xABCDEFGHIJKLMNOPx", ""));
}

/* Eight letters at a time give what one at a time gives, for every byte of ASCII at every place. */
static void
folding_by_eight_is_folding_by_one(void **state)
{
    (void)state;
    words it = {0};
    for (int letter = 1; letter < 128; letter++)
        for (size_t at = 0; at < 17; at++) {
            char text[18] = "AZ@[az`{09 AZ@[az";
            text[at] = (char)letter;
            words_begin(&it);
            words_add(&it, (mst_slice){(const uint8_t *)text, 17});
            for (size_t i = 0; i < 17; i++)
                assert_int_equal(it.text[i], tolower((unsigned char)text[i]));
        }
    words_release(&it);
}

static void
bytes_that_are_no_letters_do_no_harm(void **state)
{
    (void)state;
    assert_true(found("ada", "\xff\xfe ada \xc3", "\xe2\x82"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_must_occur_in_some_value),
        cmocka_unit_test(case_is_folded_in_every_writing),
        cmocka_unit_test(folding_by_eight_is_folding_by_one),
        cmocka_unit_test(bytes_that_are_no_letters_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
