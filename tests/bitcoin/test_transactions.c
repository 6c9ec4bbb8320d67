/* Transactions between real peers: the handshake's promise, requests, answers, submissions. */
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/transactions.h"
#include "node_fixture.h"
#include "test_bitcoin.h"
#include "txs.h"

static const struct net_addr anybody = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 9};

static void start(struct node_fixture *n, enum bitcoin_tx_relay relay)
{
    node_prepare(n, relay);
    node_run(n);
}

/* A peer that the node has dialled because it was told to: trusted, and asked without delay. */
static void join(struct remote *r, struct node_fixture *n, enum conn_kind kind, bool wtxid)
{
    remote_open_as(r, n, kind, &anybody);
    remote_shake_hands_as(r, true, wtxid);
}

static void send_item(struct remote *r, enum btc_cmd cmd, uint32_t type, const uint8_t hash[32])
{
    struct btc_inv_item item = {.type = type};
    struct btc_msg m = {.cmd = cmd};

    memcpy(item.hash, hash, 32);
    m.u.inv = (struct btc_inv){.items = &item, .count = 1};
    remote_send(r, &m);
}

static void send_tx(struct remote *r, const struct tx_body *t)
{
    const struct btc_msg m = {.cmd = BTC_CMD_TX, .u.tx = t->tx};

    remote_send(r, &m);
}

/* The next list of one entry, of this kind of message; the entry. */
static struct btc_inv_item await_item(struct remote *r, enum btc_cmd cmd)
{
    struct btc_msg m;

    remote_await(r, &m, cmd);
    ck_assert_uint_eq(m.u.inv.count, 1);
    return m.u.inv.items[0];
}

/* What the peer sends before it answers this ping is not of this kind. */
static void expect_none(struct remote *r, enum btc_cmd unwanted)
{
    const struct btc_msg ping = {.cmd = BTC_CMD_PING, .u.ping.nonce = 77};
    int got;

    remote_send(r, &ping);
    while ((got = remote_next(r)) != BTC_CMD_PONG) {
        ck_assert_int_ge(got, 0);
        ck_assert_int_ne(got, (int)unwanted);
    }
}

static struct tx_body *with_witness(unsigned n)
{
    struct made_tx m;

    txs_init(&m, n);
    txs_witness(&m, (const uint8_t *)"w");
    return txs_body(&m);
}

/* Announce, be asked, send. */
static void give(struct remote *r, const struct tx_body *t)
{
    struct btc_inv_item asked;

    send_item(r, BTC_CMD_INV, BTC_INV_WTX, t->wtxid);
    asked = await_item(r, BTC_CMD_GETDATA);
    ck_assert_uint_eq(asked.type, BTC_INV_WTX);
    ck_assert_mem_eq(asked.hash, t->wtxid, 32);
    send_tx(r, t);
}

START_TEST(a_transaction_goes_from_one_peer_to_the_others_by_the_hash_each_wants)
{
    struct node_fixture n;
    struct remote from, by_wtxid, by_txid;
    struct tx_body *t = with_witness(1);
    struct btc_inv_item item;
    struct btc_msg m;

    start(&n, BITCOIN_TX_RELAY_ON);
    join(&from, &n, CONN_MANUAL, true);
    join(&by_wtxid, &n, CONN_INBOUND, true);
    join(&by_txid, &n, CONN_MANUAL, false);
    give(&from, t);

    item = await_item(&by_wtxid, BTC_CMD_INV);
    ck_assert_uint_eq(item.type, BTC_INV_WTX);
    ck_assert_mem_eq(item.hash, t->wtxid, 32);
    send_item(&by_wtxid, BTC_CMD_GETDATA, BTC_INV_WTX, t->wtxid);
    remote_await(&by_wtxid, &m, BTC_CMD_TX);
    ck_assert_mem_eq(m.u.tx.raw.data, t->tx.raw.data, t->tx.raw.len);

    item = await_item(&by_txid, BTC_CMD_INV);
    ck_assert_uint_eq(item.type, BTC_INV_TX);
    ck_assert_mem_eq(item.hash, t->txid, 32);
    send_item(&by_txid, BTC_CMD_GETDATA, (uint32_t)BTC_INV_TX | BTC_INV_WITNESS, t->txid);
    remote_await(&by_txid, &m, BTC_CMD_TX);
    ck_assert(btc_tx_has_witness(&m.u.tx));
    send_item(&by_txid, BTC_CMD_GETDATA, BTC_INV_TX, t->txid);
    remote_await(&by_txid, &m, BTC_CMD_TX);
    ck_assert(!btc_tx_has_witness(&m.u.tx));

    expect_none(&from, BTC_CMD_INV); /* it has it */
    remote_close(&from);
    remote_close(&by_wtxid);
    remote_close(&by_txid);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

START_TEST(who_was_not_told_gets_notfound)
{
    struct node_fixture n;
    struct remote from, other, deaf;
    struct tx_body *t = txs_simple(1);
    struct btc_inv_item item;

    start(&n, BITCOIN_TX_RELAY_ON);
    join(&from, &n, CONN_MANUAL, true);
    join(&other, &n, CONN_MANUAL, true);
    remote_open_as(&deaf, &n, CONN_INBOUND, &anybody);
    remote_shake_hands_as(&deaf, false, true); /* wants none announced, asks all the same */
    give(&from, t);
    await_item(&other, BTC_CMD_INV);
    send_item(&deaf, BTC_CMD_GETDATA, BTC_INV_WTX, t->wtxid);
    item = await_item(&deaf, BTC_CMD_NOTFOUND);
    ck_assert_mem_eq(item.hash, t->wtxid, 32);
    send_item(&from, BTC_CMD_GETDATA, BTC_INV_WTX, t->wtxid); /* probes what became of its own */
    await_item(&from, BTC_CMD_NOTFOUND);
    remote_close(&from);
    remote_close(&other);
    remote_close(&deaf);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

/* Which modes and kinds of connection make a peer's transactions welcome. */
static const struct {
    enum bitcoin_tx_relay relay;
    enum conn_kind kind;
    bool welcome;
} welcomes[] = {
    {BITCOIN_TX_RELAY_OFF, CONN_MANUAL, false},     {BITCOIN_TX_RELAY_OFF, CONN_INBOUND, false},
    {BITCOIN_TX_RELAY_TRUSTED, CONN_MANUAL, true},  {BITCOIN_TX_RELAY_TRUSTED, CONN_INBOUND, false},
    {BITCOIN_TX_RELAY_TRUSTED, CONN_FULL, false},   {BITCOIN_TX_RELAY_ON, CONN_MANUAL, true},
    {BITCOIN_TX_RELAY_ON, CONN_INBOUND, true},      {BITCOIN_TX_RELAY_ON, CONN_FULL, true},
    {BITCOIN_TX_RELAY_ON, CONN_BLOCK_RELAY, false},
};

START_TEST(the_version_message_says_whose_transactions_are_welcome)
{
    struct node_fixture n;
    struct remote r;
    struct tx_body *t = txs_simple(1);
    struct btc_msg m;

    start(&n, welcomes[_i].relay);
    remote_open_as(&r, &n, welcomes[_i].kind, &anybody);
    if (conn_kind_is_inbound(welcomes[_i].kind))
        remote_send_version(&r, 70016, 1);
    remote_await(&r, &m, BTC_CMD_VERSION);
    ck_assert_int_eq(m.u.version.relay, welcomes[_i].welcome);
    if (!conn_kind_is_inbound(welcomes[_i].kind))
        remote_send_version(&r, 70016, 1);
    remote_send_empty(&r, BTC_CMD_WTXIDRELAY);
    remote_send_empty(&r, BTC_CMD_VERACK);
    if (welcomes[_i].welcome) {
        remote_await(&r, &m, BTC_CMD_FEEFILTER);
        ck_assert_int_eq(m.u.feefilter.rate_sat_per_kvb, TXRELAY_MIN_FEE_RATE);
    } else {
        remote_await(&r, &m, BTC_CMD_PING);
        send_item(&r, BTC_CMD_INV, BTC_INV_WTX, t->wtxid);
        send_tx(&r, t);
        expect_none(&r, BTC_CMD_GETDATA);
        ck_assert(!txpool_has_wtxid(bitcoin_txpool(n.bitcoin), t->wtxid));
    }
    remote_close(&r);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

static void confirm(struct node_fixture *n, const struct tx_body *t)
{
    const struct btc_block block = {.txs = &t->tx, .tx_count = 1};

    bitcoin_block_connected(n->bitcoin, &block);
}

static atomic_int asked, left;

static void observe(void *arg, const struct txrelay_event *e)
{
    (void)arg;
    atomic_fetch_add(e->kind == TXRELAY_ASKED ? &asked : &left, 1);
}

static void await_count(atomic_int *count, int expected)
{
    for (int i = 0; i < 20000 && atomic_load(count) < expected; i++)
        poll(NULL, 0, 1);
    ck_assert_int_eq(atomic_load(count), expected);
}

START_TEST(a_submission_is_announced_with_the_relay_off_and_asking_for_it_is_reported)
{
    struct node_fixture n;
    struct remote r;
    struct tx_body *t = txs_simple(1);
    struct txpool_info info;
    struct btc_msg m;
    uint8_t txid[32];
    enum tx_refusal why;

    atomic_store(&asked, 0);
    atomic_store(&left, 0);
    node_prepare(&n, BITCOIN_TX_RELAY_OFF);
    ck_assert_int_eq(bitcoin_observe_transactions(n.bitcoin, observe, NULL), 0);
    node_run(&n);
    join(&r, &n, CONN_INBOUND, true);
    ck_assert_int_eq(bitcoin_send_transaction(n.bitcoin, txid, &why, t->tx.raw.data, t->tx.raw.len),
                     0);
    ck_assert_mem_eq(txid, t->txid, 32);
    await_item(&r, BTC_CMD_INV);
    ck_assert_int_eq(atomic_load(&asked), 0);
    send_item(&r, BTC_CMD_GETDATA, BTC_INV_WTX, t->wtxid);
    remote_await(&r, &m, BTC_CMD_TX);
    await_count(&asked, 1);
    ck_assert(txpool_info(bitcoin_txpool(n.bitcoin), &info, t->wtxid));
    ck_assert(info.own);
    ck_assert_uint_eq(info.asked, 1);
    confirm(&n, t);
    await_count(&left, 1);
    remote_close(&r);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

START_TEST(a_submission_that_breaks_a_rule_is_refused_with_the_rule)
{
    struct node_fixture n;
    struct made_tx m;
    struct tx_body *t;
    uint8_t txid[32];
    enum tx_refusal why;

    start(&n, BITCOIN_TX_RELAY_OFF);
    txs_init(&m, 1);
    m.tx.version = 9;
    t = txs_body(&m);
    ck_assert_int_eq(bitcoin_send_transaction(n.bitcoin, txid, &why, t->tx.raw.data, t->tx.raw.len),
                     PN_EINVAL);
    ck_assert_int_eq(why, TX_VERSION);
    ck_assert_int_eq(
        bitcoin_send_transaction(n.bitcoin, txid, &why, t->tx.raw.data, t->tx.raw.len - 1),
        PN_ETRUNCATED);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

START_TEST(more_submissions_than_are_kept_are_put_off)
{
    struct node_fixture n;
    struct txpool_counts counts;
    uint8_t txid[32];
    enum tx_refusal why;
    int rc = 0;

    node_prepare(&n, BITCOIN_TX_RELAY_OFF);
    node_run(&n);
    for (unsigned i = 0; i < TXRELAY_OWN_MAX + 10 && rc == 0; i++) {
        struct tx_body *t = txs_simple(i);

        do {
            rc = bitcoin_send_transaction(n.bitcoin, txid, &why, t->tx.raw.data, t->tx.raw.len);
        } while (rc == PN_EAGAIN && why == TX_OK); /* the inbox is full for a moment */
        tx_body_unref(t);
    }
    ck_assert_int_eq(rc, PN_EAGAIN);
    ck_assert_int_eq(why, TX_POOL_FULL);
    txpool_counts(bitcoin_txpool(n.bitcoin), &counts);
    ck_assert_uint_eq(counts.own, TXRELAY_OWN_MAX);
    node_stop(&n);
}
END_TEST

START_TEST(the_pool_is_listed_for_trusted_peers_alone)
{
    struct node_fixture n;
    struct remote trusted, stranger;
    struct tx_body *t = txs_simple(1);
    struct btc_msg m;
    long before = disconnects("protocol_violation");

    start(&n, BITCOIN_TX_RELAY_ON);
    join(&trusted, &n, CONN_MANUAL, true);
    join(&stranger, &n, CONN_INBOUND, true);
    ck_assert_int_eq(txpool_add(bitcoin_txpool(n.bitcoin), t, 0, false), TX_OK);
    remote_send_empty(&trusted, BTC_CMD_MEMPOOL);
    await_item(&trusted, BTC_CMD_INV);
    send_item(&trusted, BTC_CMD_GETDATA, BTC_INV_WTX, t->wtxid);
    remote_await(&trusted, &m, BTC_CMD_TX);
    remote_send_empty(&stranger, BTC_CMD_MEMPOOL);
    remote_await_end(&stranger);
    await_disconnect("protocol_violation", before);
    remote_close(&trusted);
    remote_close(&stranger);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

START_TEST(the_next_announcer_is_asked_when_one_has_not_got_it)
{
    struct node_fixture n;
    struct remote a, b;
    struct tx_body *t = txs_simple(1);

    start(&n, BITCOIN_TX_RELAY_ON);
    join(&a, &n, CONN_MANUAL, true);
    join(&b, &n, CONN_MANUAL, true);
    send_item(&a, BTC_CMD_INV, BTC_INV_WTX, t->wtxid);
    await_item(&a, BTC_CMD_GETDATA);
    send_item(&b, BTC_CMD_INV, BTC_INV_WTX, t->wtxid);
    expect_none(&b, BTC_CMD_GETDATA);
    send_item(&a, BTC_CMD_NOTFOUND, BTC_INV_WTX, t->wtxid);
    await_item(&b, BTC_CMD_GETDATA);
    send_tx(&b, t);
    while (!txpool_has_wtxid(bitcoin_txpool(n.bitcoin), t->wtxid))
        poll(NULL, 0, 1);
    remote_close(&a);
    remote_close(&b);
    node_stop(&n);
    tx_body_unref(t);
}
END_TEST

/* Threads for a race detector: peers that give, ask and leave while others submit. */
START_TEST(many_peers_give_ask_and_leave_at_once)
{
    enum { PEERS = 6, ROUNDS = 30 };
    struct node_fixture n;
    struct txpool_counts counts;

    start(&n, BITCOIN_TX_RELAY_ON);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct remote r[PEERS];
        uint8_t txid[32];
        enum tx_refusal why;
        struct tx_body *own = txs_simple(100000 + round);

        for (unsigned i = 0; i < PEERS; i++)
            join(&r[i], &n, i % 2 ? CONN_MANUAL : CONN_INBOUND, i % 3);
        for (unsigned i = 0; i < PEERS; i++) {
            struct tx_body *t = txs_simple(round * PEERS + i);

            send_item(&r[i], BTC_CMD_INV, i % 3 ? BTC_INV_WTX : BTC_INV_TX, t->wtxid);
            send_tx(&r[i], t);
            send_item(&r[i], BTC_CMD_GETDATA, BTC_INV_WTX, own->wtxid);
            tx_body_unref(t);
        }
        ck_assert_int_eq(
            bitcoin_send_transaction(n.bitcoin, txid, &why, own->tx.raw.data, own->tx.raw.len), 0);
        confirm(&n, own);
        for (unsigned i = 0; i < PEERS; i++)
            remote_close(&r[i]);
        tx_body_unref(own);
    }
    txpool_counts(bitcoin_txpool(n.bitcoin), &counts);
    ck_assert_uint_le(counts.count, PEERS * ROUNDS);
    ck_assert_uint_eq(counts.own, 0);
    node_stop(&n);
}
END_TEST

void add_transaction_tests(Suite *s)
{
    TCase *t = tcase_create("transactions");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_transaction_goes_from_one_peer_to_the_others_by_the_hash_each_wants);
    tcase_add_test(t, who_was_not_told_gets_notfound);
    tcase_add_loop_test(t, the_version_message_says_whose_transactions_are_welcome, 0,
                        sizeof welcomes / sizeof welcomes[0]);
    tcase_add_test(t, a_submission_is_announced_with_the_relay_off_and_asking_for_it_is_reported);
    tcase_add_test(t, a_submission_that_breaks_a_rule_is_refused_with_the_rule);
    tcase_add_test(t, more_submissions_than_are_kept_are_put_off);
    tcase_add_test(t, the_pool_is_listed_for_trusted_peers_alone);
    tcase_add_test(t, the_next_announcer_is_asked_when_one_has_not_got_it);
    tcase_add_test(t, many_peers_give_ask_and_leave_at_once);
}
