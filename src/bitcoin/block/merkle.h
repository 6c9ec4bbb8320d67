/* Merkle trees over transaction ids (protocol documentation, "Merkle Trees"; Core,
 * consensus/merkle.cpp). */
#ifndef BITCOIN_BLOCK_MERKLE_H
#define BITCOIN_BLOCK_MERKLE_H

#include "base/arena.h"
#include "bitcoin/wire/block.h"

/* The root over `count` hashes, which are overwritten; zero for none. The root is computed in any
 * case. Thread: any. Returns: 0, or PN_EMUTATED when two neighbours of one parent are equal, so
 * that a shorter list has the same root (CVE-2012-2459). */
int btc_merkle_root(uint8_t out[BTC_HASH_BYTES], uint8_t (*hashes)[BTC_HASH_BYTES], size_t count);

/* The root over the block's txids. Thread: any. Returns: 0, PN_EMUTATED (with the root), or
 * PN_ENOMEM. 32 bytes a transaction come from `scratch`. */
int btc_block_merkle_root(const struct btc_block *block, uint8_t out[BTC_HASH_BYTES],
                          struct arena *scratch);

/* The root over the block's wtxids, in which the coinbase counts as zero (BIP141). Thread: any.
 * Returns: as above. */
int btc_block_witness_root(const struct btc_block *block, uint8_t out[BTC_HASH_BYTES],
                           struct arena *scratch);

#endif
