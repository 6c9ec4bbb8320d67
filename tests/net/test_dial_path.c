/* A path along each way, with the test as the proxy. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/dial_path.h"
#include "net_double.h"
#include "test_proxy.h"

#define PROXY_TEXT "127.0.0.2:9050"

static struct dial_paths *direct, *proxied;
static struct dial_path *path;

static void setup(void)
{
    struct proxy_config config = {0};

    net_double_start();
    direct = dial_paths_new(&config, "");
    net_addr_parse(&config.proxy.addr, PROXY_TEXT, 0);
    proxied = dial_paths_new(&config, "");
    ck_assert(direct && proxied);
    path = NULL;
}

static void teardown(void)
{
    dial_path_free(path);
    dial_paths_free(direct);
    dial_paths_free(proxied);
    net_double_stop();
}

static int start(struct dial_paths *paths, const char *target)
{
    struct net_target t = target_of(target);

    return dial_path_start(&path, paths, &t);
}

/* One turn of a dialer's loop: poll without waiting, then step. */
static int turn(void)
{
    struct pollfd fd = {.fd = dial_path_fd(path), .events = dial_path_events(path)};

    ck_assert_int_ge(poll(&fd, 1, 0), 0);
    return dial_path_step(path, fd.revents);
}

static void expect_stream(const char *expected)
{
    char first[64] = "";
    int fd = dial_path_take(path);

    ck_assert_int_eq(recv(fd, first, sizeof first - 1, 0), (ssize_t)strlen(expected));
    ck_assert_str_eq(first, expected);
    close(fd);
}

START_TEST(a_plain_connect_leads_to_the_target)
{
    ck_assert_int_eq(start(direct, "1.2.3.4:5"), 0);
    ck_assert_int_eq(dial_path_way(path), PROXY_WAY_DIRECT);
    ck_assert_str_eq(net_double_to(0), "1.2.3.4:5");
    ck_assert_int_eq(dial_path_events(path), POLLOUT);
    ck_assert_int_eq(dial_path_step(path, 0), PN_EAGAIN);
    ck_assert_int_eq(turn(), 0);
    net_double_say(0, "first", 5);
    expect_stream("first");
}
END_TEST

START_TEST(a_plain_connect_fails_with_the_kernels_reason)
{
    ck_assert_int_eq(start(direct, "1.2.3.4:5"), 0);
    net_double_fail(0, PN_EREFUSED);
    ck_assert_int_eq(turn(), PN_EREFUSED);
    dial_path_free(path);
    net_double_fail(PN_EUNREACH, 0);
    ck_assert_int_eq(start(direct, "1.2.3.4:5"), PN_EUNREACH);
    ck_assert_ptr_null(path);
}
END_TEST

START_TEST(a_proxied_stream_begins_right_behind_the_reply)
{
    ck_assert_int_eq(start(proxied, "name.test:80"), 0);
    ck_assert_int_eq(dial_path_way(path), PROXY_WAY_PROXY);
    ck_assert_str_eq(net_double_to(0), PROXY_TEXT);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    ck_assert_str_eq(net_double_heard(0), "\5\1");
    ck_assert_int_eq(dial_path_events(path), POLLIN);
    net_double_say(0, "\5\0", 2);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    ck_assert_mem_eq(net_double_heard(0), "\5\1\0\3\x9name.test\0\x50", 16);
    net_double_say(0, "\5\0\0\1\0\0\0\0\0\0first", 15);
    ck_assert_int_eq(turn(), 0);
    expect_stream("first");
}
END_TEST

START_TEST(a_reply_may_come_byte_by_byte)
{
    static const char said[] = "\5\0\5\0\0\3\4name\0\1";

    ck_assert_int_eq(start(proxied, "name.test:80"), 0);
    for (size_t i = 0; i < sizeof said - 1; i++) {
        ck_assert_int_eq(turn(), PN_EAGAIN);
        ck_assert_int_eq(turn(), PN_EAGAIN); /* nothing there: nothing happens */
        net_double_say(0, said + i, 1);
    }
    ck_assert_int_eq(turn(), 0);
    net_double_say(0, "first", 5);
    expect_stream("first");
}
END_TEST

START_TEST(what_the_proxy_refuses_has_its_reason)
{
    ck_assert_int_eq(start(proxied, "1.2.3.4:5"), 0);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    net_double_say(0, "\5\0", 2);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    net_double_say(0, "\5\5\0\0\0\0\0\0\0\0", 10);
    ck_assert_int_eq(turn(), PN_EPROXY_REFUSED);
}
END_TEST

START_TEST(a_proxy_that_is_down_is_told_from_a_peer_that_is_down)
{
    net_double_fail(PN_EUNREACH, 0);
    ck_assert_int_eq(start(proxied, "1.2.3.4:5"), PN_EPROXY_DOWN);
    net_double_fail(PN_ELIMIT, 0);
    ck_assert_int_eq(start(proxied, "1.2.3.4:5"), PN_ELIMIT);
    net_double_fail(0, PN_EREFUSED);
    ck_assert_int_eq(start(proxied, "1.2.3.4:5"), 0);
    ck_assert_int_eq(turn(), PN_EPROXY_DOWN);
}
END_TEST

START_TEST(a_proxy_that_hangs_up_is_closed_wherever_it_does)
{
    static const char said[] = "\5\0\5\0\0\1\0\0\0\0\0\0";

    for (size_t after = 0; after < sizeof said - 1; after++) {
        unsigned i = net_double_count();

        ck_assert_int_eq(start(proxied, "1.2.3.4:5"), 0);
        for (size_t j = 0; j < after; j++) {
            ck_assert_int_eq(turn(), PN_EAGAIN);
            net_double_say(i, said + j, 1);
        }
        ck_assert_int_eq(turn(), PN_EAGAIN);
        net_double_close(i);
        ck_assert_int_eq(turn(), PN_EPROXY_CLOSED);
        dial_path_free(path);
    }
    path = NULL;
}
END_TEST

START_TEST(tor_answers_a_lookup)
{
    char text[NET_ADDR_TEXT_BYTES];
    struct net_target name = target_of("seed.test");

    ck_assert_int_eq(dial_path_start_lookup(&path, proxied, &name), 0);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    net_double_say(0, "\5\0", 2);
    ck_assert_int_eq(turn(), PN_EAGAIN);
    net_double_say(0, "\5\0\0\1\177\0\0\7\0\0", 10);
    ck_assert_int_eq(turn(), 0);
    ck_assert_str_eq(net_addr_format(text, dial_path_answer(path)), "127.0.0.7:0");
}
END_TEST

START_TEST(what_cannot_be_dialled_is_refused_before_any_socket)
{
    struct net_target name = target_of("seed.test");

    ck_assert_int_eq(start(direct, "name.test:80"), PN_EINVAL);
    ck_assert_int_eq(start(direct, SOME_ONION ":80"), PN_ENOROUTE);
    ck_assert_int_eq(start(proxied, "x.i2p:0"), PN_ENOROUTE);
    ck_assert_int_eq(dial_path_start_lookup(&path, direct, &name), PN_ENOROUTE);
    ck_assert_uint_eq(net_double_count(), 0);
}
END_TEST

START_TEST(without_memory_there_is_no_path)
{
    mem_fail_at(1, 0);
    ck_assert_ptr_null(dial_paths_new(dial_paths_config(direct), ""));
    mem_fail_at(1, 0);
    ck_assert_int_eq(start(direct, "1.2.3.4:5"), PN_ENOMEM);
    ck_assert_ptr_null(path);
    ck_assert_uint_eq(net_double_count(), 0);
}
END_TEST

TCase *dial_path_cases(void)
{
    TCase *tc = tcase_create("dial_path");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_plain_connect_leads_to_the_target);
    tcase_add_test(tc, a_plain_connect_fails_with_the_kernels_reason);
    tcase_add_test(tc, a_proxied_stream_begins_right_behind_the_reply);
    tcase_add_test(tc, a_reply_may_come_byte_by_byte);
    tcase_add_test(tc, what_the_proxy_refuses_has_its_reason);
    tcase_add_test(tc, a_proxy_that_is_down_is_told_from_a_peer_that_is_down);
    tcase_add_test(tc, a_proxy_that_hangs_up_is_closed_wherever_it_does);
    tcase_add_test(tc, tor_answers_a_lookup);
    tcase_add_test(tc, what_cannot_be_dialled_is_refused_before_any_socket);
    tcase_add_test(tc, without_memory_there_is_no_path);
    return tc;
}
