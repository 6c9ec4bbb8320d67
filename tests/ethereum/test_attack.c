/* What hostile packets achieve: the figures of the threat list, on the test clock. One engine is
 * the victim; the test plays everybody else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "harness.h"
#include "sim.h"

static struct sim sim;
static struct sim_node *victim;

/* A node that the test plays. */
struct actor {
    uint8_t secret[EC_SECRET_BYTES];
    struct eth_node self;
    bool pongs; /* answers pings */
    unsigned got[DISCV4_TYPE_COUNT];
    uint64_t bytes_got;
    uint8_t last_ping[KECCAK256_BYTES];
};

static struct actor actor;

static void actor_init(struct actor *a, const char *at)
{
    struct net_addr udp = sim_addr(at);
    uint8_t pubkey[EC_PUBKEY_BYTES];

    memset(a, 0, sizeof *a);
    ec_secret_generate(a->secret);
    ck_assert_int_eq(ec_pubkey(pubkey, a->secret), 0);
    eth_node_init(&a->self, pubkey, &udp, 30303);
}

static void start_packet(struct discv4_packet *p, enum discv4_type type)
{
    memset(p, 0, sizeof *p);
    p->type = type;
    p->expiration = clock_wall_s() + DISCV4_EXPIRY_S;
}

static size_t actor_send(struct actor *a, struct discv4_packet *p)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    size_t len = sim_packet_make(raw, p, a->secret);

    sim_send(&sim, &a->self.udp, &victim->self.udp, raw, len);
    return len;
}

static size_t actor_ping(struct actor *a)
{
    struct discv4_packet p;

    start_packet(&p, DISCV4_PING);
    p.u.ping.from = (struct eth_endpoint){a->self.udp, a->self.tcp_port};
    p.u.ping.to = (struct eth_endpoint){victim->self.udp, 0};
    return actor_send(a, &p);
}

static void actor_pong(struct actor *a, const uint8_t *ping_hash)
{
    struct discv4_packet p;

    start_packet(&p, DISCV4_PONG);
    p.u.pong.to.udp = victim->self.udp;
    memcpy(p.u.pong.ping_hash, ping_hash, KECCAK256_BYTES);
    actor_send(a, &p);
}

static void actor_findnode(struct actor *a)
{
    struct discv4_packet p;

    start_packet(&p, DISCV4_FINDNODE);
    actor_send(a, &p);
}

static void actor_neighbors(struct actor *a, const struct eth_node *nodes, unsigned n)
{
    struct discv4_packet p;

    start_packet(&p, DISCV4_NEIGHBORS);
    p.u.neighbors.count = n;
    for (unsigned i = 0; i < n; i++) {
        memcpy(p.u.neighbors.nodes[i].pubkey, nodes[i].pubkey, EC_PUBKEY_BYTES);
        p.u.neighbors.nodes[i].at = (struct eth_endpoint){nodes[i].udp, nodes[i].tcp_port};
    }
    actor_send(a, &p);
}

static void on_stray(void *arg, const struct sim_packet *p)
{
    struct actor *a = arg;
    struct discv4_packet packet;

    if (!net_addr_equal(&p->to, &a->self.udp))
        return;
    ck_assert_int_eq(discv4_decode(&packet, p->data, p->len), 0);
    a->got[packet.type]++;
    a->bytes_got += p->len;
    if (packet.type != DISCV4_PING)
        return;
    memcpy(a->last_ping, packet.hash, sizeof a->last_ping);
    if (a->pongs)
        actor_pong(a, packet.hash);
}

static void setup(void)
{
    sim_start(&sim);
    victim = sim_add(
        &sim, &(struct net_addr){.kind = NET_IPV4, .port = 30303, .bytes = {99, 1, 1, 1}}, NULL);
    sim.stray = on_stray;
    sim.arg = &actor;
}

static void teardown(void)
{
    sim_stop(&sim);
}

static const struct discv4_stats *stats(void)
{
    return discv4_stats(victim->engine);
}

/* An actor that has proven itself. */
static void bond(const char *at)
{
    actor_init(&actor, at);
    actor.pongs = true;
    actor_ping(&actor);
    sim_run_ms(&sim, 100);
    ck_assert(discv4_is_bonded(victim->engine, actor.self.id, &actor.self.udp, clock_mono_us()));
}

/* D1. All of them verified, so that nothing but the subnet's limits stands in their way. */
START_TEST(three_thousand_verified_ids_of_one_subnet_get_ten_places)
{
    for (unsigned i = 0; i < 3000; i++) {
        actor_init(&actor, "88.7.6.5:30303");
        actor.self.udp.bytes[3] = (uint8_t)(1 + i % 250);
        actor.pongs = true;
        actor_ping(&actor);
        sim_run_ms(&sim, 40);
    }
    ck_assert_uint_gt(stats()->received[DISCV4_PONG], 2000);
    ck_assert_uint_ge(discv4_table_size(victim->engine), 2);
    ck_assert_uint_le(discv4_table_size(victim->engine), 10);
}
END_TEST

/* D2, D5. */
START_TEST(what_nobody_asked_for_changes_nothing_and_costs_no_curve_operation)
{
    struct eth_node lies[12];
    uint8_t hash[KECCAK256_BYTES] = {0};
    uint64_t recoveries;

    bond("88.7.6.5:30303");
    for (unsigned i = 0; i < 12; i++) {
        struct net_addr udp = sim_addr("70.0.0.1");
        uint8_t pubkey[EC_PUBKEY_BYTES];

        random_bytes(pubkey, sizeof pubkey);
        udp.bytes[1] = (uint8_t)i;
        eth_node_init(&lies[i], pubkey, &udp, 30303);
    }
    sim_run_ms(&sim, 2000); /* what was under way has ended */
    recoveries = stats()->recoveries;
    for (unsigned i = 0; i < 1000; i++) {
        hash[0] = (uint8_t)i;
        actor_pong(&actor, hash);
        actor_pong(&actor, actor.last_ping); /* a replay */
        if (i % 10 == 0)
            actor_neighbors(&actor, lies, 12);
    }
    sim_run_ms(&sim, 20);
    ck_assert_uint_eq(stats()->recoveries, recoveries);
    ck_assert_uint_ge(stats()->dropped[DISCV4_DROP_UNSOLICITED], 2100);
    ck_assert_uint_eq(discv4_table_size(victim->engine), 1);
}
END_TEST

START_TEST(a_pong_with_another_hash_or_from_another_address_or_key_proves_nothing)
{
    struct actor other;
    uint8_t zeros[KECCAK256_BYTES] = {0};

    actor_init(&actor, "88.7.6.5:30303");
    actor_init(&other, "88.7.6.9:30303");
    actor_ping(&actor);
    sim_run_ms(&sim, 50);
    ck_assert_uint_eq(actor.got[DISCV4_PING], 1);
    actor_pong(&actor, zeros);
    actor_pong(&other, actor.last_ping);
    other.self.udp = actor.self.udp;
    actor_pong(&other, actor.last_ping);
    sim_run_ms(&sim, 50);
    ck_assert(!discv4_is_bonded(victim->engine, actor.self.id, &actor.self.udp, clock_mono_us()));
    ck_assert(!discv4_is_bonded(victim->engine, other.self.id, &other.self.udp, clock_mono_us()));
    actor_findnode(&actor);
    sim_run_ms(&sim, 600);
    ck_assert_uint_eq(actor.got[DISCV4_NEIGHBORS], 0);
    actor_pong(&actor, actor.last_ping); /* too late */
    sim_run_ms(&sim, 50);
    ck_assert_uint_eq(discv4_table_size(victim->engine), 0);
}
END_TEST

/* D3. */
START_TEST(findnode_is_answered_to_proven_ids_at_proven_addresses_only)
{
    struct net_addr elsewhere = sim_addr("88.7.6.77:30303");

    bond("88.7.6.5:30303");
    actor_findnode(&actor);
    sim_run_ms(&sim, 50);
    ck_assert_uint_eq(actor.got[DISCV4_NEIGHBORS], 1);
    actor.self.udp = elsewhere;
    actor_findnode(&actor);
    sim_run_ms(&sim, 50);
    ck_assert_uint_eq(actor.got[DISCV4_NEIGHBORS], 1);
    ck_assert_uint_eq(stats()->dropped[DISCV4_DROP_UNPROVEN], 1);
    sim_run_ms(&sim, 25 * 3600 * INT64_C(1000)); /* the proof has run out */
    actor_init(&actor, "88.7.6.5:30303");
    actor_findnode(&actor);
    sim_run_ms(&sim, 50);
    ck_assert_uint_eq(actor.got[DISCV4_NEIGHBORS], 0);
}
END_TEST

START_TEST(a_first_contact_gets_at_most_2_2_times_its_bytes_back)
{
    uint64_t sent;

    actor_init(&actor, "88.7.6.5:30303");
    sent = actor_ping(&actor);
    sim_run_ms(&sim, 400);
    ck_assert_uint_eq(actor.got[DISCV4_PONG], 1);
    ck_assert_uint_eq(actor.got[DISCV4_PING], 1);
    ck_assert_uint_le(10 * actor.bytes_got, 22 * sent);
}
END_TEST

START_TEST(an_unproven_source_gets_at_most_1_1_times_its_bytes_back)
{
    uint64_t sent = 0;
    enum { PACKETS = 100000, PER_MS = 4 };

    actor_init(&actor, "127.0.0.77:30303"); /* local: no allowance per subnet interferes */
    for (unsigned i = 0; i < PACKETS / PER_MS; i++) {
        for (unsigned k = 0; k < PER_MS; k++)
            sent += actor_ping(&actor);
        sim_run_ms(&sim, 1);
    }
    sim_run_ms(&sim, 1000);
    ck_assert_uint_eq(actor.got[DISCV4_NEIGHBORS], 0);
    printf("%d packets from an unproven source: %.4f bytes out for a byte in\n", PACKETS,
           (double)actor.bytes_got / (double)sent);
    ck_assert_uint_gt(actor.got[DISCV4_PONG], 1000);
    ck_assert_uint_le(10 * actor.bytes_got, 11 * sent);
}
END_TEST

/* D4, D6. */
START_TEST(junk_costs_no_curve_operation_and_friends_are_served_meanwhile)
{
    enum { SECONDS = 2, PER_MS = 200, PING_EVERY_MS = 20 };
    static uint8_t junk[4][DISCV4_MAX_PACKET_BYTES], oversized[2000];
    struct net_addr from = sim_addr("66.0.0.1:30303");
    struct discv4_packet p;
    uint64_t recoveries;
    unsigned pings = 0;

    bond("88.7.6.5:30303");
    sim_run_ms(&sim, 1000);
    random_bytes(junk, sizeof junk);
    start_packet(&p, DISCV4_PING); /* expired, but for that in order */
    p.expiration = clock_wall_s() - 1;
    sim_packet_make(junk[1], &p, actor.secret);
    keccak256(junk[2], junk[2] + 32, 200 - 32); /* its hash is right */
    recoveries = stats()->recoveries;
    memset(actor.got, 0, sizeof actor.got);
    for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
        for (unsigned k = 0; k < PER_MS; k++) {
            random_bytes(from.bytes + 1, 3);
            discv4_input(victim->engine, &from, junk[k % 4], k % 4 == 3 ? 60 : 200,
                         clock_mono_us());
        }
        discv4_input(victim->engine, &from, oversized, sizeof oversized, clock_mono_us());
        if (ms % PING_EVERY_MS == 0) {
            actor_ping(&actor);
            pings++;
        }
        sim_run_ms(&sim, 1);
    }
    sim_run_ms(&sim, 100);
    ck_assert_uint_eq(stats()->recoveries, recoveries + pings + actor.got[DISCV4_PING]);
    ck_assert_uint_ge(10 * actor.got[DISCV4_PONG], 9 * pings);
    ck_assert_uint_ge(stats()->dropped[DISCV4_DROP_LARGE], SECONDS * 1000);
}
END_TEST

/* Signatures that look right until they are looked at: as many as the allowance says, and
 * acquaintances have their own. */
START_TEST(well_formed_strangers_cost_a_bounded_number_of_curve_operations)
{
    enum { MS = 1000, PER_MS = 20, PING_EVERY_MS = 100 };
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    struct net_addr from = sim_addr("66.0.0.1:30303");
    struct discv4_packet p;
    uint64_t recoveries;
    unsigned pings = 0;
    size_t len;

    bond("88.7.6.5:30303");
    start_packet(&p, DISCV4_PING);
    len = sim_packet_make(raw, &p, actor.secret);
    raw[40] ^= 1;
    keccak256(raw, raw + 32, len - 32);
    recoveries = stats()->recoveries;
    actor.got[DISCV4_PONG] = 0;
    for (unsigned ms = 0; ms < MS; ms++) {
        for (unsigned k = 0; k < PER_MS; k++) {
            random_bytes(from.bytes + 1, 3);
            discv4_input(victim->engine, &from, raw, len, clock_mono_us());
        }
        if (ms % PING_EVERY_MS == 0) {
            actor_ping(&actor);
            pings++;
        }
        sim_run_ms(&sim, 1);
    }
    sim_run_ms(&sim, 100);
    ck_assert_uint_le(stats()->recoveries - recoveries, 2 * 5000 + 100);
    ck_assert_uint_eq(actor.got[DISCV4_PONG], pings);
}
END_TEST

/* D7. */
START_TEST(neighbors_that_lead_nowhere_cause_a_bounded_number_of_pings)
{
    struct eth_node lies[12];
    uint64_t before;

    bond("88.7.6.5:30303");
    before = stats()->sent[DISCV4_PING];
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 12; i++) {
            struct net_addr udp = sim_addr("70.0.0.1:30303");
            uint8_t pubkey[EC_PUBKEY_BYTES];

            random_bytes(pubkey, sizeof pubkey);
            random_bytes(udp.bytes + 1, 3);
            eth_node_init(&lies[i], pubkey, &udp, 30303);
        }
        actor_neighbors(&actor, lies, 12);
        sim_run_ms(&sim, 100);
    }
    /* Twenty seconds: at most 16 + 3 × 8 at a time, half a second each. */
    ck_assert_uint_le(stats()->sent[DISCV4_PING] - before, 20 * 2 * 40);
    ck_assert_uint_eq(discv4_table_size(victim->engine), 1);
}
END_TEST

START_TEST(five_unanswered_questions_drop_a_node)
{
    bond("88.7.6.5:30303");
    /* It answers pings and no questions; walks ask it every 7.2 s. */
    sim_run_ms(&sim, 60 * 1000);
    ck_assert_uint_ge(actor.got[DISCV4_FINDNODE], 5);
    ck_assert_uint_eq(discv4_table_size(victim->engine), 0);
}
END_TEST

START_TEST(addresses_outside_the_permitted_networks_are_neither_heard_nor_pinged)
{
    static struct subnet_list permitted;
    struct discv4_config config = {.reach[ETH_IPV4].at.udp = victim->self.udp,
                                   .permitted = &permitted,
                                   .limits = LIMITS_CONFIG_DEFAULT,
                                   .send = NULL};
    struct discv4 *d;
    struct discv4_packet p;
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];

    actor_init(&actor, "88.7.6.5:30303");
    ck_assert_int_eq(subnet_list_add(&permitted, "10.0.0.0/8"), 0);
    memcpy(config.secret, victim->secret, sizeof config.secret);
    ck_assert_int_eq(discv4_new(&d, &config, clock_mono_us()), 0);
    discv4_seed(d, &actor.self);
    start_packet(&p, DISCV4_PING);
    discv4_input(d, &actor.self.udp, raw, sim_packet_make(raw, &p, actor.secret), clock_mono_us());
    discv4_tick(d, clock_mono_us()); /* would crash in send */
    ck_assert_uint_eq(discv4_stats(d)->dropped[DISCV4_DROP_FILTERED], 1);
    ck_assert_uint_eq(discv4_stats(d)->recoveries, 0);
    discv4_free(d, clock_mono_us());
}
END_TEST

START_TEST(addresses_of_a_family_that_cannot_be_reached_are_left_alone)
{
    struct discv4_config config = {.reach[ETH_IPV4].at.udp = victim->self.udp,
                                   .family = NET_IPV4,
                                   .limits = LIMITS_CONFIG_DEFAULT,
                                   .send = NULL};
    struct discv4 *d;

    actor_init(&actor, "[2a01::1]:30303");
    memcpy(config.secret, victim->secret, sizeof config.secret);
    ck_assert_int_eq(discv4_new(&d, &config, clock_mono_us()), 0);
    discv4_seed(d, &actor.self);
    discv4_tick(d, clock_mono_us()); /* would crash in send */
    ck_assert_uint_eq(discv4_stats(d)->sent[DISCV4_PING], 0);
    discv4_free(d, clock_mono_us());
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discv4 attack");
    TCase *t = tcase_create("attack");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, three_thousand_verified_ids_of_one_subnet_get_ten_places);
    tcase_add_test(t, what_nobody_asked_for_changes_nothing_and_costs_no_curve_operation);
    tcase_add_test(t, a_pong_with_another_hash_or_from_another_address_or_key_proves_nothing);
    tcase_add_test(t, findnode_is_answered_to_proven_ids_at_proven_addresses_only);
    tcase_add_test(t, a_first_contact_gets_at_most_2_2_times_its_bytes_back);
    tcase_add_test(t, an_unproven_source_gets_at_most_1_1_times_its_bytes_back);
    tcase_add_test(t, junk_costs_no_curve_operation_and_friends_are_served_meanwhile);
    tcase_add_test(t, well_formed_strangers_cost_a_bounded_number_of_curve_operations);
    tcase_add_test(t, neighbors_that_lead_nowhere_cause_a_bounded_number_of_pings);
    tcase_add_test(t, five_unanswered_questions_drop_a_node);
    tcase_add_test(t, addresses_outside_the_permitted_networks_are_neither_heard_nor_pinged);
    tcase_add_test(t, addresses_of_a_family_that_cannot_be_reached_are_left_alone);
    return harness_run(s);
}
