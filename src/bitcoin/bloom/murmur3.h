/* MurmurHash3, the 32-bit hash for x86 (Austin Appleby): the hash of BIP37's filters. It is no
 * cryptographic one. */
#ifndef BITCOIN_BLOOM_MURMUR3_H
#define BITCOIN_BLOOM_MURMUR3_H

#include <stddef.h>
#include <stdint.h>

/* Thread: any. Cannot fail. */
uint32_t murmur3(uint32_t seed, const void *data, size_t len);

#endif
