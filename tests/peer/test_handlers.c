/* What each of the five handlers promises. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "test_peer.h"
#include "toy.h"

enum { NEWS = 40 };

START_TEST(replies_come_in_order_and_whole)
{
    struct toy t;

    toy_start(&t, false);
    for (unsigned round = 0; round < 20; round++) {
        for (uint8_t i = 0; i < 100; i++)
            toy_remote_send(&t, TOY_ECHO, &i, 1);
        for (uint8_t i = 0; i < 100; i++)
            toy_remote_expect(&t, TOY_ANSWER, &i, 1);
    }
    toy_quit(&t);
}
END_TEST

START_TEST(frames_from_outside_keep_their_order)
{
    struct toy t;

    toy_start(&t, false);
    for (uint8_t i = 0; i < 40; i++)
        ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ANSWER, &i, 1), 0), 0);
    for (uint8_t i = 0; i < 40; i++)
        toy_remote_expect(&t, TOY_ANSWER, &i, 1);
    toy_quit(&t);
}
END_TEST

START_TEST(one_who_does_not_read_is_dropped_without_blocking_the_sender)
{
    struct toy t;
    uint8_t payload[255] = {0};
    int rc = 0;
    unsigned sent = 0;

    toy_start(&t, false);
    for (; rc == 0 && sent < 1000000; sent++)
        rc = peer_send(t.peer, toy_frame(TOY_ANSWER, payload, sizeof payload), 0);
    ck_assert_int_eq(rc, PN_ESLOW);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

START_TEST(one_who_asks_and_does_not_read_is_dropped_at_the_write_deadline)
{
    struct toy t;
    uint8_t payload[255] = {0};
    struct frame *f = toy_frame(TOY_ECHO, payload, sizeof payload);
    struct pollfd writable;

    toy_start(&t, true);
    /* Until the peer stops reading, because its own queue is full and `out` is stuck. */
    writable = (struct pollfd){.fd = t.remote, .events = POLLOUT};
    while (poll(&writable, 1, 1000) == 1)
        if (send(t.remote, f->data, f->len, MSG_DONTWAIT | MSG_NOSIGNAL) < (ssize_t)f->len)
            break;
    frame_unref(f);
    ck_assert_int_ge(toy_advance_until(toy_is_done, &t, 60000), 19000);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

START_TEST(an_owed_answer_that_does_not_come_ends_it)
{
    struct toy t;
    int64_t moved;

    toy_start(&t, true);
    ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ASK, NULL, 0), 0), 0);
    toy_remote_expect(&t, TOY_ASK, NULL, 0);
    /* Two response times of 30 s, noticed at a tick of 15 s. */
    moved = toy_advance_until(toy_is_done, &t, 120000);
    ck_assert_msg(moved >= 59000 && moved <= 88000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_ESTALLED);
}
END_TEST

START_TEST(an_answer_in_time_or_one_that_is_not_owed_is_no_stall)
{
    struct toy t;

    toy_start(&t, true);
    ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ASK, NULL, 0), 0), 0);
    toy_remote_expect(&t, TOY_ASK, NULL, 0);
    toy_remote_send(&t, TOY_ANSWER, NULL, 0);
    toy_remote_send(&t, TOY_ECHO, "a", 1); /* so that we know it has been taken */
    toy_remote_expect(&t, TOY_ANSWER, "a", 1);
    ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ASK, NULL, 0), PEER_SEND_NO_STALL), 0);
    toy_remote_expect(&t, TOY_ASK, NULL, 0);
    ck_assert_int_eq(toy_advance_until(toy_is_done, &t, 100000), -1);
    toy_quit(&t);
}
END_TEST

/* While a handler runs nothing is read, so its time must not count against the remote side. */
START_TEST(the_handlers_own_time_is_added_to_the_deadline)
{
    struct toy t;
    int64_t moved;

    toy_start(&t, true);
    ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ASK, NULL, 0), 0), 0);
    toy_remote_expect(&t, TOY_ASK, NULL, 0);
    toy_remote_send(&t, TOY_LINGER, NULL, 0); /* moves the clock by 60 s */
    toy_remote_send(&t, TOY_ECHO, "a", 1);
    /* The echo's answer is the runtime's, not the remote side's: the debt remains. */
    toy_remote_expect(&t, TOY_ANSWER, "a", 1);
    moved = toy_advance_until(toy_is_done, &t, 100000);
    ck_assert_msg(moved >= 45000, "ended %lld ms after a handler of a minute", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_ESTALLED);
}
END_TEST

static bool has_ping_time(struct toy *t)
{
    struct peer_stats s;

    peer_stats(t->peer, &s);
    return s.ping_us >= 0;
}

START_TEST(a_pong_gives_the_round_trip_and_a_wrong_nonce_does_not)
{
    struct toy t;
    struct peer_stats s;
    uint8_t nonce[255];
    size_t len;

    toy_start(&t, true);
    toy_remote_send(&t, TOY_PONG, "notthis!", 8);
    clock_test_advance_ms(120000);
    ck_assert_int_eq(toy_remote_recv(&t, nonce, &len), TOY_PING); /* the interval has passed */
    ck_assert(!has_ping_time(&t));
    clock_test_advance_ms(250);
    toy_remote_send(&t, TOY_PONG, nonce, len);
    ck_assert_int_ge(toy_advance_until(has_ping_time, &t, 15000), 0);
    peer_stats(t.peer, &s);
    ck_assert_int_ge(s.ping_us, 250000);
    ck_assert_int_le(s.ping_us, 16000000);
    ck_assert_int_eq(s.ping_us, s.min_ping_us);
    toy_quit(&t);
}
END_TEST

/* Asks until neither side takes any more: it does not read. */
static unsigned ask_until_stuck(struct toy *t)
{
    struct frame *f = toy_frame(TOY_ECHO, "0123456789abcdef", 16);
    unsigned asked = 0, tries = 0;

    while (tries < 200) {
        ssize_t n = send(t->remote, f->data, f->len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n == (ssize_t)f->len) {
            asked++;
            tries = 0;
        } else {
            ck_assert_int_lt(n, 0); /* a frame this small goes whole or not at all */
            tries++;
            poll(NULL, 0, 1);
        }
    }
    frame_unref(f);
    return asked;
}

START_TEST(who_reads_its_answers_late_is_not_dropped_for_what_others_send_meanwhile)
{
    struct toy t;
    unsigned asked, answers = 0, news = 0;
    uint8_t got[255];
    size_t len;

    toy_start(&t, false);
    asked = ask_until_stuck(&t);
    for (unsigned i = 0; i < NEWS; i++)
        ck_assert_int_eq(peer_send(t.peer, toy_frame(TOY_ANSWER, "news", 4), 0), 0);
    while (answers < asked || news < NEWS) {
        ck_assert_int_eq(toy_remote_recv(&t, got, &len), TOY_ANSWER);
        ck_assert(len == 16 || len == 4);
        answers += len == 16;
        news += len == 4;
    }
    ck_assert_int_eq(peer_reason(t.peer), 0);
    toy_quit(&t);
}
END_TEST

START_TEST(who_reads_nothing_of_what_others_send_is_dropped)
{
    struct toy t;
    unsigned sent = 0;

    toy_start(&t, false);
    ask_until_stuck(&t);
    while (peer_send(t.peer, toy_frame(TOY_ANSWER, "news", 4), 0) == 0)
        ck_assert_uint_lt(++sent, 1000);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

/* What was queued before has been taken by the queue handler: it answers the second echo after the
 * round in which it sent the first. */
static void settle(struct toy *t)
{
    for (int i = 0; i < 2; i++) {
        toy_remote_send(t, TOY_ECHO, "s", 1);
        toy_remote_expect(t, TOY_ANSWER, "s", 1);
    }
}

static void queue_item(struct toy *t, uint8_t first, bool at_once)
{
    struct peer_inventory item = {.at_once = at_once, .hash = {first}};

    peer_queue_inventory(t->peer, &item);
}

START_TEST(inventory_waits_for_the_trickle_and_what_is_known_is_left_out)
{
    struct toy t;
    const uint8_t known[32] = {3}, late[32] = {4};

    toy_start(&t, true);
    peer_add_known(t.peer, known);
    for (uint8_t i = 1; i <= 5; i++)
        queue_item(&t, i, false);
    queue_item(&t, 9, true);
    toy_remote_expect(&t, TOY_INV, "\x09", 1); /* at once, before the older ones */
    settle(&t);
    peer_add_known(t.peer, late); /* learnt while it waits */
    clock_test_advance_ms(9000);
    toy_remote_send(&t, TOY_ECHO, "q", 1);
    toy_remote_expect(&t, TOY_ANSWER, "q", 1); /* nothing was announced before the tick */
    clock_test_advance_ms(1500);
    toy_remote_expect(&t, TOY_INV, "\x01\x02\x05", 3);
    queue_item(&t, 2, false); /* announced already */
    queue_item(&t, 6, false);
    settle(&t);
    clock_test_advance_ms(10500);
    toy_remote_expect(&t, TOY_INV, "\x06", 1);
    toy_quit(&t);
}
END_TEST

START_TEST(counters_count_messages_and_bytes)
{
    struct toy t;
    struct peer_stats s;

    toy_start(&t, false);
    toy_remote_send(&t, TOY_ECHO, "abc", 3);
    toy_remote_expect(&t, TOY_ANSWER, "abc", 3);
    peer_disconnect(t.peer, PN_EQUIT);
    ck_assert_int_eq(chan_recv(t.done, NULL, CLOCK_NEVER), PN_ECLOSED);
    peer_join(t.peer);
    peer_stats(t.peer, &s);
    ck_assert_uint_eq(s.messages_in, 2); /* hello, echo */
    ck_assert_uint_eq(s.bytes_in, 2 + 5);
    ck_assert_uint_eq(s.messages_out, 3); /* hello, ping, answer */
    ck_assert_uint_eq(s.bytes_out, 2 + 10 + 5);
    ck_assert(s.ready);
    toy_finish(&t);
}
END_TEST

void add_handler_tests(Suite *s)
{
    TCase *t = tcase_create("handlers");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, replies_come_in_order_and_whole);
    tcase_add_test(t, frames_from_outside_keep_their_order);
    tcase_add_test(t, one_who_does_not_read_is_dropped_without_blocking_the_sender);
    tcase_add_test(t, one_who_asks_and_does_not_read_is_dropped_at_the_write_deadline);
    tcase_add_test(t, an_owed_answer_that_does_not_come_ends_it);
    tcase_add_test(t, an_answer_in_time_or_one_that_is_not_owed_is_no_stall);
    tcase_add_test(t, the_handlers_own_time_is_added_to_the_deadline);
    tcase_add_test(t, a_pong_gives_the_round_trip_and_a_wrong_nonce_does_not);
    tcase_add_test(t, who_reads_its_answers_late_is_not_dropped_for_what_others_send_meanwhile);
    tcase_add_test(t, who_reads_nothing_of_what_others_send_is_dropped);
    tcase_add_test(t, inventory_waits_for_the_trickle_and_what_is_known_is_left_out);
    tcase_add_test(t, counters_count_messages_and_bytes);
}
