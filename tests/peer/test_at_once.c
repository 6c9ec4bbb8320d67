/* Frames that their sender writes itself: in order, whole, never waiting. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "test_peer.h"
#include "thread/thread.h"
#include "toy.h"

enum { SENDERS = 3, FRAMES = 3000, ASKED = 3000 };

static int send_now(struct toy *t, const void *payload, size_t len)
{
    return peer_send(t->peer, toy_frame(TOY_ANSWER, payload, len), PEER_SEND_AT_ONCE);
}

/* Until the first heartbeat has been counted as written. */
static void await_heartbeat(struct toy *t)
{
    struct peer_stats now;

    do {
        poll(NULL, 0, 1);
        peer_stats(t->peer, &now);
    } while (now.messages_out == 0);
}

START_TEST(is_there_when_the_call_returns)
{
    struct toy t;
    uint8_t got[4];
    struct peer_stats stats;

    toy_start(&t, false);
    await_heartbeat(&t);
    /* The heartbeat may still be in the hands of `out` for a moment: then it goes the other way. */
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(send_now(&t, "ab", 2), 0);
        if (recv(t.remote, got, sizeof got, MSG_DONTWAIT) == 4)
            break;
        toy_remote_expect(&t, TOY_ANSWER, "ab", 2);
        memset(got, 0, sizeof got);
    }
    ck_assert_mem_eq(got + 2, "ab", 2);
    peer_stats(t.peer, &stats);
    ck_assert_uint_ge(stats.messages_out, 2);
    toy_quit(&t);
}
END_TEST

START_TEST(keeps_its_place_among_frames_that_are_queued)
{
    struct toy t;

    toy_start(&t, false);
    for (unsigned i = 0; i < FRAMES; i++) {
        uint16_t number = (uint16_t)i;
        unsigned flags = i % 3 == 0 ? 0 : PEER_SEND_AT_ONCE;

        ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ANSWER, &number, 2), flags), 0);
        if (i % 8 == 7)
            for (uint16_t k = (uint16_t)(number - 7); k <= number; k++)
                toy_remote_expect(&t, TOY_ANSWER, &k, 2);
    }
    toy_quit(&t);
}
END_TEST

START_TEST(what_the_socket_does_not_take_follows_before_all_else)
{
    struct toy t;
    uint8_t payload[255];

    toy_start(&t, false);
    memset(payload, 7, sizeof payload);
    atomic_store(&toy_at_once_max, 100);
    for (uint8_t i = 0; i < 200; i++) {
        payload[0] = i;
        ck_assert_int_eq(send_now(&t, payload, sizeof payload), 0);
        ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ANSWER, "q", 1), 0), 0);
        ck_assert_int_eq(send_now(&t, payload, 2), 0);
        toy_remote_expect(&t, TOY_ANSWER, payload, sizeof payload);
        toy_remote_expect(&t, TOY_ANSWER, "q", 1);
        toy_remote_expect(&t, TOY_ANSWER, payload, 2);
    }
    toy_quit(&t);
}
END_TEST

START_TEST(one_who_does_not_read_is_dropped_without_blocking_the_sender)
{
    struct toy t;
    uint8_t payload[255] = {0};
    int rc = 0;

    toy_start(&t, false);
    for (unsigned sent = 0; rc == 0 && sent < 1000000; sent++)
        rc = send_now(&t, payload, sizeof payload);
    ck_assert_int_eq(rc, PN_ESLOW);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

struct sender {
    struct toy *t;
    uint8_t name;
    struct thread thread;
};

/* A sender is told by the remote side that it may go on only by the frames that arrive there: it
 * keeps a little behind, so that its peer is never a slow reader. */
static atomic_uint arrived[SENDERS];

static void run_sender(void *arg)
{
    struct sender *s = arg;

    for (unsigned i = 0; i < FRAMES; i++) {
        uint8_t payload[3] = {s->name, (uint8_t)(i >> 8), (uint8_t)i};

        while (i > atomic_load(&arrived[s->name]) + 8)
            sched_yield();
        ck_assert_int_eq(send_now(s->t, payload, sizeof payload), 0);
    }
}

/* Three senders, and the peer's own answers, which go through its queue; the socket takes 0 to 5
 * bytes of their frames of 5. */
START_TEST(many_senders_do_not_tear_each_others_frames)
{
    struct toy t;
    struct sender senders[SENDERS];
    unsigned answers = 0, asked = 0, left = SENDERS * FRAMES + ASKED;

    toy_start(&t, false);
    memset(arrived, 0, sizeof arrived);
    atomic_store(&toy_at_once_max, (size_t)_i);
    for (uint8_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.t = &t, .name = i};
        ck_assert_int_eq(
            thread_start(&senders[i].thread, "sender", ROLE_TEST, run_sender, &senders[i]), 0);
    }
    for (; left > 0; left--) {
        uint8_t got[255];
        size_t len;
        unsigned number;

        while (asked < ASKED && asked < answers + 8) {
            uint8_t n[2] = {(uint8_t)(asked >> 8), (uint8_t)asked};

            toy_remote_send(&t, TOY_ECHO, n, sizeof n);
            asked++;
        }
        ck_assert_int_eq(toy_remote_recv(&t, got, &len), TOY_ANSWER);
        number = (unsigned)got[len - 2] << 8 | got[len - 1];
        if (len == 2) {
            ck_assert_uint_eq(number, answers);
            answers++;
        } else {
            ck_assert_uint_eq(len, 3);
            ck_assert_uint_lt(got[0], SENDERS);
            ck_assert_uint_eq(number, atomic_fetch_add(&arrived[got[0]], 1));
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        thread_join(&senders[i].thread);
    toy_quit(&t);
}
END_TEST

START_TEST(an_answer_that_is_owed_for_it_is_missed)
{
    struct toy t;

    toy_start(&t, true);
    ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ASK, NULL, 0), PEER_SEND_AT_ONCE), 0);
    toy_remote_expect(&t, TOY_ASK, NULL, 0);
    ck_assert_int_ge(toy_advance_until(toy_is_done, &t, 120000), 0);
    ck_assert_int_eq(toy_finish(&t), PN_ESTALLED);
}
END_TEST

START_TEST(to_one_who_parts_nothing_goes)
{
    struct toy t;

    toy_start(&t, false);
    peer_disconnect(t.peer, PN_EQUIT);
    ck_assert_int_eq(send_now(&t, "a", 1), PN_ECLOSED);
    toy_finish(&t);
}
END_TEST

START_TEST(a_connection_that_is_broken_is_parted_with)
{
    struct toy t;

    toy_start(&t, false);
    await_heartbeat(&t);
    shutdown(t.remote, SHUT_RDWR);
    while (send_now(&t, "a", 1) == 0)
        poll(NULL, 0, 1);
    ck_assert_int_lt(toy_finish(&t), 0);
}
END_TEST

void add_at_once_tests(Suite *s)
{
    TCase *t = tcase_create("at once");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, is_there_when_the_call_returns);
    tcase_add_test(t, keeps_its_place_among_frames_that_are_queued);
    tcase_add_test(t, what_the_socket_does_not_take_follows_before_all_else);
    tcase_add_test(t, one_who_does_not_read_is_dropped_without_blocking_the_sender);
    tcase_add_loop_test(t, many_senders_do_not_tear_each_others_frames, 0, 6);
    tcase_add_test(t, an_answer_that_is_owed_for_it_is_missed);
    tcase_add_test(t, to_one_who_parts_nothing_goes);
    tcase_add_test(t, a_connection_that_is_broken_is_parted_with);
}
