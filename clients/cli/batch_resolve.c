/* batch_resolve.c - muster batch resolve: a person's decision on one row, or one decision for all open rows.
 *
 * A decision names the version of the question that the person saw, so that nobody overwrites somebody else's. */
#include "batch.h"
#include "commands.h"
#include "document.h"
#include "pipeline.h"
#include "print.h"
#include "question.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESOLVE_WINDOW 64u /* decisions under way */
#define LIST_PAGE 200u     /* questions asked for at a time */
#define FAILURES_SHOWN_MAX 5u

typedef struct resolve_options {
    uint64_t entry;
    bool all, best, new_record, skip, yes;
    const char *select, *note;
} resolve_options;

/* Asks on the terminal; anything but y or yes is no. */
static bool
confirmed(const char *question)
{
    char answer[16] = "";
    printf("%s [y/N] ", question);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        putchar('\n');
    answer[strcspn(answer, "\n")] = 0;
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* A27: nothing is recorded until it is confirmed. CLI_DONE: go on. */
static int
confirm(cli *self, const resolve_options *options, const char *question)
{
    if (options->yes)
        return CLI_DONE;
    if (self->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return cli_misused(self, "add --yes to decide without being asked", "this needs a confirmation");
    if (confirmed(question))
        return CLI_DONE;
    printf("nothing was decided\n");
    return CLI_FAILED;
}

static Muster__V1__Choice
choice_of(const resolve_options *options)
{
    if (options->new_record)
        return MUSTER__V1__CHOICE__CHOICE_NEW;
    if (options->skip)
        return MUSTER__V1__CHOICE__CHOICE_SKIP;
    return MUSTER__V1__CHOICE__CHOICE_SELECT;
}

static int
resolve_one(cli *self, const resolve_options *options)
{
    int rc;
    uint8_t id[MST_ID_SIZE];
    const char *batch_id = self->args[0];
    const Muster__V1__BatchView *batch = batch_fetch(self, self->arena, batch_id, &rc);
    const Muster__V1__DiscrepancyView *view =
        batch == NULL ? NULL : question_fetch(self, batch_id, (uint32_t)options->entry, &rc);
    if (view == NULL)
        return rc;
    const char *what = options->new_record ? "make a new record of this row"
                       : options->skip     ? "leave this row out"
                                           : mst_arena_printf(self->arena, "update %s with this row", options->select);
    if (!self->json && !options->yes)
        question_print(self, batch, view);
    rc = confirm(self, options, mst_arena_printf(self->arena, "%s?", what));
    if (rc != CLI_DONE)
        return rc;
    mst_random(id, sizeof id);
    Muster__V1__ResolveDiscrepancy resolve = MUSTER__V1__RESOLVE_DISCREPANCY__INIT;
    resolve.batch_id = (char *)batch_id;
    resolve.row = (uint32_t)options->entry;
    resolve.base_version = view->version;
    resolve.choice = choice_of(options);
    resolve.record_id = (char *)(options->select == NULL ? "" : options->select);
    resolve.note = (char *)(options->note == NULL ? "" : options->note);
    const Muster__V1__DiscrepancyView *decided =
        cli_call(self, "discrepancy", batch_id, &resolve.base, id, &muster__v1__discrepancy_view__descriptor, &rc);
    if (decided == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&decided->base));
    else
        printf("entry %u of %s: decided to %s\n", decided->row, batch_id, what);
    return CLI_DONE;
}

/* All at once -------------------------------------------------------------------------------------- */

typedef struct resolve_tally {
    mst_arena *arena;
    uint64_t done, stale, failed, no_candidate;
    char *failures[FAILURES_SHOWN_MAX];
} resolve_tally;

static void
resolve_answered(void *context, uint64_t row, Muster__V1__AnswerStatus status, const char *text,
                 const ProtobufCMessage *message)
{
    resolve_tally *tally = context;
    (void)message;
    if (status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK || status == MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED) {
        tally->done++;
    } else if (status == MUSTER__V1__ANSWER_STATUS__ANSWER_STALE) {
        tally->stale++;
    } else {
        if (tally->failed < FAILURES_SHOWN_MAX)
            tally->failures[tally->failed] =
                mst_arena_printf(tally->arena, "entry %llu: %s", (unsigned long long)row, text);
        tally->failed++;
    }
}

/* Decides the questions of one page. */
static int
resolve_page(const resolve_options *options, const char *batch_id, const Muster__V1__DiscrepancyList *page,
             call_pipeline *pipeline, resolve_tally *tally)
{
    int rc = CLI_DONE;
    for (size_t i = 0; i < page->n_discrepancies && rc == CLI_DONE; i++) {
        const Muster__V1__DiscrepancyView *view = page->discrepancies[i];
        uint8_t id[MST_ID_SIZE];
        Muster__V1__ResolveDiscrepancy resolve = MUSTER__V1__RESOLVE_DISCREPANCY__INIT;
        resolve.batch_id = (char *)batch_id;
        resolve.row = view->row;
        resolve.base_version = view->version;
        resolve.choice = choice_of(options);
        resolve.note = (char *)(options->note == NULL ? "" : options->note);
        if (options->best) {
            if (view->question == NULL || view->question->n_candidates == 0) {
                tally->no_candidate++;
                continue;
            }
            resolve.record_id = view->question->candidates[0]->record_id;
        }
        mst_random(id, sizeof id);
        rc = pipeline_call(pipeline, "discrepancy", batch_id, &resolve.base, id,
                           &muster__v1__discrepancy_view__descriptor, view->row);
    }
    return rc;
}

static int
report(cli *self, const resolve_tally *tally)
{
    uint64_t not_done = tally->stale + tally->failed + tally->no_candidate;
    if (self->json) {
        json_t *failures = json_array();
        for (size_t i = 0; i < tally->failed && i < FAILURES_SHOWN_MAX; i++)
            json_array_append_new(failures, json_string(tally->failures[i]));
        document_print(json_pack("{s:I, s:I, s:I, s:I, s:o}", "done", (json_int_t)tally->done, "stale",
                                 (json_int_t)tally->stale, "failed", (json_int_t)tally->failed, "no_candidate",
                                 (json_int_t)tally->no_candidate, "first_failures", failures));
    } else {
        printf("%s decided, %s stale (somebody else was first), %s failed", print_count(self->arena, tally->done),
               print_count(self->arena, tally->stale), print_count(self->arena, tally->failed));
        if (tally->no_candidate > 0)
            printf(", %s left open (no candidate to select)", print_count(self->arena, tally->no_candidate));
        putchar('\n');
        for (size_t i = 0; i < tally->failed && i < FAILURES_SHOWN_MAX; i++)
            fprintf(stderr, "  %s\n", print_clean(self->arena, tally->failures[i]));
    }
    return not_done == 0 ? CLI_DONE : CLI_FAILED;
}

static int
resolve_all(cli *self, const resolve_options *options)
{
    const char *batch_id = self->args[0];
    int rc = CLI_DONE;
    uint32_t after = 0;
    bool more = true, asked = false;
    resolve_tally tally = {.arena = self->arena};
    if ((rc = cli_connect(self)) != CLI_DONE)
        return rc;
    mst_arena *arena = mst_arena_new(0);
    call_pipeline *pipeline = pipeline_new(self, RESOLVE_WINDOW, resolve_answered, &tally);
    while (more && rc == CLI_DONE) {
        Muster__V1__ListDiscrepancies list = MUSTER__V1__LIST_DISCREPANCIES__INIT;
        list.batch_id = (char *)batch_id;
        list.after_row = after;
        list.max = LIST_PAGE;
        list.open_only = true;
        const Muster__V1__DiscrepancyList *page = cli_call_in(self, arena, "discrepancy", batch_id, &list.base, NULL,
                                                              &muster__v1__discrepancy_list__descriptor, &rc);
        if (page == NULL)
            break;
        if (!asked && page->open > 0)
            rc = confirm(self, options,
                         mst_arena_printf(self->arena, "decide %s of %s: %s?",
                                          print_plural(self->arena, page->open, "open row", "open rows"), batch_id,
                                          options->best         ? "each is its best candidate"
                                          : options->new_record ? "each is a new record"
                                                                : "leave them out"));
        asked = true;
        if (rc == CLI_DONE)
            rc = resolve_page(options, batch_id, page, pipeline, &tally);
        // Answers of the page are taken before the next question is asked on the same link.
        if (rc == CLI_DONE)
            rc = pipeline_finish(pipeline);
        more = page->more && page->n_discrepancies > 0;
        after = more ? page->discrepancies[page->n_discrepancies - 1]->row : after;
        mst_arena_reset(arena);
    }
    pipeline_destroy(&pipeline);
    mst_arena_destroy(&arena);
    return rc != CLI_DONE ? rc : report(self, &tally);
}

static int
run_resolve(cli *self, const void *given)
{
    const resolve_options *options = given;
    int rc, choices = options->best + options->new_record + options->skip + (options->select != NULL);
    if (!batch_id_ok(self, self->args[0], &rc))
        return rc;
    if (options->all == (options->entry > 0))
        return cli_misused(self, "--entry N for one row, --all for all that are open", "which rows?");
    if (choices != 1)
        return cli_misused(self,
                           options->all ? "one of --best, --new, --skip" : "one of --select RECORD, --new, --skip",
                           choices == 0 ? "what is decided?" : "only one decision is possible");
    if (options->all && options->select != NULL)
        return cli_misused(self, "--best selects each row's best candidate", "--select is for one row");
    if (!options->all && options->best)
        return cli_misused(self, "--select RECORD names it for one row", "--best is for --all");
    return options->all ? resolve_all(self, options) : resolve_one(self, options);
}

static const cli_option RESOLVE_OPTIONS[] = {
    {"entry", 'e', "N", "this row", CLI_NUMBER, offsetof(resolve_options, entry)},
    {"select", 0, "RECORD", "it is this record: update it with the row", CLI_TEXT, offsetof(resolve_options, select)},
    {"new", 0, NULL, "it is somebody new: make a record", CLI_FLAG, offsetof(resolve_options, new_record)},
    {"skip", 0, NULL, "leave it out: nothing is written for it", CLI_FLAG, offsetof(resolve_options, skip)},
    {"all", 'a', NULL, "all rows that are open, with --best, --new or --skip", CLI_FLAG,
     offsetof(resolve_options, all)},
    {"best", 0, NULL, "each row is its best candidate", CLI_FLAG, offsetof(resolve_options, best)},
    {"note", 0, "TEXT", "why, for those who look later", CLI_TEXT, offsetof(resolve_options, note)},
    {"yes", 'y', NULL, "do not ask for confirmation", CLI_FLAG, offsetof(resolve_options, yes)},
    {0},
};

const cli_command batch_resolve_command = {
    .name = "batch resolve",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Decide who a row is: a known record, somebody new, or left out",
    .text = "Asks for confirmation on a terminal; elsewhere --yes is needed. A decision that somebody else took in the "
            "meantime is never overwritten. The batch goes on by itself after the last one.",
    .options = RESOLVE_OPTIONS,
    .options_size = sizeof(resolve_options),
    .run = run_resolve,
};
