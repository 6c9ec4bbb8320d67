/* The curve secp256k1, on libsecp256k1: keys, recoverable signatures, Diffie-Hellman.
 *
 * Public keys are the 64 bytes x || y, as devp2p writes them. Whatever comes from the network may
 * be passed in: what is no point of the curve, or no signature, is an error. Thread: any. */
#ifndef CRYPTO_EC_H
#define CRYPTO_EC_H

#include <stdint.h>

#define EC_SECRET_BYTES      32
#define EC_PUBKEY_BYTES      64
#define EC_COMPRESSED_BYTES  33
#define EC_SIG_BYTES         64
#define EC_RECOVERABLE_BYTES 65 /* r || s || recovery id (0 to 3) */
#define EC_HASH_BYTES        32

/* A new secret key. Owns: the caller wipes it (explicit_bzero) after use. Cannot fail. */
void ec_secret_generate(uint8_t secret[EC_SECRET_BYTES]);

/* Returns: 0, or PN_EINVAL when the secret is zero or not below the curve's order. */
int ec_pubkey(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t secret[EC_SECRET_BYTES]);

/* Returns: 0, or PN_EINVAL for such a secret. Deterministic (RFC 6979). */
int ec_sign(uint8_t sig[EC_RECOVERABLE_BYTES], const uint8_t secret[EC_SECRET_BYTES],
            const uint8_t hash[EC_HASH_BYTES]);

/* Whose signature it is. Returns: 0 or PN_ESIGNATURE. */
int ec_recover(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t sig[EC_RECOVERABLE_BYTES],
               const uint8_t hash[EC_HASH_BYTES]);

/* A signature without its recovery id; only the lower of the two s is accepted, as go-ethereum
 * does. Returns: 0 or PN_ESIGNATURE. */
int ec_verify(const uint8_t sig[EC_SIG_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES],
              const uint8_t hash[EC_HASH_BYTES]);

/* Returns: 0, or PN_EFORMAT when the bytes are no point of the curve. */
int ec_pubkey_check(const uint8_t pubkey[EC_PUBKEY_BYTES]);
int ec_compress(uint8_t out[EC_COMPRESSED_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES]);
int ec_decompress(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t in[EC_COMPRESSED_BYTES]);

/* The x coordinate of the shared point, unhashed, as ECIES in RLPx wants it.
 * Returns: 0; PN_EFORMAT for a bad point; PN_EINVAL for a bad secret. */
int ec_ecdh_x(uint8_t out[EC_HASH_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES],
              const uint8_t secret[EC_SECRET_BYTES]);

#endif
