/* broker.h - the broker's core: the log, who reads it, who works on it, and who answers whom.
 *
 * A pure state machine: no sockets, files, clock or chance. A shell (shell.c with ZeroMQ, or the simulator) feeds it
 * messages and time and carries out what it says. One turn is: any number of receive, gone and tick, then turn_end.
 *
 * The order inside turn_end is the promise of the whole system: everything the turn decided (events, answers,
 * acknowledgements, grants) is written through the store in one atomic, synced append, and only then does anything
 * leave: replies, deliveries, publications. Nothing that is not durable is visible to anybody.
 *
 * A session is a number chosen by the shell, one per connection and never used twice. The core forgets a session that
 * was silent for longer than the lease, and says FAULT_NO_SESSION when it speaks again: it then says Hello again.
 *
 * Ownership: requests and bodies are borrowed for the call (bodies are referenced where they are kept); what `out`
 * and `publish` get is borrowed for the call. They must not call back into the core. Thread: one. */
#ifndef MUSTER_BROKER_H
#define MUSTER_BROKER_H

#include "body.h"
#include "bus.pb-c.h"
#include "rights.h"
#include "store.h"

#define MST_BROKER_EVENTS_MAX 255u           /* events in one commit; more: COMMIT_LIMIT */
#define MST_BROKER_COMMIT_SIZE_MAX 16777216u /* bytes of bodies in one commit; more: COMMIT_LIMIT */
#define MST_BROKER_ACKS_MAX 16u
#define MST_BROKER_EXPECTATIONS_MAX 64u
#define MST_BROKER_ANSWER_MAX 65536u    /* bytes of an answer kept beside a commit */
#define MST_BROKER_NAME_MAX 255u        /* bytes in names of streams, types, keys, producers, batches */
#define MST_BROKER_SUBSCRIPTIONS_MAX 8u /* of one session; more: FAULT_LIMIT */
#define MST_BROKER_TYPES_MAX 64u        /* in one Follow or Join */
#define MST_BROKER_SESSIONS_MAX 1024u   /* more: FAULT_LIMIT */
#define MST_BROKER_GROUPS_MAX 64u
#define MST_BROKER_CALLS_MAX 4096u        /* under way at one time; more: ANSWER_UNAVAILABLE */
#define MST_BROKER_SESSION_CALLS_MAX 256u /* of one caller */
#define MST_BROKER_GRANTS_MAX 5u          /* grants of an input without an accepted part, then it is parked */
#define MST_BROKER_PARKED_MAX 100000u     /* of one group; more parks are kept in the log, not listed */
#define MST_BROKER_TICK_US 50000          /* how often turns should come when nothing happens */

typedef struct mst_broker mst_broker;

typedef struct mst_broker_options {
    mst_store *store;            /* borrowed; outlives the broker */
    uint8_t new_incarnation[16]; /* for a log that has none yet */
    int64_t now_us;              /* monotonic, as in tick */
    int64_t wall_ms;
    uint32_t lease_ms;           /* 0: 10000 */
    const char *events_endpoint; /* told in Welcome; NULL unknown */
    uint32_t pid;
    bool sync; /* for GetStatus only */
    /* To one session; a reply nobody waits for any more is dropped by the shell. */
    void (*out)(void *context, uint64_t session, const Muster__V1__BusReply *reply, mst_body *const *bodies,
                size_t bodies_count);
    /* To everybody who listens: one durable event (head and body), a Beacon or a Report (body NULL). */
    void (*publish)(void *context, const char *topic, const ProtobufCMessage *head, mst_body *body);
    void *context;
} mst_broker_options;

/* What the shell measured; told to GetStatus, and disk_free decides whether new work is taken. */
typedef struct mst_broker_meters {
    uint64_t disk_free;    /* bytes */
    uint64_t disk_reserve; /* below this new work is refused; 0: never */
    uint64_t log_bytes;
    uint64_t rss_kib;
    uint64_t cpu_us;
    uint32_t sync_us_p50;
    uint32_t sync_us_p99;
} mst_broker_meters;

/* Reads what the store remembers and raises the boot epoch, durably. MST_CORRUPT: the store holds what no broker
 * wrote. */
MST_NODISCARD mst_status mst_broker_open(mst_broker **broker, const mst_broker_options *options);
void mst_broker_close(mst_broker **broker);

/* One message of a session. `principal` is who the connection was authenticated as. */
void mst_broker_receive(mst_broker *broker, uint64_t session, const mst_principal *principal,
                        const Muster__V1__BusRequest *request, mst_body *const *bodies, size_t bodies_count);
/* A message that could not be understood, or a sender without any right. */
void mst_broker_refuse(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__FaultCode code,
                       const char *text);
/* The session's connection is lost for good. What it was granted comes back; `orderly`: uncounted. */
void mst_broker_gone(mst_broker *broker, uint64_t session, bool orderly);
/* The session has not taken what was sent to it: deliveries and inputs wait until it has. */
void mst_broker_hold(mst_broker *broker, uint64_t session, bool hold);
/* What time it is: monotonic for durations, wall for people. Leases run out here. */
void mst_broker_tick(mst_broker *broker, int64_t now_us, int64_t wall_ms);
void mst_broker_measure(mst_broker *broker, const mst_broker_meters *meters);
/* Makes the turn durable, then lets it out. Anything but MST_OK: nothing left, the process has to stop.
 * `more`: there is work left that needs no message; call again soon. */
MST_NODISCARD mst_status mst_broker_turn_end(mst_broker *broker, bool *more);

/* For the shell, tests and the simulator. */
uint64_t mst_broker_durable_seq(const mst_broker *broker);
const uint8_t *mst_broker_last_hash(const mst_broker *broker);   /* 32 bytes, of durable_seq */
const uint8_t *mst_broker_incarnation(const mst_broker *broker); /* 16 bytes */
bool mst_broker_has_session(const mst_broker *broker, uint64_t session);

#endif
