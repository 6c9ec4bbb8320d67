/* One transaction as it is kept, looked up and sent: decoded, hashed and encoded once, immutable,
 * shared by reference counts. */
#ifndef BITCOIN_MEMPOOL_TX_BODY_H
#define BITCOIN_MEMPOOL_TX_BODY_H

#include <stdatomic.h>

#include "bitcoin/wire/frame.h"
#include "bitcoin/wire/tx.h"
#include "peer/frame.h"

struct tx_body {
    atomic_uint refs;
    uint32_t weight; /* BIP141 */
    uint8_t txid[BTC_HASH_BYTES], wtxid[BTC_HASH_BYTES];
    size_t bytes;        /* memory, all that hangs on it included */
    struct frame *frame; /* the message `tx`, with witness */
    struct btc_tx tx;    /* points into this allocation and into the frame */
};

/* A copy of a decoded transaction (its `raw` is there) with one reference.
 * Thread: any. Owns: the caller holds the reference. Returns: 0, PN_ENOMEM, or PN_ETOOLARGE. */
int tx_body_new(struct tx_body **out, const struct btc_tx *tx,
                const uint8_t magic[BTC_MAGIC_BYTES]);

/* Decode the bytes of one transaction, no more and no less.
 * Returns: as above, or what makes it malformed. */
int tx_body_parse(struct tx_body **out, const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                  size_t len);

/* The message `tx` without witness, for who asks so (BIP144). The frame with it serves when there
 * is none. Thread: any. Owns: returns a reference, or NULL when there is no memory. */
struct frame *tx_body_stripped(const struct tx_body *t, const uint8_t magic[BTC_MAGIC_BYTES]);

/* Thread: any. tx_body_unref accepts NULL. */
struct tx_body *tx_body_ref(struct tx_body *t);
void tx_body_unref(struct tx_body *t);

#endif
