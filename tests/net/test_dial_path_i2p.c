/* Paths through I2P, with the test as the router: one session for all streams. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/dial_path.h"
#include "net/sam_session.h"
#include "net_double.h"
#include "test_proxy.h"

#define SAM_TEXT "127.0.0.4:7656"
#define HELLO_OK "HELLO REPLY RESULT=OK VERSION=3.1\n"

enum { PATHS = 3 };

static struct dial_paths *paths;
static struct dial_path *path[PATHS];

static void setup(void)
{
    struct proxy_config config = {0};

    clock_test_start(1600000000);
    net_double_start();
    net_addr_parse(&config.sam, SAM_TEXT, 0);
    paths = dial_paths_new(&config, "");
    ck_assert_ptr_nonnull(paths);
    memset(path, 0, sizeof path);
}

static void teardown(void)
{
    for (unsigned i = 0; i < PATHS; i++)
        dial_path_free(path[i]);
    dial_paths_free(paths);
    net_double_stop();
    clock_test_stop();
}

static int start(unsigned i)
{
    struct net_target t = target_of("x.b32.i2p:0");

    return dial_path_start(&path[i], paths, &t);
}

static void leave(unsigned i)
{
    dial_path_free(path[i]);
    path[i] = NULL;
}

/* One turn of a dialer's loop over all paths: one poll, then a step each. rc[i] is PN_EINVAL for a
 * path that is not there. */
static void turn(int rc[PATHS])
{
    struct pollfd fds[PATHS];

    for (unsigned i = 0; i < PATHS; i++)
        fds[i] = (struct pollfd){.fd = path[i] ? dial_path_fd(path[i]) : -1,
                                 .events = path[i] ? dial_path_events(path[i]) : 0};
    ck_assert_int_ge(poll(fds, PATHS, 0), 0);
    for (unsigned i = 0; i < PATHS; i++)
        rc[i] = path[i] ? dial_path_step(path[i], fds[i].revents) : PN_EINVAL;
}

/* Answer the line that the router has got on a connection. */
static void answer(unsigned connection, const char *expected, const char *reply)
{
    const char *heard = net_double_heard(connection);

    ck_assert_msg(strncmp(heard, expected, strlen(expected)) == 0, "expected %s, got %s", expected,
                  heard);
    net_double_say(connection, reply, strlen(reply));
}

/* Have the session on this connection, driven by whoever waits for it. */
static void make_session(unsigned connection, const char *result)
{
    int rc[PATHS];

    turn(rc);
    answer(connection, "HELLO VERSION", HELLO_OK);
    turn(rc);
    answer(connection, "SESSION CREATE", result);
}

static void expect_turn(unsigned i, int expected)
{
    int rc[PATHS];

    turn(rc);
    ck_assert_msg(rc[i] == expected, "expected %s, got %s", pn_errname(expected),
                  pn_errname(rc[i]));
}

/* From HELLO to the stream's status. */
static void run_stream(unsigned i, unsigned connection, const char *status)
{
    expect_turn(i, PN_EAGAIN); /* the session is there: connect */
    expect_turn(i, PN_EAGAIN); /* connected: speak */
    answer(connection, "HELLO VERSION", HELLO_OK);
    expect_turn(i, PN_EAGAIN);
    answer(connection, "NAMING LOOKUP NAME=x.b32.i2p\n", "NAMING REPLY RESULT=OK VALUE=abc\n");
    expect_turn(i, PN_EAGAIN);
    answer(connection, "STREAM CONNECT ID=", status);
}

START_TEST(a_stream_begins_right_behind_its_status)
{
    char first[16] = "";
    int fd;

    ck_assert_int_eq(start(0), 0);
    ck_assert_int_eq(dial_path_way(path[0]), PROXY_WAY_SAM);
    make_session(0, "SESSION STATUS RESULT=OK DESTINATION=x\n");
    run_stream(0, 1, "STREAM STATUS RESULT=OK\nfirst");
    ck_assert_str_eq(net_double_to(1), SAM_TEXT);
    expect_turn(0, 0);
    fd = dial_path_take(path[0]);
    ck_assert_int_eq(recv(fd, first, sizeof first - 1, 0), 5);
    ck_assert_str_eq(first, "first");
    close(fd);
}
END_TEST

START_TEST(all_streams_share_one_session)
{
    for (unsigned i = 0; i < PATHS - 1; i++)
        ck_assert_int_eq(start(i), 0);
    ck_assert_uint_eq(net_double_count(), 1);
    make_session(0, "SESSION STATUS RESULT=OK DESTINATION=x\n");
    expect_turn(0, PN_EAGAIN);
    ck_assert_uint_eq(net_double_count(), PATHS); /* the session and a stream for each */
    ck_assert_int_eq(start(PATHS - 1), 0);        /* finds it ready */
    ck_assert_uint_eq(net_double_count(), PATHS + 1);
    for (unsigned i = 0; i < PATHS; i++) {
        run_stream(i, 1 + i, "STREAM STATUS RESULT=OK\n");
        expect_turn(i, 0);
    }
}
END_TEST

START_TEST(a_session_that_fails_fails_all_who_wait_and_the_next_tries_again)
{
    int rc[PATHS];

    for (unsigned i = 0; i < PATHS; i++)
        ck_assert_int_eq(start(i), 0);
    make_session(0, "SESSION STATUS RESULT=I2P_ERROR\n");
    turn(rc);
    for (unsigned i = 0; i < PATHS; i++)
        ck_assert_int_eq(rc[i], PN_ESAM_FAILED);
    ck_assert_uint_eq(net_double_count(), 1);
    leave(0);
    ck_assert_int_eq(start(0), 0);
    ck_assert_uint_eq(net_double_count(), 2);
    make_session(1, "SESSION STATUS RESULT=OK DESTINATION=x\n");
    expect_turn(0, PN_EAGAIN);
    ck_assert_uint_eq(net_double_count(), 3);
}
END_TEST

START_TEST(a_dial_that_gives_up_leaves_the_session_to_the_next)
{
    ck_assert_int_eq(start(0), 0);
    make_session(0, "");
    leave(0);
    clock_test_advance_ms(SAM_SESSION_TIMEOUT_MS - 1);
    ck_assert_int_eq(start(1), 0);
    ck_assert_uint_eq(net_double_count(), 1);
    net_double_say(0, "SESSION STATUS RESULT=OK\n", strlen("SESSION STATUS RESULT=OK\n"));
    expect_turn(1, PN_EAGAIN);
    ck_assert_uint_eq(net_double_count(), 2);
}
END_TEST

START_TEST(a_session_that_is_not_made_in_time_is_given_up)
{
    ck_assert_int_eq(start(0), 0);
    make_session(0, "");
    clock_test_advance_ms(SAM_SESSION_TIMEOUT_MS);
    expect_turn(0, PN_ETIMEDOUT);
    leave(0);
    ck_assert_int_eq(start(0), 0);
    ck_assert_uint_eq(net_double_count(), 2);
    leave(0);
    clock_test_advance_ms(SAM_SESSION_TIMEOUT_MS);
    ck_assert_int_eq(start(0), 0); /* nobody drove the last one */
    ck_assert_uint_eq(net_double_count(), 3);
}
END_TEST

START_TEST(a_session_that_the_router_closed_or_forgot_is_made_anew)
{
    ck_assert_int_eq(start(0), 0);
    make_session(0, "SESSION STATUS RESULT=OK\n");
    expect_turn(0, PN_EAGAIN);
    net_double_close(0);
    ck_assert_int_eq(start(1), 0);
    ck_assert_str_eq(net_double_to(2), SAM_TEXT);
    make_session(2, "SESSION STATUS RESULT=OK\n");
    expect_turn(1, PN_EAGAIN); /* connection 3 is its stream */
    leave(0);
    run_stream(1, 3, "STREAM STATUS RESULT=INVALID_ID\n");
    expect_turn(1, PN_ESAM_SESSION);
    leave(1);
    ck_assert_int_eq(start(0), 0);
    make_session(4, "SESSION STATUS RESULT=OK\n");
    expect_turn(0, PN_EAGAIN);
    ck_assert_uint_eq(net_double_count(), 6);
}
END_TEST

START_TEST(a_router_that_is_down_is_told_from_a_peer_that_is_down)
{
    net_double_fail(PN_EREFUSED, 0);
    ck_assert_int_eq(start(0), PN_EPROXY_DOWN);
    ck_assert_ptr_null(path[0]);
    net_double_fail(0, PN_EREFUSED);
    ck_assert_int_eq(start(0), 0);
    expect_turn(0, PN_EPROXY_DOWN);
}
END_TEST

TCase *dial_path_i2p_cases(void)
{
    TCase *tc = tcase_create("dial_path_i2p");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_stream_begins_right_behind_its_status);
    tcase_add_test(tc, all_streams_share_one_session);
    tcase_add_test(tc, a_session_that_fails_fails_all_who_wait_and_the_next_tries_again);
    tcase_add_test(tc, a_dial_that_gives_up_leaves_the_session_to_the_next);
    tcase_add_test(tc, a_session_that_is_not_made_in_time_is_given_up);
    tcase_add_test(tc, a_session_that_the_router_closed_or_forgot_is_made_anew);
    tcase_add_test(tc, a_router_that_is_down_is_told_from_a_peer_that_is_down);
    return tc;
}
