/* The active chain told block by block: in what order, what is waited for, what is passed over. No
 * thread runs: the part is ticked by hand. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/internal.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

enum { TRUNK = 4, BRANCH = 3, FORK = 2, TIME = 1700000000 };

/* The trunk is blocks 1 to 4; on block 2 stands a branch of blocks 3 to 5. */
static struct btc_header trunk[TRUNK], branch[BRANCH];

static const struct btc_header *at(char side, uint32_t height)
{
    return side == 't' ? &trunk[height - 1] : &branch[height - 1 - FORK];
}

static struct bitcoin *b;
static char told[200];

static void note(const char *sign, char side, uint32_t first, uint32_t last, const uint8_t *hash)
{
    uint8_t one[BTC_HASH_BYTES];

    for (uint32_t h = first; h <= last; h++) {
        btc_header_hash(one, at(side, h));
        if (memcmp(one, hash, sizeof one) == 0)
            snprintf(told + strlen(told), sizeof told - strlen(told), "%s%c%u ", sign, side, h);
    }
}

/* "+t1" when block 1 of the trunk becomes part of the chain, "-b5" when one of the branch leaves.
 */
static void on_block(void *arg, const uint8_t hash[32], bool connected)
{
    (void)arg;
    note(connected ? "+" : "-", 't', 1, TRUNK, hash);
    note(connected ? "+" : "-", 'b', FORK + 1, FORK + BRANCH, hash);
}

static void make_chains(void)
{
    uint8_t fork[BTC_HASH_BYTES], last[BTC_HASH_BYTES];

    mine_headers(trunk, last, TRUNK, btc_params_find("regtest")->genesis_hash, TIME);
    btc_header_hash(fork, at('t', FORK));
    mine_headers(branch, last, BRANCH, fork, TIME + 100);
}

static void start(uint32_t keep_blocks)
{
    const struct bitcoin_config config = {.params = *btc_params_find("regtest"),
                                          .user_agent = "/test:1/",
                                          .max_headers = 100,
                                          .max_peers = 1,
                                          .keep_blocks = keep_blocks,
                                          .peer = PEER_CONFIG_DEFAULT};

    ck_assert_int_eq(bitcoin_new(&b, &config), 0);
    bitcoin_follow(b, on_block, NULL);
    told[0] = '\0';
}

static void end(void)
{
    bitcoin_free(b);
}

static void learn(char side, uint32_t first, uint32_t last)
{
    for (uint32_t h = first; h <= last; h++) {
        struct chain_result result;
        uint8_t hash[BTC_HASH_BYTES];

        btc_header_hash(hash, at(side, h));
        ck_assert_int_eq(chain_accept(&b->chain, &result, at(side, h), hash), 0);
    }
}

static void hold(char side, uint32_t height)
{
    uint8_t hash[BTC_HASH_BYTES], raw[BTC_HEADER_BYTES] = {0};
    struct frame *f = block_frame_wrap(b->config.params.magic, raw, sizeof raw);

    ck_assert_ptr_nonnull(f);
    btc_header_hash(hash, at(side, height));
    ck_assert_int_eq(block_store_add(b->blocks.store, hash, height, f, NULL), 0);
}

/* What is told in this turn of the manager is this and no more. */
static void expect_told(const char *want)
{
    told[0] = '\0';
    follow_part.tick(b, 0);
    ck_assert_str_eq(told, want);
}

START_TEST(a_block_is_told_once_it_and_those_before_it_are_held)
{
    start(10);
    learn('t', 1, 3);
    expect_told("");
    hold('t', 2);
    expect_told("");
    hold('t', 1);
    expect_told("+t1 +t2 ");
    expect_told("");
    hold('t', 3);
    expect_told("+t3 ");
    end();
}
END_TEST

START_TEST(a_branch_takes_the_place_of_another_once_its_first_block_is_held)
{
    start(10);
    learn('t', 1, 4);
    for (uint32_t h = 1; h <= 4; h++)
        hold('t', h);
    expect_told("+t1 +t2 +t3 +t4 ");
    learn('b', 3, 5);
    hold('b', 4);
    expect_told("");
    hold('b', 3);
    expect_told("-t4 -t3 +b3 +b4 ");
    hold('b', 5);
    expect_told("+b5 ");
    end();
}
END_TEST

START_TEST(what_is_no_longer_kept_is_passed_over)
{
    start(2);
    learn('t', 1, 4);
    hold('t', 1);
    expect_told("");
    hold('t', 3);
    hold('t', 4);
    expect_told("+t3 +t4 ");
    end();
}
END_TEST

START_TEST(a_chain_that_becomes_shorter_is_told_backwards)
{
    struct chain_result result;
    uint8_t hash[BTC_HASH_BYTES];

    start(10);
    learn('t', 1, 4);
    for (uint32_t h = 1; h <= 4; h++)
        hold('t', h);
    expect_told("+t1 +t2 +t3 +t4 ");
    btc_header_hash(hash, at('t', 3));
    ck_assert_int_eq(chain_invalidate(&b->chain, &result, chain_find(&b->chain, hash)), 0);
    expect_told("-t4 -t3 ");
    end();
}
END_TEST

START_TEST(without_blocks_headers_are_told_once_they_are_in_sync)
{
    start(0);
    atomic_store(&b->in_sync, false);
    learn('t', 1, 2);
    expect_told(""); /* history */
    atomic_store(&b->in_sync, true);
    expect_told("");
    learn('t', 3, 4);
    expect_told("+t3 +t4 ");
    learn('b', 3, 5);
    expect_told("-t4 -t3 +b3 +b4 +b5 ");
    end();
}
END_TEST

START_TEST(what_was_there_before_the_start_is_not_told)
{
    start(0);
    learn('t', 1, 3);
    bitcoin_follow(b, on_block, NULL);
    expect_told("");
    learn('t', 4, 4);
    expect_told("+t4 ");
    end();
}
END_TEST

/* A full chain drops branches with little work, and that which was told may be one. */
START_TEST(a_told_branch_that_the_chain_has_dropped_is_history)
{
    start(0);
    learn('t', 1, 4);
    expect_told("+t1 +t2 +t3 +t4 ");
    memset(b->follow.at, 0x11, sizeof b->follow.at);
    expect_told("");
    learn('b', 3, 5);
    expect_told("-t4 -t3 +b3 +b4 +b5 ");
    end();
}
END_TEST

void add_follow_tests(Suite *s)
{
    TCase *t = tcase_create("follow");

    tcase_add_unchecked_fixture(t, make_chains, NULL);
    tcase_add_test(t, a_block_is_told_once_it_and_those_before_it_are_held);
    tcase_add_test(t, a_branch_takes_the_place_of_another_once_its_first_block_is_held);
    tcase_add_test(t, what_is_no_longer_kept_is_passed_over);
    tcase_add_test(t, a_chain_that_becomes_shorter_is_told_backwards);
    tcase_add_test(t, without_blocks_headers_are_told_once_they_are_in_sync);
    tcase_add_test(t, what_was_there_before_the_start_is_not_told);
    tcase_add_test(t, a_told_branch_that_the_chain_has_dropped_is_history);
    suite_add_tcase(s, t);
}
