/* supervise.h - child processes that are kept running.
 *
 * What dies is started again, after 0.1 s at first, 5 s at most; one that ran for 30 s starts over at 0.1 s. Each
 * child's output goes line by line to $DATA/logs/<instance>.log. Children die with their supervisor even when that is
 * killed by SIGKILL (PR_SET_PDEATHSIG), so that a new one finds the data directory free.
 *
 * Order: the children added with `first` start first and stop last; the others start once `gate` says so. When all
 * run, `settle` is run in a process of its own (it may talk to the system; the supervisor itself never does, so it
 * cannot hang); its exit code 0 means ready. Before that, a child that fails STARTS_MAX times in a row ends it all.
 * SIGTERM, SIGINT and SIGHUP stop all in order; a second SIGINT kills. Thread: one. */
#ifndef MUSTER_CLI_SUPERVISE_H
#define MUSTER_CLI_SUPERVISE_H

#include "broker/lib/arena.h"
#include <stdbool.h>
#include <stdio.h>

#define SUPERVISE_BACKOFF_MS_MIN 100
#define SUPERVISE_BACKOFF_MS_MAX 5000
#define SUPERVISE_STABLE_MS 30000 /* running so long, a child's back-off starts over */
#define SUPERVISE_STARTS_MAX 6    /* failures in a row before the system was ever ready */
#define SUPERVISE_STOP_MS 60000   /* children still running so long after SIGTERM are killed */
#define SUPERVISE_CHILDREN_MAX 64

typedef struct process_supervisor process_supervisor;

typedef struct supervisor_options {
    const char *data_dir;
    FILE *report;                 /* what happens, a line each, for people */
    int ready_fd;                 /* -1, or: a pipe to the waiting `up --detach`; 'R' is written when ready */
    bool echo;                    /* print the children's output as well */
    bool (*gate)(void *context);  /* true: the other children may start; called every 20 ms until it is true */
    int (*settle)(void *context); /* in a process of its own; 0: ready */
    void *context;
} supervisor_options;

process_supervisor *supervisor_new(mst_arena *arena, const supervisor_options *options);
/* `instance`: "parsing/1"; argv ends with NULL; both must outlive the supervisor. */
void supervisor_add(process_supervisor *self, const char *instance, char **argv, bool first);
/* Runs until told to stop. 0: stopped in order after having been ready; 1: could not start. */
int supervisor_run(process_supervisor *self);

#endif
