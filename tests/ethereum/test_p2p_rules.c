/* The p2p layer's decisions, without connections: capabilities, reasons, places, the throttle. */
#include <string.h>

#include "base/err.h"
#include "ethereum/p2p/caps.h"
#include "ethereum/p2p/codes.h"
#include "ethereum/p2p/reason.h"
#include "ethereum/p2p/roster.h"
#include "ethereum/p2p/throttle.h"
#include "harness.h"

enum { SECOND = 1000000 };

/* --- capabilities --- */

static const struct p2p_protocol eth = {
    .name = "eth", .versions = {{66, 17}, {68, 17}, {69, 18}}, .n_versions = 3};
static const struct p2p_protocol aaa = {
    .name = "aaa", .versions = {{1, 5}, {2, 7}}, .n_versions = 2};
static const struct p2p_protocol *const both[] = {&eth, &aaa};

static struct rlpx_hello hello_of(unsigned n, const struct rlpx_cap *caps)
{
    struct rlpx_hello h = {.n_caps = n};

    memcpy(h.caps, caps, n * sizeof *caps);
    return h;
}

START_TEST(the_highest_shared_version_counts_whatever_the_order)
{
    static const struct rlpx_cap caps[] = {{"eth", 68}, {"eth", 67}, {"eth", 70}, {"eth", 66}};
    struct rlpx_hello h = hello_of(4, caps);
    struct p2p_match m[P2P_PROTOCOLS_MAX];

    ck_assert_int_eq(p2p_caps_match(m, both, 2, &h), 0);
    ck_assert_uint_eq(m[0].version, 68);
    ck_assert_uint_eq(m[0].offset, 16);
    ck_assert_uint_eq(m[1].version, 0);
}
END_TEST

START_TEST(codes_are_dealt_out_in_the_order_of_names)
{
    static const struct rlpx_cap caps[] = {{"eth", 69}, {"zzz", 1}, {"aaa", 1}, {"aaa", 2}};
    struct rlpx_hello h = hello_of(4, caps);
    struct p2p_match m[P2P_PROTOCOLS_MAX];
    unsigned protocol, code;

    ck_assert_int_eq(p2p_caps_match(m, both, 2, &h), 0);
    ck_assert_uint_eq(m[1].offset, 16);
    ck_assert_uint_eq(m[0].offset, 16 + 7);
    ck_assert_int_eq(p2p_caps_find(&protocol, &code, m, 22), 0);
    ck_assert_uint_eq(protocol, 1);
    ck_assert_uint_eq(code, 6);
    ck_assert_int_eq(p2p_caps_find(&protocol, &code, m, 23), 0);
    ck_assert_uint_eq(protocol, 0);
    ck_assert_uint_eq(code, 0);
    ck_assert_int_eq(p2p_caps_find(&protocol, &code, m, 23 + 17), 0);
    ck_assert_int_eq(p2p_caps_find(&protocol, &code, m, 23 + 18), PN_EPROTO);
}
END_TEST

START_TEST(nothing_shared_is_of_no_use)
{
    static const struct rlpx_cap caps[] = {{"les", 4}, {"eth", 63}, {"et", 68}, {"ethh", 68}};
    struct p2p_match m[P2P_PROTOCOLS_MAX];
    struct rlpx_hello h = hello_of(4, caps);

    ck_assert_int_eq(p2p_caps_match(m, both, 2, &h), PN_EUSELESS);
    h.n_caps = 0;
    ck_assert_int_eq(p2p_caps_match(m, both, 2, &h), PN_EUSELESS);
}
END_TEST

START_TEST(all_versions_are_announced)
{
    struct rlpx_hello h = {0};

    p2p_caps_announce(&h, both, 2);
    ck_assert_uint_eq(h.n_caps, 5);
    ck_assert_str_eq(h.caps[0].name, "eth");
    ck_assert_uint_eq(h.caps[2].version, 69);
    ck_assert_str_eq(h.caps[4].name, "aaa");
}
END_TEST

/* --- reasons --- */

START_TEST(every_reason_of_the_wire_has_one_of_ours)
{
    for (unsigned n = 0; n < 300; n++) {
        int reason = p2p_reason_from_wire(n);
        enum rlpx_disconnect back;

        ck_assert(reason >= PN_EREMOTE_REQUESTED && reason <= PN_EREMOTE_OTHER);
        ck_assert(!p2p_reason_to_wire(&back, reason, false)); /* who has parted is told nothing */
    }
    ck_assert_int_eq(p2p_reason_from_wire(4), PN_EREMOTE_FULL);
    ck_assert_int_eq(p2p_reason_from_wire(0x10), PN_EREMOTE_SUBPROTOCOL);
    ck_assert_int_eq(p2p_reason_from_wire(0x0c), PN_EREMOTE_OTHER);
}
END_TEST

START_TEST(a_breach_is_named_by_who_saw_it)
{
    enum rlpx_disconnect d;

    ck_assert(p2p_reason_to_wire(&d, PN_EFORMAT, false) && d == RLPX_DISC_BREACH);
    ck_assert(p2p_reason_to_wire(&d, PN_EFORMAT, true) && d == RLPX_DISC_SUBPROTOCOL);
    ck_assert(p2p_reason_to_wire(&d, PN_EUSELESS, true) && d == RLPX_DISC_USELESS);
    ck_assert(!p2p_reason_to_wire(&d, PN_EEOF, false));
    ck_assert(!p2p_reason_to_wire(&d, PN_EHANDSHAKE, false));
}
END_TEST

/* --- places --- */

static uint8_t *key_of(unsigned n)
{
    static uint8_t key[EC_PUBKEY_BYTES];

    memset(key, 0, sizeof key);
    key[0] = (uint8_t)(n >> 8);
    key[1] = (uint8_t)n;
    return key;
}

static void roster(struct p2p_roster *r, unsigned max_peers)
{
    struct p2p_limits limits = p2p_limits_of(max_peers);

    ck_assert_int_eq(p2p_roster_init(r, &limits, 4, key_of(9999)), 0);
}

START_TEST(a_third_of_the_places_is_kept_for_dialled_peers)
{
    struct p2p_roster r;

    roster(&r, 30);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(i), P2P_INBOUND), 0);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(20), P2P_INBOUND), PN_EFULL);
    for (unsigned i = 20; i < 30; i++)
        ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(i), 0), 0);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(30), 0), PN_EFULL);
    ck_assert_int_eq(p2p_roster_check(&r, key_of(30), 0), PN_EFULL);
    /* and above them, those the operator named */
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(30), P2P_TRUSTED | P2P_INBOUND), 0);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(31), P2P_STATIC), 0);
    ck_assert_uint_eq(p2p_roster_count(&r), 32);
    p2p_roster_leave(&r, NULL, key_of(3), true);
    ck_assert(!p2p_roster_has(&r, key_of(3)));
    ck_assert(p2p_roster_has(&r, key_of(31)));
    p2p_roster_free(&r);
}
END_TEST

START_TEST(dialled_peers_may_take_places_that_inbound_ones_leave_free)
{
    struct p2p_roster r;

    roster(&r, 9);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(i), 0), 0);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(9), 0), PN_EFULL);
    p2p_roster_free(&r);
}
END_TEST

START_TEST(nobody_has_two_places_and_we_have_none)
{
    struct p2p_roster r;

    roster(&r, 10);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(1), 0), 0);
    ck_assert_int_eq(p2p_roster_add(&r, NULL, key_of(1), P2P_TRUSTED), PN_ECONNECTED);
    ck_assert_int_eq(p2p_roster_check(&r, key_of(1), P2P_INBOUND), PN_ECONNECTED);
    ck_assert_int_eq(p2p_roster_check(&r, key_of(9999), P2P_TRUSTED), PN_ESELF);
    p2p_roster_free(&r);
}
END_TEST

START_TEST(one_peer_alone_is_a_dialled_one)
{
    ck_assert_uint_eq(p2p_limits_of(1).max_dialled, 1);
    ck_assert_uint_eq(p2p_limits_of(2).max_dialled, 1);
    ck_assert_uint_eq(p2p_limits_of(50).max_dialled, 16);
}
END_TEST

/* --- the throttle --- */

static struct net_addr address(unsigned n)
{
    return (struct net_addr){.kind = NET_IPV4,
                             .port = (uint16_t)n,
                             .bytes = {88, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

START_TEST(an_address_may_come_again_after_thirty_seconds)
{
    static struct p2p_throttle t;
    struct net_addr a = address(1), b = address(2);
    int64_t now = 100 * SECOND;

    ck_assert_int_eq(p2p_throttle_admit(&t, &a, now), 0);
    a.port = 77; /* another port is the same machine */
    ck_assert_int_eq(p2p_throttle_admit(&t, &a, now + 1), PN_ETHROTTLED);
    ck_assert_int_eq(p2p_throttle_admit(&t, &b, now + 2), 0);
    ck_assert_int_eq(p2p_throttle_admit(&t, &a, now + 30 * SECOND - 1), PN_ETHROTTLED);
    ck_assert_int_eq(p2p_throttle_admit(&t, &a, now + 30 * SECOND), 0);
    ck_assert_int_eq(p2p_throttle_admit(&t, &a, now + 31 * SECOND), PN_ETHROTTLED);
}
END_TEST

START_TEST(local_addresses_are_not_throttled)
{
    static struct p2p_throttle t;
    static const struct net_addr local[] = {{.kind = NET_IPV4, .bytes = {127, 0, 0, 1}},
                                            {.kind = NET_IPV4, .bytes = {192, 168, 7, 7}},
                                            {.kind = NET_IPV6, .bytes = {[15] = 1}}};

    for (unsigned i = 0; i < 3; i++)
        for (int again = 0; again < 3; again++)
            ck_assert_int_eq(p2p_throttle_admit(&t, &local[i], SECOND), 0);
}
END_TEST

START_TEST(the_throttle_is_bounded_and_forgets_the_oldest)
{
    static struct p2p_throttle t;

    for (unsigned i = 0; i < P2P_THROTTLE_MAX + 1; i++) {
        struct net_addr a = address(i);

        ck_assert_int_eq(p2p_throttle_admit(&t, &a, SECOND + i), 0);
    }
    for (unsigned i = 0; i < P2P_THROTTLE_MAX + 1; i++) {
        struct net_addr a = address(P2P_THROTTLE_MAX - i);
        static struct p2p_throttle copy;

        copy = t;
        ck_assert_int_eq(p2p_throttle_admit(&copy, &a, 2 * SECOND),
                         i < P2P_THROTTLE_MAX ? PN_ETHROTTLED : 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("p2p_rules");
    TCase *t = tcase_create("p2p_rules");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_highest_shared_version_counts_whatever_the_order);
    tcase_add_test(t, codes_are_dealt_out_in_the_order_of_names);
    tcase_add_test(t, nothing_shared_is_of_no_use);
    tcase_add_test(t, all_versions_are_announced);
    tcase_add_test(t, every_reason_of_the_wire_has_one_of_ours);
    tcase_add_test(t, a_breach_is_named_by_who_saw_it);
    tcase_add_test(t, a_third_of_the_places_is_kept_for_dialled_peers);
    tcase_add_test(t, dialled_peers_may_take_places_that_inbound_ones_leave_free);
    tcase_add_test(t, nobody_has_two_places_and_we_have_none);
    tcase_add_test(t, one_peer_alone_is_a_dialled_one);
    tcase_add_test(t, an_address_may_come_again_after_thirty_seconds);
    tcase_add_test(t, local_addresses_are_not_throttled);
    tcase_add_test(t, the_throttle_is_bounded_and_forgets_the_oldest);
    return harness_run(s);
}
