/* The discovery thread on real loopback sockets, the candidates it hands out, and the clock check.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/bootnodes.h"
#include "ethereum/discovery/clock_check.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/discovery/udp.h"
#include "harness.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "sim.h"

enum { PATIENCE_MS = 20000 };

static struct sim sim;

/* --- candidates --- */

static bool on_our_chain(void *arg, const struct eth_fork_id *fork_id)
{
    (void)arg;
    return fork_id->hash[0] != 0xff;
}

static struct candidates *make_candidates(unsigned mesh, eth_fork_filter *filter)
{
    struct candidates *c = malloc(sizeof *c);

    ck_assert_ptr_nonnull(c);
    sim_start(&sim);
    for (unsigned i = 0; i < mesh; i++) {
        struct sim_node *n = sim_add(&sim, NULL, NULL);

        if (i > 0)
            discv4_add_bootnode(n->engine, &sim.nodes[0].self);
    }
    ck_assert_int_eq(candidates_init(c, filter, NULL), 0);
    return c;
}

static void free_candidates(struct candidates *c)
{
    candidates_destroy(c);
    free(c);
    sim_stop(&sim);
}

static void run_candidates(struct candidates *c, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 100) {
        candidates_tick(c, sim.nodes[0].engine, clock_mono_us());
        sim_run_ms(&sim, 100);
    }
}

START_TEST(candidates_are_looked_for_only_while_there_is_room)
{
    struct candidates *c = make_candidates(50, NULL);
    struct discv4_candidate one;
    uint64_t lookups;

    sim_run_ms(&sim, 30 * 1000);
    run_candidates(c, 60 * 1000);
    ck_assert_uint_eq(chan_depth(&c->chan), CANDIDATES_WAITING);
    sim_run_ms(&sim, 1000);
    lookups = discv4_stats(sim.nodes[0].engine)->lookups;
    for (unsigned i = 0; i < 100; i++) { /* full: nothing is looked for but by the table itself */
        candidates_tick(c, sim.nodes[0].engine, clock_mono_us() + (int64_t)i * 10000000);
        ck_assert(!c->looking_up);
    }
    ck_assert_uint_eq(discv4_stats(sim.nodes[0].engine)->lookups, lookups);
    while (chan_try_recv(&c->chan, &one) == 0)
        ck_assert_uint_eq(one.node.tcp_port, 30303);
    run_candidates(c, 120 * 1000);
    ck_assert_uint_gt(chan_depth(&c->chan), 0);
    free_candidates(c);
}
END_TEST

START_TEST(a_node_is_not_offered_twice_within_a_minute)
{
    struct candidates *c = make_candidates(10, NULL);

    sim_run_ms(&sim, 10 * 1000);
    run_candidates(c, 50 * 1000);
    ck_assert_uint_eq(chan_depth(&c->chan), 9);
    run_candidates(c, 30 * 1000);
    ck_assert_uint_eq(chan_depth(&c->chan), 18);
    free_candidates(c);
}
END_TEST

START_TEST(nodes_of_another_chain_or_without_rlpx_are_not_offered)
{
    struct candidates *c = make_candidates(4, on_our_chain);
    struct discv4_candidate one;

    discv4_set_fork_id(sim.nodes[1].engine, &(struct eth_fork_id){{0xff}, 0});
    discv4_set_fork_id(sim.nodes[2].engine, &(struct eth_fork_id){{0x01}, 7});
    sim_run_ms(&sim, 60 * 1000); /* the records have been fetched */
    run_candidates(c, 20 * 1000);
    ck_assert_uint_eq(chan_depth(&c->chan), 2);
    while (chan_try_recv(&c->chan, &one) == 0)
        ck_assert_mem_ne(one.node.id, sim.nodes[1].self.id, ETH_ID_BYTES);
    free_candidates(c);
}
END_TEST

/* --- the thread --- */

static struct eth_discovery_config config_on_loopback(void)
{
    struct eth_discovery_config config = {
        .listen[ETH_IPV4] = {{.kind = NET_IPV4, .bytes = {127, 0, 0, 1}}, 30303}};

    ec_secret_generate(config.secret);
    return config;
}

static struct eth_discovery *start(const struct eth_discovery_config *config,
                                   const struct eth_node *bootnode)
{
    struct eth_discovery *d;

    ck_assert_int_eq(eth_discovery_new(&d, config), 0);
    if (bootnode)
        ck_assert_int_eq(eth_discovery_add_bootnode(d, bootnode), 0);
    ck_assert_int_eq(eth_discovery_start(d), 0);
    return d;
}

static void stop(struct eth_discovery *d)
{
    eth_discovery_stop(d);
    eth_discovery_join(d);
    eth_discovery_free(d);
}

static struct eth_node self_of(struct eth_discovery *d)
{
    static struct eth_discovery_view view;

    eth_discovery_look(d, &view);
    return view.record.node;
}

static void refuse_dns_query(void *arg, uint64_t number, const char *name)
{
    (void)arg;
    (void)number;
    (void)name;
}

START_TEST(threads_find_each_other_and_hand_out_candidates)
{
    struct eth_discovery_config config = config_on_loopback();
    struct eth_discovery *a = start(&config, NULL), *b;
    struct eth_node at_a = self_of(a);
    struct discv4_candidate one;

    ck_assert_uint_ne(at_a.udp.port, 0);
    config = config_on_loopback();
    b = start(&config, &at_a);
    ck_assert_int_eq(eth_discovery_next(b, &one, clock_deadline_ms(PATIENCE_MS)), 0);
    ck_assert_mem_eq(one.node.id, at_a.id, ETH_ID_BYTES);
    ck_assert_int_eq(eth_discovery_next(a, &one, clock_deadline_ms(PATIENCE_MS)), 0);
    stop(a);
    eth_discovery_stop(b);
    eth_discovery_join(b);
    while (eth_discovery_try_next(b, &one) == 0)
        continue;
    ck_assert_int_eq(eth_discovery_next(b, &one, CLOCK_NEVER), PN_ECLOSED);
    eth_discovery_free(b);
}
END_TEST

static struct chan_class reply_class = {
    .name = "test_reply", .elem_size = sizeof(struct eth_resolved), .capacity = 1};

START_TEST(a_node_that_is_added_can_be_resolved)
{
    struct eth_discovery_config config = config_on_loopback();
    struct eth_discovery *a = start(&config, NULL), *b;
    struct eth_node at_a = self_of(a);
    struct eth_resolved answer = {.found = false};
    int64_t until_us = clock_deadline_ms(PATIENCE_MS);
    struct chan reply;

    config = config_on_loopback();
    b = start(&config, NULL);
    ck_assert_int_eq(chan_class_register(&reply_class), 0);
    ck_assert_int_eq(chan_init(&reply, &reply_class), 0);
    ck_assert_int_eq(eth_discovery_add_node(b, &at_a), 0);
    while (!answer.found) {
        ck_assert_int_eq(eth_discovery_resolve(b, at_a.pubkey, &reply), 0);
        ck_assert_int_eq(chan_recv(&reply, &answer, until_us), 0);
    }
    ck_assert(net_addr_equal(&answer.node.udp, &at_a.udp));
    chan_destroy(&reply, NULL);
    stop(a);
    stop(b);
}
END_TEST

static void listen_on_both(struct eth_discovery_config *c)
{
    *c = config_on_loopback();
    c->listen[ETH_IPV6] = (struct eth_endpoint){{.kind = NET_IPV6, .bytes = {[15] = 1}}, 30306};
}

/* One that listens in both families stands between one of each: it finds both, and what it tells
 * them of itself has both addresses. */
START_TEST(one_node_speaks_with_both_families)
{
    struct eth_discovery_config config;
    struct eth_discovery *both, *v4, *v6;
    struct eth_node at_both;
    static struct eth_discovery_view view;
    struct discv4_candidate one;
    int64_t until_us = clock_deadline_ms(PATIENCE_MS);

    listen_on_both(&config);
    both = start(&config, NULL);
    at_both = self_of(both);
    ck_assert_int_eq(at_both.udp.kind, NET_IPV4);
    config = config_on_loopback();
    v4 = start(&config, &at_both);
    listen_on_both(&config);
    config.listen[ETH_IPV4] = (struct eth_endpoint){.tcp_port = 0};
    ck_assert_ptr_null(eth_discovery_addr(v4, ETH_IPV6));
    at_both.udp = *eth_discovery_addr(both, ETH_IPV6);
    v6 = start(&config, &at_both);
    do {
        eth_discovery_look(both, &view);
        poll(NULL, 0, 10);
    } while (view.nodes < 2 && clock_mono_us() < until_us);
    ck_assert_uint_eq(view.nodes, 2);
    for (unsigned family = 0; family < ETH_FAMILIES; family++)
        ck_assert(net_addr_equal(&view.record.endpoints[family].udp,
                                 eth_discovery_addr(both, (enum eth_family)family)));
    ck_assert_uint_eq(view.record.endpoints[ETH_IPV6].tcp_port, 30306);
    ck_assert_int_eq(eth_discovery_next(v4, &one, until_us), 0);
    ck_assert_int_eq(one.node.udp.kind, NET_IPV4);
    ck_assert_int_eq(eth_discovery_next(v6, &one, until_us), 0);
    ck_assert_int_eq(one.node.udp.kind, NET_IPV6);
    stop(v4);
    stop(v6);
    stop(both);
}
END_TEST

START_TEST(without_a_family_to_listen_in_there_is_no_discovery)
{
    struct eth_discovery_config config = config_on_loopback();
    struct eth_discovery *d;

    config.listen[ETH_IPV4].udp.kind = NET_NONE;
    ck_assert_int_eq(eth_discovery_new(&d, &config), PN_EINVAL);
}
END_TEST

START_TEST(an_address_in_use_is_told)
{
    struct eth_discovery_config config = config_on_loopback();
    struct eth_discovery *a, *b;

    ck_assert_int_eq(eth_discovery_new(&a, &config), 0);
    config.listen[ETH_IPV4].udp = *eth_discovery_addr(a, ETH_IPV4);
    ck_assert_int_eq(eth_discovery_new(&b, &config), PN_EBUSY);
    eth_discovery_free(a); /* never started */
    memset(config.secret, 0, sizeof config.secret);
    ck_assert_int_eq(eth_discovery_new(&b, &config), PN_EINVAL);
}
END_TEST

/* Whichever allocation fails, the start fails with it, cleanly, and the next try succeeds. */
START_TEST(a_start_without_memory_fails_whole)
{
    static const char *const trees[] = {
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org", NULL};
    struct eth_discovery_config config = config_on_loopback();
    char dir[] = "/tmp/p2pnode-discovery-XXXXXX", path[64];
    struct eth_discovery *d = NULL;
    unsigned long n = 0;
    int rc;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/nodes", dir);
    config.db_path = path;
    config.dns_trees = trees;
    config.dns_query = refuse_dns_query;
    do {
        mem_fail_at(++n, 0);
        rc = eth_discovery_new(&d, &config);
        if (rc == 0)
            eth_discovery_free(d);
        else
            ck_assert_int_eq(rc, PN_ENOMEM);
    } while (mem_fail_happened());
    mem_fail_at(0, 0);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_gt(n, 5);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(the_record_follows_the_outside_address_and_the_fork)
{
    struct eth_discovery_config config = config_on_loopback();
    const struct eth_endpoint outside = {sim_addr("80.1.2.3:40000"), 40001};
    static struct eth_discovery_view view;
    struct eth_discovery *d = start(&config, NULL);
    int64_t until_us = clock_deadline_ms(PATIENCE_MS);
    uint64_t seq;

    eth_discovery_look(d, &view);
    seq = view.record.seq;
    ck_assert_int_eq(eth_discovery_set_external(d, ETH_IPV4, &outside), 0);
    ck_assert_int_eq(eth_discovery_set_fork_id(d, &(struct eth_fork_id){{1, 2, 3, 4}, 5}), 0);
    while (view.record.seq != seq + 2 && clock_mono_us() < until_us) {
        eth_discovery_look(d, &view);
        poll(NULL, 0, 10);
    }
    ck_assert_uint_eq(view.record.seq, seq + 2);
    ck_assert(net_addr_equal(&view.record.node.udp, &outside.udp));
    ck_assert_uint_eq(view.record.node.tcp_port, outside.tcp_port);
    ck_assert(view.record.has_fork_id);
    stop(d);
}
END_TEST

static struct eth_discovery *asker;
static atomic_uint branches_asked;

/* The root's text for the domain; what is below it shows that the answer got through. */
static void on_dns_query(void *arg, uint64_t number, const char *name)
{
    const char *texts[] = {"v=spf1 -all", arg};

    if (strcmp(name, "nodes.example.org") != 0)
        atomic_fetch_add(&branches_asked, 1);
    ck_assert_int_eq(eth_discovery_dns_answer(asker, number, texts, 2), 0);
}

START_TEST(answers_from_dns_reach_the_tree)
{
    static char root[] =
        "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 "
        "sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__"
        "XJesCHxLISo94z5Z2a463gA";
    static const char *const trees[] = {
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org", NULL};
    struct eth_discovery_config config = config_on_loopback();
    int64_t until_us = clock_deadline_ms(PATIENCE_MS);

    config.dns_trees = trees;
    config.dns_query = on_dns_query;
    config.dns_arg = root;
    ck_assert_int_eq(eth_discovery_new(&asker, &config), 0);
    ck_assert_int_eq(eth_discovery_start(asker), 0);
    while (atomic_load(&branches_asked) < 2 && clock_mono_us() < until_us)
        poll(NULL, 0, 10);
    ck_assert_uint_eq(atomic_load(&branches_asked), 2);
    stop(asker);
}
END_TEST

START_TEST(long_datagrams_are_seen_to_be_long)
{
    struct eth_discovery_config config = config_on_loopback();
    static uint8_t big[3000];
    static struct eth_discovery_view view;
    struct eth_discovery *d = start(&config, NULL);
    int64_t until_us = clock_deadline_ms(PATIENCE_MS);
    struct udp *u;

    ck_assert_int_eq(udp_open(&u, &config.listen[ETH_IPV4].udp), 0);
    ck_assert_int_eq(udp_send(u, eth_discovery_addr(d, ETH_IPV4), big, sizeof big), 0);
    ck_assert_int_eq(udp_send(u, eth_discovery_addr(d, ETH_IPV4), big, 0), 0);
    while (view.stats.dropped[DISCV4_DROP_SHORT] == 0 && clock_mono_us() < until_us) {
        eth_discovery_look(d, &view);
        poll(NULL, 0, 10);
    }
    ck_assert_uint_eq(view.stats.dropped[DISCV4_DROP_LARGE], 1);
    ck_assert_uint_eq(view.stats.dropped[DISCV4_DROP_SHORT], 1);
    udp_free(u);
    stop(d);
}
END_TEST

/* --- the clock --- */

enum { HOUR_S = 3600 };

/* A server's reply to a request: its clock is `ahead_s` ahead. */
static void make_reply(uint8_t reply[SNTP_PACKET_BYTES], const uint8_t *request, int64_t ahead_s)
{
    memset(reply, 0, SNTP_PACKET_BYTES);
    reply[0] = 4 << 3 | 4;
    reply[1] = 2;
    memcpy(reply + 24, request + 40, 8);
    for (unsigned at = 32; at <= 40; at += 8) {
        memcpy(reply + at, request + 40, 8);
        store_be32(reply + at, (uint32_t)(load_be32(request + 40) + (uint64_t)ahead_s));
    }
}

START_TEST(a_reply_tells_how_far_ahead_the_server_is)
{
    static const int64_t times_s[] = {1800000000, 2085978495, 2085978496, 2200000000};
    uint8_t request[SNTP_PACKET_BYTES], reply[SNTP_PACKET_BYTES];
    int64_t ahead_us;

    for (unsigned i = 0; i < 4; i++) { /* before, at and after the end of NTP's era in 2036 */
        int64_t now_us = times_s[i] * 1000000 + 250000;

        sntp_make_request(request, now_us);
        make_reply(reply, request, HOUR_S);
        ck_assert_int_eq(sntp_read_reply(&ahead_us, reply, sizeof reply, request, now_us, now_us),
                         0);
        ck_assert_int_le(llabs(ahead_us - HOUR_S * INT64_C(1000000)), 2);
    }
}
END_TEST

START_TEST(what_is_no_reply_to_the_request_is_refused)
{
    uint8_t request[SNTP_PACKET_BYTES], reply[SNTP_PACKET_BYTES];
    int64_t ahead_us, now_us = INT64_C(1800000000) * 1000000;

    sntp_make_request(request, now_us);
    make_reply(reply, request, 0);
    ck_assert_int_eq(sntp_read_reply(&ahead_us, reply, 47, request, now_us, now_us), PN_EFORMAT);
    reply[1] = 0; /* kiss of death */
    ck_assert_int_eq(sntp_read_reply(&ahead_us, reply, 48, request, now_us, now_us), PN_EFORMAT);
    reply[1] = 2;
    reply[30] ^= 1;
    ck_assert_int_eq(sntp_read_reply(&ahead_us, reply, 48, request, now_us, now_us),
                     PN_EUNSOLICITED);
    ck_assert_int_eq(sntp_read_reply(&ahead_us, request, 48, request, now_us, now_us), PN_EFORMAT);
}
END_TEST

static void on_request(void *arg, const struct net_addr *from, const void *data, size_t len)
{
    uint8_t reply[SNTP_PACKET_BYTES];

    ck_assert_uint_eq(len, SNTP_PACKET_BYTES);
    make_reply(reply, data, HOUR_S);
    ck_assert_int_eq(udp_send(arg, from, reply, sizeof reply), 0);
}

static void on_find(void *arg)
{
    ++*(unsigned *)arg;
}

START_TEST(a_wrong_clock_is_noticed_after_32_failures_and_asked_about_once)
{
    struct net_addr at = sim_addr("127.0.0.1:0");
    struct clock_check c;
    struct udp *server;
    unsigned searches = 0;

    clock_test_start(1800000000);
    ck_assert_int_eq(udp_open(&server, &at), 0);
    clock_check_init(&c, on_find, &searches);
    clock_check_tick(&c, CLOCK_CHECK_FAILURES - 1, 1000);
    ck_assert_uint_eq(searches, 0);
    clock_check_tick(&c, CLOCK_CHECK_FAILURES, 1000);
    ck_assert_uint_eq(searches, 1);
    ck_assert_int_eq(c.fd, -1);
    clock_check_found(&c, udp_addr(server), 1500);
    for (unsigned i = 0; i < CLOCK_CHECK_SAMPLES; i++) {
        struct pollfd fds[] = {{.fd = udp_fd(server), .events = POLLIN},
                               {.fd = c.fd, .events = POLLIN}};

        ck_assert_int_ge(c.fd, 0);
        ck_assert_int_eq(poll(&fds[0], 1, PATIENCE_MS), 1);
        ck_assert_int_eq(udp_receive(server, on_request, server), 1);
        ck_assert_int_eq(poll(&fds[1], 1, PATIENCE_MS), 1);
        clock_check_readable(&c, 2000);
    }
    ck_assert_int_eq(c.fd, -1);
    ck_assert_uint_eq(c.n, CLOCK_CHECK_SAMPLES);
    ck_assert_int_gt(c.ahead_us[1], CLOCK_CHECK_MAX_AHEAD_US);
    clock_check_tick(&c, 1000, 3000); /* not again so soon */
    ck_assert_uint_eq(searches, 1);
    clock_check_tick(&c, 1000, 3000 + CLOCK_CHECK_COOLDOWN_US);
    ck_assert_uint_eq(searches, 2);
    clock_check_close(&c);
    udp_free(server);
    clock_test_stop();
}
END_TEST

START_TEST(without_a_server_nothing_is_asked_and_a_silent_one_is_given_up)
{
    struct net_addr at = sim_addr("127.0.0.1:0");
    int64_t now_us = 1000;
    struct clock_check c;
    struct udp *server;

    clock_check_init(&c, NULL, NULL);
    clock_check_tick(&c, 1000, now_us);
    ck_assert_int_eq(c.fd, -1);
    ck_assert_int_eq(clock_check_deadline(&c), CLOCK_NEVER);
    ck_assert_int_eq(udp_open(&server, &at), 0);
    clock_check_found(&c, udp_addr(server), now_us);
    for (unsigned i = 0; i < CLOCK_CHECK_SAMPLES; i++) {
        ck_assert_int_ge(c.fd, 0);
        now_us = clock_check_deadline(&c);
        clock_check_tick(&c, 1000, now_us);
    }
    ck_assert_int_eq(c.fd, -1);
    udp_free(server);
}
END_TEST

/* --- bootnodes --- */

START_TEST(the_bootnodes_of_every_network_are_nodes)
{
    static const char *const networks[] = {"mainnet", "sepolia", "hoodi", "classic", "mordor"};
    struct eth_node n;

    for (unsigned i = 0; i < 5; i++) {
        const struct eth_bootnodes *b = eth_bootnodes_find(networks[i]);
        unsigned count = 0;

        ck_assert_ptr_nonnull(b);
        for (const char *const *enode = b->enodes; *enode; enode++, count++)
            ck_assert_int_eq(enode_parse(&n, *enode), 0);
        ck_assert_uint_ge(count, 1);
    }
    ck_assert_ptr_null(eth_bootnodes_find("nowhere"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discovery");
    TCase *c = tcase_create("candidates"), *t = tcase_create("thread"), *k = tcase_create("clock");

    log_set_level(LOG_LEVEL_ERROR);
    suite_add_tcase(s, c);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, candidates_are_looked_for_only_while_there_is_room);
    tcase_add_test(c, a_node_is_not_offered_twice_within_a_minute);
    tcase_add_test(c, nodes_of_another_chain_or_without_rlpx_are_not_offered);
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, threads_find_each_other_and_hand_out_candidates);
    tcase_add_test(t, a_node_that_is_added_can_be_resolved);
    tcase_add_test(t, one_node_speaks_with_both_families);
    tcase_add_test(t, without_a_family_to_listen_in_there_is_no_discovery);
    tcase_add_test(t, an_address_in_use_is_told);
    tcase_add_test(t, a_start_without_memory_fails_whole);
    tcase_add_test(t, the_record_follows_the_outside_address_and_the_fork);
    tcase_add_test(t, answers_from_dns_reach_the_tree);
    tcase_add_test(t, long_datagrams_are_seen_to_be_long);
    suite_add_tcase(s, k);
    tcase_add_test(k, a_reply_tells_how_far_ahead_the_server_is);
    tcase_add_test(k, what_is_no_reply_to_the_request_is_refused);
    tcase_add_test(k, a_wrong_clock_is_noticed_after_32_failures_and_asked_about_once);
    tcase_add_test(k, without_a_server_nothing_is_asked_and_a_silent_one_is_given_up);
    tcase_add_test(k, the_bootnodes_of_every_network_are_nodes);
    return harness_run(s);
}
