/* What becomes of a transaction of the operator. */
#include <string.h>

#include "relay_fixture.h"
#include "test_txrelay.h"

enum { LONG_MS = 120000 };

static struct tx_body *submit(unsigned n)
{
    struct tx_body *t = txs_simple(n);

    ck_assert_int_eq(txpool_add(fx.pool, t, 0, true), TX_OK);
    txrelay_submitted(fx.relay, tx_body_ref(t));
    return t;
}

START_TEST(a_submission_is_told_to_all_who_want_transactions_and_asking_is_reported)
{
    struct tx_body *t;

    relay_begin();
    relay_join_full(0);
    relay_join(1, (struct txrelay_peer_info){.by_wtxid = true, .wants = true, .inbound = true});
    relay_join(2, (struct txrelay_peer_info){.by_wtxid = true});
    t = submit(1);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(0, t->wtxid), 1);
    ck_assert_uint_eq(relay_told(1, t->wtxid), 1);
    ck_assert_uint_eq(relay_told(2, t->wtxid), 0);
    ck_assert_uint_eq(fx.n_events, 0);
    txrelay_asked(fx.relay, t->wtxid);
    txrelay_asked(fx.relay, t->wtxid);
    ck_assert_uint_eq(fx.n_events, 2);
    ck_assert_int_eq(fx.events[1].kind, TXRELAY_ASKED);
    ck_assert_uint_eq(fx.events[1].asked, 2);
    ck_assert_mem_eq(fx.events[1].txid, t->txid, 32);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(newcomers_are_told_while_nobody_has_asked_and_later_when_it_is_repeated)
{
    struct tx_body *t;

    relay_begin();
    t = submit(1);
    relay_join_full(0);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(0, t->wtxid), 1);
    txrelay_asked(fx.relay, t->wtxid);
    relay_join_full(1);
    relay_pass_ms(5 * 60000);
    ck_assert_uint_eq(relay_told(1, t->wtxid), 0);
    relay_pass_ms(10 * 60000 + LONG_MS);
    ck_assert_uint_eq(relay_told(1, t->wtxid), 1);
    ck_assert_uint_eq(relay_told(0, t->wtxid), 1); /* who knows it is not told again */
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(its_end_is_reported_once_and_it_is_not_repeated)
{
    struct tx_body *t;

    relay_begin();
    t = submit(1);
    txrelay_departed(fx.relay, t->wtxid, TXPOOL_CONFIRMED);
    txpool_remove(fx.pool, t->wtxid, TXPOOL_CONFIRMED);
    txrelay_departed(fx.relay, t->wtxid, TXPOOL_CONFIRMED);
    txrelay_asked(fx.relay, t->wtxid);
    ck_assert_uint_eq(fx.n_events, 1);
    ck_assert_int_eq(fx.events[0].kind, TXRELAY_LEFT);
    ck_assert_int_eq(fx.events[0].exit, TXPOOL_CONFIRMED);
    relay_join_full(0);
    relay_pass_ms(30 * 60000);
    ck_assert_uint_eq(fx.peers[0].told_of.n, 0);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(a_second_submission_of_the_same_changes_nothing)
{
    struct txrelay_counts c;
    struct tx_body *t;

    relay_begin();
    relay_join_full(0);
    t = submit(1);
    ck_assert_int_eq(txpool_add(fx.pool, t, 0, true), TX_KNOWN);
    txrelay_submitted(fx.relay, tx_body_ref(t));
    relay_pass_ms(LONG_MS);
    txrelay_counts(fx.relay, &c);
    ck_assert_uint_eq(c.own, 1);
    ck_assert_uint_eq(relay_told(0, t->wtxid), 1);
    tx_body_unref(t);
    relay_end();
}
END_TEST

void add_own_tests(Suite *s)
{
    TCase *t = tcase_create("own");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_submission_is_told_to_all_who_want_transactions_and_asking_is_reported);
    tcase_add_test(t, newcomers_are_told_while_nobody_has_asked_and_later_when_it_is_repeated);
    tcase_add_test(t, its_end_is_reported_once_and_it_is_not_repeated);
    tcase_add_test(t, a_second_submission_of_the_same_changes_nothing);
}
