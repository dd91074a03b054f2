/* net.c - things to come, and connections. A connection keeps its order; several do not. */
#include "tests/sim/sim.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

happening *
happening_new(happening_kind kind, sim_client *client)
{
    happening *it = mst_alloc(sizeof *it);
    *it = (happening){.kind = kind, .client = client, .life = client ? client->life : 0};
    return it;
}

void
happening_free(happening *it)
{
    if (!it)
        return;
    for (size_t i = 0; i < it->bodies_count; i++)
        mst_body_unref(&it->bodies[i]);
    free(it->bodies);
    free(it->head);
    free(it);
}

static bool
before(const happening *a, const happening *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void
happening_put(sim_world *sim, happening *it, int64_t in_us)
{
    it->at_us = sim->now_us + in_us;
    it->order = ++sim->order;
    if (sim->heap_count == sim->heap_room) {
        sim->heap_room = sim->heap_room ? sim->heap_room * 2 : 256;
        sim->heap = mst_realloc(sim->heap, sim->heap_room * sizeof *sim->heap);
    }
    size_t at = sim->heap_count++;
    for (; at > 0 && before(it, sim->heap[(at - 1) / 2]); at = (at - 1) / 2)
        sim->heap[at] = sim->heap[(at - 1) / 2];
    sim->heap[at] = it;
}

happening *
happening_take(sim_world *sim)
{
    if (sim->heap_count == 0)
        return NULL;
    happening *first = sim->heap[0], *last = sim->heap[--sim->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= sim->heap_count)
            break;
        if (child + 1 < sim->heap_count && before(sim->heap[child + 1], sim->heap[child]))
            child++;
        if (!before(sim->heap[child], last))
            break;
        sim->heap[at] = sim->heap[child];
        at = child;
    }
    if (sim->heap_count)
        sim->heap[at] = last;
    return first;
}

/* Connections ----------------------------------------------------------------------------------------- */

sim_session *
session_get(sim_world *sim, uint64_t id)
{
    return id && id <= sim->sessions_count ? &sim->sessions[id - 1] : NULL;
}

uint64_t
session_open(sim_world *sim, sim_client *client)
{
    if (sim->sessions_count == sim->sessions_room) {
        sim->sessions_room = sim->sessions_room ? sim->sessions_room * 2 : 64;
        sim->sessions = mst_realloc(sim->sessions, sim->sessions_room * sizeof *sim->sessions);
    }
    sim_session *session = &sim->sessions[sim->sessions_count++];
    *session = (sim_session){.id = sim->sessions_count, .client = client};
    return session->id;
}

void
session_cut(sim_world *sim, uint64_t id, bool client_knows)
{
    sim_session *session = session_get(sim, id);
    if (!session || session->cut)
        return;
    session->cut = true;
    /* Requests already under way may still arrive: at once, or long after the client has begun another session. */
    session->late = sim->faults && !random_one_in(&sim->random, 3);
    session->late_by_us = random_one_in(&sim->random, 2) ? 0 : (int64_t)random_below(&sim->random, 3000000);
    if (!client_knows) {
        happening *end = happening_new(CLIENT_HEARS_END, session->client);
        end->session = id;
        happening_put(sim, end, (int64_t)random_below(&sim->random, 300000));
    }
    if (random_one_in(&sim->random, 2) || !sim->faults) { /* else the broker waits for the lease to run out */
        happening *end = happening_new(BROKER_HEARS_END, NULL);
        end->session = id;
        end->life = sim->broker_life;
        happening_put(sim, end, (int64_t)random_below(&sim->random, 500000));
    }
}

static int64_t
latency_us(sim_world *sim)
{
    int64_t us = 20 + (int64_t)random_below(&sim->random, 400);
    if (sim->faults && random_one_in(&sim->random, 50))
        us += (int64_t)random_below(&sim->random, 200000);
    return us;
}

static happening *
happening_copy(const happening *it)
{
    happening *copy = mst_alloc(sizeof *copy);
    *copy = *it;
    copy->head = mst_alloc(it->head_size);
    memcpy(copy->head, it->head, it->head_size);
    copy->bodies = mst_alloc((it->bodies_count + 1) * sizeof(mst_body *));
    for (size_t i = 0; i < it->bodies_count; i++)
        copy->bodies[i] = mst_body_ref(it->bodies[i]);
    return copy;
}

/* Sends behind what the connection carries already, now and then twice. */
static void
send_behind(sim_world *sim, happening *it, int64_t *last_us)
{
    int64_t at_us = sim->now_us + latency_us(sim);
    if (at_us <= *last_us)
        at_us = *last_us + 1;
    happening *twice = sim->faults && random_one_in(&sim->random, 300) ? happening_copy(it) : NULL;
    happening_put(sim, it, at_us - sim->now_us);
    if (twice) {
        sim->counts->doubled++;
        at_us += 1 + (int64_t)random_below(&sim->random, 300);
        happening_put(sim, twice, at_us - sim->now_us);
    }
    *last_us = at_us;
}

void
net_to_broker(sim_world *sim, happening *it)
{
    sim_session *session = session_get(sim, it->session);
    if (!session || session->cut)
        happening_free(it);
    else
        send_behind(sim, it, &session->to_broker_us);
}

void
net_to_client(sim_world *sim, happening *it)
{
    sim_session *session = session_get(sim, it->session);
    if (!session || session->cut) {
        happening_free(it);
        return;
    }
    it->client = session->client;
    it->life = session->client->life;
    send_behind(sim, it, &session->to_client_us);
}
