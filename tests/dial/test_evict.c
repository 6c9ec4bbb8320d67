/* Eviction: each protection by itself, and the choice among those that are left. */
#include <string.h>

#include "base/random.h"
#include "dial/evict.h"
#include "test_policy.h"

enum { MAX = 256, NOBODY = UINT16_MAX };

/* The peers of a test; evict_choose gets a copy. */
static struct evict_candidate peers[MAX];
static size_t n_peers;

static void setup(void)
{
    n_peers = 0;
    random_test_start(6);
}

static void teardown(void)
{
    random_test_stop();
}

/* n peers that nothing sets apart but that each came later than the one before. */
static void make_peers(size_t n)
{
    n_peers = n;
    for (size_t i = 0; i < n; i++)
        peers[i] = (struct evict_candidate){
            .id = i,
            .keyed_group = 1000 + i,
            .connected_us = 1000000 + (int64_t)i,
            .min_ping_us = EVICT_NO_PING,
            .network = NET_IPV4,
            .relevant_services = true,
            .relays_txs = true,
        };
}

/* Who is evicted, or NOBODY. */
static uint64_t evicted(void)
{
    static struct evict_candidate copy[MAX];
    uint64_t id = NOBODY;

    memcpy(copy, peers, n_peers * sizeof *peers);
    for (size_t i = n_peers; i > 1; i--) { /* the order that they come in is no virtue */
        size_t k = random_below(i);
        struct evict_candidate swap = copy[i - 1];

        copy[i - 1] = copy[k];
        copy[k] = swap;
    }
    return evict_choose(&id, copy, n_peers) ? id : NOBODY;
}

/* Whether a peer is out of reach: it stays although it alone is one that we would rather lose. */
static bool is_protected(size_t i)
{
    bool stays;

    peers[i].prefer_evict = true;
    stays = evicted() != peers[i].id;
    peers[i].prefer_evict = false;
    return stays;
}

static void check_protected(size_t first, size_t end, bool want)
{
    for (size_t i = first; i < end; i++)
        ck_assert_msg(is_protected(i) == want, "peer %zu: expected it %s", i,
                      want ? "protected" : "open to eviction");
}

/* Behind these 20, which take up the first four protections, stand the peers of a test. */
enum { DECOYS = 20 };

static void make_peers_behind_decoys(size_t n)
{
    make_peers(DECOYS + n);
    for (size_t i = 0; i < DECOYS; i++) {
        peers[i].connected_us = 9000000; /* not protected as the oldest */
        if (i < 4)
            peers[i].keyed_group = UINT64_MAX - i;
        else if (i < 12)
            peers[i].min_ping_us = 1;
        else if (i < 16)
            peers[i].last_tx_us = 1;
        else
            peers[i].last_block_us = 1;
    }
}

START_TEST(with_nobody_there_nobody_goes)
{
    uint64_t id = NOBODY;

    ck_assert(!evict_choose(&id, NULL, 0));
    ck_assert_uint_eq(id, NOBODY);
}
END_TEST

START_TEST(twenty_peers_are_all_protected)
{
    for (size_t n = 1; n <= 20; n++) {
        make_peers(n);
        ck_assert_uint_eq(evicted(), NOBODY);
    }
    make_peers(21);
    ck_assert_uint_ne(evicted(), NOBODY);
}
END_TEST

/* Core's own tests hold their code to the same: 29 is the number from which one always goes. */
START_TEST(of_29_peers_whatever_they_are_one_goes)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};

    for (int round = 0; round < 2000; round++) {
        make_peers(29 + random_below(60));
        for (size_t i = 0; i < n_peers; i++) {
            peers[i].keyed_group = random_below(20);
            peers[i].min_ping_us = (int64_t)random_below(100);
            peers[i].connected_us = (int64_t)random_below(100);
            peers[i].last_tx_us = (int64_t)random_below(10);
            peers[i].last_block_us = (int64_t)random_below(10);
            peers[i].network = kinds[random_below(5)];
            peers[i].local = random_below(2);
            peers[i].relays_txs = random_below(2);
            peers[i].bloom_filter = random_below(2);
            peers[i].relevant_services = random_below(2);
            peers[i].prefer_evict = random_below(8) == 0;
        }
        ck_assert_uint_lt(evicted(), n_peers);
    }
}
END_TEST

START_TEST(whitelisted_peers_never_go)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++)
        peers[i].noban = i != 50 && i % 3 != 0;
    for (int round = 0; round < 20; round++) {
        uint64_t id = evicted();

        ck_assert_uint_ne(id, NOBODY);
        ck_assert(!peers[id].noban);
    }
    for (size_t i = 0; i < 100; i++)
        peers[i].noban = true;
    ck_assert_uint_eq(evicted(), NOBODY);
}
END_TEST

/* In these tests the youngest, who have no other merit, are given one. */
START_TEST(four_peers_are_protected_by_their_keyed_group)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++)
        peers[i].keyed_group = i < 95 ? 7 : 1000 + i;
    check_protected(96, 100, true);
    ck_assert(!is_protected(95));
}
END_TEST

START_TEST(eight_peers_are_protected_by_their_ping)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++) {
        peers[i].keyed_group = 7;
        peers[i].min_ping_us = 1000;
    }
    for (size_t i = 88; i < 97; i++)
        peers[i].min_ping_us = 100 + (int64_t)i;
    check_protected(88, 96, true);
    check_protected(96, 98, false);
}
END_TEST

START_TEST(four_peers_are_protected_by_their_last_transaction)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++)
        peers[i].keyed_group = 7;
    for (size_t i = 90; i < 95; i++)
        peers[i].last_tx_us = (int64_t)i;
    check_protected(91, 95, true);
    ck_assert(!is_protected(90));
}
END_TEST

START_TEST(among_equals_in_transactions_a_bloom_filter_is_no_merit)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++) {
        peers[i].keyed_group = 7;
        peers[i].bloom_filter = i < 96;
    }
    for (size_t i = 80; i < 96; i++)
        peers[i].relays_txs = false;
    check_protected(96, 100, true);
}
END_TEST

START_TEST(among_equals_in_transactions_those_that_want_them_are_better)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++) {
        peers[i].keyed_group = 7;
        peers[i].relays_txs = i >= 96;
        peers[i].relevant_services = false;
    }
    check_protected(96, 100, true);
    ck_assert(!is_protected(95));
}
END_TEST

START_TEST(among_equals_in_blocks_those_that_could_send_them_are_better)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++) {
        peers[i].keyed_group = 7;
        peers[i].relevant_services = i >= 96;
    }
    check_protected(96, 100, true);
    ck_assert(!is_protected(95));
}
END_TEST

START_TEST(eight_block_relay_peers_are_protected_by_their_last_block)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++) {
        peers[i].keyed_group = 7;
        peers[i].last_block_us = 500;
    }
    for (size_t i = 80; i < 90; i++) {
        peers[i].relays_txs = false;
        peers[i].last_block_us = (int64_t)i;
    }
    check_protected(82, 90, true);
    check_protected(80, 82, false);
    peers[89].relevant_services = false; /* then it is not what this protection is for */
    ck_assert(!is_protected(89));
    ck_assert(!is_protected(81)); /* and its place goes to nobody */
}
END_TEST

START_TEST(four_peers_are_protected_by_their_last_block)
{
    make_peers(100);
    for (size_t i = 0; i < 100; i++)
        peers[i].keyed_group = 7;
    for (size_t i = 90; i < 95; i++)
        peers[i].last_block_us = (int64_t)i;
    check_protected(91, 95, true);
    ck_assert(!is_protected(90));
}
END_TEST

START_TEST(of_the_rest_the_older_half_is_protected)
{
    make_peers_behind_decoys(12);
    check_protected(0, DECOYS + 6, true);
    check_protected(DECOYS + 6, DECOYS + 12, false);
    make_peers_behind_decoys(13);
    check_protected(DECOYS, DECOYS + 6, true);
    check_protected(DECOYS + 6, DECOYS + 13, false);
}
END_TEST

START_TEST(half_of_that_half_is_for_a_network_that_is_crowded_out)
{
    for (int kind = 0; kind < 4; kind++) {
        static const enum net_kind kinds[] = {NET_CJDNS, NET_I2P, NET_TORV3, NET_IPV4};

        make_peers_behind_decoys(12);
        for (size_t i = DECOYS + 8; i < DECOYS + 12; i++) {
            peers[i].network = kinds[kind];
            peers[i].local = kinds[kind] == NET_IPV4;
        }
        check_protected(DECOYS, DECOYS + 3, true);
        check_protected(DECOYS + 3, DECOYS + 8, false);
        check_protected(DECOYS + 8, DECOYS + 11, true); /* three of its four, the oldest */
        ck_assert(!is_protected(DECOYS + 11));
    }
}
END_TEST

/* 24 peers: 12 places, 6 for networks: one for each, and the two left over for the smallest. */
START_TEST(several_such_networks_share_and_the_smallest_go_first)
{
    static const struct {
        enum net_kind network;
        size_t first, end, kept;
    } nets[] = {
        {NET_TORV3, 6, 12, 1}, {NET_IPV6, 12, 17, 1}, {NET_I2P, 17, 21, 2}, {NET_CJDNS, 21, 24, 2}};

    make_peers_behind_decoys(24);
    for (unsigned k = 0; k < 4; k++)
        for (size_t i = nets[k].first; i < nets[k].end; i++) {
            peers[DECOYS + i].network = nets[k].network;
            peers[DECOYS + i].local = nets[k].network == NET_IPV6;
        }
    check_protected(DECOYS, DECOYS + 6, true); /* the others by their age */
    for (unsigned k = 0; k < 4; k++) {
        check_protected(DECOYS + nets[k].first, DECOYS + nets[k].first + nets[k].kept, true);
        check_protected(DECOYS + nets[k].first + nets[k].kept, DECOYS + nets[k].end, false);
    }
}
END_TEST

START_TEST(what_one_network_cannot_use_goes_to_another)
{
    make_peers_behind_decoys(24);
    peers[DECOYS + 13].network = NET_CJDNS;
    for (size_t i = DECOYS + 14; i < DECOYS + 24; i++)
        peers[i].network = NET_TORV3;
    check_protected(DECOYS, DECOYS + 6, true);
    check_protected(DECOYS + 6, DECOYS + 13, false);
    check_protected(DECOYS + 13, DECOYS + 19, true); /* one of CJDNS and five of Tor */
    check_protected(DECOYS + 19, DECOYS + 24, false);
}
END_TEST

START_TEST(what_no_network_can_use_goes_to_the_oldest)
{
    make_peers_behind_decoys(24);
    peers[DECOYS + 23].network = NET_I2P;
    check_protected(DECOYS, DECOYS + 11, true);
    check_protected(DECOYS + 11, DECOYS + 23, false);
    ck_assert(is_protected(DECOYS + 23));
}
END_TEST

START_TEST(an_onion_peer_that_arrives_from_loopback_takes_no_local_place)
{
    make_peers_behind_decoys(24);
    for (size_t i = DECOYS + 12; i < DECOYS + 24; i++)
        peers[i].local = true;
    for (size_t i = DECOYS + 12; i < DECOYS + 18; i++)
        peers[i].network = NET_TORV3;
    check_protected(DECOYS, DECOYS + 6, true);
    check_protected(DECOYS + 12, DECOYS + 15, true);
    check_protected(DECOYS + 15, DECOYS + 18, false);
    check_protected(DECOYS + 18, DECOYS + 21, true);
    check_protected(DECOYS + 21, DECOYS + 24, false);
}
END_TEST

START_TEST(the_youngest_of_the_most_crowded_group_goes)
{
    make_peers_behind_decoys(40);
    for (size_t i = DECOYS + 20; i < DECOYS + 40; i += 4)
        peers[i].keyed_group = 5; /* 5 of these 20 */
    for (size_t i = DECOYS + 21; i < DECOYS + 36; i += 4)
        peers[i].keyed_group = 6; /* 4 of them */
    ck_assert_uint_eq(evicted(), DECOYS + 36);
}
END_TEST

START_TEST(of_two_groups_alike_the_one_with_the_youngest_loses_it)
{
    make_peers_behind_decoys(40);
    for (size_t i = DECOYS + 20; i < DECOYS + 40; i++)
        peers[i].keyed_group = i % 2;
    ck_assert_uint_eq(evicted(), DECOYS + 39);
}
END_TEST

START_TEST(a_discouraged_peer_goes_before_a_more_crowded_group)
{
    make_peers_behind_decoys(40);
    for (size_t i = DECOYS + 20; i < DECOYS + 40; i++)
        peers[i].keyed_group = i == DECOYS + 25 ? 1 : 2;
    peers[DECOYS + 25].prefer_evict = true;
    ck_assert_uint_eq(evicted(), DECOYS + 25);
}
END_TEST

START_TEST(a_discouraged_peer_that_is_protected_stays)
{
    make_peers_behind_decoys(40);
    peers[5].prefer_evict = true; /* among the best pings */
    ck_assert_uint_eq(evicted(), DECOYS + 39);
}
END_TEST

START_TEST(of_peers_alike_in_everything_the_choice_is_the_same_each_time)
{
    uint64_t first;

    make_peers(60);
    for (size_t i = 0; i < n_peers; i++) {
        peers[i].keyed_group = 1;
        peers[i].connected_us = 1;
    }
    first = evicted();
    for (int round = 0; round < 50; round++)
        ck_assert_uint_eq(evicted(), first);
    ck_assert_uint_eq(first, 59);
}
END_TEST

void add_evict_tests(Suite *s)
{
    TCase *t = tcase_create("evict");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, with_nobody_there_nobody_goes);
    tcase_add_test(t, twenty_peers_are_all_protected);
    tcase_add_test(t, of_29_peers_whatever_they_are_one_goes);
    tcase_add_test(t, whitelisted_peers_never_go);
    tcase_add_test(t, four_peers_are_protected_by_their_keyed_group);
    tcase_add_test(t, eight_peers_are_protected_by_their_ping);
    tcase_add_test(t, four_peers_are_protected_by_their_last_transaction);
    tcase_add_test(t, among_equals_in_transactions_a_bloom_filter_is_no_merit);
    tcase_add_test(t, among_equals_in_transactions_those_that_want_them_are_better);
    tcase_add_test(t, among_equals_in_blocks_those_that_could_send_them_are_better);
    tcase_add_test(t, eight_block_relay_peers_are_protected_by_their_last_block);
    tcase_add_test(t, four_peers_are_protected_by_their_last_block);
    tcase_add_test(t, of_the_rest_the_older_half_is_protected);
    tcase_add_test(t, half_of_that_half_is_for_a_network_that_is_crowded_out);
    tcase_add_test(t, several_such_networks_share_and_the_smallest_go_first);
    tcase_add_test(t, what_one_network_cannot_use_goes_to_another);
    tcase_add_test(t, what_no_network_can_use_goes_to_the_oldest);
    tcase_add_test(t, an_onion_peer_that_arrives_from_loopback_takes_no_local_place);
    tcase_add_test(t, the_youngest_of_the_most_crowded_group_goes);
    tcase_add_test(t, of_two_groups_alike_the_one_with_the_youngest_loses_it);
    tcase_add_test(t, a_discouraged_peer_goes_before_a_more_crowded_group);
    tcase_add_test(t, a_discouraged_peer_that_is_protected_stays);
    tcase_add_test(t, of_peers_alike_in_everything_the_choice_is_the_same_each_time);
}
