/* test_people.c - the index: what a search finds depends on who is visible at its position, and on nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/matching/normalise.h"
#include "services/matching/people.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    person_ref ref;
    uint64_t from, to;
    unsigned name;
    bool removed;
} known;

/* People with one of three names, so that blocks overflow. */
static void
fill(draft *out, unsigned name, unsigned nth)
{
    char email[32];
    static const char *const given[] = {"Jane", "Peter", "Wu"}, *const family[] = {"Doe", "Novak", "Li"};
    draft_clear(out);
    draft_put(out, MUSTER__V1__ROLE__ROLE_GIVEN_NAME, 0, given[name], strlen(given[name]));
    draft_put(out, MUSTER__V1__ROLE__ROLE_FAMILY_NAME, 0, family[name], strlen(family[name]));
    int size = snprintf(email, sizeof email, "p%u@x.org", nth);
    draft_put(out, MUSTER__V1__ROLE__ROLE_EMAIL, 0, email, (size_t)size);
    draft_finish(out);
}

/* The key that all of a name share: it comes up for two people of it whose e-mails differ. */
static uint32_t
shared_key(const people *index, person_ref a, person_ref b)
{
    person_view views[2];
    uint32_t keys[2][BLOCKING_KEYS_MAX];
    size_t counts[2], fine;
    person_view_of(&views[0], people_at(index, a));
    person_view_of(&views[1], people_at(index, b));
    for (int i = 0; i < 2; i++)
        counts[i] = blocking_keys(&views[i], keys[i], &fine);
    for (size_t i = 0; i < counts[0]; i++)
        for (size_t k = 0; k < counts[1]; k++)
            if (keys[0][i] == keys[1][k])
                return keys[0][i];
    fail_msg("people of one name share no key");
    return 0;
}

static void
a_block_gives_exactly_the_visible_or_none_if_they_are_too_many(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        people *index = people_new();
        static known all[400];
        size_t count = 0;
        uint32_t draw = seed;
        uint64_t seq = 0, oldest = 0;
        for (int step = 0; step < 400; step++) {
            draw = draw * 1103515245u + 12345u;
            unsigned what = (draw >> 16) % 10;
            seq++;
            if (what < 5 || count < 6) {
                draft draft_;
                unsigned name = count < 6 ? (unsigned)count % 3 : (draw >> 20) % 3;
                fill(&draft_, name, (unsigned)count);
                all[count] = (known){people_add(index, &draft_, "id", 2, seq, 1), seq, PERSON_NOW, name, false};
                count++;
            } else if (what < 9) {
                known *gone = &all[(draw >> 20) % count];
                if (gone->to == PERSON_NOW && gone->from > 6) {
                    people_supersede(index, gone->ref, seq);
                    gone->to = seq;
                }
            } else { // nobody asks for positions before `oldest` any more
                oldest = seq - seq / 4;
                for (size_t i = 0; i < count; i++)
                    if (all[i].to <= oldest && !all[i].removed) {
                        people_remove(index, all[i].ref);
                        all[i].removed = true;
                    }
            }
        }
        for (unsigned name = 0; name < 3; name++) {
            uint32_t key = shared_key(index, all[name].ref, all[name + 3].ref);
            for (uint64_t position = oldest; position <= seq; position++) {
                person_ref refs[BLOCK_SIZE_MAX];
                size_t expected = 0, got = 0;
                for (size_t i = 0; i < count; i++)
                    expected += all[i].name == name && all[i].from <= position && position < all[i].to;
                size_t size = people_block(index, people_probe(index, key), position, refs);
                for (size_t i = 0; i < size; i++)
                    got += person_visible(people_at(index, refs[i]), position);
                assert_int_equal(got, expected > BLOCK_SIZE_MAX ? 0 : expected);
            }
        }
        people_destroy(&index);
    }
}

static void
many_people_are_each_found_by_their_own_email(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    people *index = people_new();
    person_ref *refs = malloc(MANY * sizeof *refs);
    assert_non_null(refs);
    for (unsigned i = 0; i < MANY; i++) {
        draft draft_;
        fill(&draft_, i % 3, i);
        refs[i] = people_add(index, &draft_, "id", 2, i + 1, 1);
    }
    assert_int_equal(people_count(index), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        person_view view;
        uint32_t keys[BLOCKING_KEYS_MAX];
        size_t fine;
        bool found = false;
        person_view_of(&view, people_at(index, refs[i]));
        size_t count = blocking_keys(&view, keys, &fine);
        for (size_t k = 0; k < count; k++) {
            person_ref block[BLOCK_SIZE_MAX];
            size_t size = people_block(index, people_probe(index, keys[k]), MANY, block);
            for (size_t b = 0; b < size; b++)
                found = found || block[b] == refs[i];
        }
        assert_true(found);
    }
    // All gone, the index is empty and can be filled again.
    for (unsigned i = 0; i < MANY; i++) {
        people_supersede(index, refs[i], MANY + 1);
        people_remove(index, refs[i]);
    }
    people_stats stats;
    people_stats_of(index, &stats);
    assert_int_equal(stats.keys, 0);
    assert_int_equal(people_count(index), 0);
    draft draft_;
    fill(&draft_, 0, 1);
    assert_true(people_add(index, &draft_, "id", 2, MANY + 2, 1) != 0);
    free(refs);
    people_destroy(&index);
}

static const char *
slot_text(const draft *from, slot which)
{
    static char text[8][PERSON_TEXT_MAX + 1];
    static int next;
    char *out = text[next++ % 8];
    memcpy(out, from->texts[which], from->sizes[which]);
    out[from->sizes[which]] = 0;
    return out;
}

#define PUT(draft, role, text) draft_put(draft, MUSTER__V1__ROLE__ROLE_##role, 0, text, strlen(text))

static void
names_in_one_cell_or_several_come_apart_the_same_way(void **state)
{
    (void)state;
    static const char *const full[] = {"Dr. Martin L. van den Berg, Jr.", "van den Berg, Martin L Jr",
                                       "MARTIN L VAN DEN BERG JR"};
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++) {
        draft draft_;
        draft_clear(&draft_);
        PUT(&draft_, FULL_NAME, full[i]);
        assert_string_equal(slot_text(&draft_, SLOT_GIVEN), "martin");
        assert_string_equal(slot_text(&draft_, SLOT_MIDDLE), "l");
        assert_string_equal(slot_text(&draft_, SLOT_FAMILY), "vandenberg");
        assert_int_equal(draft_.suffix, SUFFIX_JR);
    }
}

static void
dates_phones_emails_and_addresses_come_to_one_form(void **state)
{
    (void)state;
    static const char *const dates[] = {"1980-05-13", "19800513", "13/05/1980", "05/13/1980", "13-May-1980"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        draft draft_;
        draft_clear(&draft_);
        PUT(&draft_, BIRTH_DATE, dates[i]);
        assert_int_equal(draft_.birth, BIRTH_OF(1980, 5, 13));
    }
    draft draft_;
    draft_clear(&draft_);
    PUT(&draft_, PHONE, "+1 (702) 555-0101 x12");
    assert_true(draft_.phones[0] == 7025550101u);
    draft_clear(&draft_);
    PUT(&draft_, PHONE, "000-000-0000");
    assert_true(draft_.phones[0] == 0);
    PUT(&draft_, EMAIL, "Jane.Doe+church@GMail.com");
    assert_string_equal(slot_text(&draft_, SLOT_EMAIL), "janedoe@gmail.com");
    PUT(&draft_, STREET, "123 North Main Street, Apt. 4B");
    assert_string_equal(slot_text(&draft_, SLOT_NUMBER), "123");
    assert_string_equal(slot_text(&draft_, SLOT_STREET), "n main st");
    draft_clear(&draft_);
    PUT(&draft_, STREET, "145th St # 7");
    assert_string_equal(slot_text(&draft_, SLOT_STREET), "145th st");
    assert_string_equal(slot_text(&draft_, SLOT_UNIT), "7");
    PUT(&draft_, POSTCODE, "89132-1234");
    assert_string_equal(slot_text(&draft_, SLOT_POSTCODE), "89132");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_gives_exactly_the_visible_or_none_if_they_are_too_many),
        cmocka_unit_test(many_people_are_each_found_by_their_own_email),
        cmocka_unit_test(names_in_one_cell_or_several_come_apart_the_same_way),
        cmocka_unit_test(dates_phones_emails_and_addresses_come_to_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
