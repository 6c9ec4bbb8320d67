/* Inventory and locators: inv, getdata, notfound; getblocks, getheaders, headers. */
#ifndef BITCOIN_WIRE_MSG_INV_H
#define BITCOIN_WIRE_MSG_INV_H

#include <stdint.h>

#include "base/arena.h"
#include "bitcoin/wire/header.h"
#include "codec/cursor.h"

/* Core, protocol.h, enum GetDataMsg. */
enum btc_inv_type {
    BTC_INV_TX = 1,
    BTC_INV_BLOCK = 2,
    BTC_INV_FILTERED_BLOCK = 3, /* BIP37 */
    BTC_INV_CMPCT_BLOCK = 4,    /* BIP152 */
    BTC_INV_WTX = 5,            /* BIP339 */
    BTC_INV_WITNESS = 1 << 30,  /* a flag on TX and BLOCK in getdata, BIP144 */
};

struct btc_inv_item {
    uint32_t type; /* enum btc_inv_type, or one that we do not know */
    uint8_t hash[BTC_HASH_BYTES];
};

struct btc_inv {
    const struct btc_inv_item *items;
    size_t count;
};

struct btc_locator {
    uint32_t version;                        /* the sender's protocol version; ignored by all */
    const uint8_t (*hashes)[BTC_HASH_BYTES]; /* newest first */
    size_t count;
    uint8_t stop[BTC_HASH_BYTES]; /* zero: as many as fit */
};

struct btc_headers {
    const struct btc_header *items;
    size_t count;
};

/* A header followed by a transaction count other than 0 is PN_EFORMAT.
 * Thread: any. Errors stick to the reader or the buffer. */
void btc_inv_decode(struct reader *r, struct btc_inv *out, struct arena *a);
void btc_inv_encode(struct buf *b, const struct btc_inv *m);
void btc_locator_decode(struct reader *r, struct btc_locator *out, struct arena *a);
void btc_locator_encode(struct buf *b, const struct btc_locator *m);
void btc_headers_decode(struct reader *r, struct btc_headers *out, struct arena *a);
void btc_headers_encode(struct buf *b, const struct btc_headers *m);

#endif
