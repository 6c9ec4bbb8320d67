/* Which branch is active, what a batch does, and what happens without room or memory. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/pow.h"
#include "codec/hex.h"
#include "lab.h"

enum { CAPACITY = 5000, SPACING_S = 600, LATE_S = 1201, BATCH = 50 };

static struct btc_params params;
static struct chain chain;
static struct chain_result result;

/* A batch mined on top of a chain's tip, not accepted by it. */
static struct btc_header headers[BATCH];
static uint8_t hashes[BATCH][BTC_HASH_BYTES];

static void start(const char *network, uint32_t bits)
{
    lab_params(&params, network, bits);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
}

static void stop(void)
{
    lab_check(&chain);
    chain_free(&chain);
}

#define assert_rc(got, expected)                                                      \
    do {                                                                              \
        int rc_ = (got);                                                              \
        ck_assert_msg(rc_ == (expected), "expected %s, got %s", pn_errname(expected), \
                      pn_errname(rc_));                                               \
    } while (0)

static int offer_on(uint32_t parent, uint32_t spacing_s)
{
    uint32_t time = chain_entry(&chain, parent)->time + spacing_s;

    return lab_offer(&chain, &result, lab_child(&chain, parent, time));
}

static void make_batch(uint32_t parent, uint32_t n)
{
    uint32_t time = chain_entry(&chain, parent)->time;

    for (uint32_t i = 0; i < n; i++) {
        headers[i] = lab_child(&chain, parent, time + (i + 1) * SPACING_S);
        if (i > 0)
            memcpy(headers[i].prev, hashes[i - 1], BTC_HASH_BYTES);
        lab_mine(&headers[i], hashes[i], &params);
    }
}

START_TEST(a_new_chain_holds_the_genesis)
{
    for (unsigned n = 0; btc_params_at(n); n++) {
        ck_assert_int_eq(chain_init(&chain, btc_params_at(n), 1), 0);
        ck_assert_uint_eq(chain_tip(&chain), 0);
        ck_assert_uint_eq(chain_height(&chain), 0);
        ck_assert_uint_eq(chain_find(&chain, btc_params_at(n)->genesis_hash), 0);
        ck_assert(chain_entry(&chain, 0)->work == work_of_bits(btc_params_at(n)->genesis.bits));
        stop();
    }
}
END_TEST

START_TEST(a_child_of_the_tip_becomes_the_tip)
{
    start("regtest", LAB_EASY_BITS);
    for (uint32_t i = 1; i < 10; i++) {
        assert_rc(offer_on(chain_tip(&chain), SPACING_S), 0);
        ck_assert_uint_eq(result.index, chain_tip(&chain));
        ck_assert_uint_eq(result.added, 1);
        ck_assert_uint_eq(result.known, 0);
        ck_assert(result.tip_moved);
        ck_assert_uint_eq(result.fork_height, i - 1);
        ck_assert_uint_eq(result.depth, 0);
        ck_assert_uint_eq(chain_height(&chain), i);
    }
    stop();
}
END_TEST

START_TEST(a_known_header_is_a_duplicate_and_tells_where_it_is)
{
    struct btc_header h;

    start("regtest", LAB_EASY_BITS);
    lab_extend(&chain, 0, 5, SPACING_S);
    for (uint32_t i = 0; i < chain_count(&chain); i++) {
        chain_header(&chain, &h, i);
        assert_rc(chain_accept(&chain, &result, &h, chain_entry(&chain, i)->hash), PN_EDUPLICATE);
        ck_assert_uint_eq(result.index, i);
        ck_assert_uint_eq(result.known, 1);
        ck_assert_uint_eq(result.added, 0);
        ck_assert(!result.tip_moved);
    }
    ck_assert_uint_eq(chain_count(&chain), 6);
    stop();
}
END_TEST

START_TEST(a_branch_of_less_or_equal_work_is_kept_but_not_followed)
{
    uint32_t fork, tip;

    start("regtest", LAB_EASY_BITS);
    fork = lab_extend(&chain, 0, 4, SPACING_S);
    tip = lab_extend(&chain, fork, 3, SPACING_S);
    for (uint32_t i = 0, parent = fork; i < 3; i++, parent = result.index) {
        assert_rc(offer_on(parent, SPACING_S), 0);
        ck_assert(!result.tip_moved);
        ck_assert_uint_eq(chain_tip(&chain), tip);
        ck_assert(!chain_is_active(&chain, result.index));
    }
    stop();
}
END_TEST

START_TEST(a_branch_of_more_work_is_followed_from_the_fork)
{
    uint32_t fork, old_tip, side;

    start("regtest", LAB_EASY_BITS);
    fork = lab_extend(&chain, 0, 4, SPACING_S);
    old_tip = lab_extend(&chain, fork, 3, SPACING_S);
    side = lab_extend(&chain, fork, 3, SPACING_S);
    assert_rc(offer_on(side, SPACING_S), 0);
    ck_assert(result.tip_moved);
    ck_assert_uint_eq(result.fork_height, 4);
    ck_assert_uint_eq(result.depth, 3);
    ck_assert_uint_eq(chain_tip(&chain), result.index);
    ck_assert_uint_eq(chain_height(&chain), 8);
    ck_assert(chain_is_active(&chain, side));
    ck_assert(!chain_is_active(&chain, old_tip));
    stop();
}
END_TEST

START_TEST(a_reorganisation_may_reach_down_to_the_genesis)
{
    uint32_t side;

    start("regtest", LAB_EASY_BITS);
    lab_extend(&chain, 0, 100, SPACING_S);
    side = lab_extend(&chain, 0, 100, SPACING_S);
    assert_rc(offer_on(side, SPACING_S), 0);
    ck_assert_uint_eq(result.fork_height, 0);
    ck_assert_uint_eq(result.depth, 100);
    stop();
}
END_TEST

/* Work decides, not length: one hard header outweighs ten of minimum difficulty. The way back to
 * the long branch meets what the array of heights held above the shorter one. */
START_TEST(a_shorter_branch_with_more_work_is_followed_and_back)
{
    uint32_t fork, long_tip;

    start("testnet3", LAB_HARD_BITS);
    fork = lab_extend(&chain, 0, 2, SPACING_S);
    long_tip = lab_extend(&chain, fork, 10, LATE_S);
    ck_assert_uint_eq(chain_height(&chain), 12);
    assert_rc(offer_on(fork, SPACING_S), 0);
    ck_assert(result.tip_moved);
    ck_assert_uint_eq(chain_height(&chain), 3);
    ck_assert_uint_eq(result.fork_height, 2);
    ck_assert_uint_eq(result.depth, 10);
    ck_assert_uint_eq(chain_at(&chain, 4), CHAIN_NONE);
    lab_check(&chain);

    assert_rc(offer_on(long_tip, SPACING_S), 0);
    ck_assert(result.tip_moved);
    ck_assert_uint_eq(chain_height(&chain), 13);
    ck_assert_uint_eq(result.fork_height, 2);
    ck_assert_uint_eq(result.depth, 1);
    stop();
}
END_TEST

START_TEST(a_batch_is_accepted_whole)
{
    start("regtest", LAB_EASY_BITS);
    make_batch(0, BATCH);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, BATCH), 0);
    ck_assert_uint_eq(result.added, BATCH);
    ck_assert_uint_eq(result.index, BATCH);
    ck_assert_uint_eq(result.fork_height, 0);
    ck_assert_uint_eq(chain_height(&chain), BATCH);
    stop();
}
END_TEST

START_TEST(a_batch_passes_over_what_is_known)
{
    start("regtest", LAB_EASY_BITS);
    make_batch(0, BATCH);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, 20), 0);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, BATCH), 0);
    ck_assert_uint_eq(result.known, 20);
    ck_assert_uint_eq(result.added, BATCH - 20);
    ck_assert_uint_eq(result.fork_height, 20);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, BATCH), 0);
    ck_assert_uint_eq(result.known, BATCH);
    ck_assert_uint_eq(result.index, BATCH);
    ck_assert(!result.tip_moved);
    stop();
}
END_TEST

START_TEST(a_batch_stops_at_the_first_refusal_and_keeps_what_came_before)
{
    start("regtest", LAB_EASY_BITS);
    make_batch(0, BATCH);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, 5), 0);
    headers[30].bits = LAB_HARD_BITS;
    lab_mine(&headers[30], hashes[30], &params);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, BATCH), PN_EBITS);
    ck_assert_uint_eq(result.known, 5);
    ck_assert_uint_eq(result.added, 25);
    ck_assert_uint_eq(result.index, 30);
    ck_assert_uint_eq(chain_height(&chain), 30);
    ck_assert(result.tip_moved);
    stop();
}
END_TEST

START_TEST(an_empty_batch_does_nothing)
{
    start("regtest", LAB_EASY_BITS);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, 0), 0);
    ck_assert_uint_eq(result.index, CHAIN_NONE);
    ck_assert(!result.tip_moved);
    stop();
}
END_TEST

START_TEST(a_batch_that_reorganises_reports_the_tips_before_and_after)
{
    uint32_t fork;

    start("regtest", LAB_EASY_BITS);
    fork = lab_extend(&chain, 0, 10, SPACING_S);
    lab_extend(&chain, fork, 7, SPACING_S);
    make_batch(fork, 20);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, 20), 0);
    ck_assert(result.tip_moved);
    ck_assert_uint_eq(result.fork_height, 10);
    ck_assert_uint_eq(result.depth, 7);
    ck_assert_uint_eq(chain_height(&chain), 30);
    stop();
}
END_TEST

START_TEST(a_batch_is_prechecked_without_a_chain)
{
    uint8_t got[BATCH][BTC_HASH_BYTES];

    start("regtest", LAB_EASY_BITS);
    make_batch(0, BATCH);
    assert_rc(headers_precheck(got, headers, BATCH, &params), 0);
    ck_assert_mem_eq(got, hashes, sizeof got);
    ck_assert(headers_work(headers, BATCH) == 2 * BATCH);
    headers[7].bits = LAB_HARD_BITS;
    ck_assert(headers_work(headers, BATCH) == 2 * (BATCH - 1) + work_of_bits(LAB_HARD_BITS));
    assert_rc(headers_precheck(got, headers, 0, &params), 0);
    ck_assert(headers_work(headers, 0) == 0);
    stop();
}
END_TEST

START_TEST(a_batch_with_a_gap_or_without_work_fails_the_precheck)
{
    uint8_t got[BATCH][BTC_HASH_BYTES];
    static const size_t gaps[] = {1, 20, BATCH - 2};

    start("regtest", LAB_EASY_BITS);
    make_batch(0, BATCH);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        size_t at = gaps[i];
        struct btc_header kept = headers[at];

        headers[at] = headers[at + 1];
        assert_rc(headers_precheck(got, headers, at + 1, &params), PN_EORPHAN);
        headers[at] = headers[at - 1];
        assert_rc(headers_precheck(got, headers, at + 1, &params), PN_EORPHAN);
        headers[at] = kept;
    }
    headers[BATCH - 1].bits = 0x03000001;
    assert_rc(headers_precheck(got, headers, BATCH, &params), PN_EPOW);
    headers[BATCH - 1].bits = 0x2100ffff;
    assert_rc(headers_precheck(got, headers, BATCH, &params), PN_EBITS);
    stop();
}
END_TEST

START_TEST(a_full_chain_refuses_more_and_stays_whole)
{
    enum { FULL = 30 };

    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, FULL), 0);
    make_batch(0, BATCH);
    assert_rc(chain_accept_many(&chain, &result, headers, hashes, BATCH), PN_ELIMIT);
    ck_assert_uint_eq(result.added, FULL - 1);
    ck_assert_uint_eq(chain_count(&chain), FULL);
    assert_rc(offer_on(0, SPACING_S), PN_ELIMIT);
    assert_rc(chain_accept(&chain, &result, &headers[3], hashes[3]), PN_EDUPLICATE);
    headers[FULL] = lab_child(&chain, 0, LAB_START); /* a broken rule is still named */
    assert_rc(lab_offer(&chain, &result, headers[FULL]), PN_ETIMEOLD);
    stop();
}
END_TEST

START_TEST(an_invalid_header_takes_its_descendants_out_of_the_active_chain)
{
    uint32_t fork, bad, side, tip;

    start("regtest", LAB_EASY_BITS);
    fork = lab_extend(&chain, 0, 10, SPACING_S);
    bad = lab_extend(&chain, fork, 1, SPACING_S);
    side = lab_extend(&chain, fork, 3, SPACING_S);
    tip = lab_extend(&chain, bad, 5, SPACING_S);
    ck_assert_uint_eq(chain_tip(&chain), tip);

    assert_rc(chain_invalidate(&chain, &result, bad), 0);
    ck_assert(result.tip_moved);
    ck_assert_uint_eq(chain_tip(&chain), side);
    ck_assert_uint_eq(result.fork_height, 10);
    ck_assert_uint_eq(result.depth, 6);
    ck_assert(chain_entry(&chain, tip)->flags & CHAIN_INVALID);
    ck_assert(!(chain_entry(&chain, fork)->flags & CHAIN_INVALID));

    assert_rc(offer_on(tip, SPACING_S), PN_ECHECKPOINT);
    assert_rc(offer_on(bad, SPACING_S), PN_ECHECKPOINT);
    chain_header(&chain, &headers[0], tip);
    assert_rc(chain_accept(&chain, &result, &headers[0], chain_entry(&chain, tip)->hash),
              PN_ECHECKPOINT);
    assert_rc(offer_on(side, SPACING_S), 0);
    stop();
}
END_TEST

START_TEST(without_another_branch_the_chain_ends_before_the_invalid_header)
{
    uint32_t bad;

    start("regtest", LAB_EASY_BITS);
    bad = lab_extend(&chain, 0, 10, SPACING_S);
    lab_extend(&chain, bad, 10, SPACING_S);
    assert_rc(chain_invalidate(&chain, &result, bad), 0);
    ck_assert_uint_eq(chain_height(&chain), 9);
    ck_assert_uint_eq(result.fork_height, 9);
    ck_assert_uint_eq(result.depth, 11);
    stop();
}
END_TEST

START_TEST(among_equals_the_branch_seen_first_replaces_the_invalid_one)
{
    uint32_t bad, first;

    start("regtest", LAB_EASY_BITS);
    bad = lab_extend(&chain, 0, 5, SPACING_S);
    first = lab_extend(&chain, 0, 4, SPACING_S);
    lab_extend(&chain, 0, 4, SPACING_S);
    assert_rc(chain_invalidate(&chain, &result, chain_at(&chain, 1)), 0);
    ck_assert_uint_eq(chain_tip(&chain), first);
    ck_assert(chain_entry(&chain, bad)->flags & CHAIN_INVALID);
    stop();
}
END_TEST

START_TEST(an_invalid_side_branch_leaves_the_tip)
{
    uint32_t side, tip;

    start("regtest", LAB_EASY_BITS);
    tip = lab_extend(&chain, 0, 10, SPACING_S);
    side = lab_extend(&chain, 0, 5, SPACING_S);
    assert_rc(chain_invalidate(&chain, &result, side), 0);
    ck_assert(!result.tip_moved);
    ck_assert_uint_eq(chain_tip(&chain), tip);
    assert_rc(offer_on(side, SPACING_S), PN_ECHECKPOINT);
    stop();
}
END_TEST

START_TEST(the_genesis_and_strangers_cannot_be_invalidated)
{
    start("regtest", LAB_EASY_BITS);
    assert_rc(chain_invalidate(&chain, &result, 0), PN_EINVAL);
    assert_rc(chain_invalidate(&chain, &result, 1), PN_EINVAL);
    assert_rc(chain_invalidate(&chain, &result, CHAIN_NONE), PN_EINVAL);
    stop();
}
END_TEST

/* Accept in batches, retrying what had no memory. Returns: how often that was. */
static int accept_despite_failures(struct chain *c, const struct chain *model)
{
    int failures = 0;

    for (uint32_t i = 1; i < chain_count(model);) {
        struct btc_header h;
        int rc;

        chain_header(model, &h, i);
        rc = chain_accept(c, &result, &h, chain_entry(model, i)->hash);
        if (rc == 0) {
            i++;
            continue;
        }
        assert_rc(rc, PN_ENOMEM);
        ck_assert_uint_eq(chain_count(c), i);
        lab_check(c);
        failures++;
    }
    return failures;
}

START_TEST(without_memory_a_chain_stays_whole_and_goes_on_later)
{
    unsigned long n = 1;
    int rc;

    start("regtest", LAB_EASY_BITS);
    lab_extend(&chain, 0, 1200, SPACING_S);
    lab_extend(&chain, chain_at(&chain, 600), 800, SPACING_S);
    do {
        struct chain other;

        mem_fail_at(n++, 0);
        rc = chain_init(&other, &params, CAPACITY);
        if (rc == 0) {
            int failures = accept_despite_failures(&other, &chain);

            ck_assert_int_eq(failures, mem_fail_happened());
            ck_assert_uint_eq(chain_tip(&other), chain_tip(&chain));
            lab_check(&other);
            chain_free(&other);
        }
    } while (mem_fail_happened());
    mem_fail_at(0, 0);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_gt(n, 15); /* several growths of every part were hit */
    stop();
}
END_TEST

START_TEST(at_a_checkpoint_only_the_known_header_is_accepted)
{
    struct btc_checkpoint checkpoints[2] = {{.height = 3}};
    char known[65];
    struct btc_header third;
    uint32_t parent;

    start("mainnet", LAB_EASY_BITS);
    parent = lab_extend(&chain, 0, 2, SPACING_S);
    third = lab_child(&chain, parent, chain_entry(&chain, parent)->time + SPACING_S);
    lab_mine(&third, hashes[0], &params);
    hash_to_hex(known, hashes[0]);
    checkpoints[0].hash = known;
    params.checkpoints = checkpoints;
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, parent, third.time)), PN_EOTHERCHAIN);
    ck_assert_uint_eq(chain_height(&chain), 2);
    assert_rc(chain_accept(&chain, &result, &third, hashes[0]), 0);
    lab_extend(&chain, chain_tip(&chain), 3, SPACING_S);
    assert_rc(lab_offer(&chain, &result, lab_child(&chain, parent, third.time + 1)),
              PN_EOTHERCHAIN); /* nor a branch below it later */
    params.checkpoints = NULL;
    stop();
}
END_TEST

TCase *tcase_accept(void)
{
    TCase *t = tcase_create("accept");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_new_chain_holds_the_genesis);
    tcase_add_test(t, at_a_checkpoint_only_the_known_header_is_accepted);
    tcase_add_test(t, a_child_of_the_tip_becomes_the_tip);
    tcase_add_test(t, a_known_header_is_a_duplicate_and_tells_where_it_is);
    tcase_add_test(t, a_branch_of_less_or_equal_work_is_kept_but_not_followed);
    tcase_add_test(t, a_branch_of_more_work_is_followed_from_the_fork);
    tcase_add_test(t, a_reorganisation_may_reach_down_to_the_genesis);
    tcase_add_test(t, a_shorter_branch_with_more_work_is_followed_and_back);
    tcase_add_test(t, a_batch_is_accepted_whole);
    tcase_add_test(t, a_batch_passes_over_what_is_known);
    tcase_add_test(t, a_batch_stops_at_the_first_refusal_and_keeps_what_came_before);
    tcase_add_test(t, an_empty_batch_does_nothing);
    tcase_add_test(t, a_batch_that_reorganises_reports_the_tips_before_and_after);
    tcase_add_test(t, a_batch_is_prechecked_without_a_chain);
    tcase_add_test(t, a_batch_with_a_gap_or_without_work_fails_the_precheck);
    tcase_add_test(t, a_full_chain_refuses_more_and_stays_whole);
    tcase_add_test(t, an_invalid_header_takes_its_descendants_out_of_the_active_chain);
    tcase_add_test(t, without_another_branch_the_chain_ends_before_the_invalid_header);
    tcase_add_test(t, among_equals_the_branch_seen_first_replaces_the_invalid_one);
    tcase_add_test(t, an_invalid_side_branch_leaves_the_tip);
    tcase_add_test(t, the_genesis_and_strangers_cannot_be_invalidated);
    tcase_add_test(t, without_memory_a_chain_stays_whole_and_goes_on_later);
    return t;
}
