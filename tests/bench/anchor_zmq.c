/* anchor_zmq.c - libzmq alone: PUSH to PULL over ipc, nothing stored, nothing answered. */
#include "anchor.h"
#include "broker/lib/arena.h"
#include "broker/lib/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

typedef struct pushing {
    void *context;
    const char *endpoint;
    size_t size;
    uint64_t count;
} pushing;

static void *
push(void *argument)
{
    const pushing *self = argument;
    void *socket = zmq_socket(self->context, ZMQ_PUSH);
    char *bytes = mst_alloc(self->size);
    memset(bytes, 'x', self->size);
    int rc = zmq_connect(socket, self->endpoint);
    assert(rc == 0);
    for (uint64_t i = 0; i < self->count; i++) {
        rc = zmq_send(socket, bytes, self->size, 0);
        assert(rc == (int)self->size);
    }
    free(bytes);
    zmq_close(socket);
    return NULL;
}

void
anchor_push_pull(const char *dir, size_t size, uint64_t count)
{
    char endpoint[4096];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/push-pull", dir);
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PULL);
    if (zmq_bind(socket, endpoint) != 0) {
        fprintf(stderr, "muster-bench-anchor: cannot bind %s: %s\n", endpoint, zmq_strerror(zmq_errno()));
        exit(1);
    }
    pushing pusher = {context, endpoint, size, count};
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, push, &pusher);
    assert(rc == 0);
    int64_t start = 0;
    for (uint64_t i = 0; i < count; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        rc = zmq_msg_recv(&message, socket, 0);
        assert(rc == (int)size);
        zmq_msg_close(&message);
        if (i == 0)
            start = mst_clock_monotonic_us();
    }
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    pthread_join(thread, NULL);
    zmq_close(socket);
    zmq_ctx_term(context);
    printf("{\"events_per_s\": %.0f, \"mb_per_s\": %.1f}\n", (double)count / seconds,
           (double)count * (double)size / 1e6 / seconds);
}
