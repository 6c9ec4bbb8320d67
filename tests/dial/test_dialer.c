/* The dialer against a network double: when it dials, how often at once, and when again. */
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "dial/dialer.h"
#include "net/sock.h"
#include "test_dial.h"
#include "thread/chan.h"

enum { DIALS_MAX = 64, RETRY_MAX_MS = 50000 };

/* What the double does with a dial, and what it saw. */
static atomic_int refuse_dials;   /* connect_start fails */
static atomic_int keep_undecided; /* the socket never becomes writable */
static atomic_uint dials;
static atomic_llong dial_times_us[DIALS_MAX];
static atomic_uint connections;

static int double_connect_start(int *fd, const struct net_addr *to)
{
    unsigned n = atomic_load(&dials);
    int fds[2];

    (void)to;
    if (n < DIALS_MAX)
        atomic_store(&dial_times_us[n], clock_mono_us());
    atomic_fetch_add(&dials, 1);
    if (atomic_load(&refuse_dials))
        return PN_EREFUSED;
    if (atomic_load(&keep_undecided)) {
        if (pipe(fds) < 0) /* the reading end is never writable */
            return PN_ESYS;
    } else if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) {
        return PN_ESYS;
    }
    *fd = fds[0];
    return 0; /* the other end stays open until the test's process ends */
}

static int double_connect_result(int fd)
{
    (void)fd;
    return 0;
}

static const struct sock_ops network_double = {
    .connect_start = double_connect_start,
    .connect_result = double_connect_result,
};

static int on_connected(void *arg, unsigned network, struct conn *c, const struct net_addr *addr,
                        uint64_t request_id, struct chan *quit)
{
    (void)arg;
    (void)network;
    (void)addr;
    (void)request_id;
    (void)quit;
    atomic_fetch_add(&connections, 1);
    conn_close(c);
    return 0;
}

static struct dialer *make(unsigned requests, const struct subnet_list *permitted)
{
    const struct dialer_config config = {
        .connect_timeout_ms = 5000,
        .retry_ms = 5000,
        .retry_max_ms = RETRY_MAX_MS,
        .permitted = permitted,
        .connected = on_connected,
    };
    struct dialer *d;
    struct net_addr addr;

    atomic_store(&refuse_dials, 0);
    atomic_store(&keep_undecided, 0);
    atomic_store(&dials, 0);
    atomic_store(&connections, 0);
    clock_test_start(1700000000);
    sock_set_ops(&network_double);
    net_addr_parse(&addr, "127.0.0.1:1", 0);
    d = dialer_new(&config);
    ck_assert_ptr_nonnull(d);
    for (unsigned i = 0; i < requests; i++)
        ck_assert_int_eq(dialer_add(d, 0, "test", &addr), 0);
    return d;
}

static void end(struct dialer *d)
{
    dialer_stop(d);
    dialer_join(d);
    dialer_free(d);
    sock_set_ops(NULL);
    clock_test_stop();
}

/* Wait in real time for something the dialer does at once; never moves the test clock. */
static void await_count(atomic_uint *counter, unsigned n)
{
    for (int i = 0; i < 10000 && atomic_load(counter) < n; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(atomic_load(counter), n);
}

static void await_dials(unsigned n)
{
    for (int moved = 0; moved < 4000 && atomic_load(&dials) < n; moved++) {
        clock_test_advance_ms(500);
        poll(NULL, 0, 2);
    }
    ck_assert_uint_ge(atomic_load(&dials), n);
}

static const struct subnet_list anything;

START_TEST(failures_wait_five_seconds_longer_each_up_to_the_maximum)
{
    struct dialer *d = make(1, &anything);
    const unsigned tries = 15; /* the wait reaches its maximum after 10 */

    atomic_store(&refuse_dials, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(tries);
    end(d);
    for (unsigned i = 1; i < tries; i++) {
        long long gap_ms =
            (atomic_load(&dial_times_us[i]) - atomic_load(&dial_times_us[i - 1])) / 1000;
        long long want_ms = i * 5000 < RETRY_MAX_MS ? i * 5000 : RETRY_MAX_MS;

        ck_assert_msg(gap_ms >= want_ms && gap_ms <= want_ms + 5000,
                      "try %u came %lld ms after the one before, expected %lld", i, gap_ms,
                      want_ms);
    }
}
END_TEST

START_TEST(at_most_sixteen_dials_are_under_way_and_each_ends_at_its_deadline)
{
    struct dialer *d = make(40, &anything);

    atomic_store(&keep_undecided, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&dials, DIALER_MAX_UNDER_WAY);
    clock_test_advance_ms(4900);
    poll(NULL, 0, 20);
    ck_assert_uint_eq(atomic_load(&dials), DIALER_MAX_UNDER_WAY);
    clock_test_advance_ms(200);
    await_count(&dials, 2 * DIALER_MAX_UNDER_WAY); /* the next ones, in their places */
    end(d);
}
END_TEST

START_TEST(a_connection_that_ends_is_dialled_again)
{
    struct dialer *d = make(1, &anything);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&connections, 1);
    clock_test_advance_ms(3600000);
    poll(NULL, 0, 20);
    ck_assert_uint_eq(atomic_load(&dials), 1); /* not while it is established */
    for (unsigned i = 2; i < 6; i++) {
        dialer_closed(d, 1, 1);
        await_dials(i);
        await_count(&connections, i);
        /* It had been completed each time, so the wait stays the first one. */
        ck_assert_int_le(atomic_load(&dial_times_us[i - 1]) / 1000 -
                             atomic_load(&dial_times_us[i - 2]) / 1000,
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
    ck_assert_uint_eq(atomic_load(&dials), 0);
}
END_TEST

START_TEST(requests_are_bounded)
{
    struct dialer *d = make(DIALER_MAX_REQUESTS, &anything);
    struct net_addr addr;

    net_addr_parse(&addr, "127.0.0.1:1", 0);
    ck_assert_int_eq(dialer_add(d, 0, "test", &addr), PN_ELIMIT);
    dialer_free(d);
    sock_set_ops(NULL);
    clock_test_stop();
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
    tcase_add_test(t, requests_are_bounded);
}
