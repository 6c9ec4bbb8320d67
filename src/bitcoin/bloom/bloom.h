/* A peer's bloom filter (BIP37): which transactions it wants to hear of. Rules and their order are
 * Bitcoin Core's (common/bloom.cpp). Thread: its owner's. */
#ifndef BITCOIN_BLOOM_BLOOM_H
#define BITCOIN_BLOOM_BLOOM_H

#include <stdbool.h>

#include "bitcoin/wire/msg_filter.h"
#include "bitcoin/wire/tx.h"

/* What a match adds to the filter, in the lower two bits of the flags; other values add nothing. */
enum bloom_update { BLOOM_UPDATE_NONE = 0, BLOOM_UPDATE_ALL = 1, BLOOM_UPDATE_P2PUBKEY_ONLY = 2 };

struct bloom;

/* A copy of what the peer has loaded, whose limits the decoder has checked. One of no bytes matches
 * everything. Owns: the caller frees. Returns: NULL when there is no memory. */
struct bloom *bloom_new(const struct btc_filterload *m);
void bloom_free(struct bloom *b); /* accepts NULL */

void bloom_add(struct bloom *b, struct bytes item);
bool bloom_has(const struct bloom *b, struct bytes item);

/* The bits. */
struct bytes bloom_bits(const struct bloom *b);

/* Whether a transaction concerns the peer: its id, what its outputs and inputs push, and the
 * outputs that it spends. An output that matches is added as the flags say, so that who spends it
 * matches too. */
bool bloom_match(struct bloom *b, const struct btc_tx *tx, const uint8_t txid[BTC_HASH_BYTES]);

#endif
