/* What the files of this folder share about a chain; nobody else includes this. */
#ifndef BITCOIN_CHAIN_CHAIN_INTERNAL_H
#define BITCOIN_CHAIN_CHAIN_INTERNAL_H

#include "bitcoin/chain/chain.h"

/* Entries lie in chunks of this many, of 112 KiB: growing moves nothing, and the part of the last
 * chunk that is not in use is less than a byte a header from 100,000 headers on. */
#define CHAIN_CHUNK_BITS 10
#define CHAIN_CHUNK      (1u << CHAIN_CHUNK_BITS)

static inline struct chain_entry *chain_entry_mut(const struct chain *chain, uint32_t index)
{
    return &chain->chunks[index >> CHAIN_CHUNK_BITS][index & (CHAIN_CHUNK - 1)];
}

/* entries.c: make room for one entry more, wherever in the tree. Returns: 0, PN_ELIMIT or
 * PN_ENOMEM, and then nothing changed. */
int chain_reserve(struct chain *chain);

/* entries.c: give back chunks that no entry is in any more. */
void chain_trim(struct chain *chain);

/* entries.c: add a header under its parent, after chain_reserve; no rule is checked and the active
 * chain does not change. Cannot fail. Returns: the new entry. */
uint32_t chain_append(struct chain *chain, const struct btc_header *header,
                      const uint8_t hash[BTC_HASH_BYTES], uint32_t parent);

/* rules.c: check a header against its parent and what is before it. now_s: the wall clock.
 * Returns: 0, PN_EBITS, PN_ETIMEOLD, PN_ETIMEWARP, PN_ETIMENEW or PN_EBADVERSION. */
int chain_check_context(const struct chain *chain, uint32_t parent, const struct btc_header *header,
                        int64_t now_s);

/* entries.c: the bits that count after `index` where headers of minimum difficulty do not: those of
 * the last header, down to its period's first, that has others than the limit. */
uint32_t chain_last_real_bits(const struct chain *chain, uint32_t index);

struct chain_point;

/* view.c: the lock is held. */
void chain_view_describe(const struct chain *chain, struct chain_point *out, uint32_t index);

#endif
