/* A set of hashes that forgets: of what was added, at least the last `limit` are always found; of
 * what was not, one in a million is found too. Two Bloom filters (Bloom, 1970): when the young one
 * has taken `limit` hashes the old one is emptied and takes its place. Memory is fixed.
 *
 * Thread: the owner's; it has no lock. */
#ifndef BITCOIN_MEMPOOL_ROLLING_FILTER_H
#define BITCOIN_MEMPOOL_ROLLING_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/siphash.h"

struct rolling_filter {
    struct siphash_key key[2];
    uint64_t *bits[2]; /* the young one is bits[young] */
    size_t words;      /* of each */
    unsigned young, count, limit;
};

/* Returns: 0 or PN_ENOMEM. */
int rolling_filter_init(struct rolling_filter *f, unsigned limit);
/* Accepts a zeroed struct. */
void rolling_filter_free(struct rolling_filter *f);

void rolling_filter_add(struct rolling_filter *f, const uint8_t hash[32]);
bool rolling_filter_has(const struct rolling_filter *f, const uint8_t hash[32]);

/* Forget all, and take new keys. */
void rolling_filter_reset(struct rolling_filter *f);

#endif
