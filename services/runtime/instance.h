/* instance.h - one running instance of a service, as a state machine.
 *
 * What comes in: the session (back, lost), replies of the broker, the passing of time. What goes out: requests through
 * a port. No socket, no clock, no thread: the program's loop (service.c) and the simulator drive the very same code.
 *
 * Two subscriptions at most: 1 brings the events the core remembers (bodies and heads), 2 the streamed ones. Events
 * are applied to the core as they come and written to the batch log at the end of a burst (settle).
 * Ownership: the instance borrows core, port and batch log, which must outlive it. Thread: one. */
#ifndef MUSTER_INSTANCE_H
#define MUSTER_INSTANCE_H

#include "services/runtime/batchlog.h"
#include "services/runtime/service.h"

typedef struct mst_instance mst_instance;

/* The two clocks: `ms` never jumps and is for durations, `wall_ms` is for people. */
typedef struct mst_now {
    int64_t ms;
    int64_t wall_ms;
} mst_now;

typedef struct mst_port {
    void *self;
    /* Queues one message to the broker; nothing is borrowed afterwards. MST_AGAIN: not now. MST_LIMIT: too large. */
    mst_status (*send)(void *self, const Muster__V1__BusRequest *request, const mst_slice *bodies, size_t bodies_count);
    /* NULL, or: fills in what only the process knows (pid, host, memory, processor time). */
    void (*vitals)(void *self, Muster__V1__Report *report);
} mst_port;

typedef struct mst_instance_options {
    const mst_core *core;
    mst_core_env env;
    mst_port port;
    mst_batchlog *log;
    uint32_t inputs_max;      /* 0: as the core says */
    uint32_t snapshot_events; /* events applied between two snapshots; 0: 20000 */
} mst_instance_options;

/* Opens the core, loads its snapshot and applies what the batch log holds behind it. */
MST_NODISCARD mst_status mst_instance_new(mst_instance **instance, const mst_instance_options *options, mst_now now,
                                          char why[256]);
/* Drops everything as a crash would; mst_instance_save first keeps what can be kept. */
void mst_instance_destroy(mst_instance **instance);

/* The session is open (again): follows, joins, sends again what is open. MST_STALE: the broker holds another log than
 * the one this copy is of; destroy the instance, clear the stores and start anew. */
MST_NODISCARD mst_status mst_instance_back(mst_instance *instance, const Muster__V1__Welcome *welcome, mst_now now);
void mst_instance_lost(mst_instance *instance, mst_now now);
/* One message of the broker; borrowed for the call. */
void mst_instance_receive(mst_instance *instance, const Muster__V1__BusReply *reply, const mst_slice *bodies,
                          size_t bodies_count, mst_now now);
/* The burst is over: writes the batch log, gives credit back, lets the core be idle. */
void mst_instance_settle(mst_instance *instance, mst_now now);
/* Several times a second: retries, reports. */
void mst_instance_tick(mst_instance *instance, mst_now now);

/* Orderly end: nothing new begins; true once nothing is being committed any more. Then leave and save. */
void mst_instance_drain(mst_instance *instance);
bool mst_instance_drained(const mst_instance *instance);
/* Gives back what is unfinished. */
void mst_instance_leave(mst_instance *instance);
/* Writes batch log and snapshot. */
MST_NODISCARD mst_status mst_instance_save(mst_instance *instance);

/* Everything the broker had when the session began is applied. */
bool mst_instance_ready(const mst_instance *instance);
/* NULL, or why this instance must stop: a newer one has taken its place, its store cannot be written. */
const char *mst_instance_fatal(const mst_instance *instance);
/* Inputs and calls under way. */
size_t mst_instance_works(const mst_instance *instance);
uint64_t mst_instance_applied_seq(const mst_instance *instance);
/* The core's state, for tests. */
void *mst_instance_state(mst_instance *instance);

#endif
