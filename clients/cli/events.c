/* events.c - muster events: what stands in the log, and what comes. */
#include "commands.h"
#include "document.h"
#include "print.h"
#include "proto/codec.h"
#include "requests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_EVENTS 256u
#define FOLLOW_CREDIT 64u /* events under way before more are asked for */
#define SUBSCRIPTION 1u

typedef struct events_options {
    bool follow, bodies;
    uint64_t from, max;
    const char *type, *batch;
} events_options;

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool
wanted(const events_options *options, const Muster__V1__Envelope *head)
{
    return (options->type == NULL || strcmp(options->type, head->type) == 0) &&
           (options->batch == NULL || strcmp(options->batch, head->batch_id) == 0);
}

static void
print_event(cli *self, mst_arena *arena, const Muster__V1__Envelope *head, const ProtobufCMessage *body)
{
    if (self->json) {
        json_t *document = document_of(&head->base);
        if (body != NULL)
            json_object_set_new(document, "body", document_of(body));
        document_line(document);
        return;
    }
    printf("%8llu  %s  %-22s %-6s %-32s %s", (unsigned long long)head->seq, print_time(arena, head->recorded_at_ms),
           print_clean(arena, head->type), head->batch_id[0] != 0 ? print_clean(arena, head->batch_id) : "-",
           print_clean(arena, head->stream), print_clean(arena, head->producer));
    if (head->rows > 0)
        printf("  %s", print_plural(arena, head->rows, "row", "rows"));
    if (head->operator_[0] != 0)
        printf("  by %s", print_clean(arena, head->operator_));
    putchar('\n');
    if (body != NULL) {
        json_t *document = document_of(body);
        char *text = json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII);
        printf("          %s\n", text);
        free(text);
        json_decref(document);
    }
}

/* Everything that is durable now; `next` is where it goes on. */
static int
print_past(cli *self, const events_options *options, uint64_t *next, uint64_t *left)
{
    mst_arena *arena = mst_arena_new(0);
    bool end = false;
    int rc = CLI_DONE;
    while (!end && *left > 0 && rc == CLI_DONE && !interrupted) {
        request_page page = {0};
        rc = request_read(self, arena, "", *next, PAGE_EVENTS, !options->bodies, &page);
        if (rc != CLI_DONE)
            break;
        for (size_t i = 0; i<page.page->n_envelopes && * left> 0; i++) {
            const Muster__V1__Envelope *head = page.page->envelopes[i];
            if (!wanted(options, head))
                continue;
            print_event(self, arena, head, options->bodies ? request_body(arena, &page, i) : NULL);
            (*left)--;
        }
        *next = page.page->next;
        end = page.page->end;
        mst_arena_reset(arena);
    }
    mst_arena_destroy(&arena);
    return rc;
}

static void
subscribe(cli *self, const events_options *options, uint64_t from)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__Follow follow = MUSTER__V1__FOLLOW__INIT;
    char *types[1] = {(char *)options->type};
    follow.subscription = SUBSCRIPTION;
    follow.from_seq = from;
    follow.credit = FOLLOW_CREDIT;
    follow.batch_id = (char *)(options->batch == NULL ? "" : options->batch);
    if (options->type != NULL && options->bodies) {
        follow.n_types = 1;
        follow.types = types;
    } else if (options->type != NULL) {
        follow.n_head_types = 1;
        follow.head_types = types;
    }
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW;
    request.follow = &follow;
    if (mst_link_send(self->link, &request, NULL, 0) != MST_OK)
        return; // the link comes back, and we subscribe again
}

static void
give_credit(cli *self, uint32_t deliveries)
{
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    Muster__V1__Credit credit = MUSTER__V1__CREDIT__INIT;
    credit.subscription = SUBSCRIPTION;
    credit.deliveries = deliveries;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CREDIT;
    request.credit = &credit;
    if (mst_link_send(self->link, &request, NULL, 0) != MST_OK)
        return; // as above: subscribing again gives credit anew
}

/* What comes from `next` on, until interrupted. */
static int
print_live(cli *self, const events_options *options, uint64_t next, uint64_t left)
{
    mst_arena *arena = mst_arena_new(0);
    uint32_t used = 0;
    subscribe(self, options, next);
    while (!interrupted && left > 0) {
        mst_link_message message;
        mst_status rc = mst_link_receive(self->link, &message, 200);
        if (rc == MST_TIMEOUT || rc == MST_AGAIN)
            continue;
        if (rc != MST_OK) {
            mst_arena_destroy(&arena);
            return cli_unreachable(self, "muster status shows what runs", "lost the system (%s)", mst_status_name(rc));
        }
        if (message.event == MST_LINK_LOST)
            cli_note(self, "the connection is lost; waiting for it to come back");
        if (message.event == MST_LINK_BACK) {
            cli_note(self, "connected again, going on at event %llu", (unsigned long long)next);
            subscribe(self, options, next);
            used = 0;
            continue;
        }
        if (message.event != MST_LINK_MESSAGE || message.reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_DELIVERY)
            continue;
        const Muster__V1__Envelope *head = message.reply->delivery->envelope;
        const ProtobufCMessageDescriptor *descriptor = mst_codec_find(head->type);
        const ProtobufCMessage *body = NULL;
        if (options->bodies && message.bodies_count > 0 && descriptor != NULL)
            body = mst_unpack(descriptor, message.bodies[0].data, message.bodies[0].size, MST_BODY_SIZE_MAX,
                              mst_arena_allocator(arena));
        if (head->seq >= next && wanted(options, head)) {
            print_event(self, arena, head, body);
            fflush(stdout);
            left--;
        }
        next = head->seq >= next ? head->seq + 1 : next;
        mst_arena_reset(arena);
        if (++used >= FOLLOW_CREDIT / 2) {
            give_credit(self, used);
            used = 0;
        }
    }
    mst_arena_destroy(&arena);
    return CLI_DONE;
}

static int
run_events(cli *self, const void *given)
{
    const events_options *options = given;
    struct sigaction action = {.sa_handler = on_interrupt};
    uint64_t next = options->from == 0 ? 1 : options->from, left = options->max == 0 ? UINT64_MAX : options->max;
    if (options->follow) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    int rc = cli_connect(self);
    if (rc == CLI_DONE && options->follow && options->from == 0)
        next = mst_link_welcome(self->link)->durable_seq + 1;
    else if (rc == CLI_DONE)
        rc = print_past(self, options, &next, &left);
    if (rc == CLI_DONE && options->follow && left > 0 && !interrupted)
        rc = print_live(self, options, next, left);
    return rc;
}

static const cli_option EVENTS_OPTIONS[] = {
    {"follow", 'f', NULL, "go on with what comes, until ctrl-C", CLI_FLAG, offsetof(events_options, follow)},
    {"from", 0, "SEQ", "begin there (default: 1; with --follow: now)", CLI_NUMBER, offsetof(events_options, from)},
    {"type", 0, "NAME", "only events of this type, for example BatchCompleted", CLI_TEXT,
     offsetof(events_options, type)},
    {"batch", 0, "ID", "only events of this batch", CLI_TEXT, offsetof(events_options, batch)},
    {"max", 'n', "N", "stop after so many", CLI_NUMBER, offsetof(events_options, max)},
    {"bodies", 0, NULL, "what they say as well; may show values of people's rows", CLI_FLAG,
     offsetof(events_options, bodies)},
    {0},
};

const cli_command events_command = {
    .name = "events",
    .summary = "What stands in the log, event by event",
    .text = "With --json one event a line. Without --bodies nothing of the people's data is shown.",
    .options = EVENTS_OPTIONS,
    .options_size = sizeof(events_options),
    .run = run_events,
};
