/* Proof of work and retargeting, by the published values of Bitcoin Core's pow_tests.cpp. */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "bitcoin/chain/pow.h"
#include "lab.h"

/* Real retargets of mainnet: the ended period's bits and the times of its first and last header. */
static const struct {
    uint32_t height; /* of the first header with the new bits */
    uint32_t old_bits, first_time, last_time, new_bits;
} retargets[] = {
    {32256, 0x1d00ffff, 1261130161, 1262152739, 0x1d00d86a},
    {2016, 0x1d00ffff, 1231006505, 1233061996, 0x1d00ffff},  /* capped by the limit */
    {68544, 0x1c05a3f4, 1279008237, 1279297671, 0x1c0168fd}, /* a quarter of the time at least */
    {46368, 0x1c387f6f, 1263163443, 1269211443, 0x1d00e1fd}, /* four times it at most */
};

enum { RETARGETS = sizeof retargets / sizeof retargets[0] };

START_TEST(a_retarget_gives_the_published_bits)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");

    ck_assert_uint_eq(pow_retarget(retargets[_i].old_bits, retargets[_i].first_time,
                                   retargets[_i].last_time, mainnet),
                      retargets[_i].new_bits);
    ck_assert(pow_transition_permitted(retargets[_i].height, retargets[_i].old_bits,
                                       retargets[_i].new_bits, mainnet));
}
END_TEST

START_TEST(a_period_that_ends_before_it_began_counts_as_a_quarter)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");
    uint32_t quarter = pow_retarget(0x1c05a3f4, 1000000, 1000000 + POW_PERIOD_S / 4, mainnet);

    ck_assert_uint_eq(pow_retarget(0x1c05a3f4, 2000000, 1000000, mainnet), quarter);
    ck_assert_uint_eq(pow_retarget(0x1c05a3f4, UINT32_MAX, 0, mainnet), quarter);
    ck_assert_uint_eq(pow_retarget(0x1c05a3f4, 1000000, 1000000 + POW_PERIOD_S / 4 - 1, mainnet),
                      quarter);
    ck_assert_uint_ne(pow_retarget(0x1c05a3f4, 1000000, 1000000 + POW_PERIOD_S / 4 + 99, mainnet),
                      quarter);
}
END_TEST

START_TEST(the_longest_period_counts_as_four)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");
    uint32_t four = pow_retarget(0x1b05a3f4, 1000000, 1000000 + 4 * POW_PERIOD_S, mainnet);

    ck_assert_uint_eq(four, 0x1b168fd0);
    ck_assert_uint_eq(pow_retarget(0x1b05a3f4, 0, UINT32_MAX, mainnet), four);
    ck_assert_uint_eq(pow_retarget(0x1b05a3f4, 1000000, 1000000 + 4 * POW_PERIOD_S + 1, mainnet),
                      four);
    ck_assert_uint_ne(pow_retarget(0x1b05a3f4, 1000000, 1000000 + 4 * POW_PERIOD_S - 99, mainnet),
                      four);
}
END_TEST

START_TEST(the_limit_holds_even_where_the_product_passes_256_bits)
{
    struct btc_params eased;

    lab_params(&eased, "mainnet", LAB_EASY_BITS);
    ck_assert_uint_eq(pow_retarget(LAB_EASY_BITS, 0, POW_PERIOD_S, &eased), LAB_EASY_BITS);
    ck_assert_uint_eq(pow_retarget(LAB_EASY_BITS, 0, 4 * POW_PERIOD_S, &eased), LAB_EASY_BITS);
    ck_assert_uint_eq(pow_retarget(LAB_EASY_BITS, 0, POW_PERIOD_S / 2, &eased), 0x203fffff);
}
END_TEST

START_TEST(regtest_never_retargets)
{
    const struct btc_params *regtest = btc_params_find("regtest");

    ck_assert_uint_eq(pow_retarget(0x207fffff, 0, 1, regtest), 0x207fffff);
    ck_assert_uint_eq(pow_retarget(0x1d00ffff, 0, 1, regtest), 0x1d00ffff);
}
END_TEST

START_TEST(a_step_beyond_the_bounds_of_a_retarget_is_not_permitted)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");

    ck_assert(!pow_transition_permitted(68544, 0x1c05a3f4, 0x1c0168fd - 1, mainnet));
    ck_assert(!pow_transition_permitted(46368, 0x1c387f6f, 0x1d00e1fd + 1, mainnet));
    ck_assert(!pow_transition_permitted(2016, 0x1d00ffff, 0x1d010000, mainnet));
    ck_assert(!pow_transition_permitted(2016, 0x1d00ffff, 0x04923456, mainnet));
    ck_assert(!pow_transition_permitted(2016, 0x1d00ffff, 0xff123456, mainnet));
    ck_assert(!pow_transition_permitted(2016, 0, 0x1d00ffff, mainnet));
}
END_TEST

/* A quarter of 0x05a3f5 is no whole number: the bound is what a header can carry of it. */
START_TEST(the_bounds_of_a_retarget_are_rounded_as_bits_are)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");

    ck_assert(pow_transition_permitted(68544, 0x1c05a3f5, 0x1c0168fd, mainnet));
    ck_assert(!pow_transition_permitted(68544, 0x1c05a3f5, 0x1c0168fc, mainnet));
}
END_TEST

START_TEST(within_a_period_only_equal_bits_are_permitted)
{
    const struct btc_params *mainnet = btc_params_find("mainnet");

    ck_assert(pow_transition_permitted(68545, 0x1c05a3f4, 0x1c05a3f4, mainnet));
    ck_assert(!pow_transition_permitted(68545, 0x1c05a3f4, 0x1c05a3f3, mainnet));
    ck_assert(!pow_transition_permitted(68543, 0x1c05a3f4, 0x1c0168fd, mainnet));
}
END_TEST

START_TEST(with_minimum_difficulty_every_step_is_permitted)
{
    ck_assert(pow_transition_permitted(1, 0x1c05a3f4, 0x1d00ffff, btc_params_find("testnet3")));
    ck_assert(pow_transition_permitted(1, 0x1d00ffff, 0x1c05a3f4, btc_params_find("testnet4")));
}
END_TEST

/* A 32-byte number in wire order that equals the expansion of bits, plus `more`. */
static void target_bytes(uint8_t out[BTC_HASH_BYTES], uint32_t bits, uint64_t more)
{
    struct u256 target, extra = {{more}};

    ck_assert_int_eq(u256_from_compact(&target, bits), 0);
    target = u256_add(&target, &extra);
    for (unsigned i = 0; i < U256_LIMBS; i++)
        store_le64(out + 8 * i, target.limb[i]);
}

START_TEST(a_hash_at_the_target_passes_and_one_above_does_not)
{
    static const struct {
        const char *network;
        uint32_t bits;
    } rows[] = {
        {"mainnet", 0x1d00ffff}, {"mainnet", 0x1c05a3f4}, {"mainnet", 0x03000001},
        {"regtest", 0x207fffff}, {"signet", 0x1e0377ae},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct btc_params *p = btc_params_find(rows[i].network);
        uint8_t hash[BTC_HASH_BYTES];

        target_bytes(hash, rows[i].bits, 0);
        ck_assert_int_eq(pow_check_hash(hash, rows[i].bits, p), 0);
        target_bytes(hash, rows[i].bits, 1);
        ck_assert_int_eq(pow_check_hash(hash, rows[i].bits, p), PN_EPOW);
    }
}
END_TEST

START_TEST(a_target_that_is_zero_negative_overflowing_or_above_the_limit_is_refused)
{
    static const struct {
        const char *network;
        uint32_t bits;
    } rows[] = {
        {"mainnet", 0},          {"mainnet", 0x1d80ffff}, {"mainnet", 0xff7fffff},
        {"mainnet", 0x1d010000}, {"mainnet", 0x1d01fffe}, {"mainnet", 0x207fffff},
        {"signet", 0x1e0377af},  {"signet", 0x1e06ef5c},  {"regtest", 0x2100ffff},
    };
    static const uint8_t least[BTC_HASH_BYTES];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int rc = pow_check_hash(least, rows[i].bits, btc_params_find(rows[i].network));

        ck_assert_msg(rc == PN_EBITS, "%s %08x: expected %s, got %s", rows[i].network, rows[i].bits,
                      pn_errname(PN_EBITS), pn_errname(rc));
    }
}
END_TEST

TCase *tcase_pow(void)
{
    TCase *t = tcase_create("pow");

    tcase_add_loop_test(t, a_retarget_gives_the_published_bits, 0, RETARGETS);
    tcase_add_test(t, a_period_that_ends_before_it_began_counts_as_a_quarter);
    tcase_add_test(t, the_longest_period_counts_as_four);
    tcase_add_test(t, the_limit_holds_even_where_the_product_passes_256_bits);
    tcase_add_test(t, regtest_never_retargets);
    tcase_add_test(t, a_step_beyond_the_bounds_of_a_retarget_is_not_permitted);
    tcase_add_test(t, the_bounds_of_a_retarget_are_rounded_as_bits_are);
    tcase_add_test(t, within_a_period_only_equal_bits_are_permitted);
    tcase_add_test(t, with_minimum_difficulty_every_step_is_permitted);
    tcase_add_test(t, a_hash_at_the_target_passes_and_one_above_does_not);
    tcase_add_test(t, a_target_that_is_zero_negative_overflowing_or_above_the_limit_is_refused);
    return t;
}
