/* What peers announce and send. */
#include <string.h>

#include "base/clock.h"
#include "bitcoin/txrelay/txrelay_internal.h"

enum { SCAN_ORPHANS_MS = 250 };

/* --- announcements --- */

static bool has_already(const struct txrelay *r, const uint8_t hash[BTC_HASH_BYTES], bool is_wtxid)
{
    if (rolling_filter_has(&r->rejects, hash) || txpool_confirmed(r->pool, hash))
        return true;
    if (is_wtxid)
        return orphans_has_wtxid(r->orphans, hash) || txpool_has_wtxid(r->pool, hash);
    return orphans_has_txid(r->orphans, hash) || txpool_has_txid(r->pool, hash);
}

static bool is_of_kind(const struct relay_peer *p, uint32_t type)
{
    return type == (p->info.by_wtxid ? BTC_INV_WTX : BTC_INV_TX);
}

void txrelay_inv(struct txrelay *r, unsigned peer, const struct btc_inv_item *items, size_t n)
{
    struct relay_peer *p = &r->peers[peer];

    if (!p->info.gives && !p->info.wants)
        return;
    for (size_t i = 0; i < n; i++) {
        if (!is_of_kind(p, items[i].type))
            continue;
        outbox_know(&p->outbox, items[i].hash);
        /* One too many is forgotten: this peer announces more than it is asked for. */
        if (p->info.gives && r->in_sync && !has_already(r, items[i].hash, p->info.by_wtxid))
            tx_requests_announced(r->requests, peer, items[i].hash);
    }
}

void txrelay_notfound(struct txrelay *r, unsigned peer, const struct btc_inv_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tx_requests_answered(r->requests, peer, items[i].hash);
}

/* --- requests --- */

static uint32_t request_type(const struct relay_peer *p)
{
    if (p->info.by_wtxid)
        return BTC_INV_WTX;
    return p->info.has_witness ? (uint32_t)BTC_INV_TX | BTC_INV_WITNESS : BTC_INV_TX;
}

/* One message for each peer among them. */
static void ask_peers(struct txrelay *r, size_t n)
{
    struct tx_request *requests = r->requests_due;
    struct btc_inv_item *items = r->items;

    while (n > 0) {
        unsigned peer = requests[0].peer;
        size_t asked = 0, left = 0;

        for (size_t i = 0; i < n; i++) {
            if (requests[i].peer != peer) {
                requests[left++] = requests[i];
                continue;
            }
            items[asked].type = request_type(&r->peers[peer]);
            memcpy(items[asked++].hash, requests[i].hash, BTC_HASH_BYTES);
        }
        r->ops.ask(r->arg, r->peers[peer].info.handle, items, asked);
        n = left;
    }
}

void relay_ask(struct txrelay *r)
{
    size_t n;

    do {
        n = tx_requests_take(r->requests, r->requests_due, RELAY_ITEMS_MAX);
        ask_peers(r, n);
    } while (n == RELAY_ITEMS_MAX);
}

/* --- transactions --- */

/* Whether this says anything about the transaction, and not about us or the moment. */
static bool is_verdict(enum tx_refusal why)
{
    switch (why) {
    case TX_NO_MEMORY:
    case TX_KNOWN:
    case TX_CONFIRMED:
    case TX_RECENTLY_REFUSED:
    case TX_NOT_ALLOWED:
    case TX_POOL_FULL:
        return false;
    default:
        return true;
    }
}

static void refuse(struct txrelay *r, unsigned peer, const struct tx_body *body,
                   enum tx_refusal why)
{
    r->ops.refused(r->arg, r->peers[peer].info.handle, body, why);
    if (why == TX_KNOWN || why == TX_CONFIRMED)
        tx_requests_forget(r->requests, body->wtxid);
    if (!is_verdict(why))
        return;
    rolling_filter_add(&r->rejects, body->wtxid);
    tx_requests_forget(r->requests, body->wtxid);
    if (!tx_refusal_is_by_txid(why))
        return;
    rolling_filter_add(&r->rejects, body->txid);
    tx_requests_forget(r->requests, body->txid);
}

/* A parent that this peer has announced and still owes, or that itself waits here. */
static const uint8_t *awaited_parent(const struct txrelay *r, unsigned peer,
                                     const struct btc_tx *tx)
{
    for (uint32_t i = 0; i < tx->in_count; i++) {
        const uint8_t *parent = tx->in[i].prev_hash;

        if (tx_requests_pending(r->requests, peer, parent) || orphans_has_txid(r->orphans, parent))
            return parent;
    }
    return NULL;
}

static bool has_refused_parent(const struct txrelay *r, const struct btc_tx *tx)
{
    for (uint32_t i = 0; i < tx->in_count; i++)
        if (rolling_filter_has(&r->rejects, tx->in[i].prev_hash))
            return true;
    return false;
}

static enum tx_refusal consider(struct txrelay *r, unsigned peer, struct tx_body *body,
                                enum tx_refusal checked)
{
    if (!r->peers[peer].info.gives)
        return TX_NOT_ALLOWED;
    if (rolling_filter_has(&r->rejects, body->wtxid) || rolling_filter_has(&r->rejects, body->txid))
        return TX_RECENTLY_REFUSED;
    if (orphans_has_wtxid(r->orphans, body->wtxid))
        return TX_KNOWN;
    if (checked != TX_OK)
        return checked;
    if (has_refused_parent(r, &body->tx))
        return TX_PARENT_REFUSED;
    return tx_check_final(&body->tx, r->next_height, r->median_time_s);
}

static bool has_left(struct relay_budget *b, int64_t bytes, int64_t per_s, int64_t burst)
{
    int64_t now_us = clock_mono_us(), gained = (now_us - b->at_us) * per_s / 1000000;

    if (gained > 0) {
        b->bytes = b->bytes + gained < burst ? b->bytes + gained : burst;
        b->at_us = now_us;
    }
    return b->bytes >= bytes;
}

/* Whether a transaction of this peer is passed on; then its bytes are spent. */
static bool may_pass_on(struct txrelay *r, struct relay_peer *p, const struct tx_body *body)
{
    int64_t bytes = (int64_t)body->tx.raw.len;

    if (p->info.trusted)
        return true;
    if (!has_left(&p->budget, bytes, TXRELAY_PEER_BYTES_PER_S, TXRELAY_PEER_BURST) ||
        !has_left(&r->budget, bytes, TXRELAY_ALL_BYTES_PER_S, TXRELAY_ALL_BURST)) {
        r->withheld++;
        return false;
    }
    p->budget.bytes -= bytes;
    r->budget.bytes -= bytes;
    return true;
}

static enum tx_refusal accept(struct txrelay *r, unsigned peer, struct tx_body *body)
{
    enum tx_refusal why = txpool_add(r->pool, body, r->peers[peer].info.source, false);

    if (why != TX_OK) {
        refuse(r, peer, body, why);
        return why;
    }
    tx_requests_forget(r->requests, body->wtxid);
    tx_requests_forget(r->requests, body->txid);
    r->ops.accepted(r->arg, r->peers[peer].info.handle, body);
    if (may_pass_on(r, &r->peers[peer], body))
        relay_pass_on(r, body);
    return TX_OK;
}

/* Into the orphanage, or into the pool. Owns: takes the reference. */
static void place(struct txrelay *r, unsigned peer, struct tx_body *body, enum tx_refusal checked)
{
    const uint8_t *parent;
    enum tx_refusal why = consider(r, peer, body, checked);

    if (why != TX_OK) {
        refuse(r, peer, body, why);
    } else if ((parent = awaited_parent(r, peer, &body->tx))) {
        tx_requests_forget(r->requests, body->wtxid);
        orphans_add(r->orphans, body, peer, parent);
        return;
    } else {
        accept(r, peer, body);
    }
    tx_body_unref(body);
}

void txrelay_tx(struct txrelay *r, unsigned peer, struct tx_body *body, enum tx_refusal checked)
{
    struct relay_peer *p = &r->peers[peer];
    struct tx_body *child;
    uint8_t txid[BTC_HASH_BYTES];

    memcpy(txid, body->txid, sizeof txid);
    tx_requests_answered(r->requests, peer, body->wtxid);
    tx_requests_answered(r->requests, peer, txid);
    outbox_know(&p->outbox, p->info.by_wtxid ? body->wtxid : txid);
    place(r, peer, body, checked);
    while (!orphans_has_txid(r->orphans, txid) &&
           (child = orphans_take_child(r->orphans, &peer, txid)))
        place(r, peer, child, TX_OK);
}

/* --- orphans --- */

static bool wait_is_over(void *arg, unsigned peer, const uint8_t parent[BTC_HASH_BYTES])
{
    const struct txrelay *r = arg;

    return !tx_requests_pending(r->requests, peer, parent) && !orphans_has_txid(r->orphans, parent);
}

/* Their parents are here, or refused, or are not coming from there: then they may as well be
 * confirmed. */
int64_t relay_release_orphans(struct txrelay *r, int64_t now_us)
{
    struct tx_body *body;
    unsigned peer, at = 0;

    if (orphans_count(r->orphans) == 0)
        return CLOCK_NEVER;
    if (now_us < r->orphans_us)
        return r->orphans_us;
    while ((body = orphans_take_over(r->orphans, &peer, &at, wait_is_over, r)))
        place(r, peer, body, TX_OK);
    r->orphans_us = now_us + SCAN_ORPHANS_MS * 1000;
    return r->orphans_us;
}
