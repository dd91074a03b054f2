/* tableschema_rules.c - the rules among the columns of a row, and the column that says Insert or Update.
 *
 * A rule that could never be broken, or that makes every row wrong, is a mistake of its writer and refused. */
#include "services/runtime/tableschema_rules.h"

#include "services/runtime/tableschema_fields.h"
#include <string.h>
#include <strings.h>

#define RULES_MAX 500u
#define GROUPS_MAX 20u
#define CONDITIONS_MAX 20u
#define VALUES_MAX 100u /* in a condition, words of an action */

#define KIND(NAME) MUSTER__V1__RULE_KIND__RULE_##NAME

/* In the order of the enum RuleKind, from RULE_ONE_OF. */
static const char *const KINDS[] = {"one_of", "together", "require", "forbid", "order", "known", NULL};

static bool
lists_word(char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(words[i], word) == 0)
            return true;
    return false;
}

/* Action --------------------------------------------------------------------------------------------------- */

static mst_status
read_words(schema_reader *self, const json_t *json, const char *key, char *otherwise, char ***words, size_t *count)
{
    *words = mst_arena_alloc(self->arena, sizeof **words);
    (*words)[0] = otherwise;
    *count = 1;
    mst_status rc = schema_texts(self, json, key, VALUES_MAX, words, count);
    if (rc != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".%s", key);
    if (*count == 0)
        return schema_wrong(self, "is empty: list the words, as in [\"%s\"]", otherwise);
    for (size_t i = 0; i < *count; i++)
        if ((*words)[i][0] == '\0' || lists_word(*words, i, (*words)[i]))
            return schema_wrong(self, "\"%.60s\" is %s", (*words)[i],
                                (*words)[i][0] == '\0' ? "no word" : "listed twice (case does not count)");
    schema_leave(self, before);
    return MST_OK;
}

/* What is allowed in the column are the words. */
static mst_status
allow_words(schema_reader *self, const Muster__V1__Action *action, Muster__V1__Field *field)
{
    for (size_t i = 0; i < action->n_update_words; i++)
        if (lists_word(action->insert_words, action->n_insert_words, action->update_words[i]))
            return schema_wrong(self, "\"%.60s\" is a word for insert and for update", action->update_words[i]);
    if (field->type != MUSTER__V1__FIELD_TYPE__FIELD_STRING || field->n_enum_values > 0 || field->pattern[0] != '\0')
        return schema_wrong(self,
                            "field \"%.60s\" must be of type string without \"enum\" and \"pattern\": the words "
                            "of the action are what is allowed in it",
                            field->name);
    field->required = true;
    field->enum_values =
        mst_arena_alloc(self->arena, (action->n_insert_words + action->n_update_words) * sizeof *field->enum_values);
    for (size_t i = 0; i < action->n_insert_words; i++)
        field->enum_values[field->n_enum_values++] = action->insert_words[i];
    for (size_t i = 0; i < action->n_update_words; i++)
        field->enum_values[field->n_enum_values++] = action->update_words[i];
    return MST_OK;
}

mst_status
schema_read_action(schema_reader *self, const json_t *muster, Muster__V1__Template *template)
{
    static const char *const allowed[] = {"field", "insert", "update", NULL};
    const schema_fields fields = {template->fields, template->n_fields};
    const Muster__V1__Field *field = NULL;
    json_t *json;
    mst_status rc = schema_object(self, muster, "action", &json);
    if (rc != MST_OK || json == NULL)
        return rc;
    size_t before = schema_enter(self, ".action");
    Muster__V1__Action *action = mst_arena_alloc(self->arena, sizeof *action);
    muster__v1__action__init(action);
    if ((rc = schema_only(self, json, allowed)) != MST_OK ||
        (rc = schema_field_name(self, json, "field", fields, &field)) != MST_OK ||
        (rc = read_words(self, json, "insert", "Insert", &action->insert_words, &action->n_insert_words)) != MST_OK ||
        (rc = read_words(self, json, "update", "Update", &action->update_words, &action->n_update_words)) != MST_OK)
        return rc;
    action->field = field->name;
    for (size_t i = 0; i < fields.count; i++)
        if (fields.fields[i] == field && (rc = allow_words(self, action, fields.fields[i])) != MST_OK)
            return rc;
    template->action = action;
    schema_leave(self, before);
    return MST_OK;
}

/* Conditions ------------------------------------------------------------------------------------------------ */

/* The condition can be true of a row that is otherwise right. */
static mst_status
check_condition(schema_reader *self, const Muster__V1__Condition *condition, const Muster__V1__Field *field)
{
    if (condition->blank && field->required)
        return schema_wrong(self, "\"%.60s\" is required, so it is never blank: the rule would never apply",
                            field->name);
    size_t before = schema_enter(self, ".values");
    for (size_t i = 0; i < condition->n_values; i++) {
        if (condition->values[i][0] == '\0')
            return schema_wrong(self, "an empty text is no value; say \"blank\": true");
        if (field->n_enum_values > 0 && !lists_word(field->enum_values, field->n_enum_values, condition->values[i]))
            return schema_wrong(self, "\"%.60s\" is no value that \"%.60s\" allows: the rule would never apply",
                                condition->values[i], field->name);
    }
    schema_leave(self, before);
    return MST_OK;
}

/* Both can be true of one row. */
static bool
agree(const Muster__V1__Condition *one, const Muster__V1__Condition *two)
{
    if (strcmp(one->field, two->field) != 0)
        return true;
    if (one->blank || two->blank)
        return one->blank && two->blank;
    for (size_t i = 0; i < one->n_values; i++)
        if (lists_word(two->values, two->n_values, one->values[i]))
            return true;
    return one->n_values == 0 || two->n_values == 0;
}

static mst_status
read_condition(schema_reader *self, const json_t *list, size_t at, schema_fields fields,
               Muster__V1__Condition *condition)
{
    static const char *const allowed[] = {"field", "values", "blank", NULL};
    const Muster__V1__Field *field = NULL;
    json_t *json;
    mst_status rc;
    if ((rc = schema_item(self, list, at, "{\"field\": .., \"values\": [..]}", &json)) != MST_OK ||
        (rc = schema_only(self, json, allowed)) != MST_OK ||
        (rc = schema_field_name(self, json, "field", fields, &field)) != MST_OK ||
        (rc = schema_texts(self, json, "values", VALUES_MAX, &condition->values, &condition->n_values)) != MST_OK ||
        (rc = schema_flag(self, json, "blank", &condition->blank)) != MST_OK)
        return rc;
    condition->field = field->name;
    if (json_object_get(json, "values") != NULL && (condition->n_values == 0 || condition->blank))
        return schema_wrong(self, "%s",
                            condition->blank ? "a field cannot be blank and have a value: take one out"
                                             : "\"values\" is empty; leave it out to mean any value");
    return check_condition(self, condition, field);
}

static mst_status
read_conditions(schema_reader *self, const json_t *json, schema_fields fields, Muster__V1__Rule *rule)
{
    const json_t *list;
    mst_status rc = schema_list(self, json, "when", CONDITIONS_MAX, "{\"field\": .., \"values\": [..]}", &list);
    if (rc != MST_OK || list == NULL)
        return rc;
    size_t before = schema_enter(self, ".when"), size = json_array_size(list);
    rule->when = mst_arena_alloc(self->arena, (size + 1) * sizeof *rule->when);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        rule->when[i] = mst_arena_alloc(self->arena, sizeof **rule->when);
        muster__v1__condition__init(rule->when[i]);
        if ((rc = read_condition(self, list, i, fields, rule->when[i])) != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (!agree(rule->when[i], rule->when[j]))
                return schema_wrong(self,
                                    "contradicts when[%zu], and all conditions must hold: the rule would never "
                                    "apply",
                                    j);
        schema_leave(self, inner);
    }
    rule->n_when = size;
    schema_leave(self, before);
    return MST_OK;
}

/* What the rule knows of a field where it applies. */
static bool
is_blank_when(const Muster__V1__Rule *rule, const char *field)
{
    for (size_t i = 0; i < rule->n_when; i++)
        if (rule->when[i]->blank && strcmp(rule->when[i]->field, field) == 0)
            return true;
    return false;
}

static bool
is_filled_when(const Muster__V1__Rule *rule, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < rule->n_when; i++)
        if (!rule->when[i]->blank && strcmp(rule->when[i]->field, field->name) == 0)
            return true;
    return field->required;
}

/* Rules ----------------------------------------------------------------------------------------------------- */

static mst_status
never_right(const schema_reader *self, const char *why)
{
    return schema_wrong(self, "no row that the rule applies to could ever be right: %s", why);
}

static mst_status
never_broken(const schema_reader *self, const char *why)
{
    return schema_wrong(self, "the rule could never be broken: %s", why);
}

static mst_status
read_groups(schema_reader *self, const json_t *json, schema_fields fields, Muster__V1__Rule *rule)
{
    const json_t *list = json_object_get(json, "groups");
    size_t before = schema_enter(self, ".groups"), size = json_array_size(list);
    if (!json_is_array(list) || size < 2 || size > GROUPS_MAX)
        return schema_wrong(self, "must be a list of 2 to %u groups, each a list of fields: [[\"a\"], [\"b\", \"c\"]]",
                            GROUPS_MAX);
    rule->groups = mst_arena_alloc(self->arena, size * sizeof *rule->groups);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        Muster__V1__ColumnGroup *group = mst_arena_alloc(self->arena, sizeof *group);
        muster__v1__column_group__init(group);
        rule->groups[i] = group;
        mst_status rc = schema_field_names_of(self, json_array_get(list, i), fields, &group->fields, &group->n_fields);
        if (rc != MST_OK)
            return rc;
        if (group->n_fields == 0)
            return schema_wrong(self, "is empty: name the fields of the group");
        for (size_t j = 0; j < i; j++)
            for (size_t k = 0; k < group->n_fields; k++)
                if (schema_lists(rule->groups[j]->fields, rule->groups[j]->n_fields, group->fields[k]))
                    return schema_wrong(self, "\"%.60s\" is in groups[%zu] too", group->fields[k], j);
        schema_leave(self, inner);
    }
    rule->n_groups = size;
    schema_leave(self, before);
    return MST_OK;
}

/* How many of the names are surely filled, and surely blank, where the rule applies. */
static void
count_known(const Muster__V1__Rule *rule, schema_fields fields, char *const *names, size_t count, size_t *filled,
            size_t *blank)
{
    *filled = *blank = 0;
    for (size_t i = 0; i < count; i++) {
        *filled += is_filled_when(rule, schema_field_find(fields, names[i]));
        *blank += is_blank_when(rule, names[i]);
    }
}

static mst_status
check_one_of(const schema_reader *self, const Muster__V1__Rule *rule, schema_fields fields)
{
    size_t groups_filled = 0, groups_blank = 0;
    for (size_t i = 0; i < rule->n_groups; i++) {
        size_t filled, blank;
        count_known(rule, fields, rule->groups[i]->fields, rule->groups[i]->n_fields, &filled, &blank);
        groups_filled += filled > 0;
        groups_blank += blank == rule->groups[i]->n_fields;
    }
    if (groups_filled > 1)
        return never_right(self, "fields of two groups are always filled");
    if (groups_blank == rule->n_groups)
        return rule->required ? never_right(self, "all its fields are blank then")
                              : never_broken(self, "all its fields are blank then");
    return MST_OK;
}

static mst_status
check_order(schema_reader *self, const Muster__V1__Rule *rule, schema_fields fields)
{
    if (rule->n_fields != 2)
        return schema_wrong(self, "\"fields\" must be two: the first may not come after the second");
    Muster__V1__FieldType first = schema_field_find(fields, rule->fields[0])->type,
                          second = schema_field_find(fields, rule->fields[1])->type;
    if (first == second && schema_has_order(first))
        return MST_OK;
    schema_enter(self, ".fields");
    return schema_wrong(self,
                        "\"%.60s\" is of type %s and \"%.60s\" of type %s: only two numbers, dates or times can be in "
                        "order",
                        rule->fields[0], schema_type_name(first), rule->fields[1], schema_type_name(second));
}

/* Of the rules over `fields`. */
static mst_status
check_fields(schema_reader *self, const Muster__V1__Rule *rule, schema_fields fields)
{
    size_t filled, blank, count = rule->n_fields;
    if (count == 0)
        return schema_wrong(self, "\"fields\" is missing: name the fields that the rule is about");
    count_known(rule, fields, rule->fields, count, &filled, &blank);
    switch (rule->kind) {
    case KIND(TOGETHER):
        if (count < 2)
            return schema_wrong(self, "\"fields\" must be two or more: columns that go together");
        if (filled > 0 && blank > 0)
            return never_right(self, "one field is always filled, another always blank");
        if (filled == count || blank == count)
            return never_broken(self, filled == count ? "its fields are always filled" : "its fields are blank then");
        return MST_OK;
    case KIND(ORDER): return check_order(self, rule, fields);
    case KIND(FORBID):
        if (filled > 0)
            return never_right(self, "a field that is always filled may not be filled");
        return blank == count ? never_broken(self, "its fields are blank then") : MST_OK;
    default:
        if (filled > 0)
            return never_broken(self, "one of its fields is always filled");
        return blank == count && rule->kind == KIND(REQUIRE) ? never_right(self, "all its fields are blank then")
                                                             : MST_OK;
    }
}

static mst_status
read_related(schema_reader *self, const json_t *json, const Muster__V1__Template *template, Muster__V1__Rule *rule)
{
    mst_status rc = schema_id(self, json, "related", "related kind", "enrollment", &rule->related);
    if (rc != MST_OK)
        return rc;
    for (size_t i = 0; i < template->n_related; i++)
        if (strcmp(template->related[i]->kind, rule->related) == 0)
            return MST_OK;
    schema_enter(self, ".related");
    return schema_wrong(self, "\"%s\" is not among $.muster.related", rule->related);
}

static mst_status
read_rule(schema_reader *self, json_t *json, const Muster__V1__Template *template, Muster__V1__Rule *rule)
{
    static const char *const of_groups[] = {"name", "kind", "groups", "required", "when", "message", NULL};
    static const char *const of_known[] = {"name", "kind", "fields", "related", "when", "message", NULL};
    static const char *const of_fields[] = {"name", "kind", "fields", "when", "message", NULL};
    const schema_fields fields = {template->fields, template->n_fields};
    char *kind = "";
    size_t at = 0;
    mst_status rc;
    if ((rc = schema_id(self, json, "name", "rule", "program-once", &rule->name)) != MST_OK ||
        (rc = schema_text(self, json, "kind", SCHEMA_NAME_SIZE_MAX, &kind)) != MST_OK)
        return rc;
    size_t before = schema_enter(self, ".kind");
    if ((rc = schema_word(self, "kind of rule", kind, KINDS, &at)) != MST_OK)
        return rc;
    schema_leave(self, before);
    rule->kind = (Muster__V1__RuleKind)(at + 1);
    bool groups = rule->kind == KIND(ONE_OF), known = rule->kind == KIND(KNOWN);
    if ((rc = schema_only(self, json,
                          groups  ? of_groups
                          : known ? of_known
                                  : of_fields)) != MST_OK ||
        (rc = read_conditions(self, json, fields, rule)) != MST_OK ||
        (rc = schema_field_names(self, json, "fields", fields, &rule->fields, &rule->n_fields)) != MST_OK ||
        (rc = schema_flag(self, json, "required", &rule->required)) != MST_OK ||
        (rc = schema_text(self, json, "message", SCHEMA_VALUE_SIZE_MAX, &rule->message)) != MST_OK ||
        (groups && (rc = read_groups(self, json, fields, rule)) != MST_OK) ||
        (known && (rc = read_related(self, json, template, rule)) != MST_OK))
        return rc;
    return groups ? check_one_of(self, rule, fields) : check_fields(self, rule, fields);
}

mst_status
schema_read_rules(schema_reader *self, const json_t *muster, Muster__V1__Template *template)
{
    static const char *const like = "{\"name\": \"together\", \"kind\": \"together\", \"fields\": [..]}";
    const json_t *list;
    mst_status rc = schema_list(self, muster, "rules", RULES_MAX, like, &list);
    if (rc != MST_OK || list == NULL)
        return rc;
    size_t before = schema_enter(self, ".rules"), size = json_array_size(list);
    template->rules = mst_arena_alloc(self->arena, (size + 1) * sizeof *template->rules);
    for (size_t i = 0; i < size; i++) {
        size_t inner = schema_enter(self, "[%zu]", i);
        json_t *json;
        Muster__V1__Rule *rule = mst_arena_alloc(self->arena, sizeof *rule);
        muster__v1__rule__init(rule);
        template->rules[i] = rule;
        if ((rc = schema_item(self, list, i, like, &json)) != MST_OK ||
            (rc = read_rule(self, json, template, rule)) != MST_OK)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp(template->rules[j]->name, rule->name) == 0)
                return schema_wrong(self, "the name \"%s\" is used by rules[%zu] already", rule->name, j);
        schema_leave(self, inner);
    }
    template->n_rules = size;
    schema_leave(self, before);
    return MST_OK;
}
