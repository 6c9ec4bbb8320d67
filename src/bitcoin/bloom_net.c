#include "bitcoin/bloom_net.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/bloom/merkle_block.h"
#include "bitcoin/internal.h"

enum { DECODED_MAX_BYTES = 64 << 20 };

void peer_bloom_init(struct peer_bloom *b)
{
    *b = (struct peer_bloom){0};
    mutex_init(&b->mu);
}

void peer_bloom_free(struct peer_bloom *b) NO_THREAD_SAFETY
{
    bloom_free(b->filter);
    mutex_destroy(&b->mu);
}

bool peer_bloom_match(struct peer_bloom *b, const struct btc_tx *tx,
                      const uint8_t txid[BTC_HASH_BYTES])
{
    bool match;

    mutex_lock(&b->mu);
    match = !b->filter || bloom_match(b->filter, tx, txid);
    mutex_unlock(&b->mu);
    return match;
}

bool peer_bloom_loaded(struct peer_bloom *b)
{
    bool loaded;

    mutex_lock(&b->mu);
    loaded = b->filter != NULL;
    mutex_unlock(&b->mu);
    return loaded;
}

/* Owns: takes the filter. */
static void replace(struct peer_bloom *b, struct bloom *filter)
{
    struct bloom *old;

    mutex_lock(&b->mu);
    old = b->filter;
    b->filter = filter;
    mutex_unlock(&b->mu);
    bloom_free(old);
}

int bloom_on_load(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    struct bloom *filter;

    if (!bp->net->config.bloom_filters)
        return PN_EPROTO; /* BIP111 */
    filter = bloom_new(&m->u.filterload);
    if (!filter)
        return PN_ENOMEM;
    replace(&bp->bloom, filter);
    return tx_net_wants(p);
}

int bloom_on_add(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    bool loaded;

    (void)p;
    if (!bp->net->config.bloom_filters)
        return PN_EPROTO;
    mutex_lock(&bp->bloom.mu);
    loaded = bp->bloom.filter != NULL;
    if (loaded)
        bloom_add(bp->bloom.filter, m->u.filteradd.data);
    mutex_unlock(&bp->bloom.mu);
    return loaded ? 0 : PN_EPROTO;
}

int bloom_on_clear(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)m;
    if (!bp->net->config.bloom_filters)
        return PN_EPROTO;
    replace(&bp->bloom, NULL);
    return tx_net_wants(p);
}

/* --- blocks --- */

static int send_tx(struct peer *p, const struct btc_tx *tx)
{
    struct frame *f;
    struct buf raw;

    buf_init(&raw, BTC_PAYLOAD_MAX_BYTES + BTC_FRAME_HEADER_BYTES);
    if (buf_extend(&raw, BTC_FRAME_HEADER_BYTES))
        btc_tx_encode_stripped(&raw, tx);
    if (raw.err) {
        buf_free(&raw);
        return PN_ENOMEM;
    }
    btc_frame_header_store(raw.data, btc_peer_of(p)->net->config.params.magic, BTC_CMD_TX,
                           (uint32_t)(raw.len - BTC_FRAME_HEADER_BYTES));
    f = frame_new(BTC_CMD_TX, raw.data, raw.len);
    buf_free(&raw);
    return peer_reply(p, f, 0);
}

static int send_matches(struct peer *p, const struct btc_block *block,
                        const uint8_t (*txids)[BTC_HASH_BYTES], const bool *chosen)
{
    struct btc_msg m = {.cmd = BTC_CMD_MERKLEBLOCK};
    struct merkle_block tree;
    int rc = merkle_block_make(&tree, &block->header, txids, chosen, block->tx_count);

    if (rc < 0)
        return rc;
    m.u.merkleblock = tree.m;
    rc = peer_reply(p, btc_frame(btc_peer_of(p)->net->config.params.magic, &m), 0);
    merkle_block_free(&tree);
    for (size_t i = 0; i < block->tx_count && rc == 0; i++)
        if (chosen[i]) {
            rc = peer_rest(p);
            if (rc == 0)
                rc = send_tx(p, &block->txs[i]);
        }
    return rc;
}

static int match_and_send(struct peer *p, struct btc_peer *bp, const struct btc_block *block)
{
    size_t n = block->tx_count;
    uint8_t(*txids)[BTC_HASH_BYTES] = mem_alloc_array(n + 1, sizeof *txids);
    bool *chosen = mem_zalloc_array(n + 1, sizeof *chosen);
    int rc = txids && chosen ? 0 : PN_ENOMEM;

    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = btc_tx_id(&block->txs[i], txids[i]);
        if (rc == 0)
            chosen[i] = peer_bloom_match(&bp->bloom, &block->txs[i], txids[i]);
    }
    if (rc == 0)
        rc = send_matches(p, block, (const uint8_t(*)[BTC_HASH_BYTES])txids, chosen);
    mem_free(txids);
    mem_free(chosen);
    return rc;
}

int bloom_send_block(struct peer *p, struct btc_peer *bp, struct bytes raw)
{
    struct reader r = reader_of(raw.data, raw.len);
    struct btc_block block;
    struct arena arena;
    int rc;

    if (!peer_bloom_loaded(&bp->bloom))
        return 0;
    arena_init(&arena, DECODED_MAX_BYTES);
    btc_block_decode(&r, &block, &arena);
    rc = r.err ? r.err : match_and_send(p, bp, &block);
    arena_free(&arena);
    return rc;
}
