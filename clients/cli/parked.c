/* parked.c - muster parked and muster log: work that was given up, and the log itself. */
#include "commands.h"
#include "document.h"
#include "print.h"
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
run_list(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {"<WORK OF",  ">EVENT", "<TYPE",   "<BATCH",
                                           ">ATTEMPTS", "<SINCE", "<REASON", NULL};
    (void)given;
    int rc;
    const Muster__V1__ParkedInputs *parked = request_parked(self, self->args_count > 0 ? self->args[0] : "", &rc);
    if (parked == NULL)
        return rc;
    if (self->json) {
        document_print(document_of(&parked->base));
        return CLI_DONE;
    }
    if (parked->n_inputs == 0) {
        printf("nothing is parked\n");
        return CLI_DONE;
    }
    print_table *table = print_table_new(self->arena, HEADINGS);
    for (size_t i = 0; i < parked->n_inputs; i++) {
        const Muster__V1__Parked *input = parked->inputs[i];
        print_table_cell(table, input->group);
        print_table_cellf(table, "%llu", (unsigned long long)input->seq);
        print_table_cell(table, input->type);
        print_table_cell(table, input->batch_id);
        print_table_cellf(table, "%u", input->grants);
        print_table_cell(table, print_time(self->arena, input->parked_at_ms));
        print_table_cell(table, input->reason);
    }
    print_table_print(table, stdout);
    printf("\nwhen the cause is gone: muster parked release %s %llu\n",
           print_clean(self->arena, parked->inputs[0]->group), (unsigned long long)parked->inputs[0]->seq);
    return CLI_DONE;
}

const cli_command parked_list_command = {
    .name = "parked list",
    .args = "[WORK OF]",
    .args_max = 1,
    .summary = "Work that failed five times and waits for a person",
    .text = "Other batches go on meanwhile.",
    .run = run_list,
};

/* The answer to a release is the list of what is still parked. */
static int
release(cli *self, const char *group, uint64_t seq)
{
    mst_slice *bodies;
    size_t count;
    const Muster__V1__BusReply *reply = NULL;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__ReleaseParked release = MUSTER__V1__RELEASE_PARKED__INIT;
    release.group = (char *)group;
    release.seq = seq;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED;
    request.release_parked = &release;
    int rc = cli_connect(self);
    if (rc != CLI_DONE)
        return rc;
    mst_status status = mst_link_ask(self->link, &request, 10000, self->arena, &reply, &bodies, &count);
    if (status != MST_OK)
        return cli_unreachable(self, "muster status shows what runs", "no answer from the broker (%s)",
                               mst_status_name(status));
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT)
        return cli_fail(self, "muster parked list shows what is parked", "%s", reply->fault->text);
    return CLI_DONE;
}

static int
run_release(cli *self, const void *given)
{
    (void)given;
    uint64_t released = 0, asked_seq = 0;
    const char *group = self->args[0];
    if (self->args_count == 2) {
        char *end;
        asked_seq = strtoull(self->args[1], &end, 10);
        if (*end != 0 || asked_seq == 0)
            return cli_misused(self, "muster parked list shows the numbers", "\"%s\" is no event's number",
                               self->args[1]);
    }
    int rc;
    const Muster__V1__ParkedInputs *parked = request_parked(self, group, &rc);
    for (size_t i = 0; parked != NULL && i < parked->n_inputs && rc == CLI_DONE; i++) {
        const Muster__V1__Parked *input = parked->inputs[i];
        if (strcmp(input->group, group) != 0 || (asked_seq != 0 && input->seq != asked_seq))
            continue;
        rc = release(self, group, input->seq);
        released += rc == CLI_DONE;
    }
    if (rc != CLI_DONE)
        return rc;
    if (released == 0)
        return cli_fail(self, "muster parked list shows what is parked", "nothing like that is parked");
    if (self->json)
        document_print(json_pack("{s:s, s:I}", "group", group, "released", (json_int_t)released));
    else
        printf("%s given out again; muster parked list tells whether it failed again\n",
               print_plural(self->arena, released, "input", "inputs"));
    return CLI_DONE;
}

const cli_command parked_release_command = {
    .name = "parked release",
    .args = "WORK-OF [EVENT]",
    .args_min = 1,
    .args_max = 2,
    .summary = "Try parked work again, one input or all of a group",
    .run = run_release,
};

/* log ---------------------------------------------------------------------------------------------- */

static int
run_broker_with(cli *self, const char *what)
{
    const char *args[] = {"--data", self->data_dir, what, "--json"};
    return cli_exec(self, "muster-broker", args, self->json ? 4 : 3);
}

static int
run_verify(cli *self, const void *given)
{
    (void)given;
    return run_broker_with(self, "--verify");
}

static int
run_stats(cli *self, const void *given)
{
    (void)given;
    return run_broker_with(self, "--stats");
}

const cli_command log_verify_command = {
    .name = "log verify",
    .summary = "Check every record of the log against its hash chain; the system must be stopped",
    .run = run_verify,
};

const cli_command log_stats_command = {
    .name = "log stats",
    .summary = "What the log holds, by type of event; the system must be stopped",
    .run = run_stats,
};
