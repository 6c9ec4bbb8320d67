/* Which bits a header must have: retargets, the minimum-difficulty rule of the test networks, and
 * what BIP94 changed. The laboratory's genesis is 16 times harder than the limit, so that minimum
 * difficulty shows. */
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "bitcoin/chain/pow.h"
#include "lab.h"

enum { CAPACITY = 10000, SPACING_S = 600, LATE_S = 1201, SEED = 4 };

static struct btc_params params;
static struct chain chain;

static void start(const char *network)
{
    lab_params(&params, network, LAB_HARD_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
}

static void stop(void)
{
    lab_check(&chain);
    chain_free(&chain);
}

static const struct chain_entry *tip(void)
{
    return chain_entry(&chain, chain_tip(&chain));
}

static uint32_t extend(uint32_t n, uint32_t spacing_s)
{
    return lab_extend(&chain, chain_tip(&chain), n, spacing_s);
}

static uint32_t bits_after(uint32_t seconds)
{
    return chain_next_bits(&chain, chain_tip(&chain), tip()->time + seconds);
}

START_TEST(bits_change_only_where_a_period_begins)
{
    start("mainnet");
    extend(POW_INTERVAL - 2, SPACING_S / 2);
    ck_assert_uint_eq(bits_after(1), LAB_HARD_BITS);
    extend(1, SPACING_S / 2);
    ck_assert_uint_ne(bits_after(1), LAB_HARD_BITS);
    extend(1, SPACING_S / 2);
    ck_assert_uint_eq(bits_after(1), tip()->bits);
    stop();
}
END_TEST

START_TEST(a_period_spans_2015_intervals_from_its_first_header_to_its_last)
{
    start("mainnet");
    extend(POW_INTERVAL - 1, SPACING_S);
    ck_assert_uint_eq(bits_after(1), pow_retarget(LAB_HARD_BITS, 0, 2015 * SPACING_S, &params));
    extend(POW_INTERVAL, SPACING_S); /* second period: its first header is at height 2016 */
    ck_assert_uint_eq(chain_height(&chain), 2 * POW_INTERVAL - 1);
    ck_assert_uint_eq(bits_after(1), pow_retarget(tip()->bits, 0, 2015 * SPACING_S, &params));
    stop();
}
END_TEST

START_TEST(the_time_between_two_periods_counts_in_neither)
{
    start("mainnet");
    extend(POW_INTERVAL - 1, SPACING_S);
    extend(1, 1000000);
    extend(POW_INTERVAL - 1, SPACING_S);
    ck_assert_uint_eq(bits_after(1), pow_retarget(tip()->bits, 0, 2015 * SPACING_S, &params));
    stop();
}
END_TEST

START_TEST(each_branch_has_its_own_retarget)
{
    uint32_t fork, slow, fast;

    start("mainnet");
    fork = extend(POW_INTERVAL / 2, SPACING_S);
    slow = lab_extend(&chain, fork, POW_INTERVAL / 2 - 1, 2 * SPACING_S);
    fast = lab_extend(&chain, fork, POW_INTERVAL / 2 - 1, SPACING_S / 2);
    ck_assert_uint_eq(chain_next_bits(&chain, slow, 0),
                      pow_retarget(LAB_HARD_BITS, 0, (1008 + 2 * 1007) * SPACING_S, &params));
    ck_assert_uint_eq(
        chain_next_bits(&chain, fast, 0),
        pow_retarget(LAB_HARD_BITS, 0, 1008 * SPACING_S + 1007 * SPACING_S / 2, &params));
    stop();
}
END_TEST

START_TEST(regtest_keeps_its_bits_over_a_period)
{
    start("regtest");
    extend(POW_INTERVAL - 1, 1);
    ck_assert_uint_eq(bits_after(1), LAB_HARD_BITS);
    ck_assert_uint_eq(bits_after(100000), LAB_HARD_BITS);
    extend(1, 1);
    ck_assert_uint_eq(tip()->bits, LAB_HARD_BITS);
    stop();
}
END_TEST

START_TEST(mainnet_has_no_minimum_difficulty)
{
    start("mainnet");
    ck_assert_uint_eq(bits_after(100 * LATE_S), LAB_HARD_BITS);
    stop();
}
END_TEST

static const char *const test_networks[] = {"testnet3", "testnet4"};

START_TEST(after_20_minutes_minimum_difficulty_is_demanded)
{
    struct chain_result result;
    struct btc_header h;

    start(test_networks[_i]);
    extend(5, SPACING_S);
    ck_assert_uint_eq(bits_after(1200), LAB_HARD_BITS);
    ck_assert_uint_eq(bits_after(1201), LAB_EASY_BITS);
    h = lab_child(&chain, chain_tip(&chain), tip()->time + 1201);
    h.bits = LAB_HARD_BITS; /* more work than asked for is refused as well */
    ck_assert_int_eq(lab_offer(&chain, &result, h), PN_EBITS);
    h = lab_child(&chain, chain_tip(&chain), tip()->time + 1200);
    h.bits = LAB_EASY_BITS;
    ck_assert_int_eq(lab_offer(&chain, &result, h), PN_EBITS);
    stop();
}
END_TEST

START_TEST(headers_of_minimum_difficulty_are_passed_over_on_the_way_back)
{
    start(test_networks[_i]);
    extend(5, SPACING_S);
    extend(40, LATE_S);
    ck_assert_uint_eq(tip()->bits, LAB_EASY_BITS);
    ck_assert_uint_eq(bits_after(SPACING_S), LAB_HARD_BITS);
    extend(1, SPACING_S);
    ck_assert_uint_eq(tip()->bits, LAB_HARD_BITS);
    ck_assert_uint_eq(bits_after(SPACING_S), LAB_HARD_BITS);
    stop();
}
END_TEST

/* A header that goes back in time was not late. */
START_TEST(a_time_before_the_parents_is_no_gap)
{
    start(test_networks[_i]);
    extend(20, SPACING_S);
    ck_assert_uint_eq(bits_after((uint32_t)-1000), LAB_HARD_BITS);
    stop();
}
END_TEST

/* testnet3's flaw: a last header of minimum difficulty resets the next period. BIP94 takes the
 * first header's bits instead. */
START_TEST(a_late_last_header_resets_testnet3_but_not_testnet4)
{
    uint32_t spacing = SPACING_S - 1; /* in time for an average period despite the late one */
    bool is_bip94 = _i == 1;
    uint32_t seconds;

    start(test_networks[_i]);
    extend(POW_INTERVAL - 2, spacing);
    extend(1, LATE_S);
    seconds = tip()->time - LAB_START;
    ck_assert_uint_eq(bits_after(SPACING_S),
                      pow_retarget(is_bip94 ? LAB_HARD_BITS : LAB_EASY_BITS, 0, seconds, &params));
    stop();
}
END_TEST

START_TEST(a_period_never_begins_with_minimum_difficulty)
{
    start(test_networks[_i]);
    extend(POW_INTERVAL - 1, SPACING_S);
    ck_assert_uint_eq(bits_after(100 * LATE_S), bits_after(1));
    ck_assert_uint_ne(bits_after(100 * LATE_S), LAB_EASY_BITS);
    stop();
}
END_TEST

/* testnet3, reset: the period's first header has the limit's bits, and the walk stops there, short
 * of the harder period before. */
START_TEST(the_way_back_ends_where_the_period_begins)
{
    start("testnet3");
    extend(POW_INTERVAL - 2, SPACING_S + 1);
    extend(3, LATE_S);
    ck_assert_uint_eq(chain_height(&chain), POW_INTERVAL + 1);
    ck_assert_uint_eq(bits_after(SPACING_S), LAB_EASY_BITS);
    stop();
}
END_TEST

/* The rule as it is written, without the chain's memory of earlier walks. */
static uint32_t plain_last_real_bits(uint32_t index)
{
    const struct chain_entry *e = chain_entry(&chain, index);

    while (e->height % POW_INTERVAL != 0 && e->bits == LAB_EASY_BITS)
        e = chain_entry(&chain, e->parent);
    return e->bits;
}

/* A tree that spreads from a period's last headers, by branches of two speeds: each branch has real
 * bits of its own, so that a walk which ended on another would show. */
START_TEST(on_a_random_tree_the_way_back_finds_what_a_plain_walk_finds)
{
    uint32_t fork, first, second;

    start("testnet3");
    fork = extend(POW_INTERVAL - 50, SPACING_S);
    first = lab_extend(&chain, fork, 52, SPACING_S / 8);
    second = lab_extend(&chain, fork, 52, SPACING_S);
    ck_assert_uint_ne(chain_entry(&chain, first)->bits, chain_entry(&chain, second)->bits);
    random_test_start(SEED);
    for (int i = 0; i < 400; i++) {
        uint32_t new = chain_count(&chain) - first;
        uint32_t parent = first + (uint32_t)random_below(new);

        lab_extend(&chain, parent, 1 + (uint32_t)random_below(5),
                   random_below(3) ? LATE_S : SPACING_S);
        parent = first + (uint32_t)random_below(new);
        if ((chain_entry(&chain, parent)->height + 1) % POW_INTERVAL != 0)
            ck_assert_uint_eq(
                chain_next_bits(&chain, parent, chain_entry(&chain, parent)->time + 1),
                plain_last_real_bits(parent));
    }
    random_test_stop();
    stop();
}
END_TEST

TCase *tcase_difficulty(void)
{
    TCase *t = tcase_create("difficulty");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, bits_change_only_where_a_period_begins);
    tcase_add_test(t, a_period_spans_2015_intervals_from_its_first_header_to_its_last);
    tcase_add_test(t, the_time_between_two_periods_counts_in_neither);
    tcase_add_test(t, each_branch_has_its_own_retarget);
    tcase_add_test(t, regtest_keeps_its_bits_over_a_period);
    tcase_add_test(t, mainnet_has_no_minimum_difficulty);
    tcase_add_loop_test(t, after_20_minutes_minimum_difficulty_is_demanded, 0, 2);
    tcase_add_loop_test(t, headers_of_minimum_difficulty_are_passed_over_on_the_way_back, 0, 2);
    tcase_add_loop_test(t, a_time_before_the_parents_is_no_gap, 0, 2);
    tcase_add_loop_test(t, a_late_last_header_resets_testnet3_but_not_testnet4, 0, 2);
    tcase_add_loop_test(t, a_period_never_begins_with_minimum_difficulty, 0, 2);
    tcase_add_test(t, the_way_back_ends_where_the_period_begins);
    tcase_add_test(t, on_a_random_tree_the_way_back_finds_what_a_plain_walk_finds);
    return t;
}
