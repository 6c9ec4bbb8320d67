/* Promises of threads: name, role, stack, signal mask, count and gauge, and the failing start. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

static struct chan leave;

static void set_up(void)
{
    ck_assert_int_eq(chan_init(&leave, &quit_class), 0);
}

static void tear_down(void)
{
    chan_destroy(&leave, NULL);
    thread_fail_at(0);
}

static void run_until_told(void *arg)
{
    (void)arg;
    chan_recv(&leave, NULL, CLOCK_NEVER);
}

static void run_nothing(void *arg)
{
    (void)arg;
}

struct seen {
    char name[16];
    enum thread_role role;
    size_t stack_bytes;
    sigset_t mask;
};

static void look_around(void *arg)
{
    struct seen *seen = arg;
    pthread_attr_t attr;

    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    seen->role = thread_role();
    pthread_sigmask(SIG_BLOCK, NULL, &seen->mask);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &seen->stack_bytes);
    pthread_attr_destroy(&attr);
}

static struct seen look_with_name(const char *name)
{
    struct seen seen = {.role = ROLE_COUNT};
    struct thread t;

    ck_assert_int_eq(thread_start(&t, name, ROLE_PEER_OUT, look_around, &seen), 0);
    thread_join(&t);
    return seen;
}

START_TEST(a_thread_has_its_name_and_role)
{
    struct seen seen = look_with_name("peer 17 out");

    ck_assert_str_eq(seen.name, "peer 17 out");
    ck_assert_int_eq(seen.role, ROLE_PEER_OUT);
    ck_assert_int_eq(thread_role(), ROLE_LOOP);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
    ck_assert_str_eq(look_with_name("0123456789abcdefgh").name, "0123456789abcde");
}
END_TEST

START_TEST(a_stack_has_the_promised_size)
{
#ifdef PN_SANITIZER
    size_t expected = 512 * 1024;
#else
    size_t expected = 128 * 1024;
#endif

    ck_assert_uint_eq(look_with_name("stack").stack_bytes, expected);
}
END_TEST

START_TEST(a_thread_blocks_signals_but_not_its_own_faults)
{
    static const int blocked[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD};
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct seen seen = look_with_name("signals");
    sigset_t own;

    for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; i++)
        ck_assert_msg(sigismember(&seen.mask, blocked[i]) == 1, "%s: expected blocked",
                      strsignal(blocked[i]));
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        ck_assert_msg(sigismember(&seen.mask, open[i]) == 0, "%s: expected open",
                      strsignal(open[i]));
    pthread_sigmask(SIG_BLOCK, NULL, &own);
    ck_assert_msg(sigismember(&own, SIGTERM) == 0, "the starter's mask changed");
}
END_TEST

START_TEST(threads_are_counted_by_role)
{
    struct thread t[3];
    struct buf out;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            thread_start(&t[i], "counted", i < 2 ? ROLE_DUMP : ROLE_DIALER, run_until_told, NULL),
            0);
    ck_assert_uint_eq(thread_count(ROLE_DUMP), 2);
    ck_assert_uint_eq(thread_count(ROLE_DIALER), 1);
    ck_assert_uint_eq(thread_count(ROLE_SERVER), 0);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\np2pnode_threads{role=\"dump\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\np2pnode_threads{role=\"dialer\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\np2pnode_threads{role=\"server\"} 0\n"));
    buf_free(&out);
    quit_request(&leave);
    for (int i = 0; i < 3; i++)
        thread_join(&t[i]);
    ck_assert_uint_eq(thread_count(ROLE_DUMP), 0);
    ck_assert_uint_eq(thread_count(ROLE_DIALER), 0);
}
END_TEST

START_TEST(the_nth_start_fails_when_told_to)
{
    struct thread t[3];

    thread_fail_at(2);
    ck_assert_int_eq(thread_start(&t[0], "first", ROLE_TEST, run_nothing, NULL), 0);
    ck_assert_int_eq(thread_start(&t[1], "second", ROLE_TEST, run_nothing, NULL), PN_EAGAIN);
    ck_assert_int_eq(thread_start(&t[2], "third", ROLE_TEST, run_nothing, NULL), 0);
    for (int i = 0; i < 3; i++)
        thread_join(&t[i]);
    ck_assert_uint_eq(thread_count(ROLE_TEST), 0);
}
END_TEST

START_TEST(joining_what_never_started_or_twice_does_nothing)
{
    struct thread t = {.started = false};

    thread_join(&t);
    ck_assert_int_eq(thread_start(&t, "once", ROLE_TEST, run_nothing, NULL), 0);
    thread_join(&t);
    thread_join(&t);
}
END_TEST

START_TEST(roles_have_distinct_names)
{
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(thread_role_name((enum thread_role)i),
                             thread_role_name((enum thread_role)j));
    ck_assert_str_eq(thread_role_name(ROLE_PEER_STALL), "peer_stall");
}
END_TEST

START_TEST(a_role_can_be_set_by_the_thread_itself)
{
    thread_set_role(ROLE_MANAGER);
    ck_assert_int_eq(thread_role(), ROLE_MANAGER);
    ck_assert_uint_eq(thread_count(ROLE_MANAGER), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thread");
    TCase *tc = tcase_create("thread");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_thread_has_its_name_and_role);
    tcase_add_test(tc, a_long_name_is_cut);
    tcase_add_test(tc, a_stack_has_the_promised_size);
    tcase_add_test(tc, a_thread_blocks_signals_but_not_its_own_faults);
    tcase_add_test(tc, threads_are_counted_by_role);
    tcase_add_test(tc, the_nth_start_fails_when_told_to);
    tcase_add_test(tc, joining_what_never_started_or_twice_does_nothing);
    tcase_add_test(tc, roles_have_distinct_names);
    tcase_add_test(tc, a_role_can_be_set_by_the_thread_itself);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
