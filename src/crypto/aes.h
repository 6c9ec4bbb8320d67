/* AES as devp2p uses it, on nettle: counter mode, and single blocks. Nothing allocates or fails.
 * Source: FIPS 197, NIST SP 800-38A. */
#ifndef CRYPTO_AES_H
#define CRYPTO_AES_H

#include <nettle/aes.h>
#include <stddef.h>
#include <stdint.h>

#define AES_BLOCK_BYTES 16
#define AES128_BYTES    16
#define AES256_BYTES    32

/* Encrypt or decrypt, which is the same, one text from the counter `iv` on. `out` may be `in`.
 * Thread: any. */
void aes128_ctr(uint8_t *out, const uint8_t key[AES128_BYTES], const uint8_t iv[AES_BLOCK_BYTES],
                const uint8_t *in, size_t len);

/* A running key stream, which begins at the counter 0. Thread: its owner's. */
struct aes256_ctr {
    struct aes256_ctx key;
    uint8_t counter[AES_BLOCK_BYTES];
};

void aes256_ctr_init(struct aes256_ctr *s, const uint8_t key[AES256_BYTES]);

/* `len` is a multiple of AES_BLOCK_BYTES. `out` may be `in`. */
void aes256_ctr_crypt(struct aes256_ctr *s, uint8_t *out, const uint8_t *in, size_t len);

/* One block at a time, encryption only. */
struct aes256_block {
    struct aes256_ctx key;
};

void aes256_block_init(struct aes256_block *b, const uint8_t key[AES256_BYTES]);
void aes256_block_encrypt(const struct aes256_block *b, uint8_t out[AES_BLOCK_BYTES],
                          const uint8_t in[AES_BLOCK_BYTES]);

#endif
