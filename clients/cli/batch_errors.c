/* batch_errors.c - muster batch errors and fix: values that do not fit the template. */
#include "batch.h"
#include "commands.h"
#include "document.h"
#include "parsing.pb-c.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

#define ERRORS_PAGE 500u /* groups asked for at a time */

typedef struct errors_options {
    uint64_t max;
} errors_options;

/* The title of a field as people know it; its name where it has none. */
static const char *
title_of(const Muster__V1__TemplateView *template, const char *field)
{
    for (size_t i = 0; template != NULL && template->template_ != NULL && i < template->template_->n_fields; i++) {
        const Muster__V1__Field *known = template->template_->fields[i];
        if (strcmp(known->name, field) == 0 && known->title[0] != 0)
            return known->title;
    }
    return field;
}

static void
error_cells(cli *self, print_table *table, const Muster__V1__TemplateView *template,
            const Muster__V1__WrongValueGroup *group)
{
    mst_arena *arena = self->arena;
    char *lines = "";
    size_t shown = group->n_first_lines < 3 ? group->n_first_lines : 3;
    for (size_t i = 0; i < shown; i++)
        lines = mst_arena_printf(arena, "%s%s%u", lines, i > 0 ? ", " : "", group->first_lines[i]);
    if (group->count > shown)
        lines = mst_arena_printf(arena, "%s, ..", lines);
    print_table_cell(table, print_count(arena, group->count));
    print_table_cell(table, group->field[0] != 0 ? title_of(template, group->field) : "(whole row)");
    print_table_cell(table, group->column > 0 ? mst_arena_printf(arena, "%u", group->column) : "");
    print_table_cell(table, print_cut(arena, group->value, 40));
    print_table_cell(table, lines);
    print_table_cell(table, group->message);
}

static int
run_errors(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {">ROWS", "<FIELD", ">COLUMN", "<VALUE", "<LINES", "<WHAT IS WRONG", NULL};
    const errors_options *options = given;
    uint64_t shown = 0, max = cli_max(self, options->max);
    uint32_t wrong_rows = 0;
    bool more = true;
    int rc;
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL)
        return rc;
    const Muster__V1__TemplateView *template = self->json ? NULL : batch_template(self, view);
    print_table *table = print_table_new(self->arena, HEADINGS);
    while (more && shown < max) {
        Muster__V1__ListWrongValues list = MUSTER__V1__LIST_WRONG_VALUES__INIT;
        list.batch_id = (char *)self->args[0];
        list.after = (uint32_t)shown;
        list.max = max - shown < ERRORS_PAGE ? (uint32_t)(max - shown) : ERRORS_PAGE;
        const Muster__V1__WrongValueList *page =
            cli_call(self, "parsing", self->args[0], &list.base, NULL, &muster__v1__wrong_value_list__descriptor, &rc);
        if (page == NULL)
            return rc;
        for (size_t i = 0; i < page->n_groups; i++)
            if (self->json)
                document_line(document_of(&page->groups[i]->base));
            else
                error_cells(self, table, template, page->groups[i]);
        shown += page->n_groups;
        wrong_rows = page->wrong_rows;
        more = page->more && page->n_groups > 0;
    }
    if (self->json)
        return CLI_DONE;
    if (shown == 0) {
        printf("%s has no wrong values\n", view->batch_id);
        if (view->failure[0] != 0)
            printf("it failed: %s\n", print_clean(self->arena, view->failure));
        return CLI_DONE;
    }
    print_table_print(table, stdout);
    if (more)
        printf("... and more; --max 0 shows all\n");
    printf("\n%s of %s with wrong values\n", print_count(self->arena, wrong_rows),
           print_plural(self->arena, view->rows_total > 0 ? view->rows_total : view->rows_read, "row", "rows"));
    if (view->fix_errors)
        printf("muster batch rejected %s -o FILE.csv writes these rows with the reasons\n"
               "muster batch fix %s --without-bad-rows goes on without them\n",
               view->batch_id, view->batch_id);
    return CLI_DONE;
}

static const cli_option ERRORS_OPTIONS[] = {
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
    .summary = "Wrong values of a batch, a line for each different one",
    .text = "ROWS have this value; LINES are the first lines of the file where it stands. With --json one a line.",
    .options = ERRORS_OPTIONS,
    .options_size = sizeof(errors_options),
    .defaults = &ERRORS_DEFAULTS,
    .run = run_errors,
};

/* batch fix ---------------------------------------------------------------------------------------- */

typedef struct fix_options {
    bool without_bad_rows;
} fix_options;

static int
run_fix(cli *self, const void *given)
{
    const fix_options *options = given;
    int rc;
    uint8_t id[MST_ID_SIZE];
    if (!batch_id_ok(self, self->args[0], &rc))
        return rc;
    if (!options->without_bad_rows)
        return cli_misused(self, "muster batch fix ID --without-bad-rows goes on without the rows that are wrong",
                           "what should be done with the wrong rows?");
    mst_random(id, sizeof id);
    Muster__V1__ExcludeBadRows exclude = MUSTER__V1__EXCLUDE_BAD_ROWS__INIT;
    exclude.batch_id = (char *)self->args[0];
    const Muster__V1__BadRowsExcluded *done =
        cli_call(self, "parsing", self->args[0], &exclude.base, id, &muster__v1__bad_rows_excluded__descriptor, &rc);
    if (done == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&done->base));
    else
        printf("%s goes on without %s; muster batch rejected %s lists them with reasons\n", self->args[0],
               print_plural(self->arena, done->rows, "row", "rows"), self->args[0]);
    return CLI_DONE;
}

static const cli_option FIX_OPTIONS[] = {
    {"without-bad-rows", 0, NULL, "go on without the rows that are wrong; they are listed as rejected", CLI_FLAG,
     offsetof(fix_options, without_bad_rows)},
    {0},
};

const cli_command batch_fix_command = {
    .name = "batch fix",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Go on with a batch that has wrong values",
    .options = FIX_OPTIONS,
    .options_size = sizeof(fix_options),
    .run = run_fix,
};
