/* check_plan.c - see check_plan.h. */
#include "services/export/check_plan.h"

#include <string.h>

const char *
check_title(const Muster__V1__Field *field)
{
    return field->title[0] != '\0' ? field->title : field->name;
}

const char *
check_kind_title(const Muster__V1__Kind *kind, const char *name)
{
    return kind != NULL && kind->title[0] != '\0' ? kind->title : name;
}

static int
column_of(const check_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->fields_count; i++)
        if (plan->fields[i] != NULL && strcmp(plan->fields[i]->name, name) == 0)
            return (int)i;
    return CHECK_NONE;
}

static void
find_fields(check_plan *plan, mst_arena *arena, const mst_catalog *catalog, char *const *names)
{
    plan->fields = mst_arena_alloc(arena, (plan->fields_count + 1) * sizeof(Muster__V1__Field *));
    plan->kinds = mst_arena_alloc(arena, (plan->fields_count + 1) * sizeof(Muster__V1__Kind *));
    for (size_t i = 0; i < plan->fields_count; i++)
        for (size_t at = 0; at < plan->template->n_fields && plan->fields[i] == NULL; at++)
            if (strcmp(plan->template->fields[at]->name, names[i]) == 0) {
                const Muster__V1__Field *field = plan->fields[i] = plan->template->fields[at];
                const char *of = field->of[0] != '\0' ? field->of : plan->template->kind;
                plan->kinds[i] = mst_catalog_kind(catalog, of);
            }
}

/* References ------------------------------------------------------------------------------------------- */

static bool
is_subject(const check_plan *plan, const char *kind, const char *target)
{
    const Muster__V1__Subject *subject = plan->template->subject;
    return subject != NULL && strcmp(subject->kind, kind) == 0 && strcmp(subject->target, target) == 0;
}

static void
add_reference(check_plan *plan, mst_arena *arena, const mst_catalog *catalog, const Muster__V1__Reference *given)
{
    check_reference *one = &plan->references[plan->references_count];
    one->count = given->n_fields < given->n_kind_fields ? given->n_fields : given->n_kind_fields;
    one->kind_name = given->kind;
    one->kind = mst_catalog_kind(catalog, given->kind);
    one->kind_fields = given->kind_fields;
    one->target = given->target;
    one->subject = is_subject(plan, given->kind, given->target);
    one->by_id = CHECK_NONE;
    one->columns = mst_arena_alloc(arena, (one->count + 1) * sizeof *one->columns);
    for (size_t i = 0; i < one->count; i++) {
        one->columns[i] = column_of(plan, given->fields[i]);
        if (one->columns[i] == CHECK_NONE)
            return; // not in these rows: nothing to check
    }
    plan->references_count += one->count > 0;
}

static bool
is_referenced(const check_plan *plan, int column)
{
    for (size_t i = 0; i < plan->references_count; i++)
        if (plan->references[i].count == 1 && plan->references[i].columns[0] == column)
            return true;
    return false;
}

/* The subject's identifiers that the template's references do not speak of. */
static void
add_identifiers(check_plan *plan, mst_arena *arena, const mst_catalog *catalog)
{
    const Muster__V1__Subject *subject = plan->template->subject;
    for (size_t i = 0; subject != NULL && i < plan->fields_count; i++) {
        const Muster__V1__Kind *kind = plan->kinds[i];
        if (kind == NULL || strcmp(kind->name, subject->kind) != 0 || is_referenced(plan, (int)i))
            continue;
        int target = mst_catalog_target(kind, plan->fields[i]);
        if (target < 0 || kind->fields[target]->role != MUSTER__V1__ROLE__ROLE_IDENTIFIER)
            continue;
        Muster__V1__Reference made = MUSTER__V1__REFERENCE__INIT;
        char **names = mst_arena_alloc(arena, 2 * sizeof *names);
        names[0] = plan->fields[i]->name;
        names[1] = kind->fields[target]->name;
        made.fields = &names[0];
        made.kind_fields = &names[1];
        made.n_fields = made.n_kind_fields = 1;
        made.kind = subject->kind;
        made.target = subject->target;
        add_reference(plan, arena, catalog, &made);
    }
}

static bool
names_by_id(const check_reference *one)
{
    return one->count == 1 &&
           (strcmp(one->kind_fields[0], "id") == 0 || (one->kind != NULL && one->kind->n_primary_key == 1 &&
                                                       strcmp(one->kind->primary_key[0], one->kind_fields[0]) == 0));
}

static void
make_references(check_plan *plan, mst_arena *arena, const mst_catalog *catalog)
{
    size_t most = plan->template->n_references + plan->fields_count + 1;
    plan->references = mst_arena_alloc(arena, most * sizeof *plan->references);
    for (size_t i = 0; i < plan->template->n_references; i++)
        add_reference(plan, arena, catalog, plan->template->references[i]);
    add_identifiers(plan, arena, catalog);
    for (size_t i = 0; i < plan->references_count; i++)
        for (size_t at = 0; at < plan->references_count; at++) {
            check_reference *one = &plan->references[i], *other = &plan->references[at];
            if (i != at && one->target[0] != '\0' && strcmp(one->target, other->target) == 0 &&
                one->kind == other->kind && names_by_id(other))
                one->by_id = (int)at;
        }
}

/* Periods ---------------------------------------------------------------------------------------------- */

/* The column that feeds a field of a kind that rows write. */
static int
feeding_column(const check_plan *plan, const Muster__V1__Kind *kind, const char *field)
{
    for (size_t i = 0; i < plan->fields_count; i++) {
        if (plan->kinds[i] != kind)
            continue;
        int target = mst_catalog_target(kind, plan->fields[i]);
        if (target >= 0 && strcmp(kind->fields[target]->name, field) == 0)
            return (int)i;
    }
    return CHECK_NONE;
}

static void
make_key(const check_plan *plan, mst_arena *arena, const Muster__V1__Kind *kind, const char *field, check_key *key)
{
    key->references = mst_arena_alloc(arena, (plan->references_count + 1) * sizeof *key->references);
    key->list = CHECK_NONE;
    key->subject = plan->template->subject != NULL && strcmp(plan->template->subject->target, field) == 0;
    for (size_t i = 0; i < plan->references_count; i++)
        if (strcmp(plan->references[i].target, field) == 0)
            key->references[key->references_count++] = i;
    key->column = feeding_column(plan, kind, field);
    for (size_t i = 0; i < plan->references_count && key->column != CHECK_NONE; i++)
        if (plan->references[i].target[0] == '\0' && plan->references[i].count == 1 &&
            plan->references[i].columns[0] == key->column)
            key->list = (int)i;
}

/* Returns the number of the period of this kind, CHECK_NONE if its records have none. */
static int
add_period(check_plan *plan, mst_arena *arena, const Muster__V1__Kind *kind)
{
    if (kind == NULL || kind->period == NULL || kind->period->n_key == 0)
        return CHECK_NONE;
    for (size_t i = 0; i < plan->periods_count; i++)
        if (plan->periods[i].kind == kind)
            return (int)i;
    check_period *one = &plan->periods[plan->periods_count];
    one->kind = kind;
    one->related = strcmp(kind->name, plan->template->kind) != 0;
    one->keys_count = kind->period->n_key;
    one->keys = mst_arena_alloc(arena, one->keys_count * sizeof *one->keys);
    for (size_t i = 0; i < one->keys_count; i++)
        make_key(plan, arena, kind, kind->period->key[i], &one->keys[i]);
    one->begin = feeding_column(plan, kind, kind->period->begin);
    one->end = feeding_column(plan, kind, kind->period->end);
    return (int)plan->periods_count++;
}

static void
add_known(check_plan *plan, mst_arena *arena, const mst_catalog *catalog, const Muster__V1__Rule *rule)
{
    int period = add_period(plan, arena, mst_catalog_kind(catalog, rule->related));
    if (period == CHECK_NONE)
        return;
    check_known *one = &plan->known[plan->known_count++];
    one->rule = rule;
    one->period = (size_t)period;
    one->columns = mst_arena_alloc(arena, (rule->n_fields + 1) * sizeof *one->columns);
    for (size_t i = 0; i < rule->n_fields; i++) {
        int column = column_of(plan, rule->fields[i]);
        if (column != CHECK_NONE)
            one->columns[one->columns_count++] = column;
    }
    one->when = mst_arena_alloc(arena, (rule->n_when + 1) * sizeof *one->when);
    for (size_t i = 0; i < rule->n_when; i++)
        one->when[one->when_count++] = (check_condition){column_of(plan, rule->when[i]->field), rule->when[i]};
}

void
check_plan_make(check_plan *plan, mst_arena *arena, const mst_catalog *catalog, const Muster__V1__Template *template,
                char *const *fields, const uint32_t *file_columns, size_t fields_count)
{
    *plan = (check_plan){.template = template, .fields_count = fields_count, .action = CHECK_NONE};
    plan->file_columns = mst_arena_alloc(arena, (fields_count + 1) * sizeof *plan->file_columns);
    if (file_columns != NULL && fields_count > 0)
        memcpy(plan->file_columns, file_columns, fields_count * sizeof *file_columns);
    find_fields(plan, arena, catalog, fields);
    make_references(plan, arena, catalog);
    plan->periods = mst_arena_alloc(arena, (template->n_rules + template->n_related + 1) * sizeof *plan->periods);
    plan->known = mst_arena_alloc(arena, (template->n_rules + 1) * sizeof *plan->known);
    if (template->action != NULL)
        plan->action = column_of(plan, template->action->field);
    (void)add_period(plan, arena, mst_catalog_kind(catalog, template->kind));
    for (size_t i = 0; i < template->n_related; i++)
        (void)add_period(plan, arena, mst_catalog_kind(catalog, template->related[i]->kind));
    for (size_t i = 0; i < template->n_rules; i++)
        if (template->rules[i]->kind == MUSTER__V1__RULE_KIND__RULE_KNOWN)
            add_known(plan, arena, catalog, template->rules[i]);
}
