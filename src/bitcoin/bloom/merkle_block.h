/* A partial merkle tree (BIP37): the hashes that prove some transactions of a block to be in it. */
#ifndef BITCOIN_BLOOM_MERKLE_BLOCK_H
#define BITCOIN_BLOOM_MERKLE_BLOCK_H

#include <stdbool.h>

#include "bitcoin/wire/msg_filter.h"

/* The tree's hashes and flags, which point into memory that merkle_block_free releases. */
struct merkle_block {
    struct btc_merkleblock m;
    void *memory;
};

/* The message about `n` transactions, at least one, with these ids, of which `chosen` are to be
 * proven. Thread: any. Returns: 0, PN_ENOMEM, or PN_ECOUNT for more than a block can have. */
int merkle_block_make(struct merkle_block *out, const struct btc_header *header,
                      const uint8_t (*txids)[BTC_HASH_BYTES], const bool *chosen, size_t n);
void merkle_block_free(struct merkle_block *b);

#endif
