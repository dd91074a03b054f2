/* notices.c - muster notices: the mails about batches, and those that did not go out. */
#include "commands.h"
#include "document.h"
#include "notification.pb-c.h"
#include "print.h"

#include "broker/lib/hash.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct notices_options {
    const char *batch;
    uint64_t max;
} notices_options;

static const char *
kind_text(Muster__V1__NoticeKind kind)
{
    switch (kind) {
    case MUSTER__V1__NOTICE_KIND__NOTICE_FIX_ERRORS: return "to correct";
    case MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES: return "to decide";
    case MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED: return "complete";
    case MUSTER__V1__NOTICE_KIND__NOTICE_FAILED: return "failed";
    default: return "?";
    }
}

static void
notice_cells(cli *self, print_table *table, const Muster__V1__Notice *notice)
{
    const char *state = notice->sent ? "sent" : notice->failed ? "given up" : notice->attempts > 0 ? "waits" : "queued";
    print_table_cell(table, notice->queued->batch_id);
    print_table_cellf(table, "%u", notice->queued->number);
    print_table_cell(table, kind_text(notice->queued->kind));
    print_table_cell(table, print_cut(self->arena, notice->queued->to, 40));
    print_table_cell(table, state);
    print_table_cellf(table, "%u", notice->attempts);
    print_table_cell(table, print_time(self->arena, notice->at_ms > 0 ? notice->at_ms : notice->queued->at_ms));
    print_table_cell(table, notice->last_error);
}

static int
run_notices_list(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {"<BATCH",    ">NUMBER", "<ABOUT",      "<TO", "<STATE",
                                           ">ATTEMPTS", "<TIME",   "<LAST ERROR", NULL};
    const notices_options *options = given;
    int rc;
    Muster__V1__ListNotices asked = MUSTER__V1__LIST_NOTICES__INIT;
    asked.batch_id = (char *)(options->batch == NULL ? "" : options->batch);
    uint64_t max = cli_max(self, options->max);
    asked.max = max > 1000 ? 1000 : (uint32_t)max;
    const Muster__V1__NoticeList *list =
        cli_call(self, "notification", asked.batch_id, &asked.base, NULL, &muster__v1__notice_list__descriptor, &rc);
    if (list == NULL)
        return rc;
    print_table *table = print_table_new(self->arena, HEADINGS);
    unsigned failed = 0;
    for (size_t i = 0; i < list->n_notices; i++) {
        if (self->json)
            document_line(document_of(&list->notices[i]->base));
        else
            notice_cells(self, table, list->notices[i]);
        failed += list->notices[i]->failed;
    }
    if (self->json)
        return CLI_DONE;
    if (list->n_notices == 0) {
        printf("no notices; they are sent when mail is set up (deploy/config/mail.yaml)\n");
        return CLI_DONE;
    }
    print_table_print(table, stdout);
    if (failed > 0)
        printf("\nmuster notices retry BATCH NUMBER sends one again that was given up\n");
    return CLI_DONE;
}

static const cli_option NOTICES_OPTIONS[] = {
    {"batch", 'b', "ID", "of this batch only", CLI_TEXT, offsetof(notices_options, batch)},
    {"max", 'n', "N", "at most so many, the newest (0: 1000; default 50, with --json all)", CLI_NUMBER,
     offsetof(notices_options, max)},
    {0},
};

static const notices_options NOTICES_DEFAULTS = {.max = CLI_MAX_UNSET};

const cli_command notices_list_command = {
    .name = "notices list",
    .summary = "Mails about batches: sent, waiting for the mail server, given up",
    .text = "Mail is set up in mail.yaml in the data directory; deploy/config/mail.yaml shows every setting.",
    .options = NOTICES_OPTIONS,
    .options_size = sizeof(notices_options),
    .defaults = &NOTICES_DEFAULTS,
    .run = run_notices_list,
};

static int
run_notices_retry(cli *self, const void *given)
{
    (void)given;
    int rc;
    char *end;
    uint8_t id[MST_ID_SIZE];
    Muster__V1__RetryNotice asked = MUSTER__V1__RETRY_NOTICE__INIT;
    unsigned long number = strtoul(self->args[1], &end, 10);
    if (*end != 0 || number == 0 || number > UINT32_MAX)
        return cli_misused(self, "muster notices list shows the numbers", "\"%s\" is no notice's number",
                           self->args[1]);
    asked.batch_id = (char *)self->args[0];
    asked.number = (uint32_t)number;
    mst_random(id, sizeof id);
    const Muster__V1__NoticeQueued *queued =
        cli_call(self, "notification", asked.batch_id, &asked.base, id, &muster__v1__notice_queued__descriptor, &rc);
    if (queued == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&queued->base));
    else
        printf("queued again; muster notices list --batch %s tells what became of it\n", self->args[0]);
    return CLI_DONE;
}

const cli_command notices_retry_command = {
    .name = "notices retry",
    .args = "BATCH NUMBER",
    .args_min = 2,
    .args_max = 2,
    .summary = "Send a mail again that was given up",
    .run = run_notices_retry,
};
