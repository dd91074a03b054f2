/* service.h - what a service is, and the work it does.
 *
 * A service hands the runtime an mst_core: which events it remembers, which inputs its work group takes, and three
 * functions without sockets, clock or chance: open, apply, work. The runtime does the rest: follows the log, keeps the
 * batch log, takes inputs and calls, commits events together with the acknowledgement of their input, resends after a
 * lost connection, answers STATUS and STATS, drains on SIGTERM. The same core runs in the simulator.
 *
 * One turn: take an input or call -> work() adds events -> commit -> (durable) -> apply() through the follow.
 * apply() is the only way state changes; it sees its own events the same way as everybody's, live and in replay.
 * An input reaches work() only when apply() has seen everything up to and including it, and, where parts of it were
 * accepted before, those parts. A command's answer goes out only after its events were applied here.
 *
 * Thread: one loop, one thread. Memory: see mst_work_arena and mst_work_scratch. */
#ifndef MUSTER_SERVICE_H
#define MUSTER_SERVICE_H

#include "broker/lib/arena.h"
#include "broker/lib/hash.h"
#include "bus.pb-c.h"
#include "envelope.pb-c.h"
#include <stdbool.h>

/* One event as a service sees it; borrowed for the call. */
typedef struct mst_event {
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *message; /* body, unpacked; NULL where only the head was asked for */
    mst_slice body;                  /* packed */
} mst_event;

typedef struct mst_work mst_work; /* one input or call under way */

typedef enum mst_step_kind {
    MST_STEP_INPUT,  /* an input of the group; first step */
    MST_STEP_CALL,   /* a command or query; first step */
    MST_STEP_PAGE,   /* what mst_work_read asked for */
    MST_STEP_ANSWER, /* what mst_work_call asked for */
    MST_STEP_ROOM,   /* an earlier part became durable: see mst_work_parts_open */
    MST_STEP_TIME    /* what mst_work_wait waited for */
} mst_step_kind;

/* Why work() is called now. Everything in it is borrowed for the call. */
typedef struct mst_step {
    mst_step_kind kind;
    uint64_t tag;                     /* PAGE, ANSWER, TIME: as given when asking */
    mst_event input;                  /* INPUT */
    uint32_t next_part;               /* INPUT: parts below are durable already; begin with this one */
    const char *method;               /* CALL: name of the message */
    const char *key;                  /* CALL */
    const char *operator;             /* CALL: the person */
    const ProtobufCMessage *argument; /* CALL: unpacked */
    const mst_event *events;          /* PAGE */
    size_t events_count;
    uint64_t next;                   /* PAGE: where to read on */
    bool end;                        /* PAGE: nothing behind it now */
    Muster__V1__AnswerStatus status; /* ANSWER */
    const char *text;                /* ANSWER */
    const ProtobufCMessage *message; /* ANSWER: unpacked, or NULL */
} mst_step;

typedef struct mst_core_env {
    const char *data_dir;   /* this instance's own directory (exists, 0700); "" in the simulator: keep all in memory */
    const char *blobs_dir;  /* ingestion only */
    const char *system_dir; /* the system's data directory; "" in the simulator */
    const char *instance;   /* "parsing/1" */
    void *extra;            /* the simulator's own stores, or NULL */
} mst_core_env;

typedef struct mst_core {
    const char *name;                  /* "parsing": the service called, the work group joined */
    const char *const *types;          /* NULL-ended: events remembered in the batch log, with body */
    const char *const *head_types;     /* events remembered as heads only (progress, chunk positions) */
    const char *const *streamed_types; /* events applied with body but not remembered: the core has its own store */
    const char *const *inputs;         /* events its work group takes; NULL none */
    uint32_t inputs_max;               /* inputs at work at the same time; 1..64 */

    MST_NODISCARD mst_status (*open)(void **state, const mst_core_env *env);
    void (*close)(void *state);
    /* Makes `event` part of the state. Applying an event twice must change nothing (compare seq). */
    void (*apply)(void *state, const mst_event *event);
    /* One step of one piece of work. Adds events, asks for pages or answers, ends it: see mst_work_*. */
    void (*work)(void *state, mst_work *work, const mst_step *step);
    /* NULL, or: highest seq such that the core's own store holds all streamed events up to it durably.
     * Following of streamed_types starts behind it. Without it they are replayed from the beginning. */
    uint64_t (*position)(void *state);
    /* NULL, or: called after each turn and about once a second; flush what should not wait (busy: work is waiting). */
    void (*idle)(void *state, bool busy);
    /* NULL, or: the state as bytes, and back. With them a restart folds only what came after the last snapshot. */
    mst_slice (*save)(void *state, mst_arena *arena);
    MST_NODISCARD mst_status (*load)(void *state, mst_slice snapshot);
} mst_core;

/* What work() can do ---------------------------------------------------------------------------------- */

/* Memory that lives until this work ends / until this step returns. */
mst_arena *mst_work_arena(mst_work *work);
mst_arena *mst_work_scratch(mst_work *work);
/* The core's own data of this work, from step to step; `destroy` is called when the work ends in whatever way. */
void *mst_work_data(const mst_work *work);
void mst_work_set_data(mst_work *work, void *data, void (*destroy)(void *data));
/* ms since 1970: of the input when it was recorded, of the call when it arrived. The only time a core may use. */
int64_t mst_work_now_ms(const mst_work *work);

/* Adds an event to the current part. It is packed now; its type is the message's name. key "" or NULL: the batch id. */
void mst_work_event(mst_work *work, const char *stream, const char *batch_id, const char *key, uint32_t rows,
                    const ProtobufCMessage *message);
/* Guard: the commit of the current part is accepted only if no event that this state does not know yet stands in
 * `stream`, which must consist of remembered types. If one does, the work starts again from its first step after
 * catching up. Calls that add events are guarded by themselves on every stream they write. */
void mst_work_guard(mst_work *work, const char *stream);
/* Bytes of bodies in the current part; a part should stay below 4 MiB and 200 events. */
size_t mst_work_part_size(const mst_work *work);
/* Sends the current part of an input's answer; more follow. Parts become durable in order. */
void mst_work_part(mst_work *work);
/* Parts sent and not yet durable. Stop at 4 and go on at STEP_ROOM. */
uint32_t mst_work_parts_open(const mst_work *work);
/* Ends an input: sends the current part (it may be empty) as the last one; the input is done for ever. */
void mst_work_finish(mst_work *work);
/* Ends a call: commits the events added, if any, and answers. `reply` NULL: no body. Given again if the command
 * comes again. */
void mst_work_answer(mst_work *work, const ProtobufCMessage *reply);
/* Ends a call without events. STALE may carry the present state as reply (NULL otherwise). */
void mst_work_refuse(mst_work *work, Muster__V1__AnswerStatus status, const ProtobufCMessage *reply, const char *format,
                     ...) MST_PRINTF(4, 5);
/* Ends an input as a failed attempt: it comes again, and is parked after five. `reason` without personal data. */
void mst_work_fail(mst_work *work, const char *format, ...) MST_PRINTF(2, 3);

/* Asks for events of a stream from `version` on ("" : the log by seq); STEP_PAGE brings up to 1 MiB of them, at least
 * one if there is any. Several may be asked at once; pages come in the order asked. */
void mst_work_read(mst_work *work, uint64_t tag, const char *stream, uint64_t version, uint32_t max_events);
/* Asks another service; STEP_ANSWER brings what it says, unpacked as `expected`. Queries only. */
void mst_work_call(mst_work *work, uint64_t tag, const char *service, const char *key, const ProtobufCMessage *argument,
                   const ProtobufCMessageDescriptor *expected);
/* Lets `ms` milliseconds pass (100 ms more or less); STEP_TIME says that they have. For work with the world outside. */
void mst_work_wait(mst_work *work, uint64_t tag, uint32_t ms);
/* Something outside is under way whose result must not be lost: an orderly end waits for it, a few seconds at most. */
void mst_work_hold(mst_work *work, bool held);

/* Program -------------------------------------------------------------------------------------------- */

/* Everything a service's main does: arguments (--data DIR, --instance N, --endpoint E, --config FILE, --key FILE,
 * --server-key KEY, --log LEVEL, --dump), configuration, batch log, link, loop. Returns the exit code. */
int mst_service_main(const mst_core *core, int argc, char **argv);

#endif
