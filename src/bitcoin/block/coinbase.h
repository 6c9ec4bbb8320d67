/* What a coinbase transaction says: its height (BIP34) and the commitment to the block's
 * witnesses (BIP141). */
#ifndef BITCOIN_BLOCK_COINBASE_H
#define BITCOIN_BLOCK_COINBASE_H

#include "bitcoin/wire/tx.h"

#define BTC_COINBASE_SCRIPT_MIN 2 /* bytes; Core, consensus/tx_check.cpp */
#define BTC_COINBASE_SCRIPT_MAX 100

/* An output with 38 bytes or more that start with these six commits to the witness root. */
#define BTC_COMMITMENT_PREFIX              \
    {                                      \
        0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed \
    }
#define BTC_COMMITMENT_PREFIX_BYTES 6
#define BTC_COMMITMENT_SCRIPT_BYTES (BTC_COMMITMENT_PREFIX_BYTES + BTC_HASH_BYTES)

/* The height that the coinbase's script starts with, in the one encoding that BIP34 compares
 * with. Before BIP34 was in force a script might start with any number: block 1 with 486604799.
 * Thread: any. Returns: 0, or PN_EFORMAT when it starts with none. */
int btc_coinbase_height(const struct btc_tx *coinbase, int32_t *out);

/* Append the push of a height as btc_coinbase_height reads it. height must not be negative. */
void btc_coinbase_height_encode(struct buf *b, int32_t height);

/* Thread: any. Returns: the 32 bytes committed to by the last output that commits, or NULL. */
const uint8_t *btc_coinbase_commitment(const struct btc_tx *coinbase);

/* The commitment to a witness root under the reserved value of the coinbase's witness. */
void btc_commitment_hash(uint8_t out[BTC_HASH_BYTES], const uint8_t witness_root[BTC_HASH_BYTES],
                         const uint8_t reserved[BTC_HASH_BYTES]);

/* Satoshi that a block of that height creates: 50 bitcoin, halved every `interval` blocks. */
int64_t btc_subsidy_sat(int32_t height, int32_t interval);

#endif
