/* picks.c - see answers.h. What a field takes: the values to pick from, and whether a typed one is right (B38, B40).
 */
#include "answers.h"

#include "export.pb-c.h"
#include "services/runtime/suggest.h"
#include "values.h"
#include <string.h>

#define CHOICES_DEFAULT 20u
#define CHOICES_MAX 1000u

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

const Muster__V1__Template *
picks_template(const parsing_state *state, const parsed_batch *batch)
{
    if (batch->created->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT)
        return NULL;
    return mst_catalog_template(state->catalog, batch->created->template_name, batch->created->template_version);
}

const Muster__V1__Field *
picks_field(const parsing_state *state, const parsed_batch *batch, const char *name)
{
    const Muster__V1__Template *template = picks_template(state, batch);
    const Muster__V1__Kind *kind = template == NULL ? mst_catalog_kind(state->catalog, batch->created->kind) : NULL;
    size_t count = template != NULL ? template->n_fields : kind != NULL ? kind->n_fields : 0;
    Muster__V1__Field *const *fields = template != NULL ? template->fields : kind != NULL ? kind->fields : NULL;
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i]->name, name) == 0)
            return fields[i];
    return NULL;
}

static bool
is_missing(const Muster__V1__Template *template, const char *value)
{
    for (size_t i = 0; template != NULL && i < template->n_missing_values; i++)
        if (strcmp(template->missing_values[i], value) == 0)
            return true;
    return value[0] == '\0';
}

const char *
picks_check(const parsing_state *state, const parsed_batch *batch, const Muster__V1__Field *field, const char *value,
            mst_arena *arena, char **kept)
{
    const Muster__V1__Template *template = picks_template(state, batch);
    *kept = "";
    if (is_missing(template, value)) // blank
        return field->required ? "A value is needed here." : NULL;
    value_rule rule;
    value_text text = {.data = (const uint8_t *)value, .size = strlen(value)};
    if (value_rule_init(&rule, field) != MST_OK)
        return "The pattern of the field is not a regular expression; correct the template.";
    if (template != NULL && template->action != NULL && strcmp(template->action->field, field->name) == 0)
        value_rule_set_action(&rule, template->action);
    char *why = NULL;
    Muster__V1__WrongKind kind = value_read(&rule, text.data, text.size, &text);
    if (kind != MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN) {
        why = mst_arena_alloc(arena, VALUE_MESSAGE_SIZE);
        value_message(&rule, kind, why);
    } else {
        *kept = mst_arena_strndup(arena, text.data, text.size);
    }
    value_rule_release(&rule);
    return why;
}

/* Suggestions --------------------------------------------------------------------------------------------- */

static bool
same_values(const Muster__V1__Suggestion *a, const Muster__V1__Suggestion *b)
{
    if (a->n_values != b->n_values)
        return false;
    for (size_t i = 0; i < a->n_values; i++)
        if (strcmp(a->values[i], b->values[i]) != 0)
            return false;
    return a->n_values > 0 || strcmp(a->value, b->value) == 0;
}

static void
add(Muster__V1__Suggestion **list, size_t *count, Muster__V1__Suggestion *suggestion)
{
    for (size_t i = 0; i < *count; i++)
        if (same_values(list[i], suggestion))
            return;
    if (*count < SUGGESTIONS_MAX)
        list[(*count)++] = suggestion;
}

Muster__V1__Suggestion **
picks_suggestions(const parsing_state *state, const Muster__V1__WrongValueGroup *group, mst_arena *arena, size_t *count)
{
    Muster__V1__Suggestion **list = mst_arena_alloc(arena, SUGGESTIONS_MAX * sizeof *list);
    const Muster__V1__CorrectionRule *chosen[SUGGESTIONS_MAX];
    *count = 0;
    size_t before = group->n_fields == 0 ? 0
                                         : rules_chosen(state->rules, group->fields, group->values, group->n_fields,
                                                        chosen, SUGGESTIONS_MAX);
    for (size_t i = 0; i < before; i++) {
        Muster__V1__Suggestion *new = mst_arena_alloc(arena, sizeof *new);
        muster__v1__suggestion__init(new);
        new->value = chosen[i]->to[0];
        if (group->n_fields > 1) {
            new->values = chosen[i]->to;
            new->n_values = chosen[i]->n_to;
        }
        new->likeness = 1000;
        new->chosen_before = true;
        new->note = mst_arena_printf(arena, "chosen before by %s (%s)", chosen[i]->operator_, chosen[i]->id);
        add(list, count, new);
    }
    for (size_t i = 0; i < group->n_suggestions; i++)
        add(list, count, group->suggestions[i]);
    return list;
}

/* ListChoices --------------------------------------------------------------------------------------------- */

/* Values of a list in the template: those like the text, or all in their order. */
static void
answer_listed(mst_work *work, const Muster__V1__Field *field, const char *text, uint32_t max)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__ChoiceList answer = MUSTER__V1__CHOICE_LIST__INIT;
    mst_suggested *best = mst_arena_alloc(arena, (max + 1) * sizeof *best);
    size_t count = field->n_enum_values < max ? field->n_enum_values : max;
    if (text[0] != '\0') {
        mst_suggester *suggester = mst_suggester_new((const char *const *)field->enum_values, field->n_enum_values);
        count = mst_suggest(suggester, text, best, max);
        mst_suggester_destroy(&suggester);
    } else {
        for (size_t i = 0; i < count; i++)
            best[i] = (mst_suggested){(uint32_t)i, 0};
        answer.more = count < field->n_enum_values;
    }
    answer.choices = mst_arena_alloc(arena, (count + 1) * sizeof *answer.choices);
    for (size_t i = 0; i < count; i++) {
        Muster__V1__Suggestion *choice = answer.choices[answer.n_choices++] = mst_arena_alloc(arena, sizeof *choice);
        muster__v1__suggestion__init(choice);
        choice->value = field->enum_values[best[i].index];
        choice->likeness = best[i].likeness;
    }
    mst_work_answer(work, &answer.base);
}

static void
picks_step(mst_work *work, const mst_step *step)
{
    const Muster__V1__ValueList *list = (const Muster__V1__ValueList *)step->message;
    Muster__V1__ChoiceList answer = MUSTER__V1__CHOICE_LIST__INIT;
    if (step->status != MUSTER__V1__ANSWER_STATUS__ANSWER_OK || list == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL,
                        "The directory does not answer now. Try again in a moment.");
        return;
    }
    answer.choices = list->values;
    answer.n_choices = list->n_values;
    answer.more = list->more;
    mst_work_answer(work, &answer.base);
}

static bool
same_fields(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

bool
picks_begin(parsing_state *state, mst_work *work, const mst_step *step)
{
    static const turn TURN = {picks_step};
    if (strcmp(step->method, "ListChoices") != 0)
        return false;
    const Muster__V1__ListChoices *list = (const Muster__V1__ListChoices *)step->argument;
    const parsed_batch *batch = answers_batch(state, work, list->batch_id);
    if (batch == NULL)
        return true;
    uint32_t max = list->max == 0 ? CHOICES_DEFAULT : list->max > CHOICES_MAX ? CHOICES_MAX : list->max;
    const Muster__V1__Field *field = list->n_fields == 0 ? NULL : picks_field(state, batch, list->fields[0]);
    const Muster__V1__Template *template = picks_template(state, batch);
    for (size_t i = 0; template != NULL && i < template->n_references; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        if (!same_fields(reference->fields, reference->n_fields, list->fields, list->n_fields))
            continue;
        Muster__V1__ListValues values = MUSTER__V1__LIST_VALUES__INIT;
        values.kind = reference->kind;
        values.fields = reference->kind_fields;
        values.n_fields = reference->n_kind_fields;
        values.text = list->text;
        values.max = max;
        mst_work_set_data(work, (void *)&TURN, NULL);
        mst_work_call(work, 0, "export", reference->kind, &values.base, &muster__v1__value_list__descriptor);
        return true;
    }
    if (field != NULL && list->n_fields == 1 && field->n_enum_values > 0)
        answer_listed(work, field, list->text, max);
    else
        mst_work_refuse(work, REFUSED, NULL, "There is no list of values for \"%.64s\": any value of its type will do.",
                        list->n_fields == 0 ? "" : list->fields[0]);
    return true;
}
