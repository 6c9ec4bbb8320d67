/* What is offered comes out as messages of three parts, in order, and what finds no room is counted
 * and leaves a gap. The subscriber is libzmq's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "config.h"
#include "harness.h"
#include "zmq/publisher.h"

#ifdef HAVE_LIBZMQ
#include <pthread.h>
#include <stdatomic.h>
#include <zmq.h>

#ifdef PN_SANITIZER
/* ThreadSanitizer asks for it. libzmq orders its threads by means that it does not see in a library
 * that was built without it. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so";
}
#endif

enum { FIRST, SECOND, TOPICS, FLOOD = 10000 };

static const char *const topics[TOPICS] = {"first", "second"};
static char folder[32], address[64];
static atomic_uint dropped;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* held: messages cannot be made */
static void *context, *subscriber;

static void publish(void *arg, struct publisher *p, const struct publisher_event *e)
{
    (void)arg;
    pthread_mutex_lock(&disk);
    pthread_mutex_unlock(&disk);
    publisher_send(p, e->kind, &e->number, sizeof e->number);
}

static void drop(void *arg, void *object)
{
    (void)arg;
    (void)object;
    atomic_fetch_add(&dropped, 1);
}

static struct publisher *make(unsigned n_places)
{
    const struct publisher_place places[] = {{FIRST, address, 100000}, {SECOND, address, 1}};
    const struct publisher_config config = {.topics = topics,
                                            .n_topics = TOPICS,
                                            .places = places,
                                            .n_places = n_places,
                                            .publish = publish,
                                            .drop = drop};
    struct publisher *p = NULL;

    ck_assert_int_eq(publisher_new(&p, &config), 0);
    return p;
}

/* Returns: the count in the last part. */
static uint32_t receive(const char *topic, uint64_t number)
{
    char name[16] = "";
    uint64_t body;
    uint8_t count[4];

    ck_assert_int_eq(zmq_recv(subscriber, name, sizeof name - 1, 0), (int)strlen(topic));
    ck_assert_str_eq(name, topic);
    ck_assert_int_eq(zmq_recv(subscriber, &body, sizeof body, 0), sizeof body);
    ck_assert_uint_eq(body, number);
    ck_assert_int_eq(zmq_recv(subscriber, count, sizeof count, 0), sizeof count);
    return load_le32(count);
}

static void offer(struct publisher *p, unsigned topic, uint64_t number, void *object)
{
    publisher_offer(p,
                    &(struct publisher_event){.kind = topic, .number = number, .object = object});
}

/* A subscription takes effect some time after the connection. Returns: the count of the last
 * message that was sent until then. */
static uint32_t subscribe(struct publisher *p)
{
    int wait_ms = 20, none = 0;
    uint64_t number = 0;
    zmq_pollitem_t poll = {.events = ZMQ_POLLIN};
    uint32_t count = 0;

    poll.socket = subscriber = zmq_socket(context, ZMQ_SUB);
    zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt(subscriber, ZMQ_RCVHWM, &none, sizeof none);
    ck_assert_int_eq(zmq_connect(subscriber, address), 0);
    do
        offer(p, FIRST, ++number, NULL);
    while (zmq_poll(&poll, 1, wait_ms) == 0);
    offer(p, SECOND, 0, NULL); /* behind all of them */
    for (;;) {
        char name[16] = "";
        uint64_t body;
        uint8_t last[4];

        ck_assert_int_gt(zmq_recv(subscriber, name, sizeof name - 1, 0), 0);
        zmq_recv(subscriber, &body, sizeof body, 0);
        zmq_recv(subscriber, last, sizeof last, 0);
        if (strcmp(name, "second") == 0)
            return count;
        count = load_le32(last);
    }
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/p2pnode-zmq-XXXXXX");
    ck_assert(mkdtemp(folder));
    snprintf(address, sizeof address, "ipc://%s/at", folder);
    context = zmq_ctx_new();
    dropped = 0;
}

static void tear_down(void)
{
    zmq_close(subscriber);
    subscriber = NULL;
    zmq_ctx_term(context);
    unlink(address + strlen("ipc://"));
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(messages_come_in_order_and_each_topic_counts_its_own)
{
    struct publisher *p = make(2);
    uint32_t count;

    ck_assert(publisher_has(p, FIRST) && publisher_has(p, SECOND));
    ck_assert_int_eq(publisher_start(p), 0);
    count = subscribe(p);
    offer(p, FIRST, 7, &count);
    offer(p, SECOND, 8, &count);
    offer(p, FIRST, 9, NULL);
    ck_assert_uint_eq(receive("first", 7), count + 1);
    ck_assert_uint_eq(receive("second", 8), 1);
    ck_assert_uint_eq(receive("first", 9), count + 2);
    publisher_free(p);
    ck_assert_uint_eq(dropped, 2);
}
END_TEST

START_TEST(what_finds_no_room_is_given_back_and_leaves_a_gap)
{
    struct publisher *p = make(2);
    uint32_t count, last = 0;
    uint64_t taken;

    ck_assert_int_eq(publisher_start(p), 0);
    count = subscribe(p);
    pthread_mutex_lock(&disk);
    for (uint64_t i = 0; i < FLOOD; i++)
        offer(p, FIRST, i, &count);
    taken = FLOOD - dropped;
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, FLOOD);
    pthread_mutex_unlock(&disk);
    for (uint64_t i = 0; i < taken; i++)
        last = receive("first", i);
    offer(p, FIRST, FLOOD, NULL);
    last = receive("first", FLOOD);
    ck_assert_uint_eq(last, count + taken + 2); /* one more than there were messages */
    publisher_free(p);
    ck_assert_uint_eq(dropped, FLOOD);
}
END_TEST

START_TEST(a_place_that_cannot_be_bound_is_an_error_and_leaves_nothing)
{
    const struct publisher_place places[] = {{FIRST, "ipc:///no/such/folder/at", 1}};
    const struct publisher_config config = {
        .topics = topics, .n_topics = TOPICS, .places = places, .n_places = 1};
    struct publisher *p;

    ck_assert_int_eq(publisher_new(&p, &config), PN_EBUSY);
    p = make(1); /* and one that never started is freed */
    ck_assert(!publisher_has(p, SECOND));
    offer(p, FIRST, 1, &p);
    publisher_free(p);
    ck_assert_uint_eq(dropped, 1);
}
END_TEST

static void add_tests(Suite *s)
{
    TCase *tc = tcase_create("publisher");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, messages_come_in_order_and_each_topic_counts_its_own);
    tcase_add_test(tc, what_finds_no_room_is_given_back_and_leaves_a_gap);
    tcase_add_test(tc, a_place_that_cannot_be_bound_is_an_error_and_leaves_nothing);
    suite_add_tcase(s, tc);
}

#else

START_TEST(without_libzmq_nothing_is_published)
{
    struct publisher *p;

    ck_assert(!publisher_is_built_in());
    ck_assert_int_eq(publisher_new(&p, &(struct publisher_config){.n_places = 0}), PN_ENOENT);
}
END_TEST

static void add_tests(Suite *s)
{
    TCase *tc = tcase_create("publisher");

    tcase_add_test(tc, without_libzmq_nothing_is_published);
    suite_add_tcase(s, tc);
}

#endif

int main(void)
{
    Suite *s = suite_create("publisher");

    add_tests(s);
    return harness_run(s);
}
