/* test_tableschema.c - templates and kinds from JSON, and what is said of JSON that is neither. */
#include "services/runtime/tableschema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mst_arena *arena;
static char why[512];

static Muster__V1__Template *
template_of(const char *json)
{
    Muster__V1__Template *compiled = NULL;
    if (mst_tableschema_template(arena, json, strlen(json), &compiled, why) != MST_OK)
        fail_msg("refused: %s", why);
    return compiled;
}

static void
template_is_refused(const char *json, const char *words)
{
    Muster__V1__Template *compiled = NULL;
    assert_int_equal(mst_tableschema_template(arena, json, strlen(json), &compiled, why), MST_INVALID);
    if (strstr(why, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, why);
}

static void
kinds_are_refused(const char *json, const char *words)
{
    Muster__V1__Kind **kinds = NULL;
    size_t count = 0;
    assert_int_equal(mst_tableschema_kinds(arena, json, strlen(json), &kinds, &count, why), MST_INVALID);
    if (strstr(why, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, why);
}

/* A template with this one field. */
static const char *
with_field(const char *field)
{
    return mst_arena_printf(arena, "{\"name\":\"t\",\"fields\":[{\"name\":\"f\",%s}],\"muster\":{\"kind\":\"person\"}}",
                            field);
}

/* A template with this below "muster". */
static const char *
with_muster(const char *muster)
{
    return mst_arena_printf(arena, "{\"name\":\"t\",\"fields\":[{\"name\":\"f\"}],\"muster\":{\"kind\":\"person\",%s}}",
                            muster);
}

static void
everything_that_a_template_says_is_kept(void **state)
{
    (void)state;
    const Muster__V1__Template *t = template_of(
        "{\"name\":\"card\",\"title\":\"Card\",\"description\":\"d\",\"fields\":["
        "{\"name\":\"given\",\"title\":\"First\",\"type\":\"string\",\"constraints\":{\"required\":true,\"minLength\":"
        "1,"
        "\"maxLength\":50,\"pattern\":\"[A-Z]\\\\w*\"},\"muster\":{\"synonyms\":[\"a\",\"b\"],\"target\":\"given_"
        "name\","
        "\"update\":\"never\"}},"
        "{\"name\":\"mail\",\"type\":\"string\",\"format\":\"email\"},"
        "{\"name\":\"tel\",\"muster\":{\"type\":\"phone\",\"update\":\"fill_blanks\"}},"
        "{\"name\":\"born\",\"type\":\"date\",\"format\":\"%d/%m/%Y\",\"constraints\":{\"minimum\":\"1900-01-01\"}},"
        "{\"name\":\"n\",\"type\":\"integer\",\"constraints\":{\"minimum\":0,\"maximum\":10,\"enum\":[1,2]}}],"
        "\"missingValues\":[\"\",\"-\"],\"primaryKey\":[\"mail\"],\"muster\":{\"kind\":\"person\",\"may_create\":true,"
        "\"duplicate_check\":[\"mail\"],\"options\":[{\"name\":\"update-campus\",\"title\":\"U\",\"default\":true}],"
        "\"merge_cost\":7,\"sample_row\":[\"A\",\"a@b.org\",\"\",\"\",1],\"instructions\":\"i\"}}");
    assert_string_equal(t->name, "card");
    assert_int_equal(t->n_fields, 5);
    assert_true(t->fields[0]->required);
    assert_int_equal(t->fields[0]->max_length, 50);
    assert_string_equal(t->fields[0]->target, "given_name");
    assert_int_equal(t->fields[0]->update, MUSTER__V1__UPDATE_POLICY__UPDATE_NEVER);
    assert_int_equal(t->fields[0]->n_synonyms, 2);
    assert_int_equal(t->fields[1]->type, MUSTER__V1__FIELD_TYPE__FIELD_EMAIL);
    assert_int_equal(t->fields[2]->type, MUSTER__V1__FIELD_TYPE__FIELD_PHONE);
    assert_string_equal(t->fields[3]->minimum, "1900-01-01");
    assert_string_equal(t->fields[4]->enum_values[1], "2");
    assert_string_equal(t->missing_values[1], "-");
    assert_string_equal(t->duplicate_check[0], "mail");
    assert_true(t->options[0]->default_on);
    assert_int_equal(t->matching->merge_cost, 7);
    assert_string_equal(t->sample_row[4], "1");
}

static void
a_plain_table_schema_needs_only_a_name_and_a_kind(void **state)
{
    (void)state;
    template_is_refused("{\"fields\":[{\"name\":\"a\"}]}", "$.name");
    template_is_refused("{\"name\":\"t\",\"fields\":[{\"name\":\"a\"}]}", "\"muster\": {\"kind\": \"person\"");
    const Muster__V1__Template *t =
        template_of("{\"name\":\"t\",\"profile\":\"x\",\"fields\":[{\"name\":\"a\",\"rdfType\":\"http://x\"}],"
                    "\"muster\":{\"kind\":\"person\"}}");
    assert_int_equal(t->n_missing_values, 1);
    assert_string_equal(t->missing_values[0], "");
    assert_false(t->may_create);
}

static void
json_that_is_none_is_named_by_line_and_column(void **state)
{
    (void)state;
    template_is_refused("{\n \"name\": }", "line 2, column");
    template_is_refused("[]", "must be an object");
    template_is_refused("", "line 1");
    template_is_refused("{\"name\":\"a\",\"name\":\"b\"}", "duplicate");
    template_is_refused("{\"name\":\"a\\u0000b\"}", "line 1");
}

static void
misspelt_settings_are_refused_with_what_is_allowed(void **state)
{
    (void)state;
    template_is_refused(with_muster("\"may_crate\":true"), "$.muster: \"may_crate\"");
    template_is_refused(with_field("\"muster\":{\"synonym\":[]}"), "$.fields[0].muster: \"synonym\"");
    template_is_refused(with_field("\"constraints\":{\"requird\":true}"), "allowed are required, unique");
    template_is_refused(with_field("\"muster\":{\"role\":\"email\"}"), "allowed are type, synonyms, target");
    template_is_refused(with_muster("\"options\":[{\"name\":\"shoes\"}]"),
                        "allowed are membership-date, update-campus, repeat-assignments");
    template_is_refused(with_field("\"muster\":{\"update\":\"always\"}"), "overwrite, fill_blanks, never");
    template_is_refused(with_field("\"muster\":{\"type\":\"fax\"}"), "email, phone");
    template_is_refused(with_field("\"type\":\"unicorn\""), "allowed are string");
}

static void
values_of_the_wrong_type_are_named_by_path(void **state)
{
    (void)state;
    template_is_refused(with_field("\"title\":7"), "$.fields[0].title");
    template_is_refused(with_field("\"constraints\":{\"required\":\"yes\"}"), "$.fields[0].constraints.required");
    template_is_refused(with_field("\"constraints\":{\"minLength\":-1}"), "$.fields[0].constraints.minLength");
    template_is_refused(with_field("\"constraints\":7"), "$.fields[0].constraints");
    template_is_refused(with_muster("\"merge_cost\":1.5"), "$.muster.merge_cost");
    template_is_refused(with_muster("\"duplicate_check\":\"f\""), "$.muster.duplicate_check");
    template_is_refused("{\"name\":\"a b\",\"fields\":[{\"name\":\"a\"}]}", "$.name");
    template_is_refused("{\"name\":\"t\",\"fields\":[7]}", "$.fields[0]");
    template_is_refused("{\"name\":\"t\",\"fields\":[]}", "$.fields");
    template_is_refused("{\"name\":\"t\",\"fields\":[{\"title\":\"x\"}]}", "$.fields[0].name");
}

static void
what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    template_is_refused(with_muster("\"duplicate_check\":[\"g\"]"), "$.muster.duplicate_check[0]");
    template_is_refused(with_field("\"constraints\":{\"enum\":[]}"), "empty");
    template_is_refused(with_field("\"constraints\":{\"pattern\":\"(a\"}"), "$.fields[0].constraints.pattern");
    template_is_refused(with_field("\"constraints\":{\"minLength\":5,\"maxLength\":4}"), "minLength 5");
    template_is_refused(with_field("\"constraints\":{\"minimum\":5}"), "values have an order");
    template_is_refused(with_field("\"type\":\"date\",\"constraints\":{\"minimum\":\"1.1.1900\"}"), "YYYY-MM-DD");
    template_is_refused(with_field("\"type\":\"date\",\"format\":\"%d/%m\""), "year, month and day");
    template_is_refused(with_field("\"type\":\"date\",\"format\":\"%H\""), "%Y");
    template_is_refused(with_field("\"type\":\"boolean\",\"trueValues\":[\"\"]"), "trueValues");
    template_is_refused("{\"name\":\"t\",\"fields\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", "$.fields[1]");
    template_is_refused("{\"name\":\"t\",\"fields\":[{\"name\":\"a\"}],\"primaryKey\":\"b\"}", "$.primaryKey");
    template_is_refused(with_muster("\"sample_row\":[\"a\",\"b\"]"), "sample_row");
}

static void
patterns_of_xml_schema_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"\\\\d{3}-[\\\\dA-F]+", "[A-Z]\\\\w*\\\\s?", "\\\\p{L}+", "a|b|(c)", "\\\\."};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        template_of(with_field(mst_arena_printf(arena, "\"constraints\":{\"pattern\":\"%s\"}", good[i])));
}

static void
kinds_have_fields_with_roles_and_a_key(void **state)
{
    (void)state;
    const char *json =
        "{\"name\":\"p\",\"resources\":[{\"name\":\"person\",\"title\":\"P\",\"schema\":{\"fields\":["
        "{\"name\":\"given\",\"muster\":{\"role\":\"given_name\"}},{\"name\":\"no\",\"muster\":{\"role\":"
        "\"identifier\"}}],\"primaryKey\":\"no\"}},{\"name\":\"campus\",\"schema\":{\"fields\":[{\"name\":"
        "\"name\"}]}}]}";
    Muster__V1__Kind **kinds;
    size_t count;
    assert_int_equal(mst_tableschema_kinds(arena, json, strlen(json), &kinds, &count, why), MST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(kinds[0]->fields[0]->role, MUSTER__V1__ROLE__ROLE_GIVEN_NAME);
    assert_string_equal(kinds[0]->primary_key[0], "no");
    kinds_are_refused(
        "{\"resources\":[{\"name\":\"a\",\"schema\":{\"fields\":[{\"name\":\"x\",\"muster\":{\"role\":\"boss\"}}"
        "]}}]}",
        "$.resources[0].schema.fields[0].muster.role");
    kinds_are_refused("{\"resources\":[{\"name\":\"a\"}]}", "$.resources[0].schema");
    kinds_are_refused("{\"resources\":[{\"name\":\"a\",\"schema\":{\"fields\":[{\"name\":\"id\"}]}}]}", "own id");
    kinds_are_refused("{}", "$.resources");
    kinds_are_refused(
        "{\"resources\":[{\"name\":\"a\",\"schema\":{\"fields\":[{\"name\":\"x\"}]}},{\"name\":\"a\",\"schema\":"
        "{\"fields\":[{\"name\":\"x\"}]}}]}",
        "declared twice");
}

static int
setup(void **state)
{
    (void)state;
    arena = mst_arena_new(0);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    mst_arena_destroy(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_a_template_says_is_kept),
        cmocka_unit_test(a_plain_table_schema_needs_only_a_name_and_a_kind),
        cmocka_unit_test(json_that_is_none_is_named_by_line_and_column),
        cmocka_unit_test(misspelt_settings_are_refused_with_what_is_allowed),
        cmocka_unit_test(values_of_the_wrong_type_are_named_by_path),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(patterns_of_xml_schema_are_taken),
        cmocka_unit_test(kinds_have_fields_with_roles_and_a_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
