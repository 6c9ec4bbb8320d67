/* Transactions: what comes in goes to the pool, and from there to the peers that do not know it:
 * whole to as many as the square root of their number, as an announcement to the others. Large ones
 * and those with blobs are announced only (go-ethereum eth/handler.go, BroadcastTransactions). */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"
#include "metrics/metrics.h"

enum { DIRECT_MAX_BYTES = 4096 };

/* --- announcements and packs for one peer --- */

/* What one peer is to hear, sent whenever it is full. */
struct outgoing {
    struct eth *e;
    struct pm_peer *to;
    struct buf items, types, sizes, hashes;
    size_t n_items, n_hashes;
};

static void outgoing_begin(struct outgoing *o, struct eth *e, struct pm_peer *to)
{
    *o = (struct outgoing){.e = e, .to = to};
    buf_init(&o->items, PM_MESSAGE_MAX_BYTES);
    buf_init(&o->types, PM_ANNOUNCE_MAX);
    buf_init(&o->sizes, PM_MESSAGE_MAX_BYTES);
    buf_init(&o->hashes, PM_MESSAGE_MAX_BYTES);
}

static void send_items(struct outgoing *o)
{
    struct eth_msg m = {.code = ETH_TRANSACTIONS};

    m.items = (struct eth_items){{o->items.data, o->items.len}, o->n_items};
    if (o->n_items > 0 && !o->items.err)
        (void)pm_send(o->e, o->to, &m);
    buf_reset(&o->items);
    o->n_items = 0;
}

static void send_hashes(struct outgoing *o)
{
    struct eth_msg m = {.code = ETH_NEW_POOLED_TX_HASHES};

    m.announce.types = (struct bytes){o->types.data, o->types.len};
    m.announce.sizes = (struct bytes){o->sizes.data, o->sizes.len};
    m.announce.hashes = (struct eth_items){{o->hashes.data, o->hashes.len}, o->n_hashes};
    if (o->n_hashes > 0 && !o->types.err && !o->sizes.err && !o->hashes.err)
        (void)pm_send(o->e, o->to, &m);
    buf_reset(&o->types);
    buf_reset(&o->sizes);
    buf_reset(&o->hashes);
    o->n_hashes = 0;
}

static void outgoing_end(struct outgoing *o)
{
    send_items(o);
    send_hashes(o);
    buf_free(&o->items);
    buf_free(&o->types);
    buf_free(&o->sizes);
    buf_free(&o->hashes);
}

static void outgoing_add(struct outgoing *o, const struct pool_tx *t, bool whole)
{
    peer_add_known(o->to->peer, t->hash);
    if (whole || o->to->version < 65) { /* before eth/65 there are no announcements */
        if (o->n_items > 0 && o->items.len + t->len > PM_TX_PACK_BYTES)
            send_items(o);
        buf_append(&o->items, t->item, t->len);
        o->n_items++;
        return;
    }
    write_u8(&o->types, (uint8_t)t->type);
    rlp_write_u64(&o->sizes, t->size);
    rlp_write_bytes(&o->hashes, t->hash, sizeof t->hash);
    if (++o->n_hashes == PM_ANNOUNCE_MAX)
        send_hashes(o);
}

/* --- who hears of what --- */

static bool may_go_whole(const struct pool_tx *t)
{
    return t->type != ETH_TX_BLOB && t->size <= DIRECT_MAX_BYTES;
}

/* txBroadcastLoop. The peers that get them whole begin at a random place, so that a transaction
 * takes different ways. */
static void broadcast(struct eth *e, const struct pool_tx *const *txs, size_t n)
{
    unsigned direct = (unsigned)ceil(sqrt(e->n_peers));
    unsigned first = e->n_peers ? (unsigned)random_below(e->n_peers) : 0;

    for (unsigned i = 0; i < e->n_peers; i++) {
        struct pm_peer *to = &e->peers[(first + i) % e->n_peers];
        struct outgoing o;

        outgoing_begin(&o, e, to);
        for (size_t k = 0; k < n; k++)
            if (!peer_has_known(to->peer, txs[k]->hash))
                outgoing_add(&o, txs[k], i < direct && may_go_whole(txs[k]));
        outgoing_end(&o);
    }
}

void txs_sync(struct eth *e, struct pm_peer *p)
{
    struct outgoing o;

    outgoing_begin(&o, e, p);
    for (const struct pool_tx *t = e->pool.list; t; t = t->next)
        if (!peer_has_known(p->peer, t->hash))
            outgoing_add(&o, t, p->version < 65 && may_go_whole(t));
    outgoing_end(&o);
}

/* --- what comes in --- */

static void take(struct eth *e, struct pm_peer *p, struct eth_payload *payload)
{
    const struct pool_tx **fresh = mem_alloc_array(payload->n_txs, sizeof *fresh);
    size_t n = 0;

    /* Not so many that the last ones would displace the first, which are still to be sent. */
    for (size_t i = 0; fresh && i < payload->n_txs && n < POOL_MAX_TXS / 2; i++) {
        struct pool_tx *t = payload->txs[i];

        if (txfetch_delivered(e->txfetch, p->id, t->hash, (uint8_t)t->type, t->size) < 0) {
            pm_disconnect(p, PN_EPROTO); /* it announced something else */
            break;
        }
        if (pool_add(&e->pool, t) < 0)
            continue;
        payload->txs[i] = NULL;
        fresh[n++] = t;
    }
    if (n > 0)
        broadcast(e, (const struct pool_tx *const *)fresh, n);
    mem_free(fresh);
}

void txs_arrived(struct eth *e, struct pm_peer *p, struct eth_payload *payload)
{
    const struct eth_msg answer = {.code = payload->code, .request_id = payload->request_id};
    bool asked = payload->code == ETH_POOLED_TXS;

    if (asked && pm_answered(e, p, &answer) != PM_TXS)
        return;
    take(e, p, payload);
    if (asked)
        txfetch_answered(e->txfetch, p->id);
    e->txfetch_us = 0;
    metric_set(e->metrics.pooled, e->pool.n);
}

int txs_submit(struct eth *e, struct pool_tx *t)
{
    const struct pool_tx *fresh = t;
    int rc = pool_add(&e->pool, t);

    if (rc < 0)
        return rc;
    broadcast(e, &fresh, 1);
    metric_set(e->metrics.pooled, e->pool.n);
    return 0;
}

void txs_announced(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    struct eth_tx_announce a = m->announce;
    bool sized = p->version >= 68;
    uint8_t hash[ETH_HASH_BYTES], type;
    uint64_t size;

    while (eth_announce_next(&a, hash, &type, &size)) {
        peer_add_known(p->peer, hash);
        if (!pool_find(&e->pool, hash))
            txfetch_announced(e->txfetch, p->id, hash, sized, type, size);
    }
    e->txfetch_us = 0;
}

static bool request(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES], unsigned n)
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_POOLED_TXS};
    struct buf b;
    bool sent;

    if (!p)
        return false;
    buf_init(&b, PM_MESSAGE_MAX_BYTES);
    for (unsigned i = 0; i < n; i++)
        rlp_write_bytes(&b, hashes[i], ETH_HASH_BYTES);
    m.items = (struct eth_items){{b.data, b.len}, n};
    sent = !b.err && pm_ask(e, p, PM_TXS, &m);
    buf_free(&b);
    return sent;
}

const struct txfetch_ops pm_txfetch_ops = {.request = request};
