/* bus.c - muster-bench-bus: events through a running broker, from append to delivery.
 *
 * One thread appends, one event a commit, with a bounded number of commits unanswered; another follows what was
 * appended. Every body begins with the time it was due, so that a pause of the broker counts in full against every
 * event that had to wait for it. Prints one JSON object. */
#include "broker/lib/clock.h"
#include "broker/lib/link.h"
#include "stats.h"

#include <assert.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SILENCE_S_MAX = 30 };                    /* seconds without any progress before the run counts as failed */
static const char event_type[] = "EntriesRead"; /* a body is bytes to the broker */

typedef struct run {
    const char *endpoint;
    size_t size;          /* bytes of a body */
    uint64_t count;       /* events */
    uint32_t outstanding; /* commits unanswered at one time */
    uint64_t rate;        /* events a second, 0: as fast as outstanding allows */
    char batch_id[32];    /* tells this run's events from all others in the log */
    char stream[48];
    uint64_t from_seq;
    atomic_bool ready;
    double *delivered_us, *answered_us;
    int64_t start_us, end_us;
} run;

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "muster-bench-bus: %s: %s\n", what, why);
    exit(1);
}

static mst_link *
link_to(const run *self, bool observer)
{
    char why[256] = "";
    mst_link *link = NULL;
    mst_link_options options = {.endpoint = self->endpoint, .producer = "bench", .observer = observer};
    if (mst_link_open(&link, &options, why) != MST_OK)
        fail("cannot reach the broker", why);
    return link;
}

static void
send(mst_link *link, Muster__V1__BusRequest *request, const mst_slice *body)
{
    for (mst_status rc; (rc = mst_link_send(link, request, body, body != NULL)) != MST_OK;) {
        if (rc != MST_AGAIN)
            fail("cannot send", mst_status_name(rc));
        usleep(100);
    }
}

static void
follow(mst_link *link, const run *self, uint32_t credit)
{
    char *types[] = {(char *)event_type};
    Muster__V1__Follow ask = MUSTER__V1__FOLLOW__INIT;
    ask.subscription = 1;
    ask.n_types = 1;
    ask.types = types;
    ask.batch_id = (char *)self->batch_id;
    ask.from_seq = self->from_seq;
    ask.credit = credit;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = mst_link_request_id(link);
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW;
    request.follow = &ask;
    send(link, &request, NULL);
}

static void
credit_give(mst_link *link, uint32_t deliveries)
{
    Muster__V1__Credit more = MUSTER__V1__CREDIT__INIT;
    more.subscription = 1;
    more.deliveries = deliveries;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CREDIT;
    request.credit = &more;
    send(link, &request, NULL);
}

/* The follower: counts every event once, in order, with its age. */
static void *
receive_all(void *argument)
{
    run *self = argument;
    mst_link *link = link_to(self, true);
    uint32_t credit = self->size > 16384 ? 64 : 2048, used = 0;
    follow(link, self, credit);
    mst_link_message message;
    for (uint64_t got = 0; got < self->count;) {
        mst_status rc = mst_link_receive(link, &message, SILENCE_S_MAX * 1000);
        if (rc != MST_OK || message.event != MST_LINK_MESSAGE)
            fail("deliveries stopped", mst_status_name(rc));
        if (message.reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WATERMARK)
            atomic_store(&self->ready, true);
        if (message.reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT)
            fail("the broker refused", message.reply->fault->text);
        if (message.reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_DELIVERY)
            continue;
        int64_t now_us = mst_clock_monotonic_us(), due_us;
        assert(message.bodies_count == 1 && message.bodies[0].size == self->size);
        memcpy(&due_us, message.bodies[0].data, sizeof due_us);
        self->delivered_us[got++] = (double)(now_us - due_us);
        self->end_us = now_us;
        if (++used >= credit / 2) {
            credit_give(link, used);
            used = 0;
        }
    }
    mst_link_close(&link);
    return NULL;
}

typedef struct producing {
    run *run;
    mst_link *link;
    uint8_t *body;
    int64_t *sent_us; /* by event number */
    uint64_t first_request, sent, answered;
} producing;

static void
append(producing *self, int64_t due_us)
{
    uint8_t id[MST_ID_SIZE];
    mst_slice name[] = {{(const uint8_t *)self->run->stream, strlen(self->run->stream)},
                        {(const uint8_t *)&self->sent, sizeof self->sent}};
    mst_id_of(id, name, 2);
    memcpy(self->body, &due_us, sizeof due_us);
    Muster__V1__EventHead head = MUSTER__V1__EVENT_HEAD__INIT, *heads[] = {&head};
    head.type = (char *)event_type;
    head.stream = self->run->stream;
    head.batch_id = self->run->batch_id;
    Muster__V1__Commit commit = MUSTER__V1__COMMIT__INIT;
    commit.commit_id = (ProtobufCBinaryData){sizeof id, id};
    commit.fingerprint = commit.commit_id;
    commit.producer = (char *)mst_link_producer(self->link);
    commit.producer_epoch = mst_link_welcome(self->link)->epoch;
    commit.n_events = 1;
    commit.events = heads;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = self->first_request + self->sent;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_COMMIT;
    request.commit = &commit;
    self->sent_us[self->sent] = due_us;
    send(self->link, &request, &(mst_slice){self->body, self->run->size});
    self->sent++;
}

/* Takes answers that are there, or waits for one. */
static void
answers_take(producing *self, int timeout_ms)
{
    mst_link_message message;
    for (mst_status rc; (rc = mst_link_receive(self->link, &message, timeout_ms)) != MST_TIMEOUT; timeout_ms = 0) {
        if (rc != MST_OK || message.event != MST_LINK_MESSAGE)
            fail("the broker was lost", mst_status_name(rc));
        if (message.reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT)
            fail("the broker refused", message.reply->fault->text);
        if (message.reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT)
            continue;
        if (message.reply->commit_result->status != MUSTER__V1__COMMIT_STATUS__COMMIT_OK)
            fail("a commit was refused", message.reply->commit_result->text);
        uint64_t which = message.reply->request_id - self->first_request;
        assert(which < self->sent);
        self->run->answered_us[self->answered++] = (double)(mst_clock_monotonic_us() - self->sent_us[which]);
    }
}

static void
append_all(run *self, mst_link *link)
{
    producing state = {.run = self, .link = link, .body = mst_alloc(self->size)};
    for (size_t i = 0; i < self->size; i++)
        state.body[i] = (uint8_t)(i * 131 + i / 7);
    state.sent_us = mst_alloc(self->count * sizeof *state.sent_us);
    state.first_request = mst_link_request_id(link) + (1ull << 40); // the link's own numbers stay below
    self->start_us = mst_clock_monotonic_us();
    while (state.answered < self->count) {
        int64_t now_us = mst_clock_monotonic_us(), due_us = now_us;
        if (self->rate != 0)
            due_us = self->start_us + (int64_t)(state.sent * 1000000u / self->rate);
        if (state.sent < self->count && state.sent - state.answered < self->outstanding && due_us <= now_us) {
            append(&state, due_us);
            if (state.sent - state.answered < self->outstanding && self->rate == 0)
                continue;
        }
        bool waits = self->rate == 0 || state.sent == self->count;
        answers_take(&state, waits ? SILENCE_S_MAX * 1000 : 0);
        if (!waits && due_us - now_us > 60)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 50000}, NULL);
    }
    free(state.sent_us);
    free(state.body);
}

static uint64_t
number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*end != '\0' || end == text) {
        fprintf(stderr, "muster-bench-bus: \"%s\" is not a number\n", text);
        exit(2);
    }
    return value;
}

int
main(int argc, char **argv)
{
    run self = {.size = 1024, .count = 1000, .outstanding = 1};
    static const struct option longs[] = {{"endpoint", 1, NULL, 'e'}, {"size", 1, NULL, 's'},
                                          {"events", 1, NULL, 'n'},   {"outstanding", 1, NULL, 'o'},
                                          {"rate", 1, NULL, 'r'},     {NULL, 0, NULL, 0}};
    for (int at; (at = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (at) {
        case 'e': self.endpoint = optarg; break;
        case 's': self.size = number(optarg); break;
        case 'n': self.count = number(optarg); break;
        case 'o': self.outstanding = (uint32_t)number(optarg); break;
        case 'r': self.rate = number(optarg); break;
        default:
            self.endpoint = NULL;
            optind = argc;
            break;
        }
    if (self.endpoint == NULL || optind != argc || self.size < sizeof(int64_t) || self.count == 0 ||
        self.outstanding == 0) {
        fputs("muster-bench-bus --endpoint E [--size 1024] [--events 1000] [--outstanding 1] [--rate EVENTS/S]\n",
              stderr);
        return 2;
    }
    mst_link *link = link_to(&self, false);
    uint64_t chance;
    mst_random(&chance, sizeof chance);
    snprintf(self.batch_id, sizeof self.batch_id, "bench-%016llx", (unsigned long long)chance);
    snprintf(self.stream, sizeof self.stream, "bench/%s", self.batch_id);
    self.from_seq = mst_link_welcome(link)->durable_seq + 1;
    self.delivered_us = mst_alloc(self.count * sizeof *self.delivered_us);
    self.answered_us = mst_alloc(self.count * sizeof *self.answered_us);
    pthread_t follower;
    int rc = pthread_create(&follower, NULL, receive_all, &self);
    assert(rc == 0);
    for (int waited_ms = 0; !atomic_load(&self.ready) && waited_ms < 1000; waited_ms++)
        usleep(1000); // replay covers the rest if the first watermark does not come
    append_all(&self, link);
    pthread_join(follower, NULL);
    double seconds = (double)(self.end_us - self.start_us) / 1e6;
    printf("{\"events_per_s\": %.0f, \"mb_per_s\": %.2f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"ack_p50_us\": %.0f, "
           "\"ack_p99_us\": %.0f, \"events\": %llu}\n",
           (double)self.count / seconds, (double)self.count * (double)self.size / 1e6 / seconds,
           stats_percentile(self.delivered_us, self.count, 0.5), stats_percentile(self.delivered_us, self.count, 0.99),
           stats_percentile(self.answered_us, self.count, 0.5), stats_percentile(self.answered_us, self.count, 0.99),
           (unsigned long long)self.count);
    mst_link_close(&link);
    free(self.delivered_us);
    free(self.answered_us);
    return 0;
}
