/* main.c - sim --seeds 2000 --from 1: many runs; sim --seed N --trace: one, told step by step.
 *
 * Exit code 0: all is well; 1: a run has failed, the seed that repeats it was printed; 2: wrong usage. */
#include "broker/lib/clock.h"
#include "broker/lib/log.h"
#include "tests/sim/sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 16
#define VACUITY_RUNS 1000 /* from so many runs on, everything that can happen must have happened */

static struct {
    sim_scenario scenario;
    char *outcome; /* undisturbed; NULL: not run yet */
} known[SCENARIOS_COUNT];

static void
first_difference(const char *expected, const char *found)
{
    while (*expected && *found) {
        size_t a = strcspn(expected, "\n"), b = strcspn(found, "\n");
        if (a != b || memcmp(expected, found, a) != 0)
            break;
        expected += a + 1;
        found += b + 1;
    }
    printf("  undisturbed: %.*s\n  this run:    %.*s\n", (int)strcspn(expected, "\n"), expected,
           (int)strcspn(found, "\n"), found);
}

/* What comes of a scenario when nothing goes wrong. */
static const char *
undisturbed(uint64_t number)
{
    sim_world world;
    sim_counts counts = {0};
    if (known[number].outcome)
        return known[number].outcome;
    scenario_make(&known[number].scenario, number);
    if (!sim_run(&world, &known[number].scenario, number + 1, false, false, &counts)) {
        printf("scenario %llu fails undisturbed: %s\n", (unsigned long long)number, world.failure);
        exit(1);
    }
    known[number].outcome = check_outcome(&world);
    sim_release(&world);
    return known[number].outcome;
}

static bool
run_seed(uint64_t seed, bool trace, sim_counts *counts)
{
    uint64_t number = seed % SCENARIOS_COUNT;
    const char *expected = undisturbed(number);
    sim_world world;
    bool ok = sim_run(&world, &known[number].scenario, seed, true, trace, counts);
    if (!ok)
        printf("seed %llu: %s\n", (unsigned long long)seed, world.failure);
    if (ok && !known[number].scenario.together) {
        char *outcome = check_outcome(&world);
        ok = strcmp(outcome, expected) == 0;
        if (!ok) {
            printf("seed %llu: another outcome than undisturbed\n", (unsigned long long)seed);
            first_difference(expected, outcome);
        }
        free(outcome);
    }
    if (!ok)
        printf("  repeat it with: sim --seed %llu --trace\n", (unsigned long long)seed);
    fflush(stdout);
    sim_release(&world);
    return ok;
}

static void
counts_add(sim_counts *sum, const sim_counts *counts)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)counts;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

/* A campaign in which something never happened has not tested it. */
static bool
vacuous(const sim_counts *counts)
{
    static const char *const names[] = {"runs",
                                        "events",
                                        "steps",
                                        "deaths of services",
                                        "deaths of the broker",
                                        "lost connections",
                                        "hangs",
                                        "doubled messages",
                                        "late messages",
                                        "processes replaced by another of their name",
                                        "deaths with a commit under way",
                                        "repeated commits",
                                        "fenced commits",
                                        "commits not granted",
                                        "stale commits",
                                        "inputs granted again",
                                        "answers resumed",
                                        "replays after a restart",
                                        "turns lost to a power cut",
                                        "inputs parked and released",
                                        "batches",
                                        "decisions",
                                        "cancelled",
                                        "rebuilt"};
    const uint64_t *count = (const uint64_t *)counts;
    bool missing = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        printf("%12llu %s\n", (unsigned long long)count[i], names[i]);
        bool rare = strcmp(names[i], "inputs parked and released") == 0; /* five deaths over one input */
        missing |= count[i] == 0 && !rare;
    }
    return missing;
}

static int
campaign(uint64_t from, uint64_t seeds, int jobs, bool keep_going)
{
    sim_counts *counts =
        mmap(NULL, sizeof(sim_counts) * JOBS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int failed = 0;
    int64_t began_us = mst_clock_monotonic_us();
    if (counts == MAP_FAILED)
        return 1;
    for (int job = 0; job < jobs; job++) {
        if (fork() != 0)
            continue;
        int bad = 0;
        for (uint64_t seed = from + (uint64_t)job; seed < from + seeds && (!bad || keep_going); seed += (uint64_t)jobs)
            bad += !run_seed(seed, false, &counts[job]);
        fflush(stdout);
        _exit(bad != 0);
    }
    for (int job = 0, status; job < jobs; job++)
        failed += wait(&status) > 0 && status != 0;
    sim_counts sum = {0};
    for (int job = 0; job < jobs; job++)
        counts_add(&sum, &counts[job]);
    bool missing = vacuous(&sum) && seeds >= VACUITY_RUNS;
    double seconds = (double)(mst_clock_monotonic_us() - began_us) / 1e6;
    printf("%llu runs, %.0f steps/s, %.1f s: %s\n", (unsigned long long)sum.runs, (double)sum.steps / seconds, seconds,
           failed    ? "FAILED"
           : missing ? "VOID: something was never tried"
                     : "all is well");
    return failed || missing;
}

static uint64_t
number_of(const char *text)
{
    char *end = NULL;
    uint64_t number = strtoull(text, &end, 10);
    if (!*text || *end) {
        fprintf(stderr, "sim: \"%s\" is not a number\n", text);
        exit(2);
    }
    return number;
}

int
main(int argc, char **argv)
{
    uint64_t from = 1, seeds = 2000, seed = 0;
    int jobs = 2;
    bool trace = false, keep_going = false, one = false;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--seeds") == 0 && more) {
            seeds = number_of(argv[++i]);
        } else if (strcmp(argv[i], "--from") == 0 && more) {
            from = number_of(argv[++i]);
        } else if (strcmp(argv[i], "--jobs") == 0 && more) {
            jobs = (int)number_of(argv[++i]);
        } else if (strcmp(argv[i], "--seed") == 0 && more) {
            seed = number_of(argv[++i]);
            one = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            trace = true;
        } else if (strcmp(argv[i], "--keep-going") == 0) {
            keep_going = true;
        } else {
            fprintf(stderr, "usage: sim [--seeds N] [--from N] [--jobs N] [--keep-going] | --seed N [--trace]\n");
            return 2;
        }
    }
    mst_log_init("sim", trace ? MST_LOG_WARN : MST_LOG_ERROR);
    if (one) {
        sim_counts counts = {0};
        bool ok = run_seed(seed, trace, &counts);
        vacuous(&counts);
        return !ok;
    }
    return campaign(from, seeds, jobs < 1 ? 1 : jobs > JOBS_MAX ? JOBS_MAX : jobs, keep_going);
}
