/* The low-level SHA256_* calls are deprecated in OpenSSL 3 in favour of EVP, which allocates a
 * context and looks the algorithm up on each one-shot call: four times slower for the 80 bytes of
 * a block header, which is most of what this program hashes. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "crypto/sha256.h"

#include <openssl/sha.h>

void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, data, len);
    SHA256_Final(out, &ctx);
}

void sha256d(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
    sha256(out, data, len);
    sha256(out, out, SHA256_BYTES);
}

void sha256d_pair(uint8_t out[SHA256_BYTES], const void *a, size_t a_len, const void *b,
                  size_t b_len)
{
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, a, a_len);
    SHA256_Update(&ctx, b, b_len);
    SHA256_Final(out, &ctx);
    sha256(out, out, SHA256_BYTES);
}
