/* What peers are told, and when. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/txrelay/txrelay_internal.h"

enum {
    REPEAT_MS = 10 * 60 * 1000, /* an own transaction; and up to half as much more */
    LIST_SLICE = RELAY_ITEMS_MAX,
};

/* --- announcing --- */

static struct outbox_item item_of(const struct tx_body *body)
{
    struct outbox_item item;

    memcpy(item.wtxid, body->wtxid, sizeof item.wtxid);
    memcpy(item.txid, body->txid, sizeof item.txid);
    return item;
}

static void pass_on(struct txrelay *r, const struct outbox_item *item)
{
    for (unsigned i = 0; i < r->config.max_peers; i++)
        if (r->peers[i].used && r->peers[i].info.wants)
            outbox_push(&r->peers[i].outbox, &r->outbox_lost, item);
}

void relay_pass_on(struct txrelay *r, const struct tx_body *body)
{
    const struct outbox_item item = item_of(body);

    pass_on(r, &item);
}

/* A transaction of a batch, with what decides on its place there. */
struct ranked {
    uint64_t after; /* 0 without parents in the pool, else its number there */
    uint64_t chance;
    unsigned at; /* in the batch */
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->after != y->after)
        return x->after < y->after ? -1 : 1;
    return (x->chance > y->chance) - (x->chance < y->chance);
}

/* BIP133, as far as fees are known. */
static bool pays_enough(const struct txpool_info *info, const struct tx_body *body,
                        int64_t rate_sat_per_kvb)
{
    int64_t vbytes = (body->weight + 3) / 4;

    if (rate_sat_per_kvb >= TXRELAY_NO_TXS_FEE)
        return false;
    return info->fee_sat == TXPOOL_FEE_UNKNOWN || info->fee_sat * 1000 >= rate_sat_per_kvb * vbytes;
}

/* The parents go with it: who is told of the child alone may ask for them (Core keeps them
 * likewise). */
static void note_told(struct txrelay *r, struct tx_told *told, const struct tx_body *body,
                      unsigned parents)
{
    tx_told_add(told, body->wtxid);
    for (uint32_t i = 0; parents > 0 && i < body->tx.in_count; i++) {
        struct tx_body *parent = txpool_by_txid(r->pool, body->tx.in[i].prev_hash);

        if (parent)
            tx_told_add(told, parent->wtxid);
        tx_body_unref(parent);
    }
}

/* Whether it still belongs into the message; then the peer counts as told. */
static bool choose(struct txrelay *r, const struct relay_peer *p, struct ranked *out,
                   const struct outbox_item *item, int64_t their_rate)
{
    struct txpool_info info;
    struct tx_body *body = txpool_look(r->pool, &info, item->wtxid);
    bool chosen = body && pays_enough(&info, body, their_rate);

    if (chosen) {
        note_told(r, p->info.told, body, info.parents);
        out->after = info.parents > 0 ? info.seq : 0;
        out->chance = siphash(&r->order_key, item->wtxid, sizeof item->wtxid);
    }
    tx_body_unref(body);
    return chosen;
}

static void tell_peer(struct txrelay *r, struct relay_peer *p)
{
    struct ranked ranked[OUTBOX_BATCH_MAX];
    unsigned n = outbox_take(&p->outbox, r->batch), chosen = 0;
    int64_t rate = n ? r->ops.their_fee_filter(r->arg, p->info.handle) : 0;

    for (unsigned i = 0; i < n; i++) {
        ranked[chosen].at = i;
        chosen += choose(r, p, &ranked[chosen], &r->batch[i], rate);
    }
    if (chosen == 0)
        return;
    qsort(ranked, chosen, sizeof *ranked, compare_ranked);
    for (unsigned i = 0; i < chosen; i++) {
        r->items[i].type = p->info.by_wtxid ? BTC_INV_WTX : BTC_INV_TX;
        memcpy(r->items[i].hash, outbox_hash(&p->outbox, &r->batch[ranked[i].at]), BTC_HASH_BYTES);
    }
    r->announced += chosen;
    r->ops.tell(r->arg, p->info.handle, r->items, chosen);
}

int64_t relay_tell(struct txrelay *r, int64_t now_us)
{
    bool inbound_due = now_us >= r->inbound_tell_us;
    int64_t next_us;

    if (inbound_due)
        r->inbound_tell_us = clock_deadline_ms(random_exponential(r->config.inbound_ms));
    next_us = r->inbound_tell_us;
    for (unsigned i = 0; i < r->config.max_peers; i++) {
        struct relay_peer *p = &r->peers[i];

        if (!p->used)
            continue;
        if (p->info.inbound ? inbound_due : now_us >= p->tell_us) {
            p->tell_us = clock_deadline_ms(random_exponential(r->config.outbound_ms));
            tell_peer(r, p);
        }
        if (!p->info.inbound && p->tell_us < next_us)
            next_us = p->tell_us;
    }
    return next_us;
}

/* --- the operator's --- */

static struct own_tx *find_own(struct txrelay *r, const uint8_t wtxid[BTC_HASH_BYTES])
{
    for (unsigned i = 0; i < r->n_own; i++)
        if (memcmp(r->own[i].wtxid, wtxid, BTC_HASH_BYTES) == 0)
            return &r->own[i];
    return NULL;
}

static int64_t repeat_time(void)
{
    return clock_deadline_ms(REPEAT_MS + (int64_t)random_below(REPEAT_MS / 2));
}

static void pass_on_own(struct txrelay *r, const struct own_tx *own)
{
    struct outbox_item item;

    memcpy(item.wtxid, own->wtxid, sizeof item.wtxid);
    memcpy(item.txid, own->txid, sizeof item.txid);
    pass_on(r, &item);
}

void txrelay_submitted(struct txrelay *r, struct tx_body *body)
{
    struct own_tx *own = find_own(r, body->wtxid);

    if (!own && r->n_own < TXRELAY_OWN_MAX) {
        own = &r->own[r->n_own++];
        *own = (struct own_tx){.again_us = repeat_time()};
        memcpy(own->wtxid, body->wtxid, sizeof own->wtxid);
        memcpy(own->txid, body->txid, sizeof own->txid);
    }
    relay_pass_on(r, body);
    tx_body_unref(body);
}

void relay_greet(struct txrelay *r, struct relay_peer *p)
{
    for (unsigned i = 0; p->info.wants && i < r->n_own; i++) {
        struct outbox_item item;

        if (r->own[i].asked > 0)
            continue;
        memcpy(item.wtxid, r->own[i].wtxid, sizeof item.wtxid);
        memcpy(item.txid, r->own[i].txid, sizeof item.txid);
        outbox_push(&p->outbox, &r->outbox_lost, &item);
    }
}

int64_t relay_repeat_own(struct txrelay *r, int64_t now_us)
{
    int64_t next_us = CLOCK_NEVER;

    for (unsigned i = 0; i < r->n_own; i++) {
        struct own_tx *own = &r->own[i];

        if (now_us >= own->again_us) {
            own->again_us = repeat_time();
            pass_on_own(r, own);
        }
        if (own->again_us < next_us)
            next_us = own->again_us;
    }
    return next_us;
}

void txrelay_asked(struct txrelay *r, const uint8_t wtxid[BTC_HASH_BYTES])
{
    struct own_tx *own = find_own(r, wtxid);
    struct txrelay_event e = {.kind = TXRELAY_ASKED};

    if (!own)
        return;
    e.txid = own->txid;
    e.wtxid = own->wtxid;
    e.asked = ++own->asked;
    r->ops.event(r->arg, &e);
}

void txrelay_departed(struct txrelay *r, const uint8_t wtxid[BTC_HASH_BYTES], enum txpool_exit exit)
{
    struct own_tx *own = find_own(r, wtxid), gone;
    struct txrelay_event e = {.kind = TXRELAY_LEFT, .exit = exit};

    if (!own)
        return;
    gone = *own;
    *own = r->own[--r->n_own];
    e.txid = gone.txid;
    e.wtxid = gone.wtxid;
    e.asked = gone.asked;
    r->ops.event(r->arg, &e);
}

/* --- fee filters (BIP133) --- */

void relay_tell_fees(struct txrelay *r)
{
    int64_t rate = r->in_sync ? TXRELAY_MIN_FEE_RATE : TXRELAY_NO_TXS_FEE;

    for (unsigned i = 0; i < r->config.max_peers; i++) {
        struct relay_peer *p = &r->peers[i];

        if (!p->used || !p->info.gives || !p->info.fee_filter || p->fee_told == rate)
            continue;
        p->fee_told = rate;
        r->ops.fee_filter(r->arg, p->info.handle, rate);
    }
}

/* --- the whole pool (BIP35) --- */

/* Answered even when there is nothing to list: btcd waits for an inv. */
void txrelay_list(struct txrelay *r, unsigned peer)
{
    struct relay_peer *p = &r->peers[peer];
    uint64_t seq = 0, up_to = txpool_seq(r->pool);
    size_t n;

    tx_told_list(p->info.told, up_to);
    do {
        struct tx_body *bodies[LIST_SLICE];

        n = seq < up_to ? txpool_since(r->pool, bodies, &seq, LIST_SLICE, seq) : 0;
        for (size_t i = 0; i < n; i++) {
            const uint8_t *hash = p->info.by_wtxid ? bodies[i]->wtxid : bodies[i]->txid;

            r->items[i].type = p->info.by_wtxid ? BTC_INV_WTX : BTC_INV_TX;
            memcpy(r->items[i].hash, hash, BTC_HASH_BYTES);
            outbox_know(&p->outbox, hash);
            tx_body_unref(bodies[i]);
        }
        r->ops.tell(r->arg, p->info.handle, r->items, n);
    } while (n == LIST_SLICE);
}
