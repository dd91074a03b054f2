/* template.c - muster template list, add and check, and muster read, which runs the program that owns the reading of
 * files. */
#include "commands.h"
#include "document.h"
#include "ingestion.pb-c.h"
#include "print.h"
#include "template_show.h"
#include "textfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int
run_list(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {"<TEMPLATE", ">VERSION", "<TITLE", "<KIND", "<MAY CREATE", "<OPTIONS", NULL};
    (void)given;
    int rc;
    Muster__V1__ListTemplates list = MUSTER__V1__LIST_TEMPLATES__INIT;
    const Muster__V1__TemplateList *templates =
        cli_call(self, "ingestion", "", &list.base, NULL, &muster__v1__template_list__descriptor, &rc);
    if (templates == NULL)
        return rc;
    if (self->json) {
        for (size_t i = 0; i < templates->n_templates; i++)
            document_line(document_of(&templates->templates[i]->base));
        return CLI_DONE;
    }
    if (templates->n_templates == 0) {
        printf("there is no template yet; muster template add FILE.json adds one\n");
        return CLI_DONE;
    }
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < templates->n_templates; i++) {
        const Muster__V1__Template *template = templates->templates[i];
        char *options = "";
        for (size_t j = 0; j < template->n_options; j++)
            options = mst_arena_printf(self->arena, "%s%s%s", options, j > 0 ? " " : "", template->options[j]->name);
        print_table_cell(table, template->name);
        print_table_cellf(table, "%u", template->version);
        print_table_cell(table, template->title);
        print_table_cell(table, template->kind);
        print_table_cell(table, template->may_create ? "yes" : "no");
        print_table_cell(table, options);
    }
    print_table_print(table, stdout);
    return CLI_DONE;
}

const cli_command template_list_command = {
    .name = "template list",
    .summary = "The templates that a batch can be made with",
    .text = "With --json one template a line.",
    .run = run_list,
};

typedef struct add_options {
    const char *name, *kind;
} add_options;

static int
run_add(cli *self, const void *given)
{
    const add_options *options = given;
    int rc;
    uint8_t id[MST_ID_SIZE];
    char *source = textfile_read(self, self->args[0], &rc);
    if (source == NULL)
        return rc;
    mst_random(id, sizeof id);
    Muster__V1__AddTemplate add = MUSTER__V1__ADD_TEMPLATE__INIT;
    add.source = source;
    add.name = options->name == NULL ? "" : (char *)options->name;
    add.kind = options->kind == NULL ? "" : (char *)options->kind;
    const Muster__V1__TemplateView *view =
        cli_call(self, "ingestion", "", &add.base, id, &muster__v1__template_view__descriptor, &rc);
    if (view == NULL || view->template_ == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&view->template_->base));
    else
        printf("%s is version %u now; batches made from here on use it\n"
               "muster template show %s says how it is understood\n",
               print_clean(self->arena, view->template_->name), view->template_->version,
               print_clean(self->arena, view->template_->name));
    return CLI_DONE;
}

static const cli_option ADD_OPTIONS[] = {
    {"name", 0, "NAME", "what the template is called, for a Table Schema that does not say it", CLI_TEXT,
     offsetof(add_options, name)},
    {"kind", 'k', "KIND", "the kind of record it feeds, for a Table Schema without \"muster\"", CLI_TEXT,
     offsetof(add_options, kind)},
    {0},
};

const cli_command template_add_command = {
    .name = "template add",
    .args = "FILE.json",
    .args_min = 1,
    .args_max = 1,
    .summary = "Add a template, or a new version of one (a Frictionless Table Schema)",
    .text =
        "The same content again changes nothing. Batches keep the version they were made with. What can stand in the\n"
        "file is written down in deploy/templates/README.md; a mistake in it is named by its place, such as\n"
        "$.fields[2].constraints.minimum.",
    .options = ADD_OPTIONS,
    .options_size = sizeof(add_options),
    .run = run_add,
};

/* read and template check -------------------------------------------------------------------------- */

typedef struct read_options {
    const char *format, *template_name;
    uint64_t rows, sheet; /* sheet 0: the first */
} read_options;

/* The compiled template as a file that needs no cleaning up; its path stays good across exec. NULL: said. */
static const char *
template_file(cli *self, const char *name, int *rc)
{
    const Muster__V1__TemplateView *view = template_fetch(self, name, 0, rc);
    if (view == NULL)
        return NULL;
    if (view->template_->n_references > 0)
        cli_note(self, "whether the directory has the records that the file names is seen when it becomes a batch");
    mst_slice packed = mst_arena_pack(self->arena, &view->template_->base);
    int fd = memfd_create("muster-template", 0);
    if (fd < 0 || write(fd, packed.data, packed.size) != (ssize_t)packed.size) {
        *rc = cli_fail(self, NULL, "cannot hold the template: %s", strerror(errno));
        return NULL;
    }
    return mst_arena_printf(self->arena, "/proc/self/fd/%d", fd);
}

static int
read_with(cli *self, const char *file, const char *template_name, const read_options *options)
{
    const char *args[16];
    size_t count = 0;
    int rc = CLI_DONE;
    args[count++] = "--read";
    args[count++] = file;
    if (template_name != NULL) {
        args[count++] = "--template-file";
        args[count++] = template_file(self, template_name, &rc);
    }
    if (rc != CLI_DONE)
        return rc;
    if (options->format != NULL) {
        args[count++] = "--format";
        args[count++] = options->format;
    } else if (self->json) {
        args[count++] = "--format";
        args[count++] = "json";
    }
    if (options->rows != UINT64_MAX) {
        args[count++] = "--rows";
        args[count++] = mst_arena_printf(self->arena, "%llu", (unsigned long long)options->rows);
    }
    if (options->sheet != 0) {
        args[count++] = "--sheet";
        args[count++] = mst_arena_printf(self->arena, "%llu", (unsigned long long)options->sheet);
    }
    mst_link_close(&self->link);
    return cli_exec(self, "muster-parsing", args, count);
}

static int
run_read(cli *self, const void *given)
{
    const read_options *options = given;
    if (options->format != NULL && strcmp(options->format, "csv") != 0 && strcmp(options->format, "json") != 0)
        return cli_misused(self, "formats are csv and json", "--format: \"%s\" is not known", options->format);
    return read_with(self, self->args[0], options->template_name, options);
}

static const read_options READ_DEFAULTS = {.rows = UINT64_MAX};

static const cli_option READ_OPTIONS[] = {
    {"format", 0, "FORMAT", "csv: the rows as RFC 4180 CSV in UTF-8; json: how it is understood, then the rows",
     CLI_TEXT, offsetof(read_options, format)},
    {"rows", 'n', "N", "so many rows at most", CLI_NUMBER, offsetof(read_options, rows)},
    {"sheet", 's', "N", "this worksheet of a workbook (default: the leftmost that is shown)", CLI_NUMBER,
     offsetof(read_options, sheet)},
    {"template", 't', "NAME", "as this template would read it", CLI_TEXT, offsetof(read_options, template_name)},
    {0},
};

const cli_command read_command = {
    .name = "read",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "How a file is understood: sheet or delimiter and encoding, columns, rows; nothing is uploaded",
    .text = "Works without a running system, unless --template names one of its templates.",
    .options = READ_OPTIONS,
    .options_size = sizeof(read_options),
    .defaults = &READ_DEFAULTS,
    .run = run_read,
};

static int
run_check(cli *self, const void *given)
{
    return read_with(self, self->args[1], self->args[0], given);
}

static const cli_option CHECK_OPTIONS[] = {
    {"rows", 'n', "N", "look at so many rows at most (default: all)", CLI_NUMBER, offsetof(read_options, rows)},
    {0},
};

const cli_command template_check_command = {
    .name = "template check",
    .args = "NAME FILE",
    .args_min = 2,
    .args_max = 2,
    .summary = "Whether a file fits a template, column by column; nothing is uploaded",
    .options = CHECK_OPTIONS,
    .options_size = sizeof(read_options),
    .defaults = &READ_DEFAULTS,
    .run = run_check,
};
