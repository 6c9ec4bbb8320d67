/* What the relay's state machine asks of the world: messages to peers, metrics, the journal, and
 * the observers of the operator's transactions. Thread tx_relay, but for the metrics. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bitcoin/tx_net_internal.h"
#include "codec/hex.h"
#include "dial/gate.h"
#include "journal/journal.h"
#include "metrics/metrics.h"

/* --- messages --- */

static void send_items(struct tx_net *t, struct peer *p, enum btc_cmd cmd,
                       const struct btc_inv_item *items, size_t n)
{
    struct btc_msg m = {.cmd = cmd};
    const struct btc_inv list = {.items = items, .count = n};
    struct frame *f;

    if (cmd == BTC_CMD_INV)
        m.u.inv = list;
    else
        m.u.getdata = list;
    f = btc_frame(t->net->config.params.magic, &m);
    /* A transaction that does not come is asked of another peer: no reason to part. */
    if (f)
        peer_send(p, f, PEER_SEND_NO_STALL);
}

static void ask(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    send_items(arg, peer, BTC_CMD_GETDATA, items, n);
}

/* Whether the transaction of an item is for a peer that has a filter. */
static bool is_for(struct tx_net *t, struct peer *p, const struct btc_inv_item *item)
{
    struct tx_body *body = item->type == BTC_INV_WTX ? txpool_by_wtxid(t->pool, item->hash)
                                                     : txpool_by_txid(t->pool, item->hash);
    bool match = body && peer_bloom_match(&btc_peer_of(p)->bloom, &body->tx, body->txid);

    tx_body_unref(body);
    return match;
}

static void tell(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    struct btc_inv_item *matching;
    size_t matches = 0;

    if (!peer_bloom_loaded(&btc_peer_of(peer)->bloom)) {
        send_items(arg, peer, BTC_CMD_INV, items, n);
        return;
    }
    matching = mem_alloc_array(n > 0 ? n : 1, sizeof *matching);
    for (size_t i = 0; matching && i < n; i++)
        if (is_for(arg, peer, &items[i]))
            matching[matches++] = items[i];
    if (matches > 0)
        send_items(arg, peer, BTC_CMD_INV, matching, matches);
    mem_free(matching);
}

static void fee_filter(void *arg, void *peer, int64_t sat_per_kvb)
{
    struct tx_net *t = arg;
    const struct btc_msg m = {.cmd = BTC_CMD_FEEFILTER,
                              .u.feefilter.rate_sat_per_kvb = sat_per_kvb};
    struct frame *f = btc_frame(t->net->config.params.magic, &m);

    if (f)
        peer_send(peer, f, 0);
}

static int64_t their_fee_filter(void *arg, void *peer)
{
    (void)arg;
    return atomic_load(&btc_peer_of(peer)->fee_filter_sat_per_kvb);
}

/* --- what is known of it --- */

static void refused(void *arg, void *peer, const struct tx_body *body, enum tx_refusal why)
{
    struct tx_net *t = arg;
    const struct gate *gate = t->net->config.gate;
    char txid[2 * BTC_HASH_BYTES + 1], detail[JOURNAL_DETAIL_BYTES];

    metric_add(t->metrics.refused[why], 1);
    if (why == TX_KNOWN || !gate)
        return;
    hash_to_hex(txid, body->txid);
    snprintf(detail, sizeof detail, "from peer %" PRIu64, peer_id(peer));
    journal_add(gate->journal, &(struct journal_note){.event = JOURNAL_TX_REFUSED,
                                                      .kind = JOURNAL_TRANSACTION,
                                                      .subject = txid,
                                                      .network = "bitcoin",
                                                      .reason = tx_refusal_name(why),
                                                      .detail = detail});
}

static void accepted(void *arg, void *peer, const struct tx_body *body)
{
    struct tx_net *t = arg;

    (void)body;
    metric_add(t->metrics.accepted, 1);
    atomic_store(&btc_peer_of(peer)->last_tx_us, clock_mono_us());
}

static void event(void *arg, const struct txrelay_event *e)
{
    struct tx_net *t = arg;

    for (unsigned i = 0; i < t->n_observers; i++)
        t->observers[i].fn(t->observers[i].arg, e);
}

const struct txrelay_ops tx_net_ops = {
    .ask = ask,
    .tell = tell,
    .fee_filter = fee_filter,
    .their_fee_filter = their_fee_filter,
    .refused = refused,
    .accepted = accepted,
    .event = event,
};

/* --- metrics --- */

#define FAMILY(id, metric_name, metric_type, text, second_label) \
    static struct metric_family id = {                           \
        .name = metric_name, .help = text, .type = metric_type, .labels = {"chain", second_label}}

FAMILY(count_family, "p2pnode_txpool_transactions", METRIC_GAUGE,
       "Unconfirmed transactions in the pool.", NULL);
FAMILY(bytes_family, "p2pnode_txpool_bytes", METRIC_GAUGE, "Memory that the pool takes.", NULL);
FAMILY(left_family, "p2pnode_txpool_left_total", METRIC_COUNTER,
       "Transactions that have left the pool.", "reason");
FAMILY(accepted_family, "p2pnode_tx_accepted_total", METRIC_COUNTER,
       "Transactions of peers that were added to the pool.", NULL);
FAMILY(refused_family, "p2pnode_tx_refused_total", METRIC_COUNTER,
       "Transactions of peers that were not added to the pool.", "reason");
FAMILY(announced_family, "p2pnode_tx_announced_total", METRIC_COUNTER,
       "Announcements of transactions sent to peers.", NULL);
FAMILY(withheld_family, "p2pnode_tx_withheld_total", METRIC_COUNTER,
       "Transactions of strangers that were kept and not passed on, their budget being spent.",
       NULL);
FAMILY(orphans_family, "p2pnode_tx_orphans", METRIC_GAUGE,
       "Transactions that wait for an announced parent.", NULL);
FAMILY(in_flight_family, "p2pnode_tx_requests_in_flight", METRIC_GAUGE,
       "Requests for transactions that are unanswered.", NULL);
FAMILY(expired_family, "p2pnode_tx_requests_expired_total", METRIC_COUNTER,
       "Requests for transactions that nobody answered in time.", NULL);

void tx_net_make_metrics(struct tx_net *t)
{
    const char *chain = t->net->config.params.name;
    struct tx_net_metrics *m = &t->metrics;

    m->count = metric_get(&count_family, chain, NULL);
    m->bytes = metric_get(&bytes_family, chain, NULL);
    m->accepted = metric_get(&accepted_family, chain, NULL);
    m->announced = metric_get(&announced_family, chain, NULL);
    m->withheld = metric_get(&withheld_family, chain, NULL);
    m->orphans = metric_get(&orphans_family, chain, NULL);
    m->in_flight = metric_get(&in_flight_family, chain, NULL);
    m->expired = metric_get(&expired_family, chain, NULL);
    for (enum tx_refusal r = TX_OK + 1; r < TX_REFUSALS; r++)
        m->refused[r] = metric_get(&refused_family, chain, tx_refusal_name(r), NULL);
    for (enum txpool_exit e = 0; e < TXPOOL_EXITS; e++)
        m->left[e] = metric_get(&left_family, chain, txpool_exit_name(e), NULL);
}

void tx_net_set_gauges(struct tx_net *t)
{
    struct txpool_counts pool;
    struct txrelay_counts relay;

    txpool_counts(t->pool, &pool);
    txrelay_counts(t->relay, &relay);
    metric_set(t->metrics.count, pool.count);
    metric_set(t->metrics.bytes, (int64_t)pool.bytes);
    metric_set(t->metrics.orphans, relay.orphans);
    metric_set(t->metrics.in_flight, (int64_t)relay.in_flight);
    metric_set(t->metrics.announced, (int64_t)relay.announced);
    metric_set(t->metrics.withheld, (int64_t)relay.withheld);
    metric_set(t->metrics.expired, (int64_t)relay.expired);
}
