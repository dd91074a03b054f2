/* test_mapping.c - which column is which field, how that is known, and how sure it is. */
#include "services/parsing/mapping.h"
#include "services/parsing/mapping_guess.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Muster__V1__Field fields[5], *list[5];
static mst_arena *arena;
static wanted_columns wanted;
static mapping made;
static const char *why, *advice;

static int
begin(void **state)
{
    (void)state;
    static char *names[] = {"first_name", "email", "birth_date", "campus", "country"};
    static char *campuses[] = {"North", "South"};
    for (size_t i = 0; i < 5; i++) {
        muster__v1__field__init(&fields[i]);
        fields[i].name = names[i];
        list[i] = &fields[i];
    }
    fields[1].type = MUSTER__V1__FIELD_TYPE__FIELD_EMAIL;
    fields[2].type = MUSTER__V1__FIELD_TYPE__FIELD_DATE;
    fields[3].enum_values = campuses;
    fields[3].n_enum_values = 2;
    arena = mst_arena_new(0);
    wanted = (wanted_columns){.name = "card", .fields = list, .fields_count = 5, .id_column = ""};
    mapping_prepare(&wanted, arena);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    mst_arena_destroy(&arena);
    return 0;
}

/* Maps a file given as text: a comma between cells, '|' between rows. */
static bool
map(const char *text, bool header)
{
    file_form *form = mst_arena_alloc(arena, sizeof *form);
    form->rows = mst_arena_alloc(arena, 20 * sizeof *form->rows);
    form->header = header;
    for (const char *at = text; *at != '\0'; at += *at == '|') {
        sample_row *row = &form->rows[form->rows_count++];
        row->cells = mst_arena_alloc(arena, 20 * sizeof *row->cells);
        row->line = form->rows_count;
        for (;;) {
            size_t size = strcspn(at, ",|");
            row->cells[row->count++] = (csv_cell){(const uint8_t *)mst_arena_strndup(arena, at, size), (uint32_t)size};
            at += size;
            if (*at != ',')
                break;
            at++;
        }
        form->columns = row->count;
    }
    return mapping_make(&wanted, form, arena, &made, &why, &advice);
}

static void
is(uint32_t column, const char *field, const char *how)
{
    assert_string_equal(made.described[column]->field, field);
    assert_string_equal(made.described[column]->how, how);
}

static void
how_sure_it_is_follows_from_how_it_is_known(void **state)
{
    (void)state;
    assert_true(map("#First-Name,Emial,other", true));
    is(0, "first_name", "name");
    assert_int_equal(made.described[0]->sure, 100);
    is(2, "", "left out");
    assert_int_equal(made.described[2]->sure, 0);
    assert_true(map("first name,e mails", true));
    is(1, "email", "spelling");
    assert_in_range(made.described[1]->sure, 51, 99);
    assert_non_null(strstr(made.warnings[0], "spelling"));
}

static void
another_word_is_no_misspelling(void **state)
{
    (void)state;
    assert_int_equal(guess_spelling("county", "country"), 0);
    assert_int_equal(guess_spelling("address1", "address2"), 0);
    assert_int_equal(guess_spelling("mother", "other"), 0);
    assert_int_equal(guess_spelling("dob", "job"), 0);
    assert_true(guess_spelling("frstname", "firstname") > 0);
    // Two columns that could be it: neither is.
    assert_true(map("emaill,emaail,first name", true));
    is(0, "", "left out");
    is(1, "", "left out");
}

static void
values_tell_a_column_whose_header_says_nothing(void **state)
{
    (void)state;
    assert_true(map("First Name,Column2,,Unnamed: 3|A,a@x.org,1980-01-02,North|B,b@x.org,1981-01-02,south|"
                    "C,c@x.org,1982-01-02,North",
                    true));
    is(1, "email", "content");
    is(2, "birth_date", "content");
    is(3, "campus", "content");
    // Two columns of addresses, a header that says something, or values that are not all alike: not known.
    assert_true(map("First Name,Column2,Column3|A,a@x.org,d@x.org|B,b@x.org,e@x.org|C,c@x.org,f@x.org", true));
    is(1, "", "left out");
    assert_true(map("First Name,Spouse|A,a@x.org|B,b@x.org|C,c@x.org", true));
    is(1, "", "left out");
    assert_true(map("First Name,Column2|A,a@x.org|B,none|C,c@x.org", true));
    is(1, "", "left out");
}

static void
a_file_without_header_is_known_by_its_values_or_refused(void **state)
{
    (void)state;
    fields[1].required = true;
    assert_true(map("x,a@x.org|y,b@x.org|z,c@x.org", false));
    is(1, "email", "content");
    assert_string_equal(made.described[1]->header, "column 2");
    fields[0].required = true;
    assert_false(map("x,a@x.org|y,b@x.org|z,c@x.org", false));
    assert_non_null(strstr(why, "\"first_name\""));
    assert_non_null(strstr(advice, "first line"));
}

static void
what_was_chosen_before_is_remembered_and_what_is_chosen_now_counts_more(void **state)
{
    (void)state;
    Muster__V1__ColumnChoice contact = MUSTER__V1__COLUMN_CHOICE__INIT, note = contact, newer = contact,
                             *remembered[] = {&contact, &note}, *chosen[] = {&newer};
    contact.header = "Contact";
    contact.field = "email";
    note.header = "email";
    note.field = "";
    wanted.remembered = remembered;
    wanted.remembered_count = 2;
    assert_true(map("First Name,CONTACT,Email", true));
    is(1, "email", "remembered");
    is(2, "", "remembered");
    newer.header = "contact";
    newer.field = "";
    wanted.choices = chosen;
    wanted.choices_count = 1;
    wanted.remembered_count = 1;
    assert_true(map("First Name,CONTACT,Email", true));
    is(1, "", "left out");
    is(2, "email", "name");
    contact.field = "no_field_any_more";
    wanted.choices_count = 0;
    assert_true(map("First Name,CONTACT", true));
    is(1, "", "left out");
}

static void
a_template_that_fits_better_is_named(void **state)
{
    (void)state;
    Muster__V1__Template other = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__Field program = MUSTER__V1__FIELD__INIT, begin_date = program, *others[] = {&program, &begin_date};
    program.name = "program";
    begin_date.name = "start_date";
    other.name = "caseload";
    other.fields = others;
    other.n_fields = 2;
    const Muster__V1__Template *templates[] = {&other};
    wanted.others = templates;
    wanted.others_count = 1;
    fields[0].required = true;
    assert_false(map("Program,Start Date,Country", true));
    assert_non_null(strstr(why, "\"first_name\""));
    assert_non_null(strstr(why, "\"caseload\""));
    assert_false(map("Country,Program", true));
    assert_null(strstr(why, "caseload"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(how_sure_it_is_follows_from_how_it_is_known, begin, end),
        cmocka_unit_test_setup_teardown(another_word_is_no_misspelling, begin, end),
        cmocka_unit_test_setup_teardown(values_tell_a_column_whose_header_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_file_without_header_is_known_by_its_values_or_refused, begin, end),
        cmocka_unit_test_setup_teardown(what_was_chosen_before_is_remembered_and_what_is_chosen_now_counts_more, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_template_that_fits_better_is_named, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
