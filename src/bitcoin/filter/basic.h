/* The basic filter of a block, and the chain of filter headers (BIP158, BIP157). */
#ifndef BITCOIN_FILTER_BASIC_H
#define BITCOIN_FILTER_BASIC_H

#include "bitcoin/filter/gcs.h"
#include "bitcoin/wire/block.h"

/* The key of a block's filter: the first half of its hash. Thread: any. */
struct siphash_key basic_filter_key(const uint8_t block_hash[BTC_HASH_BYTES]);

/* Whether a filter holds an output's script: all but empty ones and those that begin with
 * OP_RETURN. Thread: any. */
bool basic_filter_holds_output(struct bytes script);

/* Append the filter of a block: of its outputs' scripts and of the scripts that its inputs spend,
 * one for each input but the coinbase's, in any order. Thread: any. Returns: 0, PN_ENOMEM, or the
 * buffer's sticky error. */
int basic_filter_build(struct buf *out, const uint8_t block_hash[BTC_HASH_BYTES],
                       const struct btc_block *block, const struct bytes *spent, size_t n_spent);

/* Whether a filter can be the block's as far as the block alone tells: it is well-formed, holds
 * every
 * output's script, and has no more elements than these and one for each input. Of a block that
 * spends nothing that is the whole truth. Thread: any. Returns: 0 when it can; PN_ENOMEM; else what
 * is wrong, PN_EFILTER when it lacks or has too much. */
int basic_filter_fits(const uint8_t block_hash[BTC_HASH_BYTES], const struct btc_block *block,
                      struct bytes filter);

/* sha256d of the filter; and of that and the header before, which is the filter's header. The
 * header before the genesis block's is zero. `out` may be `prev`. Thread: any. */
void basic_filter_hash(uint8_t out[BTC_HASH_BYTES], struct bytes filter);
void basic_filter_header(uint8_t out[BTC_HASH_BYTES], const uint8_t filter_hash[BTC_HASH_BYTES],
                         const uint8_t prev[BTC_HASH_BYTES]);

#endif
