#include "crypto/aes.h"

#include <assert.h>
#include <nettle/ctr.h>
#include <string.h>

static void encrypt128(const void *key, size_t len, uint8_t *out, const uint8_t *in)
{
    aes128_encrypt(key, len, out, in);
}

static void encrypt256(const void *key, size_t len, uint8_t *out, const uint8_t *in)
{
    aes256_encrypt(key, len, out, in);
}

void aes128_ctr(uint8_t *out, const uint8_t key[AES128_BYTES], const uint8_t iv[AES_BLOCK_BYTES],
                const uint8_t *in, size_t len)
{
    struct aes128_ctx schedule;
    uint8_t counter[AES_BLOCK_BYTES];

    aes128_set_encrypt_key(&schedule, key);
    memcpy(counter, iv, sizeof counter);
    ctr_crypt(&schedule, encrypt128, AES_BLOCK_BYTES, counter, len, out, in);
    explicit_bzero(&schedule, sizeof schedule);
}

void aes256_ctr_init(struct aes256_ctr *s, const uint8_t key[AES256_BYTES])
{
    aes256_set_encrypt_key(&s->key, key);
    memset(s->counter, 0, sizeof s->counter);
}

void aes256_ctr_crypt(struct aes256_ctr *s, uint8_t *out, const uint8_t *in, size_t len)
{
    assert(len % AES_BLOCK_BYTES == 0); /* nettle would drop what is left of a block's key stream */
    ctr_crypt(&s->key, encrypt256, AES_BLOCK_BYTES, s->counter, len, out, in);
}

void aes256_block_init(struct aes256_block *b, const uint8_t key[AES256_BYTES])
{
    aes256_set_encrypt_key(&b->key, key);
}

void aes256_block_encrypt(const struct aes256_block *b, uint8_t out[AES_BLOCK_BYTES],
                          const uint8_t in[AES_BLOCK_BYTES])
{
    aes256_encrypt(&b->key, AES_BLOCK_BYTES, out, in);
}
