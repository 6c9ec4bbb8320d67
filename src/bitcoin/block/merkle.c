#include "bitcoin/block/merkle.h"

#include "crypto/sha256.h"

/* Halve one level in place. An odd last hash is paired with itself: that a list may also end in
 * a real pair of equal hashes is what makes duplicated transactions possible. */
static size_t reduce_level(uint8_t (*hashes)[BTC_HASH_BYTES], size_t count, bool *mutated)
{
    size_t pairs = (count + 1) / 2;

    for (size_t i = 0; i < pairs; i++) {
        const uint8_t *left = hashes[2 * i];
        const uint8_t *right = 2 * i + 1 < count ? hashes[2 * i + 1] : left;

        if (left != right && memcmp(left, right, BTC_HASH_BYTES) == 0)
            *mutated = true;
        sha256d_pair(hashes[i], left, BTC_HASH_BYTES, right, BTC_HASH_BYTES);
    }
    return pairs;
}

int btc_merkle_root(uint8_t out[BTC_HASH_BYTES], uint8_t (*hashes)[BTC_HASH_BYTES], size_t count)
{
    bool mutated = false;

    if (count == 0) {
        memset(out, 0, BTC_HASH_BYTES);
        return 0;
    }
    while (count > 1)
        count = reduce_level(hashes, count, &mutated);
    memcpy(out, hashes[0], BTC_HASH_BYTES);
    return mutated ? PN_EMUTATED : 0;
}

int btc_block_merkle_root(const struct btc_block *block, uint8_t out[BTC_HASH_BYTES],
                          struct arena *scratch)
{
    uint8_t(*ids)[BTC_HASH_BYTES] = arena_alloc(scratch, block->tx_count, sizeof *ids);
    int rc = ids ? 0 : PN_ENOMEM;

    for (size_t i = 0; i < block->tx_count && rc == 0; i++)
        rc = btc_tx_id(&block->txs[i], ids[i]);
    return rc < 0 ? rc : btc_merkle_root(out, ids, block->tx_count);
}

int btc_block_witness_root(const struct btc_block *block, uint8_t out[BTC_HASH_BYTES],
                           struct arena *scratch)
{
    uint8_t(*ids)[BTC_HASH_BYTES] = arena_alloc(scratch, block->tx_count, sizeof *ids);
    int rc = ids ? 0 : PN_ENOMEM;

    for (size_t i = 0; i < block->tx_count && rc == 0; i++) {
        if (i == 0)
            memset(ids[0], 0, BTC_HASH_BYTES);
        else
            rc = btc_tx_wtxid(&block->txs[i], ids[i]);
    }
    return rc < 0 ? rc : btc_merkle_root(out, ids, block->tx_count);
}
