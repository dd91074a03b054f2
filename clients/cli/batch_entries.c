/* batch_entries.c - see batch_entries.h.
 *
 * Rows come from what matching and export said of them; a batch that waits has not got that far, and its rows are told
 * with what is known until now. The counts of a complete batch are compared with its totals (B47). */
#include "batch_entries.h"

#include "batch_notes.h"
#include "batch_rows.h"
#include "broker/lib/csvcell.h"
#include "document.h"
#include "print.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUTCOMES 5

static const char *const OUTCOME_WORDS[OUTCOMES] = {"created", "updated", "unchanged", "skipped", "rejected"};

/* Walks the rows of a batch, first to last, none left out. */
typedef struct entries_walk {
    cli *self;
    const Muster__V1__BatchView *view;
    batch_notes notes;
    batch_rows *rows;
    batch_row ahead; /* the next row that matching or export said something of */
    bool more;       /* `ahead` is one */
    uint32_t at;
    mst_arena *arena; /* of one entry */
    uint64_t counts[OUTCOMES];
} entries_walk;

typedef struct log_row {
    batch_row row;
    const char *why, *corrected, *by;
    int64_t decided_at_ms; /* 0: nobody decided */
} log_row;

/* `titles`: what fields are called; NULL by their names. */
static int
walk_begin(entries_walk *walk, cli *self, const Muster__V1__BatchView *view, const Muster__V1__TemplateView *titles)
{
    *walk = (entries_walk){.self = self, .view = view};
    int rc = batch_notes_read(&walk->notes, self, view, titles);
    walk->arena = mst_arena_new(0);
    walk->rows = batch_rows_open(self, view);
    if (rc == CLI_DONE)
        walk->more = batch_rows_next(walk->rows, &walk->ahead, &rc);
    return rc;
}

static void
walk_end(entries_walk *walk)
{
    batch_rows_close(&walk->rows);
    batch_notes_release(&walk->notes);
    mst_arena_destroy(&walk->arena);
}

static const char * and (mst_arena * arena, const char *text, const char *more)
{
    return text[0] == 0 ? more : more[0] == 0 ? text : mst_arena_printf(arena, "%s; %s", text, more);
}

static void
add_notes(entries_walk *walk, log_row *entry)
{
    const batch_notes *notes = &walk->notes;
    const char *wrong = "", *decided = "";
    for (size_t i = batch_notes_find(notes, walk->at); i < notes->count && notes->list[i].row == walk->at; i++) {
        const batch_note *note = &notes->list[i];
        if (note->kind == BATCH_NOTE_WRONG)
            wrong = and(walk->arena, wrong, note->text);
        else if (note->kind == BATCH_NOTE_CORRECTED)
            entry->corrected = and(walk->arena, entry->corrected, note->text);
        else
            decided = note->text; // the last one holds
        if (note->operator[0] != 0)
            entry->by = note->operator;
        if (note->at_ms > entry->decided_at_ms)
            entry->decided_at_ms = note->at_ms;
    }
    if (wrong[0] != 0 && notes->excluded_by != NULL) {
        entry->by = notes->excluded_by;
        entry->decided_at_ms = notes->excluded_at_ms;
    }
    entry->why = and(walk->arena, and(walk->arena, wrong, entry->row.note), decided);
    if (entry->why[0] == 0)
        entry->why = entry->row.reason;
}

/* The next entry, valid until the one after it. False: the end, or a failure. */
static bool
walk_next(entries_walk *walk, log_row *entry, int *rc)
{
    *rc = CLI_DONE;
    if (walk->at >= walk->view->rows_total)
        return false;
    walk->at++;
    mst_arena_reset(walk->arena);
    *entry = (struct log_row){.row = {.number = walk->at, .decision = "", .outcome = "", .reason = "", .note = ""},
                              .corrected = "",
                              .by = ""};
    if (walk->more && walk->ahead.number < walk->at)
        walk->more = batch_rows_next(walk->rows, &walk->ahead, rc);
    if (walk->more && walk->ahead.number == walk->at)
        entry->row = walk->ahead;
    add_notes(walk, entry);
    for (int i = 0; i < OUTCOMES; i++)
        walk->counts[i] += strcmp(entry->row.outcome, OUTCOME_WORDS[i]) == 0;
    return *rc == CLI_DONE;
}

/* B47: what the log shows is what was reported. */
static int
check_totals(const entries_walk *walk)
{
    const Muster__V1__BatchView *view = walk->view;
    const uint64_t totals[OUTCOMES] = {view->created, view->updated, view->unchanged, view->skipped, view->rejected};
    if (view->state != MUSTER__V1__BATCH_STATE__STATE_COMPLETE)
        return CLI_DONE;
    for (int i = 0; i < OUTCOMES; i++)
        if (walk->counts[i] != totals[i])
            return cli_fail(walk->self, "muster doctor", "%llu rows are %s, but the batch counts %llu",
                            (unsigned long long)walk->counts[i], OUTCOME_WORDS[i], (unsigned long long)totals[i]);
    return CLI_DONE;
}

static const char *
utc(mst_arena *arena, int64_t ms)
{
    char text[32] = "";
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (ms > 0 && gmtime_r(&seconds, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return mst_arena_strdup(arena, text);
}

/* CSV ---------------------------------------------------------------------------------------------------- */

static void
csv_text(FILE *out, const char *text)
{
    putc(',', out);
    mst_csv_cell(out, text, strlen(text), true);
}

/* What stands behind every row. */
static const char *
csv_tail(cli *self, const Muster__V1__BatchView *view)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    csv_text(out, view->batch_id);
    csv_text(out, view->name);
    csv_text(out, view->file_name);
    csv_text(out, view->kind);
    csv_text(out, view->operator_);
    csv_text(out, utc(self->arena, view->created_at_ms));
    csv_text(out, utc(self->arena, view->completed_at_ms));
    fputs("\r\n", out);
    fclose(out);
    const char *copy = mst_arena_strdup(self->arena, text);
    free(text);
    return copy;
}

int
batch_entries_csv(cli *self, const Muster__V1__BatchView *view, FILE *out)
{
    entries_walk walk;
    log_row entry;
    int rc = walk_begin(&walk, self, view, NULL);
    const char *tail = csv_tail(self, view);
    fputs("\xEF\xBB\xBF" // without it Excel takes the file for one in an old encoding
          "row,outcome,record_id,decision,reason,corrected,by,decided_at,batch,name,file,kind,operator,created_at,"
          "completed_at\r\n",
          out);
    while (rc == CLI_DONE && walk_next(&walk, &entry, &rc)) {
        fprintf(out, "%u,%s,", entry.row.number, entry.row.outcome);
        mst_csv_cell(out, (const char *)entry.row.record_id.data, entry.row.record_id.size, true);
        csv_text(out, entry.row.decision);
        csv_text(out, entry.why);
        csv_text(out, entry.corrected);
        csv_text(out, entry.by);
        csv_text(out, utc(walk.arena, entry.decided_at_ms));
        fputs(tail, out);
    }
    if (rc == CLI_DONE)
        rc = check_totals(&walk);
    walk_end(&walk);
    return rc;
}

/* For people and scripts ----------------------------------------------------------------------------------- */

static void
print_document(const entries_walk *walk, const log_row *entry)
{
    const char *id = mst_arena_strndup(walk->arena, entry->row.record_id.data, entry->row.record_id.size);
    document_line(json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "type", "entry", "row",
                            (json_int_t)entry->row.number, "outcome", entry->row.outcome, "record_id", id, "decision",
                            entry->row.decision, "reason", entry->why, "corrected", entry->corrected, "by", entry->by,
                            "decided_at_ms", (json_int_t)entry->decided_at_ms));
}

static void
add_to_table(print_table *table, const entries_walk *walk, const log_row *entry)
{
    print_table_cellf(table, "%u", entry->row.number);
    print_table_cell(table, entry->row.outcome);
    print_table_cell(table, mst_arena_strndup(walk->arena, entry->row.record_id.data, entry->row.record_id.size));
    print_table_cell(table, entry->row.decision);
    print_table_cell(table, print_cut(walk->arena, entry->why, 60));
    print_table_cell(table, print_cut(walk->arena, entry->corrected, 40));
    print_table_cell(table, entry->by);
}

int
batch_entries_print(cli *self, const Muster__V1__BatchView *view, uint64_t max)
{
    static const char *const HEADINGS[] = {">ROW",    "<OUTCOME",   "<RECORD", "<DECISION",
                                           "<REASON", "<CORRECTED", "<BY",     NULL};
    entries_walk walk;
    log_row entry;
    int rc = walk_begin(&walk, self, view, self->json ? NULL : batch_template(self, view));
    print_table *table = print_table_new(self->arena, HEADINGS);
    bool all = true;
    while (rc == CLI_DONE && (max == 0 || walk.at < max || (all = walk.at >= view->rows_total)) &&
           walk_next(&walk, &entry, &rc)) {
        if (self->json)
            print_document(&walk, &entry);
        else
            add_to_table(table, &walk, &entry);
    }
    if (rc == CLI_DONE && !self->json && walk.at > 0) {
        putchar('\n');
        print_table_print(table, stdout);
    }
    if (rc == CLI_DONE && !all)
        cli_note(self, "%s of %s; -o FILE.csv writes all", print_count(self->arena, walk.at),
                 print_plural(self->arena, view->rows_total, "row", "rows"));
    else if (rc == CLI_DONE)
        rc = check_totals(&walk);
    walk_end(&walk);
    return rc;
}
