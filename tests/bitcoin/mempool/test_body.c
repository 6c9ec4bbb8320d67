/* Transactions as they are kept. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/wire/msg.h"
#include "test_mempool.h"
#include "txs.h"

START_TEST(a_body_holds_what_was_decoded_after_the_input_is_gone)
{
    struct made_tx m;
    struct tx_body *t;
    struct buf raw;
    uint8_t id[BTC_HASH_BYTES];

    txs_init(&m, 7);
    m.tx.in_count = 3;
    m.tx.out_count = 2;
    txs_witness(&m, (const uint8_t *)"w");
    buf_init(&raw, 10000);
    btc_tx_encode(&raw, &m.tx);
    ck_assert_int_eq(tx_body_parse(&t, txs_magic, raw.data, raw.len), 0);
    memset(raw.data, 0, raw.len);
    ck_assert_uint_eq(t->tx.in_count, 3);
    ck_assert_uint_eq(t->tx.out_count, 2);
    ck_assert_uint_eq(t->tx.in[0].witness_count, 1);
    ck_assert_mem_eq(t->tx.in[0].witness.data, "\1w", 2);
    ck_assert_mem_eq(t->tx.out[1].script.data, m.out[1].script.data, m.out[1].script.len);
    ck_assert_uint_eq(t->weight, btc_tx_weight(&m.tx));
    ck_assert_int_eq(btc_tx_id(&m.tx, id), 0);
    ck_assert_mem_eq(t->txid, id, sizeof id);
    ck_assert_int_eq(btc_tx_wtxid(&m.tx, id), 0);
    ck_assert_mem_eq(t->wtxid, id, sizeof id);
    buf_free(&raw);
    tx_body_unref(t);
}
END_TEST

START_TEST(the_stripped_frame_has_no_witness_and_the_txid_as_its_hash)
{
    struct made_tx m;
    struct tx_body *t, *bare;
    struct frame *f;

    txs_init(&m, 7);
    txs_witness(&m, (const uint8_t *)"w");
    t = txs_body(&m);
    f = tx_body_stripped(t, txs_magic);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->cmd, BTC_CMD_TX);
    ck_assert_int_eq(tx_body_parse(&bare, txs_magic, f->data + BTC_FRAME_HEADER_BYTES,
                                   f->len - BTC_FRAME_HEADER_BYTES),
                     0);
    ck_assert_mem_eq(bare->wtxid, t->txid, BTC_HASH_BYTES);
    frame_unref(f);
    f = tx_body_stripped(bare, txs_magic);
    ck_assert_ptr_eq(f, bare->frame);
    frame_unref(f);
    tx_body_unref(t);
    tx_body_unref(bare);
}
END_TEST

START_TEST(bytes_before_or_behind_a_transaction_are_refused)
{
    struct tx_body *t = txs_simple(1), *other = NULL;
    uint8_t raw[300];
    size_t len = t->tx.raw.len;

    memcpy(raw, t->tx.raw.data, len);
    raw[len] = 0;
    ck_assert_int_eq(tx_body_parse(&other, txs_magic, raw, len + 1), PN_ETRAILING);
    ck_assert_int_eq(tx_body_parse(&other, txs_magic, raw, len - 1), PN_ETRUNCATED);
    ck_assert_ptr_null(other);
    tx_body_unref(t);
}
END_TEST

START_TEST(without_memory_there_is_no_body_and_no_leak)
{
    struct tx_body *t = txs_simple(1), *other = NULL;
    unsigned long n = 1;

    for (;; n++) {
        int rc;

        mem_fail_at(n, 1);
        rc = tx_body_new(&other, &t->tx, txs_magic);
        mem_fail_at(0, 0);
        if (rc == 0)
            break;
        ck_assert_int_eq(rc, PN_ENOMEM);
    }
    ck_assert_uint_ge(n, 3);
    tx_body_unref(other);
    tx_body_unref(t);
}
END_TEST

void add_body_tests(Suite *s)
{
    TCase *t = tcase_create("body");

    suite_add_tcase(s, t);
    tcase_add_test(t, a_body_holds_what_was_decoded_after_the_input_is_gone);
    tcase_add_test(t, the_stripped_frame_has_no_witness_and_the_txid_as_its_hash);
    tcase_add_test(t, bytes_before_or_behind_a_transaction_are_refused);
    tcase_add_test(t, without_memory_there_is_no_body_and_no_leak);
}
