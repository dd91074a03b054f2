/* sim.h - the whole of muster in one process, from one seed.
 *
 * The broker's core and seven instances of the five services run over a network, disks and clocks that exist only
 * here: one thread, a heap of things to come, a random generator. The code is the one that ships; what is simulated is
 * what the programs around it do (shell.c of the broker, service.c and link.c of the others). Between any two steps a
 * process may die, a connection may break, messages may come late or twice, a process may hang past its lease. After
 * some time the faults end, everything has to come to its end, and check.c looks at what stands in the log.
 *
 * Same seed, same run, to the byte: a failure prints the seed that repeats it. */
#ifndef MUSTER_SIM_H
#define MUSTER_SIM_H

#include "broker/broker.h"
#include "broker/memstore.h"
#include "broker/table.h"
#include "services/ingestion/blobs.h"
#include "services/runtime/batchlog.h"
#include "services/runtime/instance.h"
#include <stdbool.h>
#include <stdint.h>

#define NODES_COUNT 7
#define FLOWS_MAX 6
#define GHOSTS_MAX 8
#define RUN_US_MAX (1800ll * 1000000) /* virtual time by which everything must have ended */

/* Chance --------------------------------------------------------------------------------------------- */

typedef struct sim_random {
    uint64_t state;
} sim_random;

static inline uint64_t
random_next(sim_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u); /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static inline uint64_t
random_below(sim_random *random, uint64_t below)
{
    return below ? random_next(random) % below : 0;
}

static inline bool
random_one_in(sim_random *random, uint64_t count)
{
    return random_below(random, count) == 0;
}

/* What people bring ---------------------------------------------------------------------------------- */

typedef enum file_plan { PLAN_GO_ON, PLAN_CANCEL_WHERE_IT_WAITS } file_plan;

typedef struct sim_file {
    bool import;
    bool dry_run;
    file_plan plan;
    uint32_t rows, wrong_rows;
    char *text; /* CSV */
    size_t size;
} sim_file;

/* The directory, the template, and some files, the same for all seeds with the same remainder. */
typedef struct sim_scenario {
    uint64_t number;
    bool together; /* the batches are under way at the same time; else one after the other */
    char *package, *template;
    sim_file files[FLOWS_MAX];
    size_t files_count;
} sim_scenario;

#define SCENARIOS_COUNT 40

void scenario_make(sim_scenario *scenario, uint64_t number);
void scenario_release(sim_scenario *scenario);

/* The world ------------------------------------------------------------------------------------------ */

typedef enum happening_kind {
    TO_BROKER,
    TO_CLIENT,
    BROKER_TURN,
    BROKER_TICK,
    BROKER_START,
    BROKER_HEARS_END, /* of a session */
    CLIENT_TICK,
    CLIENT_START,
    CLIENT_HEARS_END
} happening_kind;

/* Something that will be. */
typedef struct happening {
    int64_t at_us;
    uint64_t order; /* among those of the same time */
    happening_kind kind;
    struct sim_client *client;
    uint64_t session, life;
    bool delayed;
    uint8_t *head; /* packed BusRequest or BusReply */
    size_t head_size;
    mst_body **bodies;
    size_t bodies_count;
} happening;

typedef enum client_state { CLIENT_DOWN, CLIENT_WAITING, CLIENT_GREETING, CLIENT_READY } client_state;

/* Whoever has a session: a service process or the operator's tool. Does what link.c does. */
typedef struct sim_client {
    struct sim_world *sim;
    char name[32];
    client_state state;
    uint64_t life;    /* counts processes: what was meant for an earlier one is void */
    uint64_t session; /* 0 none */
    uint64_t epoch;
    int64_t since_us, pinged_us, retry_us;
    int64_t unanswered_us; /* since when a ping waits for its pong; 0 none */
    int64_t frozen_until_us;
    bool ghost;         /* was replaced by another process of its name */
    bool in_the_middle; /* a part left in this step that is not the last */
    bool refused;       /* the broker does not let this process in any more */
    happening **out;    /* said in this step, not on its way yet */
    size_t out_count, out_room;
    /* a service */
    const mst_core *core;
    mst_instance *instance;
    mst_batchlog *log;
    void *extra; /* a disk that outlives the process */
} sim_client;

/* From here on a producer has this epoch: an older one appends no more (C5). */
typedef struct sim_welcome {
    char producer[32];
    uint64_t epoch, after_seq;
} sim_welcome;

typedef struct sim_session {
    uint64_t id;
    sim_client *client;
    bool cut;  /* nothing passes any more */
    bool late; /* but what was on its way to the broker comes so much later */
    int64_t late_by_us;
    int64_t to_broker_us, to_client_us; /* the last message's arrival: order is kept */
} sim_session;

/* How often what was meant to happen did: a run in which nothing went wrong proves nothing. */
typedef struct sim_counts {
    uint64_t runs, events, steps, service_deaths, broker_deaths, cuts, freezes, doubled, late, replaced;
    uint64_t deaths_with_commit_under_way, repeated, fenced, not_granted, stale, regranted, resumed_parts, replays;
    uint64_t lost_turns, parked, batches, resolved, cancelled, rebuilt;
} sim_counts;

struct operator_tool;

typedef struct sim_world {
    uint64_t seed;
    sim_random random;
    const sim_scenario *scenario;
    bool faults; /* may still happen */
    bool trace;
    uint32_t faults_left;
    uint64_t fault_one_in; /* steps in which somebody has work under way: early and dense, or spread over the run */
    int64_t now_us;
    happening **heap;
    size_t heap_count, heap_room;
    uint64_t order;

    mst_store *store;
    mst_broker *broker; /* NULL: down */
    uint64_t broker_life;
    bool turn_coming;
    happening **broker_out;
    size_t broker_out_count, broker_out_room;

    mst_table *asked;    /* session and request -> id of the commit asked for */
    mst_table *accepted; /* ids of commits that were answered OK */
    mst_table *tokens;   /* group and input -> highest token given out */

    sim_welcome *welcomes;
    size_t welcomes_count, welcomes_room;
    sim_session *sessions;
    size_t sessions_count, sessions_room;
    sim_client *nodes[NODES_COUNT];
    sim_client *ghosts[GHOSTS_MAX]; /* older processes of a node that do not know yet that they were replaced */
    size_t ghosts_count;
    sim_client operator_client;
    struct operator_tool *operator;

    uint8_t (*seen)[MST_HASH_SIZE]; /* by seq: what anybody was ever shown (C2) */
    size_t seen_room;
    sim_counts *counts;
    char failure[512]; /* "" while all is well */
} sim_world;

/* Runs one seed to its end. False: sim->failure says what is wrong. */
bool sim_run(sim_world *sim, const sim_scenario *scenario, uint64_t seed, bool faults, bool trace, sim_counts *counts);
void sim_release(sim_world *sim);
void sim_fail(sim_world *sim, const char *format, ...) MST_PRINTF(2, 3);
void sim_trace(const sim_world *sim, const char *format, ...) MST_PRINTF(2, 3);
mst_now sim_now(const sim_world *sim);

/* net.c ----------------------------------------------------------------------------------------------- */

happening *happening_new(happening_kind kind, sim_client *client);
void happening_free(happening *it);
/* `it` belongs to the heap from now on. */
void happening_put(sim_world *sim, happening *it, int64_t in_us);
happening *happening_take(sim_world *sim);
sim_session *session_get(sim_world *sim, uint64_t id);
uint64_t session_open(sim_world *sim, sim_client *client);
/* The connection breaks: what is under way is lost, or comes late; both ends hear of it, or find out. */
void session_cut(sim_world *sim, uint64_t id, bool client_knows);
/* Puts a message on its way. */
void net_to_broker(sim_world *sim, happening *it);
void net_to_client(sim_world *sim, happening *it);

/* nodes.c --------------------------------------------------------------------------------------------- */

void broker_start(sim_world *sim);
void broker_die(sim_world *sim);
void broker_happens(sim_world *sim, happening *it);
void client_start(sim_world *sim, sim_client *client);
void client_die(sim_world *sim, sim_client *client);
sim_client *client_new(sim_world *sim, const mst_core *core, const char *name, void *extra);
void client_free(sim_client **client);
void client_happens(sim_world *sim, happening *it);
mst_status client_send(void *self, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count);
/* Chance decides whether something goes wrong now. */
void fault_maybe(sim_world *sim);

/* operator.c ------------------------------------------------------------------------------------------ */

struct operator_tool *operator_new(sim_world *sim);
void operator_free(struct operator_tool *tool);
void operator_back(struct operator_tool *tool);
void operator_take(struct operator_tool *tool, const Muster__V1__BusReply *reply, mst_body *const *bodies,
                   size_t bodies_count);
void operator_tick(struct operator_tool *tool);
bool operator_done(const struct operator_tool *tool);
/* Asks everything there is to ask once more and remembers the answers; true when it has them all. */
void operator_survey_start(struct operator_tool *tool);
bool operator_surveyed(const struct operator_tool *tool);
/* The answers, one line each, packed in hex; belongs to the tool. */
const char *operator_survey(const struct operator_tool *tool);
uint32_t operator_resolved(const struct operator_tool *tool);
void operator_describe(const struct operator_tool *tool, char *text, size_t size);

/* check.c --------------------------------------------------------------------------------------------- */

/* Notes that somebody was shown this event; fails if somebody was shown another at the same place. */
void check_seen(sim_world *sim, const Muster__V1__Envelope *envelope);
/* Everything that must hold in the log, whatever happened. */
void check_log(sim_world *sim);
/* Every batch log is what a filter makes of the log. */
void check_batchlogs(sim_world *sim);
/* What came of it in a form that two runs can be compared by; caller frees. */
char *check_outcome(sim_world *sim);

#endif
