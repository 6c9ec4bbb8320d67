/* Blocks made for regtest: what the rules want of them, byte for byte where it is known. */
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/block/build.h"
#include "bitcoin/block/check.h"
#include "bitcoin/block/coinbase.h"
#include "bitcoin/wire/msg.h"
#include "codec/hex.h"
#include "crypto/sha256.h"
#include "harness.h"

static const struct btc_block_plan plan = {
    .version = BTC_BLOCK_VERSION,
    .time = 1296689202,
    .bits = 0x207fffff,
    .height = 1,
    .extranonce = 7,
    .halving_interval = BTC_REGTEST_HALVING_INTERVAL,
};

struct built {
    struct buf raw;
    struct arena a;
    struct btc_msg m;
};

static const struct btc_block *build(struct built *b, const struct btc_block_plan *p)
{
    buf_init(&b->raw, BTC_BLOCK_MAX_BYTES);
    arena_init(&b->a, 1 << 20);
    ck_assert_int_eq(btc_block_build(&b->raw, p), 0);
    ck_assert_int_eq(btc_msg_decode(&b->m, &b->a, BTC_CMD_BLOCK, b->raw.data, b->raw.len), 0);
    return &b->m.u.block;
}

static void built_free(struct built *b)
{
    buf_free(&b->raw);
    arena_free(&b->a);
}

/* Bytes that btcd 0.26.2 and bcoin 2.2.0 accepted as block 1 on regtest, but for parent and
 * nonce. */
START_TEST(the_first_block_is_the_one_that_other_nodes_accepted)
{
    static const char want[] =
        "02000000000101"
        "0000000000000000000000000000000000000000000000000000000000000000ffffffff"
        "0a51080700000000000000ffffffff"
        "0200f2052a010000000151"
        "0000000000000000266a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e"
        "8"
        "cf9"
        "01200000000000000000000000000000000000000000000000000000000000000000"
        "00000000";
    struct built b;
    const struct btc_tx *coinbase = &build(&b, &plan)->txs[0];
    char got[sizeof want];

    ck_assert_uint_eq(coinbase->raw.len, sizeof want / 2);
    hex_encode(got, coinbase->raw.data, coinbase->raw.len);
    ck_assert_str_eq(got, want);
    built_free(&b);
}
END_TEST

START_TEST(a_built_block_keeps_the_rules_and_carries_the_plan)
{
    static const int32_t heights[] = {0,   1,   16,    17,      127,     128,      149,
                                      150, 255, 32768, 8388607, 8388608, INT32_MAX};
    static const uint8_t script[] = {0x00, 0x14, 0xab};

    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        struct btc_block_plan p = plan;
        struct built b;
        const struct btc_block *block;
        int32_t height = -1;

        p.height = heights[i];
        p.pay_to = (struct bytes){script, sizeof script};
        memset(p.prev, 0x5c, sizeof p.prev);
        block = build(&b, &p);
        ck_assert_int_eq(btc_block_check(block, &b.a, BTC_RULE_WITNESS), 0);
        ck_assert_int_eq(btc_coinbase_height(&block->txs[0], &height), 0);
        ck_assert_int_eq(height, heights[i]);
        ck_assert_int_eq(block->header.version, p.version);
        ck_assert_mem_eq(block->header.prev, p.prev, sizeof p.prev);
        ck_assert_uint_eq(block->header.time, p.time);
        ck_assert_uint_eq(block->header.bits, p.bits);
        ck_assert_mem_eq(block->txs[0].out[0].script.data, script, sizeof script);
        built_free(&b);
    }
}
END_TEST

START_TEST(the_extranonce_makes_another_block)
{
    struct btc_block_plan p = plan;
    struct built a, b;

    p.extranonce++;
    ck_assert_mem_ne(build(&a, &plan)->header.merkle_root, build(&b, &p)->header.merkle_root,
                     BTC_HASH_BYTES);
    built_free(&a);
    built_free(&b);
}
END_TEST

START_TEST(the_subsidy_halves_every_interval)
{
    ck_assert_int_eq(btc_subsidy_sat(0, 150), 5000000000);
    ck_assert_int_eq(btc_subsidy_sat(149, 150), 5000000000);
    ck_assert_int_eq(btc_subsidy_sat(150, 150), 2500000000);
    ck_assert_int_eq(btc_subsidy_sat(209999, 210000), 5000000000);
    ck_assert_int_eq(btc_subsidy_sat(840000, 210000), 312500000);
    ck_assert_int_eq(btc_subsidy_sat(150 * 32, 150), 1);
    ck_assert_int_eq(btc_subsidy_sat(150 * 33, 150), 0);
    ck_assert_int_eq(btc_subsidy_sat(INT32_MAX, 150), 0);
}
END_TEST

/* BIP34 as Core compares it: the number that CScript() << height writes, and no other spelling. */
START_TEST(a_height_is_read_in_one_encoding_only)
{
    static const struct {
        const char *script;
        int32_t height; /* -1: none */
    } rows[] = {
        {"00ff", 0},
        {"51ff", 1},
        {"60", 16},
        {"0111", 17},
        {"017f", 127},
        {"028000", 128},
        {"03ffff7f", 8388607},
        {"0400008000", 8388608},
        {"04ffffff7f", INT32_MAX},
        {"", -1},
        {"01", -1},
        {"0101", -1},
        {"0110", -1},
        {"0180", -1},
        {"021100", -1},
        {"0100", -1},
        {"04ffffff", -1},
        {"04ffffffff", -1},
        {"050000008000", -1},
        {"4c0111", -1},
        {"61", -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t script[10];
        struct btc_txin in = {.script = {script, strlen(rows[i].script) / 2}};
        struct btc_tx tx = {.in = &in, .in_count = 1};
        int32_t height = -1;
        int rc;

        ck_assert_int_eq(hex_decode(script, in.script.len, rows[i].script), 0);
        rc = btc_coinbase_height(&tx, &height);
        ck_assert_msg(height == rows[i].height && (rc == 0) == (height >= 0),
                      "%s: expected %d, got %d (%s)", rows[i].script, rows[i].height, height,
                      pn_errname(rc));
    }
}
END_TEST

/* --- mining --- */

static const uint8_t *regtest_target(void)
{
    static uint8_t target[BTC_HASH_BYTES]; /* 0x207fffff: 7fffff followed by 29 zero bytes */

    target[31] = 0x7f;
    target[30] = target[29] = 0xff;
    return target;
}

START_TEST(mining_finds_the_first_nonce_that_meets_the_target)
{
    struct built b;
    uint8_t hash[BTC_HASH_BYTES];
    uint32_t found;

    build(&b, &plan);
    ck_assert_int_eq(btc_header_mine(b.raw.data, regtest_target(), NULL, NULL), 0);
    found = load_le32(b.raw.data + 76);
    for (uint32_t nonce = 0; nonce <= found; nonce++) {
        store_le32(b.raw.data + 76, nonce);
        sha256d(hash, b.raw.data, BTC_HEADER_BYTES);
        ck_assert((hash[31] <= 0x7f) == (nonce == found));
    }
    built_free(&b);
}
END_TEST

START_TEST(mining_accepts_a_hash_equal_to_the_target)
{
    struct built b;
    uint8_t hash[BTC_HASH_BYTES];

    build(&b, &plan);
    sha256d(hash, b.raw.data, BTC_HEADER_BYTES);
    ck_assert_int_eq(btc_header_mine(b.raw.data, hash, NULL, NULL), 0);
    ck_assert_uint_eq(load_le32(b.raw.data + 76), 0);
    built_free(&b);
}
END_TEST

START_TEST(mining_tries_the_last_nonce)
{
    struct built b;
    uint8_t hash[BTC_HASH_BYTES];

    build(&b, &plan);
    store_le32(b.raw.data + 76, UINT32_MAX);
    sha256d(hash, b.raw.data, BTC_HEADER_BYTES);
    ck_assert_int_eq(btc_header_mine(b.raw.data, hash, NULL, NULL), 0);
    built_free(&b);
}
END_TEST

START_TEST(mining_gives_up_behind_the_last_nonce)
{
    static const uint8_t impossible[BTC_HASH_BYTES];
    struct built b;

    build(&b, &plan);
    store_le32(b.raw.data + 76, UINT32_MAX - 100);
    ck_assert_int_eq(btc_header_mine(b.raw.data, impossible, NULL, NULL), PN_ELIMIT);
    built_free(&b);
}
END_TEST

static bool quit_at_third_question(void *arg)
{
    unsigned *asked = arg;

    return ++*asked == 3;
}

START_TEST(mining_stops_when_asked_to)
{
    static const uint8_t impossible[BTC_HASH_BYTES];
    struct built b;
    unsigned asked = 0;

    build(&b, &plan);
    ck_assert_int_eq(btc_header_mine(b.raw.data, impossible, quit_at_third_question, &asked),
                     PN_EQUIT);
    ck_assert_uint_eq(asked, 3);
    built_free(&b);
}
END_TEST

START_TEST(without_memory_building_says_so)
{
    for (unsigned long n = 1;; n++) {
        struct buf b;
        int rc;

        buf_init(&b, BTC_BLOCK_MAX_BYTES);
        mem_fail_at(n, 0);
        rc = btc_block_build(&b, &plan);
        mem_fail_at(0, 0);
        buf_free(&b);
        if (rc == 0)
            break;
        ck_assert_int_eq(rc, PN_ENOMEM);
        ck_assert_uint_lt(n, 100);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("block building");
    TCase *t = tcase_create("build"), *mine = tcase_create("mine");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_first_block_is_the_one_that_other_nodes_accepted);
    tcase_add_test(t, a_built_block_keeps_the_rules_and_carries_the_plan);
    tcase_add_test(t, the_extranonce_makes_another_block);
    tcase_add_test(t, the_subsidy_halves_every_interval);
    tcase_add_test(t, a_height_is_read_in_one_encoding_only);
    tcase_add_test(t, without_memory_building_says_so);
    suite_add_tcase(s, mine);
    tcase_add_test(mine, mining_finds_the_first_nonce_that_meets_the_target);
    tcase_add_test(mine, mining_accepts_a_hash_equal_to_the_target);
    tcase_add_test(mine, mining_tries_the_last_nonce);
    tcase_add_test(mine, mining_gives_up_behind_the_last_nonce);
    tcase_add_test(mine, mining_stops_when_asked_to);
    return harness_run(s);
}
