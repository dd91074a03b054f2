/* report.c - what a service says about itself: once a second to the broker, and to whoever asks. Nothing is stored. */
#include "services/runtime/work.h"

#define WORKING_ON_MAX 8u /* keys named in one report */

static const char *
state_of(const mst_turn *turn)
{
    if (turn->draining)
        return "draining";
    if (!turn->connected)
        return "starting";
    return mst_turn_ready(turn) ? "ready" : "catching up";
}

void
report_fill(mst_turn *turn, Muster__V1__Report *report, mst_arena *arena)
{
    double seconds = (double)(turn->now.ms - turn->reported_ms) / 1000;
    if (seconds <= 0)
        seconds = 1;
    report->service = (char *)turn->core->name;
    report->instance = (char *)turn->env.instance;
    report->started_at_ms = turn->started_ms;
    report->state = (char *)state_of(turn);
    report->applied_seq = mst_turn_applied_seq(turn);
    report->durable_seq = turn->durable_seq;
    report->events_per_s = (double)(turn->events_total - turn->events_before) / seconds;
    report->commits_per_s = (double)(turn->commits_total - turn->commits_before) / seconds;
    report->rows_per_s = (double)(turn->rows_total - turn->rows_before) / seconds;
    report->events_total = turn->events_total;
    report->commits_total = turn->commits_total;
    report->refused_total = turn->refused_total;
    report->last_error = turn->last_error;
    report->last_error_at_ms = turn->last_error_ms;
    report->working_on = mst_arena_alloc(arena, WORKING_ON_MAX * sizeof *report->working_on);
    for (const mst_work *work = turn->works; work; work = work->next) {
        if (work->call || work->state == WORK_DONE)
            continue;
        report->queue++;
        if (report->working_on && report->n_working_on < WORKING_ON_MAX)
            report->working_on[report->n_working_on++] = work->input.head->key;
    }
    if (turn->port.vitals)
        turn->port.vitals(turn->port.self, report);
}

void
report_send(mst_turn *turn)
{
    Muster__V1__Report report = MUSTER__V1__REPORT__INIT;
    mst_arena_reset(turn->message);
    report_fill(turn, &report, turn->message);
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_REPORT;
    request.report = &report;
    if (turn_send(turn, &request, NULL, 0) != MST_OK)
        return;
    turn->reported_ms = turn->now.ms;
    turn->events_before = turn->events_total;
    turn->commits_before = turn->commits_total;
    turn->rows_before = turn->rows_total;
}
