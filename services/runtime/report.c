/* report.c - what a service says about itself: once a second to the broker, and to whoever asks. Nothing is stored. */
#include "services/runtime/work.h"

#define WORKING_ON_MAX 8u /* keys named in one report */

static const char *
state_of(const mst_instance *instance)
{
    if (instance->draining)
        return "draining";
    if (!instance->connected)
        return "starting";
    return mst_instance_ready(instance) ? "ready" : "catching up";
}

void
rt_report_fill(mst_instance *instance, Muster__V1__Report *report, mst_arena *arena)
{
    double seconds = (double)(instance->now.ms - instance->reported_ms) / 1000;
    if (seconds <= 0)
        seconds = 1;
    report->service = (char *)instance->core->name;
    report->instance = (char *)instance->env.instance;
    report->started_at_ms = instance->started_ms;
    report->state = (char *)state_of(instance);
    report->applied_seq = mst_instance_applied_seq(instance);
    report->durable_seq = instance->durable_seq;
    report->events_per_s = (double)(instance->events_total - instance->events_before) / seconds;
    report->commits_per_s = (double)(instance->commits_total - instance->commits_before) / seconds;
    report->rows_per_s = (double)(instance->rows_total - instance->rows_before) / seconds;
    report->events_total = instance->events_total;
    report->commits_total = instance->commits_total;
    report->refused_total = instance->refused_total;
    report->last_error = instance->last_error;
    report->last_error_at_ms = instance->last_error_ms;
    report->working_on = mst_arena_alloc(arena, WORKING_ON_MAX * sizeof *report->working_on);
    for (const mst_work *work = instance->works; work; work = work->next) {
        if (work->call || work->state == WORK_DONE)
            continue;
        report->queue++;
        if (report->working_on && report->n_working_on < WORKING_ON_MAX)
            report->working_on[report->n_working_on++] = work->input.head->key;
    }
    if (instance->port.vitals)
        instance->port.vitals(instance->port.self, report);
}

void
rt_report_send(mst_instance *instance)
{
    Muster__V1__Report report = MUSTER__V1__REPORT__INIT;
    mst_arena_reset(instance->message);
    rt_report_fill(instance, &report, instance->message);
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_REPORT;
    request.report = &report;
    if (rt_send(instance, &request, NULL, 0) != MST_OK)
        return;
    instance->reported_ms = instance->now.ms;
    instance->events_before = instance->events_total;
    instance->commits_before = instance->commits_total;
    instance->rows_before = instance->rows_total;
}
