/* One connection from its first byte to its last, with a remote side that keeps to the rules, and
 * with many that do not. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "harness.h"
#include "p2p_rig.h"
#include "thread/thread.h"

static void echo(struct rig *r, const char *text)
{
    remote_send(r, P2P_BASE_CODES + TOY_CODE_ECHO, text, strlen(text));
    ck_assert_int_eq(remote_recv(r), P2P_BASE_CODES + TOY_CODE_ECHO);
    ck_assert_uint_eq(r->plain.len, strlen(text));
    ck_assert_mem_eq(r->plain.data, text, strlen(text));
}

START_TEST(an_inbound_connection_becomes_a_peer)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/1 toy/2 unknown/7");
    echo(&r, "hello");
    ck_assert_uint_eq(atomic_load(&r.log.version), 2);
    ck_assert_uint_eq(p2p_peers(r.net), 1);
    ck_assert_str_eq(p2p_peer_client(r.peer), "remote/1");
    peer_disconnect(r.peer, PN_EQUIT);
    remote_expect_disconnect(&r, RLPX_DISC_QUITTING);
    ck_assert_int_eq(rig_finish(&r), PN_EQUIT);
    ck_assert_int_eq(atomic_load(&r.log.ready), 1);
    rig_teardown(&r);
}
END_TEST

START_TEST(an_outbound_connection_becomes_a_peer)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_connect_outbound(&r);
    remote_accept(&r);
    remote_send_hello(&r, "toy/1");
    remote_expect_hello(&r);
    ck_assert_int_eq(remote_recv(&r), P2P_BASE_CODES);
    remote_send(&r, P2P_BASE_CODES, "\xc0", 1);
    echo(&r, "x");
    ck_assert(p2p_peer_is_static(r.peer));
    ck_assert_uint_eq(atomic_load(&r.log.version), 1);
    peer_disconnect(r.peer, PN_EQUIT);
    remote_expect_disconnect(&r, RLPX_DISC_QUITTING);
    rig_finish(&r);
    rig_teardown(&r);
}
END_TEST

START_TEST(nothing_in_common_is_a_useless_peer)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_connect_inbound(&r);
    remote_dial(&r);
    remote_send_hello(&r, "eth/68 toy/3");
    remote_expect_hello(&r);
    remote_expect_disconnect(&r, RLPX_DISC_USELESS);
    ck_assert_int_eq(rig_finish(&r), PN_EUSELESS);
    rig_teardown(&r);
}
END_TEST

START_TEST(a_hello_in_somebody_elses_name_is_refused)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_connect_inbound(&r);
    remote_dial(&r);
    r.pubkey[0] ^= 1;
    remote_send_hello(&r, "toy/1");
    remote_expect_hello(&r);
    remote_expect_disconnect(&r, RLPX_DISC_UNEXPECTED_IDENTITY);
    ck_assert_int_eq(rig_finish(&r), PN_EIDENTITY);
    rig_teardown(&r);
}
END_TEST

/* Somebody else answers at the address: without the key it cannot open the packet. */
START_TEST(another_node_than_the_dialled_one_is_not_talked_to)
{
    struct rig r;
    uint8_t junk[300];

    rig_setup(&r, 10);
    rig_connect_outbound(&r);
    random_bytes(junk, sizeof junk);
    junk[0] = 1;
    junk[1] = 0x2a; /* 298 bytes follow */
    remote_write(&r, junk, sizeof junk);
    ck_assert_int_eq(rig_finish(&r), PN_EHANDSHAKE);
    rig_teardown(&r);
}
END_TEST

/* R1: nothing is answered, whatever was wrong. */
START_TEST(a_handshake_packet_of_junk_ends_it_without_a_word)
{
    for (int i = 0; i < 3; i++) {
        uint8_t junk[2 + 400] = {1, 0x90, 4};
        struct rig r;

        rig_setup(&r, 10);
        rig_connect_inbound(&r);
        if (i > 0)
            random_bytes(junk + 2, sizeof junk - 2);
        if (i > 1)
            junk[0] = 0xff; /* 65,424 bytes: too long */
        remote_write(&r, junk, sizeof junk);
        ck_assert_int_eq(recv(r.fd, junk, sizeof junk, 0), 0);
        ck_assert_int_eq(rig_finish(&r), PN_EHANDSHAKE);
        rig_teardown(&r);
    }
}
END_TEST

static bool is_done(struct rig *r)
{
    return quit_requested(&r->done);
}

/* Returns: how far the test clock was moved, in milliseconds. */
static int64_t advance_until_done(struct rig *r, int64_t at_most_ms)
{
    for (int64_t moved = 0; moved <= at_most_ms; moved += 100) {
        for (int i = 0; i < 6; i++) {
            if (is_done(r))
                return moved;
            poll(NULL, 0, 1);
        }
        clock_test_advance_ms(100);
    }
    return -1;
}

/* R2: five seconds in all, however the bytes are dealt out. */
START_TEST(a_handshake_has_five_seconds_in_all)
{
    for (int stage = 0; stage < 3; stage++) {
        int64_t moved;
        struct rig r;

        clock_test_start(1700000000);
        rig_setup(&r, 10);
        rig_connect_inbound(&r);
        if (stage == 1)
            remote_write(&r, "\1\x90\4", 3);
        if (stage == 2)
            remote_dial(&r); /* and no Hello */
        moved = advance_until_done(&r, 20000);
        ck_assert_msg(moved >= 4900 && moved <= 5500, "stage %d ended after %lld ms", stage,
                      (long long)moved);
        ck_assert_int_eq(rig_finish(&r), PN_ETIMEDOUT);
        rig_teardown(&r);
    }
}
END_TEST

START_TEST(silence_ends_it_after_thirty_seconds_with_pings_before)
{
    int64_t moved;
    struct rig r;

    clock_test_start(1700000000);
    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/1");
    echo(&r, "x");
    moved = advance_until_done(&r, 60000);
    ck_assert_msg(moved >= 29000 && moved <= 31000, "ended after %lld ms", (long long)moved);
    ck_assert_int_eq(remote_recv(&r), P2P_PING);
    while (remote_recv(&r) == P2P_PING)
        ;
    ck_assert_int_eq(rig_finish(&r), PN_EIDLE);
    rig_teardown(&r);
}
END_TEST

START_TEST(pings_are_answered_and_pongs_measured)
{
    struct peer_stats stats;
    struct rig r;

    clock_test_start(1700000000);
    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    for (int i = 0; i < 50; i++)
        remote_send(&r, P2P_PING, "\xc0", 1);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(remote_recv(&r), P2P_PONG);
    for (int i = 0; i < 150; i++) { /* the ping thread begins when it is scheduled */
        clock_test_advance_ms(100);
        poll(NULL, 0, 2);
    }
    clock_test_advance_ms(100);
    ck_assert_int_eq(remote_recv(&r), P2P_PING);
    clock_test_advance_ms(40);
    remote_send(&r, P2P_PONG, "\xc0", 1);
    echo(&r, "after the pong");
    peer_stats(r.peer, &stats);
    ck_assert_int_ge(stats.ping_us, 40000);
    peer_disconnect(r.peer, PN_EQUIT);
    rig_finish(&r);
    rig_teardown(&r);
}
END_TEST

/* Both forms, compressed or not (@ethereumjs/devp2p sends the bare one, uncompressed). */
START_TEST(a_disconnect_is_understood_in_all_of_its_forms)
{
    for (int form = 0; form < 4; form++) {
        struct rig r;

        rig_setup(&r, 10);
        rig_shake_hands(&r, "toy/1");
        echo(&r, "x");
        r.compress = form & 1;
        remote_send(&r, P2P_DISCONNECT, form & 2 ? "\x04" : "\xc1\x04", form & 2 ? 1 : 2);
        r.compress = true;
        ck_assert_int_eq(remote_recv(&r), -1); /* nothing is answered */
        ck_assert_int_eq(rig_finish(&r), PN_EREMOTE_FULL);
        rig_teardown(&r);
    }
}
END_TEST

START_TEST(who_is_refused_before_hello_is_told_so)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_connect_inbound(&r);
    remote_dial(&r);
    remote_send(&r, P2P_DISCONNECT, "\xc1\x05", 2);
    ck_assert_int_eq(rig_finish(&r), PN_EREMOTE_CONNECTED);
    rig_teardown(&r);
}
END_TEST

/* Checkpoints: full, ourselves, already connected. */
START_TEST(the_first_checkpoint_refuses_who_cannot_stay)
{
    struct rig r;
    uint8_t other[EC_PUBKEY_BYTES] = {7};

    rig_setup(&r, 1); /* one peer, and that is dialled: no inbound place */
    rig_connect_inbound(&r);
    remote_dial(&r);
    ck_assert_int_eq(remote_recv(&r), P2P_DISCONNECT);
    ck_assert_mem_eq(r.plain.data, "\xc1\x04", 2);
    ck_assert_int_eq(rig_finish(&r), PN_EFULL);
    rig_teardown(&r);

    rig_setup(&r, 10);
    memcpy(r.secret, r.net->secret, sizeof r.secret);
    rig_connect_inbound(&r);
    remote_dial(&r);
    remote_expect_disconnect(&r, RLPX_DISC_SELF);
    ck_assert_int_eq(rig_finish(&r), PN_ESELF);
    rig_teardown(&r);

    rig_setup(&r, 10);
    ck_assert_int_eq(p2p_roster_add(&r.net->roster, NULL, other, 0), 0);
    ck_assert_int_eq(p2p_roster_add(&r.net->roster, NULL, r.pubkey, 0), 0);
    rig_connect_inbound(&r);
    remote_dial(&r);
    remote_expect_disconnect(&r, RLPX_DISC_CONNECTED);
    p2p_roster_leave(&r.net->roster, NULL, r.pubkey, true);
    p2p_roster_leave(&r.net->roster, NULL, other, true);
    ck_assert_int_eq(rig_finish(&r), PN_ECONNECTED);
    rig_teardown(&r);
}
END_TEST

/* Who breaks a rule is told which kind of rule. */
START_TEST(breaches_end_it_and_are_named)
{
    static const struct {
        unsigned code;
        const char *payload;
        size_t len;
        int reason;
        unsigned wire;
    } cases[] = {
        {P2P_HELLO, "\xc0", 1, PN_EPROTO, RLPX_DISC_BREACH},          /* a second one */
        {P2P_BASE_CODES + 4, "\xc0", 1, PN_EPROTO, RLPX_DISC_BREACH}, /* a code of nobody */
        {60000, "\xc0", 1, PN_EPROTO, RLPX_DISC_BREACH},
        {P2P_BASE_CODES + TOY_CODE_REFUSED, "\xc0", 1, PN_EFORMAT, RLPX_DISC_SUBPROTOCOL},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig r;

        rig_setup(&r, 10);
        rig_shake_hands(&r, "toy/2");
        remote_send(&r, 9, "\xc0", 1); /* a reserved code: passed over */
        echo(&r, "x");
        remote_send(&r, cases[i].code, cases[i].payload, cases[i].len);
        remote_expect_disconnect(&r, cases[i].wire);
        ck_assert_int_eq(rig_finish(&r), cases[i].reason);
        rig_teardown(&r);
    }
}
END_TEST

/* R4: what a payload claims to become is checked first. */
START_TEST(messages_above_their_limit_end_it)
{
    static uint8_t big[TOY_MAX_BYTES + 1];
    struct rig r;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    remote_send(&r, P2P_BASE_CODES + TOY_CODE_TAKEN, big, TOY_MAX_BYTES);
    echo(&r, "x");
    remote_send(&r, P2P_BASE_CODES + TOY_CODE_TAKEN, big, sizeof big);
    remote_expect_disconnect(&r, RLPX_DISC_BREACH);
    ck_assert_int_eq(rig_finish(&r), PN_ETOOLARGE);
    rig_teardown(&r);

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    r.compress = false;
    remote_send(&r, P2P_BASE_CODES + TOY_CODE_TAKEN, "\xff\xff\xff\xff\x0f", 5); /* 4 GiB */
    r.compress = true;
    remote_expect_disconnect(&r, RLPX_DISC_BREACH);
    ck_assert_int_eq(rig_finish(&r), PN_ETOOLARGE);
    rig_teardown(&r);
}
END_TEST

/* Before Hello nobody may send more than a Hello has. */
START_TEST(before_hello_only_small_frames_are_read)
{
    static uint8_t big[4000];
    struct rig r;

    rig_setup(&r, 10);
    rig_connect_inbound(&r);
    remote_dial(&r);
    remote_send(&r, P2P_HELLO, big, sizeof big);
    remote_expect_hello(&r);
    r.compress = false;
    remote_expect_disconnect(&r, RLPX_DISC_BREACH);
    ck_assert_int_eq(rig_finish(&r), PN_ETOOLARGE);
    rig_teardown(&r);
}
END_TEST

/* R9: one wrong bit is the end, and nothing is said to whoever changed it. */
START_TEST(a_changed_frame_is_the_end)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    echo(&r, "x");
    buf_reset(&r.wire);
    rlpx_frame_seal(&r.egress, &r.wire, P2P_PING, (struct bytes){(const uint8_t *)"\xc0", 1}, true);
    r.wire.data[r.wire.len - 1] ^= 1;
    remote_write(&r, r.wire.data, r.wire.len);
    ck_assert_int_eq(remote_recv(&r), -1);
    ck_assert_int_eq(rig_finish(&r), PN_EMAC);
    rig_teardown(&r);
}
END_TEST

/* R10: what follows a Disconnect is not looked at. */
START_TEST(nothing_behind_a_disconnect_is_handled)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    echo(&r, "x");
    remote_send(&r, P2P_DISCONNECT, "\xc1\x08", 2);
    for (int i = 0; i < 1000; i++)
        remote_send(&r, P2P_BASE_CODES + TOY_CODE_REFUSED, "\xc0", 1);
    ck_assert_int_eq(rig_finish(&r), PN_EREMOTE_QUITTING);
    ck_assert_int_eq(atomic_load(&r.log.messages), 1);
    rig_teardown(&r);
}
END_TEST

/* R8: pings from one who does not read. Work and memory stay bounded, and it is dropped. */
START_TEST(a_flood_of_pings_ends_at_the_write_deadline)
{
    unsigned threads = thread_count(ROLE_PEER_IN) + thread_count(ROLE_PEER_OUT);
    struct rig r;
    bool stuck = false;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/2");
    echo(&r, "x");
    r.net->peer_config.write_timeout_ms = 300;
    for (int i = 0; i < 1000000 && !stuck && !is_done(&r); i++) {
        ssize_t n;

        buf_reset(&r.wire);
        rlpx_frame_seal(&r.egress, &r.wire, P2P_PING, (struct bytes){(const uint8_t *)"\xc0", 1},
                        true);
        n = send(r.fd, r.wire.data, r.wire.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        for (int wait = 0; n < 0 && wait < 3000 && !is_done(&r); wait++) {
            poll(NULL, 0, 1);
            n = send(r.fd, r.wire.data, r.wire.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        stuck = n != (ssize_t)r.wire.len;
        ck_assert_uint_le(thread_count(ROLE_PEER_IN) + thread_count(ROLE_PEER_OUT), threads + 2);
    }
    ck_assert_int_eq(rig_finish(&r), PN_ESLOW);
    rig_teardown(&r);
}
END_TEST

/* A frame for all reaches a peer whose version does not have the message: it is left out. */
START_TEST(messages_of_a_later_version_are_not_sent_to_an_older_one)
{
    struct rig r;

    rig_setup(&r, 10);
    rig_shake_hands(&r, "toy/1");
    echo(&r, "x");
    ck_assert_int_eq(peer_send(r.peer, p2p_frame(0, TOY_CODE_TAKEN, "\xc0", 1), 0), 0);
    ck_assert_int_eq(peer_send(r.peer, p2p_frame(0, TOY_CODE_STATUS, "\xc0", 1), 0), 0);
    ck_assert_int_eq(remote_recv(&r), P2P_BASE_CODES + TOY_CODE_STATUS);
    peer_disconnect(r.peer, PN_EQUIT);
    rig_finish(&r);
    rig_teardown(&r);
}
END_TEST

/* --- without memory --- */

START_TEST(without_memory_there_is_no_network_and_nothing_is_lost)
{
    struct p2p_config config = {.client = "x", .max_peers = 5, .peer = P2P_PEER_CONFIG};
    struct p2p *n = NULL;
    int rc = PN_ENOMEM;

    ec_secret_generate(config.secret);
    for (unsigned long i = 1; rc == PN_ENOMEM; i++) {
        mem_fail_at(i, 0);
        rc = p2p_new(&n, &config);
        mem_fail_at(0, 0);
        ck_assert_uint_lt(i, 100);
    }
    ck_assert_int_eq(rc, 0);
    p2p_free(n);
}
END_TEST

START_TEST(without_memory_a_connection_is_not_attached)
{
    struct peer_setup setup = {.kind = CONN_INBOUND};
    int rc = PN_ENOMEM;
    struct rig r;

    rig_setup(&r, 10);
    for (unsigned long i = 1; rc == PN_ENOMEM; i++) {
        mem_fail_at(i, 0);
        rc = p2p_peer_attach(r.net, &setup);
        mem_fail_at(0, 0);
        ck_assert_uint_lt(i, 100);
    }
    ck_assert_int_eq(rc, 0);
    p2p_peer_detach(r.net, &setup);
    ck_assert_int_eq(atomic_load(&r.log.attached), atomic_load(&r.log.released));
    rig_teardown(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("p2p_session");
    TCase *t = tcase_create("p2p_session");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_inbound_connection_becomes_a_peer);
    tcase_add_test(t, an_outbound_connection_becomes_a_peer);
    tcase_add_test(t, nothing_in_common_is_a_useless_peer);
    tcase_add_test(t, a_hello_in_somebody_elses_name_is_refused);
    tcase_add_test(t, another_node_than_the_dialled_one_is_not_talked_to);
    tcase_add_test(t, a_handshake_packet_of_junk_ends_it_without_a_word);
    tcase_add_test(t, a_handshake_has_five_seconds_in_all);
    tcase_add_test(t, silence_ends_it_after_thirty_seconds_with_pings_before);
    tcase_add_test(t, pings_are_answered_and_pongs_measured);
    tcase_add_test(t, a_disconnect_is_understood_in_all_of_its_forms);
    tcase_add_test(t, who_is_refused_before_hello_is_told_so);
    tcase_add_test(t, the_first_checkpoint_refuses_who_cannot_stay);
    tcase_add_test(t, breaches_end_it_and_are_named);
    tcase_add_test(t, messages_above_their_limit_end_it);
    tcase_add_test(t, before_hello_only_small_frames_are_read);
    tcase_add_test(t, a_changed_frame_is_the_end);
    tcase_add_test(t, nothing_behind_a_disconnect_is_handled);
    tcase_add_test(t, a_flood_of_pings_ends_at_the_write_deadline);
    tcase_add_test(t, messages_of_a_later_version_are_not_sent_to_an_older_one);
    tcase_add_test(t, without_memory_there_is_no_network_and_nothing_is_lost);
    tcase_add_test(t, without_memory_a_connection_is_not_attached);
    return harness_run(s);
}
