/* The values that records have, to pick from. */
#include "tests/unit/export/office.h"

/* "value (note); value" of the answer, "+" behind it when there is more. */
static const char *
values(stage *it, const char *kind, const char *field, const char *text, uint32_t max, const char *after)
{
    Muster__V1__ListValues query = MUSTER__V1__LIST_VALUES__INIT;
    char *fields[] = {TEXT(field)}, *behind[] = {TEXT(after)};
    query.kind = TEXT(kind);
    query.fields = fields;
    query.n_fields = 1;
    query.text = TEXT(text);
    query.max = max;
    query.after = behind;
    query.n_after = after != NULL;
    stage_call(it, "eva", &query);
    if (it->status != MUSTER__V1__ANSWER_STATUS__ANSWER_OK)
        return it->text;
    const Muster__V1__ValueList *list = (const void *)it->reply;
    const char *all = "";
    for (size_t i = 0; i < list->n_values; i++) {
        const char *note = list->values[i]->note;
        all = mst_arena_printf(it->arena, "%s%s%s%s%s%s", all, i == 0 ? "" : "; ", list->values[i]->value,
                               note[0] == 0 ? "" : " (", note, note[0] == 0 ? "" : ")");
    }
    return list->more ? mst_arena_printf(it->arena, "%s +", all) : all;
}

static void
B38_all_values_of_a_list_are_shown_in_order_page_by_page_or_the_likest_first(void **state)
{
    (void)state;
    stage *it = agency("", 30);
    know(it, "program", 1, "P3", "name", "\xC3\x89t\xC3\xA9 camp", NULL);
    know(it, "program", 1, "P4", "name", "food bank", NULL);
    know(it, "program", 1, "P5", "name", "Youth Work", NULL);
    assert_string_equal(values(it, "program", "name", "", 0, NULL),
                        "\xC3\x89t\xC3\xA9 camp; food bank; Saint Mary's Housing; Youth Work");
    assert_string_equal(values(it, "program", "name", "", 2, NULL), "\xC3\x89t\xC3\xA9 camp; food bank +");
    assert_string_equal(values(it, "program", "name", "", 2, "food bank"), "Saint Mary's Housing; Youth Work");
    assert_string_equal(values(it, "program", "name", "", 2, "Youth Work"), "");
    assert_string_equal(values(it, "program", "name", "St Marys Hsg", 5, NULL), "Saint Mary's Housing");
    assert_string_equal(values(it, "participant", "participant_id", "", 2, NULL),
                        "10417 (Ana L\xC3\xB3pez, born 1980-05-17); 10418 (Ben Okafor, born 1991-01-02) +");
    assert_string_equal(values(it, "program", "size", "", 2, NULL),
                        "Records of kind \"program\" have no field \"size\".");
    assert_non_null(strstr(values(it, "castle", "name", "", 2, NULL), "no kind \"castle\""));
    stage_close(&it);
}

static void
B38_whole_names_are_listed_as_one_and_in_parts(void **state)
{
    (void)state;
    stage *it = agency("", 31);
    Muster__V1__ListValues query = MUSTER__V1__LIST_VALUES__INIT;
    char *fields[] = {TEXT("given_name"), TEXT("family_name")};
    query.kind = TEXT("staff");
    query.fields = fields;
    query.n_fields = 2;
    stage_call(it, "eva", &query);
    const Muster__V1__ValueList *list = (const void *)it->reply;
    assert_int_equal(list->n_values, 2); // two people, one name
    assert_string_equal(list->values[1]->value, "Lee Chan");
    assert_string_equal(list->values[1]->values[1], "Chan");
    query.text = TEXT("Chan Lee");
    stage_call(it, "eva", &query);
    list = (const void *)it->reply;
    assert_string_equal(list->values[0]->value, "Lee Chan");
    stage_close(&it);
}

static void
B40_typed_values_are_looked_up_row_after_row(void **state)
{
    (void)state;
    stage *it = agency("", 32);
    Muster__V1__LookUpRecords query = MUSTER__V1__LOOK_UP_RECORDS__INIT;
    char *fields[] = {TEXT("given_name"), TEXT("family_name")};
    char *typed[] = {TEXT("dana"), TEXT("SAMPLE"), TEXT("Lee"), TEXT("Chan"),
                     TEXT("No"),   TEXT("One"),    TEXT(""),    TEXT("")};
    query.kind = TEXT("staff");
    query.fields = fields;
    query.n_fields = 2;
    query.values = typed;
    query.n_values = 8;
    stage_call(it, "eva", &query);
    const Muster__V1__LookUpResult *result = (const void *)it->reply;
    assert_int_equal(result->n_ids, 4);
    assert_string_equal(result->ids[0], "S1");
    assert_int_equal(result->found[0], 1);
    assert_int_equal(result->found[1], 2);
    assert_int_equal(result->found[2], 0);
    assert_string_equal(result->ids[2], "");
    assert_int_equal(result->found[3], 0);
    query.n_values = 7;
    stage_call(it, "eva", &query);
    assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED);
    stage_close(&it);
}

static const Muster__V1__DirectoryView *
declared(stage *it, const char *source)
{
    Muster__V1__DeclareDirectory command = MUSTER__V1__DECLARE_DIRECTORY__INIT;
    command.source = TEXT(source);
    stage_call(it, "eva", &command);
    assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_OK);
    return (const void *)it->reply;
}

static void
templates_that_fit_no_more_are_named_when_kinds_are_declared(void **state)
{
    (void)state;
    stage *it = agency("", 33);
    const Muster__V1__DirectoryView *view =
        declared(it, "{\"resources\":[{\"name\":\"hobby\",\"schema\":{\"fields\":[{\"name\":\"name\"}]}}]}");
    assert_int_equal(view->n_warnings, 1); // its column "action" feeds nothing
    assert_non_null(strstr(view->warnings[0], "Template \"without-action\""));
    view = declared(it, "{\"resources\":[{\"name\":\"program\",\"schema\":{\"fields\":[{\"name\":\"called\"}]}}]}");
    assert_int_equal(view->n_warnings, 2);
    const char *first = "Template \"caseload\" does not fit any more. $.foreignKeys[2]";
    assert_memory_equal(view->warnings[0], first, strlen(first));
    stage_close(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B38_all_values_of_a_list_are_shown_in_order_page_by_page_or_the_likest_first),
        cmocka_unit_test(B38_whole_names_are_listed_as_one_and_in_parts),
        cmocka_unit_test(B40_typed_values_are_looked_up_row_after_row),
        cmocka_unit_test(templates_that_fit_no_more_are_named_when_kinds_are_declared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
