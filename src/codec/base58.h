/* Base58 text, as in Bitcoin's older addresses (Bitcoin Core, base58.cpp), without its checksum.
 * Pure; no I/O. */
#ifndef CODEC_BASE58_H
#define CODEC_BASE58_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of a text, at most `max`; a "1" in front is a zero byte each. Spaces are not skipped.
 * Returns: 0, with *len set; PN_EFORMAT; PN_ETOOLARGE. */
int base58_decode(uint8_t *out, size_t *len, size_t max, const char *text);

#endif
