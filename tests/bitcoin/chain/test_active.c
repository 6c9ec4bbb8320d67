/* Locators, getheaders, tips, and the measures of the active chain's work. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bitcoin/chain/work.h"
#include "lab.h"

enum { CAPACITY = 10000, SPACING_S = 600 };

static const uint8_t no_stop[BTC_HASH_BYTES];

static struct btc_params params;
static struct chain chain;
static uint8_t locator[CHAIN_LOCATOR_MAX][BTC_HASH_BYTES];

static void start(uint32_t height)
{
    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    lab_extend(&chain, 0, height, SPACING_S);
}

static void stop(void)
{
    lab_check(&chain);
    chain_free(&chain);
}

START_TEST(a_locator_has_a_dozen_in_a_row_then_doubling_gaps_then_the_genesis)
{
    static const uint32_t heights[] = {500, 499, 498, 497, 496, 495, 494, 493, 492, 491,
                                       490, 489, 487, 483, 475, 459, 427, 363, 235, 0};
    size_t n;

    start(500);
    n = chain_locator(&chain, locator, chain_tip(&chain));
    ck_assert_uint_eq(n, sizeof heights / sizeof heights[0]);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(chain_find(&chain, locator[i]), chain_at(&chain, heights[i]));
    stop();
}
END_TEST

START_TEST(a_locator_of_a_short_chain_has_every_header_once)
{
    start(11);
    for (uint32_t height = 0; height <= 10; height++) {
        size_t n = chain_locator(&chain, locator, chain_at(&chain, height));

        ck_assert_uint_eq(n, height + 1);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(chain_find(&chain, locator[i]), height - i);
    }
    stop();
}
END_TEST

START_TEST(a_locator_can_start_off_the_active_chain)
{
    uint32_t side;
    size_t n;

    start(30);
    side = lab_extend(&chain, chain_at(&chain, 20), 4, SPACING_S);
    n = chain_locator(&chain, locator, side);
    ck_assert_mem_eq(locator[0], chain_entry(&chain, side)->hash, BTC_HASH_BYTES);
    ck_assert_mem_eq(locator[4], chain_entry(&chain, chain_at(&chain, 20))->hash, BTC_HASH_BYTES);
    ck_assert_mem_eq(locator[n - 1], params.genesis_hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(chain_find_fork(&chain, locator, n), chain_at(&chain, 20));
    stop();
}
END_TEST

/* Two chains that share `shared` headers: what one's locator finds in the other is at or below the
 * fork, and no further below it than the locator's gaps at that depth. */
START_TEST(a_locator_finds_the_fork_of_two_chains_within_its_gaps)
{
    static const uint32_t shared[] = {0, 1, 100, 350, 390, 395, 399, 400};
    struct chain other;
    struct chain_result result;

    start(400);
    for (size_t row = 0; row < sizeof shared / sizeof shared[0]; row++) {
        uint32_t found, own = 400 - shared[row];
        size_t n;

        ck_assert_int_eq(chain_init(&other, &params, CAPACITY), 0);
        for (uint32_t height = 1; height <= shared[row]; height++) {
            struct btc_header h;

            chain_header(&chain, &h, chain_at(&chain, height));
            ck_assert_int_eq(lab_offer(&other, &result, h), 0);
        }
        lab_extend(&other, chain_tip(&other), own, SPACING_S);
        n = chain_locator(&other, locator, chain_tip(&other));
        found = chain_entry(&chain, chain_find_fork(&chain, locator, n))->height;
        ck_assert_uint_le(found, shared[row]);
        ck_assert_uint_le(shared[row] - found, own < 10 ? 0 : 2 * own);
        chain_free(&other);
    }
    stop();
}
END_TEST

START_TEST(a_locator_beyond_our_tip_finds_the_tip)
{
    uint32_t side, tip;
    size_t n;

    start(20);
    side = chain_tip(&chain);
    lab_extend(&chain, chain_at(&chain, 10), 20, SPACING_S);
    tip = chain_tip(&chain); /* invalid from here on: known, but past the tip */
    n = chain_locator(&chain, locator, tip);
    ck_assert_int_eq(chain_invalidate(&chain, &(struct chain_result){0}, chain_at(&chain, 30)), 0);
    ck_assert_uint_ne(chain_tip(&chain), tip);
    ck_assert_uint_ne(chain_tip(&chain), side);
    ck_assert_uint_eq(chain_find_fork(&chain, locator, 1), chain_tip(&chain));
    ck_assert_uint_eq(chain_find_fork(&chain, locator, n), chain_tip(&chain));
    stop();
}
END_TEST

START_TEST(a_locator_of_strangers_finds_the_genesis)
{
    start(20);
    memset(locator, 0xaa, sizeof locator);
    ck_assert_uint_eq(chain_find_fork(&chain, locator, CHAIN_LOCATOR_MAX), 0);
    ck_assert_uint_eq(chain_find_fork(&chain, locator, 0), 0);
    memcpy(locator[5], chain_entry(&chain, chain_at(&chain, 7))->hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(chain_find_fork(&chain, locator, 6), chain_at(&chain, 7));
    stop();
}
END_TEST

START_TEST(headers_after_a_height_are_served_in_order_and_link)
{
    struct btc_header *out = calloc(CHAIN_NEXT_MAX, sizeof *out);
    size_t n;

    start(2500);
    n = chain_next_headers(&chain, out, chain_at(&chain, 100), no_stop, SIZE_MAX);
    ck_assert_uint_eq(n, CHAIN_NEXT_MAX);
    for (size_t i = 0; i < n; i++)
        ck_assert_mem_eq(out[i].prev,
                         chain_entry(&chain, chain_at(&chain, 100 + (uint32_t)i))->hash,
                         BTC_HASH_BYTES);
    n = chain_next_headers(&chain, out, chain_at(&chain, 2100), no_stop, CHAIN_NEXT_MAX);
    ck_assert_uint_eq(n, 400);
    ck_assert_uint_eq(chain_next_headers(&chain, out, chain_at(&chain, 100), no_stop, 3), 3);
    ck_assert_uint_eq(chain_next_headers(&chain, out, chain_tip(&chain), no_stop, 3), 0);
    ck_assert_uint_eq(chain_next_headers(&chain, out, chain_at(&chain, 100), no_stop, 0), 0);
    free(out);
    stop();
}
END_TEST

START_TEST(serving_ends_with_the_stop_hash)
{
    struct btc_header out[30];
    uint32_t side;

    start(20);
    side = lab_extend(&chain, chain_at(&chain, 5), 3, SPACING_S);
    ck_assert_uint_eq(
        chain_next_headers(&chain, out, 0, chain_entry(&chain, chain_at(&chain, 7))->hash, 30), 7);
    ck_assert_uint_eq(
        chain_next_headers(&chain, out, 0, chain_entry(&chain, chain_at(&chain, 1))->hash, 30), 1);
    /* a stop that is not ahead on the active chain stops nothing */
    ck_assert_uint_eq(chain_next_headers(&chain, out, 0, params.genesis_hash, 30), 20);
    ck_assert_uint_eq(chain_next_headers(&chain, out, 0, chain_entry(&chain, side)->hash, 30), 20);
    stop();
}
END_TEST

START_TEST(the_tips_are_the_entries_without_children)
{
    uint32_t tips[3], main_tip, side, second;

    start(10);
    main_tip = chain_tip(&chain);
    ck_assert_uint_eq(chain_tips(&chain, tips, 3), 1);
    ck_assert_uint_eq(tips[0], main_tip);
    side = lab_extend(&chain, chain_at(&chain, 5), 3, SPACING_S);
    second = lab_extend(&chain, chain_at(&chain, 2), 1, SPACING_S);
    ck_assert_uint_eq(chain_tips(&chain, tips, 3), 3);
    ck_assert_uint_eq(tips[0], second);
    ck_assert_uint_eq(tips[1], side);
    ck_assert_uint_eq(tips[2], main_tip);
    tips[1] = CHAIN_NONE;
    ck_assert_uint_eq(chain_tips(&chain, tips, 1), 3);
    ck_assert_uint_eq(tips[1], CHAIN_NONE);
    stop();
}
END_TEST

START_TEST(minimum_work_is_reached_at_exactly_that_work)
{
    start(0);
    params.min_work = 2 * 11; /* the genesis and ten headers of two hashes each */
    lab_extend(&chain, 0, 9, SPACING_S);
    ck_assert(!chain_min_work_reached(&chain));
    lab_extend(&chain, chain_tip(&chain), 1, SPACING_S);
    ck_assert(chain_min_work_reached(&chain));
    stop();
}
END_TEST

START_TEST(a_branch_may_trail_the_tip_by_144_headers_but_not_the_minimum_work)
{
    start(100);
    ck_assert(chain_dos_work(&chain) == 0);
    lab_extend(&chain, chain_tip(&chain), 100, SPACING_S);
    ck_assert(chain_dos_work(&chain) == 2 * (201 - 144));
    params.min_work = 1000;
    ck_assert(chain_dos_work(&chain) == 1000);
    stop();
}
END_TEST

TCase *tcase_active(void)
{
    TCase *t = tcase_create("active");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_locator_has_a_dozen_in_a_row_then_doubling_gaps_then_the_genesis);
    tcase_add_test(t, a_locator_of_a_short_chain_has_every_header_once);
    tcase_add_test(t, a_locator_can_start_off_the_active_chain);
    tcase_add_test(t, a_locator_finds_the_fork_of_two_chains_within_its_gaps);
    tcase_add_test(t, a_locator_beyond_our_tip_finds_the_tip);
    tcase_add_test(t, a_locator_of_strangers_finds_the_genesis);
    tcase_add_test(t, headers_after_a_height_are_served_in_order_and_link);
    tcase_add_test(t, serving_ends_with_the_stop_hash);
    tcase_add_test(t, the_tips_are_the_entries_without_children);
    tcase_add_test(t, minimum_work_is_reached_at_exactly_that_work);
    tcase_add_test(t, a_branch_may_trail_the_tip_by_144_headers_but_not_the_minimum_work);
    return t;
}
