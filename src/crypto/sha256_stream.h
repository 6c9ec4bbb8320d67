/* SHA-256 of data that comes in pieces. */
#ifndef CRYPTO_SHA256_STREAM_H
#define CRYPTO_SHA256_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/sha256.h"

/* Holds nothing that needs to be freed, and may be copied to hash what begins the same. */
struct sha256_stream {
    uint64_t opaque[14];
};

/* Thread: the owner's. None can fail. */
void sha256_stream_init(struct sha256_stream *s);
void sha256_stream_add(struct sha256_stream *s, const void *data, size_t len);
void sha256_stream_final(uint8_t out[SHA256_BYTES], struct sha256_stream *s);

#endif
