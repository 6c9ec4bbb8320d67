/* Compact blocks: transactions of the pool by their short ids. */
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/block/shortid.h"
#include "bitcoin/mempool/txpool.h"
#include "test_mempool.h"
#include "txs.h"

enum { TXS = 2000 };

static struct txpool *filled(struct tx_body *bodies[TXS])
{
    struct txpool *p;

    ck_assert_int_eq(txpool_new(&p,
                                &(struct txpool_config){
                                    .max_bytes = 100 << 20, .max_count = TXS, .max_age_ms = 1000},
                                NULL, NULL),
                     0);
    for (unsigned i = 0; i < TXS; i++) {
        bodies[i] = txs_simple(i);
        ck_assert_int_eq(txpool_add(p, bodies[i], 0, false), TX_OK);
    }
    return p;
}

static void unref_all(struct tx_body *bodies[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        tx_body_unref(bodies[i]);
}

START_TEST(short_ids_find_what_the_pool_has_and_nothing_else)
{
    static struct tx_body *bodies[TXS], *out[TXS + 1];
    static uint64_t ids[TXS + 1];
    struct txpool *p = filled(bodies);
    struct siphash_key key = siphash_random_key();
    struct tx_body *absent = txs_simple(TXS + 1);
    unsigned n = 0;

    for (unsigned i = 0; i < TXS; i += 2)
        ids[n++] = btc_short_id(&key, bodies[i]->wtxid);
    ids[n++] = btc_short_id(&key, absent->wtxid);
    ck_assert_int_eq(txpool_match_short_ids(p, out, &key, ids, n), TXS / 2);
    for (unsigned i = 0; i < n - 1; i++)
        ck_assert_ptr_eq(out[i], bodies[2 * i]);
    ck_assert_ptr_null(out[n - 1]);
    unref_all(out, n);
    ck_assert_int_eq(txpool_match_short_ids(p, out, &key, ids, 0), 0);
    tx_body_unref(absent);
    txpool_free(p);
    unref_all(bodies, TXS);
}
END_TEST

START_TEST(without_memory_none_is_found)
{
    static struct tx_body *bodies[TXS], *out[1];
    struct txpool *p = filled(bodies);
    struct siphash_key key = siphash_random_key();
    uint64_t id = btc_short_id(&key, bodies[0]->wtxid);

    mem_fail_at(1, 1);
    ck_assert_int_eq(txpool_match_short_ids(p, out, &key, &id, 1), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_ptr_null(out[0]);
    txpool_free(p);
    unref_all(bodies, TXS);
}
END_TEST

void add_match_tests(Suite *s)
{
    TCase *t = tcase_create("match");

    suite_add_tcase(s, t);
    tcase_add_test(t, short_ids_find_what_the_pool_has_and_nothing_else);
    tcase_add_test(t, without_memory_none_is_found);
}
