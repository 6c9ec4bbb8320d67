/* Every rule a header must obey refuses the header that breaks it, and only that one, with its own
 * error. Times are of the test clock. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "bitcoin/chain/pow.h"
#include "lab.h"

enum { CAPACITY = 10000, SPACING_S = 600, SEED = 3 };

static struct btc_params params;
static struct chain chain;
static struct chain_result result;

static void start(const char *network)
{
    lab_params(&params, network, LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    clock_test_start(LAB_START + 100000000);
}

static void stop(void)
{
    lab_check(&chain);
    chain_free(&chain);
    clock_test_stop();
}

#define assert_rc(got, expected)                                                      \
    do {                                                                              \
        int rc_ = (got);                                                              \
        ck_assert_msg(rc_ == (expected), "expected %s, got %s", pn_errname(expected), \
                      pn_errname(rc_));                                               \
    } while (0)

static uint32_t tip_time(void)
{
    return chain_entry(&chain, chain_tip(&chain))->time;
}

/* A refusal leaves no trace: neither an entry nor a moved tip. */
static void assert_refused(struct btc_header h, int expected)
{
    uint32_t count = chain_count(&chain), tip = chain_tip(&chain);

    assert_rc(lab_offer(&chain, &result, h), expected);
    ck_assert_uint_eq(chain_count(&chain), count);
    ck_assert_uint_eq(chain_tip(&chain), tip);
    ck_assert_uint_eq(result.added, 0);
    ck_assert(!result.tip_moved);
}

static struct btc_header next_header(void)
{
    return lab_child(&chain, chain_tip(&chain), tip_time() + SPACING_S);
}

START_TEST(a_hash_above_the_target_is_refused)
{
    struct btc_header h;
    uint8_t hash[BTC_HASH_BYTES];

    start("mainnet");
    h = next_header();
    do {
        h.nonce++;
        btc_header_hash(hash, &h);
    } while (pow_check_hash(hash, h.bits, &params) == 0);
    assert_rc(chain_accept(&chain, &result, &h, hash), PN_EPOW);
    ck_assert_uint_eq(chain_count(&chain), 1);
    stop();
}
END_TEST

START_TEST(bits_above_the_limit_are_refused_before_the_parent_is_looked_for)
{
    static const uint8_t hash[BTC_HASH_BYTES];
    struct btc_header h;

    start("mainnet");
    h = next_header();
    h.prev[0] ^= 1;
    h.bits = 0x20800000;
    assert_rc(chain_accept(&chain, &result, &h, hash), PN_EBITS);
    h.bits = 0x2100ffff;
    assert_rc(chain_accept(&chain, &result, &h, hash), PN_EBITS);
    stop();
}
END_TEST

START_TEST(an_unknown_parent_is_refused)
{
    struct btc_header h;

    start("mainnet");
    for (unsigned bit = 0; bit < 8 * BTC_HASH_BYTES; bit += 15) {
        h = next_header();
        h.prev[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(h, PN_EORPHAN);
    }
    stop();
}
END_TEST

START_TEST(other_bits_than_demanded_are_refused_harder_or_easier)
{
    struct btc_header h;

    start("mainnet");
    lab_extend(&chain, 0, 3, SPACING_S);
    h = next_header();
    h.bits = LAB_HARD_BITS;
    assert_refused(h, PN_EBITS);
    h.bits = LAB_EASY_BITS - 1;
    assert_refused(h, PN_EBITS);
    h.bits = 0x2100007f; /* nearly the same target, otherwise written */
    assert_refused(h, PN_EBITS);
    stop();
}
END_TEST

static int compare_times(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* By definition: sort the last eleven and take the middle one. */
static uint32_t plain_median(uint32_t index)
{
    uint32_t times[CHAIN_MTP_SPAN];
    size_t n = 0;

    for (; n < CHAIN_MTP_SPAN && index != CHAIN_NONE; index = chain_entry(&chain, index)->parent)
        times[n++] = chain_entry(&chain, index)->time;
    qsort(times, n, sizeof times[0], compare_times);
    return times[n / 2];
}

START_TEST(a_time_must_be_after_the_median_of_eleven)
{
    start("regtest");
    random_test_start(SEED);
    for (int i = 0; i < 200; i++) {
        uint32_t tip = chain_tip(&chain), median = plain_median(tip);
        /* now the least that is allowed, now anything above: times wander up and down */
        uint32_t time = median + 1 + (i % 2 ? (uint32_t)random_below(5000) : 0);

        ck_assert_uint_eq(chain_median_time(&chain, tip), median);
        assert_refused(lab_child(&chain, tip, median), PN_ETIMEOLD);
        assert_refused(lab_child(&chain, tip, 0), PN_ETIMEOLD);
        assert_rc(lab_offer(&chain, &result, lab_child(&chain, tip, time)), 0);
    }
    random_test_stop();
    stop();
}
END_TEST

START_TEST(a_time_may_be_two_hours_ahead_of_the_wall_clock)
{
    int64_t now = LAB_START + 5000;

    start("mainnet");
    clock_test_set_wall(now);
    assert_refused(lab_child(&chain, 0, (uint32_t)now + 7201), PN_ETIMENEW);
    assert_refused(lab_child(&chain, 0, UINT32_MAX), PN_ETIMENEW);
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, 0, (uint32_t)now + 7200)), 0);
    stop();
}
END_TEST

START_TEST(a_header_too_new_is_accepted_once_its_time_has_come)
{
    struct btc_header h;
    int64_t now = LAB_START;

    start("mainnet");
    clock_test_set_wall(now);
    h = lab_child(&chain, 0, (uint32_t)now + 7203);
    assert_refused(h, PN_ETIMENEW);
    clock_test_advance_ms(2999);
    assert_refused(h, PN_ETIMENEW);
    clock_test_advance_ms(1);
    assert_rc(lab_offer(&chain, &result, h), 0);
    stop();
}
END_TEST

/* The version that each height demands, with the deployments at 5, 8 and 11. */
START_TEST(old_versions_end_at_their_heights)
{
    static const int32_t least[] = {0, 0, 0, 0, 0, 2, 2, 2, 3, 3, 3, 4, 4, 4};

    start("mainnet");
    params.bip34_height = 5;
    params.bip66_height = 8;
    params.bip65_height = 11;
    for (uint32_t height = 1; height < sizeof least / sizeof least[0]; height++) {
        struct btc_header h = next_header();

        if (least[height]) {
            ck_assert_int_eq(chain_least_version(&chain, height), least[height]);
            h.version = least[height] - 1;
            assert_refused(h, PN_EBADVERSION);
            h.version = INT32_MIN; /* versions are signed */
            assert_refused(h, PN_EBADVERSION);
            h.version = -1;
            assert_refused(h, PN_EBADVERSION);
        }
        h.version = least[height] ? least[height] : (int32_t)height - 3;
        assert_rc(lab_offer(&chain, &result, h), 0);
    }
    stop();
}
END_TEST

START_TEST(any_version_above_the_least_will_do)
{
    static const int32_t versions[] = {4, 5, 0x20000000, 0x3fffe000, INT32_MAX};

    start("regtest");
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct btc_header h = next_header();

        h.version = versions[i];
        assert_rc(lab_offer(&chain, &result, h), 0);
    }
    stop();
}
END_TEST

/* The last header of the first period lies 7,000 s ahead of the others, so that the next one may
 * go back in time without meeting the median rule. */
static void fill_first_period(void)
{
    lab_extend(&chain, 0, POW_INTERVAL - 2, SPACING_S);
    lab_extend(&chain, chain_tip(&chain), 1, 7000);
}

START_TEST(under_bip94_a_period_begins_at_most_600_s_before_the_last_one_ends)
{
    start("testnet4");
    fill_first_period();
    assert_refused(lab_child(&chain, chain_tip(&chain), tip_time() - 601), PN_ETIMEWARP);
    assert_refused(lab_child(&chain, chain_tip(&chain), tip_time() - 6000), PN_ETIMEWARP);
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, chain_tip(&chain), tip_time() - 600)),
              0);
    ck_assert_uint_eq(chain_height(&chain), POW_INTERVAL);
    stop();
}
END_TEST

START_TEST(within_a_period_bip94_lets_time_go_back)
{
    start("testnet4");
    lab_extend(&chain, 0, 20, SPACING_S);
    lab_extend(&chain, chain_tip(&chain), 1, 7000);
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, chain_tip(&chain), tip_time() - 6000)),
              0);
    stop();
}
END_TEST

START_TEST(without_bip94_a_period_may_begin_hours_before_the_last_one_ends)
{
    start(_i ? "testnet3" : "mainnet");
    fill_first_period();
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, chain_tip(&chain), tip_time() - 6000)),
              0);
    ck_assert_uint_eq(chain_height(&chain), POW_INTERVAL);
    stop();
}
END_TEST

START_TEST(of_several_broken_rules_the_first_in_order_is_named)
{
    struct btc_header h;

    start("testnet4");
    fill_first_period();
    h = lab_child(&chain, chain_tip(&chain), LAB_START); /* all from here on are wrong */
    h.version = 1;
    assert_refused(h, PN_ETIMEOLD);
    h.bits = LAB_HARD_BITS;
    assert_refused(h, PN_EBITS);
    h.prev[0] ^= 1;
    assert_refused(h, PN_EORPHAN);
    h = lab_child(&chain, chain_tip(&chain), tip_time() - 601);
    h.version = 1;
    assert_refused(h, PN_ETIMEWARP);
    h = lab_child(&chain, chain_tip(&chain), UINT32_MAX);
    h.version = 1;
    assert_refused(h, PN_ETIMENEW);
    stop();
}
END_TEST

TCase *tcase_rules(void)
{
    TCase *t = tcase_create("rules");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_hash_above_the_target_is_refused);
    tcase_add_test(t, bits_above_the_limit_are_refused_before_the_parent_is_looked_for);
    tcase_add_test(t, an_unknown_parent_is_refused);
    tcase_add_test(t, other_bits_than_demanded_are_refused_harder_or_easier);
    tcase_add_test(t, a_time_must_be_after_the_median_of_eleven);
    tcase_add_test(t, a_time_may_be_two_hours_ahead_of_the_wall_clock);
    tcase_add_test(t, a_header_too_new_is_accepted_once_its_time_has_come);
    tcase_add_test(t, old_versions_end_at_their_heights);
    tcase_add_test(t, any_version_above_the_least_will_do);
    tcase_add_test(t, under_bip94_a_period_begins_at_most_600_s_before_the_last_one_ends);
    tcase_add_test(t, within_a_period_bip94_lets_time_go_back);
    tcase_add_loop_test(t, without_bip94_a_period_may_begin_hours_before_the_last_one_ends, 0, 2);
    tcase_add_test(t, of_several_broken_rules_the_first_in_order_is_named);
    return t;
}
