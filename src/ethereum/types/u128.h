/* Numbers up to 128 bits: difficulties (go-ethereum admits 80 bits in a header), total
 * difficulties (100 bits) and the intermediate products of fee rules. Pure; any thread. */
#ifndef ETHEREUM_TYPES_U128_H
#define ETHEREUM_TYPES_U128_H

#include <stddef.h>
#include <stdint.h>

#include "codec/cursor.h"

typedef unsigned __int128 eth_u128;

#define ETH_U128_MAX (~(eth_u128)0)

/* An RLP integer. A longer one fails with PN_ETOOLARGE. */
eth_u128 eth_u128_read(struct reader *r);
void eth_u128_write(struct buf *b, eth_u128 v);

/* 16 bytes in big-endian order, for the database. */
void eth_u128_store(uint8_t out[16], eth_u128 v);
eth_u128 eth_u128_load(const uint8_t in[16]);

/* Decimal or, behind 0x, hexadecimal text. Returns: 0, PN_EFORMAT or PN_ETOOLARGE. */
int eth_u128_parse(eth_u128 *out, const char *text, size_t len);

/* Decimal text. Returns: out. */
#define ETH_U128_TEXT_BYTES 40
const char *eth_u128_text(char out[ETH_U128_TEXT_BYTES], eth_u128 v);

#endif
