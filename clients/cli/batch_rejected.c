/* batch_rejected.c - muster batch rejected: the rows that did not get in, as a file that can be mended and sent again.
 */
#include "batch.h"
#include "commands.h"
#include "generated.h"
#include "print.h"

#include <stdio.h>

static int
run_rejected(cli *self, const void *given)
{
    const generated_options *options = given;
    int rc;
    Muster__V1__GenerateRejected generate = MUSTER__V1__GENERATE_REJECTED__INIT;
    const Muster__V1__FileView *made;
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL || !generated_format(self, options, false, &generate.format, &rc))
        return rc;
    generate.batch_id = view->batch_id;
    rc = generated_fetch(self, &generate.base, options, &made);
    if (rc != CLI_DONE)
        return rc;
    if (options->out != NULL)
        fprintf(stderr, "%s written to %s\n", print_plural(self->arena, made->rows, "row", "rows"),
                print_clean(self->arena, options->out));
    if (view->fix_errors && view->outcome[0] == 0)
        cli_note(self, "%s still waits: these rows are wrong, not rejected yet", view->batch_id);
    return rc;
}

static const cli_option REJECTED_OPTIONS[] = {
    {"output", 'o', "FILE", "write it there (default: standard output); .csv or .xlsx says the format", CLI_TEXT,
     offsetof(generated_options, out)},
    {"format", 0, "FORMAT", "csv (default), or xlsx: wrong cells coloured, with notes and drop-downs", CLI_TEXT,
     offsetof(generated_options, format)},
    {"force", 'f', NULL, "write over a file that is there", CLI_FLAG, offsetof(generated_options, force)},
    {0},
};

const cli_command batch_rejected_command = {
    .name = "batch rejected",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "The rows that did not get in, with reasons, as CSV or XLSX, to correct and send again",
    .text =
        "Columns: row (the entry's number), the template's columns, reason. While a batch waits for corrections these "
        "are the rows that are wrong; correct them in the file, leave the numbers as they are, and give it to muster "
        "batch fix ID --rows FILE. A workbook has at most 100,000 rows, CSV any number. Cells that a spreadsheet "
        "would take for a formula get an apostrophe in CSV.",
    .options = REJECTED_OPTIONS,
    .options_size = sizeof(generated_options),
    .run = run_rejected,
};
