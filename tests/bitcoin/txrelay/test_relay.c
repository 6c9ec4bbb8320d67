/* From an announcement in to the announcements out. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "relay_fixture.h"
#include "test_txrelay.h"

enum { LONG_MS = 120000 }; /* longer than any waiting time here */

START_TEST(an_announced_transaction_is_asked_for_kept_and_passed_on_once)
{
    struct tx_body *t = txs_simple(1);

    relay_begin();
    for (unsigned i = 0; i < 3; i++)
        relay_join_full(i);
    relay_announce(0, t);
    ck_assert_uint_eq(relay_asked(0, t->wtxid), 1);
    ck_assert_uint_eq(fx.peers[0].asked.items[0].type, BTC_INV_WTX);
    relay_announce(1, t);
    ck_assert_uint_eq(relay_asked(1, t->wtxid), 0);
    relay_send(0, t);
    ck_assert(txpool_has_wtxid(fx.pool, t->wtxid));
    ck_assert_uint_eq(fx.peers[0].accepted, 1);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(0, t->wtxid), 0); /* it had it from them */
    ck_assert_uint_eq(relay_told(1, t->wtxid), 0);
    ck_assert_uint_eq(relay_told(2, t->wtxid), 1);
    ck_assert_uint_eq(fx.peers[2].told_of.items[0].type, BTC_INV_WTX);
    ck_assert_uint_eq(relay_asked(1, t->wtxid), 0);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(who_was_told_may_ask_and_nobody_else)
{
    struct tx_body *t = txs_simple(1);

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    relay_announce(0, t);
    relay_send(0, t);
    ck_assert(!tx_told_has(&fx.peers[0].told, t->wtxid, 1));
    ck_assert(!tx_told_has(&fx.peers[1].told, t->wtxid, 1));
    relay_pass_ms(LONG_MS);
    ck_assert(!tx_told_has(&fx.peers[0].told, t->wtxid, 1));
    ck_assert(tx_told_has(&fx.peers[1].told, t->wtxid, 1));
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(each_side_speaks_of_the_hash_that_was_agreed_on)
{
    struct made_tx m;
    struct tx_body *t;
    struct btc_inv_item item = {.type = BTC_INV_WTX};

    relay_begin();
    txs_init(&m, 1);
    txs_witness(&m, (const uint8_t *)"w");
    t = txs_body(&m);
    relay_join(0, (struct txrelay_peer_info){
                      .preferred = true, .wants = true, .gives = true, .has_witness = true});
    relay_join_full(1);
    memcpy(item.hash, t->wtxid, 32);
    txrelay_inv(fx.relay, fx.peers[0].place - 1, &item, 1); /* of the other kind: passed over */
    relay_pass_ms(10000);
    ck_assert_uint_eq(fx.peers[0].asked.n, 0);
    item.type = BTC_INV_TX;
    memcpy(item.hash, t->txid, 32);
    txrelay_inv(fx.relay, fx.peers[0].place - 1, &item, 1);
    relay_pass_ms(10000);
    ck_assert_uint_eq(relay_asked(0, t->txid), 1);
    ck_assert_uint_eq(fx.peers[0].asked.items[0].type, (uint32_t)BTC_INV_TX | BTC_INV_WITNESS);
    relay_send(0, t);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(1, t->wtxid), 1);
    relay_join(2, (struct txrelay_peer_info){.wants = true});
    tx_body_unref(t);
    t = txs_simple(2);
    relay_announce(1, t);
    relay_send(1, t);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(2, t->txid), 1);
    ck_assert_uint_eq(fx.peers[2].told_of.items[0].type, BTC_INV_TX);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(inbound_peers_are_told_together_and_outbound_ones_by_themselves)
{
    enum { TXS = 300 };
    size_t together = 0, alone = 0;

    relay_begin();
    for (unsigned i = 0; i < 6; i++)
        relay_join(i, (struct txrelay_peer_info){.wants = true,
                                                 .gives = i == 5,
                                                 .by_wtxid = true,
                                                 .preferred = true,
                                                 .inbound = i < 2});
    for (unsigned n = 0; n < TXS; n++) {
        struct tx_body *t = txs_simple(n);
        size_t before[4];

        for (unsigned i = 0; i < 4; i++)
            before[i] = fx.peers[i].told_of.messages;
        relay_announce(5, t);
        relay_send(5, t);
        relay_pass_ms(100);
        if (fx.peers[0].told_of.messages != before[0])
            together += fx.peers[1].told_of.messages != before[1];
        ck_assert_uint_eq(fx.peers[0].told_of.messages, fx.peers[1].told_of.messages);
        if (fx.peers[2].told_of.messages != before[2])
            alone += fx.peers[3].told_of.messages == before[3];
        tx_body_unref(t);
    }
    /* 30 seconds: about six times for all inbound ones, fifteen for an outbound one. */
    ck_assert_uint_ge(together, 1);
    ck_assert_uint_le(fx.peers[0].told_of.messages, 20);
    ck_assert_uint_ge(fx.peers[2].told_of.messages, 5);
    ck_assert_uint_le(fx.peers[2].told_of.messages, 40);
    ck_assert_uint_ge(alone, 3);
    relay_end();
}
END_TEST

START_TEST(a_refused_transaction_is_not_asked_for_again_until_the_tip_moves)
{
    struct made_tx m;
    struct tx_body *t;

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    txs_init(&m, 1);
    m.tx.version = 9;
    t = txs_body(&m);
    relay_announce(0, t);
    relay_announce(1, t);
    relay_send(relay_asked(0, t->wtxid) ? 0 : 1, t);
    ck_assert_uint_eq(fx.peers[0].refused[TX_VERSION] + fx.peers[1].refused[TX_VERSION], 1);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_asked(0, t->wtxid) + relay_asked(1, t->wtxid), 1);
    relay_announce(0, t);
    relay_send(0, t); /* sent all the same */
    ck_assert_uint_eq(fx.peers[0].refused[TX_RECENTLY_REFUSED], 1);
    txrelay_tip(fx.relay, 101, 1699990000);
    relay_announce(0, t);
    ck_assert_uint_eq(relay_asked(0, t->wtxid) + relay_asked(1, t->wtxid), 2);
    tx_body_unref(t);
    relay_end();
}
END_TEST

/* B18: what one peer sends decides nothing about what another was asked for. */
START_TEST(another_witness_from_one_peer_leaves_the_request_to_another_open)
{
    struct made_tx m;
    struct tx_body *good, *bad;

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    txs_init(&m, 1);
    m.tx.version = 9; /* refused whatever its witness: the txid is condemned, not our request */
    txs_witness(&m, (const uint8_t *)"b");
    bad = txs_body(&m);
    m.tx.version = 2;
    txs_witness(&m, (const uint8_t *)"g");
    good = txs_body(&m);
    relay_announce(0, good);
    relay_send(1, bad);
    ck_assert_uint_eq(fx.peers[1].refused[TX_VERSION], 1);
    relay_send(0, good);
    ck_assert_uint_eq(fx.peers[0].accepted, 1);
    relay_send(0, good); /* a second answer to one request */
    ck_assert_uint_eq(fx.peers[0].refused[TX_KNOWN], 1);
    tx_body_unref(good);
    tx_body_unref(bad);
    relay_end();
}
END_TEST

START_TEST(who_does_not_deliver_is_followed_by_the_next_announcer)
{
    struct tx_body *t = txs_simple(1), *u = txs_simple(2);

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    relay_announce(0, t);
    relay_announce(1, t);
    relay_pass_ms(59000);
    ck_assert_uint_eq(relay_asked(0, t->wtxid) + relay_asked(1, t->wtxid), 1);
    relay_pass_ms(2000);
    ck_assert_uint_eq(relay_asked(0, t->wtxid), 1);
    ck_assert_uint_eq(relay_asked(1, t->wtxid), 1);
    relay_announce(0, u);
    relay_announce(1, u);
    relay_miss(0, u);
    ck_assert_uint_eq(relay_asked(1, u->wtxid), 1);
    tx_body_unref(t);
    tx_body_unref(u);
    relay_end();
}
END_TEST

START_TEST(a_child_waits_for_the_parent_that_its_sender_has_announced)
{
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);
    struct tx_body *grandchild = txs_child(child, 0, 1);

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    relay_announce(0, parent);
    relay_announce(0, child);
    relay_send(0, grandchild);
    relay_send(0, child);
    ck_assert_uint_eq(fx.peers[0].accepted, 0);
    relay_send(0, parent);
    relay_pass_ms(1000);
    ck_assert_uint_eq(fx.peers[0].accepted, 3);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(fx.peers[1].told_of.n, 3);
    ck_assert_mem_eq(fx.peers[1].told_of.items[0].hash, parent->wtxid, 32);
    ck_assert_mem_eq(fx.peers[1].told_of.items[1].hash, child->wtxid, 32);
    ck_assert_mem_eq(fx.peers[1].told_of.items[2].hash, grandchild->wtxid, 32);
    tx_body_unref(parent);
    tx_body_unref(child);
    tx_body_unref(grandchild);
    relay_end();
}
END_TEST

START_TEST(an_announcement_of_one_peer_holds_up_no_child_of_another)
{
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    relay_announce(0, parent); /* and never sends it */
    relay_announce(1, child);
    relay_send(1, child);
    ck_assert_uint_eq(fx.peers[1].accepted, 1);
    tx_body_unref(parent);
    tx_body_unref(child);
    relay_end();
}
END_TEST

START_TEST(a_child_is_let_go_when_its_parent_does_not_come)
{
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);
    struct txrelay_counts c;

    relay_begin();
    relay_join_full(0);
    relay_announce(0, parent);
    relay_send(0, child);
    txrelay_counts(fx.relay, &c);
    ck_assert_uint_eq(c.orphans, 1);
    relay_pass_ms(59000);
    ck_assert_uint_eq(fx.peers[0].accepted, 0);
    relay_pass_ms(2000);
    ck_assert_uint_eq(fx.peers[0].accepted, 1);
    tx_body_unref(parent);
    tx_body_unref(child);
    relay_end();
}
END_TEST

START_TEST(the_child_of_a_refused_transaction_is_refused)
{
    struct made_tx m;
    struct tx_body *parent, *child, *late;

    relay_begin();
    relay_join_full(0);
    txs_init(&m, 1);
    m.tx.version = 9;
    parent = txs_body(&m);
    child = txs_child(parent, 0, 1);
    late = txs_child(parent, 0, 2);
    relay_announce(0, parent);
    relay_send(0, child);
    relay_send(0, parent);
    ck_assert_uint_eq(fx.peers[0].refused[TX_PARENT_REFUSED], 1);
    relay_send(0, late);
    ck_assert_uint_eq(fx.peers[0].refused[TX_PARENT_REFUSED], 2);
    tx_body_unref(parent);
    tx_body_unref(child);
    tx_body_unref(late);
    relay_end();
}
END_TEST

START_TEST(who_is_not_trusted_gives_nothing_and_who_wants_nothing_is_not_told)
{
    struct tx_body *t = txs_simple(1), *u = txs_simple(2);

    relay_begin();
    relay_join(0, (struct txrelay_peer_info){.by_wtxid = true, .wants = true, .preferred = true});
    relay_join(1, (struct txrelay_peer_info){.by_wtxid = true, .gives = true, .preferred = true});
    relay_announce(0, t);
    ck_assert_uint_eq(fx.peers[0].asked.n, 0);
    relay_send(0, t);
    ck_assert_uint_eq(fx.peers[0].refused[TX_NOT_ALLOWED], 1);
    relay_announce(1, t);
    relay_send(1, t);
    relay_announce(1, u);
    relay_send(1, u);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(fx.peers[0].told_of.n, 1); /* t came from it */
    ck_assert_uint_eq(fx.peers[1].told_of.n, 0);
    tx_body_unref(t);
    tx_body_unref(u);
    relay_end();
}
END_TEST

START_TEST(nothing_is_asked_for_while_the_chain_is_behind_and_the_fee_filter_says_so)
{
    struct tx_body *t = txs_simple(1);

    relay_begin_behind();
    relay_join_full(0);
    ck_assert_int_eq(fx.peers[0].fee_filter, TXRELAY_NO_TXS_FEE);
    relay_announce(0, t);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(fx.peers[0].asked.n, 0);
    txrelay_tip(fx.relay, 100, 1699990000);
    relay_announce(0, t);
    ck_assert_uint_eq(relay_asked(0, t->wtxid), 1);
    ck_assert_int_eq(fx.peers[0].fee_filter, TXRELAY_MIN_FEE_RATE);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(a_fee_filter_is_respected_where_the_fee_is_known)
{
    struct tx_body *parent = txs_simple(1), *child = txs_child(parent, 0, 1);

    relay_begin();
    relay_join_full(0);
    for (unsigned i = 1; i < 4; i++)
        relay_join_full(i);
    fx.peers[1].their_fee_filter = 1000000; /* the child pays 9,000 sat for 82 bytes */
    fx.peers[2].their_fee_filter = 100000;
    fx.peers[3].their_fee_filter = TXRELAY_NO_TXS_FEE;
    relay_announce(0, parent);
    relay_send(0, parent);
    relay_announce(0, child);
    relay_send(0, child);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(relay_told(1, parent->wtxid), 1);
    ck_assert_uint_eq(relay_told(1, child->wtxid), 0);
    ck_assert_uint_eq(relay_told(2, child->wtxid), 1);
    ck_assert_uint_eq(fx.peers[3].told_of.n, 0);
    ck_assert(!tx_told_has(&fx.peers[1].told, child->wtxid, 2));
    tx_body_unref(parent);
    tx_body_unref(child);
    relay_end();
}
END_TEST

/* `n` transactions of 70 kB each from peer i. */
static void send_large(unsigned i, unsigned first, unsigned n)
{
    static uint8_t script[69900];

    script[0] = 0x6a;
    memset(script + 1, 0x51, sizeof script - 1);
    for (unsigned k = 0; k < n; k++) {
        struct made_tx m;
        struct tx_body *t;

        txs_init(&m, first + k);
        m.out[0] = (struct btc_txout){.script = {script, sizeof script}};
        t = txs_body(&m);
        relay_send(i, t);
        tx_body_unref(t);
    }
}

/* How many of them peer 7 is told of within two minutes. */
static size_t flood(unsigned i, unsigned first, unsigned n)
{
    size_t before = fx.peers[7].told_of.n;

    send_large(i, first, n);
    relay_pass_ms(LONG_MS);
    return fx.peers[7].told_of.n - before;
}

START_TEST(strangers_have_budgets_and_trusted_peers_have_none)
{
    const struct txrelay_peer_info stranger = {.by_wtxid = true, .gives = true, .wants = true};
    struct txrelay_counts c;

    relay_begin();
    for (unsigned i = 0; i < 8; i++)
        relay_join(i, stranger);
    ck_assert_uint_eq(flood(0, 0, 30), TXRELAY_PEER_BURST / 70000);
    ck_assert_uint_eq(fx.peers[0].accepted, 30); /* kept all the same */
    txrelay_counts(fx.relay, &c);
    ck_assert_uint_eq(c.withheld, 16);
    relay_pass_ms(120000); /* and it comes back */
    ck_assert_uint_eq(flood(0, 100, 30), TXRELAY_PEER_BURST / 70000);
    relay_join(0, (struct txrelay_peer_info){.by_wtxid = true, .gives = true, .trusted = true});
    ck_assert_uint_eq(flood(0, 200, 30), 30);
    relay_end();
}
END_TEST

START_TEST(all_strangers_together_have_a_budget)
{
    const struct txrelay_peer_info stranger = {.by_wtxid = true, .gives = true, .wants = true};

    relay_begin();
    for (unsigned i = 0; i < 8; i++)
        relay_join(i, stranger);
    for (unsigned i = 0; i < 7; i++)
        send_large(i, 1000 * i, 12);
    relay_pass_ms(LONG_MS);
    ck_assert_uint_eq(fx.peers[7].told_of.n, TXRELAY_ALL_BURST / 70000);
    relay_end();
}
END_TEST

START_TEST(a_lock_time_in_the_future_is_refused_until_its_block)
{
    struct made_tx m;
    struct tx_body *t;

    relay_begin();
    relay_join_full(0);
    txs_init(&m, 1);
    m.in[0].sequence = 0;
    m.tx.lock_time = 100;
    t = txs_body(&m);
    relay_send(0, t);
    ck_assert_uint_eq(fx.peers[0].refused[TX_NOT_FINAL], 1);
    txrelay_tip(fx.relay, 101, 1699990000);
    relay_send(0, t);
    ck_assert_uint_eq(fx.peers[0].accepted, 1);
    tx_body_unref(t);
    relay_end();
}
END_TEST

START_TEST(the_pool_is_listed_to_who_may_ask_even_when_it_is_empty)
{
    enum { TXS = 600 };

    relay_begin();
    relay_join_full(0);
    relay_join_full(1);
    txrelay_list(fx.relay, fx.peers[1].place - 1);
    ck_assert_uint_eq(fx.peers[1].told_of.messages, 1);
    ck_assert_uint_eq(fx.peers[1].told_of.n, 0);
    for (unsigned n = 0; n < TXS; n++) {
        struct tx_body *t = txs_simple(n);

        ck_assert_int_eq(txpool_add(fx.pool, t, 0, false), TX_OK);
        tx_body_unref(t);
    }
    txrelay_list(fx.relay, fx.peers[1].place - 1);
    ck_assert_uint_eq(fx.peers[1].told_of.n, TXS);
    for (unsigned n = 0; n < TXS; n++) {
        struct tx_body *t = txs_simple(n);

        ck_assert_uint_eq(relay_told(1, t->wtxid), 1);
        ck_assert(tx_told_has(&fx.peers[1].told, t->wtxid, n + 1));
        ck_assert(!tx_told_has(&fx.peers[0].told, t->wtxid, n + 1));
        tx_body_unref(t);
    }
    relay_end();
}
END_TEST

START_TEST(peers_come_and_go_up_to_the_bound)
{
    struct txrelay_peer_info info = {.handle = &fx.peers[0], .told = &fx.peers[0].told};

    relay_begin();
    for (unsigned i = 0; i < RELAY_PEERS; i++)
        relay_join_full(i);
    ck_assert_int_eq(txrelay_peer_ready(fx.relay, &info), PN_ELIMIT);
    relay_leave(3);
    relay_join_full(3);
    relay_end();
}
END_TEST

START_TEST(without_memory_there_is_no_relay)
{
    struct txrelay *r;
    unsigned long n = 1;

    relay_begin();
    for (;; n++) {
        int rc;

        mem_fail_at(n, 0);
        rc =
            txrelay_new(&r, fx.pool,
                        &(struct txrelay_config){.max_peers = 2, .inbound_ms = 1, .outbound_ms = 1},
                        &(struct txrelay_ops){0}, NULL);
        mem_fail_at(0, 0);
        if (rc == 0)
            break;
        ck_assert_int_eq(rc, PN_ENOMEM);
    }
    ck_assert_uint_ge(n, 7);
    txrelay_free(r);
    relay_end();
}
END_TEST

void add_relay_tests(Suite *s)
{
    TCase *t = tcase_create("relay");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_announced_transaction_is_asked_for_kept_and_passed_on_once);
    tcase_add_test(t, who_was_told_may_ask_and_nobody_else);
    tcase_add_test(t, each_side_speaks_of_the_hash_that_was_agreed_on);
    tcase_add_test(t, inbound_peers_are_told_together_and_outbound_ones_by_themselves);
    tcase_add_test(t, a_refused_transaction_is_not_asked_for_again_until_the_tip_moves);
    tcase_add_test(t, another_witness_from_one_peer_leaves_the_request_to_another_open);
    tcase_add_test(t, who_does_not_deliver_is_followed_by_the_next_announcer);
    tcase_add_test(t, a_child_waits_for_the_parent_that_its_sender_has_announced);
    tcase_add_test(t, an_announcement_of_one_peer_holds_up_no_child_of_another);
    tcase_add_test(t, a_child_is_let_go_when_its_parent_does_not_come);
    tcase_add_test(t, the_child_of_a_refused_transaction_is_refused);
    tcase_add_test(t, who_is_not_trusted_gives_nothing_and_who_wants_nothing_is_not_told);
    tcase_add_test(t, nothing_is_asked_for_while_the_chain_is_behind_and_the_fee_filter_says_so);
    tcase_add_test(t, a_fee_filter_is_respected_where_the_fee_is_known);
    tcase_add_test(t, strangers_have_budgets_and_trusted_peers_have_none);
    tcase_add_test(t, all_strangers_together_have_a_budget);
    tcase_add_test(t, a_lock_time_in_the_future_is_refused_until_its_block);
    tcase_add_test(t, the_pool_is_listed_to_who_may_ask_even_when_it_is_empty);
    tcase_add_test(t, peers_come_and_go_up_to_the_bound);
    tcase_add_test(t, without_memory_there_is_no_relay);
}
