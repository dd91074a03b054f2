/* connect.c - the way from a command to the system, and what is said when it does not answer. */
#include "cli.h"
#include "document.h"
#include "instance.h"
#include "print.h"
#include "proto/codec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESTART_LOOKS 20 /* looks for a broker that is being started again */
#define RESTART_PAUSE_US 50000

static int
say(cli *self, int code, const char *advice, const char *format, va_list args)
{
    char *message = NULL;
    if (vasprintf(&message, format, args) < 0)
        abort();
    fflush(stdout);
    const char *clean = print_clean(self->arena, message);
    fprintf(stderr, "muster %s: %s\n", self->command, clean);
    if (advice != NULL)
        fprintf(stderr, "  %s\n", print_clean(self->arena, advice));
    if (self->json)
        document_print(json_pack("{s:{s:s, s:s, s:s?, s:i}}", "error", "command", self->command, "message", message,
                                 "advice", advice, "exit_code", code));
    free(message);
    return code;
}

int
cli_fail(cli *self, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = say(self, CLI_FAILED, advice, format, args);
    va_end(args);
    return code;
}

int
cli_misused(cli *self, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = say(self, CLI_USAGE, advice, format, args);
    va_end(args);
    return code;
}

int
cli_unreachable(cli *self, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = say(self, CLI_UNREACHABLE, advice, format, args);
    va_end(args);
    return code;
}

void
cli_note(cli *self, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "note: %s\n", print_clean(self->arena, text));
}

static const char *
start_advice(cli *self)
{
    if (self->endpoint != NULL)
        return "is the broker running there, and is this client's key authorised (muster key authorise)?";
    return mst_arena_printf(self->arena, "start it with: muster up --data %s --detach", self->data_dir);
}

int
cli_connect(cli *self)
{
    if (self->link != NULL)
        return CLI_DONE;
    const char *endpoint = self->endpoint != NULL ? self->endpoint : mst_link_endpoint_of(self->arena, self->data_dir);
    // A socket that is not there will not appear while a person looks at the screen: say so at once.
    if (strncmp(endpoint, "ipc://", 6) == 0 && access(endpoint + 6, F_OK) != 0) {
        if (errno == EACCES)
            return cli_unreachable(self, "run this as the user who started the system", "%s may not be entered",
                                   self->data_dir);
        return cli_unreachable(self, start_advice(self), "nothing runs on %s", self->data_dir);
    }
    // One that nobody listens on was left by a broker that was killed. Whoever looks after it has a second.
    for (int i = 0; self->endpoint == NULL && instance_running(self->data_dir) == 0 && !instance_listens(endpoint);
         i++) {
        if (i == RESTART_LOOKS)
            return cli_unreachable(self, start_advice(self), "nothing runs on %s", self->data_dir);
        usleep(RESTART_PAUSE_US);
    }
    mst_link_options options = {
        .endpoint = endpoint,
        .producer = "cli",
        .key_file = self->key_file,
        .server_key = self->server_key,
        .observer = true, // a tool appends nothing itself: services do, when they are asked to
        .connect_ms = 5000,
    };
    char why[256] = "";
    mst_status rc = mst_link_open(&self->link, &options, why);
    if (rc != MST_OK)
        return cli_unreachable(self, self->endpoint == NULL || rc == MST_TIMEOUT ? start_advice(self) : NULL,
                               "cannot reach the system: %s", why[0] != 0 ? why : mst_status_name(rc));
    return CLI_DONE;
}

int
cli_call_failed(cli *self, const char *service, mst_status status, const mst_answer *answer)
{
    if (status != MST_OK)
        return cli_unreachable(self, "muster status shows what runs; the same command may be repeated safely",
                               "no answer from %s (%s)", service, mst_status_name(status));
    const char *text = answer->text == NULL ? "" : answer->text;
    switch (answer->status) {
    case MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT:
    case MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE:
        return cli_unreachable(self, "muster status shows what runs; the same command may be repeated safely",
                               "%s does not answer now%s%s", service, *text == 0 ? "" : ": ", text);
    case MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND: return cli_fail(self, NULL, "%s", *text ? text : "not found");
    case MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED: return cli_fail(self, NULL, "%s", *text ? text : "refused");
    case MUSTER__V1__ANSWER_STATUS__ANSWER_STALE:
        return cli_fail(self, "look again and decide again", "somebody else was first%s%s", *text ? ": " : "", text);
    case MUSTER__V1__ANSWER_STATUS__ANSWER_DISK_FULL:
        return cli_fail(self, "free some space on the disk of the data directory and try again",
                        "the disk is nearly full, new work is refused%s%s", *text ? ": " : "", text);
    case MUSTER__V1__ANSWER_STATUS__ANSWER_DENIED:
        return cli_fail(self, NULL, "this is not allowed%s%s", *text ? ": " : "", text);
    default:
        return cli_fail(self, mst_arena_printf(self->arena, "see %s/logs/%s-1.log", self->data_dir, service),
                        "%s could not do it%s%s", service, *text ? ": " : "", text);
    }
}

const void *
cli_call_in(cli *self, mst_arena *arena, const char *service, const char *key, const ProtobufCMessage *argument,
            const uint8_t *command_id, const ProtobufCMessageDescriptor *expected, int *exit_code)
{
    *exit_code = cli_connect(self);
    if (*exit_code != CLI_DONE)
        return NULL;
    mst_answer answer = {0};
    mst_status rc =
        mst_link_call(self->link, service, key == NULL ? "" : key, argument, command_id, expected, 0, arena, &answer);
    bool good = rc == MST_OK && (answer.status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK ||
                                 answer.status == MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED);
    if (good && answer.message == NULL) // all fields at their defaults: nothing to send
        answer.message = mst_unpack(expected, (const uint8_t *)"", 0, 0, mst_arena_allocator(arena));
    if (good && answer.message != NULL)
        return answer.message;
    if (good)
        *exit_code = cli_fail(self, "are all processes of the same version? muster doctor", "%s answered without %s",
                              service, expected->short_name);
    else
        *exit_code = cli_call_failed(self, service, rc, &answer);
    return NULL;
}

const void *
cli_call(cli *self, const char *service, const char *key, const ProtobufCMessage *argument, const uint8_t *command_id,
         const ProtobufCMessageDescriptor *expected, int *exit_code)
{
    return cli_call_in(self, self->arena, service, key, argument, command_id, expected, exit_code);
}

uint64_t
cli_max(const cli *self, uint64_t given)
{
    if (given == CLI_MAX_UNSET)
        return self->json ? UINT64_MAX : 50;
    return given == 0 ? UINT64_MAX : given;
}

const char *
cli_program_beside(cli *self, const char *name)
{
    const char *slash = strrchr(self->program, '/');
    if (slash == NULL)
        return name;
    return mst_arena_printf(self->arena, "%.*s%s", (int)(slash + 1 - self->program), self->program, name);
}

int
cli_exec(cli *self, const char *name, const char *const *args, size_t args_count)
{
    const char *path = cli_program_beside(self, name);
    char **argv = mst_arena_alloc(self->arena, (args_count + 2) * sizeof *argv);
    argv[0] = (char *)path;
    for (size_t i = 0; i < args_count; i++)
        argv[i + 1] = (char *)args[i];
    fflush(NULL);
    execv(path, argv);
    return cli_fail(self, "install or build all programs of muster into one directory", "cannot run %s: %s", path,
                    strerror(errno));
}
