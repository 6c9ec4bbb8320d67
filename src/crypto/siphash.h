/* SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed hash of tables whose keys an attacker
 * chooses, and of BIP152's short transaction ids. */
#ifndef CRYPTO_SIPHASH_H
#define CRYPTO_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* A fresh random key. Thread: any. */
struct siphash_key siphash_random_key(void);

/* Thread: any. Cannot fail. */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
