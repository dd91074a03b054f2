/* test_strings.c - likeness of texts, against published values and against the plain dynamic programme. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/matching/folding.h"
#include "services/matching/nicknames.h"
#include "services/matching/strings.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static prepared left_text;

static uint32_t
winkler(const char *a, const char *b)
{
    prepared_set(&left_text, a, strlen(a));
    return prepared_jaro_winkler(&left_text, b, strlen(b));
}

static uint32_t
edits(const char *a, const char *b)
{
    prepared_set(&left_text, a, strlen(a));
    return prepared_edits(&left_text, b, strlen(b));
}

static bool
plain(const char *text)
{
    for (; *text != 0; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E)
            return false;
    return true;
}

/* Calls `check` for each line "a,b,value" of a file of the jellyfish test data. */
static void
each_line(const char *file, void (*check)(const char *a, const char *b, double expected))
{
    const char *data = getenv("MUSTER_TEST_DATA");
    char path[1024], line[512];
    if (data == NULL) {
        print_message("MUSTER_TEST_DATA is not set: %s is not checked\n", file);
        skip();
    }
    snprintf(path, sizeof path, "%s/string_distance/jellyfish/%s", data, file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t checked = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        char *b = strchr(line, ','), *value = b == NULL ? NULL : strchr(b + 1, ',');
        if (value == NULL || !plain(strtok(line, "\r\n")))
            continue;
        *b = *value = 0;
        check(line, b + 1, strtod(value + 1, NULL));
        checked++;
    }
    fclose(in);
    assert_true(checked > 3);
}

static void
check_winkler(const char *a, const char *b, double expected)
{
    // Published values leave out the boost below 0.7 and are rounded to three places.
    prepared_set(&left_text, a, strlen(a));
    double jaro = prepared_jaro(&left_text, b, strlen(b)) / 1e6;
    double got = jaro > 0.7 ? winkler(a, b) / 1e6 : jaro;
    if (a[0] == 0 && b[0] == 0) // two empty texts: alike to us, a matter of taste
        return;
    if (fabs(got - expected) > 0.0015)
        fail_msg("%s, %s: %f, published %f", a, b, got, expected);
}

static void
jaro_winkler_agrees_with_published_values(void **state)
{
    (void)state;
    each_line("jaro_winkler.csv", check_winkler);
}

/* Optimal string alignment by its definition. */
static uint32_t
alignment(const char *a, size_t a_size, const char *b, size_t b_size)
{
    static uint32_t table[65][65];
    for (size_t i = 0; i <= a_size; i++)
        for (size_t k = 0; k <= b_size; k++) {
            if (i == 0 || k == 0) {
                table[i][k] = (uint32_t)(i + k);
                continue;
            }
            uint32_t best = table[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            best = table[i - 1][k] + 1 < best ? table[i - 1][k] + 1 : best;
            best = table[i][k - 1] + 1 < best ? table[i][k - 1] + 1 : best;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && table[i - 2][k - 2] + 1 < best)
                best = table[i - 2][k - 2] + 1;
            table[i][k] = best;
        }
    return table[a_size][b_size];
}

static void
check_edits(const char *a, const char *b, double expected)
{
    // The published distance is the unrestricted one: never more than ours, and less only where a swapped pair is
    // edited again.
    uint32_t got = edits(a, b);
    assert_int_equal(got, alignment(a, strlen(a), b, strlen(b)));
    assert_true(got >= (uint32_t)expected && got <= (uint32_t)expected + 1);
}

static void
edits_agree_with_published_values(void **state)
{
    (void)state;
    each_line("damerau_levenshtein.csv", check_edits);
}

static void
edits_and_jaro_are_symmetric_and_agree_with_the_definition_for_any_text(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char texts[2][65];
        for (int t = 0; t < 2; t++) {
            seed = seed * 1103515245u + 12345u;
            size_t size = (seed >> 16) % (round % 2 ? 12 : 64) + 1;
            for (size_t i = 0; i < size; i++) {
                seed = seed * 1103515245u + 12345u;
                texts[t][i] = (char)('a' + (seed >> 16) % (round % 3 ? 3 : 20));
            }
            texts[t][size] = 0;
        }
        uint32_t there = edits(texts[0], texts[1]);
        assert_int_equal(there, alignment(texts[0], strlen(texts[0]), texts[1], strlen(texts[1])));
        assert_int_equal(there, edits(texts[1], texts[0]));
        assert_true(winkler(texts[0], texts[0]) == 1000000);
        // A bound that is only passed when the distance is beyond it.
        for (uint32_t most = 0; most < 4; most++) {
            prepared_set(&left_text, texts[0], strlen(texts[0]));
            bool within = prepared_edits_within(&left_text, texts[1], strlen(texts[1]), most) <= most;
            assert_int_equal(within, there <= most);
            assert_true(prepared_jaro_winkler_most(&left_text, texts[1], strlen(texts[1])) >=
                        prepared_jaro_winkler(&left_text, texts[1], strlen(texts[1])));
        }
    }
}

#define assert_folds(from, to)                                                                                         \
    do {                                                                                                               \
        char out_[256];                                                                                                \
        size_t size_ = fold_text(from, strlen(from), out_, sizeof out_ - 1);                                           \
        out_[size_] = 0;                                                                                               \
        assert_string_equal(out_, to);                                                                                 \
    } while (0)

static void
any_spelling_of_a_name_folds_to_the_same_letters(void **state)
{
    (void)state;
    assert_folds("  O'Brien ", "obrien");
    assert_folds("O\xE2\x80\x99"
                 "BRIEN",
                 "obrien");
    assert_folds("M\xC3\xBCller-L\xC3\xBC"
                 "denscheid",
                 "muller-ludenscheid");
    assert_folds("Mu\xCC\x88ller", "muller"); // u and a combining mark
    assert_folds("\xC5\x81ukasz \xC3\x98stergaard \xC3\x9Fmann", "lukasz ostergaard ssmann");
    assert_folds("\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD", "ivan");               // Cyrillic
    assert_folds("\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E", "wang xiao ming"); // Chinese
    assert_folds("\xFF\xC3(Smith", "smith");                                // not UTF-8
    assert_folds("", "");
}

static void
nicknames_are_known_both_ways(void **state)
{
    (void)state;
    assert_true(nicknames_same("bob", 3, "robert", 6));
    assert_true(nicknames_same("robert", 6, "bob", 3));
    assert_true(nicknames_same("peggy", 5, "margaret", 8));
    assert_false(nicknames_same("robert", 6, "margaret", 8));
    assert_false(nicknames_same("xyzzy", 5, "robert", 6));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jaro_winkler_agrees_with_published_values),
        cmocka_unit_test(edits_agree_with_published_values),
        cmocka_unit_test(edits_and_jaro_are_symmetric_and_agree_with_the_definition_for_any_text),
        cmocka_unit_test(any_spelling_of_a_name_folds_to_the_same_letters),
        cmocka_unit_test(nicknames_are_known_both_ways),
    };
    prepared_init(&left_text);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
