/* The discovery thread with a source and a resolver in the test's hands. */
#include "test_discovery.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "discovery/discovery.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "thread/thread.h"

enum { SECOND_US = 1000000, LOOKUPS_WANTED = DISCOVERY_MAX_LOOKUPS + 1 };

/* A source that asks for `wanted` names when it starts and when its timer rings. What the thread
 * writes is read by the test after it has seen `calls` change. */
struct toy {
    struct discovery_source *self;
    unsigned wanted;
    int lookup_rc[LOOKUPS_WANTED];
    atomic_uint starts, timers, answers;
    int64_t timer_at_us;
    uint64_t tags[LOOKUPS_WANTED];
    int rcs[LOOKUPS_WANTED];
    size_t addresses;
    struct net_addr first;
    enum thread_role role;
    int64_t interval_us; /* to the next timer; 0: never */
};

/* Keeps what it is asked, until the test answers. */
static struct {
    pthread_mutex_t mu;
    resolve_done *done[LOOKUPS_WANTED];
    void *arg[LOOKUPS_WANTED];
    unsigned n;
    int refuse;
} held = {.mu = PTHREAD_MUTEX_INITIALIZER};

static int hold(void *arg, const struct net_target *name, resolve_done *done, void *done_arg)
{
    int rc;

    ck_assert_ptr_eq(arg, &held);
    ck_assert_str_eq(name->host, "seed.test");
    pthread_mutex_lock(&held.mu);
    rc = held.refuse;
    if (rc == 0) {
        held.done[held.n] = done;
        held.arg[held.n++] = done_arg;
    }
    pthread_mutex_unlock(&held.mu);
    return rc;
}

static void answer_all(int rc, const struct net_addr *addrs, size_t n)
{
    pthread_mutex_lock(&held.mu);
    for (unsigned i = 0; i < held.n; i++)
        held.done[i](held.arg[i], rc, addrs, n);
    held.n = 0;
    pthread_mutex_unlock(&held.mu);
}

static int64_t next_of(const struct toy *t, int64_t now_us)
{
    return t->interval_us ? now_us + t->interval_us : CLOCK_NEVER;
}

static void ask(struct toy *t)
{
    struct net_target name;

    ck_assert_int_eq(net_target_parse(&name, "seed.test", 7), 0);
    for (unsigned i = 0; i < t->wanted; i++)
        t->lookup_rc[i] = discovery_lookup(t->self, &name, 100 + i);
}

static int64_t toy_start(void *state, struct discovery_source *self, int64_t now_us)
{
    struct toy *t = state;

    t->self = self;
    t->role = thread_role();
    ask(t);
    atomic_fetch_add(&t->starts, 1);
    return next_of(t, now_us);
}

static int64_t toy_timer(void *state, int64_t now_us)
{
    struct toy *t = state;

    t->timer_at_us = now_us;
    ask(t);
    atomic_fetch_add(&t->timers, 1);
    return next_of(t, now_us);
}

static int64_t toy_answer(void *state, const struct discovery_answer *answer, int64_t now_us)
{
    struct toy *t = state;
    unsigned i = atomic_load(&t->answers);

    t->tags[i % LOOKUPS_WANTED] = answer->tag;
    t->rcs[i % LOOKUPS_WANTED] = answer->rc;
    t->addresses += answer->n;
    if (answer->n > 0)
        t->first = answer->addrs[0];
    discovery_found(t->self, "toy", answer->n);
    atomic_fetch_add(&t->answers, 1);
    return next_of(t, now_us);
}

static const struct discovery_source_ops toy_ops = {toy_start, toy_timer, toy_answer};

/* The suite's timeout ends a wait in vain. */
static void wait_for(atomic_uint *counter, unsigned value)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    while (atomic_load(counter) < value)
        nanosleep(&moment, NULL);
}

static struct discovery *d;
static struct toy toy;

static void set_up(void)
{
    memset(&toy, 0, sizeof toy);
    held.n = 0;
    held.refuse = 0;
    clock_test_start(1700000000);
}

static void tear_down(void)
{
    discovery_stop(d);
    answer_all(PN_EQUIT, NULL, 0); /* what is under way, as a resolver that is freed does */
    discovery_free(d);
    d = NULL;
    metrics_reset();
    clock_test_stop();
}

static void begin(bool with_resolver)
{
    const struct discovery_resolver resolver = {with_resolver ? hold : NULL, &held};

    d = discovery_new("test", &resolver);
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(discovery_add(d, &toy_ops, &toy), 0);
    ck_assert_int_eq(discovery_start(d), 0);
    wait_for(&toy.starts, 1);
}

START_TEST(a_source_runs_on_the_discovery_thread)
{
    begin(true);
    ck_assert_int_eq(toy.role, ROLE_DISCOVERY);
}
END_TEST

START_TEST(a_source_is_called_when_its_deadline_has_come_and_not_before)
{
    int64_t began_us = clock_mono_us();

    toy.interval_us = 300 * (int64_t)SECOND_US;
    begin(true);
    clock_test_advance_ms(300000);
    wait_for(&toy.timers, 1);
    ck_assert_int_eq(toy.timer_at_us, began_us + toy.interval_us);
    clock_test_advance_ms(299999);
    ck_assert_uint_eq(atomic_load(&toy.timers), 1);
    clock_test_advance_ms(1);
    wait_for(&toy.timers, 2);
    ck_assert_int_eq(toy.timer_at_us, began_us + 2 * toy.interval_us);
}
END_TEST

START_TEST(an_answer_reaches_its_source_with_its_tag_and_addresses)
{
    const struct net_addr addrs[2] = {{.kind = NET_IPV4, .port = 7, .bytes = {127, 0, 0, 5}},
                                      {.kind = NET_IPV4, .port = 7, .bytes = {127, 0, 0, 6}}};

    toy.wanted = 1;
    begin(true);
    ck_assert_int_eq(toy.lookup_rc[0], 0);
    answer_all(0, addrs, 2);
    wait_for(&toy.answers, 1);
    ck_assert_uint_eq(toy.tags[0], 100);
    ck_assert_int_eq(toy.rcs[0], 0);
    ck_assert_uint_eq(toy.addresses, 2);
    ck_assert(net_addr_equal(&toy.first, &addrs[0]));
}
END_TEST

START_TEST(lookups_beyond_the_bound_are_refused_until_others_are_done)
{
    toy.wanted = LOOKUPS_WANTED;
    toy.interval_us = SECOND_US;
    begin(true);
    for (unsigned i = 0; i < DISCOVERY_MAX_LOOKUPS; i++)
        ck_assert_int_eq(toy.lookup_rc[i], 0);
    ck_assert_int_eq(toy.lookup_rc[DISCOVERY_MAX_LOOKUPS], PN_ELIMIT);
    answer_all(PN_ETIMEDOUT, NULL, 0);
    wait_for(&toy.answers, DISCOVERY_MAX_LOOKUPS);
    for (unsigned i = 0; i < DISCOVERY_MAX_LOOKUPS; i++)
        ck_assert_int_eq(toy.rcs[i], PN_ETIMEDOUT);
    clock_test_advance_ms(1000);
    wait_for(&toy.timers, 1);
    ck_assert_int_eq(toy.lookup_rc[DISCOVERY_MAX_LOOKUPS - 1], 0);
    ck_assert_int_eq(toy.lookup_rc[DISCOVERY_MAX_LOOKUPS], PN_ELIMIT);
}
END_TEST

START_TEST(a_lookup_that_the_resolver_refuses_takes_no_place)
{
    toy.wanted = LOOKUPS_WANTED;
    held.refuse = PN_EINVAL;
    begin(true);
    for (unsigned i = 0; i < LOOKUPS_WANTED; i++)
        ck_assert_int_eq(toy.lookup_rc[i], PN_EINVAL);
}
END_TEST

START_TEST(without_a_resolver_there_is_no_way_to_look_up)
{
    toy.wanted = 1;
    begin(false);
    ck_assert_int_eq(toy.lookup_rc[0], PN_ENOROUTE);
}
END_TEST

START_TEST(answers_that_come_after_the_end_are_dropped)
{
    toy.wanted = 3;
    begin(true);
    discovery_stop(d);
    ck_assert_uint_eq(held.n, 3);
    answer_all(0, &(struct net_addr){.kind = NET_IPV4}, 1);
    ck_assert_uint_eq(atomic_load(&toy.answers), 0);
}
END_TEST

START_TEST(outcomes_and_addresses_are_counted)
{
    struct buf text;

    toy.wanted = 2;
    begin(true);
    answer_all(0, &(struct net_addr){.kind = NET_IPV4}, 1);
    wait_for(&toy.answers, 2);
    discovery_stop(d);
    buf_init(&text, 1 << 20);
    ck_assert_int_eq(metrics_render(&text, METRICS_TEXT_004), 0);
    ck_assert_ptr_nonnull(strstr(
        buf_cstr(&text), "\np2pnode_discovery_lookups_total{network=\"test\",outcome=\"ok\"} 2\n"));
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&text),
               "\np2pnode_discovery_addresses_total{network=\"test\",origin=\"toy\"} 2\n"));
    buf_free(&text);
}
END_TEST

START_TEST(there_is_room_for_so_many_sources_and_no_more)
{
    const struct discovery_resolver nobody = {NULL, NULL};
    struct toy toys[DISCOVERY_MAX_SOURCES + 1] = {0};

    d = discovery_new("test", &nobody);
    for (unsigned i = 0; i < DISCOVERY_MAX_SOURCES; i++)
        ck_assert_int_eq(discovery_add(d, &toy_ops, &toys[i]), 0);
    ck_assert_int_eq(discovery_add(d, &toy_ops, &toys[DISCOVERY_MAX_SOURCES]), PN_ELIMIT);
    ck_assert_int_eq(discovery_start(d), 0);
    for (unsigned i = 0; i < DISCOVERY_MAX_SOURCES; i++)
        wait_for(&toys[i].starts, 1);
    discovery_stop(d);
}
END_TEST

START_TEST(every_failed_allocation_leaves_nothing_behind)
{
    const struct discovery_resolver nobody = {NULL, NULL};

    for (unsigned long i = 1; !d; i++) {
        mem_fail_at(i, 0);
        d = discovery_new("test", &nobody);
        ck_assert_int_eq(!d, mem_fail_happened());
        mem_fail_at(0, 0);
        ck_assert_uint_lt(i, 20);
    }
}
END_TEST

START_TEST(without_room_for_a_thread_the_start_fails_and_the_stop_is_harmless)
{
    const struct discovery_resolver nobody = {NULL, NULL};

    d = discovery_new("test", &nobody);
    thread_fail_at(1);
    ck_assert_int_eq(discovery_start(d), PN_EAGAIN);
    thread_fail_at(0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discovery");
    TCase *t = tcase_create("thread");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_source_runs_on_the_discovery_thread);
    tcase_add_test(t, a_source_is_called_when_its_deadline_has_come_and_not_before);
    tcase_add_test(t, an_answer_reaches_its_source_with_its_tag_and_addresses);
    tcase_add_test(t, lookups_beyond_the_bound_are_refused_until_others_are_done);
    tcase_add_test(t, a_lookup_that_the_resolver_refuses_takes_no_place);
    tcase_add_test(t, without_a_resolver_there_is_no_way_to_look_up);
    tcase_add_test(t, answers_that_come_after_the_end_are_dropped);
    tcase_add_test(t, outcomes_and_addresses_are_counted);
    tcase_add_test(t, there_is_room_for_so_many_sources_and_no_more);
    tcase_add_test(t, every_failed_allocation_leaves_nothing_behind);
    tcase_add_test(t, without_room_for_a_thread_the_start_fails_and_the_stop_is_harmless);
    add_tor_lookup_tests(s);
    return harness_run(s);
}
