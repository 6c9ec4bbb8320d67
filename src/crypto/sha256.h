/* SHA-256 and Bitcoin's double SHA-256 on OpenSSL, which uses the CPU's SHA instructions. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* Thread: any. Cannot fail. */
void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t len);

/* sha256(sha256(data)). Thread: any. Cannot fail. */
void sha256d(uint8_t out[SHA256_BYTES], const void *data, size_t len);

/* sha256d over two pieces, for hashing a pair of merkle nodes or a prefix and a body. */
void sha256d_pair(uint8_t out[SHA256_BYTES], const void *a, size_t a_len, const void *b,
                  size_t b_len);

#endif
