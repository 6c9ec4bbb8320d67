/* Many engines on one made-up network: they find each other, and what they find is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "harness.h"
#include "sim.h"

enum { MESH = 50, LOOKUPS = 60 };

static struct sim sim;

struct outcome {
    bool done;
    struct eth_node nodes[DISCV4_LOOKUP_RESULTS];
    unsigned n;
};

static void on_done(void *arg, const struct eth_node *nodes, unsigned n)
{
    struct outcome *o = arg;

    ck_assert(!o->done);
    o->done = true;
    o->n = n;
    if (n > 0)
        memcpy(o->nodes, nodes, n * sizeof *nodes);
}

static bool is_done(void *arg)
{
    return ((struct outcome *)arg)->done;
}

static void make_mesh(unsigned n)
{
    sim_start(&sim);
    for (unsigned i = 0; i < n; i++) {
        struct sim_node *node = sim_add(&sim, NULL, NULL);

        if (i > 0)
            ck_assert_int_eq(discv4_add_bootnode(node->engine, &sim.nodes[0].self), 0);
    }
}

/* How many of the mesh, the asker aside, are closer to the target than this node. */
static unsigned count_closer(unsigned asker, const uint8_t target[ETH_ID_BYTES],
                             const uint8_t id[ETH_ID_BYTES])
{
    unsigned closer = 0;

    for (unsigned i = 0; i < sim.n; i++)
        closer += i != asker && eth_distcmp(target, sim.nodes[i].self.id, id) < 0;
    return closer;
}

START_TEST(two_nodes_bond_and_enter_each_others_tables)
{
    struct discv4_candidate found;

    make_mesh(2);
    sim_run_ms(&sim, 2000);
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_node *other = &sim.nodes[1 - i];

        ck_assert_uint_eq(discv4_table_size(sim.nodes[i].engine), 1);
        ck_assert_int_eq(discv4_find(sim.nodes[i].engine, &found, other->self.id), 0);
        ck_assert_uint_eq(found.node.tcp_port, 30303);
        ck_assert(discv4_is_bonded(sim.nodes[i].engine, other->self.id, &other->self.udp,
                                   clock_mono_us()));
    }
    sim_stop(&sim);
}
END_TEST

START_TEST(in_a_mesh_of_fifty_every_lookup_gives_the_true_sixteen_within_three_seconds)
{
    int64_t slowest_us = 0;

    make_mesh(MESH);
    sim_run_ms(&sim, 60 * 1000);
    for (unsigned round = 0; round < LOOKUPS; round++) {
        uint8_t target[EC_PUBKEY_BYTES], target_id[ETH_ID_BYTES];
        unsigned asker = (unsigned)random_below(MESH);
        struct outcome o = {.done = false};
        int64_t start_us = clock_mono_us();

        random_bytes(target, sizeof target);
        keccak256(target_id, target, sizeof target);
        ck_assert_int_eq(
            discv4_lookup(sim.nodes[asker].engine, target, on_done, &o, clock_mono_us()), 0);
        ck_assert(sim_run_until(&sim, is_done, &o, 3000));
        if (clock_mono_us() - start_us > slowest_us)
            slowest_us = clock_mono_us() - start_us;
        ck_assert_uint_eq(o.n, DISCV4_LOOKUP_RESULTS);
        for (unsigned i = 0; i < o.n; i++)
            ck_assert_uint_eq(count_closer(asker, target_id, o.nodes[i].id), i);
    }
    printf("the slowest of %d lookups took %lld ms\n", LOOKUPS, (long long)slowest_us / 1000);
    sim_stop(&sim);
}
END_TEST

START_TEST(resolve_finds_a_node_by_its_key)
{
    struct outcome o = {.done = false};
    uint8_t nobody[EC_PUBKEY_BYTES] = {1};

    make_mesh(MESH);
    sim_run_ms(&sim, 30 * 1000);
    for (unsigned i = 1; i < MESH; i++) {
        o.done = false;
        ck_assert_int_eq(discv4_resolve(sim.nodes[0].engine, sim.nodes[i].self.pubkey, on_done, &o,
                                        clock_mono_us()),
                         0);
        ck_assert(sim_run_until(&sim, is_done, &o, 3000));
        ck_assert_uint_eq(o.n, 1);
        ck_assert_mem_eq(o.nodes[0].id, sim.nodes[i].self.id, ETH_ID_BYTES);
    }
    o.done = false;
    ck_assert_int_eq(discv4_resolve(sim.nodes[0].engine, nobody, on_done, &o, clock_mono_us()), 0);
    ck_assert(sim_run_until(&sim, is_done, &o, 5000));
    ck_assert_uint_eq(o.n, 0);
    sim_stop(&sim);
}
END_TEST

START_TEST(dead_nodes_leave_the_table)
{
    make_mesh(20);
    sim_run_ms(&sim, 30 * 1000);
    ck_assert_uint_ge(discv4_table_size(sim.nodes[0].engine), 15);
    for (unsigned i = 10; i < 20; i++)
        sim_halt(&sim.nodes[i]);
    sim_run_ms(&sim, 10 * 60 * 1000);
    ck_assert_uint_ge(discv4_table_size(sim.nodes[0].engine), 8);
    ck_assert_uint_le(discv4_table_size(sim.nodes[0].engine), 9);
    for (unsigned i = 10; i < 20; i++) {
        struct discv4_candidate c;

        ck_assert_int_lt(discv4_find(sim.nodes[0].engine, &c, sim.nodes[i].self.id), 0);
    }
    sim_stop(&sim);
}
END_TEST

START_TEST(after_a_restart_without_bootnodes_the_table_refills_from_the_database)
{
    char dir[] = "/tmp/p2pnode-mesh-XXXXXX", path[64];
    struct nodedb *db;
    struct sim_node *n;
    uint64_t seq;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/nodes", dir);
    ck_assert_int_eq(nodedb_open(&db, path), 0);
    make_mesh(20);
    n = sim_add(&sim, NULL, db);
    ck_assert_int_eq(discv4_add_bootnode(n->engine, &sim.nodes[0].self), 0);
    sim_run_ms(&sim, 7 * 60 * 1000);
    ck_assert_uint_ge(discv4_table_size(n->engine), 15);
    seq = discv4_record(n->engine)->seq;
    sim_halt(n);
    nodedb_close(db);
    ck_assert_int_eq(nodedb_open(&db, path), 0);
    n->db = db;
    sim_restart(n);
    ck_assert_uint_eq(discv4_table_size(n->engine), 0);
    ck_assert_uint_gt(discv4_record(n->engine)->seq, seq);
    sim_run_ms(&sim, 10 * 1000);
    ck_assert_uint_ge(discv4_table_size(n->engine), 15);
    sim_stop(&sim);
    nodedb_close(db);
    unlink(path);
    rmdir(dir);
}
END_TEST

/* The proof that one side has of the other is kept too: no ping is needed before an answer. */
START_TEST(proofs_survive_a_restart)
{
    char dir[] = "/tmp/p2pnode-mesh-XXXXXX", path[64];
    struct outcome o = {.done = false};
    struct sim_node *n, *other;
    struct nodedb *db;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/nodes", dir);
    ck_assert_int_eq(nodedb_open(&db, path), 0);
    make_mesh(1);
    other = &sim.nodes[0];
    n = sim_add(&sim, NULL, db);
    discv4_seed(n->engine, &other->self);
    sim_run_ms(&sim, 2000);
    sim_halt(n);
    sim_restart(n);
    ck_assert_int_eq(discv4_lookup(other->engine, n->self.pubkey, on_done, &o, clock_mono_us()), 0);
    ck_assert(sim_run_until(&sim, is_done, &o, 400));
    ck_assert_uint_eq(o.n, 1);
    ck_assert_uint_eq(discv4_stats(n->engine)->received[DISCV4_FINDNODE], 1);
    ck_assert_uint_eq(discv4_stats(n->engine)->dropped[DISCV4_DROP_UNPROVEN], 0);
    sim_stop(&sim);
    nodedb_close(db);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(records_are_fetched_and_follow_changes)
{
    const struct eth_fork_id fork = {{1, 2, 3, 4}, 99};
    struct discv4_candidate c;

    make_mesh(2);
    discv4_set_fork_id(sim.nodes[1].engine, &fork);
    sim_run_ms(&sim, 60 * 1000);
    ck_assert_int_eq(discv4_find(sim.nodes[0].engine, &c, sim.nodes[1].self.id), 0);
    ck_assert(c.has_fork_id);
    ck_assert_uint_eq(c.fork_id.next, 99);
    discv4_set_fork_id(sim.nodes[1].engine, &(struct eth_fork_id){{1, 2, 3, 5}, 0});
    sim_run_ms(&sim, 60 * 1000);
    ck_assert_int_eq(discv4_find(sim.nodes[0].engine, &c, sim.nodes[1].self.id), 0);
    ck_assert_uint_eq(c.fork_id.hash[3], 5);
    sim_stop(&sim);
}
END_TEST

/* Twelve nodes on public addresses tell a node behind a translated address where it is. */
START_TEST(a_node_learns_its_outside_address_from_pongs)
{
    struct net_addr inside = sim_addr("77.1.1.1:30303");
    struct sim_node *n;
    uint64_t seq;

    sim_start(&sim);
    for (unsigned i = 0; i < 12; i++) {
        struct net_addr at = {.kind = NET_IPV4, .port = 30303, .bytes = {50, (uint8_t)i, 1, 1}};

        sim_add(&sim, &at, NULL);
    }
    n = sim_add(&sim, &inside, NULL);
    discv4_set_reach(n->engine, ETH_IPV4,
                     &(struct discv4_reach){.at.udp = {.kind = NET_NONE, .port = 30303}});
    seq = discv4_record(n->engine)->seq;
    ck_assert_int_eq(discv4_record(n->engine)->node.udp.kind, NET_NONE);
    for (unsigned i = 0; i < 12; i++)
        discv4_seed(n->engine, &sim.nodes[i].self);
    sim_run_ms(&sim, 30 * 1000);
    ck_assert(net_addr_equal(&discv4_record(n->engine)->node.udp, &inside));
    ck_assert_uint_eq(discv4_record(n->engine)->seq, seq + 1);
    sim_stop(&sim);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discv4 mesh");
    TCase *t = tcase_create("mesh");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, two_nodes_bond_and_enter_each_others_tables);
    tcase_add_test(t, in_a_mesh_of_fifty_every_lookup_gives_the_true_sixteen_within_three_seconds);
    tcase_add_test(t, resolve_finds_a_node_by_its_key);
    tcase_add_test(t, dead_nodes_leave_the_table);
    tcase_add_test(t, after_a_restart_without_bootnodes_the_table_refills_from_the_database);
    tcase_add_test(t, proofs_survive_a_restart);
    tcase_add_test(t, records_are_fetched_and_follow_changes);
    tcase_add_test(t, a_node_learns_its_outside_address_from_pongs);
    return harness_run(s);
}
