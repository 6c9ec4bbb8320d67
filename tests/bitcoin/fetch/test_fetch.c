/* The scheduler of block download against simulated peers, under the test clock. */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/fetch/fetch.h"
#include "harness.h"

enum { MAX_PEERS = 8, MAX_BLOCKS = 4096, QUEUE = 64, STEP_MS = 10 };

/* A simulated peer: answers in order, one block each block_ms (0: never), from what it has. */
struct sim_peer {
    bool there, dropped;
    int64_t block_ms;
    struct fetch_item queue[QUEUE];
    unsigned n;
    int64_t busy_until_us;
    unsigned asked, delivered, most_in_flight;
    uint64_t bytes;
};

static struct fetch *f;
static struct sim_peer sim[MAX_PEERS]; /* by id */
static bool held[MAX_BLOCKS];
static uint8_t branch; /* of the active chain, part of every hash */
static uint32_t branch_from;

static void hash_of(uint8_t hash[32], uint32_t height)
{
    memset(hash, 0, 32);
    memcpy(hash, &height, sizeof height);
    hash[8] = height > branch_from ? branch : 0;
}

static uint32_t height_of(const uint8_t hash[32])
{
    uint32_t height;

    memcpy(&height, hash, sizeof height);
    return height;
}

static void on_hash_at(void *arg, uint8_t hash[32], uint32_t height)
{
    (void)arg;
    hash_of(hash, height);
}

static bool on_holds(void *arg, const uint8_t hash[32])
{
    (void)arg;
    return held[height_of(hash)] && hash[8] == 0;
}

static void on_request(void *arg, uint64_t peer, const struct fetch_item *items, unsigned n)
{
    struct sim_peer *p = &sim[peer];

    (void)arg;
    ck_assert_uint_ge(n, 1);
    ck_assert_uint_le(n, FETCH_PEER_MAX);
    if (p->n == 0)
        p->busy_until_us = clock_mono_us() + p->block_ms * 1000;
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_eq(items[i].height, height_of(items[i].hash));
        ck_assert_uint_lt(p->n, QUEUE);
        p->queue[p->n++] = items[i];
    }
    p->asked += n;
    if (p->n > p->most_in_flight)
        p->most_in_flight = p->n;
}

static void on_drop(void *arg, uint64_t peer)
{
    (void)arg;
    sim[peer].dropped = true;
}

static uint64_t on_bytes_from(void *arg, uint64_t peer)
{
    (void)arg;
    return sim[peer].bytes;
}

static const struct fetch_ops ops = {.hash_at = on_hash_at,
                                     .holds = on_holds,
                                     .request = on_request,
                                     .drop = on_drop,
                                     .bytes_from = on_bytes_from};

static void setup(void)
{
    clock_test_start(1600000000);
    random_test_start(4);
    memset(sim, 0, sizeof sim);
    memset(held, 0, sizeof held);
    branch = 0;
    branch_from = 0;
    f = fetch_new(&ops, NULL, MAX_PEERS);
    ck_assert_ptr_nonnull(f);
}

static void teardown(void)
{
    fetch_free(f);
    random_test_stop();
    clock_test_stop();
}

static void add(uint64_t id, int64_t block_ms, uint32_t has_to)
{
    sim[id] = (struct sim_peer){.there = true, .block_ms = block_ms};
    ck_assert_int_eq(fetch_peer_ready(f, id, FETCH_ALL), 0);
    fetch_peer_has(f, id, has_to);
}

static void deliver_first(uint64_t id)
{
    struct fetch_item item = sim[id].queue[0];

    memmove(sim[id].queue, sim[id].queue + 1, --sim[id].n * sizeof item);
    sim[id].delivered++;
    held[item.height] = true;
    fetch_delivered(f, id, item.hash);
}

/* Let the simulated peers work. Returns: the seconds that it took, or limit_s when some are still
 * missing. */
static double run(double limit_s)
{
    int64_t start = clock_mono_us(), next_tick = start;

    while (!fetch_complete(f) && (double)(clock_mono_us() - start) < limit_s * 1e6) {
        for (uint64_t id = 0; id < MAX_PEERS; id++)
            while (sim[id].n > 0 && sim[id].block_ms > 0 &&
                   sim[id].busy_until_us <= clock_mono_us()) {
                sim[id].busy_until_us += sim[id].block_ms * 1000;
                sim[id].bytes += 1000;
                deliver_first(id);
            }
        clock_test_advance_ms(STEP_MS);
        if (clock_mono_us() < next_tick)
            continue;
        fetch_tick(f);
        next_tick += 1000000;
    }
    return (double)(clock_mono_us() - start) / 1e6;
}

START_TEST(every_block_of_the_range_is_asked_for_once)
{
    add(1, 10, 2000);
    add(2, 20, 2000);
    fetch_set_range(f, 1, 2000, 0);
    fetch_run(f);
    run(60);
    ck_assert(fetch_complete(f));
    ck_assert_uint_eq(sim[1].asked + sim[2].asked, 2000);
    ck_assert_uint_eq(fetch_in_flight(f), 0);
    ck_assert_uint_le(sim[1].most_in_flight, FETCH_PEER_MAX);
    ck_assert_uint_gt(sim[1].delivered, sim[2].delivered);
}
END_TEST

START_TEST(what_is_held_is_not_asked_for)
{
    for (uint32_t h = 0; h < 1990; h++)
        held[h] = true;
    add(1, 10, 2000);
    fetch_set_range(f, 1, 2000, 0);
    fetch_run(f);
    run(60);
    ck_assert(fetch_complete(f));
    ck_assert_uint_eq(sim[1].asked, 11);
}
END_TEST

START_TEST(nothing_beyond_the_window_is_asked_for)
{
    add(1, 0, 3000); /* silent: it takes the lowest block */
    fetch_set_range(f, 1, 3000, 0);
    fetch_run(f);
    add(2, 10, 3000);
    fetch_run(f);
    for (int i = 0; i < 190 && sim[2].n > 0; i++) { /* less than the stall timeout */
        clock_test_advance_ms(10);
        deliver_first(2);
    }
    for (uint32_t h = FETCH_WINDOW + 1; h <= 3000; h++)
        ck_assert_msg(!held[h], "block %u came with block 1 missing", h);
}
END_TEST

START_TEST(a_peer_is_asked_only_for_what_it_has)
{
    add(1, 10, 5);
    fetch_set_range(f, 1, 10, 0);
    fetch_run(f);
    ck_assert(run(5) >= 5);
    ck_assert_uint_eq(sim[1].asked, 5);
    fetch_peer_has(f, 1, 10);
    fetch_run(f);
    run(5);
    ck_assert(fetch_complete(f));
}
END_TEST

START_TEST(a_limited_peer_is_asked_only_for_the_last_blocks)
{
    sim[1] = (struct sim_peer){.there = true, .block_ms = 1};
    ck_assert_int_eq(fetch_peer_ready(f, 1, FETCH_LAST), 0);
    fetch_peer_has(f, 1, 1000);
    fetch_set_range(f, 1, 1000, 0);
    fetch_run(f);
    run(10);
    ck_assert(!held[1000 - 288]);
    ck_assert(held[1000 - 287]);
    ck_assert(held[1000]);
}
END_TEST

START_TEST(a_peer_that_promises_nothing_is_asked_for_what_it_announces)
{
    sim[1] = (struct sim_peer){.there = true, .block_ms = 1};
    ck_assert_int_eq(fetch_peer_ready(f, 1, FETCH_ANNOUNCED), 0);
    fetch_peer_has(f, 1, 10);
    fetch_set_range(f, 1, 10, 0);
    fetch_run(f);
    ck_assert_uint_eq(sim[1].asked, 0);
    fetch_peer_announced(f, 1, 9);
    fetch_peer_announced(f, 1, 10);
    fetch_run(f);
    run(5);
    ck_assert_uint_eq(sim[1].asked, 2);
    ck_assert(held[9] && held[10]);
}
END_TEST

START_TEST(a_silent_and_a_slow_peer_cost_little)
{
    double alone, together;

    add(1, 50, 288);
    fetch_set_range(f, 1, 288, 0);
    fetch_run(f);
    alone = run(600);
    fetch_free(f);
    memset(held, 0, sizeof held);
    f = fetch_new(&ops, NULL, MAX_PEERS);
    ck_assert_ptr_nonnull(f);
    add(2, 0, 288);      /* says nothing */
    add(3, 100000, 288); /* a block in 100 s */
    add(1, 50, 288);
    fetch_set_range(f, 1, 288, 0);
    fetch_run(f);
    together = run(600);
    ck_assert(fetch_complete(f));
    ck_assert_msg(together < alone + 3.5, "%.2f s alone, %.2f s beside two bad peers", alone,
                  together);
    ck_assert(fetch_taken_back(f) > 0);
}
END_TEST

static struct fetch_peer_view view_of(uint64_t id)
{
    struct fetch_peer_view views[MAX_PEERS];
    unsigned n = fetch_view_peers(f, views);

    for (unsigned i = 0; i < n; i++)
        if (views[i].id == id)
            return views[i];
    ck_abort_msg("no such peer");
}

START_TEST(what_a_peer_owes_and_has_kept_waiting_can_be_seen)
{
    add(2, 0, 288); /* says nothing */
    fetch_set_range(f, 1, 288, 0);
    fetch_run(f);
    ck_assert_uint_gt(view_of(2).in_flight, 0);
    ck_assert_uint_eq(view_of(2).in_flight, fetch_in_flight(f));
    ck_assert_uint_eq(view_of(2).taken_back, 0);
    add(1, 50, 288);
    run(600);
    ck_assert(fetch_complete(f));
    ck_assert_uint_eq(view_of(2).taken_back, fetch_taken_back(f));
    ck_assert_uint_gt(view_of(2).taken_back, 0);
    ck_assert_int_gt(view_of(2).paused_until_us, 0);
    ck_assert_uint_eq(view_of(1).taken_back, 0);
    ck_assert(download_throughput(fetch_rating(f), 1, 0) >
              download_throughput(fetch_rating(f), 2, 0));
}
END_TEST

START_TEST(the_stall_timeout_doubles_and_shrinks)
{
    add(1, 0, 3000);
    fetch_set_range(f, 1, 2, 0);
    fetch_run(f);
    add(2, 0, 3000);
    ck_assert_int_eq(fetch_stall_timeout_us(f), FETCH_STALL_MIN_US);
    run(3.5);
    ck_assert_int_eq(fetch_stall_timeout_us(f), 2 * FETCH_STALL_MIN_US);
    ck_assert_uint_gt(sim[2].asked, 0);
    deliver_first(2);
    ck_assert_int_eq(fetch_stall_timeout_us(f), 2 * FETCH_STALL_MIN_US * 85 / 100);
}
END_TEST

START_TEST(a_late_block_is_welcome)
{
    add(1, 0, 10);
    fetch_set_range(f, 1, 1, 0);
    fetch_run(f);
    add(2, 0, 10);
    run(4);
    ck_assert_uint_eq(sim[2].asked, 1);
    deliver_first(1);
    ck_assert(fetch_complete(f));
    ck_assert_uint_eq(fetch_in_flight(f), 0);
    deliver_first(2); /* and the other one does no harm */
    ck_assert(fetch_complete(f));
}
END_TEST

START_TEST(a_silent_peer_is_dropped_and_one_that_sends_bytes_is_not)
{
    int64_t start = clock_mono_us();

    add(1, 0, 10);
    fetch_set_range(f, 1, 1, 0);
    fetch_run(f);
    add(2, 0, 10);
    while (clock_mono_us() - start < 70 * INT64_C(1000000)) {
        clock_test_advance_ms(1000);
        sim[2].bytes += 10;
        fetch_tick(f);
    }
    ck_assert(sim[1].dropped);
    ck_assert(!sim[2].dropped);
    while (clock_mono_us() - start < 700 * INT64_C(1000000)) {
        clock_test_advance_ms(1000);
        sim[2].bytes += 10;
        fetch_tick(f);
    }
    ck_assert(sim[2].dropped); /* ten minutes for a block are enough */
}
END_TEST

START_TEST(what_a_peer_lacks_is_asked_of_another_and_never_again_of_it)
{
    uint8_t hash[32];

    add(1, 0, 1);
    fetch_set_range(f, 1, 1, 0);
    fetch_run(f);
    add(2, 10, 1);
    hash_of(hash, 1);
    fetch_failed(f, 1, hash, true);
    ck_assert_uint_eq(sim[2].asked, 1);
    fetch_peer_gone(f, 2);
    fetch_run(f);
    ck_assert_uint_eq(sim[1].asked, 1);
}
END_TEST

START_TEST(a_block_that_nobody_asked_this_peer_for_changes_nothing_for_others)
{
    uint8_t hash[32];

    add(1, 0, 1);
    fetch_set_range(f, 1, 1, 0);
    fetch_run(f);
    add(2, 10, 1);
    hash_of(hash, 1);
    fetch_failed(f, 2, hash, true); /* it was not asked */
    ck_assert_uint_eq(fetch_in_flight(f), 1);
    ck_assert_uint_eq(sim[2].asked, 0);
}
END_TEST

START_TEST(when_a_block_cannot_be_kept_nothing_is_asked_for_a_while)
{
    uint8_t hash[32];

    add(1, 10, 5);
    fetch_set_range(f, 1, 5, 0);
    fetch_run(f);
    sim[1].n = 0;
    for (uint32_t h = 1; h <= 5; h++) {
        hash_of(hash, h);
        fetch_failed(f, 1, hash, false);
    }
    sim[1].asked = 0;
    ck_assert(run(29) >= 29);
    ck_assert_uint_eq(sim[1].asked, 0);
    run(10);
    ck_assert(fetch_complete(f));
}
END_TEST

START_TEST(the_blocks_of_a_peer_that_leaves_are_asked_of_another)
{
    add(1, 0, 20);
    fetch_set_range(f, 1, 20, 0);
    fetch_run(f);
    ck_assert_uint_gt(sim[1].asked, 0);
    add(2, 10, 20);
    fetch_peer_gone(f, 1);
    run(10);
    ck_assert(fetch_complete(f));
}
END_TEST

START_TEST(after_a_reorganisation_the_new_branch_is_fetched)
{
    add(1, 10, 20);
    fetch_set_range(f, 1, 20, 0);
    fetch_run(f);
    run(10);
    ck_assert(fetch_complete(f));
    sim[1].asked = 0;
    branch = 1;
    branch_from = 15;
    fetch_peer_has(f, 1, 22);
    fetch_set_range(f, 1, 22, 15);
    ck_assert(!fetch_complete(f));
    fetch_run(f);
    run(10);
    ck_assert(fetch_complete(f));
    ck_assert_uint_eq(sim[1].asked, 7);
}
END_TEST

START_TEST(a_reorganisation_in_the_middle_of_a_download_is_followed)
{
    add(1, 1000, 500);
    fetch_set_range(f, 1, 500, 0);
    fetch_run(f);
    run(5);
    branch = 1;
    branch_from = 3; /* below what has come */
    fetch_set_range(f, 1, 500, 3);
    fetch_run(f);
    sim[1].block_ms = 10;
    run(60);
    ck_assert(fetch_complete(f));
    /* And a range whose beginning moves past the window. */
    fetch_peer_has(f, 1, 3000);
    fetch_set_range(f, 2900, 3000, 500);
    fetch_run(f);
    run(10);
    ck_assert(fetch_complete(f));
    ck_assert(!held[2899]);
}
END_TEST

START_TEST(a_claimed_block_is_not_asked_of_others_until_it_fails)
{
    uint8_t hash[32];

    hash_of(hash, 1);
    add(1, 0, 1);
    add(2, 0, 1);
    fetch_set_range(f, 1, 1, 0);
    ck_assert(fetch_claim(f, 1, hash));
    ck_assert(!fetch_claim(f, 2, hash));
    fetch_run(f);
    ck_assert_uint_eq(sim[1].asked + sim[2].asked, 0);
    ck_assert_uint_eq(fetch_in_flight(f), 1);
    fetch_failed(f, 1, hash, true);
    ck_assert_uint_eq(sim[2].asked, 1);
    hash_of(hash, 9);
    ck_assert(!fetch_claim(f, 1, hash));
}
END_TEST

START_TEST(without_memory_there_is_no_scheduler)
{
    for (unsigned n = 1; n <= 4; n++) {
        mem_fail_at(n, 0);
        ck_assert_ptr_null(fetch_new(&ops, NULL, MAX_PEERS));
        mem_fail_at(0, 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fetch");
    TCase *t = tcase_create("blocks");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_block_of_the_range_is_asked_for_once);
    tcase_add_test(t, what_is_held_is_not_asked_for);
    tcase_add_test(t, nothing_beyond_the_window_is_asked_for);
    tcase_add_test(t, a_peer_is_asked_only_for_what_it_has);
    tcase_add_test(t, a_limited_peer_is_asked_only_for_the_last_blocks);
    tcase_add_test(t, a_peer_that_promises_nothing_is_asked_for_what_it_announces);
    tcase_add_test(t, a_silent_and_a_slow_peer_cost_little);
    tcase_add_test(t, what_a_peer_owes_and_has_kept_waiting_can_be_seen);
    tcase_add_test(t, the_stall_timeout_doubles_and_shrinks);
    tcase_add_test(t, a_late_block_is_welcome);
    tcase_add_test(t, a_silent_peer_is_dropped_and_one_that_sends_bytes_is_not);
    tcase_add_test(t, what_a_peer_lacks_is_asked_of_another_and_never_again_of_it);
    tcase_add_test(t, a_block_that_nobody_asked_this_peer_for_changes_nothing_for_others);
    tcase_add_test(t, when_a_block_cannot_be_kept_nothing_is_asked_for_a_while);
    tcase_add_test(t, the_blocks_of_a_peer_that_leaves_are_asked_of_another);
    tcase_add_test(t, after_a_reorganisation_the_new_branch_is_fetched);
    tcase_add_test(t, a_reorganisation_in_the_middle_of_a_download_is_followed);
    tcase_add_test(t, a_claimed_block_is_not_asked_of_others_until_it_fails);
    tcase_add_test(t, without_memory_there_is_no_scheduler);
    suite_add_tcase(s, t);
    return harness_run(s);
}
