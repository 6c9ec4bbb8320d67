/* ECIES as RLPx uses it: a text for the holder of one secp256k1 key.
 *
 *     04 || ephemeral public key (64) || iv (16) || AES-128-CTR ciphertext || HMAC-SHA256 tag (32)
 *
 * The keys come from the x coordinate of the shared point by the concatenation KDF of NIST SP
 * 800-56 with SHA-256. Source: devp2p rlpx.md, "ECIES Encryption". */
#ifndef ETHEREUM_RLPX_ECIES_H
#define ETHEREUM_RLPX_ECIES_H

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/ec.h"

/* What a sealed text is longer than its content. */
#define ECIES_OVERHEAD (1 + EC_PUBKEY_BYTES + 16 + 32)

/* Append the sealed text. `shared_info` is authenticated with it, but not in it. Thread: any.
 * Returns: 0; PN_EFORMAT when the key is no point of the curve; the buffer's error. */
int ecies_seal(struct buf *out, const uint8_t pubkey[EC_PUBKEY_BYTES], struct bytes plain,
               struct bytes shared_info);

/* Open what was sealed for `secret` into `plain`, which has room for sealed.len - ECIES_OVERHEAD
 * bytes; that many are written. Thread: any. Returns: 0 or PN_EHANDSHAKE, whatever is wrong: too
 * short, no point of the curve, a tag that does not match. */
int ecies_open(uint8_t *plain, const uint8_t secret[EC_SECRET_BYTES], struct bytes sealed,
               struct bytes shared_info);

#endif
