/* The 80-byte block header (bitcoin protocol documentation, "Block Headers"). */
#ifndef BITCOIN_WIRE_HEADER_H
#define BITCOIN_WIRE_HEADER_H

#include <stdint.h>

#include "codec/cursor.h"

#define BTC_HEADER_BYTES 80
#define BTC_HASH_BYTES   32

/* Hashes are in wire order: the last byte shown is the first stored. */
struct btc_header {
    int32_t version;
    uint8_t prev[BTC_HASH_BYTES];
    uint8_t merkle_root[BTC_HASH_BYTES];
    uint32_t time; /* seconds since 1970 */
    uint32_t bits; /* compact target */
    uint32_t nonce;
};

/* Thread: any. Errors stick to the reader or the buffer. */
void btc_header_decode(struct reader *r, struct btc_header *out);
void btc_header_encode(struct buf *b, const struct btc_header *h);

/* The same into exactly 80 bytes. */
void btc_header_store(uint8_t out[BTC_HEADER_BYTES], const struct btc_header *h);

/* Block hash: sha256d of the 80 bytes. Thread: any. */
void btc_header_hash(uint8_t out[BTC_HASH_BYTES], const struct btc_header *h);

#endif
