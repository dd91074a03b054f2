/* test_suggest.c - "Did you mean...?" puts what was meant first, whatever was mistyped (B38). */
#include "services/runtime/suggest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const PROGRAMS[] = {
    "Saint Mary's Housing", "Saint Mark's Hostel", "Emergency Food",  "Employment Services", "Partners for Health",
    "Youth Mentoring",      "Adult Literacy",      "Early Childhood", "Transitional Living", "Job Training",
    "Café Zürich",          "Housing First",       "Phoenix House",   "Senior Meals",        "Meals on Wheels",
    "North Campus",         "South Campus",        "Northeast",       "Health Screening",    "Legal Aid",
};
#define PROGRAMS_COUNT (sizeof PROGRAMS / sizeof PROGRAMS[0])

static void
meant_is(const char *wrong, const char *meant, uint32_t likeness)
{
    mst_suggester *self = mst_suggester_new(PROGRAMS, PROGRAMS_COUNT);
    mst_suggested best[5];
    size_t found = mst_suggest(self, wrong, best, 5);
    if (found == 0 || strcmp(mst_suggester_value(self, best[0].index), meant) != 0)
        fail_msg("\"%s\" was taken for \"%s\", not \"%s\"", wrong,
                 found == 0 ? "nothing" : mst_suggester_value(self, best[0].index), meant);
    if (best[0].likeness < likeness)
        fail_msg("\"%s\" is like \"%s\" by %u only", wrong, meant, best[0].likeness);
    for (size_t i = 1; i < found; i++)
        assert_true(best[i - 1].likeness >= best[i].likeness);
    mst_suggester_destroy(&self);
}

static void
B38_what_was_meant_comes_first(void **state)
{
    (void)state;
    static const char *const SAID[][2] = {
        {"Emergancy Food", "Emergency Food"},
        {"emergency  fod", "Emergency Food"},
        {"Emregency Food", "Emergency Food"},
        {"Food, Emergency", "Emergency Food"},
        {"St Marys Hsg", "Saint Mary's Housing"},
        {"St. Mary's Housing", "Saint Mary's Housing"},
        {"SaintMarys Housing", "Saint Mary's Housing"},
        {"Emp. Serv.", "Employment Services"},
        {"PFH", "Partners for Health"},
        {"Partners Health", "Partners for Health"},
        {"Fenix House", "Phoenix House"},
        {"Youth Mentring", "Youth Mentoring"},
        {"Mentoring Youth", "Youth Mentoring"},
        {"Trans. Living", "Transitional Living"},
        {"N Campus", "North Campus"},
        {"Literacy", "Adult Literacy"},
        {"Jop Traning", "Job Training"},
        {"cafe zuerich", "Café Zürich"},
        {"meals on weels", "Meals on Wheels"},
        {"Legal", "Legal Aid"},
    };
    for (size_t i = 0; i < sizeof SAID / sizeof SAID[0]; i++)
        meant_is(SAID[i][0], SAID[i][1], MST_SUGGEST_LIKENESS_MIN);
}

static void
the_same_but_for_case_accents_and_punctuation_is_likest_of_all(void **state)
{
    (void)state;
    meant_is("CAFE ZURICH", "Café Zürich", 1000);
    meant_is("saint-marys  housing.", "Saint Mary's Housing", 1000);
    meant_is("legal_aid", "Legal Aid", 1000);
}

static void
what_is_like_nothing_gets_no_suggestion(void **state)
{
    (void)state;
    mst_suggester *self = mst_suggester_new(PROGRAMS, PROGRAMS_COUNT);
    mst_suggested best[5];
    assert_int_equal(mst_suggest(self, "", best, 5), 0);
    assert_int_equal(mst_suggest(self, "...", best, 5), 0);
    assert_int_equal(mst_suggest(self, "xqzk 777", best, 5), 0);
    assert_int_equal(mst_suggest(self, "Legal Aid", best, 0), 0);
    mst_suggester_destroy(&self);
    self = mst_suggester_new(NULL, 0);
    assert_int_equal(mst_suggest(self, "Legal Aid", best, 5), 0);
    mst_suggester_destroy(&self);
}

static void
folding_leaves_letters_digits_and_single_blanks(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    assert_string_equal(mst_suggest_fold("  O'Brien--Smith, JR. ", arena), "obrien smith jr");
    assert_string_equal(mst_suggest_fold("M\xC3\x9CLLER", arena), "muller");
    assert_string_equal(mst_suggest_fold("Mu\xCC\x88ller", arena), "muller");
    assert_string_equal(mst_suggest_fold("\xEF\xBC\xA1\xEF\xBC\xA2", arena), "ab"); // full width
    assert_string_equal(mst_suggest_fold("\xFF\xFE x", arena), "x");
    assert_string_equal(mst_suggest_fold("", arena), "");
    char long_text[3000];
    memset(long_text, 'A', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_true(strlen(mst_suggest_fold(long_text, arena)) < 1000);
    mst_arena_destroy(&arena);
}

/* The oracle: edits by the table that every textbook has, optimal string alignment. */
static unsigned
slow_edits(const char *a, const char *b)
{
    unsigned table[32][32];
    size_t n = strlen(a), m = strlen(b);
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            unsigned best = i == 0 ? (unsigned)j : j == 0 ? (unsigned)i : UINT32_MAX;
            if (i > 0 && j > 0) {
                unsigned change = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                best = change;
                best = table[i - 1][j] + 1 < best ? table[i - 1][j] + 1 : best;
                best = table[i][j - 1] + 1 < best ? table[i][j - 1] + 1 : best;
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && table[i - 2][j - 2] + 1 < best)
                    best = table[i - 2][j - 2] + 1;
            }
            table[i][j] = best;
        }
    return table[n][m];
}

/* Digits have no sound and are no abbreviations here: what is left is the edits alone. */
static void
likeness_by_typing_errors_is_what_a_plain_table_of_edits_says(void **state)
{
    (void)state;
    srand(5);
    for (unsigned round = 0; round < 20000; round++) {
        char a[12] = "1", b[12] = "2";
        size_t n = 1 + (size_t)rand() % 9, m = 1 + (size_t)rand() % 9;
        for (size_t i = 1; i <= n; i++)
            a[i] = (char)('1' + rand() % 4);
        for (size_t i = 1; i <= m; i++)
            b[i] = (char)('1' + rand() % 4);
        const char *allowed[] = {b};
        size_t most = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
        uint32_t wanted = 1000 - (uint32_t)(slow_edits(a, b) * 1000 / most);
        mst_suggester *self = mst_suggester_new(allowed, 1);
        mst_suggested best[1] = {{0, 0}};
        size_t found = mst_suggest(self, a, best, 1);
        if (found != (wanted >= MST_SUGGEST_LIKENESS_MIN) || (found == 1 && best[0].likeness != wanted))
            fail_msg("%s and %s: %u, not %u", a, b, best[0].likeness, wanted);
        mst_suggester_destroy(&self);
    }
}

/* Passing values over must not lose any: the list gives what its single values give. */
static void
a_long_list_gives_the_best_of_its_single_values(void **state)
{
    (void)state;
    static const char *const PARTS[] = {"north", "south", "health", "house", "housing", "saint", "mary", "food",
                                        "legal", "youth", "first",  "care",  "center",  "point", "park", "hill"};
    enum { COUNT = 400 };
    static char texts[COUNT][64];
    const char *allowed[COUNT];
    srand(3);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "%s %s%s%s", PARTS[rand() % 16], PARTS[rand() % 16],
                 rand() % 2 == 0 ? " " : "", PARTS[rand() % 16]);
        allowed[i] = texts[i];
    }
    mst_suggester *all = mst_suggester_new(allowed, COUNT);
    for (unsigned round = 0; round < 200; round++) {
        char wrong[64];
        snprintf(wrong, sizeof wrong, "%s", texts[rand() % COUNT]);
        wrong[(size_t)rand() % strlen(wrong)] = (char)('a' + rand() % 26);
        mst_suggested best[5], one[1];
        size_t found = mst_suggest(all, wrong, best, 5), better = 0;
        assert_int_equal(found, 5);
        for (size_t i = 0; i < COUNT; i++) {
            mst_suggester *single = mst_suggester_new(&allowed[i], 1);
            bool any = mst_suggest(single, wrong, one, 1) == 1;
            if (any && one[0].likeness > best[4].likeness)
                better++;
            for (size_t j = 0; j < found; j++)
                if (best[j].index == i)
                    assert_int_equal(any ? one[0].likeness : 0, best[j].likeness);
            mst_suggester_destroy(&single);
        }
        assert_true(better <= 4);
    }
    mst_suggester_destroy(&all);
}

static void
any_bytes_are_taken(void **state)
{
    (void)state;
    srand(9);
    mst_suggester *self = mst_suggester_new(PROGRAMS, PROGRAMS_COUNT);
    for (unsigned round = 0; round < 20000; round++) {
        char wrong[600];
        size_t size = (size_t)rand() % sizeof wrong;
        for (size_t i = 0; i < size; i++)
            wrong[i] = (char)(1 + rand() % 255);
        wrong[size == 0 ? 0 : size - 1] = '\0';
        mst_suggested best[3];
        assert_true(mst_suggest(self, wrong, best, 3) <= 3);
    }
    mst_suggester_destroy(&self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B38_what_was_meant_comes_first),
        cmocka_unit_test(the_same_but_for_case_accents_and_punctuation_is_likest_of_all),
        cmocka_unit_test(what_is_like_nothing_gets_no_suggestion),
        cmocka_unit_test(folding_leaves_letters_digits_and_single_blanks),
        cmocka_unit_test(likeness_by_typing_errors_is_what_a_plain_table_of_edits_says),
        cmocka_unit_test(a_long_list_gives_the_best_of_its_single_values),
        cmocka_unit_test(any_bytes_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
