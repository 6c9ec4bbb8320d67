/* What a peer's thread `in` does about transactions: the checks, the answers, and the telling. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/tx_net_internal.h"
#include "dial/gate.h"
#include "net/group.h"

enum { LARGE_BYTES = 10000 }; /* of an answer: 32 that are smaller may be collected */

static struct tx_net *net_of(const struct peer *p)
{
    return btc_peer_of(p)->net->tx;
}

/* --- who --- */

static bool is_trusted(const struct peer *p)
{
    struct gate *gate = btc_peer_of(p)->net->config.gate;

    return peer_kind(p) == CONN_MANUAL || (gate && gate_is_exempt(gate, peer_addr(p)));
}

/* Over these kinds of connection transactions pass at all. */
static bool carries(const struct peer *p)
{
    switch (peer_kind(p)) {
    case CONN_INBOUND:
    case CONN_MANUAL:
    case CONN_FULL:
        return true;
    default:
        return false;
    }
}

bool tx_net_welcomes(const struct peer *p)
{
    switch (btc_peer_of(p)->net->config.tx_relay) {
    case BITCOIN_TX_RELAY_ON:
        return carries(p);
    case BITCOIN_TX_RELAY_TRUSTED:
        return carries(p) && is_trusted(p);
    case BITCOIN_TX_RELAY_OFF:
        break;
    }
    return false;
}

/* Addresses of one group are one source to the pool: they are as easy to get as one. */
static unsigned source_of(const struct tx_net *t, const struct peer *p)
{
    const struct gate *gate = t->net->config.gate;
    struct net_group group = net_group_of(gate ? gate->policy : NULL, peer_addr(p));

    return siphash(&t->source_key, group.bytes, sizeof group.bytes) % TXPOOL_SOURCES;
}

struct txrelay_peer_info tx_net_describe(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);

    return (struct txrelay_peer_info){
        .handle = p,
        .told = &bp->tx_told,
        .inbound = peer_inbound(p),
        .preferred = !peer_inbound(p) || is_trusted(p),
        .trusted = is_trusted(p),
        .by_wtxid = bp->wtxid_relay && bp->version >= BTC_PROTO_WTXID,
        .has_witness = bp->services & BTC_NODE_WITNESS,
        .wants = atomic_load(&bp->relay) && carries(p),
        .gives = tx_net_welcomes(p),
        .fee_filter = bp->version >= BTC_PROTO_FEEFILTER,
        .source = source_of(bp->net->tx, p),
    };
}

/* --- telling --- */

static int tell(struct peer *p, const struct tx_net_msg *m)
{
    return chan_send_or_quit(&net_of(p)->inbox, m, peer_quit(p), CLOCK_NEVER) < 0 ? PN_EQUIT : 0;
}

int tx_net_peer_ready(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct tx_net_msg m = {.event = TX_NET_READY, .peer = p};
    int rc;

    if (!tx_net_welcomes(p) && !(atomic_load(&bp->relay) && carries(p)))
        return 0;
    peer_ref(p);
    rc = tell(p, &m);
    bp->told_tx_net = rc == 0;
    if (rc < 0)
        peer_unref(p);
    return rc;
}

/* The relay learns of a peer what it wants when it becomes ready. */
int tx_net_wants(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct tx_net_msg m = {.event = TX_NET_GONE, .peer = p};
    int rc;

    if (atomic_exchange(&bp->relay, true))
        return 0;
    if (bp->told_tx_net) {
        rc = tell(p, &m);
        if (rc < 0)
            return rc;
        bp->told_tx_net = false;
    }
    return tx_net_peer_ready(p);
}

void tx_net_peer_gone(struct peer *p)
{
    struct tx_net_msg m = {.event = TX_NET_GONE, .peer = p};

    /* The relay drains its inbox until every peer is gone, so this ends. */
    if (btc_peer_of(p)->told_tx_net)
        chan_send(&net_of(p)->inbox, &m, CLOCK_NEVER);
}

/* Those of the list that are of these types. */
static int tell_items(struct peer *p, enum tx_net_event event, const struct btc_inv *list)
{
    struct tx_net_msg m = {.event = event, .peer = p};
    size_t n = 0;
    int rc;

    if (!btc_peer_of(p)->told_tx_net || !tx_net_welcomes(p))
        return 0;
    for (size_t i = 0; i < list->count; i++) {
        uint32_t type = list->items[i].type & ~(uint32_t)BTC_INV_WITNESS;

        n += type == BTC_INV_TX || type == BTC_INV_WTX;
    }
    if (n == 0)
        return 0;
    m.items = mem_alloc_array(n, sizeof *m.items);
    if (!m.items)
        return PN_ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        uint32_t type = list->items[i].type & ~(uint32_t)BTC_INV_WITNESS;

        if (type == BTC_INV_TX || type == BTC_INV_WTX)
            m.items[m.n++] = list->items[i];
    }
    rc = tell(p, &m);
    if (rc < 0)
        mem_free(m.items);
    return rc;
}

int tx_net_inv(struct peer *p, const struct btc_inv *inv)
{
    return tell_items(p, TX_NET_INV, inv);
}

int tx_net_notfound(struct peer *p, const struct btc_inv *list)
{
    return tell_items(p, TX_NET_NOTFOUND, list);
}

int tx_net_tx(struct peer *p, const struct btc_tx *tx)
{
    struct tx_net_msg m = {.event = TX_NET_TX, .peer = p};
    int rc;

    if (!btc_peer_of(p)->told_tx_net || !tx_net_welcomes(p))
        return 0;
    rc = tx_body_new(&m.body, tx, btc_peer_of(p)->net->config.params.magic);
    if (rc < 0)
        return rc;
    m.checked = tx_check(&m.body->tx);
    rc = tell(p, &m);
    if (rc < 0)
        tx_body_unref(m.body);
    return rc;
}

int tx_net_list(struct peer *p)
{
    struct tx_net_msg m = {.event = TX_NET_LIST, .peer = p};
    int rc;

    /* Who has a filter may ask what matches it (BIP35, BIP111). */
    if (!btc_peer_of(p)->net->config.bloom_filters && (!tx_net_welcomes(p) || !is_trusted(p)))
        return PN_EPROTO;
    if (!btc_peer_of(p)->told_tx_net)
        return btc_peer_of(p)->net->config.bloom_filters ? 0 : PN_EPROTO;
    peer_hold(p); /* until it is listed */
    rc = tell(p, &m);
    if (rc < 0)
        peer_release(p);
    return rc;
}

/* --- serving --- */

static struct tx_body *find(struct txpool *pool, struct txpool_info *info,
                            const struct btc_inv_item *item)
{
    struct tx_body *body;

    if (item->type == BTC_INV_WTX)
        return txpool_look(pool, info, item->hash);
    body = txpool_by_txid(pool, item->hash);
    if (body && !txpool_info(pool, info, body->wtxid)) {
        tx_body_unref(body);
        return NULL;
    }
    return body;
}

/* Of an own one the relay is told. Owns: takes the reference. */
static void report(struct peer *p, struct tx_body *body)
{
    struct tx_net_msg m = {.event = TX_NET_ASKED, .body = body};

    if (!txpool_asked(net_of(p)->pool, body->wtxid) || tell(p, &m) < 0)
        tx_body_unref(body);
}

int tx_net_serve(struct peer *p, const struct btc_inv_item *item)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct tx_net *t = net_of(p);
    uint32_t type = item->type & ~(uint32_t)BTC_INV_WITNESS;
    struct txpool_info info;
    struct tx_body *body;
    struct frame *f;
    int rc;

    if (!bp->told_tx_net || (type != BTC_INV_TX && item->type != BTC_INV_WTX))
        return PN_ENOENT;
    body = find(t->pool, &info, item);
    if (!body || !tx_told_has(&bp->tx_told, body->wtxid, info.seq)) {
        tx_body_unref(body);
        return PN_ENOENT;
    }
    rc = body->frame->len > LARGE_BYTES ? peer_rest(p) : 0;
    if (rc == 0) {
        if (item->type == BTC_INV_TX)
            f = tx_body_stripped(body, bp->net->config.params.magic);
        else
            f = frame_ref(body->frame);
        rc = peer_reply(p, f, 0);
    }
    if (rc == 0 && info.own)
        report(p, body);
    else
        tx_body_unref(body);
    return rc;
}
