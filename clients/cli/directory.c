/* directory.c - muster directory: what is in the system of record. */
#include "broker/lib/csvcell.h"
#include "commands.h"
#include "document.h"
#include "export.pb-c.h"
#include "print.h"
#include "textfile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SCAN_PAGE 1000u /* records asked for at a time */

static void
print_kinds(cli *self, const Muster__V1__DirectoryView *view)
{
    static const char *const HEADINGS[] = {"<KIND", "<TITLE", ">RECORDS", "<FIELDS", NULL};
    if (view->n_kinds == 0) {
        printf("the directory is not declared yet; muster directory declare PACKAGE.json does that\n");
        return;
    }
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < view->n_kinds; i++) {
        const Muster__V1__Kind *kind = view->kinds[i];
        char *fields = "";
        for (size_t j = 0; j < kind->n_fields; j++)
            fields = mst_arena_printf(self->arena, "%s%s%s", fields, j > 0 ? " " : "", kind->fields[j]->name);
        print_table_cell(table, kind->name);
        print_table_cell(table, kind->title);
        print_table_cell(table, print_count(self->arena, i < view->n_records ? view->records[i] : 0));
        print_table_cell(table, fields);
    }
    print_table_print(table, stdout);
}

static const Muster__V1__DirectoryView *
fetch_directory(cli *self, int *rc)
{
    Muster__V1__ShowDirectory show = MUSTER__V1__SHOW_DIRECTORY__INIT;
    return cli_call(self, "export", "", &show.base, NULL, &muster__v1__directory_view__descriptor, rc);
}

static int
run_show(cli *self, const void *given)
{
    (void)given;
    int rc;
    const Muster__V1__DirectoryView *view = fetch_directory(self, &rc);
    if (view != NULL && self->json)
        document_print(document_of(&view->base));
    else if (view != NULL)
        print_kinds(self, view);
    return rc;
}

const cli_command directory_show_command = {
    .name = "directory show",
    .summary = "The kinds of records, their fields and how many there are",
    .run = run_show,
};

/* directory declare -------------------------------------------------------------------------------- */

static int
run_declare(cli *self, const void *given)
{
    (void)given;
    int rc;
    uint8_t id[MST_ID_SIZE];
    char *source = textfile_read(self, self->args[0], &rc);
    if (source == NULL)
        return rc;
    mst_random(id, sizeof id);
    Muster__V1__DeclareDirectory declare = MUSTER__V1__DECLARE_DIRECTORY__INIT;
    declare.source = source;
    const Muster__V1__DirectoryView *view =
        cli_call(self, "export", "", &declare.base, id, &muster__v1__directory_view__descriptor, &rc);
    if (view != NULL && self->json)
        document_print(document_of(&view->base));
    else if (view != NULL)
        print_kinds(self, view);
    for (size_t i = 0; view != NULL && i < view->n_warnings; i++)
        fprintf(stderr, "muster: warning: %s\n", print_clean(self->arena, view->warnings[i]));
    return rc;
}

const cli_command directory_declare_command = {
    .name = "directory declare",
    .args = "PACKAGE.json",
    .args_min = 1,
    .args_max = 1,
    .summary = "Say what kinds of records there are (a Frictionless Data Package)",
    .text = "A kind of the same name is replaced; its records stay. Templates that do not fit any more are named.",
    .run = run_declare,
};

/* directory find, history, export ------------------------------------------------------------------ */

typedef struct records_options {
    const char *kind, *out, *format;
    uint64_t max;
    bool raw;
} records_options;

static json_t *
record_document(const Muster__V1__RecordList *list, const Muster__V1__Record *record)
{
    json_t *values = json_object();
    for (size_t i = 0; i < list->n_fields && i < record->n_values; i++)
        json_object_set_new(values, list->fields[i], json_string(record->values[i]));
    return json_pack("{s:s, s:s, s:i, s:o, s:s, s:I, s:b}", "kind", list->kind, "id", record->id, "version",
                     (int)record->version, "values", values, "batch_id", record->batch_id, "seq",
                     (json_int_t)record->seq, "deleted", (int)record->deleted);
}

static void
print_record(cli *self, const Muster__V1__RecordList *list, const Muster__V1__Record *record,
             const Muster__V1__Record *older)
{
    printf("%s  version %u, by %s%s\n", print_clean(self->arena, record->id), record->version,
           record->batch_id[0] != 0 ? record->batch_id : "-", record->deleted ? ", deleted" : "");
    for (size_t i = 0; i < list->n_fields && i < record->n_values; i++) {
        const char *value = record->values[i], *before = older != NULL && i < older->n_values ? older->values[i] : "";
        bool changed = older != NULL && strcmp(value, before) != 0;
        if (older != NULL ? !changed : value[0] == 0)
            continue;
        printf("  %-20s %s", print_clean(self->arena, list->fields[i]), print_clean(self->arena, value));
        if (changed)
            printf("%s(was: %s)", value[0] != 0 ? "  " : "",
                   before[0] != 0 ? print_clean(self->arena, before) : "empty");
        putchar('\n');
    }
}

static int
run_find(cli *self, const void *given)
{
    const records_options *options = given;
    int rc;
    char *text = "";
    for (size_t i = 0; i < self->args_count; i++)
        text = mst_arena_printf(self->arena, "%s%s%s", text, i > 0 ? " " : "", self->args[i]);
    Muster__V1__FindRecords find = MUSTER__V1__FIND_RECORDS__INIT;
    find.kind = (char *)options->kind;
    find.text = text;
    find.max = (uint32_t)options->max;
    const Muster__V1__RecordList *list =
        cli_call(self, "export", "", &find.base, NULL, &muster__v1__record_list__descriptor, &rc);
    if (list == NULL)
        return rc;
    for (size_t i = 0; i < list->n_records; i++)
        if (self->json)
            document_line(record_document(list, list->records[i]));
        else
            print_record(self, list, list->records[i], NULL);
    if (!self->json && list->n_records == 0)
        printf("nobody: every word must occur in the record\n");
    if (list->more)
        cli_note(self, "there are more; add a word, or --max");
    return CLI_DONE;
}

static const cli_option FIND_OPTIONS[] = {
    {"kind", 'k', "NAME", "which kind (default person)", CLI_TEXT, offsetof(records_options, kind)},
    {"max", 'n', "N", "at most so many (default 20)", CLI_NUMBER, offsetof(records_options, max)},
    {0},
};

static const records_options RECORDS_DEFAULTS = {.kind = "person", .max = 20, .format = "csv"};

const cli_command directory_find_command = {
    .name = "directory find",
    .args = "WORD...",
    .args_min = 1,
    .args_max = 16,
    .summary = "Records in which all words occur",
    .text = "With --json one record a line.",
    .options = FIND_OPTIONS,
    .options_size = sizeof(records_options),
    .defaults = &RECORDS_DEFAULTS,
    .run = run_find,
};

static int
run_history(cli *self, const void *given)
{
    const records_options *options = given;
    int rc;
    Muster__V1__GetRecord get = MUSTER__V1__GET_RECORD__INIT;
    get.kind = (char *)options->kind;
    get.id = (char *)self->args[0];
    get.history = true;
    const Muster__V1__RecordList *list =
        cli_call(self, "export", "", &get.base, NULL, &muster__v1__record_list__descriptor, &rc);
    if (list == NULL)
        return rc;
    for (size_t i = 0; i < list->n_records; i++)
        if (self->json)
            document_line(record_document(list, list->records[i]));
        else
            print_record(self, list, list->records[i], i + 1 < list->n_records ? list->records[i + 1] : NULL);
    return CLI_DONE;
}

static const cli_option HISTORY_OPTIONS[] = {
    {"kind", 'k', "NAME", "which kind (default person)", CLI_TEXT, offsetof(records_options, kind)},
    {0},
};

const cli_command directory_history_command = {
    .name = "directory history",
    .args = "RECORD",
    .args_min = 1,
    .args_max = 1,
    .summary = "All versions of a record, newest first, and which batch made them",
    .text = "With --json one version a line, newest first.",
    .options = HISTORY_OPTIONS,
    .options_size = sizeof(records_options),
    .defaults = &RECORDS_DEFAULTS,
    .run = run_history,
};

static void
export_page(const Muster__V1__RecordList *list, const records_options *options, bool header, FILE *out)
{
    bool guard = !options->raw;
    if (header) {
        fputs("id", out);
        for (size_t i = 0; i < list->n_fields; i++) {
            putc(',', out);
            mst_csv_cell(out, list->fields[i], strlen(list->fields[i]), guard);
        }
        fputs("\n", out);
    }
    for (size_t i = 0; i < list->n_records; i++) {
        const Muster__V1__Record *record = list->records[i];
        if (record->deleted)
            continue;
        mst_csv_cell(out, record->id, strlen(record->id), guard);
        for (size_t j = 0; j < list->n_fields; j++) {
            putc(',', out);
            if (j < record->n_values)
                mst_csv_cell(out, record->values[j], strlen(record->values[j]), guard);
        }
        fputs("\n", out);
    }
}

static int
export_records(cli *self, const records_options *options, FILE *out, uint64_t *count)
{
    mst_arena *page = mst_arena_new(0);
    char *after = "";
    bool more = true, first = true, json = self->json || strcmp(options->format, "json") == 0;
    int rc = CLI_DONE;
    while (more && rc == CLI_DONE) {
        Muster__V1__ScanRecords scan = MUSTER__V1__SCAN_RECORDS__INIT;
        scan.kind = (char *)options->kind;
        scan.after_id = after;
        scan.max = SCAN_PAGE;
        const Muster__V1__RecordList *list =
            cli_call_in(self, page, "export", "", &scan.base, NULL, &muster__v1__record_list__descriptor, &rc);
        if (list == NULL)
            break;
        for (size_t i = 0; json && i < list->n_records; i++) {
            json_t *document = record_document(list, list->records[i]);
            json_dumpf(document, out, JSON_COMPACT);
            putc('\n', out);
            json_decref(document);
        }
        if (!json)
            export_page(list, options, first, out);
        first = false;
        *count += list->n_records;
        more = list->more && list->n_records > 0;
        // Kept beside the page's arena, which is about to be emptied.
        char last[1024] = "";
        if (more)
            snprintf(last, sizeof last, "%s", list->records[list->n_records - 1]->id);
        mst_arena_reset(page);
        after = mst_arena_strdup(page, last);
    }
    mst_arena_destroy(&page);
    return rc;
}

static int
run_export(cli *self, const void *given)
{
    const records_options *options = given;
    if (strcmp(options->format, "csv") != 0 && strcmp(options->format, "json") != 0)
        return cli_misused(self, "formats are csv and json", "--format: \"%s\" is not known", options->format);
    textfile_out out;
    int rc = textfile_create(self, options->out, &out);
    uint64_t count = 0;
    if (rc != CLI_DONE)
        return rc;
    rc = export_records(self, options, out.file, &count);
    rc = textfile_close(self, &out, rc);
    if (rc == CLI_DONE && options->out != NULL)
        fprintf(stderr, "%s written to %s\n", print_plural(self->arena, count, "record", "records"), options->out);
    return rc;
}

static const cli_option EXPORT_OPTIONS[] = {
    {"kind", 'k', "NAME", "which kind (default person)", CLI_TEXT, offsetof(records_options, kind)},
    {"output", 'o', "FILE", "write it there (default: standard output)", CLI_TEXT, offsetof(records_options, out)},
    {"format", 0, "FORMAT", "csv (default), or json: a record a line", CLI_TEXT, offsetof(records_options, format)},
    {"raw", 0, NULL, "do not put an apostrophe before cells that a spreadsheet would take for a formula", CLI_FLAG,
     offsetof(records_options, raw)},
    {0},
};

const cli_command directory_export_command = {
    .name = "directory export",
    .summary = "All records of a kind as CSV, in order of their id",
    .options = EXPORT_OPTIONS,
    .options_size = sizeof(records_options),
    .defaults = &RECORDS_DEFAULTS,
    .run = run_export,
};
