/* A peer comes, and goes for every reason there is, with all its threads. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "test_peer.h"
#include "thread/thread.h"
#include "toy.h"

START_TEST(five_threads_run_while_connected_and_none_afterwards)
{
    static const enum thread_role roles[] = {ROLE_PEER_IN, ROLE_PEER_QUEUE, ROLE_PEER_OUT,
                                             ROLE_PEER_STALL, ROLE_PEER_PING};
    struct toy t;

    toy_start(&t, false);
    toy_remote_send(&t, TOY_ECHO, "x", 1); /* answered: all five have been started */
    toy_remote_expect(&t, TOY_ANSWER, "x", 1);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(thread_count(roles[i]), 1);
    toy_quit(&t);
    ck_assert_int_eq(atomic_load(&t.counts.ready_calls), 1);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(thread_count(roles[i]), 0);
}
END_TEST

START_TEST(the_first_reason_to_part_stays)
{
    struct toy t;

    toy_start(&t, false);
    peer_disconnect(t.peer, PN_ESLOW);
    peer_disconnect(t.peer, PN_EQUIT);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

START_TEST(the_remote_side_may_close)
{
    struct toy t;

    toy_start(&t, false);
    shutdown(t.remote, SHUT_WR);
    ck_assert_int_eq(toy_finish(&t), PN_EEOF);
}
END_TEST

START_TEST(a_malformed_message_ends_it)
{
    struct toy t;

    toy_start(&t, false);
    ck_assert_int_eq(send(t.remote, "\xff", 2, 0), 2);
    ck_assert_int_eq(toy_finish(&t), PN_ECOMMAND);
}
END_TEST

START_TEST(a_handshake_that_is_not_completed_ends_at_its_deadline)
{
    struct toy t;
    int64_t moved;

    toy_setup(&t, true);
    ck_assert_int_eq(peer_start(t.peer), 0);
    toy_remote_expect(&t, TOY_HELLO, NULL, 0);
    moved = toy_advance_until(toy_is_done, &t, 60000);
    ck_assert_msg(moved >= 30000 && moved <= 35000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_ETIMEDOUT);
    ck_assert_int_eq(atomic_load(&t.counts.ready_calls), 0);
}
END_TEST

/* One byte now and then does not prolong it: the deadline is of the whole. */
START_TEST(a_trickled_handshake_ends_at_the_same_deadline)
{
    struct toy t;
    int64_t moved = 0;

    toy_setup(&t, true);
    ck_assert_int_eq(peer_start(t.peer), 0);
    toy_remote_expect(&t, TOY_HELLO, NULL, 0);
    ck_assert_int_eq(send(t.remote, "\0", 1, MSG_NOSIGNAL), 1); /* half of a hello */
    moved = toy_advance_until(toy_is_done, &t, 60000);
    ck_assert_msg(moved >= 30000 && moved <= 35000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_ETIMEDOUT);
}
END_TEST

START_TEST(silence_ends_it_after_the_idle_timeout)
{
    struct toy t;
    int64_t moved;

    toy_start(&t, true);
    moved = toy_advance_until(toy_is_done, &t, 400000);
    ck_assert_msg(moved >= 299000 && moved <= 330000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_EIDLE);
}
END_TEST

START_TEST(every_thread_that_cannot_be_started_unwinds_cleanly)
{
    for (unsigned long k = 2; k <= 5; k++) {
        struct toy t;

        toy_setup(&t, false);
        thread_fail_at(k);
        ck_assert_int_eq(peer_start(t.peer), 0);
        toy_remote_expect(&t, TOY_HELLO, NULL, 0);
        toy_remote_send(&t, TOY_HELLO, NULL, 0);
        ck_assert_int_eq(toy_finish(&t), PN_EAGAIN);
        thread_fail_at(0);
        ck_assert_int_eq(atomic_load(&t.counts.ready_calls), 0);
    }
}
END_TEST

START_TEST(a_peer_that_cannot_be_started_at_all_is_only_released)
{
    struct toy t;

    toy_setup(&t, false);
    thread_fail_at(1);
    ck_assert_int_lt(peer_start(t.peer), 0);
    thread_fail_at(0);
    peer_unref(t.peer);
    ck_assert_int_eq(atomic_load(&t.counts.released), 1);
    ck_assert_int_eq(atomic_load(&t.done_calls), 0);
    close(t.remote);
    peer_metrics_free(t.metrics);
    chan_destroy(t.done, NULL);
}
END_TEST

START_TEST(disconnecting_at_any_moment_ends_all_threads)
{
    for (int i = 0; i < 200; i++) {
        struct toy t;

        toy_setup(&t, false);
        ck_assert_int_eq(peer_start(t.peer), 0);
        if (i % 3 == 0)
            toy_remote_send(&t, TOY_HELLO, NULL, 0);
        if (i % 3 == 1)
            toy_remote_expect(&t, TOY_HELLO, NULL, 0);
        for (int spin = i * 50; spin > 0; spin--)
            atomic_signal_fence(memory_order_seq_cst);
        peer_disconnect(t.peer, PN_EQUIT);
        ck_assert_int_eq(toy_finish(&t), PN_EQUIT);
    }
}
END_TEST

void add_life_tests(Suite *s)
{
    TCase *t = tcase_create("life");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, five_threads_run_while_connected_and_none_afterwards);
    tcase_add_test(t, the_first_reason_to_part_stays);
    tcase_add_test(t, the_remote_side_may_close);
    tcase_add_test(t, a_malformed_message_ends_it);
    tcase_add_test(t, a_handshake_that_is_not_completed_ends_at_its_deadline);
    tcase_add_test(t, a_trickled_handshake_ends_at_the_same_deadline);
    tcase_add_test(t, silence_ends_it_after_the_idle_timeout);
    tcase_add_test(t, every_thread_that_cannot_be_started_unwinds_cleanly);
    tcase_add_test(t, a_peer_that_cannot_be_started_at_all_is_only_released);
    tcase_add_test(t, disconnecting_at_any_moment_ends_all_threads);
}
