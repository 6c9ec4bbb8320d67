/* Compact blocks: sendcmpct, cmpctblock, getblocktxn, blocktxn (BIP152). */
#ifndef BITCOIN_WIRE_MSG_COMPACT_H
#define BITCOIN_WIRE_MSG_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/wire/block.h"

#define BTC_SHORT_ID_BYTES  6
#define BTC_COMPACT_VERSION 2 /* ids are of wtxids */

struct btc_sendcmpct {
    bool high_bandwidth; /* announce new blocks by cmpctblock, unasked */
    uint64_t version;
};

struct btc_prefilled {
    uint16_t index; /* position in the block */
    struct btc_tx tx;
};

struct btc_cmpctblock {
    struct btc_header header;
    uint64_t nonce;
    const uint8_t (*short_ids)[BTC_SHORT_ID_BYTES]; /* little-endian */
    size_t short_id_count;
    const struct btc_prefilled *prefilled; /* by rising index, each inside the block */
    size_t prefilled_count;
};

struct btc_getblocktxn {
    uint8_t block_hash[BTC_HASH_BYTES];
    const uint16_t *indexes; /* positions in the block, rising */
    size_t count;
};

struct btc_blocktxn {
    uint8_t block_hash[BTC_HASH_BYTES];
    const struct btc_tx *txs;
    size_t count;
};

/* Indexes are absolute here and differences on the wire; one beyond 16 bits or beyond the block
 * is PN_EFORMAT. Thread: any. Errors stick to the reader or the buffer. */
void btc_sendcmpct_decode(struct reader *r, struct btc_sendcmpct *out, struct arena *a);
void btc_sendcmpct_encode(struct buf *b, const struct btc_sendcmpct *m);
void btc_cmpctblock_decode(struct reader *r, struct btc_cmpctblock *out, struct arena *a);
void btc_cmpctblock_encode(struct buf *b, const struct btc_cmpctblock *m);
void btc_getblocktxn_decode(struct reader *r, struct btc_getblocktxn *out, struct arena *a);
void btc_getblocktxn_encode(struct buf *b, const struct btc_getblocktxn *m);
void btc_blocktxn_decode(struct reader *r, struct btc_blocktxn *out, struct arena *a);
void btc_blocktxn_encode(struct buf *b, const struct btc_blocktxn *m);

#endif
