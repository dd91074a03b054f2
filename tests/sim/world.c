/* world.c - one run: who there is, what happens next, when it is over. */
#include "services/discrepancy/discrepancy.h"
#include "services/export/export.h"
#include "services/ingestion/ingestion.h"
#include "services/matching/matching.h"
#include "services/parsing/parsing.h"
#include "tests/sim/sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MAX 24
#define FAULTS_US_MAX 120000000 /* virtual time after which nothing goes wrong any more */

void
sim_fail(sim_world *sim, const char *format, ...)
{
    va_list args;
    if (sim->failure[0])
        return;
    va_start(args, format);
    vsnprintf(sim->failure, sizeof sim->failure, format, args);
    va_end(args);
}

void
sim_trace(const sim_world *sim, const char *format, ...)
{
    va_list args;
    if (!sim->trace)
        return;
    printf("%10.6f ", (double)sim->now_us / 1e6);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

mst_now
sim_now(const sim_world *sim)
{
    return (mst_now){sim->now_us / 1000, 1715000000000 + sim->now_us / 1000};
}

static void
people_enter(sim_world *sim)
{
    static const struct {
        const mst_core *core;
        const char *name;
    } nodes[NODES_COUNT] = {{&ingestion_core, "ingestion/1"}, {&parsing_core, "parsing/1"},
                            {&parsing_core, "parsing/2"},     {&matching_core, "matching/1"},
                            {&matching_core, "matching/2"},   {&discrepancy_core, "discrepancy/1"},
                            {&export_core, "export/1"}};
    for (int i = 0; i < NODES_COUNT; i++) {
        void *disk = nodes[i].core == &ingestion_core ? blobs_new_memory() : NULL;
        sim->nodes[i] = client_new(sim, nodes[i].core, nodes[i].name, disk);
        client_start(sim, sim->nodes[i]);
    }
    sim->operator_client.sim = sim;
    snprintf(sim->operator_client.name, sizeof sim->operator_client.name, "cli/anna");
    sim->operator= operator_new(sim);
    client_start(sim, &sim->operator_client);
}

static bool
happen(sim_world *sim)
{
    happening *next = happening_take(sim);
    if (!next)
        return false;
    sim->counts->steps++;
    if (next->at_us > sim->now_us)
        sim->now_us = next->at_us;
    if (next->kind == TO_BROKER || next->kind == BROKER_TURN || next->kind == BROKER_TICK ||
        next->kind == BROKER_START || next->kind == BROKER_HEARS_END)
        broker_happens(sim, next);
    else
        client_happens(sim, next);
    if (sim->faults_left == 0 || sim->now_us > FAULTS_US_MAX)
        sim->faults = false;
    fault_maybe(sim);
    return true;
}

static bool
at_rest(const sim_world *sim)
{
    if (!sim->broker || sim->operator_client.state != CLIENT_READY)
        return false;
    for (int i = 0; i < NODES_COUNT; i++)
        if (sim->nodes[i]->state != CLIENT_READY || !mst_instance_ready(sim->nodes[i]->instance) ||
            mst_instance_works(sim->nodes[i]->instance) ||
            mst_instance_applied_seq(sim->nodes[i]->instance) < mst_broker_durable_seq(sim->broker))
            return false;
    return true;
}

/* Who keeps the others waiting, for the trace. */
static void
unrest_trace(const sim_world *sim)
{
    static const char *const states[] = {"down", "waiting", "greeting", "connected"};
    for (int i = 0; i < NODES_COUNT; i++) {
        const sim_client *node = sim->nodes[i];
        sim_trace(sim, "%s: %s, session %llu (%s), frozen until %.3f, %s, %zu works, applied %llu", node->name,
                  states[node->state], (unsigned long long)node->session,
                  sim->broker && mst_broker_has_session(sim->broker, node->session) ? "known" : "unknown",
                  (double)node->frozen_until_us / 1e6,
                  node->instance && mst_instance_ready(node->instance) ? "ready" : "not ready",
                  node->instance ? mst_instance_works(node->instance) : 0,
                  node->instance ? (unsigned long long)mst_instance_applied_seq(node->instance) : 0);
    }
    sim_trace(sim, "broker %s, operator's tool %s", sim->broker ? "up" : "down", states[sim->operator_client.state]);
}

/* Runs until `over`; C11: everything ends. */
static void
run_until(sim_world *sim, bool (*over)(const struct operator_tool *tool), const char *what)
{
    int64_t limit_us = sim->now_us + RUN_US_MAX;
    while (!sim->failure[0] && !(over(sim->operator) && at_rest(sim))) {
        if (!happen(sim) || sim->now_us > limit_us) {
            char text[400];
            unrest_trace(sim);
            operator_describe(sim->operator, text, sizeof text);
            sim_fail(sim, "%s does not end (C11): %s", what, text);
        }
    }
}

/* C8, the strong form: every store is thrown away, and everything that can be asked is answered as before. */
static void
rebuild_check(sim_world *sim)
{
    operator_survey_start(sim->operator);
    run_until(sim, operator_surveyed, "the survey");
    char *before = mst_strdup(operator_survey(sim->operator));
    for (int i = 0; i < NODES_COUNT && !sim->failure[0]; i++) {
        client_die(sim, sim->nodes[i]);
        mst_batchlog_close(&sim->nodes[i]->log);
        sim->nodes[i]->log = mst_batchlog_open_memory();
    }
    run_until(sim, operator_done, "the rebuilding");
    operator_survey_start(sim->operator);
    run_until(sim, operator_surveyed, "the second survey");
    const char *after = operator_survey(sim->operator);
    size_t same = 0, line = 0;
    while (before[same] && before[same] == after[same])
        if (before[same++] == '\n')
            line = same;
    if (!sim->failure[0] && (before[same] || after[same]))
        sim_fail(sim, "rebuilt from the log, this is answered otherwise: %.60s (C8)", before + line);
    sim->counts->rebuilt++;
    free(before);
}

bool
sim_run(sim_world *sim, const sim_scenario *scenario, uint64_t seed, bool faults, bool trace, sim_counts *counts)
{
    *sim = (struct sim_world){.seed = seed, .random = {seed}, .scenario = scenario, .trace = trace, .counts = counts};
    sim->store = mst_memstore_new();
    sim->asked = mst_table_new(NULL);
    sim->accepted = mst_table_new(NULL);
    sim->tokens = mst_table_new(NULL);
    static const uint64_t spread[] = {40, 120, 400, 1000};
    sim->fault_one_in = spread[random_below(&sim->random, 4)];
    sim->faults = faults;
    sim->faults_left = faults ? 1 + (uint32_t)random_below(&sim->random, FAULTS_MAX) : 0;
    counts->runs++;
    broker_start(sim);
    people_enter(sim);
    run_until(sim, operator_done, "the work");
    sim->faults = false;
    if (!sim->failure[0])
        check_log(sim);
    if (!sim->failure[0])
        check_batchlogs(sim);
    if (!sim->failure[0])
        rebuild_check(sim);
    if (!sim->failure[0])
        check_batchlogs(sim);
    return !sim->failure[0];
}

void
sim_release(sim_world *sim)
{
    for (happening *it; (it = happening_take(sim)) != NULL;)
        happening_free(it);
    for (size_t i = 0; i < sim->ghosts_count; i++)
        client_free(&sim->ghosts[i]);
    for (int i = 0; i < NODES_COUNT; i++) {
        blobs *disk = sim->nodes[i]->extra;
        client_free(&sim->nodes[i]);
        blobs_close(&disk);
    }
    for (size_t n = 0; n < sim->operator_client.out_count; n++)
        happening_free(sim->operator_client.out[n]);
    free(sim->operator_client.out);
    for (size_t i = 0; i < sim->broker_out_count; i++)
        happening_free(sim->broker_out[i]);
    operator_free(sim->operator);
    mst_broker_close(&sim->broker);
    mst_store_close(&sim->store);
    void *commit_id;
    for (size_t at = 0; mst_table_next(sim->asked, &at, NULL, &commit_id);)
        free(commit_id);
    mst_table_destroy(&sim->asked);
    mst_table_destroy(&sim->accepted);
    mst_table_destroy(&sim->tokens);
    free(sim->broker_out);
    free(sim->heap);
    free(sim->sessions);
    free(sim->welcomes);
    free(sim->seen);
}
