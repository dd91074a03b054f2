/* subscriber.c - follows what happens: one line for each batch that is created or completed.
 *
 * cc subscriber.c $(pkg-config --cflags --libs muster) -o subscriber && ./subscriber DATA_DIR [FROM_SEQ]
 *
 * A subscription begins at any position, also far in the past; old and new events come the same way. Remember the last
 * seq you have dealt with, and begin behind it next time: then nothing is missed and nothing comes twice. */
#include <export.pb-c.h>
#include <inttypes.h>
#include <muster/codec.h>
#include <muster/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREDIT 100 /* deliveries that may be on their way to us */

static void
follow(mst_link *link, uint64_t from_seq)
{
    char *types[] = {"BatchCreated", "BatchCompleted"};
    Muster__V1__Follow follow = MUSTER__V1__FOLLOW__INIT;
    follow.subscription = 1;
    follow.types = types; /* types with the body; head_types would come without */
    follow.n_types = 2;
    follow.from_seq = from_seq;
    follow.credit = CREDIT;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW;
    request.follow = &follow;
    if (mst_link_send(link, &request, NULL, 0) != MST_OK)
        fprintf(stderr, "not connected; following begins with the next session\n");
}

static void
give_credit(mst_link *link, uint32_t deliveries)
{
    Muster__V1__Credit credit = MUSTER__V1__CREDIT__INIT;
    credit.subscription = 1;
    credit.deliveries = deliveries;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CREDIT;
    request.credit = &credit;
    if (mst_link_send(link, &request, NULL, 0) != MST_OK)
        fprintf(stderr, "not connected; the next session begins with fresh credit\n");
}

static void
show(const Muster__V1__Envelope *event, mst_slice body)
{
    printf("%" PRIu64 " %s %s", event->seq, event->type, event->batch_id);
    if (strcmp(event->type, "BatchCompleted") == 0) {
        Muster__V1__BatchCompleted *done = muster__v1__batch_completed__unpack(NULL, body.size, body.data);
        if (done)
            printf(" received=%u created=%u updated=%u", done->received, done->created, done->updated);
        muster__v1__batch_completed__free_unpacked(done, NULL);
    }
    printf("\n");
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    mst_arena *arena = mst_arena_new(0);
    uint64_t seen = argc > 2 ? strtoull(argv[2], NULL, 10) - 1 : 0;
    uint32_t taken = 0;
    char why[256];
    mst_link *link = NULL;
    mst_link_message message;
    if (argc < 2)
        return fprintf(stderr, "usage: subscriber DATA_DIR [FROM_SEQ]\n"), 2;
    mst_link_options options = {.producer = "subscriber", .observer = true};
    options.endpoint = mst_link_endpoint_of(arena, argv[1]);
    if (mst_link_open(&link, &options, why) != MST_OK)
        return fprintf(stderr, "%s\n", why), 3;
    follow(link, seen + 1);
    for (;;) {
        mst_status rc = mst_link_receive(link, &message, 1000);
        if (rc == MST_TIMEOUT) /* nothing happened; receive has sent the ping that keeps the session */
            continue;
        if (rc != MST_OK)
            return fprintf(stderr, "%s\n", mst_link_why(link)), 3;
        if (message.event == MST_LINK_BACK) /* a new session knows no subscriptions: begin behind what was seen */
            follow(link, seen + 1);
        if (message.event != MST_LINK_MESSAGE || message.reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_DELIVERY)
            continue;
        const Muster__V1__Delivery *delivery = message.reply->delivery;
        if (delivery->prev_seq > seen) { /* one between is missing: ask for it again */
            follow(link, seen + 1);
            continue;
        }
        if (delivery->envelope->seq <= seen)
            continue;
        show(delivery->envelope, message.bodies[0]);
        seen = delivery->envelope->seq;
        if (++taken == CREDIT / 2) {
            give_credit(link, taken);
            taken = 0;
        }
    }
}
