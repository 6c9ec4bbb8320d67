/* Bloom filters: filterload, filteradd, merkleblock (BIP37). */
#ifndef BITCOIN_WIRE_MSG_FILTER_H
#define BITCOIN_WIRE_MSG_FILTER_H

#include <stdint.h>

#include "base/arena.h"
#include "bitcoin/wire/header.h"
#include "codec/cursor.h"

struct btc_filterload {
    struct bytes filter;
    uint32_t hash_funcs; /* at most BTC_FILTER_MAX_FUNCS */
    uint32_t tweak;
    uint8_t flags; /* what to add of a match: 0 nothing, 1 all, 2 pay-to-pubkey and multisig only */
};

struct btc_filteradd {
    struct bytes data; /* at most BTC_FILTERADD_MAX_BYTES */
};

struct btc_merkleblock {
    struct btc_header header;
    uint32_t tx_count;                       /* of the whole block; 1 to BTC_BLOCK_TXS_MAX */
    const uint8_t (*hashes)[BTC_HASH_BYTES]; /* depth first */
    size_t hash_count;                       /* at most tx_count */
    struct bytes flags;                      /* a bit per node, the lowest of a byte first */
};

/* Thread: any. Errors stick to the reader or the buffer. */
void btc_filterload_decode(struct reader *r, struct btc_filterload *out, struct arena *a);
void btc_filterload_encode(struct buf *b, const struct btc_filterload *m);
void btc_filteradd_decode(struct reader *r, struct btc_filteradd *out, struct arena *a);
void btc_filteradd_encode(struct buf *b, const struct btc_filteradd *m);
void btc_merkleblock_decode(struct reader *r, struct btc_merkleblock *out, struct arena *a);
void btc_merkleblock_encode(struct buf *b, const struct btc_merkleblock *m);

#endif
