/* Chains of little work are counted and forgotten; one of enough work comes out as it went in, and
 * only if it is shown twice. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/chain/presync.h"
#include "lab.h"

enum { LENGTH = 3000, BATCH = 200, PERIOD = 10, BUFFER = 150, NOW_S = LAB_START + 100000000 };

static struct btc_params params;
static struct chain_point start_point;

struct headers {
    struct btc_header items[LENGTH];
    uint8_t hashes[LENGTH][BTC_HASH_BYTES];
};

static struct headers chain_a, chain_b;
static struct headers out;

/* The same up to a height, and another chain from there on. */
static void mine(struct headers *h, const struct headers *like, uint32_t shared, uint8_t salt)
{
    for (uint32_t i = 0; i < LENGTH; i++) {
        if (i < shared) {
            h->items[i] = like->items[i];
            memcpy(h->hashes[i], like->hashes[i], BTC_HASH_BYTES);
            continue;
        }
        h->items[i] = (struct btc_header){
            .version = 4, .time = LAB_START + 600 * (i + 1), .bits = LAB_EASY_BITS};
        memcpy(h->items[i].prev, i ? h->hashes[i - 1] : params.genesis_hash, BTC_HASH_BYTES);
        h->items[i].merkle_root[0] = salt;
        lab_mine(&h->items[i], h->hashes[i], &params);
    }
}

static void set_up(void)
{
    lab_params(&params, "regtest", LAB_EASY_BITS);
    params.presync_period = PERIOD;
    params.presync_buffer = BUFFER;
    start_point = (struct chain_point){.work = work_of_bits(LAB_EASY_BITS),
                                       .time = LAB_START,
                                       .median_time = LAB_START,
                                       .bits = LAB_EASY_BITS};
    memcpy(start_point.hash, params.genesis_hash, BTC_HASH_BYTES);
    mine(&chain_a, NULL, 0, 0);
}

static struct presync *begin(uint32_t goal_height)
{
    struct presync *p = presync_new(&params, &start_point, (btc_work)2 * (goal_height + 1), NOW_S);

    ck_assert_ptr_nonnull(p);
    return p;
}

static int give(struct presync *p, const struct headers *h, uint32_t from, uint32_t n, bool full)
{
    return presync_take(p, h->items + from, (const uint8_t(*)[BTC_HASH_BYTES])h->hashes + from, n,
                        full);
}

/* Headers 0 to `to` in batches. Returns: the first error. */
static int pass(struct presync *p, const struct headers *h, uint32_t to, uint32_t *n_out)
{
    enum presync_state state = presync_state(p);

    for (uint32_t at = 0; at < to && presync_state(p) == state; at += BATCH) {
        uint32_t n = to - at < BATCH ? to - at : BATCH;
        int rc = give(p, h, at, n, n == BATCH);

        if (rc < 0)
            return rc;
        while (presync_state(p) != PRESYNC_COUNTING &&
               (n = (uint32_t)presync_ready(p, out.items + *n_out, out.hashes + *n_out, 77)) > 0)
            *n_out += n;
    }
    return 0;
}

START_TEST(a_chain_of_enough_work_comes_out_as_it_went_in)
{
    struct presync *p;
    uint32_t n = 0;

    set_up();
    p = begin(2500);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    ck_assert_int_eq((int)presync_state(p), PRESYNC_FETCHING);
    ck_assert_uint_eq(n, 0);
    ck_assert_mem_eq(presync_last(p), params.genesis_hash, BTC_HASH_BYTES);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    ck_assert_int_eq((int)presync_state(p), PRESYNC_DONE);
    ck_assert_uint_ge(n, 2500);
    ck_assert_uint_eq(n, presync_height(p));
    ck_assert_mem_eq(out.items, chain_a.items, n * sizeof *out.items);
    ck_assert_mem_eq(out.hashes, chain_a.hashes, n * sizeof *out.hashes);
    presync_free(p);
}
END_TEST

START_TEST(before_it_is_proven_a_buffer_of_headers_is_held_back)
{
    struct presync *p;
    uint32_t n = 0;

    set_up();
    p = begin(2500);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    for (uint32_t at = 0; at < 2400; at += BATCH) {
        uint32_t got;

        ck_assert_int_eq(give(p, &chain_a, at, BATCH, true), 0);
        while ((got = (uint32_t)presync_ready(p, out.items, out.hashes, 50)) > 0)
            n += got;
        ck_assert_uint_eq(n, at + BATCH > BUFFER ? at + BATCH - BUFFER : 0);
    }
    presync_free(p);
}
END_TEST

START_TEST(a_chain_that_ends_early_is_of_little_work)
{
    struct presync *p;
    uint32_t n = 0;

    set_up();
    p = begin(2500);
    ck_assert_int_eq(pass(p, &chain_a, 2450, &n), PN_ELOWWORK);
    presync_free(p);
    p = begin(2500);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    ck_assert_int_eq(pass(p, &chain_a, 2450, &n), PN_ELOWWORK); /* the second time */
    presync_free(p);
}
END_TEST

/* Each commitment lets another chain pass by chance one time in two; the buffer is worth fifteen of
 * them. */
START_TEST(another_chain_the_second_time_is_found_out_before_much_of_it_comes_out)
{
    static const uint32_t forks[] = {0, 1, 700, 2000};

    set_up();
    for (size_t i = 0; i < sizeof forks / sizeof forks[0]; i++) {
        struct presync *p = begin(2900);
        uint32_t n = 0;

        mine(&chain_b, &chain_a, forks[i], 1);
        ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
        ck_assert_int_eq(pass(p, &chain_b, LENGTH, &n), PN_EMISMATCH);
        ck_assert_uint_le(n, forks[i] + 100); /* 15 + 10 bits right by chance: 1 in 2^25 */
        presync_free(p);
    }
}
END_TEST

START_TEST(a_batch_that_does_not_follow_changes_nothing)
{
    struct presync *p;

    set_up();
    p = begin(2500);
    ck_assert_int_eq(give(p, &chain_a, 0, BATCH, true), 0);
    ck_assert_int_eq(give(p, &chain_a, 0, BATCH, true), PN_EORPHAN);
    ck_assert_int_eq(give(p, &chain_a, BATCH + 1, 1, false), PN_EORPHAN);
    ck_assert_int_eq(give(p, &chain_a, BATCH, 0, true), PN_EORPHAN);
    ck_assert_int_eq(give(p, &chain_a, BATCH, BATCH, true), 0);
    ck_assert_uint_eq(presync_height(p), 2 * BATCH);
    presync_free(p);
}
END_TEST

START_TEST(a_chain_longer_than_time_allows_is_refused)
{
    struct presync *p;
    uint32_t n = 0;

    set_up(); /* 600 s at six headers a second are 3,600; 400 s are 2,400 */
    p = presync_new(&params, &start_point, BTC_WORK_MAX, LAB_START + 600 - CHAIN_FUTURE_LIMIT_S);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    presync_free(p);
    p = presync_new(&params, &start_point, BTC_WORK_MAX, LAB_START + 400 - CHAIN_FUTURE_LIMIT_S);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), PN_ELIMIT);
    ck_assert_uint_le(presync_height(p), 2410);
    presync_free(p);
    p = presync_new(&params, &start_point, BTC_WORK_MAX, 0); /* a clock that is wrong */
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), PN_ELIMIT);
    presync_free(p);
}
END_TEST

START_TEST(a_difficulty_that_cannot_follow_is_refused)
{
    struct presync *p;
    struct btc_header odd;

    set_up();
    params.min_difficulty = false;
    p = begin(2500);
    odd = chain_a.items[0];
    odd.bits = LAB_HARD_BITS;
    ck_assert_int_eq(
        presync_take(p, &odd, (const uint8_t(*)[BTC_HASH_BYTES])chain_a.hashes, 1, true), PN_EBITS);
    presync_free(p);
}
END_TEST

START_TEST(what_is_ready_must_be_taken_first)
{
    struct presync *p;
    uint32_t n = 0;

    set_up();
    p = begin(2900);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), 0);
    ck_assert_int_eq(give(p, &chain_a, 0, BATCH, true), 0);
    ck_assert_int_eq(give(p, &chain_a, BATCH, BATCH, true), PN_EINVAL);
    presync_free(p);
}
END_TEST

/* A million headers on end, the same thousand again and again: only their number counts here. */
START_TEST(counting_takes_a_bit_for_each_period_and_no_more)
{
    struct presync *p;
    size_t before;

    set_up();
    params.presync_period = 275;
    p = presync_new(&params, &start_point, BTC_WORK_MAX, LAB_START + 600000000);
    ck_assert_ptr_nonnull(p);
    before = presync_bytes(p);
    for (uint32_t at = 0; at < LENGTH; at += BATCH)
        ck_assert_int_eq(give(p, &chain_a, at, BATCH, true), 0);
    ck_assert_uint_le(presync_bytes(p) - before, 64);
    presync_free(p);
}
END_TEST

START_TEST(without_memory_it_ends)
{
    struct presync *p;
    uint32_t n = 0;

    set_up();
    mem_fail_at(1, 0);
    ck_assert_ptr_null(presync_new(&params, &start_point, 1, NOW_S));
    mem_fail_at(0, 0);
    p = begin(2500);
    mem_fail_at(1, 1);
    ck_assert_int_eq(pass(p, &chain_a, LENGTH, &n), PN_ENOMEM);
    mem_fail_at(0, 0);
    presync_free(p);
}
END_TEST

TCase *tcase_presync(void)
{
    TCase *t = tcase_create("presync");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_chain_of_enough_work_comes_out_as_it_went_in);
    tcase_add_test(t, before_it_is_proven_a_buffer_of_headers_is_held_back);
    tcase_add_test(t, a_chain_that_ends_early_is_of_little_work);
    tcase_add_test(t, another_chain_the_second_time_is_found_out_before_much_of_it_comes_out);
    tcase_add_test(t, a_batch_that_does_not_follow_changes_nothing);
    tcase_add_test(t, a_chain_longer_than_time_allows_is_refused);
    tcase_add_test(t, a_difficulty_that_cannot_follow_is_refused);
    tcase_add_test(t, what_is_ready_must_be_taken_first);
    tcase_add_test(t, counting_takes_a_bit_for_each_period_and_no_more);
    tcase_add_test(t, without_memory_it_ends);
    return t;
}
