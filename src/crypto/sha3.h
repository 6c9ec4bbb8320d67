/* SHA3-256 (FIPS 202) on OpenSSL: the checksum in the names of onion services. */
#ifndef CRYPTO_SHA3_H
#define CRYPTO_SHA3_H

#include <stddef.h>
#include <stdint.h>

#define SHA3_256_BYTES 32

/* Thread: any. Returns: 0, or PN_ENOMEM when OpenSSL gets no memory; then out is zeros. */
int sha3_256(uint8_t out[SHA3_256_BYTES], const void *data, size_t len);

#endif
