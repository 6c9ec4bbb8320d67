/* Numbers in genesis files: 256 bits, decimal or hexadecimal. Pure; any thread. */
#ifndef ETHEREUM_PARAMS_NUMBER_H
#define ETHEREUM_PARAMS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Decimal text, or hexadecimal behind 0x. Returns: 0, PN_EFORMAT, or PN_ETOOLARGE for more than
 * 256 bits. */
int number_parse_256(uint8_t out[32], struct bytes text);
int number_parse_64(uint64_t *out, struct bytes text);

/* Hexadecimal digits behind an optional 0x, right-aligned in len bytes; fewer digits than that are
 * padded on the left. Returns: 0, PN_EFORMAT or PN_ETOOLARGE. */
int number_parse_fixed(uint8_t *out, size_t len, struct bytes text);

/* Hexadecimal bytes behind an optional 0x. out holds text.len / 2 bytes.
 * Returns: how many bytes, or PN_EFORMAT. */
int number_parse_bytes(uint8_t *out, struct bytes text);

#endif
