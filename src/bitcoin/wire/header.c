#include "bitcoin/wire/header.h"

#include <string.h>

#include "crypto/sha256.h"

static void header_load(struct btc_header *out, const uint8_t p[BTC_HEADER_BYTES])
{
    out->version = (int32_t)load_le32(p);
    memcpy(out->prev, p + 4, BTC_HASH_BYTES);
    memcpy(out->merkle_root, p + 36, BTC_HASH_BYTES);
    out->time = load_le32(p + 68);
    out->bits = load_le32(p + 72);
    out->nonce = load_le32(p + 76);
}

void btc_header_decode(struct reader *r, struct btc_header *out)
{
    const uint8_t *p = reader_take(r, BTC_HEADER_BYTES);

    if (p)
        header_load(out, p);
    else
        *out = (struct btc_header){0};
}

void btc_header_store(uint8_t out[BTC_HEADER_BYTES], const struct btc_header *h)
{
    store_le32(out, (uint32_t)h->version);
    memcpy(out + 4, h->prev, BTC_HASH_BYTES);
    memcpy(out + 36, h->merkle_root, BTC_HASH_BYTES);
    store_le32(out + 68, h->time);
    store_le32(out + 72, h->bits);
    store_le32(out + 76, h->nonce);
}

void btc_header_encode(struct buf *b, const struct btc_header *h)
{
    uint8_t *p = buf_extend(b, BTC_HEADER_BYTES);

    if (p)
        btc_header_store(p, h);
}

void btc_header_hash(uint8_t out[BTC_HASH_BYTES], const struct btc_header *h)
{
    uint8_t raw[BTC_HEADER_BYTES];

    btc_header_store(raw, h);
    sha256d(out, raw, sizeof raw);
}
