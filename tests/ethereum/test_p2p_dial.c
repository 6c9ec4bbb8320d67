/* Whom to dial: static nodes, what discovery finds, bootnodes when there is nobody, and nobody
 * twice in a short time. */
#include <string.h>

#include "base/err.h"
#include "ethereum/p2p/dial_state.h"
#include "harness.h"

#define SECOND INT64_C(1000000)

/* A world of nodes by number: who is connected, and what discovery offers. */
static struct world {
    bool connected[256];
    unsigned peers;
    uint8_t offers[256];
    unsigned n_offers, next_offer;
} world;

static struct p2p_dial_state dial;

static struct eth_node node(uint8_t n)
{
    struct eth_node e = {.udp = {.kind = NET_IPV4, .port = 30303, .bytes = {10, 0, 0, n}},
                         .tcp_port = 30303};

    e.pubkey[0] = n;
    return e;
}

static bool is_connected(void *arg, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    (void)arg;
    return world.connected[pubkey[0]];
}

static unsigned peers(void *arg)
{
    (void)arg;
    return world.peers;
}

static int candidate(void *arg, struct eth_node *out)
{
    (void)arg;
    if (world.next_offer == world.n_offers)
        return PN_EAGAIN;
    *out = node(world.offers[world.next_offer++]);
    return 0;
}

static void offer(uint8_t n)
{
    world.offers[world.n_offers++] = n;
}

static void setup(void)
{
    const struct p2p_dial_world w = {
        .is_connected = is_connected, .peers = peers, .candidate = candidate};
    struct eth_node self = node(255);

    memset(&world, 0, sizeof world);
    p2p_dial_init(&dial, &w, self.pubkey, P2P_HISTORY_MS, SECOND);
    world.peers = 1;
}

static void add_static(uint8_t n)
{
    struct eth_node e = node(n);

    ck_assert_int_eq(p2p_dial_add_static(&dial, &e), 0);
}

/* The number of the next node to be dialled, or 0. */
static uint8_t next_static(int64_t now)
{
    struct eth_node e;

    return p2p_dial_next_static(&dial, &e, now) == 0 ? e.pubkey[0] : 0;
}

static uint8_t next_dynamic(int64_t now)
{
    struct eth_node e;

    return p2p_dial_next_dynamic(&dial, &e, now) == 0 ? e.pubkey[0] : 0;
}

START_TEST(static_nodes_are_dialled_once_and_again_when_their_time_is_over)
{
    setup();
    add_static(1);
    add_static(2);
    ck_assert_uint_eq(next_static(SECOND), 1);
    ck_assert_uint_eq(next_static(SECOND), 2);
    ck_assert_uint_eq(next_static(SECOND), 0);
    ck_assert_uint_eq(next_static(SECOND + 34 * SECOND), 0);
    world.connected[1] = true;
    ck_assert_uint_eq(next_static(SECOND + 41 * SECOND), 2);
    world.connected[1] = false; /* it was there longer than the history goes back */
    ck_assert_uint_eq(next_static(SECOND + 41 * SECOND), 1);
}
END_TEST

START_TEST(a_node_is_named_once_and_never_ourselves)
{
    struct eth_node e = node(1), other = node(2);

    setup();
    add_static(1);
    ck_assert_int_eq(p2p_dial_add_static(&dial, &e), PN_EEXIST);
    other.udp = e.udp; /* two nodes at one address cannot both be there */
    ck_assert_int_eq(p2p_dial_add_static(&dial, &other), PN_EEXIST);
    e = node(255);
    ck_assert_int_eq(p2p_dial_add_static(&dial, &e), PN_ESELF);
    for (unsigned i = 2; i <= P2P_STATIC_MAX; i++)
        add_static((uint8_t)i);
    e = node(254);
    ck_assert_int_eq(p2p_dial_add_static(&dial, &e), PN_ELIMIT);
}
END_TEST

START_TEST(candidates_are_taken_but_for_those_who_are_no_good)
{
    struct eth_node silent = node(77);

    setup();
    add_static(5);
    world.connected[3] = true;
    offer(255); /* ourselves */
    offer(3);   /* connected */
    offer(5);   /* static: it has no dynamic place */
    offer(6);
    offer(6); /* dialled a moment ago */
    offer(7);
    ck_assert_uint_eq(next_dynamic(SECOND), 6);
    ck_assert_uint_eq(next_dynamic(SECOND), 7);
    ck_assert_uint_eq(next_dynamic(SECOND), 0);
    offer(6);
    ck_assert_uint_eq(next_dynamic(SECOND + 30 * SECOND), 0);
    offer(6);
    ck_assert_uint_eq(next_dynamic(SECOND + 41 * SECOND), 6);
    silent.tcp_port = 0; /* takes no connections */
    ck_assert_int_eq(p2p_dial_add_static(&dial, &silent), 0);
    ck_assert_uint_eq(next_static(SECOND + 41 * SECOND), 5);
    ck_assert_uint_eq(next_static(SECOND + 41 * SECOND), 0);
}
END_TEST

START_TEST(one_dial_looks_at_a_bounded_number_of_candidates)
{
    setup();
    world.connected[3] = true;
    for (int i = 0; i < 100; i++)
        offer(3);
    ck_assert_uint_eq(next_dynamic(SECOND), 0);
    ck_assert_uint_eq(world.next_offer, P2P_DYNAMIC_TRIES_MAX);
}
END_TEST

START_TEST(bootnodes_are_dialled_in_turn_when_there_is_nobody_for_a_while)
{
    struct eth_node boot[] = {node(11), node(12)};

    setup();
    world.peers = 0;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(p2p_dial_add_bootnode(&dial, &boot[i]), 0);
    ck_assert_uint_eq(next_dynamic(SECOND), 0);
    ck_assert_uint_eq(next_dynamic(20 * SECOND), 0);
    ck_assert_uint_eq(next_dynamic(21 * SECOND), 11);
    ck_assert_uint_eq(next_dynamic(21 * SECOND), 12);
    ck_assert_uint_eq(next_dynamic(21 * SECOND), 0); /* both were dialled just now */
    offer(6);
    ck_assert_uint_eq(next_dynamic(21 * SECOND), 6);
    ck_assert_uint_ne(next_dynamic(62 * SECOND), 0);
    world.peers = 1;
    ck_assert_uint_eq(next_dynamic(200 * SECOND), 0);
}
END_TEST

START_TEST(a_dialled_node_is_found_by_its_address)
{
    struct eth_node e = node(1);
    struct net_addr tcp = p2p_dial_addr(&e);

    setup();
    ck_assert_ptr_null(p2p_dial_find(&dial, &tcp));
    add_static(1);
    next_static(SECOND);
    offer(2);
    next_dynamic(SECOND);
    ck_assert_ptr_nonnull(p2p_dial_find(&dial, &tcp));
    ck_assert(p2p_dial_find(&dial, &tcp)->is_static);
    ck_assert_uint_eq(p2p_dial_find(&dial, &tcp)->node.pubkey[0], 1);
    e = node(2);
    tcp = p2p_dial_addr(&e);
    ck_assert(!p2p_dial_find(&dial, &tcp)->is_static);
}
END_TEST

START_TEST(the_history_is_bounded_and_forgets_the_oldest)
{
    setup();
    for (unsigned i = 0; i < P2P_HISTORY_MAX; i++) {
        struct eth_node e = node((uint8_t)(i % 200 + 1));

        e.pubkey[1] = (uint8_t)(i / 200);
        e.udp.bytes[1] = (uint8_t)(i / 200);
        world.n_offers = world.next_offer = 0;
        dial.history[dial.next_history] = (struct p2p_dialled){.node = e, .until_us = 100 * SECOND};
        dial.next_history = (dial.next_history + 1) % P2P_HISTORY_MAX;
    }
    offer(1);
    ck_assert_uint_eq(next_dynamic(SECOND), 0); /* remembered still */
    offer(250);
    ck_assert_uint_eq(next_dynamic(SECOND), 250);
    offer(1);
    ck_assert_uint_eq(next_dynamic(SECOND), 1); /* 250 took its place */
}
END_TEST

/* Resolving: at once, then after one, two, four minutes ... an hour; from the start when found. */
START_TEST(an_unreachable_static_node_is_resolved_with_growing_delays)
{
    static const int64_t delays_s[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    struct eth_node e = node(1), moved = node(9);
    struct net_addr tcp = p2p_dial_addr(&e);
    int64_t now = SECOND;

    setup();
    add_static(1);
    ck_assert_ptr_null(p2p_dial_to_resolve(&dial, now)); /* it has not failed */
    p2p_dial_tried(&dial, &tcp, PN_EREFUSED);
    for (unsigned i = 0; i < sizeof delays_s / sizeof delays_s[0]; i++) {
        ck_assert_ptr_nonnull(p2p_dial_to_resolve(&dial, now));
        ck_assert_ptr_null(p2p_dial_to_resolve(&dial, now));
        p2p_dial_resolved(&dial, e.pubkey, NULL);
        now += delays_s[i] * SECOND;
        ck_assert_ptr_null(p2p_dial_to_resolve(&dial, now - 1));
    }
    ck_assert_ptr_nonnull(p2p_dial_to_resolve(&dial, now));
    memcpy(moved.pubkey, e.pubkey, sizeof e.pubkey);
    p2p_dial_resolved(&dial, e.pubkey, &moved);
    ck_assert_ptr_null(p2p_dial_to_resolve(&dial, now + 7200 * SECOND));
    ck_assert_int_eq(p2p_dial_next_static(&dial, &e, now), 0);
    ck_assert_uint_eq(e.udp.bytes[3], 9);
}
END_TEST

START_TEST(a_static_node_without_an_address_is_resolved_before_it_is_dialled)
{
    struct eth_node e = node(1), found = node(1);

    setup();
    e.udp.kind = NET_NONE;
    ck_assert_int_eq(p2p_dial_add_static(&dial, &e), 0);
    ck_assert_uint_eq(next_static(SECOND), 0);
    ck_assert_ptr_nonnull(p2p_dial_to_resolve(&dial, SECOND));
    p2p_dial_resolved(&dial, e.pubkey, &found);
    ck_assert_uint_eq(next_static(SECOND), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("p2p_dial");
    TCase *t = tcase_create("p2p_dial");

    suite_add_tcase(s, t);
    tcase_add_test(t, static_nodes_are_dialled_once_and_again_when_their_time_is_over);
    tcase_add_test(t, a_node_is_named_once_and_never_ourselves);
    tcase_add_test(t, candidates_are_taken_but_for_those_who_are_no_good);
    tcase_add_test(t, one_dial_looks_at_a_bounded_number_of_candidates);
    tcase_add_test(t, bootnodes_are_dialled_in_turn_when_there_is_nobody_for_a_while);
    tcase_add_test(t, a_dialled_node_is_found_by_its_address);
    tcase_add_test(t, the_history_is_bounded_and_forgets_the_oldest);
    tcase_add_test(t, an_unreachable_static_node_is_resolved_with_growing_delays);
    tcase_add_test(t, a_static_node_without_an_address_is_resolved_before_it_is_dialled);
    return harness_run(s);
}
