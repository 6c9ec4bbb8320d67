/* HMAC-SHA256 (RFC 2104) on nettle. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "base/bytes.h"

#define HMAC_SHA256_BYTES 32

/* Over the pieces, one behind the other. Compare the result with bytes_equal_ct. Thread: any.
 * Cannot fail. */
void hmac_sha256(uint8_t out[HMAC_SHA256_BYTES], const void *key, size_t key_len,
                 const struct bytes *pieces, size_t n);

#endif
