/* Blocks: a header and its transactions (protocol documentation, "block"). What makes a block
 * valid is in bitcoin/block. */
#ifndef BITCOIN_WIRE_BLOCK_H
#define BITCOIN_WIRE_BLOCK_H

#include "bitcoin/wire/header.h"
#include "bitcoin/wire/tx.h"

struct btc_block {
    struct btc_header header;
    const struct btc_tx *txs;
    size_t tx_count;
};

/* Thread: any. Errors stick to the reader or the buffer. */
void btc_block_decode(struct reader *r, struct btc_block *out, struct arena *a);
void btc_block_encode(struct buf *b, const struct btc_block *m);

/* For peers that ask without BTC_INV_WITNESS. */
void btc_block_encode_stripped(struct buf *b, const struct btc_block *m);

/* A count, at most `max`, and that many transactions: the tail of block and blocktxn. More than the
 * bytes left could hold of valid ones is PN_ECOUNT: an invalid block is no reason to spend memory.
 */
const struct btc_tx *btc_txs_decode(struct reader *r, struct arena *a, size_t *count, size_t max);

#endif
