/* Requests that go to names: looked up for each attempt, or left to the proxy. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "network_double.h"
#include "test_dial.h"

enum { PATIENCE_MS = 10000 };

/* Who looks names up. */
static struct {
    atomic_uint asked;
    int refusal;   /* of the call, or 0 */
    int rc;        /* of the answer */
    bool withheld; /* the answer comes from the test */
    struct net_addr addrs[3];
    size_t n;
    resolve_done *done;
    void *arg;
    char name[NET_HOST_BYTES];
} dns;

static int look_up(void *arg, const struct net_target *name, resolve_done *done, void *done_arg)
{
    (void)arg;
    memcpy(dns.name, name->host, sizeof dns.name);
    dns.done = done;
    dns.arg = done_arg;
    if (dns.refusal == 0 && !dns.withheld)
        done(done_arg, dns.rc, dns.addrs, dns.n); /* quicker than this call */
    atomic_fetch_add(&dns.asked, 1);
    return dns.refusal;
}

static const struct subnet_list anything;

static struct dialer *make(const char *name, const struct subnet_list *permitted,
                           struct dial_paths *paths)
{
    const struct dialer_config config = {.connect_timeout_ms = 5000,
                                         .retry_ms = 5000,
                                         .retry_max_ms = 50000,
                                         .gate = gate_for(permitted),
                                         .paths = paths,
                                         .lookup = {look_up, NULL},
                                         .connected = network_double_connected};
    const struct dialer_network none = {.name = "test"};
    struct net_target to;
    struct dialer *d;

    network_double_start();
    memset(&dns, 0, sizeof dns);
    d = dialer_new(&config);
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(dialer_add_network(d, 0, &none), 0);
    ck_assert_int_eq(net_target_parse(&to, name, 8333), 0);
    ck_assert_int_eq(dialer_add_target(d, 0, &to), 0);
    return d;
}

static void end(struct dialer *d)
{
    dialer_stop(d);
    dialer_join(d);
    dialer_free(d);
    network_double_stop();
}

static void answer_with(const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(net_addr_parse(&dns.addrs[i], texts[i], 0), 0);
    dns.n = n;
}

/* The newest record of an event. */
static struct journal_record last(enum journal_event event)
{
    const struct journal_filter f = {.events = JOURNAL_BIT(event)};
    struct journal_record r;

    for (int i = 0; i < PATIENCE_MS; i++) {
        if (journal_query(dial_journal(), &r, 1, &f) == 1)
            return r;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("%s was never noted", journal_event_name(event));
}

START_TEST(a_name_is_looked_up_and_its_address_dialled)
{
    const char *const answer[] = {"10.0.0.1:8333"};
    struct dialer *d = make("node.example", &anything, direct_paths());

    answer_with(answer, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&network.connections, 1);
    end(d);
    ck_assert_str_eq(dns.name, "node.example");
    ck_assert(net_addr_equal(&network.last_to, &dns.addrs[0]));
    ck_assert(net_addr_equal(&network.last_connected, &dns.addrs[0]));
    ck_assert_str_eq(last(JOURNAL_DIALLED).subject, "node.example:8333");
}
END_TEST

START_TEST(each_attempt_looks_the_name_up_anew_and_takes_the_next_address)
{
    const char *const answer[] = {"10.0.0.1:8333", "10.0.0.2:8333", "10.0.0.3:8333"};
    struct dialer *d = make("node.example", &anything, direct_paths());

    answer_with(answer, 3);
    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    for (unsigned i = 1; i <= 4; i++) {
        await_dials(i);
        ck_assert_uint_eq(atomic_load(&dns.asked), i);
        ck_assert(net_addr_equal(&network.last_to, &dns.addrs[(i - 1) % 3]));
    }
    end(d);
}
END_TEST

START_TEST(a_name_that_cannot_be_looked_up_is_tried_again_later)
{
    struct dialer *d = make("node.example", &anything, direct_paths());
    const char *const answer[] = {"10.0.0.1:8333"};

    dns.rc = PN_EDNS_NONAME;
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_str_eq(last(JOURNAL_FAILED).reason, "dns_no_name");
    ck_assert_str_eq(last(JOURNAL_RETRIED).detail, "attempt 2, in 5000 ms");
    ck_assert_uint_eq(atomic_load(&network.dials), 0);
    dns.rc = 0; /* the dialer waits for its time, which the test holds */
    answer_with(answer, 1);
    await_dials(1);
    end(d);
}
END_TEST

START_TEST(a_lookup_that_cannot_begin_is_a_failure_like_any_other)
{
    struct dialer *d = make("node.example", &anything, direct_paths());

    dns.refusal = PN_ELIMIT;
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_str_eq(last(JOURNAL_FAILED).reason, "limit");
    end(d);
}
END_TEST

START_TEST(an_answer_outside_the_permitted_networks_is_never_dialled)
{
    const char *const answer[] = {"10.0.0.1:8333", "127.0.0.1:8333"};
    struct subnet_list only = {0};
    struct dialer *d;

    ck_assert_int_eq(subnet_list_add(&only, "127.0.0.0/8"), 0);
    d = make("node.example", &only, direct_paths());
    answer_with(answer, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_str_eq(last(JOURNAL_FAILED).reason, "filtered");
    ck_assert_uint_eq(atomic_load(&network.dials), 0);
    answer_with(answer, 2); /* the one that is permitted is found among others */
    await_dials(1);
    ck_assert(net_addr_equal(&network.last_to, &dns.addrs[1]));
    end(d);
}
END_TEST

START_TEST(an_answer_that_comes_after_the_end_does_no_harm)
{
    struct dialer *d = make("node.example", &anything, direct_paths());

    dns.withheld = true;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&dns.asked, 1);
    dialer_stop(d);
    dialer_join(d);
    dns.done(dns.arg, PN_EQUIT, NULL, 0);
    dialer_free(d);
    network_double_stop();
}
END_TEST

static struct dial_paths *proxied(void)
{
    struct proxy_config config = {.no_onion = true};
    struct dial_paths *paths;

    ck_assert_int_eq(net_addr_parse(&config.proxy.addr, "127.0.0.1:1080", 0), 0);
    paths = dial_paths_new(&config, "");
    ck_assert_ptr_nonnull(paths);
    return paths;
}

static void expect(int fd, const void *bytes, size_t len)
{
    uint8_t got[64];
    size_t n = 0;

    ck_assert_uint_le(len, sizeof got);
    while (n < len) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        ssize_t more;

        ck_assert_int_eq(poll(&pfd, 1, PATIENCE_MS), 1);
        more = read(fd, got + n, len - n);
        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
    ck_assert_mem_eq(got, bytes, len);
}

static void answer(int fd, const void *bytes, size_t len)
{
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
}

/* RFC 1928: the name goes as ATYP 3; nobody here asks the DNS for it. */
START_TEST(a_name_goes_to_the_proxy_as_it_is)
{
    struct dial_paths *paths = proxied();
    struct dialer *d = make("node.example", &anything, paths);
    struct net_addr stand_in;
    struct net_target to;
    int proxy;

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&network.dials, 1);
    proxy = network_double_far_end();
    expect(proxy, "\5\1\0", 3);
    answer(proxy, "\5\0", 2);
    expect(proxy, "\5\1\0\3\14node.example\x20\x8d", 19);
    answer(proxy, "\5\0\0\1\0\0\0\0\0\0", 10);
    await_count(&network.connections, 1);
    end(d);
    dial_paths_free(paths);
    ck_assert_uint_eq(atomic_load(&dns.asked), 0);
    ck_assert_int_eq(net_target_parse(&to, "node.example", 8333), 0);
    net_target_stand_in(&stand_in, &to);
    ck_assert(net_addr_equal(&network.last_connected, &stand_in));
}
END_TEST

/* Where the name leads through a proxy nobody can check, so it is looked up, or not dialled. */
START_TEST(with_permitted_networks_a_name_never_goes_to_a_proxy_unchecked)
{
    struct dial_paths *paths = proxied();
    struct subnet_list only = {0};
    struct dialer *d;

    ck_assert_int_eq(subnet_list_add(&only, "127.0.0.0/8"), 0);
    d = make("node.example", &only, paths);
    dns.refusal = PN_ENOROUTE;
    ck_assert_int_eq(dialer_start(d), 0);
    ck_assert_str_eq(last(JOURNAL_FAILED).reason, "no_route");
    ck_assert_uint_eq(atomic_load(&network.dials), 0);
    end(d);
    dial_paths_free(paths);
}
END_TEST

START_TEST(a_number_is_no_name)
{
    struct dialer *d = make("127.0.0.1:5", &anything, direct_paths());

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&network.connections, 1);
    end(d);
    ck_assert_uint_eq(atomic_load(&dns.asked), 0);
    ck_assert_uint_eq(network.last_to.port, 5);
}
END_TEST

void add_names_tests(Suite *s)
{
    TCase *t = tcase_create("names");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_name_is_looked_up_and_its_address_dialled);
    tcase_add_test(t, each_attempt_looks_the_name_up_anew_and_takes_the_next_address);
    tcase_add_test(t, a_name_that_cannot_be_looked_up_is_tried_again_later);
    tcase_add_test(t, a_lookup_that_cannot_begin_is_a_failure_like_any_other);
    tcase_add_test(t, an_answer_outside_the_permitted_networks_is_never_dialled);
    tcase_add_test(t, an_answer_that_comes_after_the_end_does_no_harm);
    tcase_add_test(t, a_name_goes_to_the_proxy_as_it_is);
    tcase_add_test(t, with_permitted_networks_a_name_never_goes_to_a_proxy_unchecked);
    tcase_add_test(t, a_number_is_no_name);
}
