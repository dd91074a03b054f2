/* batch_watch.c - watching a batch until it rests; muster batch wait. */
#include "batch.h"

#include "broker/lib/clock.h"
#include "commands.h"
#include "print.h"
#include "progress.h"
#include "requests.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US_MIN 5000   /* pause between two looks at first: small batches are done in no time */
#define LOOK_US_MAX 200000 /* and later */
#define PARKED_US 2000000  /* how often to look whether the batch is parked */

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void
show_progress(progress_view *progress, const Muster__V1__BatchView *view)
{
    uint32_t total = view->rows_total;
    if (view->rows_read > 0 || view->state == MUSTER__V1__BATCH_STATE__STATE_AUTO_READING_ENTRIES)
        progress_set(progress, "Reading", view->rows_read, total, false);
    if (view->rows_compared > 0)
        progress_set(progress, "Comparing", view->rows_compared, total, false);
    if (view->rows_matched > 0)
        progress_set(progress, "Deciding", view->rows_matched, total, false);
    if (view->rows_exported > 0 || view->state == MUSTER__V1__BATCH_STATE__STATE_EXPORTING_DATA)
        progress_set(progress, view->dry_run ? "Trying out" : "Exporting", view->rows_exported, total, false);
    progress_draw(progress, false);
}

/* Says so when work of the batch is parked: it would wait for ever. */
static bool
is_parked(cli *self, const char *id)
{
    int rc;
    const Muster__V1__ParkedInputs *parked = request_parked(self, "", &rc);
    for (size_t i = 0; parked != NULL && i < parked->n_inputs; i++) {
        const Muster__V1__Parked *input = parked->inputs[i];
        if (strcmp(input->batch_id, id) != 0)
            continue;
        cli_fail(self,
                 mst_arena_printf(self->arena, "when the cause is gone: muster parked release %s %llu", input->group,
                                  (unsigned long long)input->seq),
                 "%s is parked: %s failed %u times at event %llu%s%s", id, input->group, input->grants,
                 (unsigned long long)input->seq, input->reason[0] ? ": " : "", input->reason);
        return true;
    }
    return false;
}

static int
exit_of(const Muster__V1__BatchView *view)
{
    bool failed = strcmp(view->outcome, "failed") == 0 || strcmp(view->outcome, "cancelled") == 0;
    return failed ? CLI_FAILED : CLI_DONE;
}

int
batch_watch(cli *self, const char *id, bool complete, const Muster__V1__BatchView **view)
{
    mst_arena *arena = mst_arena_new(0);
    progress_view progress;
    progress_open(&progress, self->json && !print_terminal(stderr));
    int rc = CLI_DONE;
    bool told = false;
    int64_t pause_us = LOOK_US_MIN, parked_us = mst_clock_monotonic_us();
    struct sigaction before, action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, &before);
    *view = NULL;
    while (!interrupted) {
        const Muster__V1__BatchView *seen = batch_fetch(self, arena, id, &rc);
        if (seen == NULL)
            break;
        show_progress(&progress, seen);
        const char *what;
        bool waits = batch_waits(arena, seen, &what);
        if (complete && waits && !told) { // somebody else may be at it; if nobody is, nothing moves
            progress_draw(&progress, true);
            cli_note(self, "%s %s", id, what);
            progress.lines = 0;
        }
        told = waits;
        if (batch_rests(seen) && !(complete && waits)) {
            mst_slice packed = mst_arena_pack(self->arena, &seen->base);
            *view = muster__v1__batch_view__unpack(mst_arena_allocator(self->arena), packed.size, packed.data);
            rc = exit_of(*view);
            break;
        }
        if (mst_clock_monotonic_us() - parked_us > PARKED_US) {
            parked_us = mst_clock_monotonic_us();
            if (is_parked(self, id)) {
                rc = CLI_FAILED;
                break;
            }
        }
        mst_arena_reset(arena);
        usleep((useconds_t)pause_us);
        pause_us = pause_us * 5 / 4 < LOOK_US_MAX ? pause_us * 5 / 4 : LOOK_US_MAX;
    }
    progress_close(&progress);
    mst_arena_destroy(&arena);
    sigaction(SIGINT, &before, NULL);
    if (interrupted) {
        fprintf(stderr, "%s goes on by itself; muster batch wait %s watches it again\n", id, id);
        raise(SIGINT);
    }
    return rc;
}

typedef struct wait_options {
    bool complete;
} wait_options;

static int
run_wait(cli *self, const void *given)
{
    const wait_options *options = given;
    int rc;
    if (!batch_id_ok(self, self->args[0], &rc))
        return rc;
    const Muster__V1__BatchView *view;
    rc = batch_watch(self, self->args[0], options->complete, &view);
    if (view != NULL && self->json)
        batch_print_json(view);
    else if (view != NULL)
        batch_print(self, view);
    return rc;
}

static const cli_option WAIT_OPTIONS[] = {
    {"complete", 0, NULL, "go on waiting while a person has something to do", CLI_FLAG,
     offsetof(wait_options, complete)},
    {0},
};

const cli_command batch_wait_command = {
    .name = "batch wait",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Watch a batch until it is complete or waits for a person",
    .text =
        "Exit code 0 when it is complete or waits for a person (\"waits_for_person\" in JSON), 1 when it failed, was "
        "cancelled or is parked. Interrupting this changes nothing in the batch.",
    .options = WAIT_OPTIONS,
    .options_size = sizeof(wait_options),
    .run = run_wait,
};
