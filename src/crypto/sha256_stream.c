/* On the low-level calls of OpenSSL, for the reason that sha256.c gives. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "crypto/sha256_stream.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256_stream), "room for OpenSSL's state");

/* OpenSSL's state is copied in and out, so that this header needs none of its headers. */
void sha256_stream_init(struct sha256_stream *s)
{
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    memcpy(s, &ctx, sizeof ctx);
}

void sha256_stream_add(struct sha256_stream *s, const void *data, size_t len)
{
    SHA256_CTX ctx;

    memcpy(&ctx, s, sizeof ctx);
    SHA256_Update(&ctx, data, len);
    memcpy(s, &ctx, sizeof ctx);
}

void sha256_stream_final(uint8_t out[SHA256_BYTES], struct sha256_stream *s)
{
    SHA256_CTX ctx;

    memcpy(&ctx, s, sizeof ctx);
    SHA256_Final(out, &ctx);
}
