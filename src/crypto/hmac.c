#include "crypto/hmac.h"

#include <nettle/hmac.h>

void hmac_sha256(uint8_t out[HMAC_SHA256_BYTES], const void *key, size_t key_len,
                 const struct bytes *pieces, size_t n)
{
    struct hmac_sha256_ctx ctx;

    hmac_sha256_set_key(&ctx, key_len, key);
    for (size_t i = 0; i < n; i++)
        hmac_sha256_update(&ctx, pieces[i].len, pieces[i].data);
    hmac_sha256_digest(&ctx, HMAC_SHA256_BYTES, out);
    explicit_bzero(&ctx, sizeof ctx);
}
