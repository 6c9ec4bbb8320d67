/* The tables of the pool: by txid, by wtxid, by the outpoint spent; the lists by age, of all and of
 * each source. Buckets are chosen by a keyed hash: outpoints are whatever a sender likes. */
#include <string.h>

#include "bitcoin/mempool/txpool_internal.h"

static struct pool_entry **txid_bucket(struct txpool *p, const uint8_t txid[32]) REQUIRES(p->mu)
{
    return &p->by_txid[siphash(&p->key, txid, 32) & p->bucket_mask];
}

static struct pool_entry **wtxid_bucket(struct txpool *p, const uint8_t wtxid[32]) REQUIRES(p->mu)
{
    return &p->by_wtxid[siphash(&p->key, wtxid, 32) & p->bucket_mask];
}

static struct pool_spend **outpoint_bucket(struct txpool *p, const uint8_t txid[32], uint32_t index)
    REQUIRES(p->mu)
{
    uint8_t outpoint[36];

    memcpy(outpoint, txid, 32);
    store_le32(outpoint + 32, index);
    return &p->by_outpoint[siphash(&p->key, outpoint, sizeof outpoint) & p->bucket_mask];
}

struct pool_entry *pool_find_txid(struct txpool *p, const uint8_t txid[32])
{
    struct pool_entry *e = *txid_bucket(p, txid);

    while (e && memcmp(e->body->txid, txid, 32) != 0)
        e = e->next_txid;
    return e;
}

struct pool_entry *pool_find_wtxid(struct txpool *p, const uint8_t wtxid[32])
{
    struct pool_entry *e = *wtxid_bucket(p, wtxid);

    while (e && memcmp(e->body->wtxid, wtxid, 32) != 0)
        e = e->next_wtxid;
    return e;
}

static const struct btc_txin *spent_by(const struct pool_spend *s)
{
    return &s->by->body->tx.in[s - s->by->spends];
}

struct pool_entry *pool_spender(struct txpool *p, const uint8_t txid[32], uint32_t index)
{
    for (struct pool_spend *s = *outpoint_bucket(p, txid, index); s; s = s->next) {
        const struct btc_txin *in = spent_by(s);

        if (in->prev_index == index && memcmp(in->prev_hash, txid, 32) == 0)
            return s->by;
    }
    return NULL;
}

static void append(struct pool_ends *ends, struct pool_entry *e, int list)
{
    e->link[list].older = ends->newest;
    e->link[list].newer = NULL;
    if (ends->newest)
        ends->newest->link[list].newer = e;
    else
        ends->oldest = e;
    ends->newest = e;
}

static void cut(struct pool_ends *ends, struct pool_entry *e, int list)
{
    struct pool_entry *older = e->link[list].older, *newer = e->link[list].newer;

    if (older)
        older->link[list].newer = newer;
    else
        ends->oldest = newer;
    if (newer)
        newer->link[list].older = older;
    else
        ends->newest = older;
}

void pool_link(struct txpool *p, struct pool_entry *e)
{
    struct pool_entry **txid = txid_bucket(p, e->body->txid);
    struct pool_entry **wtxid = wtxid_bucket(p, e->body->wtxid);
    struct pool_source *source = &p->sources[e->source];

    e->next_txid = *txid;
    *txid = e;
    e->next_wtxid = *wtxid;
    *wtxid = e;
    for (uint32_t i = 0; i < e->body->tx.in_count; i++) {
        const struct btc_txin *in = &e->body->tx.in[i];
        struct pool_spend **bucket = outpoint_bucket(p, in->prev_hash, in->prev_index);

        e->spends[i] = (struct pool_spend){.by = e, .next = *bucket};
        *bucket = &e->spends[i];
    }
    e->slot = p->count;
    p->entries[p->count++] = e;
    append(&p->age, e, AGE_LIST);
    append(&source->ends, e, SOURCE_LIST);
    source->bytes += e->bytes;
    p->bytes += e->bytes;
    p->vbytes += (e->body->weight + 3) / 4;
}

static void unlink_spend(struct pool_spend **bucket, const struct pool_spend *s)
{
    while (*bucket != s)
        bucket = &(*bucket)->next;
    *bucket = s->next;
}

void pool_unlink(struct txpool *p, struct pool_entry *e)
{
    struct pool_entry **txid = txid_bucket(p, e->body->txid);
    struct pool_entry **wtxid = wtxid_bucket(p, e->body->wtxid);
    struct pool_source *source = &p->sources[e->source];

    while (*txid != e)
        txid = &(*txid)->next_txid;
    *txid = e->next_txid;
    while (*wtxid != e)
        wtxid = &(*wtxid)->next_wtxid;
    *wtxid = e->next_wtxid;
    for (uint32_t i = 0; i < e->body->tx.in_count; i++) {
        const struct btc_txin *in = &e->body->tx.in[i];

        unlink_spend(outpoint_bucket(p, in->prev_hash, in->prev_index), &e->spends[i]);
    }
    p->entries[e->slot] = p->entries[--p->count];
    p->entries[e->slot]->slot = e->slot;
    cut(&p->age, e, AGE_LIST);
    cut(&source->ends, e, SOURCE_LIST);
    source->bytes -= e->bytes;
    p->bytes -= e->bytes;
    p->vbytes -= (e->body->weight + 3) / 4;
}
