/* What a peer is known not to have: it was asked and did not deliver, so it is not asked again.
 *
 * A set of at most LACKING_MAX keyed 64-bit fingerprints. When it is full a member chosen at random
 * gives way, so that a peer cannot steer which of its failures are forgotten. Memory grows with
 * use: a peer that never failed has none, the fullest set takes 64 KiB.
 *
 * The bound and the replacement are go-ethereum's (eth/downloader/peer.go, maxLackingHashes). */
#ifndef DOWNLOAD_LACKING_H
#define DOWNLOAD_LACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/siphash.h"

#define LACKING_MAX 4096

struct lacking {
    struct siphash_key key;
    uint64_t *slots; /* open addressing; 0 is empty */
    unsigned cap;    /* a power of two, or 0 */
    unsigned count;
};

/* Nothing is allocated yet. Thread: the owner's; it has no lock. */
void lacking_init(struct lacking *l);
void lacking_free(struct lacking *l);

/* Remember. Without memory the entry is forgotten at once: the peer may then be asked again. */
void lacking_add(struct lacking *l, const uint8_t hash[32]);

/* False for what was never added, save once in 2^64. */
bool lacking_has(const struct lacking *l, const uint8_t hash[32]);

#endif
