/* What other threads see of a chain, and making room in one that is full. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "lab.h"

enum { SPACING_S = 600, CAPACITY = 300 };

static struct btc_params params;
static struct chain chain;

static void start(uint32_t n)
{
    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    lab_extend(&chain, 0, n, SPACING_S);
}

static void stop(void)
{
    lab_check(&chain);
    chain_free(&chain);
}

static const uint8_t *hash_at(uint32_t height)
{
    return chain_entry(&chain, chain_at(&chain, height))->hash;
}

START_TEST(a_header_is_seen_by_height_and_by_hash)
{
    struct chain_point at, by_hash, tip;
    struct btc_header h, want;
    uint32_t side;

    start(30);
    side = lab_extend(&chain, chain_at(&chain, 20), 3, SPACING_S);
    ck_assert(chain_view_at(&chain, &at, 12));
    ck_assert(chain_view_find(&chain, &by_hash, hash_at(12)));
    ck_assert_mem_eq(at.hash, by_hash.hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(by_hash.height, 12);
    ck_assert(at.best && by_hash.best && !at.invalid);
    ck_assert_uint_eq(at.median_time, chain_median_time(&chain, chain_at(&chain, 12)));
    ck_assert(at.work == chain_entry(&chain, chain_at(&chain, 12))->work);
    chain_view_tip(&chain, &tip);
    ck_assert_uint_eq(tip.height, 30);
    ck_assert(chain_view_find(&chain, &at, chain_entry(&chain, side)->hash));
    ck_assert_uint_eq(at.height, 23);
    ck_assert(!at.best);
    ck_assert(chain_view_header(&chain, &h, hash_at(12)));
    chain_header(&chain, &want, chain_at(&chain, 12));
    ck_assert_mem_eq(&h, &want, sizeof h);
    stop();
}
END_TEST

START_TEST(the_ends_of_branches_are_seen_with_their_lengths)
{
    struct chain_branch seen[4];
    struct chain_result r;
    uint32_t late, side, dead;

    start(260); /* and so in several chunks of entries */
    ck_assert_uint_eq(chain_view_branches(&chain, seen, 4), 1);
    ck_assert_uint_eq(seen[0].length, 0);
    side = lab_extend(&chain, chain_at(&chain, 20), 3, SPACING_S);
    dead = lab_extend(&chain, chain_at(&chain, 200), 5, SPACING_S);
    late = lab_extend(&chain, chain_at(&chain, 259), 1, SPACING_S);
    ck_assert_int_eq(chain_invalidate(&chain, &r, dead), 0);
    ck_assert_uint_eq(chain_view_branches(&chain, seen, 4), 4);
    ck_assert(seen[0].end.best && seen[0].end.height == 260 && seen[0].length == 0);
    ck_assert_mem_eq(seen[1].end.hash, chain_entry(&chain, late)->hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(seen[1].length, 1);
    ck_assert_uint_eq(seen[2].length, 5);
    ck_assert(seen[2].end.invalid && !seen[1].end.invalid);
    ck_assert_mem_eq(seen[3].end.hash, chain_entry(&chain, side)->hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(seen[3].length, 3);
    /* Of more than there is room for, the best chain's and the newest. */
    ck_assert_uint_eq(chain_view_branches(&chain, seen, 2), 2);
    ck_assert(seen[0].end.best);
    ck_assert_mem_eq(seen[1].end.hash, chain_entry(&chain, late)->hash, BTC_HASH_BYTES);
    stop();
}
END_TEST

START_TEST(what_is_not_there_is_not_seen)
{
    static const uint8_t stranger[BTC_HASH_BYTES] = {1};
    struct chain_point at;
    struct btc_header h;

    start(5);
    ck_assert(!chain_view_at(&chain, &at, 6));
    ck_assert(!chain_view_find(&chain, &at, stranger));
    ck_assert(!chain_view_header(&chain, &h, stranger));
    ck_assert_uint_eq(chain_view_headers(&chain, &h, NULL, 6, 1), 0);
    stop();
}
END_TEST

START_TEST(headers_in_bulk_end_at_the_tip)
{
    static struct btc_header headers[CHAIN_VIEW_MAX];
    static uint8_t hashes[CHAIN_VIEW_MAX][BTC_HASH_BYTES];
    uint8_t raw[5][BTC_HEADER_BYTES];
    struct btc_header want;

    start(30);
    ck_assert_uint_eq(chain_view_headers(&chain, headers, hashes, 10, CHAIN_VIEW_MAX), 21);
    ck_assert_uint_eq(chain_view_headers(&chain, headers, hashes, 10, 5), 5);
    for (uint32_t i = 0; i < 5; i++) {
        chain_header(&chain, &want, chain_at(&chain, 10 + i));
        ck_assert_mem_eq(&headers[i], &want, sizeof want);
        ck_assert_mem_eq(hashes[i], hash_at(10 + i), BTC_HASH_BYTES);
    }
    memset(hashes, 0, sizeof hashes);
    ck_assert_uint_eq(chain_view_headers(&chain, NULL, hashes, 28, 5), 3);
    ck_assert_mem_eq(hashes[2], hash_at(30), BTC_HASH_BYTES);
    ck_assert_uint_eq(chain_view_raw(&chain, raw, 28, 5), 3);
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t want_raw[BTC_HEADER_BYTES];

        chain_header(&chain, &want, chain_at(&chain, 28 + i));
        btc_header_store(want_raw, &want);
        ck_assert_mem_eq(raw[i], want_raw, sizeof want_raw);
    }
    stop();
}
END_TEST

static atomic_bool done;

/* A run of headers must be linked, whatever the owner does meanwhile. */
static void *look(void *arg)
{
    static _Thread_local struct btc_header headers[64];
    static _Thread_local uint8_t hashes[64][BTC_HASH_BYTES];

    (void)arg;
    while (!atomic_load(&done)) {
        size_t n = chain_view_headers(&chain, headers, hashes, 0, 64);
        struct chain_point tip, again;

        for (size_t i = 1; i < n; i++)
            lab_require(memcmp(headers[i].prev, hashes[i - 1], BTC_HASH_BYTES) == 0,
                        "height %zu is not linked", i);
        chain_view_tip(&chain, &tip);
        if (chain_view_find(&chain, &again, tip.hash))
            lab_require(again.height == tip.height, "the tip has moved in the tree");
    }
    return NULL;
}

START_TEST(readers_see_linked_headers_while_the_owner_changes_the_chain)
{
    pthread_t threads[2];
    uint32_t dropped;

    start(1);
    atomic_store(&done, false);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, look, NULL), 0);
    for (int round = 0; round < 30; round++) { /* each a reorganisation */
        uint32_t height = chain_height(&chain);

        if (chain_count(&chain) + 10 > CAPACITY)
            ck_assert_int_eq(chain_drop_stale(&chain, &dropped), 0);
        lab_extend(&chain, chain_at(&chain, height > 5 ? height - 5 : 0), 7, SPACING_S);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    stop();
}
END_TEST

static void fill_with_branches(uint32_t length)
{
    while (chain_count(&chain) + length <= CAPACITY)
        lab_extend(&chain, chain_at(&chain, 5), length, SPACING_S);
}

START_TEST(a_full_chain_drops_stale_branches_and_follows_the_honest_one)
{
    struct chain_result r;
    struct chain_point at;
    uint8_t tip[BTC_HASH_BYTES];
    uint32_t dropped, height, index;

    start(40);
    memcpy(tip, hash_at(40), sizeof tip);
    fill_with_branches(10);
    fill_with_branches(1);
    ck_assert_int_eq(lab_offer(&chain, &r, lab_child(&chain, chain_tip(&chain), LAB_START * 2 - 1)),
                     PN_ETIMENEW); /* rules come first */
    index = chain_tip(&chain);
    ck_assert_int_eq(
        lab_offer(&chain, &r,
                  lab_child(&chain, index, chain_entry(&chain, index)->time + SPACING_S)),
        PN_ELIMIT);
    ck_assert_int_eq(chain_drop_stale(&chain, &dropped), 0);
    ck_assert_uint_gt(dropped, 0);
    ck_assert_uint_le(chain_count(&chain), (CAPACITY + 41) / 2 + 1);
    lab_check(&chain);
    ck_assert(chain_view_find(&chain, &at, tip));
    ck_assert_uint_eq(at.height, 40);
    ck_assert(at.best);
    height = chain_height(&chain);
    lab_extend(&chain, chain_tip(&chain), 20, SPACING_S);
    ck_assert_uint_eq(chain_height(&chain), height + 20);
    stop();
}
END_TEST

START_TEST(the_branches_with_the_most_work_stay_and_so_does_the_one_being_extended)
{
    struct chain_point at;
    uint8_t heavy[BTC_HASH_BYTES], last[BTC_HASH_BYTES];
    uint32_t dropped, heavy_end, last_end;

    start(60);
    heavy_end = lab_extend(&chain, chain_at(&chain, 5), 50, SPACING_S);
    memcpy(heavy, chain_entry(&chain, heavy_end)->hash, sizeof heavy);
    fill_with_branches(10);
    fill_with_branches(5);
    last_end = chain.recent;
    memcpy(last, chain_entry(&chain, last_end)->hash, sizeof last);
    ck_assert_int_eq(chain_drop_stale(&chain, &dropped), 0);
    ck_assert(chain_view_find(&chain, &at, heavy));
    ck_assert(chain_view_find(&chain, &at, last));
    stop();
}
END_TEST

START_TEST(a_chain_without_branches_has_nothing_to_drop)
{
    uint32_t dropped, generation;

    start(CAPACITY - 1);
    generation = chain.generation;
    ck_assert_int_eq(chain_drop_stale(&chain, &dropped), 0);
    ck_assert_uint_eq(dropped, 0);
    ck_assert_uint_eq(chain_count(&chain), CAPACITY);
    ck_assert_uint_eq(chain.generation, generation);
    stop();
}
END_TEST

START_TEST(without_memory_nothing_is_dropped)
{
    uint32_t dropped;

    start(40);
    fill_with_branches(10);
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth, 0);
        ck_assert_int_eq(chain_drop_stale(&chain, &dropped), PN_ENOMEM);
        ck_assert(mem_fail_happened());
        mem_fail_at(0, 0);
        lab_check(&chain);
    }
    stop();
}
END_TEST

TCase *tcase_view(void)
{
    TCase *t = tcase_create("view");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_header_is_seen_by_height_and_by_hash);
    tcase_add_test(t, the_ends_of_branches_are_seen_with_their_lengths);
    tcase_add_test(t, what_is_not_there_is_not_seen);
    tcase_add_test(t, headers_in_bulk_end_at_the_tip);
    tcase_add_test(t, readers_see_linked_headers_while_the_owner_changes_the_chain);
    tcase_add_test(t, a_full_chain_drops_stale_branches_and_follows_the_honest_one);
    tcase_add_test(t, the_branches_with_the_most_work_stay_and_so_does_the_one_being_extended);
    tcase_add_test(t, a_chain_without_branches_has_nothing_to_drop);
    tcase_add_test(t, without_memory_nothing_is_dropped);
    return t;
}
