/* Lookups through Tor, with a network in the test's hands. */
#include <event2/event.h>
#include <event2/thread.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "discovery/tor_lookup.h"
#include "net/dial_path.h"
#include "net_double.h"
#include "test_discovery.h"

static struct event_base *base;
static struct tor_lookup *tor;

static struct {
    unsigned calls;
    int rc;
    struct net_addr addr;
} result;

static void on_done(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    ck_assert_ptr_eq(arg, &result);
    ck_assert((rc == 0) == (count == 1));
    result.calls++;
    result.rc = rc;
    if (count == 1)
        result.addr = addrs[0];
}

static void set_up(void)
{
    struct proxy_config config = {0};

    memset(&result, 0, sizeof result);
    clock_test_start(1700000000);
    ck_assert_int_eq(evthread_use_pthreads(), 0);
    base = event_base_new();
    net_double_start();
    ck_assert_int_eq(net_addr_parse(&config.proxy.addr, "127.0.0.1:9050", 0), 0);
    tor = tor_lookup_new(base, &config);
    ck_assert_ptr_nonnull(tor);
}

static void tear_down(void)
{
    tor_lookup_free(tor);
    net_double_stop();
    event_base_free(base);
    clock_test_stop();
}

static int ask(const char *text)
{
    struct net_target name;

    ck_assert_int_eq(net_target_parse(&name, text, 8333), 0);
    return tor_lookup_begin(tor, &name, on_done, &result);
}

/* Let the loop turn until the i-th connection has said this. */
static void expect(unsigned i, const char *said, size_t len)
{
    const char *heard = "";

    while (net_double_count() <= i || !*(heard = net_double_heard(i)))
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_mem_eq(heard, said, len);
}

static void wait_for(unsigned calls)
{
    while (result.calls < calls)
        event_base_loop(base, EVLOOP_ONCE);
    ck_assert_uint_eq(result.calls, calls);
}

/* Up to the point where Tor has the question. */
static void converse(unsigned i)
{
    expect(i, "\5\1\0", 3);
    net_double_say(i, "\5\0", 2);
    expect(i, "\5\xf0\0\3\11seed.test\0\0", 16);
}

START_TEST(tor_is_asked_and_its_answer_has_the_port)
{
    char text[NET_ADDR_TEXT_BYTES];

    ck_assert_int_eq(ask("seed.test"), 0);
    converse(0);
    ck_assert_str_eq(net_double_to(0), "127.0.0.1:9050");
    net_double_say(0, "\5\0\0\1\1\2\3\4\0\0", 10);
    wait_for(1);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_str_eq(net_addr_format(text, &result.addr), "1.2.3.4:8333");
}
END_TEST

START_TEST(a_refusal_is_told)
{
    ck_assert_int_eq(ask("seed.test"), 0);
    converse(0);
    net_double_say(0, "\5\4\0\1\0\0\0\0\0\0", 10);
    wait_for(1);
    ck_assert_int_eq(result.rc, PN_EPROXY_HOST);
}
END_TEST

START_TEST(an_answer_that_is_a_name_is_no_address)
{
    ck_assert_int_eq(ask("seed.test"), 0);
    converse(0);
    net_double_say(0, "\5\0\0\3\1x\0\0", 8);
    wait_for(1);
    ck_assert_int_eq(result.rc, PN_EPROXY_PROTO);
}
END_TEST

START_TEST(without_tor_the_lookup_fails)
{
    net_double_fail(PN_EREFUSED, 0);
    ck_assert_int_eq(ask("seed.test"), 0);
    wait_for(1);
    ck_assert_int_eq(result.rc, PN_EPROXY_DOWN);
}
END_TEST

START_TEST(twenty_seconds_without_the_answer_are_too_long)
{
    ck_assert_int_eq(ask("seed.test"), 0);
    converse(0);
    clock_test_advance_ms(DIAL_PATH_SOCKS5_TIMEOUT_MS);
    net_double_say(0, "\5", 1); /* a part does not help */
    wait_for(1);
    ck_assert_int_eq(result.rc, PN_ETIMEDOUT);
}
END_TEST

START_TEST(only_names_are_looked_up_and_only_so_many)
{
    ck_assert_int_eq(ask("127.0.0.1:7"), PN_EINVAL);
    for (unsigned i = 0; i < TOR_LOOKUP_MAX; i++)
        ck_assert_int_eq(ask("seed.test"), 0);
    ck_assert_int_eq(ask("seed.test"), PN_ELIMIT);
    converse(0);
    net_double_say(0, "\5\0\0\1\1\2\3\4\0\0", 10);
    wait_for(1);
    ck_assert_int_eq(ask("seed.test"), 0);
}
END_TEST

START_TEST(what_is_under_way_at_the_end_is_given_up)
{
    ck_assert_int_eq(ask("seed.test"), 0);
    converse(0);
    ck_assert_int_eq(ask("seed.test"), 0); /* the loop has not seen this one */
    tor_lookup_free(tor);
    tor = NULL;
    ck_assert_uint_eq(result.calls, 2);
    ck_assert_int_eq(result.rc, PN_EQUIT);
}
END_TEST

START_TEST(every_failed_allocation_leaves_nothing_behind)
{
    struct proxy_config config = {0};
    struct tor_lookup *other = NULL;

    for (unsigned long i = 1; !other; i++) {
        mem_fail_at(i, 0);
        other = tor_lookup_new(base, &config);
        mem_fail_at(0, 0);
        ck_assert_uint_lt(i, 20);
    }
    tor_lookup_free(other);
    mem_fail_at(1, 0);
    ck_assert_int_eq(ask("seed.test"), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_int_eq(ask("seed.test"), 0);
    mem_fail_at(1, 0); /* on the loop */
    wait_for(1);
    mem_fail_at(0, 0);
    ck_assert_int_eq(result.rc, PN_ENOMEM);
}
END_TEST

void add_tor_lookup_tests(Suite *s)
{
    TCase *t = tcase_create("tor lookup");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, tor_is_asked_and_its_answer_has_the_port);
    tcase_add_test(t, a_refusal_is_told);
    tcase_add_test(t, an_answer_that_is_a_name_is_no_address);
    tcase_add_test(t, without_tor_the_lookup_fails);
    tcase_add_test(t, twenty_seconds_without_the_answer_are_too_long);
    tcase_add_test(t, only_names_are_looked_up_and_only_so_many);
    tcase_add_test(t, what_is_under_way_at_the_end_is_given_up);
    tcase_add_test(t, every_failed_allocation_leaves_nothing_behind);
}
