/* Bech32 and Bech32m text (BIP173, BIP350). Pure; no I/O. */
#ifndef CODEC_BECH32_H
#define CODEC_BECH32_H

#include <stddef.h>
#include <stdint.h>

#define BECH32_MAX_CHARS  90
#define BECH32_MAX_PREFIX 83
#define BECH32_MAX_VALUES (BECH32_MAX_CHARS - 8)

enum bech32_kind { BECH32, BECH32M };

struct bech32 {
    enum bech32_kind kind;              /* by the checksum */
    char prefix[BECH32_MAX_PREFIX + 1]; /* the human-readable part, in lower case */
    uint8_t values[BECH32_MAX_VALUES];  /* of five bits, without the checksum */
    size_t n;
};

/* Either case, not both. Returns: 0, PN_EFORMAT, PN_ECHECKSUM. */
int bech32_decode(struct bech32 *out, const char *text);

/* Five-bit values as bytes; what is left over must be less than five bits, all zero.
 * Returns: the length, at most n * 5 / 8, or PN_EFORMAT. */
int bech32_bytes(uint8_t *out, const uint8_t *values, size_t n);

#endif
