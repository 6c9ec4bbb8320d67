/* I2P destinations and the private keys behind them, as SAM passes them: base64 with '-' and '~'
 * for
 * '+' and '/'. A destination is two public keys of 384 bytes together and a certificate, whose
 * length stands in it; in a private key it comes first. Source:
 * geti2p.net/en/docs/spec/common-structures. Pure. Thread: any. */
#ifndef NET_I2P_KEY_H
#define NET_I2P_KEY_H

#include "net/addr.h"

#define I2P_KEY_MAX_BYTES 2048 /* of a private key or a destination */

/* Characters of base64 with padding, and a terminator. */
#define I2P_TEXT_BYTES(len) (((len) + 2) / 3 * 4 + 1)

/* Returns: 0 and *len; PN_EFORMAT; PN_ETOOLARGE. */
int i2p_decode(uint8_t out[I2P_KEY_MAX_BYTES], size_t *len, const char *text, size_t text_len);

/* I2P_TEXT_BYTES(len) bytes into out. */
void i2p_encode(char *out, const uint8_t *data, size_t len);

/* The address of a destination or of the one that a private key begins with: its SHA-256.
 * Returns: 0, PN_EFORMAT when it is too short, PN_ENOMEM. */
int i2p_address(struct net_addr *out, const uint8_t *key, size_t len);

#endif
