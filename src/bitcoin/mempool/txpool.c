/* The pool's life, what enters it, and what is read from it. The tables are in pool_index.c, the
 * relations in pool_graph.c, the ways out in pool_remove.c. */
#include "bitcoin/mempool/txpool.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/mempool/txpool_internal.h"

static unsigned buckets_for(unsigned entries)
{
    unsigned n = 64;

    while (n < entries && n < 1U << 30)
        n *= 2;
    return n;
}

int txpool_new(struct txpool **out, const struct txpool_config *config, txpool_left *left,
               void *arg) NO_THREAD_SAFETY
{
    unsigned buckets = buckets_for(config->max_count);
    struct txpool *p = mem_zalloc(sizeof *p);

    if (!p)
        return PN_ENOMEM;
    mutex_init(&p->mu);
    p->config = *config;
    p->left = left;
    p->left_arg = arg;
    p->key = siphash_random_key();
    p->bucket_mask = buckets - 1;
    p->by_txid = mem_zalloc_array(buckets, sizeof(struct pool_entry *));
    p->by_wtxid = mem_zalloc_array(buckets, sizeof(struct pool_entry *));
    p->by_outpoint = mem_zalloc_array(buckets, sizeof(struct pool_spend *));
    p->entries = mem_zalloc_array((size_t)config->max_count + 1, sizeof(struct pool_entry *));
    if (!p->by_txid || !p->by_wtxid || !p->by_outpoint || !p->entries) {
        txpool_free(p);
        return PN_ENOMEM;
    }
    *out = p;
    return 0;
}

void txpool_free(struct txpool *p) NO_THREAD_SAFETY
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->count; i++) {
        tx_body_unref(p->entries[i]->body);
        mem_free(p->entries[i]);
    }
    mem_free(p->by_txid);
    mem_free(p->by_wtxid);
    mem_free(p->by_outpoint);
    mem_free(p->entries);
    rolling_filter_free(&p->confirmed);
    mutex_destroy(&p->mu);
    mem_free(p);
}

void txpool_watch(struct txpool *p, txpool_watcher *fn, void *arg)
{
    p->watcher = fn;
    p->watcher_arg = arg;
}

/* --- coming --- */

static struct pool_entry *entry_new(struct tx_body *body, unsigned source, bool own)
{
    size_t spends = body->tx.in_count * sizeof(struct pool_spend);
    struct pool_entry *e = mem_zalloc(sizeof *e + spends);

    if (!e)
        return NULL;
    e->body = tx_body_ref(body);
    e->bytes = sizeof *e + spends + body->bytes;
    e->added_us = clock_mono_us();
    e->source = (uint8_t)(source % TXPOOL_SOURCES);
    e->own = own;
    return e;
}

/* It has come before: by itself, with another witness, or in a block. */
static enum tx_refusal check_new(struct txpool *p, const struct tx_body *body, bool own)
    REQUIRES(p->mu)
{
    struct pool_entry *same = pool_find_txid(p, body->txid);

    if (!same)
        return p->confirmed.limit > 0 && (rolling_filter_has(&p->confirmed, body->txid) ||
                                          rolling_filter_has(&p->confirmed, body->wtxid))
                   ? TX_CONFIRMED
                   : TX_OK;
    if (memcmp(same->body->wtxid, body->wtxid, BTC_HASH_BYTES) != 0)
        return own ? TX_OK : TX_OTHER_WITNESS;
    p->own += own && !same->own;
    p->unasked += own && !same->own;
    same->own |= own;
    return TX_KNOWN;
}

/* What spends the same gives way to the operator, and to nobody else. */
static enum tx_refusal settle_conflicts(struct txpool *p, struct pool_entry **gone,
                                        const struct tx_body *body, bool own) REQUIRES(p->mu)
{
    for (uint32_t i = 0; i < body->tx.in_count; i++) {
        const struct btc_txin *in = &body->tx.in[i];
        struct pool_entry *other = pool_spender(p, in->prev_hash, in->prev_index);

        if (other && !own)
            return TX_CONFLICT;
        if (other)
            pool_take_all(p, gone, other, TXPOOL_REPLACED);
    }
    return TX_OK;
}

/* The oldest of the greatest source that is not the operator's own. */
static struct pool_entry *choose_victim(const struct txpool *p) REQUIRES(p->mu)
{
    struct pool_entry *victim = NULL;
    size_t most = 0;

    for (unsigned i = 0; i < TXPOOL_SOURCES; i++) {
        struct pool_entry *e = p->sources[i].ends.oldest;

        if (p->sources[i].bytes <= most)
            continue;
        while (e && e->own)
            e = e->link[SOURCE_LIST].newer;
        if (e) {
            victim = e;
            most = p->sources[i].bytes;
        }
    }
    return victim;
}

static bool make_room(struct txpool *p, struct pool_entry **gone, size_t bytes) REQUIRES(p->mu)
{
    while (p->count >= p->config.max_count || p->bytes + bytes > p->config.max_bytes) {
        struct pool_entry *victim = choose_victim(p);

        if (!victim)
            return false;
        pool_take_all(p, gone, victim, TXPOOL_EVICTED);
    }
    return true;
}

static enum tx_refusal enter(struct txpool *p, struct pool_entry **gone, struct pool_entry *e)
    REQUIRES(p->mu)
{
    struct pool_place place;
    enum tx_refusal r = check_new(p, e->body, e->own);

    if (r == TX_OK)
        r = settle_conflicts(p, gone, e->body, e->own);
    if (r == TX_OK)
        r = pool_place(p, &place, e->body);
    if (r == TX_OK && !make_room(p, gone, e->bytes))
        r = TX_POOL_FULL;
    if (r == TX_OK && *gone) /* its relatives may be among them */
        r = pool_place(p, &place, e->body);
    if (r != TX_OK)
        return r;
    e->fee_sat = place.fee_sat;
    e->parents = place.parents;
    e->children = place.children;
    e->seq = ++p->seq;
    p->own += e->own;
    p->unasked += e->own;
    pool_link(p, e);
    pool_tell_parents(p, e, 1);
    pool_tell_children(p, e, 1);
    if (p->watcher)
        p->watcher(p->watcher_arg, e->body, e->seq, true);
    return TX_OK;
}

enum tx_refusal txpool_add(struct txpool *p, struct tx_body *body, unsigned source, bool own)
{
    struct pool_entry *gone = NULL, *e = entry_new(body, source, own);
    enum tx_refusal r;

    if (!e)
        return TX_NO_MEMORY;
    mutex_lock(&p->mu);
    r = enter(p, &gone, e);
    mutex_unlock(&p->mu);
    pool_bury(p, gone);
    if (r == TX_OK)
        return r;
    tx_body_unref(e->body);
    mem_free(e);
    return r;
}

/* --- looking --- */

struct tx_body *txpool_by_txid(struct txpool *p, const uint8_t txid[BTC_HASH_BYTES])
{
    struct tx_body *body = NULL;
    struct pool_entry *e;

    mutex_lock(&p->mu);
    e = pool_find_txid(p, txid);
    if (e)
        body = tx_body_ref(e->body);
    mutex_unlock(&p->mu);
    return body;
}

struct tx_body *txpool_by_wtxid(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES])
{
    struct tx_body *body = NULL;
    struct pool_entry *e;

    mutex_lock(&p->mu);
    e = pool_find_wtxid(p, wtxid);
    if (e)
        body = tx_body_ref(e->body);
    mutex_unlock(&p->mu);
    return body;
}

bool txpool_has_txid(struct txpool *p, const uint8_t txid[BTC_HASH_BYTES])
{
    bool has;

    mutex_lock(&p->mu);
    has = pool_find_txid(p, txid) != NULL;
    mutex_unlock(&p->mu);
    return has;
}

bool txpool_has_wtxid(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES])
{
    bool has;

    mutex_lock(&p->mu);
    has = pool_find_wtxid(p, wtxid) != NULL;
    mutex_unlock(&p->mu);
    return has;
}

struct tx_body *txpool_look(struct txpool *p, struct txpool_info *out,
                            const uint8_t wtxid[BTC_HASH_BYTES])
{
    struct tx_body *body = NULL;
    const struct pool_entry *e;

    mutex_lock(&p->mu);
    e = pool_find_wtxid(p, wtxid);
    if (e) {
        body = tx_body_ref(e->body);
        *out = (struct txpool_info){.fee_sat = e->fee_sat,
                                    .seq = e->seq,
                                    .parents = e->parents,
                                    .added_us = e->added_us,
                                    .asked = e->asked,
                                    .own = e->own};
    }
    mutex_unlock(&p->mu);
    return body;
}

bool txpool_info(struct txpool *p, struct txpool_info *out, const uint8_t wtxid[BTC_HASH_BYTES])
{
    struct tx_body *body = txpool_look(p, out, wtxid);

    tx_body_unref(body);
    return body != NULL;
}

bool txpool_asked(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES])
{
    struct pool_entry *e;
    bool own;

    mutex_lock(&p->mu);
    e = pool_find_wtxid(p, wtxid);
    own = e && e->own;
    if (own && e->asked++ == 0)
        p->unasked--;
    mutex_unlock(&p->mu);
    return own;
}

uint64_t txpool_seq(struct txpool *p)
{
    uint64_t seq;

    mutex_lock(&p->mu);
    seq = p->seq;
    mutex_unlock(&p->mu);
    return seq;
}

/* From the newest backwards to the place, then forward: what is asked for is mostly new. */
size_t txpool_since(struct txpool *p, struct tx_body **out, uint64_t *seq, size_t max,
                    uint64_t after)
{
    const struct pool_entry *e;
    size_t n = 0;

    mutex_lock(&p->mu);
    e = p->age.oldest && p->age.oldest->seq > after ? p->age.oldest : p->age.newest;
    while (e && e->link[AGE_LIST].older && e->link[AGE_LIST].older->seq > after)
        e = e->link[AGE_LIST].older;
    for (; e && n < max; e = e->link[AGE_LIST].newer) {
        if (e->seq <= after)
            continue;
        out[n++] = tx_body_ref(e->body);
        *seq = e->seq;
    }
    mutex_unlock(&p->mu);
    return n;
}

void txpool_counts(struct txpool *p, struct txpool_counts *out)
{
    mutex_lock(&p->mu);
    *out = (struct txpool_counts){.count = p->count,
                                  .own = p->own,
                                  .unasked = p->unasked,
                                  .bytes = p->bytes,
                                  .max_bytes = p->config.max_bytes,
                                  .vbytes = p->vbytes};
    mutex_unlock(&p->mu);
}
