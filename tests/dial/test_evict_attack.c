/* Inbound eviction under attack: hundreds of connections that answer pings faster than anybody and
 * bring transactions and blocks first, against honest peers that were there before. */
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "crypto/siphash.h"
#include "dial/evict.h"
#include "net/group.h"
#include "test_policy.h"

/* 125 connections less 11 that are kept for outbound, as in Bitcoin Core. */
enum { PLACES = 114, ATTACKS = 500, FIRST_ATTACKER = 1000 };

/* The first four protections and the block-relay one, if an attacker has won them all. */
enum {
    PLACES_TO_WIN = EVICT_PROTECT_GROUPS + EVICT_PROTECT_PINGS + EVICT_PROTECT_TXS +
                    EVICT_PROTECT_BLOCK_RELAY + EVICT_PROTECT_BLOCKS
};

struct outcome {
    unsigned honest_lost, attackers_lost, refused;
};

static struct siphash_key key;
static struct evict_candidate peers[PLACES];
static size_t n_peers;
static int64_t now_us;

static void setup(void)
{
    random_test_start(500);
    key = siphash_random_key();
    n_peers = 0;
    now_us = 1000000;
}

static void teardown(void)
{
    random_test_stop();
}

static uint64_t keyed_group_of(const struct net_addr *addr)
{
    struct net_group group = net_group_of(NULL, addr);

    return siphash(&key, &group, sizeof group);
}

static struct net_addr ipv4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (struct net_addr){.kind = NET_IPV4,
                             .bytes = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};
}

/* Honest peers come from groups of their own, are ordinarily far, and send something now and then.
 */
static void add_honest(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct net_addr addr = ipv4(20 + i, i * 7, 1, 1);

        now_us += 60 * 1000000;
        peers[n_peers++] = (struct evict_candidate){
            .id = i,
            .keyed_group = keyed_group_of(&addr),
            .connected_us = now_us,
            .min_ping_us = 20000 + (int64_t)random_below(200000),
            .last_tx_us = (int64_t)random_below((uint64_t)now_us),
            .last_block_us = i % 3 == 0 ? (int64_t)random_below((uint64_t)now_us) : 0,
            .network = NET_IPV4,
            .relevant_services = true,
            .relays_txs = i % 10 != 0,
        };
    }
}

static struct evict_candidate attacker(unsigned i, const struct net_addr *addr)
{
    return (struct evict_candidate){
        .id = FIRST_ATTACKER + i,
        .keyed_group = keyed_group_of(addr),
        .connected_us = now_us,
        .min_ping_us = 1,
        .last_tx_us = now_us,
        .last_block_us = now_us,
        .network = NET_IPV4,
        .relevant_services = true,
        .relays_txs = i % 2 == 0,
    };
}

static void remove_peer(uint64_t id)
{
    for (size_t i = 0; i < n_peers; i++)
        if (peers[i].id == id)
            peers[i--] = peers[--n_peers];
}

static bool is_there(uint64_t id)
{
    for (size_t i = 0; i < n_peers; i++)
        if (peers[i].id == id)
            return true;
    return false;
}

static bool make_place(struct outcome *o)
{
    static struct evict_candidate scratch[PLACES];
    uint64_t id;

    if (n_peers < PLACES)
        return true;
    memcpy(scratch, peers, n_peers * sizeof *peers);
    if (!evict_choose(&id, scratch, n_peers)) {
        o->refused++;
        return false;
    }
    if (id < FIRST_ATTACKER)
        o->honest_lost++;
    else
        o->attackers_lost++;
    remove_peer(id);
    return true;
}

/* One connection each second, from one /16 or each from a /16 of its own. */
static struct outcome attack(bool one_group)
{
    struct outcome o = {0};

    for (unsigned i = 0; i < ATTACKS; i++) {
        struct net_addr addr = one_group ? ipv4(66, 66, i / 256, i) : ipv4(130 + i / 256, i, 1, 1);

        now_us += 1000000;
        if (make_place(&o))
            peers[n_peers++] = attacker(i, &addr);
    }
    return o;
}

static void report(const char *from, unsigned honest, const struct outcome *o)
{
    printf("evict: %d inbound from %s against %u honest peers on %d places: "
           "%u honest and %u attackers evicted, %u refused\n",
           ATTACKS, from, honest, PLACES, o->honest_lost, o->attackers_lost, o->refused);
}

START_TEST(five_hundred_inbound_from_one_16_evict_none_of_24_honest_peers)
{
    struct outcome o;

    add_honest(24);
    o = attack(true);
    report("one /16", 24, &o);
    ck_assert_uint_eq(o.honest_lost, 0);
    ck_assert_uint_eq(o.attackers_lost, ATTACKS - (PLACES - 24));
}
END_TEST

START_TEST(five_hundred_inbound_from_500_groups_evict_none_of_24_older_peers)
{
    struct outcome o;

    add_honest(24);
    o = attack(false);
    report("500 groups", 24, &o);
    ck_assert_uint_eq(o.honest_lost, 0);
}
END_TEST

/* With every place taken by honest peers the attacker gets in, but only as far as merit goes: as
 * soon as one attacker is unprotected, it is the youngest, and goes first. */
START_TEST(a_node_full_of_honest_peers_loses_no_more_than_can_be_won_by_merit)
{
    for (int groups = 0; groups < 2; groups++) {
        struct outcome o;

        setup();
        add_honest(PLACES);
        o = attack(groups == 0);
        report(groups == 0 ? "one /16" : "500 groups", PLACES, &o);
        ck_assert_uint_gt(o.honest_lost, 0); /* or nothing was tried */
        ck_assert_uint_le(o.honest_lost, PLACES_TO_WIN + 1);
        for (uint64_t id = 0; id < 40; id++)
            ck_assert_msg(is_there(id), "honest peer %d, among the oldest 40, is gone", (int)id);
    }
}
END_TEST

START_TEST(discouraged_attackers_make_way_for_each_other)
{
    struct outcome o = {0};

    add_honest(PLACES - 30);
    for (unsigned i = 0; i < ATTACKS; i++) {
        struct net_addr addr = ipv4(130 + i / 256, i, 1, 1);

        now_us += 1000000;
        if (make_place(&o)) {
            peers[n_peers] = attacker(i, &addr);
            peers[n_peers++].prefer_evict = true;
        }
    }
    ck_assert_uint_eq(o.honest_lost, 0);
}
END_TEST

void add_evict_attack_tests(Suite *s)
{
    TCase *t = tcase_create("evict_attack");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, five_hundred_inbound_from_one_16_evict_none_of_24_honest_peers);
    tcase_add_test(t, five_hundred_inbound_from_500_groups_evict_none_of_24_older_peers);
    tcase_add_test(t, a_node_full_of_honest_peers_loses_no_more_than_can_be_won_by_merit);
    tcase_add_test(t, discouraged_attackers_make_way_for_each_other);
}
