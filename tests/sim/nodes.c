/* nodes.c - the programs around the cores: what broker/shell.c, service.c and link.c do, with a fault at any step. */
#include "tests/sim/sim.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US 100000
#define HELLO_US_MAX 3000000
#define SILENCE_US_MAX 15000000
#define PING_US 1000000
#define FAULT_ONE_IN_IDLE 1500 /* steps in which nobody has work under way */

/* Where nothing is under way, little can go wrong. */
static uint64_t
fault_one_in(const sim_world *sim)
{
    for (int i = 0; i < NODES_COUNT; i++)
        if (sim->nodes[i]->instance && mst_instance_works(sim->nodes[i]->instance))
            return sim->fault_one_in;
    return FAULT_ONE_IN_IDLE;
}

/* The broker ------------------------------------------------------------------------------------------ */

static void
out_put(happening ***list, size_t *count, size_t *room, happening *it)
{
    if (*count == *room) {
        *room = *room ? *room * 2 : 64;
        *list = mst_realloc(*list, *room * sizeof **list);
    }
    (*list)[(*count)++] = it;
}

static void
broker_out(void *context, uint64_t session, const Muster__V1__BusReply *reply, mst_body *const *bodies, size_t count)
{
    sim_world *sim = context;
    happening *it = happening_new(TO_CLIENT, NULL);
    it->session = session;
    it->head_size = muster__v1__bus_reply__get_packed_size(reply);
    it->head = mst_alloc(it->head_size);
    muster__v1__bus_reply__pack(reply, it->head);
    it->bodies = mst_alloc((count + 1) * sizeof(mst_body *));
    for (size_t i = 0; i < count; i++)
        it->bodies[i] = mst_body_ref(bodies[i]);
    it->bodies_count = count;
    out_put(&sim->broker_out, &sim->broker_out_count, &sim->broker_out_room, it);
}

static void
broker_publish(void *context, const char *topic, const ProtobufCMessage *head, mst_body *body)
{
    (void)topic;
    (void)body;
    if (head->descriptor == &muster__v1__envelope__descriptor)
        check_seen(context, (const Muster__V1__Envelope *)head);
}

void
broker_start(sim_world *sim)
{
    mst_broker_options options = {.store = sim->store,
                                  .new_incarnation = "simulated log",
                                  .now_us = sim->now_us,
                                  .wall_ms = sim_now(sim).wall_ms,
                                  .out = broker_out,
                                  .publish = broker_publish,
                                  .context = sim,
                                  .sync = true};
    sim->broker_life++;
    sim->turn_coming = false;
    mst_status rc = mst_broker_open(&sim->broker, &options);
    if (rc != MST_OK) {
        sim_fail(sim, "the broker cannot open its log: %s", mst_status_name(rc));
        return;
    }
    happening *tick = happening_new(BROKER_TICK, NULL);
    tick->life = sim->broker_life;
    happening_put(sim, tick, 0);
}

static void
broker_out_drop(sim_world *sim, size_t from)
{
    while (sim->broker_out_count > from)
        happening_free(sim->broker_out[--sim->broker_out_count]);
}

void
broker_die(sim_world *sim)
{
    sim_trace(sim, "broker dies");
    sim->counts->broker_deaths++;
    mst_broker_close(&sim->broker);
    mst_memstore_crash(sim->store);
    broker_out_drop(sim, 0);
    for (size_t i = 0; i < sim->sessions_count; i++)
        session_cut(sim, sim->sessions[i].id, false);
    happening_put(sim, happening_new(BROKER_START, NULL), 10000 + (int64_t)random_below(&sim->random, 2000000));
}

static void
turn_soon(sim_world *sim)
{
    if (sim->turn_coming)
        return;
    happening *turn = happening_new(BROKER_TURN, NULL);
    turn->life = sim->broker_life;
    sim->turn_coming = true;
    happening_put(sim, turn, (int64_t)random_below(&sim->random, 200));
}

/* Who was told OK, or could have been, is never told otherwise: the same commit again is the same answer (H3). */
static void
answer_check(sim_world *sim, uint64_t session, uint64_t request_id, Muster__V1__CommitStatus status)
{
    uint64_t key[2] = {session, request_id};
    const uint8_t *commit_id = mst_table_get(sim->asked, key, sizeof key);
    if (!commit_id)
        return;
    bool ok = status == MUSTER__V1__COMMIT_STATUS__COMMIT_OK || status == MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED;
    bool before = mst_table_get(sim->accepted, commit_id, MST_ID_SIZE) != NULL;
    if (before && !ok && status != MUSTER__V1__COMMIT_STATUS__COMMIT_ID_REUSED)
        sim_fail(sim, "a commit that was accepted is refused (%d) when it comes again (C1)", (int)status);
    if (ok)
        *mst_table_at(sim->accepted, commit_id, MST_ID_SIZE) = sim;
}

/* Tokens only rise, whatever the broker forgets when it dies (C5). */
static void
token_check(sim_world *sim, const Muster__V1__Delivery *delivery)
{
    char key[300];
    int size = snprintf(key, sizeof key, "%.200s/%llu", delivery->group, (unsigned long long)delivery->envelope->seq);
    uintptr_t *highest = (uintptr_t *)mst_table_at(sim->tokens, key, (size_t)size);
    if (delivery->grant <= *highest)
        sim_fail(sim, "input %s is granted with token %llx after %llx (C5)", key, (unsigned long long)delivery->grant,
                 (unsigned long long)*highest);
    *highest = delivery->grant;
    sim->counts->regranted += delivery->grants > 1;
    sim->counts->resumed_parts += delivery->next_part > 0;
}

static void
welcome_note(sim_world *sim, uint64_t session, const Muster__V1__Welcome *welcome)
{
    if (sim->welcomes_count == sim->welcomes_room) {
        sim->welcomes_room = sim->welcomes_room ? sim->welcomes_room * 2 : 32;
        sim->welcomes = mst_realloc(sim->welcomes, sim->welcomes_room * sizeof *sim->welcomes);
    }
    sim_welcome *noted = &sim->welcomes[sim->welcomes_count++];
    *noted = (sim_welcome){.epoch = welcome->epoch, .after_seq = mst_broker_durable_seq(sim->broker)};
    snprintf(noted->producer, sizeof noted->producer, "%s", session_get(sim, session)->client->name);
}

/* Looks at what leaves, and counts: a run where nothing was repeated or refused has not tried much. */
static void
reply_check(sim_world *sim, const happening *it)
{
    Muster__V1__BusReply *reply = muster__v1__bus_reply__unpack(NULL, it->head_size, it->head);
    assert(reply != NULL);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_DELIVERY && !reply->delivery->subscription)
        token_check(sim, reply->delivery);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WELCOME)
        welcome_note(sim, it->session, reply->welcome);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_COMMIT_RESULT) {
        Muster__V1__CommitStatus status = reply->commit_result->status;
        answer_check(sim, it->session, reply->request_id, status);
        sim->counts->repeated += status == MUSTER__V1__COMMIT_STATUS__COMMIT_REPEATED;
        sim->counts->fenced += status == MUSTER__V1__COMMIT_STATUS__COMMIT_FENCED;
        sim->counts->not_granted += status == MUSTER__V1__COMMIT_STATUS__COMMIT_NOT_GRANTED;
        sim->counts->stale += status == MUSTER__V1__COMMIT_STATUS__COMMIT_STALE;
        if (status == MUSTER__V1__COMMIT_STATUS__COMMIT_ID_REUSED ||
            status == MUSTER__V1__COMMIT_STATUS__COMMIT_LIMIT || status == MUSTER__V1__COMMIT_STATUS__COMMIT_DENIED)
            sim_fail(sim, "a commit was refused as no honest one can be: %s", reply->commit_result->text);
    }
    muster__v1__bus_reply__free_unpacked(reply, NULL);
}

/* One turn: durable first, then out. Power may fail before the write, after it, and between two messages. */
static void
broker_turn(sim_world *sim)
{
    bool more = false;
    bool dies = sim->faults && sim->faults_left && random_one_in(&sim->random, 2 * fault_one_in(sim));
    uint64_t tail = mst_broker_durable_seq(sim->broker);
    sim->turn_coming = false;
    if (dies) {
        sim->faults_left--;
        if (random_one_in(&sim->random, 2))
            mst_memstore_cut(sim->store, random_one_in(&sim->random, 2) ? MST_CUT_BEFORE : MST_CUT_AFTER);
    }
    mst_status rc = mst_broker_turn_end(sim->broker, &more);
    if (rc != MST_OK) {
        sim->counts->lost_turns++;
        sim_trace(sim, "power fails in the write");
        /* Nothing may have left before the write; what did is on its way and cannot be called back. */
        for (size_t i = 0; i < sim->broker_out_count; i++)
            net_to_client(sim, sim->broker_out[i]);
        sim->broker_out_count = 0;
        broker_die(sim);
        return;
    }
    mst_memstore_cut(sim->store, MST_CUT_NONE);
    if (sim->trace && mst_broker_durable_seq(sim->broker) > tail)
        sim_trace(sim, "durable up to %llu", (unsigned long long)mst_broker_durable_seq(sim->broker));
    size_t sent = dies ? (size_t)random_below(&sim->random, sim->broker_out_count + 1) : sim->broker_out_count;
    for (size_t i = 0; i < sim->broker_out_count; i++) {
        reply_check(sim, sim->broker_out[i]);
        if (i < sent)
            net_to_client(sim, sim->broker_out[i]);
        else
            happening_free(sim->broker_out[i]);
    }
    sim->broker_out_count = 0;
    if (dies)
        broker_die(sim);
    else if (more)
        turn_soon(sim);
}

static void
broker_takes(sim_world *sim, happening *it)
{
    const mst_principal local = {.role = MST_ROLE_LOCAL};
    sim_session *session = session_get(sim, it->session);
    if (session->cut && !it->delayed) {
        if (!session->late) {
            happening_free(it);
            return;
        }
        it->delayed = true;
        sim->counts->late++;
        happening_put(sim, it, session->late_by_us);
        return;
    }
    if (sim->broker) {
        Muster__V1__BusRequest *request = muster__v1__bus_request__unpack(NULL, it->head_size, it->head);
        assert(request != NULL);
        if (request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_COMMIT &&
            request->commit->commit_id.len == MST_ID_SIZE) {
            uint64_t key[2] = {it->session, request->request_id};
            void **commit_id = mst_table_at(sim->asked, key, sizeof key);
            if (!*commit_id)
                *commit_id = memcpy(mst_alloc(MST_ID_SIZE), request->commit->commit_id.data, MST_ID_SIZE);
        }
        if (request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_CALL)
            sim_trace(sim, "broker: call %s of %s", request->call->method, request->call->service);
        mst_broker_receive(sim->broker, it->session, &local, request, it->bodies, it->bodies_count);
        muster__v1__bus_request__free_unpacked(request, NULL);
        turn_soon(sim);
    }
    happening_free(it);
}

void
broker_happens(sim_world *sim, happening *it)
{
    if (it->kind == TO_BROKER) {
        broker_takes(sim, it);
        return;
    }
    if (it->kind == BROKER_START && !sim->broker)
        broker_start(sim);
    if (it->kind != BROKER_START && sim->broker && it->life == sim->broker_life) {
        if (it->kind == BROKER_TURN)
            broker_turn(sim);
        if (it->kind == BROKER_HEARS_END) {
            mst_broker_gone(sim->broker, it->session, false);
            turn_soon(sim);
        }
        if (it->kind == BROKER_TICK) {
            mst_broker_tick(sim->broker, sim->now_us, sim_now(sim).wall_ms);
            turn_soon(sim);
            happening_put(sim, it, MST_BROKER_TICK_US);
            return;
        }
    }
    happening_free(it);
}

/* Clients --------------------------------------------------------------------------------------------- */

mst_status
client_send(void *self, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t count)
{
    sim_client *client = self;
    happening *it = happening_new(TO_BROKER, client);
    it->session = client->session;
    it->head_size = muster__v1__bus_request__get_packed_size(request);
    it->head = mst_alloc(it->head_size);
    muster__v1__bus_request__pack(request, it->head);
    it->bodies = mst_alloc((count + 1) * sizeof(mst_body *));
    for (size_t i = 0; i < count; i++)
        it->bodies[i] = mst_body_copy(bodies[i].data, bodies[i].size);
    it->bodies_count = count;
    out_put(&client->out, &client->out_count, &client->out_room, it);
    if (request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_COMMIT && request->commit->n_acks) {
        const Muster__V1__Ack *ack = request->commit->acks[0];
        client->in_the_middle |= !ack->last;
        sim_trace(client->sim, "%s answers %llu: part %u%s, %zu events", client->name, (unsigned long long)ack->seq,
                  ack->part, ack->last ? ", the last" : "", request->commit->n_events);
    }
    if (it->head_size > 65536)
        sim_fail(client->sim, "%s sends a head of %zu bytes", client->name, it->head_size);
    return MST_OK;
}

/* What was said in this step leaves; a death in the middle of it keeps the rest back. */
static void
client_say(sim_client *client, size_t count)
{
    for (size_t i = 0; i < client->out_count; i++)
        if (i < count)
            net_to_broker(client->sim, client->out[i]);
        else
            happening_free(client->out[i]);
    client->out_count = 0;
}

static void
hello(sim_client *client)
{
    Muster__V1__Hello hello = MUSTER__V1__HELLO__INIT;
    hello.producer = client->name;
    hello.service = client->core ? (char *)client->core->name : "";
    hello.operator_ = "anna";
    hello.protocol = 1;
    hello.epoch = client->epoch;
    hello.observer = !client->core;
    if (client->log && mst_batchlog_position(client->log)->seen_seq) {
        const mst_position *position = mst_batchlog_position(client->log);
        hello.seen_incarnation = (ProtobufCBinaryData){16, (uint8_t *)position->incarnation};
        hello.seen_seq = position->seen_seq;
        hello.seen_hash = (ProtobufCBinaryData){MST_HASH_SIZE, (uint8_t *)position->seen_hash};
    }
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 1;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_HELLO;
    request.hello = &hello;
    client->session = session_open(client->sim, client);
    client->state = CLIENT_GREETING;
    client->since_us = client->sim->now_us;
    client_send(client, &request, NULL, 0);
}

static void
client_lost(sim_client *client)
{
    bool told = client->state == CLIENT_READY;
    session_cut(client->sim, client->session, true);
    client->session = 0;
    client->state = CLIENT_WAITING;
    client->since_us = client->sim->now_us;
    client->unanswered_us = 0;
    if (told && client->instance)
        mst_instance_lost(client->instance, sim_now(client->sim));
}

sim_client *
client_new(sim_world *sim, const mst_core *core, const char *name, void *extra)
{
    sim_client *client = mst_alloc(sizeof *client);
    *client = (sim_client){.sim = sim, .core = core, .log = mst_batchlog_open_memory(), .extra = extra};
    snprintf(client->name, sizeof client->name, "%s", name);
    return client;
}

void
client_free(sim_client **client)
{
    mst_instance_destroy(&(*client)->instance);
    mst_batchlog_close(&(*client)->log);
    for (size_t i = 0; i < (*client)->out_count; i++)
        happening_free((*client)->out[i]);
    free((*client)->out);
    free(*client);
    *client = NULL;
}

void
client_start(sim_world *sim, sim_client *client)
{
    char why[256] = "";
    client->life++;
    client->state = CLIENT_WAITING;
    client->since_us = sim->now_us;
    client->retry_us = 0;
    client->epoch = 0;
    client->unanswered_us = client->frozen_until_us = 0;
    if (client->core) {
        mst_instance_options options = {.core = client->core,
                                        .env = {.data_dir = "",
                                                .blobs_dir = "",
                                                .system_dir = "",
                                                .instance = client->name,
                                                .extra = client->extra},
                                        .port = {.self = client, .send = client_send},
                                        .log = client->log,
                                        .snapshot_events = 40};
        sim->counts->replays += mst_batchlog_position(client->log)->applied_seq > 0;
        if (mst_instance_new(&client->instance, &options, sim_now(sim), why) != MST_OK)
            sim_fail(sim, "%s cannot start: %s", client->name, why);
    }
    happening_put(sim, happening_new(CLIENT_TICK, client), (int64_t)random_below(&sim->random, TICK_US));
}

/* kill -9, or the power of its machine: unsynced writes of its batch log may go with it. */
void
client_die(sim_world *sim, sim_client *client)
{
    bool committing = client->instance && !mst_instance_drained(client->instance);
    sim_trace(sim, "%s dies", client->name);
    sim->counts->service_deaths++;
    sim->counts->deaths_with_commit_under_way += committing;
    session_cut(sim, client->session, true);
    client->session = 0;
    client->state = CLIENT_DOWN;
    client->life++;
    client_say(client, 0);
    mst_instance_destroy(&client->instance);
    if (client->ghost)
        return;
    mst_batchlog_memory_crash(client->log, (uint32_t)random_below(&sim->random, 4));
    happening *start = happening_new(CLIENT_START, client);
    happening_put(sim, start, 10000 + (int64_t)random_below(&sim->random, 3000000));
}

static void
client_takes(sim_client *client, happening *it)
{
    sim_world *sim = client->sim;
    mst_slice bodies[MST_BROKER_EVENTS_MAX + 1];
    Muster__V1__BusReply *reply = muster__v1__bus_reply__unpack(NULL, it->head_size, it->head);
    assert(reply != NULL && it->bodies_count <= MST_BROKER_EVENTS_MAX);
    for (size_t i = 0; i < it->bodies_count; i++)
        bodies[i] = (mst_slice){it->bodies[i]->data, it->bodies[i]->size};
    client->unanswered_us = 0;
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_CALL_REQUEST)
        sim_trace(sim, "%s is asked %s", client->name, reply->call_request->method);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT)
        sim_trace(sim, "%s is answered %d %s", client->name, (int)reply->call_result->status, reply->call_result->text);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT)
        sim_trace(sim, "%s hears a fault: %s", client->name, reply->fault->text);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_DELIVERY)
        check_seen(sim, reply->delivery->envelope);
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_PAGE)
        for (size_t i = 0; i < reply->page->n_envelopes; i++)
            check_seen(sim, reply->page->envelopes[i]);
    if (client->state == CLIENT_GREETING && reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_WELCOME) {
        client->state = CLIENT_READY;
        client->epoch = reply->welcome->epoch;
        client->pinged_us = sim->now_us;
        client->retry_us = 0;
        if (client->instance && mst_instance_back(client->instance, reply->welcome, sim_now(sim)) != MST_OK)
            sim_fail(sim, "%s does not know this log any more", client->name);
        if (!client->core)
            operator_back(sim->operator);
    } else if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_FAULT &&
               (client->state == CLIENT_GREETING || reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION ||
                (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED && reply->request_id == 0))) {
        if (reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_BEHIND)
            sim_fail(sim, "%s has seen more than the log holds: %s", client->name, reply->fault->text);
        client->refused = client->core && reply->fault->code == MUSTER__V1__FAULT_CODE__FAULT_DENIED;
        client_lost(client);
    } else if (client->state == CLIENT_READY && client->instance) {
        mst_instance_receive(client->instance, reply, bodies, it->bodies_count, sim_now(sim));
        if (random_one_in(&sim->random, 3))
            mst_instance_settle(client->instance, sim_now(sim));
    } else if (client->state == CLIENT_READY) {
        operator_take(sim->operator, reply, it->bodies, it->bodies_count);
    }
    muster__v1__bus_reply__free_unpacked(reply, NULL);
}

static void
ping(sim_client *client)
{
    Muster__V1__Ping ping = MUSTER__V1__PING__INIT;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = 2;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_PING;
    request.ping = &ping;
    client->pinged_us = client->sim->now_us;
    if (!client->unanswered_us)
        client->unanswered_us = client->sim->now_us;
    client_send(client, &request, NULL, 0);
}

static void
client_tick(sim_client *client)
{
    sim_world *sim = client->sim;
    int64_t in_state_us = sim->now_us - client->since_us;
    if (client->state == CLIENT_WAITING && in_state_us >= client->retry_us) {
        client->retry_us = client->retry_us ? client->retry_us * 2 : 50000;
        client->retry_us = client->retry_us > 500000 ? 500000 : client->retry_us;
        client->since_us = sim->now_us;
        if (sim->broker)
            hello(client);
    } else if (client->state == CLIENT_GREETING && in_state_us >= HELLO_US_MAX) {
        client_lost(client);
    } else if (client->state == CLIENT_READY) {
        if (client->unanswered_us && sim->now_us - client->unanswered_us > SILENCE_US_MAX)
            client_lost(client);
        else if (sim->now_us - client->pinged_us >= PING_US)
            ping(client);
    }
    if (client->instance)
        mst_instance_tick(client->instance, sim_now(sim));
    else if (!client->core)
        operator_tick(sim->operator);
}

void
client_happens(sim_world *sim, happening *it)
{
    sim_client *client = it->client;
    if (it->kind == CLIENT_START) {
        if (client->state == CLIENT_DOWN)
            client_start(sim, client);
        happening_free(it);
        return;
    }
    if (it->life != client->life || client->state == CLIENT_DOWN ||
        ((it->kind == TO_CLIENT || it->kind == CLIENT_HEARS_END) && it->session != client->session)) {
        happening_free(it);
        return;
    }
    if (client->frozen_until_us > sim->now_us) { /* it hangs: everything waits for it, in order */
        happening_put(sim, it, client->frozen_until_us - sim->now_us);
        return;
    }
    if (it->kind == TO_CLIENT)
        client_takes(client, it);
    else if (it->kind == CLIENT_HEARS_END)
        client_lost(client);
    else
        client_tick(client);
    /* Between two parts of one answer is where it hurts most. */
    bool dies = sim->faults && sim->faults_left && client->core && client->out_count &&
                random_one_in(&sim->random, client->in_the_middle ? 4 : 8 * sim->fault_one_in);
    client->in_the_middle = false;
    client_say(client, dies ? (size_t)random_below(&sim->random, client->out_count + 1) : client->out_count);
    if (client->instance && (client->refused || mst_instance_fatal(client->instance))) {
        /* Fenced, by a Hello of its own that came late; it ends, and is started again. */
        sim_trace(sim, "%s ends: fenced", client->name);
        client->refused = false;
        dies = true;
    }
    if (dies)
        client_die(sim, client);
    if (it->kind == CLIENT_TICK && !dies)
        happening_put(sim, it, TICK_US);
    else
        happening_free(it);
}

/* It hangs, and somebody starts another of its name on another machine: an empty store, a newer epoch. When it wakes
 * it still believes in its session, its grants and the calls it was given. */
static void
client_replace(sim_world *sim, int place)
{
    sim_client *old = sim->nodes[place];
    if (old->state == CLIENT_DOWN || sim->ghosts_count == GHOSTS_MAX)
        return;
    sim_trace(sim, "%s hangs and is replaced", old->name);
    sim->counts->replaced++;
    old->ghost = true;
    if (old->frozen_until_us <= sim->now_us)
        old->frozen_until_us = sim->now_us + (int64_t)random_below(&sim->random, 8000000);
    sim->ghosts[sim->ghosts_count++] = old;
    sim->nodes[place] = client_new(sim, old->core, old->name, old->extra);
    client_start(sim, sim->nodes[place]);
}

/* Faults ---------------------------------------------------------------------------------------------- */

void
fault_maybe(sim_world *sim)
{
    if (!sim->faults || !sim->faults_left || !random_one_in(&sim->random, fault_one_in(sim)))
        return;
    int place = (int)random_below(&sim->random, NODES_COUNT);
    for (int i = 0; i < 4 && !(sim->nodes[place]->instance && mst_instance_works(sim->nodes[place]->instance)); i++)
        place = (int)random_below(&sim->random, NODES_COUNT); /* whoever is at work, if anybody is */
    sim_client *client = sim->nodes[place];
    sim->faults_left--;
    switch (random_below(&sim->random, 11)) {
    case 0:
        if (sim->broker)
            broker_die(sim);
        return;
    case 1:
    case 2:
    case 3:
        if (client->state != CLIENT_DOWN)
            client_die(sim, client);
        return;
    case 4:
        if (client->frozen_until_us > sim->now_us) /* what waits for it stays in order */
            return;
        client->frozen_until_us = sim->now_us + (int64_t)random_below(&sim->random, 40000000);
        sim->counts->freezes++;
        sim_trace(sim, "%s hangs for %lld ms", client->name, (long long)(client->frozen_until_us - sim->now_us) / 1000);
        return;
    case 5: client_replace(sim, place); return;
    case 6: client = &sim->operator_client; /* fall through */
    default:
        sim->counts->cuts++;
        sim_trace(sim, "%s loses its connection", client->name);
        session_cut(sim, client->session, false);
        return;
    }
}
