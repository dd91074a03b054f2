/* progress.h - how far the stages have come, for somebody who watches.
 *
 * On a terminal a block of bars that redraws itself; elsewhere a plain line when a stage begins and every five seconds.
 * Everything goes to standard error, so that standard output holds the result alone. Thread: one. */
#ifndef MUSTER_CLI_PROGRESS_H
#define MUSTER_CLI_PROGRESS_H

#include "broker/lib/arena.h"
#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_STAGES_MAX 8u

typedef struct progress_stage {
    const char *title;
    uint64_t done, total; /* total 0: not known yet */
    bool bytes;           /* else rows */
    int64_t began_us, moved_us;
    uint64_t told;
    bool shown;
} progress_stage;

typedef struct progress_view {
    bool terminal, silent;
    progress_stage stages[PROGRESS_STAGES_MAX];
    unsigned stages_count;
    unsigned lines; /* on the screen now */
    int64_t drawn_us, told_us;
    mst_arena *arena;
} progress_view;

/* `silent`: nothing is shown. */
void progress_open(progress_view *self, bool silent);
/* A stage has come so far; the first call with a title adds it. Titles are borrowed. */
void progress_set(progress_view *self, const char *title, uint64_t done, uint64_t total, bool bytes);
/* Draws now if it is time to, or if `now`. */
void progress_draw(progress_view *self, bool now);
/* Leaves the last picture standing. */
void progress_close(progress_view *self);

#endif
