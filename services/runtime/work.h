/* work.h - the runtime's inside: the instance and the pieces of work in it. Included by instance.c, follow.c, work.c,
 * parts.c, asks.c, calls.c, report.c only.
 *
 * The life of a piece of work:
 *   HELD       an input or command that may not begin yet: projection behind, or a command of the same key before it
 *   RUNNING    the core has it; asks (pages, answers of others) and parts may be under way
 *   ENDING     the core has ended it; its last parts are not durable yet
 *   CATCHING_UP  a part was stale: begins again when the projection knows what it did not
 *   RECALLING  a refused command: does the log know its id from before?
 *   APPLYING   a command's commit is durable; its answer goes out when its events are applied here
 *   DONE       to be swept */
#ifndef MUSTER_WORK_H
#define MUSTER_WORK_H

#include "services/runtime/instance.h"

#define SUBSCRIPTION_REMEMBERED 0 /* index; on the bus one more */
#define SUBSCRIPTION_STREAMED 1
#define SUBSCRIPTIONS 2

#define CREDIT_REMEMBERED 1024u     /* deliveries under way, small ones */
#define CREDIT_STREAMED 64u         /* deliveries under way of up to 1 MiB each */
#define PENDING_SIZE_MAX (1u << 20) /* bytes added to the batch log before it is written */
#define FLUSH_MS 1000               /* ms between writes of nothing but a position */
#define MESSAGE_QUOTA (96u << 20)   /* bytes one unpacked page or event may take */
#define ARGUMENT_QUOTA (8u << 20)   /* bytes one unpacked argument of a call may take */
#define CALLS_MAX 1024u             /* calls waiting or at work; further ones are told to come later */
#define CALL_IDS_MAX 4u             /* callers of one command told its answer; of further ones the newest */
#define STALE_MAX 16u               /* restarts of one work because of stale streams, then it fails */
#define EVENTS_MAX 255u             /* events in one part: bodies in one message less one */
#define ANSWER_SIZE_MAX 40960u      /* bytes of an answer kept beside its commit */
#define UNANSWERED_MS 10000         /* ms after which a request is sent again */
#define FULL_MS_MIN 500             /* ms between attempts while the disk is full; doubled up to the next line */
#define FULL_MS_MAX 10000
#define ASK_MS_MIN 100 /* ms between attempts while another service does not answer; doubled */
#define ASK_MS_MAX 2000
#define ASK_INPUT_MS_MAX 60000 /* ms that work of an input waits for another service before the core hears of it */
#define ASK_CALL_MS_MAX 3000   /* ms that a call waits for another service */

typedef struct mst_part {
    struct mst_part *next;
    mst_arena *arena;
    Muster__V1__EventHead **events;
    mst_slice *bodies;
    uint64_t *own_versions; /* scratch for guards: see parts.c */
    size_t events_count, size, rows;
    uint32_t number;
    bool last, sent, failed; /* failed: an answer came that was not OK; waits for what to do about it */
    uint64_t request_id;
    int64_t sent_ms;
    uint8_t commit_id[MST_ID_SIZE], fingerprint[MST_ID_SIZE];
    Muster__V1__Expectation **expectations;
    size_t expectations_count;
    mst_slice answer;
} mst_part;

typedef enum mst_ask_kind { ASK_READ, ASK_CALL, ASK_FIND, ASK_TIME } mst_ask_kind;

typedef struct mst_ask {
    struct mst_ask *next;
    mst_ask_kind kind;
    uint64_t request_id, tag;
    bool sent;
    int64_t since_ms, sent_ms, retry_ms, pause_ms; /* TIME: retry_ms is when it is over */
    char *stream;                                  /* READ */
    uint64_t from;
    uint32_t max_events;
    char *service, *key, *method; /* CALL */
    mst_slice argument;
    const ProtobufCMessageDescriptor *expected;
} mst_ask;

/* A stream whose version a commit depends on. */
typedef struct mst_guard {
    struct mst_guard *next;
    char *stream;
    uint64_t base; /* version known when the work first spoke of it */
    uint64_t own;  /* events this work has put behind base since */
    bool expected; /* the current part depends on it */
} mst_guard;

typedef enum mst_work_state {
    WORK_HELD,
    WORK_RUNNING,
    WORK_ENDING,
    WORK_CATCHING_UP,
    WORK_RECALLING,
    WORK_APPLYING,
    WORK_DONE
} mst_work_state;

struct mst_work {
    struct mst_work *next;
    struct mst_instance *instance;
    mst_work_state state;
    bool call;
    bool held; /* see mst_work_hold */
    int64_t since_ms;
    int64_t now_ms; /* what the core takes for the time */

    mst_arena *given;             /* holds the input or argument: as long as the work */
    mst_arena *arena;             /* the core's: from one beginning to the next */
    ProtobufCAllocator allocator; /* over `given`, with a quota for what came from outside */
    void *data;
    void (*destroy)(void *data);

    mst_event input;
    uint64_t grant;
    uint32_t parts_durable; /* parts below are durable */
    uint64_t durable_seq;   /* last seq of what this work made durable */

    uint64_t call_ids[CALL_IDS_MAX];
    uint32_t call_ids_count;
    char *method, *key, *operator;
    const ProtobufCMessage *argument;
    uint8_t command_id[MST_ID_SIZE];
    bool command; /* has a command_id */
    int64_t deadline_ms;
    Muster__V1__AnswerStatus status; /* the answer, when there is one */
    char *text;
    mst_slice reply;

    mst_part *current;
    mst_part *open_first, *open_last; /* sent or to be sent, not durable, in order */
    uint32_t parts_open, parts_next;
    mst_guard *guards;
    mst_ask *asks_first, *asks_last;

    char stale_stream[256];
    uint64_t stale_version;
    uint32_t stale_count;
    int64_t retry_at_ms; /* disk full: not before */
    int64_t pause_ms;
};

typedef struct mst_subscription {
    bool wanted;
    bool following;
    uint64_t position; /* everything up to here was seen */
    uint32_t credit;   /* given in all */
    uint32_t taken;    /* deliveries since credit was last given back */
} mst_subscription;

/* A small message that could not leave at once. */
typedef struct mst_letter {
    struct mst_letter *next;
    mst_slice request, body;
} mst_letter;

struct mst_instance {
    const mst_core *core;
    mst_core_env env;
    mst_port port;
    mst_batchlog *log;
    void *state;
    uint32_t inputs_max, snapshot_events;

    bool connected, joined, draining;
    uint64_t epoch, durable_seq, ready_seq;
    uint8_t incarnation[16];
    mst_subscription subscriptions[SUBSCRIPTIONS];
    uint64_t request_id;
    char fatal[256];

    mst_work *works;
    size_t works_count, calls_count;
    mst_letter *letters_first, *letters_last;
    mst_arena *letters_arena;
    mst_arena *message; /* what one message is unpacked into */
    mst_arena *scratch; /* one step's */
    bool stepping;      /* the core is running: no second step meanwhile */
    bool progressed;    /* something changed that held work may have waited for */

    mst_now now;
    int64_t reported_ms, flushed_ms;
    uint64_t events_total, commits_total, refused_total, rows_total;
    uint64_t events_before, commits_before, rows_before; /* at the last report */
    uint64_t unsnapshot;                                 /* events applied since the last snapshot */
    bool unreadable; /* an event was passed over: in a snapshot it would be for good, also for a program that can */
    char last_error[256];
    int64_t last_error_ms, started_ms;
};

/* instance.c */
uint64_t rt_request_id(mst_instance *instance);
mst_status rt_send(mst_instance *instance, const Muster__V1__BusRequest *request, const mst_slice *bodies,
                   size_t bodies_count);
/* Sends now or, if that cannot be, with the next settle; forgotten when the session ends. */
void rt_post(mst_instance *instance, const Muster__V1__BusRequest *request, mst_slice body);
void rt_error(mst_instance *instance, const char *format, ...) MST_PRINTF(2, 3);
/* True if everything up to seq that this service follows was applied. */
bool rt_passed(const mst_instance *instance, uint64_t seq);

/* follow.c */
void rt_follow_start(mst_instance *instance);
void rt_follow_delivery(mst_instance *instance, const Muster__V1__Delivery *delivery, const mst_slice *bodies,
                        size_t bodies_count);
void rt_follow_watermark(mst_instance *instance, const Muster__V1__Watermark *watermark);
void rt_follow_credit(mst_instance *instance);
/* Writes the batch log; `watermark`: even if only the position has moved. */
void rt_follow_flush(mst_instance *instance, bool watermark);
mst_status rt_follow_replay(mst_instance *instance);
/* Unpacks the body of `head` into the instance's message arena. */
const ProtobufCMessage *rt_follow_unpack(mst_instance *instance, const char *type, mst_slice body);

/* work.c */
mst_work *rt_work_new(mst_instance *instance, bool call);
void rt_work_begin(mst_work *work);
void rt_work_step(mst_work *work, const mst_step *step);
void rt_work_input(mst_instance *instance, const Muster__V1__Delivery *delivery, const mst_slice *bodies,
                   size_t bodies_count);
void rt_work_progress(mst_instance *instance);
void rt_work_end(mst_work *work);
void rt_works_sweep(mst_instance *instance);
/* Begins again from its first step once what it did not know is known. */
void rt_work_restart(mst_work *work);
/* Gives an input back. */
void rt_work_release(mst_work *work, bool orderly, const char *reason);

/* parts.c */
mst_part *rt_part_current(mst_work *work);
mst_guard *rt_part_guard(mst_work *work, const char *stream);
void rt_part_close(mst_work *work, bool last);
void rt_parts_send(mst_work *work);
void rt_parts_unsend(mst_work *work);
void rt_parts_forget(mst_work *work);
bool rt_parts_result(mst_instance *instance, uint64_t request_id, const Muster__V1__CommitResult *result,
                     const Muster__V1__Fault *fault);

/* asks.c */
void rt_ask_find(mst_work *work);
void rt_asks_send(mst_work *work);
/* The first wait that is over. */
void rt_asks_due(mst_work *work);
void rt_asks_unsend(mst_work *work);
bool rt_ask_reply(mst_instance *instance, const Muster__V1__BusReply *reply, const mst_slice *bodies,
                  size_t bodies_count);

/* calls.c */
void rt_call_take(mst_instance *instance, const Muster__V1__CallRequest *request, const mst_slice *bodies,
                  size_t bodies_count);
void rt_call_answer(mst_work *work, Muster__V1__AnswerStatus status, const char *text, mst_slice reply);
/* What the commit of an answer keeps: fingerprint of the command, then the reply. */
mst_slice rt_call_record(mst_work *work, mst_arena *arena, mst_slice reply);
/* Answers with what was kept. */
void rt_call_repeat(mst_work *work, const uint8_t *record, size_t size);
void rt_call_fingerprint(const mst_work *work, uint8_t fingerprint[MST_ID_SIZE]);
/* May this command begin, or is another of the same key before it? */
bool rt_call_may_begin(const mst_work *work);

/* report.c */
void rt_report_fill(mst_instance *instance, Muster__V1__Report *report, mst_arena *arena);
void rt_report_send(mst_instance *instance);

#endif
