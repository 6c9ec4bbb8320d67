/* The dialer against a network double: when it dials, how often at once, and when again. */
#include <poll.h>

#include "base/clock.h"
#include "base/err.h"
#include "dial/dialer.h"
#include "network_double.h"
#include "test_dial.h"

enum { RETRY_MAX_MS = 50000 };

static struct dialer *make(unsigned requests, const struct subnet_list *permitted)
{
    const struct dialer_config config = {
        .connect_timeout_ms = 5000,
        .retry_ms = 5000,
        .retry_max_ms = RETRY_MAX_MS,
        .gate = gate_for(permitted),
        .paths = direct_paths(),
        .connected = network_double_connected,
    };
    const struct dialer_network none = {.name = "test"};
    struct dialer *d;
    struct net_addr addr;

    network_double_start();
    net_addr_parse(&addr, "127.0.0.1:1", 0);
    d = dialer_new(&config);
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(dialer_add_network(d, 0, &none), 0);
    for (unsigned i = 0; i < requests; i++)
        ck_assert_int_eq(dialer_add(d, 0, &addr), 0);
    return d;
}

static void end(struct dialer *d)
{
    dialer_stop(d);
    dialer_join(d);
    dialer_free(d);
    network_double_stop();
}

static const struct subnet_list anything;

START_TEST(failures_wait_five_seconds_longer_each_up_to_the_maximum)
{
    struct dialer *d = make(1, &anything);
    const unsigned tries = 15; /* the wait reaches its maximum after 10 */

    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(tries);
    end(d);
    for (unsigned i = 1; i < tries; i++) {
        long long gap_ms =
            (atomic_load(&network.dial_times_us[i]) - atomic_load(&network.dial_times_us[i - 1])) /
            1000;
        long long want_ms = i * 5000 < RETRY_MAX_MS ? i * 5000 : RETRY_MAX_MS;

        ck_assert_msg(gap_ms >= want_ms && gap_ms <= want_ms + 10000,
                      "try %u came %lld ms after the one before, expected %lld", i, gap_ms,
                      want_ms);
    }
}
END_TEST

START_TEST(at_most_sixteen_dials_are_under_way_and_each_ends_at_its_deadline)
{
    struct dialer *d = make(40, &anything);

    atomic_store(&network.undecided, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&network.dials, DIALER_MAX_UNDER_WAY);
    clock_test_advance_ms(4900);
    poll(NULL, 0, 20);
    ck_assert_uint_eq(atomic_load(&network.dials), DIALER_MAX_UNDER_WAY);
    clock_test_advance_ms(200);
    await_count(&network.dials, 2 * DIALER_MAX_UNDER_WAY); /* the next ones, in their places */
    end(d);
}
END_TEST

START_TEST(a_connection_that_ends_is_dialled_again)
{
    struct dialer *d = make(1, &anything);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&network.connections, 1);
    clock_test_advance_ms(3600000);
    poll(NULL, 0, 20);
    ck_assert_uint_eq(atomic_load(&network.dials), 1); /* not while it is established */
    for (unsigned i = 2; i < 6; i++) {
        dialer_closed(d, atomic_load(&network.last_request_id), true);
        await_dials(i);
        await_count(&network.connections, i);
        /* It had been completed each time, so the wait stays the first one. */
        ck_assert_int_le(atomic_load(&network.dial_times_us[i - 1]) / 1000 -
                             atomic_load(&network.dial_times_us[i - 2]) / 1000,
                         i == 2 ? 3600000 + 12000 : 12000);
    }
    end(d);
}
END_TEST

START_TEST(an_address_outside_the_permitted_networks_is_never_dialled)
{
    struct subnet_list only = {0};
    struct dialer *d;

    ck_assert_int_eq(subnet_list_add(&only, "10.0.0.0/8"), 0);
    d = make(1, &only);
    ck_assert_int_eq(dialer_start(d), 0);
    for (int i = 0; i < 200; i++) {
        clock_test_advance_ms(1000);
        poll(NULL, 0, 1);
    }
    end(d);
    ck_assert_uint_eq(atomic_load(&network.dials), 0);
}
END_TEST

static struct net_target target(const char *text)
{
    struct net_target t;

    ck_assert_int_eq(net_target_parse(&t, text, 0), 0);
    return t;
}

START_TEST(a_node_is_kept_and_no_longer_kept_while_it_runs)
{
    struct net_target a = target("127.0.0.9:9");
    struct dialer_kept listed[4];
    struct dialer *d = make(0, &anything);

    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP_NO_LONGER, &a), PN_ENOENT);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP, &a), 0);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP, &a), PN_EEXIST);
    await_count(&network.dials, 1);
    await_dials(3); /* it is tried again and again */
    ck_assert_uint_eq(dialer_kept(d, listed, 4, 0), 1);
    ck_assert(net_target_equal(&listed[0].to, &a));
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP_NO_LONGER, &a), 0);
    ck_assert_uint_eq(dialer_kept(d, listed, 4, 0), 0);
    poll(NULL, 0, 50);
    clock_test_advance_ms(3600000);
    poll(NULL, 0, 50);
    end(d);
    ck_assert_uint_eq(atomic_load(&network.dials), 3);
}
END_TEST

START_TEST(a_node_that_is_tried_once_is_dialled_once)
{
    struct net_target a = target("127.0.0.9:9");
    struct dialer_kept listed[4];
    struct dialer *d = make(0, &anything);

    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_TRY_ONCE, &a), 0);
    await_count(&network.dials, 1);
    ck_assert_uint_eq(dialer_kept(d, listed, 4, 0), 0);
    clock_test_advance_ms(3600000);
    poll(NULL, 0, 50);
    end(d);
    ck_assert_uint_eq(atomic_load(&network.dials), 1);
}
END_TEST

START_TEST(a_dial_under_way_ends_when_its_node_is_kept_no_longer)
{
    struct net_target a = target("127.0.0.9:9"), b = target("127.0.0.10:9");
    struct dialer *d = make(0, &anything);

    atomic_store(&network.undecided, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP, &a), 0);
    await_count(&network.dials, 1);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP_NO_LONGER, &a), 0);
    ck_assert_int_eq(dialer_ask(d, 0, DIALER_KEEP, &b), 0);
    await_count(&network.dials, 2);
    clock_test_advance_ms(4000);
    poll(NULL, 0, 20);
    ck_assert_uint_eq(atomic_load(&network.dials), 2);
    await_dials(3);
    ck_assert(net_addr_equal(&network.last_to, &b.addr)); /* the first never comes back */
    end(d);
}
END_TEST

START_TEST(requests_are_bounded)
{
    struct dialer *d = make(DIALER_MAX_REQUESTS, &anything);
    struct net_addr addr;

    net_addr_parse(&addr, "127.0.0.1:1", 0);
    ck_assert_int_eq(dialer_add(d, 0, &addr), PN_ELIMIT);
    dialer_free(d);
    network_double_stop();
}
END_TEST

void add_dialer_tests(Suite *s)
{
    TCase *t = tcase_create("dialer");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, failures_wait_five_seconds_longer_each_up_to_the_maximum);
    tcase_add_test(t, at_most_sixteen_dials_are_under_way_and_each_ends_at_its_deadline);
    tcase_add_test(t, a_connection_that_ends_is_dialled_again);
    tcase_add_test(t, an_address_outside_the_permitted_networks_is_never_dialled);
    tcase_add_test(t, a_node_is_kept_and_no_longer_kept_while_it_runs);
    tcase_add_test(t, a_node_that_is_tried_once_is_dialled_once);
    tcase_add_test(t, a_dial_under_way_ends_when_its_node_is_kept_no_longer);
    tcase_add_test(t, requests_are_bounded);
}
