/* Catching up: from one peer and from many, over branches, from a trusted head; slow, silent and
 * lying peers cost themselves their connection and nobody else anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "harness.h"
#include "sim.h"

static struct sim s;
static struct sim_chain chain, other;

static void setup(void)
{
    clock_test_start(1700000000);
    memset(&s, 0, sizeof s);
    make_params(&s.params, false);
}

static void teardown(void)
{
    sim_end(&s);
    sim_free_chain(&chain);
    sim_free_chain(&other);
    chain = other = (struct sim_chain){0};
    clock_test_stop();
}

static const struct eth_header *head_of(const struct sim_chain *c)
{
    return &c->blocks[c->n - 1].h;
}

static void begin(unsigned n)
{
    sim_make_chain(&chain, &s.params, &s.params.genesis, n, 13, 1);
    sim_begin(&s, NULL);
}

START_TEST(one_peer_is_enough_after_ten_seconds)
{
    double took;

    begin(1000);
    sim_add(&s, SIM_HONEST, &chain, 50);
    took = sim_run(&s, head_of(&chain), 100);
    ck_assert_msg(took >= 10 && took < 20, "took %.1f s", took);
    ck_assert(!downloader_is_syncing(s.d));
}
END_TEST

START_TEST(five_peers_begin_at_once_and_share_the_work)
{
    double took;

    begin(3000);
    for (unsigned i = 0; i < 5; i++)
        sim_add(&s, SIM_HONEST, &chain, 50);
    took = sim_run(&s, head_of(&chain), 100);
    ck_assert_msg(took >= 0 && took < 10, "took %.1f s", took);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_gt(s.peers[i].asked, 2);
        ck_assert_uint_eq(s.peers[i].dropped, 0);
    }
}
END_TEST

static void add_six(int delay_ms)
{
    for (unsigned i = 0; i < 6; i++)
        sim_add(&s, SIM_HONEST, &chain, delay_ms);
}

/* How long a sync takes with six good peers alone. All begins again then, without peers. */
static double run_six_alone(int delay_ms)
{
    double took;

    begin(3000);
    add_six(delay_ms);
    took = sim_run(&s, head_of(&chain), 300);
    ck_assert(took >= 0);
    sim_end(&s);
    memset(&s.peers, 0, sizeof s.peers);
    s.n_peers = 0;
    sim_begin(&s, NULL);
    return took;
}

/* What hinders: a silent one, a slow one, one that lies about headers, one that lies about bodies.
 * All of it costs at most half as much again. */
START_TEST(bad_peers_neither_stop_nor_much_slow_a_sync)
{
    double alone, hindered;
    struct sim_peer *wrong_gaps, *wrong_bodies, *slow;

    alone = run_six_alone(400);
    wrong_gaps = sim_add(&s, SIM_WRONG_GAPS, &chain, 100);
    wrong_bodies = sim_add(&s, SIM_WRONG_BODIES, &chain, 100);
    slow = sim_add(&s, SIM_HONEST, &chain, 1500);
    add_six(400);
    hindered = sim_run(&s, head_of(&chain), 300);
    ck_assert_msg(hindered >= 0 && hindered <= alone * 1.5 + 3, "%.1f s alone, %.1f s hindered",
                  alone, hindered);
    ck_assert_uint_ne(wrong_gaps->dropped, 0);
    ck_assert_uint_ne(wrong_bodies->dropped, 0);
    ck_assert_uint_eq(slow->dropped, 0);
    ck_assert(download_throughput(downloader_peers(s.d), slow->id, SYNC_KIND_BODIES) <
              download_throughput(downloader_peers(s.d), s.peers[4].id, SYNC_KIND_BODIES));
}
END_TEST

/* A request may take a minute before it counts as lost; nobody waits that long for what a faster
 * peer has. Slow peers are no liars: they stay, with a rating that says what they are. */
START_TEST(peers_that_take_half_a_minute_hold_nobody_up)
{
    double alone, hindered;

    alone = run_six_alone(200);
    add_six(200);
    sim_add(&s, SIM_HONEST, &chain, 30000);
    sim_add(&s, SIM_HONEST, &chain, 30000);
    hindered = sim_run(&s, head_of(&chain), 300);
    ck_assert_msg(hindered >= 0 && hindered <= alone * 1.5 + 1, "%.1f s alone, %.1f s hindered",
                  alone, hindered);
    for (unsigned i = 0; i < s.n_peers; i++)
        ck_assert_uint_eq(s.peers[i].dropped, 0);
}
END_TEST

/* Whatever the answer is for which there is no memory: who sent it did nothing wrong. */
START_TEST(what_fails_for_want_of_our_own_memory_is_held_against_nobody)
{
    begin(1000);
    for (unsigned i = 0; i < 5; i++)
        sim_add(&s, SIM_HONEST, &chain, 50);
    s.starve_each = 3;
    ck_assert_msg(sim_run(&s, head_of(&chain), 300) >= 0, "it does not come to its end");
    for (unsigned i = 0; i < 5; i++)
        ck_assert_msg(s.peers[i].dropped == 0, "peer %u: %s", i, pn_strerror(s.peers[i].reason));
}
END_TEST

START_TEST(what_a_full_disk_makes_the_chain_forget_is_fetched_again)
{
    begin(3000);
    for (unsigned i = 0; i < 5; i++)
        sim_add(&s, SIM_HONEST, &chain, 50);
    s.full_each = 5;
    (void)sim_run(&s, head_of(&chain), 20);
    ck_assert_uint_gt(s.answers, 2 * s.full_each);
    s.full_each = 0;
    ck_assert_msg(sim_run(&s, head_of(&chain), 300) >= 0, "it does not come to its end");
    for (unsigned i = 0; i < 5; i++)
        ck_assert_msg(s.peers[i].dropped == 0, "peer %u: %s", i, pn_strerror(s.peers[i].reason));
}
END_TEST

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* What a body is compared with costs a hash of the whole: one large one for many blocks, that is
 * none of theirs, must not cost as much as all of them. */
START_TEST(a_large_body_that_is_no_blocks_is_soon_given_up)
{
    struct sim_peer *heavy;
    struct eth_body body;
    struct buf b;
    double one, honest, all;

    sim_heavy_body(&b);
    ck_assert_int_eq(eth_body_decode(&body, (struct bytes){b.data, b.len}), 0);
    begin(3000);
    one = -cpu_s();
    ck_assert_int_lt(eth_body_check(&body, head_of(&chain)), 0);
    one += cpu_s();
    buf_free(&b);
    sim_add(&s, SIM_HONEST, &chain, 50);
    honest = -cpu_s();
    ck_assert(sim_run(&s, head_of(&chain), 300) >= 0);
    honest += cpu_s();
    sim_end(&s);
    s.n_peers = 0;
    sim_begin(&s, NULL);
    heavy = sim_add(&s, SIM_HEAVY_BODY, &chain, 50);
    all = -cpu_s();
    (void)sim_run(&s, head_of(&chain), 300);
    all += cpu_s();
    ck_assert_int_eq(heavy->reason, PN_EMERKLE);
    ck_assert_msg(all < 3 * honest + 20 * one, "%.3f s; %.3f s without it, one check %.3f s", all,
                  honest, one);
}
END_TEST

START_TEST(a_silent_master_is_replaced)
{
    struct sim_peer *silent;
    double took;

    begin(500);
    sim_make_chain(&other, &s.params, &s.params.genesis, 600, 10, 7);
    silent = sim_add(&s, SIM_SILENT, &other, 0); /* it claims more than the others */
    for (unsigned i = 0; i < 5; i++)
        sim_add(&s, SIM_HONEST, &chain, 50);
    took = sim_run(&s, head_of(&chain), 200);
    ck_assert(took >= 0);
    ck_assert_uint_ne(silent->dropped, 0);
    ck_assert_int_eq(silent->reason, PN_ESTALLED);
}
END_TEST

START_TEST(who_has_nothing_to_show_is_passed_over)
{
    struct sim_peer *empty;

    begin(500);
    sim_make_chain(&other, &s.params, &s.params.genesis, 600, 10, 7);
    empty = sim_add(&s, SIM_EMPTY, &other, 50);
    for (unsigned i = 0; i < 5; i++)
        sim_add(&s, SIM_HONEST, &chain, 50);
    ck_assert(sim_run(&s, head_of(&chain), 200) >= 0);
    ck_assert_uint_lt(empty->asked, 50);
}
END_TEST

/* Put the first n blocks of a chain into ours. */
static void have(const struct sim_chain *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct eth_body body = made_body(&c->blocks[i]);
        struct eth_added added;

        ck_assert_int_eq(
            eth_chain_add_header(s.chain, &added, &c->blocks[i].h, made_rlp(&c->blocks[i]), false),
            0);
        ck_assert_int_eq(eth_chain_add_body(s.chain, c->blocks[i].h.hash, &body), 0);
    }
}

START_TEST(where_two_chains_part_is_found_wherever_it_is)
{
    static const unsigned forks[] = {0, 1, 5, 12, 100, 180, 199};

    sim_make_chain(&chain, &s.params, &s.params.genesis, 200, 13, 1);
    for (size_t i = 0; i < sizeof forks / sizeof forks[0]; i++) {
        unsigned fork = forks[i];

        sim_begin(&s, NULL);
        have(&chain, 200);
        sim_make_chain(&other, &s.params, fork ? &chain.blocks[fork - 1].h : &s.params.genesis,
                       500 - fork, 10, 77);
        /* The peer has the common blocks, too. */
        struct sim_chain whole = {calloc(500, sizeof *whole.blocks), 500};

        memcpy(whole.blocks, chain.blocks, fork * sizeof *whole.blocks);
        memcpy(whole.blocks + fork, other.blocks, (500 - fork) * sizeof *whole.blocks);
        sim_add(&s, SIM_HONEST, &whole, 20);
        ck_assert_msg(sim_run(&s, head_of(&whole), 200) >= 0, "parted after %u", fork);
        ck_assert_uint_eq(s.peers[0].dropped, 0);
        sim_end(&s);
        memset(&s.peers, 0, sizeof s.peers);
        s.n_peers = 0;
        free(whole.blocks);
        sim_free_chain(&other);
        other = (struct sim_chain){0};
    }
    sim_begin(&s, NULL); /* for the teardown */
}
END_TEST

/* Blocks beyond the merge: the maker's difficulty is taken out. */
static void make_merged(struct sim_chain *c, unsigned n)
{
    s.params.merge_difficulty = 0;
    s.params.merged = true;
    sim_make_chain(c, &s.params, &s.params.genesis, n, 12, 1);
    for (unsigned i = 0; i < n; i++) {
        struct made_block *b = &c->blocks[i];
        uint8_t extra[2];

        memcpy(extra, b->h.extra.data, sizeof extra);
        b->h.extra.data = extra;
        b->h.difficulty = 0;
        if (i > 0)
            memcpy(b->h.parent, c->blocks[i - 1].h.hash, ETH_HASH_BYTES);
        buf_reset(&b->rlp);
        eth_header_encode(&b->rlp, &b->h);
        ck_assert_int_eq(eth_header_decode(&b->h, made_rlp(b)), 0);
    }
}

START_TEST(beyond_the_merge_a_trusted_head_is_followed_backwards)
{
    struct sim_peer *empty;

    make_merged(&chain, 1000);
    sim_begin(&s, chain.blocks[899].h.hash);
    empty = sim_add(&s, SIM_EMPTY, &chain, 10);
    sim_add(&s, SIM_HONEST, &chain, 20);
    sim_add(&s, SIM_HONEST, &chain, 20);
    ck_assert(sim_run(&s, &chain.blocks[899].h, 100) >= 0);
    ck_assert_uint_eq(eth_chain_head_of_headers(s.chain)->number, 900);
    ck_assert_uint_eq(empty->dropped, 0);
}
END_TEST

START_TEST(beyond_the_merge_nobody_is_followed_without_a_trusted_head)
{
    make_merged(&chain, 50);
    sim_begin(&s, NULL);
    for (unsigned i = 0; i < 6; i++)
        sim_add(&s, SIM_HONEST, &chain, 20);
    ck_assert(sim_run(&s, head_of(&chain), 60) < 0);
    ck_assert_uint_eq(eth_chain_head_of_headers(s.chain)->number, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth downloader");
    TCase *tc = tcase_create("downloader");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, one_peer_is_enough_after_ten_seconds);
    tcase_add_test(tc, five_peers_begin_at_once_and_share_the_work);
    tcase_add_test(tc, bad_peers_neither_stop_nor_much_slow_a_sync);
    tcase_add_test(tc, peers_that_take_half_a_minute_hold_nobody_up);
    tcase_add_test(tc, a_silent_master_is_replaced);
    tcase_add_test(tc, a_large_body_that_is_no_blocks_is_soon_given_up);
    tcase_add_test(tc, what_a_full_disk_makes_the_chain_forget_is_fetched_again);
    tcase_add_test(tc, what_fails_for_want_of_our_own_memory_is_held_against_nobody);
    tcase_add_test(tc, who_has_nothing_to_show_is_passed_over);
    tcase_add_test(tc, where_two_chains_part_is_found_wherever_it_is);
    tcase_add_test(tc, beyond_the_merge_a_trusted_head_is_followed_backwards);
    tcase_add_test(tc, beyond_the_merge_nobody_is_followed_without_a_trusted_head);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
