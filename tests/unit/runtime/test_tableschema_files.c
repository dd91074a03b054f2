/* test_tableschema_files.c - Table Schemas of others, and the templates that come with muster. */
#include "tests/unit/runtime/tableschema_case.h"

#include <dirent.h>

#define FILES "deploy/templates"

static void
a_plain_table_schema_is_a_template_of_the_kind_and_name_that_are_given(void **state)
{
    (void)state;
    static const char json[] = "{\"fields\":[{\"name\":\"t\",\"type\":\"time\",\"format\":\"%H:%M\"},{\"name\":\"dt\","
                               "\"type\":\"datetime\",\"constraints\":"
                               "{\"minimum\":\"2020-01-01T00:00:00\"}},{\"name\":\"y\",\"type\":\"year\","
                               "\"constraints\":{\"minimum\":1900}},{\"name\":\"ym\","
                               "\"type\":\"yearmonth\"},{\"name\":\"d\",\"type\":\"duration\"},{\"name\":\"o\","
                               "\"type\":\"object\",\"example\":{\"a\":1}},"
                               "{\"name\":\"a\",\"type\":\"array\"},{\"name\":\"p\",\"type\":\"geopoint\"},{\"name\":"
                               "\"pa\",\"type\":\"geopoint\",\"format\":"
                               "\"array\"},{\"name\":\"g\",\"type\":\"geojson\"},{\"name\":\"b\",\"type\":\"boolean\","
                               "\"trueValues\":[\"ja\"],\"falseValues\":["
                               "\"nein\"]},{\"name\":\"n\",\"type\":\"number\",\"decimalChar\":\",\",\"groupChar\":\"."
                               "\",\"bareNumber\":false,\"example\":1.5},"
                               "{\"name\":\"any\",\"type\":\"any\"},{\"name\":\"none\"}],\"missingValues\":[\"-\"],"
                               "\"primaryKey\":[\"t\",\"y\"]}";
    Muster__V1__Template *t = NULL;
    if (mst_tableschema_plain(arena, json, strlen(json), "times", "slot", &t, why) != MST_OK)
        fail_msg("%s", why);
    static const Muster__V1__FieldType types[] = {
        MUSTER__V1__FIELD_TYPE__FIELD_TIME,    MUSTER__V1__FIELD_TYPE__FIELD_DATETIME,
        MUSTER__V1__FIELD_TYPE__FIELD_YEAR,    MUSTER__V1__FIELD_TYPE__FIELD_YEARMONTH,
        MUSTER__V1__FIELD_TYPE__FIELD_STRING,  MUSTER__V1__FIELD_TYPE__FIELD_JSON,
        MUSTER__V1__FIELD_TYPE__FIELD_JSON,    MUSTER__V1__FIELD_TYPE__FIELD_STRING,
        MUSTER__V1__FIELD_TYPE__FIELD_JSON,    MUSTER__V1__FIELD_TYPE__FIELD_JSON,
        MUSTER__V1__FIELD_TYPE__FIELD_BOOLEAN, MUSTER__V1__FIELD_TYPE__FIELD_NUMBER,
        MUSTER__V1__FIELD_TYPE__FIELD_STRING,  MUSTER__V1__FIELD_TYPE__FIELD_STRING};
    assert_string_equal(t->name, "times");
    assert_string_equal(t->kind, "slot");
    assert_int_equal(t->n_fields, sizeof types / sizeof types[0]);
    for (size_t i = 0; i < t->n_fields; i++)
        assert_int_equal(t->fields[i]->type, types[i]);
    assert_string_equal(t->fields[5]->format, "object");
    assert_string_equal(t->fields[8]->format, "array");
    assert_string_equal(t->fields[9]->format, "geojson");
    assert_true(t->fields[7]->pattern[0] != '\0');
    assert_string_equal(t->fields[5]->example, "{\"a\":1}");
    assert_string_equal(t->fields[10]->true_values[0], "ja");
    assert_string_equal(t->fields[11]->decimal_char, ",");
    assert_string_equal(t->fields[11]->group_char, ".");
    assert_string_equal(t->fields[11]->example, "1.5");
    assert_true(t->fields[11]->units);
    assert_int_equal(t->n_primary_key, 2);
    assert_int_equal(mst_tableschema_plain(arena, json, strlen(json), "", "slot", &t, why), MST_INVALID);
    assert_non_null(strstr(why, "$.name: is missing"));
    assert_int_equal(mst_tableschema_plain(arena, json, strlen(json), "times", "", &t, why), MST_INVALID);
    assert_non_null(strstr(why, "$.muster: is missing"));
    assert_int_equal(mst_tableschema_plain(arena, json, strlen(json), "a b", "slot", &t, why), MST_INVALID);
    assert_int_equal(mst_tableschema_plain(arena, json, strlen(json), "times", "a/b", &t, why), MST_INVALID);
}

/* The fixtures of the reference implementation say by their names what they are. */
static void
table_schemas_of_others_are_taken_and_refused_as_they_say(void **state)
{
    (void)state;
    const char *data = getenv("MUSTER_TEST_DATA");
    char folder[600], path[900];
    snprintf(folder, sizeof folder, "%s/tableschema/tableschema-py", data == NULL ? "" : data);
    DIR *files = opendir(folder);
    if (data == NULL || files == NULL) {
        print_message("skipped: no data\n");
        skip();
        return;
    }
    size_t valid = 0, invalid = 0;
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        const char *name = entry->d_name;
        bool good = strncmp(name, "schema_valid_", 13) == 0;
        if (!good && strncmp(name, "schema_invalid_", 15) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, name);
        const char *json = file_text(path);
        Muster__V1__Template *t;
        why[0] = '\0';
        bool taken = mst_tableschema_plain(arena, json, strlen(json), "t", "k", &t, why) == MST_OK;
        if (taken != good)
            fail_msg("%s: %s", name, taken ? "taken" : why);
        if (!good && why[0] != '$')
            fail_msg("%s: no path in \"%s\"", name, why);
        valid += good;
        invalid += !good;
    }
    closedir(files);
    assert_true(valid >= 4 && invalid >= 12);
}

static bool
ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Every file in deploy/templates compiles, and each template fits the kinds that come with it. */
static void
what_comes_with_muster_can_be_used(void **state)
{
    (void)state;
    directory all = {.count = 0};
    size_t templates = 0;
    for (int pass = 0; pass < 2; pass++) {
        DIR *files = opendir(FILES);
        assert_non_null(files);
        for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
            const char *path = mst_arena_printf(arena, FILES "/%s", entry->d_name);
            bool package = ends_with(path, ".package.json");
            if (!ends_with(path, ".json") || package != (pass == 0))
                continue;
            if (package) {
                declare(&all, file_text(path));
                continue;
            }
            const Muster__V1__Template *t = template_of(file_text(path));
            if (!mst_template_fits(t, kind_known, &all, why))
                fail_msg("%s: %s", path, why);
            assert_true(t->instructions[0] != '\0' && t->n_sample_row == t->n_fields && t->n_duplicate_check > 0);
            assert_string_equal(mst_arena_printf(arena, "%s.json", t->name), entry->d_name);
            templates++;
        }
        closedir(files);
    }
    assert_true(templates >= 3 && kind_known(&all, "caseload") != NULL && kind_known(&all, "person") != NULL);
}

/* B8-B24 are said in the template, and each of its rules is there. */
static void
B8_to_B24_are_what_the_caseload_template_says(void **state)
{
    (void)state;
    const Muster__V1__Template *t = template_of(file_text(FILES "/caseload.json"));
    static const char *const rules[] = {"program-once",        "caseworker-once",          "caseworker-whole-name",
                                        "insert-has-start",    "update-has-end",           "dates-in-order",
                                        "program-has-date",    "program-date-has-program", "program-end-has-program",
                                        "program-start-known", "program-dates-in-order"};
    assert_int_equal(t->n_rules, sizeof rules / sizeof rules[0]);
    for (size_t i = 0; i < t->n_rules; i++)
        assert_string_equal(t->rules[i]->name, rules[i]);
    assert_int_equal(t->n_references, 9);
    assert_string_equal(t->subject->kind, "participant");
    assert_string_equal(t->action->field, "action");
    for (size_t i = 0; i < t->n_fields; i++)
        if (strcmp(t->fields[i]->of, "participant") == 0)
            assert_int_equal(t->fields[i]->update, MUSTER__V1__UPDATE_POLICY__UPDATE_NEVER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_table_schema_is_a_template_of_the_kind_and_name_that_are_given),
        cmocka_unit_test(table_schemas_of_others_are_taken_and_refused_as_they_say),
        cmocka_unit_test(what_comes_with_muster_can_be_used),
        cmocka_unit_test(B8_to_B24_are_what_the_caseload_template_says),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
