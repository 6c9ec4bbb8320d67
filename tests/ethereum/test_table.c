/* The table's rules, and those of the smaller parts of discovery: bonds, requests, allowances, the
 * prediction of our endpoint. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "ethereum/discv4/bonds.h"
#include "ethereum/discv4/limits.h"
#include "ethereum/discv4/predict.h"
#include "ethereum/discv4/requests.h"
#include "ethereum/discv4/table.h"
#include "harness.h"
#include "sim.h"

static struct table *table;

/* A node at this distance from the all-zero id; `n` makes it another. */
static struct eth_node node_at(unsigned distance, uint32_t n, const char *ip)
{
    struct eth_node node = {.udp = sim_addr(ip), .tcp_port = 30303};

    memcpy(node.id + 28, &n, sizeof n);
    memcpy(node.pubkey, &n, sizeof n);
    node.id[(256 - distance) / 8] |= (uint8_t)(0x80u >> (256 - distance) % 8);
    return node;
}

static struct eth_node random_node(void)
{
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct net_addr udp = {.kind = NET_IPV4, .port = 30303};
    struct eth_node node;

    random_bytes(pubkey, sizeof pubkey);
    udp.bytes[0] = 11;
    random_bytes(udp.bytes + 1, 3);
    eth_node_init(&node, pubkey, &udp, 30303);
    return node;
}

static void setup(void)
{
    static const uint8_t self[ETH_ID_BYTES];

    random_test_start(1);
    table = malloc(sizeof *table);
    ck_assert_ptr_nonnull(table);
    table_init(table, self, false);
}

static void teardown(void)
{
    free(table);
    random_test_stop();
}

START_TEST(a_bucket_holds_sixteen_and_ten_wait)
{
    for (unsigned i = 0; i < 40; i++) {
        struct eth_node n = node_at(256, i, "127.0.0.1");
        enum table_added want = i < 16 ? TABLE_ADDED : TABLE_AS_REPLACEMENT;

        ck_assert_int_eq(table_add(table, &n, 1), want);
    }
    ck_assert_uint_eq(table->n_entries, 16);
    ck_assert_uint_eq(table->buckets[16].n_entries, 16);
    ck_assert_uint_eq(table->buckets[16].n_replacements, 10);
}
END_TEST

START_TEST(what_is_near_shares_the_first_bucket)
{
    for (unsigned d = 1; d <= 256; d++) {
        struct eth_node n = node_at(d, 0, "127.0.0.1");
        unsigned want = d <= 239 ? 0 : d - 240;
        unsigned before = table->buckets[want].n_entries + table->buckets[want].n_replacements;

        if (before == 26)
            continue;
        table_add(table, &n, 1);
        ck_assert_uint_eq(table->buckets[want].n_entries + table->buckets[want].n_replacements,
                          before + 1);
    }
}
END_TEST

START_TEST(two_of_a_subnet_fit_a_bucket_and_ten_the_table)
{
    unsigned added = 0;

    for (unsigned d = 241; d <= 256; d++)
        for (unsigned i = 0; i < 4; i++) {
            struct eth_node n = node_at(d, i, "9.9.9.1");

            n.udp.bytes[3] = (uint8_t)(d + i);
            if (table_add(table, &n, 1) == TABLE_ADDED)
                added++;
        }
    ck_assert_uint_eq(added, 10);
    for (unsigned b = 0; b < TABLE_BUCKETS; b++)
        ck_assert_uint_le(table->buckets[b].n_entries + table->buckets[b].n_replacements, 2);
}
END_TEST

START_TEST(a_hundred_thousand_ids_of_one_subnet_get_ten_places)
{
    for (unsigned i = 0; i < 100000; i++) {
        struct eth_node n = random_node();

        n.udp.bytes[1] = 7;
        n.udp.bytes[2] = 7;
        table_add(table, &n, 1);
    }
    ck_assert_uint_le(table->n_entries, 10);
    ck_assert_uint_ge(table->n_entries, 5);
    for (unsigned b = 0; b < TABLE_BUCKETS; b++)
        ck_assert_uint_le(table->buckets[b].n_entries + table->buckets[b].n_replacements, 2);
}
END_TEST

START_TEST(local_addresses_are_not_counted_unless_told)
{
    static const char *const ips[] = {"127.0.0.1", "10.1.1.1", "192.168.3.3"};

    for (unsigned k = 0; k < 3; k++) {
        for (unsigned i = 0; i < 5; i++) {
            struct eth_node n = node_at(250 + k, i, ips[k]);

            ck_assert_int_eq(table_add(table, &n, 1), TABLE_ADDED);
        }
    }
    table->limit_local = true;
    for (unsigned i = 0; i < 5; i++) {
        struct eth_node n = node_at(245, i, "10.2.2.2");

        ck_assert_int_eq(table_add(table, &n, 1), i < 2 ? TABLE_ADDED : TABLE_REFUSED);
    }
}
END_TEST

START_TEST(who_is_seen_again_moves_to_the_front)
{
    struct eth_node a = node_at(256, 1, "127.0.0.1"), b = node_at(256, 2, "127.0.0.1");

    table_add(table, &a, 1);
    table_add(table, &b, 1);
    ck_assert_mem_eq(table->buckets[16].entries[0].node.id, b.id, ETH_ID_BYTES);
    a.udp.port = 5555;
    ck_assert_int_eq(table_add(table, &a, 1), TABLE_BUMPED);
    ck_assert_mem_eq(table->buckets[16].entries[0].node.id, a.id, ETH_ID_BYTES);
    ck_assert_uint_eq(table->buckets[16].entries[0].node.udp.port, 5555);
    ck_assert_ptr_nonnull(table_bump(table, b.id));
    ck_assert_mem_eq(table->buckets[16].entries[0].node.id, b.id, ETH_ID_BYTES);
    ck_assert_uint_eq(table->n_entries, 2);
}
END_TEST

START_TEST(the_place_of_a_dead_node_goes_to_a_replacement)
{
    struct eth_node dead = node_at(256, 0, "127.0.0.1");

    for (unsigned i = 0; i < 18; i++) {
        struct eth_node n = node_at(256, i, "127.0.0.1");

        table_add(table, &n, 1);
    }
    table_replace(table, dead.id);
    ck_assert_ptr_null(table_find(table, dead.id));
    ck_assert_uint_eq(table->n_entries, 16);
    ck_assert_uint_eq(table->buckets[16].n_replacements, 1);
    table_delete(table, table->buckets[16].replacements[0].node.id);
    ck_assert_uint_eq(table->buckets[16].n_replacements, 0);
    table_replace(table, table->buckets[16].entries[3].node.id);
    ck_assert_uint_eq(table->n_entries, 15);
    ck_assert_uint_eq(table->buckets[16].n_entries, 15);
}
END_TEST

START_TEST(closest_gives_the_true_closest_in_order)
{
    struct table_entry *found[16];
    struct eth_node target;

    for (unsigned i = 0; i < 5000; i++) {
        struct eth_node n = random_node();

        table_add(table, &n, 1);
    }
    ck_assert_uint_gt(table->n_entries, 100);
    for (unsigned round = 0; round < 50; round++) {
        unsigned n, closer = 0;

        target = random_node();
        n = table_closest(table, found, target.id, 16);
        ck_assert_uint_eq(n, 16);
        for (unsigned i = 1; i < n; i++)
            ck_assert_int_lt(eth_distcmp(target.id, found[i - 1]->node.id, found[i]->node.id), 0);
        for (unsigned b = 0; b < TABLE_BUCKETS; b++)
            for (unsigned i = 0; i < table->buckets[b].n_entries; i++)
                closer += eth_distcmp(target.id, table->buckets[b].entries[i].node.id,
                                      found[15]->node.id) < 0;
        ck_assert_uint_eq(closer, 15);
    }
}
END_TEST

START_TEST(random_nodes_are_different_ones_and_all_in_the_end)
{
    struct table_entry *found[TABLE_MAX_NODES];
    unsigned n;

    ck_assert_uint_eq(table_read_random(table, found, 10), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct eth_node node = random_node();

        table_add(table, &node, 1);
    }
    n = table_read_random(table, found, TABLE_MAX_NODES);
    ck_assert_uint_eq(n, table->n_entries);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_ptr_ne(found[i], found[j]);
    ck_assert_uint_eq(table_read_random(table, found, 7), 7);
}
END_TEST

START_TEST(the_table_never_holds_itself)
{
    struct eth_node self = {.udp = sim_addr("9.9.9.9")};

    ck_assert_int_eq(table_add(table, &self, 1), TABLE_REFUSED);
}
END_TEST

/* --- bonds --- */

START_TEST(a_proof_holds_for_one_address_and_one_day)
{
    struct bonds bonds;
    struct eth_node n = random_node();
    struct net_addr other = sim_addr("5.5.5.5");
    struct bond *b;

    ck_assert_int_eq(bonds_init(&bonds, 64), 0);
    ck_assert(!bond_is_proven(bonds_find(&bonds, n.id, &n.udp), 5));
    b = bonds_get(&bonds, &n, true, 5);
    ck_assert(!bond_is_proven(b, 5));
    b->last_pong_us = 5;
    ck_assert(bond_is_proven(bonds_find(&bonds, n.id, &n.udp), 5));
    ck_assert(bond_is_proven(b, 5 + BOND_EXPIRY_US - 1));
    ck_assert(!bond_is_proven(b, 5 + BOND_EXPIRY_US));
    ck_assert(!bond_has_our_proof(b, 5));
    ck_assert_ptr_null(bonds_find(&bonds, n.id, &other));
    bonds_free(&bonds);
}
END_TEST

START_TEST(a_flood_of_strangers_displaces_no_proof)
{
    struct bonds bonds;
    static struct eth_node proven[32];
    unsigned kept = 0;

    ck_assert_int_eq(bonds_init(&bonds, 256), 0);
    for (unsigned i = 0; i < 32; i++) {
        proven[i] = random_node();
        bonds_get(&bonds, &proven[i], true, 1)->last_pong_us = 1;
    }
    for (unsigned i = 0; i < 32; i++)
        kept += bonds_find(&bonds, proven[i].id, &proven[i].udp) != NULL;
    for (unsigned i = 0; i < 100000; i++) {
        struct eth_node n = random_node();
        struct bond *b = bonds_get(&bonds, &n, false, 2);

        if (b)
            b->last_ping_us = 2 + i;
    }
    for (unsigned i = 0; i < 32; i++)
        kept -= bonds_find(&bonds, proven[i].id, &proven[i].udp) != NULL;
    ck_assert_uint_eq(kept, 0);
    bonds_free(&bonds);
}
END_TEST

/* --- requests --- */

START_TEST(requests_are_bounded_and_found_by_address_hash_and_node)
{
    struct requests *r = malloc(sizeof *r);
    struct eth_node n = random_node(), other = random_node();
    struct request *q;
    uint8_t hash[KECCAK256_BYTES] = {1};

    ck_assert_ptr_nonnull(r);
    requests_init(r);
    ck_assert_int_eq(requests_deadline(r), CLOCK_NEVER);
    q = requests_add(r, DISCV4_PING, REQUEST_BOND, &n, 1000);
    memcpy(q->hash, hash, sizeof hash);
    ck_assert_int_eq(requests_deadline(r), 1000 + REPLY_TIMEOUT_US);
    ck_assert_ptr_eq(requests_find(r, DISCV4_PING, &n.udp, hash, n.id), q);
    ck_assert_ptr_eq(requests_find(r, DISCV4_PING, &n.udp, NULL, NULL), q);
    ck_assert_ptr_null(requests_find(r, DISCV4_FINDNODE, &n.udp, NULL, NULL));
    ck_assert_ptr_null(requests_find(r, DISCV4_PING, &other.udp, NULL, NULL));
    ck_assert_ptr_null(requests_find(r, DISCV4_PING, &n.udp, NULL, other.id));
    hash[0]++;
    ck_assert_ptr_null(requests_find(r, DISCV4_PING, &n.udp, hash, NULL));
    for (unsigned i = 1; i < REQUESTS_MAX; i++)
        ck_assert_ptr_nonnull(requests_add(r, DISCV4_PING, REQUEST_VERIFY, &other, 1000));
    ck_assert_ptr_null(requests_add(r, DISCV4_PING, REQUEST_VERIFY, &other, 1000));
    ck_assert_uint_eq(r->by_purpose[REQUEST_VERIFY], REQUESTS_MAX - 1);
    ck_assert_ptr_null(requests_expired(r, REPLY_TIMEOUT_US));
    while ((q = requests_expired(r, 1000 + REPLY_TIMEOUT_US)))
        requests_remove(r, q);
    ck_assert_uint_eq(r->count, 0);
    ck_assert_uint_eq(r->by_purpose[REQUEST_VERIFY], 0);
    free(r);
}
END_TEST

/* --- allowances --- */

START_TEST(a_bucket_gives_its_burst_and_then_its_rate)
{
    struct token_bucket b = {0};
    unsigned taken = 0;

    for (int64_t us = 1; us <= 10 * 1000000; us += 100)
        taken += token_take(&b, 50, 100, us);
    ck_assert_uint_ge(taken, 100 + 50 * 10 - 1);
    ck_assert_uint_le(taken, 100 + 50 * 10 + 1);
}
END_TEST

START_TEST(a_flooding_subnet_leaves_other_subnets_and_acquaintances_alone)
{
    const struct limits_config config = LIMITS_CONFIG_DEFAULT;
    struct limits *l = malloc(sizeof *l);
    struct net_addr flooder = sim_addr("7.7.7.7"), friend = sim_addr("8.8.8.8");
    unsigned passed = 0;

    ck_assert_ptr_nonnull(l);
    limits_init(l, &config);
    for (unsigned i = 0; i < 100000; i++) {
        flooder.bytes[3] = (uint8_t)i;
        passed += limits_take_recovery(l, &flooder, 1 + i); /* a tenth of a second */
    }
    ck_assert_uint_le(passed, 2 * config.subnet_recoveries_per_s + 10);
    limits_prove(l, &friend, 1000000000);
    ck_assert(limits_is_known(l, &friend, 100001));
    for (unsigned i = 0; i < 100000; i++) { /* from everywhere */
        flooder.bytes[0] = (uint8_t)(11 + i % 100);
        flooder.bytes[1] = (uint8_t)(i >> 8);
        flooder.bytes[2] = (uint8_t)i;
        limits_take_recovery(l, &flooder, 100001);
    }
    ck_assert(!limits_take_recovery(l, &flooder, 100001));
    for (unsigned i = 0; i < 50; i++)
        ck_assert(limits_take_recovery(l, &friend, 100001));
    free(l);
}
END_TEST

/* --- prediction --- */

START_TEST(ten_hosts_that_agree_tell_our_endpoint)
{
    static struct predictor p;
    struct net_addr ours = sim_addr("80.1.2.3:40000"), liar = sim_addr("66.6.6.6:666"), found;

    for (unsigned i = 0; i < 10; i++) {
        struct net_addr host = sim_addr("20.0.0.1");

        ck_assert(!predict_endpoint(&p, &found, 100));
        host.bytes[1] = (uint8_t)i;
        predict_add(&p, &host, &ours, 1 + i);
        predict_add(&p, &host, &ours, 1 + i); /* one host counts once */
    }
    ck_assert(predict_endpoint(&p, &found, 100));
    ck_assert(net_addr_equal(&found, &ours));
    for (unsigned i = 0; i < 9; i++) {
        struct net_addr host = sim_addr("30.0.0.1");

        host.bytes[1] = (uint8_t)i;
        predict_add(&p, &host, &liar, 50);
    }
    ck_assert(predict_endpoint(&p, &found, 100));
    ck_assert(net_addr_equal(&found, &ours));
    ck_assert(!predict_endpoint(&p, &found, 100 + PREDICT_WINDOW_US));
}
END_TEST

START_TEST(statements_that_cannot_be_true_are_ignored)
{
    static const char *const lies[] = {"127.0.0.1:1", "10.0.0.1:1", "0.0.0.0:1", "224.0.0.1:1",
                                       "80.0.0.1:0"};
    static struct predictor p;
    struct net_addr found;

    for (unsigned k = 0; k < 5; k++)
        for (unsigned i = 0; i < 20; i++) {
            struct net_addr host = sim_addr("20.0.0.1"), lie = sim_addr(lies[k]);

            host.bytes[1] = (uint8_t)i;
            predict_add(&p, &host, &lie, 5);
        }
    ck_assert(!predict_endpoint(&p, &found, 6));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discv4 table");
    TCase *t = tcase_create("table"), *parts = tcase_create("parts");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_bucket_holds_sixteen_and_ten_wait);
    tcase_add_test(t, what_is_near_shares_the_first_bucket);
    tcase_add_test(t, two_of_a_subnet_fit_a_bucket_and_ten_the_table);
    tcase_add_test(t, a_hundred_thousand_ids_of_one_subnet_get_ten_places);
    tcase_add_test(t, local_addresses_are_not_counted_unless_told);
    tcase_add_test(t, who_is_seen_again_moves_to_the_front);
    tcase_add_test(t, the_place_of_a_dead_node_goes_to_a_replacement);
    tcase_add_test(t, closest_gives_the_true_closest_in_order);
    tcase_add_test(t, random_nodes_are_different_ones_and_all_in_the_end);
    tcase_add_test(t, the_table_never_holds_itself);
    suite_add_tcase(s, parts);
    tcase_add_checked_fixture(parts, setup, teardown);
    tcase_add_test(parts, a_proof_holds_for_one_address_and_one_day);
    tcase_add_test(parts, a_flood_of_strangers_displaces_no_proof);
    tcase_add_test(parts, requests_are_bounded_and_found_by_address_hash_and_node);
    tcase_add_test(parts, a_bucket_gives_its_burst_and_then_its_rate);
    tcase_add_test(parts, a_flooding_subnet_leaves_other_subnets_and_acquaintances_alone);
    tcase_add_test(parts, ten_hosts_that_agree_tell_our_endpoint);
    tcase_add_test(parts, statements_that_cannot_be_true_are_ignored);
    return harness_run(s);
}
