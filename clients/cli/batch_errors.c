/* batch_errors.c - muster batch errors: values that do not fit, and what may have been meant. */
#include "commands.h"
#include "document.h"
#include "wrong_groups.h"

#include <stdio.h>
#include <string.h>

#define LINES_SHOWN 3u
#define VALUE_COLUMNS 120u /* of a terminal, for one value */

typedef struct errors_options {
    uint64_t max;
    bool group;
} errors_options;

/* A line for each kind of error: how many different values and rows, and how many still wait (B37). */
static void
print_kinds(cli *self, const wrong_groups *groups)
{
    static const char *const HEADINGS[] = {"<KIND", ">VALUES", ">ROWS", ">TO CORRECT", NULL};
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < groups->count;) {
        Muster__V1__WrongKind kind = groups->list[i]->kind;
        uint64_t values = 0, rows = 0, left = 0;
        for (; i < groups->count && groups->list[i]->kind == kind; i++) {
            values++;
            rows += groups->list[i]->count;
            left += groups->list[i]->correction == NULL;
        }
        print_table_cell(table, wrong_kind_title(kind));
        print_table_cell(table, print_count(self->arena, values));
        print_table_cell(table, print_count(self->arena, rows));
        print_table_cell(table, print_count(self->arena, left));
    }
    print_table_print(table, stdout);
}

/* "line 4, column 2", "lines 4, 6, 16, .., column 5" */
static const char *
places(mst_arena *arena, const Muster__V1__WrongValueGroup *group)
{
    const char *text = group->count == 1 ? "line" : "lines";
    size_t shown = group->n_first_lines < LINES_SHOWN ? group->n_first_lines : LINES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        text = mst_arena_printf(arena, "%s%s %u", text, i > 0 ? "," : "", group->first_lines[i]);
    if (group->count > shown)
        text = mst_arena_printf(arena, "%s, ..", text);
    return group->column > 0 ? mst_arena_printf(arena, "%s, column %u", text, group->column) : text;
}

static void
print_group(cli *self, const Muster__V1__TemplateView *template, const Muster__V1__WrongValueGroup *group)
{
    static const char INDENT[] = "             ";
    mst_arena *arena = self->arena;
    const char *value = group->n_values > 0 ? wrong_values(arena, group->values, group->n_values) : group->value;
    printf("%7s %-4s %s \"%s\"  %s\n", print_count(arena, group->count), group->count == 1 ? "row" : "rows",
           print_clean(arena, wrong_fields(arena, template, group)), print_cut(arena, value, VALUE_COLUMNS),
           places(arena, group));
    if (group->correction != NULL) {
        printf("%scorrected to %s\n", INDENT, print_cut(arena, wrong_correction(arena, group), VALUE_COLUMNS));
        return;
    }
    printf("%s%s\n", INDENT, print_clean(arena, group->message));
    if (group->n_suggestions > 0)
        printf("%sDid you mean %s?\n", INDENT, print_clean(arena, wrong_suggestions(arena, group, 3)));
}

/* Kind by kind, as parsing gives them. */
static void
print_groups(cli *self, const Muster__V1__BatchView *view, const wrong_groups *groups)
{
    const Muster__V1__TemplateView *template = batch_template(self, view);
    for (size_t i = 0; i < groups->count; i++) {
        const Muster__V1__WrongValueGroup *group = groups->list[i];
        if (i == 0 || groups->list[i - 1]->kind != group->kind)
            printf("%s%s\n", i == 0 ? "" : "\n", wrong_kind_title(group->kind));
        print_group(self, template, group);
    }
    if (groups->more)
        printf("... and more; --max 0 shows all\n");
}

static void
print_to_do(cli *self, const Muster__V1__BatchView *view, const wrong_groups *groups)
{
    printf("\n%s of %s with wrong values", print_count(self->arena, groups->wrong_rows),
           print_plural(self->arena, view->rows_total > 0 ? view->rows_total : view->rows_read, "row", "rows"));
    if (view->fix_errors)
        printf("; %u of %u different ones to correct", groups->groups_left, groups->groups_total);
    putchar('\n');
    if (view->fix_errors)
        printf("muster batch fix %s asks for one after the other; --pick takes what is likely meant\n"
               "muster batch fix %s --field FIELD --from WRONG --to RIGHT corrects all rows with a value\n"
               "muster batch rejected %s -o FILE.xlsx writes these rows with the reasons, to correct and send back:\n"
               "muster batch fix %s --rows FILE.xlsx\n"
               "muster batch fix %s --without-bad-rows goes on without them\n",
               view->batch_id, view->batch_id, view->batch_id, view->batch_id, view->batch_id);
}

/* What the spreadsheet doctor noticed, and how to have it mended. */
static void
print_remarks(cli *self, const Muster__V1__BatchView *view)
{
    int rc;
    Muster__V1__ListRemarks list = MUSTER__V1__LIST_REMARKS__INIT;
    list.batch_id = view->batch_id;
    const Muster__V1__RemarksFound *found =
        cli_call(self, "parsing", view->batch_id, &list.base, NULL, &muster__v1__remarks_found__descriptor, &rc);
    for (size_t i = 0; found != NULL && i < found->n_remarks; i++) {
        const Muster__V1__Remark *remark = found->remarks[i];
        printf("%s%s%s\n", i == 0 ? "\n" : "", remark->repaired ? "mended: " : "",
               print_clean(self->arena, remark->sentence));
        if (remark->repairable && !remark->repaired && view->fix_errors)
            printf("  muster batch fix %s --repair %s mends it\n", view->batch_id,
                   print_clean(self->arena, remark->name));
    }
}

static int
run_errors(cli *self, const void *given)
{
    const errors_options *options = given;
    int rc;
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL)
        return rc;
    const wrong_groups *groups =
        wrong_groups_fetch(self, self->args[0], options->group ? UINT64_MAX : cli_max(self, options->max), &rc);
    if (groups == NULL)
        return rc;
    if (self->json) {
        for (size_t i = 0; i < groups->count; i++)
            document_line(document_of(&groups->list[i]->base));
        return CLI_DONE;
    }
    if (groups->count == 0) {
        printf("%s has no wrong values\n", view->batch_id);
        if (view->failure[0] != 0)
            printf("it failed: %s\n", print_clean(self->arena, view->failure));
        else
            print_remarks(self, view);
        return CLI_DONE;
    }
    if (options->group)
        print_kinds(self, groups);
    else
        print_groups(self, view, groups);
    print_remarks(self, view);
    print_to_do(self, view, groups);
    return CLI_DONE;
}

static const cli_option ERRORS_OPTIONS[] = {
    {"group", 'g', NULL, "a line for each kind of error only", CLI_FLAG, offsetof(errors_options, group)},
    {"max", 'n', "N", "at most so many lines (0 all; default 50, with --json all)", CLI_NUMBER,
     offsetof(errors_options, max)},
    {0},
};

static const errors_options ERRORS_DEFAULTS = {.max = CLI_MAX_UNSET};

const cli_command batch_errors_command = {
    .name = "batch errors",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Wrong values of a batch, each different one once",
    .text =
        "How many rows have each, on which lines of the file, and what may have been meant. With --json one a line.",
    .options = ERRORS_OPTIONS,
    .options_size = sizeof(errors_options),
    .defaults = &ERRORS_DEFAULTS,
    .run = run_errors,
};
