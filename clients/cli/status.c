/* status.c - muster status: what runs, since when, how far behind, what went wrong last. */
#include "broker/lib/clock.h"
#include "commands.h"
#include "document.h"
#include "instance.h"
#include "print.h"
#include "requests.h"

#include <stdio.h>
#include <string.h>

/* What `muster up` wrote about its processes; NULL: not started by it. */
static json_t *
read_processes(cli *self)
{
    if (self->endpoint != NULL || instance_running(self->data_dir) == 0)
        return NULL;
    return json_load_file(mst_arena_printf(self->arena, "%s/run/processes.json", self->data_dir), 0, NULL);
}

static int
restarts_of(const json_t *processes, const char *instance)
{
    size_t i;
    json_t *process;
    json_array_foreach(json_object_get(processes, "processes"), i, process)
    {
        const char *name = json_string_value(json_object_get(process, "instance"));
        if (name != NULL && strcmp(name, instance) == 0)
            return (int)json_integer_value(json_object_get(process, "restarts"));
    }
    return 0;
}

static void
print_services(cli *self, const Muster__V1__BrokerStatus *status, const json_t *processes)
{
    static const char *const HEADINGS[] = {"<PROCESS", "<STATE",  ">PID", ">UP",       ">LAG",        ">AT WORK",
                                           ">ROWS/S",  ">MEMORY", ">CPU", ">RESTARTS", "<LAST ERROR", NULL};
    int64_t now = mst_clock_wall_ms();
    mst_arena *arena = self->arena;
    print_table *table = print_table_new(arena, HEADINGS);
    print_table_cell(table, "broker");
    print_table_cell(table, status->disk_full ? "disk full" : "ready");
    print_table_cellf(table, "%u", status->pid);
    print_table_cell(table, print_duration(arena, now - status->started_at_ms));
    print_table_cell(table, "");
    print_table_cell(table, "");
    print_table_cell(table, "");
    print_table_cell(table, print_size(arena, status->rss_kib * 1024));
    print_table_cell(table, print_duration(arena, (int64_t)(status->cpu_us / 1000)));
    print_table_cellf(table, "%d", restarts_of(processes, "broker"));
    print_table_cell(table, "");
    for (size_t i = 0; i < status->n_reports; i++) {
        const Muster__V1__Report *report = status->reports[i];
        uint64_t lag = report->applied_seq < report->durable_seq ? report->durable_seq - report->applied_seq : 0;
        print_table_cell(table, report->instance);
        print_table_cell(table, report->state);
        print_table_cellf(table, "%u", report->pid);
        print_table_cell(table, print_duration(arena, now - report->started_at_ms));
        print_table_cell(table, print_count(arena, lag));
        print_table_cell(table, print_count(arena, report->queue));
        print_table_cell(table, print_count(arena, (uint64_t)report->rows_per_s));
        print_table_cell(table, print_size(arena, report->rss_kib * 1024));
        print_table_cell(table, print_duration(arena, (int64_t)(report->cpu_us / 1000)));
        print_table_cellf(table, "%d", restarts_of(processes, report->instance));
        print_table_cell(table, print_cut(arena, report->last_error, 60));
    }
    print_table_print(table, stdout);
}

static void
print_groups(cli *self, const Muster__V1__BrokerStatus *status)
{
    static const char *const HEADINGS[] = {"<WORK OF", ">MEMBERS", ">WAITING", ">AT WORK", ">PARKED", NULL};
    print_table *table = print_table_new(self->arena, HEADINGS);
    uint64_t parked = 0;
    for (size_t i = 0; i < status->n_groups; i++) {
        const Muster__V1__GroupStatus *group = status->groups[i];
        print_table_cell(table, group->group);
        print_table_cell(table, print_count(self->arena, group->members));
        print_table_cell(table, print_count(self->arena, group->waiting));
        print_table_cell(table, print_count(self->arena, group->granted));
        print_table_cell(table, print_count(self->arena, group->parked));
        parked += group->parked;
    }
    if (status->n_groups > 0) {
        putchar('\n');
        print_table_print(table, stdout);
    }
    if (parked > 0)
        printf("\n%s: muster parked list says which and why\n",
               print_plural(self->arena, parked, "input is parked", "inputs are parked"));
}

static void
print_status(cli *self, const Muster__V1__BrokerStatus *status, const json_t *processes)
{
    mst_arena *arena = self->arena;
    printf("muster on %s, up for %s\n", self->endpoint != NULL ? self->endpoint : self->data_dir,
           print_duration(arena, mst_clock_wall_ms() - status->started_at_ms));
    printf("log   %s in %s, sync %s", print_plural(arena, status->durable_seq, "event", "events"),
           print_size(arena, status->log_bytes), status->sync ? "on" : "OFF (a power cut loses data)");
    if (status->syncs_total > 0)
        printf(" (%.1f ms, 1 of 100 takes %.1f ms)", status->sync_us_p50 / 1000.0, status->sync_us_p99 / 1000.0);
    printf("\ndisk  %s free; new work is refused below %s\n\n", print_size(arena, status->disk_free),
           print_size(arena, status->disk_reserve));
    print_services(self, status, processes);
    print_groups(self, status);
}

static int
run_status(cli *self, const void *given)
{
    (void)given;
    int rc;
    const Muster__V1__BrokerStatus *status = request_status(self, &rc);
    if (status == NULL)
        return rc;
    json_t *processes = read_processes(self);
    if (self->json) {
        json_t *document = json_pack("{s:s, s:o}", "data_dir", self->data_dir, "broker", document_of(&status->base));
        // Reports are services to whoever reads this; the broker is only where they were collected.
        json_t *broker = json_object_get(document, "broker");
        json_object_set(document, "services", json_object_get(broker, "reports"));
        json_object_set(document, "groups", json_object_get(broker, "groups"));
        json_object_del(broker, "reports");
        json_object_del(broker, "groups");
        json_object_set_new(document, "supervisor", processes == NULL ? json_null() : json_incref(processes));
        document_print(document);
    } else {
        print_status(self, status, processes);
    }
    json_decref(processes);
    return CLI_DONE;
}

const cli_command status_command = {
    .name = "status",
    .summary = "What runs, since when, how far behind, and the last error",
    .text = "LAG is how many events a process has still to read. Exit code 3: nothing runs there.",
    .run = run_status,
};
