/* template_generate.c - muster template generate: a blank file to fill in, or the documentation of a template. */
#include "commands.h"
#include "generated.h"
#include "print.h"

#include <stdio.h>

typedef struct generate_options {
    generated_options file;
    uint64_t version;
} generate_options;

static int
run_generate(cli *self, const void *given)
{
    const generate_options *options = given;
    int rc;
    Muster__V1__GenerateTemplate generate = MUSTER__V1__GENERATE_TEMPLATE__INIT;
    const Muster__V1__FileView *view;
    if (!generated_format(self, &options->file, true, &generate.format, &rc))
        return rc;
    generate.name = (char *)self->args[0];
    generate.version = (uint32_t)options->version;
    rc = generated_fetch(self, &generate.base, &options->file, &view);
    if (rc == CLI_DONE && options->file.out != NULL)
        fprintf(stderr, "%s written%s\n", print_clean(self->arena, options->file.out),
                generate.format == MUSTER__V1__FILE_FORMAT__FORMAT_MARKDOWN
                    ? ""
                    : ": fill it in, delete the sample row, then: muster batch create");
    return rc;
}

static const cli_option GENERATE_OPTIONS[] = {
    {"output", 'o', "FILE", "write it there (default: standard output); .csv, .xlsx or .md says the format", CLI_TEXT,
     offsetof(generate_options, file.out)},
    {"format", 0, "FORMAT", "csv (default), xlsx, or md: documentation", CLI_TEXT,
     offsetof(generate_options, file.format)},
    {"force", 'f', NULL, "write over a file that is there", CLI_FLAG, offsetof(generate_options, file.force)},
    {"version", 0, "N", "of an older version (default: the newest)", CLI_NUMBER, offsetof(generate_options, version)},
    {0},
};

const cli_command template_generate_command = {
    .name = "template generate",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "A blank file to fill in, as the template is now: CSV, XLSX with drop-downs, or documentation",
    .text =
        "The columns are those of the newest version, the drop-downs of a workbook what the directory has now. Delete "
        "the sample row and the instructions before you upload: a file that still has them is not accepted. # before "
        "a header: rows are compared with the directory by this column first. Headers may stand in any order.",
    .options = GENERATE_OPTIONS,
    .options_size = sizeof(generate_options),
    .run = run_generate,
};
