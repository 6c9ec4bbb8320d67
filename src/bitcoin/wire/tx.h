/* Transactions, with and without witness (protocol documentation, "tx"; BIP141, BIP144). */
#ifndef BITCOIN_WIRE_TX_H
#define BITCOIN_WIRE_TX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "bitcoin/wire/header.h"
#include "codec/cursor.h"

/* One input and one output without scripts: no valid transaction is smaller (Core,
 * MIN_TRANSACTION_WEIGHT is four times this), though some decode that are. */
#define BTC_TX_VALID_MIN_BYTES 60

struct btc_txin {
    uint8_t prev_hash[BTC_HASH_BYTES];
    uint32_t prev_index;
    uint32_t sequence;
    struct bytes script;
    struct bytes witness;   /* the stack's items, each with its length before it */
    uint32_t witness_count; /* items on the stack */
};

struct btc_txout {
    int64_t value_sat;
    struct bytes script;
};

struct btc_tx {
    int32_t version;
    uint32_t lock_time;
    uint32_t in_count, out_count;
    const struct btc_txin *in;
    const struct btc_txout *out;
    struct bytes raw; /* the bytes it was decoded from; empty for one that was built in memory */
};

/* As Core's deserialiser: no inputs and a flag byte of 1 introduce a witness; a witness that is
 * empty for every input, or another flag, is PN_EFORMAT.
 * Thread: any. Errors stick to the reader or the buffer. */
void btc_tx_decode(struct reader *r, struct btc_tx *out, struct arena *a);

/* With the witness if there is one, and without in any case. */
void btc_tx_encode(struct buf *b, const struct btc_tx *tx);
void btc_tx_encode_stripped(struct buf *b, const struct btc_tx *tx);

bool btc_tx_has_witness(const struct btc_tx *tx);

/* The next item of a witness stack: cut from the front of `rest`, which starts as a copy of
 * txin.witness and is read witness_count times. Thread: any. Returns: the item. */
struct bytes btc_witness_next(struct bytes *rest);

/* One input that refers to nothing. Thread: any. */
bool btc_tx_is_coinbase(const struct btc_tx *tx);

/* Bytes of the two encodings, and BIP141's weight: three times the stripped size plus the whole
 * size. Thread: any. */
size_t btc_tx_size(const struct btc_tx *tx);
size_t btc_tx_stripped_size(const struct btc_tx *tx);
size_t btc_tx_weight(const struct btc_tx *tx);

/* sha256d of the stripped encoding, and of the whole one (BIP141).
 * Thread: any. Returns: 0 or PN_ENOMEM. */
int btc_tx_id(const struct btc_tx *tx, uint8_t out[BTC_HASH_BYTES]);
int btc_tx_wtxid(const struct btc_tx *tx, uint8_t out[BTC_HASH_BYTES]);

#endif
