/* core.h - what the files of the broker's core share; nobody else includes it.
 *
 * One noun a file: commit (what enters the log), follow (who reads it), groups (who works on it), calls (who answers
 * whom), session (who is there), facts (what is remembered beside the events), turn (how a turn becomes durable). */
#ifndef MUSTER_BROKER_CORE_H
#define MUSTER_BROKER_CORE_H

#include "broker.h"
#include "lib/hash.h"
#include "table.h"

/* One event in memory: in the turn that makes it, and afterwards for a while among the recent ones, so that fanning
 * it out costs no read. Strings and hash of `head` stand in the same block. */
typedef struct mst_entry {
    Muster__V1__Envelope head;
    mst_slice packed; /* head; in the turn's arena, so only during its own turn */
    mst_body *body;
} mst_entry;

/* A message on its way out; in the turn's arena, bodies referenced. */
typedef struct mst_output {
    struct mst_output *next;
    uint64_t session;
    Muster__V1__BusReply reply;
    mst_body **bodies;
    size_t bodies_count;
} mst_output;

typedef struct mst_subscription {
    uint32_t id; /* 0: free */
    char **types;
    size_t types_count;
    char **head_types;
    size_t head_types_count;
    char *batch_id;    /* "" for all */
    uint64_t position; /* everything at or below was delivered or did not match */
    uint64_t prev_seq; /* last delivered */
    uint64_t told;     /* the client knows that nothing is missing up to here */
    bool announce;     /* say so as soon as it has caught up */
    bool blocked;      /* the next wanted event waits for credit */
    uint64_t credit;
} mst_subscription;

typedef struct mst_session {
    struct mst_session *next, *prev; /* in order of Hello */
    uint64_t id;
    mst_principal principal;
    char *producer, *service, *operator;
    uint64_t epoch;
    bool observer;
    bool fenced;      /* a newer process of this producer exists */
    bool held;        /* has not taken what was sent to it; nothing is delivered meanwhile */
    bool eager;       /* wants to know now where its subscriptions stand: it got a grant or committed */
    int64_t heard_us; /* on the lease clock */
    mst_subscription subscriptions[MST_BROKER_SUBSCRIPTIONS_MAX];
    struct mst_member *members;
    Muster__V1__Report *report; /* last one, NULL none; on the heap */
    uint32_t calls_asked, calls_serving;
} mst_session;

/* An input that is not done yet. */
typedef struct mst_input {
    struct mst_input *next, *prev;         /* of the same key, by seq */
    struct mst_input *all_next, *all_prev; /* of the group, by seq; NULL-linked when released from parking */
    struct mst_input *mine_next;           /* of the same member */
    struct mst_key *key;
    struct mst_member *member; /* who has it; NULL nobody */
    uint64_t seq;
    uint64_t grant;    /* token, while somebody has it */
    uint64_t last_seq; /* of the last accepted part; 0 none */
    uint32_t next_part;
    uint32_t grants; /* since the last accepted part, this one included */
    bool progressed; /* a part was accepted under the present grant */
    bool released;   /* was parked once: its fact outlives the cursor */
} mst_input;

typedef struct mst_key {
    char *name;
    mst_input *first, *last;
    struct mst_key *ready_next, *ready_prev;
    bool ready;            /* in the list: has inputs and none is granted */
    uint64_t last_session; /* who had it last; 0 nobody */
} mst_key;

typedef struct mst_member {
    struct mst_member *next;       /* of the group */
    struct mst_member *of_session; /* of the session */
    struct mst_group *group;
    mst_session *session;
    uint32_t credit, at_work;
    uint64_t turn; /* of the last grant, to go round */
    mst_input *inputs;
} mst_member;

typedef struct mst_group_type {
    char *type;
    uint64_t from_seq;
} mst_group_type;

typedef struct mst_group {
    struct mst_group *next;
    char *name;
    mst_group_type types[MST_BROKER_TYPES_MAX];
    size_t types_count;
    uint64_t scanned;       /* heads at or below were looked at */
    uint64_t cursor_stored; /* what the log remembers */
    mst_table *keys;        /* name -> key */
    mst_table *inputs;      /* seq -> input */
    mst_table *parked;      /* seq -> Muster__V1__Parked, on the heap */
    mst_input *all_first, *all_last;
    mst_key *ready_first, *ready_last;
    mst_member *members;
} mst_group;

typedef struct mst_call {
    struct mst_call *next, *prev;
    uint64_t id;
    uint64_t caller, request_id;
    uint64_t target;
    int64_t deadline_us;
} mst_call;

/* The last process known of a producer that is connected now. */
typedef struct mst_producer {
    uint64_t epoch;
    uint32_t sessions;
} mst_producer;

#define RECENT_COUNT 8192u        /* events kept in memory, at most */
#define RECENT_SIZE_MAX 33554432u /* bytes of bodies kept in memory, at most */
#define WINDOW_MAX 65536u         /* inputs of a group known in memory; scanning waits beyond */
#define CATCH_UP_EVENTS 512u      /* deliveries from the store in one turn, at most */
#define CATCH_UP_SIZE 4194304u    /* bytes of them */
#define SCAN_HEADS 4096u          /* heads looked at in one turn for one reader that is behind */
#define STREAMS_MAX 65536u        /* versions of streams remembered; forgotten all at once beyond */
#define IDLE_KEYS_MAX 4096u       /* keys remembered for who had them last */

struct mst_broker {
    mst_broker_options options;
    mst_store *store;
    mst_arena *arena;   /* of the turn */
    mst_arena *scratch; /* of one step: unpacked heads from the store */
    mst_hash *hash;
    uint8_t incarnation[16];
    uint8_t last_hash[MST_HASH_SIZE];    /* of tail */
    uint8_t durable_hash[MST_HASH_SIZE]; /* of durable_seq */
    uint32_t boot_epoch;
    uint32_t grants_given;
    uint64_t boot_tail;   /* where the log ended when this broker opened it */
    uint64_t tail;        /* with what this turn adds */
    uint64_t durable_seq; /* what the world may know */
    int64_t now_us, lease_now_us, wall_ms;
    int64_t started_wall_ms, ticked_us, beacon_us, cursor_us;
    mst_broker_meters meters;
    bool disk_full;

    mst_entry **recent; /* by seq modulo capacity; those of recent_first..tail are there */
    size_t recent_capacity;
    uint64_t recent_first;
    size_t recent_size; /* bytes of their bodies */

    mst_table *facts; /* key -> mst_store_fact of this turn */
    mst_store_fact **fact_list;
    size_t fact_count, fact_capacity;
    bool dirty; /* something must be written */
    mst_output *outputs, **outputs_end;

    mst_table *streams;   /* name -> version + 1, as a number */
    mst_table *producers; /* name -> producer, of connected sessions */
    mst_table *sessions_by_id;
    mst_session *sessions, *sessions_last;
    size_t sessions_count;
    mst_group *groups;
    size_t groups_count;
    mst_call *calls, *calls_last;
    mst_table *calls_by_id;
    uint64_t call_ids;
    uint64_t turns;

    uint64_t events_total, commits_total, repeated_total, refused_total, syncs_total;
};

/* turn.c ----------------------------------------------------------------------------------------------- */

/* Queues a reply; it leaves after the turn is durable. `request_id` 0: the broker speaks first. The reply's content
 * must live as long as the turn; bodies get a reference of their own. NULL: nobody waits for it. */
void mst_core_reply(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__BusReply__WhatCase what,
                    void *content, mst_body *const *bodies, size_t bodies_count);
void mst_core_fault(mst_broker *broker, uint64_t session, uint64_t request_id, Muster__V1__FaultCode code,
                    const char *text);
/* The event at `seq`, at or below tail: head and, if asked, a reference to the body for the caller. The head lives
 * until the turn's end or, if read from the store, as long as `arena`. */
MST_NODISCARD mst_status mst_core_event(mst_broker *broker, uint64_t seq, mst_arena *arena,
                                        const Muster__V1__Envelope **head, mst_body **body);
/* NULL: not in memory. */
mst_entry *mst_core_recent(const mst_broker *broker, uint64_t seq);
/* Puts the event behind tail; it is the broker's now. */
void mst_core_append(mst_broker *broker, mst_entry *entry);
void mst_core_forget(mst_broker *broker);
const Muster__V1__Envelope *mst_core_unpack_head(mst_slice head, mst_arena *arena);

/* facts.c ---------------------------------------------------------------------------------------------- */

typedef struct mst_commit_fact {
    const uint8_t *fingerprint; /* 16 bytes */
    uint64_t first_seq, last_seq;
    mst_slice answer;
} mst_commit_fact;

typedef enum mst_input_state { INPUT_OPEN = 1, INPUT_DONE = 2, INPUT_PARKED = 3 } mst_input_state;

typedef struct mst_input_fact {
    mst_input_state state;
    bool granted; /* somebody had it when this was written */
    uint32_t next_part, grants;
    uint64_t last_seq;
} mst_input_fact;

mst_status mst_fact_get(mst_broker *broker, mst_slice key, mst_slice *value);
void mst_fact_put(mst_broker *broker, mst_slice key, mst_slice value);
void mst_fact_erase(mst_broker *broker, mst_slice key);

mst_status mst_fact_commit_get(mst_broker *broker, const uint8_t id[16], mst_commit_fact *fact);
void mst_fact_commit_put(mst_broker *broker, const uint8_t id[16], const mst_commit_fact *fact);
mst_status mst_fact_producer_get(mst_broker *broker, const char *name, uint64_t *epoch);
void mst_fact_producer_put(mst_broker *broker, const char *name, uint64_t epoch);
mst_status mst_fact_input_get(mst_broker *broker, const char *group, uint64_t seq, mst_input_fact *fact);
void mst_fact_input_put(mst_broker *broker, const char *group, uint64_t seq, const mst_input_fact *fact);
void mst_fact_group_put(mst_broker *broker, const mst_group *group, uint64_t cursor);
/* `parked` NULL: released, and to be remembered until it is done. */
void mst_fact_parked_put(mst_broker *broker, const char *group, uint64_t seq, const Muster__V1__Parked *parked);
void mst_fact_parked_erase(mst_broker *broker, const char *group, uint64_t seq);
/* Incarnation, boot epoch, groups and what is parked; raises the boot epoch. */
MST_NODISCARD mst_status mst_facts_load(mst_broker *broker);

/* session.c -------------------------------------------------------------------------------------------- */

mst_session *mst_session_get(const mst_broker *broker, uint64_t id);
void mst_session_hello(mst_broker *broker, uint64_t id, const mst_principal *principal, uint64_t request_id,
                       const Muster__V1__Hello *hello);
/* Ends a session; its grants go back. */
void mst_session_end(mst_broker *broker, mst_session *session, bool orderly);
void mst_session_tick(mst_broker *broker);
void mst_session_report(mst_broker *broker, mst_session *session, const Muster__V1__Report *report);
void mst_status_answer(mst_broker *broker, mst_session *session, uint64_t request_id);

/* commit.c --------------------------------------------------------------------------------------------- */

void mst_commit_receive(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Commit *commit,
                        mst_body *const *bodies, size_t bodies_count);
void mst_commit_find(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__FindCommit *find);

/* follow.c --------------------------------------------------------------------------------------------- */

void mst_follow_begin(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Follow *follow);
void mst_follow_credit(mst_broker *broker, mst_session *session, const Muster__V1__Credit *credit);
void mst_follow_end(mst_session *session, uint32_t subscription);
/* Queues what every subscription may have now. `more`: some could have more at once. */
MST_NODISCARD mst_status mst_follow_turn(mst_broker *broker, bool *more);
/* Tells how far subscriptions have come without a delivery: those of eager sessions, or all. */
void mst_follow_watermarks(mst_broker *broker, bool all);
void mst_follow_watermark(mst_broker *broker, mst_session *session);
/* Every subscription of the session has passed this seq. */
uint64_t mst_follow_passed(const mst_broker *broker, const mst_session *session);
void mst_read_page(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Read *read);

/* groups.c, inputs.c ----------------------------------------------------------------------------------- */

mst_group *mst_group_get(const mst_broker *broker, const char *name);
mst_group *mst_group_new(mst_broker *broker, const char *name);
void mst_group_destroy(mst_group **group);
void mst_group_join(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Join *join);
void mst_group_leave(mst_broker *broker, mst_session *session, const char *name);
void mst_group_release(mst_broker *broker, mst_session *session, const Muster__V1__Release *release);
void mst_group_member_end(mst_broker *broker, mst_member *member, bool orderly);
/* Looks at new heads, parks, grants. */
MST_NODISCARD mst_status mst_groups_turn(mst_broker *broker, bool *more);
void mst_groups_store_cursors(mst_broker *broker);
uint64_t mst_group_cursor(const mst_group *group);
/* Who has the key of this group now, or had it last; 0 nobody. */
uint64_t mst_group_holder(const mst_group *group, const char *key);
void mst_group_list_parked(mst_broker *broker, mst_session *session, uint64_t request_id,
                           const Muster__V1__ListParked *list);
void mst_group_release_parked(mst_broker *broker, mst_session *session, uint64_t request_id,
                              const Muster__V1__ReleaseParked *release);

mst_input *mst_input_get(const mst_group *group, uint64_t seq);
/* Makes an input known; NULL facts are those of an untouched one. */
mst_input *mst_input_add(mst_group *group, uint64_t seq, const char *key, const mst_input_fact *fact, bool released);
void mst_input_done(mst_broker *broker, mst_group *group, mst_input *input);
/* One accepted part. */
void mst_input_part(mst_broker *broker, mst_group *group, mst_input *input, uint64_t last_seq);
void mst_input_grant(mst_broker *broker, mst_group *group, mst_input *input, mst_member *member);
/* Takes it from its member: counted unless orderly; after the fifth failure it is parked. */
void mst_input_return(mst_broker *broker, mst_group *group, mst_input *input, bool orderly, const char *reason);
void mst_input_store(mst_broker *broker, const mst_group *group, const mst_input *input);

/* calls.c ---------------------------------------------------------------------------------------------- */

void mst_call_receive(mst_broker *broker, mst_session *session, uint64_t request_id, const Muster__V1__Call *call,
                      mst_body *const *bodies, size_t bodies_count);
void mst_call_answered(mst_broker *broker, mst_session *session, const Muster__V1__CallAnswer *answer,
                       mst_body *const *bodies, size_t bodies_count);
/* Calls of and for a session that ended. */
void mst_call_session_end(mst_broker *broker, const mst_session *session);
void mst_call_tick(mst_broker *broker);

static inline mst_slice
mst_text_slice(const char *text)
{
    return (mst_slice){(const uint8_t *)text, __builtin_strlen(text)};
}

#endif
