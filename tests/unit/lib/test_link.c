/* test_link.c - a session with a broker that is played here: it comes and goes, refuses, forgets. */
#include "broker/lib/link.h"
#include "ingestion.pb-c.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

/* The broker's side: one ROUTER, answered by hand between calls of the link. */
typedef struct played {
    char endpoint[80];
    void *context, *router;
    uint8_t id[64];
    int id_size;
    Muster__V1__BusRequest *request; /* the last one taken */
    char body[256];
    int body_size;
} played;

static void
appears(played *broker)
{
    int linger = 0;
    broker->context = zmq_ctx_new();
    broker->router = zmq_socket(broker->context, ZMQ_ROUTER);
    zmq_setsockopt(broker->router, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(broker->router, broker->endpoint), 0);
}

static void
disappears(played *broker)
{
    zmq_close(broker->router);
    zmq_ctx_term(broker->context);
}

static played
broker_played(void)
{
    played broker = {.request = NULL};
    snprintf(broker.endpoint, sizeof broker.endpoint, "ipc:///tmp/link-test-%d.sock", getpid());
    appears(&broker);
    return broker;
}

static void
gone(played *broker)
{
    if (broker->request)
        muster__v1__bus_request__free_unpacked(broker->request, NULL);
    disappears(broker);
    unlink(broker->endpoint + 6);
}

/* Takes the next request; false: none within the time. */
static bool
hears(played *broker, int ms)
{
    uint8_t head[65536];
    int more = 0;
    size_t size = sizeof more;
    zmq_pollitem_t item = {broker->router, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, ms) <= 0)
        return false;
    broker->id_size = zmq_recv(broker->router, broker->id, sizeof broker->id, 0);
    int head_size = zmq_recv(broker->router, head, sizeof head, 0);
    if (broker->request)
        muster__v1__bus_request__free_unpacked(broker->request, NULL);
    broker->request = muster__v1__bus_request__unpack(NULL, (size_t)head_size, head);
    assert_non_null(broker->request);
    zmq_getsockopt(broker->router, ZMQ_RCVMORE, &more, &size);
    broker->body_size = more ? zmq_recv(broker->router, broker->body, sizeof broker->body, 0) : -1;
    return true;
}

static void
says(played *broker, Muster__V1__BusReply *reply, const char *body)
{
    uint8_t head[65536];
    size_t size = muster__v1__bus_reply__pack(reply, head);
    zmq_send(broker->router, broker->id, (size_t)broker->id_size, ZMQ_SNDMORE);
    zmq_send(broker->router, head, size, body ? ZMQ_SNDMORE : 0);
    if (body)
        zmq_send(broker->router, body, strlen(body), 0);
}

static void
welcomes(played *broker, uint64_t epoch)
{
    uint8_t incarnation[16] = "a log";
    Muster__V1__Welcome welcome = MUSTER__V1__WELCOME__INIT;
    welcome.epoch = epoch;
    welcome.incarnation = (ProtobufCBinaryData){sizeof incarnation, incarnation};
    Muster__V1__BusReply reply = MUSTER__V1__BUS_REPLY__INIT;
    reply.request_id = broker->request->request_id;
    reply.what_case = MUSTER__V1__BUS_REPLY__WHAT_WELCOME;
    reply.welcome = &welcome;
    says(broker, &reply, NULL);
}

static void
faults(played *broker, Muster__V1__FaultCode code, const char *text, uint64_t request_id)
{
    Muster__V1__Fault fault = MUSTER__V1__FAULT__INIT;
    fault.code = code;
    fault.text = (char *)text;
    Muster__V1__BusReply reply = MUSTER__V1__BUS_REPLY__INIT;
    reply.request_id = request_id;
    reply.what_case = MUSTER__V1__BUS_REPLY__WHAT_FAULT;
    reply.fault = &fault;
    says(broker, &reply, NULL);
}

/* Opening waits for an answer, so it happens beside the playing of the broker. */
typedef struct opening {
    mst_link_options options;
    mst_link *link;
    mst_status rc;
    char why[256];
    pthread_t thread;
} opening;

static void *
open_beside(void *context)
{
    opening *it = context;
    it->rc = mst_link_open(&it->link, &it->options, it->why);
    return NULL;
}

static void
begins_to_open(opening *it, const played *broker)
{
    *it = (opening){.options = {.endpoint = broker->endpoint,
                                .producer = "parsing/1",
                                .service = "parsing",
                                .operator= "anna",
                                .connect_ms = 4000}};
    assert_int_equal(pthread_create(&it->thread, NULL, open_beside, it), 0);
}

static void
opens(opening *it, played *broker, uint64_t epoch)
{
    begins_to_open(it, broker);
    assert_true(hears(broker, 3000));
    assert_int_equal(broker->request->what_case, MUSTER__V1__BUS_REQUEST__WHAT_HELLO);
    welcomes(broker, epoch);
    pthread_join(it->thread, NULL);
    assert_int_equal(it->rc, MST_OK);
}

/* Receives until something else than a timeout comes. */
static mst_status
receives(mst_link *link, mst_link_message *message)
{
    mst_status rc = MST_TIMEOUT;
    for (int i = 0; i < 100 && rc == MST_TIMEOUT; i++)
        rc = mst_link_receive(link, message, 100);
    return rc;
}

static void
hello_says_who_comes_and_nothing_is_sent_before_the_welcome(void **state)
{
    (void)state;
    played broker = broker_played();
    opening it;
    opens(&it, &broker, 7);
    assert_string_equal(broker.request->hello->producer, "parsing/1");
    assert_string_equal(broker.request->hello->service, "parsing");
    assert_string_equal(broker.request->hello->operator_, "anna");
    assert_int_equal(broker.request->hello->epoch, 0);
    assert_int_equal(mst_link_welcome(it.link)->epoch, 7);
    mst_link_close(&it.link);
    assert_null(it.link);
    gone(&broker);
}

static void
who_is_refused_is_told_why(void **state)
{
    (void)state;
    static const struct {
        Muster__V1__FaultCode code;
        mst_status rc;
    } refusals[] = {{MUSTER__V1__FAULT_CODE__FAULT_DENIED, MST_DENIED},
                    {MUSTER__V1__FAULT_CODE__FAULT_BEHIND, MST_STALE},
                    {MUSTER__V1__FAULT_CODE__FAULT_PROTOCOL, MST_INVALID}};
    played broker = broker_played();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        opening it;
        begins_to_open(&it, &broker);
        assert_true(hears(&broker, 3000));
        faults(&broker, refusals[i].code, "because", broker.request->request_id);
        pthread_join(it.thread, NULL);
        assert_int_equal(it.rc, refusals[i].rc);
        assert_null(it.link);
        assert_string_equal(it.why, "because");
    }
    gone(&broker);
}

static void
nobody_there_is_said_in_time(void **state)
{
    (void)state;
    mst_link *link = NULL;
    char why[256];
    mst_link_options options = {.endpoint = "ipc:///tmp/nobody-is-here.sock", .producer = "cli", .connect_ms = 200};
    assert_int_equal(mst_link_open(&link, &options, why), MST_TIMEOUT);
    assert_non_null(strstr(why, "no broker answers at ipc:///tmp/nobody-is-here.sock"));
    options.endpoint = "not an endpoint";
    assert_int_equal(mst_link_open(&link, &options, why), MST_INVALID);
    options.endpoint = "tcp://127.0.0.1:1";
    assert_int_equal(mst_link_open(&link, &options, why), MST_INVALID); /* tcp without keys */
    assert_non_null(strstr(why, "--key"));
}

static void
a_key_file_that_others_can_read_is_refused(void **state)
{
    (void)state;
    mst_link *link = NULL;
    char why[256], path[] = "/tmp/link-test-key-XXXXXX", public_key[41], secret_key[41];
    int fd = mkstemp(path);
    assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
    dprintf(fd, "# made for a test\n%s\n", secret_key);
    fchmod(fd, 0644);
    close(fd);
    mst_link_options options = {.endpoint = "tcp://127.0.0.1:1",
                                .producer = "cli",
                                .key_file = path,
                                .server_key = public_key,
                                .connect_ms = 100};
    assert_int_equal(mst_link_open(&link, &options, why), MST_INVALID);
    assert_non_null(strstr(why, "can be read by others"));
    chmod(path, 0600);
    assert_int_equal(mst_link_open(&link, &options, why), MST_TIMEOUT); /* the key is fine, nobody is there */
    unlink(path);
}

static void
a_broker_that_comes_back_is_greeted_with_the_same_epoch(void **state)
{
    (void)state;
    played broker = broker_played();
    opening it;
    mst_link_message message;
    opens(&it, &broker, 7);
    disappears(&broker);
    assert_int_equal(receives(it.link, &message), MST_OK);
    assert_int_equal(message.event, MST_LINK_LOST);
    Muster__V1__Ping ping = MUSTER__V1__PING__INIT;
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_PING;
    request.ping = &ping;
    assert_int_equal(mst_link_send(it.link, &request, NULL, 0), MST_AGAIN); /* nothing is queued for a later life */
    appears(&broker);
    for (int i = 0; i < 100 && !hears(&broker, 20); i++)
        assert_int_equal(mst_link_receive(it.link, &message, 20), MST_TIMEOUT);
    assert_int_equal(broker.request->what_case, MUSTER__V1__BUS_REQUEST__WHAT_HELLO);
    assert_int_equal(broker.request->hello->epoch, 7);
    welcomes(&broker, 7);
    assert_int_equal(receives(it.link, &message), MST_OK);
    assert_int_equal(message.event, MST_LINK_BACK);
    mst_link_close(&it.link);
    gone(&broker);
}

static void
a_forgotten_session_begins_again_and_a_fenced_one_does_not(void **state)
{
    (void)state;
    played broker = broker_played();
    opening it;
    mst_link_message message;
    opens(&it, &broker, 7);
    faults(&broker, MUSTER__V1__FAULT_CODE__FAULT_NO_SESSION, "who are you?", 0);
    assert_int_equal(receives(it.link, &message), MST_OK);
    assert_int_equal(message.event, MST_LINK_LOST);
    for (int i = 0; i < 100 && !hears(&broker, 20); i++)
        assert_int_equal(mst_link_receive(it.link, &message, 20), MST_TIMEOUT);
    assert_int_equal(broker.request->what_case, MUSTER__V1__BUS_REQUEST__WHAT_HELLO);
    welcomes(&broker, 7);
    assert_int_equal(receives(it.link, &message), MST_OK);
    assert_int_equal(message.event, MST_LINK_BACK);
    faults(&broker, MUSTER__V1__FAULT_CODE__FAULT_DENIED, "a newer one has started", 0);
    assert_int_equal(receives(it.link, &message), MST_DENIED);
    assert_string_equal(mst_link_why(it.link), "a newer one has started");
    mst_link_close(&it.link);
    gone(&broker);
}

static void
a_ping_leaves_every_second_while_somebody_receives(void **state)
{
    (void)state;
    played broker = broker_played();
    opening it;
    mst_link_message message;
    opens(&it, &broker, 7);
    assert_int_equal(mst_link_receive(it.link, &message, 1300), MST_TIMEOUT);
    assert_true(hears(&broker, 500));
    assert_int_equal(broker.request->what_case, MUSTER__V1__BUS_REQUEST__WHAT_PING);
    mst_link_close(&it.link);
    gone(&broker);
}

typedef struct calling {
    mst_link *link;
    mst_arena *arena;
    mst_answer answer;
    mst_status rc;
} calling;

static void *
call_beside(void *context)
{
    calling *it = context;
    uint8_t command_id[MST_ID_SIZE] = "the same id";
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    cancel.batch_id = "B7";
    it->rc = mst_link_call(it->link, "ingestion", "B7", &cancel.base, command_id, &muster__v1__batch_view__descriptor,
                           8000, it->arena, &it->answer);
    return NULL;
}

static void
a_call_whose_broker_dies_is_asked_again_with_the_same_id(void **state)
{
    (void)state;
    played broker = broker_played();
    opening it;
    pthread_t thread;
    opens(&it, &broker, 7);
    calling call = {.link = it.link, .arena = mst_arena_new(0)};
    assert_int_equal(pthread_create(&thread, NULL, call_beside, &call), 0);
    for (int life = 0; life < 2; life++) {
        while (!(hears(&broker, 3000) && broker.request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_CALL))
            if (broker.request->what_case == MUSTER__V1__BUS_REQUEST__WHAT_HELLO)
                welcomes(&broker, 7);
        assert_string_equal(broker.request->call->method, "CancelBatch");
        assert_memory_equal(broker.request->call->command_id.data, "the same id", 11);
        assert_int_equal(broker.body_size, 4);
        if (life == 0) {
            disappears(&broker);
            appears(&broker);
        }
    }
    Muster__V1__CallResult result = MUSTER__V1__CALL_RESULT__INIT;
    result.status = MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED;
    Muster__V1__BusReply reply = MUSTER__V1__BUS_REPLY__INIT;
    reply.request_id = broker.request->request_id;
    reply.what_case = MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT;
    reply.call_result = &result;
    says(&broker, &reply, "\n\002B7"); /* a BatchView of B7 */
    pthread_join(thread, NULL);
    assert_int_equal(call.rc, MST_OK);
    assert_int_equal(call.answer.status, MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED);
    assert_string_equal(((const Muster__V1__BatchView *)call.answer.message)->batch_id, "B7");
    mst_arena_destroy(&call.arena);
    mst_link_close(&it.link);
    gone(&broker);
}

static void
a_path_too_long_for_a_socket_gets_a_short_one_that_both_sides_find(void **state)
{
    (void)state;
    mst_arena *arena = mst_arena_new(0);
    char dir[200] = "/tmp/";
    memset(dir + 5, 'x', 150);
    unsetenv("MUSTER_ENDPOINT");
    char *endpoint = mst_link_endpoint_of(arena, dir);
    assert_true(strlen(endpoint) < 6 + 108);
    assert_string_equal(endpoint, mst_link_endpoint_of(arena, dir));
    assert_string_not_equal(endpoint, mst_link_events_endpoint_of(arena, dir));
    assert_string_equal(mst_link_endpoint_of(arena, "/var/lib/muster"), "ipc:///var/lib/muster/run/bus.sock");
    setenv("MUSTER_ENDPOINT", "tcp://broker:7700", 1);
    assert_string_equal(mst_link_endpoint_of(arena, dir), "tcp://broker:7700");
    unsetenv("MUSTER_ENDPOINT");
    mst_arena_destroy(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_says_who_comes_and_nothing_is_sent_before_the_welcome),
        cmocka_unit_test(who_is_refused_is_told_why),
        cmocka_unit_test(nobody_there_is_said_in_time),
        cmocka_unit_test(a_key_file_that_others_can_read_is_refused),
        cmocka_unit_test(a_broker_that_comes_back_is_greeted_with_the_same_epoch),
        cmocka_unit_test(a_forgotten_session_begins_again_and_a_fenced_one_does_not),
        cmocka_unit_test(a_ping_leaves_every_second_while_somebody_receives),
        cmocka_unit_test(a_call_whose_broker_dies_is_asked_again_with_the_same_id),
        cmocka_unit_test(a_path_too_long_for_a_socket_gets_a_short_one_that_both_sides_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
