/* batch_create.c - muster batch create and upload, muster directory import: a file becomes a batch. */
#include "batch.h"
#include "commands.h"
#include "print.h"
#include "upload.h"

#include "broker/lib/clock.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct create_options {
    const char *template_name, *name, *date;
    cli_list options, mapping, repairs;
    bool dry_run, wait;
} create_options;

/* A8: today, or any day before it; "2026-02-30" is none. */
static int
date_of(cli *self, const char *given, char date[11])
{
    struct tm tm = {0};
    time_t now = time(NULL);
    if (given == NULL) {
        localtime_r(&now, &tm);
        strftime(date, 11, "%Y-%m-%d", &tm);
        return CLI_DONE;
    }
    const char *end = strptime(given, "%Y-%m-%d", &tm);
    struct tm same = tm;
    if (end == NULL || *end != 0 || strlen(given) != 10 || timegm(&same) == -1 || same.tm_mday != tm.tm_mday)
        return cli_misused(self, "dates are written YYYY-MM-DD, for example 2026-11-21", "--date: \"%s\" is no date",
                           given);
    char today[11];
    localtime_r(&now, &tm);
    strftime(today, sizeof today, "%Y-%m-%d", &tm);
    if (strcmp(given, today) > 0)
        return cli_misused(self, "it is the date when the entries were submitted: today or before",
                           "--date: %s is still to come", given);
    memcpy(date, given, 11);
    return CLI_DONE;
}

/* "E-Mail Address=email" */
static int
mapping_of(cli *self, const cli_list *given, Muster__V1__CreateBatch *create)
{
    create->mapping = mst_arena_alloc(self->arena, (given->count + 1) * sizeof *create->mapping);
    for (size_t i = 0; i < given->count; i++) {
        const char *equals = strrchr(given->items[i], '=');
        if (equals == NULL || equals == given->items[i])
            return cli_misused(self, "--map \"E-Mail Address=email\"; nothing behind the = leaves the column out",
                               "--map: \"%s\" is no COLUMN=FIELD", given->items[i]);
        Muster__V1__ColumnChoice *choice = mst_arena_alloc(self->arena, sizeof *choice);
        *choice = (Muster__V1__ColumnChoice)MUSTER__V1__COLUMN_CHOICE__INIT;
        choice->header = mst_arena_strndup(self->arena, given->items[i], (size_t)(equals - given->items[i]));
        choice->field = mst_arena_strdup(self->arena, equals + 1);
        create->mapping[create->n_mapping++] = choice;
    }
    return CLI_DONE;
}

/* The file's name without its ending: what a person would call it. */
static const char *
name_of(cli *self, const upload_file *upload)
{
    const char *dot = strrchr(upload->name, '.');
    size_t size = dot == NULL ? strlen(upload->name) : (size_t)(dot - upload->name);
    return size == 0 ? upload->name : mst_arena_strndup(self->arena, upload->name, size);
}

static void
warn_same_file(cli *self, const Muster__V1__BatchView *view)
{
    if (view->n_same_file_as > 0)
        cli_note(
            self,
            "the same file was uploaded before, as %s; muster batch cancel %s stops this one if that was not meant",
            batch_same_file(self->arena, view), view->batch_id);
}

/* An import whose column "id" is left out makes new records of the same rows each time. */
static void
warn_no_ids(cli *self, const Muster__V1__BatchView *view)
{
    for (size_t i = 0; view->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT && i < view->n_warnings; i++)
        if (strstr(view->warnings[i], "\"id\" is not known") != NULL)
            cli_note(self,
                     "the records got ids of their own; --id id takes those of the file, and a second import then "
                     "updates the same records instead of making them again");
}

/* An import of the wrong file is written before anybody has looked at it. */
static void
warn_little_understood(cli *self, const Muster__V1__BatchView *view)
{
    if (view->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT && view->n_warnings > 0 &&
        strncmp(view->warnings[0], "Only ", 5) == 0)
        fprintf(stderr, "muster: warning: %s\n", print_clean(self->arena, view->warnings[0]));
}

/* Uploads, watches if asked, and prints the batch. */
static int
send_and_watch(cli *self, const upload_file *upload, const char *batch_id, bool wait)
{
    progress_view progress;
    int rc;
    int64_t began_us = mst_clock_monotonic_us();
    progress_open(&progress, !print_terminal(stderr) || upload->size < 4 * UPLOAD_RANGE_SIZE);
    const Muster__V1__BatchView *view = upload_send(self, upload, batch_id, &progress, &rc);
    progress_close(&progress);
    if (view == NULL)
        return rc;
    warn_same_file(self, view);
    if (!self->json)
        printf("%s: %s uploaded in %s\n", batch_id, print_size(self->arena, upload->size),
               print_duration(self->arena, (mst_clock_monotonic_us() - began_us) / 1000));
    if (wait) {
        fflush(stdout);
        rc = batch_watch(self, batch_id, false, &view);
        if (view == NULL)
            return rc;
        warn_no_ids(self, view);
        warn_little_understood(self, view);
    }
    if (self->json)
        batch_print_json(view);
    else if (wait)
        batch_print(self, view);
    else
        printf("  it goes on by itself; muster batch wait %s watches it\n", batch_id);
    return rc;
}

/* Creates the batch and sends the file. */
static int
create_and_send(cli *self, const upload_file *upload, Muster__V1__CreateBatch *create, bool wait)
{
    uint8_t id[MST_ID_SIZE];
    int rc;
    mst_random(id, sizeof id); // once: a retry of the same command makes no second batch
    create->file_name = (char *)upload->name;
    const Muster__V1__BatchView *view =
        cli_call(self, "ingestion", "", &create->base, id, &muster__v1__batch_view__descriptor, &rc);
    if (view == NULL)
        return rc;
    const char *batch_id = view->batch_id;
    if (!self->json)
        printf("%s: created, \"%s\"%s\n", batch_id, print_clean(self->arena, view->name),
               view->dry_run ? ", a dry run: nothing will be written" : "");
    return send_and_watch(self, upload, batch_id, wait);
}

static int
run_create(cli *self, const void *given)
{
    const create_options *options = given;
    if (options->template_name == NULL)
        return cli_misused(self, "muster template list shows them", "which template? --template NAME is needed");
    char date[11];
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    int rc = date_of(self, options->date, date);
    if (rc == CLI_DONE)
        rc = mapping_of(self, &options->mapping, &create);
    upload_file upload;
    if (rc != CLI_DONE || (rc = upload_open(self, self->args[0], &upload)) != CLI_DONE)
        return rc;
    create.name = (char *)(options->name == NULL ? name_of(self, &upload) : options->name);
    create.batch_date = date;
    create.template_name = (char *)options->template_name;
    create.n_options = options->options.count;
    create.options = (char **)options->options.items;
    create.n_repairs = options->repairs.count;
    create.repairs = (char **)options->repairs.items;
    create.dry_run = options->dry_run;
    create.purpose = MUSTER__V1__PURPOSE__PURPOSE_BATCH;
    rc = create_and_send(self, &upload, &create, options->wait);
    upload_close(&upload);
    return rc;
}

static const cli_option CREATE_OPTIONS[] = {
    {"template", 't', "NAME", "what the columns mean (muster template list)", CLI_TEXT,
     offsetof(create_options, template_name)},
    {"name", 'n', "NAME", "a name for people (default: the file's)", CLI_TEXT, offsetof(create_options, name)},
    {"date", 0, "YYYY-MM-DD", "when the entries were submitted (default: today)", CLI_TEXT,
     offsetof(create_options, date)},
    {"option", 0, "NAME", "an option of the template, on; may be given several times", CLI_LIST,
     offsetof(create_options, options)},
    {"map", 0, "COLUMN=FIELD", "this column is that field; may be given several times", CLI_LIST,
     offsetof(create_options, mapping)},
    {"repair", 0, "NAME", "mend this damage (muster read FILE --template NAME names it); may be given several times",
     CLI_LIST, offsetof(create_options, repairs)},
    {"dry-run", 0, NULL, "only find out what would happen: nobody is asked, nothing is written", CLI_FLAG,
     offsetof(create_options, dry_run)},
    {"wait", 'w', NULL, "watch it until it is complete or waits for a person", CLI_FLAG,
     offsetof(create_options, wait)},
    {0},
};

const cli_command batch_create_command = {
    .name = "batch create",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Upload a CSV file or workbook (.xlsx) of people as a new batch",
    .text =
        "The batch goes on by itself once the file is uploaded. With --wait the exit code is 0 when it is complete or "
        "waits for a person (\"waits_for_person\" in JSON), 1 when it failed.",
    .options = CREATE_OPTIONS,
    .options_size = sizeof(create_options),
    .run = run_create,
};

/* batch upload ------------------------------------------------------------------------------------- */

typedef struct upload_options {
    bool wait;
} upload_options;

static int
run_upload(cli *self, const void *given)
{
    const upload_options *options = given;
    upload_file upload;
    int rc;
    if (!batch_id_ok(self, self->args[0], &rc) || (rc = upload_open(self, self->args[1], &upload)) != CLI_DONE)
        return rc;
    rc = send_and_watch(self, &upload, self->args[0], options->wait);
    upload_close(&upload);
    return rc;
}

static const cli_option UPLOAD_OPTIONS[] = {
    {"wait", 'w', NULL, "watch it until it is complete or waits for a person", CLI_FLAG,
     offsetof(upload_options, wait)},
    {0},
};

const cli_command batch_upload_command = {
    .name = "batch upload",
    .args = "ID FILE",
    .args_min = 2,
    .args_max = 2,
    .summary = "Go on with an upload that was interrupted",
    .text = "What has arrived already is not sent again, if it is the same file.",
    .options = UPLOAD_OPTIONS,
    .options_size = sizeof(upload_options),
    .run = run_upload,
};

/* directory import --------------------------------------------------------------------------------- */

typedef struct import_options {
    const char *kind, *id_column;
    cli_list mapping;
    bool no_wait;
} import_options;

static int
run_import(cli *self, const void *given)
{
    const import_options *options = given;
    if (options->kind == NULL)
        return cli_misused(self, "muster directory show lists the kinds", "into which kind? --kind NAME is needed");
    char date[11];
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    upload_file upload;
    int rc = date_of(self, NULL, date);
    if (rc == CLI_DONE)
        rc = mapping_of(self, &options->mapping, &create);
    if (rc != CLI_DONE || (rc = upload_open(self, self->args[0], &upload)) != CLI_DONE)
        return rc;
    create.name = mst_arena_printf(self->arena, "import of %s", upload.name);
    create.batch_date = date;
    create.purpose = MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    create.kind = (char *)options->kind;
    create.id_column = (char *)(options->id_column == NULL ? "" : options->id_column);
    rc = create_and_send(self, &upload, &create, !options->no_wait);
    upload_close(&upload);
    return rc;
}

static const cli_option IMPORT_OPTIONS[] = {
    {"kind", 'k', "NAME", "what the rows are, for example person", CLI_TEXT, offsetof(import_options, kind)},
    {"id", 0, "COLUMN", "the column with the record's id (default: the kind's primary key, else ids are made)",
     CLI_TEXT, offsetof(import_options, id_column)},
    {"map", 0, "COLUMN=FIELD", "this column is that field; may be given several times", CLI_LIST,
     offsetof(import_options, mapping)},
    {"no-wait", 0, NULL, "return when the file is uploaded", CLI_FLAG, offsetof(import_options, no_wait)},
    {0},
};

const cli_command directory_import_command = {
    .name = "directory import",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Fill the directory from a CSV file or workbook as it is: no matching, no questions",
    .text = "A record whose id (--id) is in the directory already is updated, any other is created. For files that may "
            "hold people whom the directory knows without their id, use muster batch create.",
    .options = IMPORT_OPTIONS,
    .options_size = sizeof(import_options),
    .run = run_import,
};
