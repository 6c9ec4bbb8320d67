/* Last words, sealed messages, and time granted to a handshake. */
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "test_peer.h"
#include "toy.h"

/* --- a protocol that says what it parts for --- */

static struct frame *last_words(struct peer *p, int reason)
{
    (void)p;
    return reason == PN_EQUIT || reason == PN_EPROTO ? toy_frame(TOY_ANSWER, "bye", 3) : NULL;
}

static struct peer_proto_ops talkative(void)
{
    struct peer_proto_ops ops = toy_proto_ops;

    ops.farewell = last_words;
    return ops;
}

START_TEST(last_words_follow_what_was_queued)
{
    const struct peer_proto_ops ops = talkative();
    uint8_t payload[255];
    struct toy t;
    size_t len;

    toy_setup_with(&t, false, &ops, &toy_transport_ops);
    toy_connect(&t);
    toy_remote_send(&t, TOY_ECHO, "x", 1);
    toy_remote_expect(&t, TOY_ANSWER, "x", 1);
    peer_disconnect(t.peer, PN_EQUIT);
    toy_remote_expect(&t, TOY_ANSWER, "bye", 3);
    ck_assert_int_eq(toy_remote_recv(&t, payload, &len), -1); /* and then the end */
    ck_assert_int_eq(toy_finish(&t), PN_EQUIT);
}
END_TEST

START_TEST(a_handshake_that_fails_ends_in_last_words_too)
{
    const struct peer_proto_ops ops = talkative();
    struct toy t;

    toy_setup_with(&t, false, &ops, &toy_transport_ops);
    ck_assert_int_eq(peer_start(t.peer), 0);
    toy_remote_expect(&t, TOY_HELLO, NULL, 0);
    toy_remote_send(&t, TOY_ECHO, "x", 1); /* not allowed here */
    toy_remote_expect(&t, TOY_ANSWER, "bye", 3);
    ck_assert_int_eq(toy_finish(&t), PN_EPROTO);
}
END_TEST

START_TEST(nothing_is_said_where_there_is_nothing_to_say)
{
    const struct peer_proto_ops ops = talkative();
    uint8_t payload[255];
    struct toy t;
    size_t len;

    toy_setup_with(&t, false, &ops, &toy_transport_ops);
    toy_connect(&t);
    peer_disconnect(t.peer, PN_ESLOW);
    ck_assert_int_eq(toy_remote_recv(&t, payload, &len), -1);
    ck_assert_int_eq(toy_finish(&t), PN_ESLOW);
}
END_TEST

/* The remote side reads nothing: `out` is in the middle of a write when the reason comes. */
START_TEST(one_who_does_not_read_holds_up_the_parting_for_a_second_at_most)
{
    const struct peer_proto_ops ops = talkative();
    uint8_t big[255] = {0};
    int64_t began_us;
    struct toy t;

    toy_setup_with(&t, false, &ops, &toy_transport_ops);
    toy_connect(&t);
    for (int i = 0; i < 20000; i++) {
        struct peer_stats before, after;

        peer_stats(t.peer, &before);
        while (send(t.remote, "\x03\xff", 2, MSG_DONTWAIT | MSG_NOSIGNAL) == 2 &&
               send(t.remote, big, sizeof big, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof big)
            ;
        peer_stats(t.peer, &after);
        if (i > 100 && before.bytes_in == after.bytes_in && before.bytes_out == after.bytes_out)
            break; /* everything is full, and nothing moves any more */
    }
    began_us = clock_mono_us();
    toy_quit(&t);
    ck_assert_int_lt(clock_mono_us() - began_us, 10 * PEER_FAREWELL_MS * 1000);
}
END_TEST

/* --- a transport that turns every byte round --- */

static int seal(void *transport, struct buf *out, const struct frame *f)
{
    (void)transport;
    for (size_t i = 0; i < f->len; i++) {
        uint8_t turned = (uint8_t)~f->data[i];

        buf_append(out, &turned, 1);
    }
    return out->err;
}

static void expect_turned(struct toy *t, const struct frame *f)
{
    for (size_t i = 0; i < f->len; i++) {
        uint8_t got;

        ck_assert_int_eq(recv(t->remote, &got, 1, 0), 1);
        ck_assert_uint_eq(got, (uint8_t)~f->data[i]);
    }
}

START_TEST(a_transport_seals_every_frame_of_a_batch)
{
    struct peer_transport_ops ops = toy_transport_ops;
    struct frame *hello = toy_frame(TOY_HELLO, NULL, 0);
    struct frame *answer = toy_frame(TOY_ANSWER, "sealed", 6);
    struct peer_stats stats;
    struct toy t;

    ops.seal = seal;
    toy_setup_with(&t, false, &toy_proto_ops, &ops);
    ck_assert_int_eq(peer_start(t.peer), 0);
    expect_turned(&t, hello);
    toy_remote_send(&t, TOY_HELLO, NULL, 0);
    for (int i = 0; i < 10; i++) /* the first heartbeat: two bytes and its nonce */
        ck_assert_int_eq(recv(t.remote, &(uint8_t){0}, 1, 0), 1);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(peer_send(t.peer, frame_ref(answer), 0), 0);
    for (int i = 0; i < 20; i++)
        expect_turned(&t, answer);
    frame_unref(hello);
    frame_unref(answer);
    do
        peer_stats(t.peer, &stats);
    while (stats.messages_out < 22);
    ck_assert_uint_eq(stats.bytes_out, 2 + 10 + 20 * 8);
    toy_quit(&t);
}
END_TEST

/* --- time --- */

static int negotiate_longer(struct peer *p)
{
    peer_grant_time(p, 50000);
    return toy_proto_ops.negotiate(p);
}

START_TEST(a_protocol_may_give_its_handshake_more_time)
{
    struct peer_proto_ops ops = toy_proto_ops;
    int64_t moved;
    struct toy t;

    ops.negotiate = negotiate_longer;
    toy_setup_with(&t, true, &ops, &toy_transport_ops);
    ck_assert_int_eq(peer_start(t.peer), 0);
    toy_remote_expect(&t, TOY_HELLO, NULL, 0);
    moved = toy_advance_until(toy_is_done, &t, 90000);
    ck_assert_msg(moved >= 50000 && moved <= 55000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(toy_finish(&t), PN_ETIMEDOUT);
}
END_TEST

void add_farewell_tests(Suite *s)
{
    TCase *t = tcase_create("farewell");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, last_words_follow_what_was_queued);
    tcase_add_test(t, a_handshake_that_fails_ends_in_last_words_too);
    tcase_add_test(t, nothing_is_said_where_there_is_nothing_to_say);
    tcase_add_test(t, one_who_does_not_read_holds_up_the_parting_for_a_second_at_most);
    tcase_add_test(t, a_transport_seals_every_frame_of_a_batch);
    tcase_add_test(t, a_protocol_may_give_its_handshake_more_time);
}
