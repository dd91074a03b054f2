/* test_tableschema_language.c - the language of templates: what it says, and every mistake in it. */
#include "tests/unit/runtime/tableschema_case.h"

/* `text` with the first `old` replaced. */
static const char *
with(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    if (at == NULL)
        fail_msg("no %s", old);
    return mst_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* A directory and a template that says something of everything. Fields: 0 person, 1 name, 2 place_id, 3 place_name, 4
 * from, 5 to, 6 what, 7 joined, 8 left, 9 colour, 10 count. */
static const char KINDS[] =
    "{\"resources\":["
    "{\"name\":\"person\",\"schema\":{\"fields\":[{\"name\":\"number\"},{\"name\":\"name\"}]}},"
    "{\"name\":\"place\",\"schema\":{\"fields\":[{\"name\":\"name\"},{\"name\":\"town\"}]}},"
    "{\"name\":\"stay\",\"schema\":{\"fields\":[{\"name\":\"person\"},{\"name\":\"place\"},{\"name\":\"from\",\"type\":"
    "\"date\"},"
    "{\"name\":\"to\",\"type\":\"date\"},{\"name\":\"colour\"},{\"name\":\"count\",\"type\":\"integer\"}],"
    "\"muster\":{\"period\":{\"key\":[\"person\",\"place\"],\"begin\":\"from\",\"end\":\"to\"}}}},"
    "{\"name\":\"club\",\"schema\":{\"fields\":[{\"name\":\"person\"},{\"name\":\"joined\",\"type\":\"date\"},{"
    "\"name\":\"left\","
    "\"type\":\"date\"}],\"muster\":{\"period\":{\"key\":[\"person\"],\"begin\":\"joined\",\"end\":\"left\"}}}},"
    "{\"name\":\"note\",\"schema\":{\"fields\":[{\"name\":\"text\"}]}}]}";
static const char TEMPLATE[] =
    "{\"name\":\"stays\",\"fields\":["
    "{\"name\":\"person\",\"constraints\":{\"required\":true},\"muster\":{\"of\":\"person\",\"target\":\"number\"}},"
    "{\"name\":\"name\",\"muster\":{\"of\":\"person\"}},"
    "{\"name\":\"place_id\"},{\"name\":\"place_name\"},"
    "{\"name\":\"from\",\"type\":\"date\"},{\"name\":\"to\",\"type\":\"date\"},{\"name\":\"what\"},"
    "{\"name\":\"joined\",\"type\":\"date\",\"muster\":{\"of\":\"club\"}},{\"name\":\"left\",\"type\":\"date\","
    "\"muster\":{\"of\":"
    "\"club\"}},"
    "{\"name\":\"colour\",\"constraints\":{\"enum\":[\"red\",\"blue\"]}},{\"name\":\"count\",\"type\":\"integer\"}],"
    "\"foreignKeys\":["
    "{\"fields\":\"person\",\"reference\":{\"resource\":\"person\",\"fields\":\"number\"},\"muster\":{\"target\":"
    "\"person\"}},"
    "{\"fields\":\"place_id\",\"reference\":{\"resource\":\"place\",\"fields\":\"id\"},\"muster\":{\"target\":"
    "\"place\"}},"
    "{\"fields\":[\"place_name\"],\"reference\":{\"resource\":\"place\",\"fields\":[\"name\"]},\"muster\":{\"target\":"
    "\"place\"}}],"
    "\"muster\":{\"kind\":\"stay\",\"duplicate_check\":[\"person\"],\"subject\":{\"kind\":\"person\",\"target\":"
    "\"person\"},"
    "\"related\":[\"club\"],\"action\":{\"field\":\"what\",\"insert\":[\"In\"],\"update\":[\"Out\"]},\"rules\":["
    "{\"name\":\"r0\",\"kind\":\"one_of\",\"required\":true,\"groups\":[[\"place_id\"],[\"place_name\"]]},"
    "{\"name\":\"r1\",\"kind\":\"together\",\"fields\":[\"name\",\"colour\"]},"
    "{\"name\":\"r2\",\"kind\":\"require\",\"fields\":[\"from\"],\"when\":[{\"field\":\"what\",\"values\":[\"In\"]}]},"
    "{\"name\":\"r3\",\"kind\":\"forbid\",\"fields\":[\"colour\"],\"when\":[{\"field\":\"count\",\"blank\":true}]},"
    "{\"name\":\"r4\",\"kind\":\"order\",\"fields\":[\"from\",\"to\"],\"message\":\"m\"},"
    "{\"name\":\"r5\",\"kind\":\"known\",\"fields\":[\"joined\"],\"related\":\"club\",\"when\":[{\"field\":\"left\"}]}]"
    "}}";

static void
a_template_says_all_of_the_language(void **state)
{
    (void)state;
    directory all = {.count = 0};
    declare(&all, KINDS);
    const Muster__V1__Template *t = template_of(TEMPLATE);
    if (!mst_template_fits(t, kind_known, &all, why))
        fail_msg("%s", why);
    assert_string_equal(t->fields[0]->of, "person");
    assert_string_equal(t->subject->target, "person");
    assert_string_equal(t->related[0]->kind, "club");
    assert_int_equal(t->n_references, 3);
    assert_string_equal(t->references[2]->fields[0], "place_name");
    assert_string_equal(t->references[2]->kind_fields[0], "name");
    assert_string_equal(t->references[1]->target, "place");
    assert_int_equal(t->n_rules, 6);
    assert_int_equal(t->rules[0]->kind, MUSTER__V1__RULE_KIND__RULE_ONE_OF);
    assert_int_equal(t->rules[0]->n_groups, 2);
    assert_true(t->rules[0]->required);
    assert_string_equal(t->rules[2]->when[0]->values[0], "In");
    assert_true(t->rules[3]->when[0]->blank);
    assert_string_equal(t->rules[4]->message, "m");
    assert_string_equal(t->rules[5]->related, "club");
    assert_string_equal(all.kinds[2]->period->key[1], "place");
    assert_string_equal(all.kinds[2]->period->end, "to");
}

/* B16: any other value is an error, and so is none. */
static void
B16_the_words_of_the_action_are_all_that_its_column_allows(void **state)
{
    (void)state;
    const Muster__V1__Template *t = template_of(TEMPLATE);
    assert_true(t->fields[6]->required);
    assert_int_equal(t->fields[6]->n_enum_values, 2);
    assert_string_equal(t->fields[6]->enum_values[0], "In");
    assert_string_equal(t->fields[6]->enum_values[1], "Out");
    t = template_of(with(with(TEMPLATE, "\"insert\":[\"In\"],\"update\":[\"Out\"]", "\"update\":[\"End\"]"),
                         "\"values\":[\"In\"]", "\"values\":[\"Insert\"]"));
    assert_string_equal(t->fields[6]->enum_values[0], "Insert");
    assert_string_equal(t->action->update_words[0], "End");
}

typedef struct mistake {
    const char *old, *new; /* one change of TEMPLATE or KINDS */
    const char *path;      /* the message begins with it */
    const char *words;     /* and says this */
} mistake;

/* What is wrong with the template by itself. */
static const mistake MISTAKES[] = {
    // fields
    {"{\"name\":\"name\",\"muster\":{\"of\":\"person\"}}", "{\"name\":\"name\",\"muster\":{\"of\":\"note\"}}",
     "$.fields[1].muster.of: ", "none of the template's kinds"},
    {"{\"name\":\"name\",\"muster\":{", "{\"name\":\"name\",\"muster\":{\"colour\":1,",
     "$.fields[1].muster: ", "allowed are type, synonyms, target, of, update, blank"},
    {"{\"name\":\"name\",\"muster\":{", "{\"name\":\"name\",\"muster\":{\"blank\":\"yes\",",
     "$.fields[1].muster.blank: ", "allowed are keep, clear"},
    {"{\"name\":\"name\",\"muster\":{", "{\"name\":\"name\",\"muster\":{\"blank\":\"clear\",\"update\":\"never\",",
     "$.fields[1].muster.blank: ", "contradicts \"update\": \"never\""},
    {"\"muster\":{\"of\":\"person\",\"target\":\"number\"}",
     "\"muster\":{\"of\":\"person\",\"target\":\"number\",\"blank\":\"clear\"}",
     "$.fields[0].muster.blank: ", "required"},
    {"\"name\":\"count\",\"type\":\"integer\"",
     "\"name\":\"count\",\"type\":\"integer\",\"muster\":{\"type\":\"email\"}",
     "$.fields[10].muster.type: ", "is of type integer"},
    {"{\"name\":\"place_id\"}", "{\"name\":\"Place Name\"}",
     "$.fields[3].name: ", "means field \"Place Name\" already"},
    {"{\"name\":\"place_id\"}", "{\"name\":\"place_id\",\"title\":\"Place-name\"}",
     "$.fields[2].title: ", "means field \"place_name\" already"},
    {"{\"name\":\"place_id\"}", "{\"name\":\"place_id\",\"title\":\"A\"},{\"name\":\"b\",\"title\":\"a\"}",
     "$.fields[3].title: ", "means field \"place_id\""},
    {"{\"name\":\"place_id\"}",
     "{\"name\":\"place_id\",\"muster\":{\"synonyms\":[\"p\"]}},{\"name\":\"b\",\"muster\":{\"synonyms\":[\"P.\"]}}",
     "$.fields[3].muster.synonyms: ", "means field \"place_id\""},
    {"\"name\":\"count\",\"type\":\"integer\"", "\"name\":\"count\",\"type\":\"integer\",\"trueValues\":[\"1\"]",
     "$.fields[10].trueValues: ", "boolean"},
    {"\"name\":\"count\",\"type\":\"integer\"", "\"name\":\"count\",\"type\":\"integer\",\"decimalChar\":\",\"",
     "$.fields[10].decimalChar: ", "type number"},
    {"\"name\":\"count\",\"type\":\"integer\"", "\"name\":\"count\",\"type\":\"number\",\"groupChar\":\".\"",
     "$.fields[10].groupChar: ", "decimal character too"},
    {"\"name\":\"count\",\"type\":\"integer\"", "\"name\":\"count\",\"type\":\"number\",\"decimalChar\":\"5\"",
     "$.fields[10].decimalChar: ", "no letter, digit or sign"},
    {"\"name\":\"count\",\"type\":\"integer\"", "\"name\":\"count\",\"type\":\"number\",\"bareNumber\":\"no\"",
     "$.fields[10].bareNumber: ", "true or false"},
    {"\"name\":\"count\",\"type\":\"integer\"",
     "\"name\":\"count\",\"type\":\"boolean\",\"trueValues\":[\"x\"],\"falseValues\":[\"x\"]",
     "$.fields[10]: ", "in trueValues and in falseValues"},
    {"\"name\":\"count\",\"type\":\"integer\"",
     "\"name\":\"count\",\"type\":\"integer\",\"constraints\":{\"enum\":[\"a\"]}",
     "$.fields[10].constraints.enum: ", "no value of type integer"},
    {"[\"red\",\"blue\"]", "[\"red\",\"red\"]", "$.fields[9].constraints.enum: ", "listed twice"},
    {"\"name\":\"count\",\"type\":\"integer\"",
     "\"name\":\"count\",\"type\":\"integer\",\"constraints\":{\"minimum\":3,\"maximum\":2}",
     "$.fields[10].constraints: ", "no value could ever be right"},
    {"\"name\":\"to\",\"type\":\"date\"",
     "\"name\":\"to\",\"type\":\"date\",\"constraints\":{\"minimum\":\"2025-02-29\"}",
     "$.fields[5].constraints.minimum: ", "a day that there is"},
    {"\"name\":\"to\",\"type\":\"date\"",
     "\"name\":\"to\",\"type\":\"time\",\"constraints\":{\"maximum\":\"25:00:00\"}",
     "$.fields[5].constraints.maximum: ", "HH:MM:SS"},
    {"\"name\":\"to\",\"type\":\"date\"",
     "\"name\":\"to\",\"type\":\"yearmonth\",\"constraints\":{\"maximum\":\"2025-13\"}",
     "$.fields[5].constraints.maximum: ", "YYYY-MM"},
    {"\"name\":\"to\",\"type\":\"date\"", "\"name\":\"to\",\"type\":\"time\",\"format\":\"%Y\"",
     "$.fields[5].format: ", "%H:%M"},
    {"\"name\":\"to\",\"type\":\"date\"", "\"name\":\"to\",\"type\":\"datetime\",\"format\":\"%H:%M\"",
     "$.fields[5].format: ", "the day and the time"},
    {"{\"name\":\"place_id\"}", "{\"name\":\"place_id\",\"format\":\"mail\"}",
     "$.fields[2].format: ", "allowed are default, email, uri, binary, uuid"},
    // primary and foreign keys
    {"\"foreignKeys\":[", "\"primaryKey\":[\"person\",\"person\"],\"foreignKeys\":[",
     "$.primaryKey[1]: ", "listed twice"},
    {"\"foreignKeys\":[", "\"primaryKey\":7,\"foreignKeys\":[", "$.primaryKey: ", "must be a list"},
    {"{\"fields\":\"place_id\"", "{\"fields\":\"place\"",
     "$.foreignKeys[1].fields: ", "\"place\" is not the name of a field"},
    {"{\"fields\":\"place_id\"", "{\"fields\":[]", "$.foreignKeys[1]: ", "\"fields\" is missing"},
    {"{\"resource\":\"place\",\"fields\":\"id\"}", "{\"resource\":\"place\",\"fields\":[\"id\",\"name\"]}",
     "$.foreignKeys[1].reference: ", "1 fields here for 2 there"},
    {"{\"resource\":\"place\",\"fields\":\"id\"}", "{\"fields\":\"id\"}",
     "$.foreignKeys[1].reference.resource: ", "missing"},
    {"\"reference\":{\"resource\":\"place\",\"fields\":\"id\"}", "\"rference\":{}",
     "$.foreignKeys[1].reference: ", "missing"},
    {"{\"fields\":[\"place_name\"]", "{\"fields\":[\"place_id\"]", "$.foreignKeys[2]: ", "about the same fields"},
    {"{\"resource\":\"place\",\"fields\":\"id\"}", "{\"resource\":\"note\",\"fields\":\"id\"}",
     "$.foreignKeys[2].muster.target: ", "records of kind \"note\""},
    {"\"muster\":{\"target\":\"place\"}},", "\"muster\":{\"into\":\"place\"}},",
     "$.foreignKeys[1].muster: ", "allowed are target"},
    // subject, related, duplicate check
    {"\"subject\":{\"kind\":\"person\",\"target\":\"person\"}", "\"subject\":{\"kind\":\"person\"}",
     "$.muster.subject: ", "\"target\" is missing"},
    {"\"subject\":{\"kind\":\"person\"", "\"subject\":{\"kind\":\"stay\"", "$.muster.subject: ", "the template itself"},
    {"\"subject\":{\"kind\":\"person\"", "\"subject\":{\"kind\":\"per son\"", "$.muster.subject.kind: ", "use letters"},
    {"\"related\":[\"club\"]", "\"related\":[\"club\",\"club\"]", "$.muster.related[1]: ", "listed twice"},
    {"\"related\":[\"club\"]", "\"related\":[\"club\",\"person\"]", "$.muster.related[1]: ", "subject already"},
    {"\"related\":[\"club\"]", "\"related\":[\"club\",\"note\"]",
     "$.muster.related[1]: ", "none would ever be written"},
    {"\"duplicate_check\":[\"person\"]", "\"duplicate_check\":[\"person\",\"colour\"]",
     "$.muster.duplicate_check[1]: ", "matched against \"person\""},
    // action
    {"\"action\":{\"field\":\"what\"", "\"action\":{\"field\":\"wat\"",
     "$.muster.action.field: ", "not the name of a field"},
    {"\"action\":{\"field\":\"what\",", "\"action\":{", "$.muster.action.field: ", "missing"},
    {"\"action\":{\"field\":\"what\"", "\"action\":{\"field\":\"colour\"", "$.muster.action: ", "without \"enum\""},
    {"\"update\":[\"Out\"]", "\"update\":[\"in\"]", "$.muster.action: ", "for insert and for update"},
    {"\"update\":[\"Out\"]", "\"update\":[]", "$.muster.action.update: ", "empty"},
    {"\"update\":[\"Out\"]", "\"delete\":[\"Out\"]", "$.muster.action: ", "allowed are field, insert, update"},
    // rules
    {"\"name\":\"r1\"", "\"name\":\"r0\"", "$.muster.rules[1]: ", "used by rules[0] already"},
    {"\"name\":\"r1\",", "", "$.muster.rules[1].name: ", "missing"},
    {"\"kind\":\"together\"", "\"kind\":\"both\"",
     "$.muster.rules[1].kind: ", "allowed are one_of, together, require, forbid, order, known"},
    {"\"fields\":[\"name\",\"colour\"]", "\"fields\":[\"name\",\"color\"]",
     "$.muster.rules[1].fields[1]: ", "\"color\" is not the name of a field"},
    {"\"fields\":[\"name\",\"colour\"]", "\"fields\":[\"name\",\"name\"]",
     "$.muster.rules[1].fields[1]: ", "listed twice"},
    {"\"fields\":[\"name\",\"colour\"]", "\"fields\":[\"name\"]", "$.muster.rules[1]: ", "two or more"},
    {"\"fields\":[\"name\",\"colour\"]", "\"groups\":[]",
     "$.muster.rules[1]: ", "allowed are name, kind, fields, when"},
    {"\"fields\":[\"name\",\"colour\"]", "\"fields\":[]", "$.muster.rules[1]: ", "\"fields\" is missing"},
    {"\"groups\":[[\"place_id\"],[\"place_name\"]]", "\"groups\":[[\"place_id\"]]",
     "$.muster.rules[0].groups: ", "2 to 20"},
    {"\"groups\":[[\"place_id\"],[\"place_name\"]]", "\"groups\":[[\"place_id\"],[]]",
     "$.muster.rules[0].groups[1]: ", "empty"},
    {"\"groups\":[[\"place_id\"],[\"place_name\"]]", "\"groups\":[[\"place_id\"],[\"place_id\"]]",
     "$.muster.rules[0].groups[1]: ", "in groups[0] too"},
    {"\"groups\":[[\"place_id\"],[\"place_name\"]]", "\"groups\":[[\"place_id\"],\"place_name\"]",
     "$.muster.rules[0].groups[1]: ", "must be a list"},
    {"\"groups\":[[\"place_id\"],[\"place_name\"]]", "\"groups\":[[\"person\"],[\"what\"]]",
     "$.muster.rules[0]: ", "ever be right"},
    {"\"fields\":[\"from\",\"to\"]", "\"fields\":[\"from\",\"count\"]",
     "$.muster.rules[4].fields: ", "\"from\" is of type date and \"count\" of type integer"},
    {"\"fields\":[\"from\",\"to\"]", "\"fields\":[\"from\"]", "$.muster.rules[4]: ", "must be two"},
    {"\"fields\":[\"from\"],\"when\"", "\"fields\":[\"person\"],\"when\"", "$.muster.rules[2]: ", "never be broken"},
    {"\"fields\":[\"colour\"],\"when\"", "\"fields\":[\"person\"],\"when\"", "$.muster.rules[3]: ", "ever be right"},
    {"\"fields\":[\"colour\"],\"when\"", "\"fields\":[\"count\"],\"when\"", "$.muster.rules[3]: ", "never be broken"},
    {"\"kind\":\"require\",\"fields\":[\"from\"],\"when\":[{\"field\":\"what\",\"values\":[\"In\"]}",
     "\"kind\":\"require\",\"fields\":[\"from\"],\"when\":[{\"field\":\"from\",\"blank\":true}",
     "$.muster.rules[2]: ", "ever be right"},
    {"\"values\":[\"In\"]", "\"values\":[\"Insert\"]", "$.muster.rules[2].when[0].values: ", "would never apply"},
    {"\"values\":[\"In\"]", "\"values\":[]", "$.muster.rules[2].when[0]: ", "empty"},
    {"\"values\":[\"In\"]", "\"values\":[\"In\"],\"blank\":true",
     "$.muster.rules[2].when[0]: ", "blank and have a value"},
    {"{\"field\":\"what\",\"values\":[\"In\"]}", "{\"field\":\"what\",\"blank\":true}",
     "$.muster.rules[2].when[0]: ", "never blank"},
    {"{\"field\":\"what\",\"values\":[\"In\"]}",
     "{\"field\":\"what\",\"values\":[\"In\"]},{\"field\":\"what\",\"values\":[\"Out\"]}",
     "$.muster.rules[2].when[1]: ", "contradicts when[0]"},
    {"{\"field\":\"what\",\"values\":[\"In\"]}", "{\"field\":\"wat\"}",
     "$.muster.rules[2].when[0].field: ", "not the name of a field"},
    {"{\"field\":\"what\",\"values\":[\"In\"]}", "7", "$.muster.rules[2].when[0]: ", "must be an object"},
    {"\"related\":\"club\"", "\"related\":\"clan\"", "$.muster.rules[5].related: ", "not among $.muster.related"},
    {"\"related\":\"club\",", "", "$.muster.rules[5].related: ", "missing"},
    {"\"rules\":[", "\"rules\":[7,", "$.muster.rules[0]: ", "must be an object"},
};

static void
every_mistake_in_a_template_is_named_by_its_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MISTAKES / sizeof MISTAKES[0]; i++) {
        const mistake *m = &MISTAKES[i];
        const char *json = with(TEMPLATE, m->old, m->new);
        Muster__V1__Template *compiled;
        if (mst_tableschema_template(arena, json, strlen(json), &compiled, why) == MST_OK)
            fail_msg("taken: %s", m->new);
        if (strncmp(why, m->path, strlen(m->path)) != 0 || strstr(why, m->words) == NULL)
            fail_msg("%s: not \"%s..%s\" but \"%s\"", m->new, m->path, m->words, why);
    }
}

/* What only the directory can know. */
static const mistake MISFITS[] = {
    {"\"kind\":\"stay\",\"duplicate_check\"", "\"kind\":\"stays\",\"duplicate_check\"", "$.muster.kind: ", "declare"},
    {"{\"name\":\"colour\"", "{\"name\":\"hue\"},{\"name\":\"colour\"",
     "$.fields[9]: ", "feeds \"hue\", which kind \"stay\" does not have"},
    {"{\"name\":\"name\",\"muster\":{\"of\":\"person\"}}",
     "{\"name\":\"name\",\"muster\":{\"of\":\"person\",\"target\":\"number\"}}",
     "$.fields[1]: ", "both feed \"number\""},
    {"{\"name\":\"place_id\"}", "{\"name\":\"place_id\",\"muster\":{\"target\":\"spot\"}}",
     "$.fields[2]: ", "feeds \"spot\""},
    {"{\"resource\":\"place\",\"fields\":\"id\"}", "{\"resource\":\"place\",\"fields\":\"no\"}",
     "$.foreignKeys[1].reference.fields: ", "it has id, name, town"},
    {"{\"resource\":\"person\",\"fields\":\"number\"},\"muster\":{\"target\":\"person\"}",
     "{\"resource\":\"nobody\",\"fields\":\"number\"}", "$.foreignKeys[0].reference.resource: ", "no kind \"nobody\""},
    {"{\"resource\":\"person\",\"fields\":\"number\"}", "{\"resource\":\"note\",\"fields\":\"text\"}",
     "$.foreignKeys[0].muster.target: ", "id of a person"},
    {"\"muster\":{\"target\":\"person\"}", "\"muster\":{\"target\":\"who\"}",
     "$.foreignKeys[0].muster.target: ", "no field of kind \"stay\""},
    {"\"muster\":{\"target\":\"person\"}", "\"muster\":{\"target\":\"colour\"}",
     "$.foreignKeys[0].muster.target: ", "\"colour\" feeds \"colour\" too"},
    {"\"target\":\"person\"},\"related\"", "\"target\":\"who\"},\"related\"",
     "$.muster.subject.target: ", "no field \"who\"; it has person"},
};

static void
what_the_directory_does_not_have_is_named_by_its_path(void **state)
{
    (void)state;
    directory all = {.count = 0};
    declare(&all, KINDS);
    for (size_t i = 0; i < sizeof MISFITS / sizeof MISFITS[0]; i++) {
        const mistake *m = &MISFITS[i];
        const Muster__V1__Template *t = template_of(with(TEMPLATE, m->old, m->new));
        if (mst_template_fits(t, kind_known, &all, why))
            fail_msg("fits: %s", m->new);
        if (strncmp(why, m->path, strlen(m->path)) != 0 || strstr(why, m->words) == NULL)
            fail_msg("%s: not \"%s..%s\" but \"%s\"", m->new, m->path, m->words, why);
    }
    // A related kind without a period, and periods that a row does not tell apart.
    directory other = {.count = 0};
    declare(&other,
            with(KINDS, ",\"muster\":{\"period\":{\"key\":[\"person\"],\"begin\":\"joined\",\"end\":\"left\"}}", ""));
    assert_false(mst_template_fits(template_of(TEMPLATE), kind_known, &other, why));
    assert_non_null(strstr(why, "$.muster.related[0]: kind \"club\" has no period"));
    other.count = 0;
    declare(&other, with(KINDS, "\"key\":[\"person\",\"place\"]", "\"key\":[\"person\",\"place\",\"count\"]"));
    assert_true(mst_template_fits(template_of(TEMPLATE), kind_known, &other, why));
    const char *no_count = with(with(TEMPLATE, ",{\"name\":\"count\",\"type\":\"integer\"}", ""),
                                "{\"field\":\"count\",\"blank\":true}", "{\"field\":\"to\",\"blank\":true}");
    assert_false(mst_template_fits(template_of(no_count), kind_known, &other, why));
    assert_non_null(strstr(why, "$.muster.action: no field, reference or subject of the template fills \"count\""));
}

static void
mistakes_in_kinds_are_named_by_their_path(void **state)
{
    (void)state;
    static const mistake mistakes[] = {
        {"\"begin\":\"from\",\"end\":\"to\"", "\"begin\":\"from\",\"end\":\"from\"",
         "$.resources[2].schema.muster.period: ", "two fields of one type"},
        {"\"begin\":\"from\",\"end\":\"to\"", "\"begin\":\"from\",\"end\":\"colour\"",
         "$.resources[2].schema.muster.period: ", "two fields of one type"},
        {"\"begin\":\"from\",\"end\":\"to\"", "\"begin\":\"from\"",
         "$.resources[2].schema.muster.period.end: ", "missing"},
        {"\"key\":[\"person\",\"place\"]", "\"key\":[\"person\",\"plaza\"]",
         "$.resources[2].schema.muster.period.key[1]: ", "not the name of a field"},
        {"\"key\":[\"person\",\"place\"]", "\"key\":[\"person\",\"to\"]",
         "$.resources[2].schema.muster.period: ", "may not name"},
        {"\"key\":[\"person\",\"place\"],", "", "$.resources[2].schema.muster.period: ", "\"key\" is missing"},
        {"\"muster\":{\"period\":", "\"muster\":{\"perod\":", "$.resources[2].schema.muster: ", "allowed are period"},
        {"\"muster\":{\"period\":{", "\"primaryKey\":\"who\",\"muster\":{\"period\":{",
         "$.resources[2].schema.primaryKey: ", "not the name of a field"},
        {"{\"name\":\"number\"}", "{\"name\":\"number\",\"muster\":{\"target\":\"x\"}}",
         "$.resources[0].schema.fields[0].muster: ", "allowed are type, synonyms, role"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const mistake *m = &mistakes[i];
        const char *json = with(KINDS, m->old, m->new);
        Muster__V1__Kind **kinds;
        size_t count;
        if (mst_tableschema_kinds(arena, json, strlen(json), &kinds, &count, why) == MST_OK)
            fail_msg("taken: %s", m->new);
        if (strncmp(why, m->path, strlen(m->path)) != 0 || strstr(why, m->words) == NULL)
            fail_msg("%s: not \"%s..%s\" but \"%s\"", m->new, m->path, m->words, why);
    }
}

/* A message is text on the bus: a name cut in the middle of a character would make it unreadable. */
static void
messages_hold_whole_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        char name[128] = "xxx";
        for (size_t i = shift; i + 3 < 100; i += 3)
            memcpy(name + i, "\xe2\x82\xac", 4);
        const char *json = mst_arena_printf(
            arena,
            "{\"name\":\"t\",\"fields\":[{\"name\":\"a\"}],\"muster\":{\"kind\":\"k\",\"duplicate_check\":[\"%s\"]}}",
            name);
        Muster__V1__Template *compiled;
        assert_int_equal(mst_tableschema_template(arena, json, strlen(json), &compiled, why), MST_INVALID);
        for (const unsigned char *p = (const unsigned char *)why; *p != '\0'; p++)
            if (*p >= 0xe0) {
                assert_true((p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80);
                p += 2;
            } else
                assert_true(*p < 0x80);
    }
}

static void
a_template_and_a_package_are_told_apart(void **state)
{
    (void)state;
    Muster__V1__Template *t;
    Muster__V1__Kind **kinds;
    size_t count;
    assert_int_equal(mst_tableschema_template(arena, KINDS, strlen(KINDS), &t, why), MST_INVALID);
    assert_non_null(strstr(why, "muster directory declare"));
    assert_int_equal(mst_tableschema_kinds(arena, TEMPLATE, strlen(TEMPLATE), &kinds, &count, why), MST_INVALID);
    assert_non_null(strstr(why, "muster template add"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_says_all_of_the_language),
        cmocka_unit_test(B16_the_words_of_the_action_are_all_that_its_column_allows),
        cmocka_unit_test(every_mistake_in_a_template_is_named_by_its_path),
        cmocka_unit_test(what_the_directory_does_not_have_is_named_by_its_path),
        cmocka_unit_test(mistakes_in_kinds_are_named_by_their_path),
        cmocka_unit_test(messages_hold_whole_characters),
        cmocka_unit_test(a_template_and_a_package_are_told_apart),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
