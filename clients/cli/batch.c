/* batch.c - see batch.h; and muster batch list, show, cancel. */
#include "batch.h"

#include "broker/lib/clock.h"
#include "commands.h"
#include "document.h"
#include "print.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
batch_state_title(Muster__V1__BatchState state)
{
    static const char *const TITLES[] = {
        "Unknown",
        "Ready For File Upload",
        "Auto Reading Entries",
        "Checking For Discrepancies",
        "Await Discrepancy Verification",
        "Exporting Data",
        "Complete",
    };
    return (unsigned)state < sizeof TITLES / sizeof TITLES[0] ? TITLES[state] : TITLES[0];
}

bool
batch_id_ok(cli *self, const char *id, int *exit_code)
{
    *exit_code = CLI_DONE;
    if (id[0] == 'B' && id[1] >= '1' && id[1] <= '9' && strspn(id + 1, "0123456789") == strlen(id + 1) &&
        strlen(id) <= 12)
        return true;
    *exit_code = cli_misused(self, "ids look like B7; muster batch list shows them", "\"%s\" is no batch", id);
    return false;
}

const Muster__V1__BatchView *
batch_fetch(cli *self, mst_arena *arena, const char *id, int *exit_code)
{
    if (!batch_id_ok(self, id, exit_code))
        return NULL;
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    show.batch_id = (char *)id;
    return cli_call_in(self, arena, "ingestion", id, &show.base, NULL, &muster__v1__batch_view__descriptor, exit_code);
}

const Muster__V1__TemplateView *
batch_template(cli *self, const Muster__V1__BatchView *view)
{
    mst_answer answer = {0};
    Muster__V1__ShowTemplate show = MUSTER__V1__SHOW_TEMPLATE__INIT;
    if (view->template_name[0] == 0)
        return NULL;
    show.name = view->template_name;
    show.version = view->template_version;
    mst_status rc = mst_link_call(self->link, "ingestion", "", &show.base, NULL, &muster__v1__template_view__descriptor,
                                  2000, self->arena, &answer);
    return rc == MST_OK ? (const Muster__V1__TemplateView *)answer.message : NULL;
}

static bool
ended(const Muster__V1__BatchView *view)
{
    return view->state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE || strcmp(view->outcome, "failed") == 0 ||
           strcmp(view->outcome, "cancelled") == 0;
}

bool
batch_waits(mst_arena *arena, const Muster__V1__BatchView *view, const char **what)
{
    *what = NULL;
    if (ended(view))
        return false;
    if (view->state == MUSTER__V1__BATCH_STATE__STATE_READY_FOR_FILE_UPLOAD)
        *what = mst_arena_printf(arena, "waits for its file: muster batch upload %s FILE", view->batch_id);
    else if (view->fix_errors && !view->taking_corrections)
        *what = mst_arena_printf(arena,
                                 "has %s with wrong values: muster batch errors %s lists them; "
                                 "muster batch fix %s corrects them, with --without-bad-rows it goes on without them",
                                 print_plural(arena, view->rows_wrong, "row", "rows"), view->batch_id, view->batch_id);
    else if (view->state == MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION &&
             view->discrepancies_open > 0)
        *what = mst_arena_printf(arena,
                                 "has %s for a person: muster batch discrepancies %s shows them, muster batch "
                                 "resolve %s decides",
                                 print_plural(arena, view->discrepancies_open, "question", "questions"), view->batch_id,
                                 view->batch_id);
    return *what != NULL;
}

const char *
batch_same_file(mst_arena *arena, const Muster__V1__BatchView *view)
{
    char *text = "";
    for (size_t i = 0; i < view->n_same_file_as && i < 5; i++)
        text = mst_arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", view->same_file_as[i]);
    return view->n_same_file_as <= 5 ? text : mst_arena_printf(arena, "%s and others", text);
}

bool
batch_rests(const Muster__V1__BatchView *view)
{
    mst_arena *arena = mst_arena_new(0);
    const char *what;
    bool rests = ended(view) || batch_waits(arena, view, &what);
    mst_arena_destroy(&arena);
    return rests;
}

static void line(const char *label, const char *format, ...) MST_PRINTF(2, 3);

static void
line(const char *label, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("  %-11s ", label);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static void
print_corrected(cli *self, const Muster__V1__BatchView *view)
{
    mst_arena *arena = self->arena;
    if (view->left_out > 0)
        line("left out", "%s", print_plural(arena, view->left_out, "row", "rows"));
    if (view->generation > 1)
        line("reading", "%u: with what was corrected", view->generation);
    for (size_t i = 0; i < view->n_rules; i++)
        line("by rule", "%s (muster rules list)", print_clean(arena, view->rules[i]));
}

static void
print_rows(cli *self, const Muster__V1__BatchView *view)
{
    mst_arena *arena = self->arena;
    if (view->state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE) {
        uint64_t received = (uint64_t)view->created + view->updated + view->unchanged + view->skipped + view->rejected;
        line("rows", "%s received = %s created + %s updated + %s unchanged + %s skipped + %s rejected%s",
             print_count(arena, received), print_count(arena, view->created), print_count(arena, view->updated),
             print_count(arena, view->unchanged), print_count(arena, view->skipped), print_count(arena, view->rejected),
             view->dry_run ? " (a dry run: nothing was written)" : "");
        return;
    }
    if (view->rows_read > 0)
        line("rows", "%s read%s, %s wrong, %s matched, %s exported", print_count(arena, view->rows_read),
             view->rows_total == 0 ? " so far" : "", print_count(arena, view->rows_wrong),
             print_count(arena, view->rows_matched), print_count(arena, view->rows_exported));
    if (view->checking)
        line("checking", "values are compared with the directory");
    if (view->discrepancies > 0)
        line("questions", "%s, %s open", print_count(arena, view->discrepancies),
             print_count(arena, view->discrepancies_open));
}

void
batch_print(cli *self, const Muster__V1__BatchView *view)
{
    mst_arena *arena = self->arena;
    const char *what;
    printf("%s  %s%s%s%s\n", view->batch_id, batch_state_title(view->state),
           view->fix_errors && !ended(view) ? ", Fix Errors" : "", view->outcome[0] != 0 ? " - " : "", view->outcome);
    line("name", "%s", print_clean(arena, view->name));
    if (view->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT)
        line("import", "into %s", print_clean(arena, view->kind));
    else
        line("template", "%s, version %u", print_clean(arena, view->template_name), view->template_version);
    line("date", "%s, created %s by %s", print_clean(arena, view->batch_date), print_time(arena, view->created_at_ms),
         print_clean(arena, view->operator_));
    if (view->n_options > 0) {
        printf("  %-11s", "options");
        for (size_t i = 0; i < view->n_options; i++)
            printf(" %s", print_clean(arena, view->options[i]));
        putchar('\n');
    }
    if (view->file_size > 0)
        line("file", "%s, %s", print_clean(arena, view->file_name), print_size(arena, view->file_size));
    if (view->n_same_file_as > 0)
        line("same file", "as %s", batch_same_file(arena, view));
    print_rows(self, view);
    print_corrected(self, view);
    for (size_t i = 0; i < view->n_warnings; i++)
        line("note", "%s", print_clean(arena, view->warnings[i]));
    if (view->completed_at_ms > 0)
        line("took", "%s", print_duration(arena, view->completed_at_ms - view->created_at_ms));
    if (view->notice[0] != 0)
        line("not taken", "%s", print_clean(arena, view->notice));
    if (view->failure[0] != 0)
        line("failed", "%s", print_clean(arena, view->failure));
    if (batch_waits(arena, view, &what))
        line("to do", "%s", what);
}

static json_t *
view_document(const Muster__V1__BatchView *view)
{
    mst_arena *arena = mst_arena_new(0);
    const char *what;
    json_t *document = document_of(&view->base);
    json_object_set_new(document, "waits_for_person", json_boolean(batch_waits(arena, view, &what)));
    mst_arena_destroy(&arena);
    return document;
}

void
batch_print_json(const Muster__V1__BatchView *view)
{
    document_print(view_document(view));
}

/* batch show --------------------------------------------------------------------------------------- */

static int
run_show(cli *self, const void *given)
{
    (void)given;
    int rc;
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL)
        return rc;
    if (self->json)
        batch_print_json(view);
    else
        batch_print(self, view);
    return CLI_DONE;
}

const cli_command batch_show_command = {
    .name = "batch show",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Where a batch stands, what it did and what it waits for",
    .run = run_show,
};

/* batch list --------------------------------------------------------------------------------------- */

#define LIST_PAGE 200u /* batches asked for at a time */

typedef struct list_options {
    bool imports, mine, in_progress, complete;
    uint64_t max;
} list_options;

/* Whether the list is to have it; `user`: whose, NULL everybody's. */
static bool
is_wanted(const list_options *options, const char *user, const Muster__V1__BatchView *view)
{
    return (user == NULL || strcmp(view->operator_, user) == 0) && (!options->in_progress || !ended(view)) &&
           (!options->complete || ended(view));
}

static const char *
rows_text(mst_arena *arena, const Muster__V1__BatchView *view)
{
    uint32_t rows = view->rows_total > 0 ? view->rows_total : view->rows_read;
    return rows == 0 ? "" : print_count(arena, rows);
}

static void
list_cells(mst_arena *arena, print_table *table, const Muster__V1__BatchView *view)
{
    print_table_cell(table, view->batch_id);
    print_table_cell(table, print_cut(arena, view->name, 32));
    print_table_cell(table, view->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT
                                ? mst_arena_printf(arena, "import: %s", view->kind)
                                : view->template_name);
    print_table_cell(table, view->batch_date);
    print_table_cell(table, mst_arena_printf(arena, "%s%s", batch_state_title(view->state),
                                             view->fix_errors && view->outcome[0] == 0 ? ", Fix Errors" : ""));
    print_table_cell(table, view->outcome);
    print_table_cell(table, rows_text(arena, view));
    print_table_cell(table, view->discrepancies_open > 0 ? print_count(arena, view->discrepancies_open) : "");
    print_table_cell(table, view->operator_);
    print_table_cell(table, print_cut(arena, view->file_name, 40));
}

static void
print_none(const list_options *options)
{
    if (options->mine || options->in_progress || options->complete)
        printf("no %s%s%s\n", options->imports ? "imports" : "batches", options->mine ? " of yours" : "",
               options->in_progress ? " in progress"
               : options->complete  ? " complete"
                                    : "");
    else
        printf("no %s yet; muster %s makes one\n", options->imports ? "imports" : "batches",
               options->imports ? "directory import FILE.csv --kind person"
                                : "batch create FILE.csv --template connect-card");
}

static int
run_list(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {"<ID",   "<NAME",      "<TEMPLATE", "<DATE", "<STATE", "<OUTCOME",
                                           ">ROWS", ">QUESTIONS", "<OPERATOR", "<FILE", NULL};
    const list_options *options = given;
    const struct passwd *entry = options->mine ? getpwuid(geteuid()) : NULL;
    const char *user = entry == NULL ? options->mine ? "" : NULL : entry->pw_name, *after = "";
    uint64_t shown = 0, max = cli_max(self, options->max);
    bool all = !options->mine && !options->in_progress && !options->complete;
    if (options->in_progress && options->complete)
        return cli_misused(self, "leave both away for all batches", "in progress or complete?");
    print_table *table = print_table_new(self->arena, HEADINGS);
    while (shown < max) {
        int rc;
        Muster__V1__ListBatches list = MUSTER__V1__LIST_BATCHES__INIT;
        list.imports = options->imports;
        list.after = (char *)after;
        list.max = max - shown < LIST_PAGE && all ? (uint32_t)(max - shown) : LIST_PAGE;
        const Muster__V1__BatchList *page =
            cli_call(self, "ingestion", "", &list.base, NULL, &muster__v1__batch_list__descriptor, &rc);
        if (page == NULL)
            return rc;
        for (size_t i = 0; i < page->n_batches && shown < max; i++) {
            const Muster__V1__BatchView *view = page->batches[i];
            if (!is_wanted(options, user, view))
                continue;
            if (self->json)
                document_line(view_document(view));
            else
                list_cells(self->arena, table, view);
            shown++;
        }
        if (page->n_batches < list.max)
            break;
        after = page->batches[page->n_batches - 1]->batch_id;
    }
    if (self->json)
        return CLI_DONE;
    if (shown == 0)
        print_none(options);
    else
        print_table_print(table, stdout);
    return CLI_DONE;
}

static const cli_option LIST_OPTIONS[] = {
    {"imports", 0, NULL, "imports into the directory instead", CLI_FLAG, offsetof(list_options, imports)},
    {"mine", 0, NULL, "only those that I created", CLI_FLAG, offsetof(list_options, mine)},
    {"in-progress", 0, NULL, "only those that run or wait for a person", CLI_FLAG, offsetof(list_options, in_progress)},
    {"complete", 0, NULL, "only those that have ended; cancelled and failed ones, too", CLI_FLAG,
     offsetof(list_options, complete)},
    {"max", 'n', "N", "at most so many, newest first (0 all; default 50, with --json all)", CLI_NUMBER,
     offsetof(list_options, max)},
    {0},
};

static const list_options LIST_DEFAULTS = {.max = CLI_MAX_UNSET};

const cli_command batch_list_command = {
    .name = "batch list",
    .summary = "Batches and their states, newest first",
    .text = "With --json one document a line.",
    .options = LIST_OPTIONS,
    .options_size = sizeof(list_options),
    .defaults = &LIST_DEFAULTS,
    .run = run_list,
};

/* batch cancel ------------------------------------------------------------------------------------- */

typedef struct cancel_options {
    const char *reason;
} cancel_options;

static int
run_cancel(cli *self, const void *given)
{
    const cancel_options *options = given;
    int rc;
    uint8_t id[MST_ID_SIZE];
    if (!batch_id_ok(self, self->args[0], &rc))
        return rc;
    mst_random(id, sizeof id);
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    cancel.batch_id = (char *)self->args[0];
    cancel.reason = (char *)(options->reason == NULL ? "" : options->reason);
    const Muster__V1__BatchView *view =
        cli_call(self, "ingestion", self->args[0], &cancel.base, id, &muster__v1__batch_view__descriptor, &rc);
    if (view == NULL)
        return rc;
    if (self->json)
        batch_print_json(view);
    else
        printf("%s is cancelled; nothing of it was written to the directory\n", view->batch_id);
    return CLI_DONE;
}

static const cli_option CANCEL_OPTIONS[] = {
    {"reason", 0, "TEXT", "why, for those who look later", CLI_TEXT, offsetof(cancel_options, reason)},
    {0},
};

const cli_command batch_cancel_command = {
    .name = "batch cancel",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Stop a batch before it is exported; nothing of it is written",
    .options = CANCEL_OPTIONS,
    .options_size = sizeof(cancel_options),
    .run = run_cancel,
};
