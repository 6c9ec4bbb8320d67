#include "crypto/keccak.h"

#include <string.h>

#include "base/bytes.h"

enum { LANE_BYTES = 8, PAD_FIRST = 0x01, PAD_LAST = 0x80, RATE_512 = 72 };

void keccak256_init(struct keccak256 *k)
{
    sha3_256_init(&k->ctx);
}

void keccak256_update(struct keccak256 *k, const void *data, size_t len)
{
    sha3_256_update(&k->ctx, len, data);
}

/* Nettle's digest function would pad with 0x06, so the last block is absorbed here. */
void keccak256_final(struct keccak256 *k, uint8_t out[KECCAK256_BYTES])
{
    struct sha3_256_ctx *c = &k->ctx;

    memset(c->block + c->index, 0, sizeof c->block - c->index);
    c->block[c->index] = PAD_FIRST;
    c->block[sizeof c->block - 1] |= PAD_LAST;
    for (size_t i = 0; i < sizeof c->block / LANE_BYTES; i++)
        c->state.a[i] ^= load_le64(c->block + i * LANE_BYTES);
    sha3_permute(&c->state);
    for (size_t i = 0; i < KECCAK256_BYTES / LANE_BYTES; i++)
        store_le64(out + i * LANE_BYTES, c->state.a[i]);
}

void keccak256(uint8_t out[KECCAK256_BYTES], const void *data, size_t len)
{
    struct keccak256 k;

    keccak256_init(&k);
    keccak256_update(&k, data, len);
    keccak256_final(&k, out);
}

static void absorb_512(struct sha3_state *s, const uint8_t block[RATE_512])
{
    for (size_t i = 0; i < RATE_512 / LANE_BYTES; i++)
        s->a[i] ^= load_le64(block + i * LANE_BYTES);
    sha3_permute(s);
}

void keccak512(uint8_t out[KECCAK512_BYTES], const void *data, size_t len)
{
    struct sha3_state s = {0};
    const uint8_t *at = data;
    uint8_t last[RATE_512] = {0};

    for (; len >= RATE_512; at += RATE_512, len -= RATE_512)
        absorb_512(&s, at);
    if (len > 0)
        memcpy(last, at, len);
    last[len] = PAD_FIRST;
    last[RATE_512 - 1] |= PAD_LAST;
    absorb_512(&s, last);
    for (size_t i = 0; i < KECCAK512_BYTES / LANE_BYTES; i++)
        store_le64(out + i * LANE_BYTES, s.a[i]);
}
