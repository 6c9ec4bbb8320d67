/* Base32 text (RFC 4648, section 6) without padding, as in .onion and .b32.i2p names. Pure; no I/O.
 */
#ifndef CODEC_BASE32_H
#define CODEC_BASE32_H

#include <stddef.h>
#include <stdint.h>

/* Characters that len bytes become: 8 for each 5, rounded up. */
#define BASE32_CHARS(len) (((len)*8 + 4) / 5)

/* BASE32_CHARS(len) lower-case characters and a terminator into out. */
void base32_encode(char *out, const uint8_t *data, size_t len);

/* The BASE32_CHARS(len) characters of exactly len bytes, either case; bits that are left over must
 * be zero, so that no two texts give the same bytes. Reads nothing beyond them.
 * Returns: 0 or PN_EFORMAT. */
int base32_decode(uint8_t *out, size_t len, const char *text);

#endif
