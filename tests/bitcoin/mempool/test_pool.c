/* What the pool takes, keeps, gives and loses. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/mempool/txpool.h"
#include "test_mempool.h"
#include "txs.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* How many have left, by how, and how many of them were the operator's. */
struct leavers {
    unsigned by[TXPOOL_EXITS], own;
};

static void on_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit)
{
    struct leavers *l = arg;

    (void)body;
    l->by[exit]++;
    l->own += own;
}

static struct leavers leavers;
static struct txpool *pool;

static void open_pool(unsigned max_count, size_t max_bytes)
{
    struct txpool_config config = {
        .max_bytes = max_bytes, .max_count = max_count, .max_age_ms = DAY_MS};

    memset(&leavers, 0, sizeof leavers);
    ck_assert_int_eq(txpool_new(&pool, &config, on_left, &leavers), 0);
}

static void close_pool(void)
{
    txpool_free(pool);
}

static unsigned count(void)
{
    struct txpool_counts c;

    txpool_counts(pool, &c);
    return c.count;
}

/* Add and give the reference back. */
static enum tx_refusal put(struct tx_body *body, unsigned source, bool own)
{
    enum tx_refusal r = txpool_add(pool, body, source, own);

    tx_body_unref(body);
    return r;
}

START_TEST(what_is_added_is_found_by_both_its_hashes)
{
    struct made_tx m;
    struct tx_body *t, *found;
    struct txpool_info info;

    open_pool(10, 1 << 20);
    txs_init(&m, 1);
    txs_witness(&m, (const uint8_t *)"a");
    t = txs_body(&m);
    ck_assert_int_eq(txpool_add(pool, t, 0, false), TX_OK);
    found = txpool_by_txid(pool, t->txid);
    ck_assert_ptr_eq(found, t);
    tx_body_unref(found);
    found = txpool_by_wtxid(pool, t->wtxid);
    ck_assert_ptr_eq(found, t);
    tx_body_unref(found);
    ck_assert_ptr_null(txpool_by_wtxid(pool, t->txid));
    ck_assert(txpool_info(pool, &info, t->wtxid));
    ck_assert_int_eq(info.fee_sat, TXPOOL_FEE_UNKNOWN);
    ck_assert_uint_eq(info.seq, 1);
    ck_assert_int_eq(txpool_add(pool, t, 0, false), TX_KNOWN);
    ck_assert_uint_eq(count(), 1);
    txs_witness(&m, (const uint8_t *)"b");
    ck_assert_int_eq(put(txs_body(&m), 0, false), TX_OTHER_WITNESS);
    tx_body_unref(t);
    close_pool();
}
END_TEST

START_TEST(the_first_seen_of_two_spends_wins_unless_the_second_is_the_operators)
{
    struct made_tx m;
    struct tx_body *first = txs_simple(1), *child = txs_child(first, 0, 1), *second;

    open_pool(10, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, first, 0, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, child, 0, false), TX_OK);
    txs_init(&m, 1);
    m.out[0].value_sat = 9000;
    second = txs_body(&m);
    ck_assert_int_eq(txpool_add(pool, second, 0, false), TX_CONFLICT);
    ck_assert_uint_eq(count(), 2);
    ck_assert_int_eq(txpool_add(pool, second, 0, true), TX_OK);
    ck_assert_uint_eq(count(), 1);
    ck_assert_uint_eq(leavers.by[TXPOOL_REPLACED], 2);
    ck_assert(!txpool_has_txid(pool, child->txid));
    ck_assert_int_eq(txpool_add(pool, first, 0, false), TX_CONFLICT);
    tx_body_unref(first);
    tx_body_unref(second);
    tx_body_unref(child);
    close_pool();
}
END_TEST

START_TEST(a_fee_is_known_when_all_that_is_spent_is_in_the_pool)
{
    struct made_tx m;
    struct tx_body *parent = txs_simple(1), *child;
    struct txpool_info info;

    open_pool(10, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, parent, 0, false), TX_OK);
    child = txs_child(parent, 0, 3);
    ck_assert_int_eq(txpool_add(pool, child, 0, false), TX_OK);
    ck_assert(txpool_info(pool, &info, child->wtxid));
    ck_assert_int_eq(info.fee_sat, 10000 - 3 * 1000);
    ck_assert_uint_eq(info.parents, 1);
    txs_init(&m, 0);
    txs_spend(&m, 0, child, 0);
    m.out[0].value_sat = 1001;
    ck_assert_int_eq(put(txs_body(&m), 0, false), TX_NEGATIVE_FEE);
    txs_spend(&m, 0, child, 3);
    ck_assert_int_eq(put(txs_body(&m), 0, false), TX_NO_OUTPUT);
    m.tx.in_count = 2; /* the other input is unknown */
    txs_spend(&m, 0, child, 0);
    ck_assert_int_eq(put(txs_body(&m), 0, false), TX_OK);
    tx_body_unref(parent);
    tx_body_unref(child);
    close_pool();
}
END_TEST

START_TEST(a_cluster_has_at_most_64_transactions)
{
    struct tx_body *root = txs_simple(1), *tip = tx_body_ref(root);
    unsigned n = 0;

    open_pool(1000, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, root, 0, false), TX_OK);
    for (;; n++) {
        struct made_tx m;
        struct tx_body *child;
        enum tx_refusal r;

        txs_init(&m, 0);
        txs_spend(&m, 0, tip, 0);
        child = txs_body(&m);
        r = txpool_add(pool, child, 0, false);
        tx_body_unref(tip);
        tip = child;
        if (r == TX_OK)
            continue;
        ck_assert_int_eq(r, TX_CLUSTER);
        break;
    }
    ck_assert_uint_eq(n, TXPOOL_CLUSTER_COUNT - 1);
    tx_body_unref(tip);
    tx_body_unref(root);
    close_pool();
}
END_TEST

/* Whoever spends an unknown output is believed; the parent may come later. */
START_TEST(a_parent_that_comes_after_its_child_is_its_parent_all_the_same)
{
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);
    struct txpool_info info;

    open_pool(10, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, child, 0, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, parent, 0, false), TX_OK);
    ck_assert(txpool_info(pool, &info, child->wtxid));
    ck_assert_uint_eq(info.parents, 1);
    ck_assert(txpool_remove(pool, parent->wtxid, TXPOOL_EVICTED));
    ck_assert_uint_eq(leavers.by[TXPOOL_EVICTED], 2);
    ck_assert_uint_eq(count(), 0);
    tx_body_unref(parent);
    tx_body_unref(child);
    close_pool();
}
END_TEST

START_TEST(a_block_takes_its_own_and_what_conflicts_and_leaves_children)
{
    struct made_tx m;
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);
    struct tx_body *loser = txs_simple(2), *losers_child = txs_child(loser, 0, 1), *winner;
    struct txpool_info info;
    struct btc_tx txs[2];
    uint8_t txids[2][BTC_HASH_BYTES];

    open_pool(10, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, parent, 0, true), TX_OK);
    ck_assert_int_eq(txpool_add(pool, child, 0, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, loser, 0, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, losers_child, 0, false), TX_OK);
    txs_init(&m, 2);
    m.out[0].value_sat = 5;
    winner = txs_body(&m);
    txs[0] = parent->tx;
    memcpy(txids[0], parent->txid, BTC_HASH_BYTES);
    txs[1] = winner->tx;
    memcpy(txids[1], winner->txid, BTC_HASH_BYTES);
    txpool_block(pool, txs, (const uint8_t(*)[BTC_HASH_BYTES])txids, 2);
    ck_assert_uint_eq(leavers.by[TXPOOL_CONFIRMED], 1);
    ck_assert_uint_eq(leavers.by[TXPOOL_CONFLICTED], 2);
    ck_assert_uint_eq(leavers.own, 1);
    ck_assert_uint_eq(count(), 1);
    ck_assert(txpool_info(pool, &info, child->wtxid));
    ck_assert_uint_eq(info.parents, 0);
    ck_assert(txpool_confirmed(pool, parent->txid) && txpool_confirmed(pool, winner->txid));
    ck_assert(!txpool_confirmed(pool, loser->txid));
    ck_assert_int_eq(txpool_add(pool, parent, 0, false), TX_CONFIRMED);
    tx_body_unref(parent);
    tx_body_unref(child);
    tx_body_unref(loser);
    tx_body_unref(losers_child);
    tx_body_unref(winner);
    close_pool();
}
END_TEST

START_TEST(a_flood_pushes_out_what_its_own_source_brought)
{
    struct tx_body *honest = txs_simple(1000), *own = txs_simple(2000), *first = txs_simple(0);

    open_pool(20, 1 << 20);
    ck_assert_int_eq(txpool_add(pool, honest, 1, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, own, 2, true), TX_OK);
    ck_assert_int_eq(txpool_add(pool, first, 2, false), TX_OK);
    for (unsigned i = 1; i < 200; i++)
        ck_assert_int_eq(put(txs_simple(i), 2, false), TX_OK);
    ck_assert_uint_eq(count(), 20);
    ck_assert(txpool_has_txid(pool, honest->txid));
    ck_assert(txpool_has_txid(pool, own->txid));
    ck_assert(!txpool_has_txid(pool, first->txid));
    ck_assert_uint_eq(leavers.by[TXPOOL_EVICTED], 200 - 18);
    tx_body_unref(honest);
    tx_body_unref(own);
    tx_body_unref(first);
    close_pool();
}
END_TEST

START_TEST(bytes_are_bounded_too_and_a_pool_of_own_ones_is_full)
{
    struct tx_body *t = txs_simple(0);
    size_t each = t->bytes + 1000; /* at least */
    struct txpool_counts c;

    open_pool(1000, 10 * each);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(put(txs_simple(i), 0, false), TX_OK);
    txpool_counts(pool, &c);
    ck_assert_uint_le(c.bytes, 10 * each);
    ck_assert_uint_ge(c.count, 10);
    for (unsigned i = 1000; count() > 0 && i < 1100; i++)
        if (put(txs_simple(i), 0, true) != TX_OK)
            break;
    txpool_counts(pool, &c);
    ck_assert_uint_eq(c.own, c.count);
    ck_assert_int_eq(put(txs_simple(5000), 0, false), TX_POOL_FULL);
    ck_assert_int_eq(put(txs_simple(5000), 0, true), TX_POOL_FULL);
    tx_body_unref(t);
    close_pool();
}
END_TEST

struct watched {
    uint8_t txid[BTC_HASH_BYTES];
    uint64_t seq;
    bool came;
};

struct watch {
    struct watched events[16];
    unsigned n;
};

static void on_watched(void *arg, struct tx_body *body, uint64_t seq, bool came)
{
    struct watch *w = arg;
    struct watched *e = &w->events[w->n++];

    memcpy(e->txid, body->txid, BTC_HASH_BYTES);
    e->seq = seq;
    e->came = came;
}

START_TEST(who_watches_hears_in_order_what_comes_and_what_goes_but_into_a_block)
{
    struct made_tx m;
    struct tx_body *first = txs_simple(1), *second, *third = txs_simple(2);
    struct watch w = {.n = 0};
    uint8_t txids[1][BTC_HASH_BYTES];

    open_pool(10, 1 << 20);
    txpool_watch(pool, on_watched, &w);
    ck_assert_int_eq(txpool_add(pool, first, 0, false), TX_OK);
    ck_assert_int_eq(txpool_add(pool, first, 0, false), TX_KNOWN);
    txs_init(&m, 1);
    m.out[0].value_sat = 9000;
    second = txs_body(&m);
    ck_assert_int_eq(txpool_add(pool, second, 0, true), TX_OK);
    memcpy(txids[0], second->txid, BTC_HASH_BYTES);
    txpool_block(pool, &second->tx, (const uint8_t(*)[BTC_HASH_BYTES])txids, 1);
    ck_assert_int_eq(txpool_add(pool, third, 0, false), TX_OK);
    ck_assert_uint_eq(w.n, 4);
    for (unsigned i = 0; i < w.n; i++) {
        const struct tx_body *who = i < 2 ? first : i == 2 ? second : third;

        ck_assert_uint_eq(w.events[i].seq, i + 1);
        ck_assert(w.events[i].came == (i != 1));
        ck_assert_mem_eq(w.events[i].txid, who->txid, BTC_HASH_BYTES);
    }
    ck_assert_uint_eq(txpool_seq(pool), 4);
    tx_body_unref(first);
    tx_body_unref(second);
    tx_body_unref(third);
    close_pool();
}
END_TEST

START_TEST(what_is_too_old_expires_and_the_next_time_is_told)
{
    int64_t start_us;

    clock_test_start(1700000000);
    start_us = clock_mono_us();
    open_pool(10, 1 << 20);
    ck_assert_int_eq(txpool_expire(pool), CLOCK_NEVER);
    ck_assert_int_eq(put(txs_simple(1), 0, false), TX_OK);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(put(txs_simple(2), 0, true), TX_OK);
    ck_assert_int_eq(txpool_expire(pool), start_us + DAY_MS * INT64_C(1000));
    clock_test_advance_ms(DAY_MS - 1000);
    ck_assert_int_eq(txpool_expire(pool), start_us + (DAY_MS + 1000) * INT64_C(1000));
    ck_assert_uint_eq(count(), 1);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(txpool_expire(pool), CLOCK_NEVER);
    ck_assert_uint_eq(leavers.by[TXPOOL_EXPIRED], 2);
    ck_assert_uint_eq(leavers.own, 1);
    close_pool();
    clock_test_stop();
}
END_TEST

START_TEST(the_pool_is_listed_from_any_place_on)
{
    struct tx_body *out[10];
    uint64_t seq = 0;

    open_pool(10, 1 << 20);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(put(txs_simple(i), 0, false), TX_OK);
    ck_assert_uint_eq(txpool_since(pool, out, &seq, 3, 0), 3);
    ck_assert_uint_eq(seq, 3);
    for (int i = 0; i < 3; i++)
        tx_body_unref(out[i]);
    ck_assert_uint_eq(txpool_since(pool, out, &seq, 10, seq), 2);
    ck_assert_uint_eq(seq, txpool_seq(pool));
    for (int i = 0; i < 2; i++)
        tx_body_unref(out[i]);
    ck_assert_uint_eq(txpool_since(pool, out, &seq, 10, seq), 0);
    close_pool();
}
END_TEST

START_TEST(a_pool_without_memory_refuses_and_goes_on)
{
    struct tx_body *t = txs_simple(1);
    struct txpool *none;

    open_pool(10, 1 << 20);
    mem_fail_at(1, 0);
    ck_assert_int_eq(txpool_add(pool, t, 0, false), TX_NO_MEMORY);
    mem_fail_at(0, 0);
    ck_assert_int_eq(txpool_add(pool, t, 0, false), TX_OK);
    for (unsigned long n = 1; n <= 5; n++) {
        mem_fail_at(n, 0);
        ck_assert_int_lt(txpool_new(&none, &(struct txpool_config){.max_count = 1}, NULL, NULL), 0);
        mem_fail_at(0, 0);
    }
    tx_body_unref(t);
    close_pool();
}
END_TEST

/* Whatever comes and goes, in whatever order, what is left is consistent. */
START_TEST(a_random_history_leaves_no_wrong_count)
{
    enum { STEPS = 20000, KEPT = 64 };
    struct tx_body *kept[KEPT] = {NULL};

    random_test_start((uint64_t)_i + 1);
    open_pool(100, 1 << 20);
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned at = (unsigned)random_below(KEPT), what = (unsigned)random_below(10);
        struct tx_body *t = NULL, *parent = kept[random_below(KEPT)];

        if (what == 0 && kept[at]) {
            const uint8_t(*txid)[BTC_HASH_BYTES] = (const void *)kept[at]->txid;

            txpool_block(pool, &kept[at]->tx, txid, 1);
        } else if (what == 1 && kept[at]) {
            txpool_remove(pool, kept[at]->wtxid, TXPOOL_EVICTED);
        } else if (what < 6 && parent) {
            t = txs_child(parent, (uint32_t)random_below(3), 1 + (unsigned)random_below(2));
        } else {
            t = txs_simple((unsigned)random_below(200));
        }
        if (!t)
            continue;
        if (random_below(4) == 0) /* the parent has not come yet */
            tx_body_unref(t);
        else if (txpool_add(pool, t, (unsigned)random_below(3), random_below(50) == 0) == TX_OK ||
                 random_below(2)) {
            tx_body_unref(kept[at]);
            kept[at] = t;
        } else
            tx_body_unref(t);
    }
    /* All that is left goes by its roots: a wrong count of children would leave some behind. */
    while (count() > 0) {
        struct tx_body *out[1];
        uint64_t seq;

        ck_assert_uint_eq(txpool_since(pool, out, &seq, 1, 0), 1);
        txpool_remove(pool, out[0]->wtxid, TXPOOL_EVICTED);
        tx_body_unref(out[0]);
    }
    for (int i = 0; i < KEPT; i++)
        tx_body_unref(kept[i]);
    close_pool();
    random_test_stop();
}
END_TEST

void add_pool_tests(Suite *s)
{
    TCase *t = tcase_create("pool");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_added_is_found_by_both_its_hashes);
    tcase_add_test(t, the_first_seen_of_two_spends_wins_unless_the_second_is_the_operators);
    tcase_add_test(t, a_fee_is_known_when_all_that_is_spent_is_in_the_pool);
    tcase_add_test(t, a_cluster_has_at_most_64_transactions);
    tcase_add_test(t, a_parent_that_comes_after_its_child_is_its_parent_all_the_same);
    tcase_add_test(t, a_block_takes_its_own_and_what_conflicts_and_leaves_children);
    tcase_add_test(t, a_flood_pushes_out_what_its_own_source_brought);
    tcase_add_test(t, bytes_are_bounded_too_and_a_pool_of_own_ones_is_full);
    tcase_add_test(t, who_watches_hears_in_order_what_comes_and_what_goes_but_into_a_block);
    tcase_add_test(t, what_is_too_old_expires_and_the_next_time_is_told);
    tcase_add_test(t, the_pool_is_listed_from_any_place_on);
    tcase_add_test(t, a_pool_without_memory_refuses_and_goes_on);
    tcase_add_loop_test(t, a_random_history_leaves_no_wrong_count, 0, 5);
}
