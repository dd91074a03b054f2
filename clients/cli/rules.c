/* rules.c - muster rules: corrections that are remembered and made by themselves. */
#include "broker/lib/hash.h"
#include "commands.h"
#include "document.h"
#include "parsing.pb-c.h"
#include "wrong_groups.h"

#include <stdio.h>

typedef struct rules_options {
    const char *template_name;
} rules_options;

static int
run_list(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {"<ID", "<TEMPLATE", "<FIELD", "<WRONG", "<RIGHT", ">ROWS",
                                           "<BY", "<WHEN",     "<FROM",  "<",      NULL};
    const rules_options *options = given;
    int rc;
    Muster__V1__ListRules list = MUSTER__V1__LIST_RULES__INIT;
    list.template_name = (char *)(options->template_name == NULL ? "" : options->template_name);
    const Muster__V1__RuleList *rules =
        cli_call(self, "parsing", "", &list.base, NULL, &muster__v1__rule_list__descriptor, &rc);
    if (rules == NULL)
        return rc;
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < rules->n_rules; i++) {
        const Muster__V1__CorrectionRule *rule = rules->rules[i];
        if (self->json) {
            document_line(document_of(&rule->base));
            continue;
        }
        print_table_cell(table, rule->id);
        print_table_cell(table, rule->template_name);
        print_table_cell(table, wrong_values(self->arena, rule->fields, rule->n_fields));
        print_table_cell(table, print_cut(self->arena, wrong_values(self->arena, rule->from, rule->n_from), 40));
        print_table_cell(table, print_cut(self->arena, wrong_values(self->arena, rule->to, rule->n_to), 40));
        print_table_cell(table, print_count(self->arena, rule->uses));
        print_table_cell(table, rule->operator_);
        print_table_cell(table, print_time(self->arena, rule->created_at_ms));
        print_table_cell(table, rule->batch_id);
        print_table_cell(table, rule->off ? "off" : "on");
    }
    if (self->json)
        return CLI_DONE;
    if (rules->n_rules == 0)
        printf("no corrections are remembered yet; muster batch fix makes them\n");
    else
        print_table_print(table, stdout);
    return CLI_DONE;
}

static const cli_option LIST_OPTIONS[] = {
    {"template", 't', "NAME", "only those of this template", CLI_TEXT, offsetof(rules_options, template_name)},
    {0},
};

const cli_command rules_list_command = {
    .name = "rules list",
    .summary = "Remembered corrections: made by themselves in later batches",
    .text = "ROWS were changed by it so far. With --json one a line.",
    .options = LIST_OPTIONS,
    .options_size = sizeof(rules_options),
    .run = run_list,
};

static int
switch_rule(cli *self, bool off)
{
    int rc;
    uint8_t id[MST_ID_SIZE];
    mst_random(id, sizeof id);
    Muster__V1__SwitchRule change = MUSTER__V1__SWITCH_RULE__INIT;
    change.id = (char *)self->args[0];
    change.off = off;
    const Muster__V1__CorrectionRule *rule =
        cli_call(self, "parsing", "rules", &change.base, id, &muster__v1__correction_rule__descriptor, &rc);
    if (rule == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&rule->base));
    else
        printf("%s (\"%s\" is \"%s\") is %s: later batches %s\n", rule->id,
               print_cut(self->arena, wrong_values(self->arena, rule->from, rule->n_from), 60),
               print_cut(self->arena, wrong_values(self->arena, rule->to, rule->n_to), 60), off ? "off" : "on",
               off ? "ask again" : "are corrected by it");
    return CLI_DONE;
}

static int
run_off(cli *self, const void *given)
{
    (void)given;
    return switch_rule(self, true);
}

static int
run_on(cli *self, const void *given)
{
    (void)given;
    return switch_rule(self, false);
}

const cli_command rules_off_command = {
    .name = "rules off",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Stop making a remembered correction",
    .run = run_off,
};

const cli_command rules_on_command = {
    .name = "rules on",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Make a remembered correction again",
    .run = run_on,
};
