/* The inventory that a peer is known to have: it announced it to us, or we to it. A set of keyed
 * 64-bit fingerprints in two generations: when the young one is full the old one is forgotten, so
 * that between one and two times the limit is remembered. Memory grows with use.
 *
 * The limit of 1,000 is btcd's (peer.go, maxKnownInventory). */
#ifndef PEER_KNOWN_H
#define PEER_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/siphash.h"

struct known_generation {
    uint64_t *slots; /* open addressing; 0 is empty */
    unsigned cap;    /* a power of two, or 0 */
    unsigned count;
};

struct known {
    struct siphash_key key;
    struct known_generation young, old;
    unsigned limit; /* entries of one generation */
};

/* Nothing is allocated yet. Thread: the owner's; it has no lock. */
void known_init(struct known *k, unsigned limit);
void known_free(struct known *k);

/* Remember. Without memory the entry is forgotten at once: an announcement may then be repeated.
 */
void known_add(struct known *k, const uint8_t *hash, size_t len);

/* False for what was never added, save once in 2^64; true for at least the last `limit` added. */
bool known_has(const struct known *k, const uint8_t *hash, size_t len);

/* Bytes allocated. */
size_t known_memory(const struct known *k);

#endif
