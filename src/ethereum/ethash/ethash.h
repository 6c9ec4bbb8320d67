/* Ethash, the proof of work of Ethereum before the merge (Yellow Paper, appendix J), as far as a
 * light client needs it: the cache of an epoch, from which the few items of the large dataset that
 * one seal touches are computed.
 *
 * A seal takes about a millisecond to verify, a cache a second to make. Pure; any thread. */
#ifndef ETHEREUM_ETHASH_ETHASH_H
#define ETHEREUM_ETHASH_ETHASH_H

#include "ethereum/types/header.h"

#define ETHASH_EPOCH_BLOCKS 30000

/* The last epoch whose cache is made; it takes 64 MiB, the first one 16. */
#define ETHASH_EPOCH_MAX 383

#define ETHASH_WORDS 16 /* of 32 bits, in an item of 64 bytes */

struct ethash_cache {
    unsigned epoch;
    uint32_t n;    /* items of the cache */
    uint32_t rows; /* of the dataset: pairs of items */
    uint32_t (*items)[ETHASH_WORDS];
};

/* Bytes of an epoch's cache and of its dataset, each the largest below a bound whose number of
 * items is a prime. */
uint64_t ethash_cache_bytes(unsigned epoch);
uint64_t ethash_dataset_bytes(unsigned epoch);

/* Owns: the caller, ethash_cache_free. Returns: 0; PN_ELIMIT beyond ETHASH_EPOCH_MAX; PN_ENOMEM. */
int ethash_cache_make(struct ethash_cache **out, unsigned epoch);
void ethash_cache_free(struct ethash_cache *c); /* accepts NULL */

/* Whether a header of this epoch is sealed by the work that its difficulty demands.
 * Returns: 0; PN_ESEAL; PN_ENOMEM. */
int ethash_check(const struct ethash_cache *c, const struct eth_header *h);

#endif
