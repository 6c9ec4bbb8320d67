/* The short transaction ids of compact blocks (BIP152, version 2: ids of wtxids). */
#ifndef BITCOIN_BLOCK_SHORTID_H
#define BITCOIN_BLOCK_SHORTID_H

#include "bitcoin/wire/header.h"
#include "crypto/siphash.h"

/* The key of one compact block: the front of sha256(header and nonce). Thread: any. */
struct siphash_key btc_short_id_key(const struct btc_header *header, uint64_t nonce);

/* The lower 48 bits of the keyed hash. Thread: any. */
uint64_t btc_short_id(const struct siphash_key *key, const uint8_t wtxid[BTC_HASH_BYTES]);

/* A short id as the message carries it: six bytes, little-endian. */
uint64_t btc_short_id_load(const uint8_t id[6]);

#endif
