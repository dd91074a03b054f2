/* template_show.c - one template in words: its fields, what they name and feed, and the rules among them. */
#include "template_show.h"

#include "commands.h"
#include "document.h"
#include "print.h"

#include <string.h>

const Muster__V1__TemplateView *
template_fetch(cli *self, const char *name, uint64_t version, int *rc)
{
    Muster__V1__ShowTemplate show = MUSTER__V1__SHOW_TEMPLATE__INIT;
    show.name = (char *)name;
    show.version = (uint32_t)version;
    const Muster__V1__TemplateView *view =
        cli_call(self, "ingestion", "", &show.base, NULL, &muster__v1__template_view__descriptor, rc);
    if (view != NULL && view->template_ == NULL) {
        *rc = cli_fail(self, "muster template list shows them", "there is no template \"%s\"", name);
        return NULL;
    }
    return view;
}

typedef struct show_options {
    uint64_t version;
    bool source;
} show_options;

/* Fields --------------------------------------------------------------------------------------------------- */

static const char *
rules_of(cli *self, const Muster__V1__Field *field)
{
    mst_arena *arena = self->arena;
    char *rules = field->required ? "required" : "";
    if (field->unique)
        rules = mst_arena_printf(arena, "%s%sunique", rules, *rules ? ", " : "");
    if (field->min_length > 0)
        rules = mst_arena_printf(arena, "%s%sat least %u characters", rules, *rules ? ", " : "", field->min_length);
    if (field->max_length > 0)
        rules = mst_arena_printf(arena, "%s%sat most %u characters", rules, *rules ? ", " : "", field->max_length);
    if (field->minimum[0] != 0)
        rules = mst_arena_printf(arena, "%s%sfrom %s", rules, *rules ? ", " : "", field->minimum);
    if (field->maximum[0] != 0)
        rules = mst_arena_printf(arena, "%s%sup to %s", rules, *rules ? ", " : "", field->maximum);
    if (field->pattern[0] != 0)
        rules = mst_arena_printf(arena, "%s%slike %s", rules, *rules ? ", " : "", field->pattern);
    for (size_t i = 0; i < field->n_enum_values; i++)
        rules = mst_arena_printf(arena, "%s%s%s", rules,
                                 i > 0    ? " | "
                                 : *rules ? ", one of "
                                          : "one of ",
                                 field->enum_values[i]);
    return rules;
}

/* Where the values of a field go: "name", "participant.given_name"; "-" nowhere, they name a record. */
static const char *
feeds(cli *self, const Muster__V1__Template *template, const Muster__V1__Field *field)
{
    const char *target = field->target[0] != 0 ? field->target : field->name;
    if (field->of[0] != 0 && strcmp(field->of, template->kind) != 0)
        return mst_arena_printf(self->arena, "%s.%s", field->of, target);
    if (template->action != NULL && strcmp(template->action->field, field->name) == 0)
        return "";
    for (size_t i = 0; i < template->n_references; i++)
        for (size_t j = 0; j < template->references[i]->n_fields && template->references[i]->target[0] != 0; j++)
            if (strcmp(template->references[i]->fields[j], field->name) == 0)
                return template->references[i]->target;
    return target;
}

static void
print_fields(cli *self, const Muster__V1__Template *template)
{
    static const char *const HEADINGS[] = {"<FIELD", "<TITLE", "<TYPE", "<FEEDS", "<UPDATE", "<RULES", NULL};
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < template->n_fields; i++) {
        const Muster__V1__Field *field = template->fields[i];
        print_table_cell(table, field->name);
        print_table_cell(table, field->title);
        print_table_cell(table, document_word(self->arena, &muster__v1__field_type__descriptor, (int)field->type));
        print_table_cell(table, feeds(self, template, field));
        print_table_cellf(table, "%s%s",
                          document_word(self->arena, &muster__v1__update_policy__descriptor, (int)field->update),
                          field->clear_blank ? ", blank clears" : "");
        print_table_cell(table, print_cut(self->arena, rules_of(self, field), 80));
    }
    print_table_print(table, stdout);
}

/* Rules ---------------------------------------------------------------------------------------------------- */

/* "a, b or c" */
static char *
joined(cli *self, char *const *texts, size_t count, const char *last)
{
    char *list = "";
    for (size_t i = 0; i < count; i++)
        list = mst_arena_printf(self->arena, "%s%s%s", list, i == 0 ? "" : i + 1 == count ? last : ", ", texts[i]);
    return list;
}

static const char *
rule_words(cli *self, const Muster__V1__Rule *rule)
{
    mst_arena *arena = self->arena;
    char **groups = mst_arena_alloc(arena, (rule->n_groups + 1) * sizeof *groups);
    for (size_t i = 0; i < rule->n_groups; i++)
        groups[i] = joined(self, rule->groups[i]->fields, rule->groups[i]->n_fields, " with ");
    const char *any = joined(self, rule->fields, rule->n_fields, " or ");
    const char *all = joined(self, rule->fields, rule->n_fields, " and ");
    switch (rule->kind) {
    case MUSTER__V1__RULE_KIND__RULE_ONE_OF:
        return mst_arena_printf(arena, "%s of %s", rule->required ? "exactly one" : "at most one",
                                joined(self, groups, rule->n_groups, " or "));
    case MUSTER__V1__RULE_KIND__RULE_TOGETHER: return mst_arena_printf(arena, "%s together or not at all", all);
    case MUSTER__V1__RULE_KIND__RULE_REQUIRE: return mst_arena_printf(arena, "%s is needed", any);
    case MUSTER__V1__RULE_KIND__RULE_FORBID: return mst_arena_printf(arena, "%s must be empty", all);
    case MUSTER__V1__RULE_KIND__RULE_ORDER:
        return mst_arena_printf(arena, "%s is not after %s", rule->fields[0], rule->fields[1]);
    case MUSTER__V1__RULE_KIND__RULE_KNOWN:
        return mst_arena_printf(arena, "%s is given, or the open %s has its begin", any, rule->related);
    default: return "";
    }
}

static const char *
when_words(cli *self, const Muster__V1__Rule *rule)
{
    char *words = "";
    for (size_t i = 0; i < rule->n_when; i++) {
        const Muster__V1__Condition *when = rule->when[i];
        words = mst_arena_printf(self->arena, "%s%s%s is %s", words, i == 0 ? "" : " and ", when->field,
                                 when->blank           ? "empty"
                                 : when->n_values == 0 ? "given"
                                                       : joined(self, when->values, when->n_values, " or "));
    }
    return words;
}

static void
print_rules(cli *self, const Muster__V1__Template *template)
{
    static const char *const HEADINGS[] = {"<RULE", "<SAYS", "<WHERE", NULL};
    if (template->n_rules == 0)
        return;
    putchar('\n');
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < template->n_rules; i++) {
        print_table_cell(table, template->rules[i]->name);
        print_table_cell(table, rule_words(self, template->rules[i]));
        print_table_cell(table, when_words(self, template->rules[i]));
    }
    print_table_print(table, stdout);
}

static void
print_references(cli *self, const Muster__V1__Template *template)
{
    static const char *const HEADINGS[] = {"<NAMES A RECORD", "<OF KIND", "<BY", NULL};
    if (template->n_references == 0)
        return;
    putchar('\n');
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < template->n_references; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        print_table_cell(table, joined(self, reference->fields, reference->n_fields, " with "));
        print_table_cell(table, reference->kind);
        print_table_cell(table, joined(self, reference->kind_fields, reference->n_kind_fields, " with "));
    }
    print_table_print(table, stdout);
}

/* The template --------------------------------------------------------------------------------------------- */

static void
print_kinds(cli *self, const Muster__V1__Template *template)
{
    bool other = template->subject != NULL;
    printf("feeds %s", print_clean(self->arena, template->kind));
    for (size_t i = 0; i < template->n_related; i++)
        printf(", %s", print_clean(self->arena, template->related[i]->kind));
    printf("; %s new records; looks for %s by", template->may_create ? "may make" : "never makes",
           other ? print_clean(self->arena, template->subject->kind) : "people");
    for (size_t i = 0; i < template->n_duplicate_check; i++)
        printf("%s %s", i > 0 ? "," : "", print_clean(self->arena, template->duplicate_check[i]));
    puts(template->n_duplicate_check == 0 ? " all fields" : " first");
    if (template->action != NULL)
        printf("%s says what a row does: %s makes a record, %s ends the open one\n",
               print_clean(self->arena, template->action->field),
               print_clean(self->arena,
                           joined(self, template->action->insert_words, template->action->n_insert_words, " or ")),
               print_clean(self->arena,
                           joined(self, template->action->update_words, template->action->n_update_words, " or ")));
    putchar('\n');
}

static void
print_template(cli *self, const Muster__V1__Template *template)
{
    printf("%s, version %u: %s\n", print_clean(self->arena, template->name), template->version,
           print_clean(self->arena, template->title));
    if (template->description[0] != 0)
        printf("%s\n", print_clean(self->arena, template->description));
    print_kinds(self, template);
    print_fields(self, template);
    print_references(self, template);
    print_rules(self, template);
    for (size_t i = 0; i < template->n_options; i++)
        printf("\n--option %s  %s%s", print_clean(self->arena, template->options[i]->name),
               print_clean(self->arena, template->options[i]->title),
               template->options[i]->default_on ? " (on unless said otherwise)" : "");
    if (template->n_options > 0)
        putchar('\n');
}

static int
run_show(cli *self, const void *given)
{
    const show_options *options = given;
    int rc;
    const Muster__V1__TemplateView *view = template_fetch(self, self->args[0], options->version, &rc);
    if (view == NULL)
        return rc;
    if (options->source)
        printf("%s%s", view->source,
               view->source[0] != 0 && view->source[strlen(view->source) - 1] == '\n' ? "" : "\n");
    else if (self->json)
        document_print(document_of(&view->template_->base));
    else
        print_template(self, view->template_);
    return CLI_DONE;
}

static const cli_option SHOW_OPTIONS[] = {
    {"version", 0, "N", "an older version (default: the newest)", CLI_NUMBER, offsetof(show_options, version)},
    {"source", 0, NULL, "the JSON as it was added", CLI_FLAG, offsetof(show_options, source)},
    {0},
};

const cli_command template_show_command = {
    .name = "template show",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "The fields of a template and their rules",
    .options = SHOW_OPTIONS,
    .options_size = sizeof(show_options),
    .run = run_show,
};
