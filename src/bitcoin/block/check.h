/* Whether a block is what its header commits to, and within the size rules. Proof of work, the
 * header's place in the chain and the scripts are not judged here. */
#ifndef BITCOIN_BLOCK_CHECK_H
#define BITCOIN_BLOCK_CHECK_H

#include "base/arena.h"
#include "bitcoin/wire/block.h"

enum btc_block_rules {
    BTC_RULE_WITNESS = 1 << 0, /* BIP141 is in force at the block's height */
    BTC_RULE_HEIGHT = 1 << 1,  /* BIP34 likewise; judged by btc_block_check_at (place.h) */
};

/* Bytes of the two encodings, and BIP141's weight. Thread: any. */
size_t btc_block_size(const struct btc_block *block);
size_t btc_block_stripped_size(const struct btc_block *block);
size_t btc_block_weight(const struct btc_block *block);

/* As Core (validation.cpp, CheckBlock, ContextualCheckBlock, IsBlockMutated), in this order: the
 * merkle root, the size without witness, one coinbase and that first, the witness commitment, the
 * weight. Where BIP141 is not in force no transaction may have a witness.
 *
 * PN_EMERKLE, PN_EMUTATED and PN_EWITNESS say nothing about the header: what arrived is not what it
 * commits to, another block under it may be valid, and it must not be remembered as invalid. The
 * other errors condemn it.
 *
 * Thread: any. 64 bytes a transaction come from `scratch`. Returns: 0, PN_EMERKLE, PN_EMUTATED,
 * PN_EWEIGHT, PN_ECOINBASE, PN_EWITNESS, or PN_ENOMEM. */
int btc_block_check(const struct btc_block *block, struct arena *scratch, unsigned rules);

#endif
