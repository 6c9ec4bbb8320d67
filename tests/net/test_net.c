/* Addresses, subnets, connections and sockets keep the promises of their headers. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "harness.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/sock.h"
#include "net/subnet.h"

START_TEST(addresses_survive_text_and_back)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"127.0.0.1:18444", "127.0.0.1:18444"},
        {"127.0.0.1", "127.0.0.1:8333"},
        {"[::1]:8333", "[::1]:8333"},
        {"::1", "[::1]:8333"},
        {"[2001:db8::7]", "[2001:db8::7]:8333"},
        {"::ffff:10.1.2.3", "10.1.2.3:8333"},
        {"0.0.0.0:0", "0.0.0.0:0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[NET_ADDR_TEXT_BYTES];
        struct net_addr a, again;

        ck_assert_int_eq(net_addr_parse(&a, rows[i].in, 8333), 0);
        ck_assert_str_eq(net_addr_format(text, &a), rows[i].out);
        ck_assert_int_eq(net_addr_parse(&again, text, 1), 0);
        ck_assert(net_addr_equal(&a, &again));
    }
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const rows[] = {
        "",         "localhost",        "1.2.3",       "1.2.3.4:",   "1.2.3.4:65536",
        "[::1",     "[::1]8333",        "[::1]:x",     "1.2.3.4:-1", "1.2.3.4: 80",
        "1.2.3.4x", "example.com:8333", "[1.2.3.4]:x", "::1:::",     "[]:80",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_addr a;

        ck_assert_msg(net_addr_parse(&a, rows[i], 1) == PN_EFORMAT, "\"%s\" was taken", rows[i]);
    }
}
END_TEST

START_TEST(a_sockaddr_and_the_legacy_form_round_trip)
{
    static const char *const rows[] = {"10.20.30.40:50", "[2001:db8::1]:51"};

    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_storage sa;
        struct net_addr a, b;
        uint8_t legacy[16];
        socklen_t len;

        ck_assert_int_eq(net_addr_parse(&a, rows[i], 0), 0);
        ck_assert_int_eq(net_addr_to_sockaddr(&sa, &len, &a), 0);
        ck_assert_int_eq(net_addr_from_sockaddr(&b, (struct sockaddr *)&sa), 0);
        ck_assert(net_addr_equal(&a, &b));
        net_addr_to_ipv6_bytes(legacy, &a);
        net_addr_from_ipv6_bytes(&b, legacy, a.port);
        ck_assert(net_addr_equal(&a, &b));
    }
}
END_TEST

START_TEST(a_subnet_contains_what_its_prefix_says)
{
    static const struct {
        const char *net, *addr;
        bool in;
    } rows[] = {
        {"127.0.0.0/8", "127.255.255.255", true},
        {"127.0.0.0/8", "128.0.0.0", false},
        {"10.1.0.0/16", "10.1.2.3", true},
        {"10.1.0.0/16", "10.2.0.0", false},
        {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},
        {"0.0.0.0/0", "9.9.9.9", true},
        {"0.0.0.0/0", "::1", false},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::/0", "::1", true},
        {"::/0", "1.2.3.4", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_addr a;
        struct subnet n;

        ck_assert_int_eq(subnet_parse(&n, rows[i].net), 0);
        ck_assert_int_eq(net_addr_parse(&a, rows[i].addr, 1), 0);
        ck_assert_msg(subnet_contains(&n, &a) == rows[i].in, "%s in %s: expected %d", rows[i].addr,
                      rows[i].net, rows[i].in);
    }
}
END_TEST

START_TEST(a_malformed_subnet_is_refused)
{
    static const char *const rows[] = {"127.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
                                       "::/129",      "x/8",         "/8",        "1.2.3.4:5/32"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct subnet n;

        ck_assert_msg(subnet_parse(&n, rows[i]) == PN_EFORMAT, "\"%s\" was taken", rows[i]);
    }
}
END_TEST

START_TEST(a_subnet_list_takes_commas_and_is_bounded)
{
    struct subnet_list list = {0};
    struct net_addr inside, outside;

    net_addr_parse(&inside, "10.0.0.1", 1);
    net_addr_parse(&outside, "11.0.0.1", 1);
    ck_assert(subnet_list_permits(&list, &outside));
    ck_assert(!subnet_list_contains(&list, &outside));
    ck_assert_int_eq(subnet_list_add(&list, "127.0.0.0/8,10.0.0.0/8"), 0);
    ck_assert_uint_eq(list.n, 2);
    ck_assert(subnet_list_permits(&list, &inside));
    ck_assert(!subnet_list_permits(&list, &outside));
    ck_assert_int_eq(subnet_list_add(&list, "1.0.0.0/8,,"), PN_EFORMAT);
    while (list.n < SUBNET_LIST_MAX)
        ck_assert_int_eq(subnet_list_add(&list, "1.0.0.0/8"), 0);
    ck_assert_int_eq(subnet_list_add(&list, "1.0.0.0/8"), PN_ELIMIT);
}
END_TEST

struct pair {
    struct conn *conn;
    int other;
};

static struct pair make_pair(void)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct pair){.conn = conn_from_fd(fds[0]), .other = fds[1]};
}

static void free_pair(struct pair *p)
{
    conn_close(p->conn);
    close(p->other);
}

START_TEST(a_read_takes_what_is_there_and_then_the_end)
{
    struct pair p = make_pair();
    char text[16];
    size_t n;

    ck_assert_int_eq(write(p.other, "hello", 5), 5);
    ck_assert_int_eq(conn_read(p.conn, &n, text, sizeof text, CLOCK_NEVER), 0);
    ck_assert_uint_eq(n, 5);
    ck_assert_mem_eq(text, "hello", 5);
    shutdown(p.other, SHUT_WR);
    ck_assert_int_eq(conn_read(p.conn, &n, text, sizeof text, CLOCK_NEVER), PN_EEOF);
    free_pair(&p);
}
END_TEST

START_TEST(a_read_ends_at_its_deadline_by_the_replaced_clock)
{
    struct pair p = make_pair();
    char text[16];
    size_t n;

    clock_test_start(1700000000);
    ck_assert_int_eq(conn_read(p.conn, &n, text, sizeof text, clock_mono_us()), PN_ETIMEDOUT);
    clock_test_stop();
    free_pair(&p);
}
END_TEST

static void *shutdown_soon(void *arg)
{
    conn_shutdown(arg);
    return NULL;
}

START_TEST(shutdown_from_another_thread_ends_a_read)
{
    struct pair p = make_pair();
    pthread_t t;
    char text[16];
    size_t n;

    pthread_create(&t, NULL, shutdown_soon, p.conn);
    ck_assert_int_eq(conn_read(p.conn, &n, text, sizeof text, CLOCK_NEVER), PN_EEOF);
    pthread_join(t, NULL);
    free_pair(&p);
}
END_TEST

static void *read_slowly(void *arg)
{
    int fd = *(int *)arg;
    size_t total = 0;
    char chunk[777];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        for (ssize_t i = 0; i < n; i++, total++)
            if (chunk[i] != (char)(total % 251))
                return (void *)"wrong byte";
    return total == 3000000 ? NULL : (void *)"wrong total";
}

START_TEST(a_writev_larger_than_the_socket_buffer_arrives_whole)
{
    struct pair p = make_pair();
    uint8_t *data = malloc(3000000);
    struct iovec iov[3];
    pthread_t t;
    void *verdict;

    for (size_t i = 0; i < 3000000; i++)
        data[i] = (uint8_t)(i % 251);
    iov[0] = (struct iovec){data, 1};
    iov[1] = (struct iovec){data + 1, 1999999};
    iov[2] = (struct iovec){data + 2000000, 1000000};
    pthread_create(&t, NULL, read_slowly, &p.other);
    ck_assert_int_eq(conn_writev(p.conn, iov, 3, CLOCK_NEVER), 0);
    conn_shutdown(p.conn);
    pthread_join(t, &verdict);
    ck_assert_msg(!verdict, "%s", (const char *)verdict);
    free(data);
    free_pair(&p);
}
END_TEST

START_TEST(a_write_to_one_who_does_not_read_ends_at_its_deadline)
{
    struct pair p = make_pair();
    static uint8_t data[4000000];
    struct iovec iov = {data, sizeof data};

    clock_test_start(1700000000);
    ck_assert_int_eq(conn_writev(p.conn, &iov, 1, clock_mono_us()), PN_ETIMEDOUT);
    clock_test_stop();
    free_pair(&p);
}
END_TEST

START_TEST(a_write_to_a_closed_socket_is_an_error_and_no_signal)
{
    struct pair p = make_pair();
    struct iovec iov = {(void *)"x", 1};

    close(p.other);
    ck_assert_int_eq(conn_writev(p.conn, &iov, 1, CLOCK_NEVER), PN_ERESET);
    conn_close(p.conn);
}
END_TEST

static void await_fd(int fd, short events)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
}

START_TEST(a_dialled_listener_accepts_and_knows_the_dialler)
{
    struct net_addr at, from, local;
    int listen_fd, dialled, accepted;

    net_addr_parse(&at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&listen_fd, &at), 0);
    ck_assert_int_eq(sock_local_addr(&at, listen_fd), 0);
    ck_assert_uint_ne(at.port, 0);
    ck_assert_int_eq(sock_accept(&accepted, &from, listen_fd), PN_EAGAIN);
    ck_assert_int_eq(sock_connect_start(&dialled, &at), 0);
    await_fd(dialled, POLLOUT);
    ck_assert_int_eq(sock_connect_result(dialled), 0);
    await_fd(listen_fd, POLLIN);
    ck_assert_int_eq(sock_accept(&accepted, &from, listen_fd), 0);
    ck_assert_int_eq(sock_local_addr(&local, dialled), 0);
    ck_assert(net_addr_equal(&from, &local));
    close(accepted);
    close(dialled);
    close(listen_fd);
}
END_TEST

START_TEST(a_taken_address_and_a_dead_one_have_their_own_errors)
{
    struct net_addr at;
    int first, second;

    net_addr_parse(&at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&first, &at), 0);
    sock_local_addr(&at, first);
    ck_assert_int_eq(sock_listen(&second, &at), PN_EBUSY);
    close(first);
    ck_assert_int_eq(sock_connect_start(&second, &at), 0);
    await_fd(second, POLLOUT);
    ck_assert_int_eq(sock_connect_result(second), PN_EREFUSED);
    close(second);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net");
    TCase *t = tcase_create("net");

    suite_add_tcase(s, t);
    tcase_add_test(t, addresses_survive_text_and_back);
    tcase_add_test(t, what_is_no_address_is_refused);
    tcase_add_test(t, a_sockaddr_and_the_legacy_form_round_trip);
    tcase_add_test(t, a_subnet_contains_what_its_prefix_says);
    tcase_add_test(t, a_malformed_subnet_is_refused);
    tcase_add_test(t, a_subnet_list_takes_commas_and_is_bounded);
    tcase_add_test(t, a_read_takes_what_is_there_and_then_the_end);
    tcase_add_test(t, a_read_ends_at_its_deadline_by_the_replaced_clock);
    tcase_add_test(t, shutdown_from_another_thread_ends_a_read);
    tcase_add_test(t, a_writev_larger_than_the_socket_buffer_arrives_whole);
    tcase_add_test(t, a_write_to_one_who_does_not_read_ends_at_its_deadline);
    tcase_add_test(t, a_write_to_a_closed_socket_is_an_error_and_no_signal);
    tcase_add_test(t, a_dialled_listener_accepts_and_knows_the_dialler);
    tcase_add_test(t, a_taken_address_and_a_dead_one_have_their_own_errors);
    return harness_run(s);
}
