/* Keccak as Ethereum uses it: SHA-3's permutation with the padding of the original submission.
 * OpenSSL has only the standardised padding; the permutation is nettle's. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include <nettle/sha3.h>
#include <stddef.h>
#include <stdint.h>

#define KECCAK256_BYTES 32
#define KECCAK512_BYTES 64

/* A running hash. A copy of the struct is a fork of the hash (RLPx takes digests under way). */
struct keccak256 {
    struct sha3_256_ctx ctx;
};

/* Thread: its owner's. None of these can fail. */
void keccak256_init(struct keccak256 *k);
void keccak256_update(struct keccak256 *k, const void *data, size_t len);

/* The digest of everything so far; the struct is spent and must be initialised again. */
void keccak256_final(struct keccak256 *k, uint8_t out[KECCAK256_BYTES]);

/* All in one. Thread: any. */
void keccak256(uint8_t out[KECCAK256_BYTES], const void *data, size_t len);

/* Keccak-512, which Ethash uses. `out` may be `data`. Thread: any. */
void keccak512(uint8_t out[KECCAK512_BYTES], const void *data, size_t len);

#endif
