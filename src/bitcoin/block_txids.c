/* What is in a kept block, for whoever proves that a transaction is, or tells of them all. */
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/internal.h"
#include "bitcoin/wire/block.h"

/* As for a block that a peer sends. */
enum { DECODED_MAX_BYTES = 64 << 20 };

int blocks_collect_txids(uint8_t (**txids)[BTC_HASH_BYTES], size_t *n,
                         const struct btc_block *block)
{
    int rc = 0;

    *txids = mem_alloc_array(block->tx_count ? block->tx_count : 1, sizeof **txids);
    if (!*txids)
        return PN_ENOMEM;
    for (*n = 0; *n < block->tx_count && rc == 0; ++*n)
        rc = btc_tx_id(&block->txs[*n], (*txids)[*n]);
    if (rc < 0)
        MEM_FREE(*txids);
    return rc;
}

/* A kept block, decoded. */
struct kept {
    struct frame *frame;
    struct arena arena;
    struct btc_block block;
};

/* release ends it in any case. Returns: 0, PN_ENOENT, PN_ENOMEM. */
static int load(struct kept *k, struct bitcoin *b, const uint8_t hash[BTC_HASH_BYTES])
{
    struct block_store *store = b->blocks.store;
    struct bytes raw;
    struct reader r;

    arena_init(&k->arena, DECODED_MAX_BYTES);
    k->frame = store ? block_store_get(store, NULL, hash) : NULL;
    if (!k->frame)
        return PN_ENOENT;
    raw = block_frame_payload(k->frame);
    r = reader_of(raw.data, raw.len);
    btc_block_decode(&r, &k->block, &k->arena);
    return r.err;
}

static void release(struct kept *k)
{
    arena_free(&k->arena);
    frame_unref(k->frame);
}

int bitcoin_block_txids(struct bitcoin *b, uint8_t (**txids)[BTC_HASH_BYTES], size_t *n,
                        const uint8_t hash[BTC_HASH_BYTES])
{
    struct kept k;
    int rc = load(&k, b, hash);

    if (rc == 0)
        rc = blocks_collect_txids(txids, n, &k.block);
    release(&k);
    return rc;
}

int bitcoin_visit_block(struct bitcoin *b, const struct bitcoin_block_visitor *visitor,
                        const uint8_t hash[BTC_HASH_BYTES])
{
    struct kept k;
    int rc = load(&k, b, hash);

    if (rc == 0 && visitor->block)
        visitor->block(visitor->arg, block_frame_payload(k.frame));
    for (size_t i = 0; rc == 0 && visitor->tx && i < k.block.tx_count; i++) {
        uint8_t txid[BTC_HASH_BYTES];

        rc = btc_tx_id(&k.block.txs[i], txid);
        if (rc == 0)
            visitor->tx(visitor->arg, txid, k.block.txs[i].raw);
    }
    release(&k);
    return rc;
}
