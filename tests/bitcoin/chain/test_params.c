/* The facts about the networks, each checked against what it is derived from. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/wire/tx.h"
#include "codec/hex.h"
#include "lab.h"

enum { NETWORKS = 5 };

/* The challenge of the default signet (BIP325). */
static const char default_challenge[] =
    "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430"
    "210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae";

static const struct {
    const char *name;
    const char *genesis; /* as Bitcoin Core asserts it */
    const char *merkle_root;
    const char *magic;
    uint16_t port;
    unsigned seeds;
} rows[NETWORKS] = {
    {"mainnet", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
     "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "f9beb4d9", 8333, 7},
    {"testnet3", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
     "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "0b110907", 18333, 5},
    {"testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
     "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", "1c163f28", 48333, 2},
    {"signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
     "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "0a03cf40", 38333, 2},
    {"regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
     "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "fabfb5da", 18444, 0},
};

START_TEST(a_network_is_found_by_its_name)
{
    const struct btc_params *p = btc_params_find(rows[_i].name);

    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_eq(p, btc_params_at((unsigned)_i));
    ck_assert_str_eq(p->name, rows[_i].name);
    ck_assert_uint_eq(p->default_port, rows[_i].port);
}
END_TEST

START_TEST(other_names_find_nothing)
{
    ck_assert_ptr_null(btc_params_find("testnet"));
    ck_assert_ptr_null(btc_params_find(""));
    ck_assert_ptr_null(btc_params_find("mainnet "));
    ck_assert_ptr_null(btc_params_at(NETWORKS));
}
END_TEST

/* What a genesis block's coinbase says: a push of its bits, of 4, and of a headline. */
#define PUSHES  "\x04\xff\xff\x00\x1d\x01\x04"
#define OF_2009 "\x45The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
#define TESTNET4 \
    "\x4c\x4c"   \
    "03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e"

START_TEST(the_genesis_header_commits_to_a_coinbase_with_that_script)
{
    static const char of_2009[] = PUSHES OF_2009, of_testnet4[] = PUSHES TESTNET4;
    const struct btc_params *p = btc_params_find(rows[_i].name);
    bool is_testnet4 = strcmp(p->name, "testnet4") == 0;
    const struct btc_txin in = {
        .prev_index = UINT32_MAX,
        .sequence = UINT32_MAX,
        .script = {(const uint8_t *)(is_testnet4 ? of_testnet4 : of_2009),
                   is_testnet4 ? sizeof of_testnet4 - 1 : sizeof of_2009 - 1}};
    const struct btc_txout out = {.value_sat = INT64_C(5000000000), .script = p->genesis_script};
    const struct btc_tx tx = {.version = 1, .in = &in, .in_count = 1, .out = &out, .out_count = 1};
    uint8_t txid[BTC_HASH_BYTES];

    ck_assert_int_eq(btc_tx_id(&tx, txid), 0);
    ck_assert_mem_eq(txid, p->genesis.merkle_root, sizeof txid);
}
END_TEST

START_TEST(the_genesis_header_has_the_published_hash_and_its_work_is_done)
{
    const struct btc_params *p = btc_params_find(rows[_i].name);
    uint8_t hash[BTC_HASH_BYTES];
    char hex[65];

    btc_header_hash(hash, &p->genesis);
    hash_to_hex(hex, hash);
    ck_assert_str_eq(hex, rows[_i].genesis);
    ck_assert_mem_eq(p->genesis_hash, hash, sizeof hash);
    hash_to_hex(hex, p->genesis.merkle_root);
    ck_assert_str_eq(hex, rows[_i].merkle_root);
    ck_assert_int_eq(pow_check_hash(hash, p->genesis.bits, p), 0);
}
END_TEST

START_TEST(the_magic_is_the_published_one)
{
    const struct btc_params *p = btc_params_find(rows[_i].name);
    char hex[2 * BTC_MAGIC_BYTES + 1];

    hex_encode(hex, p->magic, sizeof p->magic);
    ck_assert_str_eq(hex, rows[_i].magic);
}
END_TEST

START_TEST(the_limit_and_its_compact_form_agree)
{
    const struct btc_params *p = btc_params_find(rows[_i].name);

    ck_assert_uint_eq(u256_to_compact(&p->pow_limit), p->pow_limit_bits);
    ck_assert_uint_eq(p->genesis.bits, p->pow_limit_bits);
}
END_TEST

START_TEST(the_list_of_seeds_ends)
{
    const struct btc_params *p = btc_params_find(rows[_i].name);
    unsigned n = 0;

    while (p->seeds[n])
        ck_assert_ptr_nonnull(strchr(p->seeds[n++], '.'));
    ck_assert_uint_eq(n, rows[_i].seeds);
}
END_TEST

START_TEST(the_special_rules_hold_where_bitcoin_core_has_them)
{
    static const struct {
        bool no_retarget, min_difficulty, bip94;
        uint32_t bip34, bip66, bip65;
        const char *work;
    } rules[NETWORKS] = {
        {false, false, false, 227931, 363725, 388381, "01128750f82f4c366153a3a030"},
        {false, true, false, 21111, 330776, 581885, "17dde1c649f3708d14b6"},
        {false, true, true, 1, 1, 1, "09a0fe15d0177d086304"},
        {false, false, false, 1, 1, 1, "0b463ea0a4b8"},
        {true, true, false, 1, 1, 1, "00"},
    };
    const struct btc_params *p = btc_params_find(rows[_i].name);
    char hex[65];

    ck_assert_int_eq(p->no_retarget, rules[_i].no_retarget);
    ck_assert_int_eq(p->min_difficulty, rules[_i].min_difficulty);
    ck_assert_int_eq(p->bip94, rules[_i].bip94);
    ck_assert_uint_eq(p->bip34_height, rules[_i].bip34);
    ck_assert_uint_eq(p->bip66_height, rules[_i].bip66);
    ck_assert_uint_eq(p->bip65_height, rules[_i].bip65);
    work_to_hex(hex, p->min_work);
    ck_assert_str_eq(hex + 64 - strlen(rules[_i].work), rules[_i].work);
}
END_TEST

START_TEST(the_default_challenge_gives_the_default_signet)
{
    const struct btc_params *signet = btc_params_find("signet");
    struct btc_params custom;

    ck_assert_int_eq(btc_params_signet(&custom, default_challenge), 0);
    ck_assert_mem_eq(custom.magic, signet->magic, sizeof custom.magic);
    ck_assert_mem_eq(custom.genesis_hash, signet->genesis_hash, BTC_HASH_BYTES);
    ck_assert_str_eq(custom.name, "signet");
}
END_TEST

START_TEST(a_signet_of_ones_own_has_no_seeds_and_no_minimum_work)
{
    struct btc_params custom;

    ck_assert_int_eq(btc_params_signet(&custom, "51"), 0);
    ck_assert(custom.min_work == 0);
    ck_assert_ptr_null(custom.seeds[0]);
    ck_assert_mem_ne(custom.magic, btc_params_find("signet")->magic, sizeof custom.magic);
}
END_TEST

START_TEST(a_long_challenge_is_hashed_with_a_three_byte_length)
{
    struct btc_params custom;
    char hex[2 * 300 + 1];

    memset(hex, '5', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    ck_assert_int_eq(btc_params_signet(&custom, hex), 0);
    /* sha256d(fd2c01 followed by 300 times 55), by another implementation */
    ck_assert_mem_eq(custom.magic, ((const uint8_t[]){0x24, 0x07, 0x86, 0x4f}), 4);
}
END_TEST

START_TEST(a_bad_challenge_is_refused_and_changes_nothing)
{
    static char too_long[2 * 10001 + 1];
    struct btc_params custom = {.default_port = 7};

    memset(too_long, '0', sizeof too_long - 1);
    ck_assert_int_eq(btc_params_signet(&custom, ""), PN_EFORMAT);
    ck_assert_int_eq(btc_params_signet(&custom, "5"), PN_EFORMAT);
    ck_assert_int_eq(btc_params_signet(&custom, "5x"), PN_EFORMAT);
    ck_assert_int_eq(btc_params_signet(&custom, too_long), PN_ETOOLARGE);
    mem_fail_at(1, 0);
    ck_assert_int_eq(btc_params_signet(&custom, "51"), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_uint_eq(custom.default_port, 7);
    ck_assert_ptr_null(custom.name);
    too_long[2 * 10000] = '\0';
    ck_assert_int_eq(btc_params_signet(&custom, too_long), 0);
}
END_TEST

TCase *tcase_params(void)
{
    TCase *t = tcase_create("params");

    tcase_add_loop_test(t, a_network_is_found_by_its_name, 0, NETWORKS);
    tcase_add_test(t, other_names_find_nothing);
    tcase_add_loop_test(t, the_genesis_header_commits_to_a_coinbase_with_that_script, 0, NETWORKS);
    tcase_add_loop_test(t, the_genesis_header_has_the_published_hash_and_its_work_is_done, 0,
                        NETWORKS);
    tcase_add_loop_test(t, the_magic_is_the_published_one, 0, NETWORKS);
    tcase_add_loop_test(t, the_limit_and_its_compact_form_agree, 0, NETWORKS);
    tcase_add_loop_test(t, the_list_of_seeds_ends, 0, NETWORKS);
    tcase_add_loop_test(t, the_special_rules_hold_where_bitcoin_core_has_them, 0, NETWORKS);
    tcase_add_test(t, the_default_challenge_gives_the_default_signet);
    tcase_add_test(t, a_signet_of_ones_own_has_no_seeds_and_no_minimum_work);
    tcase_add_test(t, a_long_challenge_is_hashed_with_a_three_byte_length);
    tcase_add_test(t, a_bad_challenge_is_refused_and_changes_nothing);
    return t;
}
