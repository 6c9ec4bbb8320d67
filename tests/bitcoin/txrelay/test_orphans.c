/* Orphans, and what is remembered of a peer. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/txrelay/orphans.h"
#include "bitcoin/txrelay/tx_told.h"
#include "test_txrelay.h"
#include "txs.h"

static struct orphans *o;

static void begin(void)
{
    ck_assert_int_eq(orphans_new(&o), 0);
}

static void end(void)
{
    orphans_free(o);
}

static const uint8_t *parent(unsigned n)
{
    static uint8_t hash[32];

    memset(hash, 0xaa, sizeof hash);
    memcpy(hash, &n, sizeof n);
    return hash;
}

START_TEST(an_orphan_is_found_until_its_parent_takes_it)
{
    struct tx_body *t = txs_simple(1), *taken;
    unsigned peer;

    begin();
    orphans_add(o, tx_body_ref(t), 3, parent(1));
    ck_assert(orphans_has_txid(o, t->txid) && orphans_has_wtxid(o, t->wtxid));
    ck_assert_ptr_null(orphans_take_child(o, &peer, parent(2)));
    taken = orphans_take_child(o, &peer, parent(1));
    ck_assert_ptr_eq(taken, t);
    ck_assert_uint_eq(peer, 3);
    ck_assert(!orphans_has_txid(o, t->txid));
    ck_assert_ptr_null(orphans_take_child(o, &peer, parent(1)));
    tx_body_unref(taken);
    tx_body_unref(t);
    end();
}
END_TEST

START_TEST(a_peer_with_too_many_loses_its_own_oldest)
{
    struct tx_body *other = txs_simple(100000), *first = txs_simple(0);

    begin();
    orphans_add(o, tx_body_ref(other), 1, parent(9));
    for (unsigned n = 0; n < ORPHANS_PEER_MAX + 1; n++)
        orphans_add(o, txs_simple(n), 2, parent(n));
    ck_assert_uint_eq(orphans_count(o), ORPHANS_PEER_MAX + 1);
    ck_assert(orphans_has_txid(o, other->txid));
    ck_assert(!orphans_has_txid(o, first->txid));
    orphans_peer_gone(o, 2);
    ck_assert_uint_eq(orphans_count(o), 1);
    tx_body_unref(other);
    tx_body_unref(first);
    end();
}
END_TEST

START_TEST(weight_is_bounded_too)
{
    static uint8_t script[90000];
    struct made_tx m;
    struct tx_body *last = NULL;

    begin();
    txs_init(&m, 0);
    m.out[0].script = (struct bytes){script, sizeof script};
    for (unsigned n = 0; n < 3; n++) {
        m.in[0].prev_index = n;
        tx_body_unref(last);
        last = txs_body(&m);
        orphans_add(o, tx_body_ref(last), 0, parent(n));
    }
    ck_assert_uint_eq(orphans_count(o), 1);
    ck_assert(orphans_has_txid(o, last->txid));
    tx_body_unref(last);
    end();
}
END_TEST

START_TEST(all_together_are_bounded)
{
    begin();
    for (unsigned n = 0; n < 3 * ORPHANS_MAX; n++)
        orphans_add(o, txs_simple(n), n % 50, parent(n));
    ck_assert_uint_eq(orphans_count(o), ORPHANS_MAX);
    for (unsigned n = 2 * ORPHANS_MAX; n < 3 * ORPHANS_MAX; n++) {
        struct tx_body *t = txs_simple(n);

        ck_assert(orphans_has_txid(o, t->txid)); /* the youngest are there */
        tx_body_unref(t);
    }
    end();
}
END_TEST

static bool is_odd(void *arg, unsigned peer, const uint8_t hash[BTC_HASH_BYTES])
{
    (void)arg;
    (void)hash;
    return peer % 2;
}

START_TEST(those_whose_wait_is_over_are_taken_out)
{
    struct tx_body *t;
    unsigned peer, at = 0, n = 0;

    begin();
    for (unsigned i = 0; i < 20; i++)
        orphans_add(o, txs_simple(i), i, parent(0));
    for (; (t = orphans_take_over(o, &peer, &at, is_odd, NULL)); n++) {
        ck_assert_uint_eq(peer % 2, 1);
        tx_body_unref(t);
    }
    ck_assert_uint_eq(n, 10);
    ck_assert_uint_eq(orphans_count(o), 10);
    end();
}
END_TEST

START_TEST(what_was_told_or_listed_may_be_asked_for_and_nothing_else)
{
    struct tx_told told;

    tx_told_init(&told);
    ck_assert(!tx_told_has(&told, parent(1), 1));
    tx_told_add(&told, parent(1));
    ck_assert(tx_told_has(&told, parent(1), 1));
    ck_assert(!tx_told_has(&told, parent(2), 2));
    tx_told_list(&told, 5);
    ck_assert(tx_told_has(&told, parent(2), 5));
    ck_assert(!tx_told_has(&told, parent(3), 6));
    tx_told_free(&told);
}
END_TEST

START_TEST(without_memory_there_is_no_orphanage)
{
    mem_fail_at(1, 0);
    ck_assert_int_eq(orphans_new(&o), PN_ENOMEM);
    mem_fail_at(0, 0);
    orphans_free(NULL);
}
END_TEST

void add_orphan_tests(Suite *s)
{
    TCase *t = tcase_create("orphans");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_orphan_is_found_until_its_parent_takes_it);
    tcase_add_test(t, a_peer_with_too_many_loses_its_own_oldest);
    tcase_add_test(t, weight_is_bounded_too);
    tcase_add_test(t, all_together_are_bounded);
    tcase_add_test(t, those_whose_wait_is_over_are_taken_out);
    tcase_add_test(t, what_was_told_or_listed_may_be_asked_for_and_nothing_else);
    tcase_add_test(t, without_memory_there_is_no_orphanage);
}
