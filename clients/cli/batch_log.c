/* batch_log.c - muster batch log: what happened to a batch, step by step with counts, and entry by entry (B49, B50). */
#include "batch_entries.h"
#include "batch_notes.h"
#include "commands.h"
#include "discrepancy.pb-c.h"
#include "document.h"
#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "print.h"
#include "requests.h"
#include "textfile.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 10000u /* events shown; decisions on rows are counted together before that */

typedef struct log_entry {
    uint64_t seq;
    int64_t at_ms;
    const char *type, *producer, *operator, * text;
} log_entry;

typedef struct timeline {
    cli *self;
    const Muster__V1__TemplateView *titles; /* NULL: fields go by their names */
    log_entry *entries;
    size_t count;
} timeline;

/* What people and remembered rules did about wrong values; NULL: it is none of that. */
static const char *
correction_text(mst_arena *arena, const Muster__V1__TemplateView *titles, const char *type,
                const ProtobufCMessage *body)
{
    if (strcmp(type, "CorrectionMade") == 0) {
        const Muster__V1__CorrectionMade *e = (const void *)body;
        const Muster__V1__Correction *made = e->correction;
        if (made == NULL || made->leave_out || made->n_to == 0 || made->n_from == 0)
            return mst_arena_printf(arena, "%s left out", print_plural(arena, e->rows, "row", "rows"));
        return mst_arena_printf(arena, "%s: %s%s%s", print_plural(arena, e->rows, "row", "rows"),
                                batch_correction_text(arena, titles, made),
                                e->rule_id[0] != 0 ? ", remembered as " : "", e->rule_id);
    }
    if (strcmp(type, "CorrectionsReceived") == 0)
        return ((const Muster__V1__CorrectionsReceived *)body)->file_name;
    if (strcmp(type, "RepairAccepted") == 0)
        return ((const Muster__V1__RepairAccepted *)body)->name;
    if (strcmp(type, "CorrectionsRequested") == 0)
        return print_plural(arena, ((const Muster__V1__CorrectionsRequested *)body)->wrong_rows, "row is wrong",
                            "rows are wrong");
    if (strcmp(type, "CorrectionsFinished") == 0)
        return ((const Muster__V1__CorrectionsFinished *)body)->without_bad_rows ? "what is still wrong is left out"
                                                                                 : "";
    if (strcmp(type, "RulesApplied") == 0) {
        const Muster__V1__RulesApplied *e = (const void *)body;
        const char *text = "";
        for (size_t i = 0; i < e->n_uses && i < 10; i++)
            text = mst_arena_printf(arena, "%s%s%s changed %s", text, i == 0 ? "" : ", ", e->uses[i]->id,
                                    print_plural(arena, e->uses[i]->rows, "row", "rows"));
        return text;
    }
    if (strcmp(type, "RemarksFound") == 0) {
        const Muster__V1__RemarksFound *e = (const void *)body;
        return e->n_remarks == 0 ? "nothing remarkable" : e->remarks[0]->sentence;
    }
    if (strcmp(type, "CheckFinished") == 0)
        return print_plural(arena, ((const Muster__V1__CheckFinished *)body)->wrong_rows,
                            "row does not fit the directory", "rows do not fit the directory");
    return NULL;
}

static const char *
text_of(mst_arena *arena, const Muster__V1__TemplateView *titles, const char *type, const ProtobufCMessage *body)
{
    if (strcmp(type, "BatchCreated") == 0) {
        const Muster__V1__BatchCreated *e = (const void *)body;
        return mst_arena_printf(arena, "\"%s\", %s%s", e->name,
                                e->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT
                                    ? mst_arena_printf(arena, "import into %s", e->kind)
                                    : mst_arena_printf(arena, "%s version %u", e->template_name, e->template_version),
                                e->dry_run ? ", dry run" : "");
    }
    if (strcmp(type, "FileReceived") == 0) {
        const Muster__V1__FileReceived *e = (const void *)body;
        return mst_arena_printf(arena, "%s, %s%s%s", e->file_name, print_size(arena, e->size),
                                e->n_same_file_as > 0 ? ", the same file as " : "",
                                e->n_same_file_as > 0 ? e->same_file_as[0] : "");
    }
    if (strcmp(type, "FileRecognised") == 0) {
        const Muster__V1__FileRecognised *e = (const void *)body;
        const Muster__V1__Dialect *dialect = e->dialect;
        return mst_arena_printf(arena, "%s, delimiter \"%s\", %zu columns", dialect == NULL ? "" : dialect->encoding,
                                dialect == NULL                         ? ""
                                : strcmp(dialect->delimiter, "\t") == 0 ? "TAB"
                                                                        : dialect->delimiter,
                                e->n_columns);
    }
    if (strcmp(type, "WrongValuesFound") == 0) {
        const Muster__V1__WrongValuesFound *e = (const void *)body;
        return print_plural(arena, e->n_values, "different wrong value", "different wrong values");
    }
    if (strcmp(type, "ReadingFinished") == 0) {
        const Muster__V1__ReadingFinished *e = (const void *)body;
        return mst_arena_printf(arena, "%s in %s, %s wrong", print_plural(arena, e->rows, "row", "rows"),
                                print_plural(arena, e->chunks, "chunk", "chunks"), print_count(arena, e->wrong_rows));
    }
    if (strcmp(type, "BadRowsExcluded") == 0)
        return mst_arena_printf(arena, "goes on without %s",
                                print_plural(arena, ((const Muster__V1__BadRowsExcluded *)body)->rows, "row", "rows"));
    const char *corrected = correction_text(arena, titles, type, body);
    if (corrected != NULL)
        return corrected;
    if (strcmp(type, "EntriesAccepted") == 0) {
        const Muster__V1__EntriesAccepted *e = (const void *)body;
        return mst_arena_printf(arena, "%s of %s", print_count(arena, e->accepted),
                                print_plural(arena, e->rows, "row", "rows"));
    }
    if (strcmp(type, "MatchingStarted") == 0) {
        const Muster__V1__MatchingStarted *e = (const void *)body;
        return mst_arena_printf(arena, "against the directory at event %llu, %s of work",
                                (unsigned long long)e->position, print_plural(arena, e->spans, "piece", "pieces"));
    }
    if (strcmp(type, "MatchingFinished") == 0) {
        const Muster__V1__MatchingFinished *e = (const void *)body;
        return mst_arena_printf(arena, "%s matched, %s new, %s for a person, %s rejected",
                                print_count(arena, e->matched), print_count(arena, e->new_rows),
                                print_count(arena, e->discrepancies), print_count(arena, e->rejected));
    }
    if (strcmp(type, "VerificationFinished") == 0) {
        const Muster__V1__VerificationFinished *e = (const void *)body;
        return mst_arena_printf(arena, "%s decided: %s selected, %s new, %s skipped", print_count(arena, e->resolved),
                                print_count(arena, e->selected), print_count(arena, e->new_rows),
                                print_count(arena, e->skipped));
    }
    if (strcmp(type, "RecheckFinished") == 0) {
        const Muster__V1__RecheckFinished *e = (const void *)body;
        return mst_arena_printf(arena, "%s",
                                e->n_questions == 0 ? "nothing is uncertain now"
                                                    : print_plural(arena, e->n_questions, "row is uncertain now",
                                                                   "rows are uncertain now"));
    }
    if (strcmp(type, "BatchCompleted") == 0) {
        const Muster__V1__BatchCompleted *e = (const void *)body;
        return mst_arena_printf(
            arena, "%s received = %s created + %s updated + %s unchanged + %s skipped + %s rejected%s",
            print_count(arena, e->received), print_count(arena, e->created), print_count(arena, e->updated),
            print_count(arena, e->unchanged), print_count(arena, e->skipped), print_count(arena, e->rejected),
            e->dry_run ? " (dry run)" : "");
    }
    if (strcmp(type, "BatchFailed") == 0) {
        const Muster__V1__BatchFailed *e = (const void *)body;
        return mst_arena_printf(arena, "%s %s", e->reason, e->advice);
    }
    if (strcmp(type, "BatchCancelled") == 0)
        return ((const Muster__V1__BatchCancelled *)body)->reason;
    return "";
}

static void
add(timeline *self, const Muster__V1__Envelope *head, const char *text)
{
    mst_arena *arena = self->self->arena;
    if (self->count == ENTRIES_MAX)
        return;
    self->entries[self->count++] = (log_entry){
        .seq = head->seq,
        .at_ms = head->recorded_at_ms,
        .type = mst_arena_strdup(arena, head->type),
        .producer = mst_arena_strdup(arena, head->producer),
        .operator= mst_arena_strdup(arena, head->operator_),
        .text = mst_arena_strdup(arena, text),
    };
}

/* What stands in for many events of one kind: questions opened, decisions taken by one person. */
typedef struct event_run {
    const char *type;
    char operator[128];
    uint64_t count;
    log_entry *entry;
} event_run;

static void
add_to_run(timeline *self, event_run *run, const Muster__V1__Envelope *head, uint64_t count, const char *one,
           const char *many)
{
    if (run->entry == NULL || strcmp(run->type, head->type) != 0 || strcmp(run->operator, head->operator_) != 0) {
        if (self->count == ENTRIES_MAX)
            return;
        add(self, head, "");
        run->entry = &self->entries[self->count - 1];
        run->type = run->entry->type;
        snprintf(run->operator, sizeof run->operator, "%s", head->operator_);
        run->count = 0;
    }
    run->count += count;
    run->entry->text = print_plural(self->self->arena, run->count, one, many);
}

static int
read_stream(timeline *self, const char *owner, const char *batch_id)
{
    request_stream stream;
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *body;
    event_run run = {0};
    int rc;
    request_stream_open(&stream, self->self, mst_arena_printf(self->self->arena, "%s/%s", owner, batch_id), 1);
    while (request_stream_next(&stream, &head, &body, &rc)) {
        if (strcmp(head->type, "DiscrepancyResolved") == 0) {
            add_to_run(self, &run, head, 1, "row decided", "rows decided");
        } else if (body != NULL && strcmp(head->type, "DiscrepanciesOpened") == 0) {
            const Muster__V1__DiscrepanciesOpened *opened = (const void *)body;
            add_to_run(self, &run, head, opened->n_questions, "row for a person", "rows for a person");
        } else {
            run = (struct event_run){0};
            add(self, head, body == NULL ? "" : text_of(stream.arena, self->titles, head->type, body));
        }
    }
    request_stream_close(&stream);
    return rc;
}

static int
compare_entries(const void *left, const void *right)
{
    const log_entry *l = left, *r = right;
    return l->seq < r->seq ? -1 : l->seq > r->seq;
}

static void
print_timeline(timeline *self)
{
    mst_arena *arena = self->self->arena;
    for (size_t i = 0; i < self->count; i++) {
        const log_entry *entry = &self->entries[i];
        const char *operator= entry->operator[0] != 0 ? entry->operator: NULL;
        if (self->self->json) {
            document_line(json_pack("{s:I, s:I, s:s, s:s, s:s, s:s}", "seq", (json_int_t)entry->seq, "at_ms",
                                    (json_int_t)entry->at_ms, "type", entry->type, "producer", entry->producer,
                                    "operator", entry->operator, "text", entry->text));
            continue;
        }
        const char *after = i == 0 ? "" : print_duration(arena, entry->at_ms - self->entries[0].at_ms);
        printf("%s  %10s  %-22s %s%s%s\n", print_time(arena, entry->at_ms), after, print_clean(arena, entry->type),
               print_clean(arena, entry->text), operator== NULL ? "" : "  by ",
                                                operator== NULL ? "" : print_clean(arena, operator));
    }
}

static int
print_steps(cli *cli_self, const Muster__V1__BatchView *view)
{
    static const char *const OWNERS[] = {"ingestion", "parsing", "matching", "discrepancy", "export"};
    int rc = CLI_DONE;
    timeline self = {.self = cli_self,
                     .titles = cli_self->json ? NULL : batch_template(cli_self, view),
                     .entries = mst_alloc(ENTRIES_MAX * sizeof(log_entry))};
    for (size_t i = 0; i < sizeof OWNERS / sizeof OWNERS[0] && rc == CLI_DONE; i++)
        rc = read_stream(&self, OWNERS[i], view->batch_id);
    if (rc == CLI_DONE) {
        qsort(self.entries, self.count, sizeof *self.entries, compare_entries);
        print_timeline(&self);
    }
    free(self.entries);
    return rc;
}

typedef struct log_options {
    const char *out;
    uint64_t max;
} log_options;

static int
write_file(cli *self, const Muster__V1__BatchView *view, const char *path)
{
    textfile_out out;
    int rc = textfile_create(self, path, &out);
    if (rc == CLI_DONE)
        rc = textfile_close(self, &out, batch_entries_csv(self, view, out.file));
    if (rc == CLI_DONE)
        fprintf(stderr, "%s written to %s\n", print_plural(self->arena, view->rows_total, "entry", "entries"),
                print_clean(self->arena, path));
    return rc;
}

static int
run_log(cli *self, const void *given)
{
    const log_options *options = given;
    int rc;
    const Muster__V1__BatchView *view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (view == NULL)
        return rc;
    if (options->out != NULL)
        return write_file(self, view, options->out);
    if (!self->json) {
        batch_print(self, view);
        putchar('\n');
    }
    rc = print_steps(self, view);
    return rc != CLI_DONE ? rc : batch_entries_print(self, view, cli_max(self, options->max));
}

static const cli_option LOG_OPTIONS[] = {
    {"output", 'o', "FILE", "write the entries of all rows there, as CSV", CLI_TEXT, offsetof(log_options, out)},
    {"max", 'n', "N", "show so many entries (0 all; default 50, with --json all)", CLI_NUMBER,
     offsetof(log_options, max)},
    {0},
};

static const log_options LOG_DEFAULTS = {.max = CLI_MAX_UNSET};

const cli_command batch_log_command = {
    .name = "batch log",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "What happened to a batch: step by step with counts, then an entry per submitted row",
    .text =
        "First the batch, its file, kind and operator; then the steps, the second column being the time since the "
        "batch "
        "was created; then each row: outcome, record, reason, what was corrected and who decided. The file that -o "
        "writes has a line per submitted row, and every line names batch, file, kind, operator and times (UTC). Cells "
        "that a spreadsheet would take for a formula get an apostrophe. With --json a document a line; those of rows "
        "have the type \"entry\".",
    .options = LOG_OPTIONS,
    .options_size = sizeof(log_options),
    .defaults = &LOG_DEFAULTS,
    .run = run_log,
};
