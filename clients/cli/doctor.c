/* doctor.c - muster doctor: looks at everything that goes wrong in practice and says what to do about each. */
#include "batch.h"
#include "broker/lib/clock.h"
#include "builtin.h"
#include "commands.h"
#include "document.h"
#include "instance.h"
#include "keys.h"
#include "print.h"
#include "requests.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_FREE_MIN (1ull << 30)   /* bytes; less is worth a warning */
#define RECENT_MS (24 * 3600 * 1000) /* a failed batch is worth a word for so long */
#define LOG_TAIL_SIZE 65536          /* bytes looked at in each log file */
#define SILENT_MS_MAX 10000          /* a service that lags for longer is worth a warning */
#define PATH_SIZE_MAX 84u            /* bytes of a data directory whose sockets have room in an address */

typedef enum level { GOOD, WARNING, BAD } finding_level;

typedef struct doctor {
    cli *self;
    json_t *findings;
    unsigned counts[3];
} doctor;

static void finding(doctor *self, finding_level level, const char *about, const char *advice, const char *format, ...)
    MST_PRINTF(5, 6);

static void
finding(doctor *self, finding_level level, const char *about, const char *advice, const char *format, ...)
{
    static const char *const WORDS[] = {"ok", "warning", "problem"};
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    self->counts[level]++;
    if (self->self->json) {
        json_array_append_new(self->findings, json_pack("{s:s, s:s, s:s, s:s?}", "level", WORDS[level], "about", about,
                                                        "text", text, "advice", advice));
        return;
    }
    printf("%-8s %-12s %s\n", WORDS[level], about, print_clean(self->self->arena, text));
    if (advice != NULL)
        printf("%-21s  do: %s\n", "", print_clean(self->self->arena, advice));
}

static bool
check_directory(doctor *self)
{
    cli *tool = self->self;
    const char *dir = tool->data_dir;
    struct stat stat_of;
    struct statvfs disk;
    if (stat(dir, &stat_of) != 0) {
        finding(self, BAD, "data",
                mst_arena_printf(tool->arena, "muster up --data %s creates it; or name another", dir), "%s: %s", dir,
                strerror(errno));
        return false;
    }
    if (stat_of.st_uid != geteuid())
        finding(self, BAD, "data", "run muster as the owner of the directory", "%s belongs to another user", dir);
    else if ((stat_of.st_mode & 077) != 0)
        finding(self, BAD, "data", mst_arena_printf(tool->arena, "chmod 0700 %s", dir), "%s is open to others", dir);
    else
        finding(self, GOOD, "data", NULL, "%s, yours alone", dir);
    if (strlen(dir) > PATH_SIZE_MAX)
        finding(self, WARNING, "data", "a shorter path keeps them inside",
                "the path is long: its sockets are placed in /tmp");
    if (statvfs(dir, &disk) == 0) {
        uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
        finding(self, left < DISK_FREE_MIN ? WARNING : GOOD, "disk",
                left < DISK_FREE_MIN ? "free some space; new work is refused before the disk is full" : NULL, "%s free",
                print_size(tool->arena, left));
    }
    return true;
}

static void
check_programs(doctor *self)
{
    static const char *const PROGRAMS[] = {"muster-broker",      "muster-ingestion",   "muster-parsing",
                                           "muster-matching",    "muster-discrepancy", "muster-export",
                                           "muster-notification"};
    unsigned missing = 0;
    for (size_t i = 0; i < sizeof PROGRAMS / sizeof PROGRAMS[0]; i++) {
        const char *path = cli_program_beside(self->self, PROGRAMS[i]);
        if (access(path, X_OK) == 0)
            continue;
        missing++;
        finding(self, BAD, "programs", "install or build all programs into one directory", "%s: %s", path,
                strerror(errno));
    }
    if (missing == 0)
        finding(self, GOOD, "programs", NULL, "muster %s, all programs beside it", MUSTER_VERSION);
}

static void
check_service(doctor *self, const Muster__V1__Report *report)
{
    cli *tool = self->self;
    int64_t now = mst_clock_wall_ms();
    uint64_t lag = report->durable_seq > report->applied_seq ? report->durable_seq - report->applied_seq : 0;
    if (strcmp(report->state, "ready") != 0)
        finding(
            self, WARNING, "services",
            now - report->started_at_ms > SILENT_MS_MAX ? mst_arena_printf(tool->arena, "see %s/logs", tool->data_dir)
                                                        : NULL,
            "%s is %s, %s behind", report->instance, report->state, print_plural(tool->arena, lag, "event", "events"));
    if (report->last_error[0] != 0 && now - report->last_error_at_ms < 3600000)
        finding(self, WARNING, "services", NULL, "%s said %s ago: %s", report->instance,
                print_duration(tool->arena, now - report->last_error_at_ms), report->last_error);
}

static bool
has_service(const Muster__V1__BrokerStatus *status, const char *name)
{
    for (size_t i = 0; i < status->n_reports; i++)
        if (strcmp(status->reports[i]->service, name) == 0)
            return true;
    return false;
}

static bool
check_running(doctor *self)
{
    static const char *const SERVICES[] = {"ingestion", "parsing", "matching", "discrepancy", "export", "notification"};
    cli *tool = self->self;
    bool json = tool->json;
    tool->json = false; // what goes wrong here is a finding, not the end
    int rc;
    const Muster__V1__BrokerStatus *status = request_status(tool, &rc);
    tool->json = json;
    if (status == NULL) {
        finding(self, BAD, "broker", mst_arena_printf(tool->arena, "muster up --data %s --detach", tool->data_dir),
                "does not answer");
        return false;
    }
    finding(self, status->disk_full ? BAD : GOOD, "broker",
            status->disk_full ? "free some space on its disk; it takes work again by itself" : NULL,
            "%s, up for %s, %s", status->disk_full ? "disk full, refuses new work" : "answers",
            print_duration(tool->arena, mst_clock_wall_ms() - status->started_at_ms),
            print_plural(tool->arena, status->durable_seq, "event", "events"));
    if (!status->sync)
        finding(self, WARNING, "broker", "start it without --no-sync", "does not sync: a power cut loses data");
    unsigned missing = 0;
    for (size_t i = 0; i < sizeof SERVICES / sizeof SERVICES[0]; i++) {
        if (has_service(status, SERVICES[i]))
            continue;
        missing++;
        finding(self, BAD, "services",
                mst_arena_printf(tool->arena, "see %s/logs/%s-1.log", tool->data_dir, SERVICES[i]), "%s does not run",
                SERVICES[i]);
    }
    for (size_t i = 0; i < status->n_reports; i++)
        check_service(self, status->reports[i]);
    if (missing == 0)
        finding(self, GOOD, "services", NULL, "%zu run", status->n_reports);
    return missing == 0;
}

static void
check_parked(doctor *self)
{
    cli *tool = self->self;
    int rc;
    const Muster__V1__ParkedInputs *parked = request_parked(tool, "", &rc);
    for (size_t i = 0; parked != NULL && i < parked->n_inputs && i < 10; i++) {
        const Muster__V1__Parked *input = parked->inputs[i];
        finding(self, BAD, "parked",
                mst_arena_printf(tool->arena, "when the cause is gone: muster parked release %s %llu", input->group,
                                 (unsigned long long)input->seq),
                "%s gave up on %s after %u attempts%s%s", input->group,
                input->batch_id[0] != 0 ? input->batch_id : input->type, input->grants, input->reason[0] ? ": " : "",
                input->reason);
    }
    if (parked != NULL && parked->n_inputs == 0)
        finding(self, GOOD, "parked", NULL, "nothing");
}

/* Batches, or imports: what failed, and how many wait for a person. */
static void
check_batches(doctor *self, bool imports)
{
    cli *tool = self->self;
    int rc;
    unsigned failed = 0, waiting = 0;
    Muster__V1__ListBatches list = MUSTER__V1__LIST_BATCHES__INIT;
    list.max = 100;
    list.imports = imports;
    const Muster__V1__BatchList *batches =
        cli_call(tool, "ingestion", "", &list.base, NULL, &muster__v1__batch_list__descriptor, &rc);
    for (size_t i = 0; batches != NULL && i < batches->n_batches; i++) {
        const Muster__V1__BatchView *view = batches->batches[i];
        const char *what;
        bool recent = mst_clock_wall_ms() - view->state_since_ms < RECENT_MS;
        if (strcmp(view->outcome, "failed") == 0 && failed++ < 10 && recent)
            finding(self, WARNING, "batches",
                    mst_arena_printf(tool->arena, "muster batch show %s; mend the file and create a new batch of it",
                                     view->batch_id),
                    "%s failed: %s", view->batch_id, print_cut(tool->arena, view->failure, 100));
        waiting += batch_waits(tool->arena, view, &what);
    }
    if (batches != NULL)
        finding(self, GOOD, imports ? "imports" : "batches", NULL,
                "of the last %zu, %u failed and %u wait for a person", batches->n_batches, failed, waiting);
}

/* Lines of level error near the end of a log file. */
static unsigned
errors_in(const char *path, char last[300])
{
    char *text = mst_alloc(LOG_TAIL_SIZE + 1);
    FILE *file = fopen(path, "re");
    unsigned count = 0;
    size_t size = 0;
    if (file != NULL) {
        if (fseek(file, -LOG_TAIL_SIZE, SEEK_END) != 0)
            rewind(file);
        size = fread(text, 1, LOG_TAIL_SIZE, file);
        fclose(file);
    }
    text[size] = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (strstr(line, "\"level\":\"error\"") == NULL)
            continue;
        count++;
        snprintf(last, 300, "%s", line);
    }
    free(text);
    return count;
}

static void
check_logs(doctor *self)
{
    cli *tool = self->self;
    const char *dir = mst_arena_printf(tool->arena, "%s/logs", tool->data_dir);
    DIR *logs = opendir(dir);
    struct dirent *file;
    unsigned bad = 0;
    while (logs != NULL && (file = readdir(logs)) != NULL) {
        size_t size = strlen(file->d_name);
        char last[300];
        if (size < 5 || strcmp(file->d_name + size - 4, ".log") != 0)
            continue;
        const char *path = mst_arena_printf(tool->arena, "%s/%s", dir, file->d_name);
        unsigned count = errors_in(path, last);
        if (count == 0)
            continue;
        bad++;
        finding(self, WARNING, "logs", mst_arena_printf(tool->arena, "see %s", path), "%s in %s; the last: %s",
                print_plural(tool->arena, count, "error", "errors"), file->d_name, last);
    }
    if (logs != NULL)
        closedir(logs);
    if (bad == 0)
        finding(self, GOOD, "logs", NULL, "no errors near their ends");
}

static void
check_keys(doctor *self)
{
    cli *tool = self->self;
    const char *path = mst_arena_printf(tool->arena, "%s/broker/keys/server.key", tool->data_dir);
    struct stat stat_of;
    if (stat(path, &stat_of) != 0)
        return; // no tcp: nothing to guard
    if ((stat_of.st_mode & 077) != 0)
        finding(self, BAD, "keys", mst_arena_printf(tool->arena, "chmod 0600 %s, or make a new pair", path),
                "the broker's secret key can be read by others");
    else
        finding(self, GOOD, "keys", NULL, "the broker's secret key is yours alone");
}

static int
run_doctor(cli *tool, const void *given)
{
    (void)given;
    doctor self = {.self = tool, .findings = json_array()};
    bool there = tool->endpoint != NULL || check_directory(&self);
    check_programs(&self);
    if (there && check_running(&self)) {
        check_parked(&self);
        check_batches(&self, false);
        check_batches(&self, true);
    }
    if (there && tool->endpoint == NULL) {
        check_logs(&self);
        check_keys(&self);
    }
    if (tool->json) {
        document_print(json_pack("{s:o, s:i, s:i}", "findings", self.findings, "problems", (int)self.counts[BAD],
                                 "warnings", (int)self.counts[WARNING]));
        return self.counts[BAD] > 0 ? CLI_FAILED : CLI_DONE;
    }
    json_decref(self.findings);
    if (self.counts[BAD] + self.counts[WARNING] == 0)
        printf("all is well\n");
    else
        printf("%s, %s\n", print_plural(tool->arena, self.counts[BAD], "problem", "problems"),
               print_plural(tool->arena, self.counts[WARNING], "warning", "warnings"));
    return self.counts[BAD] > 0 ? CLI_FAILED : CLI_DONE;
}

const cli_command doctor_command = {
    .name = "doctor",
    .summary = "Look at everything that goes wrong in practice and say what to do",
    .text =
        "Checks the data directory, disk, programs, processes, parked work, failed batches, logs and keys. Exit code 1 "
        "when there is a problem; warnings alone are 0.",
    .run = run_doctor,
};
