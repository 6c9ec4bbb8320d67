/* What is in a kept block, for whoever proves that a transaction is. */
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
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

int bitcoin_block_txids(struct bitcoin *b, uint8_t (**txids)[BTC_HASH_BYTES], size_t *n,
                        const uint8_t hash[BTC_HASH_BYTES])
{
    struct block_store *store = b->blocks.store;
    struct frame *frame = store ? block_store_get(store, NULL, hash) : NULL;
    struct btc_block block;
    struct arena arena;
    struct reader r;
    int rc;

    if (!frame)
        return PN_ENOENT;
    arena_init(&arena, DECODED_MAX_BYTES);
    r = reader_of(frame->data + BTC_FRAME_HEADER_BYTES, frame->len - BTC_FRAME_HEADER_BYTES);
    btc_block_decode(&r, &block, &arena);
    rc = r.err ? r.err : blocks_collect_txids(txids, n, &block);
    arena_free(&arena);
    frame_unref(frame);
    return rc;
}
