/* The rating of peers: measurements, order, what peers lack, and the estimates of all together. */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "download/board.h"
#include "harness.h"

enum { BLOCKS, HEADERS, KINDS, MAX_PEERS = 32, MAX_BLOCKS = 16, MAX_HEADERS = 2000 };

static struct download_peers set;

static void setup(void)
{
    static const unsigned max_items[KINDS] = {MAX_BLOCKS, MAX_HEADERS};

    clock_test_start(1600000000);
    random_test_start(4);
    ck_assert_int_eq(download_peers_init(&set, MAX_PEERS, max_items, KINDS), 0);
}

static void teardown(void)
{
    download_peers_free(&set);
    random_test_stop();
    clock_test_stop();
}

static void add(uint64_t id)
{
    ck_assert_int_eq(download_register(&set, id), 0);
}

/* One request of `items`, all delivered after `ms`. */
static void deliver(uint64_t id, unsigned kind, unsigned items, int64_t ms)
{
    ck_assert_int_eq(download_set_busy(&set, id, kind), 0);
    clock_test_advance_ms(ms);
    download_set_idle(&set, id, kind, items);
}

static void hash_of(uint8_t out[32], unsigned n)
{
    memset(out, 0, 32);
    memcpy(out, &n, sizeof n);
}

/* --- measurements --- */

START_TEST(a_measurement_weighs_a_tenth)
{
    add(1);
    deliver(1, BLOCKS, 100, 1000);
    ck_assert_double_eq_tol(download_throughput(&set, 1, BLOCKS), 10, 1e-6);
    deliver(1, BLOCKS, 100, 1000);
    ck_assert_double_eq_tol(download_throughput(&set, 1, BLOCKS), 19, 1e-6);
    ck_assert_double_eq(download_throughput(&set, 1, HEADERS), 0);
}
END_TEST

START_TEST(delivering_nothing_makes_the_throughput_zero)
{
    add(1);
    deliver(1, BLOCKS, 100, 1000);
    deliver(1, BLOCKS, 0, 1000);
    ck_assert_double_eq(download_throughput(&set, 1, BLOCKS), 0);
}
END_TEST

START_TEST(what_arrives_at_once_is_no_division_by_zero)
{
    add(1);
    deliver(1, BLOCKS, 1, 0);
    ck_assert_double_eq_tol(download_throughput(&set, 1, BLOCKS), 100000, 1);
}
END_TEST

START_TEST(capacity_is_what_fits_the_target_time_and_one_more)
{
    add(1);
    ck_assert_uint_eq(download_capacity(&set, 1, HEADERS, 2000000), 2);
    download_measure(&set, 1, HEADERS, 1000, 1000000, 1000000); /* 100 a second */
    ck_assert_uint_eq(download_capacity(&set, 1, HEADERS, 2000000), 201);
    ck_assert_uint_eq(download_capacity(&set, 1, HEADERS, 1000000), 101);
    ck_assert_uint_eq(download_capacity(&set, 1, HEADERS, INT64_C(3600) * 1000000), MAX_HEADERS);
    ck_assert_uint_eq(download_capacity(&set, 2, HEADERS, 2000000), 0);
}
END_TEST

START_TEST(one_request_of_a_kind_at_a_time)
{
    add(1);
    ck_assert_int_eq(download_set_busy(&set, 1, BLOCKS), 0);
    ck_assert_int_eq(download_set_busy(&set, 1, BLOCKS), PN_EBUSY);
    ck_assert_int_eq(download_set_busy(&set, 1, HEADERS), 0);
    ck_assert_int_eq(download_set_busy(&set, 2, BLOCKS), PN_ENOENT);
}
END_TEST

START_TEST(a_second_answer_to_one_request_counts_once)
{
    add(1);
    deliver(1, BLOCKS, 100, 1000);
    download_set_idle(&set, 1, BLOCKS, 100000);
    ck_assert_double_eq_tol(download_throughput(&set, 1, BLOCKS), 10, 1e-6);
    download_set_idle(&set, 7, BLOCKS, 1); /* a peer that is gone */
}
END_TEST

/* --- the set --- */

START_TEST(peers_are_registered_once_and_within_the_bound)
{
    for (uint64_t id = 1; id <= MAX_PEERS; id++)
        add(id);
    ck_assert_int_eq(download_register(&set, 5), PN_EEXIST);
    ck_assert_int_eq(download_register(&set, 99), PN_ELIMIT);
    ck_assert_int_eq(download_unregister(&set, 5), 0);
    ck_assert_int_eq(download_unregister(&set, 5), PN_ENOENT);
    ck_assert_int_eq(download_register(&set, 99), 0);
}
END_TEST

START_TEST(idle_peers_come_fastest_first)
{
    static const uint64_t order[] = {1, 4, 2, 5};
    uint64_t ids[MAX_PEERS];

    for (uint64_t id = 1; id <= 5; id++)
        add(id);
    for (unsigned id = 1; id <= 5; id++)
        download_measure(&set, id, BLOCKS, (id * 3) % 5 + 1, 1000000, 1000000);
    ck_assert_int_eq(download_set_busy(&set, 3, BLOCKS), 0); /* (3 * 3) % 5: the fastest */
    ck_assert_uint_eq(download_idle_peers(&set, ids, BLOCKS), 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(ids[i], order[i]);
    ck_assert_uint_eq(download_idle_peers(&set, ids, HEADERS), 5);
}
END_TEST

START_TEST(a_newcomer_gets_the_average_throughput_and_the_median_round_trip)
{
    for (uint64_t id = 1; id <= 3; id++)
        add(id);
    for (unsigned i = 0; i < 200; i++) { /* until the averages have arrived */
        download_measure(&set, 1, BLOCKS, 10, 1000000, 3000000);
        download_measure(&set, 2, BLOCKS, 20, 1000000, 5000000);
        download_measure(&set, 3, BLOCKS, 60, 1000000, 9000000);
    }
    add(4);
    ck_assert_double_eq_tol(download_throughput(&set, 4, BLOCKS), 30, 0.1);
    ck_assert_double_eq_tol(set.peers[3].rtt_us, 5000000, 1000);
}
END_TEST

/* --- what peers lack --- */

START_TEST(what_a_peer_lacks_is_remembered_for_that_peer)
{
    uint8_t a[32], b[32];

    hash_of(a, 1);
    hash_of(b, 2);
    add(1);
    add(2);
    download_mark_lacking(&set, 1, a);
    ck_assert(download_lacks(&set, 1, a));
    ck_assert(!download_lacks(&set, 1, b));
    ck_assert(!download_lacks(&set, 2, a));
}
END_TEST

START_TEST(at_most_4096_are_remembered_and_random_ones_give_way)
{
    uint8_t h[32];
    unsigned held = 0, old = 0;

    add(1);
    for (unsigned i = 0; i < 2 * LACKING_MAX; i++) {
        hash_of(h, i);
        download_mark_lacking(&set, 1, h);
        ck_assert_msg(download_lacks(&set, 1, h), "entry %u is gone at once", i);
    }
    for (unsigned i = 0; i < 2 * LACKING_MAX; i++) {
        hash_of(h, i);
        held += download_lacks(&set, 1, h);
        old += i < LACKING_MAX && download_lacks(&set, 1, h);
    }
    ck_assert_uint_eq(held, LACKING_MAX);
    /* After as many replacements as places, 1/e of the old ones are left. */
    ck_assert_uint_gt(old, LACKING_MAX / 4);
    ck_assert_uint_lt(old, LACKING_MAX / 2);
}
END_TEST

START_TEST(without_memory_what_is_lacking_is_forgotten)
{
    uint8_t h[32];

    hash_of(h, 1);
    add(1);
    mem_fail_at(1, 1);
    download_mark_lacking(&set, 1, h);
    mem_fail_at(0, 0);
    ck_assert(!download_lacks(&set, 1, h));
}
END_TEST

/* --- estimates --- */

static void set_rtt(uint64_t id, int64_t us)
{
    for (unsigned i = 0; i < 200; i++)
        download_measure(&set, id, BLOCKS, 1, us, us);
}

START_TEST(the_median_is_bounded)
{
    ck_assert_int_eq(download_median_rtt_us(&set), DOWNLOAD_RTT_MAX_US);
    add(1);
    set_rtt(1, 1000);
    ck_assert_int_eq(download_median_rtt_us(&set), DOWNLOAD_RTT_MIN_US);
    set_rtt(1, 900000000);
    ck_assert_int_eq(download_median_rtt_us(&set), DOWNLOAD_RTT_MAX_US);
}
END_TEST

START_TEST(the_median_is_that_of_the_five_best)
{
    for (uint64_t id = 1; id <= 9; id++)
        add(id);
    for (unsigned id = 1; id <= 9; id++)
        set_rtt(id, (int64_t)(id * 7 % 9 + 3) * 1000000); /* 3 to 11 s, in no order */
    ck_assert_int_lt(llabs(download_median_rtt_us(&set) - 5000000), 1000);
}
END_TEST

START_TEST(the_estimate_follows_the_median_by_a_quarter_each_round_trip)
{
    add(1);
    set_rtt(1, 1000);
    download_tune(&set);
    ck_assert_int_eq(download_request_rtt_us(&set), 18000000);
    clock_test_advance_ms(19999);
    download_tune(&set);
    ck_assert_int_eq(download_request_rtt_us(&set), 18000000);
    clock_test_advance_ms(1);
    download_tune(&set);
    ck_assert_int_eq(download_request_rtt_us(&set), 13950000); /* 0.9 * (0.75 * 20 + 0.25 * 2) */
}
END_TEST

START_TEST(newcomers_lower_the_confidence_and_time_restores_it)
{
    add(1);
    ck_assert_int_eq(download_request_ttl_us(&set), DOWNLOAD_TTL_MAX_US);
    set_rtt(1, 1000);
    for (unsigned i = 0; i < 100; i++) {
        download_tune(&set);
        clock_test_advance_ms(20000);
    }
    ck_assert_int_lt(llabs(download_request_ttl_us(&set) - 6000000), 1000);
    add(2);
    ck_assert_int_lt(llabs(download_request_ttl_us(&set) - 12000000), 2000);
    download_tune(&set);
    ck_assert_int_lt(llabs(download_request_ttl_us(&set) - 8000000), 2000);
    for (uint64_t id = 3; id <= MAX_PEERS; id++)
        add(id);
    ck_assert_double_ge(set.confidence, 0.1);
    ck_assert_int_le(download_request_ttl_us(&set), DOWNLOAD_TTL_MAX_US);
}
END_TEST

/* Who looks sees the table of the last post, and posts are not made at every turn. */
START_TEST(the_board_shows_the_table_to_others)
{
    struct download_estimate estimate;
    struct download_rating *ratings;
    struct download_board board;
    uint8_t hash[32] = {1};

    ck_assert_int_eq(download_board_init(&board, MAX_PEERS), 0);
    add(7);
    add(8);
    deliver(7, HEADERS, 100, 500);
    ck_assert_int_eq(download_set_busy(&set, 8, BLOCKS), 0);
    download_mark_lacking(&set, 8, hash);
    download_board_post(&board, &set);
    download_unregister(&set, 8);
    download_board_post(&board, &set); /* too soon */
    ck_assert_int_eq(download_board_look(&board, &estimate, &ratings), 2);
    ck_assert_uint_eq(ratings[0].id, 7);
    ck_assert_double_eq_tol(ratings[0].work[HEADERS].throughput, 20, 1e-6);
    ck_assert_int_eq(ratings[0].rtt_us, (int64_t)set.peers[0].rtt_us);
    ck_assert_uint_eq(ratings[0].work[HEADERS].capacity,
                      download_capacity(&set, 7, HEADERS, download_request_rtt_us(&set)));
    ck_assert(!ratings[0].work[HEADERS].busy);
    ck_assert_uint_eq(ratings[0].lacking, 0);
    ck_assert_uint_eq(ratings[1].id, 8);
    ck_assert(ratings[1].work[BLOCKS].busy);
    ck_assert_uint_eq(ratings[1].lacking, 1);
    ck_assert_int_eq(estimate.ttl_us, download_request_ttl_us(&set));
    mem_free(ratings);
    clock_test_advance_ms(DOWNLOAD_POST_US / 1000);
    download_board_post(&board, &set);
    ck_assert_int_eq(download_board_look(&board, &estimate, &ratings), 1);
    ck_assert_double_eq(estimate.confidence, set.confidence);
    mem_free(ratings);
    download_board_free(&board);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("download");
    TCase *t = tcase_create("rating");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_measurement_weighs_a_tenth);
    tcase_add_test(t, delivering_nothing_makes_the_throughput_zero);
    tcase_add_test(t, what_arrives_at_once_is_no_division_by_zero);
    tcase_add_test(t, capacity_is_what_fits_the_target_time_and_one_more);
    tcase_add_test(t, one_request_of_a_kind_at_a_time);
    tcase_add_test(t, a_second_answer_to_one_request_counts_once);
    tcase_add_test(t, peers_are_registered_once_and_within_the_bound);
    tcase_add_test(t, idle_peers_come_fastest_first);
    tcase_add_test(t, a_newcomer_gets_the_average_throughput_and_the_median_round_trip);
    tcase_add_test(t, what_a_peer_lacks_is_remembered_for_that_peer);
    tcase_add_test(t, at_most_4096_are_remembered_and_random_ones_give_way);
    tcase_add_test(t, without_memory_what_is_lacking_is_forgotten);
    tcase_add_test(t, the_median_is_bounded);
    tcase_add_test(t, the_median_is_that_of_the_five_best);
    tcase_add_test(t, the_estimate_follows_the_median_by_a_quarter_each_round_trip);
    tcase_add_test(t, newcomers_lower_the_confidence_and_time_restores_it);
    tcase_add_test(t, the_board_shows_the_table_to_others);
    suite_add_tcase(s, t);
    return harness_run(s);
}
